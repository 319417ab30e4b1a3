"""The engine's arrays: what goes in for each event, and what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from correlator.eventstudy.estimation.models import Model
from correlator.eventstudy.panel.frames import Array, Donors, Mask, Panel, Rows, Spans

FLAT_RETURN_REASON = "zero variance in the estimation window"
FLAT_DESIGN_REASON = "benchmark or factors without variation of their own in the estimation window"
NO_BAR_REASON = "no bar in the event window"


_BITS = 63
"""Bits of a whole number in which a share, its day and an event's place are sorted together."""


@dataclass(frozen=True)
class SyntheticFit:
    """Counterfactuals of E events from M donors: ``weights`` (E, M), at least 0 and in sum 1, NaN for donors that were
    not in an event's pool; ``rmse`` (E,) root mean square of what they miss in the estimation window, fractions per
    session; ``r_squared`` (E,) share of the return's variance there that they follow, below 0 where the mean would
    follow it better.
    """

    weights: Array
    rmse: Array
    r_squared: Array

    def __getitem__(self, chosen: NDArray[Any]) -> SyntheticFit:
        """Those of the events at ``chosen``."""
        return SyntheticFit(self.weights[chosen], self.rmse[chosen], self.r_squared[chosen])

    @classmethod
    def joined(cls, parts: Sequence[SyntheticFit]) -> SyntheticFit:
        """Parts of the same events as one."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class EventEstimates:
    """Estimates of E kept events over D event bars and W windows (k coefficients, L estimation bars at most).

    ``coefficients`` (E, k) constant first; ``sigma`` (E,) sqrt(SSR/(n-k)); ``n``, ``df`` (E,) bars used and n - k;
    ``ar``, ``ar_se``, ``expected``, ``actual`` (E, D) as fractions, NaN where a bar is missing; ``car``, ``car_se``
    (E, W), NaN where the window has no bar, ``n_car`` (E, W) bars counted; ``estimation_residuals`` (E, L) NaN where
    not used, None unless asked for, column j is row ``est_first`` + j of the panel; ``kept`` (E,) positions among the
    events given; ``symbol_index``, ``day_zero``, ``est_first``, ``win_first`` (E,) of the kept ones; ``excluded``
    (position, reason) of the others; ``model`` its name; ``spans`` (E, D) sessions that each return of the event window
    is over, None where each is over one; ``synthetic`` how the counterfactuals of the model ``synthetic`` are made;
    ``stands_for`` (E,) events that an observation stands for, None where each stands for itself; ``dated`` which of
    the windows (``estimation``, ``event``) lie on the same rows of a panel of several exchanges for every event, NaN in
    columns of days on which its own is closed.
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
    spans: Spans | None = None
    synthetic: SyntheticFit | None = None
    stands_for: Rows | None = None
    dated: frozenset[str] = frozenset()

    @property
    def day_ar(self) -> Array:
        """``ar`` of returns over one session: what a day's mean is of. A longer one began before its day."""
        return self.ar if self.spans is None else np.where(self.spans == 1, self.ar, np.nan)

    @property
    def day_se(self) -> Array:
        """``ar_se`` of ``day_ar``."""
        return self.ar_se if self.spans is None else np.where(self.spans == 1, self.ar_se, np.nan)

    @property
    def path_ar(self) -> Array:
        """``ar`` without returns that began before the event window: what a path over its days sums."""
        if self.spans is None:
            return self.ar
        return np.where(self.spans <= np.arange(1, self.ar.shape[1] + 1), self.ar, np.nan)

    def __len__(self) -> int:
        return len(self.kept)

    def observed(self, rows: Rows | None = None) -> Rows:
        """Of the events ``rows``, by default of all, the first of each share and day 0: events that share both have the
        same figures, and are one observation of what a test averages.
        """
        rows = np.arange(len(self)) if rows is None else rows
        key, place = self._share_and_day(rows), len(rows).bit_length()
        if int(key.max(initial=0)).bit_length() + place > _BITS:
            return np.asarray(rows[np.sort(np.unique(key, return_index=True)[1])])
        packed = np.sort((key << place) | np.arange(len(rows)))  # one sort of whole numbers, and the first comes first
        first = packed[np.diff(packed >> place, prepend=-1) > 0]
        kept = np.zeros(len(rows), dtype=np.bool_)
        kept[first & ((1 << place) - 1)] = True
        return np.asarray(rows[kept])

    def _share_and_day(self, rows: Rows) -> Rows:
        """One number for each share and day 0 of the events ``rows``."""
        span = int(self.day_zero.max(initial=0)) + 1
        return np.asarray(self.symbol_index[rows] * span + self.day_zero[rows])

    def observations(self) -> EventEstimates:
        """The events that ``observed`` keeps; ``stands_for`` says of how many each is the first."""
        key = self._share_and_day(np.arange(len(self)))
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        if len(first) == len(self):
            return self
        order = np.argsort(first)
        counts = np.bincount(which, weights=self.stands_for).astype(np.int64)
        return replace(self.take(first[order]), stands_for=counts[order])

    def take(self, positions: ArrayLike) -> EventEstimates:
        """The kept events at ``positions`` (indices into them, or a mask), for example one group; none excluded."""
        chosen = np.asarray(positions)
        return replace(self, excluded=(), **{name: values[chosen] for name, values in _of_events([self])})

    def excluding(self, reasons: dict[int, str]) -> EventEstimates:
        """The same with ``excluded`` set to ``reasons`` by position."""
        return replace(self, excluded=tuple(reasons.items()))


