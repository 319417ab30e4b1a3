"""Decide from the trading hours of the exchange whether timestamps of intraday bars are their starts or ends."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from correlator.errors import InputError, TimeError
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.sessions.intervals import END, SIDES, START

_INSTANT = pl.Datetime("us", "UTC")
_NEARLY_ALL, _MOST, _HARDLY_ANY = 0.8, 0.5, 0.05
_ENOUGH = 3
_ENOUGH_TIMES, _MANY_OUTSIDE = 20, 0.2


def side_of(stamps: pl.Series, length: timedelta, exchange: str | None, stated: str | None = None) -> str:
    """Return which side of their bars ``stamps`` (instants, UTC, of intraday bars of ``length``) are: start or end.

    They are ends if most sessions have a bar stamped with their close, if hardly any has one stamped with the opening
    or within a length before it, and if the first bar of a session is within a length after the opening: 30 minutes
    from 10:00 to 16:00 New York time. Else, and without an ``exchange``, they are starts. ``stated``: the side that the
    caller states, which takes precedence.

    Raise InputError if they look like ends, but on too few sessions to be sure.

    Examples
    --------
    >>> from datetime import datetime
    >>> first, last = datetime(2024, 7, 1, 14), datetime(2024, 7, 1, 20)
    >>> hours = pl.datetime_range(first, last, "30m", time_zone="UTC", eager=True)
    >>> days = pl.concat([hours.dt.offset_by(f"{day}d") for day in range(3)])
    >>> side_of(days, timedelta(minutes=30), "XNYS")
    'end'
    """
    if stated is not None:
        if stated not in SIDES:
            raise InputError(f"stamped must be {START} or {END}, got {stated!r}", argument="stamped")
        return stated
    if exchange is None:
        return START
    bars = pl.DataFrame({"stamp": stamps.cast(_INSTANT)}).drop_nulls().unique().sort("stamp")
    hours = _hours(stamps, exchange).sort("opens_at")
    before = hours.join_asof(bars, left_on="opens_at", right_on="stamp")["stamp"]
    after = hours.join_asof(bars, left_on="opens_at", right_on="stamp", strategy="forward", allow_exact_matches=False)
    each = after.select(
        (pl.col("stamp") <= pl.col("closes_at")).fill_null(False).alias("traded"),
        (pl.col("opens_at") - before < length).fill_null(False).alias("opened"),
        pl.col("closes_at").is_in(bars["stamp"].implode()).alias("closed"),
        (pl.col("stamp") - pl.col("opens_at") <= length).fill_null(False).alias("soon"),
    ).filter("traded")
    if each.is_empty() or each["opened"].mean() > _HARDLY_ANY:  # type: ignore[operator]
        return START
    if each["closed"].mean() < _MOST or each["soon"].mean() < _NEARLY_ALL:  # type: ignore[operator]
        return START
    if each.height < _ENOUGH:
        raise InputError(
            f"bars are stamped with the close of {exchange} but not with its opening: the times may be their ends",
            hint=f"give stamped (--stamped {END} or --stamped {START})",
        )
    return END


def within_sessions(stamps: pl.Series, side: str, exchange: str) -> pl.Series:
    """Return whether bars whose starts or ends (``side``) are ``stamps`` (T,) lie in sessions of ``exchange``."""
    hours = _hours(stamps, exchange).sort("opens_at")
    times = pl.DataFrame({"stamp": stamps.cast(_INSTANT)}).with_row_index("row").sort("stamp")
    in_order = times.join_asof(hours, left_on="stamp", right_on="opens_at", allow_exact_matches=side == START)
    before_end = pl.col("stamp") < pl.col("closes_at") if side == START else pl.col("stamp") <= pl.col("closes_at")
    return in_order.sort("row").select(before_end.fill_null(value=False).alias("within"))["within"]


def starts_of(ends: pl.DataFrame, length: timedelta, exchange: str | None) -> pl.Series:
    """Return the starts of bars from their ``ends`` (rows of symbol and stamp, instants in UTC), in row order.

    A start is a length before the end, but not before the opening of the session or the end of the previous bar.
    """
    opened = pl.DataFrame(schema={"opens_at": _INSTANT})
    if exchange is not None:
        opened = _hours(ends["stamp"], exchange).select("opens_at").sort("opens_at")
    rows = ends.select("symbol", pl.col("stamp").cast(_INSTANT)).with_row_index("row").sort("stamp")
    bounded = rows.join_asof(opened, left_on="stamp", right_on="opens_at", allow_exact_matches=False)
    distinct = bounded.select("symbol", "stamp").unique().sort("stamp")
    before = distinct.with_columns(pl.col("stamp").shift().over("symbol").alias("before"))
    bounds = bounded.join(before, on=["symbol", "stamp"], how="left").sort("row")
    start = pl.max_horizontal(pl.col("stamp") - length, "opens_at", "before")
    return bounds.select(start.alias("start"))["start"]


def refuse_other_clocks(stamps: pl.Series, exchange: str, source: str, *, zoned: bool = False) -> None:
    """Raise TimeError if times cannot be those of bars of ``exchange``.

    ``zoned``: whether the source or the caller states their zone, so that the bars are of another exchange; else they
    were read in the zone of the exchange, and are local times of another one. Zoned times of fewer than three sessions
    may be those of one night.

    They cannot if many are outside its trading hours, and none is in the first or none in the last third of any
    session: 14:30 to 21:00 is New York's session in London time. Bars of extended hours cover the whole session.
    """
    times = pl.DataFrame({"stamp": stamps.cast(_INSTANT)}).drop_nulls().unique().sort("stamp")
    hours = _hours(stamps, exchange).sort("opens_at")
    within = times.join_asof(hours, left_on="stamp", right_on="opens_at")
    part = (pl.col("stamp") - pl.col("opens_at")) / (pl.col("closes_at") - pl.col("opens_at"))
    parts = within.select(part.alias("part"))["part"].drop_nulls()
    if len(parts) < _ENOUGH_TIMES or (zoned and within["opens_at"].n_unique() < _ENOUGH):
        return
    outside = float((parts >= 1).mean())  # type: ignore[arg-type]
    thirds = [float(parts.is_between(low, high).mean()) for low, high in ((0, 1 / 3), (2 / 3, 1))]  # type: ignore[arg-type]
    if outside > _MANY_OUTSIDE and min(thirds) < _HARDLY_ANY / 10:
        other = "the bars are of another exchange, or their zone is wrong" if zoned else "they are in another time zone"
        raise TimeError(
            f"{source}: {outside:.0%} of the times are outside the trading hours of {exchange}, and none is in a third"
            f" of these hours: {other}",
            hint=f"give {'exchange (--exchange)' if zoned else 'zone (--zone UTC, --zone Europe/London, ...)'}",
        )


def note_of_ends(length: timedelta, stated: str | None) -> str:
    """Return the note for timestamps that are taken as ends."""
    minutes = round(length / timedelta(minutes=1))
    why = "" if stated else ", as the trading hours of the exchange show"
    return f"times of bars are their ends{why}: each bar starts up to {minutes} min earlier"


def _hours(stamps: pl.Series, exchange: str) -> pl.DataFrame:
    """Return opening and close (UTC) of the sessions around ``stamps``, as far as the calendar reaches."""
    first, last = calendar_reach(exchange)
    days = stamps.cast(_INSTANT).dt.date().drop_nulls().sort()
    around = (days[0] - timedelta(days=7), days[-1] + timedelta(days=1)) if len(days) else (first, first)
    start, end = max(around[0], first), min(around[1], last)
    if start > end:
        start = end = first
    hours = sessions_between(exchange, start, end).select("opens_at", "closes_at")
    return hours.select(pl.all().cast(_INSTANT))
