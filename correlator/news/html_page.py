"""Saved HTML and AMP pages: times and headline from what the page states of its own article, text by trafilatura."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from lxml import html

from correlator.errors import InputError
from correlator.news.agreement import settle
from correlator.news.batch import Batch, canonical_url, clean_text
from correlator.news.bodies import body_of
from correlator.news.headlines import alike, headline_of
from correlator.news.html_tree import MAX_TEXT, meta_values, parse_tree, text_of, visible_lines
from correlator.news.json_ld import LinkedData, Node, addresses_of, linked_data, people_of, text_at
from correlator.news.language import language_of
from correlator.news.page import Page, page_batch, read_text
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers
from correlator.news.strip import parse_strip
from correlator.news.timestamps import UNKNOWN, Stamp
from correlator.news.witnesses import main_heading, published_witnesses, updated_witnesses

_AUTHORS = (
    "parsely-author",
    "author",
    "byl",
    "dc.creator",
    "dcterms.creator",
    "citation_author",
    "sailthru.author",
    "article:author",
)
_SITE_NAMES = ("og:site_name", "apple-mobile-web-app-title", "application-name", "author", "dc.publisher")
_MARKUP = re.compile(
    r"<(?:!doctype html|html|head|body|meta|article|div|p|span|table|li|title|script)\b", re.IGNORECASE
)


def read_html(
    path: Path, publishers: Publishers, *, published: str | None = None, encoding: str | None = None
) -> Iterator[Batch]:
    """The one article of a saved page. Raises TimeError where no time can be told, InputError without headline."""
    page = parse_html(read_text(path, encoding), publishers=publishers, published=published, where=path.name)
    yield page_batch(page, str(path), 1)


def parse_html(
    text: str,
    *,
    profile: str | None = None,
    url: str | None = None,
    published: str | None = None,
    where: str = "the page",
    publishers: Publishers | None = None,
) -> Page:
    """The page that an HTML text holds; ``where`` names it in messages.

    ``publishers`` is the choice of profiles with what else a caller says, in place of ``profile``.
    """
    text = clean_text(text[:MAX_TEXT])
    root = parse_tree(text)
    meta, linked = list(meta_values(root)), linked_data(root)
    address = url or _address(root, meta)
    owner = _owner(root, linked, meta, address)
    names = [*(text for name, text in meta if name in _SITE_NAMES), *linked.names]
    publisher, known_by = (publishers or Publishers(profile)).of(address, names)
    stamp, updated = _times(
        root, linked, meta, owner, publisher=publisher, published=published, address=address, where=where
    )
    headline = headline_of(root, linked, meta, owner, publisher=publisher, address=address)
    if not headline:
        raise InputError(f"{where} has no headline")
    quotes = parse_strip("\n".join(visible_lines(root)), publisher.strip)
    told = text_at(owner, "articleBody") if owner is not None else ""
    dateline, wire, body = body_of(_without_others(root, text), headline, publisher, told)
    authors = _authors(owner, meta)
    agency = next((name for name in publisher.agencies if name in authors), wire)
    stated = (root.get("lang") or publisher.language or "")[:2].lower() or None
    language = language_of(f"{headline} {body or ''}", stated)
    named = Stamp(stamp.instant, stamp.precision, f"{stamp.rule}; publisher {publisher.name} {known_by}")
    return Page(
        publisher.name, agency, address, headline, dateline, body, language, named, updated, tuple(quotes),
        "; ".join(name for name in authors if name not in publisher.agencies) or None,
    )  # fmt: skip


def visible_text(text: str) -> str:
    """What a browser shows of a page or a part of one, in lines; a text without markup as it is."""
    return "\n".join(visible_lines(parse_tree(clean_text(text)))) if _MARKUP.search(text) else text


def looks_like_html(text: str) -> bool:
    """Whether a text begins as an HTML page does."""
    head = text[:4096].lower()
    return any(mark in head for mark in ("<!doctype html", "<html", "<head", "<body"))


def _without_others(root: html.HtmlElement, text: str) -> str:
    """The page without further articles below its own, each with a heading of its own (endless scrolling)."""
    heading = main_heading(root)
    own = set(heading.iterancestors()) if heading is not None else set()
    others = [
        each
        for each in root.iter("article")
        if own and each not in own and any(a.tag == "article" for a in own) and _has_heading(each)
    ]
    if not others:
        return text
    for each in others:
        if each.getparent() is not None:
            each.drop_tree()
    return str(html.tostring(root, encoding="unicode"))


def _has_heading(element: html.HtmlElement) -> bool:
    return any(text_of(heading) for heading in element.iter("h1"))


def _address(root: html.HtmlElement, meta: Sequence[tuple[str, str]]) -> str | None:
    """The absolute address that a page states: its canonical one, else ``og:url``; relative ones joined with a base."""
    links = [
        link.get("href") or "" for link in root.iter("link") if "canonical" in (link.get("rel") or "").lower().split()
    ]
    shared = next((text for name, text in meta if name in ("og:url", "twitter:url")), "")
    base = next((each.get("href") or "" for each in root.iter("base")), "") or shared
    absolute = [each for text in (*links[:1], shared) if (each := _joined(base, text))]
    deep = [each for each in absolute if urlsplit(each).path.strip("/") or urlsplit(each).query]
    return next(iter(deep or absolute), None)


def _joined(base: str, text: str) -> str | None:
    try:
        whole = urljoin(base, text.strip())
        return (
            whole if text.strip() and urlsplit(whole).scheme in ("http", "https") and urlsplit(whole).hostname else None
        )
    except ValueError:
        return None


def _owner(
    root: html.HtmlElement, linked: LinkedData, meta: Sequence[tuple[str, str]], address: str | None
) -> Node | None:
    """The JSON-LD node of the page's own article: by its address or headline, or because it is the only one."""
    nodes = [node for node in linked.articles if text_at(node, "headline", "name", "datePublished")]
    if not nodes:
        return None
    own = canonical_url(address) if address else None
    by_address = [
        n for n in nodes if own and any(canonical_url(_joined(address or "", a) or a) == own for a in addresses_of(n))
    ]
    if by_address:
        return _fullest(by_address)
    heading = main_heading(root)
    titles = [text_of(heading)] if heading is not None else []
    titles += [text for name, text in meta if name in ("og:title", "twitter:title")]
    title = root.find(".//title")
    titles += [text_of(title)] if title is not None else []
    by_headline = [n for n in nodes if any(alike(text_at(n, "headline", "name"), text) for text in titles)]
    if by_headline:
        return _fullest(by_headline)
    return nodes[0] if len(nodes) == 1 else None


