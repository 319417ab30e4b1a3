"""Parse numbers as price files write them: thousands separators, decimal commas, 1.2M, per cent, and missing values.

``45,780`` can be forty-five or forty-five thousand. The whole file decides: a volume of ``7,37M`` or a change of
``-0,08%`` proves that the comma is decimal, ``1,234,567`` that it is not. If nothing does, the caller has to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import polars as pl

from correlator.base.numerals import in_plain_signs
from correlator.errors import InputError
from correlator.market.names.currencies import currencies

_NOTHING = [
    "",
    "-",
    "--",
    "—",
    "–",
    ".",
    "null",
    "none",
    "nan",
    "nat",
    "n/a",
    "na",
    "n.a.",
    "#n/a",
    "#n/a n/a",
    "nil",
    "\\n",
    "#value!",
]
_SCALES = {
    "k": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "mio": 1e6,
    "mil": 1e3,
    "lac": 1e5,
    "lakh": 1e5,
    "cr": 1e7,
    "b": 1e9,
    "bn": 1e9,
    "mrd": 1e9,
    "t": 1e12,
}
_LOOKED_AT = 2000
_NEGATIVE = (r"^\((\d[^()]*)\)$", r"^(\d[\d.,]*)-$")
"""Negative numbers as accountants and mainframes write them: (37.63), 37.63-."""
_SUFFIX = r"(?i)(k|m|mn|mio|mil|lac|lakh|cr|b|bn|mrd|t)\.?$"
# Patterns that only one decimal mark can explain; {0} is the decimal mark, {1} the other.
_PROOFS = (
    r"^-?\d*{0}\d{{1,2}}$",
    r"^-?\d+{0}\d{{4,}}$",
    r"^-?0{0}\d+$",
    r"^-?\d{{4,}}{0}\d+$",
    r"^-?\d{{1,3}}({1}\d{{2,3}})*{1}\d{{3}}{0}\d+$",
    r"^-?\d{{1,3}}({1}\d{{2,3}})+{1}\d{{3}}$",
)
_EITHER = r"^-?[1-9]\d{{0,2}}{0}\d{{3}}$"


def machine_numbers(column: pl.Series) -> pl.Series | None:
    """Return the column as Float64 if every number is in machine form (decimal point, no decoration), else None."""
    if column.dtype != pl.String:
        return _finite(column.cast(pl.Float64, strict=False))
    machine = column.cast(pl.Float64, strict=False)
    if machine.null_count() == column.null_count():
        return _finite(machine)
    text = column.str.strip_chars()
    machine = text.cast(pl.Float64, strict=False)
    return _finite(machine) if (machine.is_null() == missing_cells(text)).all() else None


def as_numbers(column: pl.Series, *, decimal: str = ".") -> pl.Series:
    """Return the column as Float64; missing, non-finite and non-numeric values become null (see ``not_numbers``)."""
    machine = machine_numbers(column) if decimal == "." or column.dtype != pl.String else None
    return _finite(_dressed(column.str.strip_chars(), decimal)) if machine is None else machine


def not_numbers(column: pl.Series, numbers: pl.Series) -> pl.Series:
    """Return a mask of the non-missing values that are not numbers."""
    if column.dtype != pl.String:
        return column.is_not_null() & numbers.is_null() & ~_is_nan(column)
    if numbers.null_count() == column.null_count():
        return pl.Series([False]).new_from_index(0, len(column))
    return numbers.is_null() & ~missing_cells(column.str.strip_chars())


def decimal_mark(
    columns: Mapping[str, pl.Series],
    others: Iterable[pl.Series] = (),
    *,
    stated: str | None = None,
    usual: str | None = None,
    source: str = "the file",
) -> str:
    """Return the decimal mark of a source, ``.`` or ``,``.

    Parameters
    ----------
    columns : mapping of str to Series
        Columns of numbers by field; in ``volume`` an ambiguous ``643,450`` is taken as an integer.
    others : iterable of Series
        Further columns of numbers, used as evidence only.
    stated : str, optional
        The mark that the caller states.
    usual : str, optional
        The mark that the layout always uses; decides if the numbers do not.
    source : str
        Name of the source for messages.

    Raises
    ------
    InputError
        If the numbers prove both marks, prove the one not stated, or could be read with either.
    """
    texts = {name: column for name, column in columns.items() if column.dtype == pl.String}
    bare = [_bare(column) for column in texts.values()]
    bare += [_bare(column.head(_LOOKED_AT)) for column in others if column.dtype == pl.String]
    proofs = {mark: _first_proof(bare, mark) for mark in ".,"}
    if stated is not None:
        other = "," if stated == "." else "."
        if proofs[other] and not proofs[stated]:
            raise InputError(
                f"{source} contains {proofs[other]}, which has a decimal {_WORDS[other]}, not a {_WORDS[stated]}",
                hint="leave out decimal (--decimal)",
            )
        return stated
    if proofs["."] and proofs[","]:
        raise InputError(
            f"{source} contains both {proofs['.']} and {proofs[',']}: a decimal point and a decimal comma",
            hint="give decimal (--decimal . or --decimal ,); rows that do not fit are then rejected",
        )
    if proofs["."] or proofs[","]:
        return "." if proofs["."] else ","
    return _undecided(texts, usual, source)


_WORDS = {".": "point", ",": "comma"}


def _undecided(texts: Mapping[str, pl.Series], usual: str | None, source: str) -> str:
    """Return the mark if no number proves one: the layout's, else a point; raise InputError if a price is ambiguous."""
    prices = [_bare(column) for name, column in texts.items() if name != "volume"]
    commas, points = (_first(prices, _EITHER.format("," if mark == "," else r"\.")) for mark in ",.")
    if points and usual == ",":
        raise InputError(
            f"{source}: {points} is ambiguous: {points.replace('.', '')} or {points}",
            hint="give decimal (--decimal . or --decimal ,)",
        )
    if commas and usual is None:
        raise InputError(
            f"{source}: {commas} is ambiguous: {commas.replace(',', '')} or {commas.replace(',', '.')}",
            hint="give decimal (--decimal . or --decimal ,)",
        )
    return usual or "."


