"""Check the content of the store: bars, their vintages, and the calendars that they are placed on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from correlator.base.progress import tracked
from correlator.errors import NotFoundError
from correlator.intake.instruments import names_in
from correlator.market.audit.findings import together
from correlator.market.audit.prices import audit_prices, audit_vintages
from correlator.market.audit.sessions import check_sessions
from correlator.store.db import Store
from correlator.store.reading import read_bars, symbols_with_bars
from correlator.store.statements import query

_MOST_PEERS = 12
BARS_AT_ONCE = 150_000
"""Daily bars checked at once; more would make memory grow with the store."""


def check_prices(
    store: Store,
    symbols: Sequence[str] | None = None,
    *,
    benchmark: str | None = None,
    as_of: datetime | None = None,
) -> pl.DataFrame:
    """Return findings about stored daily bars (see ``audit_prices``) and about vintages that differ.

    ``symbols``: default all; selected ones are compared with their benchmarks and a dozen other shares of their
    exchanges, which are not reported on; ``benchmark``: a stored symbol to compare them with instead; ``as_of``: check
    the bars known at this UTC instant. More than ``BARS_AT_ONCE`` bars are checked in groups of symbols, each with such
    peers, so that memory stays bounded. Raise NotFoundError if there are no bars.
    """
    with store.reading() as connection:
        known = names_in(connection)
        stored = _daily_symbols(connection, as_of)
        names = [known.symbol_of(each) or each for each in symbols or stored]
        benchmark = benchmark and (known.symbol_of(benchmark) or benchmark)
        groups = _groups(connection, names)
        alone = len(groups) == 1 and not symbols
        peers = [[] if alone else _peers(connection, group, stored) for group in groups]
    extra = [] if alone or benchmark is None else [benchmark]
    parts = []
    for group, others in zip(tracked(groups, "groups of symbols"), peers, strict=True):
        findings = audit_stored(store, [*group, *others, *extra], benchmark=benchmark, as_of=as_of)
        parts.append(findings.filter(pl.col("symbol").is_in(group)))
    return together(parts) if len(parts) > 1 else parts[0]


def _groups(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> list[list[str]]:
    """Split ``symbols`` into groups of at most ``BARS_AT_ONCE`` daily bars and at least one symbol, in order."""
    counts = query(
        connection,
        "SELECT symbol, count(*) AS bars FROM bars"
        " WHERE \"interval\" = '1d' AND symbol IN (SELECT unnest($symbols)) GROUP BY symbol",
        {"symbols": list(symbols)},
    )
    bars = dict(counts.iter_rows())
    groups: list[list[str]] = [[]]
    taken = 0
    for symbol in symbols:
        taken += bars.get(symbol, 0)
        if groups[-1] and taken > BARS_AT_ONCE:
            groups.append([])
            taken = bars.get(symbol, 0)
        groups[-1].append(symbol)
    return groups


def audit_stored(
    store: Store, symbols: Sequence[str], *, benchmark: str | None = None, as_of: datetime | None = None
) -> pl.DataFrame:
    """Return findings about the stored daily bars of exactly ``symbols``; arguments as in ``check_prices``."""
    names = list(dict.fromkeys(symbols))
    with store.reading() as connection:
        rows = query(connection, "SELECT * FROM instruments").to_dicts()
        bars = read_bars(connection, names, as_of=as_of).with_columns(pl.lit("store").alias("source"))
        vintages = query(
            connection,
            """
            SELECT * FROM bars WHERE symbol IN (SELECT unnest($symbols))
                AND ($as_of::TIMESTAMPTZ IS NULL OR retrieved_at <= $as_of)
                AND (symbol, "interval", bar_start) IN (
                    SELECT (symbol, "interval", bar_start) FROM bars WHERE vintage > 1)
            """,
            {"symbols": names, "as_of": as_of},
        )
    instruments = {str(row["symbol"]): row for row in rows}
    return together([audit_prices(bars, benchmark, instruments=instruments), audit_vintages(vintages)])


def _peers(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], stored: list[str]) -> list[str]:
    """Return some of ``stored`` to compare ``symbols`` with: their benchmarks and some shares of their exchanges."""
    rows = query(
        connection,
        """
        WITH asked AS (SELECT * FROM instruments WHERE symbol IN (SELECT unnest($symbols))),
            others AS (
                SELECT symbol FROM share_series
                WHERE "interval" = '1d' AND exchange IN (SELECT exchange FROM asked)
                    AND symbol NOT IN (SELECT symbol FROM asked)
                    AND symbol IN (SELECT unnest($stored::VARCHAR[]))
                ORDER BY symbol LIMIT $some
            )
        SELECT symbol FROM others UNION
        SELECT benchmark FROM asked
        WHERE benchmark IN (SELECT unnest($stored::VARCHAR[])) ORDER BY symbol
        """,
        {"symbols": list(symbols), "some": _MOST_PEERS, "stored": stored},
    )
    return [str(symbol) for symbol in rows["symbol"] if symbol not in symbols]


def check_calendar(
    store: Store, exchange: str, *, overrides: bool | str | Path = True, as_of: datetime | None = None
) -> pl.DataFrame:
    """Return the days on which the calendar of ``exchange`` and the stored bars of its instruments disagree.

    Columns as in ``check_sessions``. Raise NotFoundError if the store has no bars of the exchange.
    """
    with store.reading() as connection:
        listed = query(connection, "SELECT symbol FROM instruments WHERE exchange = $exchange", {"exchange": exchange})
        stored = set(listed["symbol"]).intersection(_daily_symbols(connection, as_of))
        if not stored:
            raise NotFoundError(f"the store has no daily bars of {exchange}", hint="add prices, or name files")
        bars = read_bars(connection, sorted(stored), as_of=as_of)
    return check_sessions(exchange, bars, overrides=overrides)


def _daily_symbols(connection: duckdb.DuckDBPyConnection, as_of: datetime | None) -> list[str]:
    """Return the symbols with daily bars known at ``as_of``; if there are none, all: reading says since when."""
    stored = symbols_with_bars(connection, "1d", as_of) or symbols_with_bars(connection, "1d", None)
    if not stored:
        raise NotFoundError("the store has no daily bars", hint="add prices first, or name files to check")
    return sorted(stored)
