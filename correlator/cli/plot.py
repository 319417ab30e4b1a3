"""``correlator plot``: figures as HTML, PNG, SVG or PDF, or in the terminal."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from correlator.cli.options import StoreOption, open_store
from correlator.cli.output import narrate
from correlator.cli.study import (
    AsOfOption,
    BenchmarkOption,
    EstimationOption,
    LinkOption,
    ModelOption,
    WindowOption,
    WindowsOption,
    instant,
    narrated_warnings,
)
from correlator.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    import plotly.graph_objects as go

    from correlator.store.db import Store
    from correlator.study.result import StudyResult


class PlotKind(StrEnum):
    """What is drawn."""

    PRICE = "price"
    CAR = "car"
    EVENTS = "events"
    HEATMAP = "heatmap"
    DISTRIBUTION = "distribution"


def plot(
    symbol: Annotated[str, typer.Argument(help="Symbol to draw; for studies several, separated by commas.")],
    kind: Annotated[PlotKind, typer.Option("--kind", help="What to draw.")] = PlotKind.PRICE,
    around: Annotated[
        str | None, typer.Option("--around", help="Date in the middle of the picture (price).", show_default=False)
    ] = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="Sessions on each side of --around.")] = 60,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write, .html .png .svg .pdf (default: SYMBOL.html).", show_default=False
        ),
    ] = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Draw in the terminal instead of a file.")] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Show the file in a browser when it is written.")] = False,
    width: Annotated[int, typer.Option("--width", min=200, help="Width of an image in pixels.")] = 1200,
    events: Annotated[
        str | None, typer.Option("--events", help="Selection such as 'category = CONSULT'.", show_default=False)
    ] = None,
    link: LinkOption = None,
    benchmark: BenchmarkOption = None,
    model: ModelOption = "market",
    estimation: EstimationOption = "-279:-30",
    window: WindowOption = "-10:10",
    windows: WindowsOption = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
) -> None:
    """Draw prices with their news, or a study of them.

    Example: correlator plot AIRLINK --around 2025-05-28 -o airlink.html
    """
    day = _day(around)
    opened = open_store(store)
    chosen = {"events": events, "as_of": instant(as_of), **({"links": tuple(link)} if link else {})}
    plan = {"benchmark": benchmark, "model": model, "estimation": estimation, "window": window, "windows": windows}
    if terminal:
        print(_text(opened, symbol, kind, day, sessions, chosen, plan), end="")
        return
    target = output or Path(f"{symbol.replace(',', '-')}.html")
    with narrated_warnings():
        figure = _figure(opened, symbol, kind, day, sessions, chosen, plan)
    _write(figure, target, width)
    narrate(f"wrote {target}")
    if open_it:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())


def _figure(
    store: Store,
    symbol: str,
    kind: PlotKind,
    around: date | None,
    sessions: int,
    chosen: dict[str, Any],
    plan: dict[str, Any],
) -> go.Figure:
    if kind is PlotKind.PRICE:
        from correlator.plot.stored import stored_price_figure

        return stored_price_figure(store, symbol, around=around, sessions_each_side=sessions, **chosen)
    from correlator.plot.of_result import result_figure

    return result_figure(_study(store, symbol, chosen, plan), kind.value)


def _text(
    store: Store,
    symbol: str,
    kind: PlotKind,
    around: date | None,
    sessions: int,
    chosen: dict[str, Any],
    plan: dict[str, Any],
) -> str:
    import shutil

    size = shutil.get_terminal_size((80, 24))
    fit: dict[str, Any] = {"width": min(size.columns, 160), "height": max(12, min(size.lines - 4, 30))}
    if kind is PlotKind.PRICE:
        from correlator.plot.price import sessions_around
        from correlator.plot.stored import stored_price_data
        from correlator.plot.terminal import price_text

        data = stored_price_data(store, symbol, **chosen)
        bars = data.bars if around is None else sessions_around(data.bars, around, sessions)
        return price_text(bars, events=data.events, symbol=symbol, **fit)
    if kind is PlotKind.CAR:
        from correlator.plot.of_result import path_of
        from correlator.plot.terminal import car_text

        with narrated_warnings():
            path = path_of(_study(store, symbol, chosen, plan))
        return car_text(path, **fit)
    raise InputError(f"--kind {kind.value} has no form for the terminal", hint="draw price or car there, or a file")


def _study(store: Store, symbol: str, chosen: dict[str, Any], plan: dict[str, Any]) -> StudyResult:
    from correlator.study.run import study

    return study(store, symbol, **chosen, **plan)


def _write(figure: go.Figure, target: Path, width: int) -> None:
    if target.suffix.lower() in (".html", ".htm"):
        from correlator.plot.html import write_html

        write_html(figure, target)
        return
    from correlator.plot.image import write_image

    write_image(figure, target, width=width)


def _day(text: str | None) -> date | None:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--around {text!r} is no date", hint="write it as 2025-05-28") from None
