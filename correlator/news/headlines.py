"""The headline of a page: what heading, article node and title agree on, without the names of site and section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
_WHOLE, _HALF = 2, 1  # votes
_LEAST_NAME = 4
_LONGEST_NAME = 25
_LEAST_TITLE = 12
_QUOTES = ('"', "“", "”", "„", "«")
_WORDS = re.compile(r"\w+")
_JOINT = re.compile(r"\s*[-–—|ㅣ·:/»]")


def headline_of(document: Document, owner: Node | None, publisher: Profile) -> str:
    """The headline, or an empty text where the page states none.

    Article node, ``og:title`` and the printed heading have a vote each, other titles half a one, as they are mostly
    copies. Of equals the printed one counts where another states it too; where all differ the node's, as it was made
    for the article. Kickers that differ are not part of what the titles share.
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

    main = [bare(text) for text in _without_kickers(printed, node, _whole(shared, (printed, *titles)))]
    others = list(dict.fromkeys(map(bare, titles)))
    return _elected(["" if _is_site(text, site) else text for text in main], others) or next(
        (text for text in others if text and not _is_site(text, site)), ""
    )


def _elected(main: Sequence[str], others: Sequence[str]) -> str:
    """The title with the most votes, of equals the one that has most but for its spelling; empty if there is none.

    ``main``: printed heading, article node and ``og:title``, empty if the page has none.
    """
    titles = [text for text in main if text]
    spelled: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for text, votes in [*((text, _WHOLE) for text in titles), *((text, _HALF) for text in others)]:
        spelled[text] += votes
        read[_key(text)] += votes
    distinct = len(set(titles)) == len(titles) > 1
    order = list(filter(None, (*main[1:], main[0]) if distinct else main))
    chosen = _key(max(order, key=lambda text: (spelled[text], read[_key(text)]), default=""))
    same = (text for text in order if _key(text) == chosen)
    return max(same, key=lambda text: (spelled[text], *_parts(text)), default="")


def _parts(text: str) -> tuple[int, int]:
    """How many signs and words a title has: a heading may glue words together, a node leave out quotation marks."""
    return len("".join(text.split())), len(_WORDS.findall(text))


def _without_kickers(*titles: str) -> Iterator[str]:
    """Titles; those that end alike behind a separator, each with a kicker of its own before it, as what they end in."""
    stated = Counter(map(_key, titles))
    for text in titles:
        others = [other for other in titles if other and stated[_key(text)] == 1]
        yield max((_common_end(text, other) for other in others), key=len, default="") or text


def _common_end(text: str, other: str) -> str:
    """The longer half that two titles share behind separators; empty if one is what the other ends in."""
    if _key(other).endswith(_key(text)) or _key(text).endswith(_key(other)):
        return ""
    ends, others = ([each[match.end() :] for match in _SEPARATOR.finditer(each)] for each in (text, other))
    keys = set(map(_key, others))
    shared = next((end for end in ends if _key(end) in keys), "")
    return shared if 2 * len(shared) >= max(len(text), len(other)) else ""


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
