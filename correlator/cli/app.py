"""The command line: every verb in one place. Verbs import their rooms when they run, so that ``--help`` is quick."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from correlator.cli import (
    add,
    audit,
    brief,
    check,
    code,
    confounds,
    correlate,
    demo,
    doctor,
    explain,
    listing,
    placebo,
    plot,
    power,
    regress,
    report,
    sessions,
    sql,
    strip,
    study,
    unexplained,
    update,
    watch,
)
from correlator.cli import store as store_verbs
from correlator.cli.options import Settings, StoreOption, use_settings
from correlator.cli.output import progress, told_warnings
from correlator.cli.verbs import Verbs
from correlator.limits import limits, use_limits
from correlator.progress import listen
from correlator.resources import SESSIONS_VARIABLE
from correlator.version import __version__

app = Verbs(
    name="correlator",
    help="What did this ticker do around this news, and is that more than chance?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"correlator {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    store: StoreOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No narration, warnings or progress bars.")] = False,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Narration as one JSON object per line.")] = False,
    sessions: Annotated[
        Path | None,
        typer.Option(
            "--sessions", help="Your own corrections of calendars (default: $CORRELATOR_SESSIONS).", show_default=False
        ),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            min=0,
            help="Seconds to wait while others hold the store (default: $CORRELATOR_LOCK_WAIT, else 10).",
            show_default=False,
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory", help="Memory of the database, such as 1GiB (default: $CORRELATOR_MEMORY).", show_default=False
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="Threads to use (default: $CORRELATOR_THREADS).", show_default=False),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What did this ticker do around this news, and is that more than chance?

    Data goes to stdout, narration to stderr.
    """
    use_settings(Settings(store=store, quiet=quiet, json_logs=json_logs, wait=wait))
    use_limits(memory=memory, threads=threads or limits().threads)
    if sessions is not None:
        os.environ[SESSIONS_VARIABLE] = str(sessions)  # so that processes that a verb starts use the same calendars
    listen(progress)
    ctx.with_resource(told_warnings())


LOADING, LOOKING, MEASURING, TELLING = "Load", "Look", "Measure", "Tell"

app.command("demo", rich_help_panel=LOADING)(demo.demo)
app.add_typer(add.app, name="add", rich_help_panel=LOADING)
app.add_typer(store_verbs.app, name="store", rich_help_panel=LOADING)
app.add_typer(check.app, name="check", rich_help_panel=LOADING)
app.add_typer(sessions.app, name="sessions", rich_help_panel=LOADING)
app.command("update", rich_help_panel=LOADING)(update.update)
app.command("brief", rich_help_panel=MEASURING)(brief.brief)
app.command("unexplained", rich_help_panel=LOOKING)(unexplained.unexplained)
app.command("watch", rich_help_panel=TELLING)(watch.watch)
app.command("list", rich_help_panel=LOOKING)(listing.list_rows)
app.command("explain", rich_help_panel=LOOKING)(explain.explain)
app.command("code", rich_help_panel=LOOKING)(code.code)
app.command("strip", rich_help_panel=LOOKING)(strip.strip)
app.command("sql", rich_help_panel=LOOKING)(sql.sql)
app.command("doctor", rich_help_panel=LOOKING)(doctor.doctor)
app.command("study", rich_help_panel=MEASURING)(study.study)
app.command("placebo", rich_help_panel=MEASURING)(placebo.placebo)
app.command("power", rich_help_panel=MEASURING)(power.power)
app.command("confounds", rich_help_panel=MEASURING)(confounds.confounds)
app.command("regress", rich_help_panel=MEASURING)(regress.regress)
app.command("correlate", rich_help_panel=MEASURING)(correlate.correlate)
app.command("audit", rich_help_panel=MEASURING)(audit.audit)
app.command("plot", rich_help_panel=TELLING)(plot.plot)
app.add_typer(report.app, name="report", rich_help_panel=TELLING)
