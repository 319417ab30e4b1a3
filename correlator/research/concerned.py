"""Which stored instruments a text concerns: named in it, printed on its page, or listed in the country of an actor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl

from correlator.errors import NotFoundError, likeliest
from correlator.events.linking.link import Row, link_article
from correlator.intake.instruments import names_in
from correlator.market.names.instruments import read_instruments
from correlator.store.statements import query

_RECENT = timedelta(days=45)
_ORDER = {"asked": 0, "named": 1, "printed": 2, "country": 3}
# A country's index comes before its shares, since it stands for the market; shares are sorted by turnover.
# Turnover is that of the last weeks; older bars are only looked up for symbols without recent ones.
# Sessions before the date of the instant have closed everywhere; labels take a third of the bytes of timestamps.
_LISTED = """
    WITH here AS (
        SELECT symbol, country, coalesce(kind, 'share') AS kind FROM instruments
        WHERE country IN (SELECT unnest($countries)) AND coalesce(kind, 'share') IN ('share', 'index', 'fund')
    ), first_vintage AS NOT MATERIALIZED (
        SELECT symbol, session, close, volume FROM bars
        WHERE "interval" = '1d' AND vintage = 1 AND session < $today::DATE
    ), recent AS (
        SELECT symbol, median(close * volume) AS turnover FROM first_vintage
        WHERE symbol IN (SELECT symbol FROM here) AND session > $since::DATE GROUP BY symbol
    ), older AS (
        SELECT DISTINCT symbol, NULL::DOUBLE AS turnover FROM first_vintage
        WHERE symbol IN (SELECT symbol FROM here ANTI JOIN recent USING (symbol))
    )
    SELECT here.*, turnover FROM here JOIN (FROM recent UNION ALL FROM older) USING (symbol)
    ORDER BY kind = 'index' DESC, turnover DESC NULLS LAST, symbol
"""


@dataclass(frozen=True)
class Concerned:
    """A stored instrument, and why a text concerns it as pairs of link kind and evidence."""

    symbol: str
    exchange: str
    name: str | None
    kind: str
    country: str | None
    currency: str | None
    benchmark: str | None
    why: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Concern:
    """``instruments`` that a text concerns, the most relevant first; ``more``: number of further ones in the actors'
    countries; ``without_bars``: companies named in the text for which the store has no bars.
    """

    instruments: tuple[Concerned, ...]
    more: int
    without_bars: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """What to search for links: the texts, symbols printed on the page, and the actors' countries with their role."""

    headline: str
    body: str | None
    printed: tuple[str, ...]
    countries: dict[str, str]


def concerned_by(
    connection: duckdb.DuckDBPyConnection, subject: Subject, at: datetime, *, symbols: Sequence[str] = (), most: int = 6
) -> Concern:
    """Return the stored instruments that ``subject`` concerns, at most ``most``, or instead the given ``symbols``.

    Raises NotFoundError for a symbol that is not in the store.
    """
    names = names_in(connection)
    why: dict[str, list[tuple[str, str]]] = {}
    absent: list[str] = []
    stored = names.rows
    links = link_article(subject.headline, subject.body, subject.printed, _linkable_rows(stored.values()))
    for link in links:
        symbol = names.symbol_of(link.symbol) or link.symbol
        if symbol in stored:
            why.setdefault(symbol, []).append((link.kind, link.evidence))
        elif link.kind == "named":
            absent.append(link.symbol)
    today = at.astimezone(UTC).date()
    parameters = {"countries": list(subject.countries), "since": today - _RECENT, "today": today}
    listed = query(connection, _LISTED, parameters)
    for symbol, country in listed.select("symbol", "country").iter_rows():
        why.setdefault(symbol, []).append(("country", f"listed in {country}, {subject.countries[country]}"))
    order = {symbol: place for place, symbol in enumerate(listed["symbol"])}
    if symbols:
        chosen = [_require_stored(symbol, names.symbol_of(symbol), stored) for symbol in dict.fromkeys(symbols)]
        for symbol in chosen:
            why.setdefault(symbol, []).append(("asked", "asked for"))
    else:
        chosen = sorted(why, key=lambda symbol: (min(_ORDER[kind] for kind, _ in why[symbol]), order.get(symbol, -1)))
    kept = chosen[:most] if not symbols else chosen
    return Concern(
        tuple(_concerned(stored[symbol], why[symbol]) for symbol in kept),
        len(chosen) - len(kept),
        tuple(dict.fromkeys(absent)),
    )


def _linkable_rows(stored: Iterable[Mapping[str, object]]) -> list[Row]:
    """Return symbol, name, aliases and exchange of the stored instruments, and of those shipped with the package."""
    rows: dict[str, Row] = {}
    for row in (*stored, *read_instruments().iter_rows(named=True)):
        symbol = str(row["symbol"])
        rows.setdefault(symbol, (symbol, _text(row, "name"), _text(row, "aliases"), _text(row, "exchange")))
    return list(rows.values())


def _require_stored(symbol: str, known: str | None, stored: Mapping[str, object]) -> str:
    if known is None or known not in stored:
        raise NotFoundError(f"symbol {symbol!r} is not in the store", hint=likeliest(symbol, stored, "symbols are"))
    return known


def _concerned(row: Mapping[str, object], why: list[tuple[str, str]]) -> Concerned:
    name, kind, country, currency, benchmark = (
        _text(row, column) for column in ("name", "kind", "country", "currency", "benchmark")
    )
    return Concerned(
        str(row["symbol"]), str(row["exchange"]), name, kind or "share", country, currency, benchmark, tuple(why)
    )


def _text(row: Mapping[str, object], column: str) -> str | None:
    return None if row[column] is None else str(row[column])


def with_bars(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> list[Concerned]:
    """Return the instruments with the given symbols or aliases, or all with bars, in alphabetical order.

    Raises NotFoundError for one that is not in the store.
    """
    rows = query(connection, "SELECT * FROM instruments SEMI JOIN bars USING (symbol) ORDER BY symbol")
    stored = {str(row["symbol"]): row for row in rows.iter_rows(named=True)}
    names = names_in(connection)
    chosen = [_require_stored(symbol, names.symbol_of(symbol), stored) for symbol in dict.fromkeys(symbols)]
    chosen = chosen or list(stored)
    return [_concerned(stored[symbol], [("asked", "asked for")]) for symbol in chosen]


def exchanges_in(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the exchanges of the instruments that have bars."""
    rows = query(connection, "SELECT DISTINCT exchange FROM instruments SEMI JOIN bars USING (symbol) ORDER BY ALL")
    return [str(exchange) for exchange in rows.get_column("exchange").cast(pl.String)]
