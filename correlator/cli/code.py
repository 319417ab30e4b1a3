"""``correlator code``: events of headlines in a file, without a store."""

from __future__ import annotations

import io
import sys
from collections import Counter
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.options import ClusterOption
from correlator.cli.output import complain, progress


class Coder(StrEnum):
    """Which coder reads the headlines."""

    RULES = "rules"
    FULL = "full"


class LineFormat(StrEnum):
    """How coded lines are printed."""

    JSONL = "jsonl"
    CSV = "csv"


def code(
    file: Annotated[Path, typer.Argument(help="JSONL file, one headline a line; - reads stdin.", allow_dash=True)],
    field: Annotated[str, typer.Option("--field", help="Field that holds the headline.")] = "text",
    date_field: Annotated[
        str | None,
        typer.Option(
            "--date-field", help="Field with the day (2025-05-28): who held an office then.", show_default=False
        ),
    ] = None,
    coder: Annotated[Coder, typer.Option("--coder", help="Rules alone, or rules with the fitted model.")] = Coder.RULES,
    home: Annotated[
        str | None,
        typer.Option(
            "--home",
            help="Country of the page (PAK), which prints its own offices without the country.",
            show_default=False,
        ),
    ] = None,
    least: Annotated[
        float,
        typer.Option("--least", min=0.0, max=1.0, help="Least confidence of an event that is printed (0 to 1)."),
    ] = 0.0,
    actors: Annotated[
        Path | None,
        typer.Option("--actors", help="TOML file of your own actors and lexicon lines.", show_default=False),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="Encoding of a file that is not UTF-8, such as cp1252.", show_default=False),
    ] = None,
    format: Annotated[
        LineFormat, typer.Option("--format", help="One JSON object a line, or events as CSV.")
    ] = LineFormat.JSONL,
    cluster: ClusterOption = None,
) -> None:
    """Code headlines into events: who did what to whom, with the words that decided it.

    Example: correlator code headlines.jsonl --field text --format jsonl --coder full
    """
    from correlator.cluster import cluster_at
    from correlator.errors import InputError, NotFoundError
    from correlator.events.code_file import CSV_COLUMNS, Each, code_lines
    from correlator.events.encoder import INSTALL
    from correlator.events.fitted import has_encoder
    from correlator.events.language import CODED, LEXICAL
    from correlator.events.own_actors import own_actors
    from correlator.news.text_lines import lines_of

    if str(file) != "-" and not file.is_file():
        raise NotFoundError(f"{file} does not exist", hint="give a JSONL file, or - for stdin")
    if cluster is not None and actors is not None:
        raise InputError("a file of your own actors is not sent to a cluster", hint="leave --actors or --cluster out")
    unread, languages = 0, Counter[str]()
    if coder is Coder.FULL and not has_encoder():
        complain(
            f"the encoder is not installed: the full coder works without it, less surely ({INSTALL})", level="note"
        )
    if str(file) == "-":
        lines = iter(io.TextIOWrapper(sys.stdin.buffer, encoding=encoding or "utf-8-sig", errors="replace"))
    else:
        lines = lines_of(file, encoding)
    if format is LineFormat.CSV:
        print(",".join(CSV_COLUMNS))
    with ExitStack() as opened, own_actors(actors), progress("coding") as advance:
        each: Each = map if cluster is None else opened.enter_context(cluster_at(cluster)).stream
        for line in code_lines(lines, field=field, date_field=date_field, coder=coder.value, home=home, each=each):
            line = line.surer(least)
            languages[line.language] += 1
            sys.stdout.write(line.as_csv() if format is LineFormat.CSV else line.as_json() + "\n")
            advance(1)
            if line.problem is not None:
                unread += 1
                complain(line.problem, level="warning")
    other = Counter({code: count for code, count in languages.items() if code not in (CODED, *LEXICAL)})
    if other:
        by_language = ", ".join(f"{language} {count}" for language, count in sorted(other.items()))
        complain(f"{other.total()} lines are in a language that is not coded: {by_language}", level="note")
    if unread:
        complain(f"{unread} lines could not be read", level="warning")
