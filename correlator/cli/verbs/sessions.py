"""``correlator sessions``: calendars of exchanges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.lazy_verbs import Verbs
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.study import AsOfOption, refuse
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate
from correlator.cli.terminal.stdin import with_stdin
from correlator.eventstudy.request.readers import instant

if TYPE_CHECKING:
    import polars as pl

FilesArgument = Annotated[
    list[Path] | None, typer.Argument(help="Files of bars; default: the store's bars of the exchange.")
]
ExchangeOption = Annotated[str, typer.Option("--exchange", help="Market identifier code such as XKAR.")]
OverridesOption = Annotated[
    bool, typer.Option("--overrides/--no-overrides", help="Apply the dated corrections of data/sessions, or not.")
]

app = Verbs(help="Sessions of exchanges, and whether bars agree with them.")


@app.command("check")
@prints_table
def check(
    *,
    files: FilesArgument = None,
    exchange: ExchangeOption = "XKAR",
    overrides: OverridesOption = True,
    doubtful: Annotated[
        bool, typer.Option("--doubtful", help="Also sessions without trade according to sources that do not prove it.")
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Name every day on which calendar and bars disagree; exits with code 10 if there is one.

    Example: correlator sessions check --exchange XKAR --no-overrides
    """
    disagreements = _disagreements(files, exchange, overrides=overrides, as_of=as_of, store=store)
    sure = disagreements.filter("sure")
    narrate(f"{sure.height} disagreements, {disagreements.height - sure.height} doubtful ones (--doubtful shows them)")
    printer.print(disagreements if doubtful else sure)
    if sure.height:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("propose")
@prints_table
def propose(
    *,
    files: FilesArgument = None,
    exchange: ExchangeOption = "XKAR",
    overrides: OverridesOption = True,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Propose a corrections file from the bars: what --sessions and $CORRELATOR_SESSIONS take.

    Example: correlator sessions propose --exchange XKAR --to own.csv
    """
    from correlator.market.audit.sessions import proposed_corrections

    disagreements = _disagreements(files, exchange, overrides=overrides, as_of=as_of, store=store)
    rows = proposed_corrections(disagreements, overrides=overrides)
    doubtful = disagreements.height - disagreements.filter("sure").height
    narrate(f"{rows.height} corrections proposed; {doubtful} days that no source proves are left out")
    printer.print(rows)


def _disagreements(
    files: list[Path] | None, exchange: str, *, overrides: bool, as_of: str | None, store: str | None
) -> pl.DataFrame:
    """Days on which the calendar disagrees with the bars of files, or of the store."""
    import polars as pl

    if files:
        refuse({"--as-of": as_of}, "a check of files")
        from correlator.market.audit.sessions import check_sessions
        from correlator.market.checked_files import read_for_check

        with with_stdin(files) as held:
            bars = pl.concat([read_for_check(file, exchange=exchange).bars for file in held])
        return check_sessions(exchange, bars, overrides=overrides)
    from correlator.intake.checks import check_calendar

    return check_calendar(open_store(store), exchange, overrides=overrides, as_of=instant(as_of))


@app.command("list")
@prints_table
def list_sessions(
    *,
    start: Annotated[str, typer.Argument(help="First date, YYYY-MM-DD.")],
    end: Annotated[str, typer.Argument(help="Last date, YYYY-MM-DD.")],
    exchange: ExchangeOption = "XKAR",
    overrides: OverridesOption = True,
    printer: TableOptions,
) -> None:
    """Print sessions with their opening and close in UTC.

    Example: correlator sessions list 2025-05-26 2025-06-10 --exchange XKAR
    """
    from correlator.market.written.stamps import one_date
    from correlator.sessions.calendars import sessions_between

    printer.print(sessions_between(exchange, one_date(start), one_date(end), overrides=overrides))
