"""The equal-weighted benchmark: the mean return of other shares, the share under study left out of its own.

A share inside its own benchmark explains itself: of a jump of 5 % in one of two shares the mean takes half away.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.sessions.calendars import exchange_named

EQUAL_WEIGHTED = "equal-weighted"
_PER_EXCHANGE = re.compile(r"^([A-Z0-9]{4}|24/[57])=(.+)$")
FEWEST_MEMBERS = 5
"""Other shares that a session needs for a mean; all of them where the market has fewer."""


def benchmarks_by_exchange(text: str | None) -> dict[str, str]:
    """The benchmark of each exchange as ``XKAR=KSE100,XNYS=SP500`` names them; empty for one benchmark, or None.

    Raises InputError where only some parts name an exchange, or one is named twice.

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
        raise InputError(f"benchmark {text!r} cannot be read", hint=hint, argument="benchmark")
    return {part[1]: part[2].strip() for part in named}


def _is_exchange(code: str) -> bool:
    try:
        exchange_named(code)
    except NotFoundError:
        return False
    return True


def benchmark_of_exchange(text: str | None, code: str) -> str | None:
    """What ``text`` names as the benchmark of the exchange ``code``; None if it says nothing of it."""
    several = benchmarks_by_exchange(text)
    return several.get(code) if several else text


def equal_weighted(returns: Array, *, minimum: int = 1) -> Array:
    """The mean return (T,) over the shares (T, M) that have one; NaN where fewer than ``minimum`` do.

    With log returns this is the return of a portfolio rebalanced every session only up to second order; with simple
    returns it is exactly that.
    """
    _, total, count = _summed(returns)
    return _mean(total, count, minimum)


class OwnMeans(NamedTuple):
    """For every share under study the mean return ``of_others`` (T, S), and how many ``others`` it has (S,); ``of_all``
    (T,) as ``equal_weighted`` has it.
    """

    of_others: Array
    others: Rows
    of_all: Array

    def on(self, panel: Panel, note: str) -> Panel:
        """``panel`` with these as its benchmark, which ``note`` tells in words."""
        named = replace(panel, factors=self.of_all[:, None], factor_names=(EQUAL_WEIGHTED,))
        return replace(named, own_benchmark=self.of_others, benchmark_note=note)


def equal_weighted_of_others(returns: Array, own: Rows, *, minimum: int = FEWEST_MEMBERS) -> OwnMeans:
    """The mean return of the other shares, for every share under study.

    Parameters
    ----------
    returns: (T, M) fractions of the M shares of the market, NaN where a bar is missing or not to be used.
    own: (S,) column of each share under study among the M, -1 where it is none of them.
    minimum: others that a session needs; where a share has fewer others, all of them.

    Examples
    --------
    >>> equal_weighted_of_others(np.array([[0.05, 0.01]]), np.array([0])).of_others.tolist()
    [[0.01]]
    """
    valid, total, count = _summed(returns)
    bars = valid.sum(axis=0)
    inside = (own >= 0) & (bars[own] > 0)
    others = int((bars > 0).sum()) - inside.astype(np.int64)
    means = np.empty((len(own), len(returns)))  # filled by share, and a study reads it so
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
    """Where (T, M) there is a return, their sums and how many there are (T,)."""
    valid = ~np.isnan(returns)
    return valid, np.where(valid, returns, 0.0).sum(axis=1), valid.sum(axis=1)


def _mean(total: Array, count: Rows, minimum: int) -> Array:
    mean: Array = np.where(count >= max(minimum, 1), total / np.maximum(count, 1), np.nan)
    return mean
