"""``correlator doctor``: what works here and what does not."""

from __future__ import annotations

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import FormatOption, OutputOption, print_frame


def doctor(store: StoreOption = None, format: FormatOption = None, to: OutputOption = None) -> None:
    """Look at packages, browser, calendars and the store; exit code 10 when something is a problem.

    Example: correlator doctor
    """
    from correlator.doctor import examine

    found = examine(open_store(store))
    print_frame(found, format, to)
    if "problem" in found["state"].to_list():
        raise typer.Exit(ExitCode.FINDINGS)