def _fullest(nodes: Sequence[Node]) -> Node:
    """Of nodes of one article the first with a date."""
    return next((node for node in nodes if text_at(node, "datePublished")), nodes[0])


def _times(
    root: html.HtmlElement,
    linked: LinkedData,
    meta: Sequence[tuple[str, str]],
    owner: Node | None,
    *,
    publisher: Profile,
    published: str | None,
    address: str | None,
    where: str,
) -> tuple[Stamp, Stamp]:
    if published:
        return publisher.stamp(published, "time given by the caller"), UNKNOWN
    stated = published_witnesses(root, linked, meta, owner)
    return settle(stated, updated_witnesses(root, linked, meta, owner), publisher, address, where=where)


def _authors(owner: Node | None, meta: Sequence[tuple[str, str]]) -> list[str]:
    """Who wrote the page, as its article node or meta tags say; addresses are not names."""
    names = people_of(owner) if owner is not None else []
    if not names:
        names = [text for wanted in _AUTHORS for name, text in meta if name == wanted]
    parts = [
        part.strip() for name in names for part in re.split(r"\s*[,;]\s*|\s+and\s+", re.sub(r"(?i)^by\s+", "", name))
    ]
    return list(dict.fromkeys(part for part in parts if part and "://" not in part and len(part) <= 80))
