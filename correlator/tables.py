"""The tables of the store: columns with type, unit and meaning.

The DDL, the frames that readers return, the column checks and the data dictionary in the docs derive from here.
Only SQL types that Parquet has as well are used, so that the same tables can be kept in a folder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from correlator.errors import NotFoundError, likeliest

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Column:
    """One column: SQL type, unit (empty if there is none) and meaning; ``required``: NOT NULL; ``by_store``: filled by
    the store, not by readers.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False
    by_store: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, and the columns that identify a row.

    ``indexed``: whether the database enforces the key. If not, the writer does: for ten million bars an index takes
    more time than the loading, and an index always has to be kept in memory.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexed: bool = True

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns that readers provide."""
        return tuple(column.name for column in self.columns if not column.by_store)

    @property
    def stored_names(self) -> tuple[str, ...]:
        """All columns, as stored."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column ``name``; raise NotFoundError with the available columns."""
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFoundError(
            f"table {self.name} has no column {name!r}", hint=likeliest(name, self.column_names, "columns are")
        )

    def ddl(self) -> str:
        """Return the CREATE TABLE statement."""
        lines = [f"  {c.name} {c.type}{' NOT NULL' if c.required else ''}" for c in self.columns]
        if self.indexed:
            lines.append(f"  PRIMARY KEY ({', '.join(self.key)})")
        return f"CREATE TABLE {self.name} (\n" + ",\n".join(lines) + "\n)"

    def schema(self, names: Iterable[str] | None = None) -> dict[str, pl.DataType]:
        """Return the polars schema of the table, or of the named columns in that order."""
        chosen = self.column_names if names is None else tuple(names)
        return {name: polars_type(self.column(name).type) for name in chosen}


def polars_type(sql_type: str) -> pl.DataType:
    """Return the polars type for a SQL type (timestamps: microseconds, UTC)."""
    import polars as pl

    types: dict[str, pl.DataType] = {
        "BIGINT": pl.Int64(),
        "INTEGER": pl.Int32(),
        "DOUBLE": pl.Float64(),
        "VARCHAR": pl.String(),
        "BOOLEAN": pl.Boolean(),
        "DATE": pl.Date(),
        "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
    }
    return types[sql_type]


_LOAD = Column("load_id", "BIGINT", "load that added the row; NULL in rows of older stores", by_store=True)

ARTICLES = Table(
    "articles",
    "One row per version of an article as published.",
    (
        Column("article_id", "BIGINT", "number assigned on first load; the same for every version", required=True),
        Column("version", "INTEGER", "1 for the first text seen, +1 for each edited text", required=True),
        Column("article_key", "VARCHAR", "hash of the canonical URL, else of publisher, headline, day and symbols"),
        Column(
            "content_hash",
            "VARCHAR",
            "hash of headline, body and times; equal hashes mean the same text",
            required=True,
        ),
        Column("story_id", "BIGINT", "story that the article belongs to: the number of its first article"),
        Column(
            "publisher",
            "VARCHAR",
            "publisher profile that was applied, else the name given by the source",
            required=True,
        ),
        Column("agency", "VARCHAR", "news agency credited on the page"),
        Column("url", "VARCHAR", "URL of the article, if known"),
        Column("headline", "VARCHAR", "headline without strip, date prefix or publisher suffix", required=True),
        Column("authors", "VARCHAR", "authors, separated by '; '"),
        Column("dateline", "VARCHAR", "place at the beginning of the body"),
        Column("body", "VARCHAR", "text, paragraphs separated by a blank line"),
        Column("language", "VARCHAR", "ISO 639-1 code"),
        Column("published_at", "TIMESTAMPTZ", "instant of first publication", "UTC"),
        Column("published_precision", "VARCHAR", "minute, second, day or unknown", required=True),
        Column("published_rule", "VARCHAR", "rule by which the instant was determined", required=True),
        Column("updated_at", "TIMESTAMPTZ", "instant of the last update stated on the page", "UTC"),
        Column("source", "VARCHAR", "file or address that it was read from", required=True),
        Column("source_line", "BIGINT", "line or record in the source, from 1"),
        Column("loaded_at", "TIMESTAMPTZ", "when the row was loaded", "UTC", required=True),
        _LOAD,
    ),
    ("article_id", "version"),
    indexed=False,
)

