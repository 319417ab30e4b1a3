"""Select the stored events that a study measures, with their symbols and day 0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl

from correlator.align.day_zero import place_on_exchanges
from correlator.errors import NotFoundError, likeliest
from correlator.eventstudy.request.readers import DEFAULT_LINKS, LINK_KINDS
from correlator.eventstudy.request.spec import StudySpec
from correlator.intake.instruments import Names, names_in
from correlator.market.names.former import former_name_of
from correlator.sessions.calendars import AFTER_CLOSE
from correlator.store.reading import read_exchanges
from correlator.store.statements import query
from correlator.views import public_by, public_parameters

EVENT_COLUMNS = (
    *("event_id", "article_id", "story_id", "known_at", "known_precision", "coder", "category", "quad_class"),
    *("cameo_root", "goldstein", "tone", "confidence", "source_country", "source_role", "target_country"),
    *("target_role", "dyad", "publisher", "headline"),
)

PLACED_COLUMNS = ("date", "day_zero_reason", "symbol", "link")
"""Columns that ``events_of_symbols`` adds to an event."""
_CONTENT = (
    *("known_at", "known_precision", "category", "quad_class", "cameo_root", "goldstein", "tone"),
    *("source_country", "source_role", "target_country", "target_role"),
)
TELLING_COLUMNS = ("event_id", "story_id", "coder", *_CONTENT)
"""Columns needed to place an event and to recognise repetitions of it."""

_EVENTS = f"SELECT * FROM told_events WHERE ($at::TIMESTAMPTZ IS NULL OR {public_by()})"
_LINKED = """
    WITH names AS (
        SELECT unnest($names) AS name, unnest($named) AS symbol,
            unnest($since::DATE[]) AS since, unnest($until::DATE[]) AS until
    )
    SELECT event_id, symbol, 'country' AS link FROM country_links WHERE symbol IN (SELECT unnest($symbols))
    UNION ALL
    SELECT event_id, symbol, kind FROM linked_events WHERE symbol IN (SELECT unnest($symbols))
    UNION ALL
    SELECT e.event_id, n.symbol, 'named' FROM events AS e JOIN names AS n ON e.symbol = n.name
        WHERE n.symbol IN (SELECT unnest($symbols))
            AND (n.since IS NULL OR e.known_at::DATE >= n.since) AND (n.until IS NULL OR e.known_at::DATE <= n.until)
