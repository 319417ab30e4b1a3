"""Confounds of a study of the store: all stored news counts, selected or not, and dividends come from the bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from correlator.align.confounds import USUAL_KINDS, Mask, ex_dividend_bars
from correlator.eventstudy.confounded import flags_of
from correlator.eventstudy.frames import Panel
from correlator.eventstudy.result import StudyResult, check_result
from correlator.eventstudy.spec import study_spec
from correlator.research.panel import bar_arrays, exchanges_of
from correlator.research.selection import events_of_symbols
from correlator.store.db import Store
from correlator.store.reading import read_bars


def stored_flags(
    store: Store,
    result: StudyResult,
    *,
    kinds: Sequence[str] = USUAL_KINDS,
    links: str | Sequence[str] | None = None,
) -> pl.DataFrame:
    """What else happened in the event window of every event of ``result``, a study of this store.

    As ``flags_of``, with every stored event that concerns a symbol by ``links`` (default: those of the study) as the
    news that might confound, each at day 0 of the symbol's own exchange, and ex-dividend bars where adjusted and plain
    closes drift apart; as the study knew them.
    """
    check_result(result)
    symbols, as_of = result.panel.symbols, result.spec.as_of
    chosen = result.spec.links if links is None else study_spec(links=links).links
    every = replace(result.spec, events=None, links=chosen)
    with store.studying() as connection:
        news = pl.concat(
            [
                events_of_symbols(connection, own, exchange, every)
                for exchange, own in exchanges_of(connection, symbols).items()
            ],
            how="vertical_relaxed",
        )
        bars = read_bars(connection, symbols, as_of=as_of)
    return flags_of(result, others=news, ex_dividend=_ex_dividend(bars, result.panel), kinds=kinds)


def _ex_dividend(bars: pl.DataFrame, panel: Panel) -> Mask | None:
    """Marks (T, S), None if no symbol has adjusted closes, so that nothing is known of dividends."""
    arrays = bar_arrays(bars, panel.labels, panel.symbols)
    if np.isnan(arrays["adjusted_close"]).all():
        return None
    return ex_dividend_bars(arrays["close"], arrays["adjusted_close"])
