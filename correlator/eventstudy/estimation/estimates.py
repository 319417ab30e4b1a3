"""The engine's arrays: what goes in for each event, and what comes out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from correlator.eventstudy.estimation.least_squares import Array
from correlator.eventstudy.estimation.models import Model

Rows = NDArray[np.int64]

FLAT_RETURN_REASON = "zero variance in the estimation window"
FLAT_DESIGN_REASON = "benchmark or factors without variation of their own in the estimation window"
NO_BAR_REASON = "no bar in the event window"


@dataclass(frozen=True)
class EventEstimates:
    """Estimates of E kept events over D event bars and W windows (k coefficients, L estimation bars at most).

    ``coefficients`` (E, k) constant first; ``sigma`` (E,) sqrt(SSR/(n-k)); ``n``, ``df`` (E,) bars used and n - k;
    ``ar``, ``ar_se``, ``expected``, ``actual`` (E, D) as fractions, NaN where a bar is missing; ``car``, ``car_se``
    (E, W), NaN where the window has no bar, ``n_car`` (E, W) bars counted; ``estimation_residuals`` (E, L) NaN where
    not used, None unless asked for, column j is row ``est_first`` + j of the panel; ``kept`` (E,) positions among the
    events given; ``symbol_index``, ``day_zero``, ``est_first``, ``win_first`` (E,) of the kept ones; ``excluded``
    (position, reason) of the others; ``model`` its name.
    """

    coefficients: Array
    sigma: Array
    n: Rows
    df: Rows
    ar: Array
    ar_se: Array
    expected: Array
    actual: Array
    car: Array
    car_se: Array
    n_car: Rows
    estimation_residuals: Array | None
    kept: Rows
    symbol_index: Rows
    day_zero: Rows
    est_first: Rows
    win_first: Rows
    excluded: tuple[tuple[int, str], ...]
    model: str

    def __len__(self) -> int:
        return len(self.kept)

    def take(self, positions: ArrayLike) -> EventEstimates:
        """The kept events at ``positions`` (indices into them, or a mask), for example one group; none excluded."""
        chosen = np.asarray(positions)
        fields = (
            *("coefficients", "sigma", "n", "df", "ar", "ar_se", "expected", "actual", "car", "car_se", "n_car"),
            *("kept", "symbol_index", "day_zero", "est_first", "win_first"),
        )
        residuals = None if self.estimation_residuals is None else self.estimation_residuals[chosen]
        parts: dict[str, Any] = {name: getattr(self, name)[chosen] for name in fields}
        return replace(self, estimation_residuals=residuals, excluded=(), **parts)

    def excluding(self, reasons: dict[int, str]) -> EventEstimates:
        """The same with ``excluded`` set to ``reasons`` by position."""
        return replace(self, excluded=tuple(reasons.items()))


@dataclass(frozen=True)
class Placement:
    """Where E events stand in the panel: column, and rows of day 0, estimation and event window, ends included.

    All (E,) integers; rows may lie outside the panel. ``car_columns`` (W, 2): first and last column of each CAR window
    inside the event window, ends included.
    """

    symbol_index: Rows
    day_zero: Rows
    est_first: Rows
    est_last: Rows
    win_first: Rows
    win_last: Rows
    car_columns: Rows

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_], threads: int = 1) -> Placement:
        """The events at ``chosen``; many that lie scattered are fetched by some ``threads``."""
        places = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        names = ("symbol_index", "day_zero", "est_first", "est_last", "win_first", "win_last")
        with ThreadPoolExecutor(threads) as pool:
            taken = (pool.map if threads > 1 else map)(lambda name: getattr(self, name).take(places), names)
            return Placement(**dict(zip(names, taken, strict=True)), car_columns=self.car_columns)


@dataclass(frozen=True)
class Bars:
    """``returns`` (T, S), ``regressors`` (T, K) and, where the model subtracts it, ``benchmark`` (T,)."""

    returns: Array
    regressors: Array
    benchmark: Array | None

    def actual(self, rows: Rows, inside: NDArray[np.bool_], symbols: Rows) -> Array:
        return np.where(inside, self.returns[rows, symbols[:, None]], np.nan)

    def modelled(self, actual: Array, rows: Rows) -> Array:
        return actual if self.benchmark is None else actual - self.benchmark[rows]

    def design(self, rows: Rows) -> Array:
        """(K, E, L)"""
        return np.ascontiguousarray(np.moveaxis(self.regressors[rows], 2, 0))


@dataclass(frozen=True)
class Wanted:
    """What to compute: model, bars of the longest estimation window, days of the event window, bars needed, extras."""

    model: Model
    length: int
    days: int
    minimum: int
    keep_residuals: bool
    keep_returns: bool
    keep_order: bool = True


def too_few(bars: int, minimum: int) -> str:
    """The reason given for an estimation window with too few bars."""
    return f"{bars} bars in the estimation window, {minimum} needed"


def off_panel(returns: Array, where: Placement, minimum: int) -> dict[int, str]:
    """Reasons (by position) of events whose windows leave the panel of ``returns`` (T, S), or overlap."""
    total = len(returns)
    reasons: dict[int, str] = {}
    reach = np.minimum(where.est_last, total - 1) - np.maximum(where.est_first, 0) + 1
    overlap = (where.est_first <= where.win_last) & (where.est_last >= where.win_first)
    for i in np.flatnonzero((where.win_first < 0) | (where.win_last >= total) | (reach < minimum) | overlap):
        if where.win_first[i] < 0:
            reasons[int(i)] = f"event window starts {-where.win_first[i]} bars before the first bar"
        elif where.win_last[i] >= total:
            reasons[int(i)] = f"event window ends {where.win_last[i] - total + 1} bars after the last bar"
        elif overlap[i]:
            reasons[int(i)] = "estimation window and event window share bars"
        else:
            reasons[int(i)] = too_few(max(int(reach[i]), 0), minimum)
    return reasons


def joined(parts: list[EventEstimates], reasons: dict[int, str]) -> EventEstimates:
    """Parts of the same events as one, with ``reasons`` added to what they exclude."""
    every = dict(reasons)
    for part in parts:
        every.update(part.excluded)
    excluded = tuple(sorted(every.items()))
    first = parts[0]
    if len(parts) == 1:
        return replace(first, excluded=excluded)
    names = [f for f in first.__dataclass_fields__ if f not in ("estimation_residuals", "excluded", "model")]
    together: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    residuals = [part.estimation_residuals for part in parts if part.estimation_residuals is not None]
    stacked = np.concatenate(residuals) if residuals else None
    return replace(first, excluded=excluded, estimation_residuals=stacked, **together)
