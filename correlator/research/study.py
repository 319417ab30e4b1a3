"""A study of stored events on stored bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import duckdb
import polars as pl

from correlator.errors import NotFoundError
from correlator.eventstudy.bars import DAILY, bar_length, on_bars
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.factors import part_risk_free, with_factors
from correlator.eventstudy.frames import Frame
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.spec import make_plan
from correlator.eventstudy.windows import Window
from correlator.research.flagged_bars import warn_of_flagged_bars
from correlator.research.panel import EQUAL_WEIGHTED, exchange_of, stored_panel
from correlator.research.selection import DEFAULT_LINKS, events_of_symbols, first_tellings
from correlator.store.db import Store
from correlator.store.reading import read_instrument
from correlator.store.statements import query


def study(
    store: Store,
    symbols: str | Sequence[str] | None = None,
    *,
    events: str | None = None,
    links: Sequence[str] = DEFAULT_LINKS,
    benchmark: str | None = None,
    model: str = "market",
    interval: str = DAILY,
    returns: str = "log",
    price: str = "adjusted",
    currency: str | None = None,
    estimation: str | Window = "-279:-30",
    window: str | Window = "-10:10",
    windows: str | tuple[Window, ...] | None = None,
    minimum_observations: int | None = None,
    by: str | Sequence[str] | None = None,
    factors: Frame | None = None,
    risk_free: str | Frame | None = None,
    as_of: datetime | None = None,
) -> StudyResult:
    """Event-window returns of ``symbols`` around the stored events that concern them.

    ``symbols``: default every share with bars; ``events``: a selection such as ``category = CONSULT and dyad = PAK-
    AZE``; ``links``: which kinds of link make an event concern a symbol; ``benchmark``: a symbol, or ``equal-
    weighted``; default the instruments' own, else equal-weighted; ``factors``: dates and one column of returns per
    factor, for the model ``factors``; ``risk_free``: a column of these, or a frame, fractions per session, taken off
    returns and benchmark; ``returns``: ``log`` or ``simple``, fractions; ``currency``: what they are in, by stored
    exchange rates, default that of the bars; windows are bars from day 0, both ends included; ``interval``: of the
    bars, ``1d`` or as they were loaded (5m, 1h); within a session "day 0" is the first bar that ends after the event
    was known, and a date-only event has none; ``as_of``: UTC instant whose knowledge of bars and events is used. Day 0
    is the first session that closes after the event was known; of several tellings of a story with the same day 0 the
    first is measured. Warns where bars in its windows are flagged by the audit of prices. Raises NotFoundError,
    InputError or StudyError where it cannot be done as asked; what is not measured is in ``result.excluded`` with its
    reason.
    """
    if interval != DAILY:
        bar_length(interval)
    with store.reading() as connection:
        names = _symbols(connection, symbols)
        exchange = exchange_of(connection, names)
        chosen = _benchmark(connection, names, benchmark, model)
        panel = stored_panel(
            connection,
            names,
            chosen,
            exchange,
            interval=interval,
            returns_kind=returns,
            price=price,
            currency=currency,
            as_of=as_of,
        )
        found = events_of_symbols(connection, names, exchange, selection=events, links=links, as_of=as_of)
    if interval != DAILY:
        found = on_bars(found, panel.labels, interval)
    panel = with_factors(panel, *part_risk_free(factors, risk_free, panel))
    if found.is_empty():
        raise NotFoundError(
            "no stored event concerns these symbols" + (" and meets the selection" if events else ""),
            hint="see `list events`, add news, or give --link printed for symbols that are only on the strip",
        )
    plan = make_plan(
        model=model,
        returns_kind=returns,
        estimation=estimation,
        window=window,
        windows=windows,
        minimum_observations=minimum_observations,
        by=by if by is None or isinstance(by, str) else tuple(by),
        off_session="exclude",
        benchmark=chosen,
        currency=currency,
    )
    measured, repeated = first_tellings(found)
    result = study_panel(panel, measured, plan)
    warn_of_flagged_bars(store, result, price, as_of)
    return replace(result, excluded=pl.concat([result.excluded, repeated], how="vertical_relaxed"))


def _symbols(connection: duckdb.DuckDBPyConnection, symbols: str | Sequence[str] | None) -> list[str]:
    if symbols is not None:
        wanted = symbols.split(",") if isinstance(symbols, str) else symbols
        return list(dict.fromkeys(name.strip() for name in wanted if name.strip()))
    shares = query(
        connection,
        """
        SELECT symbol FROM instruments WHERE coalesce(kind, 'share') = 'share'
            AND symbol IN (SELECT DISTINCT symbol FROM bars) ORDER BY symbol
        """,
    )["symbol"].to_list()
    if not shares:
        raise NotFoundError("the store has no shares with prices", hint="add some with `correlator add prices`")
    return shares


def _benchmark(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], benchmark: str | None, model: str
) -> str | None:
    """The benchmark to use: the one asked for, else the one that all instruments name and that has bars."""
    if benchmark is not None or not model_named(model).needs_benchmark:
        return benchmark
    named = {read_instrument(connection, symbol)["benchmark"] for symbol in symbols}
    if len(named) == 1 and (name := named.pop()) is not None:
        stored = query(connection, "SELECT 1 FROM bars WHERE symbol = $symbol LIMIT 1", {"symbol": name})
        if not stored.is_empty():
            return name
    return EQUAL_WEIGHTED
