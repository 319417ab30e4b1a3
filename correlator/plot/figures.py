"""The registry of figures: each kind with its description, what it needs, and how it is drawn or written as text.

The command line, Python, reports and the docs use it. A kind takes its ``Material``, which computes what it needs on
demand. A new kind is a function that draws and an entry in ``FIGURES``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from correlator.errors import InputError, NotFoundError, likeliest

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

    from correlator.eventstudy.placebo.outcome import PlaceboResult
    from correlator.eventstudy.results.result import StudyResult
    from correlator.plot.price import PriceData

RESULT, PLACEBO, PRICES, DYADS, NEWS = "a study", "a placebo test", "stored bars", "stored events", "stored news"


class Material(Protocol):
    """The data that figures are made of; a part that a source does not have raises InputError."""

    @property
    def result(self) -> StudyResult: ...
    @property
    def test(self) -> PlaceboResult: ...
    @property
    def prices(self) -> PriceData: ...
    @property
    def dyads(self) -> pl.DataFrame: ...
    @property
    def about(self) -> str:
        """The symbols and the selection of events, in words."""

    def news(self, method: str) -> pl.DataFrame:
        """Return the table of ``correlate`` for one symbol and key."""


@dataclass(frozen=True)
class Size:
    """Size of a text figure in columns and lines."""

    width: int = 80
    height: int = 20


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure.

    ``words``: what it shows; ``needs``: one of the constants above; ``text``: its text form for a terminal, None if it
    has none; ``grouped``: whether it has a line per group of a study.
    """

    name: str
    words: str
    needs: str
    draw: Callable[[Material], go.Figure]
    text: Callable[[Material, Size], str] | None = None
    grouped: bool = False


@dataclass(frozen=True)
class OfResult:
    """The material of a study alone: its result, and a placebo test with ``draws`` draws over all its events.

    ``done``: an existing test, which is used if it has no groups.
    """

    result: StudyResult
    draws: int = 2_000
    seed: int = 0
    done: PlaceboResult | None = None

    @cached_property
    def test(self) -> PlaceboResult:
        if self.done is not None and not self.done.groups.width:
            return self.done
        from correlator.eventstudy.placebo.inference import placebo_test
        from correlator.plot.of_result import ungrouped

        return placebo_test(ungrouped(self.result), draws=self.draws, seed=self.seed)

    @property
    def prices(self) -> PriceData:
        raise _needs_store(PRICES)

    @property
    def dyads(self) -> pl.DataFrame:
        raise _needs_store(DYADS)

    @property
    def about(self) -> str:
        return f"events: {self.result.spec.events or 'all'}"

    def news(self, method: str) -> pl.DataFrame:
        """Raise InputError, since a study alone has no news."""
        raise _needs_store(f"{NEWS} ({method})")


def figure_named(name: str) -> FigureKind:
    """Return the kind ``name``; raise NotFoundError with the available kinds."""
    if name not in FIGURES:
        raise NotFoundError(f"unknown figure {name!r}", hint=likeliest(name, FIGURES, "figures are"))
    return FIGURES[name]


def figures_of(*needs: str) -> tuple[str, ...]:
    """Return the names of the kinds that need any of ``needs``."""
    return tuple(kind.name for kind in FIGURES.values() if kind.needs in needs)


def figure_text(kind: FigureKind, material: Material, size: Size) -> str:
    """Return the figure as text; raise InputError for a kind without a text form."""
    if kind.text is None:
        raise InputError(
            f"kind {kind.name} cannot be drawn in the terminal", hint="write it to a file", argument="kind"
        )
    title, *lines = kind.text(material, size).split("\n")
    return "\n".join([*(textwrap.wrap(title, size.width) or [title]), *lines])


def _needs_store(what: str) -> InputError:
    return InputError(f"this figure needs {what}, which a study alone does not have", hint="plot it from a workspace")


def _price(material: Material) -> go.Figure:
    from correlator.plot.price import price_figure

    data = material.prices
    return price_figure(
        data.bars,
        events=data.events,
        quotes=data.quotes,
        marks=data.marks,
        symbol=data.symbol,
        around=data.around,
        sessions_each_side=data.sessions_each_side,
        zone=data.zone,
    )


def _price_text(material: Material, size: Size) -> str:
    from correlator.plot.price import sessions_around
    from correlator.plot.terminal import price_text

    data = material.prices
    bars = data.bars if data.around is None else sessions_around(data.bars, data.around, data.sessions_each_side)
    return price_text(
        bars, events=data.events, symbol=data.symbol, zone=data.zone, width=size.width, height=size.height
    )


