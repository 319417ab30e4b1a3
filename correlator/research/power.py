"""The power of a study of the store, for its stored events or for planned dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import polars as pl

from correlator.base.seeds import generator
from correlator.errors import InputError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.panel.many_exchanges import parts_of
from correlator.eventstudy.power import PowerResult, power_test
from correlator.eventstudy.request.spec import StoreKeywords, StudySpec, refuse_unused, shows_options
from correlator.eventstudy.results.result import StudyResult
from correlator.research.study import Data, spec_and_data, study, study_bars
from correlator.store.db import Store

_OF_EVENTS = ("events", "links", "date_only")
"""Options that select and place stored events."""


@shows_options(StoreKeywords)
def stored_power(
    store: Store,
    symbols: str | Sequence[str] | None = None,
    *,
    planned: int | None = None,
    effect: float | None = None,
    studies: int = 300,
    target: float = 0.8,
    seed: int = 0,
    **options: Unpack[StoreKeywords],
) -> PowerResult:
    """Return the smallest effect that ``study`` with ``options`` detects with power ``target``.

    Arguments as for ``power_test``; ``planned``: use this many random dates per symbol instead of stored events.
    """
    refuse_unused(options, ("by",), "a test of power, which uses all events together")
    if planned is not None:
        refuse_unused(options, _OF_EVENTS, "a study of planned dates")
    if planned is None:
        design = study(store, symbols, **options)
    else:
        design = _planned_study(store, spec_and_data(symbols, options), planned, seed)
    return power_test(design, effect=effect, studies=studies, target=target, seed=seed)


def _planned_study(store: Store, request: tuple[StudySpec, Data], planned: int, seed: int) -> StudyResult:
    """Return a study of ``planned`` random dates per symbol."""
    if planned < 1:
        raise InputError(f"planned must be at least 1, got {planned}", argument="planned")
    spec, panel = study_bars(store, *request)
    return study_panel(panel, _random_events(panel, planned, seed, spec.offsets()), spec)


def _random_events(panel: Panel, planned: int, seed: int, offsets: Any) -> pl.DataFrame:
    """Return event_id, symbol and date of ``planned`` random bars per symbol that leave room for both windows.

    With several exchanges, dates are sessions of the symbol's own exchange.
    """
    rng = generator(seed)
    parts = [panel] if panel.calendars is None else parts_of(panel)
    events = pl.concat([_random_dates(part, planned, rng, offsets) for part in parts])
    return events.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("event_id"))


def _random_dates(panel: Panel, planned: int, rng: np.random.Generator, offsets: Any) -> pl.DataFrame:
    estimation, window = offsets
    first, last = -min(estimation.first, window.first), len(panel.labels) - 1 - max(window.last, 0)
    if last - first + 1 < planned:
        raise InputError(
            f"planned is {planned}, but {len(panel.labels)} bars leave room for only {max(last - first + 1, 0)} dates",
            hint="plan fewer events, or shorten the windows",
            argument="planned",
        )
    rows = [np.sort(rng.choice(np.arange(first, last + 1), planned, replace=False)) for _ in panel.symbols]
    return pl.DataFrame(
        {"symbol": np.repeat(panel.symbols, planned).tolist(), "date": panel.labels[np.concatenate(rows)]}
    )
