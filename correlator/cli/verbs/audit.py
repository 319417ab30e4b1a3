"""``correlator audit``: check a study for look-ahead bias."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from correlator.base.files import is_file
from correlator.cli.exit_codes import ExitCode
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.study import takes_study
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate
from correlator.errors import InputError, NotFoundError

if TYPE_CHECKING:
    import polars as pl

    from correlator.eventstudy.panel.frames import Panel
    from correlator.look_ahead import Measure
    from correlator.store.db import Store


@prints_table
@takes_study(omit=("interval", "by"))
def audit(
    study: Annotated[
        str, typer.Argument(help="built-in, or your own FILE.py:FUNCTION, called with a panel and a frame of events.")
    ] = "built-in",
    *,
    chosen: dict[str, Any],
    most_cutoffs: Annotated[
        int,
        typer.Option(
            "--cutoffs", min=1, help="Maximum number of cutoffs to test; if there are more, a random sample is used."
        ),
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the changed futures.")] = 0,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Check that no result of a study uses news or bars from after the time at which it claims to be known.

    Replaces the bars and news after a cutoff and looks for results that change. Prints these results, and exits with
    code 10 if there are any.

    Example: correlator audit built-in --symbol AIRLINK --benchmark KSE100 --window -5:5
    """
    from correlator.look_ahead import audit as audit_study
    from correlator.research.study import study as run

    custom = None if study == "built-in" else load_measure(study)
    opened = open_store(store)
    result = run(opened, **chosen)
    report = audit_study(
        result.spec if custom is None else custom,
        result.panel,
        result.events,
        closes=_closes(opened, result.panel),
        most_cutoffs=most_cutoffs,
        seed=seed,
    )
    narrate(report.sentence)
    printer.print(report.findings)
    if not report.passed:
        raise typer.Exit(ExitCode.FINDINGS)


def load_measure(text: str) -> Measure:
    """Run the file in ``FILE.py:FUNCTION`` and return its function; raise InputError or NotFoundError."""
    import importlib.util

    file, _, name = text.rpartition(":")
    path = Path(file)
    if not file or not name or path.suffix != ".py":
        raise InputError(f"unknown study {text!r}", hint="write built-in, or FILE.py:FUNCTION")
    if not is_file(path):
        raise NotFoundError(f"{path} does not exist", hint="write FILE.py:FUNCTION")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise InputError(f"{path} cannot be loaded as Python", hint="write FILE.py:FUNCTION")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    measure: Measure | None = getattr(module, name, None)
    if measure is None:
        raise NotFoundError(f"{path} has no function {name!r}", hint="write FILE.py:FUNCTION")
    return measure


def _closes(store: Store, panel: Panel) -> pl.Series:
    """Return the closing times of the panel's sessions."""
    from correlator.research.panel import exchange_of
    from correlator.sessions.calendars import sessions_between

    with store.reading() as connection:
        exchange = exchange_of(connection, panel.symbols)
    return sessions_between(exchange, panel.labels[0], panel.labels[-1])["closes_at"]