def _bare(column: pl.Series) -> pl.Series:
    return _undressed(column.drop_nulls().str.strip_chars()).str.replace(_SUFFIX, "")


@cache
def _dressing() -> str:
    """Return the pattern of decorations around digits: spaces, thousands separators, per cent signs, currencies."""
    codes = "|".join(sorted(currencies()))
    return rf"[\s\u00a0\u202f'’$€£¥₹₨₺₩%+]|^(Rs\.?|[A-Z]{{1,2}}\$|{codes})|({codes}|/[-=])$"


def _undressed(text: pl.Series) -> pl.Series:
    """Strip the decorations of numbers, and write negative ones with a leading hyphen."""
    bare = in_plain_signs(text).str.replace_all(_dressing(), "")
    for written in _NEGATIVE:
        bare = bare.str.replace(written, "-${1}")
    return bare


def _first_proof(columns: Iterable[pl.Series], mark: str) -> str | None:
    decimal, other = (r"\.", ",") if mark == "." else (",", r"\.")
    pattern = "|".join(f"(?:{proof.format(decimal, other)})" for proof in _PROOFS)
    return _first(columns, pattern)


def _first(columns: Iterable[pl.Series], pattern: str) -> str | None:
    """Return the first value of any column that matches, or None."""
    for column in columns:
        hits = column.filter(column.str.contains(pattern))
        if len(hits):
            return str(hits[0])
    return None


def _dressed(text: pl.Series, decimal: str) -> pl.Series:
    frame = pl.DataFrame({"bare": _undressed(text)})
    thousands, point = (r"\.", ",") if decimal == "," else (",", r"\.")
    bare = pl.col("bare")
    scale = bare.str.extract(_SUFFIX, 1).str.to_lowercase().replace_strict(_SCALES, default=1.0)
    digits = bare.str.replace(_SUFFIX, "")
    grouped = digits.str.contains(rf"^-?\d{{1,3}}({thousands}\d{{2,3}})*({point}\d*)?$")
    ungrouped = pl.when(grouped).then(digits.str.replace_all(thousands, "")).otherwise(digits)
    plain = ungrouped.str.replace(",", ".", literal=True) if decimal == "," else ungrouped
    usable = grouped | digits.str.contains(rf"^-?\d*({point}\d*)?([eE][-+]?\d+)?$")
    value = pl.when(usable).then(plain).cast(pl.Float64, strict=False)
    return frame.select((value * scale).alias(text.name)).to_series()


def missing_cells(text: pl.Series) -> pl.Series:
    """Return a mask of missing cells: null, empty, or a word for a missing value such as ``n/a``, ``-``, ``NaT``."""
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
