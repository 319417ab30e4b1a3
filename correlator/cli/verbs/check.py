"""``correlator check``: audit bars."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.lazy_verbs import Verbs
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.prices import PriceFileOptions, reads_prices
from correlator.cli.options.study import AsOfOption, refuse
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate
from correlator.cli.terminal.stdin import with_stdin
from correlator.eventstudy.request.readers import instant

app = Verbs(help="Check stored data, or files before loading them.")


@app.command("prices")
@reads_prices
@prints_table
def check_prices(
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Price files to check without loading them. Default: the bars in the store."),
    ] = None,
    reading: PriceFileOptions,
    benchmark: Annotated[
        str | None,
        typer.Option(
            "--benchmark", help="Symbol to compare with when looking for shifted dates; its bars must be included."
        ),
    ] = None,
    as_of: AsOfOption = None,
    each: Annotated[
        bool, typer.Option("--each", help="Print one row per bar instead of one per kind of finding.")
    ] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Look for common errors in price data: shifted dates, mislabelled series, phantom bars, gaps, unadjusted splits.

    Exits with code 10 if there is a finding of high severity.

    Example: correlator check prices AIRLINK.csv KSE100.csv
    """
    from correlator.market.audit.findings import summarise
    from correlator.market.checked_files import check_files

    if files:
        refuse({"--as-of": as_of}, "a check of files")
        with with_stdin(files) as paths:
            findings = check_files(paths, benchmark=benchmark, **reading.keywords())
    else:
        from correlator.intake.checks import check_prices as check_store

        refuse(reading.of_files() | {"--symbol": None, "--exchange": reading.exchange}, "a check of the store")
        symbols = [reading.symbol] if reading.symbol else None
        findings = check_store(open_store(store), symbols, benchmark=benchmark, as_of=instant(as_of))
    counts = {str(name): int(count) for name, count in findings["severity"].value_counts().iter_rows()}
    narrate(", ".join(f"{counts.get(name, 0)} {name}" for name in ("high", "medium", "low")))
    printer.print(findings if each else summarise(findings))
    if counts.get("high"):
        raise typer.Exit(ExitCode.FINDINGS)
