"""``correlator code``: code the headlines of a file into events, without a store."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.options.common import ClusterOption
from correlator.cli.terminal.output import complain, progress
from correlator.cli.terminal.stdin import STDIN, begins_with_lines, with_stdin

if TYPE_CHECKING:
    from correlator.events.files.code_file import CodedLine

_MAX_REPORTED = 20
"""Unreadable lines that are reported one by one."""


class Coder(StrEnum):
    """Which coder reads the headlines."""

    RULES = "rules"
    FULL = "full"


class LineFormat(StrEnum):
    """Output format of coded lines."""

    JSONL = "jsonl"
    CSV = "csv"


def code(
    file: Annotated[
        Path,
        typer.Argument(
            help="File of headlines: one per line, JSON lines, or a table (CSV, XLSX, Parquet, ...); - for stdin.",
            allow_dash=True,
        ),
    ],
    field: Annotated[
        str | None,
        typer.Option(
            "--field",
            help="Field or column with the headline (default: headline, title, text or similar).",
            show_default=False,
        ),
    ] = None,
    date_field: Annotated[
        str | None,
        typer.Option(
            "--date-field",
            help="Field or column with the date (2025-05-28), to tell who held an office then.",
            show_default=False,
        ),
    ] = None,
    coder: Annotated[
        Coder, typer.Option("--coder", help="Event coder: rules, or full (rules and the fitted model).")
    ] = Coder.RULES,
    home: Annotated[
        str | None,
        typer.Option(
            "--home",
            help="Home country of the publisher (PAK), which it omits when it names its own officials.",
            show_default=False,
        ),
    ] = None,
    least: Annotated[
        float,
        typer.Option("--least", min=0.0, max=1.0, help="Minimum confidence of the events to print (0 to 1)."),
    ] = 0.0,
    actors: Annotated[
        Path | None,
        typer.Option("--actors", help="TOML file with your own actors and lexicon entries.", show_default=False),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="Encoding of a file that is not UTF-8, such as cp1252.", show_default=False),
    ] = None,
    format: Annotated[
        LineFormat, typer.Option("--format", help="One JSON object per line, or events as CSV.")
    ] = LineFormat.JSONL,
    cluster: ClusterOption = None,
) -> None:
    """Code headlines into events: who did what to whom, with the words that decided it.

    Example: correlator code headlines.txt --coder full
    """
    from correlator.cluster import cluster_at
    from correlator.errors import InputError
    from correlator.events.files.code_file import CSV_COLUMNS, Each, code_lines
    from correlator.events.files.headline_source import Fields
    from correlator.events.learned.encoder import INSTALL
    from correlator.events.learned.fitted import has_encoder
    from correlator.events.vocabulary.own_actors import own_actors

    if cluster is not None and actors is not None:
        raise InputError("--actors cannot be combined with --cluster", hint="leave one out")
    if coder is Coder.FULL and not has_encoder():
        complain(f"the encoder is not installed; without it the full coder is less accurate ({INSTALL})", level="note")
    summary = _Summary()
    with ExitStack() as opened, own_actors(actors), progress("coding") as advance:
        source = opened.enter_context(_source(file, encoding))
        each: Each = map if cluster is None else opened.enter_context(cluster_at(cluster)).stream
        lines = code_lines(
            source, Fields(field, date_field), encoding=encoding, coder=coder.value, home=home, each=each
        )
        for line in lines:
            if not summary.lines and format is LineFormat.CSV:
                print(",".join(CSV_COLUMNS))
            line = line.surer(least)
            sys.stdout.write(line.as_csv() if format is LineFormat.CSV else line.as_json() + "\n")
            advance(1)
            summary.add(line)
    summary.print()


@contextmanager
def _source(file: Path, encoding: str | None) -> Iterator[Path | Iterator[str]]:
    """Yield the file; for stdin, its lines as they arrive, or a temporary file if it is not plain text."""
    if str(file) == STDIN and begins_with_lines(sys.stdin.buffer):
        yield iter(io.TextIOWrapper(sys.stdin.buffer, encoding=encoding or "utf-8-sig", errors="replace"))
    else:
        with with_stdin([file], ".txt") as files:
            yield files[0]


class _Summary:
    """Counts of lines that could not be read, or are in an unsupported language, to report on stderr."""

    def __init__(self) -> None:
        self.lines = self.unread = 0
        self.first_problem = ""
        self.languages = Counter[str]()

    def add(self, line: CodedLine) -> None:
        self.lines += 1
        self.languages[line.language] += 1
        if line.problem is not None:
            self.first_problem = self.first_problem or line.problem
            self.unread += 1
            if self.unread <= _MAX_REPORTED:
                complain(line.problem, level="warning")

    def print(self) -> None:
        """Print the counts; raise InputError if no line could be read."""
        from correlator.errors import InputError
        from correlator.events.vocabulary.language import CODED, LEXICAL

        other = Counter({code: count for code, count in self.languages.items() if code not in (CODED, *LEXICAL)})
        if other:
            by_language = ", ".join(f"{language} {count}" for language, count in sorted(other.items()))
            complain(f"{other.total()} lines are in an unsupported language: {by_language}", level="note")
        if self.unread and self.unread == self.lines:
            raise InputError(f"no line could be read: {self.first_problem}", hint="see correlator code --help")
        if self.unread:
            more = f"; the first {_MAX_REPORTED} are listed above" if self.unread > _MAX_REPORTED else ""
            complain(f"{self.unread} of {self.lines} lines could not be read{more}", level="warning")
