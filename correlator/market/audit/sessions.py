"""Compare calendar and bars: trading on days without a session, and sessions without trading."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from correlator.errors import InputError
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.sessions.corrections import SCHEMA as CORRECTION_SCHEMA
from correlator.sessions.exchanges import exchange_zone

SCHEMA: dict[str, pl.DataType] = {
    "exchange": pl.String(),
    "session": pl.Date(),
    "calendar": pl.String(),
    "bars": pl.String(),
    "sure": pl.Boolean(),
    "evidence": pl.String(),
}


def check_sessions(exchange: str, bars: pl.DataFrame, *, overrides: bool | str | Path = True) -> pl.DataFrame:
    """Return the days on which the calendar of ``exchange`` and daily ``bars`` of its instruments disagree, in order.

    Columns: exchange, session, calendar (open or closed), bars (traded or nothing), sure, evidence. A trade on a day
    without a session is sure. A session without a trade is sure only if a reliable series has bars before and after it
    but none that day. A series with bars on days when the exchange is closed, or without bars on days when others
    trade, is not reliable: its gaps prove nothing. ``overrides``: as in ``sessions_between``.
    """
    daily = bars.filter(pl.col("interval") == "1d").sort("symbol", "session")
    if daily.is_empty():
        raise InputError(f"no daily bars to compare with the calendar of {exchange}", hint="add prices first")
    first, last = calendar_reach(exchange)
    daily = daily.filter(pl.col("session").is_between(first, last))
    days = daily["session"].sort()
    known = sessions_between(exchange, days[0], days[-1], overrides=overrides)["session"]
    traded = _with_trade(daily)
    disagreements = pl.concat([_traded_without_session(traded, known), _session_without_trade(daily, traded, known)])
    return disagreements.select(
        pl.lit(exchange).alias("exchange"), *(pl.col(name).cast(SCHEMA[name]) for name in list(SCHEMA)[1:])
    ).sort("session")


def proposed_corrections(disagreements: pl.DataFrame, *, overrides: bool | str | Path = True) -> pl.DataFrame:
    """Return corrections of the calendar for the sure rows of ``check_sessions``, in the form of a corrections file.

    Columns: exchange and those of ``sessions.corrections.SCHEMA``. A session without a trade becomes ``closed``,
    consecutive days in one row; a day with trades but no session becomes ``open``, with the hours (local time) of the
    nearest session of its weekday, or of any session for a weekend. Every row is based on bars alone and says so: it
    has to be checked against the exchange's notices.
    """
    sure = disagreements.filter("sure").sort("exchange", "session")
    rows = []
    for (exchange,), part in sure.group_by("exchange", maintain_order=True):
        zone = exchange_zone(str(exchange))
        for change, first, last, evidence in _stretches(part):
            hours = _usual_hours(str(exchange), first, zone, overrides) if change == "open" else (None, None)
            until = last if last > first else None
            rows.append((exchange, first, until, None, change, *hours, f"bars: {evidence}", _PROPOSED[change]))
    return pl.DataFrame(rows, schema={"exchange": pl.String(), **CORRECTION_SCHEMA}, orient="row")


_AROUND = 10
_PROPOSED = {
    "closed": "proposed from bars: hold it against the exchange's notices",
    "open": "proposed from bars with the hours of other sessions: hold it against the exchange's notices",
}


def _stretches(part: pl.DataFrame) -> Iterator[tuple[str, date, date, str]]:
    """Yield change, first day, last day and evidence of an exchange's disagreements; only closed days are merged."""
    waiting: tuple[str, date, date, str] | None = None
    for session, calendar, evidence in part.select("session", "calendar", "evidence").iter_rows():
        change = "closed" if calendar == "open" else "open"
        follows = waiting is not None and waiting[0] == change == "closed" and waiting[3] == evidence
        if waiting is not None and follows and session - waiting[2] == timedelta(days=1):
            waiting = (change, waiting[1], session, evidence)
            continue
        if waiting is not None:
            yield waiting
        waiting = (change, session, session, evidence)
    if waiting is not None:
        yield waiting


