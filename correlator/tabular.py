"""What pandas keeps beside its columns: an index, which its Arrow export leaves out, and columns of two levels."""

from __future__ import annotations

from typing import Any

import polars as pl

from correlator.errors import InputError

_FIELD = "close"

Frame = Any
"""Anything with ``__arrow_c_stream__``: polars, pandas >= 2.2, pyarrow, a DuckDB relation."""


def is_pandas(frame: Any) -> bool:
    """Whether it is a pandas DataFrame, told without importing pandas."""
    return type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "reset_index")


def with_index(frame: Any, name: str = "Date") -> Any:
    """A pandas frame with its index as columns, an index without a name as ``name``; a plain count of rows is dropped.

    Other frames, and pandas frames without an index worth keeping, are returned as they are.
    """
    if not is_pandas(frame) or type(frame.index).__name__ == "RangeIndex":
        return frame
    names = [level or (name if k == 0 else f"{name}_{k}") for k, level in enumerate(frame.index.names)]
    return frame.drop(columns=[each for each in names if each in frame.columns]).reset_index(names=names)


def stacked_symbols(frame: Any) -> Any:
    """A pandas frame of two levels of columns, as yfinance downloads several symbols, with one row per symbol and day.

    The level that holds ``Close`` names the figures, the other the symbols (a column Symbol). Other frames are returned
    as they are.
    """
    if not is_pandas(frame) or frame.columns.nlevels != 2:
        return frame
    fields = [k for k in (0, 1) if _FIELD in {str(value).lower() for value in frame.columns.get_level_values(k)}]
    if not fields:
        return frame
    symbols = 1 - fields[0]
    stacked = frame.stack(level=symbols, future_stack=True)
    stacked.index = stacked.index.set_names("Symbol", level=-1)
    stacked.columns.name = None
    return stacked


def to_polars(frame: Any, what: str) -> pl.DataFrame:
    """``frame`` as polars; raises InputError naming ``what`` when it is not a frame."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if not hasattr(frame, "__arrow_c_stream__"):
        raise InputError(f"{what} is a {type(frame).__name__}, not a frame", hint="give polars, pandas or pyarrow")
    try:
        return pl.DataFrame(with_index(frame))
    except (pl.exceptions.PolarsError, ValueError, TypeError) as problem:
        names = [str(name) for name in getattr(frame, "columns", [])]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is None:
            raise InputError(f"{what} cannot be read as a frame", hint="give plain columns, one type each") from problem
        raise InputError(f"{what} has the column {repeated!r} twice", hint="keep one column per name") from problem
