"""Convert frames of any library to polars, including what pandas' Arrow export omits: the index, two-level columns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from correlator.base.arrow_files import check_fields
from correlator.base.source_limits import check_dates
from correlator.errors import InputError

_FIELD = "close"
DAY_NUMBERS = (19000101, 21001231)
"""The range of integers that may be days written as YYYYMMDD."""
_FEWEST_SECONDS = 10**9
"""Integers from here on are not row numbers: they count time since 1970."""
_UNNAMED = re.compile(r"|index|level_0|Unnamed: \d+|column_\d+|c\d+|__index_level_0__")
_DAY_TEXT = re.compile(r"\d+[-/. ]")
_DAY_PERIODS = ("period[D]", "period[B]", "period[h]", "period[min]", "period[s]")

_NO_TABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, TypeError)
"""Exceptions that polars raises for columns of unsupported types."""
NO_FRAME = "give a frame of polars, pandas or pyarrow, a list of rows [{...}, ...] or a dict of columns {name: [...]}"
Frame = Any
"""Anything with ``__arrow_c_stream__``: polars, pandas >= 2.2, pyarrow, a DuckDB relation."""


def is_unnamed(name: str) -> bool:
    """Whether a column name is a default one, such as pandas and polars give to row numbers in frames and files."""
    return _UNNAMED.fullmatch(name.strip()) is not None


def is_pandas(frame: Any) -> bool:
    """Whether it is a pandas DataFrame, without importing pandas."""
    return type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns")


def rereadable(frame: Any) -> Any:
    """Return a frame that can be read repeatedly: lazy frames, batch streams and plain Python become polars frames."""
    frame = from_plain(frame)
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    return pl.DataFrame(frame) if type(frame).__name__ == "RecordBatchReader" else frame


def from_plain(data: Any, what: str = "the table") -> Any:
    """Convert plain Python to a frame: a list of rows (dictionaries), or a dictionary of columns of equal length.

    A pandas Series becomes a frame of its index and values; a dictionary of them a frame with a common index, and so
    do values by day (``{day: close}``, ``{day: {"close": ...}}``, ``{"close": {day: ...}}``); a structured numpy array
    becomes a frame of its fields. Anything else is returned unchanged. Raise InputError for a column of mixed types and
    for columns of unequal length.

    Examples
    --------
    >>> from_plain([{"date": "2024-01-02", "close": 2.0}]).columns
    ['date', 'close']
    >>> from_plain({"date": ["2024-01-02"], "close": [2.0]}).height
    1
    """
    if is_series(data):
        return data.to_frame(_FIELD if data.name is None else data.name)
    if isinstance(data, Mapping) and (indexed := _of_indexed(data)) is not None:
        return indexed
    if fields := getattr(getattr(data, "dtype", None), "names", None):
        data = {name: _values_of(data[name]) for name in fields}
    is_rows = isinstance(data, list | tuple) and len(data) > 0 and all(isinstance(row, Mapping) for row in data)
    if not is_rows and not holds_columns(data):
        return data
    try:
        return pl.DataFrame([*data], infer_schema_length=None) if is_rows else pl.DataFrame(dict(data))
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        pass
    hint = "give every column a single type and the same length"
    raise InputError(f"{what} cannot be read as a {'list of rows' if is_rows else 'dict of columns'}", hint=hint)


def _values_of(field: Any) -> Any:
    """Return a field of a structured array in a form that polars accepts."""
    kind = field.dtype.kind
    return field.tolist() if kind == "O" else field.astype("datetime64[us]") if kind == "M" else field.copy()


def _of_indexed(data: Mapping[Any, Any]) -> Any:
    """Return a dictionary of indexed values, or of values by day, as a pandas frame with a common index; else None."""
    values = [*data.values()]
    by_day = bool(data) and all(map(_is_day, data))
    if by_day and not any(isinstance(value, str | list | tuple | Mapping) for value in values):
        import pandas as pd

        return pd.Series(dict(data), name=_FIELD).to_frame()
    of_series = any(is_series(value) for value in values)
    of_maps = bool(values) and all(isinstance(value, Mapping) and value for value in values)
    if not of_series and not (of_maps and (by_day or all(_is_day(key) for value in values for key in value))):
        return None
    import pandas as pd

    try:
        return pd.DataFrame.from_dict(dict(data), orient="index" if by_day else "columns")
    except (TypeError, ValueError):
        return None


def _is_day(key: Any) -> bool:
    """Whether a key of a dictionary is a date or a time."""
    return isinstance(key, date) or (isinstance(key, str) and _DAY_TEXT.match(key) is not None) or _is_numpy_time(key)


def _is_numpy_time(key: Any) -> bool:
    return getattr(getattr(key, "dtype", None), "kind", "") == "M"


def frame_name(frame: Any) -> str:
    """Return the name of a frame in errors and loads: ``pandas frame``, ``list of rows``, ``dict of columns``."""
    plain = {"list": "list of rows", "tuple": "list of rows", "dict": "dict of columns"}
    return plain.get(type(frame).__name__) or f"{type(frame).__module__.partition('.')[0]} frame"


def is_series(data: Any) -> bool:
    """Whether it is a pandas Series, without importing pandas."""
    return type(data).__module__.partition(".")[0] == "pandas" and type(data).__name__ == "Series"


def holds_columns(data: Any) -> bool:
    """Whether it is a dictionary of columns: lists or arrays of values that are not tables themselves."""
    if not isinstance(data, Mapping) or not data:
        return False
    return all(_is_column(values) for values in data.values())


def _is_column(values: Any) -> bool:
    if isinstance(values, list | tuple | range):
        return not any(isinstance(value, Mapping | list | tuple) for value in values[:1])
    return isinstance(values, pl.Series) or (getattr(values, "ndim", 0) == 1 and not is_series(values))


def with_index(frame: Any, name: str = "Date") -> Any:
    """Return a pandas frame with its index as columns, an unnamed index as ``name``; row numbers are dropped.

    Other frames are returned unchanged.
    """
    if not is_pandas(frame):
        return frame
    if _numbers_rows(frame.index):
        return frame.reset_index(drop=True)
    names = _level_names(frame.index, name)
    return frame.drop(columns=[each for each in names if each in frame.columns]).reset_index(names=names)


def _level_names(index: Any, name: str) -> list[str]:
    """Return names for the levels of a pandas index.

    An unnamed level of two is called ``name`` if it has dates and ``Symbol`` if it has text, since
    ``pd.concat({"KO": bars})`` and ``wide.stack()`` name neither.
    """
    given = [*index.names]
    if len(given) == 2 and None in given:
        words = [_holds_words(level) for level in index.levels]
        if sum(words) == 1:
            given = [level or ("Symbol" if word else name) for level, word in zip(given, words, strict=True)]
    return [level or (name if k == 0 else f"{name}_{k}") for k, level in enumerate(given)]


def _holds_words(level: Any) -> bool:
    """Whether all values of a level of a pandas index are text other than dates; ``005930`` is not a date."""
    return len(level) > 0 and all(isinstance(value, str) and not _DAY_TEXT.match(value) for value in level)


def _numbers_rows(index: Any) -> bool:
    """Whether a pandas index is just row numbers, possibly filtered: unnamed integers that are not YYYYMMDD."""
    if type(index).__name__ == "RangeIndex":
        return True
    if index.nlevels != 1 or index.name is not None or getattr(index.dtype, "kind", "") not in "iu":
        return False
    first, last = DAY_NUMBERS
    return len(index) == 0 or index.min() < first or last < index.max() < _FEWEST_SECONDS


def _known_to_arrow(frame: Any) -> Any:
    """Convert pandas types that Arrow does not know; return other frames unchanged.

    Periods of a day become dates, shorter ones times and longer ones text; Decimals become floats, and sparse columns
    dense ones.
    """
    if not is_pandas(frame):
        return frame
    of_days = [name for name, kind in frame.dtypes.items() if str(kind) in _DAY_PERIODS]
    decimals = [
        name
        for name, kind in frame.dtypes.items()
        if kind.kind == "O" and frame.columns.is_unique and isinstance(next(iter(frame[name].dropna()), None), Decimal)
    ]
    known = {name: frame[name].dt.to_timestamp() for name in of_days}
    known |= {
        name: frame[name].astype("str")
        for name, kind in frame.dtypes.items()
        if str(kind).startswith("period[") and name not in known
    }
    known |= {
        name: frame[name].sparse.to_dense() for name, kind in frame.dtypes.items() if str(kind).startswith("Sparse")
    }
    return frame.assign(**known).astype(dict.fromkeys(decimals, "float64")) if known or decimals else frame


def _mixed_as_text(frame: Any) -> Any:
    """Convert mixed-type columns (numbers and ``n/a``) of a pandas frame to text; return other frames unchanged."""
    if not is_pandas(frame):
        return frame
    objects = [name for name, kind in frame.dtypes.items() if kind.kind == "O" and frame.columns.is_unique]
    mixed = [name for name in objects if _are_single(frame[name].dropna())]
    return frame.assign(**{str(name): frame[name].map(str, na_action="ignore") for name in mixed}) if mixed else frame


def _are_single(values: Any) -> bool:
    """Whether values are scalars of several types."""
    kinds = set(map(type, values))
    return len(kinds) > 1 and not any(issubclass(kind, list | tuple | dict | set | bytes) for kind in kinds)


def stacked_symbols(frame: Any) -> Any:
    """Stack a pandas frame with two column levels, as yfinance downloads several symbols: one row per symbol and day.

    The level that contains ``Close`` names the fields, the other the symbols (a column Symbol). Other frames are
    returned unchanged.
    """
    if not is_pandas(frame) or frame.columns.nlevels != 2:
        return frame
    fields = [k for k in (0, 1) if _FIELD in {str(value).lower() for value in frame.columns.get_level_values(k)}]
    if not fields:
        return frame
    symbols = 1 - fields[0]
    plain = [name for name in frame.columns if "" in name]
    if plain and type(frame.index).__name__ == "RangeIndex":  # dates that reset_index() made a column of no symbol
        frame = frame.set_index(plain)
        frame.index = frame.index.set_names(["".join(name) for name in plain])
    stacked = frame.stack(level=symbols, future_stack=True)
    stacked.index = stacked.index.set_names("Symbol", level=-1)
    stacked.columns.name = None
    return stacked


def as_text(column: pl.Series) -> pl.Series:
    """Convert every value to text: lists and structs to JSON, bytes to the text they encode; null stays null.

    Examples
    --------
    >>> as_text(pl.Series([[1.5], None])).to_list(), as_text(pl.Series([b"AB"])).to_list()
    (['[1.5]', None], ['AB'])
    """
    kind = column.dtype
    if kind.is_numeric() or kind in (pl.String, pl.Categorical, pl.Enum, pl.Null, pl.Date, pl.Datetime, pl.Time):
        return column.cast(pl.String)
    values = (None if value is None else _written(value) for value in column.to_list())
    return pl.Series(column.name, values, dtype=pl.String)


def csv_of(frame: pl.DataFrame) -> str:
    """Return a frame as CSV text; values that CSV cannot represent are written by ``as_text``."""
    return frame.select(column if column.dtype.is_float() else as_text(column) for column in frame).write_csv()


def _written(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def to_polars(frame: Any, what: str) -> pl.DataFrame:
    """Return ``frame`` as polars; raise InputError naming ``what`` if it is not a frame, or has dates out of range."""
    table = _as_polars(frame, what)
    check_dates(table, what)
    return table


def _of_arrow(frame: Any) -> pl.DataFrame:
    """Return a frame by its Arrow export, with mixed-type columns as text if the export fails otherwise."""
    try:
        return pl.DataFrame(frame)
    except _NO_TABLE:
        text = _mixed_as_text(frame)
        if text is frame:
            raise
        return pl.DataFrame(text)


def _as_polars(frame: Any, what: str) -> pl.DataFrame:
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    frame = from_plain(frame, what)
    if not hasattr(frame, "__arrow_c_stream__"):
        raise InputError(f"{what} is a {type(frame).__name__}, not a frame", hint=NO_FRAME)
    frame = _known_to_arrow(with_index(frame))
    if type(frame).__module__.startswith("pyarrow"):
        check_fields(frame.schema, what)
    try:
        return _of_arrow(frame)
    except _NO_TABLE as problem:
        names = [str(name) for name in getattr(frame, "columns", [])]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is None:
            raise InputError(
                f"{what} cannot be read as a frame", hint="give plain columns of a single type each"
            ) from problem
        raise InputError(f"{what} has two columns named {repeated!r}", hint="keep one column per name") from problem
