"""Attributes of a study's events that the store provides, as of the close of day 0."""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.base.keywords import given_as
from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.regression.cross_section import event_features
from correlator.eventstudy.request.windows import AsWindow
from correlator.eventstudy.results.finding import refuse_within_days
from correlator.eventstudy.results.result import StudyResult, check_result
from correlator.eventstudy.results.result_frames import event_rows
from correlator.research.panel import bar_arrays, exchanges_of
from correlator.sessions.calendars import sessions_between
from correlator.sessions.exchanges import exchange_zone
from correlator.store.db import Store
from correlator.store.reading import read_bars
from correlator.store.statements import query

_TELLINGS = """
    SELECT DISTINCT story_id, article_id, published_at + to_days(CASE published_precision WHEN 'day' THEN 1 ELSE 0 END)
        AS public_at FROM articles
    WHERE version = 1 AND story_id IS NOT NULL AND published_at IS NOT NULL
"""
SIZE_BARS = 60


def stored_features(
    store: Store, result: StudyResult, of: AsWindow | None = None, *, window: AsWindow | None = None
) -> pl.DataFrame:
    """Return the ``event_features`` of a study of ``store`` with more columns.

    ``story_size``: number of articles of the event's story by the close of day 0, 1 if it has no story; ``size``:
    natural logarithm of the median value traded (close times volume) over the 60 bars before the event window, null if
    nothing was traded; ``hour``: hour of publication at the exchange, with fractions, null for date-only events.
    ``of``: the window of the CAR, default the first; ``window`` is its former name.
    """
    check_result(result)
    refuse_within_days(result, "features of the store")
    features = event_features(result, given_as(of, window, "of", "window"))
    with store.studying() as connection:
        by_exchange = exchanges_of(connection, result.panel.symbols)
        tellings = query(connection, _TELLINGS)
        bars = read_bars(connection, result.panel.symbols, as_of=result.spec.as_of)
    sized = pl.concat([_of_exchange(features, code, names, tellings) for code, names in by_exchange.items()])
    known = features.select("event_id", "symbol").join(
        sized, on=["event_id", "symbol"], how="left", maintain_order="left"
    )
    return features.with_columns(
        known["story_size"].fill_null(1),
        pl.Series("size", _traded_value(result, bars), nan_to_null=True),
        known["hour"],
    )


def _of_exchange(features: pl.DataFrame, exchange: str, symbols: list[str], tellings: pl.DataFrame) -> pl.DataFrame:
    """Return event_id, symbol, story_size (null without articles by then) and hour of the events on an exchange."""
    own = features.filter(pl.col("symbol").is_in(symbols))
    days = own["session"].drop_nulls()
    if days.is_empty():
        closes = pl.DataFrame(schema={"session": features["session"].dtype, "closes_at": pl.Datetime("us", "UTC")})
    else:
        closes = sessions_between(exchange, days.min(), days.max()).select("session", "closes_at")  # type: ignore[arg-type]
    local = pl.col("known_at").dt.convert_time_zone(exchange_zone(exchange))
    hour = pl.when(pl.col("known_precision") != "day").then(local.dt.hour().cast(pl.Float64) + local.dt.minute() / 60)
    sizes = _story_sizes(own, tellings, closes)
    return own.select("event_id", "symbol", hour.alias("hour")).join(sizes, on=["event_id", "symbol"], how="left")


def _story_sizes(features: pl.DataFrame, tellings: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """Return event_id, symbol and story_size of events whose story had articles by the close of day 0."""
    placed = features.select("event_id", "symbol", "session", "story_id").join(closes, on="session")
    published = placed.join(tellings, on="story_id").filter(pl.col("public_at") <= pl.col("closes_at"))
    return published.group_by("event_id", "symbol").agg(pl.col("article_id").n_unique().alias("story_size"))


def _traded_value(result: StudyResult, bars: pl.DataFrame) -> Array:
    """Return the log of the median value traded (E,) before the event window."""
    panel, estimates = result.panel, result.estimates
    arrays = bar_arrays(bars, panel.labels, panel.symbols)
    value = arrays["close"] * arrays["volume"]
    sizes = np.full(len(estimates), np.nan)
    first = event_rows(estimates, panel)[:, 0]
    rows = panel.own_rows(estimates.symbol_index, first, np.arange(-SIZE_BARS, 0))
    for i, column in enumerate(estimates.symbol_index):
        before = value[rows[i][rows[i] >= 0], column]
        before = before[before > 0]
        if len(before):
            sizes[i] = np.log(np.median(before))
    return sizes
