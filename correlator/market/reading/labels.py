"""Turn the values of a date column into sessions: labels stay, instants take the date in their exchange's time zone."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from correlator.containers.raw import AT, LINE
from correlator.errors import TimeError
from correlator.market.written.stamps import Stamps
from correlator.sessions.bar_stamps import note_of_ends, refuse_other_clocks, side_of, starts_of
from correlator.sessions.exchanges import exchange_named, exchange_zone
from correlator.sessions.intervals import END, bar_length

_INSTANT = pl.Datetime("us", "UTC")
_NEARLY_ALL = 0.99
_MINUTE = 60_000
_FEW_DAYS = 5


@dataclass(frozen=True)
class Labelled:
    """Rows with session (Date) and bar_start (UTC), notes, the interval, rows whose local time is ambiguous or does not
    exist, and whether timestamps were the ends of bars.
    """

    rows: pl.DataFrame
    notes: tuple[str, ...]
    interval: str
    rejected: pl.DataFrame | None = None
    at_ends: bool = False


@dataclass(frozen=True)
class Clock:
    """How to read times: the ``exchange`` (market identifier code), and the IANA ``zone`` of the timestamps, if known.

    ``stamped``: whether the times of intraday bars are their start or their end, if the caller states it.
    """

    exchange: str | None = None
    zone: str | None = None
    stamped: str | None = None


def label_sessions(stamped: pl.DataFrame, stamps: Stamps, clock: Clock, source: str) -> Labelled:
    """Return the sessions of rows with symbol and ``__at``, the values of ``stamps``.

    Labels of days stay unchanged. Local times are read in the zone of ``clock``, else in the exchange's; so is the date
    of a daily bar. If a symbol has several timestamps on one day, the rows are intraday bars. Raise TimeError if the
    result depends on a time zone that is not known.
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
    place = exchange_zone(clock.exchange) if clock.exchange else zone
    if _several_a_day(stamped, pl.col(AT).dt.convert_time_zone(place).dt.date()):
        if clock.exchange is not None:
            refuse_other_clocks(stamped[AT], clock.exchange, source, zoned=True)
        return _within_days(stamped, place, clock, source, rejected=rejected)
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
        return _within_days(located, zone, clock, source, rejected=rejected)
    as_utc = pl.col(AT).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    if not _are_midnights_in_utc(stamped, as_utc, clock.exchange):
        return Labelled(_daily(stamped, pl.col(AT).dt.date()), (_NOT_USED,), "1d")
    return _daily_of_instants(stamped, as_utc.dt.date(), "instants in UTC, unmarked", zone, rejected=None)


_NOT_USED = "the time of day in the date column was ignored"


def _within_days(
    stamped: pl.DataFrame, zone: str, clock: Clock, source: str, *, rejected: pl.DataFrame | None
) -> Labelled:
    """Label intraday bars, stamped with instants (starts or ends), by the days of ``zone``."""
    day = pl.col("bar_start").dt.convert_time_zone(zone).dt.date().alias("session")
    rows = stamped.with_columns(pl.col(AT).cast(_INSTANT).alias("bar_start")).with_columns(day)
    interval = _interval(rows, source)
    notes, length = [f"intraday bars, times in {zone}"], bar_length(interval)
    at_ends = side_of(rows["bar_start"], length, clock.exchange, clock.stamped) == END
    if at_ends:
        starts = starts_of(rows.select("symbol", stamp="bar_start"), length, clock.exchange)
        rows = rows.with_columns(starts.alias("bar_start")).with_columns(day)
        notes.append(note_of_ends(length, clock.stamped))
    return Labelled(rows.drop(AT), tuple(notes), interval, rejected, at_ends)


def _unknown_exchange(stamped: pl.DataFrame, source: str) -> TimeError:
    return TimeError(
        f"{source}: timestamps have times of day ({_hours(stamped)} ...), so their date depends on the exchange",
        hint="give exchange (--exchange), for example XKAR, or the time zone of the timestamps (--zone)",
    )


def _hours(stamped: pl.DataFrame) -> str:
    return ", ".join(f"{hour:02d}:00" for hour in stamped[AT].dt.hour().drop_nulls().unique().sort().head(4))


