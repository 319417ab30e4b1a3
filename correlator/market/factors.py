"""Read factor files in Kenneth French's layout: text before and after the table, per cent, -99.99 for missing.

Source of the layout: K. R. French's data library. The whole history is recomputed every month, so files of different
CRSP vintages differ in the past: keep the file, and report which one a study used (``FactorFile.vintage``).
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from correlator.base.files import called, is_file
from correlator.containers.unpack import unpacked_bytes
from correlator.errors import InputError, NotFoundError
from correlator.market.factor_units import FRACTION, PERCENT, check_unit

_MISSING = (-99.99, -999.0)
_DAY = re.compile(r"^\d{4}-?\d{2}-?\d{2}$")
_MONTH = re.compile(r"^\d{4}-?\d{2}$")
_SPACED = re.compile(r"^\s*(\d{8}|\d{6}|\d{4}-\d{2}(-\d{2})?)([ \t]+[-+]?\d*\.?\d+)+\s*$")
_VINTAGE = re.compile(r"\b(\d{4})(\d{2}) CRSP database")
_PER_CENT_FROM = 0.1
_ENOUGH = 60


@dataclass(frozen=True)
class FactorFile:
    """Factors of one file.

    ``factors``: session (Date), then one column per factor, returns as fractions, null if missing; monthly files are
    labelled with the last day of the month; ``vintage``: year and month of the CRSP database, if the file states it;
    ``notes``: remarks for the user; ``rejects``: source, source_line, reason, content.
    """

    factors: pl.DataFrame
    vintage: str | None
    notes: tuple[str, ...]
    rejects: pl.DataFrame


def read_factors(path: str | Path, *, unit: str | None = None, as_written: str | None = None) -> FactorFile:
    """Read the first table of a factor file and convert per cent to fractions.

    ``unit``: percent or fraction; by default a standard deviation of the first factor above 0.1 means per cent.
    ``as_written``: a column that is not converted, since it has a unit of its own. Raise NotFoundError for a missing
    file, and InputError for a file without a factor table or without a readable row, or with levels instead of returns.
    """
    check_unit(unit)
    file = Path(path)
    if not is_file(file):
        raise NotFoundError(f"{path} does not exist", hint="check the path")
    with io.BytesIO(unpacked_bytes(file)) as lines:
        text = [*map(_with_commas, lines.read().decode("utf-8-sig", errors="replace").splitlines())]
    start = _first_row(text)
    if start is None:
        raise InputError(f"{path} has no table of dates and factors", hint="give a file in Kenneth French's layout")
    names = _names(text, start)
    rows, rejects, end = _rows(text, start, len(names))
    if not rows:
        number, reason, _ = rejects[0]
        raise InputError(f"{path} has no readable row of factors: line {number}: {reason}", hint="check its figures")
    table = _table(rows, names)
    names = [name for name in names if name != as_written]
    if names and unit is None and table.height >= _ENOUGH and bool((table[names[0]].drop_nulls() > 0).all()):
        raise InputError(
            f"{path}: every {names[0]} is positive, so it contains levels, not returns",
            hint="load it with `add prices`, or give factors_unit='percent' if these are returns",
        )
    unit_of_file = unit or (_unit_of(table, names) if names else FRACTION)
    is_percent = unit_of_file == PERCENT
    converted = [table[name].alias(name) / 100.0 for name in names] if is_percent else []
    factors = table.with_columns(converted)
    vintage = next((f"{match[1]}-{match[2]}" for line in text[:start] if (match := _VINTAGE.search(line))), None)
    notes = ["figures are in per cent, converted to fractions" if is_percent else "figures are fractions"]
    rest = sum(1 for line in text[end:] if _DAY.match(_label(line)) or _MONTH.match(_label(line)))
    if rest:
        notes.append(f"skipped {rest:,} rows of a second table")
    return FactorFile(factors, vintage, tuple(notes), _as_rejects(called(path), rejects))


def has_factor_table(path: Path) -> bool:
    """Whether the text file has a row that begins with a compact or ISO date and has figures."""
    with io.BytesIO(unpacked_bytes(path)) as lines:
        written = (_with_commas(line.decode("utf-8-sig", errors="replace")) for line in lines)
        return any(_first_row([line]) is not None for line in written)


def _with_commas(line: str) -> str:
    """Replace the spaces between the cells of a row by commas, as the library's text files need; keep other lines."""
    return ",".join(line.split()) if _SPACED.match(line) else line


