"""Inputs and outputs of the estimation engine, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from correlator.eventstudy.estimation.models import Model
from correlator.eventstudy.panel.frames import Array, Donors, Mask, Panel, Rows, Spans
from correlator.eventstudy.panel.trade_to_trade import factors_over_spans, summed_over

FLAT_RETURN_REASON = "zero variance in the estimation window"
FLAT_DESIGN_REASON = "benchmark or factors without variation of their own in the estimation window"
NO_BAR_REASON = "no bar in the event window"
_TOO_FEW = " bars in the estimation window"


_BITS = 63
"""Bits of the integer into which symbol, day and position of an event are packed for sorting."""


@dataclass(frozen=True)
class SyntheticFit:
    """Synthetic controls of E events from M donors.

    ``weights`` (E, M): not negative, their sum is 1, NaN for donors that were not in an event's pool; ``rmse`` (E,):
    root mean square error in the estimation window, fractions per session; ``r_squared`` (E,): share of the variance
    of the return explained there, negative if the mean fits better.
    """

    weights: Array
    rmse: Array
    r_squared: Array

    def __getitem__(self, chosen: NDArray[Any]) -> SyntheticFit:
        """Return the controls of the events at ``chosen``."""
        return SyntheticFit(self.weights[chosen], self.rmse[chosen], self.r_squared[chosen])

    @classmethod
    def joined(cls, parts: Sequence[SyntheticFit]) -> SyntheticFit:
        """Concatenate ``parts``."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class EventEstimates:
    """Estimates of E kept events over D event bars and W windows (k coefficients, L estimation bars at most).

    ``coefficients`` (E, k) constant first; ``sigma`` (E,) sqrt(SSR/(n-k)); ``n``, ``df`` (E,) bars used and n - k;
    ``ar``, ``ar_se``, ``expected``, ``actual`` (E, D) as fractions, NaN where a bar is missing; ``car``, ``car_se``
    (E, W), NaN if the window has no bar, ``n_car`` (E, W) bars counted; ``estimation_residuals`` (E, L), NaN where not
    used, None unless requested, column j is row ``est_first`` + j of the panel; ``kept`` (E,) positions among the
    input events; ``symbol_index``, ``day_zero``, ``est_first``, ``win_first`` (E,) of the kept events; ``excluded``
    (position, reason) of the others; ``model`` its name; ``spans`` (E, D) sessions that each return of the event window
    covers, None if each covers one; ``synthetic`` the synthetic controls, for the model ``synthetic``;
    ``represented`` (E,) number of events that an observation represents, None if each represents itself; ``dated``
    which of the windows (``estimation``, ``event``) have the same rows for every event on a panel of several exchanges,
    with NaN on days on which the event's exchange is closed.
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
    represented: Rows | None = None
    dated: frozenset[str] = frozenset()

    @property
    def day_ar(self) -> Array:
        """``ar`` of returns over one session, for means by day; a return over several sessions began before its day."""
        return self.ar if self.spans is None else np.where(self.spans == 1, self.ar, np.nan)

    @property
    def day_se(self) -> Array:
        """Standard errors of ``day_ar``."""
        return self.ar_se if self.spans is None else np.where(self.spans == 1, self.ar_se, np.nan)

    @property
    def path_ar(self) -> Array:
        """``ar`` without returns that began before the event window, for cumulative paths."""
        if self.spans is None:
            return self.ar
        return np.where(self.spans <= np.arange(1, self.ar.shape[1] + 1), self.ar, np.nan)

    def __len__(self) -> int:
        return len(self.kept)

    def observed(self, rows: Rows | None = None) -> Rows:
        """Return the first event of each symbol and day 0 among ``rows`` (default: all events).

        Events with the same symbol and day 0 have the same values, so they are one observation in a test.
        """
        rows = np.arange(len(self)) if rows is None else rows
        key, position_bits = self._symbol_and_day(rows), len(rows).bit_length()
        if int(key.max(initial=0)).bit_length() + position_bits > _BITS:
            return np.asarray(rows[np.sort(np.unique(key, return_index=True)[1])])
        packed = np.sort((key << position_bits) | np.arange(len(rows)))  # a single integer sort, by key and position
        first = packed[np.diff(packed >> position_bits, prepend=-1) > 0]
        kept = np.zeros(len(rows), dtype=np.bool_)
        kept[first & ((1 << position_bits) - 1)] = True
        return np.asarray(rows[kept])

    def _symbol_and_day(self, rows: Rows) -> Rows:
        """Return an integer per event of ``rows`` that identifies its symbol and day 0."""
        span = int(self.day_zero.max(initial=0)) + 1
        return np.asarray(self.symbol_index[rows] * span + self.day_zero[rows])

    def observations(self) -> EventEstimates:
        """Return the events that ``observed`` selects; ``represented`` is the number of events that each represents."""
        key = self._symbol_and_day(np.arange(len(self)))
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        if len(first) == len(self):
            return self
        order = np.argsort(first)
        counts = np.bincount(which, weights=self.represented).astype(np.int64)
        return replace(self.take(first[order]), represented=counts[order])

    def take(self, positions: ArrayLike) -> EventEstimates:
        """Return the kept events at ``positions`` (indices or a mask), e.g. one group; ``excluded`` is empty."""
        chosen = np.asarray(positions)
        return replace(self, excluded=(), **{name: values[chosen] for name, values in _event_arrays([self])})

    def excluding(self, reasons: dict[int, str]) -> EventEstimates:
        """Return a copy with ``excluded`` set to ``reasons`` (by position)."""
        return replace(self, excluded=tuple(reasons.items()))


@dataclass(frozen=True)
class Placement:
    """Position of E events in the panel: column, and rows of day 0, estimation and event window, ends included.

    All (E,) integers; rows may lie outside the panel. ``car_columns`` (W, 2): first and last column of each CAR window
    within the event window, ends included. ``touched`` (E, M): donors that an event affects, in addition to those that
    are not allowed for its symbol; None for no others.
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
        """Place events by first and last rows of ``estimation`` and event ``window``; by default, one CAR over all."""
        symbols, zero, est_first, est_last, first, last = (
            np.asarray(rows, dtype=np.int64) for rows in (symbol_index, day_zero, *estimation, *window)
        )
        window_columns = [[0, int((last - first).max(initial=-1))]] if len(first) == len(last) else [[0, 0]]
        columns = np.asarray(window_columns if car_columns is None else car_columns, dtype=np.int64).reshape(-1, 2)
        return cls(symbols, zero, est_first, est_last, first, last, columns)

    @property
    def days(self) -> int:
        """Length of the longest event window in bars, D."""
        return int((self.win_last - self.win_first).max(initial=-1)) + 1

    @property
    def longest_estimation(self) -> int:
        """Length of the longest estimation window in bars."""
        return int((self.est_last - self.est_first).max(initial=-1)) + 1

    def take(self, chosen: Rows | Mask) -> Placement:
        """Return the events at ``chosen``."""
        names = ("symbol_index", "day_zero", "est_first", "est_last", "win_first", "win_last")
        touched = None if self.touched is None else self.touched[chosen]
        parts = {name: getattr(self, name)[chosen] for name in names}
        return Placement(**parts, car_columns=self.car_columns, touched=touched)


