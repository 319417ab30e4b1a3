"""What new articles say: events and links, as rows for the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from correlator.store.statements import query
from correlator.tables import EVENTS, LINKS

if TYPE_CHECKING:
    import duckdb

_SAME_EVENT = ("category", "source_country", "target_country")
EVENT_COLUMNS = tuple(name for name in EVENTS.column_names if name != "event_id")


class Coding(NamedTuple):
    """How articles are coded: by which coder, and the own country of each publisher."""

    coder: str
    homes: dict[str, str]


def coded_events(articles: pl.DataFrame, coding: Coding) -> pl.DataFrame:
    """Events of stored article rows, with key; an edited text is known from its update, never from before.

    ``articles``: rows as ``write_articles`` returns them; what an agency wrote has no home in its publisher's country.
    Columns: ``EVENT_COLUMNS`` and version.
    """
    from correlator.events.coder import code_articles

    known = articles.with_columns(
        known_at=pl.when(pl.col("version") == 1).then("published_at").otherwise(pl.coalesce("updated_at", "loaded_at")),
        known_precision=pl.when((pl.col("version") > 1) & pl.col("updated_at").is_null())
        .then(pl.lit("second"))
        .otherwise("published_precision"),
        home=pl.when(pl.col("agency").is_null()).then(
            pl.col("publisher").replace_strict(coding.homes, default=None, return_dtype=pl.String)
        ),
    )
    parts = [
        code_articles(rows, coder=coding.coder).with_columns(version=pl.lit(version))
        for (version,), rows in known.group_by("version", maintain_order=True)
    ]
    order = pl.int_range(pl.len()).over("article_id", "version")
    key = pl.format("article:{}:{}:{}", "article_id", "version", order)
    columns = (key.alias("event_key"), pl.lit(None, pl.String).alias("symbol"))
    return pl.concat([part.with_columns(*columns) for part in parts]) if parts else _no_events()


def unrepeated(connection: duckdb.DuckDBPyConnection, events: pl.DataFrame) -> pl.DataFrame:
    """Events without those that an earlier version of the same article told: an edit does not make them happen again.

    ``events``: as ``coded_events`` returns them. Columns: ``EVENT_COLUMNS``.
    """
    first = events.unique(["article_id", *_SAME_EVENT, "version"], keep="first", maintain_order=True)
    first = first.sort("version", maintain_order=True).unique(
        ["article_id", *_SAME_EVENT], keep="first", maintain_order=True
    )
    edited = first.filter(pl.col("version") > 1)["article_id"].unique()
    told = query(
        connection,
        f"SELECT article_id, {', '.join(_SAME_EVENT)} FROM events WHERE article_id IN (SELECT unnest($edited))",
        {"edited": edited.to_list()},
    )
    fresh = first.join(told, on=["article_id", *_SAME_EVENT], how="anti", nulls_equal=True, maintain_order="left")
    return fresh.select(EVENT_COLUMNS)


def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema=EVENTS.schema(EVENT_COLUMNS) | {"version": pl.Int32()})


def instruments_known(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Instruments to look for in a text: those of the store, and those that the package knows besides."""
    from correlator.market.instruments import read_instruments

    stored = query(connection, "SELECT * FROM instruments")
    shipped = read_instruments().select(stored.columns)
    return pl.concat([stored, shipped.join(stored, on="symbol", how="anti")])


def linked_instruments(articles: pl.DataFrame, quotes: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Links of article rows to instruments: printed on their strip, or named in their text (``tables.LINKS``)."""
    from correlator.events.link import linker_of

    printed = {
        str(key): symbols
        for key, symbols in quotes.group_by("article_key").agg(pl.col("symbol").unique(maintain_order=True)).iter_rows()
    }
    linker = linker_of(instruments)
    rows = [
        (article_id, *link)
        for article_id, key, headline, body in articles.select(
            "article_id", "article_key", "headline", "body"
        ).iter_rows()
        for link in linker.link(headline, body, printed.get(key, []))
    ]
    return pl.DataFrame(rows, schema=LINKS.schema(), orient="row")