def _usual_hours(exchange: str, day: date, zone: str, overrides: bool | str | Path) -> tuple[str, str]:
    """Return opening and close, local time, of the nearest session of that weekday, else the most frequent nearby."""
    first, last = calendar_reach(exchange)
    start, end = max(first, day - timedelta(days=60)), min(last, day + timedelta(days=60))
    near = (
        sessions_between(exchange, start, end, overrides=overrides)
        .with_columns((pl.col("session") - day).abs().alias("apart"))
        .sort("apart", "session")
        .with_columns(pl.col("opens_at", "closes_at").dt.convert_time_zone(zone).dt.strftime("%H:%M"))
    )
    same = near.filter(pl.col("session").dt.weekday() == day.isoweekday())
    usual = same.head(1) if same.height else near.head(_AROUND)
    hours = usual.group_by("opens_at", "closes_at", maintain_order=True).len().sort("len", descending=True)
    opens, closes, _ = hours.row(0)
    return str(opens), str(closes)


def _with_trade(daily: pl.DataFrame) -> pl.DataFrame:
    """Return bars with evidence of a trade: a volume, or a changed close (indices often have no volume).

    The first bar of a series without volumes counts as traded.
    """
    moved = pl.col("close") != pl.col("close").shift().over("symbol")
    return daily.filter(moved.fill_null(pl.col("volume").is_null()) | (pl.col("volume") > 0).fill_null(False))


def _traded_without_session(traded: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    off = traded.filter(~pl.col("session").is_in(known.implode()))
    return off.group_by("session").agg(
        pl.lit("closed").alias("calendar"),
        pl.lit("traded").alias("bars"),
        pl.lit(True).alias("sure"),
        (pl.lit("bars with trade: ") + _names()).alias("evidence"),
    )


def _session_without_trade(daily: pl.DataFrame, traded: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    spans = daily.group_by("symbol").agg(pl.col("session").min().alias("first"), pl.col("session").max().alias("last"))
    trusted = set(_witnesses(daily, traded, known))
    quiet = pl.DataFrame({"session": known.filter(~known.is_in(traded["session"].unique().implode()))})
    covered = quiet.join(spans, how="cross").filter(pl.col("session").is_between(pl.col("first"), pl.col("last")))
    sure = pl.col("symbol").is_in(sorted(trusted)).any()
    how = pl.when(sure).then(pl.lit("no trade in ")).otherwise(pl.lit("no trade, though none is a witness: "))
    return covered.group_by("session").agg(
        pl.lit("open").alias("calendar"),
        pl.lit("nothing").alias("bars"),
        sure.alias("sure"),
        (how + _names()).alias("evidence"),
    )


def _names() -> pl.Expr:
    names = pl.col("symbol").unique().sort()
    more = (
        pl.when(names.len() > 6)
        .then(pl.lit(" and ") + (names.len() - 6).cast(pl.String) + pl.lit(" more"))
        .otherwise(pl.lit(""))
    )
    return names.head(6).str.join(", ") + more


def _witnesses(daily: pl.DataFrame, traded: pl.DataFrame, known: pl.Series) -> list[str]:
    """Return the reliable symbols: no bar without a trade on a closed day, hardly any missing while others trade."""
    fillers = daily.join(traded.select("symbol", "session"), on=["symbol", "session"], how="anti").filter(
        ~pl.col("session").is_in(known.implode())
    )
    open_days = traded.select("session").unique()
    spans = daily.group_by("symbol").agg(
        pl.col("session").min().alias("first"), pl.col("session").max().alias("last"), pl.len().alias("n")
    )
    expected = spans.join(open_days, how="cross").filter(pl.col("session").is_between(pl.col("first"), pl.col("last")))
    absent = expected.join(traded.select("symbol", "session"), on=["symbol", "session"], how="anti")
    gaps = absent.group_by("symbol").len()
    counted = spans.join(gaps, on="symbol", how="left").with_columns(pl.col("len").fill_null(0))
    complete = counted.filter((pl.col("len") <= 0.002 * pl.col("n")) & (pl.col("n") >= 20))["symbol"]
    return sorted(set(complete) - set(fillers["symbol"]))
