"""The ticker strip: quotes such as ``AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)`` printed on an article's page.

A layout says how a publisher prints a quote; the usual one covers shares with an arrow and two decimals, indices with
thousands separators, with the arrow (2021) or without it, and ``No Change``. What matches is a quote only when its
percentage is change / (price - change) to the printed digits, which keeps look-alikes out. The strip carries no date:
see ``align/strip_dating.py``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import polars as pl

from correlator.errors import InputError
from correlator.news.batch import QUOTE_COLUMNS, QUOTE_SCHEMA, clean_text

Direction = Literal["up", "down", "unchanged"]

LAYOUTS = (
    "{symbol} {price} {move} {arrow} {change} ({percent}%)",
    "{symbol} {price} {arrow} {change} ({percent}%)",
)


@dataclass(frozen=True)
class StripQuote:
    """One quote as printed: price and change in currency or index points, ``change_pct`` in per cent.

    ``strip`` counts the strips of a text, from 1: a text may hold several of different sessions. ``position`` is the
    place among the quotes kept, from 1; ``line`` the quote as printed, on one line; ``line_number`` where it begins;
    ``previous_close`` is price minus change.
    """

    strip: int
    position: int
    symbol: str
    price: float
    change: float
    change_pct: float
    direction: Direction
    line: str
    previous_close: float
    line_number: int


_GAP = r"\s{1,20}"
_CURRENCIES = (
    "PKR|INR|USD|EUR|GBP|JPY|CNY|CNH|HKD|TRY|AZN|AED|SAR|QAR|KWD|BDT|LKR|RUB|KZT|UAH|KRW|TWD|SGD|MYR|THB|IDR|VND|PHP|AUD"
    "|NZD|CAD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|ILS|EGP|ZAR|NGN|KES|BRL|MXN"
)
_SIGNS = r"Rs\.?|US\$|HK\$|A\$|C\$|TL|[$€£¥₹₺₽₼₩]"
_ARROWS = "▲▼△▽▴▾⬆⬇↑↓🔺🔻"
_DOWN_ARROWS = frozenset("▼▽▾⬇↓🔻")
# Thousands and decimals by point or comma: which of both is meant the percentage tells.
_NUMBER = r"(?:\d{1,3}(?:,\d{2,3})+|\d{1,3}(?:\.\d{3})+(?=,)|\d{1,9})(?:[.,]\d{1,4})?(?![\d,.]\d)"
_SIGNED = rf"[+\-−–]?{_NUMBER}"
_FIELDS = {
    # A name may start with a digit, but "KSE 100" is not a quote of a share called 100; a currency is not a share.
    "symbol": rf"(?<![\w&.\-/^=@#])(?!(?:{_CURRENCIES})\s)(?P<symbol>\^?[A-Z][A-Z0-9&.\-=]{{0,15}}(?:/[A-Z]{{1,3}})?"
    r"|\d{3,6}\.[A-Z]{1,4}|(?<![A-Z]\s)\d{1,4}[A-Z0-9]{0,12})",
    "price": rf"(?:(?:{_CURRENCIES}|{_SIGNS})\s{{0,3}})?(?P<price>{_NUMBER})",
    "move": rf"(?P<move>(?i:Increased{_GAP}By|Decreased{_GAP}By|No{_GAP}Change|Unchanged))",
    "change": rf"(?P<change>{_SIGNED})",
    "percent": rf"%?\s?(?P<percent>{_SIGNED})",
}
_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_NEEDED = ("symbol", "price", "change", "percent")
_PARTS = re.compile(r"(\s*\{arrow\}\s*)|(\s+)|\{(\w*)\}|([^\s{]+|\{)")
_INDEX_NAME = re.compile(r"[A-Z]{2,}\d{2,3}")


_PUNCTUATION = {"(": r"\s{0,4}\(\s{0,4}", ")": r"\s{0,4}\)\s{0,4}", "%": r"\s{0,4}%?\s{0,4}"}


@cache
def compile_layout(layout: str) -> re.Pattern[str]:
    """The pattern of a layout: its fields are {symbol}, {price}, {change}, {percent} and optionally {move}, {arrow}.

    A blank stands for any blank space, line ends included; the arrow may be missing. Raises InputError for another
    field, and where one of the first four is not there exactly once.
    """
    pattern = []
    parts = _PARTS.findall(layout.strip())
    for place, (arrow, gap, field, text) in enumerate(parts):
        # Words keep figures apart even where an extractor has lost the blank between them.
        beside_word = "move" in {each[2] for each in parts[max(place - 1, 0) : place + 2]}
        if arrow:
            least = 0 if beside_word else 1
            pattern.append(
                rf"(?:\s{{{least},20}}(?:(?P<arrow>[{_ARROWS}])\s{{0,20}})?|(?P<glued>[{_ARROWS}])\s{{0,20}})"
            )
        elif gap:
            bracket = place + 1 < len(parts) and parts[place + 1][3].startswith("(")
            pattern.append(r"\s{0,20}" if beside_word or bracket else _GAP)
        elif text:
            pattern += [_PUNCTUATION.get(c, re.escape(c)) for c in text]
        elif field in _FIELDS:
            pattern.append(_FIELDS[field])
        else:
            raise InputError(
                f"strip layout {layout!r} has no field {field!r}", hint=f"fields are {', '.join(_FIELDS)}, arrow"
            )
    missing = [field for field in _NEEDED if layout.count(f"{{{field}}}") != 1]
    twice = [field for field in ("move", "arrow") if layout.count(f"{{{field}}}") > 1]
    if missing or twice:
        raise InputError(f"strip layout {layout!r} needs {{{(*missing, *twice)[0]}}} once")
    return re.compile("".join(pattern).removesuffix(r"\s{0,4}"))


def parse_strip(text: str, layouts: Sequence[str] = LAYOUTS) -> list[StripQuote]:
    """Every quote in the text, in order, in one of the publisher's ``layouts``; HTML entities are read.

    A strip that is printed again counts once; one that gives a symbol other figures is another strip.
    """
    clean = _readable(text)
    strips: list[dict[str, StripQuote]] = []
    for run in _runs(_quotes_in_order(clean, layouts)):
        same = next((strip for strip in strips if _is_same(strip, run)), None)
        if same is None:
            strips.append(run)
        else:
            same.update({symbol: quote for symbol, quote in run.items() if symbol not in same})
    quotes = [replace(quote, strip=number) for number, strip in enumerate(strips, 1) for quote in strip.values()]
    return [replace(quote, position=place) for place, quote in enumerate(quotes, 1)]


def without_strip(text: str, layouts: Sequence[str] = LAYOUTS) -> str:
    """The text with its quotes taken out."""
    clean = _readable(text)
    for layout in layouts:
        clean = compile_layout(layout).sub(lambda match: match[0] if _quote(match, 0) is None else " ", clean)
    return clean


def strip_frame(quotes: Sequence[StripQuote]) -> pl.DataFrame:
    """Quotes as a frame: strip, and position to previous_close of ``tables.QUOTES``."""
    names = ("strip", *QUOTE_COLUMNS)
    rows = [{name: getattr(quote, name) for name in names} for quote in quotes]
    return pl.DataFrame(rows, schema={name: QUOTE_SCHEMA[name] for name in names})


def is_index(symbol: str, line: str) -> bool:
    """Whether a quote's line is that of an index: it prints its level as a whole number, or is named like KSE100."""
    price = re.search(rf"{re.escape(symbol)}\s+({_NUMBER})", line)
    return bool(_INDEX_NAME.fullmatch(symbol)) or (price is not None and "." not in price[1])


