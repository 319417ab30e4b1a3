"""``correlator placebo``: a study against the same study on ordinary sessions."""

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
    """Which frame of the test is printed."""

    TABLE = "table"
    BANDS = "bands"
    DRAWS = "draws"
    CLUSTERS = "clusters"
    EXCLUDED = "excluded"


class PlaceboStatistic(StrEnum):
    """What is compared."""

    SCAR = "scar"
    CAAR = "caar"
    BMP = "bmp"


class Treatment(StrEnum):
    """What is done with confounded events before the test."""

    KEEP = "keep"
    DROP = "drop"
    FIRST = "first"


@prints_table
@takes_study()
def placebo(
    *,
    chosen: dict[str, Any],
    statistic: Annotated[
        PlaceboStatistic, typer.Option("--statistic", help="Mean CAR over its error, mean CAR, or the t of the former.")
    ] = PlaceboStatistic.SCAR,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Placebo studies.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same draws.")] = 0,
    match: Annotated[
        str, typer.Option("--match", help="What placebo dates share with the real ones; 'none' for nothing.")
    ] = "weekday,volatility,distance",
    distance: Annotated[
        int | None,
        typer.Option("--distance", min=0, help="Sessions from real events. Default: the length of the event window."),
    ] = None,
    block: Annotated[
        int | None,
        typer.Option(
            "--block", min=0, help="Event dates so many sessions apart move as one. Default: windows overlap."
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", help="Also test whether the effect is smaller than this: 0.01 is 1 %."),
    ] = None,
    confounds: Annotated[
        Treatment, typer.Option("--confounds", help="Keep confounded events, drop them, or keep the first of each.")
    ] = Treatment.KEEP,
    null_plot: Annotated[
        Path | None,
        typer.Option(
            "--null-plot",
            help="Draw what chance alone gives, in the window of the titles, to this HTML file or image.",
            callback=checked_figure,
        ),
    ] = None,
    output: Annotated[PlaceboOutput, typer.Option("--output", help="Which result to print.")] = PlaceboOutput.TABLE,
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
