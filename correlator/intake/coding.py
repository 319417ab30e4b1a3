"""Code and link new articles before the store is locked; events and links are numbered when they are written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from correlator.intake.instruments import names_in
from correlator.intake.stored_keys import with_stored_keys
from correlator.store.reading import read_known_articles
from correlator.store.statements import query
from correlator.tables import EVENTS, LINKS

if TYPE_CHECKING:
    import duckdb

    from correlator.news.batch import Batch
    from correlator.store.db import Store

_SAME_EVENT = ("category", "source_country", "target_country")
"""The columns that identify an event across versions of an article."""
_ARTICLE = ("article_key", "content_hash")
LINK_COLUMNS = (*LINKS.column_names, "version")
EVENT_COLUMNS = tuple(name for name in EVENTS.column_names if name != "event_id")


class Coding(NamedTuple):
    """How articles are coded: the name of the coder, and the home country of each publisher."""

    coder: str
    homes: dict[str, str]


class Prepared(NamedTuple):
    """A batch, and ``events`` and ``links`` of its new articles with article_key and content_hash, not yet numbered."""

    batch: Batch
    events: pl.DataFrame
    links: pl.DataFrame
    loaded_at: datetime


def prepare(store: Store, batch: Batch, coding: Coding) -> Prepared:
    """Code and link the articles of a batch that are not in the store, which is only read."""
    loaded_at = datetime.now(UTC)
    batch = replace(batch, articles=_with_language(batch.articles))
    with store.reading_if_made() as connection:
        batch = with_stored_keys(connection, batch) if connection else batch
        known = read_known_articles(connection, batch.articles) if connection else None
        instruments = instruments_known(connection)
    fresh = batch.articles.unique(_ARTICLE, keep="first", maintain_order=True)
    if known is not None:
        fresh = fresh.join(known, on=_ARTICLE, how="anti", maintain_order="left")
    stored_keys = pl.Series("key", [] if known is None else known["article_key"], dtype=pl.String)
    is_edit = pl.col("article_key").is_in(stored_keys.implode()) | ~pl.col("article_key").is_first_distinct()
    rows = fresh.with_columns(
        version=pl.when(is_edit).then(2).otherwise(1),
        loaded_at=pl.lit(loaded_at),
        article_id=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    return Prepared(batch, _coded(rows, coding), _linked(rows, batch.quotes, instruments), loaded_at)


def _with_language(articles: pl.DataFrame) -> pl.DataFrame:
    """Fill missing languages with that of the headline, unless it is the language of the coder."""
    from correlator.events.vocabulary.language import CODED, language_of

    languages = [language_of(headline or "") for headline in articles["headline"]]
    other = pl.Series("detected", [None if language == CODED else language for language in languages], dtype=pl.String)
    return articles.with_columns(other).with_columns(language=pl.coalesce("language", "detected")).drop("detected")


def in_other_languages(articles: pl.DataFrame) -> int:
    """Return the number of articles in a language that is not coded."""
    from correlator.events.vocabulary.language import CODED, LEXICAL

    other = pl.col("language").is_not_null() & ~pl.col("language").str.to_lowercase().str.slice(0, 2).is_in(
        [CODED, *LEXICAL]
    )
    return articles.filter(other).height


def numbered_events(prepared: Prepared, written: pl.DataFrame) -> pl.DataFrame:
    """Return the events of the new articles with their keys; an edited text is known only from its update.

    ``written``: rows as from ``write_articles``. Columns: ``EVENT_COLUMNS`` and version.
    """
    return _numbered(prepared.events, written)


def _numbered(coded: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Return coded events with the numbers of their articles in ``written``, and with keys."""
    numbers = _known(written).select(*_ARTICLE, "article_id", "version", "known_at", "known_precision")
    events = coded.drop("article_id", "known_at", "known_precision")
    joined = events.join(numbers, on=_ARTICLE, how="inner", maintain_order="left")
    order = pl.int_range(pl.len()).over("article_id", "version")
    key = pl.format("article:{}:{}:{}", "article_id", "version", order).alias("event_key")
    return joined.with_columns(key, pl.lit(None, pl.String).alias("symbol")).select(*EVENT_COLUMNS, "version")


