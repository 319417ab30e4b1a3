"""Whether returns of a frame move with the benchmark of another bar: then the labels of one are off by a bar."""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.errors import listed, warn
from correlator.eventstudy.panel.frames import Mask, Panel
from correlator.eventstudy.panel.jumps import MOST_BARS
from correlator.eventstudy.panel.same_bars import regular_length
from correlator.market.audit.shifts import EARLY, LATE, correlation, moves_with_other_session

_WORDS = {LATE: "previous", EARLY: "next"}
_DAILY = ("session", "dates of one of them are off by a session, or they close hours apart")
_WITHIN_DAYS = ("bar", "timestamps of one of them are the starts of bars, those of the other the ends")


def warn_of_lags(panel: Panel) -> None:
    """Warn of shares whose returns move with the benchmark of the previous or next bar instead of the same one.

    Only for frames with at most ``MOST_BARS`` bars; the rule is that of the audit for whole series.
    """
    market = panel.benchmark
    if market is None or panel.returns.size > MOST_BARS:
        return
    comparable = _comparable(panel)
    off = {}
    for column, name in enumerate(panel.symbols):
        own, others = panel.returns[:, column], market[:, column if market.shape[1] > 1 else 0]
        own, others = (np.where(comparable[:, column], each, np.nan) for each in (own, others))
        unshifted = correlation(own, others)
        lagged = {LATE: correlation(own[1:], others[:-1]), EARLY: correlation(own[:-1], others[1:])}
        for direction, shifted in lagged.items():
            if moves_with_other_session(shifted, unshifted, int(np.isfinite(own).sum())):
                off[name] = (direction, shifted, unshifted)
    if off:
        direction, shifted, unshifted = next(iter(off.values()))
        unit, reason = _DAILY if panel.labels.dtype == pl.Date else _WITHIN_DAYS
        warn(
            f"returns of {listed(off, 1)} move with the benchmark of the {_WORDS[direction]} {unit} (correlation "
            f"{shifted:.2f}, on the same {unit} {unshifted:.2f}): {reason}"
        )


def _comparable(panel: Panel) -> Mask:
    """Return the returns (T, S) to compare: intraday those of one bar, since one over a night outweighs them."""
    length = None if panel.labels.dtype == pl.Date else regular_length(panel.labels)
    if length is None:
        return np.ones(panel.returns.shape, dtype=bool)
    next_bar = (panel.labels.diff() == length).fill_null(value=False).to_numpy()[:, None]
    return np.broadcast_to(next_bar, panel.returns.shape) if panel.spans is None else next_bar & (panel.spans == 1)
