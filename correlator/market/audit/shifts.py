"""Detect dates that are a day early or late, by weekdays and holidays, and by the returns of the market.

Both tests score every bar for and against a shift and look for the stretch with the highest sum (Kadane's maximum
subarray), so that a shift of part of a series is found with its ends, and one wrong label is not taken for a shift.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.market.audit.findings import Series

Array = NDArray[np.float64]

EARLY, LATE = "early", "late"
DAY, WEEKDAY, SESSION = "day", "weekday", "session"
# By how many days or sessions the labels must be moved to be correct.
_TOWARDS = {EARLY: 1, LATE: -1}
_FRIDAY = 5
_LEAST_LABELS = 4
# Share of labels that must be sessions after the move; higher for shifts by weekdays, which only holidays reveal.
_SESSIONS_AFTER = {DAY: 0.9, WEEKDAY: 0.98}
_LEAST_BARS = 60
_LEAST_CORRELATION, _MOST_CORRELATION = 0.2, 0.6
# Distance of two correlations in standard errors of Fisher's z: of a whole series, and of the best of all stretches
# (which in 27 series with right dates is 3.8 at most).
_WHOLE, _STRETCH = 4.0, 4.5
_MEMORY = 60
_CLIP = 3.0
_MOST_STRETCHES = 5
_LEAST_KNOWN, _SAME_CLOSE = 3, 2e-4


@dataclass(frozen=True)
class Shift:
    """Bars ``first`` to ``last`` (row numbers, both included) whose labels are off by one ``unit``.

    ``seen``: the part of ``evidence`` that describes the labels, without their place; ``unit``: day, weekday or
    session.
    """

    direction: str
    first: int
    last: int
    evidence: str
    seen: str = ""
    unit: str = DAY

    @property
    def towards(self) -> str:
        return "later" if self.direction == EARLY else "earlier"


def finding_of(series: Series, shift: Shift) -> pl.DataFrame:
    """Return the shift as a finding."""
    action = (
        f"move these labels one {shift.unit} {shift.towards}, or load a source with right dates; do not study them so"
    )
    day = series.bars["session"][shift.first]
    return series.finding(f"shifted-{shift.direction}", "high", shift.evidence, action, session=day)


def shifts_by_calendar(labels: pl.Series, sessions: pl.Series) -> list[Shift]:
    """Find stretches of ``labels`` (T,), dates in order, that become sessions if moved by one day, else by one weekday.

    Labels that are a weekday late include every holiday, and miss the session after it. A label that is not a session
    but would be one after the move counts for a shift, the reverse against it; other labels do not count. A shift needs
    four more for than against, and nine in ten labels that are sessions after the move.
    """
    units = (DAY, WEEKDAY) if (sessions.dt.weekday() <= _FRIDAY).all() else (DAY,)
    return next((found for unit in units if (found := _shifts_by(unit, labels, sessions))), [])


def _shifts_by(unit: str, labels: pl.Series, sessions: pl.Series) -> list[Shift]:
    """Find the shifts of ``shifts_by_calendar`` for one unit."""
    days = labels.to_physical().to_numpy().astype(np.int64)
    known = sessions.to_physical().to_numpy().astype(np.int64)
    as_is = np.isin(days, known)
    shifts = []
    for direction, by in _TOWARDS.items():
        moved = np.isin(_moved(days, by, unit), known)
        score = moved.astype(np.float64) - as_is
        for first, last, total in best_stretches(score, _LEAST_LABELS):
            first, last = _to_the_ends(score, first, last)
            inside = slice(first, last + 1)
            if total >= _LEAST_LABELS and moved[inside].mean() >= _SESSIONS_AFTER[unit]:
                off = f"one {unit} {direction}"
                seen = _labels_seen(labels, first, last, as_is, moved=moved, off=off)
                share = 100 * (last - first + 1) / len(as_is)
                where = f"labels from {labels[first]} to {labels[last]} ({share:.0f} % of the bars)"
                shifts.append(Shift(direction, first, last, f"{where} {seen}", seen, unit))
    return shifts


def _moved(days: NDArray[np.int64], by: int, unit: str) -> NDArray[np.int64]:
    """Move days (T,) since 1970 by one day, or by one weekday."""
    if unit == DAY:
        return days + by
    dates = days.astype("datetime64[D]")
    moved: NDArray[np.int64] = np.busday_offset(dates, by, roll="forward" if by < 0 else "backward").astype(np.int64)
    return moved


def _labels_seen(
    labels: pl.Series, first: int, last: int, as_is: NDArray[np.bool_], *, moved: NDArray[np.bool_], off: str
) -> str:
    labels = labels[first : last + 1]
    inside = slice(first, last + 1)
    unit = off.split()[1]
    if unit == DAY:
        names = dict(labels.dt.strftime("%A").value_counts().rows())
        weekend = [f"{names[day]:,} {day}s" for day in ("Saturday", "Sunday") if day in names]
        fewest = "Friday" if off.endswith(EARLY) else "Monday"
        what = f"{', '.join(weekend) or 'no weekend days'} and {names.get(fewest, 0):,} {fewest}s"
    else:
        what = f"{int((~as_is[inside]).sum()):,} of them are holidays"
    return (
        f"stand {off}: {what}; {100 * as_is[inside].mean():.0f} % of them are sessions as they stand, "
        f"{100 * moved[inside].mean():.0f} % when moved by a {unit}"
    )


def _to_the_ends(score: Array, first: int, last: int) -> tuple[int, int]:
    """Extend a stretch to the ends of the series if no label there counts against it."""
    if not (score[:first] < 0).any():
        first = 0
    if not (score[last + 1 :] < 0).any():
        last = len(score) - 1
    return first, last


def with_days_moved(series: Series, shifts: Sequence[Shift]) -> Series:
    """Move the labels of each shift by its unit; if two bars then coincide, keep the first."""
    if not shifts:
        return series
    days = series.bars["session"].to_physical().to_numpy().astype(np.int64, copy=True)
    for shift in shifts:
        inside = slice(shift.first, shift.last + 1)
        days[inside] = _moved(days[inside], _TOWARDS[shift.direction], shift.unit)
    labels = pl.Series("session", days.astype(np.int32)).cast(pl.Date)
    bars = series.bars.with_columns(labels).unique("session", keep="first", maintain_order=True).sort("session")
    return replace(series, bars=bars)


def with_sessions_moved(series: Series, shifts: Sequence[Shift], sessions: pl.Series) -> Series:
    """Move the labels of each shift by a session; otherwise as ``with_days_moved``."""
    if not shifts:
        return series
    known = sessions.to_physical().to_numpy().astype(np.int64)
    days = series.bars["session"].to_physical().to_numpy().astype(np.int64, copy=True)
    for shift in shifts:
        inside = slice(shift.first, shift.last + 1)
        at = np.searchsorted(known, days[inside]) + _TOWARDS[shift.direction]
        days[inside] = known[np.clip(at, 0, len(known) - 1)]
    labels = pl.Series("session", days.astype(np.int32)).cast(pl.Date)
    bars = series.bars.with_columns(labels).unique("session", keep="first", maintain_order=True).sort("session")
    return replace(series, bars=bars)


@dataclass(frozen=True)
class _Paired:
    """Standardised returns of bars one session apart, with the market's on the previous, same and next session.

    ``rows`` (N,): row numbers of the bars; ``own`` (N,): their returns; ``market``: an array (N,) for each lag of -1, 0
    and 1.
    """

    rows: NDArray[np.int64]
    own: Array
    market: dict[int, Array]


def shifts_by_returns(series: Series, market: pl.DataFrame, name: str) -> list[Shift]:
    """Find stretches that move with the market of the next session (early) or the previous one (late).

    ``market``: session and close; ``name``: its name in the evidence. Each bar is scored by the log likelihood ratio of
    a bivariate normal law that pairs it with that session instead of its own. A stretch counts if its correlation there
    is above 0.2 and exceeds the one on the same session by four standard errors of Fisher's z, or by 4.5 if the stretch
    is the best of many.
    """
    paired = _paired(series.bars, market)
    if len(paired.rows) < _LEAST_BARS:
        return []
    shifts = []
    for direction, lag in _TOWARDS.items():
        rho = _strongest(paired, lag)
        if rho < _LEAST_CORRELATION:
            continue
        score = _likelihood_ratio(paired.own, paired.market[lag], paired.market[0], rho)
        whole = (0, len(score) - 1, float(score.sum()))
        if whole[2] > 0 and _verdict(paired, lag, 0, whole[1]) > _WHOLE:
            stretches = [_grown(score)]
        else:
            stretches = [
                (first, last)
                for first, last, _ in best_stretches(score, 0.0)
                if _verdict(paired, lag, first, last) > _STRETCH
            ]
        shifts += [_by_returns(series, paired, direction, first, last=last, name=name) for first, last in stretches]
    return shifts


def _grown(score: Array) -> tuple[int, int]:
    """Return the best stretch of a series that is shifted as a whole, extended to nearby ends."""
    first, last, _ = next(best_stretches(score, 0.0))
    edge = _MEMORY // 2
    return (0 if first < edge else first), (len(score) - 1 if last >= len(score) - edge else last)


def _by_returns(series: Series, paired: _Paired, direction: str, first: int, *, last: int, name: str) -> Shift:
    inside = slice(first, last + 1)
    lag = _TOWARDS[direction]
    shifted, unshifted = (correlation(paired.own[inside], paired.market[k][inside]) for k in (lag, 0))
    rows = int(paired.rows[first]), int(paired.rows[last])
    if first == 0:
        rows = (0, rows[1])
    days = series.bars["session"]
    which = "next" if lag == 1 else "previous"
    evidence = (
        f"from {days[rows[0]]} to {days[rows[1]]} ({last - first + 1:,} bars) returns move with {name} of the {which} "
        f"session: correlation {shifted:.2f}, on the same session {unshifted:.2f}"
    )
    return Shift(direction, *rows, evidence, unit=SESSION)


def _verdict(paired: _Paired, lag: int, first: int, last: int) -> float:
    """Return the distance of the correlations at ``lag`` and on the same session, in standard errors; 0 if too weak."""
    inside = slice(first, last + 1)
    n = last - first + 1
    shifted, unshifted = (correlation(paired.own[inside], paired.market[k][inside]) for k in (lag, 0))
    return _distance(shifted, unshifted, n)


def moves_with_other_session(shifted: float, unshifted: float, n: int) -> bool:
    """Whether a whole series of ``n`` returns moves with the market of another session.

    ``shifted``, ``unshifted``: its correlations with that session and with its own, compared as in
    ``shifts_by_returns``.
    """
    return _distance(shifted, unshifted, n) > _WHOLE


def _distance(shifted: float, unshifted: float, n: int) -> float:
    if n < _LEAST_BARS or shifted < _LEAST_CORRELATION:
        return 0.0
    return float((np.arctanh(shifted) - np.arctanh(unshifted)) * np.sqrt((n - 3) / 2))


def _strongest(paired: _Paired, lag: int) -> float:
    """Return the highest correlation with the market, at ``lag`` or on the same session, over any ~250 bars."""
    parts = max(1, len(paired.rows) // 250)
    pieces = np.array_split(np.arange(len(paired.rows)), parts)
    correlations = [correlation(paired.own[piece], paired.market[k][piece]) for piece in pieces for k in (0, lag)]
    return float(np.clip(max(correlations), 0.0, _MOST_CORRELATION))


def _likelihood_ratio(own: Array, shifted: Array, unshifted: Array, rho: float) -> Array:
    """Return the log likelihood ratio (N,) of ``shifted`` against ``unshifted`` market returns, correlation ``rho``."""
    ratio: Array = ((own - rho * unshifted) ** 2 - (own - rho * shifted) ** 2) / (2 * (1 - rho**2))
    return np.nan_to_num(ratio)


def _paired(bars: pl.DataFrame, market: pl.DataFrame) -> _Paired:
    calendar = market.sort("session").unique("session", keep="first", maintain_order=True)
    days = calendar["session"].to_physical().to_numpy().astype(np.int64)
    returns = _standard(calendar["close"])
    labels = bars["session"].to_physical().to_numpy().astype(np.int64)
    at = np.searchsorted(days, labels, side="right") - 1
    on = at >= 0
    on[on] = days[at[on]] == labels[on]
    follows = np.concatenate([[False], (np.diff(at) == 1) & on[1:] & on[:-1]])
    own = _standard(bars["close"])
    columns = {lag: _at(returns, at + lag) for lag in (-1, 0, 1)}
    valid = follows & np.isfinite(own) & np.isfinite(columns[0])
    rows = np.flatnonzero(valid)
    return _Paired(rows, own[rows], {lag: column[rows] for lag, column in columns.items()})


def paired_returns(bars: pl.DataFrame, market: pl.DataFrame) -> tuple[Array, Array]:
    """Return standardised log returns of bars one session apart, and those of the market (session, close)."""
    paired = _paired(bars, market)
    return paired.own, paired.market[0]


def _standard(closes: pl.Series) -> Array:
    """Return log returns (T,) over their usual size in some sixty bars around, clipped at three; NaN if missing."""
    ratio = closes.cast(pl.Float64) / closes.cast(pl.Float64).shift()
    moves = pl.DataFrame({"m": ratio}).select(pl.when(pl.col("m") > 0).then(pl.col("m").log()).alias("m"))["m"]
    usual = moves.abs().rolling_median(_MEMORY, min_samples=10, center=True) * 1.4826
    size = np.fmax(usual.fill_null(np.nan).to_numpy(), 0.25 * float(moves.std() or np.nan))  # type: ignore[arg-type]
    scaled: Array = np.clip(moves.fill_null(np.nan).to_numpy() / size, -_CLIP, _CLIP)
    return scaled


def _at(values: Array, at: NDArray[np.int64]) -> Array:
    """Return ``values[at]``, with NaN for indices out of range."""
    inside = (at >= 0) & (at < len(values))
    picked = np.full(len(at), np.nan)
    picked[inside] = values[at[inside]]
    return picked


def best_stretches(score: Array, least: float) -> Iterator[tuple[int, int, float]]:
    """Yield first, last and sum of disjoint stretches with the highest sums of ``score`` above ``least``, best first.

    This is Kadane's algorithm by cumulative sums, repeated on the rest.
    """
    left = score.copy()
    for _ in range(_MOST_STRETCHES):
        sums = np.concatenate([[0.0], np.cumsum(left)])
        lowest = np.minimum.accumulate(sums)
        gains = sums - lowest
        last = int(np.argmax(gains))
        if gains[last] <= max(least - 1e-9, 0.0):
            return
        first = int(np.flatnonzero(sums[:last] == lowest[last])[-1])
        yield first, last - 1, float(gains[last])
        left[first:last] = -1e6


def correlation(a: Array, b: Array) -> float:
    """Return Pearson's correlation of the common values; 0 for fewer than three pairs or a constant side."""
    valid = np.isfinite(a) & np.isfinite(b)
    if valid.sum() < 3 or np.ptp(a[valid]) == 0 or np.ptp(b[valid]) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(a[valid], b[valid])[0, 1], -0.9999, 0.9999))


