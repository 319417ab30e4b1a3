"""Placebos in space: whether a synthetic control's gap is larger than the gaps of donors, which no event affected.

For every event each donor of its pool is treated as the share and gets its own portfolio of the other donors, over the
same bars. With CAR the gap summed over a window and RMSE the error of the portfolio in the estimation window, ratio =
CAR/RMSE (Abadie, Diamond & Hainmueller 2010) is compared with those of the donors:

    p = (1 + donors whose |ratio| is as large) / (1 + donors)

Across events the ratios are averaged, and each share is replaced by one donor for all of its events, different shares
by different donors, so that the placebos keep the dependence between events of one date or one share (after Cavallo,
Galiani, Noy & Pantano 2013). All such replacements are used if they are few, else seeded draws; p is never below
1/(distinct replacements + 1) (Phipson & Smyth 2010). Assumption: share and donors are exchangeable without an event. A
share that its portfolio cannot track is not like its donors, which shows in its RMSE.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import perm

import numpy as np
import polars as pl

from correlator.base.progress import tracked
from correlator.errors import StudyError
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, SyntheticFit
from correlator.eventstudy.estimation.synthetic import fitted_to, joint_bars, purged_of, unit_prices
from correlator.eventstudy.panel.frames import Array, Panel, Rows
from correlator.eventstudy.results.result_frames import names_of, per_window

DRAWS = 9_999
_SEED = 0


@dataclass(frozen=True)
class InSpace:
    """Ratios of E events in W windows: ``ratio`` (E, W) of the shares, ``placebo`` (E, M, W) of the donors in their
    place, NaN for donors outside an event's pool.
    """

    ratio: Array
    placebo: Array

    def take(self, positions: Rows) -> InSpace:
        """Return the ratios of the events at ``positions``."""
        return InSpace(self.ratio[positions], self.placebo[positions])


def synthetic_of(estimates: EventEstimates) -> SyntheticFit:
    """Return the fit of the counterfactuals; raises StudyError for another model."""
    if estimates.synthetic is None:
        raise StudyError(
            f"model {estimates.model} has no donors", hint="this output needs the model synthetic", argument="model"
        )
    return estimates.synthetic


def in_space(estimates: EventEstimates, panel: Panel, columns: Rows, estimation_bars: int) -> InSpace:
    """Return the ratios of every event and of each of its donors.

    Parameters
    ----------
    estimates: of the model ``synthetic``.
    panel: the bars that they were estimated on.
    columns: (W, 2) first and last column of each window inside the event window, ends included.
    estimation_bars: length of the estimation window.
    """
    weights = synthetic_of(estimates).weights
    placebo = np.full((*weights.shape, len(columns)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = estimates.car / synthetic_of(estimates).rmse[:, None]
    for event in tracked(range(len(estimates)), "placebos in space"):
        pool = np.flatnonzero(~np.isnan(weights[event]))
        placebo[event, pool] = _placebos(estimates, panel, event, (pool, columns, estimation_bars))
    return InSpace(ratio, np.where(np.isnan(ratio)[:, None, :], np.nan, placebo))


def donors_frame(estimates: EventEstimates, panel: Panel, events: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event and donor with a weight: event_id, symbol, donor, weight; the largest first."""
    weights = np.nan_to_num(synthetic_of(estimates).weights)
    assert panel.donors is not None
    rows, columns = np.nonzero(weights > 0)
    names = np.array(panel.donors.names, dtype=object)[columns]
    return (
        names_of(estimates, events)[rows]
        .with_columns(
            pl.Series("row", rows),
            pl.Series("donor", names.tolist(), dtype=pl.String),
            pl.Series("weight", weights[rows, columns]),
        )
        .sort("row", "weight", descending=[False, True], maintain_order=True)
        .drop("row")
    )


def in_space_frame(
    space: InSpace, estimates: EventEstimates, events: pl.DataFrame, labels: tuple[str, ...]
) -> pl.DataFrame:
    """Return one row per event and window: event_id, symbol, window, car, pre_rmse, ratio, p_value, placebos."""
    fit = synthetic_of(estimates)
    size = np.abs(space.placebo)
    number = (~np.isnan(size)).sum(axis=1)
    as_large = (size >= _nearly(np.abs(space.ratio))[:, None, :]).sum(axis=1)
    p_value = np.where(np.isnan(space.ratio) | (number == 0), np.nan, (1 + as_large) / (1 + number))
    values = {
        "car": estimates.car,
        "pre_rmse": np.broadcast_to(fit.rmse[:, None], space.ratio.shape),
        "ratio": space.ratio,
        "p_value": p_value,
    }
    return per_window(estimates, events, labels).with_columns(
        *(pl.Series(name, value.ravel(), nan_to_null=True) for name, value in values.items()),
        pl.Series("placebos", number.ravel()),
    )


