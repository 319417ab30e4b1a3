"""Parse the ticker strip: quotes such as ``AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)`` on an article's page.

A layout describes how a publisher prints a quote; the usual one covers shares with an arrow and two decimals, indices
with thousands separators, with the arrow (2021) or without it, and ``No Change``. A match is a quote only if its
percentage equals change / (price - change) to the printed digits, which keeps look-alikes out. The strip has no date:
see ``align/strip_dating.py``.
"""

from __future__ import annotations

import html
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from correlator.errors import InputError
from correlator.news.batch import QUOTE_COLUMNS, QUOTE_SCHEMA, clean_text
from correlator.news.strips.figures import (
    ARROWS,
    CHANGE,
    CURRENCIES,
    MONEY,
    MOVE,
    NO_LAYOUT,
    NO_PERCENT,
    NUMBER,
    SIGN,
    UNIT,
    Direction,
    prints_decimals,
    read_figures,
)

_BARE = "{symbol} {price} {arrow} {change} {percent}%"
LAYOUTS = (
    "{symbol} {price} {move} {arrow} {change} ({percent}%)",
    "{symbol} {price} {arrow} {change} ({percent}%)",
    _BARE,
)


@dataclass(frozen=True)
class StripQuote:
    """One quote as printed: price and change in currency or index points, ``change_pct`` in per cent.

    ``strip`` numbers the strips of a text from 1, since a text may contain several of different sessions. ``position``
    numbers the quotes kept from 1; ``line`` is the quote as printed, on one line; ``line_number`` is the line where it
    begins; ``previous_close`` is price minus change.
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


@dataclass(frozen=True)
class UnreadQuote:
    """Text that looks like a quote but is not read: on one line, with the reason and the line where it begins."""

    line: str
    reason: str
    line_number: int


_GAP = r"\s{1,20}"
_FIELDS = {
    # A name may start with a digit, but "KSE 100" is not a quote of a share called 100; a currency is not a share.
    "symbol": rf"(?<![\w&.\-/^=@#])(?!(?:{CURRENCIES})\s)(?P<symbol>[\^.]?[A-Z][A-Z0-9&.\-=]{{0,15}}(?:/[A-Z]{{1,3}})?"
    r"|\d{3,6}\.[A-Z]{1,4}|(?<![A-Z]\s)\d{1,4}[A-Z0-9]{0,12})",
    "price": rf"{MONEY}(?P<price>{NUMBER}){UNIT}",
    "move": rf"(?P<move>(?i:{MOVE}))",
    "change": rf"(?P<change>{CHANGE})",
    "percent": rf"%?\s?(?P<percent>{SIGN}?{NUMBER})",
}
_WAY = rf"(?:{_FIELDS['move'].replace('?P<move>', '?:')}\s{{0,3}}[{ARROWS}]?|[{ARROWS}]|(?<=\s)(?=[(+\-−–]))\s{{0,3}}"
_LOOKS_LIKE_ONE = re.compile(
    rf"(?<![\w.^])[.^]?[A-Za-z][\w&.\-/=:]{{0,15}}(?:\s[|\s]{{0,2}}|(?=[{ARROWS}]))[^\s\w]{{0,3}}\d[\d.,]{{0,15}}\w{{0,3}}[|\s]{{0,3}}{_WAY}"
    rf"[^\s\w%]{{0,4}}\d[\d.,]{{0,15}}\w{{0,3}}\)?[|\s]{{0,4}}\(?\s?{SIGN}?(?:%\s?\d[\d.,]{{0,9}}|\d[\d.,]{{0,9}}\s?%)\)?"
)
# Arabic, Persian and full-width digits, separators and percent signs.
_FIGURES_OF_SCRIPTS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹０１２３４５６７８９٪٫٬％．，", "0123456789" * 3 + "%.,%.,")
_NOT_LINE_END = re.compile(r"[^\n]")
_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_NEEDED = ("symbol", "price", "change", "percent")
_PARTS = re.compile(r"(\s*\{arrow\}\s*)|(\s+)|\{(\w*)\}|([^\s{]+|\{)")
_INDEX_NAME = re.compile(r"[A-Z]{2,}\d{2,3}")


_MOST_COMPARED = 100
"""Strips that have a quote in common with another and are compared with it: pages print a strip once or twice."""
_PUNCTUATION = {"(": r"\s{0,4}\(\s{0,4}", ")": r"\s{0,4}\)\s{0,4}", "%": r"\s{0,4}%?\s{0,4}"}


@cache
def compile_layout(layout: str) -> re.Pattern[str]:
    """Compile a layout with the fields {symbol}, {price}, {change}, {percent} and optionally {move}, {arrow}.

    A space matches any whitespace, line ends included; the arrow is optional in the text. Raises InputError for an
    unknown field, and unless each of the first four occurs exactly once.
    """
    pattern = []
    parts = _PARTS.findall(layout.strip())
    for place, (arrow, gap, field, text) in enumerate(parts):
        # Words separate figures even if an extractor has dropped the space between them.
        beside_word = "move" in {each[2] for each in parts[max(place - 1, 0) : place + 2]}
        if arrow:
            least = 0 if beside_word else 1
            pattern.append(rf"(?:\s{{{least},20}}(?:(?P<arrow>[{ARROWS}])\s{{0,20}})?|(?P<glued>[{ARROWS}])\s{{0,20}})")
        elif gap:
            bracket = place + 1 < len(parts) and parts[place + 1][3].startswith("(")
            pattern.append(r"\s{0,20}" if beside_word or bracket else _GAP)
        elif text:
            pattern += [_PUNCTUATION.get(c, re.escape(c)) for c in text]
        elif field in _FIELDS:
            pattern.append(_FIELDS[field])
        else:
            raise InputError(
                f"strip layout {layout!r}: unknown field {field!r}", hint=f"fields are {', '.join(_FIELDS)}, arrow"
            )
    missing = [field for field in _NEEDED if layout.count(f"{{{field}}}") != 1]
    twice = [field for field in ("move", "arrow") if layout.count(f"{{{field}}}") > 1]
    if missing or twice:
        raise InputError(f"strip layout {layout!r} must contain {{{(*missing, *twice)[0]}}} exactly once")
    return re.compile("".join(pattern).removesuffix(r"\s{0,4}"))


def parse_strip(text: str, layouts: Sequence[str] = LAYOUTS) -> list[StripQuote]:
    """Return every quote in the text that matches one of ``layouts``, in order; HTML entities are decoded.

    A repeated strip counts once; one with other figures for a symbol is another strip.
    """
    clean = _in_figures(_readable(text))
    strips: list[dict[str, StripQuote]] = []
    with_quote: defaultdict[tuple[str, float, float], list[int]] = defaultdict(list)
    for run in _runs(_quotes_in_order(clean, layouts)):
        near = {place for symbol, quote in run.items() for place in with_quote[symbol, *_figures(quote)]}
        place = next((place for place in sorted(near)[:_MOST_COMPARED] if _is_same(strips[place], run)), len(strips))
        if place == len(strips):
            strips.append({})
        added = {symbol: quote for symbol, quote in run.items() if symbol not in strips[place]}
        strips[place].update(added)
        for symbol, quote in added.items():
            if len(with_quote[symbol, *_figures(quote)]) < _MOST_COMPARED:
                with_quote[symbol, *_figures(quote)].append(place)
    quotes = [replace(quote, strip=number) for number, strip in enumerate(strips, 1) for quote in strip.values()]
    return [replace(quote, position=place) for place, quote in enumerate(quotes, 1)]


def without_strip(text: str, layouts: Sequence[str] = LAYOUTS) -> str:
    """Return the text without its quotes."""
    clean = _readable(text)
    for layout in layouts:
        parts, reached = [], 0
        for match in compile_layout(layout).finditer(_in_figures(clean)):
            if not isinstance(_quote(match, 0), str):
                parts.append(clean[reached : match.start()])
                reached = match.end()
        clean = " ".join((*parts, clean[reached:]))
    return clean


def unread_quotes(text: str, layouts: Sequence[str] = LAYOUTS) -> list[UnreadQuote]:
    """Return text that looks like a quote (name, number, change, percentage) but cannot be read, each once."""
    rest = _in_figures(_readable(text))
    if "%" not in rest:
        return []
    unread: dict[str, UnreadQuote] = {}
    line_ends = [match.start() for match in re.finditer("\n", rest)]  # blanks keep them in their places

    def blank(match: re.Match[str]) -> str:
        return _NOT_LINE_END.sub(" ", match[0])

    def note(match: re.Match[str], reason: str) -> str:
        line = " ".join(match[0].split())
        unread.setdefault(line, UnreadQuote(line, reason, bisect(line_ends, match.start()) + 1))
        return blank(match)

    def noted(match: re.Match[str]) -> str:
        reason = _quote(match, 0)
        return note(match, str(reason)) if "%" in match[0] else match[0]

    patterns = [compile_layout(layout) for layout in layouts]
    for pattern in patterns:
        rest = pattern.sub(lambda match: match[0] if isinstance(_quote(match, 0), str) else blank(match), rest)
    for pattern in patterns:
        rest = pattern.sub(noted, rest)
    _LOOKS_LIKE_ONE.sub(lambda match: note(match, NO_LAYOUT), rest)
    return sorted(unread.values(), key=lambda each: each.line_number)


def strip_frame(quotes: Sequence[StripQuote]) -> pl.DataFrame:
    """Return quotes as a frame: strip, and the columns position to previous_close of ``tables.QUOTES``."""
    names = ("strip", *QUOTE_COLUMNS)
    rows = [{name: getattr(quote, name) for name in names} for quote in quotes]
    return pl.DataFrame(rows, schema={name: QUOTE_SCHEMA[name] for name in names})


def is_index(symbol: str, line: str) -> bool:
    """Whether a quote is that of an index: its level is printed without decimals, or its name looks like KSE100."""
    price = re.search(rf"{re.escape(symbol)}\s+({NUMBER})", line)
    return bool(_INDEX_NAME.fullmatch(symbol)) or (price is not None and not prints_decimals(price[1]))


def _readable(text: str) -> str:
    clean = clean_text(html.unescape(text) if "&" in text else text)
    if "<" in clean:
        clean = _TAG.sub(" ", clean)
    return _EMPHASIS.sub("", clean) if "**" in clean or "__" in clean else clean


def _in_figures(text: str) -> str:
    """Replace digits and signs of other scripts by ASCII ones, keeping the length of the text."""
    return text if text.isascii() else text.translate(_FIGURES_OF_SCRIPTS)


def _quotes_in_order(text: str, layouts: Sequence[str]) -> list[StripQuote]:
    """Return the quotes of all layouts in the order of the text."""
    quotes: list[tuple[int, StripQuote]] = []
    line, reached = 1, 0
    matches = (match for layout in layouts for match in compile_layout(layout).finditer(text))
    for match in matches if len(layouts) == 1 else sorted(matches, key=lambda match: match.start()):
        line += text.count("\n", reached, match.start())
        reached = match.start()
        quote = _quote(match, line)
        if not isinstance(quote, str):
            quotes.append((match.start(), quote))
    return [quote for _, quote in quotes]


def _runs(quotes: Sequence[StripQuote]) -> Iterator[dict[str, StripQuote]]:
    """Split quotes into runs in which no symbol occurs twice."""
    run: dict[str, StripQuote] = {}
    for quote in quotes:
        if quote.symbol in run:
            yield run
            run = {}
        run[quote.symbol] = quote
    if run:
        yield run


def _is_same(strip: dict[str, StripQuote], run: dict[str, StripQuote]) -> bool:
    """Whether both have a symbol in common and agree on all common ones."""
    common = strip.keys() & run.keys()
    return bool(common) and all(_figures(strip[symbol]) == _figures(run[symbol]) for symbol in common)


def _figures(quote: StripQuote) -> tuple[float, float]:
    return quote.price, quote.change


def _quote(match: re.Match[str], line_number: int) -> StripQuote | str:
    """Return the quote of a match, or the reason why it cannot be read."""
    fields = match.groupdict()
    if match.re is compile_layout(_BARE) and "%" not in match[0]:
        return NO_PERCENT
    figures = read_figures(fields, needs_sign=match.re in _without_words())
    if isinstance(figures, str):
        return figures
    line = " ".join(match[0].split())
    return StripQuote(
        1, 0, fields["symbol"], figures.price, figures.change, figures.percent, figures.direction, line,
        figures.previous_close, line_number,
    )  # fmt: skip


@cache
def _without_words() -> frozenset[re.Pattern[str]]:
    """Return the built-in layouts without a word for the direction of the change."""
    return frozenset(compile_layout(layout) for layout in LAYOUTS if "{move}" not in layout)
