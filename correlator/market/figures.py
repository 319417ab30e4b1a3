"""Numbers as price files print them: thousands marks, decimal commas, 1.2M, per cent, and the ways to say nothing."""

from __future__ import annotations

import polars as pl

_NOTHING = ["", "-", "--", "—", "null", "none", "nan", "n/a", "na", "#n/a", "nil"]
_SCALES = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def as_numbers(column: pl.Series, *, decimal_comma: bool = False) -> pl.Series:
    """The column as Float64; what says nothing, is not finite, or is no number becomes null (see ``not_numbers``)."""
    if column.dtype != pl.String:
        return _finite(column.cast(pl.Float64, strict=False))
    text = column.str.strip_chars()
    if not decimal_comma:
        plain = text.cast(pl.Float64, strict=False)
        if (plain.is_null() == _says_nothing(text)).all():
            return _finite(plain)
    return _finite(_dressed(text, decimal_comma))


def not_numbers(column: pl.Series, numbers: pl.Series) -> pl.Series:
    """True where the column says something that is no number."""
    if column.dtype != pl.String:
        return column.is_not_null() & numbers.is_null() & ~_is_nan(column)
    return numbers.is_null() & ~_says_nothing(column.str.strip_chars())


def has_decimal_comma(column: pl.Series) -> bool:
    """Whether a text column writes 1.234,56: every comma is followed by one or two digits and the end, or many."""
    if column.dtype != pl.String:
        return False
    text = column.str.strip_chars().drop_nulls()
    with_comma = text.filter(text.str.contains(",", literal=True))
    if with_comma.is_empty():
        return False
    return bool(
        with_comma.str.contains(r"^-?\d{1,3}(\.?\d{3})*,\d+$").all() and not with_comma.str.contains(r",\d{3}$").all()
    )


def _dressed(text: pl.Series, decimal_comma: bool) -> pl.Series:
    frame = pl.DataFrame({"text": text})
    thousands, point = (".", ",") if decimal_comma else (",", ".")
    bare = pl.col("text").str.replace_all(r"[\s\u00a0'$€£%]|^(Rs\.?|PKR)", "")
    grouped = bare.str.contains(rf"^-?\d{{1,3}}(\{thousands}\d{{2,3}})*(\{point}\d+)?[KMBTkmbt]?$")
    ungrouped = pl.when(grouped).then(bare.str.replace_all(thousands, "", literal=True)).otherwise(bare)
    plain = ungrouped.str.replace(",", ".", literal=True) if decimal_comma else ungrouped
    scale = plain.str.extract(r"([KMBTkmbt])$", 1).str.to_uppercase().replace_strict(_SCALES, default=1.0)
    value = plain.str.replace(r"[KMBTkmbt]$", "").cast(pl.Float64, strict=False)
    return frame.select((value * scale).alias("text")).to_series()


def _says_nothing(text: pl.Series) -> pl.Series:
    return text.is_null() | text.str.to_lowercase().is_in(_NOTHING)


def _finite(numbers: pl.Series) -> pl.Series:
    if numbers.is_finite().all():
        return numbers
    frame = pl.DataFrame({"n": numbers})
    return frame.select(pl.when(pl.col("n").is_finite()).then(pl.col("n")).alias(numbers.name)).to_series()


def _is_nan(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        return column.is_nan().fill_null(False)
    return pl.Series([False]).new_from_index(0, len(column))
