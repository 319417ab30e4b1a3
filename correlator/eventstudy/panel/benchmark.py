"""The equal-weighted benchmark: the mean return of the other shares; a share is never in its own benchmark.

A share in its own benchmark would explain itself: with two shares, the mean absorbs half of a jump of 5 % in one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.sessions.exchanges import exchange_named

EQUAL_WEIGHTED = "equal-weighted"
_PER_EXCHANGE = re.compile(r"^([A-Z0-9]{4}|24/[57])=(.+)$")
FEWEST_MEMBERS = 5
"""Other shares that a session needs for a mean; all of them if the market has fewer."""


def benchmarks_by_exchange(text: str | None) -> dict[str, str]:
    """Return the benchmark of each exchange from text such as ``XKAR=KSE100,XNYS=SP500``.

    Empty for a single benchmark or None. Raises InputError if only some parts name an exchange, or one is named twice.

    Examples
    --------
    >>> benchmarks_by_exchange("XKAR=KSE100, XNYS=equal-weighted")
    {'XKAR': 'KSE100', 'XNYS': 'equal-weighted'}
    """
    parts = [_PER_EXCHANGE.match(part.strip()) for part in (text or "").split(",")]
    named = [part for part in parts if part is not None and _is_exchange(part[1])]
    if not named:
        return {}
    if len(named) != len(parts) or len({part[1] for part in named}) != len(named):
        hint = "write one benchmark for each exchange, such as XKAR=KSE100,XNYS=SP500"
        raise InputError(
            f"benchmark {text!r} does not name one benchmark for each exchange", hint=hint, argument="benchmark"
        )
    return {part[1]: part[2].strip() for part in named}


def _is_exchange(code: str) -> bool:
    try:
        exchange_named(code)
    except NotFoundError:
        return False
    return True


def benchmark_of_exchange(text: str | None, code: str) -> str | None:
    """Return the benchmark that ``text`` names for the exchange ``code``; None if it names none for it."""
    by_exchange = benchmarks_by_exchange(text)
    return by_exchange.get(code) if by_exchange else text


def equal_weighted(returns: Array, *, minimum: int = 1) -> Array:
    """Return the mean (T,) of the returns (T, M) of M shares; NaN where fewer than ``minimum`` shares have a return.

    With simple returns this is exactly the return of a portfolio rebalanced every session; with log returns it is so
    only up to second order.
    """
    _, total, count = _summed(returns)
    return _mean(total, count, minimum)


class OwnMeans(NamedTuple):
    """For each share under study the mean return ``of_others`` (T, S) and their number ``others`` (S,).

    ``of_all`` (T,): the mean of all shares, as ``equal_weighted`` returns it.
    """

    of_others: Array
    others: Rows
    of_all: Array

    def on(self, panel: Panel, note: str) -> Panel:
        """Return ``panel`` with these as its benchmark, described by ``note``."""
        named = replace(panel, factors=self.of_all[:, None], factor_names=(EQUAL_WEIGHTED,))
        return replace(named, own_benchmark=self.of_others, benchmark_note=note)


def equal_weighted_of_others(returns: Array, own: Rows, *, minimum: int = FEWEST_MEMBERS) -> OwnMeans:
    """Return the mean return of the other shares, for each share under study.

    Parameters
    ----------
    returns: (T, M) fractions of the M shares of the market, NaN where a bar is missing or not to be used.
    own: (S,) column of each share under study among the M, -1 if it is not one of them.
    minimum: fewest others that a session needs; all of them for a share that has fewer others.

    Examples
    --------
    >>> equal_weighted_of_others(np.array([[0.05, 0.01]]), np.array([0])).of_others.tolist()
    [[0.01]]
    """
    valid, total, count = _summed(returns)
    bars = valid.sum(axis=0)
    inside = (own >= 0) & (bars[own] > 0)
    others = int((bars > 0).sum()) - inside.astype(np.int64)
    means = np.empty((len(own), len(returns)))  # filled and later read share by share
    for needed in np.unique(np.minimum(minimum, others)).tolist():
        of_all = _mean(total, count, needed)
        counted = np.where(count > max(needed, 1), count - 1.0, np.nan)
        for s in np.flatnonzero(np.minimum(minimum, others) == needed).tolist():
            if inside[s]:
                np.subtract(total, returns[:, own[s]], out=means[s])
                np.divide(means[s], counted, out=means[s])
                np.copyto(means[s], of_all, where=~valid[:, own[s]])
            else:
                means[s] = of_all
    return OwnMeans(means.T, others, _mean(total, count, 1))


def _summed(returns: Array) -> tuple[Mask, Array, Rows]:
    """Return where (T, M) there is a return, and the sum and number (T,) of those of each session."""
    valid = ~np.isnan(returns)
    return valid, np.where(valid, returns, 0.0).sum(axis=1), valid.sum(axis=1)


def _mean(total: Array, count: Rows, minimum: int) -> Array:
    mean: Array = np.where(count >= max(minimum, 1), total / np.maximum(count, 1), np.nan)
    return mean
