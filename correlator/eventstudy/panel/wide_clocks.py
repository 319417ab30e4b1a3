"""Times of day in wide frames: in a separate column, and the time zone of timestamps that have none."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from correlator.errors import TimeError, warn
from correlator.eventstudy.panel.weeks import off_by
from correlator.market.vocabulary import may_be_clock
from correlator.market.written.clock_columns import holds_clocks, located, one_zone, says_zones, with_times

_NEARLY_A_DAY = timedelta(hours=20)


def with_clocks(table: pl.DataFrame, label: str) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Return the table with the times of a column ``Time`` added to its dates, and the columns that state a zone."""
    others = [name for name in table.columns if name != label]
    times = next((name for name in others if may_be_clock(name) and holds_clocks(table[name])), None)
    zones = {name: table[name] for name in others if says_zones(table[name])}
    if times is not None:
        table = table.with_columns(with_times(table[label], table[times]).alias(label)).drop(times)
    return table.drop(zones), zones


def days_of(labels: pl.Series, what: str, zone: str | None, stated_zones: dict[str, pl.Series]) -> pl.Series:
    """Return timestamps that come once a day (closes, midnights elsewhere) as days, others as instants.

    Days are those of ``zone``, else of the timestamps' own time zone. Instants without a time zone take the one of
    ``stated_zones``, else ``zone``. Raises TimeError for timestamps in UTC, or in a time zone in which the week is off
    by a day, if ``zone`` is unknown, and for local times that occur twice or never.
    """
    if not isinstance(labels.dtype, pl.Datetime) or len(labels) < 2:
        return labels
    if labels.dtype.time_zone is None:
        stated = one_zone(stated_zones, [labels.name], what, hint="write it behind each time (16:00-05:00)")
        is_intraday = labels.diff().drop_nulls().min() < _NEARLY_A_DAY  # type: ignore[operator]
        used = stated or (zone if is_intraday else None)
        if used is not None:
            labels = located(labels, used, what)
            if stated is None:
                warn(f"times of {what} without a time zone are read as times in {used}")
    if labels.diff().drop_nulls().min() < _NEARLY_A_DAY:  # type: ignore[operator]
        return labels
    own_zone = labels.dtype.time_zone  # type: ignore[attr-defined]
    if own_zone is not None and zone is not None:
        return labels.dt.convert_time_zone(zone).dt.date()
    days = labels.dt.date()
    if own_zone == "UTC" or (own_zone is not None and off_by(days)):
        raise TimeError(
            f"dates of {what} are timestamps in {own_zone} (first: {labels[0]}), and their days depend on the exchange",
            hint="give exchange='XNAS', or write plain dates",
        )
    return days
