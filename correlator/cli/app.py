"""The command line: every verb in one place. A verb is imported when it is asked for, and its rooms when it runs."""

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
from correlator.cli.terminal.output import progress, told_warnings
from correlator.version import __version__

LOADING, LOOKING, MEASURING, TELLING = "Load", "Look", "Measure", "Tell"

VERBS = (
    Verb("demo", LOADING, "demo", "demo"),
    Verb("update", LOADING, "update", "update"),
    Verb("brief", MEASURING, "brief", "brief"),
    Verb("unexplained", LOOKING, "unexplained", "unexplained"),
    Verb("watch", TELLING, "watch", "watch"),
    Verb("list", LOOKING, "listing", "list_rows"),
    Verb("explain", LOOKING, "explain", "explain"),
    Verb("code", LOOKING, "code", "code"),
    Verb("strip", LOOKING, "strip", "strip"),
    Verb("sql", LOOKING, "sql", "sql"),
    Verb("doctor", LOOKING, "doctor", "doctor"),
    Verb("study", MEASURING, "study", "study"),
    Verb("placebo", MEASURING, "placebo", "placebo"),
    Verb("power", MEASURING, "power", "power"),
    Verb("confounds", MEASURING, "confounds", "confounds"),
    Verb("regress", MEASURING, "regress", "regress"),
    Verb("correlate", MEASURING, "correlate", "correlate"),
    Verb("audit", MEASURING, "audit", "audit"),
    Verb("plot", TELLING, "plot", "plot"),
    Verb("add", LOADING, "add", "app"),
    Verb("store", LOADING, "store", "app"),
    Verb("check", LOADING, "check", "app"),
    Verb("sessions", LOADING, "sessions", "app"),
    Verb("report", TELLING, "report", "app"),
)


class Root(RootVerbs):
    """The verbs of this page, each loaded when it is asked for."""

    verbs = VERBS


app = Verbs(
    name="correlator",
    cls=Root,
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
