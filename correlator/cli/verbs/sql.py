"""``correlator sql``: the user's own read-only SQL."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import complain


@prints_table
def sql(
    *,
    query: Annotated[str, typer.Argument(help="One SELECT (or FROM, DESCRIBE, SHOW, SUMMARIZE, PIVOT, EXPLAIN).")],
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds that the query may take.")] = 60.0,
    memory: Annotated[
        str, typer.Option("--memory", help="Memory of the query; its result may take a quarter.")
    ] = "2GB",
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Let the SQL read and write other files and change settings.")
    ] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Run SQL that reads the store: it writes nothing, and reaches no other file and no network.

    Example: correlator sql "select count(*) from bars"
    """
    if unsafe:
        complain("--unsafe: this SQL may read and write any file of yours", level="warning")
    printer.print(open_store(store).sql(query, timeout=timeout, memory=memory, unsafe=unsafe))
