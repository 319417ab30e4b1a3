"""Figures of stored data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Unpack

import polars as pl

from correlator.base.iso_dates import read_day
from correlator.errors import InputError, warn, written
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.placebo.outcome import PlaceboResult
from correlator.eventstudy.placing.bars import ends_at, on_bars
from correlator.eventstudy.request.readers import read_symbols
from correlator.eventstudy.request.spec import (
    DAILY,
    StoreKeywords,
    StudySpec,
    shows_options,
    study_spec,
    written_default,
)
from correlator.eventstudy.results.result import StudyResult
from correlator.intake.checks import audit_stored
from correlator.market.returns import zero_volume
from correlator.plot.figures import DYADS, NEWS, PLACEBO, PRICES, FigureKind, figure_named
from correlator.plot.of_result import ungrouped
from correlator.plot.price import ACTION, AT_LIMIT, DOUBTED, NO_VOLUME, PriceData
from correlator.research.correlate import correlate, news_and_returns
from correlator.research.panel import bar_arrays, exchange_of, limit_locked_bars
from correlator.research.selection import events_of_symbols, first_of_each_story
from correlator.research.study import requested_symbols, spec_and_data, study
from correlator.sessions.exchanges import exchange_zone
from correlator.sessions.intervals import bar_length
from correlator.store.db import Store
from correlator.store.reading import read_bars, read_instrument
from correlator.store.statements import query

if TYPE_CHECKING:
    import plotly.graph_objects as go

_OWN_USED = {PRICES: ("around", "sessions_each_side"), PLACEBO: ("draws", "seed"), NEWS: ("key",)}
_OWN = tuple(chain.from_iterable(_OWN_USED.values()))
_WHICH_EVENTS = ("events", "links", "date_only", "as_of")
_OPTIONS_USED = {
    PRICES: (*_WHICH_EVENTS, "interval"),
    DYADS: _WHICH_EVENTS,
    NEWS: (*_WHICH_EVENTS, "returns", "price"),
}
"""The fields of ``OfStore`` and study options that figures use, by what they need; all options if none are listed."""

_QUOTES = """
    SELECT DISTINCT q.session, q.price FROM quotes AS q JOIN articles AS a ON a.article_id = q.article_id
    WHERE q.symbol = $symbol AND q.session IS NOT NULL AND ($as_of::TIMESTAMPTZ IS NULL OR a.loaded_at <= $as_of)
    ORDER BY q.session, q.price
"""

_ACTIONS = """
    SELECT session, NULL::VARCHAR AS mark, kind || ' ' || value AS words FROM actions
    WHERE symbol = $symbol AND kind IN ('split', 'dividend') AND ($as_of::TIMESTAMPTZ IS NULL OR retrieved_at <= $as_of)
    QUALIFY row_number() OVER (PARTITION BY session, kind ORDER BY vintage DESC) = 1 ORDER BY session, kind
