"""Frames to stdout or a file, narration and progress to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.options import settings
from correlator.errors import InputError, NotFoundError

if TYPE_CHECKING:
    import polars as pl


class OutputFormat(StrEnum):
    """How a table is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


_WIDE = 1_000
"""Columns of a table that goes to a file or pipe: nothing is folded there."""

FormatOption = Annotated[
    OutputFormat | None,
    typer.Option("--format", help="How to print (default: table on a terminal, csv elsewhere).", show_default=False),
]
OutputOption = Annotated[
    Path | None, typer.Option("--to", help="Write to this file instead of stdout.", show_default=False)
]


def print_frame(frame: pl.DataFrame, format: OutputFormat | None = None, path: Path | None = None) -> None:
    """Print ``frame`` to stdout, or write it to ``path``; instants as ISO 8601 in UTC.

    Raises NotFoundError where the folder of ``path`` does not exist, InputError for Parquet to a terminal.
    """
    chosen = destination(format, path)
    if chosen is OutputFormat.TABLE:
        _print_table(frame, path)
        return
    if chosen is OutputFormat.PARQUET:
        if path is None and sys.stdout.isatty():
            raise InputError("parquet is not for a terminal", hint="give --to FILE, or pipe it")
        if path is not None:
            frame.write_parquet(path)
            return
        content = BytesIO()  # a whole file first: a reader that leaves is then a broken pipe like any other
        frame.write_parquet(content)
        sys.stdout.buffer.write(content.getbuffer())
        return
    text = _csv(frame) if chosen is OutputFormat.CSV else _json(frame)
    if path is not None:
        path.write_text(text, encoding="utf-8", newline="")
    else:
        sys.stdout.write(text)


def destination(format: OutputFormat | None, path: Path | None) -> OutputFormat:
    """How a frame is written to ``path`` (None: stdout): as asked for, else by its ending, a terminal or a pipe.

    Raises NotFoundError where the folder of ``path`` does not exist.
    """
    if path is not None and not path.parent.is_dir():
        raise NotFoundError(f"folder {path.parent} does not exist", hint="make it, or write elsewhere")
    return format or _default_format(path)


def narrate(text: str) -> None:
    """Say something to the person at the prompt: one line on stderr, nothing under ``--quiet``."""
    chosen = settings()
    if chosen.json_logs:
        print(json.dumps({"level": "info", "message": text}, ensure_ascii=False), file=sys.stderr)
    elif not chosen.quiet:
        print(text, file=sys.stderr)


def complain(text: str, *, level: str = "error") -> None:
    """One line on stderr about what went wrong; never silenced."""
    if settings().json_logs:
        print(json.dumps({"level": level, "message": text}, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"{level}: {text}", file=sys.stderr)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr with rate and time left; yields the function that takes the number of further items.

    It comes after a second, so that short work draws nothing. Silent where stderr is no terminal, and under ``--quiet``
    and ``--json-logs``.
    """
    chosen = settings()
    if not sys.stderr.isatty() or chosen.quiet or chosen.json_logs:
        yield lambda _: None
        return
    from correlator.cli.bar import Bar

    bar = Bar(description, total)
    try:
        yield bar.advance
    finally:
        bar.close()


def _default_format(path: Path | None) -> OutputFormat:
    if path is None:
        return OutputFormat.TABLE if sys.stdout.isatty() else OutputFormat.CSV
    try:
        return OutputFormat(path.suffix.lstrip(".").lower())
    except ValueError:
        return OutputFormat.CSV


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with instants and dates as ISO 8601 text."""
    import polars as pl

    instants = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone]
    return frame.with_columns(pl.col(instants).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"), pl.col(pl.Date).cast(pl.String))


def _csv(frame: pl.DataFrame) -> str:
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    joined = frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join("; ") for name in nested)
    return _plain(joined).write_csv()


def _json(frame: pl.DataFrame) -> str:
    rows = [json.dumps(_without_nan(row), ensure_ascii=False) for row in _plain(frame).iter_rows(named=True)]
    return "[" + ",\n ".join(rows) + "]\n"


def _without_nan(row: dict[str, object]) -> dict[str, object]:
    """JSON has no NaN: null instead."""
    return {name: None if isinstance(value, float) and value != value else value for name, value in row.items()}


def _print_table(frame: pl.DataFrame, path: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    numeric = {name for name, kind in frame.schema.items() if kind.is_numeric()}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in frame.columns:
        table.add_column(name, justify="right" if name in numeric else "left", overflow="fold")
    for row in _plain(frame).iter_rows():
        table.add_row(*(_cell(value) for value in row))
    if path is None:
        (Console() if sys.stdout.isatty() else Console(width=_WIDE)).print(table)
        return
    with path.open("w", encoding="utf-8") as file:
        Console(file=file, width=_WIDE).print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else escape(str(value))
