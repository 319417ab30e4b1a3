"""``correlator brief``: what a headline says, which instruments it concerns, when markets can react, and precedents."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.options.common import DateOnly, DateOnlyOption, StoreOption, open_store
from correlator.cli.terminal.output import checked_target, complain, emit, narrate
from correlator.errors import InputError

if TYPE_CHECKING:
    from correlator.brief.model import Brief
    from correlator.store.db import Store

_MAX_STDIN = 4_000_000


class BriefFormat(StrEnum):
    """Output format of a brief."""

    CARD = "card"
    JSON = "json"
    HTML = "html"


class Flagged(StrEnum):
    """How limit-locked bars and bars without volume are treated."""

    MARK = "mark"
    KEEP = "keep"
    DROP = "drop"


class Coder(StrEnum):
    """Which coder reads the headline."""

    RULES = "rules"
    FULL = "full"


@dataclass(frozen=True)
class _Measurement:
    """How events are measured and placed, for one brief and for the evaluation of all."""

    windows: str
    benchmark: str | None
    date_only: str
    flagged: str


_ENDINGS = {".html": BriefFormat.HTML, ".htm": BriefFormat.HTML, ".json": BriefFormat.JSON, ".txt": BriefFormat.CARD}


def brief(
    headline: Annotated[
        str | None,
        typer.Argument(
            help="A headline, the number of a stored article, a file with a page, or - for stdin.", show_default=False
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Time of the brief, with time zone: 2025-05-28T01:10Z (default: now)."),
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="Symbol to brief, instead of those that the headline concerns; repeatable."),
    ] = None,
    windows: Annotated[
        str, typer.Option("--windows", help="Windows to forecast, in sessions from day 0.")
    ] = "0:0,0:1,0:4",
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", help="Benchmark: a symbol, equal-weighted or none (default: that of the store)."),
    ] = None,
    coder: Annotated[
        Coder, typer.Option("--coder", help="Event coder: rules, or full (rules and the fitted model).")
    ] = Coder.RULES,
    date_only: DateOnlyOption = None,
    flagged: Annotated[
        Flagged,
        typer.Option("--flagged", help="Limit-locked bars and bars without volume: mark, keep or drop them."),
    ] = Flagged.MARK,
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate",
            help="Instead of a brief: forecast every stored event from what was known before it, and report the hits.",
        ),
    ] = False,
    format: Annotated[
        BriefFormat | None,
        typer.Option(
            "--format", help="Output format (default: by the extension of --to, else card).", show_default=False
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Write to this file (.html, .json or .txt) instead of stdout.",
            show_default=False,
            callback=checked_target,
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Brief a headline: its event, the instruments it concerns, when markets can react, and what happened before.

    Exits with code 12 if the headline has no event; its instruments are shown anyway.

    Example: correlator brief "Pakistan and Azerbaijan agree to deepen trade" --at 2025-05-28T01:10Z
    """
    from correlator.brief.make import brief as make_brief

    how = _Measurement(windows, benchmark, DateOnly.chosen(date_only), flagged.value)
    if evaluate:
        if coder is not Coder.RULES:
            raise InputError(
                "--coder cannot be combined with --evaluate, which uses stored events", hint="leave one out"
            )
        _evaluate(headline, at, symbol, how, format=format, to=to, store=open_store(store))
        return
    if headline is None:
        raise InputError(
            "the headline is missing", hint='for example: correlator brief "Pakistan and Iran sign a pact"'
        )
    chosen = _format(format, to)
    result = make_brief(
        open_store(store),
        _stdin() if headline == "-" else headline,
        at=at,
        symbols=symbol,
        coder=coder.value,
        **asdict(how),
    )
    _print(result, chosen, to)
    if result.no_event is not None:
        complain(result.no_event, level="note")
        raise typer.Exit(ExitCode.NO_EVENT)


def _evaluate(
    headline: str | None,
    at: str | None,
    symbols: list[str] | None,
    how: _Measurement,
    *,
    format: BriefFormat | None,
    to: Path | None,
    store: Store,
) -> None:
    """Print the record of forecasts over all stored events, as a table or as JSON."""
    from correlator.base.files import write_atomically
    from correlator.brief.evaluate import evaluate
    from correlator.cli.tables.formats import FORMS, OutputFormat

    if headline is not None:
        raise InputError("a headline cannot be combined with --evaluate", hint="leave one out")
    chosen = _format(format, to)
    if chosen is BriefFormat.HTML:
        raise InputError("--evaluate has no HTML output", hint="use .json or .txt")
    evaluation = evaluate(store, at=at, symbols=symbols, **asdict(how))
    for skipped in evaluation.skipped:
        narrate(f"{skipped}: none of its events could be forecast")
    form = OutputFormat.JSON if chosen is BriefFormat.JSON else OutputFormat.TABLE
    content = FORMS[form].encode(evaluation.table())
    if to is None:
        emit(content)
    else:
        write_atomically(to, content)
        narrate(f"wrote {to}")


def _format(chosen: BriefFormat | None, to: Path | None) -> BriefFormat:
    if to is None:
        return chosen or BriefFormat.CARD
    meant = _ENDINGS.get(to.suffix.lower())
    if meant is None and chosen is None:
        extension = f"unsupported brief format {to.suffix}" if to.suffix else "the file has no extension"
        raise InputError(f"{to.name}: {extension}", hint="use .html, .json or .txt")
    if chosen is not None and meant not in (None, chosen):
        raise InputError(
            f"{to.name} has the extension of {meant}, but --format is {chosen.value}", hint="leave one out"
        )
    return chosen or meant or BriefFormat.CARD


def _stdin() -> str:
    text = sys.stdin.read(_MAX_STDIN + 1)
    if len(text) > _MAX_STDIN:
        raise InputError(f"stdin has more than {_MAX_STDIN:,} characters, too many for a page")
    return text


def _print(result: Brief, form: BriefFormat, to: Path | None) -> None:
    from correlator.base.files import write_atomically

    if to is None and form is BriefFormat.CARD and sys.stdout.isatty():
        from rich.console import Console

        from correlator.brief.card import print_card

        print_card(result, Console())
        return
    texts = {
        BriefFormat.CARD: lambda: f"{result}\n",
        BriefFormat.JSON: result.to_json,
        BriefFormat.HTML: result.to_html,
    }
    text = texts[form]()
    if to is None:
        emit(text.encode())
    else:
        write_atomically(to, text)
        narrate(f"wrote {to}")
