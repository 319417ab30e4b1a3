"""Confounds of a study of the store: all stored news counts, selected or not; dividends are inferred from bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from correlator.align.confounds import USUAL_KINDS, Mask, ex_dividend_bars
from correlator.eventstudy.confounded import flags_of
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.results.finding import refuse_within_days
from correlator.eventstudy.results.result import StudyResult, check_result
from correlator.research.panel import bar_arrays, exchanges_of
from correlator.research.selection import events_of_symbols
from correlator.store.db import Store
from correlator.store.reading import read_bars


def stored_flags(store: Store, result: StudyResult, *, kinds: Sequence[str] = USUAL_KINDS) -> pl.DataFrame:
    """Return what else happened in the event window of every event of ``result``, a study of this store.

    Like ``flags_of``, with every stored event linked to a symbol as a possible confounder, at day 0 of the symbol's own
    exchange, and with ex-dividend bars inferred from adjusted and unadjusted closes, all as known to the study.
    """
    check_result(result)
    refuse_within_days(result, "confounds")
    symbols, unselected = result.panel.symbols, replace(result.spec, events=None)
    with store.studying() as connection:
        by_exchange = exchanges_of(connection, symbols).items()
        news = [events_of_symbols(connection, names, exchange, unselected) for exchange, names in by_exchange]
        bars = read_bars(connection, symbols, as_of=unselected.as_of)
    others = pl.concat(news, how="vertical_relaxed")
    return flags_of(result, others=others, ex_dividend=_ex_dividend(bars, result.panel), kinds=kinds)


def _ex_dividend(bars: pl.DataFrame, panel: Panel) -> Mask | None:
    """Return the ex-dividend bars (T, S); None if no symbol has adjusted closes to infer dividends from."""
    arrays = bar_arrays(bars, panel.labels, panel.symbols)
    if np.isnan(arrays["adjusted_close"]).all():
        return None
    return ex_dividend_bars(arrays["close"], arrays["adjusted_close"])
