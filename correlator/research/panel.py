"""Read stored bars into a panel on the sessions of their exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError, counted, warn
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, equal_weighted_of_others
from correlator.eventstudy.panel.frames import Array, Mask, Panel, returns_of
from correlator.eventstudy.panel.trade_to_trade import bridge_holes
from correlator.eventstudy.request.spec import DAILY, StudySpec
from correlator.market.limits import price_limits
from correlator.market.returns import filled_adjusted, limit_locked, zero_volume
from correlator.research.benchmark import (
    note_of_mean,
    previous_session_prices,
    shares_of,
    timed,
    timing_of,
    without_doubted,
)
from correlator.research.currency import currency_rates, warn_of_currencies
from correlator.sessions.bar_stamps import within_sessions
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.sessions.exchanges import exchange_zone
from correlator.sessions.intervals import START
from correlator.store.bar_arrays import FIELDS, BarGrid, bar_span, read_bar_arrays
from correlator.store.reading import read_bars, read_instrument_rows

_CLOSES = ("close", "adjusted_close")


def exchanges_of(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> dict[str, list[str]]:
    """Return the symbols by the code of their exchange, in order; raise NotFoundError for an unknown symbol."""
    by_exchange: dict[str, list[str]] = {}
    rows = read_instrument_rows(connection, symbols)
    for symbol in symbols:
        by_exchange.setdefault(str(rows[symbol]["exchange"]), []).append(symbol)
    return by_exchange


def exchange_of(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> str:
    """Return the exchange of the symbols; raise InputError if there are several."""
    exchanges = {name: str(row["exchange"]) for name, row in read_instrument_rows(connection, symbols).items()}
    if len(set(exchanges.values())) > 1:
        listed = ", ".join(f"{symbol} {exchange}" for symbol, exchange in exchanges.items())
        raise InputError(f"symbols trade on several exchanges: {listed}", hint="study one exchange at a time")
    return next(iter(exchanges.values()))


def stored_panel(
    connection: duckdb.DuckDBPyConnection,
    symbols: Sequence[str],
    exchange: str,
    spec: StudySpec,
    *,
    flags: bool = True,
    labels: pl.Series | None = None,
) -> Panel:
    """Return the panel of ``symbols`` with the benchmark as its factor, one row per bar, as ``spec`` says.

    Rows of daily bars are the sessions of ``exchange``, by date. Rows of other intervals (1m to 1h) are all bar starts
    of any of the symbols, in UTC, and those of the benchmark within sessions; the first return of a session is since
    the last bar of the session before.

    Uses of ``spec``: ``benchmark`` (a symbol, ``equal-weighted``, the mean return of every other stored share of the
    exchange without bars with findings of high severity, or None), ``benchmark_session``, ``interval``, ``returns``,
    ``price``, ``currency``, ``as_of`` and ``holes``. ``flags``: whether to mark censored bars, which only the output
    ``ar`` shows and which needs all fields of a bar. A session without a bar is missing; bars on days without a session
    are left out with a warning. ``labels``: sessions of daily bars, by default from the first bar to the last.
    """
    mean = spec.benchmark == EQUAL_WEIGHTED
    members = [] if spec.benchmark is None else [spec.benchmark]
    if mean:
        members = shares_of(connection, exchange, spec.interval, spec.as_of)
    names = list(dict.fromkeys([*symbols, *members]))
    if spec.interval == DAILY:
        if labels is None:
            labels = daily_labels(connection, names, exchange, spec.as_of)
        grid = read_bar_arrays(connection, names, labels, fields=FIELDS if flags else _CLOSES, as_of=spec.as_of)
        _warn_of_off_sessions(grid, exchange)
        arrays = grid.fields
    else:
        bars = read_bars(connection, names, interval=spec.interval, as_of=spec.as_of)
        labels = _bar_starts(bars, symbols, exchange)
        arrays = bar_arrays(bars, labels, names, at="bar_start")
    note, moved = _time_benchmark(connection, exchange, spec, labels)
    for name, values in moved.items():
        arrays[name][:, [names.index(members[0])]] = values
    prices, rates = _in_currency(connection, names, labels, _price(arrays, spec.price, names), spec=spec)
    if spec.currency is None and spec.benchmark is not None:
        warn_of_currencies(connection, symbols, members, spec.benchmark)
    returns = returns_of(prices, spec.returns)
    column_of = {name: column for column, name in enumerate(names)}
    own = [column_of[symbol] for symbol in symbols]
    locked = limit_locked_bars(arrays, labels, exchange) if flags and spec.interval == DAILY else None
    panel = Panel(
        labels,
        tuple(symbols),
        _columns(returns, own),
        limit_locked=None if locked is None else _columns(locked, own),
        zero_volume=_columns(zero_volume(arrays["volume"]), own) if flags else None,
        beside=_rates_beside(rates, spec, own),
        zone=None if spec.interval == DAILY else exchange_zone(exchange),
    )
    market = None
    if mean:
        panel = _on_mean(
            connection, panel, exchange, spec, of=(members, _columns(returns, [column_of[m] for m in members]))
        )
    elif spec.benchmark is not None:
        words = f"{spec.benchmark} ({note})" if note else spec.benchmark
        factors = _columns(returns, [column_of[spec.benchmark]])
        panel = replace(panel, factors=factors, factor_names=(spec.benchmark,), benchmark_note=words)
        if model_named(spec.model).needs_benchmark:
            market = prices[:, column_of[spec.benchmark]]
    return panel if spec.holes == "drop" else bridge_holes(panel, _columns(prices, own), market, spec.returns)


def _bar_starts(bars: pl.DataFrame, symbols: Sequence[str], exchange: str) -> pl.Series:
    """Return the starts of the bars of ``symbols``, and of others within the sessions of ``exchange``, in order."""
    own = bars.filter(pl.col("symbol").is_in(symbols))["bar_start"].unique()
    other = bars.filter(~pl.col("bar_start").is_in(own.implode()))["bar_start"].unique()
    return pl.concat([own, other.filter(within_sessions(other, START, exchange))]).sort()


def _time_benchmark(
    connection: duckdb.DuckDBPyConnection, exchange: str, spec: StudySpec, labels: pl.Series
) -> tuple[str, dict[str, Array]]:
    """Return a note on the benchmark's close, and its closes (T, 1) if the previous session is to be used."""
    if spec.benchmark is None or spec.benchmark == EQUAL_WEIGHTED or spec.interval != DAILY:
        if spec.benchmark_session != "same":
            raise InputError(
                "benchmark_session 'previous' needs a named benchmark and daily bars",
                hint="name a benchmark symbol, or leave the benchmark session out",
                argument="benchmark_session",
            )
        return "", {}
    timing = timing_of(connection, spec.benchmark, exchange, labels)
    moved = {}
    if spec.benchmark_session == "previous":
        moved = previous_session_prices(connection, spec.benchmark, timing.exchange, labels, as_of=spec.as_of)
    return timed(timing, spec.benchmark, exchange, spec.benchmark_session), moved


