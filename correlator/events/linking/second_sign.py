"""Names and tickers that are also common words (*POL*, *Systems*, *Apple*) link only with a second sign of the company.

The words are in ``data/instruments/words.csv``: ``otherwise`` lists phrases with the other meaning; ``alone`` is yes if
the word usually means the company anyway. Other tickers of up to three letters are ambiguous; those of one or two link
only with the mark of a ticker: an exchange and a colon, or a dollar sign.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from correlator.base.resources import data_path
from correlator.market.names.exchanges import printed_exchanges, printed_pattern
from correlator.market.names.symbols import place_behind_dot, place_behind_space

_SHORT_TICKER: Final = 3
_BARE_TICKER: Final = 2
_REACH = 20
_EXCHANGE = rf"\b(?:{printed_pattern()})\s*:\s*"
# *(NYSE: GM, F)*, *$T*; not an article after the colon (*on the NYSE: A broker said*), nor the next exchange.
_LISTED = r"(?!(?<=\s)[AI]\s+[a-z])[A-Z][A-Z0-9]*\b(?!\s*:)"
_MARKED = re.compile(rf"({_EXCHANGE})({_LISTED}(?:\s*[,/;&]\s*{_LISTED})*)|(?<![\w$])\$([A-Z]+)\b")
_TICKER = re.compile(r"[A-Z][A-Z0-9]*")
_EXCHANGE_BEFORE = re.compile(rf"(?:{_EXCHANGE}|\$|\()\s*$")
_CLOSED = re.compile(r"\s*\)")
_ENDING_BEHIND = re.compile(
    r"\s*,?\s+(?:limited|ltd|inc|incorporated|corp|corporation|plc|company|group|holdings?|\(pvt\)|pvt)\b",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:shares?|stocks?|scrips?|share ?price|dividends?|eps|earnings|profits?|loss per share|ipo|psx|kse|kse[ -]100|"
    r"bonus shares|payout|right shares|buy-?back|board of directors|quarterly|market cap|listed|half[- ]year(?:ly)?|"
    r"after[- ]tax|annual results|financial results|investors|brokerage|iphones?|ipads?)\b",
    re.IGNORECASE,
)
_DOES_BEHIND = re.compile(
    r"\s+(?:posts?|posted|reports?|reported|unveils?|launches|declares?|declared|sues|appoints?|acquires?|announces?|"
    r"announced|earns?|earned|hires)\b",
    re.IGNORECASE,
)
_MOVES_BEHIND = re.compile(
    r"\s+(?:rises?|falls?|fell|gains?|drops?|jumps?|slips?|surges?|closes?|closed|hits (?:upper|lower))\b",
    re.IGNORECASE,
)
# *DST Systems*: with initials before the word it is another name.
_INITIALS_BEFORE = re.compile(r"\b(?!PSX|KSE|CEO|US|UK|EU|UPDATE)[A-Z]{2,6} $")
# *Coca-Cola Enterprises*, *Reliance Power*, *United Bank of India*: another company whose name begins with this one's.
_SIBLING_BEHIND = re.compile(
    r"[ -](?:Enterprises|Partners|Bottling|Hellenic|Bottlers|Foundation|Power|Fertili[sz]ers?|Motors|Insurance|Foods"
    r"|Chemicals|Cement|Sugar|Textiles?|Infrastructure|Polymers?|Petroleum)\b"
    r"|(?:(?<=Bank)|(?<=Company)|(?<=Corporation)| Bank| Company| Corporation) of [A-Z]"
    r"|(?<=Bank) for (?:Africa|[A-Z][a-z]+(?:ment|ation|tional)\b)"
)
_PLACE_BEHIND = re.compile(r"\.([A-Z]{1,2})\b(?!\.)|[ ]([A-Z]{2}) Equity\b")
_CLASS_BEHIND = re.compile(r"[-./][ABC]\b(?!\.\w)")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")
_TICKER_LETTERS = re.compile(r"[A-Z]+")


@dataclass(frozen=True)
class Word:
    """A name or ticker with another meaning; ``otherwise`` matches phrases with that meaning."""

    alone: bool
    otherwise: re.Pattern[str] | None


@cache
def words() -> Mapping[str, Word]:
    """Return the words with another meaning, by lower-case word."""
    with data_path("instruments", "words.csv").open(encoding="utf-8", newline="") as lines:
        return {row["word"]: Word(row["alone"] == "yes", _phrases(row["otherwise"])) for row in csv.DictReader(lines)}


def _phrases(listed: str) -> re.Pattern[str] | None:
    return re.compile(rf"\b(?:{listed.replace(';', '|')})\b", re.IGNORECASE) if listed else None


def needs_sign(name: str) -> bool:
    """Whether a name or ticker is a common word, or so short that it is ambiguous."""
    word = words().get(name.lower())
    if word is not None:
        return not word.alone
    return _TICKER_LETTERS.fullmatch(name) is not None and len(name) <= _SHORT_TICKER


def is_bare(ticker: str) -> bool:
    """Whether a ticker is so short that only the mark of a ticker identifies it: *A*, *GE*."""
    return len(ticker) <= _BARE_TICKER


def marked_tickers(text: str) -> Mapping[str, frozenset[str]]:
    """Return the tickers of a text that follow an exchange and a colon, or a dollar sign.

    Each has the market identifier codes printed with it anywhere in the text, none for a dollar sign alone.

    >>> marked_tickers("Vodafone (LSE: VOD) and $T")
    {'VOD': frozenset({'XLON'}), 'T': frozenset()}
    """
    marked: dict[str, frozenset[str]] = {}
    if ":" not in text and "$" not in text:
        return marked
    for match in _MARKED.finditer(text):
        name = (match[1] or "").rstrip(": \t\n").upper()
        codes = frozenset(printed_exchanges().get(" ".join(name.split()), ()))
        for ticker in _TICKER.findall(match[2] or match[3]):
            marked[ticker] = marked.get(ticker, frozenset()) | codes
    return marked


def place_behind(text: str, end: int) -> str | None:
    """Return the exchange given by the suffix of a ticker (*VOD.L*, *AIRLINK.KA*, *VOD LN Equity*), or None."""
    match = _PLACE_BEHIND.match(text, end)
    if match is None:
        return None
    return place_behind_dot(match[1]) if match[1] else place_behind_space(match[2])


def is_of_a_class(text: str, end: int) -> bool:
    """Whether the suffix of a ticker makes it that of a share class: *BRK.B*, *BRK-B*."""
    return _CLASS_BEHIND.match(text, end) is not None


def means_otherwise(text: str, name: str) -> bool:
    """Whether a text uses the other meaning of a name: *BOP crisis*."""
    word = words().get(name.lower())
    return word is not None and word.otherwise is not None and word.otherwise.search(text) is not None


def has_sign(text: str, start: int, end: int, *, is_ticker: bool) -> bool:
    """Whether the name at ``text[start:end]`` is the company's, by an exchange, an ending, or business words.

    A ticker with the ending of a company (*SPX Corp*) is another company's name.
    """
    if is_ticker and is_another_company(text, end):
        return False
    if _EXCHANGE_BEFORE.search(text, max(0, start - _REACH), start):
        return text[start - 1] != "(" or _CLOSED.match(text, end) is not None
    if not is_ticker and _INITIALS_BEFORE.search(text, max(0, start - _REACH), start):
        return False
    if is_ticker and _MOVES_BEHIND.match(text, end):
        return True
    if is_another_company(text, end) or _DOES_BEHIND.match(text, end):
        return True
    return _COMPANY.search(_sentence(text, start, end)) is not None


def is_another_company(text: str, end: int) -> bool:
    """Whether the ending of a company's name follows: *SPX Corp*, *Apple Inc*."""
    return _ENDING_BEHIND.match(text, end) is not None


def is_sibling(text: str, end: int) -> bool:
    """Whether the next word makes a name that of another company: *Coca-Cola Enterprises*."""
    return _SIBLING_BEHIND.match(text, end) is not None


def _sentence(text: str, start: int, end: int) -> str:
    before = [match.end() for match in _SENTENCE_END.finditer(text, 0, start)]
    behind = _SENTENCE_END.search(text, end)
    return text[before[-1] if before else 0 : behind.start() if behind else len(text)]
