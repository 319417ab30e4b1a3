"""Which stored events a study measures, on which symbols, at which day 0."""

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

EVENT_COLUMNS = (
    *("event_id", "article_id", "story_id", "known_at", "known_precision", "coder", "category", "quad_class"),
    *("cameo_root", "goldstein", "tone", "confidence", "source_country", "source_role", "target_country"),
    *("target_role", "dyad", "publisher", "headline"),
)

PLACED_COLUMNS = ("date", "day_zero_reason", "symbol", "link")
"""What ``events_of_symbols`` adds to an event."""
_SAID = (
    *("known_at", "known_precision", "category", "quad_class", "cameo_root", "goldstein", "tone"),
    *("source_country", "source_role", "target_country", "target_role"),
)
TELLING_COLUMNS = ("event_id", "story_id", "coder", *_SAID)
"""Columns by which an event is placed, and tellings of one are known."""

_EVENTS = "SELECT * FROM told_events WHERE ($as_of::TIMESTAMPTZ IS NULL OR known_at <= $as_of)"
_LINKED = """
    WITH names AS (
        SELECT unnest($names) AS name, unnest($named) AS symbol,
            unnest($since::DATE[]) AS since, unnest($until::DATE[]) AS until
    )
    SELECT event_id, symbol, 'country' AS link FROM country_links WHERE symbol IN (SELECT unnest($symbols))
    UNION ALL
    SELECT e.event_id, l.symbol, l.kind FROM events AS e JOIN links AS l USING (article_id)
        WHERE l.symbol IN (SELECT unnest($symbols))
    UNION ALL
    SELECT e.event_id, n.symbol, 'named' FROM events AS e JOIN names AS n ON e.symbol = n.name
        WHERE n.symbol IN (SELECT unnest($symbols))
            AND (n.since IS NULL OR e.known_at::DATE >= n.since) AND (n.until IS NULL OR e.known_at::DATE <= n.until)
"""
_CONCERNING = " AND event_id IN (SELECT event_id FROM concerning)"
"""Only events linked to symbols: the others, of a large store nearly all, need not become a frame."""
EVENT_ORDER = ("known_at", "event_id", "symbol")
"""The order of the events of a study."""
_EARLIEST_FIRST = " ORDER BY known_at, event_id"
_CARRIED = f"SELECT DISTINCT category, publisher FROM ({_EVENTS})"
_NAMES = "SELECT DISTINCT symbol AS name FROM events WHERE symbol IS NOT NULL"


def stored_events(connection: duckdb.DuckDBPyConnection, asked: StudySpec, exchange: str | None = None) -> pl.DataFrame:
    """Events that were public at the instant ``asked`` for and are selected, earliest first, with story, publisher and
    headline.

    ``exchange``: where a selection by day 0 has it, default on any of the store.
    """
    events = query(connection, _EVENTS + _EARLIEST_FIRST, {"as_of": asked.as_of})
    return _selected(connection, events, asked, exchange)


def _selected(
    connection: duckdb.DuckDBPyConnection, events: pl.DataFrame, asked: StudySpec, exchange: str | None
) -> pl.DataFrame:
    """Those of ``events`` that are selected; arguments as ``stored_events``."""
    from correlator.events.selection.fields import DAY_ZERO
    from correlator.events.selection.select import fields_of, select_events

    if asked.events is None:
        return events
    seen = fields_of(asked.events)
    told = with_concerned(connection, events, seen, asked.links)
    if DAY_ZERO in seen:
        places = [exchange] if exchange is not None else read_exchanges(connection)
        told = place_on_exchanges(told, places, date_only=asked.date_only or AFTER_CLOSE)
    known = query(connection, _CARRIED, {"as_of": asked.as_of})
    own, publishers = (known[name].unique().to_list() for name in ("category", "publisher"))
    chosen = select_events(told, asked.events, own, publishers=publishers).select("event_id")
    return events.join(chosen, on="event_id", how="semi", maintain_order="left")


