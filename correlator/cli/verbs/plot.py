"""``correlator plot``: figures as HTML, PNG, SVG or PDF, or in the terminal."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from correlator.base.inert import file_name, visible
from correlator.cli.options.common import StoreOption, open_store
from correlator.cli.options.completion import complete_symbol
from correlator.cli.options.study import refuse, takes_study
from correlator.cli.terminal.drawing import WIDTH, checked_figure, is_page, write_figure
from correlator.errors import InputError
from correlator.plot.figures import FIGURES, Size, figure_text

PlotKind = StrEnum("PlotKind", {name.upper().replace("-", "_"): name for name in FIGURES})  # type: ignore[misc]
"""Kinds of figures in the registry."""

_PRICE = PlotKind("price")
_KIND_HELP = "Kind of figure. " + "; ".join(f"{kind.name}: {kind.words}" for kind in FIGURES.values()) + "."


@takes_study(omit=("symbols",))
def plot(
    symbol: Annotated[
        str,
        typer.Argument(
            help="Symbol to plot; several, separated by commas, for figures of studies and dyads.",
            autocompletion=complete_symbol,
        ),
    ],
    *,
    kind: Annotated[PlotKind, typer.Option("--kind", help=_KIND_HELP)] = _PRICE,
    around: Annotated[
        str | None, typer.Option("--around", help="Date in the middle of a price figure.", show_default=False)
    ] = None,
    sessions_each_side: Annotated[
        int | None,
        typer.Option(
            "--sessions-each-side",
            "--sessions",
            min=1,
            help="Sessions on each side of --around (default: 60 for daily bars, 1 for intraday bars).",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            "-o",
            help="File to write: .html, .png, .svg or .pdf (default: SYMBOL.html).",
            show_default=False,
            callback=checked_figure,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", hidden=True, help="Former name of --to.", callback=checked_figure)
    ] = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Draw in the terminal instead of writing a file.")
    ] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open the written file in a browser.")] = False,
    width: Annotated[int, typer.Option("--width", min=200, help="Width of an image in pixels.")] = WIDTH,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Number of placebo studies (fan, null).")] = 2_000,
    seed: Annotated[int, typer.Option("--seed", help="Random seed of the placebo studies.")] = 0,
    key: Annotated[
        str | None, typer.Option("--key", help="Only news of this country, such as PAK (lead-lag, impulse).")
    ] = None,
    chosen: dict[str, Any],
    store: StoreOption = None,
) -> None:
    """Plot prices with their news, a study, its placebo test, news against returns, or who meets whom.

    Example: correlator plot AIRLINK --around 2025-05-28 -o airlink.html
    """
    symbols = tuple(dict.fromkeys(name.strip() for name in symbol.split(",") if name.strip()))
    from correlator.base.iso_dates import read_day
    from correlator.research.figures import OfStore

    material = OfStore(
        open_store(store),
        symbols,
        around=None if around is None else read_day(around, "around"),
        sessions_each_side=sessions_each_side,
        draws=draws,
        seed=seed,
        key=key,
        options=chosen,
    )
    drawn = FIGURES[kind.value]
    material.warn_of_unused(drawn, text=terminal)
    if to is not None and output is not None:
        raise InputError("--to and --output both name the output file", hint="give only --to")
    named = to or output
    if terminal:
        refuse({"--to": named, "--open": open_it, "--width": width != WIDTH}, "a figure in the terminal")
        print(visible(figure_text(drawn, material, _terminal_size())), end="")
        return
    target = named or Path(f"{file_name(symbol)}.html")
    if is_page(target):
        refuse({"--width": width != WIDTH}, "an HTML page, which fills its window")
    write_figure(drawn.draw(material), target, width=width)
    if open_it:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())


def _terminal_size() -> Size:
    import shutil

    size = shutil.get_terminal_size((80, 24))
    return Size(min(size.columns, 160), max(12, min(size.lines - 4, 30)))
