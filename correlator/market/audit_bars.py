"""Checks of single bars: what cannot be, what is no trade, and what jumps."""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.market.findings import Series
from correlator.market.limits import price_limits
from correlator.market.returns import limit_locked, previous_closes
from correlator.sessions import exchange_named

_ROUNDING = 1e-6
_SPLITS = (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0)
_UNITS = (100.0, 1000.0, 10000.0)
_SPLIT_SLACK = 0.04
_UNIT_SLACK = 0.25
_STALE_RUN = 5


def contradictions(series: Series) -> pl.DataFrame:
    """Open or close outside the bar's high and low, a high below the low, a price that is not positive.

    A close outside is high for an index, whose close is one of its own values, and for a share by more than 1 %; a
    share's official close may come from a closing session that high and low do not cover: medium. An open outside is
    low up to 1 %, then medium.
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
    return series.per_bar(
        rows, "ohlc", grade, figures, "compare the day with another source; the close is what a study uses"
    )


def repeated_sessions(series: Series) -> pl.DataFrame:
    """Several bars of one session."""
    rows = series.bars.filter(pl.col("session").is_duplicated()).unique("session", keep="first", maintain_order=True)
    return series.per_bar(rows, "duplicate", "high", "several bars for {session}", "keep one bar per session")


def off_calendar(series: Series, sessions: pl.Series) -> pl.DataFrame:
    """Bars on days that are no session: phantoms without trade, or a wrong calendar or label."""
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
                "leave the bar out: it is a copy of the day before",
            ),
            series.per_bar(
                busy.filter(is_weekend),
                "weekend",
                "high",
                "a {weekday} with trade: close {close} volume {volume}",
                "check the label: a shifted date, or a special session that belongs in data/sessions",
            ),
            series.per_bar(
                busy.filter(~is_weekend),
                "holiday",
                "medium",
                "the calendar has no session, yet close {close} volume {volume}",
                "confront calendar and bars with `correlator sessions check`",
            ),
        ]
    )


def without_trade(series: Series, sessions: pl.Series) -> pl.DataFrame:
    """Sessions with a volume of zero: the return is stale, not zero."""
    rows = series.bars.filter((pl.col("volume") == 0) & pl.col("session").is_in(sessions.implode()))
    text = "volume 0 on a session, close {close}"
    return series.per_bar(rows, "zero-volume", "low", text, "its return is no evidence; studies flag it")


def at_limit(series: Series) -> pl.DataFrame:
    """Sessions that ended at the exchange's price limit."""
    if series.exchange is None or series.kind not in (None, "share"):
        return series.bars.head(0)
    limit, minimum = price_limits(series.exchange, series.bars["session"])
    open_, high, low, close = (_column(series.bars, name) for name in ("open", "high", "low", "close"))
    locked = limit_locked(open_, high, low, close, limit=limit, minimum=minimum)[:, 0]
    change = pl.Series("change", 100 * (close / previous_closes(close) - 1)[:, 0])
    rows = series.bars.with_columns(change.round(2)).filter(pl.Series(locked))
    text = "closed at the limit, {change} %"
    return series.per_bar(rows, "limit-locked", "low", text, "its abnormal return is censored; studies flag it")


def jumps(series: Series) -> pl.DataFrame:
    """Changes that look like a split, like another unit, or are more than the exchange allows."""
    bars = series.bars.with_columns(
        pl.col("close").shift().alias("before"), (pl.col("close") / pl.col("close").shift()).log().alias("move")
    )
    move = bars["move"].to_numpy()
    size = np.abs(move)
    split = _near(size, _SPLITS, _SPLIT_SLACK)
    unit = _near(size, _UNITS, _UNIT_SLACK)
    found = bars.with_columns(
        pl.Series("split", split),
        pl.Series("unit", unit),
        pl.Series("beyond", _beyond_limit(series, move)),
        (100 * (pl.col("close") / pl.col("before") - 1)).round(2).alias("change"),
    )
    text = "{close} after {before}: {change} %"
    is_unit, is_split = pl.col("unit") > 0, (pl.col("split") > 0) & (pl.col("unit") == 0)
    return pl.concat(
        [
            series.per_bar(
                found.filter(is_unit),
                "unit-change",
                "high",
                text + ", about a factor of {unit}",
                "bring the series to one unit (rupees and paisa, pounds and pence, thousands) before using it",
            ),
            series.per_bar(
                found.filter(is_split),
                "split-like",
                "medium",
                text + ", about {split} to 1",
                "use adjusted closes, or check for a split, bonus or merger",
            ),
            series.per_bar(
                found.filter(pl.col("beyond") & ~is_unit & ~is_split),
                "beyond-limit",
                "medium",
                text + ", more than the exchange allows",
                "check for an ex-date, a corporate action or missing sessions",
            ),
        ]
    )


def stale_repeats(series: Series) -> pl.DataFrame:
    """Bars that repeat the one before in every figure although there was trade, and long runs of one close."""
    names = ["open", "high", "low", "close", "volume"]
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in names)
    traded = pl.col("volume") > 0
    copied = series.bars.filter((same & traded).fill_null(False))
    run = series.bars.with_columns(pl.col("close").rle_id().alias("run")).with_columns(
        pl.len().over("run").alias("length"), pl.int_range(pl.len()).over("run").alias("at")
    )
    starts = run.filter((pl.col("length") >= _STALE_RUN) & (pl.col("at") == 0) & (pl.col("volume").fill_null(1) > 0))
    return pl.concat(
        [
            series.per_bar(
                copied,
                "stale",
                "medium",
                "open, high, low, close and volume {volume} as on the bar before",
                "a copy: compare with another source",
            ),
            series.per_bar(
                starts,
                "stale",
                "low",
                "close {close} on {length} bars in a row",
                "thinly traded, suspended, or filled forward",
            ),
        ]
    )


def _near(size: np.ndarray, factors: tuple[float, ...], slack: float) -> np.ndarray:
    """The factor that each absolute log change comes close to, else 0."""
    distance = np.abs(size[:, None] - np.log(factors)[None, :])
    best = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=1)
    close = distance[np.arange(len(size)), best] <= slack
    return np.where(close, np.asarray(factors)[best], 0.0)


def _beyond_limit(series: Series, move: np.ndarray) -> np.ndarray:
    """Whether a change is more than the limit allows over the days that lie between the two bars."""
    if series.exchange is None or series.kind not in (None, "share"):
        return np.zeros(len(move), dtype=bool)
    limit, minimum = price_limits(series.exchange, series.bars["session"])
    closes = _column(series.bars, "close")
    before = previous_closes(closes)
    reach = np.maximum(limit, minimum / before)[:, 0]
    quiet = pl.Series((series.bars["volume"] == 0).fill_null(False).cast(pl.Int64).shift().fill_null(0))
    days = series.bars["session"].to_numpy().astype("datetime64[D]")
    passed = np.concatenate([[1], np.busday_count(days[:-1], days[1:])])
    steps = np.clip(passed + quiet.to_numpy(), 1, 6)
    beyond: np.ndarray = np.abs(np.expm1(move)) > (1 + reach) ** steps - 1 + 0.005
    return beyond


def _column(bars: pl.DataFrame, name: str) -> np.ndarray:
    return bars[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[:, None]
