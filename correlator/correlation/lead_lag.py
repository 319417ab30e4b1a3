"""Which series moves first: cross-correlations of two series at leads and lags, and Granger tests.

A lag k > 0 always means that the first series (news) leads: its value at bar t - k is paired with the second's at bar
t; k < 0 means that it follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from correlator.base.seeds import generator
from correlator.correlation.resample import Rows, best_block, stationary_rows
from correlator.correlation.series import (
    Array,
    aligned,
    hac_regression,
    lagged,
    refuse_sparse,
)
from correlator.errors import InputError, StudyError
from correlator.eventstudy.significance.multiple_testing import holm, romano_wolf

BANDS = ("hac", "bootstrap")
_CELLS = 4_000_000
_CONSTANT = 1e-12
"""A sum of squares around the mean is rounding error if it is less than this fraction of that around zero."""
_ROUNDING = 1e-12
"""Correlations that differ by less are equal."""


@dataclass(frozen=True)
class LeadLag:
    """``table``: lag, n, correlation, se, bounds, p_value, p_adjusted, tested, one row per lag in order.

    With ``hac`` bands the bounds are ``low`` and ``high`` around the correlation and p_adjusted is Holm's; with
    ``bootstrap`` they are ``null_low`` and ``null_high``, the range of correlations of unrelated series with the same
    autocorrelation, and p_adjusted is Romano and Wolf's over all lags.
    """

    table: pl.DataFrame
    bands: str
    level: float

    @property
    def strongest(self) -> dict[str, float]:
        """The row with the largest absolute correlation."""
        return self.table.sort(pl.col("correlation").abs(), descending=True, nulls_last=True).row(0, named=True)


class BootstrapKeywords(TypedDict, total=False):
    """Keywords of ``Bootstrap``."""

    draws: int
    block: float | None
    seed: int


@dataclass(frozen=True)
class Bootstrap:
    """Resampling: ``draws`` from ``seed``, in stationary blocks of mean length ``block``; None for the best length."""

    draws: int = 1_999
    block: float | None = None
    seed: int = 0


def lead_lag(
    news: ArrayLike,
    returns: ArrayLike,
    *,
    max_lag: int = 10,
    bands: str = "hac",
    level: float = 0.95,
    hac_lags: int | None = None,
    **resampled: Unpack[BootstrapKeywords],
) -> LeadLag:
    """Return correlations of ``news`` at t - k with ``returns`` at t, both (T,), for k from -max_lag to max_lag.

    ``hac``: the correlation as the slope between standardised series with errors by cosines and Student's t (see
    ``series``), or Newey-West errors with ``hac_lags``; both are robust to autocorrelation. ``bootstrap``: each series
    is resampled separately in stationary blocks of mean length ``block`` (default: the longer of both series' best), so
    that it keeps its autocorrelation and loses its relation to the other; p-values are fractions of draws. Bars missing
    in either series are left out. Raises InputError for invalid arguments and StudyError for series that are too short
    or constant.
    """
    first, second = aligned(news, returns)
    if bands not in BANDS:
        raise InputError(f"bands {bands!r} is not known", hint=f"choose {' or '.join(BANDS)}")
    if max_lag < 0:
        raise InputError(f"max_lag must be at least 0, got {max_lag}")
    if len(first) < max_lag + 3:
        hint = "give fewer lags, or a longer series"
        raise InputError(f"{max_lag} lags need at least {max_lag + 3} bars, got {len(first)}", hint=hint)
    lags = np.arange(-max_lag, max_lag + 1, dtype=np.int64)
    if bands == "hac":
        return LeadLag(_by_hac(first, second, lags, level, hac_lags=hac_lags), bands, level)
    return LeadLag(_by_bootstrap(first, second, lags, level, how=Bootstrap(**resampled)), bands, level)


def granger(cause: ArrayLike, effect: ArrayLike, *, max_lag: int = 5) -> pl.DataFrame:
    """Test whether the past of ``cause`` predicts ``effect`` beyond its own past. Granger (1969), Econometrica 37.

    Returns one row per order 1 to ``max_lag``: lags, n, f, df_num, df_den, p_value, p_holm, tested. For order p, the F
    test that all p lags of ``cause`` have zero coefficients in a regression of ``effect`` on a constant and p lags of
    both, over bars without missing values. Raises StudyError if the series is too short.
    """
    from scipy.special import fdtrc

    x, y = aligned(cause, effect)
    if max_lag < 1:
        raise InputError(f"max_lag must be at least 1, got {max_lag}")
    rows = []
    for order in range(1, max_lag + 1):
        own = np.stack([lagged(y, lag) for lag in range(1, order + 1)], axis=1)
        other = np.stack([lagged(x, lag) for lag in range(1, order + 1)], axis=1)
        design = np.column_stack([np.ones(len(y)), own, other])
        complete = np.isfinite(design).all(axis=1) & np.isfinite(y)
        n, df = int(complete.sum()), int(complete.sum()) - 2 * order - 1
        if df < 1:
            raise StudyError(f"{n} bars are too few for {order} lags of two series", hint="give fewer lags")
        unrestricted = _residual_squares(y[complete], design[complete])
        restricted = _residual_squares(y[complete], design[complete][:, : order + 1])
        f = (restricted - unrestricted) / order / (unrestricted / df)
        rows.append({"lags": order, "n": n, "f": f, "df_num": order, "df_den": df, "p_value": fdtrc(order, df, f)})
    frame = pl.DataFrame(rows)
    return frame.with_columns(
        pl.Series("p_holm", holm(frame["p_value"].to_numpy())), pl.lit(len(rows), pl.Int64).alias("tested")
    )


def _by_hac(first: Array, second: Array, lags: Rows, level: float, *, hac_lags: int | None) -> pl.DataFrame:
    refuse_sparse(first, "the news")
    rows = []
    for lag in lags.tolist():
        x, y = lagged(first, lag), second
        both = np.isfinite(x) & np.isfinite(y)
        n = int(both.sum())
        if n < 3 or not (np.ptp(x[both]) > 0 and np.ptp(y[both]) > 0):
            raise StudyError(f"at lag {lag} one of the series is constant", hint="give a longer series")
        x, y = ((part - part[both].mean()) / part[both].std() for part in (x, y))
        fit = hac_regression(y, np.column_stack([np.ones(len(x)), x]), hac_lags)
        reach = fit.reach(level)
        rho, se = float(fit.estimate[1]), float(fit.se[1])
        bounds = {"low": rho - reach * se, "high": rho + reach * se}
        rows.append({"lag": lag, "n": fit.n, "correlation": rho, "se": se, **bounds, "p_value": float(fit.p_value[1])})
    frame = pl.DataFrame(rows)
    return _adjusted(frame, holm(frame["p_value"].to_numpy()))


def _by_bootstrap(first: Array, second: Array, lags: Rows, level: float, *, how: Bootstrap) -> pl.DataFrame:
    draws = how.draws
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}", hint="give 999 or more")
    x, y = _standardised(first), _standardised(second)
    length = max(best_block(_filled(x)), best_block(_filled(y))) if how.block is None else how.block
    counts, correlations = _correlations(x[None, :], y[None, :], lags)
    for lag, unknown in zip(lags.tolist(), np.isnan(correlations[0]).tolist(), strict=True):
        if unknown:
            raise StudyError(f"at lag {lag} one of the series is constant", hint="give a longer series")
    observed, null = correlations[0], _null_correlations(x, y, lags, length, how=how)
    size = np.abs(observed) - _ROUNDING
    exceed = (np.abs(null) >= size).sum(axis=0)
    low, high = np.quantile(null, [(1 - level) / 2, (1 + level) / 2], axis=0)
    frame = pl.DataFrame(
        {
            "lag": lags,
            "n": counts[0].astype(np.int64),
            "correlation": observed,
            "se": null.std(axis=0, ddof=1),
            "null_low": low,
            "null_high": high,
            "p_value": (1 + exceed) / (1 + len(null)),
        }
    )
    return _adjusted(frame, romano_wolf(size, np.abs(null)))


def _null_correlations(x: Array, y: Array, lags: Rows, length: float, *, how: Bootstrap) -> Array:
    """Return correlations (B, K) of separate resamples of two series; draws with a constant one are left out."""
    rng = generator(how.seed)
    step = max(1, _CELLS // len(x))
    parts = []
    for start in range(0, how.draws, step):
        size = min(step, how.draws - start)
        drawn = [series[stationary_rows(len(x), length, size, rng)] for series in (x, y)]
        parts.append(_correlations(drawn[0], drawn[1], lags)[1])
    null = np.concatenate(parts)
    defined: Array = null[np.isfinite(null).all(axis=1)]
    if 2 * len(defined) < how.draws:
        raise StudyError(
            "one of the series is constant in most draws of the bootstrap", hint="load more news, or give fewer lags"
        )
    return defined


def _adjusted(frame: pl.DataFrame, adjusted: Array) -> pl.DataFrame:
    return frame.with_columns(pl.Series("p_adjusted", adjusted), pl.lit(frame.height, pl.Int64).alias("tested"))


def _standardised(series: Array) -> Array:
    """Return deviations from the mean over the standard deviation, NaN where missing."""
    finite = np.isfinite(series)
    if finite.sum() < 3 or np.ptp(series[finite]) == 0:
        raise StudyError("one of the series is constant", hint="give a longer series")
    deviation = series - series[finite].mean()
    return np.where(finite, deviation / series[finite].std(), np.nan)


def _filled(series: Array) -> Array:
    return np.where(np.isfinite(series), series, 0.0)


def _correlations(x: Array, y: Array, lags: Rows) -> tuple[Array, Array]:
    """Return the numbers of pairs and their correlations (B, K) of rows of ``x`` at t - lag with rows of ``y`` at t."""
    pairs = [_correlation(_without_last(x, lag), _without_last(y, -lag)) for lag in lags.tolist()]
    return np.stack([n for n, _ in pairs], axis=1), np.stack([values for _, values in pairs], axis=1)


def _without_last(rows: Array, lag: int) -> Array:
    """Return rows (B, T) without their last ``lag`` bars, or without the first ``-lag``."""
    return rows[:, : rows.shape[1] - lag] if lag >= 0 else rows[:, -lag:]


def _correlation(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the number of pairs (B,) without a missing value in rows of ``a`` and ``b`` (B, T), and their correlation.

    It is NaN with fewer than three pairs, or if one side of them is constant.
    """
    in_a, in_b = (np.isfinite(part).astype(np.float64) for part in (a, b))
    a, b = _filled(a), _filled(b)
    n = _products(in_a, in_b)
    sums, squares = (_products(a, in_b), _products(in_a, b)), (_products(a * a, in_b), _products(in_a, b * b))
    with np.errstate(divide="ignore", invalid="ignore"):
        spreads = [square - total * total / n for square, total in zip(squares, sums, strict=True)]
        values = (_products(a, b) - sums[0] * sums[1] / n) / np.sqrt(spreads[0] * spreads[1])
    varies = (n >= 3) & (spreads[0] > _CONSTANT * squares[0]) & (spreads[1] > _CONSTANT * squares[1])
    return n, np.where(varies, values, np.nan)


def _products(a: Array, b: Array) -> Array:
    """Return the sums (B,) of the products of two matrices (B, T) row by row."""
    return np.asarray(np.einsum("bt,bt->b", a, b))


def _residual_squares(y: Array, x: Array) -> float:
    coefficients, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    if rank < x.shape[1]:
        raise StudyError("lags of the series are collinear: one of them is constant, or both are the same")
    residuals = y - x @ coefficients
    return float(residuals @ residuals)
