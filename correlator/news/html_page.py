"""Saved HTML and AMP pages: times from JSON-LD, meta and time elements, running text by trafilatura.

What the page states in several places must agree. Where the same clock time carries two offsets (plug-ins that print
the local clock as +00:00), the offset that the publisher's zone had then is right; any other contradiction raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from correlator.errors import InputError, TimeError
from correlator.news.batch import Batch
from correlator.news.language import language_of
from correlator.news.page import NO_DATE_HINT, Page, is_title_like, page_batch, read_text, split_dateline, without_links
from correlator.news.profiles import Profile, load_profile, profile_names, profile_of_url
from correlator.news.strip import parse_strip, without_strip
from correlator.news.timestamps import GENERAL_LAYOUTS, UNKNOWN, Stamp, date_in_address, parse_time, zone_info

_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "og:published_time",
    "publish-date",
    "dc.date.issued",
    "pubdate",
)
_UPDATED = ("article:modified_time", "datemodified", "og:updated_time")
_HEADLINES = ("headline", "og:title", "twitter:title", "title")
_DATE_CLASS = re.compile(r"(?i)(post|article|entry|publish|category|story)[-_]?(date|time)|timestamp__date")
_HEADINGS = ("h1", "title")
_BLOCKS = frozenset(("p", "div", "li", "br", "h1", "h2", "h3", "title", "tr"))
_INLINE = frozenset(("a", "b", "em", "font", "i", "small", "strong", "sub", "sup", "u"))
_MAX_TEXT = 2_000_000
_CONTRADICTED = "another statement on the page carries an offset that is not the publisher's"


def read_html(path: Path, *, profile: str | None = None, published: str | None = None) -> Iterator[Batch]:
    """The one article of a saved page. Raises TimeError where no time can be told, InputError without headline."""
    page = parse_html(read_text(path), profile=profile, published=published, where=path.name)
    yield page_batch(page, str(path), 1)


def parse_html(
    text: str,
    *,
    profile: str | None = None,
    url: str | None = None,
    published: str | None = None,
    where: str = "the page",
) -> Page:
    """The page that an HTML text holds; ``where`` names it in messages and may tell the publisher."""
    stated = _collect(text)
    address = url or _address(stated.canonical)
    publisher, known_by = _publisher(profile, address, stated)
    stamp, updated = _stamps(stated, publisher, published, known_by, where, address)
    headline = _headline(stated, publisher, where)
    quotes = parse_strip("\n".join(stated.lines), publisher.strip)
    dateline, wire, body = _body(text, headline, publisher)
    agency = next((name for name in publisher.agencies if name in stated.meta.get("author", "").split(",")), wire)
    language = language_of(
        f"{headline} {body or ''}", (stated.language or publisher.language or "")[:2].lower() or None
    )
    return Page(publisher.name, agency, address, headline, dateline, body, language, stamp, updated, tuple(quotes))


def visible_text(text: str) -> str:
    """What a browser shows of a page, in lines; a text that is no HTML as it is."""
    return "\n".join(_collect(text).lines) if looks_like_html(text) else text


def looks_like_html(text: str) -> bool:
    """Whether a text begins as an HTML page does."""
    head = text[:4096].lower()
    return any(mark in head for mark in ("<!doctype html", "<html", "<head", "<body"))


@dataclass
class _Stated:
    """What a page states of itself: meta tags, JSON-LD values, time elements, visible lines."""

    meta: dict[str, str] = field(default_factory=dict)
    linked: dict[str, str] = field(default_factory=dict)
    dates: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    titles: dict[str, list[str]] = field(default_factory=lambda: {"h1": [], "title": []})
    canonical: str | None = None
    language: str | None = None


class _Collector(HTMLParser):
    """Gathers what a page states; holds state because HTMLParser calls back."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stated = _Stated()
        self._json = False
        self._silent = False
        self._heading: list[str] | None = None
        self._date: list[str] | None = None
        self._date_tag = ""
        self._line: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.stated.language = given.get("lang")
        elif tag == "meta":
            name = (given.get("property") or given.get("name") or given.get("itemprop") or "").lower()
            self.stated.meta.setdefault(name, unescape(given.get("content", "")))
        elif tag == "link" and given.get("rel", "").lower() == "canonical":
            self.stated.canonical = self.stated.canonical or given.get("href")
        elif tag in ("script", "style"):
            self._json = given.get("type", "").lower() == "application/ld+json"
            self._silent = True
        elif tag == "time" and given.get("datetime") and "published" in given.get("class", ""):
            self.stated.meta.setdefault("time.published", given["datetime"])
        elif tag in _HEADINGS:
            self._heading = []
        if self._date is None and tag in ("div", "p", "span") and _DATE_CLASS.search(given.get("class", "")):
            self._date, self._date_tag = [], tag
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        self._separate(tag)
        if tag in ("script", "style"):
            self._json = self._silent = False
        elif tag in _HEADINGS and self._heading is not None:
            self.stated.titles[tag].append(" ".join("".join(self._heading).split()))
            self._heading = None
        if self._date is not None and tag == self._date_tag and "".join(self._date).strip():
            self.stated.dates.append(" ".join("".join(self._date).split()))
            self._date = None

    def handle_data(self, data: str) -> None:
        if self._json:
            self.stated.linked = {**_linked_data(data), **self.stated.linked}
        if self._silent:
            return
        self._line.append(data)
        for part in (self._heading, self._date):
            if part is not None:
                part.append(data)

    def _separate(self, tag: str) -> None:
        """A tag that is no emphasis keeps apart what stands before and after it, as a browser shows it."""
        if tag in _BLOCKS:
            self._end_line()
        elif tag not in _INLINE:
            self._line.append(" ")

    def _end_line(self) -> None:
        line = " ".join("".join(self._line).split())
        if line:
            self.stated.lines.append(line)
        self._line = []