NO_ARTICLE = 0
"""Article number of strips from rejected pages."""

QUOTES = Table(
    "quotes",
    "One row per quote of a ticker strip printed on an article's page.",
    (
        Column(
            "article_id", "BIGINT", "article on whose page the strip was printed; 0: a rejected page", required=True
        ),
        Column("strip_key", "VARCHAR", "hash of the strip's lines; differs between crawls", required=True),
        Column("position", "INTEGER", "position on the strip, from 1", required=True),
        Column("symbol", "VARCHAR", "symbol as printed", required=True),
        Column("price", "DOUBLE", "price as printed", "local currency or index points", required=True),
        Column("change", "DOUBLE", "change as printed", "as price", required=True),
        Column("change_pct", "DOUBLE", "change as printed", "per cent", required=True),
        Column("direction", "VARCHAR", "up, down or unchanged, as printed", required=True),
        Column("line", "VARCHAR", "the line as printed", required=True),
        Column("previous_close", "DOUBLE", "price minus change", "as price", required=True),
        Column("session", "DATE", "session that the quote belongs to; NULL if none matches"),
        Column("session_reason", "VARCHAR", "why this session, or why none"),
        Column("votes_for", "INTEGER", "symbols of the strip whose previous close matches that session"),
        Column("votes_against", "INTEGER", "symbols with bars whose previous close does not match"),
        Column("official_close", "DOUBLE", "the exchange's close of that session", "as price"),
        _LOAD,
    ),
    ("article_id", "strip_key", "position"),
)

BARS = Table(
    "bars",
    "One row per bar and vintage.",
    (
        Column("symbol", "VARCHAR", "instrument", required=True),
        Column("interval", "VARCHAR", "1d, 1h, 5m, ...", required=True),
        Column("session", "DATE", "date of the session at the exchange", required=True),
        Column("bar_start", "TIMESTAMPTZ", "start; for daily bars midnight UTC of the session", "UTC", required=True),
        Column("vintage", "INTEGER", "1 for the first download, +1 whenever a later one differs", required=True),
        Column("open", "DOUBLE", "first price", "currency of the instrument"),
        Column("high", "DOUBLE", "highest price", "currency of the instrument"),
        Column("low", "DOUBLE", "lowest price", "currency of the instrument"),
        Column("close", "DOUBLE", "last or official price", "currency of the instrument"),
        Column("adjusted_close", "DOUBLE", "close adjusted for splits and dividends, if given", "currency"),
        Column("volume", "DOUBLE", "shares or contracts traded", "units"),
        Column("source", "VARCHAR", "file or service", required=True),
        Column("retrieved_at", "TIMESTAMPTZ", "when the bar was downloaded or loaded", "UTC", required=True),
        _LOAD,
    ),
    ("symbol", "interval", "bar_start", "vintage"),
    indexed=False,
)

ACTIONS = Table(
    "actions",
    "One row per corporate action and vintage, as reported by a price service.",
    (
        Column("symbol", "VARCHAR", "instrument", required=True),
        Column("session", "DATE", "ex-date: first session without the dividend, or with the new shares", required=True),
        Column("kind", "VARCHAR", "dividend, split or capital-gain", required=True),
        Column("vintage", "INTEGER", "1 for the first download, +1 whenever a later one differs", required=True),
        Column("value", "DOUBLE", "amount per share, or new shares per old share", "currency or ratio", required=True),
        Column("source", "VARCHAR", "service", required=True),
        Column("retrieved_at", "TIMESTAMPTZ", "when it was downloaded", "UTC", required=True),
        _LOAD,
    ),
    ("symbol", "session", "kind", "vintage"),
)

INSTRUMENTS = Table(
    "instruments",
    "One row per instrument.",
    (
        Column("symbol", "VARCHAR", "symbol used everywhere in the store", required=True),
        Column("exchange", "VARCHAR", "market identifier code (ISO 10383)", required=True),
        Column("currency", "VARCHAR", "ISO 4217"),
        Column("country", "VARCHAR", "ISO 3166-1 alpha-3"),
        Column("name", "VARCHAR", "company or index name"),
        Column("kind", "VARCHAR", "share, index, fund, factor or fx"),
        Column("benchmark", "VARCHAR", "symbol of its default benchmark"),
        Column("aliases", "VARCHAR", "other symbols and names, separated by |"),
    ),
    ("symbol",),
)

