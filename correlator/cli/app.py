"""The command-line app and its verbs. A verb's module is imported when it is used, its dependencies when it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from correlator.base.progress import listen
from correlator.cli.lazy_verbs import RootVerbs, Verb, Verbs
from correlator.cli.options.common import Settings, json_logs_typed, use_settings
from correlator.cli.options.group import takes_group
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


def main(
    *,
    ctx: typer.Context,
    chosen: Settings,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What did this ticker do around this news, and is that more than chance?

    Data goes to stdout, notes and warnings to stderr.
    """
    use_settings(replace(chosen, json_logs=chosen.json_logs or json_logs_typed()))
    listen(progress)
    ctx.with_resource(printed_warnings())


app.callback()(takes_group(main, Settings, "chosen"))
