"""Confounds of a study of the store: all stored news counts, selected or not, and dividends come from the bars."""

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
    """What else happened in the event window of every event of ``result``, a study of this store.

    As ``flags_of``, with every stored event that concerns a symbol by the links of the study as the news that might
    confound, each at day 0 of the symbol's own exchange, and ex-dividend bars where adjusted and plain closes drift
    apart; as the study knew them.
    """
    check_result(result)
    refuse_within_days(result, "confounds")
    symbols, every = result.panel.symbols, replace(result.spec, events=None)
    with store.studying() as connection:
        listed = exchanges_of(connection, symbols).items()
        news = [events_of_symbols(connection, own, exchange, every) for exchange, own in listed]
        bars = read_bars(connection, symbols, as_of=every.as_of)
    others = pl.concat(news, how="vertical_relaxed")
    return flags_of(result, others=others, ex_dividend=_ex_dividend(bars, result.panel), kinds=kinds)


def _ex_dividend(bars: pl.DataFrame, panel: Panel) -> Mask | None:
    """Marks (T, S), None if no symbol has adjusted closes, so that nothing is known of dividends."""
    arrays = bar_arrays(bars, panel.labels, panel.symbols)
    if np.isnan(arrays["adjusted_close"]).all():
        return None
    return ex_dividend_bars(arrays["close"], arrays["adjusted_close"])
