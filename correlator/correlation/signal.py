"""A news signal over many symbols: does it rank the returns that follow?

A signal of session t is known before that session's close, so the returns set against it are those of bars t + 1 to
t + h; nothing of session t itself is in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from correlator.correlation.series import Array, lagged, mean_with_error
from correlator.errors import InputError, StudyError


@dataclass(frozen=True)
class SignalTest:
    """``by_session``: row, n, ic (or spread and quantile means) per session that has enough symbols; ``summary``: one
    row with the mean, its Newey-West se, t (n - 1 degrees of freedom), p_value, low, high and the number of sessions.
    """

    by_session: pl.DataFrame
    summary: pl.DataFrame


def forward_returns(returns: ArrayLike, horizon: int) -> Array:
    """Sums (T, S) of the returns of bars t + 1 to t + ``horizon``, NaN where one of them is missing."""
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or horizon < 1:
        raise InputError("forward returns need a matrix of returns and a horizon of 1 or more")
    columns = [np.sum([lagged(column, -h) for h in range(1, horizon + 1)], axis=0) for column in values.T]
    return np.stack(columns, axis=1)


def information_coefficient(
    signal: ArrayLike, returns: ArrayLike, *, horizon: int = 1, minimum: int = 5, hac_lags: int | None = None
) -> SignalTest:
    """Spearman's correlation over symbols of ``signal`` (T, S) with the returns after it, session by session.

    Sessions with fewer than ``minimum`` symbols, or without variation, are left out. The mean's error allows for
    overlap: at least ``horizon`` - 1 lags.
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
    """Mean return after ``signal`` of each quantile of symbols, and of the highest less the lowest.

    Symbols with equal signals share their places equally, so that the order of columns decides nothing. Sessions with
    fewer symbols than quantiles, or without variation of the signal, are left out.
    """
    if quantiles < 2:
        raise InputError(f"{quantiles} quantiles have no spread", hint="ask for two or more")
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
    """Correlations (T,) over the last ``window`` bars up to each, of bars that have both, NaN with fewer than
    ``minimum`` (default ``window``) of them. Each window is centred on its own means.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise InputError("rolling correlation needs two series of one length")
    if not 2 <= window <= len(a):
        raise InputError(f"a window of {window} bars of {len(a)}", hint="give 2 or more, within the series")
    least = max(2, window if minimum is None else minimum)
    both = np.isfinite(a) & np.isfinite(b)
    views = [
        np.lib.stride_tricks.sliding_window_view(part, window)
        for part in (np.where(both, a, 0.0), np.where(both, b, 0.0))
    ]
    inside = np.lib.stride_tricks.sliding_window_view(both, window)
    n = inside.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (np.where(inside, view - (view.sum(axis=1) / n)[:, None], 0.0) for view in views)
        values = (left * right).sum(axis=1) / np.sqrt((left * left).sum(axis=1) * (right * right).sum(axis=1))
    correlations = np.full(len(a), np.nan)
    correlations[window - 1 :] = np.where(n >= least, values, np.nan)
    return correlations


def _pair(signal: ArrayLike, returns: ArrayLike, horizon: int) -> tuple[Array, Array]:
    x = np.asarray(signal, dtype=np.float64)
    y = forward_returns(returns, horizon)
    if x.shape != y.shape:
        raise InputError(
            f"a signal of shape {x.shape} on returns of {y.shape}", hint="one value per session and symbol"
        )
    return x, y


def _quantile_means(x: Array, y: Array, quantiles: int) -> Array:
    """Mean of ``y`` (S,) in each quantile of ``x`` (S,), all of equal size; equal ``x`` count with their mean ``y``."""
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
    """The mean over sessions; sessions left out keep their place, so that only real neighbours count as such."""
    values, n = by_session[name].to_numpy(), by_session.height
    if n < 2:
        raise StudyError(f"{n} sessions have enough symbols for a mean {name}", hint="bring more symbols")
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
