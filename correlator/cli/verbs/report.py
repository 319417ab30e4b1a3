"""``correlator report``: run a report, schedule it, list its runs."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from correlator.base.inert import visible
from correlator.base.iso_dates import iso_date
from correlator.cli.lazy_verbs import Verbs
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import complain, narrate
from correlator.eventstudy.request.readers import instant

app = Verbs(help="Run and schedule reports: CSV tables, a manifest and an HTML tear sheet.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="TOML file that defines the report.")]
SessionOption = Annotated[
    str | None,
    typer.Option("--if-session", help="Skip the run if the day is not a session of this exchange, such as XKAR."),
]
FolderOption = Annotated[Path, typer.Option("--out", "-o", help="Folder to write reports to.")]


@app.command()
def run(
    file: FileArgument,
    out: FolderOption = Path("reports"),
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Session date or ISO timestamp of the report (default: the last closed session)."),
    ] = None,
    if_session: SessionOption = None,
    store: StoreOption = None,
) -> None:
    """Run a report and print the folder it was written to.

    Example: correlator report run daily.toml --as-of 2025-06-05 -o reports/
    """
    from correlator.report.run import run_report
    from correlator.report.spec import read_spec

    spec = read_spec(file)
    out.mkdir(parents=True, exist_ok=True)
    outcome = run_report(spec, open_store(store), out=out, as_of=_date_or_instant(as_of), if_session=if_session)
    narrate(f"{outcome.status}: {outcome.message}")
    if outcome.folder is not None:
        print(visible(str(outcome.folder), keep=""))


class Scheduler(StrEnum):
    """The scheduler that runs the report."""

    CRON = "cron"
    SYSTEMD = "systemd"


@app.command()
def schedule(
    file: FileArgument,
    at: Annotated[str, typer.Option("--at", help="Time of day with its time zone, such as '16:15 Asia/Karachi'.")],
    scheduler: Annotated[
        Scheduler, typer.Option("--as", help="Print a crontab line, or the two unit files of a systemd timer.")
    ] = Scheduler.CRON,
    install: Annotated[
        bool, typer.Option("--install", help="Install the schedule for this user instead of printing it.")
    ] = False,
    if_session: SessionOption = None,
    out: FolderOption = Path("reports"),
    store: StoreOption = None,
) -> None:
    """Check a report, then print or install a schedule that runs it every day.

    Example: correlator report schedule daily.toml --at "16:15 Asia/Karachi" --if-session XKAR
    """
    import tzlocal

    from correlator.report import schedule as plan
    from correlator.report.as_of import exchange_of_report
    from correlator.report.spec import read_spec

    spec, when, local_zone, now = read_spec(file), plan.parse_daily_time(at), tzlocal.get_localzone(), datetime.now(UTC)
    opened = open_store(store)
    exchange = if_session or exchange_of_report(opened, spec.study.symbols)
    command = _command(file, out, opened.path, if_session)
    early = plan.runs_before_close(when, exchange, now)
    if early is not None:
        complain(
            f"{when} is before the close of {exchange} on {early:%Y-%m-%d}: the report will cover the previous session",
            level="warning",
        )
    if scheduler is Scheduler.CRON:
        _schedule_cron(spec.name, plan.crontab_line(when, command, local_zone, now), install)
    else:
        _schedule_systemd(plan.systemd_units(spec.name, when, command, Path.cwd()), install)
    for run_at in plan.next_runs(when, now, 3):
        narrate(
            f"next run {run_at.astimezone(when.zone):%a %Y-%m-%d %H:%M %Z}, "
            f"local time {run_at.astimezone(local_zone):%H:%M %Z}"
        )


def _schedule_cron(name: str, line: str, install: bool) -> None:
    from correlator.report.schedule import install_crontab

    if not install:
        print(line)
        return
    install_crontab(name, line)
    narrate("installed in the crontab, and verified")


def _schedule_systemd(units: dict[str, str], install: bool) -> None:
    from correlator.report.schedule import install_systemd

    if not install:
        print("\n".join(f"# {name}\n{text}" for name, text in units.items()), end="")
        return
    for path in install_systemd(units, Path.home() / ".config" / "systemd" / "user"):
        narrate(f"wrote {path}")


@app.command("list")
@prints_table
def list_runs(
    *,
    out: FolderOption = Path("reports"),
    last: Annotated[int, typer.Option("--last", min=1, help="Number of runs per report.")] = 10,
    printer: TableOptions,
) -> None:
    """List the last runs of every report in a folder, newest first.

    Example: correlator report list -o reports/
    """
    import polars as pl

    from correlator.errors import NotFoundError
    from correlator.report.journal import JOURNAL, read_journal

    homes = sorted(path.parent for path in out.glob(f"*/{JOURNAL}"))
    if not homes:
        raise NotFoundError(f"no report has run in {out}", hint="run one with `correlator report run`")
    printer.print(pl.concat([read_journal(home, last) for home in homes]))


def _command(file: Path, out: Path, store: Path, if_session: str | None) -> list[str]:
    """Return the command for a scheduler: absolute paths, and only errors on stderr."""
    program = [sys.executable, "-m", "correlator.cli.main", "--quiet", "--store", str(store.resolve())]
    holidays = ["--if-session", if_session] if if_session else []
    return [*program, "report", "run", str(file.resolve()), "-o", str(out.resolve()), *holidays]


def _date_or_instant(text: str | None) -> date | datetime | None:
    """Return a date as a date (the report takes its end at the exchange), anything else as an instant."""
    try:
        return iso_date(text or "")
    except ValueError:
        return instant(text)
