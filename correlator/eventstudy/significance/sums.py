"""Sums over events, from which every test across events is computed: each is defined in numpy over a block of events.

Sums are computed in stages, since some need the results of earlier ones: ``values`` first, then ``moments`` around the
means, then sums of deviations by mean and sd and of the ``residuals`` of the estimation windows. Residuals are computed
block by block and discarded, so any number of events needs the memory of one block. K columns are days, then windows;
D days, L estimation bars.

To add a sum for a new statistic: write it here as a function of a block and of the known sums, with ``@summed``; it is
then ``evidence.sums["its name"]``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from correlator.eventstudy.panel.frames import Array, Mask, Rows
from correlator.eventstudy.significance.arrays import Columns, StudyArrays

STAGES: Final = ("values", "moments", "residuals")
ROUNDING = 1e-14
"""A mean residual below this fraction of its sd is a rounding error of zero."""


@dataclass(frozen=True)
class Block:
    """Some events: ``arrays`` and which ``rows`` of them; ``columns`` of the study."""

    arrays: StudyArrays
    rows: Rows
    columns: Columns

    @cached_property
    def x(self) -> Array:
        """(B, K) AR, then CAR."""
        return np.concatenate([self.arrays.ar[self.rows], self.arrays.car[self.rows]], axis=1)

    @cached_property
    def se(self) -> Array:
        """(B, K) forecast-error sd of x."""
        return np.concatenate([self.arrays.ar_se[self.rows], self.arrays.car_se[self.rows]], axis=1)

    @cached_property
    def scaled(self) -> Array:
        """(B, K) x / se."""
        return np.asarray(self.x / self.se)

    @cached_property
    def present(self) -> Mask:
        """(B, K) where x is known."""
        return ~np.isnan(self.x)

    @cached_property
    def scalable(self) -> Mask:
        """(B, K) where x / se is known."""
        return ~np.isnan(self.scaled)

    @cached_property
    def bars(self) -> Array:
        """(B, K) bars of the column that the event has, 0 where it has no value."""
        days = self.columns.days
        counted = np.concatenate([self.present[:, :days], self.arrays.window_bars[self.rows]], axis=1, dtype=np.float64)
        return counted if bool(self.present[:, days:].all()) else np.where(self.present, counted, 0.0)

    @cached_property
    def sigma(self) -> Array:
        """(B,) residual sd."""
        return self.arrays.sigma[self.rows]

    @cached_property
    def df(self) -> Array:
        """(B,) degrees of freedom."""
        return self.arrays.df[self.rows].astype(np.float64)

    @cached_property
    def n(self) -> Array:
        """(B,) residuals used."""
        return self.arrays.n[self.rows].astype(np.float64)

    @cached_property
    def estimation(self) -> tuple[Array, Mask, Array]:
        """e, used and daily."""
        return self.arrays.estimation(self.rows)

    @cached_property
    def e(self) -> Array:
        """(B, L) residuals, 0 where not used."""
        return self.estimation[0]

    @cached_property
    def used(self) -> Mask:
        """(B, L) where there is a residual."""
        return self.estimation[1]

    @cached_property
    def daily(self) -> Array:
        """(B, D) abnormal returns to be ranked with the residuals."""
        return self.estimation[2]

    @cached_property
    def centred(self) -> Array:
        """(B, L) residuals less their mean, 0 where not used."""
        mean = self.e.sum(axis=1) / self.n
        flat = np.abs(mean) <= ROUNDING * self.sigma
        return self.e if bool(flat.all()) else np.where(self.used, self.e - mean[:, None], 0.0)

    @cached_property
    def squares(self) -> Array:
        """(B,) squared residuals, less their mean, summed."""
        return np.asarray(np.einsum("ij,ij->i", self.centred, self.centred))

    def away(self, mean: Array) -> Array:
        """(B, K) x less ``mean`` (K,), 0 where unknown."""
        return _filled(self.x - mean)

    def scaled_away(self, mean: Array) -> Array:
        """(B, K) x / se less ``mean`` (K,), 0 where unknown."""
        return _filled(self.scaled - mean)


@dataclass(frozen=True)
class Known:
    """The ``sums`` over ``events`` known so far; every array is (K,) unless stated."""

    events: int
    columns: Columns
    sums: Mapping[str, Array]

    @cached_property
    def n(self) -> Array:
        """Events with a value."""
        return self.sums["n"]

    @cached_property
    def mean(self) -> Array:
        return _ratio(self.sums["total"], self.n)

    @cached_property
    def sd(self) -> Array:
        """Divisor n - 1."""
        return np.sqrt(_ratio(self.sums["squares"], self.n - 1))

    @cached_property
    def scaled_n(self) -> Array:
        """Events with a value and its error."""
        return self.sums["scaled_n"]

    @cached_property
    def scaled_mean(self) -> Array:
        return _ratio(self.sums["scaled_total"], self.scaled_n)

    @cached_property
    def scaled_sd(self) -> Array:
        return np.sqrt(_ratio(self.sums["scaled_squares"], self.scaled_n - 1))

    @cached_property
    def bars(self) -> Array:
        """Bars in the column, mean over events with a value."""
        return _ratio(self.sums["bars"], self.n)


Sum = Callable[[Block, Known], Array]
SUMS: Final[dict[str, dict[str, Sum]]] = {stage: {} for stage in STAGES}


def summed(stage: str) -> Callable[[Sum], Sum]:
    """Register a sum under its function's name in ``stage``; it can use all sums of earlier stages."""

    def register(function: Sum) -> Sum:
        SUMS[stage][function.__name__] = function
        return function

    return register