EVENTS = Table(
    "events",
    "One row per event coded from an article, or loaded from a user's file or GDELT.",
    (
        Column("event_id", "BIGINT", "number assigned on coding", required=True),
        Column(
            "event_key",
            "VARCHAR",
            "identity: article and coding, GLOBALEVENTID, or a digest of a user's row",
            required=True,
        ),
        Column("article_id", "BIGINT", "article that it was coded from; NULL for events coded elsewhere"),
        Column("known_at", "TIMESTAMPTZ", "instant from which the event was public", "UTC"),
        Column("known_precision", "VARCHAR", "minute, second, day or unknown", required=True),
        Column("coder", "VARCHAR", "rules, full, gdelt or user", required=True),
        Column("category", "VARCHAR", "PLOVER category", required=True),
        Column("quad_class", "VARCHAR", "verbal or material, cooperation or conflict, joined by a dash", required=True),
        Column("cameo_root", "VARCHAR", "two-digit CAMEO root code"),
        Column("goldstein", "DOUBLE", "Goldstein (1992) conflict-cooperation score", "-10 to 10"),
        Column("tone", "DOUBLE", "balance of positive and negative words", "-1 to 1"),
        Column("confidence", "DOUBLE", "confidence of the coder", "0 to 1"),
        Column("source_country", "VARCHAR", "ISO 3166-1 alpha-3 or IGO code of the source (who acts)"),
        Column("source_role", "VARCHAR", "GOV, MIL, LEG, JUD, OPP, BUS, IGO or CVL"),
        Column("target_country", "VARCHAR", "ISO 3166-1 alpha-3 or IGO code of the target (whom it is done to)"),
        Column("target_role", "VARCHAR", "like source_role"),
        Column("dyad", "VARCHAR", "both countries in alphabetical order, joined by a dash"),
        Column("symbol", "VARCHAR", "instrument given with an event that was coded elsewhere; NULL for coded articles"),
        Column("evidence", "VARCHAR", "JSON: the span of text and the rule behind each field"),
        _LOAD,
    ),
    ("event_id",),
    indexed=False,
)

LINKS = Table(
    "links",
    "One row per link between an article and an instrument that it concerns.",
    (
        Column("article_id", "BIGINT", "the article", required=True),
        Column("symbol", "VARCHAR", "the instrument", required=True),
        Column("kind", "VARCHAR", "printed, named, country, sector or watchlist", required=True),
        Column("evidence", "VARCHAR", "the span of text or the rule behind the link", required=True),
        _LOAD,
    ),
    ("article_id", "symbol", "kind"),
)

REJECTS = Table(
    "rejects",
    "One row per source row, page or file that could not be loaded, with the reason.",
    (
        Column("source", "VARCHAR", "file or address", required=True),
        Column(
            "source_line",
            "BIGINT",
            "line or record, from 1 (of a feed, when it was first rejected); 0 for the whole file",
            required=True,
        ),
        Column("reason", "VARCHAR", "why it was rejected", required=True),
        Column("content", "VARCHAR", "the row or line, shortened to 500 characters", required=True),
        Column("loaded_at", "TIMESTAMPTZ", "when it was first rejected", "UTC", required=True),
        _LOAD,
    ),
    ("source", "source_line", "reason", "content"),
    indexed=False,
)

LOADS = Table(
    "loads",
    "The journal: one row per completed load.",
    (
        Column("load_id", "BIGINT", "number of the load", required=True),
        Column("kind", "VARCHAR", "prices, news, events or instruments", required=True),
        Column("source", "VARCHAR", "file or address", required=True),
        Column("sha256", "VARCHAR", "hash of the source's bytes, if it is a file"),
        Column("rows_added", "BIGINT", "new rows", "rows", required=True),
        Column("rows_known", "BIGINT", "rows that were already stored", "rows", required=True),
        Column("rows_rejected", "BIGINT", "rows in rejects", "rows", required=True),
        Column("finished_at", "TIMESTAMPTZ", "when the transaction was committed", "UTC", required=True),
        Column("undone_at", "TIMESTAMPTZ", "when the load was undone", "UTC"),
    ),
    ("load_id",),
)

