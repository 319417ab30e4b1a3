"""Expected-return models and their designs.

Every model predicts a return linearly from the benchmark, factors or donors on the same bar:

=================  ======================================  =============================================================
name               expected return                          source
=================  ======================================  =============================================================
raw                0                                        the abnormal return is the return
mean               a                                        mean-adjusted, Brown & Warner (1980)
market-adjusted    R_m                                      Brown & Warner (1980)
market             a + b R_m                                Sharpe (1963), Fama, Fisher, Jensen & Roll (1969)
factors            a + b'F                                  Fama & French (1993, 2015), Carhart (1997), other factors
scholes-williams   a + b_SW R_m                             Scholes & Williams (1977), one lead and one lag
dimson             a + (b_-1 + b_0 + b_+1) R_m              Dimson (1979), one lead and one lag
garch              a + b R_m, GARCH(1,1) errors             Bollerslev (1986); Corhay & Tourani Rad (1996)
rolling-beta       a_t + b_t R_m, fitted for each bar       after Fama & MacBeth (1973)
synthetic          w'R of donors, w >= 0, sum w = 1         Abadie, Diamond & Hainmueller (2010)
=================  ======================================  =============================================================

scholes-williams and dimson correct beta for thin trading. Their leads and lags stay inside the estimation window, so
no bar after it is used. Their standard errors are those of the market model around the corrected line: neither paper
gives a prediction error, and the sampling error of the summed beta is not included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from correlator.errors import NotFoundError
from correlator.eventstudy.estimation.least_squares import Fit, coefficients_of, fit_batch
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.panel.trade_to_trade import RunningSums


@dataclass(frozen=True)
class Model:
    """The specification of a model.

    ``intercept``: a constant is estimated; ``regressors``: ``none``, ``one`` (the benchmark), ``all`` factor columns or
    ``donors``; ``subtracts_benchmark``: the benchmark is first subtracted from the return; ``thin_trading``: the
    correction of beta, if any; ``estimator``: the name of the estimator if it is not least squares.
    """

    name: str
    intercept: bool
    regressors: str
    subtracts_benchmark: bool = False
    thin_trading: str | None = None
    estimator: str = ""

    @property
    def needs_benchmark(self) -> bool:
        """Whether the model uses a benchmark."""
        return self.regressors == "one" or self.subtracts_benchmark

    def parameters(self, factor_count: int) -> int:
        """Return the number of estimated coefficients k for ``factor_count`` factor columns."""
        return int(self.intercept) + {"one": 1, "all": factor_count}.get(self.regressors, 0)

    def is_a_line(self, factor_count: int) -> bool:
        """Whether the model has a constant and at most one regressor, as the compiled kernel requires."""
        plain = self.thin_trading is None and not self.estimator
        return self.intercept and plain and self.parameters(factor_count) <= 2


MODELS: tuple[Model, ...] = (
    Model("raw", intercept=False, regressors="none"),
    Model("mean", intercept=True, regressors="none"),
    Model("market-adjusted", intercept=False, regressors="none", subtracts_benchmark=True),
    Model("market", intercept=True, regressors="one"),
    Model("factors", intercept=True, regressors="all"),
    Model("scholes-williams", intercept=True, regressors="one", thin_trading="scholes-williams"),
    Model("dimson", intercept=True, regressors="one", thin_trading="dimson"),
    Model("garch", intercept=True, regressors="one", estimator="garch"),
    Model("rolling-beta", intercept=True, regressors="one", estimator="rolling"),
    Model("synthetic", intercept=False, regressors="donors", estimator="synthetic"),
)


def model_named(name: str) -> Model:
    """Return the model called ``name``; raises NotFoundError if there is none."""
    for model in MODELS:
        if model.name == name:
            return model
    raise NotFoundError(f"there is no model {name!r}", hint=f"models are {', '.join(m.name for m in MODELS)}")


def with_corrected_beta(fit: Fit, y: Array, x: Array, method: str, *, sessions: Array | None = None) -> Fit:
    """Return ``fit`` of a market model with the slope replaced by the corrected beta, and residuals adjusted.

    ``y``, ``x`` (E, L): return and benchmark in the estimation window; ``sessions`` (E, L) that a return covers, with
    the benchmark of each session on the bars without a return before it. The line passes through the means.
    """
    beta = _BETAS[method](y, x, sessions)
    along_x = beta * fit.r[:, 1, 1]
    change = along_x - fit.c[:, 1]
    c = np.column_stack([fit.c[:, 0], along_x])
    return replace(fit, c=c, residuals=fit.residuals - change[:, None] * fit.q[1])


def scholes_williams_beta(y: Array, x: Array, sessions: Array | None = None) -> Array:
    """Return the betas (E,) of Scholes & Williams for ``y``, ``x`` (E, L), ``sessions`` as in ``with_corrected_beta``.

    (b_-1 + b_0 + b_+1) / (1 + 2 rho): each slope is from its own simple regression, rho is the first autocorrelation
    of the benchmark. Bars without a neighbour inside the window are left out of the slope that needs it. Slopes are
    from returns of one session: lag and lead over several sessions would contain each other.
    """
    single = _of_single_sessions(x, sessions)
    lag, lead = _shifted(single, 1), _shifted(single, -1)
    if sessions is not None:
        y = np.where(sessions > 1, np.nan, y)
    slopes = sum(_slope(y, neighbour) for neighbour in (lag, single, lead))
    return np.asarray(slopes / (1.0 + 2.0 * correlation(single, lag)))


def dimson_beta(y: Array, x: Array, sessions: Array | None = None) -> Array:
    """Return the betas (E,) of Dimson for ``y``, ``x`` (E, L), ``sessions`` as in ``with_corrected_beta``: the sum of
    the slopes on lag, same bar and lead of the benchmark in one regression, each over the sessions of the return.
    """
    single = _of_single_sessions(x, sessions)
    lag, lead = _shifted(single, 1), _shifted(single, -1)
    if sessions is not None:
        lag, lead = (_sum_before(each, sessions) for each in (lag, lead))
    fit = fit_batch(y, np.stack([lag, x, lead]), intercept=True, sessions=sessions)
    return np.asarray(coefficients_of(fit)[:, 1:].sum(axis=1))


def bars_of_beta(y: Array, sessions: Array | None, method: str) -> Rows:
    """Return the number of returns (E,) that a corrected beta is from: for Scholes & Williams those of one session."""
    used = ~np.isnan(y)
    if sessions is not None and method == "scholes-williams":
        used &= sessions == 1
    return np.asarray(used.sum(axis=1))


_BETAS = {"scholes-williams": scholes_williams_beta, "dimson": dimson_beta}


def _of_single_sessions(x: Array, sessions: Array | None) -> Array:
    """Return the benchmark (E, L) of each session, from ``x`` over the sessions of each return."""
    return x if sessions is None else x - _sum_before(x, sessions, upto=1)


def _sum_before(values: Array, sessions: Array, *, upto: int = 0) -> Array:
    """Return the sums (E, L) of ``values`` from the first of the ``sessions`` of each bar to ``upto`` bars before it.

    Missing if a value is, or if the sessions begin before the window.
    """
    bars, events = np.arange(values.shape[1]), np.arange(len(values))[:, None]
    first = bars + 1 - sessions.astype(np.int64)
    sums = RunningSums.of(values.T).between(np.maximum(first, 0), bars - upto, events)
    return np.where(first < 0, np.nan, sums)


def _slope(y: Array, x: Array) -> Array:
    return np.asarray(coefficients_of(fit_batch(y, x[None], intercept=True))[:, 1])


def correlation(a: Array, b: Array) -> Array:
    """Return the correlations (E,) of the rows of ``a`` and ``b`` (E, L), over bars that both have."""
    both = np.isfinite(a) & np.isfinite(b)
    n = np.maximum(both.sum(axis=1), 1)[:, None]
    first, second = np.where(both, a, 0.0), np.where(both, b, 0.0)
    first = np.where(both, first - first.sum(axis=1, keepdims=True) / n, 0.0)
    second = np.where(both, second - second.sum(axis=1, keepdims=True) / n, 0.0)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.where(scale > 0, scale, 1.0))


def _shifted(x: Array, bars: int) -> Array:
    """Return ``x`` (E, L) moved ``bars`` later, NaN at the end that becomes empty."""
    moved = np.full_like(x, np.nan)
    if bars > 0:
        moved[:, bars:] = x[:, :-bars]
    else:
        moved[:, :bars] = x[:, -bars:]
    return moved
