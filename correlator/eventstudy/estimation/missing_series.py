"""Which series is at fault where an event has no bar to use: benchmark, factors, risk-free return, exchange rate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from correlator.errors import counted
from correlator.eventstudy.estimation.estimates import NO_BAR_REASON, Placement, is_too_few
from correlator.eventstudy.estimation.models import Model
from correlator.eventstudy.panel.frames import Mask, Panel


def with_series_at_fault(
    panel: Panel, model: Model, where: Placement, excluded: tuple[tuple[int, str], ...], *, minimum: int
) -> Iterator[tuple[int, str]]:
    """Yield ``excluded`` (position, reason), with the series that begins late, ends early or has too few values.

    ``minimum``: bars that an estimation window needs.
    """
    for i, reason in excluded:
        if reason == NO_BAR_REASON:
            first, last, needed = int(where.win_first[i]), int(where.win_last[i]), 1
        elif is_too_few(reason):
            first, last, needed = int(where.est_first[i]), int(where.est_last[i]), minimum
        else:
            yield i, reason
            continue
        rows = max(first, 0), min(last, len(panel.labels) - 1)
        words = (
            _what_lacks(panel, name, known, rows)
            for name, known in _series_of(panel, model, int(where.symbol_index[i]))
            if int(known[rows[0] : rows[1] + 1].sum()) < needed <= rows[1] - rows[0] + 1
        )
        at_fault = next(words, "")
        yield i, f"{reason}: {at_fault}" if at_fault else reason


def _series_of(panel: Panel, model: Model, symbol: int) -> Iterator[tuple[str, Mask]]:
    """Yield each series that every abnormal return of a symbol needs, its own last, and where (T,) it has a value."""
    for name, known in panel.beside:
        yield name, known[:, symbol]
    if model.regressors == "all" and panel.factors is not None:
        for name, values in zip(panel.factor_names, panel.factors.T, strict=True):
            yield f"factor {name}", np.isfinite(values)
    elif model.needs_benchmark and panel.benchmark is not None:
        own = panel.benchmark[:, 0 if panel.benchmark.shape[1] == 1 else symbol]
        name = panel.factor_names[0]
        yield "the benchmark" if name == "benchmark" else f"benchmark {name}", np.isfinite(own)
    yield f"the return of {panel.symbols[symbol]}", np.isfinite(panel.returns[:, symbol])


def _what_lacks(panel: Panel, name: str, known: Mask, rows: tuple[int, int]) -> str:
    """Describe the part of a series that is missing from ``rows``, first and last."""
    at = np.flatnonzero(known)
    first, last = panel.labels[rows[0]], panel.labels[rows[1]]
    if len(at) == 0:
        return f"{name} has no value"
    if at[-1] < rows[1] and not known[rows[0] : rows[1] + 1].all() and at[0] <= rows[0]:
        return f"{name} ends on {panel.labels[int(at[-1])]}"
    if at[0] > rows[0]:
        return f"{name} begins on {panel.labels[int(at[0])]}"
    return f"{name} has {counted(int(known[rows[0] : rows[1] + 1].sum()), 'value')} from {first} to {last}"
