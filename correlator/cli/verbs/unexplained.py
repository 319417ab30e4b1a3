"""``correlator unexplained``: sessions with extreme returns that no stored event explains."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.cli.options.common import DateOnly, DateOnlyOption, StoreOption, open_store
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate


@prints_table
def unexplained(
    *,
    since: Annotated[str, typer.Option("--since", help="First session, such as 2025-01-01.")],
    until: Annotated[str | None, typer.Option("--until", help="Last session (default: the last closed one).")] = None,
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", help="Symbol to search; repeatable. Default: every share.")
    ] = None,
    least: Annotated[
        float, typer.Option("--least", help="Smallest abnormal return to list, in standard errors.")
    ] = 3.0,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", help="Benchmark: a symbol, equal-weighted or none (default: that of the store)."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Use only what was known at this time (default: now).", show_default=False),
    ] = None,
    date_only: DateOnlyOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Show sessions with an extreme abnormal return that no stored event explains, with the nearest news.

    Example: correlator unexplained --since 2025-01-01
    """
    from correlator.brief.unexplained import unexplained as find

    result = find(
        open_store(store),
        since,
        until=until,
        symbols=symbol,
        least=least,
        benchmark=benchmark,
        as_of=as_of,
        date_only=DateOnly.chosen(date_only),
    )
    if result.is_empty():
        narrate("no extreme session without an event")
    printer.print(result, "unexplained")
