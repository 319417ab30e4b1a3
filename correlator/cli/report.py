"""``correlator report``: make a report, schedule it, list its runs."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import FormatOption, OutputOption, narrate, print_frame
from correlator.cli.study import instant

app = typer.Typer(help="Scheduled reports: CSV tables, a manifest and an HTML tear sheet.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="TOML file of the report.")]
FolderOption = Annotated[Path, typer.Option("--out", "-o", help="Folder that holds the reports.")]


@app.command()
def run(
    file: FileArgument,
    out: FolderOption = Path("reports"),
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Session date or ISO instant it stands at (default: last closed session)."),
    ] = None,
    if_session: Annotated[
        str | None, typer.Option("--if-session", help="Do nothing where the day is no session here, such as XKAR.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Make a report; print the folder it is in.

    Example: correlator report run daily.toml --as-of 2025-06-05 -o reports/
    """
    from correlator.report.run import run_report
    from correlator.report.spec import read_spec

    spec = read_spec(file)
    out.mkdir(parents=True, exist_ok=True)
    done = run_report(spec, open_store(store), out=out, as_of=_moment(as_of), if_session=if_session)
    narrate(f"{done.status}: {done.message}")
    if done.folder is not None:
        print(done.folder)


@app.command("list")
def list_runs(
    out: FolderOption = Path("reports"),
    last: Annotated[int, typer.Option("--last", min=1, help="Runs per report.")] = 10,
    format: FormatOption = None,
    to: OutputOption = None,
) -> None:
    """Show the last runs of every report in a folder, newest first.

    Example: correlator report list -o reports/
    """
    import polars as pl

    from correlator.errors import NotFoundError
    from correlator.report.journal import JOURNAL, read_journal

    homes = sorted(path.parent for path in out.glob(f"*/{JOURNAL}"))
    if not homes:
        raise NotFoundError(f"no report has run in {out}", hint="make one with `correlator report run`")
    print_frame(pl.concat([read_journal(home, last) for home in homes]), format, to)


def _moment(text: str | None) -> date | datetime | None:
    """A date stands for its end at the exchange, an instant for itself."""
    if text is not None and len(text) == 10:
        try:
            return date.fromisoformat(text)
        except ValueError:
            return instant(text)
    return instant(text)
