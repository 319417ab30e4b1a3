"""``correlator plot``: figures as HTML, PNG, SVG or PDF, or in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from correlator.cli.completion import complete_symbol
from correlator.cli.drawing import write_figure
from correlator.cli.options import StoreOption, open_store
from correlator.cli.study_options import takes_study
from correlator.errors import InputError
from correlator.inert import file_name, visible

if TYPE_CHECKING:
    from datetime import date

    import plotly.graph_objects as go
    import polars as pl

    from correlator.eventstudy.placebo.inference import PlaceboResult
    from correlator.eventstudy.result import StudyResult
    from correlator.store.db import Store


class PlotKind(StrEnum):
    """What is drawn."""

    PRICE = "price"
    CAR = "car"
    EVENTS = "events"
    HEATMAP = "heatmap"
    DISTRIBUTION = "distribution"
    FAN = "fan"
    NULL = "null"
    LEAD_LAG = "lead-lag"
    IMPULSE = "impulse"
    DYADS = "dyads"
    NETWORK = "network"


@dataclass(frozen=True)
class Wanted:
    """What is to be drawn, read from the options; every property opens the store for itself."""

    store: Store
    kind: PlotKind
    symbols: tuple[str, ...]
    around: date | None
    sessions: int
    draws: int
    seed: int
    key: str | None
    chosen: dict[str, Any]

    @property
    def symbol(self) -> str:
        """The one symbol of a kind that draws one; raises InputError for several."""
        if len(self.symbols) != 1:
            raise InputError(f"--kind {self.kind.value} draws one symbol, not {len(self.symbols)}")
        return self.symbols[0]

    @property
    def known(self) -> dict[str, Any]:
        """Which events, and as they were known when."""
        return {name: self.chosen[name] for name in ("events", "links", "as_of")}

    def study(self) -> StudyResult:
        from correlator.research.study import study

        return study(self.store, self.symbols, **self.chosen)

    def placebo(self, result: StudyResult) -> PlaceboResult:
        from correlator.eventstudy.placebo.inference import placebo_test

        return placebo_test(result, draws=self.draws, seed=self.seed)

    def dyads(self) -> pl.DataFrame:
        from correlator.research.price_figure import stored_dyads

        return stored_dyads(self.store, self.symbols, **self.known)

    def correlation(self) -> pl.DataFrame:
        """Stories of ``--key`` (default: all news) against the symbol's returns."""
        from correlator.research.correlate import correlate, news_and_returns

        data = news_and_returns(self.store, [self.symbol], by="all" if self.key is None else "country", **self.known)
        method = "lead-lag" if self.kind is PlotKind.LEAD_LAG else "projection"
        return correlate(data, method, keys=None if self.key is None else [self.key])


@takes_study(omit=("symbols", "interval"))
def plot(
    symbol: Annotated[
        str,
        typer.Argument(
            help="Symbol to draw; for studies and dyads several, with commas.", autocompletion=complete_symbol
        ),
    ],
    *,
    kind: Annotated[PlotKind, typer.Option("--kind", help="What to draw.")] = PlotKind.PRICE,
    around: Annotated[
        str | None, typer.Option("--around", help="Date in the middle of the picture (price).", show_default=False)
    ] = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="Sessions on each side of --around.")] = 60,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", "-o", help="File to write, .html .png .svg .pdf (default: SYMBOL.html).", show_default=False
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", hidden=True, help="The former name of --to.")] = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Draw in the terminal instead of a file.")] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Show the file in a browser when it is written.")] = False,
    width: Annotated[int, typer.Option("--width", min=200, help="Width of an image in pixels.")] = 1200,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Placebo studies (fan, null).")] = 2_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same placebo studies.")] = 0,
    key: Annotated[
        str | None, typer.Option("--key", help="Only news of this country, such as PAK (lead-lag, impulse).")
    ] = None,
    chosen: dict[str, Any],
    store: StoreOption = None,
) -> None:
    """Draw prices with their news, a study of them, its placebo, news against returns, or who meets whom.

    Example: correlator plot AIRLINK --around 2025-05-28 -o airlink.html
    """
    symbols = tuple(dict.fromkeys(name.strip() for name in symbol.split(",") if name.strip()))
    wanted = Wanted(open_store(store), kind, symbols, _day(around), sessions, draws, seed, key, chosen)
    if terminal:
        text = terminal_text(wanted)
        print(visible(text), end="")
        return
    if to is not None and output is not None:
        raise InputError("--to and --output both name the file", hint="give --to alone")
    target = to or output or Path(f"{file_name(symbol)}.html")
    drawn = figure(wanted)
    write_figure(drawn, target, width=width)
    if open_it:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())


