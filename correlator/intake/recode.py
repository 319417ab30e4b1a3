"""Code and link stored articles again, and report the changes."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import polars as pl

from correlator.base.progress import tracked
from correlator.errors import InputError
from correlator.events.coder import CODERS
from correlator.intake.coding import Coding, code_stored, first_reports, link_stored
from correlator.intake.parts import Tally, load_parts
from correlator.store.changes import delete_rows, insert_new
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.unfinished import Load
from correlator.store.writing.events import highest_event, write_links
from correlator.tables import EVENTS, LINKS

PART_ARTICLES = 2_000
"""Articles per transaction."""
_OURS = "coder IN ('rules', 'full')"
_FOUND = "kind = 'named' AND (evidence LIKE 'headline: %' OR evidence LIKE 'body: %')"
"""Links that the text gave, not the source or a watchlist."""
_ARTICLES = """
    SELECT * FROM articles WHERE article_id > $after
    QUALIFY dense_rank() OVER (ORDER BY article_id) <= $count ORDER BY article_id, version
"""
_SAME = ("article_id", "category", "source_country", "target_country")
_SUMMARY = ("category", "quad_class", "goldstein", "source_country", "source_role", "target_country", "target_role")
CHANGES = {"article_id": pl.Int64, "change": pl.String, "before": pl.String, "after": pl.String, "headline": pl.String}


def recode_events(store: Store, coder: str) -> pl.DataFrame:
    """Code every stored article again with ``coder`` (rules or full), and link it to the instruments known now.

    Unchanged events keep their number; events of users and of GDELT, and links by sources and watchlists, are kept.
    Every ``PART_ARTICLES`` articles are one transaction; if interrupted between two, studies raise an error until it is
    run again. Returns one row per article and change: article_id, change (new, gone, other), before, after (the event
    or the link), headline. Raises InputError for an unknown coder.
    """
    if coder not in CODERS:
        raise InputError(f"coder must be {' or '.join(CODERS)}, got {coder!r}", argument="coder")
    from correlator.news.profiles import own_countries

    coding = Coding(coder, own_countries())
    changes: list[pl.DataFrame] = []

    def write(connection: duckdb.DuckDBPyConnection, part: tuple[pl.DataFrame, pl.DataFrame]) -> Tally:
        events, links = part
        changes.extend((_replace(connection, events), _replace_links(connection, links, events)))
        return Tally(0, events.height, 0)

    load_parts(store, Load("recode", f"stored articles, coder {coder}", None), _coded(store, coding), write)
    return pl.concat(changes) if changes else pl.DataFrame(schema=pl.Schema(CHANGES))


def _coded(store: Store, coding: Coding) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the coded events of stored articles in batches, with headline and load of the article, and their links.

    An article without events has a row without category.
    """
    after = -1
    with store.reading() as connection:
        number = int(query(connection, "SELECT count(DISTINCT article_id) AS n FROM articles").item())
    for _ in tracked(range(0, number, PART_ARTICLES), "articles, 2,000 at a time"):
        with store.reading() as connection:
            articles = query(connection, _ARTICLES, {"after": after, "count": PART_ARTICLES})
            if articles.is_empty():
                return
            events = code_stored(connection, articles.drop("load_id"), coding)
            links = link_stored(connection, articles.drop("load_id"))
        links = links.join(
            articles.select("article_id", "version", "load_id"), on=["article_id", "version"], how="left"
        )
        after = articles["article_id"][-1]
        origin = articles.select("article_id", "version", "load_id", "headline")
        coded = first_reports(events).join(origin, on=["article_id", "version"], how="left", maintain_order="left")
        headlines = articles.select("article_id", "headline").unique("article_id", keep="first", maintain_order=True)
        yield pl.concat([coded, headlines.join(coded, on="article_id", how="anti")], how="diagonal"), links


def _replace(connection: duckdb.DuckDBPyConnection, coded: pl.DataFrame) -> pl.DataFrame:
    """Replace the stored events of the articles in ``coded``; returns what changed."""
    numbers = {"articles": coded["article_id"].unique().to_list()}
    ours = f"article_id IN (SELECT unnest($articles::BIGINT[])) AND {_OURS}"
    old = query(connection, f"SELECT * FROM events WHERE {ours}", numbers)
    events = coded.filter(pl.col("category").is_not_null())
    once = old.unique(_SAME, keep="first", maintain_order=True).select(*_SAME, "event_id")
    kept = events.join(once, on=_SAME, how="left", nulls_equal=True, maintain_order="left")
    highest = highest_event(connection)
    fresh = pl.col("event_id").is_null()
    numbered = kept.with_columns(event_id=pl.when(fresh).then(highest + fresh.cum_sum()).otherwise("event_id"))
    delete_rows(connection, EVENTS, ours, numbers)
    connection.register("recoded_events", numbered.select(EVENTS.stored_names))
    insert_new(connection, EVENTS, "SELECT * FROM recoded_events")
    connection.unregister("recoded_events")
    return _changes(old, numbered, coded)


def _replace_links(connection: duckdb.DuckDBPyConnection, links: pl.DataFrame, coded: pl.DataFrame) -> pl.DataFrame:
    """Replace the links that the texts of the articles in ``coded`` gave; returns what changed."""
    of_articles = "article_id IN (SELECT unnest($articles::BIGINT[])) AND kind = 'named'"
    stored = query(
        connection,
        f"SELECT *, {_FOUND} AS found FROM links WHERE {of_articles}",
        {"articles": coded["article_id"].unique().to_list()},
    )
    gone = stored.filter("found").join(links, on=LINKS.key, how="anti", maintain_order="left")
    new = links.join(stored, on=LINKS.key, how="anti", maintain_order="left")
    delete_rows(
        connection,
        LINKS,
        f"{_FOUND} AND (article_id, symbol) IN (SELECT unnest($articles::BIGINT[]), unnest($symbols::VARCHAR[]))",
        {"articles": gone["article_id"].to_list(), "symbols": gone["symbol"].to_list()},
    )
    write_links(connection, new)
    said = pl.format("named {} ({})", "symbol", "evidence")
    none = pl.lit(None, pl.String)
    changed = pl.concat(
        [
            gone.select("article_id", change=pl.lit("gone"), before=said, after=none),
            new.select("article_id", change=pl.lit("new"), before=none, after=said),
        ]
    )
    headlines = coded.select("article_id", "headline").unique("article_id", keep="first")
    return changed.join(headlines, on="article_id", how="left").sort("article_id", "after").select(list(CHANGES))


def _changes(old: pl.DataFrame, new: pl.DataFrame, coded: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event that is new, gone or changed."""
    summary = pl.concat_str([pl.col(name).cast(pl.String) for name in _SUMMARY], separator=" ", ignore_nulls=True)
    before = old.select("article_id", "event_id", before=summary)
    after = new.select("article_id", "event_id", after=summary)
    both = before.join(after, on=["article_id", "event_id"], how="full", coalesce=True)
    change = (
        pl.when(pl.col("before").is_null()).then(pl.lit("new"))
        .when(pl.col("after").is_null()).then(pl.lit("gone"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
    headlines = coded.select("article_id", "headline").unique("article_id", keep="first")
    changed = both.filter(~pl.col("before").eq_missing(pl.col("after"))).with_columns(change=change)
    return changed.join(headlines, on="article_id", how="left").sort("article_id", "event_id").select(list(CHANGES))
