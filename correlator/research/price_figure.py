"""Figures of what the store holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl

from correlator.eventstudy.spec import study_spec
from correlator.plot.price import price_figure
from correlator.research.panel import exchange_of
from correlator.research.selection import events_of_symbols, first_tellings
from correlator.store.db import Store
from correlator.store.reading import read_bars, read_instrument
from correlator.store.statements import query

if TYPE_CHECKING:
    import plotly.graph_objects as go

_QUOTES = """
    SELECT DISTINCT q.session, q.price FROM quotes AS q JOIN articles AS a ON a.article_id = q.article_id
    WHERE q.symbol = $symbol AND q.session IS NOT NULL AND ($as_of::TIMESTAMPTZ IS NULL OR a.loaded_at <= $as_of)
    ORDER BY q.session, q.price
"""


@dataclass(frozen=True)
class PriceData:
    """What a price figure draws: ``bars``, ``events``, ``quotes``, as ``price_figure`` takes them."""

    bars: pl.DataFrame
    events: pl.DataFrame
    quotes: pl.DataFrame


def stored_price_data(
    store: Store,
    symbol: str,
    *,
    events: str | None = None,
    links: str | Sequence[str] | None = None,
    as_of: str | date | datetime | None = None,
) -> PriceData:
    """Bars, events and strip quotes of a stored symbol; arguments as ``stored_price_figure``."""
    asked = study_spec(events=events, links=links, as_of=as_of)
    with store.studying() as connection:
        exchange = str(read_instrument(connection, symbol)["exchange"])
        bars = read_bars(connection, [symbol], as_of=asked.as_of)
        found = events_of_symbols(
            connection, [symbol], exchange, selection=asked.events, links=asked.links, as_of=asked.as_of
        )
        quotes = query(connection, _QUOTES, {"symbol": symbol, "as_of": asked.as_of})
    measured, _ = first_tellings(found)
    told = measured.select(
        "category",
        "headline",
        "publisher",
        day_zero="date",
        reason="day_zero_reason",
        published_at=pl.when(pl.col("known_precision").is_in(["minute", "second"])).then("known_at"),
    )
    return PriceData(bars, told, quotes)


def stored_price_figure(
    store: Store,
    symbol: str,
    *,
    around: date | None = None,
    sessions_each_side: int = 60,
    events: str | None = None,
    links: str | Sequence[str] | None = None,
    as_of: str | date | datetime | None = None,
) -> go.Figure:
    """``price_figure`` of a stored symbol: its bars, strip quotes, and the events that concern it.

    ``events``: a selection as studies take it; ``links``: kinds of link that make an event concern the symbol;
    ``as_of``: UTC instant whose knowledge is drawn. A story told again with the same day 0 is drawn once. Raises
    NotFoundError with the likeliest spelling for an unknown symbol.
    """
    data = stored_price_data(store, symbol, events=events, links=links, as_of=as_of)
    return price_figure(
        data.bars,
        events=data.events,
        quotes=data.quotes,
        symbol=symbol,
        around=around,
        sessions_each_side=sessions_each_side,
    )


def stored_dyads(
    store: Store,
    symbols: str | Sequence[str],
    *,
    events: str | None = None,
    links: str | Sequence[str] | None = None,
    as_of: str | date | datetime | None = None,
) -> pl.DataFrame:
    """The stored events that concern any of ``symbols``, once each, as the figures of dyads take them.

    Arguments and errors as ``stored_price_figure``.
    """
    asked = study_spec(symbols=symbols, events=events, links=links, as_of=as_of)
    with store.studying() as connection:
        exchange = exchange_of(connection, asked.symbols)
        found = events_of_symbols(
            connection, asked.symbols, exchange, selection=asked.events, links=asked.links, as_of=asked.as_of
        )
    return found.unique("event_id", keep="first", maintain_order=True)
