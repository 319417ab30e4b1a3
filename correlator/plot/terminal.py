"""Figures for the terminal, as text of a given size."""

from __future__ import annotations

import textwrap
from typing import Any

import polars as pl

from correlator.errors import counted


def price_text(
    bars: pl.DataFrame,
    *,
    events: pl.DataFrame | None = None,
    symbol: str,
    zone: str | None = None,
    width: int = 80,
    height: int = 20,
) -> str:
    """Return closes as a line with a mark below every session that is day 0; arguments as for ``price_figure``.

    The text has no colours, so that it can be written to a file.
    """
    shown = bars.drop_nulls("close").sort("session")
    if shown.is_empty():
        return f"There are no bars of {symbol} to draw.\n"
    sessions = shown["session"].to_list()
    closes = shown["close"].to_list()
    days = set() if events is None or events.is_empty() else set(events["day_zero"].drop_nulls())
    marked = [position for position, session in enumerate(sessions) if session in days]
    figure = _figure(f"{symbol} close, {sessions[0]} to {sessions[-1]}", width, height)
    _line(figure, list(range(len(closes))), closes)
    if marked:
        floor = min(closes) - 0.04 * ((max(closes) - min(closes)) or 1.0)
        figure.draw(figure.signal(marked, [floor] * len(marked), marker="^"))
    _ticks(figure, [str(session) for session in sessions])
    words = f"^ day 0 of an event ({counted(len(marked), 'bar' if zone else 'session')})" if marked else ""
    return _text(figure) + f"{words or 'no events in this range'}{f'; {zone} time' if zone else ''}\n"


def car_text(
    path: pl.DataFrame,
    *,
    title: str = "cumulative abnormal return, %",
    line: str = "average over events",
    band: str = "95% band",
    width: int = 80,
    height: int = 20,
) -> str:
    """Return CAR or CAAR by day with its band, in per cent; ``path`` (fractions) as for ``car_figure``."""
    if path.is_empty() or path["caar"].null_count() == path.height:
        return "No event was measured, so there is no abnormal return to draw.\n"
    heading = [textwrap.shorten(title, width - 4, placeholder=" …")] if len(title) > width - 4 else []
    figure = _figure(heading[0] if heading else title, width, height)
    rows = list(range(path.height))
    for name, marker in (("low", "."), ("high", ".")):
        known = [(row, 100 * value) for row, value in zip(rows, path[name], strict=True) if value is not None]
        if known:
            figure.draw(figure.signal(*map(list, zip(*known, strict=True)), marker=marker))
    _line(figure, rows, (100 * path["caar"]).to_list())
    figure.line(0, orientation="h")
    _ticks(figure, path["day"].to_list())
    return _text(figure) + f"line: {line}, %; dots: {band}\n"


def _figure(title: str, width: int, height: int) -> Any:
    """Return plotext's global figure, cleared."""
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, height)
    figure.title(title)
    return figure


def _line(figure: Any, x: list[int], y: list[float]) -> None:
    signal = figure.signal(x, y, marker="braille")
    signal.lines()
    figure.draw(signal)


def _ticks(figure: Any, labels: list[str]) -> None:
    """Draw at most five labels, including the first and the last."""
    last = len(labels) - 1
    positions = sorted({round(last * part / 4) for part in range(5)})
    figure.ruler("x").ticks(positions, [labels[i] for i in positions])


def _text(figure: Any) -> str:
    import plotext

    return "".join(f"{line.rstrip()}\n" for line in plotext.uncolorize(figure.build().string()).splitlines())
