"""Abnormal volatility around events, relative to a GARCH forecast (Bialkowski, Gottschalk & Wisniewski 2008).

A GARCH(1,1) (Bollerslev 1986) fitted to each event's residuals of the estimation window forecasts the variance s2_it of
every event bar, using nothing after the estimation window. With e_it the abnormal return of event i and N events,

    M_t = 1/(N-1) * sum_i (N e_it - sum_j e_jt)^2 / (N (N-2) s2_it + sum_j s2_jt)

is 1 when volatility is as expected, 2 when the variance doubled; the mean abnormal return is removed, so that a common
move does not count as volatility. Under the null (N-1) M_t is chi-square with N-1 degrees of freedom, which assumes
normal, independent abnormal returns. Returns over several sessions are left out. Needs the package ``arch``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from correlator.base.progress import tracked
from correlator.errors import StudyError, counted, warn
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.estimation.garch import PER_CENT, best_garch
from correlator.eventstudy.panel.frames import Array


def abnormal_volatility(estimates: EventEstimates, day_labels: Sequence[str]) -> pl.DataFrame:
    """Return one row per day: day, n, multiplier (M_t), cumulated (sum of M_t - 1), p_value (one-sided, M_t > 1).

    ``estimates`` must have the residuals of the estimation windows. Days with fewer than three events are null. Raises
    StudyError without residuals or with fewer than three events, MissingDependencyError without ``arch``.
    """
    from scipy.special import chdtrc

    if len(estimates) < 3:
        raise StudyError(f"abnormal volatility needs at least 3 events, got {len(estimates)}")
    multiplier, n = volatility_multiplier(estimates.day_ar, forecast_variances(estimates))
    p_value = np.where(n > 2, chdtrc(np.maximum(n - 1, 1), np.maximum(n - 1, 1) * multiplier), np.nan)
    cumulated = np.where(n > 2, np.nancumsum(multiplier - 1.0), np.nan)
    columns = {"n": n, "multiplier": multiplier, "cumulated": cumulated, "p_value": p_value}
    return pl.DataFrame({"day": list(day_labels), **columns}, nan_to_null=True)


def forecast_variances(estimates: EventEstimates) -> Array:
    """Return the variance (E, D) of every event bar, in squared fractions, forecast at the end of the estimation.

    It is NaN, with a warning, for events whose GARCH does not converge.
    """
    if estimates.estimation_residuals is None:
        raise StudyError("the study kept no residuals", hint="run it with keep_residuals=True")
    if estimates.dated:
        raise StudyError(
            "abnormal volatility does not support windows of dates with several exchanges",
            hint="give windows as offsets, or study one exchange at a time",
        )
    length, days = estimates.estimation_residuals.shape[1], estimates.ar.shape[1]
    ahead = estimates.win_first - (estimates.est_first + length - 1)
    if len(ahead) and ahead.min() < 1:
        raise StudyError(
            "the event window must follow the estimation window", hint="end the estimation window before it"
        )
    rows = zip(estimates.estimation_residuals, ahead, strict=True)
    forecasts = [
        _garch_forecast(row[~np.isnan(row)], int(first) + days - 1)[first - 1 :]
        for row, first in tracked(rows, "GARCH models")
    ]
    variances = np.stack(forecasts)
    if failed := int(np.isnan(variances).any(axis=1).sum()):
        warn(f"{counted(failed, 'event')} left out of the volatility: no GARCH(1,1) converges on the estimation window")
    return variances


def volatility_multiplier(ar: Array, variances: Array) -> tuple[Array, np.ndarray]:
    """Return M_t (D,) and the number of events with a bar (D,) from abnormal returns and expected variances (E, D)."""
    valid = ~np.isnan(ar) & ~np.isnan(variances)
    n = valid.sum(axis=0)
    e, s2 = np.where(valid, ar, 0.0), np.where(valid, variances, 0.0)
    denominator = n * (n - 2) * s2 + s2.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(valid, (n * e - e.sum(axis=0)) ** 2 / denominator, 0.0)
        return np.where(n > 2, terms.sum(axis=0) / (n - 1), np.nan), n


def _garch_forecast(residuals: Array, horizon: int) -> Array:
    """Return the variances (``horizon``,) after the last residual; NaN if no fit converges."""
    fitted = best_garch(PER_CENT * residuals)
    if fitted is None:
        return np.full(horizon, np.nan)
    return np.asarray(fitted.forecast(horizon=horizon, reindex=False).variance.to_numpy()[-1] / PER_CENT**2)
