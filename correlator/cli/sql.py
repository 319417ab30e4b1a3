"""``correlator sql``: the user's own read-only SQL."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.cli.options import StoreOption, open_store
from correlator.cli.table_options import TableOptions, prints_table


@prints_table
def sql(
    *,
    query: Annotated[str, typer.Argument(help="SQL to run; the store is opened read-only.")],
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Run read-only SQL on the store.

    Example: correlator sql "select count(*) from bars"
    """
    printer.print(open_store(store).sql(query))
