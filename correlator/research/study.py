"""Event studies of stored events on stored bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Unpack

import duckdb
import polars as pl

from correlator.base.tabular import Frame, rereadable
from correlator.errors import InputError, NotFoundError, warn
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.factors import part_risk_free, used_factors, with_factors
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.panel.jumps import with_marked_jumps
from correlator.eventstudy.panel.many_exchanges import joined, refuse_other_exchanges
from correlator.eventstudy.placing.bars import ends_at, on_bars
from correlator.eventstudy.request.spec import (
    DAILY,
    KEEP,
    STORE,
    SYNTHETIC,
    StoreKeywords,
    StudySpec,
    refuse_foreign,
    shows_options,
    study_spec,
)
from correlator.eventstudy.results.groups import warn_of_gaps
from correlator.eventstudy.results.result import StudyResult
from correlator.intake.instruments import names_in
from correlator.research.benchmark import benchmark_of
from correlator.research.donors import with_stored_donors
from correlator.research.flagged_bars import study_findings, warn_of_flagged_bars, with_findings
from correlator.research.panel import exchanges_of, stored_panel
from correlator.research.selection import (
    across_borders,
    events_of_symbols,
    events_of_unknown_symbols,
    first_of_each_story,
)
from correlator.sessions.exchanges import exchange_named
from correlator.sessions.intervals import bar_length
from correlator.store.db import Store
from correlator.store.reading import symbols_with_bars
from correlator.store.statements import query


@shows_options(StoreKeywords)
def study(store: Store, symbols: str | Sequence[str] | None = None, **options: Unpack[StoreKeywords]) -> StudyResult:
    """Measure the event-window returns of ``symbols`` around the stored events that concern them.

    Day 0 is the first session that closes after the event was known; with intraday bars, the first bar that ends after
    it, and date-only events have none. If several events tell the same story with the same day 0, the first is
    measured. Warns if the price audit flags bars in the windows.

    Parameters
    ----------
    store
        The store with the events and bars.
    symbols
        One or several symbols, of one or several exchanges; default every share with bars. Windows count the sessions
        of each share's own exchange.
    events
        A selection such as ``category = CONSULT and dyad = PAK-AZE``; default every event.
    links
        Kinds of link that relate an event to a symbol.
    benchmark
        A symbol, or ``equal-weighted``, the mean of every other share of the exchange; default that of the instruments,
        else the mean. With several exchanges, one for each: ``XKAR=KSE100,XNYS=SP500``.
    benchmark_session
        The benchmark's session of the ``same`` date, or the ``previous`` one for a market that closes later in the day.
    donors
        For the model ``synthetic``: symbols, or all stored shares of ``other-countries`` (default) or
        ``other-sectors``; never a share with an event in the study, or of a country that acts in one.
    model, estimation, window, windows, minimum_observations, by
        How events are measured; windows are bars from day 0, both ends included.
    flagged
        Doubtful bars, limit-locked bars and bars without volume: ``mark`` them in the outputs, ``keep`` them unmarked,
        or ``drop`` their returns and the events with one in their window.
    interval
        Interval of the bars: ``1d``, or an intraday interval (``5m``, ``1h``).
    returns, price, currency
        ``log`` or ``simple`` returns, fractions, of ``adjusted`` prices or of the ``close``, converted to a currency
        with stored exchange rates, default that of the bars.
    as_of
        Use only bars and events known by then: text, a date (its end in UTC) or a datetime with time zone.
    factors, risk_free
        A frame of dates and one column of returns per factor, for the model ``factors``; and a column of it, or a
        frame, of risk-free returns per session to subtract from returns and benchmark. Both are fractions.
    factors_unit
        ``percent`` if the figures of ``factors`` are to be divided by 100.
    risk_free_unit
        Unit of ``risk_free``, if it is not that of the factors: ``fraction`` or ``percent`` per session,
        ``annual-fraction`` or ``annual-percent``.

    Returns
    -------
    StudyResult
        Its ``excluded`` has the events that were not measured, with the reason.

    Raises
    ------
    NotFoundError, InputError, StudyError
        If the study cannot be run; the message names the argument.

    Examples
    --------
    >>> study(store, "AIRLINK", benchmark="KSE100", window=(-5, 5)).car  # doctest: +SKIP
    """
    spec, data = spec_and_data(symbols, options)
    result = run_study(store, spec, data)
    warn_of_gaps(result)
    return replace(result, notes=data.notes)


@dataclass(frozen=True)
class Data:
    """Data for a study besides the store: ``factors``, ``risk_free`` and its unit as for ``study``; ``notes`` on how
    they were read.
    """

    factors: Frame | None = None
    risk_free: str | Frame | None = None
    risk_free_unit: str | None = None
    notes: tuple[str, ...] = ()


NO_DATA = Data()


def spec_and_data(symbols: str | Sequence[str] | None, options: Mapping[str, Any]) -> tuple[StudySpec, Data]:
    """Return the options of ``study`` as a spec, and its frames, which may be given as files."""
    arguments: dict[str, Any] = {"symbols": symbols, **options}
    data = Data(*(rereadable(arguments.pop(name, None)) for name in ("factors", "risk_free")))
    data = replace(data, risk_free_unit=arguments.pop("risk_free_unit", None))
    unit = arguments.pop("factors_unit", None)
    if unit is not None or any(each is not None for each in (data.factors, data.risk_free)):
        from correlator.research.study_tables import study_tables  # imported late, since it is slow to import

        given = {"factors": data.factors, "risk_free": data.risk_free}
        tables, notes = study_tables(given, factors_unit=unit, risk_free_unit=data.risk_free_unit)
        data = replace(data, **tables, notes=notes)
    refuse_foreign(arguments, STORE)
    spec = study_spec(**arguments)
    model_named(spec.model)  # fails for an unknown model before bars are read
    return spec, data


def run_study(store: Store, spec: StudySpec, data: Data = NO_DATA) -> StudyResult:
    """Run the study of ``store`` that ``spec`` describes; raises as ``study`` does."""
    with store.studying() as connection:
        unmatched = events_of_unknown_symbols(connection, spec)
        markets = _markets(connection, spec, data)
        events = pl.concat([market_events(connection, market) for market in markets])
    measured, repeated, domestic = chosen_events(events, spec)
    panel, flagged = _audited(store, markets, data, set(measured["symbol"].unique()))
    result = study_panel(panel, measured, _named(spec, markets))
    warn_of_flagged_bars(result, flagged)
    unmatched = unmatched.cast({"session": result.excluded["session"].dtype})
    return replace(result, excluded=pl.concat([result.excluded, repeated, domestic, unmatched], how="vertical_relaxed"))


def chosen_events(events: pl.DataFrame, spec: StudySpec) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Split events into those to measure, repetitions and domestic ones; raise NotFoundError if there are none."""
    chosen = parted_events(events, spec)
    refuse_no_events(len(chosen[0]), len(chosen[2]), spec)
    return chosen


