"""Whether returns of a frame move with the benchmark of another session: then dates of one are off by a session."""

from __future__ import annotations

import numpy as np
import polars as pl

from correlator.errors import listed, warn
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.panel.jumps import MOST_BARS
from correlator.market.audit.shifts import EARLY, LATE, correlation, moves_with_other_session

_WORDS = {LATE: "previous", EARLY: "next"}


def warn_of_lags(panel: Panel) -> None:
    """Warn of shares whose returns move with the benchmark of the previous or next session instead of the same one.

    Only for frames of daily bars with at most ``MOST_BARS`` bars; the rule is that of the audit for whole series.
    """
    market = panel.benchmark
    if market is None or panel.labels.dtype != pl.Date or panel.returns.size > MOST_BARS:
        return
    off = {}
    for column, name in enumerate(panel.symbols):
        own, others = panel.returns[:, column], market[:, column if market.shape[1] > 1 else 0]
        unshifted = correlation(own, others)
        lagged = {LATE: correlation(own[1:], others[:-1]), EARLY: correlation(own[:-1], others[1:])}
        for direction, shifted in lagged.items():
            if moves_with_other_session(shifted, unshifted, int(np.isfinite(own).sum())):
                off[name] = (direction, shifted, unshifted)
    if off:
        direction, shifted, unshifted = next(iter(off.values()))
        warn(
            f"returns of {listed(off, 1)} move with the benchmark of the {_WORDS[direction]} session (correlation "
            f"{shifted:.2f}, on the same session {unshifted:.2f}): dates of one of them are off by a session, or they "
            "close hours apart"
        )
