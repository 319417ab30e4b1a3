"""Convert a frame to a raw table; two-level column names flattened by pandas become two header cells again."""

from __future__ import annotations

import ast
import re

import polars as pl

from correlator.base.source_limits import check_shape
from correlator.base.tabular import as_text
from correlator.containers.raw import LINE, RawTable, column_names, no_lines
from correlator.errors import InputError

_LEVELS = re.compile(r"^\(\s*'.*'\s*\)$")


def raw_of_frame(frame: pl.DataFrame, source: str, first_row: int = 1) -> RawTable:
    """Return the rows of a frame as a raw table, numbered from ``first_row``.

    Raise InputError if the frame is empty or too large.
    """
    check_shape(frame.height, frame.width, source)
    if frame.is_empty():
        raise InputError(f"{source} has no rows", hint="check the source")
    index = [name for name in frame.columns if name.startswith("__index_level_")]
    named = frame.rename(dict.fromkeys(index[:1], "Date")) if index and "Date" not in frame.columns else frame
    header = tuple(levels_of(name) for name in named.columns)
    cells = [_as_cells(column) for column in named]
    plain = pl.DataFrame([values.alias(name) for name, values in zip(column_names(named.width), cells, strict=True)])
    return RawTable(source, plain.with_row_index(LINE, offset=first_row), header, no_lines(), is_text=False)


def _as_cells(column: pl.Series) -> pl.Series:
    """Return numbers, dates and text unchanged, and values of any other type as text, for the reader to reject."""
    kind = column.dtype
    return column if kind.is_numeric() or kind in (pl.String, pl.Date, pl.Datetime, pl.Null) else as_text(column)


def levels_of(name: str) -> tuple[str, ...]:
    """Return the header cells of a column; pandas writes two levels into Parquet and JSON as ``('Close', 'KO')``."""
    if _LEVELS.match(name):
        try:
            levels = ast.literal_eval(name)
        except (ValueError, SyntaxError):
            return (name,)
        if isinstance(levels, tuple):
            return tuple(str(level) for level in levels)
    return (name.strip(),)
