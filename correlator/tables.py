"""Every table of the store, in one place: column, type, unit, meaning.

The DDL, the frames that readers return, the column checks and the data dictionary in the docs derive from here.
Only plain SQL types that Parquet shares are used, so that the same tables can live in a folder.
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
    """One column: SQL type, unit (empty if there is none) and meaning; ``required`` becomes NOT NULL; ``by_store``:
    the store fills it, no reader brings it.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    required: bool = False
    by_store: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its columns in order and the columns that identify a row.

    ``indexed``: whether the database upholds the key. Where it does not, the writer does: on ten million bars an index
    takes more time than the loading, and on any number of rows the memory to hold it.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexed: bool = True

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns that readers bring."""
        return tuple(column.name for column in self.columns if not column.by_store)

    @property
    def stored_names(self) -> tuple[str, ...]:
        """Every column, as it is stored."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column called ``name``; raises NotFoundError naming the columns there are."""
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFoundError(
            f"table {self.name} has no column {name!r}", hint=likeliest(name, self.column_names, "it has")
        )

    def ddl(self) -> str:
        """The CREATE TABLE statement."""
        lines = [f"  {c.name} {c.type}{' NOT NULL' if c.required else ''}" for c in self.columns]
        if self.indexed:
            lines.append(f"  PRIMARY KEY ({', '.join(self.key)})")
        return f"CREATE TABLE {self.name} (\n" + ",\n".join(lines) + "\n)"

    def schema(self, names: Iterable[str] | None = None) -> dict[str, pl.DataType]:
        """The polars schema of the table, or of the named columns in the order asked for."""
        chosen = self.column_names if names is None else tuple(names)
        return {name: polars_type(self.column(name).type) for name in chosen}


def polars_type(sql_type: str) -> pl.DataType:
    """The polars type that holds what the SQL type holds (timestamps: microseconds, UTC)."""
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


_LOAD = Column("load_id", "BIGINT", "load that brought the row; NULL for rows of older stores", by_store=True)

ARTICLES = Table(
    "articles",
    "One row per version of an article as its publisher printed it.",
    (
        Column("article_id", "BIGINT", "number given on first load; the same for every version", required=True),
        Column("version", "INTEGER", "1 for the first text seen, +1 for each edited text", required=True),
        Column("article_key", "VARCHAR", "identity: hash of the canonical URL, else of publisher and headline and day"),
        Column("content_hash", "VARCHAR", "hash of headline, body and times: equal means the same text", required=True),
        Column("story_id", "BIGINT", "the story this article tells; first article's number"),
        Column(
            "publisher",
            "VARCHAR",
            "publisher profile that was applied, else the name that the source states",
            required=True,
        ),
        Column("agency", "VARCHAR", "news agency credited on the page"),
        Column("url", "VARCHAR", "address of the article where known"),
        Column("headline", "VARCHAR", "headline without strip, date prefix or publisher suffix", required=True),
        Column("authors", "VARCHAR", "who wrote it, names separated by '; '"),
        Column("dateline", "VARCHAR", "place at the head of the body"),
        Column("body", "VARCHAR", "running text, paragraphs separated by a blank line"),
        Column("language", "VARCHAR", "ISO 639-1 code"),
        Column("published_at", "TIMESTAMPTZ", "instant of first publication", "UTC"),
        Column("published_precision", "VARCHAR", "minute, second, day or unknown", required=True),
        Column("published_rule", "VARCHAR", "how the instant was read", required=True),
        Column("updated_at", "TIMESTAMPTZ", "instant of the last update that the page states", "UTC"),
        Column("source", "VARCHAR", "file or address it was read from", required=True),
        Column("source_line", "BIGINT", "line or record in the source, from 1"),
        Column("loaded_at", "TIMESTAMPTZ", "when the row entered the store", "UTC", required=True),
        _LOAD,
    ),
    ("article_id", "version"),
    indexed=False,
)

NO_ARTICLE = 0
"""The article of strips whose page was not taken as one."""