def _car(material: Material) -> go.Figure:
    from correlator.plot.of_result import averages_figure

    return averages_figure(material.result)


def _car_text(material: Material, size: Size) -> str:
    from correlator.plot.of_result import path_of
    from correlator.plot.terminal import car_text
    from correlator.plot.words import plain_title

    result = material.result
    return car_text(path_of(result), title=plain_title(result), width=size.width, height=size.height)


def _daily(material: Material) -> go.Figure:
    from correlator.plot.of_result import daily_figure

    return daily_figure(material.result)


def _daily_text(material: Material, size: Size) -> str:
    from correlator.eventstudy.results.finding import daily, measure_of
    from correlator.plot.of_result import as_per_cent
    from correlator.plot.terminal_rows import days_text
    from correlator.plot.words import title_lines

    result = material.result
    if not len(result.estimates):
        return "No event was measured, so there is no abnormal return to draw.\n"
    return title_lines(result, size.width) + days_text(
        as_per_cent(daily(result), result), measure=measure_of(result), width=size.width
    )


def _events(material: Material) -> go.Figure:
    from correlator.eventstudy.paths import car_paths
    from correlator.eventstudy.results.finding import measure_of
    from correlator.plot.of_result import as_per_cent, flagged_bars, observed, unit_of_events
    from correlator.plot.study import event_panels
    from correlator.plot.words import event_names, study_subtitle, study_title

    result = observed(material.result)
    return event_panels(
        as_per_cent(car_paths(result), result),
        labels=event_names(result, 80),
        flagged=flagged_bars(result),
        unit=unit_of_events(result),
        measure=measure_of(result),
        title=study_title(material.result),
        subtitle=study_subtitle(material.result),
    )


def _events_text(material: Material, size: Size) -> str:
    from correlator.eventstudy.paths import car_paths
    from correlator.eventstudy.results.finding import measure_of
    from correlator.plot.of_result import as_per_cent, observed
    from correlator.plot.terminal_rows import events_text
    from correlator.plot.words import event_names, title_lines

    result = observed(material.result)
    paths = as_per_cent(car_paths(result), result)
    rows = events_text(paths, event_names(result), measure=measure_of(result), width=size.width)
    return title_lines(result, size.width) + rows


def _heatmap(material: Material) -> go.Figure:
    from correlator.eventstudy.results.finding import unit_of
    from correlator.plot.heatmap import heatmap_figure
    from correlator.plot.of_result import as_per_cent, categories_of, marks_of
    from correlator.plot.words import study_subtitle, study_title

    result = material.result
    words = {"title": study_title(result), "subtitle": study_subtitle(result), "unit": unit_of(result)}
    return heatmap_figure(as_per_cent(result.car, result), categories_of(result), marks=marks_of(result), **words)


def _heatmap_text(material: Material, size: Size) -> str:
    from correlator.plot.of_result import as_per_cent, categories_of, marks_of
    from correlator.plot.terminal_rows import heatmap_text
    from correlator.plot.words import title_lines

    result = material.result
    rows = heatmap_text(as_per_cent(result.car, result), categories_of(result), marks=marks_of(result))
    return title_lines(result, size.width) + rows


def _distribution(material: Material) -> go.Figure:
    from correlator.eventstudy.results.finding import average_of, main_window, measure_of
    from correlator.plot.distribution import distribution_figure
    from correlator.plot.of_result import as_per_cent, observed, unit_of_events
    from correlator.plot.words import event_names, study_subtitle, study_title

    words = {"title": study_title(material.result), "subtitle": study_subtitle(material.result)}
    result = observed(material.result)
    window = result.window_labels[main_window(result.spec)]
    car = as_per_cent(result.car, result)
    words |= {"unit": unit_of_events(result), "measure": measure_of(result)}
    return distribution_figure(car, window, mean=average_of(result), names=event_names(result), **words)


def _distribution_text(material: Material, size: Size) -> str:
    from correlator.eventstudy.results.finding import average_of, main_window
    from correlator.plot.of_result import as_per_cent, observed
    from correlator.plot.terminal_rows import distribution_text
    from correlator.plot.words import title_lines

    result = observed(material.result)
    if not len(result.estimates):
        return "No event was measured, so there is nothing to count.\n"
    window = result.window_labels[main_window(result.spec)]
    values = 100 * as_per_cent(result.car.filter(result.car["window"] == window), result)["car"]
    mean = 100 * (average_of(result) or 0.0)
    rows = distribution_text(values, mean, "mean", title=f"CAR in window {window}, %", width=size.width)
    return title_lines(result, size.width) + rows


