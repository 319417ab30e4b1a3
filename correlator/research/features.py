"""What the store knows of the events of a study beyond their own columns, as of the close of day 0."""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.eventstudy.cross_section import event_features
from correlator.eventstudy.frames import Array
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.windows import AsWindow, parse_window
from correlator.research.panel import bar_arrays, exchange_of
from correlator.sessions import exchange_zone, sessions_between
from correlator.store.db import Store
from correlator.store.reading import read_bars
from correlator.store.statements import query

_TELLINGS = """
    SELECT DISTINCT story_id, article_id, published_at FROM articles
    WHERE version = 1 AND story_id IS NOT NULL AND published_at IS NOT NULL
"""
SIZE_BARS = 60


def stored_features(store: Store, result: StudyResult, window: AsWindow | None = None) -> pl.DataFrame:
    """``event_features`` of a study of ``store`` with more columns:

    ``story_size``: articles that had told the event's story by the close of day 0, 1 where it has no story;
    ``size``: natural logarithm of the median value traded (close times volume) over the 60 bars before the event
    window, null where nothing was traded; ``hour``: of publication at the exchange, with fractions, null for date-only
    events.
    """
    features = event_features(result, None if window is None else parse_window(window).label)
    with store.studying() as connection:
        exchange = exchange_of(connection, result.panel.symbols)
        tellings = query(connection, _TELLINGS)
        bars = read_bars(connection, result.panel.symbols, as_of=result.spec.as_of)
    labels = result.panel.labels
    closes = sessions_between(exchange, labels[0], labels[-1]).select("session", "closes_at")
    sized = features.join(_story_sizes(features, tellings, closes), on=["event_id", "symbol"], how="left")
    local = pl.col("known_at").dt.convert_time_zone(exchange_zone(exchange))
    return sized.with_columns(
        pl.col("story_size").fill_null(1),
        pl.Series("size", _traded_value(result, bars), nan_to_null=True),
        pl.when(pl.col("known_precision") != "day")
        .then(local.dt.hour().cast(pl.Float64) + local.dt.minute() / 60)
        .alias("hour"),
    )


def _story_sizes(features: pl.DataFrame, tellings: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """event_id, symbol, story_size of events whose story has articles by then."""
    placed = features.select("event_id", "symbol", "session", "story_id").join(closes, on="session")
    told = placed.join(tellings, on="story_id").filter(pl.col("published_at") <= pl.col("closes_at"))
    return told.group_by("event_id", "symbol").agg(pl.col("article_id").n_unique().alias("story_size"))


def _traded_value(result: StudyResult, bars: pl.DataFrame) -> Array:
    """Log of the median value traded (E,) before the event window."""
    panel, estimates = result.panel, result.estimates
    arrays = bar_arrays(bars.filter(pl.col("session").is_in(panel.labels.implode())), panel.labels, panel.symbols)
    value = arrays["close"] * arrays["volume"]
    sizes = np.full(len(estimates), np.nan)
    for i, (row, column) in enumerate(zip(estimates.win_first, estimates.symbol_index, strict=True)):
        before = value[max(row - SIZE_BARS, 0) : row, column]
        before = before[before > 0]
        if len(before):
            sizes[i] = np.log(np.median(before))
    return sizes
