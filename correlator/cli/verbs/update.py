"""``correlator update``: bring stored bars up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.completion import complete_symbol
from correlator.cli.terminal.output import progress
from correlator.cli.verbs.add import report_downloads


def update(
    symbol: Annotated[
        list[str] | None,
        typer.Option(
            "--symbol",
            help="Symbol to update; repeatable. Default: all symbols with downloaded bars.",
            autocompletion=complete_symbol,
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Bring stored symbols up to date from the source that their bars were downloaded from.

    Example: correlator update --symbol AIRLINK
    """
    from correlator.intake.download import update_prices

    with progress("bars") as advance:
        report = update_prices(open_store(store), symbol, advance=advance)
    report_downloads(report)