"""
_CONCERNING = " AND event_id IN (SELECT event_id FROM concerning)"
"""Only events linked to symbols; the others, nearly all of a large store, need not become a frame."""
EVENT_ORDER = ("known_at", "event_id", "symbol")
"""The order of the events of a study."""
_EARLIEST_FIRST = " ORDER BY known_at, event_id"
_CATEGORIES = f"SELECT DISTINCT category, publisher FROM ({_EVENTS})"
_NAMES = "SELECT DISTINCT symbol AS name FROM events WHERE symbol IS NOT NULL"


def stored_events(connection: duckdb.DuckDBPyConnection, spec: StudySpec, exchange: str | None = None) -> pl.DataFrame:
    """Return the selected events that were public at ``spec.as_of``, earliest first.

    ``exchange``: exchange for a selection by day 0, by default any in the store.
    """
    events = query(connection, _EVENTS + _EARLIEST_FIRST, public_parameters(spec.as_of))
    return _selected(connection, events, spec, exchange)


def _selected(
    connection: duckdb.DuckDBPyConnection, events: pl.DataFrame, spec: StudySpec, exchange: str | None
) -> pl.DataFrame:
    """Return the ``events`` that are selected; arguments as for ``stored_events``."""
    from correlator.events.selection.fields import DAY_ZERO
    from correlator.events.selection.select import fields_of, select_events

    if spec.events is None:
        return events
    used = fields_of(spec.events)
    candidates = with_concerned(connection, events, used, spec.links)
    if DAY_ZERO in used:
        exchanges = [exchange] if exchange is not None else read_exchanges(connection)
        candidates = place_on_exchanges(candidates, exchanges, date_only=spec.date_only or AFTER_CLOSE)
    known = query(connection, _CATEGORIES, public_parameters(spec.as_of))
    categories, publishers = (known[name].unique().to_list() for name in ("category", "publisher"))
    chosen = select_events(candidates, spec.events, categories, publishers=publishers).select("event_id")
    return events.join(chosen, on="event_id", how="semi", maintain_order="left")


def with_concerned(
    connection: duckdb.DuckDBPyConnection,
    events: pl.DataFrame,
    used: Mapping[str, Sequence[str]],
    links: Sequence[str] = DEFAULT_LINKS,
) -> pl.DataFrame:
    """Return ``events`` with a column of the instruments that they concern, if the selection names a symbol.

    ``used``: the fields and values of the selection. Raises NotFoundError for a symbol that neither the store nor an
    event has, suggesting the most similar one.
    """
    from correlator.events.selection.fields import CONCERNS, SYMBOL

    if SYMBOL not in used:
        return events
    names = names_in(connection)
    stated = query(connection, _NAMES)["name"].to_list()
    for name in used[SYMBOL]:
        if names.symbol_of(name) is None and name.upper() not in {each.upper() for each in stated}:
            hint = likeliest(name, [*names.rows, *stated], "symbols are")
            raise NotFoundError(f"symbol {name!r} is neither in the store nor in an event", hint=hint)
    pairs = _linked(connection, names.rows, _name_rows(names, stated), links)
    named = pl.DataFrame({"name": list(names.symbols), "symbol": list(names.symbols.values())})
    by_name = pairs.join(named, on="symbol").group_by("event_id").agg(pl.col("name").alias(CONCERNS))
    return events.join(by_name, on="event_id", how="left", maintain_order="left")


def events_of_symbols(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], exchange: str, spec: StudySpec
) -> pl.DataFrame:
    """Return one row per event and symbol: ``EVENT_COLUMNS``, symbol, link, date (day 0), day_zero_reason.

    Uses ``events``, ``links``, ``as_of`` and ``date_only`` (default ``after-close``) of ``spec``.
    """
    return events_concerning(connection, symbols, exchange, spec).placed(exchange, spec.date_only)


@dataclass(frozen=True)
class Concerning:
    """``events``, and ``pairs`` of an event and a symbol that it concerns, one per kind of link."""

    events: pl.DataFrame
    pairs: pl.DataFrame

    def placed(self, exchange: str, date_only: str | None) -> pl.DataFrame:
        """Return one row per event and symbol, sorted, with its day 0 on ``exchange``."""
        kinds = _kinds_by_pair(self.pairs)
        placed = (
            place_on_exchanges(self.events, [exchange], date_only=date_only or AFTER_CLOSE)
            .rename({"day_zero": "date"})
            .drop("exchange")
        )
        return placed.join(kinds, on="event_id", how="inner").sort(EVENT_ORDER, maintain_order=True)

    def by_symbols(self, symbols: Sequence[str], most: int) -> Iterator[Concerning]:
        """Yield the events in chunks of ``symbols``, in order; a chunk has one symbol, or at most ``most`` pairs."""
        ordered = pl.DataFrame({"symbol": symbols}, schema={"symbol": pl.String})
        counts = ordered.join(self.pairs.group_by("symbol").len(), on="symbol", how="left", maintain_order="left")
        ends = counts["len"].fill_null(0).cum_sum()
        chunks = ordered.with_columns(chunk=(ends - 1).clip(0) // most)
        if chunks["chunk"].n_unique() < 2:
            yield self
            return
        for (_,), chunk in chunks.group_by("chunk", maintain_order=True):
            pairs = self.pairs.join(chunk, on="symbol", how="semi")
            yield Concerning(self.events.join(pairs, on="event_id", how="semi"), pairs)


def events_concerning(
    connection: duckdb.DuckDBPyConnection,
    symbols: Sequence[str],
    exchange: str,
    spec: StudySpec,
    *,
    columns: Sequence[str] = EVENT_COLUMNS,
) -> Concerning:
    """Return the events that concern ``symbols``; arguments as for ``events_of_symbols``."""
    name_rows = _name_rows(names_in(connection), query(connection, _NAMES)["name"].to_list())
    pairs = _linked(connection, symbols, name_rows, spec.links)
    connection.register("concerning", pairs.select("event_id"))
    selected = "*" if spec.events else ", ".join(columns)
    events = query(connection, f"SELECT {selected} FROM ({_EVENTS + _CONCERNING})", public_parameters(spec.as_of))
    connection.unregister("concerning")
    return Concerning(_selected(connection, events, spec, exchange).select(columns), pairs)


def _linked(
    connection: duckdb.DuckDBPyConnection, symbols: Iterable[str], name_rows: Mapping[str, Any], links: Sequence[str]
) -> pl.DataFrame:
    """Return event_id, symbol and link of the events that concern ``symbols`` by one of ``links``."""
    pairs = query(connection, _LINKED, {"symbols": list(symbols), **name_rows})
    return pairs.filter(pl.col("link").is_in(list(links)))


def _kinds_by_pair(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event and symbol of ``pairs`` (event_id, symbol, link), with the kinds of link as words.

    A boolean per kind instead of a list of words takes an eighth of the time, which matters for a million events.
    """
    flags = [(pl.col("link") == kind).any().alias(f"is {kind}") for kind in sorted(LINK_KINDS)]
    words = [pl.when(pl.col(f"is {kind}")).then(pl.lit(kind)) for kind in sorted(LINK_KINDS)]
    flagged = pairs.group_by("event_id", "symbol").agg(*flags)
    return flagged.select("event_id", "symbol", link=pl.concat_str(words, separator=" ", ignore_nulls=True))