def in_space_average(space: InSpace, estimates: EventEstimates, labels: tuple[str, ...]) -> pl.DataFrame:
    """Return one row per window: window, n, caar, ratio (mean over events), p_value, placebos (distinct replacements),
    draws.
    """
    rows = []
    for w, label in enumerate(labels):
        measured = np.flatnonzero(~np.isnan(space.ratio[:, w]))
        row = {"window": label, "n": len(measured), "caar": None, "ratio": None, "p_value": None}
        row |= {"placebos": 0, "draws": 0}
        if len(measured):
            ratio = float(space.ratio[measured, w].mean())
            row |= {"caar": float(estimates.car[measured, w].mean()), "ratio": ratio}
            drawn, distinct = _replacements(space.placebo[measured, :, w], estimates.symbol_index[measured])
            if len(drawn):
                as_large = int((np.abs(drawn) >= _nearly(np.abs(np.array(ratio)))).sum())
                row |= {"p_value": (1 + as_large) / (1 + len(drawn)), "placebos": distinct, "draws": len(drawn)}
        rows.append(row)
    numbers = dict.fromkeys(("caar", "ratio", "p_value"), pl.Float64)
    return pl.DataFrame(
        rows, schema={"window": pl.String, "n": pl.Int64, **numbers, "placebos": pl.Int64, "draws": pl.Int64}
    )


def _placebos(estimates: EventEstimates, panel: Panel, event: int, over: tuple[Rows, Rows, int]) -> Array:
    """Return the ratios (P, W) of donors in place of the event's share; ``over``: pool, columns, estimation bars."""
    pool, columns, estimation_bars = over
    bars = Bars.of(panel)
    assert bars.donors is not None
    est_first, win_first = int(estimates.est_first[event]), int(estimates.win_first[event])
    est_last, win_last = est_first + estimation_bars - 1, win_first + estimates.ar.shape[1] - 1
    prices = bars.donors.returns if bars.donors.levels is None else bars.donors.levels
    symbol = int(estimates.symbol_index[event])
    finite, purged = np.isfinite(unit_prices(bars, symbol)), purged_of(bars, symbol)
    ratios = np.full((len(pool), len(columns)), np.nan)
    for place in range(len(pool)):
        others = np.delete(pool, place)
        unit = np.where(finite, prices[:, pool[place]], np.nan)  # on the bars of the event, with the holes of its share
        joint = joint_bars(bars.donors, unit, others, min(est_first, win_first), last=max(est_last, win_last))
        inside, weights = fitted_to(joint, est_first, est_last, purged)
        gap = joint.unit - joint.donors @ weights
        rmse = float(np.sqrt(np.mean(gap[inside] ** 2 / joint.spans[inside])))
        for w, (first, last) in enumerate(columns.tolist()):
            window = (joint.rows >= win_first + first) & (joint.rows <= win_first + last)
            if window.any() and rmse > 0:
                ratios[place, w] = gap[window].sum() / rmse
    return ratios


def _replacements(placebo: Array, symbols: Rows) -> tuple[Array, int]:
    """Return mean ratios (B,) of replacements, and the number of distinct ones: none with fewer donors than shares.

    ``placebo`` (E, M), ``symbols`` (E,). Donors are those in the pool of every event.
    """
    groups = [np.flatnonzero(symbols == symbol) for symbol in np.unique(symbols)]
    total = np.stack([placebo[events].sum(axis=0) for events in groups])
    total = total[:, ~np.isnan(total).any(axis=0)]
    shares, donors = total.shape
    distinct = perm(donors, shares)
    if distinct == 0:
        return np.zeros(0), 0
    if distinct <= DRAWS:
        replacements = np.array(list(permutations(range(donors), shares)))
    else:
        keys = np.random.default_rng(_SEED).random((DRAWS, donors))
        replacements = np.argsort(keys, axis=1)[:, :shares]
    sums = total[np.arange(shares), replacements].sum(axis=1)
    return sums / len(symbols), min(distinct, int(np.iinfo(np.int64).max))


def _nearly(size: Array) -> Array:
    """Return ``size`` less a margin for rounding, so that equal ratios count as equal."""
    return size * (1.0 - 1e-12)