QUOTES = Table(
    "quotes",
    "One row per quote of a ticker strip printed on an article's page.",
    (
        Column("article_id", "BIGINT", "article on whose page the strip stood; 0: a page in rejects", required=True),
        Column("strip_key", "VARCHAR", "hash of the strip's lines; another crawl has another", required=True),
        Column("position", "INTEGER", "place on the strip, from 1", required=True),
        Column("symbol", "VARCHAR", "symbol as printed", required=True),
        Column("price", "DOUBLE", "price as printed", "local currency or index points", required=True),
        Column("change", "DOUBLE", "change as printed", "as price", required=True),
        Column("change_pct", "DOUBLE", "change as printed", "per cent", required=True),
        Column("direction", "VARCHAR", "up, down or unchanged, as printed", required=True),
        Column("line", "VARCHAR", "the line as printed", required=True),
        Column("previous_close", "DOUBLE", "price minus change", "as price", required=True),
        Column("session", "DATE", "session that the quote belongs to; NULL where nothing matches"),
        Column("session_reason", "VARCHAR", "why that session, or why none"),
        Column("votes_for", "INTEGER", "symbols of the strip whose previous close matches that session"),
        Column("votes_against", "INTEGER", "symbols with bars whose previous close does not"),
        Column("official_close", "DOUBLE", "the exchange's close of that session", "as price"),
        _LOAD,
    ),
    ("article_id", "strip_key", "position"),
)

BARS = Table(
    "bars",
    "One row per bar and vintage; daily bars carry the session's label, intraday ones also their start.",
    (
        Column("symbol", "VARCHAR", "instrument", required=True),
        Column("interval", "VARCHAR", "1d, 1h, 5m, ...", required=True),
        Column("session", "DATE", "the trading day's label at the exchange", required=True),
        Column("bar_start", "TIMESTAMPTZ", "start; of daily bars midnight UTC of the label", "UTC", required=True),
        Column("vintage", "INTEGER", "1 for the first download, +1 whenever a later one differs", required=True),
        Column("open", "DOUBLE", "first price", "currency of the instrument"),
        Column("high", "DOUBLE", "highest price", "currency of the instrument"),
        Column("low", "DOUBLE", "lowest price", "currency of the instrument"),
        Column("close", "DOUBLE", "last or official price", "currency of the instrument"),
        Column("adjusted_close", "DOUBLE", "close adjusted for splits and dividends, if given", "currency"),
        Column("volume", "DOUBLE", "shares or contracts traded", "units"),
        Column("source", "VARCHAR", "file or service", required=True),
        Column("retrieved_at", "TIMESTAMPTZ", "when the bar was known to us", "UTC", required=True),
        _LOAD,
    ),
    ("symbol", "interval", "bar_start", "vintage"),
    indexed=False,
)

ACTIONS = Table(
    "actions",
    "One row per corporate action and vintage, as a price service reports it.",
    (
        Column("symbol", "VARCHAR", "instrument", required=True),
        Column("session", "DATE", "first session without the dividend, or with the new shares", required=True),
        Column("kind", "VARCHAR", "dividend, split or capital-gain", required=True),
        Column("vintage", "INTEGER", "1 for the first download, +1 whenever a later one differs", required=True),
        Column("value", "DOUBLE", "amount per share, or new shares for one old", "currency or ratio", required=True),
        Column("source", "VARCHAR", "service", required=True),
        Column("retrieved_at", "TIMESTAMPTZ", "when it was known to us", "UTC", required=True),
        _LOAD,
    ),
    ("symbol", "session", "kind", "vintage"),
)

INSTRUMENTS = Table(
    "instruments",
    "One row per instrument.",
    (
        Column("symbol", "VARCHAR", "the name used everywhere in the store", required=True),
        Column("exchange", "VARCHAR", "market identifier code (ISO 10383)", required=True),
        Column("currency", "VARCHAR", "ISO 4217"),
        Column("country", "VARCHAR", "ISO 3166-1 alpha-3"),
        Column("name", "VARCHAR", "company or index name"),
        Column("kind", "VARCHAR", "share, index, fund, factor or fx"),
        Column("benchmark", "VARCHAR", "symbol of its default benchmark"),
        Column("aliases", "VARCHAR", "other names, separated by |"),
    ),
    ("symbol",),
)

