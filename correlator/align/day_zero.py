"""Day 0: the first session whose close comes after an event was public, exchange by exchange."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from correlator.sessions.calendars import AFTER_CLOSE, place_instants


def place_on_exchanges(events: pl.DataFrame, exchanges: Sequence[str], *, date_only: str = AFTER_CLOSE) -> pl.DataFrame:
    """Return day 0 of every event on every exchange.

    ``events``: at least ``known_at`` (UTC instants) and ``known_precision``; ``date_only``: rule for events that have a
    date but no time, as in ``place_instants``. Returns the columns of ``events`` and ``exchange``, ``day_zero`` (Date)
    and ``day_zero_reason``, one row per event and exchange; without exchanges these are null. An event without an
    instant has no day 0, only a reason.
    """
    if not exchanges:
        nulls = (pl.lit(None, pl.String).alias("exchange"), pl.lit(None, pl.Date).alias("day_zero"))
        return events.with_columns(*nulls, pl.lit("no exchange: add prices first").alias("day_zero_reason"))
    parts = []
    for exchange in exchanges:
        placed = place_instants(exchange, events["known_at"], events["known_precision"], date_only=date_only)
        parts.append(
            events.with_columns(
                pl.lit(exchange).alias("exchange"),
                placed["session"].alias("day_zero"),
                placed["reason"].alias("day_zero_reason"),
            )
        )
    return pl.concat(parts)
