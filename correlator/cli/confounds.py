"""``correlator confounds``: a study with its confounded events kept, dropped, thinned out or modelled."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import FormatOption, OutputOption, narrate, print_frame
from correlator.cli.study import (
    AsOfOption,
    BenchmarkOption,
    EstimationOption,
    EventsOption,
    LinkOption,
    ModelOption,
    SymbolOption,
    WindowOption,
    WindowsOption,
    instant,
    narrated_warnings,
)


class ConfoundsOutput(StrEnum):
    """Which table is printed."""

    COMPARISON = "comparison"
    FLAGS = "flags"


KindsOption = Annotated[
    str,
    typer.Option(
        "--kinds", help="What confounds: story, country, overlap, ex-dividend, limit-locked, thin, separated by commas."
    ),
]


def confounds(
    symbol: SymbolOption = None,
    events: EventsOption = None,
    link: LinkOption = None,
    benchmark: BenchmarkOption = None,
    model: ModelOption = "market",
    estimation: EstimationOption = "-279:-30",
    window: WindowOption = "-10:10",
    windows: WindowsOption = None,
    kinds: KindsOption = "story,overlap,ex-dividend,limit-locked,thin",
    as_of: AsOfOption = None,
    output: Annotated[
        ConfoundsOutput, typer.Option("--output", help="The treatments side by side, or what confounds each event.")
    ] = ConfoundsOutput.COMPARISON,
    store: StoreOption = None,
    format: FormatOption = None,
    to: OutputOption = None,
) -> None:
    """Say what else happened in the events' windows, and what averages are with those events kept, dropped or modelled.

    Example: correlator confounds --symbol AIRLINK --benchmark KSE100 --windows -1:1 --output flags
    """
    from correlator.study.cross_section.confounded import compare_confounds
    from correlator.study.cross_section.stored_confounds import stored_flags
    from correlator.study.run import study
    from correlator.study.setup.selection import DEFAULT_LINKS

    opened, links, known = open_store(store), tuple(link) if link else DEFAULT_LINKS, instant(as_of)
    with narrated_warnings():
        result = study(
            opened,
            symbol,
            events=events,
            links=links,
            benchmark=benchmark,
            model=model,
            estimation=estimation,
            window=window,
            windows=windows,
            as_of=known,
        )
        wanted = tuple(part.strip() for part in kinds.split(",") if part.strip())
        flags = stored_flags(opened, result, links=links, kinds=wanted, as_of=known)
        table = flags if output is ConfoundsOutput.FLAGS else compare_confounds(result, flags)
    narrate(f"{int(flags['confounded'].sum())} of {flags.height} events are confounded (--output flags)")
    print_frame(table, format, to)