EVENTS = Table(
    "events",
    "One row per event coded from an article, or brought by a user or GDELT.",
    (
        Column("event_id", "BIGINT", "number given on coding", required=True),
        Column(
            "event_key",
            "VARCHAR",
            "identity: article and coding, GLOBALEVENTID, or a digest of what a user's row says",
            required=True,
        ),
        Column("article_id", "BIGINT", "article it was coded from; NULL for events brought from outside"),
        Column("known_at", "TIMESTAMPTZ", "instant from which the event was public", "UTC"),
        Column("known_precision", "VARCHAR", "minute, second, day or unknown", required=True),
        Column("coder", "VARCHAR", "rules, full, gdelt or user", required=True),
        Column("category", "VARCHAR", "PLOVER category", required=True),
        Column("quad_class", "VARCHAR", "verbal or material, cooperation or conflict, joined by a dash", required=True),
        Column("cameo_root", "VARCHAR", "two-digit CAMEO root code"),
        Column("goldstein", "DOUBLE", "Goldstein (1992) conflict-cooperation score", "-10 to 10"),
        Column("tone", "DOUBLE", "balance of positive and negative words", "-1 to 1"),
        Column("confidence", "DOUBLE", "how sure the coder is", "0 to 1"),
        Column("source_country", "VARCHAR", "ISO 3166-1 alpha-3 or IGO code of who acts"),
        Column("source_role", "VARCHAR", "GOV, MIL, LEG, JUD, OPP, BUS, IGO or CVL"),
        Column("target_country", "VARCHAR", "ISO 3166-1 alpha-3 or IGO code of whom it is done to"),
        Column("target_role", "VARCHAR", "as source_role"),
        Column("dyad", "VARCHAR", "both countries in alphabetical order, joined by a dash"),
        Column("symbol", "VARCHAR", "instrument that the bringer of the event named; NULL for coded articles"),
        Column("evidence", "VARCHAR", "JSON: the span and rule behind each field"),
        _LOAD,
    ),
    ("event_id",),
    indexed=False,
)

LINKS = Table(
    "links",
    "Which instruments an article concerns, of what kind, and on what evidence.",
    (
        Column("article_id", "BIGINT", "the article", required=True),
        Column("symbol", "VARCHAR", "the instrument", required=True),
        Column("kind", "VARCHAR", "printed, named, country, sector or watchlist", required=True),
        Column("evidence", "VARCHAR", "the span or rule behind the link", required=True),
        _LOAD,
    ),
    ("article_id", "symbol", "kind"),
)

REJECTS = Table(
    "rejects",
    "What a source held and could not be taken, with the reason.",
    (
        Column("source", "VARCHAR", "file or address", required=True),
        Column("source_line", "BIGINT", "line or record, from 1; 0 for the whole file", required=True),
        Column("reason", "VARCHAR", "why it was not taken", required=True),
        Column("content", "VARCHAR", "the row or line, shortened to 500 characters", required=True),
        Column("loaded_at", "TIMESTAMPTZ", "when it was met first", "UTC", required=True),
        _LOAD,
    ),
    ("source", "source_line", "reason"),
)

LOADS = Table(
    "loads",
    "The journal: one row per completed load.",
    (
        Column("load_id", "BIGINT", "number of the load", required=True),
        Column("kind", "VARCHAR", "prices, news, events or instruments", required=True),
        Column("source", "VARCHAR", "file or address", required=True),
        Column("sha256", "VARCHAR", "hash of the source's bytes, where it is a file"),
        Column("rows_added", "BIGINT", "rows that were new", "rows", required=True),
        Column("rows_known", "BIGINT", "rows that were there already", "rows", required=True),
        Column("rows_rejected", "BIGINT", "rows in rejects", "rows", required=True),
        Column("finished_at", "TIMESTAMPTZ", "when the transaction was committed", "UTC", required=True),
        Column("undone_at", "TIMESTAMPTZ", "when what it brought was taken out again", "UTC"),
    ),
    ("load_id",),
)