def figure(wanted: Wanted) -> go.Figure:
    """The figure of the kind that is wanted."""
    if wanted.kind is PlotKind.PRICE:
        from correlator.research.price_figure import stored_price_figure

        return stored_price_figure(
            wanted.store,
            wanted.symbol,
            around=wanted.around,
            sessions_each_side=wanted.sessions,
            **wanted.known,
        )
    if wanted.kind in (PlotKind.DYADS, PlotKind.NETWORK):
        from correlator.plot.dyads import dyad_network, dyad_timeline

        return (dyad_timeline if wanted.kind is PlotKind.DYADS else dyad_network)(wanted.dyads())
    if wanted.kind in (PlotKind.LEAD_LAG, PlotKind.IMPULSE):
        from correlator.plot.correlation import correlation_figure

        table = wanted.correlation()
        return correlation_figure(table, "lead-lag" if wanted.kind is PlotKind.LEAD_LAG else "projection")
    result = wanted.study()
    if wanted.kind in (PlotKind.FAN, PlotKind.NULL):
        from correlator.plot.of_placebo import placebo_fan_figure, placebo_null_figure

        test = wanted.placebo(result)
        return placebo_null_figure(test) if wanted.kind is PlotKind.NULL else placebo_fan_figure(result, test)
    from correlator.plot.of_result import result_figure

    return result_figure(result, wanted.kind.value)


def terminal_text(wanted: Wanted) -> str:
    """The figure as text of the terminal's width; raises InputError for a kind that has no such form."""
    import shutil

    size = shutil.get_terminal_size((80, 24))
    width, height = min(size.columns, 160), max(12, min(size.lines - 4, 30))
    if wanted.kind is PlotKind.PRICE:
        return _price_text(wanted, {"width": width, "height": height})
    import polars as pl

    from correlator.plot import terminal, terminal_rows

    if wanted.kind is PlotKind.DYADS:
        return terminal_rows.dyads_text(wanted.dyads(), width=width)
    if wanted.kind is PlotKind.LEAD_LAG:
        table = wanted.correlation().rename({"p_holm": "p_adjusted"})
        return terminal_rows.lead_lag_text(table, width=width)
    if wanted.kind is PlotKind.IMPULSE:
        path = wanted.correlation().rename({"estimate": "caar"}).with_columns(day=pl.col("horizon").cast(pl.String))
        words = {"title": "response of the return, %", "line": "after so many sessions, to one story"}
        return terminal.car_text(path, **words, width=width, height=height)
    if wanted.kind in (PlotKind.FAN, PlotKind.NETWORK):
        raise InputError(f"--kind {wanted.kind.value} has no form for the terminal", hint="draw it to a file")
    result = wanted.study()
    if wanted.kind is PlotKind.NULL:
        from correlator.plot.of_placebo import null_of

        null = null_of(wanted.placebo(result))
        title = f"What chance alone gives: {null.statistic}"
        return terminal_rows.distribution_text(null.draws, null.observed, "observed", title=title, width=width)
    return _result_text(result, wanted.kind, width, height)


def _price_text(wanted: Wanted, fit: dict[str, Any]) -> str:
    from correlator.plot.price import sessions_around
    from correlator.plot.terminal import price_text
    from correlator.research.price_figure import stored_price_data

    data = stored_price_data(wanted.store, wanted.symbol, **wanted.known)
    bars = data.bars if wanted.around is None else sessions_around(data.bars, wanted.around, wanted.sessions)
    return price_text(bars, events=data.events, symbol=wanted.symbol, **fit)


def _result_text(result: StudyResult, kind: PlotKind, width: int, height: int) -> str:
    from correlator.plot.of_result import as_per_cent, categories_of, event_labels, marks_of, path_of
    from correlator.plot.paths import car_paths
    from correlator.plot.terminal import car_text
    from correlator.plot.terminal_rows import distribution_text, events_text, heatmap_text

    if kind is PlotKind.CAR:
        return car_text(path_of(result), width=width, height=height)
    if kind is PlotKind.EVENTS:
        return events_text(as_per_cent(car_paths(result), result), event_labels(result), width=width)
    if kind is PlotKind.HEATMAP:
        return heatmap_text(as_per_cent(result.car, result), categories_of(result), marks=marks_of(result))
    window = result.window_labels[-1]
    values = as_per_cent(result.car.filter(result.car["window"] == window), result)["car"]
    mean = float(values.mean() or 0.0)  # type: ignore[arg-type]
    return distribution_text(values, mean, "mean", title=f"CAR in window {window}", width=width)


def _day(text: str | None) -> date | None:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--around {text!r} is no date", hint="write it as 2025-05-28") from None
