"""The power of a study of the store: of the stored events, or of dates that are only planned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import polars as pl

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
"""Options that choose and date stored events."""


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
    """The smallest effect that ``study`` with ``options`` finds with power ``target``; arguments as ``power_test``.

    ``planned``: instead of the stored events so many random dates of every symbol, for a study without data yet.
    """
    refuse_unused(options, ("by",), "a test of power, which is of all events together")
    if planned is not None:
        refuse_unused(options, _OF_EVENTS, "a study of planned dates")
    if planned is None:
        design = study(store, symbols, **options)
    else:
        design = _planned(store, spec_and_data(symbols, options), planned, seed)
    return power_test(design, effect=effect, studies=studies, target=target, seed=seed)


def _planned(store: Store, asked: tuple[StudySpec, Data], planned: int, seed: int) -> StudyResult:
    """A study of random dates: ``planned`` of every symbol."""
    if planned < 1:
        raise InputError(f"planned must be at least 1, got {planned}", argument="planned")
    spec, panel = study_bars(store, *asked)
    return study_panel(panel, _random_events(panel, planned, seed, spec.offsets()), spec)


def _random_events(panel: Panel, planned: int, seed: int, offsets: Any) -> pl.DataFrame:
    """Event_id, symbol and date of ``planned`` bars of every symbol that leave room for both windows.

    Of several exchanges a symbol's bars are the sessions of its own.
    """
    rng = np.random.default_rng(seed)
    parts = [panel] if panel.calendars is None else parts_of(panel)
    events = pl.concat([_random_dates(part, planned, rng, offsets) for part in parts])
    return events.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("event_id"))


def _random_dates(panel: Panel, planned: int, rng: np.random.Generator, offsets: Any) -> pl.DataFrame:
    estimation, window = offsets
    first, last = -min(estimation.first, window.first), len(panel.labels) - 1 - max(window.last, 0)
    if last - first + 1 < planned:
        raise InputError(
            f"{len(panel.labels)} bars leave room for {max(last - first + 1, 0)} dates, not {planned}",
            hint="plan fewer events, or shorten the windows",
            argument="planned",
        )
    rows = [np.sort(rng.choice(np.arange(first, last + 1), planned, replace=False)) for _ in panel.symbols]
    return pl.DataFrame(
        {"symbol": np.repeat(panel.symbols, planned).tolist(), "date": panel.labels[np.concatenate(rows)]}
    )
