"""``correlator confounds``: a study with its confounded events kept, dropped, thinned or modelled."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.study import takes_study
from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import narrate
from correlator.errors import InputError


class ConfoundsOutput(StrEnum):
    """Which table to print."""

    COMPARISON = "comparison"
    FLAGS = "flags"


KindsOption = Annotated[
    str,
    typer.Option(
        "--kinds",
        help="Kinds of confounders, separated by commas: story, country, overlap, ex-dividend, limit-locked, thin.",
    ),
]


@prints_table
@takes_study(omit=("interval", "by"))
def confounds(
    *,
    chosen: dict[str, Any],
    kinds: KindsOption = "story,overlap,ex-dividend,limit-locked,thin",
    output: Annotated[
        ConfoundsOutput,
        typer.Option(
            "--output", help="The treatments side by side (comparison), or the confounders of each event (flags)."
        ),
    ] = ConfoundsOutput.COMPARISON,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Show which events are confounded, and the averages with these events kept, dropped or modelled.

    Example: correlator confounds --symbol AIRLINK --benchmark KSE100 --windows -1:1 --output flags
    """
    from correlator.align.confounds import KINDS
    from correlator.eventstudy.confounded import compare_confounds
    from correlator.research.confounds import stored_flags
    from correlator.research.study import study

    names = tuple(part.strip() for part in kinds.split(",") if part.strip())
    if not names:
        raise InputError("--kinds is empty", hint=f"choose from {', '.join(KINDS)}")
    opened = open_store(store)
    result = study(opened, **chosen)
    flags = stored_flags(opened, result, kinds=names)
    table = flags if output is ConfoundsOutput.FLAGS else compare_confounds(result, flags)
    narrate(f"{int(flags['confounded'].sum())} of {flags.height} events are confounded (--output flags)")
    narrate(f"benchmark: {result.benchmark_note}")
    printer.print(table, made={"table": output.value, **result.made})
