"""Check the level: jumps that look like splits, changes of unit or series, or exceed the exchange's limit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.market.audit.findings import Series
from correlator.market.limits import price_limits
from correlator.market.returns import limit_locked, previous_closes

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SMALL_SPLITS = (1.1, 1.125, 1.15, 1.2, 1.25, 1.3, 4 / 3, 1.4)
_SPLITS = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 15.0, 18.0, 20.0, 25.0, 30.0, 36.0)
_UNITS = (100.0, 1000.0, 10000.0)
_UNIT_SLACK = 0.25
_NO_SPLIT = np.log(40.0)
# Five to one in a session is an unadjusted split or an error until shown otherwise.
_FAR = 5.0
# A split is visible up to the day's own return: so many usual moves, within these bounds (log); big ones are rarely
# chance.
_SPLIT_MOVES, _SPLIT_SLACK = 2.5, (0.025, 0.06)
_BIG_SPLIT, _BIG_MOVES, _BIG_SLACK = np.log(1.8), 4.0, (0.04, 0.11)
_SPLIT_SIZE = 5.0
# Small ones are hard to tell from news: reported from four usual moves on (calibrated on one half of the benchmark's
# series), and doubted if the price opened at the ratio and was then traded as usual.
_SMALL_SIZE, _LEAST_MOVE, _AT_RATIO, _USUAL_TRADE, _TRADE_BARS = 4.0, 0.065, 0.02, 2.0, 20
# Prices open near the previous close, so a small split is many usual opening gaps, though few usual moves.
_OPENINGS = 6.0
_INDEX_BREAK = np.log(1.25)
_BREAK, _BREAK_SIZE = np.log(1.6), 8.0
_GAP_DAYS = 7
_BACK_WITHIN = 250
_AROUND = 60
_VOLUME_BREAK = np.log(50.0)
_VOLUME_AROUND = 20


def jumps(series: Series) -> pl.DataFrame:
    """Find changes of the close that look like a split or a change of unit, or are implausibly large.

    ``unit-change``: about 100, 1,000 or 10,000 to one, or more than any split (another currency). ``split-like``:
    near a split's ratio, five usual moves or more, and already there at the open; of 1.1 to 1.4 to one (low) four, or
    six usual openings, medium where four moves opened at the ratio and the volume was usual. ``level-break``: an index
    that moves by a quarter, a share by three fifths, and eight usual moves. ``beyond-limit``: more than the exchange's
    price limit allows over the days between the bars (high). Five to one or more is high.
    """
    bars = series.bars.with_columns(pl.col("close").shift().alias("before"))
    move, opening = (log_change(bars, name, "before") for name in ("close", "open"))
    size, usual = np.abs(move), usual_size(move)
    days = _days_between(bars["session"])
    unit = _near(size, _UNITS, np.full(len(size), _UNIT_SLACK))
    unit = np.where((unit == 0) & (size > _NO_SPLIT), np.exp(np.nan_to_num(size)).round(), unit)
    at_open = np.isnan(opening) | (np.abs(opening) > 0.6 * size)
    big = np.clip(_BIG_MOVES * usual, *_BIG_SLACK)
    slack = np.where(size > _BIG_SPLIT, big, np.clip(_SPLIT_MOVES * usual, *_SPLIT_SLACK))
    split = np.where(at_open & (size > _SPLIT_SIZE * usual), _near(size, _SPLITS, slack), 0.0)
    if series.kind == "index":
        broken = (size > _INDEX_BREAK) & (size > _BREAK_SIZE * usual) & (days <= _GAP_DAYS)
        split = np.zeros(len(size))
    else:
        broken = (size > _BREAK) & (size > _BREAK_SIZE * usual) & (days <= _GAP_DAYS)
    small = np.where(
        at_open & (size > _SMALL_SIZE * usual) & (size > _LEAST_MOVE), _near(size, _SMALL_SPLITS, slack), 0.0
    )
    moved = small > 0
    small = np.where(moved, small, _gapped(move, opening))
    small = np.where((split > 0) | (series.kind == "index"), 0.0, small)
    small = np.where(_at_limit(series), 0.0, small)
    # Splits lower a price: a rise from the open on is more likely news than a reverse split.
    likely = small * (_at_ratio(bars, opening, small) & (move < 0) & moved)
    far = split >= _FAR
    is_unit, is_split = unit > 0, (split > 0) & (unit == 0)
    beyond = _beyond_limit(series, move) & ~is_unit & ~is_split
    is_small = (small > 0) & ~is_unit & ~beyond
    broken &= ~is_unit & ~is_split & ~beyond
    far_break = size > np.log(_FAR)
    described = bars.with_columns(
        pl.Series("factor", np.where(is_unit, unit, np.where(is_small, small, split)).round(3)),
        (100 * (pl.col("close") / pl.col("before") - 1)).round(2).alias("change"),
        pl.Series("back", _come_back(bars["session"], move, is_unit | is_split)),
    )
    text = "{close} after {before}: {change} %"
    index_break = "high" if series.kind == "index" else "medium"
    parts = [
        (is_unit, "unit-change", "high", text + ", about a factor of {factor}{back}", _UNIT_ACTION),
        (is_split & ~far, "split-like", "medium", text + ", about {factor} to 1{back}", _SPLIT_ACTION),
        (is_split & far, "split-like", "high", text + ", about {factor} to 1{back}", _SPLIT_ACTION),
        (
            is_small & (likely > 0),
            "split-like",
            "medium",
            text + ", about {factor} to 1 from the open on",
            _SPLIT_ACTION,
        ),
        (is_small & (likely == 0), "split-like", "low", text + ", about {factor} to 1, or news", _SPLIT_ACTION),
        (beyond, "beyond-limit", "high", text + ", more than the exchange allows", _LIMIT_ACTION),
        (broken & ~far_break, "level-break", index_break, text + " in one session", _BREAK_ACTION),
        (broken & far_break, "level-break", "high", text + " in one session", _BREAK_ACTION),
    ]
    return pl.concat(
        series.per_bar(described.filter(pl.Series(mask)), check, grade, evidence, action=action)
        for mask, check, grade, evidence, action in parts
    )


_UNIT_ACTION = "bring the series to one unit (rupees and paisa, thousands, currencies) before using it"
_SPLIT_ACTION = "use adjusted closes, or check for a split, bonus or merger"
_LIMIT_ACTION = "check for an ex-date, a corporate action or missing sessions"
_BREAK_ACTION = "check for a rebased or exchanged series, or a bar that is wrong"


def busy(bars: pl.DataFrame) -> pl.Series:
    """Flag bars (T,) with more than twice the previous median volume, as after news; False if volumes are unknown."""
    before = pl.col("volume").cast(pl.Float64).rolling_median(_TRADE_BARS, min_samples=5).shift()
    return bars.select((pl.col("volume") > _USUAL_TRADE * before).fill_null(False).alias("busy"))["busy"]


def _gapped(move: Array, opening: Array) -> Array:
    """Return the small split's ratio (T,) at which a price opened, many usual gaps away and not undone by its close."""
    gap = np.abs(opening)
    shown = (gap > _OPENINGS * usual_size(opening)) & (gap > _LEAST_MOVE) & (move * opening > 0)
    return np.where(shown, _near(gap, _SMALL_SPLITS, np.full(len(gap), _AT_RATIO)), 0.0)


