"""``correlator list``: list the contents of the store."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from correlator.cli.options.common import DateOnlyOption, StoreOption, open_store
from correlator.cli.options.completion import complete_symbol
from correlator.cli.tables.options import TableOptions, prints_table


class Listing(StrEnum):
    """What can be listed."""

    ARTICLES = "articles"
    QUOTES = "quotes"
    EVENTS = "events"
    STORIES = "stories"
    LINKS = "links"
    INSTRUMENTS = "instruments"
    BARS = "bars"
    REJECTS = "rejects"
    LOADS = "loads"


@prints_table
def list_rows(
    *,
    what: Annotated[Listing, typer.Argument(help="What to list.")],
    events: Annotated[
        str | None,
        typer.Option("--events", help="Selection of events, such as 'headline has treaty and date >= 2025-05-01'."),
    ] = None,
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol", help="Print only rows of this instrument.", autocompletion=complete_symbol, show_default=False
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Print at most this many rows.")] = None,
    date_only: DateOnlyOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """List the contents of the store; events are shown with their day 0 on every exchange in it.

    Example: correlator list events --format json
    """
    from correlator.listing import listing

    chosen = date_only.value if date_only is not None else None
    rows = listing(open_store(store), what.value, events=events, symbol=symbol, limit=limit, date_only=chosen)
    printer.print(rows, what.value)
