"""Events of a panel through the engine: at once where all symbols share their benchmark, else symbol by symbol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import EventEstimates, Placement, joined
from correlator.eventstudy.frames import Panel


def fit_panel(panel: Panel, where: Placement, **options: Any) -> EventEstimates:
    """``fit_events`` of the events at ``where`` on ``panel``, each on its own symbol's benchmark.

    ``options``: those of ``fit_events``.
    """
    if panel.own_benchmark is None or len(where.day_zero) == 0:
        return _fit(panel, where, panel.factors, options)
    parts: list[EventEstimates] = []
    reasons: dict[int, str] = {}
    for symbol in np.unique(where.symbol_index).tolist():
        positions = np.flatnonzero(where.symbol_index == symbol)
        alone = replace(panel, returns=panel.returns[:, [symbol]])
        first = replace(where.take(positions), symbol_index=np.zeros(len(positions), dtype=np.int64))
        part = _fit(alone, first, panel.factors_of(symbol), options)
        reasons.update((int(positions[i]), reason) for i, reason in part.excluded)
        column = np.full(len(part), symbol, dtype=np.int64)
        parts.append(replace(part, kept=positions[part.kept], symbol_index=column, excluded=()))
    together = joined(parts, reasons)
    return together.take(np.argsort(together.kept, kind="stable")).excluding(dict(sorted(reasons.items())))


def _fit(panel: Panel, where: Placement, factors: Any, options: dict[str, Any]) -> EventEstimates:
    return fit_events(
        panel.returns,
        factors,
        where.symbol_index,
        where.day_zero,
        where.est_first,
        where.est_last,
        where.win_first,
        where.win_last,
        car_columns=where.car_columns,
        **options,
    )
