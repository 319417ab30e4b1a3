"""Flagged bars of a panel: bars that the price audit doubts, limit-locked bars and bars without volume.

Their returns can be left out. The return after a flagged bar starts from a doubtful close, so it is left out as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from correlator.eventstudy.panel.frames import BarFindings, Mask, Panel

MOST_WORDS = 32
_BENCHMARK = "benchmark-"
SCHEMA = {"symbol": pl.String(), "session": pl.Date(), "check": pl.String(), "until": pl.Date()}


def findings_on(
    findings: pl.DataFrame, labels: pl.Series, symbols: tuple[str, ...], benchmark: str | None
) -> BarFindings:
    """Return findings as marks on the bars at ``labels`` (T,) of ``symbols`` (S,).

    ``findings``: rows of ``SCHEMA``, from ``session`` to ``until`` (null: that one bar); those of the ``benchmark``
    apply to the bars of every symbol, with ``benchmark-`` before their name.
    """
    bits = np.zeros((len(labels), len(symbols)), dtype=np.uint32)
    column_of = {symbol: column for column, symbol in enumerate(symbols)}
    words: dict[str, int] = {}
    for symbol, session, check, until in findings.select(*SCHEMA).iter_rows():
        first = int(labels.search_sorted(session, side="left"))
        last = int(labels.search_sorted(until or session, side="right"))
        targets = [(check, [column_of[symbol]])] if symbol in column_of else []
        if symbol == benchmark:
            targets.append((_BENCHMARK + check, list(range(len(symbols)))))
        for word, columns in targets:
            bit = words.setdefault(word, min(len(words), MOST_WORDS - 1))
            bits[first:last, columns] |= np.uint32(1 << bit)
    return BarFindings(tuple(words)[:MOST_WORDS], bits)


def without_flagged(panel: Panel) -> Panel:
    """Return the panel without the returns of flagged bars and the return after each."""
    flagged = any_mark(panel)
    if flagged is None or not flagged.any():
        return panel
    dropped = flagged | _after(flagged, np.isnan(panel.returns))
    return replace(panel, returns=np.where(dropped, np.nan, panel.returns), dropped=dropped)


def marks_of(panel: Panel) -> Iterator[tuple[str, Mask]]:
    """Yield every finding about bars of the panel, and the mask (T, S) of these bars."""
    yield from censoring(panel)
    if panel.findings is not None:
        for k, word in enumerate(panel.findings.words):
            yield word, (panel.findings.bits >> np.uint32(k) & np.uint32(1)).astype(bool)


def censoring(panel: Panel) -> Iterator[tuple[str, Mask]]:
    """Yield the findings that censor returns: limit-locked bars and bars without volume."""
    for word, mask in (("limit-locked", panel.limit_locked), ("zero-volume", panel.zero_volume)):
        if mask is not None:
            yield word, mask


def any_mark(panel: Panel) -> Mask | None:
    """Return the mask (T, S) of bars with any finding; None if nothing is known."""
    marked: Mask | None = None
    for mask in (panel.limit_locked, panel.zero_volume, None if panel.findings is None else panel.findings.bits > 0):
        if mask is not None:
            marked = mask if marked is None else marked | mask
    return marked


def _after(flagged: Mask, missing: Mask) -> Mask:
    """Return the mask (T, S) of the next bar with a return after each flagged one."""
    after = np.zeros_like(flagged)
    pending = np.zeros(flagged.shape[1], dtype=bool)
    for row in range(len(flagged)):
        due = pending & ~missing[row]
        after[row] = due
        pending = (pending & ~due) | flagged[row]
    return after