@summed("values")
def n(block: Block, _: Known) -> Array:
    """(K,) events with a value."""
    return _count(block.present)


@summed("values")
def total(block: Block, _: Known) -> Array:
    """(K,) of x."""
    return _total(_filled(block.x))


@summed("values")
def positive(block: Block, _: Known) -> Array:
    """(K,) events with x above zero."""
    return _count(block.x > 0)


@summed("values")
def scaled_n(block: Block, _: Known) -> Array:
    """(K,) events with x / se."""
    return _count(block.scalable)


@summed("values")
def scaled_total(block: Block, _: Known) -> Array:
    """(K,) of x / se."""
    return _total(_filled(block.scaled))


@summed("values")
def patell(block: Block, _: Known) -> Array:
    """(K,) of df / (df - 2), the variance of x / se."""
    return np.asarray((block.df / np.where(block.df > 2, block.df - 2, np.nan)) @ block.scalable)


@summed("values")
def forecast(block: Block, _: Known) -> Array:
    """(K,) of (se / sigma)^2."""
    return np.asarray((1.0 / block.sigma**2) @ np.square(_filled(block.se)))


@summed("values")
def forecasts(block: Block, _: Known) -> Array:
    """(K,) events with an error."""
    return _count(~np.isnan(block.se))


@summed("values")
def bars(block: Block, _: Known) -> Array:
    """(K,) bars that the events with a value have in the column."""
    return _total(block.bars)


@summed("moments")
def squares(block: Block, known: Known) -> Array:
    """(K,) of squared deviations of x from its mean."""
    away = block.away(known.mean)
    return np.asarray(np.einsum("ij,ij->j", away, away))


@summed("moments")
def cubes(block: Block, known: Known) -> Array:
    """(K,) of cubed deviations of x from its mean."""
    away = block.away(known.mean)
    return np.asarray(np.einsum("ij,ij->j", away * away, away))


@summed("moments")
def scaled_squares(block: Block, known: Known) -> Array:
    """(K,) of squared deviations of x / se from its mean."""
    away = block.scaled_away(known.scaled_mean)
    return np.asarray(np.einsum("ij,ij->j", away, away))


@summed("residuals")
def pseudo(block: Block, known: Known) -> Array:
    """(3, K) how many, sum and squares of the jackknife's values N q - (N - 1) q(-i) of the ratio q = mean / sd of
    x / se, less q itself; leave-one-out moments in closed form.
    """
    rest, mean, sd = known.scaled_n - 1, known.scaled_mean, known.scaled_sd
    away = block.scaled - mean
    without = np.sqrt(sd**2 * rest / (rest - 1) - away * away * (known.scaled_n / rest / (rest - 1)))
    values = rest * (mean / sd) - (mean * rest - away) / without
    filled = _filled(values)
    return np.stack([_count(~np.isnan(values)), _total(filled), np.einsum("ij,ij->j", filled, filled)])


@summed("residuals")
def variance(block: Block, _: Known) -> Array:
    """(K,) of the residuals' variance (divisor n - 1) times the bars that the event has in the column."""
    return np.asarray((block.squares / (block.n - 1)) @ block.bars)


@summed("residuals")
def positive_share(block: Block, _: Known) -> Array:
    """(K,) of the share of residuals above zero, over events with a value."""
    return np.asarray((np.count_nonzero(block.e > 0, axis=1) / block.n) @ block.present)


@summed("residuals")
def residual(block: Block, _: Known) -> Array:
    """(L,) of residuals by position."""
    return _total(block.e)


def _filled(values: Array) -> Array:
    """``values`` with 0 where they are NaN."""
    return np.where(np.isnan(values), 0.0, values)


def _total(values: Array) -> Array:
    """(K,) sums over events."""
    return np.asarray(values.sum(axis=0))


def _count(mask: Mask) -> Array:
    """(K,) events where ``mask`` holds."""
    return np.asarray(mask.sum(axis=0, dtype=np.float64))


def _ratio(value: Array, by: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(value / by)
