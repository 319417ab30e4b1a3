"""Clean estimation windows: bars in the reach of another event of the share are used for no estimate."""

from __future__ import annotations

import numpy as np

from correlator.eventstudy.frames import Mask, Panel
from correlator.eventstudy.placement import Rows


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
    total = len(panel.labels)
    edges = np.zeros((total + 1, len(panel.symbols)), dtype=np.int64)
    known = (symbols >= 0) & (last >= 0) & (first < total)
    np.add.at(edges, (np.maximum(first[known], 0), symbols[known]), 1)
    np.add.at(edges, (np.minimum(last[known] + 1, total), symbols[known]), -1)
    inside = edges[:-1].cumsum(axis=0) > 0
    if panel.spans is None:
        return inside
    before = np.concatenate([np.zeros((1, inside.shape[1]), dtype=np.int64), inside.cumsum(axis=0)])
    rows = np.arange(total)[:, None]
    start = np.maximum(rows + 1 - panel.spans, 0)
    return np.asarray(before[1:] > np.take_along_axis(before, start, axis=0))
