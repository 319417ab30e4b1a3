"""The command-line app and its verbs. A verb's module is imported when it is used, its dependencies when it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from correlator.base.limits import limits, use_limits
from correlator.base.progress import listen
from correlator.base.resources import SESSIONS_VARIABLE
from correlator.cli.lazy_verbs import RootVerbs, Verb, Verbs
from correlator.cli.options.common import Settings, StoreOption, use_settings
from correlator.cli.terminal.output import printed_warnings, progress
from correlator.version import __version__

LOADING, INSPECTING, MEASURING, REPORTING = "Load and check", "Inspect", "Measure", "Report"

VERBS = (
    Verb("demo", LOADING, "demo", "demo"),
    Verb("update", LOADING, "update", "update"),
    Verb("brief", MEASURING, "brief", "brief"),
    Verb("unexplained", INSPECTING, "unexplained", "unexplained"),
    Verb("watch", REPORTING, "watch", "watch"),
    Verb("list", INSPECTING, "listing", "list_rows"),
    Verb("explain", INSPECTING, "explain", "explain"),
    Verb("code", INSPECTING, "code", "code"),
    Verb("strip", INSPECTING, "strip", "strip"),
    Verb("sql", INSPECTING, "sql", "sql"),
    Verb("doctor", INSPECTING, "doctor", "doctor"),
    Verb("study", MEASURING, "study", "study"),
    Verb("placebo", MEASURING, "placebo", "placebo"),
    Verb("power", MEASURING, "power", "power"),
    Verb("confounds", MEASURING, "confounds", "confounds"),
    Verb("regress", MEASURING, "regress", "regress"),
    Verb("correlate", MEASURING, "correlate", "correlate"),
    Verb("audit", MEASURING, "audit", "audit"),
    Verb("plot", REPORTING, "plot", "plot"),
    Verb("add", LOADING, "add", "app"),
    Verb("store", LOADING, "store", "app"),
    Verb("check", LOADING, "check", "app"),
    Verb("sessions", LOADING, "sessions", "app"),
    Verb("report", REPORTING, "report", "app"),
)


class Root(RootVerbs):
    """The group of all verbs, each imported when it is first used."""

    verbs = VERBS


app = Verbs(
    name="correlator",
    cls=Root,
    help="What did this ticker do around this news, and is that more than chance?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"correlator {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    store: StoreOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Hide notes, warnings and progress bars.")] = False,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Write notes to stderr as JSON, one object per line.")
    ] = False,
    sessions: Annotated[
        Path | None,
        typer.Option(
            "--sessions",
            help="CSV of your own calendar corrections (default: $CORRELATOR_SESSIONS).",
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            min=0,
            help="Seconds to wait for a store locked by another process (default: $CORRELATOR_LOCK_WAIT, else 10).",
            show_default=False,
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            help="Memory limit of the database, such as 1GiB (default: $CORRELATOR_MEMORY).",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="Number of threads (default: $CORRELATOR_THREADS).", show_default=False),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What did this ticker do around this news, and is that more than chance?

    Data goes to stdout, notes and warnings to stderr.
    """
    use_settings(Settings(store=store, quiet=quiet, json_logs=json_logs, wait=wait))
    use_limits(memory=memory, threads=threads or limits().threads)
    if sessions is not None:
        os.environ[SESSIONS_VARIABLE] = str(sessions)  # inherited by child processes
    listen(progress)
    ctx.with_resource(printed_warnings())
