"""Read saved HTML and AMP pages: times and headline as stated for the page's own article, text by trafilatura."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import html

from correlator.base.files import called, name_of
from correlator.errors import InputError
from correlator.news.batch import Batch, canonical_url, clean_text
from correlator.news.language import language_in, language_of
from correlator.news.pages.agreement import settle
from correlator.news.pages.bodies import body_of
from correlator.news.pages.document import Document, document_of, joined
from correlator.news.pages.furniture import drop_furniture
from correlator.news.pages.headings import units
from correlator.news.pages.headlines import alike, headline_of
from correlator.news.pages.html_tree import MAX_TEXT, parse_tree, text_of, visible_lines
from correlator.news.pages.json_ld import Node, addresses_of, people_of, text_at
from correlator.news.pages.page import Page, page_batch, read_text
from correlator.news.pages.witnesses import published_witnesses, updated_witnesses
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers
from correlator.news.strips.strip import parse_strip, unread_quotes
from correlator.news.times.timestamps import UNKNOWN, Stamp

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
_FIRST = re.compile(
    r"(?:\s|\ufeff|<!--(?:(?!-->).)*+-->)*+<(?:meta|title|link|script|style|p|div|h[1-3]|article|section|main|table)[\s>]",
    re.DOTALL,
)
_MARKUP = re.compile(
    r"<(?:!doctype html|html|head|body|meta|article|div|p|span|table|li|title|script)\b", re.IGNORECASE
)


def read_html(
    path: Path, publishers: Publishers, *, published: str | None = None, encoding: str | None = None
) -> Iterator[Batch]:
    """Yield the article of a saved page. Raises TimeError without a publication time, InputError without a headline."""
    where = name_of(path)
    page = parse_html(read_text(path, encoding), publishers=publishers, published=published, where=where)
    yield page_batch(page, called(path), 1)


def parse_html(
    text: str,
    *,
    profile: str | None = None,
    url: str | None = None,
    published: str | None = None,
    where: str = "the page",
    publishers: Publishers | None = None,
) -> Page:
    """Parse an HTML page; ``where`` names it in messages.

    ``publishers`` gives the choice of profiles with further options, in place of ``profile``.
    """
    text = clean_text(text[:MAX_TEXT])
    document = document_of(text, url)
    owner = _owner(document)
    names = [*(text for name, text in document.meta if name in _SITE_NAMES), *document.linked.names]
    publisher, known_by = (publishers or Publishers(profile)).of(document.address, names)
    stamp, updated = _times(document, owner, publisher, published, where=where)
    headline = headline_of(document, owner, publisher)
    if not headline:
        raise InputError(f"{where} has no headline")
    shown = "\n".join(visible_lines(document.root))
    stated_body = text_at(owner, "articleBody") if owner is not None else ""
    dateline, wire, body = body_of(_article_only(document), headline, publisher, stated_body)
    authors = _authors(owner, document)
    agency = next((name for name in publisher.agencies if name in authors), wire)
    language = language_of(f"{headline} {body or ''}", _language(document, owner) or publisher.language)
    named = Stamp(stamp.instant, stamp.precision, f"{stamp.rule}; publisher {publisher.name} {known_by}")
    return Page(
        publisher.name, agency, document.address, headline, dateline, body, language, named, updated,
        tuple(parse_strip(shown, publisher.strip)),
        "; ".join(name for name in authors if name not in publisher.agencies) or None,
        tuple(unread_quotes(shown, publisher.strip)),
    )  # fmt: skip


def _language(document: Document, owner: Node | None) -> str | None:
    """Return the language that a page states, preferring its root element."""
    root = document.root.get("lang") or document.root.get("xml:lang") or ""
    article = text_at(owner, "inLanguage") if owner is not None else ""
    tags = dict(reversed(document.meta))
    stated = (root, article, tags.get("language", ""), tags.get("og:locale", ""))
    return next((code for text in stated if (code := language_in(text))), None)


def visible_text(text: str) -> str:
    """Return the visible lines of a page or part of one; text without markup is returned unchanged."""
    return "\n".join(visible_lines(parse_tree(clean_text(text)))) if _MARKUP.search(text) else text


def looks_like_html(text: str) -> bool:
    """Whether a text begins like an HTML page, whose outer elements may be missing."""
    head = text[:4096].lower()
    return any(mark in head for mark in ("<!doctype html", "<html", "<head", "<body")) or bool(_FIRST.match(head))


def _article_only(document: Document) -> str:
    """Return the page without boilerplate, and without further articles that have headings of their own."""
    around = set(document.heading.iterancestors()) if document.heading is not None else set()
    others = [
        each
        for each in document.root.iter("article")
        if around and each not in around and any(a.tag == "article" for a in around) and _has_heading(each)
    ]
    for each in others:
        if each.getparent() is not None:
            each.drop_tree()
    drop_furniture(document.root, document.heading)
    return str(html.tostring(document.root, encoding="unicode"))


def _has_heading(element: html.HtmlElement) -> bool:
    return any(text_of(heading) for heading in element.iter("h1"))


def _owner(document: Document) -> Node | None:
    """Return the JSON-LD node of the page's own article: matched by address or headline, or the only node.

    An only node whose headline has no word in common with the page's titles belongs to another story.
    """
    nodes = [node for node in document.linked.articles if text_at(node, "headline", "name", "datePublished")]
    if not nodes:
        return None
    base = document.address or ""
    own = canonical_url(base) if base else None
    by_address = [n for n in nodes if own and any(canonical_url(joined(base, a) or a) == own for a in addresses_of(n))]
    if by_address:
        return _fullest(by_address)
    titles = [
        document.printed,
        *(text for name, text in document.meta if name in ("og:title", "twitter:title")),
        document.title,
    ]
    by_headline = [n for n in nodes if any(alike(text_at(n, "headline", "name"), text) for text in titles)]
    if by_headline:
        return _fullest(by_headline)
    return nodes[0] if len(nodes) == 1 and not _is_strange(nodes[0], titles) else None


def _is_strange(node: Node, titles: Sequence[str]) -> bool:
    """Whether the headline of a node has no word in common with the titles of a page."""
    words, known = units(text_at(node, "headline")), {unit for text in titles for unit in units(text)}
    return bool(words and known) and not words & known


def _fullest(nodes: Sequence[Node]) -> Node:
    """Return the first of several nodes of one article that has a date."""
    return next((node for node in nodes if text_at(node, "datePublished")), nodes[0])


def _times(
    document: Document, owner: Node | None, publisher: Profile, published: str | None, *, where: str
) -> tuple[Stamp, Stamp]:
    if published:
        return publisher.stamp(published, "time given by the caller"), UNKNOWN
    return settle(
        published_witnesses(document, owner),
        updated_witnesses(document, owner),
        publisher,
        document.address,
        where=where,
    )


def _authors(owner: Node | None, document: Document) -> list[str]:
    """Return the authors stated in the article node or meta tags; addresses are left out."""
    names = people_of(owner, document.linked.by_id) if owner is not None else []
    if not names:
        names = [text for key in _AUTHORS for name, text in document.meta if name == key]
    parts = [
        part.strip() for name in names for part in re.split(r"\s*[,;]\s*|\s+and\s+", re.sub(r"(?i)^by\s+", "", name))
    ]
    return list(dict.fromkeys(part for part in parts if part and "://" not in part and len(part) <= 80))