REPEATS = Table(
    "repeats",
    "Runs of rows that a load repeated; they stay in the store if the load that added them is undone.",
    (
        Column("load_id", "BIGINT", "load that repeated the rows", required=True),
        Column("of_table", "VARCHAR", "table of the rows", required=True),
        Column(
            "series", "VARCHAR", "what the rows of a run have in common, such as symbol and interval", required=True
        ),
        Column("first_place", "BIGINT", "position of the first row: start of a bar, number of an event", required=True),
        Column("last_place", "BIGINT", "position of the last row, inclusive", required=True),
    ),
    ("load_id", "of_table", "series", "first_place", "last_place"),
)

ADDRESSES = Table(
    "addresses",
    "HTTP cache validators, by which servers tell whether a feed or page is new: one row per address read without "
    "rejects.",
    (
        Column("address", "VARCHAR", "feed or page", required=True),
        Column("etag", "VARCHAR", "sent as If-None-Match"),
        Column("last_modified", "VARCHAR", "sent as If-Modified-Since"),
        Column("fetched_at", "TIMESTAMPTZ", "when it was last read", "UTC", required=True),
    ),
    ("address",),
)

UNFINISHED = Table(
    "unfinished",
    "Unfinished loads of several transactions; studies are refused until they are complete.",
    (
        Column("kind", "VARCHAR", "prices, news or events", required=True),
        Column("source", "VARCHAR", "file or address", required=True),
        Column("sha256", "VARCHAR", "hash of the source's bytes, if it is a file"),
        Column("rows_taken", "BIGINT", "rows of the source loaded so far", "rows", required=True),
        Column("loaded_by", "VARCHAR", "process that loaded the last of them", required=True),
        Column("started_at", "TIMESTAMPTZ", "when the load started", "UTC", required=True),
        Column("load_id", "BIGINT", "number of the load"),
    ),
    ("kind", "source"),
)

BRIEFS = Table(
    "briefs",
    "Briefs that a watch has to deliver: one per story, and one per correction of an article that was briefed.",
    (
        Column("brief_number", "BIGINT", "number assigned when it became due", required=True),
        Column("kind", "VARCHAR", "news, late, edit or correction", required=True),
        Column("article_id", "BIGINT", "article of the brief", required=True),
        Column("version", "INTEGER", "newest version of the article that was considered", required=True),
        Column("corrects", "BIGINT", "number of the brief that it corrects"),
        Column("due_at", "TIMESTAMPTZ", "time of the brief", "UTC", required=True),
        Column("category", "VARCHAR", "PLOVER category of the event; NULL if a corrected text has no event"),
        Column("source_country", "VARCHAR", "country of the source (who acts)"),
        Column("target_country", "VARCHAR", "country of the target (whom it is done to)"),
        Column("brief_id", "VARCHAR", "digest of the brief; NULL until it is made"),
        Column("content", "VARCHAR", "the brief as JSON on one line; NULL until it is made"),
    ),
    ("brief_number",),
)

DELIVERIES = Table(
    "deliveries",
    "One row per brief and sink that it was delivered to.",
    (
        Column("brief_number", "BIGINT", "the brief", required=True),
        Column("sink", "VARCHAR", "stdout, or the name of a folder, command or address", required=True),
        Column("delivered_at", "TIMESTAMPTZ", "when it was delivered", "UTC", required=True),
    ),
    ("brief_number", "sink"),
)

MARKS = Table(
    "marks",
    "How far a watch has progressed.",
    (
        Column("name", "VARCHAR", "what the mark belongs to: events, or a sink", required=True),
        Column(
            "place",
            "BIGINT",
            "number of the last event considered, or of the last brief that the sink does not need",
            required=True,
        ),
    ),
    ("name",),
)


TABLES: tuple[Table, ...] = (
    ARTICLES, QUOTES, BARS, ACTIONS, INSTRUMENTS, EVENTS, LINKS, REJECTS, LOADS, ADDRESSES, UNFINISHED,
    BRIEFS, DELIVERIES, MARKS, REPEATS,
)  # fmt: skip


def table(name: str) -> Table:
    """Return the table ``name``; raise NotFoundError with the available tables."""
    for candidate in TABLES:
        if candidate.name == name:
            return candidate
    raise NotFoundError(f"unknown table {name!r}", hint=f"tables are {', '.join(t.name for t in TABLES)}")