@dataclass(frozen=True)
class Placement:
    """Where E events stand in the panel: column, and rows of day 0, estimation and event window, ends included.

    All (E,) integers; rows may lie outside the panel. ``car_columns`` (W, 2): first and last column of each CAR window
    inside the event window, ends included. ``touched`` (E, M): donors that an event does touch, besides those that its
    symbol may not have; None for no others.
    """

    symbol_index: Rows
    day_zero: Rows
    est_first: Rows
    est_last: Rows
    win_first: Rows
    win_last: Rows
    car_columns: Rows
    touched: Mask | None = None

    @classmethod
    def at(
        cls,
        symbol_index: ArrayLike,
        day_zero: ArrayLike,
        estimation: tuple[ArrayLike, ArrayLike],
        window: tuple[ArrayLike, ArrayLike],
        *,
        car_columns: ArrayLike | None = None,
    ) -> Placement:
        """Events at first and last rows of ``estimation`` and event ``window``; CAR by default over the whole of it."""
        symbols, zero, est_first, est_last, first, last = (
            np.asarray(rows, dtype=np.int64) for rows in (symbol_index, day_zero, *estimation, *window)
        )
        whole = [[0, int((last - first).max(initial=-1))]] if len(first) == len(last) else [[0, 0]]
        columns = np.asarray(whole if car_columns is None else car_columns, dtype=np.int64).reshape(-1, 2)
        return cls(symbols, zero, est_first, est_last, first, last, columns)

    @property
    def days(self) -> int:
        """Bars of the longest event window, D."""
        return int((self.win_last - self.win_first).max(initial=-1)) + 1

    def take(self, chosen: Rows | Mask) -> Placement:
        """The events at ``chosen``."""
        names = ("symbol_index", "day_zero", "est_first", "est_last", "win_first", "win_last")
        touched = None if self.touched is None else self.touched[chosen]
        parts = {name: getattr(self, name)[chosen] for name in names}
        return Placement(**parts, car_columns=self.car_columns, touched=touched)


@dataclass(frozen=True)
class Bars:
    """``returns`` (T, S), fractions, NaN where missing; ``factors`` (T, K) or None, the benchmark first; ``own`` (T, S)
    the benchmark of each symbol where they differ; ``spans`` (T, S) sessions since the last trade that a return is
    over, None where each is over one; ``donors`` and ``purged`` as in ``Panel``.
    """

    returns: Array
    factors: Array | None = None
    own: Array | None = None
    spans: Spans | None = None
    donors: Donors | None = None
    purged: Mask | None = None

    @classmethod
    def of(cls, panel: Panel, symbols: Rows | None = None) -> Bars:
        """The bars of a panel, of the columns ``symbols`` alone where these are given."""
        if symbols is None:
            return cls(panel.returns, panel.factors, panel.own_benchmark, panel.spans, panel.donors, panel.purged)
        per_symbol = (panel.own_benchmark, panel.spans, panel.purged)
        own, spans, purged = (None if each is None else each[:, symbols] for each in per_symbol)
        donors = None if panel.donors is None else panel.donors.of(symbols)
        return cls(panel.returns[:, symbols], panel.factors, own, spans, donors, purged)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Regressed:
    """What a model reads of bars: ``regressors`` (T, K), of which ``own`` (T, S) replaces the first where symbols
    differ; ``benchmark``, (T,) or (T, S), that is taken off the returns, or None; ``returns``, ``spans`` and ``purged``
    as in ``Bars``.
    """

    returns: Array
    regressors: Array
    benchmark: Array | None = None
    own: Array | None = None
    spans: Spans | None = None
    purged: Mask | None = None

    def without_purged(self, outcome: Array, rows: Rows, symbols: Rows) -> Array:
        """``outcome`` (E, L) at ``rows``, NaN on bars that no estimation may use."""
        if self.purged is None:
            return outcome
        return np.where(self.purged[rows, symbols[:, None]], np.nan, outcome)

    def actual(self, rows: Rows, inside: Mask, symbols: Rows) -> Array:
        """Returns (E, L) at ``rows``, NaN where these are not ``inside``."""
        return np.where(inside, self.returns[rows, symbols[:, None]], np.nan)

    def modelled(self, actual: Array, rows: Rows, symbols: Rows) -> Array:
        """Returns over the benchmark, where the model subtracts it."""
        if self.benchmark is None:
            return actual
        wide = self.benchmark.ndim == 2
        return actual - (self.benchmark[rows, symbols[:, None]] if wide else self.benchmark[rows])

    def design(self, rows: Rows, symbols: Rows) -> Array:
        """(K, E, L)"""
        design = np.ascontiguousarray(np.moveaxis(self.regressors[rows], 2, 0))
        if self.own is not None and len(design):
            design[0] = self.own[rows, symbols[:, None]]
        return design

    def sessions(self, rows: Rows, symbols: Rows) -> Array | None:
        """Sessions (E, L) that each return is over, or None."""
        return None if self.spans is None else self.spans[rows, symbols[:, None]].astype(np.float64)


