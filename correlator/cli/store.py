"""``correlator store``: is the store sound, and copies of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import narrate
from correlator.cli.table_options import TableOptions, prints_table
from correlator.cli.verbs import Verbs

app = Verbs(help="Check the store, copy it, put a copy back, write it anew without unused room; make and tidy a lake.")


@app.command("verify")
@prints_table
def verify(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Marks and half-derived states only, not every row.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="First finish what a stopped load left half done, and keep its rows.")
    ] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Look at every invariant of the store: keys, ranges, orphans, copies, half-derived states, damaged blocks.

    Leaves with code 10 where something is found.

    Example: correlator store verify
    """
    from correlator.intake.repair import repair as finish
    from correlator.store.verify import verify as examine

    target = open_store(store)
    for line in finish(target) if repair else ():
        narrate(line)
    findings = examine(target, quick=quick)
    narrate(f"{findings.height} findings" if findings.height else "sound")
    printer.print(findings)
    if findings.height:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="New file that becomes the copy.")],
    store: StoreOption = None,
) -> None:
    """Copy the store as it is to a new file; others read meanwhile, writers wait.

    Example: correlator store backup m-2025-06-05.duckdb
    """
    from correlator.store.upkeep import backup as copy

    print(copy(open_store(store), file))


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="Backup to put in the store's place.")],
    store: StoreOption = None,
) -> None:
    """Put a copy of a backup in the store's place; the store that stood there is kept beside, as NAME.replaced.

    Example: correlator store restore m-2025-06-05.duckdb
    """
    from correlator.store.upkeep import restore as put_back

    replaced = put_back(open_store(store), file)
    if replaced is not None:
        narrate(f"the store that stood there is {replaced}")


@app.command("compact")
def compact(store: StoreOption = None) -> None:
    """Write the store anew without the room of rows that are gone; of a lake, many small files as few.

    Example: correlator store compact
    """
    from correlator.store.upkeep import compact as write_anew

    before, after = write_anew(open_store(store))
    narrate(f"{before:,} bytes before, {after:,} after")


@app.command("export")
def export(
    lake: Annotated[str, typer.Argument(help="New lake: a folder, or s3://bucket/name.", metavar="LAKE")],
    store: StoreOption = None,
) -> None:
    """Copy the store to a new lake: Delta tables in a folder or object store, for many writers and machines.

    Example: correlator store export lake/
    """
    from correlator.store.lake_upkeep import export as copy

    rows = copy(open_store(store), lake)
    narrate(", ".join(f"{count:,} {table}" for table, count in rows.items() if count) or "no rows")


@app.command("vacuum")
def vacuum(
    keep: Annotated[
        int, typer.Option("--keep", min=0, help="Hours: whoever began to read or load earlier loses its files.")
    ] = 168,
    store: StoreOption = None,
) -> None:
    """Delete files of a lake that only earlier versions need, and what stopped loads left.

    Example: correlator store vacuum --store lake/ --keep 24
    """
    from correlator.store.lake_upkeep import vacuum as clean

    narrate(f"{clean(open_store(store), keep):,} files deleted")