def _fan(material: Material) -> go.Figure:
    from correlator.plot.of_result import averages_figure, placebo_p

    return averages_figure(material.result, material.test.bands, p_placebo=placebo_p(material.test))


def _fan_text(material: Material, size: Size) -> str:
    from correlator.plot.of_result import as_per_cent, path_of, placebo_p
    from correlator.plot.terminal import car_text
    from correlator.plot.words import plain_title

    fan = as_per_cent(material.test.bands, material.result).rename({"p2.5": "low", "p97.5": "high"})
    path = path_of(material.result).drop("low", "high").join(fan.select("day", "low", "high"), on="day", how="left")
    words = {"title": plain_title(material.result), "band": "the middle 95% of placebo studies"}
    p = placebo_p(material.test)
    return car_text(path, **words, width=size.width, height=size.height) + (
        f"placebo p {p:.3f}\n" if p is not None else ""
    )


def _null(material: Material) -> go.Figure:
    from correlator.plot.of_result import placebo_null_figure

    return placebo_null_figure(material.test)


def _null_text(material: Material, size: Size) -> str:
    from correlator.eventstudy.results.finding import verdict
    from correlator.plot.of_result import null_of
    from correlator.plot.terminal_rows import distribution_text

    null = null_of(material.test)
    title = f"Placebo distribution: {null.statistic}; {verdict(null.p_value)}, placebo p {null.p_value:.3f}"
    return distribution_text(null.draws, null.observed, "observed", title=title, width=size.width)


def _lead_lag(material: Material) -> go.Figure:
    from correlator.plot.correlation import correlation_figure

    return correlation_figure(material.news("lead-lag"), "lead-lag")


def _lead_lag_text(material: Material, size: Size) -> str:
    from correlator.plot.correlation import correlation_title
    from correlator.plot.terminal_rows import lead_lag_text

    table = material.news("lead-lag")
    return f"{correlation_title(table, 'lead-lag')}\n" + lead_lag_text(
        table.rename({"p_holm": "p_adjusted"}), width=size.width
    )


def _impulse(material: Material) -> go.Figure:
    from correlator.plot.correlation import correlation_figure

    return correlation_figure(material.news("projection"), "projection")


def _impulse_text(material: Material, size: Size) -> str:
    import polars as pl

    from correlator.plot.correlation import correlation_title
    from correlator.plot.terminal import car_text

    table = material.news("projection")
    path = table.rename({"estimate": "caar"}).with_columns(day=pl.col("horizon").cast(pl.String))
    words = {"title": correlation_title(table, "projection"), "line": "return by number of sessions"}
    return car_text(path, **words, width=size.width, height=size.height)


def _dyads(material: Material) -> go.Figure:
    from correlator.plot.dyads import dyad_timeline

    return dyad_timeline(material.dyads, about=material.about)


def _dyads_text(material: Material, size: Size) -> str:
    from correlator.plot.terminal_rows import dyads_text

    return dyads_text(material.dyads, width=size.width)


def _network(material: Material) -> go.Figure:
    from correlator.plot.dyads import dyad_network

    return dyad_network(material.dyads, about=material.about)


def _network_text(material: Material, size: Size) -> str:
    from correlator.plot.terminal_rows import network_text

    return network_text(material.dyads, width=size.width)


FIGURES: dict[str, FigureKind] = {
    kind.name: kind
    for kind in (
        FigureKind("price", "prices with their news", PRICES, _price, _price_text),
        FigureKind(
            "car",
            "average CAR by day with its confidence band, one line per group",
            RESULT,
            _car,
            _car_text,
            grouped=True,
        ),
        FigureKind("ar", "abnormal return of each day, or its average", RESULT, _daily, _daily_text),
        FigureKind("events", "one panel per event", RESULT, _events, _events_text),
        FigureKind("heatmap", "mean CAR by category and window", RESULT, _heatmap, _heatmap_text),
        FigureKind(
            "distribution", "distribution of the CARs of the event window", RESULT, _distribution, _distribution_text
        ),
        FigureKind("fan", "average CAR over the fan of placebo studies", PLACEBO, _fan, _fan_text),
        FigureKind("null", "placebo distribution of the main window, as named in titles", PLACEBO, _null, _null_text),
        FigureKind("lead-lag", "news against returns, by lag", NEWS, _lead_lag, _lead_lag_text),
        FigureKind("impulse", "response of the return to one story", NEWS, _impulse, _impulse_text),
        FigureKind("dyads", "events between pairs of countries over time", DYADS, _dyads, _dyads_text),
        FigureKind("network", "network of the countries that interact", DYADS, _network, _network_text),
    )
}
