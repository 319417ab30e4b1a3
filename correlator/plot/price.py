"""Prices with their news: bars, volume, strip quotes, and a lane of events with one row per category."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import warn
from correlator.market.returns import filled_adjusted
from correlator.plot.lane import add_lane, events_per_session, lane_categories
from correlator.plot.template import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILLION,
    axis_values,
    counted,
    dress,
    empty_figure,
    per_cent,
    wrapped,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

Array = NDArray[np.float64]
MANY_DAYS = 15
AT_LIMIT, NO_VOLUME, ACTION, DOUBTED = "at the price limit", "no volume", "split or dividend", "flagged by the audit"
MARKS = {
    AT_LIMIT: ("square", PURPLE),
    NO_VOLUME: ("circle-open", GREY),
    ACTION: ("diamond-tall", GREEN),
    DOUBTED: ("x", ORANGE),
}
"""The marks of bars, with the symbol and colour of each."""
_PRICE_HEIGHT = 300
_VOLUME_HEIGHT = 64
_LANE_ROW = 24
_GAP = 14


EACH_SIDE, EACH_SIDE_WITHIN = 60, 1
"""Sessions on each side of the date in the middle, for daily and intraday bars."""


@dataclass(frozen=True)
class PriceData:
    """The data of a price figure: ``bars``, ``events``, ``quotes`` and so on as in ``price_figure``."""

    symbol: str
    bars: pl.DataFrame
    events: pl.DataFrame
    quotes: pl.DataFrame
    around: date | None = None
    sessions_each_side: int | None = None
    marks: pl.DataFrame | None = None
    zone: str | None = None


def price_figure(
    bars: pl.DataFrame,
    *,
    events: pl.DataFrame | None = None,
    quotes: pl.DataFrame | None = None,
    marks: pl.DataFrame | None = None,
    symbol: str,
    around: date | None = None,
    sessions_each_side: int | None = None,
    zone: str | None = None,
) -> go.Figure:
    """Return a figure of the bars of one symbol with its news.

    ``bars``: session, close and optionally open, high, low, adjusted_close, volume, one row per session; ``events``:
    day_zero, category, and optionally headline, publisher, reason, published_at (UTC); ``quotes``: session, price (of
    strips); ``marks``: session, mark (one of ``MARKS``) and words, for censored or doubtful bars and corporate actions;
    sessions are dates, or the starts of intraday bars in local time of ``zone``; ``around``: show
    ``sessions_each_side`` (60, or 1 for intraday bars) on each side of the first session on or after it, else all.
    Events of sessions that are not shown are counted in the subtitle. Without bars the figure says so.
    """
    shown = bars.drop_nulls("close").sort("session")
    if shown.is_empty():
        return empty_figure(f"{symbol}: price and news", f"There are no bars of {symbol} to draw.")
    if around is not None:
        shown = sessions_around(shown, around, sessions_each_side)
    placed, events_elsewhere = _of_sessions(events, "day_zero", shown)
    printed, _ = _of_sessions(quotes, "session", shown)
    marked, _ = _of_sessions(marks, "session", shown)
    lane = lane_categories(placed)
    figure, rows = _panels(shown, len(lane))
    _add_prices(figure, shown)
    if not printed.is_empty():
        _add_quotes(figure, printed)
    if not marked.is_empty():
        _add_marks(figure, marked, shown)
    if "volume" in rows:
        _add_volume(figure, shown, rows["volume"])
    if "lane" in rows:
        daily = events_per_session(placed)
        _add_event_marks(figure, daily, shown)
        add_lane(figure, placed, lane, rows["lane"])
    subtitle = _subtitle(shown, placed.height, events_elsewhere, printed.height, around=around)
    subtitle += _unadjusted(shown)
    subtitle += f"; {zone} time" if zone else ""
    if not marked.is_empty():
        subtitle += f"; {counted(marked['session'].n_unique(), 'bar')} marked"
    dress(figure, title=_title(symbol, shown, placed), subtitle=subtitle, height=_height(rows, len(lane)) + 120)
    figure.update_xaxes(rangeslider_visible=False, **_axis(shown))
    for row in range(1, len(rows)):  # only the last panel has tick labels
        figure.update_xaxes(ticks="", row=row, col=1)
    return figure


def sessions_around(bars: pl.DataFrame, around: date, each_side: int | None) -> pl.DataFrame:
    """Return the bars of ``each_side`` sessions around the first session on or after ``around`` (else the last)."""
    days = bars["session"].cast(pl.Date)
    if each_side is None:
        each_side = EACH_SIDE if bars["session"].dtype == pl.Date else EACH_SIDE_WITHIN
    if not is_within(bars, around):
        warn(f"there are no bars at {around}; bars go from {days[0]} to {days[-1]}, and the nearest are shown")
    sessions = days.unique(maintain_order=True)
    centre = min(int((sessions < around).sum()), len(sessions) - 1)
    first = max(centre - each_side, 0)
    return bars.filter(days.is_in(sessions.slice(first, centre + each_side + 1 - first).implode()))


def is_within(bars: pl.DataFrame, day: date) -> bool:
    """Whether ``day`` lies between the first and the last of ``bars`` (in order of session)."""
    days = bars["session"].cast(pl.Date)
    return bool(days[0] <= day <= days[-1])


def _of_sessions(frame: pl.DataFrame | None, column: str, shown: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the rows whose ``column`` is a session shown, and the number of other rows."""
    if frame is None or frame.is_empty():
        return pl.DataFrame(schema={column: pl.Date, "category": pl.String}), 0
    kept = frame.filter(pl.col(column).is_in(shown["session"].implode()))
    return kept, frame.height - kept.height


