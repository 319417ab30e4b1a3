"""The command line: every verb in one place. Verbs import their rooms when they run, so that ``--help`` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.cli import (
    add,
    audit,
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
    regress,
    report,
    sessions,
    sql,
    strip,
    study,
)
from correlator.cli.options import Settings, StoreOption, use_settings
from correlator.version import __version__

app = typer.Typer(
    name="correlator",
    help="What did this ticker do around this news, and is that more than chance?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"correlator {__version__}")
        raise typer.Exit


@app.callback()
def main(
    store: StoreOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No narration and no progress bars.")] = False,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Narration as one JSON object per line.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What did this ticker do around this news, and is that more than chance?

    Data goes to stdout, narration to stderr.
    """
    use_settings(Settings(store=store, quiet=quiet, json_logs=json_logs))


app.add_typer(add.app, name="add")
app.command("list")(listing.list_rows)
app.command("code")(code.code)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("study")(study.study)
app.command("plot")(plot.plot)
app.command("sql")(sql.sql)
app.command("strip")(strip.strip)
app.command("placebo")(placebo.placebo)
app.command("correlate")(correlate.correlate)
app.command("audit")(audit.audit)
app.command("confounds")(confounds.confounds)
app.command("regress")(regress.regress)
app.add_typer(report.app, name="report")
app.add_typer(check.app, name="check")
app.add_typer(sessions.app, name="sessions")
