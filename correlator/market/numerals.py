"""Figures and dates as other scripts and programs print them, in the signs that everything here reads."""

from __future__ import annotations

import unicodedata

import polars as pl

_ZEROS = ("\u0660", "\u06f0", "\u0966", "\uff10")
"""The zeros of Arabic, Persian, Devanagari and wide digits; the other nine follow each."""
_DIGITS = {chr(ord(zero) + n): str(unicodedata.digit(zero) + n) for zero in _ZEROS for n in range(10)}
_SIGNS = {"\u066b": ".", "\u066c": ",", "\u2212": "-", "\ufe63": "-", "\uff0d": "-"}
# Marks of the direction of text, which Windows puts between the parts of a date that is copied.
_MARKS = dict.fromkeys("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff", "")
_KNOWN = {**_DIGITS, **_SIGNS, **_MARKS}


def in_plain_signs(text: pl.Series) -> pl.Series:
    """Text with the digits 0 to 9, a point, a comma and a hyphen for the same signs of other scripts and of print.

    >>> in_plain_signs(pl.Series(["\u0664\u0665\u066b\u0667", "\u22121.5", None])).to_list()
    ['45.7', '-1.5', None]
    """
    if not text.str.contains(r"[^\x00-\x7f]").any():
        return text
    return text.str.replace_many([*_KNOWN], [*_KNOWN.values()])
