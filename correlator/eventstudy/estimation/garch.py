"""GARCH(1,1) by quasi-likelihood, from several starts: the likelihood often has two optima.

On 250 bars of real shares the start of the package ``arch`` alone ends in the lower optimum for one window in six, with
a volatility forecast that is up to twice that of the other one, and which of the two it finds can depend on the last
digit of a price. With the two further starts, none of 90 other windows has a higher optimum among nine starts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from correlator.errors import MissingDependencyError
from correlator.eventstudy.panel.frames import Array

PER_CENT = 100.0
"""Returns are fitted in per cent, because the optimiser works best with variances near one."""
_STARTS = ((0.3, 0.3), (0.001, 0.998))
"""Further starts of alpha and beta: variance that reacts at once, and variance that drifts."""
_SAME_OPTIMUM = 1e-3
"""Log likelihoods that differ by less are of one optimum, reached from several starts: the first counts."""


def best_garch(y: Array, design: Array | None = None) -> Any | None:
    """Return the fit of ``y`` (n,), in per cent, with the highest likelihood; None if no start converges.

    ``design`` (n, k): regressors of the mean, by default none (a mean of zero). Raises MissingDependencyError without
    ``arch``.
    """
    try:
        from arch.univariate import GARCH, LS, ZeroMean
    except ImportError:
        raise MissingDependencyError("GARCH needs the package arch", hint="pip install arch") from None
    volatility, regressors = GARCH(p=1, q=1), np.empty((len(y), 0)) if design is None else design
    if design is None:
        model: Any = ZeroMean(y, volatility=volatility, rescale=False)
    else:
        model = LS(y, x=design, constant=False, volatility=volatility, rescale=False)
    mean = np.linalg.lstsq(regressors, y, rcond=None)[0]
    variance = float(np.mean((y - regressors @ mean) ** 2))
    further = [np.array([*mean, variance * (1 - alpha - beta), alpha, beta]) for alpha, beta in _STARTS]
    fits = [model.fit(disp="off", show_warning=False, starting_values=start) for start in (None, *further)]
    converged = [fit for fit in fits if fit.convergence_flag == 0]
    highest = max((float(fit.loglikelihood) for fit in converged), default=0.0)
    return next((fit for fit in converged if float(fit.loglikelihood) > highest - _SAME_OPTIMUM), None)
