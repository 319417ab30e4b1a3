"""``correlator brief``: what a headline is, whom it concerns, when the market can answer, what happened before."""

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

_MOST_STDIN = 4_000_000


class BriefFormat(StrEnum):
    """How a brief is printed."""

    CARD = "card"
    JSON = "json"
    HTML = "html"


class Flagged(StrEnum):
    """How limit-locked bars and bars without volume are dealt with."""

    MARK = "mark"
    KEEP = "keep"
    DROP = "drop"


class Coder(StrEnum):
    """Which coder reads the headline."""

    RULES = "rules"
    FULL = "full"


@dataclass(frozen=True)
class _How:
    """How events are measured and placed, whether one is briefed or all are forecast."""

    windows: str
    benchmark: str | None
    date_only: str
    flagged: str


_ENDINGS = {".html": BriefFormat.HTML, ".htm": BriefFormat.HTML, ".json": BriefFormat.JSON, ".txt": BriefFormat.CARD}


def brief(
    headline: Annotated[
        str | None,
        typer.Argument(
            help="Headline, number of a stored article, file with a page, or - for stdin.", show_default=False
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Instant of the brief, with zone: 2025-05-28T01:10Z (default: now)."),
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="Instrument to look at instead of those it concerns; may be given again."),
    ] = None,
    windows: Annotated[str, typer.Option("--windows", help="Windows of sessions from day 0 on.")] = "0:0,0:1,0:4",
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", help="A symbol, equal-weighted or none (default: as the store names it)."),
    ] = None,
    coder: Annotated[Coder, typer.Option("--coder", help="Rules alone, or rules with the fitted model.")] = Coder.RULES,
    date_only: DateOnlyOption = None,
    flagged: Annotated[
        Flagged,
        typer.Option("--flagged", help="Limit-locked bars and bars without volume: name them, keep or drop them."),
    ] = Flagged.MARK,
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate",
            help="Instead of a brief: forecast every stored event from what was known before it, and count the hits.",
        ),
    ] = False,
    format: Annotated[
        BriefFormat | None,
        typer.Option(
            "--format", help="Card, JSON or HTML (default: by the file's ending, else a card).", show_default=False
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Write to this file (.html .json .txt) instead of stdout.",
            show_default=False,
            callback=checked_target,
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Brief a headline: the event, whom it concerns, when the market can answer, and what happened the last times.

    Exits with code 12 if the headline holds no event; its instruments are shown anyway.

    Example: correlator brief "Pakistan and Azerbaijan agree to deepen trade" --at 2025-05-28T01:10Z
    """
    from correlator.brief.make import brief as make_brief

    how = _How(windows, benchmark, DateOnly.chosen(date_only), flagged.value)
    if evaluate:
        if coder is not Coder.RULES:
            raise InputError("--coder is of one headline, --evaluate of stored events", hint="leave one out")
        _evaluate(headline, at, symbol, how, format=format, to=to, store=open_store(store))
        return
    if headline is None:
        raise InputError("there is no headline", hint='for example: correlator brief "Pakistan and Iran sign a pact"')
    chosen = _format(format, to)
    made = make_brief(
        open_store(store),
        _stdin() if headline == "-" else headline,
        at=at,
        symbols=symbol,
        coder=coder.value,
        **asdict(how),
    )
    _deliver(made, chosen, to)
    if made.no_event is not None:
        complain(made.no_event, level="note")
        raise typer.Exit(ExitCode.NO_EVENT)


def _evaluate(
    headline: str | None,
    at: str | None,
    symbols: list[str] | None,
    how: _How,
    *,
    format: BriefFormat | None,
    to: Path | None,
    store: Store,
) -> None:
    """Print the record of the brief over all stored events: a table on a terminal or as .txt, else JSON."""
    from correlator.base.files import write_whole
    from correlator.brief.evaluate import evaluate
    from correlator.cli.tables.formats import FORMS, OutputFormat

    if headline is not None:
        raise InputError("a headline and --evaluate are both given", hint="leave one out")
    chosen = _format(format, to)
    if chosen is BriefFormat.HTML:
        raise InputError("the record of the briefs is not written as HTML", hint="use .json or .txt")
    evaluation = evaluate(store, at=at, symbols=symbols, **asdict(how))
    for skipped in evaluation.skipped:
        narrate(f"{skipped}: no event of it could be forecast")
    form = OutputFormat.JSON if chosen is BriefFormat.JSON else OutputFormat.TABLE
    content = FORMS[form].encode(evaluation.table())
    if to is None:
        emit(content)
    else:
        write_whole(to, content)
        narrate(f"wrote {to}")


def _format(chosen: BriefFormat | None, to: Path | None) -> BriefFormat:
    if to is None:
        return chosen or BriefFormat.CARD
    meant = _ENDINGS.get(to.suffix.lower())
    if meant is None and chosen is None:
        raise InputError(f"{to.name}: no brief is written as {to.suffix or 'that'}", hint="use .html, .json or .txt")
    if chosen is not None and meant not in (None, chosen):
        raise InputError(f"{to.name} ends like {meant}, but --format says {chosen.value}", hint="leave one out")
    return chosen or meant or BriefFormat.CARD


def _stdin() -> str:
    text = sys.stdin.read(_MOST_STDIN + 1)
    if len(text) > _MOST_STDIN:
        raise InputError(f"stdin holds more than {_MOST_STDIN:,} characters, which no page does")
    return text


def _deliver(made: Brief, form: BriefFormat, to: Path | None) -> None:
    from correlator.base.files import write_whole

    if to is None and form is BriefFormat.CARD and sys.stdout.isatty():
        from rich.console import Console

        from correlator.brief.card import print_card

        print_card(made, Console())
        return
    texts = {BriefFormat.CARD: lambda: f"{made}\n", BriefFormat.JSON: made.to_json, BriefFormat.HTML: made.to_html}
    text = texts[form]()
    if to is None:
        emit(text.encode())
    else:
        write_whole(to, text)
        narrate(f"wrote {to}")
