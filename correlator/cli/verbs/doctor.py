"""``correlator doctor``: check the installation."""

from __future__ import annotations

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.tables.options import TableOptions, prints_table


@prints_table
def doctor(*, store: StoreOption = None, printer: TableOptions) -> None:
    """Check packages, browser, calendars and the store. Exits with code 10 if there is a problem.

    Example: correlator doctor
    """
    from correlator.doctor import examine

    findings = examine(open_store(store))
    printer.print(findings)
    if "problem" in findings["state"].to_list():
        raise typer.Exit(ExitCode.FINDINGS)