def _label(line: str) -> str:
    return line.split(",", 1)[0].strip()


def _first_row(text: Sequence[str]) -> int | None:
    """Return the index of the first line that begins with a date and has figures, or None."""
    for number, line in enumerate(text):
        label = _label(line)
        if "," in line and (_DAY.match(label) or _MONTH.match(label)):
            return number
    return None


def _names(text: Sequence[str], start: int) -> list[str]:
    """Return the factor names from the header above the first row."""
    width = text[start].count(",")
    for line in reversed(text[:start]):
        cells = [cell.strip() for cell in line.rstrip().rstrip(",").split(",")]
        cells = cells if "," in line else ["", *line.split()]
        if len(cells) == width + 1 and all(cells[1:]):
            return cells[1:]
        if line.strip():
            break
    raise InputError(
        f"the factor table on line {start + 1} has no header",
        hint="name the factors on the line above it",
    )


def _rows(text: Sequence[str], start: int, width: int) -> tuple[list[list[object]], list[tuple[int, str, str]], int]:
    """Return the rows of the table, the lines inside it that are not rows, and the index of the line after it."""
    rows: list[list[object]] = []
    rejects: list[tuple[int, str, str]] = []
    layout = _DAY if _DAY.match(_label(text[start])) else _MONTH
    for number, line in enumerate(text[start:], start=start):
        cells = [cell.strip() for cell in line.rstrip().split(",")]
        if not line.strip() or not layout.match(cells[0]):
            return rows, rejects, number
        figures = cells[1 : width + 1]
        try:
            rows.append([cells[0].replace("-", ""), *(float(figure) if figure else None for figure in figures)])
        except ValueError:
            rejects.append((number + 1, "a figure is not a number", line))
            continue
        if len(figures) < width:
            rows.pop()
            rejects.append((number + 1, f"{len(figures)} figures instead of {width}", line))
    return rows, rejects, len(text)


def _table(rows: Sequence[Sequence[object]], names: Sequence[str]) -> pl.DataFrame:
    if len(set(names)) < len(names):
        raise InputError(f"the header has duplicate factor names: {', '.join(names)[:200]}")
    schema: dict[str, pl.DataType] = {"label": pl.String(), **{name: pl.Float64() for name in names}}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    day = pl.col("label").str.to_date("%Y%m%d", strict=False)
    month = (pl.col("label") + "01").str.to_date("%Y%m%d", strict=False).dt.month_end()
    session = pl.when(pl.col("label").str.len_chars() == 8).then(day).otherwise(month).alias("session")
    figures = pl.col(pl.Float64)  # by type: names such as * are patterns
    known = pl.when(~figures.is_in(_MISSING)).then(figures)
    return table.select(session, known).filter(pl.col("session").is_not_null())


def _unit_of(table: pl.DataFrame, names: Sequence[str]) -> str:
    spread = table[names[0]].std()
    return PERCENT if isinstance(spread, float) and spread > _PER_CENT_FROM else FRACTION


def _as_rejects(source: str, rejects: Sequence[tuple[int, str, str]]) -> pl.DataFrame:
    schema = {"source_line": pl.Int64(), "reason": pl.String(), "content": pl.String()}
    rows = pl.DataFrame(list(rejects), schema=schema, orient="row")
    return rows.select(pl.lit(source).alias("source"), "source_line", "reason", "content")