def _in_currency(
    connection: duckdb.DuckDBPyConnection, names: list[str], labels: pl.Series, prices: Array, *, spec: StudySpec
) -> tuple[Array, Array | None]:
    """Return prices (T, S) in the currency of ``spec``, and the rates (T, S); a session without one is missing."""
    if spec.currency is None:
        return prices, None
    if spec.interval != DAILY:
        raise InputError(
            f"exchange rates are daily, so bars of {spec.interval} cannot be converted",
            hint="study daily bars, or leave currency out",
        )
    rates = currency_rates(connection, names, spec.currency, labels, as_of=spec.as_of)
    return prices * rates, rates


def _rates_beside(rates: Array | None, spec: StudySpec, own: list[int]) -> tuple[tuple[str, Mask], ...]:
    """Return where (T, S) there are rates (T, N), for the columns ``own``, for ``Panel.beside``."""
    if rates is None:
        return ()
    return ((f"the exchange rate to {spec.currency}", np.isfinite(_columns(rates, own))),)


def _on_mean(
    connection: duckdb.DuckDBPyConnection,
    panel: Panel,
    exchange: str,
    spec: StudySpec,
    *,
    of: tuple[list[str], Array],
) -> Panel:
    """Return the panel with the equal-weighted mean ``of`` members and their returns (T, M) as its benchmark.

    Each share is left out of its own benchmark.
    """
    members, columns = of
    notes: list[str] = []
    if spec.interval == DAILY:
        columns, notes = without_doubted(connection, columns, members, panel.labels, price=spec.price, as_of=spec.as_of)
    at = {member: column for column, member in enumerate(members)}
    means = equal_weighted_of_others(columns, np.array([at.get(symbol, -1) for symbol in panel.symbols]))
    return means.on(panel, note_of_mean(exchange, means.others.tolist(), notes))


