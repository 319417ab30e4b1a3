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
=================  ======================================  =============================================================

The last two correct beta for thin trading. Their leads and lags stay inside the estimation window, so that no bar
after it is looked at. Their standard errors are those of the market model around the corrected line: neither paper
gives a prediction error, and the sampling error of the summed beta is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from correlator.errors import NotFoundError


@dataclass(frozen=True)
class Model:
    """What a model estimates.

    ``intercept``: a constant is estimated; ``regressors``: ``none``, ``one`` (the benchmark) or ``all`` factor columns;
    ``subtracts_benchmark``: the benchmark is taken off the return before anything else; ``thin_trading``: how beta is
    corrected, if at all.
    """

    name: str
    intercept: bool
    regressors: str
    subtracts_benchmark: bool = False
    thin_trading: str | None = None

    @property
    def needs_benchmark(self) -> bool:
        return self.regressors == "one" or self.subtracts_benchmark

    def parameters(self, factor_count: int) -> int:
        """Number of estimated coefficients k, given the number of factor columns."""
        return int(self.intercept) + {"none": 0, "one": 1, "all": factor_count}[self.regressors]


MODELS: tuple[Model, ...] = (
    Model("raw", intercept=False, regressors="none"),
    Model("mean", intercept=True, regressors="none"),
    Model("market-adjusted", intercept=False, regressors="none", subtracts_benchmark=True),
    Model("market", intercept=True, regressors="one"),
    Model("factors", intercept=True, regressors="all"),
    Model("scholes-williams", intercept=True, regressors="one", thin_trading="scholes-williams"),
    Model("dimson", intercept=True, regressors="one", thin_trading="dimson"),
)


def model_named(name: str) -> Model:
    """The model called ``name``; raises NotFoundError naming the models there are."""
    for model in MODELS:
        if model.name == name:
            return model
    raise NotFoundError(f"there is no model {name!r}", hint=f"models are {', '.join(m.name for m in MODELS)}")