@dataclass(frozen=True)
class PackedBars:
    """``returns`` (S, T), each symbol's bars side by side, and ``regressor``, (1, T) or (S, T) where symbols differ,
    zeros where the model has none; NaN where missing; ``spans`` (S, T), or (0, 0), sessions that returns are over.
    Every estimation window is ``length`` bars long.
    """

    returns: Array
    regressor: Array
    spans: Spans
    length: int

    @classmethod
    def of(cls, bars: Regressed, length: int) -> PackedBars:
        """Of a model that is a line."""
        regressor = np.zeros((1, len(bars.returns)))
        if bars.regressors.shape[1]:
            regressor = np.ascontiguousarray(bars.regressors.T if bars.own is None else bars.own.T)
        spans = np.empty((0, 0), dtype=np.int16) if bars.spans is None else np.ascontiguousarray(bars.spans.T)
        return cls(np.ascontiguousarray(bars.returns.T), regressor, spans, length)


@dataclass(frozen=True)
class Request:
    """What to compute: model, bars of the longest estimation window, days of the event window, bars needed, extras."""

    model: Model
    length: int
    days: int
    minimum: int
    keep_residuals: bool
    keep_returns: bool


def broken_windows(spans: Spans, valid: Mask, columns: Rows) -> Mask:
    """(E, W) windows whose CAR is not of the window: a return over several sessions (``spans`` (E, D)) began before
    it, or the last session has no return, so that one ends after it. ``valid`` (E, D) where there is an AR.
    """
    days = np.arange(spans.shape[1])
    broken = np.zeros((len(spans), len(columns)), dtype=bool)
    if len(spans) == 0:  # and so it is not known how many days there are
        return broken
    for w, (first, last) in enumerate(columns):
        began = valid & (spans > days - first + 1)
        broken[:, w] = began[:, first : last + 1].any(axis=1) | ~valid[:, last]
    return broken


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


def joined(parts: Sequence[EventEstimates], reasons: dict[int, str]) -> EventEstimates:
    """Parts of the same events as one, with ``reasons`` added to what they exclude."""
    every = dict(reasons)
    for part in parts:
        every.update(part.excluded)
    return replace(parts[0], excluded=tuple(sorted(every.items())), **dict(_of_events(parts)))


def in_order(parts: Sequence[EventEstimates]) -> EventEstimates:
    """Parts of the same events as one, in the order of the events; none excluded."""
    order = np.argsort(np.concatenate([part.kept for part in parts]), kind="stable")
    return replace(parts[0], excluded=(), **{name: values[order] for name, values in _of_events(parts)})


def _of_events(parts: Sequence[EventEstimates]) -> Iterator[tuple[str, Any]]:
    """What there is of each event, by name, of all ``parts``; None in a part without events counts for nothing."""
    for name in EventEstimates.__dataclass_fields__:
        values = [value for part in parts if (value := getattr(part, name)) is not None]
        if values and isinstance(values[0], np.ndarray):
            yield name, values[0] if len(values) == 1 else np.concatenate(values)
        elif values and isinstance(values[0], SyntheticFit):
            yield name, SyntheticFit.joined(values)
