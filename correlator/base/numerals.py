"""Convert digits and signs of other scripts to ASCII."""

from __future__ import annotations

import unicodedata
from functools import cache

import polars as pl

DIRECTION_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Direction marks, which Windows and right-to-left pages put around the parts of a date."""
_SIGNS = {"\u066b": ".", "\u066c": ",", "\u2212": "-", "\ufe63": "-", "\uff0d": "-"}
_LAST = 0x20000  # behind the last script that has digits


def plain_digit(letter: str) -> str:
    """Return a decimal digit of any script as 0 to 9, and any other character unchanged.

    >>> plain_digit("\u0e57"), plain_digit("x")
    ('7', 'x')
    """
    number = unicodedata.decimal(letter, None)
    return letter if number is None else str(number)


def in_plain_signs(text: pl.Series) -> pl.Series:
    """Replace digits, decimal points, commas and minus signs of other scripts by their ASCII forms.

    >>> in_plain_signs(pl.Series(["\u0664\u0665\u066b\u0667", "\u22121.5", None])).to_list()
    ['45.7', '-1.5', None]
    """
    if not text.str.contains(r"[^\x00-\x7f]").any():
        return text
    return text.str.replace_many([*_known()], [*_known().values()])


@cache
def _known() -> dict[str, str]:
    digits = {letter: plain for code in range(0x80, _LAST) if (plain := plain_digit(letter := chr(code))) != letter}
    return {**digits, **_SIGNS, **dict.fromkeys(DIRECTION_MARKS, "")}
