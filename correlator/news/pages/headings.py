"""Find the heading of a page's article, and its text as a reader sees it.

The headline is printed above the article; headings that name the site, stand in breadcrumbs or are meant for screen
readers are ignored. A kicker, label or badge within the heading is not part of the headline, and a line break separates
two words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice

from lxml import html

from correlator.news.pages.html_tree import EMPHASIS, aside_of, text_of
from correlator.news.times.calendar_words import fold, key_of

_NAMES_SITE = re.compile(r"(?i)(?:^|[\s_\-])(?:logo|site-?title|site-?name|brand|masthead|blog-?title)(?:$|[\s_\-])")
_CRUMBS = re.compile(r"(?i)breadcrumb|seo-?title")  # anywhere in a name: articleBreadcrumbHeadline, data-breadcrumb
_UNSEEN = re.compile(
    r"(?i)(?:^|[\s_\-])(?<!not-)(?:sr-?only|visually-?hidden|hidden-visually|screen-?reader(?:-(?:text|only))?|show-for-sr"
    r"|assistive-text|element-invisible|a11y-hidden|off-?screen)(?:$|[\s_\-])"
)
_UNSEEN_STYLE = re.compile(r"(?i)\b(?:display\s*:\s*none|visibility\s*:\s*hidden)\b")
_SILENT = frozenset(("script", "style", "noscript", "template", "svg", "button", "rt", "rp", "time"))
_INLINE = EMPHASIS | {"span", "img", "picture", "ruby", "rb", "q", "bdo"}
_PRINTED = ("h2", "h3", "h4", "div", "p", "span", "strong")
_SEPARATOR = re.compile(r"\s+[|\-–—·•»:/]{1,2}\s+|\s*[|｜»：]\s*")
_SHORTEST = 12  # characters of a title before the name of its site
_MOST_INNER = 12  # elements within a heading; an element with more is a part of the page
_AROUND = 4  # ancestors of a heading whose names describe it

_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Class names of kickers and the like, which are never part of the title within a heading.
_KICKER = re.compile(
    r"\b(?:kicker|(?:over|top|roof|catch|sub) ?line|eye ?brow|dachzeile|spitzmarke|(?:sur|super|pre|over|sub) ?title"
    r"|(?:pre|over|sub) ?head(?:line)?|ante ?titulo|volanta|occhiello|sur ?titre|stand ?first|dek)\b"
)
# Class names of badges, which are not part of the title if they are short and not named after it.
_BADGE = re.compile(
    r"\b(?:labels?|badges?|tags?|category|section|rubrik|flag|premium|plus|paid|live|exclusive|icon|marker|pill)\b"
)
_TITLE_NAME = re.compile(r"\b(?:title|headline|heading|text)\b")
_LONGEST_BADGE = 30
_LONGEST_WITH_NAME = 1_000
"""Length in characters of titles from which the name of a site is removed: each separator is compared with the page."""
_PARTING = ":|/–—-·•» "  # separators between a kicker and its title
_LEAST_LEFT = 8  # letters that must remain of a heading without its kicker

UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
"""Letters and marks of scripts without spaces between words."""
_LINE, _NEXT = "\x1e", "\x1f"  # separators of lines and of elements; clean text contains neither
_GAP = re.compile(f"(\\w|(?<!\\s))\\s*([{_LINE}{_NEXT}][\\s{_LINE}{_NEXT}]*)(?=(.?))")
_CLOSING = tuple(":;,.!?)]»”…")
_UNIT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+|[^\W_]+")


class _Rank(IntEnum):
    """How a heading relates to the titles that a page states."""

    STATED = 0
    RELATED = 1
    STRANGE = 2


@dataclass(frozen=True)
class _Titles:
    """The titles that a page states: their keys, also without tails, and their units."""

    keys: frozenset[str]
    units: frozenset[str]

    @classmethod
    def of(cls, stated: Collection[str]) -> _Titles:
        keys = frozenset(key for text in stated for key in map(key_of, _without_tails(text)) if key)
        return cls(keys, frozenset(unit for text in stated for unit in units(text)))

    def rank(self, heading: html.HtmlElement) -> _Rank:
        text = shown_text(heading)
        key = key_of(text)
        if key in self.keys or (len(key) >= _SHORTEST and any(each.startswith(key) for each in self.keys)):
            return _Rank.STATED
        if next(_printing(heading, self.keys), None) is not None:
            return _Rank.STATED
        words = units(text)
        return _Rank.STRANGE if self.units and words and not words & self.units else _Rank.RELATED


def main_heading(root: html.HtmlElement, stated: Collection[str] = (), title: str = "") -> html.HtmlElement | None:
    """Return the heading of the article: the element that prints its longest title, or None.

    It is a visible ``h1`` that does not name the site and is not in an aside or breadcrumbs. Among several, the first
    that equals a title the page states (``stated``: ``og:title``, headlines of JSON-LD; ``title``: the title element)
    is preferred, then one that has a word in common with them. On pages that use ``h1`` for something else, it is
    another element that prints a stated title.
    """
    titles = _Titles.of([*stated, title])
    headings = [each for each in root.iter("h1") if text_of(each)]
    proper = [each for each in headings if _is_proper(each)]
    ranked = [(titles.rank(each), not _within_article(each), each) for each in proper]
    ranked.sort(key=lambda one: (one[0] == _Rank.STRANGE, one[1], one[0]))
    heading = ranked[0][2] if ranked else None
    if heading is None or ranked[0][0] == _Rank.STRANGE:
        printing = next(_printing(root, titles.keys), None)
        heading = next((each for each in (printing, heading, *headings[:1]) if each is not None), None)
    if heading is None:
        return None
    return max(_printing(heading, titles.keys), key=lambda each: len(text_of(each)), default=heading)


def shown_text(heading: html.HtmlElement, *, kickers: bool = False) -> str:
    """Return the visible text of a heading on one line, with kickers and badges only if ``kickers``.

    Examples
    --------
    >>> from lxml import html
    >>> shown_text(html.fromstring("<h1><span class='kicker'>Trade</span>Envoys leave<br>Baku</h1>"))
    'Envoys leave Baku'
    """
    beside = {each for each in heading.iterdescendants() if isinstance(each.tag, str) and _is_kicker(each)}
    text = _joined(_pieces(heading, set() if kickers else beside)).lstrip(_PARTING)
    return text if kickers or len(key_of(text)) >= _LEAST_LEFT else _joined(_pieces(heading, set()))


def units(text: str) -> set[str]:
    """Return the units by which titles are compared: longer words, numbers, pairs of East Asian characters.

    Examples
    --------
    >>> sorted(units("The envoys of 27 states"))
    ['27', 'envoys', 'states']
    """
    both: set[str] = set()
    for word in _UNIT.findall(fold(text)):
        if UNSPACED.match(word):
            both |= {word[at : at + 2] for at in range(len(word) - 1)}
        elif word.isdigit() or len(word) >= (4 if word.isascii() else 2):
            both.add(word)
    return both


def _within_article(element: html.HtmlElement) -> bool:
    return any(each.tag in ("article", "main") for each in element.iterancestors())


def _is_proper(heading: html.HtmlElement) -> bool:
    """Whether an element is visible as a heading of the page's content."""
    above = (heading, *islice(heading.iterancestors(), _AROUND))
    if aside_of(heading) or _NAMES_SITE.search(_named(heading)) or any(map(_is_unseen, above)):
        return False
    return not any(
        _CRUMBS.search(f"{_named(each)} {' '.join(each.keys())} {each.get('itemtype', '')}")
        for each in (*above, *heading.iterchildren())
    )