def _collect(text: str) -> _Stated:
    collector = _Collector()
    try:
        collector.feed(text[:_MAX_TEXT])
    except (AssertionError, ValueError) as error:
        raise InputError(f"the page is no HTML that can be read: {error}") from None
    collector._end_line()
    return collector.stated


def _linked_data(text: str) -> dict[str, str]:
    """Times and headline of the article in a JSON-LD block; from the raw text where it is faulty JSON."""
    names = ("headline", "datePublished", "dateModified")
    try:
        nodes = list(_nodes(json.loads(text, strict=False)))
    except (ValueError, RecursionError):
        found = ((name, re.search(rf'"{name}"\s*:\s*"([^"]{{1,300}})"', text)) for name in names)
        return {name.lower(): match[1] for name, match in found if match}
    articles = [node for node in nodes if "datePublished" in node]
    return {name.lower(): unescape(str(node[name])) for node in articles[:1] for name in names if node.get(name)}


def _nodes(value: object, depth: int = 0) -> Iterator[Mapping[str, object]]:
    if depth > 20:
        return
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _nodes(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth + 1)


def _address(canonical: str | None) -> str | None:
    """An absolute canonical address, or None."""
    try:
        return canonical if canonical and urlsplit(canonical).scheme in ("http", "https") else None
    except ValueError:
        return None


def _publisher(profile: str | None, url: str | None, stated: _Stated) -> tuple[Profile, str]:
    if profile:
        return load_profile(profile), "given by the caller"
    by_host = profile_of_url(url) if url else None
    if by_host:
        return by_host, "recognised by the address"
    named = {stated.meta.get(key, "").casefold() for key in ("og:site_name", "apple-mobile-web-app-title", "author")}
    for name in profile_names():
        candidate = load_profile(name)
        if candidate.title and candidate.title.casefold() in named:
            return candidate, "recognised by the site's name"
    return load_profile("generic"), "no publisher recognised"


