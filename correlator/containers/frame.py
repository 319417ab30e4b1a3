"""A frame as a raw table: names of columns that pandas made of two levels are two header cells again."""

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
    """The rows of a frame as a raw table, numbered from ``first_row``.

    Raises InputError for one without rows, or too large.
    """
    check_shape(frame.height, frame.width, source)
    if frame.is_empty():
        raise InputError(f"{source} holds no rows", hint="check the source")
    index = [name for name in frame.columns if name.startswith("__index_level_")]
    named = frame.rename(dict.fromkeys(index[:1], "Date")) if index and "Date" not in frame.columns else frame
    header = tuple(levels_of(name) for name in named.columns)
    cells = [_as_cells(column) for column in named]
    plain = pl.DataFrame([values.alias(name) for name, values in zip(column_names(named.width), cells, strict=True)])
    return RawTable(source, plain.with_row_index(LINE, offset=first_row), header, no_lines(), is_text=False)


def _as_cells(column: pl.Series) -> pl.Series:
    """Numbers, dates and texts as they are, and of whatever else a frame may hold the text: a list is not a price, and
    what reads prices says so as it does of any text.
    """
    kind = column.dtype
    return column if kind.is_numeric() or kind in (pl.String, pl.Date, pl.Datetime, pl.Null) else as_text(column)


def levels_of(name: str) -> tuple[str, ...]:
    """The header cells of a column; pandas writes two levels into Parquet and JSON as ``('Close', 'KO')``."""
    if _LEVELS.match(name):
        try:
            levels = ast.literal_eval(name)
        except (ValueError, SyntaxError):
            return (name,)
        if isinstance(levels, tuple):
            return tuple(str(level) for level in levels)
    return (name.strip(),)
