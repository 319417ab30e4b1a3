"""``correlator placebo``: compare a study with the same study on ordinary sessions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from correlator.cli.options.common import ClusterOption, StoreOption, open_store
from correlator.cli.options.study import takes_study
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.drawing import checked_figure, write_figure
from correlator.cli.terminal.output import narrate


class PlaceboOutput(StrEnum):
    """Which table of the test to print."""

    TABLE = "table"
    BANDS = "bands"
    DRAWS = "draws"
    CLUSTERS = "clusters"
    EXCLUDED = "excluded"


class PlaceboStatistic(StrEnum):
    """The statistic to compare."""

    SCAR = "scar"
    CAAR = "caar"
    BMP = "bmp"


class Treatment(StrEnum):
    """How confounded events are treated before the test."""

    KEEP = "keep"
    DROP = "drop"
    FIRST = "first"


@prints_table
@takes_study()
def placebo(
    *,
    chosen: dict[str, Any],
    statistic: Annotated[
        PlaceboStatistic,
        typer.Option("--statistic", help="scar: mean CAR over its standard error; caar: mean CAR; bmp: t of scar."),
    ] = PlaceboStatistic.SCAR,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Number of placebo studies.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the draws.")] = 0,
    match: Annotated[
        str, typer.Option("--match", help="What placebo dates must share with the real ones, or 'none'.")
    ] = "weekday,volatility,distance",
    distance: Annotated[
        int | None,
        typer.Option(
            "--distance",
            min=0,
            help="Minimum distance from real events in sessions. Default: the length of the event window.",
        ),
    ] = None,
    block: Annotated[
        int | None,
        typer.Option(
            "--block",
            min=0,
            help="Move event dates at most this many sessions apart as one block. Default: if windows overlap.",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", help="Also test whether the effect is smaller than this (0.01 is 1 %)."),
    ] = None,
    confounds: Annotated[
        Treatment,
        typer.Option("--confounds", help="Keep confounded events, drop them, or keep the first of each group."),
    ] = Treatment.KEEP,
    null_plot: Annotated[
        Path | None,
        typer.Option(
            "--null-plot",
            help="Plot the placebo distribution of the main window to this HTML or image file.",
            callback=checked_figure,
        ),
    ] = None,
    output: Annotated[PlaceboOutput, typer.Option("--output", help="Which table to print.")] = PlaceboOutput.TABLE,
    cluster: ClusterOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Test event-window returns against the same study on ordinary sessions of the same symbols.

    Example: correlator placebo --symbol AIRLINK --benchmark KSE100 --windows -1:1,-5:5 --draws 10000 --seed 7
    """
    from correlator.cluster import cluster_if
    from correlator.eventstudy.placebo.dates import Matching
    from correlator.research.placebo import stored_placebo

    criteria = () if match == "none" else tuple(part.strip() for part in match.split(",") if part.strip())
    with cluster_if(cluster) as opened:
        test = stored_placebo(
            open_store(store),
            draws=draws,
            seed=seed,
            statistic=statistic.value,
            matching=Matching(criteria=criteria, distance=distance, block=block),
            margin=margin,
            confounds=confounds.value,
            cluster=opened,
            **chosen,
        )
    narrate(f"benchmark: {test.benchmark_note}")
    narrate(test.sentence)
    if null_plot is not None:
        from correlator.plot.of_result import placebo_null_figure

        write_figure(placebo_null_figure(test), null_plot)
    printer.print(test.frame(output.value), made={"table": output.value, **test.made})