def _stamps(
    stated: _Stated, publisher: Profile, published: str | None, known_by: str, where: str, address: str | None
) -> tuple[Stamp, Stamp]:
    layouts = (*publisher.layouts, *GENERAL_LAYOUTS)

    def stamp(text: str, origin: str) -> Stamp:
        return parse_time(
            text, zone=publisher.zone, layouts=layouts, abbreviations=publisher.abbreviations, origin=origin
        )

    def named(stamp: Stamp) -> Stamp:
        return Stamp(stamp.instant, stamp.precision, f"{stamp.rule}; publisher {publisher.name} {known_by}")

    if published:
        return named(stamp(published, "time given by the caller")), UNKNOWN
    read: list[Stamp] = []
    problem: TimeError | None = None
    for text, origin in _candidates(stated, _PUBLISHED):
        try:
            read.append(stamp(text, origin))
        except TimeError as error:
            problem = problem or error
    in_address = date_in_address(address)
    if not read and not problem and in_address:
        return in_address, UNKNOWN
    if not read:
        said = f": {problem.message}" if problem else ""
        raise TimeError(f"{where} has no publication date that can be read{said}", hint=NO_DATE_HINT)
    updates = []
    for text, origin in _candidates(stated, _UPDATED):
        try:
            updates.append(stamp(text, origin))
        except TimeError:
            continue  # a faulty update time leaves the update unknown, not the article
    first = _agree(read, publisher, where)
    if _CONTRADICTED in first.rule:
        return named(first), UNKNOWN
    later = [u for u in updates if u.instant and first.instant and u.instant > first.instant and u.precision != "day"]
    return named(first), later[0] if later else UNKNOWN


def _candidates(stated: _Stated, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Printed times and where they stood, the most trusted first."""
    for name in names:
        if stated.linked.get(name):
            yield stated.linked[name], f"JSON-LD {name}"
        if stated.meta.get(name):
            yield stated.meta[name], f"meta {name}"
    if names is _PUBLISHED:
        if stated.meta.get("time.published"):
            yield stated.meta["time.published"], "time element"
        for text in stated.dates[:3]:
            yield text, "date line"


def _agree(stamps: Sequence[Stamp], publisher: Profile, where: str) -> Stamp:
    """The stamp that all statements share; see the module's text for what happens where they differ."""
    timed = [stamp for stamp in stamps if stamp.precision != "day" and stamp.instant]
    if not timed:
        return stamps[0]
    instants = {stamp.instant.replace(second=0) for stamp in timed if stamp.instant}
    if len(instants) == 1:
        return timed[0]
    if publisher.zone:
        local = [stamp for stamp in timed if _offset_is_local(stamp, publisher.zone)]
        if local and len({stamp.instant for stamp in local}) == 1:
            return Stamp(local[0].instant, local[0].precision, f"{local[0].rule}; {_CONTRADICTED}")
    listed = " and ".join(sorted({stamp.instant.isoformat() for stamp in timed if stamp.instant})[:3])
    raise TimeError(f"{where} states several publication times: {listed}", hint=NO_DATE_HINT)


def _offset_is_local(stamp: Stamp, zone: str) -> bool:
    """Whether the rule names the offset that the zone had at that instant."""
    if stamp.instant is None:
        return False
    offset = datetime.strftime(stamp.instant.astimezone(zone_info(zone)), "%z")
    return f"zone {offset[:3]}:{offset[3:]} " in stamp.rule or f"zone {offset} " in stamp.rule


def _headline(stated: _Stated, publisher: Profile, where: str) -> str:
    found = [stated.meta.get(name) for name in ("og:title", "twitter:title")]
    found += [stated.linked.get("headline"), *stated.titles["h1"], stated.meta.get("title"), *stated.titles["title"]]
    for text in found:
        headline = " ".join(unescape(unescape(text or "")).split())
        for suffix in publisher.suffixes:
            headline = headline.removesuffix(suffix)
        if headline:
            return headline
    raise InputError(f"{where} has no headline")


def _body(text: str, headline: str, publisher: Profile) -> tuple[str | None, str | None, str | None]:
    import trafilatura

    found = trafilatura.extract(text[:_MAX_TEXT], include_comments=False, include_tables=False, favor_precision=True)
    if not found:
        found = trafilatura.extract(text[:_MAX_TEXT], include_comments=False, include_tables=False)
    lines = [" ".join(line.split()) for line in without_strip(found or "", publisher.strip).split("\n")]
    running = [line for line in lines if line and line != headline and not publisher.drops(line)]
    while len(running) > 1 and is_title_like(running[0]):
        running.pop(0)  # byline or date above the text
    paragraphs = without_links(running)
    if not paragraphs:
        return None, None, None
    dateline, agency, paragraphs[0] = split_dateline(paragraphs[0])
    return dateline, agency, "\n\n".join(paragraphs)
