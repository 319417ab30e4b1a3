"""Flagged bars in the windows of events: named in a study's tables, or the reason why an event is left out.

Where their returns are dropped, so is an event whose window holds such a return: the sum over the rest would not be the
return of the window.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl

from correlator.eventstudy.panel.flagged import any_mark, marks_of
from correlator.eventstudy.panel.frames import Mask, Panel, Rows
from correlator.eventstudy.placing.placement import holds_any, window_rows, windows_over
from correlator.eventstudy.request.windows import Window

Marks = list[tuple[str, Mask]]


def dropped_reasons(panel: Panel, window: Window, symbols: Rows, day_zero: Rows) -> dict[int, str]:
    """Why events (E,) with a dropped return in their event ``window`` are left out, by position.

    ``symbols``, ``day_zero``: column and row of day 0, -1 where there is none.
    """
    if panel.dropped is None:
        return {}
    placed = np.flatnonzero((day_zero >= 0) & (symbols >= 0))
    own = symbols[placed]
    first, last = window_rows(window, day_zero[placed], panel.labels)
    reasons, marks = {}, list(marks_of(panel))
    for i in np.flatnonzero(holds_any(panel.dropped, own, first, last)).tolist():
        # A return is dropped for its own bar or for the one before.
        words = _words(marks, panel.labels, int(own[i]), (int(first[i]) - 1, int(last[i])))
        reasons[int(placed[i])] = f"flagged bars in its event window: {words or 'the return after one'}"
    return reasons


def window_findings(panel: Panel, symbols: Rows, first: Rows, last: Rows) -> pl.Series:
    """Of each event the flagged bars of its rows ``first`` to ``last`` (E,), as words; empty if there are none."""
    flagged = any_mark(panel)
    if flagged is None or not flagged.any():
        return pl.repeat("", len(symbols), dtype=pl.String, eager=True).alias("findings")
    words, marks = [""] * len(symbols), list(marks_of(panel))
    for i in np.flatnonzero(holds_any(flagged, symbols, first, last)).tolist():
        words[i] = _words(marks, panel.labels, int(symbols[i]), (int(first[i]), int(last[i])))
    return pl.Series("findings", words, dtype=pl.String)


def flagged_bars(panel: Panel, windows: dict[str, tuple[Rows, Rows]], symbols: Rows) -> pl.DataFrame:
    """Every flagged bar of the windows (name: first and last row (E,)): symbol, session, finding, window, events."""
    texts: dict[str, Any] = dict.fromkeys(("symbol", "finding", "window"), pl.String)
    schema = {**texts, "session": panel.labels.dtype, "events": pl.Int64}
    frames = [pl.DataFrame(schema=schema)]
    for name, (first, last) in windows.items():
        events = windows_over(panel, symbols, first, last)
        for word, mask in marks_of(panel):
            rows, columns = np.nonzero(mask & (events > 0))
            own = [panel.symbols[j] for j in columns.tolist()]
            told = {"session": panel.labels.gather(rows), "events": events[rows, columns]}
            words = {"symbol": own, "finding": [word] * len(rows), "window": [name] * len(rows)}
            frames.append(pl.DataFrame({**words, **told}, schema=schema))
    bars = pl.concat(frames).select("symbol", "session", "finding", "window", "events")
    return bars.sort("symbol", "session", "finding", "window")


def _words(marks: Marks, labels: pl.Series, symbol: int, rows: tuple[int, int]) -> str:
    """The flagged bars of ``rows`` (first and last): each finding with its first session, and how many more it has."""
    start, end = max(rows[0], 0), min(rows[1] + 1, len(labels))
    bars = [(start + np.flatnonzero(mask[start:end, symbol]), word) for word, mask in marks]
    ordered = sorted((int(at[0]), len(at), word) for at, word in bars if len(at))
    return ", ".join(
        f"{word} {_written(labels[row])}" + (f" and {count - 1} more" if count > 1 else "")
        for row, count, word in ordered
    )


def _written(label: date) -> str:
    return f"{label:%Y-%m-%d %H:%M}" if isinstance(label, datetime) else f"{label:%Y-%m-%d}"
