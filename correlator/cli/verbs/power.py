"""``correlator power``: the smallest effect that a study would detect."""

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
    """Which table to print."""

    TABLE = "table"
    CURVE = "curve"


@prints_table
@takes_study(omit=("by",))
def power(
    *,
    chosen: dict[str, Any],
    planned: Annotated[
        int | None,
        typer.Option("--planned", min=1, help="Use this many random dates per symbol instead of stored events."),
    ] = None,
    effect: Annotated[
        float | None,
        typer.Option("--effect", help="Also print the power for this effect (0.01 is 1 %) and the events needed."),
    ] = None,
    studies: Annotated[
        int, typer.Option("--studies", min=1, help="Number of simulated studies on ordinary sessions.")
    ] = 300,
    target: Annotated[
        float, typer.Option("--target", help="Power at which the smallest effect counts as detectable.")
    ] = 0.8,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the dates.")] = 0,
    output: Annotated[
        PowerOutput, typer.Option("--output", help="One row per window (table), or the power curve (curve).")
    ] = PowerOutput.TABLE,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Estimate which effect a study could detect, by adding effects to the returns of ordinary sessions.

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
