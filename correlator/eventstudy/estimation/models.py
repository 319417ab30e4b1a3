"""Expected-return models: which design each one uses.

Every model is a linear prediction of a return from what the benchmark or the factors did on the same bar:

=================  ======================================  =============================================================
name               expected return                          source
=================  ======================================  =============================================================
raw                0                                        the return itself is the abnormal return
mean               a                                        mean-adjusted, Brown & Warner (1980)
market-adjusted    R_m                                      Brown & Warner (1980)
market             a + b R_m                                Sharpe (1963), Fama, Fisher, Jensen & Roll (1969)
factors            a + b'F                                  Fama & French (1993, 2015), Carhart (1997), other factors
scholes-williams   a + b_SW R_m                             Scholes & Williams (1977), one lead and one lag
dimson             a + (b_-1 + b_0 + b_+1) R_m              Dimson (1979), one lead and one lag
garch              a + b R_m, GARCH(1,1) errors             Bollerslev (1986); Corhay & Tourani Rad (1996)
rolling-beta       a_t + b_t R_m, a line for each bar       after Fama & MacBeth (1973)
synthetic          w'R of donors, w >= 0, sum w = 1         Abadie, Diamond & Hainmueller (2010)
=================  ======================================  =============================================================

scholes-williams and dimson correct beta for thin trading. Their leads and lags stay inside the estimation window, so
that no bar after it is looked at. Their standard errors are those of the market model around the corrected line:
neither paper gives a prediction error, and the sampling error of the summed beta is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from correlator.errors import NotFoundError
from correlator.eventstudy.estimation.least_squares import Fit, coefficients_of, fit_batch
from correlator.eventstudy.panel.frames import Array


@dataclass(frozen=True)
class Model:
    """What a model estimates.

    ``intercept``: a constant is estimated; ``regressors``: ``none``, ``one`` (the benchmark), ``all`` factor columns or
    ``donors``; ``subtracts_benchmark``: the benchmark is taken off the return before anything else; ``thin_trading``:
    how beta is corrected, if at all; ``estimator``: the engine's estimator that is used instead of least squares, if
    any.
    """

    name: str
    intercept: bool
    regressors: str
    subtracts_benchmark: bool = False
    thin_trading: str | None = None
    estimator: str = ""

    @property
    def needs_benchmark(self) -> bool:
        return self.regressors == "one" or self.subtracts_benchmark

    def parameters(self, factor_count: int) -> int:
        """Number of estimated coefficients k, given the number of factor columns."""
        return int(self.intercept) + {"one": 1, "all": factor_count}.get(self.regressors, 0)

    def is_a_line(self, factor_count: int) -> bool:
        """Whether it is a constant and at most one regressor, which the kernel of the engine covers."""
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
    """The model called ``name``; raises NotFoundError naming the models there are."""
    for model in MODELS:
        if model.name == name:
            return model
    raise NotFoundError(f"there is no model {name!r}", hint=f"models are {', '.join(m.name for m in MODELS)}")


def with_corrected_beta(fit: Fit, y: Array, x: Array, method: str) -> Fit:
    """``fit`` of a market model with its slope replaced by the corrected beta, residuals to match.

    ``y``, ``x`` (E, L) the return and the benchmark over the estimation window. The line passes through the means.
    """
    beta = scholes_williams_beta(y, x) if method == "scholes-williams" else dimson_beta(y, x)
    along_x = beta * fit.r[:, 1, 1]
    change = along_x - fit.c[:, 1]
    c = np.column_stack([fit.c[:, 0], along_x])
    return replace(fit, c=c, residuals=fit.residuals - change[:, None] * fit.q[1])


def scholes_williams_beta(y: Array, x: Array) -> Array:
    """(b_-1 + b_0 + b_+1) / (1 + 2 rho), each slope from its own simple regression, rho the benchmark's first
    autocorrelation; (E,) for ``y``, ``x`` (E, L). Bars without a neighbour inside the window drop out of that slope.
    """
    lag, lead = _shifted(x, 1), _shifted(x, -1)
    slopes = sum(_slope(y, neighbour) for neighbour in (lag, x, lead))
    return np.asarray(slopes / (1.0 + 2.0 * correlation(x, lag)))


def dimson_beta(y: Array, x: Array) -> Array:
    """Sum of the slopes on lag, same bar and lead of the benchmark in one regression; (E,) for ``y``, ``x`` (E, L)."""
    fit = fit_batch(y, np.stack([_shifted(x, 1), x, _shifted(x, -1)]), intercept=True)
    return np.asarray(coefficients_of(fit)[:, 1:].sum(axis=1))


def _slope(y: Array, x: Array) -> Array:
    return np.asarray(coefficients_of(fit_batch(y, x[None], intercept=True))[:, 1])


def correlation(a: Array, b: Array) -> Array:
    """(E,) of the rows of ``a`` and ``b`` (E, L), over the bars that both have."""
    both = np.isfinite(a) & np.isfinite(b)
    n = np.maximum(both.sum(axis=1), 1)[:, None]
    first, second = np.where(both, a, 0.0), np.where(both, b, 0.0)
    first = np.where(both, first - first.sum(axis=1, keepdims=True) / n, 0.0)
    second = np.where(both, second - second.sum(axis=1, keepdims=True) / n, 0.0)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.asarray((first * second).sum(axis=1) / np.where(scale > 0, scale, 1.0))


def _shifted(x: Array, bars: int) -> Array:
    """``x`` moved ``bars`` later, NaN where nothing moves in."""
    moved = np.full_like(x, np.nan)
    if bars > 0:
        moved[:, bars:] = x[:, :-bars]
    else:
        moved[:, :bars] = x[:, -bars:]
    return moved