def with_concerned(
    connection: duckdb.DuckDBPyConnection,
    events: pl.DataFrame,
    seen: Mapping[str, Sequence[str]],
    links: Sequence[str] = DEFAULT_LINKS,
) -> pl.DataFrame:
    """``events`` with the column of instruments that they concern, where a selection names one.

    ``seen``: the fields and values of the selection. Raises NotFoundError for a symbol that neither the store nor an
    event has, with the likeliest one.
    """
    from correlator.events.selection.fields import CONCERNS, SYMBOL

    if SYMBOL not in seen:
        return events
    names = names_in(connection)
    written = query(connection, _NAMES)["name"].to_list()
    for name in seen[SYMBOL]:
        if names.symbol_of(name) is None and name.upper() not in {each.upper() for each in written}:
            hint = likeliest(name, [*names.rows, *written], "the store has")
            raise NotFoundError(f"the store has no symbol {name!r}, and no event names it", hint=hint)
    pairs = _linked(connection, names.rows, _called(names, written), links)
    named = pl.DataFrame({"name": list(names.symbols), "symbol": list(names.symbols.values())})
    by_name = pairs.join(named, on="symbol").group_by("event_id").agg(pl.col("name").alias(CONCERNS))
    return events.join(by_name, on="event_id", how="left", maintain_order="left")


def events_of_symbols(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], exchange: str, asked: StudySpec
) -> pl.DataFrame:
    """One row per event and symbol it concerns: ``EVENT_COLUMNS``, symbol, link, date (day 0), day_zero_reason.

    ``asked``: of which its ``events``, ``links``, ``as_of`` and ``date_only`` (default ``after-close``) count.
    """
    return events_concerning(connection, symbols, exchange, asked).placed(exchange, asked.date_only)


