"""Clocks of wide frames: times in a column beside the dates, and the zone by which stamps without one are read."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from correlator.errors import TimeError, warn
from correlator.eventstudy.panel.moments import is_text
from correlator.eventstudy.panel.weeks import off_by
from correlator.market.vocabulary import beside, may_be_clock
from correlator.market.written.clock_columns import holds_clocks, located, one_zone, with_times

_NEARLY_A_DAY = timedelta(hours=20)


def with_clocks(table: pl.DataFrame, label: str) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """The table with the times of a column ``Time`` in its dates, and its columns that are no shares but say a zone."""
    others = [name for name in table.columns if name != label]
    times = next((name for name in others if may_be_clock(name) and holds_clocks(table[name])), None)
    said = {name: table[name] for name in others if beside(name) in ("zone", "offset") and is_text(table[name])}
    if times is not None:
        table = table.with_columns(with_times(table[label], table[times]).alias(label)).drop(times)
    return table.drop(said), said


def days_of(labels: pl.Series, what: str, zone: str | None, said: dict[str, pl.Series]) -> pl.Series:
    """Stamps that come once a day, at a close or at a midnight elsewhere, as the days they stand for: by the clocks of
    ``zone``, else by their own. Others as instants, by the zone that is ``said``, else by ``zone``.

    Raises TimeError for stamps in UTC, or in a zone by whose clocks the week runs off, whose ``zone`` is not known, and
    for times that clocks show twice or never.
    """
    if not isinstance(labels.dtype, pl.Datetime) or len(labels) < 2:
        return labels
    if labels.dtype.time_zone is None:
        own = one_zone(said, [labels.name], what, hint="write it behind each time (16:00-05:00)")
        within = labels.diff().drop_nulls().min() < _NEARLY_A_DAY  # type: ignore[operator]
        place = own or (zone if within else None)
        if place is not None:
            labels = located(labels, place, what)
            if own is None:
                warn(f"times of {what} without a zone are read by the clocks of {place}")
    if labels.diff().drop_nulls().min() < _NEARLY_A_DAY:  # type: ignore[operator]
        return labels
    own = labels.dtype.time_zone  # type: ignore[attr-defined]
    if own is not None and zone is not None:
        return labels.dt.convert_time_zone(zone).dt.date()
    days = labels.dt.date()
    if own == "UTC" or (own is not None and off_by(days)):
        raise TimeError(
            f"dates of {what} are instants in {own} (first: {labels[0]}), and their days depend on the exchange",
            hint="give exchange='XNAS', or write plain dates",
        )
    return days
