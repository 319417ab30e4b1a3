"""The headline of a page: what heading, article node and title agree on, without the names of site and section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import unescape

from correlator.news.calendar_words import fold
from correlator.news.document import Document
from correlator.news.json_ld import LinkedData, Node, text_at
from correlator.news.profiles import Profile

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«:>/~]{1,2}\s+|\s*[|»]\s*|(?<=\S)[:：]\s+")
_TITLES = (
    "twitter:title",
    "parsely-title",
    "dc.title",
    "dcterms.title",
    "sailthru.title",
    "citation_title",
    "title",
)
_SITE_NAMES = (
    "og:site_name",
    "application-name",
    "apple-mobile-web-app-title",
    "twitter:site",
    "dc.publisher",
    "al:iphone:app_name",
    "al:android:app_name",
)
_SECTIONS = ("article:section", "section", "parsely-section", "category", "articlesection")
_SAME = 0.80
_LONGEST = 400
_HALF = 0.5
_LEAST_NAME = 4
_LONGEST_NAME = 25
_LEAST_TITLE = 12
_QUOTES = ('"', "“", "”", "„", "«")
_JOINT = re.compile(r"\s*[-–—|ㅣ·:/»]")


def headline_of(document: Document, owner: Node | None, publisher: Profile) -> str:
    """The headline, or an empty text where the page states none.

    Article node, ``og:title`` and the printed heading have a vote each, other titles half a one, as they are mostly
    copies. Of equals the printed one counts where another states it too; where all differ the node's, as it was made
    for the article.
    """
    stated = dict(reversed(document.meta))
    printed, shared = _tidy(document.printed), _tidy(stated.get("og:title", ""))
    node = _tidy(text_at(owner, "headline")) if owner else ""
    site = [
        name
        for name in site_names(document.linked, stated, publisher, document.address)
        if not _is_title(name, node, shared)
    ]
    sections = [stated[name] for name in _SECTIONS if name in stated] + (
        [text_at(owner, "articleSection")] if owner else []
    )
    titles = [*(_tidy(stated[name]) for name in _TITLES if name in stated), _tidy(document.title)]

    def bare(text: str) -> str:
        return _bare(text, site, sections, (printed, node), publisher=publisher) if text else ""

    main = [bare(text) for text in (printed, node, _whole(shared, (printed, *titles)))]
    others = list(dict.fromkeys(map(bare, titles)))
    votes = {text: 0.0 for text in main if text and not _is_site(text, site)}
    for text, weight in [*((text, 1.0) for text in main), *((text, _HALF) for text in others)]:
        if text in votes:
            votes[text] += weight
    if votes:
        apart = len({text for text in main if text}) == len([text for text in main if text]) > 1
        order = [*main[1:], main[0]] if apart else main
        return max((text for text in order if text in votes), key=lambda text: votes[text])
    return next((text for text in others if text and not _is_site(text, site)), "")


def _is_title(name: str, node: str, shared: str) -> bool:
    """Whether what a page gives as the name of its site is the article's title."""
    return len(name) > _LONGEST_NAME and name == _key(node) == _key(shared)


def _whole(shared: str, others: Sequence[str]) -> str:
    """``og:title``, or nothing where a quotation mark cut off what another title has whole."""
    rests = (text[len(shared) :].lstrip() for text in others if shared and text.startswith(shared) and text != shared)
    return "" if any(rest[:1] in _QUOTES for rest in rests) else shared


def site_names(linked: LinkedData, stated: dict[str, str], publisher: Profile, address: str | None) -> list[str]:
    """Folded names by which a page's site may be called in its titles."""
    names = [*(stated.get(name, "") for name in _SITE_NAMES), *linked.names, publisher.title]
    host = re.sub(r"^(?:https?:)?//(?:www\.|m\.|amp\.)?|[/?#:].*$", "", address or "")
    return [
        name
        for name in dict.fromkeys(_key(text.lstrip("@")) for text in (*names, host, host.partition(".")[0]))
        if name
    ]


def alike(one: str, other: str) -> bool:
    """Whether two titles are the same but for spelling, or one is the other cut off."""
    from rapidfuzz import fuzz

    left, right = _key(one), _key(other)
    if not left or not right:
        return False
    shorter, longer = sorted((left, right), key=len)
    return (longer.startswith(shorter) and len(shorter) > 20) or fuzz.ratio(left, right) >= 100 * _SAME


def _tidy(text: str) -> str:
    return " ".join(unescape(unescape(text)).split())[:_LONGEST]


def _key(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _is_site(text: str, site: Iterable[str]) -> bool:
    return _key(text) in site or text.casefold() in ("home", "news", "article", "untitled")


def _bare(text: str, site: Sequence[str], sections: Sequence[str], known: Sequence[str], *, publisher: Profile) -> str:
    """A title without the site's name, and what the profile says it adds; sections only where a name stood behind."""
    for suffix in publisher.suffixes:
        text = text.removesuffix(suffix)
    for title in known:
        if len(title) > _LEAST_TITLE and text.startswith(title) and _JOINT.match(text, len(title)):
            rest = _JOINT.sub(" ", text[len(title) :]).split()
            if any(_is_name(part, site) for part in rest):
                return title
    taken = False
    while True:
        cuts = ((match.start(), match.end()) for match in _SEPARATOR.finditer(text))
        parts = [(start, end) for start, end in cuts if _key(text[:start]) and _key(text[end:])]  # « and » are quotes
        if not parts:
            return text
        (first_start, first_end), (last_start, last_end) = parts[0], parts[-1]
        tail, head = text[last_end:], text[:first_start]
        if _is_name(tail, site) or (_key(text[:last_start]) in map(_key, known) and len(text[:last_start]) > 12):
            text, taken = text[:last_start].strip(), True
        elif taken and (_key(tail) in map(_key, sections) or _key(tail) in _SECTION_WORDS):
            text = text[:last_start].strip()
        elif _is_name(head, site) and len(text[first_end:]) > 12:
            text, taken = text[first_end:].strip(), True
        else:
            return text


def _is_name(part: str, site: Sequence[str]) -> bool:
    """Whether a part of a title is the site's name, with or without an article or a domain behind it."""
    key = _key(part)
    bare = re.sub(r"^the", "", key)
    return bool(key) and any(
        key == name
        or (len(key) >= _LEAST_NAME and name.startswith(key))
        or bare == re.sub(r"^the", "", name)
        or (len(bare) > 3 and key in (f"{name}com", f"{name}news"))
        for name in site
    )


_SECTION_WORDS = frozenset(
    [
        "world",
        "business",
        "pakistan",
        "markets",
        "national",
        "news",
        "newspaper",
        "international",
        "opinion",
        "sports",
        "sport",
        "economy",
        "politics",
        "politik",
        "wirtschaft",
        "asia",
        "europe",
        "middleeast",
        "technology",
        "tech",
        "science",
        "culture",
        "finance",
        "companies",
        "uk",
        "us",
        "india",
        "latest",
        "home",
    ]
)
