"""Choose the headline of a page from heading, article node and titles, without the names of site and section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from correlator.news.pages.document import Document
from correlator.news.pages.headings import UNSPACED, units
from correlator.news.pages.json_ld import LinkedData, Node, text_at
from correlator.news.plain_text import without_markup
from correlator.news.profiles import Profile
from correlator.news.times.calendar_words import key_of
from correlator.news.times.date_lines import is_date

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«›‹:>/~★→]{1,2}\s+|\s*[|｜│ㅣ»：]\s*|(?<=\S):\s+|(?<=\S)(?:_|--)(?=\S)")
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
_LEAST_SHARE = 2 / 3  # of a site's name that identifies it: *Israel* is not The Israel Gazette
_LONGEST_NAME = 25
_FEWEST_INITIALS, _LEAST_SHORTENED = 3, 6
_LEAST_TITLE = 12
_FEWEST_TWICE = 3  # words that count as a repeated title
_QUOTES = ('"', "“", "”", "„", "«")
_WORDS = re.compile(r"\w+")
_GLUED_NAME = re.compile(r"\s+[-–—,(]\s*([^-–—,()]{3,40})\)?$")
_JOINT = re.compile(r"\s*[-–—|｜│ㅣ·:：/»_]")
_BAR = re.compile(r"\s*[|｜│ㅣ]|：")
_NO_SIGN = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")  # invisible characters that do not join letters


def headline_of(document: Document, owner: Node | None, publisher: Profile) -> str:
    """Return the headline, or an empty string if the page states none.

    Article node, ``og:title`` and printed heading have one vote each, other titles half a vote, as they are mostly
    copies. In a tie the printed heading wins if another title repeats it or if there is no node; if all differ, the
    node wins. A kicker that only the heading has, and kickers that differ, are not part of the headline. A heading that
    has no word in common with any other title is ignored.
    """
    stated = dict(reversed(document.meta))
    titles = [*(_tidy(stated[name]) for name in _TITLES if name in stated), _tidy(document.title)]
    whole, printed = _tidy(document.printed_whole), _tidy(document.printed)
    node = _tidy(text_at(owner, "headline")) if owner else ""
    shared = _tidy(stated.get("og:title", ""))
    node, shared = (_completed(text, (whole, node, shared, *titles)) for text in (node, shared))
    site = [
        name
        for name in site_names(document.linked, stated, publisher, document.address)
        if not _is_title(name, (whole, node, shared, titles[-1]))
    ]
    sections = [stated[name] for name in _SECTIONS if name in stated] + (
        [text_at(owner, "articleSection")] if owner else []
    )

    def bare(text: str) -> str:
        return _once(_bare(text, site, sections, (printed, node), publisher=publisher)) if text else ""

    main = [bare(text) for text in _without_kickers(whole, node, shared)]
    main, others = _without_own_kicker(main, list(map(bare, titles)), bare(whole), bare(printed))
    if _is_strange(main[0], [*main[1:], *others], site):
        main[0] = ""
    return _elected(["" if _is_site(text, site) else text for text in main], others) or next(
        (text for text in others if text and not _is_site(text, site)), ""
    )


def _without_own_kicker(
    main: Sequence[str], others: Sequence[str], whole: str, printed: str
) -> tuple[list[str], list[str]]:
    """Return main and other titles without duplicates, and without a kicker that only the heading states."""
    if main[0] == whole != printed and key_of(whole) not in map(key_of, (*main[1:], *others)):
        main = [printed, *(_behind_kicker(text, printed) for text in main[1:])]
        others = [_behind_kicker(text, printed) for text in others]
    return list(main), list(dict.fromkeys(others))


def _elected(main: Sequence[str], others: Sequence[str]) -> str:
    """Return the title with the most votes, in a tie the one with the most votes ignoring spelling; empty if none.

    ``main``: printed heading, article node and ``og:title``, each empty if missing.
    """
    titles = [text for text in main if text]
    spelled: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for text, votes in [*((text, _WHOLE) for text in titles), *((text, _HALF) for text in others)]:
        spelled[text] += votes
        read[key_of(text)] += votes
    distinct = len(set(titles)) == len(titles) > 1
    order = list(filter(None, (*main[1:], main[0]) if distinct and main[1] else main))
    chosen = key_of(max(order, key=lambda text: (spelled[text], read[key_of(text)]), default=""))
    same = (text for text in order if key_of(text) == chosen)
    return max(same, key=lambda text: (spelled[text], *_parts(text)), default="")


def _parts(text: str) -> tuple[int, int]:
    """Return the numbers of characters and words, to prefer titles with spaces and quotation marks intact."""
    return len("".join(text.split())), len(_WORDS.findall(text))


def _without_kickers(*titles: str) -> Iterator[str]:
    """Yield titles; of titles that differ only in the kicker before a separator, only the common ending."""
    stated = Counter(map(key_of, titles))
    for text in titles:
        others = [other for other in titles if other and stated[key_of(text)] == 1]
        yield max((_common_end(text, other) for other in others), key=len, default="") or text


def _common_end(text: str, other: str) -> str:
    """Return the ending that two titles share after different kickers; empty if one title ends with the other."""
    if key_of(other).endswith(key_of(text)) or key_of(text).endswith(key_of(other)):
        return ""
    kickers = {key_of(other[match.end() :]): other[: match.start()] for match in _SEPARATOR.finditer(other)}
    cuts = ((text[: match.start()], text[match.end() :]) for match in _SEPARATOR.finditer(text))
    kicker, shared = next(((head, end) for head, end in cuts if key_of(end) in kickers), ("", ""))
    if 2 * len(shared) < max(len(text), len(other)) or alike(kicker, kickers[key_of(shared)]):
        return ""
    return shared


def _is_strange(printed: str, others: Sequence[str], site: Sequence[str]) -> bool:
    """Whether a heading has no word in common with any title of the page, and so belongs to something else."""
    known = {unit for text in others if not _is_site(text, site) for unit in units(text)}
    words = units(printed)
    return bool(words and known) and not words & known


def _behind_kicker(text: str, title: str) -> str:
    """Return ``title`` if the text is that title after a kicker, else the text."""
    ends = (text[match.end() :] for match in _SEPARATOR.finditer(text))
    return title if any(key_of(end) == key_of(title) for end in ends) else text


def _is_title(name: str, titles: Sequence[str]) -> bool:
    """Whether the name that a page states for its site is in fact the article's title."""
    return len(name) > _LONGEST_NAME and [key_of(title) for title in titles].count(name) > 1