def _columns(values: NDArray[Any], chosen: list[int]) -> NDArray[Any]:
    """Return the columns ``chosen`` of ``values`` (T, S), without a copy if these are all of them in order."""
    return values if chosen == list(range(values.shape[1])) else values[:, chosen]


def daily_labels(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], exchange: str, as_of: datetime | None
) -> pl.Series:
    """Return the sessions of the exchange from the first bar of any symbol to the last, within its calendar."""
    first, last = bar_span(connection, names, as_of)
    start, end = calendar_reach(exchange)
    if last < start or first > end:
        raise InputError(
            f"bars from {first} to {last} are outside the calendar of {exchange}, {start} to {end}",
            hint="check their dates",
        )
    return sessions_between(exchange, max(first, start), min(last, end))["session"]


def bar_arrays(bars: pl.DataFrame, labels: pl.Series, names: Sequence[str], *, at: str = "session") -> dict[str, Array]:
    """Return each field of the bars as an array (T, S) on ``labels`` and ``names``, NaN for missing bars.

    ``at``: the column of the labels, ``session`` or ``bar_start``; bars at other labels are left out.
    """
    bars = bars.filter(pl.col(at).is_in(labels.implode()))
    rows = labels.search_sorted(bars[at]).to_numpy()
    columns = bars["symbol"].replace_strict({name: j for j, name in enumerate(names)}, return_dtype=pl.Int64).to_numpy()
    arrays = {}
    for name in ("open", "high", "low", "close", "adjusted_close", "volume"):
        grid = np.full((len(labels), len(names)), np.nan)
        grid[rows, columns] = bars[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        arrays[name] = grid
    return arrays


def _warn_of_off_sessions(grid: BarGrid, exchange: str) -> None:
    """Warn about bars on days that are not sessions, with their number and the first one."""
    if grid.off_first is not None:
        symbol, day = grid.off_first
        warn(
            f"{grid.off_count} bars left out on days that are not sessions of {exchange}, first {symbol} {day} "
            "(see `correlator sessions check`)"
        )


def limit_locked_bars(arrays: dict[str, Array], labels: pl.Series, exchange: str) -> Mask:
    """Return which bars (T, S) were locked at the price limit of ``exchange``; ``arrays``: their fields by name."""
    limit, minimum = price_limits(exchange, labels)
    open_, high, low, close = (arrays[name] for name in ("open", "high", "low", "close"))
    return limit_locked(open_, high, low, close, limit=limit, minimum=minimum)


def _price(arrays: dict[str, Array], price: str, names: Sequence[str]) -> Array:
    """Return the prices that a study uses; warn of gaps in adjusted closes, which unadjusted closes fill or not."""
    if price == "close":
        return arrays["close"]
    prices, filled = filled_adjusted(arrays["close"], arrays["adjusted_close"])
    partly = ~np.isnan(arrays["adjusted_close"]).all(axis=0)
    lost = np.isnan(prices) & ~np.isnan(arrays["close"])
    for bars, what in (
        (filled & partly, "returns use unadjusted closes"),
        (lost, "left out, since a dividend or split is on one of them"),
    ):
        for column in np.flatnonzero(bars.any(axis=0)).tolist():
            warn(f"{names[column]}: {counted(int(bars[:, column].sum()), 'bar')} without an adjusted close: {what}")
    return prices