def _name_rows(names: Names, stated: Sequence[str]) -> dict[str, list[Any]]:
    """Return the symbol of each name stated by events, as the columns of ``names`` in ``_LINKED``.

    A former name of an instrument counts until its last day; afterwards the name is what the store has under it.
    """
    rows: list[tuple[str, str, date | None, date | None]] = []
    for name in stated:
        former = former_name_of(name, names.rows)
        if former is not None:
            rows.append((name, former.symbol, None, former.until))
        since = None if former is None else former.until + timedelta(days=1)
        rows.append((name, names.symbol_of(name) or name, since, None))
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return {key: list(values) for key, values in zip(("names", "named", "since", "until"), columns, strict=True)}


def events_of_unknown_symbols(connection: duckdb.DuckDBPyConnection, spec: StudySpec) -> pl.DataFrame:
    """Return the events with a symbol that no stored instrument has: event_id, symbol, session, reason."""
    names = names_in(connection)
    stated = query(connection, _NAMES)["name"].to_list()
    unknown = [name for name in stated if names.symbol_of(name) is None] if "named" in spec.links else []
    last_days = {name: former.until for name in unknown if (former := former_name_of(name, names.rows)) is not None}
    columns = {"event_id": pl.Int64, "symbol": pl.String, "session": pl.Date, "reason": pl.String}
    if not unknown:
        return pl.DataFrame(schema=columns)
    until = pl.col("symbol").replace_strict(last_days, default=None, return_dtype=pl.Date)
    events = stored_events(connection, StudySpec(events=spec.events, as_of=spec.as_of)).filter(
        pl.col("symbol").is_in(unknown), until.is_null() | (pl.col("known_at").dt.date() > until)
    )
    return events.select(
        "event_id",
        "symbol",
        pl.lit(None, pl.Date).alias("session"),
        pl.format("no instrument of the store is called {}", "symbol").alias("reason"),
    )


def across_borders(events: pl.DataFrame, selection: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split off domestic events, unless ``selection`` names a scope or a user coded them.

    ``events``: as ``events_of_symbols`` returns them. Returns the events to measure, and the domestic ones with
    event_id, symbol, session, reason.
    """
    from correlator.events.scope import DOMESTIC, scope_column
    from correlator.events.selection.select import names_scope

    domestic = (scope_column() == DOMESTIC) & (pl.col("coder") != "user") & (not names_scope(selection))
    left_out = events.filter(domestic).select(
        "event_id",
        "symbol",
        session=pl.col("date"),
        reason=pl.lit("domestic: source and target are of one country (select it with scope = domestic)"),
    )
    return events.filter(~domestic), left_out


def first_of_each_story(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split off repetitions: keep one event per story, symbol and day 0, the first that was known.

    ``events``: as ``events_of_symbols`` returns them. Returns the events to measure, and the repetitions with event_id,
    symbol, session, reason.
    """
    # Equal events of a user, perhaps under two names of a share, are one event; rows of a feed are separate events.
    same_content = pl.when(pl.col("coder") == "user").then(pl.col("event_id").first().over("symbol", *_CONTENT))
    story = pl.when(pl.col("story_id").is_null()).then(-same_content.otherwise("event_id")).otherwise("story_id")
    keyed = events.with_columns(story=story)
    same_day = ("story", "symbol", pl.col("date").cast(pl.Date))
    first = keyed.with_columns(first=pl.col("event_id").first().over(same_day))
    repeated = (pl.col("first") != pl.col("event_id")) & pl.col("date").is_not_null()
    left_out = first.filter(repeated).select(
        "event_id",
        "symbol",
        session=pl.col("date"),
        reason=pl.when(pl.col("story_id").is_null())
        .then(pl.format("the same event as {}", "first"))
        .otherwise(pl.format("same story and day 0 as event {}", "first")),
    )
    return first.filter(~repeated).drop("story", "first"), left_out
