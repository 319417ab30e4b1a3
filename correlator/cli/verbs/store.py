"""``correlator store``: check, copy and maintain the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.lazy_verbs import Verbs
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate

if TYPE_CHECKING:
    from correlator.intake.undo import Undone

app = Verbs(help="Check, edit, back up and compact the store; create and clean up a lake.")


@app.command("verify")
@prints_table
def verify(
    *,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Only run the quick checks (unfinished loads, orphans), not those of every row."),
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="First complete the work that an interrupted load left unfinished.")
    ] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Check every invariant of the store: keys, ranges, orphans, duplicates, unfinished loads, damaged blocks.

    Exits with code 10 if there is a finding.

    Example: correlator store verify
    """
    from correlator.intake.repair import repair as finish
    from correlator.store.verify import verify as examine

    target = open_store(store)
    for line in finish(target) if repair else ():
        narrate(line)
    findings = examine(target, quick=quick)
    narrate(f"{findings.height} findings" if findings.height else "no problems found")
    printer.print(findings)
    if findings.height:
        raise typer.Exit(ExitCode.FINDINGS)


LoadArgument = Annotated[int, typer.Argument(help="Number of the load, as listed by `correlator list loads`.", min=1)]


@app.command("show")
@prints_table
def show(*, load: LoadArgument, store: StoreOption = None, printer: TableOptions) -> None:
    """Show how many rows of a load are still in each table; undoing the load removes them.

    Example: correlator store show 3
    """
    from correlator.intake.undo import load_of

    loaded = load_of(open_store(store), load)
    narrate(_load_line(loaded))
    printer.print(loaded.rows)


@app.command("undo")
@prints_table
def undo(
    *,
    load: LoadArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed without removing it.")] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Remove the rows that a load added, in one transaction, and print their number by table.

    Example: correlator store undo 3
    """
    from correlator.intake.undo import load_of, undo_load

    target = open_store(store)
    undone = load_of(target, load) if dry_run else undo_load(target, load)
    narrate(f"{'would undo' if dry_run else 'undone:'} {_load_line(undone)}")
    for note in undone.notes:
        narrate(f"  {note}")
    printer.print(undone.rows)


@app.command("recode")
@prints_table
def recode(
    *,
    coder: Annotated[str, typer.Option("--coder", help="Event coder: rules, or full (rules and the fitted model).")],
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Code and link every stored article again and print what changed. Events from users and GDELT are kept.

    Example: correlator store recode --coder full
    """
    from correlator.intake.recode import recode_events

    changed = recode_events(open_store(store), coder)
    counts = dict(changed["change"].value_counts().iter_rows())
    narrate(", ".join(f"{counts.get(name, 0):,} {name}" for name in ("new", "gone", "other")) + " events and links")
    printer.print(changed, "recode")


@app.command("instrument")
def instrument(
    symbol: Annotated[str, typer.Argument(help="Symbol of the instrument.")],
    exchange: Annotated[
        str | None, typer.Option("--exchange", help="Market identifier code (MIC), such as XKAR.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="ISO 4217 code.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="ISO 3166-1 alpha-3 code.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the company or index.")] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Kind of instrument: share, index, fund, factor, fx, ...")
    ] = None,
    benchmark: Annotated[str | None, typer.Option("--benchmark", help="Symbol of its default benchmark.")] = None,
    aliases: Annotated[str | None, typer.Option("--aliases", help="Other symbols and names, separated by |.")] = None,
    store: StoreOption = None,
) -> None:
    """Change the attributes of an instrument; an empty string ('') removes a value.

    Example: correlator store instrument HBL --benchmark KSE100
    """
    from correlator.intake.instruments import edit_instrument

    options = {"exchange": exchange, "currency": currency, "country": country, "name": name, "kind": kind}
    options |= {"benchmark": benchmark, "aliases": aliases}
    before, after = edit_instrument(open_store(store), symbol, **{k: v for k, v in options.items() if v is not None})
    fields = [each for each in after if before[each] != after[each]]
    changed = [f"{each} {before[each] or 'none'} -> {after[each] or 'none'}" for each in fields]
    narrate(f"{after['symbol']}: {', '.join(changed) or 'nothing changed'}")


@app.command("merge")
def merge(
    keep: Annotated[str, typer.Argument(help="Symbol to keep.")],
    other: Annotated[
        str, typer.Argument(help="Second symbol of the same instrument; it becomes an alias of the first.")
    ],
    store: StoreOption = None,
) -> None:
    """Merge two symbols of one instrument: move the bars, links and events of the second to the first.

    Example: correlator store merge HBL HBL.KA
    """
    from correlator.intake.merge import merge_instruments

    for line in merge_instruments(open_store(store), keep, other):
        narrate(line)


def _load_line(undone: Undone) -> str:
    """Return a one-line description of a load."""
    load = undone.load
    undone_at = f", undone at {load['undone_at']:%Y-%m-%d %H:%M} UTC" if load["undone_at"] is not None else ""
    return (
        f"load {load['load_id']}, {load['kind']} from {load['source']}, {load['finished_at']:%Y-%m-%d %H:%M} UTC"
        f"{undone_at}"
    )


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="File to create.")],
    store: StoreOption = None,
) -> None:
    """Copy the store to a new file. Readers are not blocked meanwhile; writers wait.

    Example: correlator store backup m-2025-06-05.duckdb
    """
    from correlator.store.upkeep import backup as copy

    print(copy(open_store(store), file))


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="Backup to restore.")],
    store: StoreOption = None,
) -> None:
    """Replace the store with a copy of a backup. The old store is kept next to it as NAME.replaced.

    Example: correlator store restore m-2025-06-05.duckdb
    """
    from correlator.store.upkeep import restore as restore_backup

    replaced = restore_backup(open_store(store), file)
    if replaced is not None:
        narrate(f"the old store is kept as {replaced}")


@app.command("compact")
def compact(store: StoreOption = None) -> None:
    """Rewrite the store to reclaim the space of deleted rows; in a lake, merge small files.

    Example: correlator store compact
    """
    from correlator.store.upkeep import compact as compact_store

    before, after = compact_store(open_store(store))
    narrate(f"{before:,} bytes before, {after:,} after")


@app.command("export")
def export(
    lake: Annotated[str, typer.Argument(help="Lake to create: a folder, or s3://bucket/name.", metavar="LAKE")],
    store: StoreOption = None,
) -> None:
    """Copy the store to a new lake: Delta tables in a folder or object store, for several writers and machines.

    Example: correlator store export lake/
    """
    from correlator.store.lake_upkeep import export as copy

    rows = copy(open_store(store), lake)
    narrate(", ".join(f"{count:,} {table}" for table, count in rows.items() if count) or "no rows")


@app.command("vacuum")
def vacuum(
    keep: Annotated[
        int,
        typer.Option(
            "--keep", min=0, help="Hours of history to keep; must exceed the duration of any running command."
        ),
    ] = 168,
    store: StoreOption = None,
) -> None:
    """Delete the files of a lake that only old versions use, and those that interrupted loads left behind.

    Example: correlator store vacuum --store lake/ --keep 24
    """
    from correlator.store.lake_upkeep import vacuum as clean

    narrate(f"{clean(open_store(store), keep):,} files deleted")
