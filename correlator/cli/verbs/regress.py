"""``correlator regress``: regress abnormal returns on attributes of the events."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.study import takes_study
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate


@prints_table
@takes_study(omit=("interval", "by"))
def regress(
    formula: Annotated[
        str, typer.Argument(help="Formula such as 'car ~ goldstein + C(category)', with + - * :, C(), log() and I().")
    ],
    *,
    chosen: dict[str, Any],
    of: Annotated[
        str | None, typer.Option("--of", help="Window of the CAR to explain. Default: the first.", show_default=False)
    ] = None,
    clusters: Annotated[
        list[str] | None,
        typer.Option(
            "--clusters",
            "--cluster",
            help="Column to cluster standard errors by; at most two. Default: session and symbol.",
        ),
    ] = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Regress the abnormal returns of events on their attributes, with errors clustered by session and symbol.

    Formulas may use the columns of the events, and beta, sigma, story_size, size (log value traded), hour, weekday and
    year.

    Example: correlator regress 'car ~ goldstein + tone + beta' --windows -1:1,-5:5 --of -1:1
    """
    from correlator.eventstudy.regression.cross_section import cross_section, explained_window
    from correlator.eventstudy.regression.formula import parse_formula
    from correlator.research.features import stored_features
    from correlator.research.study import study

    parse_formula(formula)  # before the study, which takes longer
    opened = open_store(store)
    result = study(opened, **chosen)
    fit = cross_section(stored_features(opened, result, of), formula, clusters=clusters)
    narrate(replace(fit, window=explained_window(result, of)).sentence)
    narrate(f"benchmark: {result.benchmark_note}")
    printer.print(fit.table, made={"formula": formula, "clusters": fit.clusters, **result.made})
