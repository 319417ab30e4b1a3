"""Measure outcomes from bars: abnormal returns of a brief's instruments over their benchmarks on closed sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from correlator.brief.outcomes import Outcomes, outcomes_of
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, equal_weighted_of_others
from correlator.eventstudy.panel.flagged import without_flagged
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows, returns_of
from correlator.eventstudy.panel.trade_to_trade import bridge_holes
from correlator.eventstudy.request.spec import DROP, KEEP, MARK
from correlator.eventstudy.request.windows import OffsetWindow
from correlator.market.limits import price_limits
from correlator.market.returns import filled_adjusted, limit_locked, zero_volume
from correlator.research.known import KnownBars

COVERED = 0.5
"""Smallest share of an instrument's bars on which its benchmark must have bars."""
MOST_MEMBERS = 60
"""Most shares of an exchange whose mean is used as a benchmark by default, since all of them have to be read."""
FEWEST_OTHERS = 2
"""Fewest shares with a return in a session for their mean to count as a market return."""
NONE = "none"


@dataclass(frozen=True)
class Measured:
    """The measurements of one symbol: its ``benchmark`` with the reason, closes (T,) and ``adjusted`` closes, masks of
    limit-locked and zero-volume sessions (T,), its ``outcomes`` (of one symbol), when each session had closed at its
    exchange and its benchmark's (``closes``, microseconds), and whether flagged bars are ``reported``.
    """

    symbol: str
    benchmark: str | None
    reason: str
    close: Array
    adjusted: Array
    locked: Mask
    untraded: Mask
    outcomes: Outcomes
    closes: Rows
    reported: bool = True

    def flagged(self, first: int, last: int) -> tuple[str, ...]:
        """Return the flags of bars in rows ``first`` to ``last``, as named in studies; empty if not ``reported``."""
        marks = (("limit-locked", self.locked), ("zero-volume", self.untraded)) if self.reported else ()
        return tuple(word for word, mask in marks if mask[first : last + 1].any())


@dataclass(frozen=True)
class Request:
    """A symbol, its kind, the benchmark ``named`` for it in the store, the other shares of its exchange, and the
    requested benchmark: ``requested``, a symbol, ``equal-weighted``, ``none``, or None for the default.
    """

    symbol: str
    kind: str
    named: str | None
    members: tuple[str, ...]
    requested: str | None = None


def measured(
    bars: KnownBars, requests: Sequence[Request], windows: tuple[OffsetWindow, ...], *, flagged: str = MARK
) -> list[Measured]:
    """Measure the outcomes of each symbol over its benchmark, without windows with flagged bars if these are dropped.

    The benchmark is the requested one, else the one named in the store if it covers the symbol's history, else the mean
    of the other shares.
    """
    place = {symbol: column for column, symbol in enumerate(bars.symbols)}
    prices, _ = filled_adjusted(bars.fields["close"], bars.fields["adjusted_close"])
    returns = returns_of(prices, "log")
    labels, closed = bars.sessions.labels, bars.sessions.closed
    measurements = []
    for each in requests:
        column = place[each.symbol]
        benchmark, reason = _benchmark(each, prices, place)
        panel = Panel(labels, (each.symbol,), returns[:, [column]])
        own = prices[:, [column]]
        if benchmark is None:
            panel = bridge_holes(panel, own, None, "log")
        elif benchmark == EQUAL_WEIGHTED:
            members = [place[name] for name in each.members if name in place]
            at = members.index(column) if column in members else -1
            means = equal_weighted_of_others(returns[:, members], np.array([at]), minimum=FEWEST_OTHERS)
            panel = replace(
                panel,
                factors=means.of_all[:, None],
                factor_names=(benchmark,),
                own_benchmark=means.of_others,
            )
            panel = bridge_holes(panel, own, None, "log")
        else:
            market = prices[:, place[benchmark]]
            factor = returns[:, [place[benchmark]]]
            panel = Panel(labels, panel.symbols, panel.returns, factors=factor, factor_names=(benchmark,))
            panel = bridge_holes(panel, own, market, "log")
        locked, untraded = _locked(bars, column), zero_volume(bars.fields["volume"][:, column])
        if flagged == DROP:
            panel = without_flagged(replace(panel, limit_locked=locked[:, None], zero_volume=untraded[:, None]))
        measurements.append(
            Measured(
                each.symbol, benchmark, reason, bars.fields["close"][:, column], own[:, 0], locked, untraded,
                outcomes_of(panel, windows, closed), bars.known_with(benchmark), flagged != KEEP,
            )
        )  # fmt: skip
    return measurements


def _benchmark(each: Request, prices: Array, place: dict[str, int]) -> tuple[str | None, str]:
    """Return the benchmark of a symbol, or None for its own mean, and the reason."""
    traded = np.isfinite(prices[:, place[each.symbol]])
    seen: Mask = np.asarray(np.isfinite(prices).any(axis=0))
    others = [name for name in each.members if name in place and name != each.symbol and seen[place[name]]]
    requested = each.requested
    if requested is not None:
        if requested == NONE:
            return None, "requested: abnormal returns are over its own mean"
        if requested == each.symbol:
            return None, "it is the benchmark itself: abnormal returns are over its own mean"
        if requested == EQUAL_WEIGHTED and len(others) < FEWEST_OTHERS:
            few = "only one other share" if others else "no other shares"
            return None, f"{few}, {FEWEST_OTHERS} are needed: abnormal returns are over its own mean"
        return requested, "requested"
    if each.kind == "index":
        return None, "an index: abnormal returns are over its own mean"
    note = ""
    if each.named is not None and each.named in place and each.named != each.symbol:
        both = int((np.isfinite(prices[:, place[each.named]]) & traded).sum())
        if both >= COVERED * traded.sum():
            return each.named, "named in the store"
        note = f"{each.named} has bars on {both} of its {int(traded.sum())} sessions; "
    if len(others) >= FEWEST_OTHERS:
        return EQUAL_WEIGHTED, f"{note}the mean of {len(others)} other shares"
    return None, f"{note or 'no benchmark is named; '}abnormal returns are over its own mean"


def _locked(bars: KnownBars, column: int) -> Mask:
    """Return which sessions (T,) ended at the exchange's price limit."""
    limit, minimum = price_limits(bars.sessions.exchange, bars.sessions.labels)
    open_, high, low, close = (bars.fields[name][:, [column]] for name in ("open", "high", "low", "close"))
    return np.asarray(limit_locked(open_, high, low, close, limit=limit, minimum=minimum))[:, 0]