def _panels(shown: pl.DataFrame, categories: int) -> tuple[go.Figure, dict[str, int]]:
    """Return a figure with empty panels, and the row of each: price, volume, lane."""
    from plotly.subplots import make_subplots

    heights = {"price": _PRICE_HEIGHT}
    if "volume" in shown.columns and shown["volume"].null_count() < shown.height:
        heights["volume"] = _VOLUME_HEIGHT
    if categories:
        heights["lane"] = _lane_height(categories)
    figure = make_subplots(
        rows=len(heights),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=_GAP / (sum(heights.values()) + _GAP * (len(heights) - 1)),
        row_heights=list(heights.values()),
    )
    return figure, {name: row for row, name in enumerate(heights, start=1)}


def _height(rows: dict[str, int], categories: int) -> int:
    parts = {"price": _PRICE_HEIGHT, "volume": _VOLUME_HEIGHT, "lane": _lane_height(categories)}
    return sum(parts[name] for name in rows) + _GAP * (len(rows) - 1)


def _lane_height(categories: int) -> int:
    return max(_LANE_ROW * categories, 40)


def _add_prices(figure: go.Figure, shown: pl.DataFrame) -> None:
    import plotly.graph_objects as go

    sessions = axis_values(shown["session"])
    has_ohlc = {"open", "high", "low"} <= set(shown.columns) and not any(
        shown[name].null_count() for name in ("open", "high", "low")
    )
    if has_ohlc:
        trace: Any = go.Candlestick(
            x=sessions,
            **{name: shown[name].to_list() for name in ("open", "high", "low", "close")},
            increasing={"line": {"color": BLUE, "width": 1}, "fillcolor": BLUE},
            decreasing={"line": {"color": VERMILLION, "width": 1}, "fillcolor": VERMILLION},
            name="bar (blue up, orange down)",
        )
    else:
        trace = go.Scatter(x=sessions, y=shown["close"].to_list(), mode="lines", line={"color": BLUE}, name="close")
    figure.add_trace(trace, row=1, col=1)
    figure.update_yaxes(title_text="price", row=1, col=1)