def _at_ratio(bars: pl.DataFrame, opening: Array, ratio: Array) -> Mask:
    """Flag bars that opened at a split's ratio and were then traded as usual: news would bring more volume."""
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(np.abs(opening) - np.log(ratio))
    usual = (~busy(bars)).to_numpy() & bars["volume"].is_not_null().to_numpy()
    return np.asarray((np.nan_to_num(distance, nan=np.inf) <= _AT_RATIO) & usual, dtype=bool)


def volume_units(series: Series) -> list[pl.DataFrame]:
    """Find where the usual volume changes fifty-fold between bars: thousands instead of shares, or the reverse.

    The medians of twenty bars before and after are compared; each change is reported at its sharpest bar.
    """
    traded = series.bars.filter((pl.col("volume") > 0).fill_null(False))
    if traded.height < 3 * _VOLUME_AROUND:
        return []
    logs = traded.select(pl.col("volume").log())["volume"]
    before = logs.rolling_median(_VOLUME_AROUND).shift().fill_null(np.nan).to_numpy()
    after = logs.reverse().rolling_median(_VOLUME_AROUND).reverse().fill_null(np.nan).to_numpy()
    step = np.nan_to_num(after - before)
    step = np.where(np.abs(np.diff(logs.to_numpy(), prepend=logs[0])) > 0.6 * _VOLUME_BREAK, step, 0.0)
    findings = []
    while np.abs(step).max() > _VOLUME_BREAK:
        at = int(np.argmax(np.abs(step)))
        factor = float(np.exp(np.abs(step[at])))
        way = "more" if step[at] > 0 else "less"
        text = (
            f"the usual volume of 20 bars is {factor:,.0f} times {way} from here on than before: "
            f"{np.exp(after[at]):,.0f} after {np.exp(before[at]):,.0f}"
        )
        action = "bring volumes to one unit before using them; prices are not concerned"
        findings.append(series.finding("volume-unit", "medium", text, action, session=traded["session"][at]))
        step[max(0, at - _VOLUME_AROUND) : at + _VOLUME_AROUND] = 0.0
    return findings


