"""Collect the times that a page states, each with its origin and a level of trust.

Only statements about the page's own article are used: its JSON-LD node, microdata in its scope, the page's meta tags,
and the time and date printed at its heading. Lists, comments, videos, reviews and related stories are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from lxml import html

from correlator.news.pages.document import Document
from correlator.news.pages.html_tree import aside_of, text_of
from correlator.news.pages.json_ld import Node, text_at
from correlator.news.pages.scopes import is_foreign, is_in_own_scope
from correlator.news.times.calendar_words import fold
from correlator.news.times.date_lines import printed_parts, says_publication, says_update


class Level(IntEnum):
    """Origins of a stated time, the most trusted first."""

    ARTICLE = 1
    SCOPE = 2
    META = 3
    PAGE = 4
    ELEMENT = 5
    PRINTED = 6


@dataclass(frozen=True)
class Witness:
    """A time as stated: ``text`` from ``origin``; a ``binding`` day contradicts an instant on another day."""

    text: str
    origin: str
    level: Level
    binding: bool = True


_LEVELS: Mapping[str, Level] = {
    "article:published_time": Level.META,
    "article:published": Level.META,
    "og:published_time": Level.META,
    "og:article:published_time": Level.META,
    "datepublished": Level.META,
    "parsely-pub-date": Level.META,
    "citation_publication_date": Level.PAGE,
    "citation_online_date": Level.PAGE,
    "citation_date": Level.PAGE,
    "dc.date.issued": Level.PAGE,
    "dcterms.issued": Level.PAGE,
    "dc.date": Level.PAGE,
    "dcterms.date": Level.PAGE,
    "sailthru.date": Level.PAGE,
    "cxenseparse:recs:publishtime": Level.PAGE,
    "cxenseparse:publishtime": Level.PAGE,
    "publish-date": Level.PAGE,
    "publish_date": Level.PAGE,
    "publishdate": Level.PAGE,
    "published_date": Level.PAGE,
    "publication_date": Level.PAGE,
    "publication-date": Level.PAGE,
    "pubdate": Level.PAGE,
    "article.published": Level.PAGE,
    "rnews:datepublished": Level.PAGE,
    "originalpublicationdate": Level.PAGE,
    "bt:pubdate": Level.PAGE,
    "iso-8601-publish-date": Level.PAGE,
    "epoch-publish-date": Level.PAGE,
    "article_date_original": Level.PAGE,
    "displaydate": Level.PAGE,
    "date": Level.PAGE,
}
_UPDATED = (
    "article:modified_time",
    "article:modified",
    "og:updated_time",
    "og:modified_time",
    "datemodified",
    "dc.date.modified",
    "dcterms.modified",
    "lastmod",
    "last-modified",
    "revised",
    "eomportal-lastupdate",
    "cxenseparse:recs:lastmodified",
)


def plain_name(name: str) -> str:
    """Normalise the separators in a meta tag's name: sites write *article:published:time* and *publish-date*."""
    return re.sub(r"[:.\-]", "_", name)


