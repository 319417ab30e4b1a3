"""Read the figures of a quote, or say why they are ambiguous or contradictory."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Direction = Literal["up", "down", "unchanged"]

CURRENCIES = (
    "PKR|INR|USD|EUR|GBP|JPY|CNY|CNH|HKD|TRY|AZN|AED|SAR|QAR|KWD|BDT|LKR|RUB|KZT|UAH|KRW|TWD|SGD|MYR|THB|IDR|VND|PHP|AUD"
    "|NZD|CAD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|ILS|EGP|ZAR|NGN|KES|BRL|MXN"
)
SIGNS = r"Rs\.?|US\$|HK\$|A\$|C\$|TL|[$€£¥₹₺₽₼₩]"
MONEY = rf"(?:(?:{CURRENCIES}|{SIGNS})\s{{0,3}})?"
UNIT = rf"(?:\s?(?:(?:GBX|GBp|pence|p|{CURRENCIES})(?!\w)|[€₹₺₽₼₩]))?"
ARROWS = "▲▼△▽▴▾⬆⬇↑↓🔺🔻"
_DOWN_ARROWS = frozenset("▼▽▾⬇↓🔻")
SIGN = r"[+\-−–]"
# Thousands and decimals may be separated by point, comma or space; the percentage decides which is meant.
_BLANKS = "[ \u00a0\u2009\u202f]"
NUMBER = (
    rf"(?:\d{{1,3}}(?:(?:{_BLANKS}|['’])\d{{3}})+(?=[.,]\d)|\d{{1,3}}(?:,\d{{2,3}})+|\d{{1,3}}(?:\.\d{{3}})+(?=,)|\d{{1,9}})"
    r"(?:[.,]\d{1,4})?(?![\d,.]\d)"
)
CHANGE = rf"(?:{SIGN}?{MONEY}{SIGN}?{NUMBER}{UNIT}|\({NUMBER}\))"
_PRINTED = re.compile(rf"(?P<bracket>\()?(?P<sign>{SIGN}?){MONEY}(?P<inner>{SIGN}?)(?P<number>{NUMBER}){UNIT}\)?")
_MINUS = str.maketrans("−–", "--")
_MOVES = {
    "increased by": "+", "up": "+", "gained": "+", "decreased by": "-", "down": "-", "lost": "-",
    "no change": "0", "unchanged": "0", "unch": "0",
}  # fmt: skip
MOVE = "|".join(words.replace(" ", r"\s{1,20}") for words in sorted(_MOVES, key=len, reverse=True))
_DIRECTIONS: Mapping[str, Direction] = {"+": "up", "-": "down", "0": "unchanged"}
NO_SIGN = "no word, arrow or sign shows the direction of its change"
CONTRADICTION = "its words, arrow and signs contradict each other"
NOT_THE_CHANGE = "its percentage is not its change over the previous close"
NO_PERCENT = "its percentage has no percent sign"
NO_LAYOUT = "it matches no known layout of quotes"
BRACKETS = "its change in brackets may be a fall or a rise"


@dataclass(frozen=True)
class Figures:
    """The figures of a quote in the units of ``StripQuote``."""

    price: float
    change: float
    percent: float
    direction: Direction
    previous_close: float


@dataclass(frozen=True)
class _Printed:
    """A figure as printed: its sign ('+', '-' or empty), its digits, and whether brackets are its sign."""

    sign: str
    number: str
    bracket: bool = False


def read_figures(given: Mapping[str, str | None], *, needs_sign: bool) -> Figures | str:
    """Return the figures of a quote's printed fields, or the reason why they cannot be read.

    ``needs_sign``: whether a word, arrow or sign must show the direction of the change.
    """
    move = _MOVES.get(" ".join((given.get("move") or "").lower().split()))
    arrow = given.get("arrow") or given.get("glued") or ""
    change, percent = _printed(given["change"] or ""), _printed(given["percent"] or "")
    if change is None or percent is None:
        return CONTRADICTION
    pointed = "" if not arrow else "-" if arrow in _DOWN_ARROWS else "+"
    stated = {move or "", pointed, change.sign, percent.sign} - {""}
    if needs_sign and not stated and not {*change.number} <= {*"0.,"}:
        return NO_SIGN
    may_rise = change.bracket and stated == {"-"} and not (move or arrow or percent.sign)
    reason = NOT_THE_CHANGE
    for reading in (_with_point, _with_comma):
        texts = [reading(text) for text in (given["price"] or "", change.number, percent.number)]
        if None in texts:
            continue
        price, moved, share = map(str, texts)
        figures = _agreed(price, moved, share, stated)
        if not isinstance(figures, Figures):
            reason = figures
        elif may_rise and isinstance(_agreed(price, moved, share, frozenset("+")), Figures):
            return BRACKETS
        else:
            return replace(figures, direction=_DIRECTIONS[move]) if move else figures
    return reason


def prints_decimals(number: str) -> bool:
    """Whether a printed number has decimals; levels of indices have none."""
    return "." in number or re.search(r",(?:\d{1,2}|\d{4})$", number) is not None


def _agreed(price: str, change: str, percent: str, stated: Collection[str]) -> Figures | str:
    """Return the figures with the stated sign if it is unambiguous and the percentage agrees, else the reason.

    Arrows and signs are ignored for a change of zero.
    """
    is_zero = float(change) == 0
    if not is_zero and (len(stated) > 1 or "0" in stated):
        return CONTRADICTION
    sign = -1.0 if "-" in stated and not (is_zero and len(stated) > 1) else 1.0
    moved, share = sign * float(change) + 0.0, sign * float(percent) + 0.0
    if not _percent_agrees(price, change, moved, share):
        return NOT_THE_CHANGE
    digits = max(_decimals(price), _decimals(change))
    direction: Direction = "unchanged" if is_zero else "up" if moved > 0 else "down"
    return Figures(float(price), moved, share, direction, round(float(price) - moved, digits))


def _printed(text: str) -> _Printed | None:
    """Split a printed figure into its parts; None if it has two signs."""
    match = _PRINTED.fullmatch(text)
    if match is None or (match["sign"] and match["inner"]):
        return None
    sign = "-" if match["bracket"] else (match["sign"] or match["inner"]).translate(_MINUS)
    return _Printed(sign, match["number"], bool(match["bracket"]))


def _with_point(text: str) -> str | None:
    """Return a number with decimal point and thousands commas in Python's notation, or None if it is not one."""
    bare = re.sub(r",(?=\d{2,3}(?:[,.]|$))", "", re.sub(r"[\s'’]", "", text))
    return bare if re.fullmatch(r"\d+(?:\.\d+)?", bare) else None


def _with_comma(text: str) -> str | None:
    """Return a number with decimal comma and thousands points in Python's notation, or None if it is not one."""
    bare = re.sub(r"\.(?=\d{3}(?:[,.]|$))", "", re.sub(r"[\s'’]", "", text)).replace(",", ".")
    return bare if re.fullmatch(r"\d+(?:\.\d+)?", bare) else None


def _percent_agrees(price_text: str, change_text: str, change: float, percent: float) -> bool:
    """Whether the percentage equals the change over the previous close, to one unit of its second decimal.

    Publishers drop trailing zeros (5% is 5.00 %), so percentages count as printed with two decimals. Price and change
    with fewer than two decimals (indices) add their rounding error.
    """
    price = float(price_text)
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
