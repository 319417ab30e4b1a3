"""Flagged bars in the windows of events: named in the tables of a study, or the reason why an event is left out.

If their returns are dropped, so is an event with such a return in its window: the sum over the rest would not be the
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
    """Return the reasons, by position, why events (E,) with a dropped return in their event ``window`` are left out.

    ``symbols``, ``day_zero``: column and row of day 0, -1 if there is none.
    """
    if panel.dropped is None:
        return {}
    placed = np.flatnonzero((day_zero >= 0) & (symbols >= 0))
    columns = symbols[placed]
    first, last = window_rows(window, day_zero[placed], panel.local_labels)
    reasons, marks = {}, list(marks_of(panel))
    for i in np.flatnonzero(holds_any(panel.dropped, columns, first, last)).tolist():
        # A return is dropped because of its own bar or the one before.
        words = _words(marks, panel.labels, int(columns[i]), (int(first[i]) - 1, int(last[i])))
        reasons[int(placed[i])] = f"flagged bars in its event window: {words or 'the return after one'}"
    return reasons


def window_findings(panel: Panel, symbols: Rows, first: Rows, last: Rows) -> pl.Series:
    """Describe for each event the flagged bars of its rows ``first`` to ``last`` (E,); empty if there are none."""
    flagged = any_mark(panel)
    if flagged is None or not flagged.any():
        return pl.repeat("", len(symbols), dtype=pl.String, eager=True).alias("findings")
    words, marks = [""] * len(symbols), list(marks_of(panel))
    for i in np.flatnonzero(holds_any(flagged, symbols, first, last)).tolist():
        words[i] = _words(marks, panel.labels, int(symbols[i]), (int(first[i]), int(last[i])))
    return pl.Series("findings", words, dtype=pl.String)


def flagged_bars(panel: Panel, windows: dict[str, tuple[Rows, Rows]], symbols: Rows) -> pl.DataFrame:
    """Return the flagged bars of the windows (name: first and last row (E,)).

    Columns: symbol, session, finding, window, events.
    """
    texts: dict[str, Any] = dict.fromkeys(("symbol", "finding", "window"), pl.String)
    schema = {**texts, "session": panel.labels.dtype, "events": pl.Int64}
    frames = [pl.DataFrame(schema=schema)]
    for name, (first, last) in windows.items():
        events = windows_over(panel, symbols, first, last)
        for word, mask in marks_of(panel):
            rows, columns = np.nonzero(mask & (events > 0))
            values = {
                "symbol": [panel.symbols[j] for j in columns.tolist()],
                "finding": [word] * len(rows),
                "window": [name] * len(rows),
                "session": panel.labels.gather(rows),
                "events": events[rows, columns],
            }
            frames.append(pl.DataFrame(values, schema=schema))
    bars = pl.concat(frames).select("symbol", "session", "finding", "window", "events")
    return bars.sort("symbol", "session", "finding", "window")


def _words(marks: Marks, labels: pl.Series, symbol: int, rows: tuple[int, int]) -> str:
    """Describe the flagged bars of ``rows`` (first and last): each finding, its first session and how many more."""
    start, end = max(rows[0], 0), min(rows[1] + 1, len(labels))
    bars = [(start + np.flatnonzero(mask[start:end, symbol]), word) for word, mask in marks]
    ordered = sorted((int(at[0]), len(at), word) for at, word in bars if len(at))
    return ", ".join(
        f"{word} {_written(labels[row])}" + (f" and {count - 1} more" if count > 1 else "")
        for row, count, word in ordered
    )


def _written(label: date) -> str:
    return f"{label:%Y-%m-%d %H:%M}" if isinstance(label, datetime) else f"{label:%Y-%m-%d}"
