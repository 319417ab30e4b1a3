"""``correlator correlate``: compare news intensity with returns."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from correlator.cli.options.common import ClusterOption, StoreOption, open_store
from correlator.cli.options.completion import complete_symbol
from correlator.cli.options.study import takes_study
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.drawing import checked_figure, write_figure
from correlator.cli.terminal.output import narrate
from correlator.errors import InputError
from correlator.eventstudy.request.spec import StudySpec
from correlator.version import __version__


class Method(StrEnum):
    """The method to use."""

    LEAD_LAG = "lead-lag"
    GRANGER = "granger"
    PROJECTION = "projection"
    ROLLING = "rolling"
    IC = "ic"
    SPREAD = "spread"
    INTENSITY = "intensity"


class By(StrEnum):
    """How news is grouped."""

    ALL = "all"
    COUNTRY = "country"
    DYAD = "dyad"
    CATEGORY = "category"
    SYMBOL = "symbol"


class Measure(StrEnum):
    """What is counted per session."""

    STORIES = "stories"
    EVENTS = "events"
    GOLDSTEIN = "goldstein"
    CONFLICT = "conflict"
    NOVELTY = "novelty"


class Against(StrEnum):
    """The series to compare news with."""

    RETURNS = "returns"
    ABSOLUTE = "absolute"
    VOLUME = "volume"


class Bands(StrEnum):
    """How confidence bands are computed."""

    HAC = "hac"
    BOOTSTRAP = "bootstrap"


_KNOWN = ("events", "links", "returns", "price", "as_of", "date_only")


@prints_table
@takes_study(omit=tuple(each.name for each in fields(StudySpec) if each.name not in _KNOWN))
def correlate(
    *,
    symbols: Annotated[list[str], typer.Argument(help="Symbols, all of one exchange.", autocompletion=complete_symbol)],
    method: Annotated[Method, typer.Option("--method", help="Method to use.")] = Method.LEAD_LAG,
    by: Annotated[By, typer.Option("--by", help="How to group news.")] = By.COUNTRY,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Only this country, dyad, category or symbol; repeatable.")
    ] = None,
    measure: Annotated[Measure, typer.Option("--measure", help="What to count per session.")] = Measure.STORIES,
    against: Annotated[Against, typer.Option("--against", help="Series to compare news with.")] = Against.RETURNS,
    max_lag: Annotated[int, typer.Option("--max-lag", min=1, help="Largest lag, order or horizon.")] = 5,
    bands: Annotated[
        Bands,
        typer.Option(
            "--bands", help="Confidence bands: hac (errors by cosines, Student's t), or stationary bootstrap."
        ),
    ] = Bands.HAC,
    window: Annotated[
        int, typer.Option("--window", "--rolling", min=2, help="Length of the rolling window in sessions.")
    ] = 60,
    quantiles: Annotated[int, typer.Option("--quantiles", min=2, help="Number of quantiles, for spread.")] = 5,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Number of bootstrap draws.")] = 1_999,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the bootstrap.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", help="Plot lead-lag or projection of one symbol and key to this file.", callback=checked_figure
        ),
    ] = None,
    chosen: dict[str, Any],
    cluster: ClusterOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Compare news per session with returns, absolute returns or volume. A positive lag means that news leads.

    Example: correlator correlate HBL --by country --key PAK --measure stories --against absolute
    """
    from correlator.cluster import cluster_if
    from correlator.research.correlate import correlate as measured
    from correlator.research.correlate import news_and_returns

    if cluster is not None and method is Method.INTENSITY:
        raise InputError("--method intensity cannot run on a cluster", hint="leave --cluster out")
    data = news_and_returns(
        open_store(store),
        symbols,
        by=by.value,
        **chosen,
    )
    narrate(data.sentence)
    with cluster_if(cluster) as opened:
        table = measured(
            data,
            method.value,
            cluster=opened,
            keys=key,
            measure=measure.value,
            against=against.value,
            max_lag=max_lag,
            bands=bands.value,
            window=window,
            quantiles=quantiles,
            draws=draws,
            seed=seed,
        )
    if "tested" in table.columns:
        narrate(f"{table['tested'][0]} hypotheses tested; p_holm is adjusted for all of them")
    if plot is not None:
        from correlator.plot.correlation import correlation_figure

        how = {"bands": bands.value, "measure": measure.value, "against": against.value}
        write_figure(correlation_figure(table, method.value, **how), plot)
    request: dict[str, object] = {
        "method": method.value,
        "by": by.value,
        "measure": measure.value,
        "against": against.value,
    }
    request |= {"bands": bands.value, "max_lag": max_lag, "draws": draws, "seed": seed}
    options = {name: str(value) for name, value in chosen.items() if value is not None}
    printer.print(table, made={"made_by": f"correlator {__version__}", "symbols": symbols, **options, **request})
