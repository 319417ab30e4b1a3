"""A news signal over many symbols: whether it ranks the returns that follow.

A signal of session t is known before that session's close, so it is compared with the returns of bars t + 1 to t + h;
session t itself is not included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from correlator.correlation.series import Array, Mask, lagged, mean_with_error
from correlator.errors import InputError, StudyError


@dataclass(frozen=True)
class SignalTest:
    """``by_session``: row, n, ic (or spread and quantile means) per session with enough symbols; ``summary``: one row
    with the mean, its standard error over time (see ``series``), t, p_value, low, high and the number of sessions.
    """

    by_session: pl.DataFrame
    summary: pl.DataFrame


def forward_returns(returns: ArrayLike, horizon: int) -> Array:
    """Return the sums (T, S) of the returns of bars t + 1 to t + ``horizon``, NaN where one of them is missing."""
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or horizon < 1:
        raise InputError(
            f"forward returns need a matrix of returns and a horizon of at least 1, got {values.ndim} dimensions and "
            f"horizon {horizon}"
        )
    columns = [np.sum([lagged(column, -h) for h in range(1, horizon + 1)], axis=0) for column in values.T]
    return np.stack(columns, axis=1)


def information_coefficient(
    signal: ArrayLike, returns: ArrayLike, *, horizon: int = 1, minimum: int = 5, hac_lags: int | None = None
) -> SignalTest:
    """Return Spearman's correlation over symbols of ``signal`` (T, S) with the returns after it, session by session.

    Sessions with fewer than ``minimum`` symbols, or without variation, are left out. The error of the mean is by
    cosines, or Newey-West with ``hac_lags`` (see ``series``).
    """
    x, y = _pair(signal, returns, horizon)
    rows, coefficients, counts = [], [], []
    for row in range(len(x)):
        both = np.isfinite(x[row]) & np.isfinite(y[row])
        if both.sum() < minimum:
            continue
        ranks = _ranks(x[row, both]), _ranks(y[row, both])
        if np.ptp(ranks[0]) == 0 or np.ptp(ranks[1]) == 0:
            continue
        rows.append(row)
        counts.append(int(both.sum()))
        coefficients.append(float(np.corrcoef(*ranks)[0, 1]))
    frame = pl.DataFrame(
        {"row": rows, "n": counts, "ic": coefficients}, schema={"row": pl.Int64, "n": pl.Int64, "ic": pl.Float64}
    )
    return SignalTest(frame, _summary(frame, "ic", len(x), horizon, hac_lags=hac_lags))


def quantile_spread(
    signal: ArrayLike,
    returns: ArrayLike,
    *,
    horizon: int = 1,
    quantiles: int = 5,
    hac_lags: int | None = None,
) -> SignalTest:
    """Return the mean return after ``signal`` of each quantile of symbols, and of the highest less the lowest.

    Symbols with equal signals share their quantiles equally, so that the order of columns does not matter. Sessions
    with fewer symbols than quantiles, or a constant signal, are left out.
    """
    if quantiles < 2:
        raise InputError(f"quantiles must be at least 2, got {quantiles}")
    x, y = _pair(signal, returns, horizon)
    rows, means = [], []
    for row in range(len(x)):
        both = np.isfinite(x[row]) & np.isfinite(y[row])
        if both.sum() < quantiles or np.ptp(x[row, both]) == 0:
            continue
        rows.append(row)
        means.append(_quantile_means(x[row, both], y[row, both], quantiles))
    table = np.array(means).reshape(-1, quantiles)
    spread = table[:, -1] - table[:, 0]
    columns = {f"q{i + 1}": table[:, i] for i in range(quantiles)}
    frame = pl.DataFrame({"row": pl.Series(rows, dtype=pl.Int64), **columns, "spread": spread})
    return SignalTest(frame, _summary(frame, "spread", len(x), horizon, hac_lags=hac_lags))


def rolling_correlation(first: ArrayLike, second: ArrayLike, window: int, *, minimum: int | None = None) -> Array:
    """Return correlations (T,) over the ``window`` bars up to each bar, of bars that both series have.

    NaN with fewer than ``minimum`` (default ``window``) such bars, or if one of the series is constant on them. Each
    window is centred on its own means.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise InputError(f"rolling correlation needs two series of the same length, got shapes {a.shape} and {b.shape}")
    if not 2 <= window <= len(a):
        raise InputError(f"window must be between 2 and the {len(a)} bars of the series, got {window}")
    least = max(2, window if minimum is None else minimum)
    both = np.isfinite(a) & np.isfinite(b)
    views = [
        np.lib.stride_tricks.sliding_window_view(part, window)
        for part in (np.where(both, a, 0.0), np.where(both, b, 0.0))
    ]
    inside = np.lib.stride_tricks.sliding_window_view(both, window)
    n = inside.sum(axis=1)
    varies = (n >= least) & _varies(views[0], inside) & _varies(views[1], inside)
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (np.where(inside, view - (view.sum(axis=1) / n)[:, None], 0.0) for view in views)
        values = (left * right).sum(axis=1) / np.sqrt((left * left).sum(axis=1) * (right * right).sum(axis=1))
    correlations = np.full(len(a), np.nan)
    correlations[window - 1 :] = np.where(varies, values, np.nan)
    return correlations


