"""``correlator sessions``: exchange calendars."""

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
    list[Path] | None, typer.Argument(help="Price files. Default: the stored bars of the exchange.")
]
ExchangeOption = Annotated[str, typer.Option("--exchange", help="Market identifier code (MIC), such as XKAR.")]
OverridesOption = Annotated[
    bool, typer.Option("--overrides/--no-overrides", help="Whether to apply the dated corrections in data/sessions.")
]

app = Verbs(help="List the sessions of exchanges, and check them against bars.")


@app.command("check")
@prints_table
def check(
    *,
    files: FilesArgument = None,
    exchange: ExchangeOption = "XKAR",
    overrides: OverridesOption = True,
    doubtful: Annotated[
        bool,
        typer.Option("--doubtful", help="Also print days for which the bars are not conclusive."),
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Print every day on which the calendar and the bars disagree. Exits with code 10 if there is one.

    Example: correlator sessions check --exchange XKAR --no-overrides
    """
    disagreements = _disagreements(files, exchange, overrides=overrides, as_of=as_of, store=store)
    sure = disagreements.filter("sure")
    narrate(f"{sure.height} disagreements, {disagreements.height - sure.height} doubtful ones (shown with --doubtful)")
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
    """Propose calendar corrections from the bars, as a file for --sessions or $CORRELATOR_SESSIONS.

    Example: correlator sessions propose --exchange XKAR --to own.csv
    """
    from correlator.market.audit.sessions import proposed_corrections

    disagreements = _disagreements(files, exchange, overrides=overrides, as_of=as_of, store=store)
    rows = proposed_corrections(disagreements, overrides=overrides)
    doubtful = disagreements.height - disagreements.filter("sure").height
    narrate(f"{rows.height} corrections proposed; {doubtful} doubtful days left out")
    printer.print(rows)


def _disagreements(
    files: list[Path] | None, exchange: str, *, overrides: bool, as_of: str | None, store: str | None
) -> pl.DataFrame:
    """Return the days on which the calendar disagrees with the bars of the files, or else of the store."""
    import polars as pl

    if files:
        refuse({"--as-of": as_of}, "a check of files")
        from correlator.market.audit.sessions import check_sessions
        from correlator.market.checked_files import read_for_check

        with with_stdin(files) as paths:
            bars = pl.concat([read_for_check(path, exchange=exchange).bars for path in paths])
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
    """Print the sessions of an exchange with their opening and closing times in UTC.

    Example: correlator sessions list 2025-05-26 2025-06-10 --exchange XKAR
    """
    from correlator.market.written.stamps import one_date
    from correlator.sessions.calendars import sessions_between

    printer.print(sessions_between(exchange, one_date(start), one_date(end), overrides=overrides))
