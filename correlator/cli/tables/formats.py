"""The output formats of tables: one entry per format, from which extensions, help and error messages follow."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from correlator.errors import InputError

if TYPE_CHECKING:
    import polars as pl


class OutputFormat(StrEnum):
    """Output format of a table."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"


@dataclass(frozen=True)
class Form:
    """An output format: its file extensions, how a frame is encoded, and whether a terminal can show it."""

    endings: tuple[str, ...]
    encode: Callable[[pl.DataFrame], bytes]
    is_text: bool


def format_of(path: Path) -> OutputFormat:
    """Return the format for the extension of ``path``, CSV if it has none; raise InputError for an unknown one."""
    ending = path.suffix.lower()
    if not ending:
        return OutputFormat.CSV
    for name, form in FORMS.items():
        if ending in form.endings:
            return name
    known = ", ".join(ending for form in FORMS.values() for ending in form.endings)
    raise InputError(f"{path.name}: unsupported table format {ending}", hint=f"use {known}, or give --format")


def check_ending(path: Path, chosen: OutputFormat) -> None:
    """Raise InputError if the extension of ``path`` stands for another format than ``chosen``."""
    ending = path.suffix.lower()
    meant = next((name for name, form in FORMS.items() if ending in form.endings), chosen)
    if meant is not chosen and FORMS[meant].endings != (".txt",):
        raise InputError(
            f"{path.name} has the extension of {meant.value}, but --format is {chosen.value}", hint="leave one out"
        )


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with timestamps (in UTC) and dates as ISO 8601 text."""
    import polars as pl

    return frame.with_columns(
        pl.selectors.datetime(time_zone="*").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"),
        pl.col(pl.Date).cast(pl.String),
    )


def joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with nested values as text: lists joined by semicolons, structs as JSON, bytes as hex."""
    import polars as pl

    return frame.with_columns(_flat(pl.nth(place), kind) for place, kind in enumerate(frame.dtypes))


def _flat(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    import polars as pl

    if isinstance(kind, pl.List | pl.Array) and not kind.inner.is_nested() and kind.inner != pl.Binary:
        return column.cast(pl.List(pl.String)).list.join("; ")
    if kind.is_nested():
        return column.map_elements(_json_text, return_dtype=pl.String)
    return column.bin.encode("hex") if kind == pl.Binary else column


def _json_text(value: object) -> str:
    import polars as pl

    plain_value = value.to_list() if isinstance(value, pl.Series) else value
    return json.dumps(_finite(plain_value), ensure_ascii=False, default=_text)


def _csv(frame: pl.DataFrame) -> bytes:
    return plain(joined(frame)).write_csv().encode()


def _json(frame: pl.DataFrame) -> bytes:
    rows = (json.dumps(_finite(row), ensure_ascii=False, default=_text) for row in plain(frame).iter_rows(named=True))
    return ("[" + ",\n ".join(rows) + "]\n").encode()


def _text(value: object) -> str:
    """Return a value that JSON cannot represent as text: bytes as hexadecimal digits, anything else by ``str``."""
    return value.hex() if isinstance(value, bytes) else str(value)


def _finite(value: object) -> object:
    """Return the value as JSON can represent it, also inside lists and dicts: NaN and infinity as null, decimals as
    numbers.
    """
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return value


def _parquet(frame: pl.DataFrame) -> bytes:
    content = BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def _xlsx(frame: pl.DataFrame) -> bytes:
    """Return a workbook with typed cells and a frozen header; timestamps are in UTC, since Excel has no time zones."""
    import polars as pl
    from xlsxwriter import Workbook

    limit = 1_048_575
    if frame.height > limit:
        raise InputError(
            f"an Excel sheet holds at most {limit:,} rows, the table has {frame.height:,}", hint="use csv or parquet"
        )
    zoned = pl.selectors.datetime(time_zone="*")
    naive = joined(frame).with_columns(zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None))
    content = BytesIO()
    workbook = Workbook(content, {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True})
    naive.write_excel(
        workbook,
        autofit=True,
        freeze_panes=(1, 0),
        float_precision=6,
        dtype_formats={pl.Datetime: "yyyy-mm-dd hh:mm:ss", pl.Date: "yyyy-mm-dd"},
    )
    workbook.close()
    return content.getvalue()


def _table(frame: pl.DataFrame) -> bytes:
    from correlator.cli.tables.terminal_table import whole_table

    return whole_table(frame).encode()


FORMS: dict[OutputFormat, Form] = {
    OutputFormat.CSV: Form((".csv",), _csv, True),
    OutputFormat.JSON: Form((".json",), _json, True),
    OutputFormat.PARQUET: Form((".parquet", ".pq"), _parquet, False),
    OutputFormat.XLSX: Form((".xlsx",), _xlsx, False),
    OutputFormat.TABLE: Form((".txt",), _table, True),
}