def _completed(title: str, others: Sequence[str]) -> str:
    """Return a title, completed from ``others`` if it is truncated; empty if truncated at a quotation mark."""
    trunk = title.removesuffix("...").rstrip("… ")
    for other in others:
        rest = other[len(trunk) :]
        if not trunk or not rest or not other.startswith(trunk):
            continue
        if rest.lstrip()[:1] in _QUOTES:
            return ""
        within_word = trunk[-1:].isalnum() and rest[:1].isalnum() and not UNSPACED.match(rest)
        if (trunk != title or within_word) and not _JOINT.match(rest):
            return other
    return title


def site_names(linked: LinkedData, stated: dict[str, str], publisher: Profile, address: str | None) -> list[str]:
    """Return the folded names that a page's titles may use for its site."""
    names = [*(stated.get(name, "") for name in _SITE_NAMES), *linked.names, publisher.title]
    host = re.sub(r"^(?:https?:)?//(?:www\.|m\.|amp\.)?|[/?#:].*$", "", address or "")
    return [
        name
        for name in dict.fromkeys(key_of(text.lstrip("@")) for text in (*names, host, host.partition(".")[0]))
        if name
    ]


def alike(one: str, other: str) -> bool:
    """Whether two titles are the same except for spelling, or one is the other truncated."""
    from rapidfuzz import fuzz

    left, right = key_of(one), key_of(other)
    if not left or not right:
        return False
    shorter, longer = sorted((left, right), key=len)
    return (longer.startswith(shorter) and len(shorter) > 20) or fuzz.ratio(left, right) >= 100 * _SAME


def _tidy(text: str) -> str:
    """Clean a title: one line, not repeated, entities decoded twice, no tags, no soft hyphens."""
    return _once(" ".join(_NO_SIGN.sub("", without_markup(text)).split())[:_LONGEST])


def _once(text: str) -> str:
    """Return a title once that is printed twice in a row, as for screen readers."""
    words = text.split(" ")
    half = len(words) // 2
    for first, second in ((words[:half], words[half:]), (words[:half], words[half + 1 :])):
        if half >= _FEWEST_TWICE and first == second:
            return " ".join(first)
    return text


def _is_site(text: str, site: Iterable[str]) -> bool:
    return key_of(text) in site or text.casefold() in ("home", "news", "article", "untitled")