_META: Mapping[str, Level] = {plain_name(name): level for name, level in _LEVELS.items()}
_META_UPDATED = frozenset(plain_name(name) for name in _UPDATED)
_DATE_NAME = re.compile(
    r"(?i)(?:^|[\s_\-])(?:(?:post|article|entry|publish|published|category|story|news|release|meta|by)[\s_\-]*(?:date|time|on)"
    r"|date(?:s|line|time|published|publish|post|info|simple)?|tarih\w*|datum|fecha|zaman|timestamp\w*|pub-?date|published|time|byline|postedon|posted-on)(?:$|[\s_\-])"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UPDATE_NAME = re.compile(r"(?i)updat|modif|revis|edited")
# Words of other dates that a page prints: of an event, of a birth or release (in microformats), of today.
_OTHER_DAY = re.compile(
    r"(?i)\W*(?:(?:comments? )?clos(?:es?|ing)|expir(?:es?|y)|deadline|scheduled|due|valid|starts?|begins?|ends?|when"
    r"|event|airs?|premi(?:eres?|ering)|today)\b"
)
_OTHER_DAY_NAME = re.compile(
    r"(?i)(?:^|\s)(?:events?(?:$|\s|[_\-](?:date|time|info|day))|(?:deadline|expiry|current|today|todays|bday|dtstart|dtend)(?:$|[\s_\-]))"
)
_PUBLISH_NAME = re.compile(r"(?i)publi|posted|pubdate|entry-date")
_LABELLED = re.compile(
    r"(?i)(?:datum|date|published|publication date|posted|veröffentlicht|fecha|data|tarih|tarix|дата|تاریخ|التاريخ)"
    r"\s*:?\s*(\D{0,12}\d[\w.,:/ -]{4,24})"
)
_LONGEST_LABELLED = 60
_LONGEST_PRINTED, _LONGEST_LABEL = 120, 40
_FOR_PROGRAMS = ("datetime", "data-datetime", "data-timestamp", "data-time", "data-date", "data-published", "data-utc")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_LONGEST_BLOCK, _WORDS_OF_TITLE = 300, 4
_PARAGRAPH = 80  # characters of running text
_FEWEST_NUMBERS = 2  # numbers in a date with its year
_NEAR = 60  # elements between the heading and its date


def published_witnesses(document: Document, owner: Node | None) -> list[Witness]:
    """Return all statements of publication, the most trusted first; ``owner``: JSON-LD node of the page's article."""
    witnesses: list[Witness] = []
    if owner is not None:
        text = text_at(owner, "datePublished")
        witnesses += [Witness(text, "JSON-LD datePublished", Level.ARTICLE)] if text else []
    witnesses += list(_microdata(document, "datepublished"))
    witnesses += [
        Witness(text, f"meta {name}", level)
        for name, text in document.meta
        if (level := _META.get(plain_name(name))) is not None
    ]
    for page in document.linked.pages:
        text = text_at(page, "datePublished")
        witnesses += [Witness(text, "JSON-LD datePublished of the page", Level.PAGE, binding=False)] if text else []
    witnesses += list(_elements(document))
    if not witnesses:
        witnesses += list(_labelled(document.root))
    return sorted(dict.fromkeys(witnesses), key=lambda witness: witness.level)


def updated_witnesses(document: Document, owner: Node | None) -> list[Witness]:
    """Return all statements of the last update, the most trusted first."""
    nodes = ([owner] if owner is not None else []) + list(document.linked.pages)
    witnesses = [
        Witness(text, "JSON-LD dateModified", Level.ARTICLE)
        for node in nodes
        if (text := text_at(node, "dateModified"))
    ]
    witnesses += list(_microdata(document, "datemodified"))
    return witnesses + [
        Witness(text, f"meta {name}", Level.META) for name, text in document.meta if plain_name(name) in _META_UPDATED
    ]


def _microdata(document: Document, name: str) -> Iterator[Witness]:
    """Yield values of ``itemprop`` or ``property`` in the article's scope, or outside scopes and asides."""
    for element in document.root.iter():
        if not isinstance(element.tag, str) or name not in _properties(element):
            continue
        if element.tag == "meta" and not _in_body(element):
            continue
        if is_foreign(element) or aside_of(element) or not is_in_own_scope(document.root, document.heading, element):
            continue
        text = element.get("content") or _machine_time(element) or text_of(element)
        if text and len(text) <= _LONGEST_PRINTED:
            yield Witness(text, f"microdata {name}", Level.SCOPE)


def _properties(element: html.HtmlElement) -> list[str]:
    """Return the schema.org properties that an element states in microdata or RDFa."""
    names = f"{element.get('itemprop') or ''} {element.get('property') or ''}".lower().split()
    return [name.removeprefix("schema:") for name in names]


def _machine_time(element: html.HtmlElement) -> str:
    """Return the machine-readable time of an element (which may print *3 hours ago*), or an empty string."""
    stated = next((text for name in _FOR_PROGRAMS if (text := element.get(name))), "")
    title = element.get("title") or ""
    return stated or (title if _ISO.match(title) else "")


def _in_body(element: html.HtmlElement) -> bool:
    return any(each.tag == "body" for each in element.iterancestors())


def _elements(document: Document) -> Iterator[Witness]:
    """Yield the time element and the printed date nearest to the heading."""
    heading = document.heading
    places = {element: place for place, element in enumerate(document.root.iter()) if isinstance(element.tag, str)}
    at = places.get(heading, 0) if heading is not None else 0
    near = [e for e in places if _is_dated(e) and (heading is None or -_NEAR // 2 <= places[e] - at <= _NEAR)]
    around = {each for element in near for each in element.iterancestors()}
    near = [element for element in near if element not in around]  # the innermost of nested elements
    near.sort(key=lambda element: (_is_update_by_name(element), abs(places[element] - at)))
    text = [place for each, place in places.items() if each.tag == "p" and len(text_of(each)) >= _PARAGRAPH]
    for element in near[:6]:
        names, printed = _names(element), text_of(element)
        if _is_update_by_name(element) and not _PUBLISH_NAME.search(names):
            continue
        if any(says_update(one) and not says_publication(one) for one in (printed, _label_of(element))):
            continue
        if _OTHER_DAY.match(printed) or _OTHER_DAY_NAME.search(f"{names} {element.getparent().get('class', '')}"):
            continue
        if heading is not None and places[element] < at and _is_of_site(element, heading):
            continue
        if aside_of(element) or is_foreign(element) or _is_entry(element, heading):
            continue
        if _is_embedded(element) or (_is_of_a_link(element, heading) and _is_below(text, at, places[element])):
            continue
        binding = bool(
            _PUBLISH_NAME.search(names)
            or element.get("pubdate") is not None
            or re.match(r"(?i)\W*(?:publi|posted)", printed)
        )
        stated = _machine_time(element)
        if stated:
            yield Witness(stated, "time element", Level.ELEMENT, binding)
        parts = dict.fromkeys([*printed_parts(printed), *_dated_pieces(element)])
        origin = "text of the time element" if stated else "date line"
        yield from (Witness(part, origin, Level.PRINTED, binding and not stated) for part in parts)
        return


def _names(element: html.HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')} {element.get('itemprop', '')}"


def _is_update_by_name(element: html.HtmlElement) -> bool:
    return _UPDATE_NAME.search(_names(element)) is not None


def _label_of(element: html.HtmlElement) -> str:
    """Return the text directly before an element if it is short and not a date, such as *Updated:*."""
    before = element.getprevious()
    text = (element.getparent().text if before is None else before.tail) or ""
    if before is not None and not text.strip() and isinstance(before.tag, str):
        text = text_of(before)
    label = " ".join(text.split())
    return label if len(label) <= _LONGEST_LABEL and not re.search(r"\d", label) else ""


def _is_of_site(element: html.HtmlElement, heading: html.HtmlElement) -> bool:
    """Whether an element above the heading belongs to the site's header, which may print today's date."""
    around = [*heading.iterancestors()]
    shared = next((each for each in element.iterancestors() if each in around), None)
    if (
        shared is None
        or shared is heading.getparent()
        or any(each.tag in ("article", "main") for each in around[around.index(shared) :])
    ):
        return False
    above = [each for each in element.iterancestors() if each not in around]
    return shared.tag == "body" or any(each.tag == "header" for each in above)


def _is_entry(element: html.HtmlElement, heading: html.HtmlElement | None) -> bool:
    """Whether an element is in one of several articles nested in that of the heading, like entries of a live blog."""
    inner = next(element.iterancestors("article"), None)
    around = None if inner is None else next(inner.iterancestors("article"), None)
    if around is None or heading is None or inner in heading.iterancestors():
        return False
    return around in heading.iterancestors() and sum(1 for _ in around.iterdescendants("article")) > 1


def _is_embedded(element: html.HtmlElement) -> bool:
    """Whether an element belongs to a picture, video, audio or quotation."""
    return any(each.tag in ("figure", "figcaption", "blockquote", "video", "audio") for each in element.iterancestors())


def _is_of_a_link(element: html.HtmlElement, heading: html.HtmlElement | None) -> bool:
    """Whether an element is in a short block with a link to another story, so that it dates that story."""
    around = set() if heading is None else set(heading.iterancestors())
    for each in (element, *element.iterancestors()):
        if each in around or len(text_of(each)) > _LONGEST_BLOCK:
            return False
        links = [each] if each.tag == "a" else each.iterdescendants("a")
        if any(link.get("href") and len(text_of(link).split()) >= _WORDS_OF_TITLE for link in links):
            return True
    return False


def _is_below(paragraphs: Sequence[int], heading: int, element: int) -> bool:
    """Whether a paragraph is between the heading and an element, all given by their positions."""
    return any(heading < place < element for place in paragraphs)


def _dated_pieces(element: html.HtmlElement) -> Iterator[str]:
    """Yield the texts of elements within a date line, up to a word for an update (*06.01.2026*, then *5 min*)."""
    pieces = [" ".join(piece.split()) for piece in element.itertext()] if len(element) else []
    for piece in pieces:
        if says_update(piece, anywhere=True):
            return
        if re.search(r"\d", piece):
            yield from printed_parts(piece)


def _labelled(root: html.HtmlElement) -> Iterator[Witness]:
    """Yield a labelled date (*Datum 28.04.2023*) anywhere on the page if all such dates are the same."""
    dates = set()
    for element in root.iter("li", "p", "div", "span", "td", "dd", "small"):
        printed = text_of(element)
        match = _LABELLED.fullmatch(printed) if len(printed) <= _LONGEST_LABELLED else None
        if match and not aside_of(element) and not is_foreign(element):
            dates.add(match[1])
    if len(dates) == 1:
        yield Witness(dates.pop(), "date behind its label", Level.PRINTED)


_DATED_TAGS = frozenset((
    "div", "p", "span", "li", "small", "em", "strong", "b", "i", "h2", "h3", "h4", "h5", "h6", "font", "td", "dd",
    "abbr",
))  # fmt: skip


def _is_dated(element: html.HtmlElement) -> bool:
    """Whether an element may contain a date: a time element, or one named so, with the numbers of a date."""
    if element.tag != "time":
        names = " ".join(element.get(name, "") for name in ("class", "id", "data-testid"))
        if element.tag not in _DATED_TAGS or not _DATE_NAME.search(_CAMEL.sub("-", names)):
            return False
    printed = text_of(element)
    if element.tag != "time" and len(printed) > _LONGEST_PRINTED:
        return False
    return bool(_machine_time(element)) or len(re.findall(r"\d+", fold(printed))) >= _FEWEST_NUMBERS
