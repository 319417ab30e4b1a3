"""Sums over events from which every test across events follows; parts of a study add up to the whole.

Two looks at the events: the first gives mean and spread of abnormal returns, which the second needs, because the
generalised ranks scale by the spread and the jackknife leaves one event out of it. K columns are days then windows, D
days, L estimation bars at most.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from correlator.eventstudy.significance.arrays import Array


@dataclass(frozen=True)
class Spread:
    """``n`` values, their ``mean`` and the sum ``m2`` of squared deviations from it, each (K,)."""

    n: Array
    mean: Array
    m2: Array

    @property
    def sd(self) -> Array:
        """(K,) standard deviation, divisor n - 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.sqrt(self.m2 / (self.n - 1)))

    def __add__(self, other: Spread) -> Spread:
        n, apart, share = _together(self.n, self.mean, other.n, other.mean)
        mean = np.where(self.n > 0, np.nan_to_num(self.mean) + apart * share, other.mean)
        return Spread(n, mean, self.m2 + other.m2 + apart**2 * self.n * share)


@dataclass(frozen=True)
class FirstLook:
    """Sums over ``events`` events, each (K,): of what is in a column.

    ``value``: abnormal returns x, ``cubes`` the sum of their cubed deviations, ``positive`` how many are above zero;
    ``scaled``: x / se; ``patell``: sum of df / (df - 2); ``forecast``: sum of (se / sigma)^2 and ``forecasts``
    how many.
    """

    events: int
    value: Spread
    cubes: Array
    positive: Array
    scaled: Spread
    patell: Array
    forecast: Array
    forecasts: Array

    def __add__(self, other: FirstLook) -> FirstLook:
        value = self.value + other.value
        _, apart, share = _together(self.value.n, self.value.mean, other.value.n, other.value.mean)
        a, b = self.value.n, other.value.n
        with np.errstate(divide="ignore", invalid="ignore"):
            skewed = apart**3 * share * a * (a - b) / value.n
            crossed = 3 * apart * (a * other.value.m2 - b * self.value.m2) / value.n
        cubes = self.cubes + other.cubes + np.nan_to_num(skewed) + np.nan_to_num(crossed)
        return FirstLook(
            events=self.events + other.events,
            value=value,
            cubes=cubes,
            positive=self.positive + other.positive,
            scaled=self.scaled + other.scaled,
            patell=self.patell + other.patell,
            forecast=self.forecast + other.forecast,
            forecasts=self.forecasts + other.forecasts,
        )


@dataclass(frozen=True)
class SecondLook:
    """Sums over events of residuals and ranks.

    ``variance`` (K,) of the residuals' variances, divisor n - 1, over events with a value; ``positive`` (1,) of the
    share of residuals above zero; ``residual``, ``residuals`` (L,) residuals by position and how many;
    ``corrado``, ``zivney`` (L + D,) of K - (M + 1)/2 and K/(M + 1) - 1/2 by day, ``ranked`` (L + D,) how many;
    ``daily``, ``present`` (K, L) of U by estimation day over events with a value, and how many; ``u``, ``u_weight``
    (K,) of U of the event and of L/(12 (L + 2)); ``pseudo``: the jackknife's values.
    """

    variance: Array
    positive: Array
    residual: Array
    residuals: Array
    corrado: Array
    zivney: Array
    ranked: Array
    daily: Array
    present: Array
    u: Array
    u_count: Array
    u_weight: Array
    pseudo: Spread

    def __add__(self, other: SecondLook) -> Self:
        names = [field.name for field in fields(self)]
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in names})


def spread_of(x: Array) -> Spread:
    """Over the first axis of ``x`` (E, K), NaN left out."""
    n = (~np.isnan(x)).sum(axis=0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.nansum(x, axis=0) / n
        return Spread(n, mean, np.nansum((x - mean) ** 2, axis=0))


def _together(a: Array, mean_a: Array, b: Array, mean_b: Array) -> tuple[Array, Array, Array]:
    """How many together, how far the means lie apart (0 where one side is empty), and the share of ``b``."""
    n = a + b
    apart = np.where((a > 0) & (b > 0), mean_b - mean_a, 0.0)
    return n, apart, b / np.maximum(n, 1.0)
