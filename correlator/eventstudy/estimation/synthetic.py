"""Synthetic control: the counterfactual of a share is a portfolio of donors that the event does not affect.

Weights that are not negative and sum to 1 are fitted to the returns of the share in the estimation window (Abadie &
Gardeazabal 2003; Abadie, Diamond & Hainmueller 2010; for returns Acemoglu, Johnson, Kermani, Kwak & Mitton 2016), so
the portfolio has the factor exposures of the share without specifying factors (Goldsmith-Pinkham & Lyu 2025). On the
donors with a positive weight, the fit equals least squares with a fixed sum of weights, which gives prediction errors:
with r the donor with the largest weight, regress R - R_r on R_j - R_r of the others, with n - (their number) degrees of
freedom. The errors ignore that the donors were selected on the same bars; the in-space placebo test
(``counterfactual``) does not depend on them.

A donor of an event must have a price on every bar of the event window on which the share has one, and on 90 % of those
of the estimation window. Returns are measured between bars on which the share and all donors have a price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from correlator.base.progress import tracked
from correlator.eventstudy.estimation.engine import fit_chunk
from correlator.eventstudy.estimation.estimates import (
    FLAT_RETURN_REASON,
    Bars,
    EventEstimates,
    Placement,
    Regressed,
    Request,
    SyntheticFit,
    joined,
    too_few,
)
from correlator.eventstudy.estimation.models import Model, correlation
from correlator.eventstudy.panel.frames import Array, Donors, Mask, Rows

FEWEST_DONORS = 5
"""Minimum number of donors of an event: with fewer, an in-space placebo test cannot reach p = 1/6."""

MOST_DONORS = 100
"""Maximum number of donors of an event: those that correlate most with the share in the estimation window."""

EXACT_REASON = "donors follow it without any error: the same prices, or as many donors as bars"

COVERAGE = 0.9
_NEGLIGIBLE = 1e-9
_ON_CONTRASTS = Model("synthetic", intercept=False, regressors="all", subtracts_benchmark=True)


@dataclass(frozen=True)
class JointBars:
    """N bars on which the unit (the treated share) and all its donors have a price.

    ``rows`` (N,) of the panel; ``unit`` (N,) and ``donors`` (N, P) returns since the previous such bar; ``spans`` (N,)
    sessions that these returns cover.
    """

    rows: Rows
    unit: Array
    donors: Array
    spans: Rows


def simplex_weights(outcome: Array, donors: Array) -> Array:
    """Return the weights (P,) of the weighted mean of ``donors`` (N, P) that fits ``outcome`` (N,) best.

    Weights are not negative and sum to 1. With d = X - y, the solution is the point nearest to 0 in the convex hull of
    the columns of d, which non-negative least squares of [0; 1] on [d; 1] finds exactly (Lawson & Hanson 1974, ch. 23).

    >>> simplex_weights(np.array([1.0, 2.0, 1.5]), np.array([[0.0, 2.0], [2.0, 2.0], [1.0, 2.0]])).round(3).tolist()
    [0.5, 0.5]
    """
    from scipy.optimize import nnls

    difference = donors - outcome[:, None]
    size = float(np.abs(difference).max(initial=0.0)) or 1.0
    system = np.vstack([difference / size, np.ones((1, donors.shape[1]))])
    target = np.zeros(len(system))
    target[-1] = 1.0
    solution, _ = nnls(system, target)
    return np.asarray(solution / solution.sum())


def fit_synthetic(bars: Bars, where: Placement, request: Request) -> EventEstimates:
    """Estimate the events ``where``, each against its own portfolio of donors."""
    parts: list[EventEstimates] = []
    reasons: dict[int, str] = {}
    for event in tracked(range(len(where.day_zero)), "synthetic controls"):
        one = where.take(np.array([event]))
        pool = pool_of(bars, one)
        if len(pool) < FEWEST_DONORS:
            reasons[event] = f"{len(pool)} donors with a price on its bars, {FEWEST_DONORS} needed"
            continue
        part = _one_event(bars, one, pool, request)
        if part.excluded:
            reasons[event] = part.excluded[0][1]
        else:
            parts.append(replace(part, kept=np.array([event], dtype=np.int64)))
    return joined(parts or [_no_event(bars, where, request)], reasons)


def pool_of(bars: Bars, one: Placement) -> Rows:
    """Return the columns (P,) of the donors available to the event ``one``."""
    donors, unit = _donors(bars), unit_prices(bars, int(one.symbol_index[0]))
    prices = donors.returns if donors.levels is None else donors.levels
    allowed = donors.allowed[one.symbol_index[0]].copy()
    if one.touched is not None:
        allowed &= ~one.touched[0]
    candidates = np.flatnonzero(allowed)
    finite, known = np.isfinite(unit), np.isfinite(prices[:, candidates])
    first = int(one.win_first[0]) - int(donors.levels is not None)  # a return needs the previous price
    window = np.arange(max(first, 0), int(one.win_last[0]) + 1)
    window = window[finite[window]]
    estimation = np.arange(max(int(one.est_first[0]), 0), min(int(one.est_last[0]) + 1, len(unit)))
    estimation = estimation[finite[estimation]]
    complete = known[window].all(axis=0) & (known[estimation].sum(axis=0) >= COVERAGE * len(estimation))
    candidates = np.asarray(candidates[complete], dtype=np.int64)
    if len(candidates) <= MOST_DONORS:
        return candidates
    own = bars.returns[estimation, one.symbol_index[0]]
    others = donors.returns[np.ix_(estimation, candidates)].T
    closeness = correlation(others, np.broadcast_to(own, others.shape))
    nearest = np.argsort(-closeness, kind="stable")[:MOST_DONORS]
    return np.asarray(np.sort(candidates[nearest]))


def unit_prices(bars: Bars, symbol: int) -> Array:
    """Return log prices (T,) of a share, or its returns if missing bars are not bridged; NaN where missing."""
    donors = _donors(bars)
    return bars.returns[:, symbol] if donors.own_levels is None else donors.own_levels[:, symbol]


def purged_of(bars: Bars, symbol: int) -> Mask | None:
    """Return the mask (T,) of bars of a share that are purged from estimation, or None if there are none."""
    return None if bars.purged is None else bars.purged[:, symbol]


def joint_bars(donors: Donors, unit: Array, pool: Rows, first: int, *, last: int) -> JointBars:
    """Return the returns of ``unit`` (T,) and the donors ``pool`` at the rows ``first`` to ``last``.

    ``unit``: log prices if missing bars are bridged, else returns.
    """
    if donors.levels is None:
        rows = np.arange(max(first, 0), min(last + 1, len(unit)))
        both = np.column_stack([unit[rows], donors.returns[np.ix_(rows, pool)]])
        complete = np.isfinite(both).all(axis=1)
        spans = np.ones(int(complete.sum()), dtype=np.int64)
        return JointBars(rows[complete], both[complete, 0], both[complete, 1:], spans)
    levels = np.column_stack([unit[: last + 1], donors.levels[: last + 1, pool]])
    traded = np.flatnonzero(np.isfinite(levels).all(axis=1))
    start = max(int(np.searchsorted(traded, first)) - 1, 0)
    rows = traded[start:]
    returns = np.diff(levels[rows], axis=0)
    returns = np.expm1(returns) if donors.simple else returns
    inside = rows[1:] >= first
    return JointBars(rows[1:][inside], returns[inside, 0], returns[inside, 1:], np.diff(rows)[inside])


def contrasts(bars: Bars, joint: JointBars, weights: Array, purged: Mask | None) -> tuple[Regressed, Array]:
    """Return the regression that is equivalent to the weights of a unit, and its coefficients (K,).

    The returns of the unit less those of the donor with the largest weight are regressed on the returns of the other
    donors with a positive weight, less the same; all rows of the panel. ``weights`` (P,); ``purged`` (T,) bars to leave
    out.
    """
    total = len(bars.returns)
    order = np.argsort(-weights, kind="stable")
    order = order[weights[order] > 0]
    returns, benchmark = np.full((total, 1), np.nan), np.full(total, np.nan)
    design = np.full((total, len(order) - 1), np.nan)
    returns[joint.rows, 0], benchmark[joint.rows] = joint.unit, joint.donors[:, order[0]]
    design[joint.rows] = joint.donors[:, order[1:]] - joint.donors[:, order[:1]]
    spans = None
    if _donors(bars).levels is not None:
        spans = np.ones((total, 1), dtype=np.int16)
        spans[joint.rows, 0] = joint.spans
    unused = None
    if purged is not None:
        unused = purged.copy()
        unused[joint.rows] = _touched(joint, purged)
        unused = unused[:, None]
    return Regressed(returns, design, benchmark, None, spans, unused), weights[order[1:]]


def fitted_to(joint: JointBars, est_first: int, est_last: int, purged: Mask | None) -> tuple[Mask, Array]:
    """Return the mask (N,) of joint bars in the estimation window and the weights (P,) fitted to them.

    ``purged`` (T,): bars to leave out.
    """
    inside = (joint.rows >= est_first) & (joint.rows <= est_last)
    if purged is not None:
        inside &= ~_touched(joint, purged)
    if inside.sum() < 2:
        return inside, np.zeros(joint.donors.shape[1])
    root = np.sqrt(joint.spans[inside])
    return inside, simplex_weights(joint.unit[inside] / root, joint.donors[inside] / root[:, None])


def designs_of(
    estimates: EventEstimates, bars: Bars, events: Rows, estimation_bars: int
) -> Iterator[tuple[int, Regressed, Array]]:
    """Yield the position of each of ``events`` and the regression and coefficients of ``contrasts``, as fitted."""
    assert estimates.synthetic is not None
    for event in events.tolist():
        symbol = int(estimates.symbol_index[event])
        weights = estimates.synthetic.weights[event]
        pool = np.flatnonzero(~np.isnan(weights))
        first = min(int(estimates.est_first[event]), int(estimates.win_first[event]))
        ends = (estimates.est_first[event] + estimation_bars, estimates.win_first[event] + estimates.ar.shape[1])
        joint = joint_bars(_donors(bars), unit_prices(bars, symbol), pool, first, last=int(max(ends)) - 1)
        yield event, *contrasts(bars, joint, weights[pool], purged_of(bars, symbol))


def _one_event(bars: Bars, one: Placement, pool: Rows, request: Request) -> EventEstimates:
    """Estimate the event ``one`` with the donors ``pool``."""
    donors, symbol = _donors(bars), int(one.symbol_index[0])
    first, last = min(one.est_first[0], one.win_first[0]), max(one.est_last[0], one.win_last[0])
    joint = joint_bars(donors, unit_prices(bars, symbol), pool, int(first), last=int(last))
    purged = purged_of(bars, symbol)
    inside, weights = fitted_to(joint, int(one.est_first[0]), int(one.est_last[0]), purged)
    if inside.sum() < request.minimum:
        return _no_event(bars, one, request).excluding({0: too_few(int(inside.sum()), request.minimum)})
    if np.ptp(joint.unit[inside]) == 0:
        return _no_event(bars, one, request).excluding({0: FLAT_RETURN_REASON})
    series, _ = contrasts(bars, joint, weights, purged)
    alone = replace(one, symbol_index=np.zeros(1, dtype=np.int64), touched=None)
    fitted = fit_chunk(series, alone, replace(request, model=_ON_CONTRASTS, keep_residuals=True))
    if fitted.excluded:
        return fitted
    root = np.sqrt(joint.spans[inside])
    residuals = (joint.unit[inside] - joint.donors[inside] @ weights) / root
    returns = joint.unit[inside] / root
    all_weights = np.full((1, len(donors.names)), np.nan)
    all_weights[0, pool] = weights
    ssr = float(residuals @ residuals)
    if ssr <= (_NEGLIGIBLE * np.abs(returns).max()) ** 2 * len(returns):
        return _no_event(bars, one, request).excluding({0: EXACT_REASON})
    fit = SyntheticFit(
        all_weights,
        np.array([np.sqrt(ssr / len(residuals))]),
        np.array([1.0 - ssr / float(((returns - returns.mean()) ** 2).sum())]),
    )
    return replace(
        fitted,
        coefficients=np.zeros((1, 0)),
        symbol_index=one.symbol_index,
        model=request.model.name,
        synthetic=fit,
    )


def _touched(joint: JointBars, purged: Mask) -> Mask:
    """Return a mask (N,) of joint bars whose returns cover a ``purged`` (T,) row of the panel."""
    before = np.concatenate([[0], np.cumsum(purged)])
    return np.asarray(before[joint.rows + 1] > before[joint.rows + 1 - joint.spans])


def _no_event(bars: Bars, where: Placement, request: Request) -> EventEstimates:
    """Return empty estimates, without any event."""
    none = replace(where.take(np.zeros(0, dtype=np.int64)), touched=None)
    series = Regressed(bars.returns, np.zeros((len(bars.returns), 0)))
    fitted = fit_chunk(series, none, replace(request, keep_residuals=True))
    empty = SyntheticFit(np.zeros((0, len(_donors(bars).names))), np.zeros(0), np.zeros(0))
    return replace(fitted, coefficients=np.zeros((0, 0)), synthetic=empty)


def _donors(bars: Bars) -> Donors:
    """Return the donors, whose presence ``regressed`` has checked."""
    assert bars.donors is not None
    return bars.donors
