"""Calendar against bars: days that traded without a session, and sessions on which nothing traded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from correlator.errors import InputError
from correlator.sessions.calendars import calendar_reach, exchange_zone, sessions_between
from correlator.sessions.corrections import SCHEMA as CORRECTION_SCHEMA

SCHEMA: dict[str, pl.DataType] = {
    "exchange": pl.String(),
    "session": pl.Date(),
    "calendar": pl.String(),
    "bars": pl.String(),
    "sure": pl.Boolean(),
    "evidence": pl.String(),
}


def check_sessions(exchange: str, bars: pl.DataFrame, *, overrides: bool | str | Path = True) -> pl.DataFrame:
    """Every day on which the calendar of ``exchange`` and daily ``bars`` of its instruments disagree, in order.

    Columns: exchange, session, calendar (open or closed), bars (traded or nothing), sure, evidence. A trade on a day
    without a session is sure. A session without a trade is sure only where a witness had bars before and after and none
    that day: a series that prints bars on days when the exchange is closed, or leaves out days on which others
    trade, is not a witness, since what it lacks proves nothing. ``overrides``: as in ``sessions_between``.
    """
    daily = bars.filter(pl.col("interval") == "1d").sort("symbol", "session")
    if daily.is_empty():
        raise InputError(f"there are no daily bars to compare with the calendar of {exchange}", hint="add prices first")
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
    """What would put the calendar right, of the sure rows of ``check_sessions``, as a corrections file has it.

    Columns: exchange and those of ``session_corrections.SCHEMA``. A session on which nothing traded is ``closed``, days
    that follow one another in one row; a day that traded without a session is ``open``, at the hours (local time) of
    the nearest session of its weekday, or of any where it is a weekend. Every row rests on bars alone, and says so: a
    proposal to hold against the exchange's own notices.
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
    """Change, first and last day and evidence of the disagreements of an exchange; only closed days run together."""
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
    """Opening and close, local time, of the nearest session of the weekday of ``day``, else the commonest around it."""
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
    """Bars that show trade: a volume, or another close than the bar before (an index often comes without volume).

    The first bar of a series without volumes has none before it, and is taken for one with trade.
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
    """Symbols whose silence means something: no bar without trade on a closed day, none missing while others trade."""
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
