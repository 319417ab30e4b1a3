"""Check single bars: impossible figures, bars without a trade or off the calendar, and price limits."""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.market.audit.findings import Series
from correlator.market.limits import price_limits
from correlator.market.returns import limit_locked, previous_closes
from correlator.sessions.exchanges import exchange_named

_ROUNDING = 1e-6


def contradictions(series: Series) -> pl.DataFrame:
    """Find an open or close outside of high and low, a high below the low, a non-positive price, a negative volume.

    A close outside is high for an index, whose close is one of its own values, and for a share if it is outside by more
    than 1 %; else medium, since a share's official close may come from a closing auction that high and low do not
    cover. An open outside is low up to 1 %, then medium.
    """
    top, bottom = pl.col("high") * (1 + _ROUNDING), pl.col("low") * (1 - _ROUNDING)
    beyond = pl.max_horizontal(pl.col("close") / pl.col("high") - 1, 1 - pl.col("close") / pl.col("low"))
    open_beyond = pl.max_horizontal(pl.col("open") / pl.col("high") - 1, 1 - pl.col("open") / pl.col("low"))
    close_out = (pl.col("close") > top) | (pl.col("close") < bottom)
    open_out = (pl.col("open") > top) | (pl.col("open") < bottom)
    upside_down = pl.col("high") < pl.col("low") * (1 - _ROUNDING)
    negative = pl.min_horizontal("open", "high", "low", "close") <= 0
    worst = upside_down | negative | (close_out & (pl.lit(series.kind == "index") | (beyond > 0.01)))
    grade = (
        pl.when(worst)
        .then(pl.lit("high"))
        .when(close_out | (open_beyond > 0.01))
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )
    rows = series.bars.filter((close_out | open_out | upside_down | negative).fill_null(False))
    figures = "open {open} high {high} low {low} close {close}"
    action = "compare the day with another source; the close is what a study uses"
    volumes = series.bars.filter((pl.col("volume") < 0).fill_null(False))
    return pl.concat(
        [
            series.per_bar(rows, "ohlc", grade, figures, action=action),
            series.per_bar(volumes, "ohlc", "medium", "volume {volume}", action="load the bar again"),
        ]
    )


def repeated_sessions(series: Series) -> pl.DataFrame:
    """Find sessions with several bars."""
    rows = series.bars.filter(pl.col("session").is_duplicated()).unique("session", keep="first", maintain_order=True)
    return series.per_bar(rows, "duplicate", "high", "several bars for {session}", action="keep one bar per session")


def off_calendar(series: Series, sessions: pl.Series) -> pl.DataFrame:
    """Find bars on days that are not sessions: phantoms without a trade, or a wrong calendar or label."""
    off = series.bars.with_columns(pl.col("close").shift().alias("before")).filter(
        ~pl.col("session").is_in(sessions.implode())
    )
    weekend = exchange_named(series.exchange).weekend if series.exchange else frozenset({6, 7})
    quiet = (pl.col("volume") == 0) | (pl.col("volume").is_null() & (pl.col("close") == pl.col("before")))
    is_weekend = pl.col("session").dt.weekday().is_in(sorted(weekend))
    phantom = off.filter(quiet.fill_null(False))
    busy = off.filter(~quiet.fill_null(False)).with_columns(pl.col("session").dt.strftime("%A").alias("weekday"))
    return pl.concat(
        [
            series.per_bar(
                phantom,
                "phantom",
                "high",
                "no session, no trade: close {close} volume {volume}",
                action="leave the bar out: it is a copy of the day before",
            ),
            series.per_bar(
                busy.filter(is_weekend),
                "weekend",
                "high",
                "a {weekday} with trade: close {close} volume {volume}",
                action="check the label: a shifted date, or a special session that belongs in data/sessions",
            ),
            series.per_bar(
                busy.filter(~is_weekend),
                "holiday",
                "medium",
                "the calendar has no session, yet close {close} volume {volume}",
                action="confront calendar and bars with `correlator sessions check`",
            ),
        ]
    )


def without_trade(series: Series, sessions: pl.Series) -> pl.DataFrame:
    """Find sessions with a volume of zero, whose return is stale, not zero."""
    rows = series.bars.filter((pl.col("volume") == 0) & pl.col("session").is_in(sessions.implode()))
    text = "volume 0 on a session, close {close}"
    return series.per_bar(rows, "zero-volume", "low", text, action="its return is not evidence; studies flag it")


def at_limit(series: Series) -> pl.DataFrame:
    """Find sessions that closed at the exchange's price limit."""
    if series.exchange is None or series.kind not in (None, "share"):
        return series.bars.head(0)
    limit, minimum = price_limits(series.exchange, series.bars["session"])
    open_, high, low, close = (_column(series.bars, name) for name in ("open", "high", "low", "close"))
    locked = limit_locked(open_, high, low, close, limit=limit, minimum=minimum)[:, 0]
    previous = previous_closes(close)
    change = 100 * (close / np.where(previous > 0, previous, np.nan) - 1)[:, 0]
    rows = series.bars.with_columns(pl.Series("change", change).round(2)).filter(pl.Series(locked))
    text = "closed at the limit, {change} %"
    return series.per_bar(rows, "limit-locked", "low", text, action="its abnormal return is censored; studies flag it")


def _column(bars: pl.DataFrame, name: str) -> np.ndarray:
    return bars[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[:, None]