@dataclass(frozen=True)
class Concerning:
    """``events``, and the ``pairs`` of event and symbol it concerns, one for each kind of link."""

    events: pl.DataFrame
    pairs: pl.DataFrame

    def placed(self, exchange: str, date_only: str | None) -> pl.DataFrame:
        """One row per event and symbol, in order, at its day 0 on ``exchange``."""
        kinds = _kinds_by_pair(self.pairs)
        placed = (
            place_on_exchanges(self.events, [exchange], date_only=date_only or AFTER_CLOSE)
            .rename({"day_zero": "date"})
            .drop("exchange")
        )
        return placed.join(kinds, on="event_id", how="inner").sort(EVENT_ORDER, maintain_order=True)

    def by_symbols(self, symbols: Sequence[str], most: int) -> Iterator[Concerning]:
        """The same, some of the ``symbols`` at a time in their order: of one, or of ``most`` pairs and fewer."""
        ordered = pl.DataFrame({"symbol": symbols}, schema={"symbol": pl.String})
        counts = ordered.join(self.pairs.group_by("symbol").len(), on="symbol", how="left", maintain_order="left")
        ends = counts["len"].fill_null(0).cum_sum()
        turns = ordered.with_columns(turn=(ends - 1).clip(0) // most)
        if turns["turn"].n_unique() < 2:
            yield self
            return
        for (_,), some in turns.group_by("turn", maintain_order=True):
            pairs = self.pairs.join(some, on="symbol", how="semi")
            yield Concerning(self.events.join(pairs, on="event_id", how="semi"), pairs)


def events_concerning(
    connection: duckdb.DuckDBPyConnection,
    symbols: Sequence[str],
    exchange: str,
    asked: StudySpec,
    *,
    columns: Sequence[str] = EVENT_COLUMNS,
) -> Concerning:
    """The events that concern ``symbols``; arguments as ``events_of_symbols``."""
    called = _called(names_in(connection), query(connection, _NAMES)["name"].to_list())
    pairs = _linked(connection, symbols, called, asked.links)
    connection.register("concerning", pairs.select("event_id"))
    named = "*" if asked.events else ", ".join(columns)
    near = query(connection, f"SELECT {named} FROM ({_EVENTS + _CONCERNING})", {"as_of": asked.as_of})
    connection.unregister("concerning")
    return Concerning(_selected(connection, near, asked, exchange).select(columns), pairs)


def _linked(
    connection: duckdb.DuckDBPyConnection, symbols: Iterable[str], called: Mapping[str, Any], links: Sequence[str]
) -> pl.DataFrame:
    """event_id, symbol and link of the events that concern ``symbols`` by ``links``."""
    pairs = query(connection, _LINKED, {"symbols": list(symbols), **called})
    return pairs.filter(pl.col("link").is_in(list(links)))


def _kinds_by_pair(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per event and symbol of ``pairs`` (event_id, symbol, link): their kinds of link, in order, as words.

    A mark for each kind and no list of words: an eighth of the time, which counts for a million events.
    """
    marks = [(pl.col("link") == kind).any().alias(f"is {kind}") for kind in sorted(LINK_KINDS)]
    words = [pl.when(pl.col(f"is {kind}")).then(pl.lit(kind)) for kind in sorted(LINK_KINDS)]
    marked = pairs.group_by("event_id", "symbol").agg(*marks)
    return marked.select("event_id", "symbol", link=pl.concat_str(words, separator=" ", ignore_nulls=True))


def _called(names: Names, written: Sequence[str]) -> dict[str, list[Any]]:
    """Which symbol each name of the events is, as the columns of ``names`` in ``_LINKED``: a former name until its last
    day, and after it what the store calls so.
    """
    rows: list[tuple[str, str, date | None, date | None]] = []
    for name in written:
        former = former_name_of(name, names.rows)
        if former is not None:
            rows.append((name, former.symbol, None, former.until))
        since = None if former is None else former.until + timedelta(days=1)
        rows.append((name, names.symbol_of(name) or name, since, None))
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return {key: list(values) for key, values in zip(("names", "named", "since", "until"), columns, strict=True)}


def events_of_nobody(connection: duckdb.DuckDBPyConnection, asked: StudySpec) -> pl.DataFrame:
    """Events that name a symbol which no instrument of the store is called: event_id, symbol, session, reason."""
    names = names_in(connection)
    written = query(connection, _NAMES)["name"].to_list()
    strangers = [name for name in written if names.symbol_of(name) is None] if "named" in asked.links else []
    last = {name: former.until for name in strangers if (former := former_name_of(name, names.rows)) is not None}
    columns = {"event_id": pl.Int64, "symbol": pl.String, "session": pl.Date, "reason": pl.String}
    if not strangers:
        return pl.DataFrame(schema=columns)
    until = pl.col("symbol").replace_strict(last, default=None, return_dtype=pl.Date)
    events = stored_events(connection, StudySpec(events=asked.events, as_of=asked.as_of)).filter(
        pl.col("symbol").is_in(strangers), until.is_null() | (pl.col("known_at").dt.date() > until)
    )
    return events.select(
        "event_id",
        "symbol",
        pl.lit(None, pl.Date).alias("session"),
        pl.format("no instrument of the store is called {}", "symbol").alias("reason"),
    )


def across_borders(events: pl.DataFrame, selection: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events to measure and the domestic ones left out, unless ``selection`` says a scope or a user coded them.

    ``events``: as ``events_of_symbols`` returns them. The second frame has event_id, symbol, session, reason.
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


def first_tellings(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events to measure and those left out: one per story, symbol and day 0, the first one known.

    ``events``: as ``events_of_symbols`` returns them. The second frame has event_id, symbol, session, reason.
    """
    # What a user wrote twice, under two names of a share perhaps, is one event; what a feed numbers are several.
    alone = pl.when(pl.col("coder") == "user").then(pl.col("event_id").first().over("symbol", *_SAID))
    story = pl.when(pl.col("story_id").is_null()).then(-alone.otherwise("event_id")).otherwise("story_id")
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
