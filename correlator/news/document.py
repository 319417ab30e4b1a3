"""A saved page as what it states: its tree, meta tags, JSON-LD, address, and the heading that is its article's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit

from lxml import html

from correlator.news.calendar_words import fold
from correlator.news.html_tree import aside_of, meta_values, parse_tree, text_of
from correlator.news.json_ld import LinkedData, linked_data, text_at

_TITLES = ("og:title", "twitter:title")
_NAMES_SITE = re.compile(r"(?i)(?:^|[\s_\-])(?:logo|site-?title|site-?name|brand|masthead|blog-?title)(?:$|[\s_\-])")
_CRUMBS = re.compile(r"(?i)breadcrumb|seo-?title")  # as a part of any name: articleBreadcrumbHeadline, data-breadcrumb
_UNSEEN = re.compile(r"(?i)(?:^|\s)(?:sr-only|visually-?hidden|screen-?reader-(?:text|only))(?:$|\s)")
_PRINTED = ("h2", "h3", "h4", "div", "p", "span", "strong")
_SEPARATOR = re.compile(r"\s+[|\-–—·•»:/]{1,2}\s+|\s*[|｜»：]\s*")
_SHORTEST = 12  # signs of a title before the name of its site
_MOST_INNER = 12  # elements within a heading; what holds more is a part of the page
_CRUMBS_ABOVE = 4


@dataclass(frozen=True)
class Document:
    """A page's tree and what it states; ``heading`` is the element that prints the headline of its article."""

    root: html.HtmlElement
    meta: tuple[tuple[str, str], ...]
    linked: LinkedData
    address: str | None
    heading: html.HtmlElement | None

    @property
    def title(self) -> str:
        """The text of the title element."""
        title = self.root.find(".//title")
        return "" if title is None else text_of(title)

    @property
    def printed(self) -> str:
        """The text of the heading."""
        return "" if self.heading is None else text_of(self.heading)


def document_of(text: str, url: str | None = None) -> Document:
    """The document that an HTML text is; ``url`` is its address where the caller knows it. Raises InputError."""
    root = parse_tree(text)
    meta, linked = tuple(meta_values(root)), linked_data(root)
    stated = [text for name, text in meta if name in _TITLES]
    stated += [text_at(node, name) for node in linked.articles for name in ("headline", "alternativeHeadline")]
    return Document(root, meta, linked, url or _address(root, meta), main_heading(root, stated))


def main_heading(root: html.HtmlElement, stated: Collection[str] = ()) -> html.HtmlElement | None:
    """The heading of the article, the element within it that prints the longest title.

    It is the first ``h1`` that a reader sees above the article, not one that names the site or stands in an aside or
    the path of sections. Pages that keep their ``h1`` for such a place print a title that they state (``stated``:
    ``og:title``, headlines of JSON-LD) as another element.
    """
    headings = [each for each in root.iter("h1") if text_of(each)]
    proper = [each for each in headings if _is_proper(each)]
    within = [each for each in proper if any(a.tag in ("article", "main") for a in each.iterancestors())]
    keys = {key for text in stated for key in map(_letters, _without_tails(text)) if key}
    seen = within or proper or [*islice(_printing(root, keys), 1)] or headings
    first = next(iter(seen), None)
    if first is None:
        return None
    return max(_printing(first, keys), key=lambda each: len(text_of(each)), default=first)


def _is_proper(heading: html.HtmlElement) -> bool:
    """Whether a reader sees an element as a heading of what the page is about."""
    if aside_of(heading) or _NAMES_SITE.search(_named(heading)) or _UNSEEN.search(heading.get("class", "")):
        return False
    around = (heading, *islice(heading.iterancestors(), _CRUMBS_ABOVE), *heading.iterchildren())
    return not any(
        _CRUMBS.search(f"{_named(each)} {' '.join(each.keys())} {each.get('itemtype', '')}") for each in around
    )


def _named(element: html.HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _printing(root: html.HtmlElement, keys: Collection[str]) -> Iterator[html.HtmlElement]:
    """Elements within ``root`` whose whole text is one of the titles: headings first, then others."""
    if not keys:
        return
    printing = [
        each
        for each in root.iterdescendants(*_PRINTED)
        if next(islice(each.iterdescendants(), _MOST_INNER, None), None) is None and _is_title(each, keys)
    ]
    yield from sorted(printing, key=lambda each: each.tag in _PRINTED[3:])


def _without_tails(title: str) -> Iterator[str]:
    """A title, and without what stands behind each separator in its second half, where the site's name may stand."""
    yield title
    for match in _SEPARATOR.finditer(title):
        if match.start() > max(_SHORTEST, len(title) / 2):
            yield title[: match.start()]


def _is_title(element: html.HtmlElement, keys: Collection[str]) -> bool:
    if _letters(text_of(element)) not in keys or element.find(".//a") is not None or not _is_proper(element):
        return False
    return not any(each.tag == "a" for each in element.iterancestors())


def _letters(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _address(root: html.HtmlElement, meta: Sequence[tuple[str, str]]) -> str | None:
    """The absolute address that a page states: its canonical one, else ``og:url``; relative ones joined with a base."""
    links = [
        link.get("href") or "" for link in root.iter("link") if "canonical" in (link.get("rel") or "").lower().split()
    ]
    shared = next((text for name, text in meta if name in ("og:url", "twitter:url")), "")
    base = next((each.get("href") or "" for each in root.iter("base")), "") or shared
    absolute = [each for text in (*links[:1], shared) if (each := joined(base, text))]
    deep = [each for each in absolute if urlsplit(each).path.strip("/") or urlsplit(each).query]
    return next(iter(deep or absolute), None)


def joined(base: str, text: str) -> str | None:
    try:
        whole = urljoin(base, text.strip())
        return (
            whole if text.strip() and urlsplit(whole).scheme in ("http", "https") and urlsplit(whole).hostname else None
        )
    except ValueError:
        return None