def shifts_by_known_closes(series: Series, known: pl.DataFrame, sessions: pl.Series) -> list[Shift]:
    """Find a shift of the whole series by one session against known closes (session, close), within 0.02 %."""
    hits, n = _hits(series, known, sessions)
    shifts = []
    for direction, by in _TOWARDS.items():
        if hits[-by] >= _LEAST_KNOWN and hits[-by] >= 0.6 * n and hits[0] <= 0.4 * hits[-by]:
            evidence = (
                f"{hits[-by]} of {n} known closes of {series.symbol} stand one session {direction}, "
                f"{hits[0]} on their own session"
            )
            shifts.append(Shift(direction, 0, series.bars.height - 1, evidence, unit=SESSION))
    return shifts


def known_closes_agree(series: Series, known: pl.DataFrame) -> bool:
    """Whether the series has known closes (session, close) of the symbol on their own sessions."""
    hits, n = _hits(series, known, series.bars["session"])
    return hits[0] >= _LEAST_KNOWN and hits[0] >= 0.6 * n


def _hits(series: Series, known: pl.DataFrame, sessions: pl.Series) -> tuple[dict[int, int], int]:
    """Count the known closes found on the previous, their own and the next session, and all known closes."""
    within = known.filter(pl.col("session").is_between(series.first, series.last, closed="none"))
    place = sessions.search_sorted(within["session"]).to_numpy().astype(np.int64)
    hits = {}
    for lag in (-1, 0, 1):
        labels = sessions.gather(np.clip(place + lag, 0, len(sessions) - 1))
        both = within.with_columns(labels.alias("session")).join(
            series.bars.select("session", pl.col("close").alias("own")), on="session"
        )
        hits[lag] = both.filter((pl.col("own") / pl.col("close") - 1).abs() < _SAME_CLOSE).height
    return hits, within.height
