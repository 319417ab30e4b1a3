"""Confounds in an event's window: other news, overlapping windows, dividends, limit-locked and thin bars.

Flags only; the study chooses what to do about them (keep, drop, keep the first, model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError

Mask = NDArray[np.bool_]

KINDS = ("story", "country", "overlap", "ex-dividend", "limit-locked", "thin")
USUAL_KINDS = ("story", "overlap", "ex-dividend", "limit-locked", "thin")
"""Without ``country``: for a country that is in the news every day, every window would be confounded."""

_COUNTS = {
    "story": "other_stories",
    "country": "country_stories",
    "overlap": "overlaps",
    "ex-dividend": "ex_dividend",
    "limit-locked": "limit_locked",
    "thin": "thin",
}
_DIVIDEND = 0.002
"""Least change of adjusted over plain close that counts as a dividend: rounding of prices to two digits is smaller."""


@dataclass(frozen=True)
class BarMarks:
    """Marks on T bars of S ``symbols``, each (T, S) or None if unknown; ``thin``: no bar, or a bar without volume."""

    symbols: tuple[str, ...]
    limit_locked: Mask | None = None
    thin: Mask | None = None
    ex_dividend: Mask | None = None


def confound_flags(
    events: pl.DataFrame,
    window: tuple[int, int],
    marks: BarMarks,
    *,
    others: pl.DataFrame | None = None,
    kinds: Sequence[str] = USUAL_KINDS,
) -> pl.DataFrame:
    """Return one row per event in the order given: event_id, symbol, counts of ``KINDS``, ``confounded``, ``reason``.

    ``events``: event_id, symbol, row (of day 0 among the bars), story_id and, for ``country_stories``, source_country
    and target_country; ``window``: first and last bar from day 0, both included; ``others``: all news that might
    confound, same columns, default: ``events``. ``other_stories`` and ``country_stories`` count distinct other stories
    with day 0 inside the window, ``overlaps`` other events whose windows share a bar, ``ex_dividend``,
    ``limit_locked`` and ``thin`` bars of the window; null if unknown. ``kinds``: which of these make an event
    ``confounded``.
    """
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise InputError(f"confound {unknown[0]!r} is not known", hint=f"choose from {', '.join(KINDS)}")
    first, last = window
    own = _with_story(events).with_row_index("position")
    news = _with_story(events if others is None else others)
    counts = {
        "other_stories": _stories(own, news, "symbol", first, last=last, size=len(own)),
        "country_stories": _country_stories(own, news, first, last),
        "overlaps": _overlaps(own, last - first),
        "ex_dividend": _marked(own, marks.ex_dividend, marks.symbols, first, last=last),
        "limit_locked": _marked(own, marks.limit_locked, marks.symbols, first, last=last),
        "thin": _marked(own, marks.thin, marks.symbols, first, last=last),
    }
    frame = own.select("event_id", "symbol").with_columns(**counts)
    words = [pl.when(pl.col(_COUNTS[kind]) > 0).then(pl.lit(kind)) for kind in kinds]
    reason = pl.concat_str(words, separator=", ", ignore_nulls=True) if words else pl.lit("")
    return frame.with_columns(reason=reason).with_columns(confounded=pl.col("reason") != "")


def first_of_overlapping(symbols: pl.Series, rows: NDArray[Any], window: tuple[int, int]) -> Mask:
    """Return which events (E,) to keep so that no two windows of a symbol share a bar.

    The earliest is kept, then the next whose window does not overlap, and so on; of several on one bar, the first.
    """
    reach = window[1] - window[0]
    keep = np.zeros(len(rows), dtype=bool)
    codes = symbols.rank("dense").to_numpy().astype(np.int64)
    last_code, until = -1, 0
    for i in np.lexsort((np.arange(len(rows)), rows, codes)).tolist():
        if codes[i] != last_code or rows[i] > until:
            keep[i], last_code, until = True, int(codes[i]), int(rows[i]) + reach
    return keep


def ex_dividend_bars(close: NDArray[np.float64], adjusted: NDArray[np.float64]) -> Mask:
    """Return the bars (T, S) on which adjusted over plain close jumps up: shares first trade without the dividend.

    Shapes (T, S), NaN where missing; a jump across a hole is marked on the bar after it.
    """
    marks = np.zeros(close.shape, dtype=bool)
    for column in range(close.shape[1]):
        traded = np.flatnonzero(np.isfinite(close[:, column]) & np.isfinite(adjusted[:, column]))
        factor = adjusted[traded, column] / close[traded, column]
        jumps = np.flatnonzero(factor[1:] / factor[:-1] - 1.0 > _DIVIDEND) + 1
        marks[traded[jumps], column] = True
    return marks


def _with_story(events: pl.DataFrame) -> pl.DataFrame:
    """Return events with ``story``: their story, or a separate one if they have none."""
    separate = -pl.col("event_id") - 1
    if "story_id" not in events.columns:
        return events.with_columns(story=separate)
    return events.with_columns(story=pl.when(pl.col("story_id").is_null()).then(separate).otherwise("story_id"))


def _stories(own: pl.DataFrame, news: pl.DataFrame, key: str, first: int, *, last: int, size: int) -> pl.Series:
    """Return the number (E = ``size``,) of distinct other stories with the same ``key`` and day 0 inside the window."""
    left = own.select("position", "row", "story", key).with_columns(
        begins=pl.col("row") + first, ends=pl.col("row") + last
    )
    right = news.select(pl.col(name).alias(f"other_{name}") for name in ("row", "story", key)).unique()
    pairs = left.join_where(
        right,
        pl.col(key) == pl.col(f"other_{key}"),
        pl.col("other_row") >= pl.col("begins"),
        pl.col("other_row") <= pl.col("ends"),
    ).filter(pl.col("story") != pl.col("other_story"))
    counts = pairs.group_by("position").agg(pl.col("other_story").n_unique().alias("count"))
    positions = pl.DataFrame({"position": pl.Series(range(size), dtype=pl.UInt32)})
    return positions.join(counts, on="position", how="left", maintain_order="left")["count"].fill_null(0).cast(pl.Int64)


def _country_stories(own: pl.DataFrame, news: pl.DataFrame, first: int, last: int) -> pl.Series:
    if not {"source_country", "target_country"} <= set(own.columns) & set(news.columns):
        return pl.Series("count", [None] * len(own), dtype=pl.Int64)
    return _stories(_by_country(own), _by_country(news), "country", first, last=last, size=len(own))


def _by_country(events: pl.DataFrame) -> pl.DataFrame:
    ends = pl.concat_list("source_country", "target_country").list.drop_nulls().list.unique(maintain_order=True)
    return events.with_columns(country=ends).explode("country").filter(pl.col("country").is_not_null())


def _overlaps(own: pl.DataFrame, reach: int) -> pl.Series:
    """Return the number of other events (E,) of the symbol at most ``reach`` bars away."""
    counts = np.zeros(len(own), dtype=np.int64)
    for part in own.select("position", "symbol", "row").partition_by("symbol"):
        rows = part["row"].to_numpy()
        ordered = np.sort(rows)
        near = np.searchsorted(ordered, rows + reach, side="right") - np.searchsorted(
            ordered, rows - reach, side="left"
        )
        counts[part["position"].to_numpy()] = near - 1
    return pl.Series("count", counts)


def _marked(own: pl.DataFrame, marks: Mask | None, symbols: tuple[str, ...], first: int, *, last: int) -> pl.Series:
    """Return the number of marked bars (E,) inside the window, null if there are no marks."""
    if marks is None:
        return pl.Series("count", [None] * len(own), dtype=pl.Int64)
    before = np.concatenate([np.zeros((1, marks.shape[1]), dtype=np.int64), np.cumsum(marks, axis=0)])
    names = {name: i for i, name in enumerate(symbols)}
    columns = own["symbol"].replace_strict(names, return_dtype=pl.Int64).to_numpy()
    rows = own["row"].to_numpy()
    starts, ends = (np.clip(rows + offset, 0, len(marks)) for offset in (first, last + 1))
    return pl.Series("count", before[ends, columns] - before[starts, columns])
