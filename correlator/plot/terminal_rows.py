"""Figures for the terminal made of rows of text: a label, a bar or a line of blocks, a number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from correlator.eventstudy.results.finding import SIGNIFICANCE
from correlator.plot.distribution import counted_bins
from correlator.plot.heatmap import heatmap_cells, starred_cells

_LEVELS = "▁▂▃▄▅▆▇█"
_BAR = "█"
_SHOWN = 24


def distribution_text(values: pl.Series, mark: float, name: str, *, title: str, width: int = 80) -> str:
    """Return a histogram of ``values`` with a row per bin; the bin that contains ``mark`` is labelled with ``name``."""
    known = values.drop_nulls().drop_nans().to_numpy()
    if not len(known):
        return f"{title}: no values.\n"
    edges, counts = counted_bins(known, mark, most=20)
    room = max(10, width - 50)
    lines = [title]
    places = max(0, 1 - math.floor(math.log10(edges[1] - edges[0])))
    texts = [f"{edge:+z.{places}f}" for edge in edges]
    size = max(map(len, texts))
    for low, high, count, first, last in zip(edges[:-1], edges[1:], counts, texts[:-1], texts[1:], strict=True):
        bar = _BAR * round(room * count / max(counts.max(), 1))
        pointer = f"  <- {name} {mark:+z.{places + 1}f}" if low <= mark < high else ""
        lines.append(f"{first:>{size}} to {last:>{size}}  {bar}{' ' if bar else ''}{count:,}{pointer}")
    return _joined(lines)


def lead_lag_text(table: pl.DataFrame, *, width: int = 80) -> str:
    """Return the correlation at every lag as bars, negative to the left; ``table`` as for ``lead_lag_figure``."""
    known = table.drop_nulls("correlation")
    if known.is_empty():
        return "No lag has a correlation: the series have too few bars in common.\n"
    largest = float(known["correlation"].abs().max() or 0.0) or 1.0  # type: ignore[arg-type]
    half = max(8, (width - 24) // 2)
    lines = ["lag    correlation (* p below 5 %); above 0 news leads"]
    for row in known.iter_rows(named=True):
        size = round(half * abs(row["correlation"]) / largest)
        left, right = (_BAR * size, "") if row["correlation"] < 0 else ("", _BAR * size)
        star = "*" if (row.get("p_adjusted") or 1.0) < 0.05 else " "
        lines.append(f"{row['lag']:>+4} {row['correlation']:>+7.3f}{star} {left:>{half}}|{right}")
    return _joined(lines)


def events_text(paths: pl.DataFrame, labels: dict[Any, str], *, measure: str = "return", width: int = 80) -> str:
    """Return one line per event: its label, its cumulative abnormal return by day as blocks, and its final value.

    ``paths`` as for ``event_panels``; of more than ``_SHOWN`` events, those with the largest absolute final value.
    """
    ends = paths.group_by("event_id", "symbol", maintain_order=True).agg("car", end=pl.col("car").last())
    if ends.is_empty():
        return "No event was measured, so there is nothing to draw.\n"
    shown = ends if ends.height <= _SHOWN else ends.sort(pl.col("end").abs(), descending=True).head(_SHOWN)
    size = min(max((len(label) for label in labels.values()), default=20), width - 24)
    room = max(8, width - size - 12)
    events = f"{ends.height:,} event{'' if ends.height == 1 else 's'}"
    lines = [f"cumulative abnormal {measure}; {shown.height:,} of {events}"]
    for number, symbol, path, end in shown.iter_rows():
        label = labels.get((number, symbol), f"{symbol} #{number}").replace("\n", " ")
        label = label if len(label) <= size else label[: size - 1] + "…"
        lines.append(f"{label:<{size}}  {blocks(path[-room:])}  {end:+.2%}")
    return _joined(lines)


def days_text(days: pl.DataFrame, *, measure: str = "return", width: int = 80) -> str:
    """Return a bar per day, left or right of zero; ``days`` as for ``bars_figure``; ``*``: the day alone is more than
    chance.
    """
    known = days.drop_nulls("aar")
    largest = float(known["aar"].abs().max() or 0.0) or 1.0  # type: ignore[arg-type]
    size = max(map(len, known["day"].to_list()), default=3)
    half = max(8, (width - size - 14) // 2)
    lines = [f"{'day':<{size}} abnormal {measure} (* p below 5 %)"]
    for day, value, p in known.select("day", "aar", "p_value").iter_rows():
        bar = _BAR * round(half * abs(value) / largest)
        left, right = (bar, "") if value < 0 else ("", bar)
        lines.append(
            f"{day:>{size}} {value:>+8.2%}{'*' if p is not None and p < SIGNIFICANCE else ' '} {left:>{half}}|{right}"
        )
    return _joined(lines)


def network_text(events: pl.DataFrame, *, top: int = _SHOWN, width: int = 80) -> str:
    """Return countries by their number of events, with their partners; ``events`` as for ``dyad_network``."""
    known = events.drop_nulls("dyad")
    if known.is_empty():
        return "No event has two countries.\n"
    ends = known.select(pl.col("dyad"), pl.col("goldstein")).with_columns(pl.col("dyad").str.split("-").alias("ends"))
    ends = ends.filter(pl.col("ends").list.len() == 2)
    both = pl.concat(
        [
            ends.select(one=pl.col("ends").list.get(i), other=pl.col("ends").list.get(1 - i), goldstein="goldstein")
            for i in (0, 1)
        ]
    )
    weight = both.group_by("one").agg(pl.len().alias("n"), pl.col("goldstein").mean())
    lines = ["country  events  Goldstein  with (events)"]
    for name, n, score in weight.sort("n", "one", descending=[True, False]).head(top).iter_rows():
        others = (
            both.filter(pl.col("one") == name)["other"].value_counts().sort("count", "other", descending=[True, False])
        )
        partners = ", ".join(f"{other} {count}" for other, count in others.iter_rows())
        line = f"{name:<7} {n:>7,} {'' if score is None else format(score, '+.1f'):>10}  {partners}"
        lines.append(line if len(line) <= width else line[: width - 1] + "…")
    return _joined(lines)


def heatmap_text(car: pl.DataFrame, categories: pl.DataFrame, *, marks: pl.DataFrame | None = None) -> str:
    """Return the mean CAR by category and window with the number of events; arguments as for ``heatmap_figure``."""
    windows, names, cells_by_key = heatmap_cells(car, categories, marks)
    if not names:
        return "No event was measured, so there is no cell to fill.\n"
    starred = starred_cells(marks)
    size = max(len(name) for name in names)
    lines = [f"{'mean CAR, events':<{size}}  " + "".join(f"{window:>16}" for window in windows)]
    size = max(size, len("mean CAR, events"))
    for name in reversed(names):
        cells = [cells_by_key.get((name, window)) for window in windows]
        texts = [
            f"{cell['car']:+.2%}{'*' if (name, cell['window']) in starred else ' '}{cell['n']:>6,}" if cell else ""
            for cell in cells
        ]
        lines.append(f"{name:<{size}}  " + "".join(f"{text:>16}" for text in texts))
    return _joined(lines)


def dyads_text(events: pl.DataFrame, *, top: int = _SHOWN, width: int = 80) -> str:
    """Return the busiest dyads with events, mean Goldstein score, and a block per month, as for ``dyad_timeline``."""
    known = events.drop_nulls(["dyad", "known_at"]).with_columns(month=pl.col("known_at").dt.truncate("1mo"))
    if known.is_empty():
        return "No event has two countries and a time.\n"
    counts = known.group_by("dyad").agg(pl.len().alias("n"), pl.col("goldstein").mean())
    span = known.select(pl.datetime_range(pl.col("month").min(), pl.col("month").max(), "1mo")).to_series()
    months = span.to_list()[-max(8, width - 30) :]
    lines = [f"dyad     events  Goldstein  by month from {months[0]:%b %Y}"]
    for dyad, n, score in counts.sort("n", "dyad", descending=[True, False]).head(top).iter_rows():
        monthly = known.filter(pl.col("dyad") == dyad)["month"].value_counts()
        by_month = dict(monthly.iter_rows())
        line = "".join(blocks([0, *(by_month.get(month, 0) for month in months)])[1:])
        lines.append(f"{dyad:<8} {n:>6,} {'' if score is None else format(score, '+.1f'):>10}  {line}")
    return _joined(lines)


def blocks(values: Sequence[float]) -> str:
    """Return a line of blocks whose heights follow ``values``; all have the same height if the values are equal."""
    numbers = np.nan_to_num(np.asarray(values, dtype=float))
    span = float(np.ptp(numbers)) or 1.0
    places = np.floor((numbers - numbers.min()) / span * (len(_LEVELS) - 1) + 0.5).astype(int)
    return "".join(_LEVELS[place] for place in places)


def _joined(lines: list[str]) -> str:
    return "".join(f"{line.rstrip()}\n" for line in lines)