def _bare(text: str, site: Sequence[str], sections: Sequence[str], known: Sequence[str], *, publisher: Profile) -> str:
    """Remove the site's name and the profile's suffixes from a title; sections only next to a removed name."""
    for suffix in publisher.suffixes:
        text = text.removesuffix(suffix)
    for title in known:
        if title and text.startswith(title) and _BAR.match(text, len(title)):
            return title
        if len(title) > _LEAST_TITLE and text.startswith(title) and _JOINT.match(text, len(title)):
            rest = _JOINT.sub(" ", text[len(title) :]).split()
            if any(_is_name(part, site) for part in rest):
                return title
    text, taken = _before_name(text, site)
    while True:
        cuts = ((match.start(), match.end()) for match in _SEPARATOR.finditer(text))
        # « and » are also quotation marks: at either end they do not separate anything
        parts = [(start, end) for start, end in cuts if key_of(text[:start]) and key_of(text[end:])]
        if not parts:
            return text
        first_end, (last_start, last_end) = parts[0][1], parts[-1]
        head, tail = text[: parts[0][0]], text[last_end:]
        if _is_name(tail, site) or (key_of(text[:last_start]) in map(key_of, known) and len(text[:last_start]) > 12):
            text, taken = text[:last_start].strip(), True
        elif taken and (text[last_start:last_end] == "_" or _is_section(tail, sections) or is_date(tail)):
            text = text[:last_start].strip()
        elif taken and ":" not in text[slice(*parts[0])] and _is_section(head, sections):
            text = text[first_end:].strip()
        elif _leads(text, parts[0], site, known):
            text, taken = text[first_end:].strip(), True
        else:
            return text


def _before_name(text: str, site: Sequence[str]) -> tuple[str, bool]:
    """Cut a title before the site's name if a slogan or no separator follows it; return also whether it was cut."""
    cuts = [(match.start(), match.end()) for match in _SEPARATOR.finditer(text) if ":" not in match[0]]
    for (start, end), (following, _) in pairwise(cuts):
        if start >= _LEAST_TITLE and key_of(text[end:following]) in site:
            return text[:start].strip(), True
    glued = _GLUED_NAME.search(text)
    if glued and glued.start() >= _LEAST_TITLE and key_of(glued[1]) in site:
        return text[: glued.start()].strip(), True
    return text, False


def _is_section(part: str, sections: Sequence[str]) -> bool:
    return key_of(part) in map(key_of, sections) or key_of(part) in _SECTION_WORDS


def _leads(text: str, cut: tuple[int, int], site: Sequence[str], known: Sequence[str]) -> bool:
    """Whether the text before the separator at ``cut`` is the name of the site, and a title follows.

    Part of the name may be a country (*Japan: ...* at The Japan Times), and so may a single word before a colon: it is
    the site's name only if another title omits it.
    """
    head, sign, rest = text[: cut[0]], text[slice(*cut)], text[cut[1] :]
    names = {alias for name in site for alias in (_bare_name(name), f"{name}com")}
    if len(rest) <= _LEAST_TITLE or _bare_name(key_of(head)) not in names:
        return False
    return ":" not in sign or len(head.split()) > 1 or key_of(rest) in map(key_of, known)


def _bare_name(key: str) -> str:
    return key.removeprefix("the")


def _is_name(part: str, site: Sequence[str]) -> bool:
    """Whether a part of a title is the site's name, with or without an article or a domain suffix."""
    key = key_of(part)
    bare = _bare_name(key)
    return bool(key) and any(
        key == name
        or (len(key) >= max(_LEAST_NAME, _LEAST_SHARE * len(name)) and name.startswith(key))
        or bare == _bare_name(name)
        or _abbreviates(name, part)
        or (len(bare) > 3 and key in (f"{name}com", f"{name}news"))
        for name in site
    )


def _abbreviates(name: str, part: str) -> bool:
    """Whether a name, as in an address, is the initials of a longer one (*scmp*) or shortens it (*iranintl*)."""
    key = key_of(part)
    if len(name) >= _FEWEST_INITIALS and name == "".join(word[0] for word in _WORDS.findall(part.casefold())):
        return True
    letters = iter(key)
    shortens = len(name) >= _LEAST_SHORTENED and key.startswith(name[:_LEAST_NAME])
    return shortens and all(letter in letters for letter in name)


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
