"""``correlator audit``: does a study use what was not yet known?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
        str, typer.Argument(help="built-in, or FILE.py:FUNCTION: a function of a panel and a frame of events.")
    ] = "built-in",
    *,
    chosen: dict[str, Any],
    most_cutoffs: Annotated[
        int, typer.Option("--cutoffs", min=1, help="How many bars, at most, to try another future after.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same other futures.")] = 0,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Prove that no number of a study used news published or bars closed after the instant that it claims.

    Prints the numbers that did, and exits with code 10 if there are any.

    Example: correlator audit built-in --symbol AIRLINK --benchmark KSE100 --window -5:5
    """
    from correlator.look_ahead import audit as audit_study
    from correlator.research.study import study as run

    own = None if study == "built-in" else own_study(study)
    opened = open_store(store)
    result = run(opened, **chosen)
    report = audit_study(
        result.spec if own is None else own,
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


def own_study(text: str) -> Measure:
    """The function that ``FILE.py:FUNCTION`` names; its file is run. Raises InputError or NotFoundError."""
    import importlib.util

    file, _, name = text.rpartition(":")
    path = Path(file)
    if not file or not name or path.suffix != ".py":
        raise InputError(f"study {text!r} is not known", hint="write built-in, or FILE.py:FUNCTION")
    if not path.is_file():
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
    """The instants at which the sessions of the panel closed."""
    from correlator.research.panel import exchange_of
    from correlator.sessions.calendars import sessions_between

    with store.reading() as connection:
        exchange = exchange_of(connection, panel.symbols)
    return sessions_between(exchange, panel.labels[0], panel.labels[-1])["closes_at"]
