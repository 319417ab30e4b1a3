"""``correlator sql``: read-only SQL queries of the user."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import complain


@prints_table
def sql(
    *,
    query: Annotated[
        str, typer.Argument(help="One statement: SELECT, FROM, DESCRIBE, SHOW, SUMMARIZE, PIVOT or EXPLAIN.")
    ],
    timeout: Annotated[float, typer.Option("--timeout", help="Time limit of the query in seconds.")] = 60.0,
    memory: Annotated[
        str, typer.Option("--memory", help="Memory limit of the query; its result may use a quarter of it.")
    ] = "2GB",
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Allow the SQL to read and write other files and to change settings.")
    ] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Run a read-only SQL query on the store, without access to other files or the network.

    Example: correlator sql "select count(*) from bars"
    """
    if unsafe:
        complain("--unsafe: this SQL can read and write any of your files", level="warning")
    printer.print(open_store(store).sql(query, timeout=timeout, memory=memory, unsafe=unsafe))