def _readable(text: str) -> str:
    clean = clean_text(html.unescape(text) if "&" in text else text)
    if "<" in clean:
        clean = _TAG.sub(" ", clean)
    return _EMPHASIS.sub("", clean) if "**" in clean or "__" in clean else clean


def _quotes_in_order(text: str, layouts: Sequence[str]) -> list[StripQuote]:
    """Quotes of all layouts in the order of the text."""
    quotes: list[tuple[int, StripQuote]] = []
    line, reached = 1, 0
    matches = (match for layout in layouts for match in compile_layout(layout).finditer(text))
    for match in matches if len(layouts) == 1 else sorted(matches, key=lambda match: match.start()):
        line += text.count("\n", reached, match.start())
        reached = match.start()
        quote = _quote(match, line)
        if quote:
            quotes.append((match.start(), quote))
    return [quote for _, quote in quotes]


def _runs(quotes: Sequence[StripQuote]) -> Iterator[dict[str, StripQuote]]:
    """Stretches of quotes in which no symbol comes twice."""
    run: dict[str, StripQuote] = {}
    for quote in quotes:
        if quote.symbol in run:
            yield run
            run = {}
        run[quote.symbol] = quote
    if run:
        yield run


def _is_same(strip: dict[str, StripQuote], run: dict[str, StripQuote]) -> bool:
    """Whether both print some symbol, and none with different figures."""
    common = strip.keys() & run.keys()
    return bool(common) and all(_figures(strip[symbol]) == _figures(run[symbol]) for symbol in common)