def _is_unseen(element: html.HtmlElement) -> bool:
    return (
        element.get("hidden") is not None
        or bool(_UNSEEN.search(element.get("class", "")))
        or bool(_UNSEEN_STYLE.search(element.get("style", "")))
    )


def _named(element: html.HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _printing(root: html.HtmlElement, keys: Collection[str]) -> Iterator[html.HtmlElement]:
    """Yield the elements within ``root`` whose whole text is one of the titles, headings first."""
    if not keys:
        return
    printing = [
        each
        for each in root.iterdescendants(*_PRINTED)
        if next(islice(each.iterdescendants(), _MOST_INNER, None), None) is None and _is_title(each, keys)
    ]
    yield from sorted(printing, key=lambda each: each.tag in _PRINTED[3:])


def _without_tails(title: str) -> Iterator[str]:
    """Yield a title, and the part before each separator in its second half, after which the site's name may follow."""
    yield title
    for match in _SEPARATOR.finditer(title) if len(title) <= _LONGEST_WITH_NAME else ():
        if match.start() > max(_SHORTEST, len(title) / 2):
            yield title[: match.start()]


def _is_title(element: html.HtmlElement, keys: Collection[str]) -> bool:
    if key_of(text_of(element)) not in keys or element.find(".//a") is not None or not _is_proper(element):
        return False
    return not any(each.tag == "a" for each in element.iterancestors())


def _is_kicker(element: html.HtmlElement) -> bool:
    """Whether an element within a heading is a kicker, a badge or a line below the title, by its class names."""
    words = " ".join(_NAME_WORD.findall(element.get("class", ""))).lower()
    if _KICKER.search(words):
        return True
    return bool(_BADGE.search(words)) and not _TITLE_NAME.search(words) and len(text_of(element)) <= _LONGEST_BADGE


def _pieces(element: html.HtmlElement, left_out: Collection[html.HtmlElement]) -> Iterator[str]:
    """Yield the texts within an element, with marks at line breaks and between adjacent elements."""
    yield element.text or ""
    before: html.HtmlElement | None = None
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SILENT and child not in left_out and not _is_unseen(child):
            line = child.tag not in _INLINE
            parted = before is not None and not before.tail and not {child.tag, before.tag} <= EMPHASIS
            yield _LINE if line else _NEXT if parted else ""
            yield from _pieces(child, left_out)
            yield _LINE if line else ""
        yield child.tail or ""
        before = child


def _joined(pieces: Iterator[str]) -> str:
    """Join texts on one line, separated by spaces except in scripts that use none."""

    def blank(match: re.Match[str]) -> str:
        before, after = match[1], match[3]
        unspaced = before and after and UNSPACED.match(before) and UNSPACED.match(after)
        return before if unspaced or after.startswith(_CLOSING) else f"{before} "

    return " ".join(_GAP.sub(blank, "".join(pieces)).split())
