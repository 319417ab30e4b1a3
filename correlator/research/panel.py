"""Bars of the store as the engine's panel, on the sessions of their exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError, warn
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
from correlator.research.currency import currency_rate
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.store.bar_arrays import FIELDS, BarGrid, bar_span, read_bar_arrays
from correlator.store.reading import read_bars, read_instrument_rows

_CLOSES = ("close", "adjusted_close")


def exchanges_of(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> dict[str, list[str]]:
    """The symbols of every exchange, by its code, in the order of the symbols; raises NotFoundError for an unknown
    symbol.
    """
    by_exchange: dict[str, list[str]] = {}
    rows = read_instrument_rows(connection, symbols)
    for symbol in symbols:
        by_exchange.setdefault(str(rows[symbol]["exchange"]), []).append(symbol)
    return by_exchange


def exchange_of(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> str:
    """The one exchange of the symbols; raises InputError when there are several."""
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
    """The panel of ``symbols`` with the benchmark as its factor, one row per bar, as ``spec`` has it.

    Daily bars lie on the sessions of ``exchange``, by date; bars of another interval (1m to 1h) wherever any of the
    symbols has one, by the UTC instant of their start, the first of a session with the return since the last one of the
    session before.

    Of ``spec``: ``benchmark``, a symbol, ``equal-weighted`` (mean return of every other share of the exchange in the
    store, without bars that the audit gravely doubts), or None; ``benchmark_session``, ``interval``, ``returns``,
    ``price``, ``currency``, ``as_of`` and ``holes``. ``flags``: mark censored bars, which only the output ``ar`` shows
    and which needs every figure of a bar. A session without a bar is missing; bars on days that the calendar does not
    know are left out with a warning. ``labels``: sessions of daily bars, default those from the first bar to the last.
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
        labels = bars["bar_start"].unique().sort()
        arrays = bar_arrays(bars, labels, names, at="bar_start")
    note, moved = _time_benchmark(connection, exchange, spec, labels)
    for name, values in moved.items():
        arrays[name][:, [names.index(members[0])]] = values
    prices = _in_currency(connection, names, labels, _price(arrays, spec.price, names), spec=spec)
    returns = returns_of(prices, spec.returns)
    place = {name: column for column, name in enumerate(names)}
    own = [place[symbol] for symbol in symbols]
    locked = limit_locked_bars(arrays, labels, exchange) if flags and spec.interval == DAILY else None
    panel = Panel(
        labels,
        tuple(symbols),
        _columns(returns, own),
        limit_locked=None if locked is None else _columns(locked, own),
        zero_volume=_columns(zero_volume(arrays["volume"]), own) if flags else None,
    )
    market = None
    if mean:
        panel = _on_mean(
            connection, panel, exchange, spec, of=(members, _columns(returns, [place[m] for m in members]))
        )
    elif spec.benchmark is not None:
        words = f"{spec.benchmark} ({note})" if note else spec.benchmark
        factors = _columns(returns, [place[spec.benchmark]])
        panel = replace(panel, factors=factors, factor_names=(spec.benchmark,), benchmark_note=words)
        market = prices[:, place[spec.benchmark]]
    return panel if spec.holes == "drop" else bridge_holes(panel, _columns(prices, own), market, spec.returns)


def _time_benchmark(
    connection: duckdb.DuckDBPyConnection, exchange: str, spec: StudySpec, labels: pl.Series
) -> tuple[str, dict[str, Array]]:
    """When a named benchmark closes, in words, and its closes (T, 1) where those of another session are asked for."""
    if spec.benchmark is None or spec.benchmark == EQUAL_WEIGHTED or spec.interval != DAILY:
        if spec.benchmark_session != "same":
            raise InputError(
                "a previous session is that of a named benchmark of daily bars",
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
) -> Array:
    """Prices (T, S) in the currency asked for; a session without a rate has none, as one without a trade."""
    if spec.currency is None:
        return prices
    if spec.interval != DAILY:
        raise InputError(
            f"bars of {spec.interval} have no exchange rates", hint="study daily bars, or leave currency out"
        )
    return prices * currency_rate(connection, names, spec.currency, labels, as_of=spec.as_of)[:, None]


def _on_mean(
    connection: duckdb.DuckDBPyConnection,
    panel: Panel,
    exchange: str,
    spec: StudySpec,
    *,
    of: tuple[list[str], Array],
) -> Panel:
    """The panel on the equal-weighted mean ``of`` members and their returns (T, M), each share left out of its own."""
    members, columns = of
    notes: list[str] = []
    if spec.interval == DAILY:
        columns, notes = without_doubted(connection, columns, members, panel.labels, price=spec.price, as_of=spec.as_of)
    at = {member: column for column, member in enumerate(members)}
    means = equal_weighted_of_others(columns, np.array([at.get(symbol, -1) for symbol in panel.symbols]))
    return means.on(panel, note_of_mean(exchange, means.others.tolist(), notes))


def _columns(values: NDArray[Any], chosen: list[int]) -> NDArray[Any]:
    """The columns ``chosen`` of ``values`` (T, S), without a copy where these are all of them in order."""
    return values if chosen == list(range(values.shape[1])) else values[:, chosen]


def daily_labels(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], exchange: str, as_of: datetime | None
) -> pl.Series:
    """Sessions of the exchange from the first bar of any of the symbols to the last, inside its calendar."""
    first, last = bar_span(connection, names, as_of)
    begins, ends = calendar_reach(exchange)
    if last < begins or first > ends:
        raise InputError(
            f"bars from {first} to {last} lie outside of the calendar of {exchange}, {begins} to {ends}",
            hint="check their dates",
        )
    return sessions_between(exchange, max(first, begins), min(last, ends))["session"]


def bar_arrays(bars: pl.DataFrame, labels: pl.Series, names: Sequence[str], *, at: str = "session") -> dict[str, Array]:
    """Each figure of the bars as an array (T, S) on ``labels`` and ``names``, NaN where there is no bar.

    ``at``: the column that the labels are of, ``session`` or ``bar_start``; bars at others are left out.
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
    """Say how many bars lie on days that are no sessions, and the first."""
    if grid.off_first is not None:
        symbol, day = grid.off_first
        warn(
            f"{grid.off_count} bars lie on days that are not sessions of {exchange}, first {symbol} {day}: left out "
            "(see `correlator sessions check`)"
        )


def limit_locked_bars(arrays: dict[str, Array], labels: pl.Series, exchange: str) -> Mask:
    """Bars (T, S) at the price limit of their day on ``exchange``; ``arrays`` of their figures by name."""
    limit, minimum = price_limits(exchange, labels)
    open_, high, low, close = (arrays[name] for name in ("open", "high", "low", "close"))
    return limit_locked(open_, high, low, close, limit=limit, minimum=minimum)


def _price(arrays: dict[str, Array], price: str, names: Sequence[str]) -> Array:
    """The prices that a study uses; says where adjusted closes end or have gaps, and the plain ones carry on."""
    if price == "close":
        return arrays["close"]
    prices, filled = filled_adjusted(arrays["close"], arrays["adjusted_close"])
    partly = filled.any(axis=0) & ~np.isnan(arrays["adjusted_close"]).all(axis=0)
    for column in np.flatnonzero(partly).tolist():
        count = int(filled[:, column].sum())
        warn(f"{names[column]}: {count:,} bars have no adjusted close: their returns are those of plain closes")
    return prices
