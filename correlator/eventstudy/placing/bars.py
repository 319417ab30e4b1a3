"""Intraday bars: how long they are, and which of them an event is placed on."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import polars as pl

from correlator.sessions.calendars import sessions_between


def on_bars(events: pl.DataFrame, starts: pl.Series, ends: pl.Series) -> pl.DataFrame:
    """Return the events with their bar as ``date``: the first that ends after the event was public.

    ``events``: at least ``known_at`` (UTC) and ``known_precision``; ``starts`` and ``ends`` (T,) of the bars, in order.
    ``day_zero_reason`` says where the instant lies: ``intraday`` in that bar, ``between bars`` before it,
    ``beyond-bars`` after the last one; it is ``date-only`` or ``no-time`` if the event has no time and so no bar.
    """
    known = events["known_at"].cast(starts.dtype)
    timed = events["known_precision"].is_in(["minute", "second"]) & known.is_not_null()
    row = ends.search_sorted(known.fill_null(starts[0]), side="right")
    placed = events.with_columns(
        date=starts.gather(pl.Series(row).clip(upper_bound=len(starts) - 1)), row=pl.Series(row), timed=timed
    )
    beyond = pl.col("row") >= len(starts)
    reason = (
        pl.when(~pl.col("timed"))
        .then(pl.when(pl.col("known_precision") == "day").then(pl.lit("date-only")).otherwise(pl.lit("no-time")))
        .when(beyond)
        .then(pl.lit("beyond-bars"))
        .when(pl.col("date") > pl.col("known_at"))
        .then(pl.lit("between bars"))
        .otherwise(pl.lit("intraday"))
    )
    has_bar = pl.col("timed") & ~beyond
    return placed.with_columns(day_zero_reason=reason, date=pl.when(has_bar).then(pl.col("date"))).drop("row", "timed")


def usual_length(starts: pl.Series) -> timedelta:
    """Return the length of bars with these ``starts`` (T,), in order: the most common distance between two of them."""
    distances = starts.diff().drop_nulls()
    return cast(timedelta, distances.mode().min()) if len(distances) else timedelta()


def ends_at(exchange: str | None, starts: pl.Series, length: timedelta) -> pl.Series:
    """Return ``ends_of`` bars of an exchange, or of bars of unknown sessions for None.

    The date of a session is local to its exchange, so it may differ by a day from the date of its bars in UTC.
    """
    if exchange is None or starts.is_empty():
        return ends_of(starts, length, starts.clear())
    days, margin = starts.dt.date(), timedelta(days=1)
    return ends_of(starts, length, sessions_between(exchange, days[0] - margin, days[-1] + margin)["closes_at"])


def ends_of(starts: pl.Series, length: timedelta, closes: pl.Series) -> pl.Series:
    """Return the ends of bars with these ``starts`` (T,): ``length`` later, or the close of the session if earlier.

    ``closes``: of the exchange's sessions. The last hourly bar of New York, which starts at 15:30, ends at 16:00.
    """
    full = starts + length
    after = closes.cast(starts.dtype).sort()
    if after.is_empty():
        return full
    row = pl.Series(after.search_sorted(starts, side="right")).cast(pl.Int64)
    close = after.gather(row.clip(upper_bound=len(after) - 1))
    bars = pl.DataFrame({"start": starts, "full": full, "close": close})
    cut = (pl.col("close") > pl.col("start")) & (pl.col("close") < pl.col("full"))
    return bars.select(pl.when(cut).then("close").otherwise("full")).to_series()
