"""Synthetic control: the counterfactual of a share is a portfolio of donors that the event cannot touch.

Weights at least 0 and in sum 1 are fitted to the share's returns of the estimation window (Abadie & Gardeazabal 2003;
Abadie, Diamond & Hainmueller 2010; for returns Acemoglu, Johnson, Kermani, Kwak & Mitton 2016), so that the portfolio
carries the share's factors without any being named (Goldsmith-Pinkham & Lyu 2025). On the donors with a weight the fit
is that of least squares with the weights' sum held, so a prediction has its error: with r the largest donor, R - R_r on
R_j - R_r of the others with a weight, n - (their number) degrees of freedom. That the choice among donors was made on
the same bars is not in it; the test in space (``counterfactual``) asks nothing of errors.

A donor of an event has a price on every bar of the event window that the share has one on, and on nine in ten of the
estimation window; returns are from one bar to the next on which share and donors all have a price.
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
"""Donors that an event must have: a test in space on fewer cannot reach one in six."""

MOST_DONORS = 100
"""Donors of one event at most: those whose returns of the estimation window correlate most with the share's."""

EXACT_REASON = "donors follow it without any error: the same prices, or as many donors as bars"

COVERAGE = 0.9
_NOTHING = 1e-9
_ON_CONTRASTS = Model("synthetic", intercept=False, regressors="all", subtracts_benchmark=True)


@dataclass(frozen=True)
class JointBars:
    """Bars on which the unit and all of its donors have a price, N of them: ``rows`` (N,) of the panel, ``unit`` (N,)
    and ``donors`` (N, P) returns since the bar before, ``spans`` (N,) sessions that they are over.
    """

    rows: Rows
    unit: Array
    donors: Array
    spans: Rows


def simplex_weights(outcome: Array, donors: Array) -> Array:
    """Weights (P,), at least 0 and in sum 1, of the ``donors`` (N, P) whose mean is nearest to ``outcome`` (N,).

    With d = X - y the sum of squares is that of the point of the convex hull of d's columns nearest to 0, which
    non-negative least squares of [d; 1] on [0; 1] finds exactly (Lawson & Hanson 1974, ch. 23).

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
    """Estimates of the events ``where``, each against its own portfolio of donors."""
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
    """Columns (P,) of the donors that the event ``one`` can have."""
    donors, unit = _donors(bars), unit_prices(bars, int(one.symbol_index[0]))
    prices = donors.returns if donors.levels is None else donors.levels
    allowed = donors.allowed[one.symbol_index[0]].copy()
    if one.touched is not None:
        allowed &= ~one.touched[0]
    candidates = np.flatnonzero(allowed)
    finite, known = np.isfinite(unit), np.isfinite(prices[:, candidates])
    first = int(one.win_first[0]) - int(donors.levels is not None)  # a return needs the price before it
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
    """(T,) of a share under study, finite where it has what its returns are made of."""
    donors = _donors(bars)
    return bars.returns[:, symbol] if donors.own_levels is None else donors.own_levels[:, symbol]


def purged_of(bars: Bars, symbol: int) -> Mask | None:
    """(T,) bars of a share under study that no estimation uses, None where all may be used."""
    return None if bars.purged is None else bars.purged[:, symbol]


def joint_bars(donors: Donors, unit: Array, pool: Rows, first: int, *, last: int) -> JointBars:
    """Returns of ``unit`` (T,) and the donors ``pool`` at the rows ``first`` to ``last``.

    ``unit``: log prices where holes are bridged, else returns.
    """
    if donors.levels is None:
        rows = np.arange(max(first, 0), min(last + 1, len(unit)))
        both = np.column_stack([unit[rows], donors.returns[np.ix_(rows, pool)]])
        whole = np.isfinite(both).all(axis=1)
        return JointBars(rows[whole], both[whole, 0], both[whole, 1:], np.ones(int(whole.sum()), dtype=np.int64))
    levels = np.column_stack([unit[: last + 1], donors.levels[: last + 1, pool]])
    traded = np.flatnonzero(np.isfinite(levels).all(axis=1))
    begin = max(int(np.searchsorted(traded, first)) - 1, 0)
    rows = traded[begin:]
    moved = np.diff(levels[rows], axis=0)
    moved = np.expm1(moved) if donors.simple else moved
    inside = rows[1:] >= first
    return JointBars(rows[1:][inside], moved[inside, 0], moved[inside, 1:], np.diff(rows)[inside])


def contrasts(bars: Bars, joint: JointBars, weights: Array, purged: Mask | None) -> tuple[Regressed, Array]:
    """One unit's returns with its largest donor taken off, regressed on the other donors with a weight less that one,
    on all rows of the panel; and the coefficients (K,) that ``weights`` (P,) are. ``purged`` (T,) bars left out.
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
    """The joint bars (N,) that weights are fitted on, as a mask, and the weights (P,); ``purged`` (T,) bars left
    out."""
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
    """For each of ``events`` its position, its series as ``contrasts`` has them, and coefficients, as they were
    fitted."""
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
    missed = (joint.unit[inside] - joint.donors[inside] @ weights) / root
    moved = joint.unit[inside] / root
    every = np.full((1, len(donors.names)), np.nan)
    every[0, pool] = weights
    squares = float(missed @ missed)
    if squares <= (_NOTHING * np.abs(moved).max()) ** 2 * len(moved):
        return _no_event(bars, one, request).excluding({0: EXACT_REASON})
    fit = SyntheticFit(
        every,
        np.array([np.sqrt(squares / len(missed))]),
        np.array([1.0 - squares / float(((moved - moved.mean()) ** 2).sum())]),
    )
    return replace(
        fitted,
        coefficients=np.zeros((1, 0)),
        symbol_index=one.symbol_index,
        model=request.model.name,
        synthetic=fit,
    )


def _touched(joint: JointBars, purged: Mask) -> Mask:
    """Joint bars (N,) whose returns are over a purged one of the panel's (T,)."""
    before = np.concatenate([[0], np.cumsum(purged)])
    return np.asarray(before[joint.rows + 1] > before[joint.rows + 1 - joint.spans])


def _no_event(bars: Bars, where: Placement, request: Request) -> EventEstimates:
    """Estimates of no event."""
    none = replace(where.take(np.zeros(0, dtype=np.int64)), touched=None)
    series = Regressed(bars.returns, np.zeros((len(bars.returns), 0)))
    fitted = fit_chunk(series, none, replace(request, keep_residuals=True))
    empty = SyntheticFit(np.zeros((0, len(_donors(bars).names))), np.zeros(0), np.zeros(0))
    return replace(fitted, coefficients=np.zeros((0, 0)), synthetic=empty)


def _donors(bars: Bars) -> Donors:
    assert bars.donors is not None
    return bars.donors