REPEATS = Table(
    "repeats",
    "Rows that a load said again, as runs: undoing the load that brought them leaves them.",
    (
        Column("load_id", "BIGINT", "load that said them again", required=True),
        Column("of_table", "VARCHAR", "table that they are in", required=True),
        Column("series", "VARCHAR", "what the rows of a run share: symbol and interval of bars", required=True),
        Column("first_place", "BIGINT", "place of the first: start of a bar, number of an event", required=True),
        Column("last_place", "BIGINT", "place of the last; all between them are meant", required=True),
    ),
    ("load_id", "of_table", "series", "first_place", "last_place"),
)

ADDRESSES = Table(
    "addresses",
    "What servers want to hear back to say whether a feed or page is new: one row per address read without rejects.",
    (
        Column("address", "VARCHAR", "feed or page", required=True),
        Column("etag", "VARCHAR", "sent as If-None-Match"),
        Column("last_modified", "VARCHAR", "sent as If-Modified-Since"),
        Column("fetched_at", "TIMESTAMPTZ", "when it was read last", "UTC", required=True),
    ),
    ("address",),
)

UNFINISHED = Table(
    "unfinished",
    "Loads of several transactions that have begun and not ended: studies refuse until they have.",
    (
        Column("kind", "VARCHAR", "prices, news or events", required=True),
        Column("source", "VARCHAR", "file or address", required=True),
        Column("sha256", "VARCHAR", "hash of the source's bytes, where it is a file"),
        Column("rows_taken", "BIGINT", "rows of the source that are in the store so far", "rows", required=True),
        Column("loaded_by", "VARCHAR", "process that took the last of them", required=True),
        Column("started_at", "TIMESTAMPTZ", "when the load began", "UTC", required=True),
        Column("load_id", "BIGINT", "number that the load will have"),
    ),
    ("kind", "source"),
)

BRIEFS = Table(
    "briefs",
    "What a watch owes: one brief per story, and one per correction of a briefed article.",
    (
        Column("brief_number", "BIGINT", "number given when it became due", required=True),
        Column("kind", "VARCHAR", "news or correction", required=True),
        Column("article_id", "BIGINT", "the article that it is of", required=True),
        Column("version", "INTEGER", "the newest version of the article that was looked at", required=True),
        Column("corrects", "BIGINT", "number of the brief that it corrects"),
        Column("due_at", "TIMESTAMPTZ", "instant that it stands at", "UTC", required=True),
        Column("category", "VARCHAR", "PLOVER category of the event; NULL where a corrected text codes to none"),
        Column("source_country", "VARCHAR", "country of who acts"),
        Column("target_country", "VARCHAR", "country of whom it is done to"),
        Column("brief_id", "VARCHAR", "digest of the brief; NULL until it is made"),
        Column("content", "VARCHAR", "the brief as JSON, in one line; NULL until it is made"),
    ),
    ("brief_number",),
)

DELIVERIES = Table(
    "deliveries",
    "Which briefs have left, and where to.",
    (
        Column("brief_number", "BIGINT", "the brief", required=True),
        Column("sink", "VARCHAR", "stdout, or a folder, command or address by name", required=True),
        Column("delivered_at", "TIMESTAMPTZ", "when it had left", "UTC", required=True),
    ),
    ("brief_number", "sink"),
)

MARKS = Table(
    "marks",
    "How far a watch has come.",
    (
        Column("name", "VARCHAR", "what the mark is of: events, or a sink", required=True),
        Column("place", "BIGINT", "number of the last event or brief that was there before", required=True),
    ),
    ("name",),
)


TABLES: tuple[Table, ...] = (
    ARTICLES, QUOTES, BARS, ACTIONS, INSTRUMENTS, EVENTS, LINKS, REJECTS, LOADS, ADDRESSES, UNFINISHED,
    BRIEFS, DELIVERIES, MARKS, REPEATS,
)  # fmt: skip


def table(name: str) -> Table:
    """The table called ``name``; raises NotFoundError naming the tables there are."""
    for candidate in TABLES:
        if candidate.name == name:
            return candidate
    raise NotFoundError(f"there is no table {name!r}", hint=f"tables are {', '.join(t.name for t in TABLES)}")