def _located(stamped: pl.DataFrame, zone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Convert local times in ``zone`` to instants; return also the rows whose time is ambiguous or does not exist."""
    instant = pl.col(AT).dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
    located = stamped.with_columns(instant.cast(_INSTANT).alias("__instant"))
    no_instant = pl.col("__instant").is_null() & pl.col(AT).is_not_null()
    reason = pl.format(
        "{} is ambiguous or does not exist in {}", pl.col(AT).dt.to_string("%Y-%m-%d %H:%M"), pl.lit(zone)
    )
    rejected = located.filter(no_instant).select(LINE, reason.alias("reason"))
    kept = located.filter(~no_instant).with_columns(pl.col("__instant").alias(AT)).drop("__instant")
    return kept, rejected


def _daily_of_instants(
    stamped: pl.DataFrame, day: pl.Expr, kind: str, zone: str, *, rejected: pl.DataFrame | None
) -> Labelled:
    daily = _daily(stamped, day)
    moved = int((stamped[AT].dt.date() != daily["session"]).sum())
    read = f"stamps are {kind} ({_hours(stamped)} UTC), dated in {zone}"
    return Labelled(daily, (f"{read}: {moved:,} bars belong to another day than in UTC",), "1d", rejected)


def _are_midnights_in_utc(stamped: pl.DataFrame, as_utc: pl.Expr, exchange: str) -> bool:
    """Whether times without a zone are the exchange's midnights in UTC.

    Nearly all must be midnights if read as UTC, and fewer must then fall on weekends. ``2000-12-31 19:00`` is midnight
    in Karachi; taken literally, a week of such timestamps runs from Sunday to Thursday.
    """
    weekend = sorted(exchange_named(exchange).weekend)
    days = stamped.select(pl.col(AT).dt.date().alias("as_written"), as_utc.alias("as_utc")).drop_nulls()
    midnights = days.select((pl.col("as_utc").dt.time() == pl.time(0)).mean()).item() or 0.0
    weekends_as_written, weekends_as_utc = (
        int(days[name].dt.weekday().is_in(weekend).sum()) for name in ("as_written", "as_utc")
    )
    return bool(midnights > _NEARLY_ALL and weekends_as_written > weekends_as_utc)


def _daily(stamped: pl.DataFrame, session: pl.Expr) -> pl.DataFrame:
    labelled = stamped.with_columns(session.alias("session"))
    midnight = pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return labelled.with_columns(midnight.alias("bar_start")).drop(AT)


def _all_midnight(instants: pl.Series) -> bool:
    return bool((instants.dt.time() == pl.Series([0]).cast(pl.Time)[0]).drop_nulls().all())


def _several_a_day(stamped: pl.DataFrame, day: pl.Expr) -> bool:
    """Whether symbols usually have several different timestamps on one day; a few repeated days do not count.

    Of a few days, those at the ends may have only one: more than two timestamps on another decide.
    """
    counts = stamped.group_by("symbol", day.alias("day")).agg(pl.col(AT).n_unique().alias("n"))["n"]
    several = counts.filter(counts > 1)
    is_short = counts.len() < _FEW_DAYS and (counts > 2).any() and 2 * int(several.sum()) > int(counts.sum())
    return is_short or 2 * several.len() > counts.len()


def _interval(intraday: pl.DataFrame, source: str) -> str:
    """Return the most frequent distance of bars within a day: 5m, 1h, ...

    Raise TimeError if most distances are not whole minutes, as those of single trades.
    """
    gaps = intraday.sort("symbol", "bar_start").select(
        pl.col("bar_start").diff().over("symbol", "session").dt.total_milliseconds().alias("gap")
    )["gap"]
    gaps = gaps.filter(gaps > 0)
    if 2 * int((gaps % _MINUTE != 0).sum()) > len(gaps):
        raise TimeError(
            f"{source} has times that are not whole minutes apart: these are trades, or bars of less than a minute",
            hint="aggregate them to bars of a minute or longer",
        )
    minutes = int(gaps.mode().sort()[0]) // _MINUTE
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"