def code_stored(connection: duckdb.DuckDBPyConnection, articles: pl.DataFrame, coding: Coding) -> pl.DataFrame:
    """Code stored articles (rows of the table, all versions of each); events as from ``numbered_events``."""
    ordered = articles.with_columns(article_id=pl.int_range(pl.len(), dtype=pl.Int64))
    return _numbered(_coded(ordered, coding), with_own_updates(connection, articles))


def known_versions(connection: duckdb.DuckDBPyConnection, article_id: int) -> pl.DataFrame:
    """Return the versions of a stored article, newest first, with the instant from which each was public."""
    rows = query(connection, "SELECT * FROM articles WHERE article_id = $id ORDER BY version DESC", {"id": article_id})
    return _known(with_own_updates(connection, rows))


def numbered_links(prepared: Prepared, written: pl.DataFrame) -> pl.DataFrame:
    """Return the links of the new articles (``tables.LINKS``) with the version of each.

    ``written``: as for ``numbered_events``.
    """
    return _links_numbered(prepared.links, written)


def _links_numbered(links: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    numbers = written.select(*_ARTICLE, "article_id", "version")
    joined = links.drop("article_id").join(numbers, on=_ARTICLE, how="inner", maintain_order="left")
    return joined.select(LINK_COLUMNS)


def link_stored(connection: duckdb.DuckDBPyConnection, articles: pl.DataFrame) -> pl.DataFrame:
    """Return the links of kind ``named`` that stored articles (as for ``code_stored``) have by the names known now.

    Each once per article, from the first version that has it; columns as from ``numbered_links``.
    """
    ordered = articles.with_columns(article_id=pl.int_range(pl.len(), dtype=pl.Int64))
    no_strips = pl.DataFrame(schema=dict.fromkeys((*_ARTICLE, "symbol"), pl.String))
    links = _links_numbered(_linked(ordered, no_strips, instruments_known(connection)), articles)
    return links.sort("version", maintain_order=True).unique(LINKS.key, keep="first", maintain_order=True)


def unrepeated(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> pl.DataFrame:
    """Return ``events`` without those that an earlier version of the same article already reports.

    ``events``: as from ``numbered_events``. Columns: ``EVENT_COLUMNS``.
    """
    first = first_reports(events)
    edited = first.filter(pl.col("version") > 1)["article_id"].unique()
    earlier = query(
        connection,
        f"SELECT article_id, {', '.join(_SAME_EVENT)} FROM events WHERE article_id IN (SELECT unnest($edited))",
        {"edited": edited.to_list()},
    )
    fresh = first.join(earlier, on=["article_id", *_SAME_EVENT], how="anti", nulls_equal=True, maintain_order="left")
    return fresh.select(EVENT_COLUMNS)


def first_reports(events: pl.DataFrame) -> pl.DataFrame:
    """Return each event (as from ``numbered_events``) once per article, from the first version that reports it."""
    first = events.unique(["article_id", *_SAME_EVENT, "version"], keep="first", maintain_order=True)
    return first.sort("version", maintain_order=True).unique(
        ["article_id", *_SAME_EVENT], keep="first", maintain_order=True
    )


def named_by_source(connection: duckdb.DuckDBPyConnection, named: pl.DataFrame) -> pl.DataFrame:
    """Return links of kind ``named`` for the symbols that a source states for its articles, as ``numbered_links`` does.

    Includes articles already in the store; symbols are those of the store. ``named``: as in a batch.
    """
    if named.is_empty():
        return pl.DataFrame(schema=LINKS.schema() | {"version": pl.Int32()})
    names = names_in(connection)
    symbols = {symbol: names.own(symbol) for symbol in named["symbol"].unique()}
    connection.register("named_rows", named.with_columns(pl.col("symbol").replace(symbols)))
    rows = query(
        connection,
        """
        SELECT article_id, symbol, 'named' AS kind, evidence, min(version) AS version
        FROM named_rows JOIN articles USING (article_key, content_hash) GROUP BY ALL ORDER BY article_id, symbol
        """,
    )
    connection.unregister("named_rows")
    return rows.select(LINK_COLUMNS)


def instruments_known(connection: duckdb.DuckDBPyConnection | None) -> pl.DataFrame:
    """Return the instruments to look for in texts: those of the store (None: no store) and those of the package."""
    from correlator.market.names.instruments import read_instruments
    from correlator.tables import INSTRUMENTS

    shipped = read_instruments().select(INSTRUMENTS.column_names)
    if connection is None:
        return shipped
    stored = query(connection, "SELECT * FROM instruments").select(INSTRUMENTS.column_names)
    return pl.concat([stored, shipped.join(stored, on="symbol", how="anti")])


def _coded(rows: pl.DataFrame, coding: Coding) -> pl.DataFrame:
    """Code articles; those of an agency do not get the home country of their publisher."""
    from correlator.events.coder import code_articles

    home = pl.when(pl.col("agency").is_null()).then(
        pl.col("publisher").replace_strict(coding.homes, default=None, return_dtype=pl.String)
    )
    events = code_articles(_known(rows).with_columns(home=home), coder=coding.coder)
    return events.join(rows.select("article_id", *_ARTICLE), on="article_id", how="left", maintain_order="left")


def _known(articles: pl.DataFrame) -> pl.DataFrame:
    """Add the instant from which each text was public, and its precision: known_at, known_precision."""
    first = pl.col("version") == 1
    edited = pl.max_horizontal(pl.coalesce("updated_at", "loaded_at"), "published_at")
    return articles.with_columns(
        known_at=pl.when(first).then("published_at").otherwise(edited),
        known_precision=pl.when(first).then("published_precision").otherwise(pl.lit("second")),
    )


def with_own_updates(connection: duckdb.DuckDBPyConnection, written: pl.DataFrame) -> pl.DataFrame:
    """Return ``written`` (as from ``write_articles``), with ``updated_at`` null if an earlier version has the same.

    If a publisher edits a text without changing its timestamp, the edit is known only from when it was loaded.
    """
    edited = written.filter(pl.col("version") > 1)["article_id"].unique()
    if edited.is_empty():
        return written
    stated = query(
        connection,
        """
        SELECT article_id, version, max(updated_at) OVER (
            PARTITION BY article_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM articles WHERE article_id IN (SELECT unnest($edited))
        """,
        {"edited": edited.to_list()},
    ).with_columns(pl.col("version").cast(written.schema["version"]))
    joined = written.join(stated, on=["article_id", "version"], how="left", maintain_order="left")
    fresh = (pl.col("updated_at") > pl.col("before")).fill_null(value=True)
    return joined.with_columns(updated_at=pl.when(fresh).then("updated_at")).drop("before")


def _linked(rows: pl.DataFrame, quotes: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Link articles to instruments that are printed on their strip or named in their text."""
    from correlator.events.linking.link import linker_of

    strips = quotes.group_by(_ARTICLE).agg(pl.col("symbol").unique(maintain_order=True))
    printed = {(key, content): symbols for key, content, symbols in strips.iter_rows()}
    linker = linker_of(instruments)
    links = [
        (article_id, *link)
        for article_id, *identity, headline, body in rows.select(
            "article_id", *_ARTICLE, "headline", "body"
        ).iter_rows()
        for link in linker.link(headline, body, printed.get(tuple(identity), []))
    ]
    frame = pl.DataFrame(links, schema=LINKS.schema(), orient="row")
    return frame.join(rows.select("article_id", *_ARTICLE), on="article_id", how="left", maintain_order="left")