def _add_quotes(figure: go.Figure, quotes: pl.DataFrame) -> None:
    import plotly.graph_objects as go

    figure.add_trace(
        go.Scatter(
            x=axis_values(quotes["session"]),
            y=quotes["price"].to_list(),
            mode="markers",
            marker={
                "symbol": "diamond",
                "size": 9,
                "color": ORANGE,
                "line": {"color": INK, "width": 1},
            },
            name="strip quote",
            hovertemplate="strip quote %{y:,.2f}<br>session %{x}<extra></extra>",
        ),
        row=1,
        col=1,
    )


def _add_volume(figure: go.Figure, shown: pl.DataFrame, row: int) -> None:
    import plotly.graph_objects as go

    figure.add_trace(
        go.Bar(
            x=axis_values(shown["session"]),
            y=shown["volume"].to_list(),
            marker={"color": GREY, "line": {"width": 0}},
            showlegend=False,
            hovertemplate="volume %{y:,.0f}<br>%{x}<extra></extra>",
        ),
        row=row,
        col=1,
    )
    figure.update_yaxes(title_text="volume", nticks=3, rangemode="tozero", row=row, col=1)


def _add_marks(figure: go.Figure, marked: pl.DataFrame, shown: pl.DataFrame) -> None:
    """Draw a symbol above every marked bar, with one legend entry per kind of mark."""
    highest = pl.coalesce("high", "close") if "high" in shown.columns else pl.col("close")
    tops = shown.select("session", top=highest)
    span = float(np.ptp(tops["top"].to_numpy())) or 1.0
    placed = marked.join(tops, on="session", how="left", maintain_order="left")
    for name, (symbol, colour) in MARKS.items():
        own = placed.filter(pl.col("mark") == name)
        if own.is_empty():
            continue
        figure.add_scatter(
            x=axis_values(own["session"]),
            y=(own["top"] + 0.04 * span).to_list(),
            mode="markers",
            marker={"symbol": symbol, "size": 8, "color": colour, "line": {"width": 1.5, "color": colour}},
            text=[wrapped(words, lines=4) for words in own["words"]],
            name=name,
            hovertemplate=f"{name}<br>%{{text}}<br>%{{x}}<extra></extra>",
            row=1,
            col=1,
        )


def _add_event_marks(figure: go.Figure, daily: pl.DataFrame, shown: pl.DataFrame) -> None:
    """Draw a triangle below the low of every day 0 and a line through all panels, or small ticks if there are many."""
    import plotly.graph_objects as go

    few = daily.height <= MANY_DAYS
    lowest = pl.coalesce("low", "close") if "low" in shown.columns else pl.col("close")
    lows = shown.select("session", lowest.alias("low"))
    marked = daily.join(lows, left_on="day_zero", right_on="session", how="left", maintain_order="left")
    floor, ceiling = float(lows["low"].min()), float(lows["low"].max())  # type: ignore[arg-type]
    span = max(ceiling - floor, 0.01 * abs(ceiling))
    heights = marked["low"] - 0.05 * span if few else pl.repeat(floor - 0.08 * span, marked.height, eager=True)
    figure.add_trace(
        go.Scatter(
            x=axis_values(marked["day_zero"]),
            y=heights.to_list(),
            mode="markers",
            marker={"symbol": "triangle-up", "size": 9 if few else 5, "color": marked["colour"].to_list()},
            customdata=marked["n"].to_list(),
            name="day 0 of news (blue cooperation, orange conflict)",
            hovertemplate="day 0, %{x}, events: %{customdata}<extra></extra>",
        ),
        row=1,
        col=1,
    )
    if few:
        for session in axis_values(marked["day_zero"]):
            figure.add_vline(
                x=session, line={"color": "rgba(127,127,127,0.55)", "width": 1, "dash": "dot"}, layer="below"
            )


def _title(symbol: str, shown: pl.DataFrame, events: pl.DataFrame) -> str:
    """Return a title with the price change, adjusted for splits and dividends, and the number of events."""
    change = _change(_adjusted(shown)) or "price"
    unit = "session" if shown["session"].dtype == pl.Date else "bar"
    news = f"with {counted(events.height, 'event')}" if events.height else "without an event"
    return f"{symbol}: {change} over {counted(shown.height, unit)} {news}"


