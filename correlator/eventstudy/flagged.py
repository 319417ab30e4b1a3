"""Flagged bars: what the audit of prices doubts, limit-locked bars and bars without volume, in a study's numbers.

``mark`` names them in ``ar``, ``car`` and ``models``; ``drop`` leaves their returns out. The return after a flagged bar
starts from a close that is in doubt, so it is left out as well, and so is an event whose window holds such a return:
the sum over the rest would not be the return of the window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl

from correlator.eventstudy.frames import BarFindings, Mask, Panel, Rows
from correlator.eventstudy.placement import holds_any, window_rows, windows_over
from correlator.eventstudy.windows import Window

Marks = list[tuple[str, Mask]]

_MOST_WORDS = 32
_BENCHMARK = "benchmark-"
SCHEMA = {"symbol": pl.String(), "session": pl.Date(), "check": pl.String(), "until": pl.Date()}


def findings_on(
    findings: pl.DataFrame, labels: pl.Series, symbols: tuple[str, ...], benchmark: str | None
) -> BarFindings:
    """Findings as marks on the bars at ``labels`` (T,) of ``symbols`` (S,).

    ``findings``: rows of ``SCHEMA``, from ``session`` to ``until`` (null: that one bar); those of the ``benchmark``
    speak against the bar of every symbol, under their name with ``benchmark-`` before it.
    """
    bits = np.zeros((len(labels), len(symbols)), dtype=np.uint32)
    place = {symbol: column for column, symbol in enumerate(symbols)}
    words: dict[str, int] = {}
    for symbol, session, check, until in findings.select(*SCHEMA).iter_rows():
        first = int(labels.search_sorted(session, side="left"))
        last = int(labels.search_sorted(until or session, side="right"))
        targets = [(check, [place[symbol]])] if symbol in place else []
        if symbol == benchmark:
            targets.append((_BENCHMARK + check, list(range(len(symbols)))))
        for word, columns in targets:
            bit = words.setdefault(word, min(len(words), _MOST_WORDS - 1))
            bits[first:last, columns] |= np.uint32(1 << bit)
    return BarFindings(tuple(words)[:_MOST_WORDS], bits)


def without_flagged(panel: Panel) -> Panel:
    """The panel without the returns of flagged bars, and without the return after each."""
    flagged = _any_mark(panel)
    if flagged is None or not flagged.any():
        return panel
    dropped = flagged | _after(flagged, np.isnan(panel.returns))
    return replace(panel, returns=np.where(dropped, np.nan, panel.returns), dropped=dropped)


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
    flagged = _any_mark(panel)
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


def marks_of(panel: Panel) -> Iterator[tuple[str, Mask]]:
    """Every word that speaks against bars of the panel, and which bars (T, S)."""
    yield from censoring(panel)
    if panel.findings is not None:
        for k, word in enumerate(panel.findings.words):
            yield word, (panel.findings.bits >> np.uint32(k) & np.uint32(1)).astype(bool)


def censoring(panel: Panel) -> Iterator[tuple[str, Mask]]:
    """Of these, bars at the price limit and bars without volume: their abnormal returns are not evidence."""
    for word, mask in (("limit-locked", panel.limit_locked), ("zero-volume", panel.zero_volume)):
        if mask is not None:
            yield word, mask


def _any_mark(panel: Panel) -> Mask | None:
    """Bars (T, S) that anything speaks against; None if nothing is known."""
    marked: Mask | None = None
    for mask in (panel.limit_locked, panel.zero_volume, None if panel.findings is None else panel.findings.bits > 0):
        if mask is not None:
            marked = mask if marked is None else marked | mask
    return marked


def _after(flagged: Mask, missing: Mask) -> Mask:
    """The next bar (T, S) with a return after each flagged one."""
    after = np.zeros_like(flagged)
    pending = np.zeros(flagged.shape[1], dtype=bool)
    for row in range(len(flagged)):
        due = pending & ~missing[row]
        after[row] = due
        pending = (pending & ~due) | flagged[row]
    return after


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