def log_change(bars: pl.DataFrame, name: str, before: str) -> Array:
    """Return the log ratio (T,) of the prices ``name`` and ``before``; NaN if either is missing or not positive."""
    ratio = pl.col(name) / pl.col(before)
    return (
        bars.select(pl.when((ratio > 0) & ratio.cast(pl.Float64).is_finite()).then(ratio.log()).cast(pl.Float64))
        .to_series()
        .fill_null(np.nan)
        .to_numpy()
    )


def usual_size(move: Array) -> Array:
    """Return the usual size (T,) of log moves around each bar: 1.48 times the median of their absolute values."""
    moves = pl.Series(np.abs(move)).fill_nan(None)
    usual = moves.rolling_median(_AROUND, min_samples=5, center=True) * 1.4826
    return usual.fill_null(np.nan).to_numpy()


def _days_between(sessions: pl.Series) -> Array:
    """Return the calendar days (T,) since the previous bar."""
    return sessions.to_physical().cast(pl.Float64).diff().fill_null(1.0).to_numpy()


def _near(size: Array, factors: tuple[float, ...], slack: Array) -> Array:
    """Return the factor that each absolute log change is close to, else 0."""
    distance = np.abs(size[:, None] - np.log(factors)[None, :])
    best = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=1)
    close = distance[np.arange(len(size)), best] <= slack
    return np.where(close, np.asarray(factors)[best], 0.0)


def _come_back(sessions: pl.Series, move: Array, jumped: Mask) -> list[str]:
    """For each jump that a later one reverses, describe until when the bars are on another scale."""
    endings = [""] * len(move)
    at = np.flatnonzero(jumped)
    for one, two in pairwise(at):
        if two - one <= _BACK_WITHIN and abs(move[one] + move[two]) < _UNIT_SLACK:
            endings[int(one)] = f"; undone on {sessions[int(two)]}: the {two - one} bars between stand on another scale"
    return endings


def _at_limit(series: Series) -> Mask:
    """Flag bars (T,) that closed at the exchange's price limit."""
    if series.exchange is None or series.kind not in (None, "share"):
        return np.zeros(series.bars.height, dtype=bool)
    limit, minimum = price_limits(series.exchange, series.bars["session"])
    figures = (
        series.bars[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[:, None]
        for name in ("open", "high", "low", "close")
    )
    return np.asarray(limit_locked(*figures, limit=limit, minimum=minimum)[:, 0], dtype=bool)


def _beyond_limit(series: Series, move: Array) -> Mask:
    """Flag changes larger than the limit allows over the days between the two bars."""
    if series.exchange is None or series.kind not in (None, "share"):
        return np.zeros(len(move), dtype=bool)
    limit, minimum = price_limits(series.exchange, series.bars["session"])
    closes = series.bars["close"].cast(pl.Float64).fill_null(np.nan).to_numpy()[:, None]
    before = previous_closes(np.where(closes > 0, closes, np.nan))
    reach = np.maximum(limit, minimum / before)[:, 0]
    quiet = pl.Series((series.bars["volume"] == 0).fill_null(False).cast(pl.Int64).shift().fill_null(0))
    days = series.bars["session"].to_numpy().astype("datetime64[D]")
    passed = np.concatenate([[1], np.busday_count(days[:-1], days[1:])])
    steps = np.clip(passed + quiet.to_numpy(), 1, 6)
    beyond: Mask = np.abs(np.expm1(move)) > (1 + reach) ** steps - 1 + 0.005
    return beyond