def _change(prices: Array) -> str | None:
    """Return the change (T,) from the first to the last price; None without one."""
    return per_cent(prices[-1] / prices[0] - 1) if len(prices) > 1 and prices[0] > 0 else None


def _adjusted(shown: pl.DataFrame) -> Array:
    """Return the adjusted closes (T,) as studies use them; the closes where there are none."""
    closes = shown["close"].cast(pl.Float64).to_numpy()
    if "adjusted_close" not in shown.columns:
        return closes
    adjusted = shown["adjusted_close"].cast(pl.Float64).to_numpy()
    return np.asarray(filled_adjusted(closes[:, None], adjusted[:, None])[0][:, 0])


def _unadjusted(shown: pl.DataFrame) -> str:
    """Return that the bars drawn are unadjusted, with their change, if it differs from the adjusted one."""
    drawn = _change(shown["close"].cast(pl.Float64).to_numpy())
    if drawn is None or drawn == _change(_adjusted(shown)):
        return ""
    return f"; change adjusted for splits and dividends, bars unadjusted ({drawn})"


def _axis(shown: pl.DataFrame) -> dict[str, Any]:
    """Return the axis of sessions without days in between, or of intraday bars without hours in between."""
    if shown["session"].dtype == pl.Date:
        return {"rangebreaks": _rangebreaks(shown), "range": _range(shown), "hoverformat": "%d %b %Y"}
    names = axis_values(shown["session"])
    step = max(1, math.ceil(len(names) / 5))
    ticks = names[::step]
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": names,
        "range": [-1, len(names)],
        "tickvals": ticks,
        "ticktext": [name.rpartition(" ")[0][:6] + "<br>" + name.rpartition(" ")[2] for name in ticks],
        "tickangle": 0,
    }


def _subtitle(shown: pl.DataFrame, events: int, elsewhere: int, quotes: int, *, around: date | None) -> str:
    first, last = shown["session"][0], shown["session"][-1]
    unit = "session" if shown["session"].dtype == pl.Date else "bar"
    words = f"{first:%d %b %Y} to {last:%d %b %Y}, {counted(shown.height, unit)}; "
    words += f"{counted(events, 'event')}" if events else "no events in this range"
    if elsewhere:
        words += f" ({elsewhere} more outside it)"
    if quotes:
        words += f", {counted(quotes, 'strip quote')}"
    if around is not None and around not in shown["session"].cast(pl.Date):
        words += f"; {around:%d %b %Y} {'was not a session' if is_within(shown, around) else 'has no bars'}"
    return words


def _rangebreaks(shown: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the days without a session, which the axis leaves out."""
    sessions = set(shown["session"])
    first, last = shown["session"][0], shown["session"][-1]
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    idle = [day for day in days if day not in sessions]
    weekend_trading = any(day.weekday() >= 5 for day in sessions)
    breaks: list[dict[str, Any]] = [] if weekend_trading else [{"bounds": ["sat", "mon"]}]
    values = [day.isoformat() for day in idle if weekend_trading or day.weekday() < 5]
    return [*breaks, {"values": values}] if values else breaks


def _range(shown: pl.DataFrame) -> list[str]:
    """Return the range from before the first session to after the last, so that no bar or dot is cut.

    The margin consists of days on the axis; a weekend that the axis leaves out would not count.
    """
    days = max(1, round(0.02 * shown.height))
    weekends = any(day.weekday() >= 5 for day in shown["session"])
    first, last = shown["session"][0], shown["session"][-1]
    ends = (_beyond(first, -1, days, weekends), _beyond(last, 1, days, weekends))
    return [f"{ends[0].isoformat()}T12:00:00", f"{ends[1].isoformat()}T12:00:00"]


def _beyond(day: date, step: int, days: int, weekends: bool) -> date:
    """Return the day ``days`` days after (``step`` 1) or before ``day``, counting weekends or not."""
    while days:
        day += timedelta(days=step)
        days -= weekends or day.weekday() < 5
    return day