def parted_events(events: pl.DataFrame, spec: StudySpec) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Like ``chosen_events``, but accepts that there is none to measure."""
    abroad, domestic = across_borders(events, spec.events)
    measured, repeated = first_of_each_story(abroad)
    return measured, repeated, domestic


def refuse_no_events(measured: int, domestic: int, spec: StudySpec) -> None:
    """Raise NotFoundError if there is no event to measure."""
    if not measured and domestic:
        raise NotFoundError(
            f"all {domestic} events that concern these symbols are domestic",
            hint="studies use events between countries; add scope = domestic to the selection to study these",
        )
    if not measured:
        raise NotFoundError(
            "no stored event concerns these symbols" + (" and matches the selection" if spec.events else ""),
            hint="see `correlator list events`, add news, or give links='printed' for symbols only seen on a strip",
        )


def study_bars(store: Store, spec: StudySpec, data: Data) -> tuple[StudySpec, Panel]:
    """Return the spec with its benchmark resolved, and the bars of its study, whatever events there are."""
    with store.studying() as connection:
        markets = _markets(connection, spec, data)
    panel, _ = _audited(store, markets, data, {symbol for market in markets for symbol in market.panel.symbols})
    return _named(spec, markets), panel


@dataclass(frozen=True)
class Market:
    """The symbols of one exchange in a study: its bars, and the spec with its benchmark resolved."""

    exchange: str
    spec: StudySpec
    panel: Panel


def _audited(
    store: Store, markets: Sequence[Market], data: Data, studied: Set[str]
) -> tuple[Panel, dict[str, pl.DataFrame | None]]:
    """Return the bars of all markets with the audit's findings on the ``studied`` symbols, and these by exchange."""
    panels, flagged = {}, {}
    for market in markets:
        symbols = [symbol for symbol in market.panel.symbols if symbol in studied]
        flagged[market.exchange] = study_findings(store, symbols, market.spec) if symbols else None
        panel = market.panel
        if market.spec.interval != DAILY:
            panel = with_marked_jumps(panel, market.spec)
        panel = with_findings(panel, flagged[market.exchange], market.spec)
        panels[market.exchange] = with_data(panel, market.spec, data)
    return joined(panels), flagged


