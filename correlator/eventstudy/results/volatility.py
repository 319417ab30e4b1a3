"""Abnormal volatility around events, against what GARCH expected (Bialkowski, Gottschalk & Wisniewski 2008).

A GARCH(1,1) (Bollerslev 1986) fitted to each event's residuals of the estimation window forecasts the variance s2_it of
every event bar, knowing nothing after the estimation window. With e_it the abnormal return of event i and N events,

    M_t = 1/(N-1) * sum_i (N e_it - sum_j e_jt)^2 / (N (N-2) s2_it + sum_j s2_jt)

is 1 when volatility is as expected, 2 when the variance doubled; the mean abnormal return is taken out, so that a
common move is not read as volatility. Under the null (N-1) M_t is chi-square with N-1 degrees of freedom, which assumes
normal, independent abnormal returns. Needs the package ``arch``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from correlator.base.progress import tracked
from correlator.errors import MissingDependencyError, StudyError
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.panel.frames import Array

_SCALE = 100.0
"""Residuals are fitted in per cent: the optimiser wants variances near one."""


def abnormal_volatility(estimates: EventEstimates, day_labels: Sequence[str]) -> pl.DataFrame:
    """One row per day: day, n, multiplier (M_t), cumulated (sum of M_t - 1 so far), p_value (one-sided, of M_t > 1).

    ``estimates`` must hold the residuals of the estimation windows. Days with fewer than three events are null. Raises
    StudyError without residuals or with fewer than three events, MissingDependencyError without ``arch``.
    """
    from scipy.special import chdtrc

    if len(estimates) < 3:
        raise StudyError(f"{len(estimates)} events are too few for abnormal volatility", hint="three are needed")
    multiplier, n = volatility_multiplier(estimates.ar, forecast_variances(estimates))
    p_value = np.where(n > 2, chdtrc(np.maximum(n - 1, 1), np.maximum(n - 1, 1) * multiplier), np.nan)
    cumulated = np.where(n > 2, np.nancumsum(multiplier - 1.0), np.nan)
    columns = {"n": n, "multiplier": multiplier, "cumulated": cumulated, "p_value": p_value}
    return pl.DataFrame({"day": list(day_labels), **columns}, nan_to_null=True)


def forecast_variances(estimates: EventEstimates) -> Array:
    """Variance (E, D) of every event bar, squared fractions, forecast from the end of the estimation window."""
    if estimates.estimation_residuals is None:
        raise StudyError("the study kept no residuals", hint="keep_residuals=True keeps them")
    if estimates.dated:
        raise StudyError(
            "volatility over windows of dates is forecast on the sessions of one exchange",
            hint="give windows as offsets, or study one exchange at a time",
        )
    length, days = estimates.estimation_residuals.shape[1], estimates.ar.shape[1]
    ahead = estimates.win_first - (estimates.est_first + length - 1)
    if len(ahead) and ahead.min() < 1:
        raise StudyError("the event window does not follow the estimation window", hint="move one of them")
    rows = zip(estimates.estimation_residuals, ahead, strict=True)
    forecasts = [
        _garch_forecast(row[~np.isnan(row)], int(first) + days - 1)[first - 1 :]
        for row, first in tracked(rows, "GARCH models")
    ]
    return np.stack(forecasts)


def volatility_multiplier(ar: Array, variances: Array) -> tuple[Array, np.ndarray]:
    """M_t and the number of events with a bar, each (D,), from abnormal returns and expected variances (E, D)."""
    valid = ~np.isnan(ar)
    n = valid.sum(axis=0)
    e, s2 = np.where(valid, ar, 0.0), np.where(valid, variances, 0.0)
    denominator = n * (n - 2) * s2 + s2.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(valid, (n * e - e.sum(axis=0)) ** 2 / denominator, 0.0)
        return np.where(n > 2, terms.sum(axis=0) / (n - 1), np.nan), n


def _garch_forecast(residuals: Array, horizon: int) -> Array:
    try:
        from arch.univariate import GARCH, ZeroMean
    except ImportError:
        raise MissingDependencyError("abnormal volatility needs the package arch", hint="pip install arch") from None
    model = ZeroMean(_SCALE * residuals, volatility=GARCH(p=1, q=1), rescale=False)
    fitted = model.fit(disp="off", show_warning=False)
    return np.asarray(fitted.forecast(horizon=horizon, reindex=False).variance.to_numpy()[-1] / _SCALE**2)
