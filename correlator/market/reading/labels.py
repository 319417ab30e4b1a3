"""From what a date column says to sessions: labels stay, instants take the date of their exchange's clocks."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from correlator.containers.raw import AT, LINE
from correlator.errors import TimeError
from correlator.market.written.stamps import Stamps
from correlator.sessions.bar_stamps import note_of_ends, refuse_other_clocks, side_of, starts_of
from correlator.sessions.calendars import exchange_named, exchange_zone
from correlator.sessions.intervals import END, bar_length

_INSTANT = pl.Datetime("us", "UTC")
_NEARLY_ALL = 0.99


@dataclass(frozen=True)
class Labelled:
    """Rows with session (Date) and bar_start (UTC), what to tell, the interval, rows whose time does not exist, and
    whether stamps were ends of bars.
    """

    rows: pl.DataFrame
    notes: tuple[str, ...]
    interval: str
    rejected: pl.DataFrame | None = None
    at_ends: bool = False


@dataclass(frozen=True)
class Clock:
    """Whose clocks count: the ``exchange`` (market identifier code), and the IANA ``zone`` of the stamps, if known.

    ``stamped``: whether times within a day are the start or the end of their bars, if the caller says it.
    """

    exchange: str | None = None
    zone: str | None = None
    stamped: str | None = None


def label_sessions(stamped: pl.DataFrame, stamps: Stamps, clock: Clock, source: str) -> Labelled:
    """Sessions of rows with symbol and ``__at``, the values of ``stamps``.

    A label of a day stays what it is. Instants and local times are read by the clocks of ``clock``: local times by its
    zone, else the exchange's; the date of a daily bar by its zone, else the exchange's. Several stamps of one symbol on
    one day make the rows intraday bars. Raises TimeError where a zone matters and is not known.
    """
    if stamps.kind == "label":
        return Labelled(_daily(stamped, pl.col(AT)), (), "1d")
    if stamps.kind == "local" and clock.zone is not None:
        return _of_instants(*_located(stamped, clock.zone), clock, source)
    if stamps.kind == "instant":
        return _of_instants(stamped, None, clock, source)
    return _of_local_times(stamped, clock, source)


def _of_instants(stamped: pl.DataFrame, rejected: pl.DataFrame | None, clock: Clock, source: str) -> Labelled:
    if _all_midnight(stamped[AT]):
        return Labelled(_daily(stamped, pl.col(AT).dt.date()), (), "1d", rejected)
    zone = clock.zone or (exchange_zone(clock.exchange) if clock.exchange else None)
    if zone is None:
        raise _unknown_exchange(stamped, source)
    if _several_a_day(stamped, pl.col(AT).dt.convert_time_zone(zone).dt.date()):
        place = exchange_zone(clock.exchange) if clock.exchange else zone
        return _within_days(stamped, place, clock, rejected)
    day = pl.col(AT).dt.convert_time_zone(zone).dt.date()
    return _daily_of_instants(stamped, day, "instants", zone, rejected=rejected)


def _of_local_times(stamped: pl.DataFrame, clock: Clock, source: str) -> Labelled:
    several = _several_a_day(stamped, pl.col(AT).dt.date())
    if clock.exchange is None:
        if several:
            raise _unknown_exchange(stamped, source)
        return Labelled(_daily(stamped, pl.col(AT).dt.date()), (_NOT_USED,), "1d")
    zone = exchange_zone(clock.exchange)
    if several:
        located, rejected = _located(stamped, zone)
        refuse_other_clocks(located[AT], clock.exchange, source)
        return _within_days(located, zone, clock, rejected)
    as_utc = pl.col(AT).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    if not _are_midnights_in_utc(stamped, as_utc, clock.exchange):
        return Labelled(_daily(stamped, pl.col(AT).dt.date()), (_NOT_USED,), "1d")
    return _daily_of_instants(stamped, as_utc.dt.date(), "instants in UTC that do not say so", zone, rejected=None)


_NOT_USED = "the time of day in the date column is not used"


def _within_days(stamped: pl.DataFrame, zone: str, clock: Clock, rejected: pl.DataFrame | None) -> Labelled:
    """Bars within sessions, whose days are those of ``zone``; their stamps are instants: starts, or ends."""
    day = pl.col("bar_start").dt.convert_time_zone(zone).dt.date().alias("session")
    rows = stamped.with_columns(pl.col(AT).cast(_INSTANT).alias("bar_start")).with_columns(day)
    interval = _interval(rows)
    notes, length = [f"intraday bars by the clocks of {zone}"], bar_length(interval)
    at_ends = side_of(rows["bar_start"], length, clock.exchange, clock.stamped) == END
    if at_ends:
        starts = starts_of(rows.select("symbol", stamp="bar_start"), length, clock.exchange)
        rows = rows.with_columns(starts.alias("bar_start")).with_columns(day)
        notes.append(note_of_ends(length, clock.stamped))
    return Labelled(rows.drop(AT), tuple(notes), interval, rejected, at_ends)


def _unknown_exchange(stamped: pl.DataFrame, source: str) -> TimeError:
    return TimeError(
        f"{source}: stamps are times of day ({_hours(stamped)} ...), whose date depends on the exchange",
        hint="which exchange? give exchange (--exchange), for example XKAR, or the stamps' zone (--zone)",
    )


def _hours(stamped: pl.DataFrame) -> str:
    return ", ".join(f"{hour:02d}:00" for hour in stamped[AT].dt.hour().drop_nulls().unique().sort().head(4))


def _located(stamped: pl.DataFrame, zone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose local times are instants in ``zone``, and those of an hour that its clocks show twice or never."""
    instant = pl.col(AT).dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
    located = stamped.with_columns(instant.cast(_INSTANT).alias("__instant"))
    lost = pl.col("__instant").is_null() & pl.col(AT).is_not_null()
    reason = pl.format(
        "the clocks of {} show {} twice or never", pl.lit(zone), pl.col(AT).dt.to_string("%Y-%m-%d %H:%M")
    )
    rejected = located.filter(lost).select(LINE, reason.alias("reason"))
    kept = located.filter(~lost).with_columns(pl.col("__instant").alias(AT)).drop("__instant")
    return kept, rejected


