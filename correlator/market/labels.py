"""From what a date column says to sessions: labels stay, instants take the date of their exchange's clocks."""

from __future__ import annotations

import polars as pl

from correlator.errors import TimeError
from correlator.market.raw_table import AT
from correlator.market.stamps import Stamps
from correlator.sessions import exchange_named, exchange_zone

_INSTANT = pl.Datetime("us", "UTC")
_NEARLY_ALL = 0.99


def label_sessions(
    stamped: pl.DataFrame, stamps: Stamps, exchange: str | None, source: str
) -> tuple[pl.DataFrame, list[str], str]:
    """Rows with session (Date) and bar_start (UTC) in place of ``__at``, what to tell, and the interval.

    ``stamped``: rows with symbol and ``__at``, the values of ``stamps``. Instants and local times are read by the
    clocks of ``exchange``; raises TimeError where they matter and it is not known. Several stamps of one symbol on one
    day make the rows intraday bars.
    """
    if stamps.kind == "label":
        return _daily(stamped, pl.col(AT)), [], "1d"
    if stamps.kind == "instant" and _all_midnight(stamped[AT]):
        return _daily(stamped, pl.col(AT).dt.date()), [], "1d"
    if exchange is None and (stamps.kind == "instant" or _several_a_day(stamped, pl.col(AT).dt.date())):
        hours = ", ".join(f"{hour:02d}:00" for hour in stamped[AT].dt.hour().drop_nulls().unique().sort().head(4))
        raise TimeError(
            f"{source}: stamps are times of day ({hours} ...), whose date depends on the exchange",
            hint="which exchange? give exchange (--exchange), for example XKAR",
        )
    zone = "UTC" if exchange is None else exchange_zone(exchange)
    local = pl.col(AT).dt.convert_time_zone(zone) if stamps.kind == "instant" else pl.col(AT)
    if _several_a_day(stamped, local.dt.date()):
        start = local if stamps.kind == "instant" else pl.col(AT).dt.replace_time_zone(zone, non_existent="null")
        intraday = stamped.with_columns(
            local.dt.date().alias("session"), start.dt.convert_time_zone("UTC").cast(_INSTANT).alias("bar_start")
        )
        return intraday.drop(AT), [f"intraday bars by the clocks of {zone}"], _interval(intraday)
    hours = ", ".join(f"{hour:02d}:00" for hour in stamped[AT].dt.hour().drop_nulls().unique().sort().head(4))
    kind = "instants"
    if stamps.kind == "local":
        as_utc = pl.col(AT).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        if exchange is None or not _are_midnights_in_utc(stamped, as_utc, exchange):
            return _daily(stamped, local.dt.date()), ["the time of day in the date column is not used"], "1d"
        local, kind = as_utc, "instants in UTC that do not say so"
    daily = _daily(stamped, local.dt.date())
    moved = int((stamped[AT].dt.date() != daily["session"]).sum())
    note = f"stamps are {kind} ({hours} UTC), read by the clocks of {zone}: {moved:,} bars belong to another day than"
    return daily, [f"{note} the stamp's in UTC"], "1d"


def _are_midnights_in_utc(stamped: pl.DataFrame, as_utc: pl.Expr, exchange: str) -> bool:
    """Whether times without a zone are the exchange's midnights in UTC: each is one, and its weekdays are right then.

    ``2000-12-31 19:00`` is midnight in Karachi; as it stands a week of such stamps runs from Sunday to Thursday.
    """
    weekend = sorted(exchange_named(exchange).weekend)
    read = stamped.select(pl.col(AT).dt.date().alias("said"), as_utc.alias("then")).drop_nulls()
    midnights = read.select((pl.col("then").dt.time() == pl.time(0)).mean()).item() or 0.0
    said, then = (int(read[name].dt.weekday().is_in(weekend).sum()) for name in ("said", "then"))
    return bool(midnights > _NEARLY_ALL and said > then)


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
