"""The options of every verb that prints a table, and how the table is printed or written."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from correlator.base.files import write_atomically
from correlator.base.inert import safe_cells, visible
from correlator.cli.options.group import takes_group
from correlator.cli.tables.formats import FORMS, OutputFormat, check_ending, format_of, joined
from correlator.cli.terminal.output import checked_target, emit
from correlator.errors import InputError, NotFoundError, likeliest

if TYPE_CHECKING:
    import polars as pl


MADE_KEY = "correlator"
"""Key in a Parquet file's metadata that records how the table was made."""


@dataclass(frozen=True)
class TableOptions:
    """The options of a verb that prints a table; each field becomes an option of the verb given to ``prints_table``."""

    format: Annotated[
        OutputFormat | None,
        typer.Option("--format", help="Output format (default: table on a terminal, else csv).", show_default=False),
    ] = None
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Write to this file (.csv, .json, .parquet, .xlsx or .txt) instead of stdout.",
            show_default=False,
            callback=checked_target,
        ),
    ] = None
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="Columns to print, in this order, separated by commas.", show_default=False),
    ] = None
    every_row: Annotated[
        bool, typer.Option("--all", help="On a terminal, show every row and column, in a pager if they do not fit.")
    ] = False

    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is", help="In CSV, do not put an apostrophe before text that a spreadsheet would run as a formula."
        ),
    ] = False

    @property
    def destination(self) -> OutputFormat:
        """Return the output format: ``--format``, else by the file's extension, else by whether stdout is a terminal.

        Raises InputError for an unknown extension.
        """
        if self.to is None:
            return self.format or (OutputFormat.TABLE if sys.stdout.isatty() else OutputFormat.CSV)
        if self.format is None:
            return format_of(self.to)
        check_ending(self.to, self.format)
        return self.format

    @property
    def for_a_person(self) -> bool:
        """Whether the table is shown on a terminal rather than written to a file or pipe."""
        return self.to is None and self.format in (None, OutputFormat.TABLE) and sys.stdout.isatty()

    def print(
        self,
        frame: pl.DataFrame,
        name: str = "",
        *,
        unit: str = "%",
        made: dict[str, Any] | None = None,
        groups: tuple[str, ...] = (),
    ) -> None:
        """Print ``frame``, or write it to ``to``.

        ``name``: entry of ``looks.LOOKS`` to use on a terminal, shown after the columns ``groups``; ``unit``: unit of
        fractions there; ``made``: how the frame was made, stored in a Parquet file's metadata (key ``correlator``) or,
        beside any other file, in ``FILE.meta.json``.

        Timestamps are written as ISO 8601 in UTC. Raises InputError for a format that a terminal cannot show, and
        NotFoundError for ``--columns`` that the frame lacks.
        """
        chosen = self.destination
        form = FORMS[chosen]
        frame = self.select(frame)
        if chosen is OutputFormat.CSV and not self.as_is:
            frame = safe_cells(joined(frame))
        if self.to is not None:
            write_made(self.to, chosen, frame, made)
        elif chosen is OutputFormat.TABLE and sys.stdout.isatty():
            self._show(frame, name, unit, groups)
        elif not form.is_text and sys.stdout.isatty():
            raise InputError(f"{chosen.value} cannot be printed on a terminal", hint="give --to FILE, or use a pipe")
        else:
            content = form.encode(frame)
            if sys.stdout.isatty():
                content = visible(content.decode()).encode()
            emit(content)

    def select(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the columns that ``--columns`` selects; raise NotFoundError for one that ``frame`` lacks."""
        return frame if self.columns is None else frame[_chosen_columns(self.columns, frame.columns)]

    def _show(self, frame: pl.DataFrame, name: str, unit: str, groups: tuple[str, ...]) -> None:
        from correlator.cli.tables.looks import LOOKS, Look
        from correlator.cli.tables.terminal_table import short_table

        look = LOOKS.get(name, Look(()))
        if self.columns is not None or self.every_row:
            look = Look((), look.fractions)
        elif look.columns:
            look = Look((*groups, *look.columns), look.fractions)
        size = shutil.get_terminal_size((80, 24))
        width = sum(50 for _ in frame.columns) if self.every_row else size.columns
        text = short_table(frame, look, max(width, size.columns), unit=unit, every_row=self.every_row)
        if self.every_row and text.count("\n") > size.lines:
            import pydoc

            pydoc.pager(text)
        else:
            sys.stdout.write(text)


def write_made(path: Path, form: OutputFormat, frame: pl.DataFrame, made: dict[str, Any] | None) -> None:
    """Write ``frame`` and how it was ``made``: inside a Parquet file, else in a file written just before it."""
    if made is None:
        write_atomically(path, FORMS[form].encode(frame))
    elif form is OutputFormat.PARQUET:
        content = BytesIO()
        frame.write_parquet(content, metadata={MADE_KEY: json.dumps(made, ensure_ascii=False)})
        write_atomically(path, content.getvalue())
    else:
        text = json.dumps({"file": path.name, **made}, ensure_ascii=False, indent=1) + "\n"
        write_atomically(path.with_name(f"{path.name}.meta.json"), text.encode())
        write_atomically(path, FORMS[form].encode(frame))


def prints_table(verb: Callable[..., None]) -> Callable[..., None]:
    """Return ``verb`` with its parameter ``printer`` replaced by the options of ``TableOptions``."""
    return takes_group(verb, TableOptions, "printer")


def _chosen_columns(text: str, known: list[str]) -> list[str]:
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise InputError("--columns is empty", hint=f"columns are {', '.join(known)}")
    for name in names:
        if name not in known:
            raise NotFoundError(f"there is no column {name!r}", hint=likeliest(name, known, "columns are"))
    return names
