"""List the contents of a store as frames: articles, quotes, events with day 0, and the other tables."""

from __future__ import annotations

import duckdb
import polars as pl

from correlator.align.day_zero import place_on_exchanges
from correlator.base.keywords import given_as
from correlator.errors import InputError, NotFoundError, likeliest
from correlator.eventstudy.request.readers import whole_number
from correlator.intake.instruments import names_in
from correlator.research.selection import with_concerned
from correlator.sessions.calendars import AFTER_CLOSE
from correlator.store.db import Store
from correlator.store.reading import read_exchanges
from correlator.store.statements import query

_QUERIES = {
    # One line per row: paragraphs are kept in the table, not in its listing.
    "articles": r"""
        SELECT * REPLACE (regexp_replace(body, '\s+', ' ', 'g') AS body) FROM articles ORDER BY article_id, version
        """,
    "quotes": "SELECT * FROM quotes ORDER BY article_id, strip_key, position",
    "instruments": "SELECT * FROM instruments ORDER BY symbol",
    "links": "SELECT * FROM links ORDER BY article_id, kind, symbol",
    "rejects": "SELECT * FROM rejects ORDER BY loaded_at, source, source_line",
    "loads": "SELECT * FROM loads ORDER BY load_id",
    "stories": """
        SELECT story_id, count(DISTINCT article_id) AS articles, count(DISTINCT publisher) AS publishers,
            min(published_at) AS first_published_at, max(published_at) AS last_published_at,
            first(headline ORDER BY published_at, article_id, version) AS headline
        FROM articles GROUP BY story_id ORDER BY first_published_at, story_id
        """,
    "bars": """
        SELECT symbol, "interval", count(*) AS bars, min(session) AS first_session, max(session) AS last_session,
            max(vintage) AS vintages, max(retrieved_at) AS retrieved_at
        FROM bars GROUP BY ALL ORDER BY symbol, "interval"
        """,
}
_EVENTS = """
    SELECT * EXCLUDE (headline, publisher, story_id), headline, publisher, story_id FROM told_events
    WHERE event_id > $after ORDER BY event_id LIMIT $rows
"""
_SLICE = 50_000
LISTINGS = ("articles", "quotes", "events", "stories", "links", "instruments", "bars", "rejects", "loads")


def listing(
    store: Store,
    what: str,
    *,
    events: str | None = None,
    symbol: str | None = None,
    limit: int | None = None,
    date_only: str | None = None,
    selection: str | None = None,
) -> pl.DataFrame:
    """List the rows of a store.

    Parameters
    ----------
    store
        The store.
    what
        One of ``LISTINGS``: articles, quotes, events, stories, links, instruments, bars, rejects or loads.
    events
        Selection of events, as in studies.
    symbol
        Only rows of this instrument.
    limit
        Maximum number of rows, at least 1.
    date_only
        Day 0 of events that have a date but no time: ``same-day`` or ``after-close`` (default).
    selection
        The former name of ``events``.

    Returns
    -------
    polars.DataFrame
        Events have exchange, day_zero and day_zero_reason, one row per exchange.

    Raises
    ------
    NotFoundError
        For an unknown listing or symbol.
    InputError
        For a symbol if the listing has none, and a limit below 1.

    Examples
    --------
    >>> ws.list("events", events="goldstein < 0", limit=20)  # doctest: +SKIP
    """
    if what not in LISTINGS:
        raise NotFoundError(f"there is no listing {what!r}", hint=f"listings are {', '.join(LISTINGS)}")
    if limit is not None and whole_number(limit, "limit") < 1:
        raise InputError(f"limit must be at least 1, got {limit}", hint="leave it out for all rows", argument="limit")
    if date_only is not None and what != "events":
        raise InputError(f"{what} have no day 0", hint="only events have one")
    chosen = given_as(events, selection, "events", "selection")
    if chosen is not None and what != "events":
        raise InputError(f"only events can be selected, not {what}", hint="leave out the selection, or list events")
    with store.reading() as connection:
        if symbol is not None:
            known = names_in(connection).symbol_of(symbol) or symbol
            if what == "events":
                chosen = f"symbol = '{known}'" if chosen is None else f"symbol = '{known}' and ({chosen})"
        if what != "events":
            rows = query(connection, f"{_QUERIES[what]} LIMIT $limit", {"limit": limit if symbol is None else None})
            return rows if symbol is None else _of_symbol(rows, known, what).head(limit or rows.height)
        frame = _events(connection, chosen, limit, date_only or AFTER_CLOSE)
    return frame if limit is None else frame.head(limit)


def _of_symbol(rows: pl.DataFrame, symbol: str, what: str) -> pl.DataFrame:
    """Return the rows of one instrument; raises if the listing has no symbols, or none of that name."""
    if "symbol" not in rows.columns:
        hint = "give a symbol with events, quotes, links, instruments or bars only"
        raise InputError(f"{what} have no symbol", hint=hint)
    matches = rows.filter(pl.col("symbol") == symbol)
    if matches.is_empty():
        hint = likeliest(symbol, rows["symbol"].drop_nulls().unique().sort(), "there are")
        raise NotFoundError(f"{what} have no rows for symbol {symbol!r}", hint=hint)
    return matches


def _events(
    connection: duckdb.DuckDBPyConnection, selection: str | None, limit: int | None, date_only: str
) -> pl.DataFrame:
    """Return events that match ``selection``, read in slices until there are ``limit``."""
    from correlator.events.scope import scope_column
    from correlator.events.selection.fields import CONCERNS, DAY_ZERO
    from correlator.events.selection.select import fields_of, select_events

    fields, exchanges = fields_of(selection) if selection else {}, read_exchanges(connection)
    categories = query(connection, "SELECT DISTINCT category FROM events")["category"].to_list()
    parts: list[pl.DataFrame] = []
    last, rows = 0, limit if limit is None or selection is None else max(limit, _SLICE)
    while True:
        events = query(connection, _EVENTS, {"after": last, "rows": rows}).with_columns(scope_column())
        candidates = with_concerned(connection, events, fields)
        if DAY_ZERO in fields:
            candidates = place_on_exchanges(candidates, exchanges, date_only=date_only)
        parts.append(select_events(candidates, selection, categories).drop(CONCERNS, strict=False))
        if limit is None or events.height < (rows or 0) or sum(part.height for part in parts) >= limit:
            break
        last = events["event_id"][-1]
    selected = pl.concat(parts)
    first = selected if limit is None else selected.head(limit)
    return first if DAY_ZERO in fields else place_on_exchanges(first, exchanges, date_only=date_only)
