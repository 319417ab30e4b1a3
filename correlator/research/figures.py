"""Figures of what the store holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import polars as pl

from correlator.errors import InputError
from correlator.eventstudy.placebo.inference import PlaceboResult, placebo_test
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.spec import StoreKeywords, shows_options, study_spec
from correlator.plot.figures import figure_named
from correlator.plot.price import PriceData
from correlator.research.correlate import correlate, news_and_returns
from correlator.research.panel import exchange_of
from correlator.research.selection import events_of_symbols, first_tellings
from correlator.research.study import study
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


def stored_price_data(
    store: Store,
    symbol: str,
    *,
    events: str | None = None,
    links: str | Sequence[str] | None = None,
    as_of: str | date | datetime | None = None,
) -> PriceData:
    """Bars, events and strip quotes of a stored symbol; arguments as ``study`` has them."""
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
    return PriceData(symbol, bars, told, quotes)


def stored_dyads(
    store: Store,
    symbols: str | Sequence[str],
    *,
    events: str | None = None,
    links: str | Sequence[str] | None = None,
    as_of: str | date | datetime | None = None,
) -> pl.DataFrame:
    """The stored events that concern any of ``symbols``, once each, as the figures of dyads take them.

    Arguments as ``study`` has them.
    """
    asked = study_spec(symbols=symbols, events=events, links=links, as_of=as_of)
    with store.studying() as connection:
        exchange = exchange_of(connection, asked.symbols)
        found = events_of_symbols(
            connection, asked.symbols, exchange, selection=asked.events, links=asked.links, as_of=asked.as_of
        )
    return found.unique("event_id", keep="first", maintain_order=True)


@dataclass(frozen=True)
class OfStore:
    """The material of figures that a store gives; each part reads it when it is asked for.

    ``options``: of a study, as ``study`` takes them; ``key``: the country whose news counts, None for all news.
    """

    store: Store
    symbols: tuple[str, ...]
    around: date | None = None
    sessions_each_side: int = 60
    draws: int = 2_000
    seed: int = 0
    key: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        """The one symbol of a kind that draws one; raises InputError for several."""
        if len(self.symbols) != 1:
            raise InputError(f"this figure draws one symbol, not {len(self.symbols)}", hint="name one symbol")
        return self.symbols[0]

    @property
    def known(self) -> dict[str, Any]:
        """Which events, and as they were known when."""
        return {name: self.options[name] for name in ("events", "links", "as_of") if name in self.options}

    @cached_property
    def result(self) -> StudyResult:
        return study(self.store, self.symbols, **self.options)

    @cached_property
    def test(self) -> PlaceboResult:
        return placebo_test(self.result, draws=self.draws, seed=self.seed)

    @property
    def prices(self) -> PriceData:
        data = stored_price_data(self.store, self.symbol, **self.known)
        return replace(data, around=self.around, sessions_each_side=self.sessions_each_side)

    @property
    def dyads(self) -> pl.DataFrame:
        return stored_dyads(self.store, self.symbols, **self.known)

    def news(self, method: str) -> pl.DataFrame:
        """Stories of ``key`` against the symbol's returns."""
        by = "all" if self.key is None else "country"
        data = news_and_returns(self.store, [self.symbol], by=by, **self.known)
        return correlate(data, method, keys=None if self.key is None else [self.key])


@shows_options(StoreKeywords)
def stored_figure(
    store: Store,
    symbols: str | Sequence[str],
    kind: str = "price",
    *,
    around: date | None = None,
    sessions_each_side: int = 60,
    draws: int = 2_000,
    seed: int = 0,
    key: str | None = None,
    **options: Unpack[StoreKeywords],
) -> go.Figure:
    """A figure of what the store holds: prices with their news, a study, its placebo, news against returns, dyads.

    Parameters
    ----------
    store
        The store.
    symbols
        The symbol to draw; several for studies and dyads.
    kind
        One of ``plot.figures.FIGURES``: ``price``, ``car``, ``fan``, ``lead-lag``, ``dyads`` ...
    around, sessions_each_side
        The date in the middle of ``price``, and how much is shown on each side.
    draws, seed
        Placebo studies of ``fan`` and ``null``.
    key
        Only news of this country, for ``lead-lag`` and ``impulse``.
    **options
        Of the study, as ``study`` takes them; ``events``, ``links`` and ``as_of`` also choose the news that is drawn.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    NotFoundError
        For another kind, or with the likeliest spelling for an unknown symbol.
    InputError, StudyError
        As the study does.

    Examples
    --------
    >>> ws.plot("AIRLINK", around=date(2025, 5, 28)).show()  # doctest: +SKIP
    """
    material = OfStore(
        store,
        study_spec(symbols=symbols).symbols,
        around=around,
        sessions_each_side=sessions_each_side,
        draws=draws,
        seed=seed,
        key=key,
        options=options,
    )
    return figure_named(kind).draw(material)
