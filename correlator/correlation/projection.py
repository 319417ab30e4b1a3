"""Local projections: the response of returns to a news shock in the sessions after it (Jorda 2005, AER 95, 161-182).

For every horizon h a separate regression,

    y_{t, h} = a_h + b_h shock_t + c_h' controls_t + e_{t, h}

with y the return of bar t + h or, cumulated, of bars t to t + h; b_h over h is the impulse response. Errors of
neighbouring bars overlap, and in short series their correlation is poorly estimated: standard errors are by cosines
with Student's t (see ``series``).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from correlator.correlation.series import (
    Array,
    aligned,
    hac_regression,
    lagged,
    refuse_sparse,
)
from correlator.errors import InputError
from correlator.eventstudy.significance.multiple_testing import holm


def local_projection(
    returns: ArrayLike,
    shock: ArrayLike,
    *,
    horizons: int = 10,
    lags: int = 5,
    controls: ArrayLike | None = None,
    cumulative: bool = True,
    hac_lags: int | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Return the response of ``returns`` (T,) to one unit of ``shock`` (T,) at horizons 0 to ``horizons``.

    One row per horizon: horizon, n, estimate (fractions per unit), se, t, p_value, low, high, df (of t), p_holm,
    tested. ``lags``: lags of both series among the controls; ``controls`` (T, C) further ones, as known at t;
    ``cumulative`` sums returns from t to t + h; ``hac_lags``: Newey-West errors with this number of lags instead. Bars
    with a missing value are left out of the horizons that they enter. Raises InputError for invalid arguments, and
    StudyError for series that are too short, also if the shock differs from its usual value on fewer than 15 bars.
    """
    y, x = aligned(returns, shock)
    if horizons < 0 or lags < 0:
        raise InputError("horizons and lags must not be negative", hint="give 0 or more")
    refuse_sparse(x, "the shock")
    design = _design(y, x, lags, controls)
    rows = []
    for horizon in range(horizons + 1):
        outcome = ahead(y, horizon) if cumulative else lagged(y, -horizon)
        fit = hac_regression(outcome, design, hac_lags)
        reach = fit.reach(level)
        estimate, se = float(fit.estimate[1]), float(fit.se[1])
        rows.append(
            {
                "horizon": horizon,
                "n": fit.n,
                "estimate": estimate,
                "se": se,
                "t": float(fit.t[1]),
                "p_value": float(fit.p_value[1]),
                "low": estimate - reach * se,
                "high": estimate + reach * se,
                "df": fit.df if np.isfinite(fit.df) else None,
            }
        )
    frame = pl.DataFrame(rows)
    return frame.with_columns(
        pl.Series("p_holm", holm(frame["p_value"].to_numpy())), pl.lit(len(rows), pl.Int64).alias("tested")
    )


def ahead(returns: Array, horizon: int) -> Array:
    """Return the sum (T,) of the returns of bars t to t + ``horizon``, NaN where one of them is missing."""
    return np.asarray(np.sum([lagged(returns, -h) for h in range(horizon + 1)], axis=0))


def _design(y: Array, x: Array, lags: int, controls: ArrayLike | None) -> Array:
    """Return the design (T, k): constant, shock, lags of both series, further controls."""
    past = [lagged(series, lag) for series in (y, x) for lag in range(1, lags + 1)]
    columns = [np.ones(len(y)), x, *past]
    if controls is not None:
        columns.extend(np.asarray(controls, dtype=np.float64).reshape(len(y), -1).T)
    return np.stack(columns, axis=1)
