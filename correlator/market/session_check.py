"""Calendar against bars: days that traded without a session, and sessions on which nothing traded."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from correlator.errors import InputError
from correlator.sessions import calendar_reach, sessions_between

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
    trade, is no witness, since what it lacks proves nothing. ``overrides``: as in ``sessions_between``.
    """
    daily = bars.filter(pl.col("interval") == "1d").sort("symbol", "session")
    if daily.is_empty():
        raise InputError(f"there are no daily bars to hold against the calendar of {exchange}", hint="add prices first")
    first, last = calendar_reach(exchange)
    daily = daily.filter(pl.col("session").is_between(first, last))
    days = daily["session"].sort()
    known = sessions_between(exchange, days[0], days[-1], overrides=overrides)["session"]
    traded = _with_trade(daily)
    found = pl.concat([_traded_without_session(traded, known), _session_without_trade(daily, traded, known)])
    return found.select(
        pl.lit(exchange).alias("exchange"), *(pl.col(name).cast(SCHEMA[name]) for name in list(SCHEMA)[1:])
    ).sort("session")


def _with_trade(daily: pl.DataFrame) -> pl.DataFrame:
    """Bars that show trade: a volume, or another close than the bar before (an index often comes without volume)."""
    moved = pl.col("close") != pl.col("close").shift().over("symbol")
    return daily.filter(moved.fill_null(False) | (pl.col("volume") > 0).fill_null(False))


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