"""


def stored_price_data(
    store: Store,
    symbol: str,
    *,
    events: str | None = None,
    links: str | Sequence[str] | None = None,
    interval: str = DAILY,
    as_of: str | date | datetime | None = None,
    date_only: str | None = None,
) -> PriceData:
    """Return bars, events, strip quotes and marked bars of a stored symbol; arguments as for ``study``.

    Intraday bars have the local time of the exchange, and no strip quotes or findings of the audit.
    """
    spec = study_spec(symbols=symbol, events=events, links=links, interval=interval, as_of=as_of, date_only=date_only)
    daily = spec.interval == DAILY
    with store.studying() as connection:
        symbol = requested_symbols(connection, spec)[0]
        exchange = str(read_instrument(connection, symbol)["exchange"])
        bars = read_bars(connection, [symbol], interval=spec.interval, as_of=spec.as_of)
        placed = events_of_symbols(connection, [symbol], exchange, spec)
        quotes = query(connection, _QUOTES, {"symbol": symbol, "as_of": spec.as_of})
        actions = query(connection, _ACTIONS, {"symbol": symbol, "as_of": spec.as_of})
    if not daily:
        placed = _on_intraday_bars(placed, bars, exchange, spec.interval)
    measured, _ = first_of_each_story(placed)
    events_shown = measured.select(
        "category",
        "headline",
        "publisher",
        day_zero="date",
        reason="day_zero_reason",
        published_at=pl.when(pl.col("known_precision").is_in(["minute", "second"])).then("known_at"),
    )
    if daily:
        marks = _marks(store, symbol, bars, exchange, as_of=spec.as_of)
        marks = pl.concat([marks, actions.with_columns(pl.col("mark").fill_null(ACTION))])
        return PriceData(symbol, bars, events_shown, quotes, marks=marks)
    zone = exchange_zone(exchange)
    clock = bars.with_columns(session=_local(pl.col("bar_start"), zone))
    return PriceData(
        symbol, clock, events_shown.with_columns(day_zero=_local(pl.col("day_zero"), zone)), quotes.clear(), zone=zone
    )


def _local(instant: pl.Expr, zone: str) -> pl.Expr:
    return instant.dt.convert_time_zone(zone).dt.replace_time_zone(None)


def _on_intraday_bars(events: pl.DataFrame, bars: pl.DataFrame, exchange: str, interval: str) -> pl.DataFrame:
    """Place events on intraday bars, as studies of such bars do."""
    starts = bars["bar_start"].unique().sort()
    return on_bars(events, starts, ends_at(exchange, starts, bar_length(interval)))


def _marks(store: Store, symbol: str, bars: pl.DataFrame, exchange: str, *, as_of: datetime | None) -> pl.DataFrame:
    """Return sessions of bars that are not evidence: at the price limit, without volume, or flagged by the audit."""
    arrays = bar_arrays(bars, bars["session"], [symbol])
    locked = limit_locked_bars(arrays, bars["session"], exchange)
    marks = (
        (AT_LIMIT, locked, "its abnormal return is censored"),
        (NO_VOLUME, zero_volume(arrays["volume"]), "its price is not evidence"),
    )
    parts = [
        bars.filter(pl.Series(mask[:, 0])).select("session", mark=pl.lit(name), words=pl.lit(words))
        for name, mask, words in marks
    ]
    doubted = audit_stored(store, [symbol], as_of=as_of).filter(
        pl.col("severity") != "low", pl.col("session").is_in(bars["session"].implode())
    )
    doubts = doubted.select("session", mark=pl.lit(DOUBTED), words=pl.format("{}: {}", "check", "evidence"))
    return pl.concat([*parts, doubts.cast({"session": pl.Date})])


def stored_dyads(
    store: Store,
    symbols: str | Sequence[str],
    *,
    events: str | None = None,
    links: str | Sequence[str] | None = None,
    as_of: str | date | datetime | None = None,
    date_only: str | None = None,
) -> pl.DataFrame:
    """Return the stored events that concern any of ``symbols``, once each, for the figures of dyads.

    Arguments as for ``study``.
    """
    spec = study_spec(symbols=symbols, events=events, links=links, as_of=as_of, date_only=date_only)
    with store.studying() as connection:
        exchange = exchange_of(connection, spec.symbols)
        selected = events_of_symbols(connection, spec.symbols, exchange, spec)
    return selected.unique("event_id", keep="first", maintain_order=True)


@dataclass(frozen=True)
class OfStore:
    """Material for figures from a store; each part is read on first use.

    ``options``: the options of ``study``, which are validated before anything is drawn; ``key``: country whose news
    counts, None for all news.
    """

    store: Store
    symbols: tuple[str, ...]
    around: date | None = None
    sessions_each_side: int | None = None
    draws: int = 2_000
    seed: int = 0
    key: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.symbols:
            raise InputError("the symbol is missing", hint="give the symbol to draw")
        spec_and_data(self.symbols, self.options)

    @property
    def symbol(self) -> str:
        """The symbol of a figure of one symbol; raises InputError for several."""
        if len(self.symbols) != 1:
            raise InputError(f"this figure takes one symbol, got {len(self.symbols)}", hint="give one symbol")
        return self.symbols[0]

    def warn_of_unused(self, kind: FigureKind, *, text: bool = False) -> None:
        """Warn about options that a figure of ``kind``, or its ``text``, does not use."""
        own = {each.name: (getattr(self, each.name), each.default) for each in fields(self) if each.name in _OWN}
        defaults = {each.name: written_default(each) for each in fields(StudySpec)}
        chosen = own | {name: (value, defaults.get(name)) for name, value in self.options.items()}
        used = (*_OWN_USED.get(kind.needs, ()), *_OPTIONS_USED.get(kind.needs, defaults))
        for name, (value, default) in chosen.items():
            ignored = name not in used or (name == "by" and (text or not kind.grouped))
            if ignored and value not in (None, default):
                warn(f"{name}={written(value)} is not used by {'the text of ' if text else ''}the figure {kind.name}")
        if kind.needs == PRICES and self.around is None and self.sessions_each_side is not None:
            warn(f"sessions_each_side={self.sessions_each_side} is not used without around")

    def chosen(self, needs: str) -> dict[str, Any]:
        """Return the options that a figure which ``needs`` this material uses."""
        return {name: self.options[name] for name in _OPTIONS_USED[needs] if name in self.options}

    @cached_property
    def result(self) -> StudyResult:
        return study(self.store, self.symbols, **self.options)

    @cached_property
    def test(self) -> PlaceboResult:
        return placebo_test(ungrouped(self.result), draws=self.draws, seed=self.seed)

    @property
    def prices(self) -> PriceData:
        data = stored_price_data(self.store, self.symbol, **self.chosen(PRICES))
        return replace(data, around=self.around, sessions_each_side=self.sessions_each_side)

    @property
    def dyads(self) -> pl.DataFrame:
        return stored_dyads(self.store, self.symbols, **self.chosen(DYADS))

    @property
    def about(self) -> str:
        """The symbols and the selection of events, in words."""
        return f"{', '.join(self.symbols)}, events: {self.options.get('events') or 'all'}"

    def news(self, method: str) -> pl.DataFrame:
        """Return the stories of ``key`` compared with the symbol's returns."""
        by = "all" if self.key is None else "country"
        data = news_and_returns(self.store, [self.symbol], by=by, **self.chosen(NEWS))
        return correlate(data, method, keys=None if self.key is None else [self.key])