def _figures(quote: StripQuote) -> tuple[float, float]:
    return quote.price, quote.change


def _quote(match: re.Match[str], line_number: int) -> StripQuote | None:
    """The quote a match holds, or None where its figures contradict each other."""
    given = match.groupdict()
    move = " ".join((given.get("move") or "").lower().split())
    arrow = given.get("arrow") or given.get("glued") or ""
    if not move and not arrow and match.re is compile_layout(LAYOUTS[1]) and not _signed(given["change"]):
        return None  # neither word nor arrow nor sign says which way
    falls = move == "decreased by" or (not move and arrow in _DOWN_ARROWS and bool(arrow))
    for reading in (_with_point, _with_comma):
        figures = [reading(given[name].replace("−", "-").replace("–", "-")) for name in ("price", "change", "percent")]
        if None in figures:
            continue
        price, change, percent = (str(figure) for figure in figures)
        if falls and not change.startswith("+") and not percent.startswith("+"):
            change, percent = (text if text.startswith("-") else f"-{text}" for text in (change, percent))
        direction = _direction(move, float(change))
        if direction is None or not _percent_agrees(price, change, float(percent)):
            continue
        digits = max(_decimals(price), _decimals(change))
        previous = round(float(price) - float(change), digits)
        line = " ".join(match[0].split())
        return StripQuote(
            1, 0, given["symbol"], float(price), float(change) + 0.0, float(percent) + 0.0, direction, line, previous,
            line_number,
        )  # fmt: skip
    return None


def _signed(text: str) -> bool:
    return text[:1] in "+-−–"


def _with_point(text: str) -> str | None:
    """A number with a decimal point and commas between thousands, as Python reads it; None if it is not one."""
    bare = re.sub(r",(?=\d{2,3}(?:[,.]|$))", "", text)
    return bare if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", bare) else None


def _with_comma(text: str) -> str | None:
    """A number with a decimal comma and points between thousands, as Python reads it; None if it is not one."""
    bare = re.sub(r"\.(?=\d{3}(?:[,.]|$))", "", text).replace(",", ".")
    return bare if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", bare) else None


def _direction(move: str, change: float) -> Direction | None:
    """What the word says, or where there is none the sign; None where word and sign disagree."""
    if not move:
        return "up" if change > 0 else "down" if change < 0 else "unchanged"
    if move == "increased by":
        return "up" if change >= 0 else None
    if move == "decreased by":
        return "down" if change <= 0 else None
    return "unchanged" if change == 0 else None


def _percent_agrees(price_text: str, change_text: str, percent: float) -> bool:
    """Whether the percentage is the change over the previous close, to one unit of its second decimal.

    Publishers drop trailing zeros (5% is 5.00 %), so two decimals are what is printed. Figures printed with fewer
    than two decimals (indices) add the rounding they carry.
    """
    price, change = float(price_text.replace(",", "")), float(change_text)
    base = price - change
    if base <= 0 or price <= 0:
        return False
    price_error, change_error = _rounding(price_text), _rounding(change_text)
    expected = 100 * change / base
    error = 100 * (change_error * price + price_error * abs(change)) / base**2
    return abs(expected - percent) <= 0.0100001 + error


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _rounding(number: str) -> float:
    decimals = _decimals(number)
    return 0.5 * 10.0**-decimals if decimals < 2 else 0.0
