"""``correlator update``: stored bars up to date from where they came."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.completion import complete_symbol
from correlator.cli.terminal.output import progress
from correlator.cli.verbs.add import tell_downloads


def update(
    symbol: Annotated[
        list[str] | None,
        typer.Option(
            "--symbol",
            help="Symbol to update; may be given again. Default: all that came from a source.",
            autocompletion=complete_symbol,
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Bring every symbol of the store up to date from the source that its bars came from.

    Example: correlator update --symbol AIRLINK
    """
    from correlator.intake.download import update_prices

    with progress("bars") as advance:
        done = update_prices(open_store(store), symbol, advance=advance)
    tell_downloads(done)
