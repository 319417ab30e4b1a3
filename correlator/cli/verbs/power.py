"""``correlator power``: the smallest effect that a study would find."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.study import takes_study
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate
from correlator.errors import counted


class PowerOutput(StrEnum):
    """Which frame is printed."""

    TABLE = "table"
    CURVE = "curve"


@prints_table
@takes_study(omit=("by",))
def power(
    *,
    chosen: dict[str, Any],
    planned: Annotated[
        int | None,
        typer.Option("--planned", min=1, help="Instead of stored events: this many random dates for every symbol."),
    ] = None,
    effect: Annotated[
        float | None,
        typer.Option("--effect", help="Also print the power for this effect and the events needed: 0.01 is 1 %."),
    ] = None,
    studies: Annotated[int, typer.Option("--studies", min=1, help="Studies of ordinary sessions.")] = 300,
    target: Annotated[float, typer.Option("--target", help="Power at which the smallest effect is found.")] = 0.8,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same dates.")] = 0,
    output: Annotated[
        PowerOutput, typer.Option("--output", help="One row a window, or the curve.")
    ] = PowerOutput.TABLE,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Show before a study which effect it could find: effects are added to real ordinary sessions.

    Example: correlator power --symbol AIRLINK --benchmark KSE100 --planned 10 --windows 0:0,-1:1 --effect 0.02
    """
    from correlator.research.power import stored_power

    result = stored_power(
        open_store(store), planned=planned, effect=effect, studies=studies, target=target, seed=seed, **chosen
    )
    narrate(f"benchmark: {result.made['benchmark_used']}")
    narrate(
        f"{counted(result.events, 'event')} on {counted(result.dates, 'date')}, "
        f"{result.studies} studies of ordinary sessions, seed {seed}"
    )
    printer.print(result.frame(output.value), made={"table": output.value, **result.made})
