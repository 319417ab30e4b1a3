"""Bars within a session: how long they are, and which of them an event falls to."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import polars as pl

from correlator.sessions.calendars import sessions_between


def on_bars(events: pl.DataFrame, starts: pl.Series, ends: pl.Series) -> pl.DataFrame:
    """The events with the bar they fall to as their ``date``: the first that ends after the event was public.

    ``events``: at least ``known_at`` (UTC) and ``known_precision``; ``starts`` and ``ends`` (T,) of the bars, in order.
    ``day_zero_reason`` says where the instant lies: ``intraday`` in that bar, ``between bars`` before it, ``date-only``
    and ``no-time`` where no bar can be named, ``beyond-bars`` after the last one.
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
    """How long bars with these ``starts`` (T,), in order, last: the commonest distance between two of them."""
    apart = starts.diff().drop_nulls()
    return cast(timedelta, apart.mode().min()) if len(apart) else timedelta()


def ends_at(exchange: str | None, starts: pl.Series, length: timedelta) -> pl.Series:
    """``ends_of`` bars of an exchange, None where its sessions are not known.

    A session's date is that of its exchange's clocks, which may be a day off that of its bars in UTC.
    """
    if exchange is None or starts.is_empty():
        return ends_of(starts, length, starts.clear())
    days, aside = starts.dt.date(), timedelta(days=1)
    return ends_of(starts, length, sessions_between(exchange, days[0] - aside, days[-1] + aside)["closes_at"])


def ends_of(starts: pl.Series, length: timedelta, closes: pl.Series) -> pl.Series:
    """When bars with these ``starts`` (T,) end: their ``length`` later, or with the session that closes before that.

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
