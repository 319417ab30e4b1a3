"""The ticker strip: lines such as ``AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)`` printed on an article's page.

Layouts: shares with an arrow and two decimals; indices with thousands separators, with the arrow (2021) or without it;
``No Change``. A line is a quote only when its percentage is change / (price - change) to the printed digits, which
keeps look-alikes out. The strip carries no date: see ``align/strip_dating.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from correlator.news.batch import QUOTE_COLUMNS, clean_text
from correlator.tables import QUOTES

Direction = Literal["up", "down", "unchanged"]


@dataclass(frozen=True)
class StripQuote:
    """One quote as printed: price and change in currency or index points, ``change_pct`` in per cent.

    ``line`` is the quote as printed, ``line_number`` its line in the text from 1, ``position`` its place among the
    quotes kept, from 1; ``previous_close`` is price minus change.
    """

    position: int
    symbol: str
    price: float
    change: float
    change_pct: float
    direction: Direction
    line: str
    previous_close: float
    line_number: int


_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.\d{1,4})?"
QUOTE_PATTERN = re.compile(
    rf"(?<!\S)(?P<symbol>[A-Z][A-Z0-9&.\-]{{0,15}})[ \t]+(?P<price>{_NUMBER})[ \t]+"
    r"(?P<word>Increased By|Decreased By|No Change|Unchanged)[ \t]+(?:(?P<arrow>[▲▼])[ \t]*)?"
    rf"(?P<change>[+-]?{_NUMBER})[ \t]+\((?P<pct>[+-]?\d{{1,5}}(?:\.\d{{1,4}})?)%\)(?!\S)"
)
_DIRECTIONS: dict[str, Direction] = {
    "Increased By": "up",
    "Decreased By": "down",
    "No Change": "unchanged",
    "Unchanged": "unchanged",
}
_LONGEST_LINE = 100_000


def parse_strip(text: str) -> list[StripQuote]:
    """Every quote in the text, in order; a quote printed again with the same figures is dropped."""
    quotes: list[StripQuote] = []
    seen: set[tuple[str, float, float]] = set()
    for number, line in enumerate(clean_text(text).split("\n"), start=1):
        for match in QUOTE_PATTERN.finditer(line[:_LONGEST_LINE]):
            quote = _quote(match, len(quotes) + 1, number)
            if quote and (quote.symbol, quote.price, quote.change) not in seen:
                seen.add((quote.symbol, quote.price, quote.change))
                quotes.append(quote)
    return quotes


def without_strip(line: str) -> str:
    """The line with its quotes taken out."""
    return (
        QUOTE_PATTERN.sub(lambda m: m[0] if _quote(m, 0, 0) is None else "", line[:_LONGEST_LINE])
        + line[_LONGEST_LINE:]
    )


def strip_frame(quotes: Sequence[StripQuote]) -> pl.DataFrame:
    """Quotes as a frame: position to previous_close of ``tables.QUOTES``."""
    rows = [{name: getattr(quote, name) for name in QUOTE_COLUMNS} for quote in quotes]
    return pl.DataFrame(rows, schema=QUOTES.schema(QUOTE_COLUMNS))


def _quote(match: re.Match[str], position: int, line_number: int) -> StripQuote | None:
    """The quote a match holds, or None where its figures contradict each other."""
    price, change, pct = (float(match[name].replace(",", "")) for name in ("price", "change", "pct"))
    direction = _DIRECTIONS[match["word"]]
    if not _sign_agrees(direction, change) or not _percent_agrees(match, price, change, pct):
        return None
    digits = max(_decimals(match["price"]), _decimals(match["change"]))
    return StripQuote(
        position, match["symbol"], price, change, pct, direction, match[0], round(price - change, digits), line_number
    )


def _sign_agrees(direction: Direction, change: float) -> bool:
    return {"up": change >= 0, "down": change <= 0, "unchanged": change == 0}[direction]


def _percent_agrees(match: re.Match[str], price: float, change: float, pct: float) -> bool:
    """Whether pct is the change over the previous close, to one unit of its second decimal.

    Publishers drop trailing zeros (5% is 5.00 %), so two decimals are what is printed. Figures printed with fewer
    than two decimals (indices) add the rounding they carry.
    """
    base = price - change
    if base <= 0 or price <= 0:
        return False
    price_error, change_error = (_rounding(match[name]) for name in ("price", "change"))
    expected = 100 * change / base
    error = 100 * (change_error * price + price_error * abs(change)) / base**2
    return abs(expected - pct) <= 0.0100001 + error


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _rounding(number: str) -> float:
    decimals = _decimals(number)
    return 0.5 * 10.0**-decimals if decimals < 2 else 0.0