def _varies(rows: Array, inside: Mask) -> Mask:
    """Return whether each row (R, W) has two different values ``inside``."""
    lowest = rows.min(axis=1, where=inside, initial=np.inf)
    highest = rows.max(axis=1, where=inside, initial=-np.inf)
    return np.asarray(highest > lowest)


def _pair(signal: ArrayLike, returns: ArrayLike, horizon: int) -> tuple[Array, Array]:
    x = np.asarray(signal, dtype=np.float64)
    y = forward_returns(returns, horizon)
    if x.shape != y.shape:
        raise InputError(
            f"signal and returns must have the same shape, got {x.shape} and {y.shape}",
            hint="give one value per session and symbol",
        )
    return x, y


def _quantile_means(x: Array, y: Array, quantiles: int) -> Array:
    """Return the mean of ``y`` (S,) in each quantile of ``x`` (S,), of equal size; ties in ``x`` get their mean."""
    _, group, size = np.unique(x, return_inverse=True, return_counts=True)
    level = np.bincount(group, weights=y) / size
    running = np.concatenate([[0.0], np.cumsum(level * size)])
    places = np.concatenate([[0], np.cumsum(size)])
    edges = np.linspace(0, len(x), quantiles + 1)
    return np.asarray(np.diff(np.interp(edges, places, running)) * quantiles / len(x))


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def _summary(by_session: pl.DataFrame, name: str, sessions: int, horizon: int, *, hac_lags: int | None) -> pl.DataFrame:
    """Return the mean over sessions; omitted sessions keep their place, so that others do not become adjacent."""
    values, n = by_session[name].to_numpy(), by_session.height
    if n < 2:
        raise StudyError(
            f"a mean {name} needs at least 2 sessions with enough symbols and news that differs between them, got {n}",
            hint="add symbols, or count news that names a share (links='named')",
        )
    placed = np.full(sessions, np.nan)
    placed[by_session["row"].to_numpy()] = values
    fit = mean_with_error(placed, hac_lags)
    mean, se, t = float(fit.estimate[0]), float(fit.se[0]), float(fit.t[0])
    reach = fit.reach(0.95)
    return pl.DataFrame(
        {
            "statistic": [name],
            "mean": [mean],
            "sd": [float(values.std(ddof=1))],
            "se": [se],
            "t": [t],
            "p_value": [float(fit.p_value[0])],
            "low": [mean - reach * se],
            "high": [mean + reach * se],
            "sessions": [n],
            "horizon": [horizon],
            "df": [fit.df if np.isfinite(fit.df) else None],
        }
    )