def _markets(connection: duckdb.DuckDBPyConnection, spec: StudySpec, data: Data) -> list[Market]:
    """Return the bars of every exchange that the symbols trade on."""
    by_exchange = exchanges_of(connection, requested_symbols(connection, spec))
    _check_exchanges(list(by_exchange), spec)
    markets, beside = [], (data.factors, data.risk_free)
    for exchange, names in by_exchange.items():
        chosen = benchmark_of(connection, names, exchange, spec)
        named = replace(spec, benchmark=chosen)
        panel = stored_panel(connection, names, exchange, named, flags=spec.flagged != KEEP)
        panel = with_stored_donors(connection, panel, named, exchange, beside=beside)
        markets.append(Market(exchange, named, panel))
    return markets


def _check_exchanges(exchanges: list[str], spec: StudySpec) -> None:
    """Raise InputError for options that several exchanges do not support; warn about several currencies."""
    refuse_other_exchanges(spec.benchmark, exchanges)
    if len(exchanges) == 1:
        return
    if spec.model == SYNTHETIC:
        raise InputError(
            f"model synthetic supports one exchange at a time, got {', '.join(exchanges)}",
            hint="study one exchange at a time",
        )
    if spec.interval != DAILY:
        raise InputError(
            f"intraday bars of several exchanges ({', '.join(exchanges)}) cannot be studied together",
            hint="study daily bars, or one exchange at a time",
            argument="interval",
        )
    currencies = {str(exchange_named(code).currency) for code in exchanges}
    if spec.currency is None and len(currencies) > 1:
        listed = ", ".join(sorted(currencies))
        warn(f"returns are in the shares' own currencies ({listed}); give currency to convert them")


def _named(spec: StudySpec, markets: list[Market]) -> StudySpec:
    """Return the spec with the benchmark that is used, or one for each of several exchanges."""
    if len(markets) == 1:
        return replace(spec, benchmark=markets[0].spec.benchmark)
    used = {market.exchange: market.spec.benchmark for market in markets}
    if None in used.values():
        return replace(spec, benchmark=None)
    return replace(spec, benchmark=",".join(f"{code}={name}" for code, name in used.items()))


def market_events(connection: duckdb.DuckDBPyConnection, market: Market) -> pl.DataFrame:
    """Return the events that concern the symbols of an exchange, with day 0 on that exchange."""
    spec, panel = market.spec, market.panel
    events = events_of_symbols(connection, panel.symbols, market.exchange, spec)
    if spec.interval == DAILY:
        return events
    return on_bars(events, panel.labels, ends_at(market.exchange, panel.labels, bar_length(spec.interval)))


def with_data(panel: Panel, spec: StudySpec, data: Data) -> Panel:
    """Return the panel with the factors of the model, in excess of the risk-free return if there is one."""
    table, free = part_risk_free(data.factors, data.risk_free, panel, data.risk_free_unit)
    used = {"risk_free": data.risk_free, "benchmark": spec.benchmark}
    table = used_factors(table, model_named(spec.model).regressors == "all", panel, **used)
    return with_factors(panel, table, free)


def requested_symbols(connection: duckdb.DuckDBPyConnection, spec: StudySpec) -> list[str]:
    """Return the given symbols, resolving aliases, or else every share with bars of the interval known by ``as_of``.

    If no share has any, all that have bars, so that reading them says what is missing.
    """
    if spec.symbols:
        names = names_in(connection)
        return list(dict.fromkeys(names.symbol_of(symbol) or symbol for symbol in spec.symbols))
    shares = query(connection, "SELECT DISTINCT symbol FROM share_series ORDER BY symbol")["symbol"].to_list()
    if not shares:
        raise NotFoundError("the store has no shares with prices", hint="add some with `correlator add prices`")
    known = symbols_with_bars(connection, spec.interval, spec.as_of)
    return [symbol for symbol in shares if symbol in known] or shares