@shows_options(StoreKeywords)
def stored_figure(
    store: Store,
    symbols: str | Sequence[str],
    kind: str = "price",
    *,
    around: str | date | None = None,
    sessions_each_side: int | None = None,
    draws: int = 2_000,
    seed: int = 0,
    key: str | None = None,
    **options: Unpack[StoreKeywords],
) -> go.Figure:
    """Return a figure of stored data: prices with news, a study, its placebo test, news against returns, or dyads.

    Parameters
    ----------
    store
        The store.
    symbols
        Symbol to draw; several for studies and dyads.
    kind
        One of ``plot.figures.FIGURES``: ``price``, ``car``, ``fan``, ``lead-lag``, ``dyads`` ...
    around, sessions_each_side
        Date in the middle of ``price``, and sessions on each side: 60 by default, 1 for intraday bars.
    draws, seed
        Number and random seed of the placebo studies of ``fan`` and ``null``.
    key
        Only news of this country, for ``lead-lag`` and ``impulse``.
    **options
        Options of ``study``; ``events``, ``links``, ``date_only`` and ``as_of`` also select and place the news that is
        drawn. Options that a kind does not use cause a warning.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    NotFoundError
        For an unknown kind or symbol.
    InputError, StudyError
        As ``study``.

    Examples
    --------
    >>> ws.plot("AIRLINK", around="2025-05-28").show()  # doctest: +SKIP
    """
    material = OfStore(
        store,
        read_symbols(symbols, "symbols"),
        around=None if around is None else read_day(around, "around"),
        sessions_each_side=sessions_each_side,
        draws=draws,
        seed=seed,
        key=key,
        options=options,
    )
    drawn = figure_named(kind)
    material.warn_of_unused(drawn)
    return drawn.draw(material)