def _daily_of_instants(
    stamped: pl.DataFrame, day: pl.Expr, kind: str, zone: str, *, rejected: pl.DataFrame | None
) -> Labelled:
    daily = _daily(stamped, day)
    moved = int((stamped[AT].dt.date() != daily["session"]).sum())
    read = f"stamps are {kind} ({_hours(stamped)} UTC), read by the clocks of {zone}"
    return Labelled(daily, (f"{read}: {moved:,} bars belong to another day than the stamp's in UTC",), "1d", rejected)


def _are_midnights_in_utc(stamped: pl.DataFrame, as_utc: pl.Expr, exchange: str) -> bool:
    """Whether times without a zone are the exchange's midnights in UTC: each is one, and its weekdays are right then.

    ``2000-12-31 19:00`` is midnight in Karachi; as it stands a week of such stamps runs from Sunday to Thursday.
    """
    weekend = sorted(exchange_named(exchange).weekend)
    read = stamped.select(pl.col(AT).dt.date().alias("said"), as_utc.alias("then")).drop_nulls()
    midnights = read.select((pl.col("then").dt.time() == pl.time(0)).mean()).item() or 0.0
    as_labelled, then = (int(read[name].dt.weekday().is_in(weekend).sum()) for name in ("said", "then"))
    return bool(midnights > _NEARLY_ALL and as_labelled > then)


def _daily(stamped: pl.DataFrame, session: pl.Expr) -> pl.DataFrame:
    labelled = stamped.with_columns(session.alias("session"))
    midnight = pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return labelled.with_columns(midnight.alias("bar_start")).drop(AT)


def _all_midnight(instants: pl.Series) -> bool:
    return bool((instants.dt.time() == pl.Series([0]).cast(pl.Time)[0]).drop_nulls().all())


def _several_a_day(stamped: pl.DataFrame, day: pl.Expr) -> bool:
    """Whether symbols usually have several different stamps on one day; a few repeated days do not count."""
    counts = stamped.group_by("symbol", day.alias("day")).agg(pl.col(AT).n_unique().alias("n"))
    return int((counts["n"] > 1).sum()) * 2 > counts.height


def _interval(intraday: pl.DataFrame) -> str:
    """The usual distance of bars within a day: 5m, 1h, ..."""
    gaps = intraday.sort("symbol", "bar_start").select(
        pl.col("bar_start").diff().over("symbol", "session").dt.total_minutes().alias("gap")
    )
    minutes = int(gaps["gap"].drop_nulls().mode().sort()[0])
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