@dataclass(frozen=True)
class Bars:
    """The bars that models read.

    ``returns`` (T, S), fractions, NaN where missing; ``factors`` (T, K) or None, the benchmark first; ``own`` (T, S)
    the benchmark of each symbol, if they differ; ``spans`` (T, S) sessions since the last trade that a return covers,
    None if each covers one; ``donors`` and ``purged`` as in ``Panel``.
    """

    returns: Array
    factors: Array | None = None
    own: Array | None = None
    spans: Spans | None = None
    donors: Donors | None = None
    purged: Mask | None = None

    @classmethod
    def of(cls, panel: Panel, symbols: Rows | None = None) -> Bars:
        """Return the bars of a panel, or only its columns ``symbols``."""
        if symbols is None:
            return cls(panel.returns, panel.factors, panel.own_benchmark, panel.spans, panel.donors, panel.purged)
        per_symbol = (panel.own_benchmark, panel.spans, panel.purged)
        own, spans, purged = (None if each is None else each[:, symbols] for each in per_symbol)
        donors = None if panel.donors is None else panel.donors.of(symbols)
        return cls(panel.returns[:, symbols], panel.factors, own, spans, donors, purged)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Regressed:
    """The bars as one model uses them.

    ``regressors`` (T, K); ``own`` (T, S) replaces the only one if symbols have different benchmarks;
    ``benchmark``, (T,) or (T, S), is subtracted from returns, or None; ``returns``, ``spans`` and ``purged`` as in
    ``Bars``; ``by_session``: the regressors are of single sessions, whatever sessions a return spans.
    """

    returns: Array
    regressors: Array
    benchmark: Array | None = None
    own: Array | None = None
    spans: Spans | None = None
    purged: Mask | None = None
    by_session: bool = False

    def without_purged(self, outcome: Array, rows: Rows, symbols: Rows) -> Array:
        """Return ``outcome`` (E, L) at ``rows`` with NaN on bars that are purged from estimation."""
        if self.purged is None:
            return outcome
        return np.where(self.purged[rows, symbols[:, None]], np.nan, outcome)

    def actual(self, rows: Rows, inside: Mask, symbols: Rows) -> Array:
        """Return the returns (E, L) at ``rows``, NaN where not ``inside``."""
        return np.where(inside, self.returns[rows, symbols[:, None]], np.nan)

    def modelled(self, actual: Array, rows: Rows, symbols: Rows) -> Array:
        """Return ``actual`` less the benchmark if the model subtracts it."""
        if self.benchmark is None:
            return actual
        by_symbol = self.benchmark.ndim == 2
        return actual - (self.benchmark[rows, symbols[:, None]] if by_symbol else self.benchmark[rows])

    def design(self, rows: Rows, symbols: Rows) -> Array:
        """Return the regressors (K, E, L) at ``rows``, over the sessions of the returns."""
        if self.own is not None:
            return self.own[rows, symbols[:, None]][None]
        if self.by_session and self.spans is not None:
            return factors_over_spans(self.regressors, self.spans, rows, symbols)
        return np.ascontiguousarray(np.moveaxis(self.regressors[rows], 2, 0))

    def sessions(self, rows: Rows, symbols: Rows) -> Array | None:
        """Return the sessions (E, L) that each return covers, or None if each covers one."""
        return None if self.spans is None else self.spans[rows, symbols[:, None]].astype(np.float64)


