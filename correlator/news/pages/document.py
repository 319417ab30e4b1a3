"""A parsed page: its tree, meta tags, JSON-LD, address, and the heading of its article."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import html

from correlator.news.pages.headings import main_heading, shown_text
from correlator.news.pages.html_tree import meta_values, parse_tree, text_of
from correlator.news.pages.json_ld import LinkedData, linked_data, text_at

_TITLES = ("og:title", "twitter:title")


@dataclass(frozen=True)
class Document:
    """A page's tree and metadata; ``heading`` is the element that prints the headline of its article."""

    root: html.HtmlElement
    meta: tuple[tuple[str, str], ...]
    linked: LinkedData
    address: str | None
    heading: html.HtmlElement | None

    @property
    def title(self) -> str:
        """The text of the title element."""
        return _window_title(self.root)

    @property
    def printed(self) -> str:
        """The title within the heading as a reader sees it."""
        return "" if self.heading is None else shown_text(self.heading)

    @property
    def printed_whole(self) -> str:
        """The whole heading as a reader sees it, with kicker and badges."""
        return "" if self.heading is None else shown_text(self.heading, kickers=True)


def document_of(text: str, url: str | None = None) -> Document:
    """Parse an HTML text; ``url`` is its address if the caller knows it. Raises InputError."""
    root = parse_tree(text)
    meta, linked = tuple(meta_values(root)), linked_data(root)
    stated = [text for name, text in meta if name in _TITLES]
    stated += [text_at(node, name) for node in linked.articles for name in ("headline", "alternativeHeadline")]
    return Document(root, meta, linked, url or _address(root, meta), main_heading(root, stated, _window_title(root)))


def _window_title(root: html.HtmlElement) -> str:
    title = root.find(".//title")
    return "" if title is None else text_of(title)


def _address(root: html.HtmlElement, meta: Sequence[tuple[str, str]]) -> str | None:
    """Return the absolute address that a page states: its canonical one, else ``og:url``."""
    links = [
        link.get("href") or "" for link in root.iter("link") if "canonical" in (link.get("rel") or "").lower().split()
    ]
    shared = next((text for name, text in meta if name in ("og:url", "twitter:url")), "")
    base = next((each.get("href") or "" for each in root.iter("base")), "") or shared
    absolute = [each for text in (*links[:1], shared) if (each := joined(base, text))]
    deep = [each for each in absolute if urlsplit(each).path.strip("/") or urlsplit(each).query]
    return next(iter(deep or absolute), None)


def joined(base: str, text: str) -> str | None:
    """Return the absolute HTTP address of a link on a page at ``base``, or None if it is not one."""
    try:
        address = urljoin(base or "https:", text.strip())  # //gazette.example/1 has no scheme
        parts = urlsplit(address)
        return address if text.strip() and parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None
