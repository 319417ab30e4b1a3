"""Link an article to the instruments it concerns, with the kind of link and its evidence.

``printed``: the symbol is on the strip of the article's page. ``named``: the company's name, an alias or its ticker is
in the headline or body, not the strip; a name that is also a common word needs a second sign, and a ticker of one or
two letters needs the mark of a ticker (``second_sign``). ``country``: the instrument is listed in an actor's country.
``sector`` and ``watchlist``: the user's own file assigns certain words to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from correlator.base.source_limits import check_names
from correlator.errors import InputError
from correlator.events.linking.second_sign import (
    has_sign,
    is_another_company,
    is_bare,
    is_of_a_class,
    is_sibling,
    marked_tickers,
    means_otherwise,
    needs_sign,
    place_behind,
)
from correlator.events.vocabulary.text import first_word, prepare
from correlator.market.names.exchanges import is_of_one
from correlator.market.names.instruments import symbols_by_spelling
from correlator.market.vocabulary import event_field

if TYPE_CHECKING:
    import polars as pl
    from ahocorasick_rs import AhoCorasick

LINK_KINDS: Final = ("printed", "named", "country", "sector", "watchlist")
_USER_KINDS = ("sector", "watchlist")
# Endings of a company's registered name that newspapers omit.
_ENDINGS = re.compile(
    r"(?:,? (?:limited|ltd|inc|incorporated|corp|corporation|plc|co|company|llc|sa|ag|nv|holdings?|"
    r"\(pvt\)|pvt|private|group)\.?)+$",
    re.IGNORECASE,
)
_SHORTEST_NAME = 3
_SHOUTING = 0.7
_SMALL = frozenset(("of", "and", "for", "the", "in", "on", "de", "al"))

Row = tuple[str, str | None, str | None] | tuple[str, str | None, str | None, str | None]
"""An instrument: its symbol, its name, its aliases separated by |, and its exchange if known."""


class Link(NamedTuple):
    """One link: ``evidence`` is the matched text with its place, or the rule."""

    symbol: str
    kind: str
    evidence: str


_Found = tuple[str, str, tuple[int, int]]
"""A symbol, the kind of its link, and its span in the text."""


class _Meaning(NamedTuple):
    """The meaning of a phrase.

    ``exact``: the required capitalisation of a ticker; ``name``: that of a name of several words; ``weak``: whether the
    phrase is also a common word.
    """

    symbol: str
    kind: str
    exact: str | None
    is_ticker: bool
    weak: bool
    exchange: str | None = None
    is_class: bool = False
    name: str = ""


@dataclass(frozen=True)
class WatchTerm:
    """A line of the user's file: words assigned to a symbol, as ``sector`` or ``watchlist``."""

    symbol: str
    kind: str
    words: str


class Linker:
    """Finds instruments in texts. Building one is expensive, so it should be used for many articles."""

    def __init__(self, instruments: Iterable[Row], watched: Sequence[WatchTerm] = ()) -> None:
        """``instruments``: (symbol, name, aliases separated by |, exchange if known) of each."""
        from ahocorasick_rs import AhoCorasick

        phrases: dict[str, list[_Meaning]] = {}
        rows = [*instruments]
        for symbol, name, aliases, *place in rows:
            exchange = place[0] if place else None
            for text in _names(name, aliases):
                exact = text if text.isupper() else None
                is_ticker = text.isupper() and " " not in text
                meaning = _Meaning(symbol, "named", exact, is_ticker, needs_sign(text), exchange, name=_spaced(text))
                phrases.setdefault(prepare(text).lowered, []).append(meaning)
            if symbol.isalnum() and not symbol.isdigit():
                meaning = _Meaning(symbol, "named", symbol.upper(), True, needs_sign(symbol.upper()), exchange)
                phrases.setdefault(prepare(symbol).lowered, []).append(meaning)
        places = {row[0]: row[3] for row in rows if len(row) > 3}
        for spelling, symbol in symbols_by_spelling(row[0] for row in rows).items():
            share = _Meaning(symbol, "named", spelling, True, True, places.get(symbol), is_class=True)
            phrases.setdefault(prepare(spelling).lowered, []).append(share)
        for term in watched:
            exact = term.words if term.words.isupper() else None
            meaning = _Meaning(term.symbol, term.kind, exact, False, False)
            phrases.setdefault(prepare(term.words).lowered, []).append(meaning)
        self._meanings = [tuple(meanings) for meanings in phrases.values()]
        self._matcher: AhoCorasick = AhoCorasick(list(phrases) or [" \x00 "])

    def link(self, headline: str, body: str | None, printed_symbols: Iterable[str]) -> list[Link]:
        """Return the links of one article, printed ones first; each symbol once per kind, with its first match."""
        links = {
            (symbol, "printed"): Link(symbol, "printed", "on the page's strip")
            for symbol in dict.fromkeys(printed_symbols)
        }
        for place, text in (("headline", headline), ("body", body or "")):
            found = [*self._occurrences(text)]
            for symbol, kind, (first, last) in found:
                if (symbol, kind) in links or any(_is_longer(other, symbol, first, last) for other in found):
                    continue
                links[symbol, kind] = Link(symbol, kind, f"{place}: {text[first:last]}")
        return list(links.values())

    def _occurrences(self, text: str) -> Iterable[_Found]:
        ready = prepare(text)
        matches = self._matcher.find_matches_as_indexes(ready.lowered, overlapping=True)
        if not matches or not self._meanings:
            return
        shouting, marked = _upper_share(text) > _SHOUTING, marked_tickers(text)
        for pattern, start, end in matches:
            printed = ready.joined[start + 1 : end - 1]
            for meaning in self._meanings[pattern]:
                if meaning.is_ticker and printed == _spaced(meaning.exact or ""):
                    span = ready.offsets(start, end)
                    if not _is_own_ticker(meaning, text, span, marked):
                        continue
                    if printed in marked:
                        yield meaning.symbol, meaning.kind, span
                        continue
                if meaning.is_ticker and is_bare(meaning.exact or ""):
                    continue
                if meaning.exact is not None and (printed != _spaced(meaning.exact) or shouting):
                    continue
                if meaning.kind == "named" and (printed.islower() or _lacks_capitals(printed, meaning.name)):
                    continue
                first, last = ready.offsets(start, end)  # slow, so only for remaining candidates
                if meaning.is_ticker and not meaning.weak and is_another_company(text, last):
                    continue
                if meaning.kind == "named" and (means_otherwise(text, printed) or is_sibling(text, last)):
                    continue
                if not meaning.weak or has_sign(text, first, last, is_ticker=meaning.is_ticker):
                    yield meaning.symbol, meaning.kind, (first, last)


