"""``correlator store``: is the store sound, and copies of it."""

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

app = Verbs(help="Check, copy, restore and compact the store; create and clean up a lake.")


@app.command("verify")
@prints_table
def verify(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Marks and half-derived states only, not every row.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="First complete what a stopped load left unfinished, and keep its rows.")
    ] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Check every invariant of the store: keys, ranges, orphans, copies, half-derived states, damaged blocks.

    Exits with code 10 if something is found.

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


LoadArgument = Annotated[int, typer.Argument(help="Number of the load, as `correlator list loads` shows it.", min=1)]


@app.command("show")
@prints_table
def show(*, load: LoadArgument, store: StoreOption = None, printer: TableOptions) -> None:
    """Show the rows of a load that are still in the store, by table; undoing the load removes them.

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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and change nothing.")] = False,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Remove what a load added, in one transaction, and print how many rows were removed from each table.

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
    coder: Annotated[str, typer.Option("--coder", help="Event coder: rules or full.")],
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Code every stored article again, and print what changed; events of users and of GDELT stay.

    Example: correlator store recode --coder full
    """
    from correlator.intake.recode import recode_events

    changed = recode_events(open_store(store), coder)
    counts = dict(changed["change"].value_counts().iter_rows())
    narrate(", ".join(f"{counts.get(name, 0):,} {name}" for name in ("new", "gone", "other")) + " events")
    printer.print(changed, "recode")


@app.command("instrument")
def instrument(
    symbol: Annotated[str, typer.Argument(help="The instrument's symbol.")],
    exchange: Annotated[str | None, typer.Option("--exchange", help="Market identifier code, such as XKAR.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="ISO 4217 code.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="ISO 3166-1 alpha-3 code.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the company or index.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="share, index, fund, factor, fx ...")] = None,
    benchmark: Annotated[str | None, typer.Option("--benchmark", help="Symbol of its default benchmark.")] = None,
    aliases: Annotated[str | None, typer.Option("--aliases", help="Other names, separated by |.")] = None,
    store: StoreOption = None,
) -> None:
    """Change what the store says of an instrument; an empty text ('') takes a value away.

    Example: correlator store instrument HBL --benchmark KSE100
    """
    from correlator.intake.instruments import edit_instrument

    given = {"exchange": exchange, "currency": currency, "country": country, "name": name, "kind": kind}
    given |= {"benchmark": benchmark, "aliases": aliases}
    before, after = edit_instrument(open_store(store), symbol, **{k: v for k, v in given.items() if v is not None})
    fields = [each for each in after if before[each] != after[each]]
    changed = [f"{each} {before[each] or 'none'} -> {after[each] or 'none'}" for each in fields]
    narrate(f"{after['symbol']}: {', '.join(changed) or 'nothing changed'}")


@app.command("merge")
def merge(
    keep: Annotated[str, typer.Argument(help="Symbol that stays.")],
    other: Annotated[
        str, typer.Argument(help="Second symbol of the same instrument; it becomes another name of the first.")
    ],
    store: StoreOption = None,
) -> None:
    """Merge two symbols of one instrument: bars, links and events of the second become those of the first.

    Example: correlator store merge HBL HBL.KA
    """
    from correlator.intake.merge import merge_instruments

    for line in merge_instruments(open_store(store), keep, other):
        narrate(line)


def _load_line(undone: Undone) -> str:
    """A load in a line."""
    load = undone.load
    gone = f", undone at {load['undone_at']:%Y-%m-%d %H:%M} UTC" if load["undone_at"] is not None else ""
    return (
        f"load {load['load_id']}, {load['kind']} from {load['source']}, {load['finished_at']:%Y-%m-%d %H:%M} UTC{gone}"
    )


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="New file that becomes the copy.")],
    store: StoreOption = None,
) -> None:
    """Copy the store to a new file; meanwhile others can read, and writers wait.

    Example: correlator store backup m-2025-06-05.duckdb
    """
    from correlator.store.upkeep import backup as copy

    print(copy(open_store(store), file))


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="Backup that replaces the store.")],
    store: StoreOption = None,
) -> None:
    """Replace the store with a copy of a backup; the old store is kept next to it, as NAME.replaced.

    Example: correlator store restore m-2025-06-05.duckdb
    """
    from correlator.store.upkeep import restore as put_back

    replaced = put_back(open_store(store), file)
    if replaced is not None:
        narrate(f"the store that stood there is {replaced}")


@app.command("compact")
def compact(store: StoreOption = None) -> None:
    """Rewrite the store without the space of deleted rows; in a lake, merge small files.

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
        int, typer.Option("--keep", min=0, help="Hours to keep: reads and loads that began earlier lose their files.")
    ] = 168,
    store: StoreOption = None,
) -> None:
    """Delete files of a lake that only earlier versions need, and files that stopped loads left.

    Example: correlator store vacuum --store lake/ --keep 24
    """
    from correlator.store.lake_upkeep import vacuum as clean

    narrate(f"{clean(open_store(store), keep):,} files deleted")