@dataclass(frozen=True)
class PackedBars:
    """Bars in the memory layout of the compiled kernel, one symbol per row.

    ``returns`` (S, T) and ``regressor``, (1, T), or (S, T) if it differs by symbol, zeros if the model has none; NaN
    where missing; ``spans`` (S, T), or (0, 0), sessions that returns cover. Every estimation window has ``length``
    bars.
    """

    returns: Array
    regressor: Array
    spans: Spans
    length: int

    @classmethod
    def of(cls, bars: Regressed, length: int) -> PackedBars:
        """Pack the bars of a model with at most one regressor (``Model.is_a_line``)."""
        regressor = np.zeros((1, len(bars.returns)))
        if bars.regressors.shape[1]:
            own = bars.own
            if bars.by_session and bars.spans is not None and (bars.spans > 1).any():
                own = summed_over(bars.regressors, bars.spans, "sum", bars.spans.shape[1])
            regressor = np.ascontiguousarray(bars.regressors.T if own is None else own.T)
        spans = np.empty((0, 0), dtype=np.int16) if bars.spans is None else np.ascontiguousarray(bars.spans.T)
        return cls(np.ascontiguousarray(bars.returns.T), regressor, spans, length)


@dataclass(frozen=True)
class Request:
    """What to compute: ``model``; ``length`` of the longest estimation window and ``days`` of the event window, in
    bars; ``minimum`` bars of an estimation window; whether to keep residuals and returns.
    """

    model: Model
    length: int
    days: int
    minimum: int
    keep_residuals: bool
    keep_returns: bool


def broken_windows(spans: Spans, valid: Mask, columns: Rows) -> Mask:
    """Return a mask (E, W) of windows whose CAR does not cover exactly the window.

    A return over several sessions (``spans`` (E, D)) began before the window, or its last session has no return, so
    that a return ends after it. ``valid`` (E, D): where there is an AR.
    """
    days = np.arange(spans.shape[1])
    broken = np.zeros((len(spans), len(columns)), dtype=bool)
    if len(spans) == 0:  # without events the number of days is unknown
        return broken
    for w, (first, last) in enumerate(columns):
        began = valid & (spans > days - first + 1)
        broken[:, w] = began[:, first : last + 1].any(axis=1) | ~valid[:, last]
    return broken


def too_few(bars: int, minimum: int) -> str:
    """Return the reason for excluding an event whose estimation window has too few bars."""
    return f"{bars}{_TOO_FEW}, {minimum} needed"


def is_too_few(reason: str) -> bool:
    """Whether a reason is one of ``too_few``."""
    return _TOO_FEW in reason


def off_panel(returns: Array, where: Placement, minimum: int) -> dict[int, str]:
    """Return reasons, by position, of events whose windows overlap or reach beyond the panel of ``returns`` (T, S)."""
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
    """Concatenate ``parts`` of a study, and add ``reasons`` to their excluded events."""
    excluded = dict(reasons)
    for part in parts:
        excluded.update(part.excluded)
    return replace(parts[0], excluded=tuple(sorted(excluded.items())), **dict(_event_arrays(parts)))


def in_order(parts: Sequence[EventEstimates]) -> EventEstimates:
    """Concatenate ``parts`` of a study in the order of the events; ``excluded`` is empty."""
    order = np.argsort(np.concatenate([part.kept for part in parts]), kind="stable")
    return replace(parts[0], excluded=(), **{name: values[order] for name, values in _event_arrays(parts)})


def _event_arrays(parts: Sequence[EventEstimates]) -> Iterator[tuple[str, Any]]:
    """Yield name and concatenated values of every field with one row per event; parts with None are skipped."""
    for name in EventEstimates.__dataclass_fields__:
        values = [value for part in parts if (value := getattr(part, name)) is not None]
        if values and isinstance(values[0], np.ndarray):
            yield name, values[0] if len(values) == 1 else np.concatenate(values)
        elif values and isinstance(values[0], SyntheticFit):
            yield name, SyntheticFit.joined(values)