def _is_longer(found: _Found, symbol: str, first: int, last: int) -> bool:
    """Whether a match is the longer name of another instrument: *Orlana Foods* where *Orlana* is also one."""
    other, kind, (start, end) = found
    return other != symbol and kind == "named" and start <= first and last <= end and end - start > last - first


def _lacks_capitals(printed: str, name: str) -> bool:
    """Whether a word that is capitalised in the name is not in the text: *Hub power plant* does not name Hub Power."""
    return any(
        word.islower() and not part.islower() and word not in _SMALL
        for word, part in zip(printed.split(), name.split(), strict=False)
    )


def _is_own_ticker(meaning: _Meaning, text: str, span: tuple[int, int], marked: Mapping[str, frozenset[str]]) -> bool:
    """Whether the ticker at ``span`` of a text is the instrument's, rather than one of another exchange printed with it
    or of another share class.
    """
    first, last = span
    written = text[first:last]
    if meaning.is_class and written != meaning.exact:
        return False
    place = place_behind(text, last)
    printed = marked.get(written.split(".")[0], frozenset()) if place is None else frozenset([place])
    return is_of_one(meaning.exchange, printed) and (meaning.is_class or not is_of_a_class(text, last))


def link_article(
    headline: str, body: str | None, printed_symbols: Iterable[str], instruments: Iterable[Row]
) -> list[Link]:
    """Return the links (printed and named) of one article to ``instruments`` (symbol, name, aliases).

    The linker is built only from instruments with a name whose first word is in the article.
    """
    words = set(prepare(headline).lowered.split()) | set(prepare(body or "").lowered.split())
    near = [row for row in instruments if any(first_word(text) in words for text in (row[0], *_listed(row[1], row[2])))]
    return Linker(near).link(headline, body, printed_symbols)


def linker_of(instruments: pl.DataFrame) -> Linker:
    """Return the linker of ``instruments`` (symbol, name, aliases); the last few are cached."""
    return _linker(_instrument_rows(instruments))


def read_watchlist(path: str | Path) -> list[WatchTerm]:
    """Read a user's table with the columns symbol, words and optionally kind (sector or watchlist, the default).

    Several phrases of a symbol are in separate rows, or in one cell separated by | or ;. Raises InputError, which names
    the invalid line.
    """
    from correlator.containers.foot import without_foot
    from correlator.containers.read import text_table

    name = Path(path).name
    rows = without_foot(text_table(path), name)
    ours = {column: event_field(column) or column.strip().lower() for column in rows.columns}
    rows = rows.rename({column: name for column, name in ours.items() if [*ours.values()].count(name) == 1})
    missing = {"symbol", "words"} - set(rows.columns)
    if missing:
        raise InputError(f"{name}: column {min(missing)!r} is missing", hint="the table needs symbol and words")
    terms: list[WatchTerm] = []
    for number, row in enumerate(rows.iter_rows(named=True), start=2):
        symbol, words = (str(row[column] or "").strip() for column in ("symbol", "words"))
        kind = str(row.get("kind") or "watchlist").strip().lower()
        empty = [column for column, text in (("symbol", symbol), ("words", words)) if not text]
        if empty:
            raise InputError(f"{name} line {number} has no {empty[0]}", hint="every line needs symbol and words")
        if kind not in _USER_KINDS:
            raise InputError(f"{name} line {number}: unknown kind {kind!r}", hint="use sector or watchlist")
        terms += [WatchTerm(symbol, kind, each.strip()) for each in re.split(r"[|;]", words) if each.strip()]
    check_names((term.symbol for term in terms), "symbol", name)
    return terms


@lru_cache(maxsize=4)
def _linker(rows: tuple[Row, ...]) -> Linker:
    return Linker(rows)


def _instrument_rows(instruments: pl.DataFrame) -> tuple[Row, ...]:
    places = ["exchange"] if "exchange" in instruments.columns else []
    return tuple(instruments.select("symbol", "name", "aliases", *places).iter_rows())


def _listed(name: str | None, aliases: str | None) -> list[str]:
    return [text.strip() for text in (name or "", *(aliases or "").split("|"))]


def _names(name: str | None, aliases: str | None) -> list[str]:
    listed = _listed(name, aliases)
    texts = listed + [_ENDINGS.sub("", text) for text in listed]
    return [text for text in dict.fromkeys(texts) if len(text) >= _SHORTEST_NAME or (text.isalpha() and text.isupper())]


def _spaced(name: str) -> str:
    """Return a name as joined by ``prepare``: its words separated by spaces."""
    return prepare(name).joined.strip()


def _upper_share(text: str) -> float:
    letters = [c for c in text if c.isalpha()]
    return sum(c.isupper() for c in letters) / len(letters) if letters else 0.0
