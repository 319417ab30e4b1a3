"""Clean estimation windows: bars in the reach of another event of the share are used for no estimate."""

from __future__ import annotations

import numpy as np

from correlator.eventstudy.frames import Mask, Panel, Rows
from correlator.eventstudy.placement import windows_over


def reach_of_events(panel: Panel, symbols: Rows, first: Rows, last: Rows) -> Mask:
    """Bars (T, S) whose return is over a session of an event window of their symbol.

    Parameters
    ----------
    panel: the bars.
    symbols: (E,) column of each event, -1 for one of no symbol.
    first, last: (E,) rows of its event window, ends included; they may lie outside of the panel.

    Notes
    -----
    The windows of an event do not overlap, so its own window takes nothing from its own estimation.
    """
    inside = windows_over(panel, symbols, first, last) > 0
    if panel.spans is None:
        return inside
    before = np.concatenate([np.zeros((1, inside.shape[1]), dtype=np.int64), inside.cumsum(axis=0)])
    rows = np.arange(len(inside))[:, None]
    start = np.maximum(rows + 1 - panel.spans, 0)
    return np.asarray(before[1:] > np.take_along_axis(before, start, axis=0))
