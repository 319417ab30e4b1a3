"""``correlator sessions``: calendars of exchanges."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import narrate
from correlator.cli.study_options import AsOfOption, refuse
from correlator.cli.table_options import TableOptions, prints_table
from correlator.cli.verbs import Verbs
from correlator.eventstudy.spec import instant

app = Verbs(help="Sessions of exchanges, and whether bars agree with them.")


@app.command("check")
@prints_table
def check(
    *,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of bars; default: the store's bars of the exchange.")
    ] = None,
    exchange: Annotated[str, typer.Option("--exchange", help="Market identifier code such as XKAR.")] = "XKAR",
    overrides: Annotated[
        bool, typer.Option("--overrides/--no-overrides", help="Apply the dated corrections of data/sessions, or not.")
    ] = True,
    doubtful: Annotated[
        bool, typer.Option("--doubtful", help="Also sessions without trade in sources that are no witness.")
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Name every day on which calendar and bars disagree; code 10 where there is one.

    Example: correlator sessions check --exchange XKAR --no-overrides
    """
    import polars as pl

    if files:
        refuse({"--as-of": as_of}, "a check of files")
        from correlator.market.audit_files import read_for_check
        from correlator.market.session_check import check_sessions

        bars = pl.concat([read_for_check(file, exchange=exchange).bars for file in files])
        found = check_sessions(exchange, bars, overrides=overrides)
    else:
        from correlator.intake.checks import check_calendar

        found = check_calendar(open_store(store), exchange, overrides=overrides, as_of=instant(as_of))
    sure = found.filter("sure")
    narrate(f"{sure.height} disagreements, {found.height - sure.height} doubtful ones (--doubtful shows them)")
    printer.print(found if doubtful else sure)
    if sure.height:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("list")
@prints_table
def list_sessions(
    *,
    start: Annotated[str, typer.Argument(help="First date, YYYY-MM-DD.")],
    end: Annotated[str, typer.Argument(help="Last date, YYYY-MM-DD.")],
    exchange: Annotated[str, typer.Option("--exchange", help="Market identifier code such as XKAR.")] = "XKAR",
    overrides: Annotated[
        bool, typer.Option("--overrides/--no-overrides", help="Apply the dated corrections of data/sessions, or not.")
    ] = True,
    printer: TableOptions,
) -> None:
    """Print sessions with their opening and close in UTC.

    Example: correlator sessions list 2025-05-26 2025-06-10 --exchange XKAR
    """
    from correlator.market.stamps import one_date
    from correlator.sessions import sessions_between

    printer.print(sessions_between(exchange, one_date(start), one_date(end), overrides=overrides))
