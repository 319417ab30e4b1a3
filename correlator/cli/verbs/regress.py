"""``correlator regress``: abnormal returns regressed on what the events were."""

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
        str, typer.Argument(help="Such as 'car ~ goldstein + C(category)': columns, + - * :, C(), log(), I().")
    ],
    *,
    chosen: dict[str, Any],
    of: Annotated[
        str | None, typer.Option("--of", help="CAR window to explain. Default: the first.", show_default=False)
    ] = None,
    cluster: Annotated[
        list[str] | None,
        typer.Option("--cluster", help="Column that errors are clustered by, at most two. Default: session, symbol."),
    ] = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Explain the events' abnormal returns by what the events were; errors clustered by session and symbol.

    Besides the events' columns: beta, sigma, story_size, size (log value traded), hour, weekday, year.

    Example: correlator regress 'car ~ goldstein + tone + beta' --windows -1:1,-5:5 --of -1:1
    """
    from correlator.eventstudy.regression.cross_section import cross_section
    from correlator.eventstudy.regression.formula import parse_formula
    from correlator.research.features import explained_window, stored_features
    from correlator.research.study import study

    parse_formula(formula)  # before the study, which takes longer
    opened = open_store(store)
    result = study(opened, **chosen)
    fit = cross_section(stored_features(opened, result, of), formula, clusters=cluster)
    narrate(replace(fit, window=explained_window(result, of)).sentence)
    narrate(f"benchmark: {result.benchmark_note}")
    printer.print(fit.table, made={"formula": formula, "clusters": fit.clusters, **result.made})
