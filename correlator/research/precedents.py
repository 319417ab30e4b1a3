"""Earlier events of the store, ranked by similarity to an event; only what was public at an instant counts.

Similarity is a weighted sum of what two events have in common, between 0 and 1:

| part | weight | is 1 when |
| --- | --- | --- |
| dyad | 0.30 | both countries are the same, in either order |
| actors | 0.15 | they share both countries; one half where they share one |
| category | 0.30 | the PLOVER category is the same |
| quad class | 0.15 | both are of one quad class |
| Goldstein | 0.10 | the scores are equal; falls in a straight line to 0 at a difference of 20 |

If the fitted coder reads the headline and its encoder is installed, the similarity of the headlines counts as well
(``with_texts``): a similarity s becomes 1 - (1 - s) (1 - 0.2 c), with c the cosine of their vectors, at least 0. This
only raises similarities; events without a headline keep theirs.

So an event of the same category reaches ``PRECEDENT`` for any actors, and an event of the same dyad does if it is of
the same quad class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import polars as pl

from correlator.events.scope import DOMESTIC
from correlator.intake.instruments import Names, names_in
from correlator.store.statements import query
from correlator.views import coded_version, public_by, public_parameters

WEIGHTS = {"dyad": 0.30, "actors": 0.15, "category": 0.30, "quad": 0.15, "goldstein": 0.10}
PRECEDENT = 0.55
"""Minimum similarity of a precedent."""
TEXT = 0.2
"""Share of the gap to 1 that identical headline vectors close."""
MOST_TEXTS = 200
"""Maximum number of headlines to compare, those of the most similar events; each takes milliseconds."""
MOST = 3_000
"""Maximum number of events to consider, the most similar ones."""


@dataclass(frozen=True)
class Likeness:
    """The attributes of an event that others are compared with."""

    category: str
    quad_class: str
    goldstein: float | None
    source_country: str | None
    target_country: str | None
    dyad: str | None
    scope: str


@dataclass(frozen=True)
class Reach:
    """Which events to search: those that concern ``symbols`` or one of ``countries``, known from ``since`` to ``at``,
    except those of ``article_id`` or ``story_id``.
    """

    symbols: tuple[str, ...]
    countries: tuple[str, ...]
    since: datetime
    at: datetime
    article_id: int | None = None
    story_id: int | None = None


_PUBLIC = f"known_at >= $since AND {public_by()}"
_CONCERNS = """
    (list_contains($countries::VARCHAR[], source_country) OR list_contains($countries::VARCHAR[], target_country)
        OR list_contains($names::VARCHAR[], symbol)
        OR event_id IN (
            SELECT event_id FROM linked_events WHERE kind = 'named' AND symbol IN (SELECT unnest($symbols))))
"""
_READ = (
    *("event_id", "event_key", "article_id", "known_at", "known_precision", "coder", "category", "quad_class"),
    *("goldstein", "source_country", "target_country", "dyad", "symbol"),
)
"""Columns of the events to read; only those that a brief needs, since there may be a million rows."""
_SIMILARITY = f"""
    {WEIGHTS["dyad"]} * (dyad IS NOT DISTINCT FROM $dyad AND $dyad::VARCHAR IS NOT NULL)::INTEGER
    + {WEIGHTS["actors"]} / 2 * (
        coalesce($source::VARCHAR IN (source_country, target_country), false)::INTEGER
        + coalesce($target::VARCHAR IN (source_country, target_country), false)::INTEGER)
    + {WEIGHTS["category"]} * (category = $category)::INTEGER
    + {WEIGHTS["quad"]} * (quad_class = $quad)::INTEGER
    + {WEIGHTS["goldstein"]} * coalesce(1 - abs(goldstein - $goldstein::DOUBLE) / 20, 0)
"""
_LIKE = f"""
    WITH liked AS (
        SELECT {", ".join(_READ)}, round({_SIMILARITY}, 4) AS similarity FROM events
        WHERE {_PUBLIC} AND {_CONCERNS}
            AND (coder = 'user'
                OR coalesce(source_country = target_country, false) = $domestic)
            AND ($article::BIGINT IS NULL OR article_id IS DISTINCT FROM $article)
        ORDER BY similarity DESC, known_at DESC, event_id LIMIT $most
    )
    SELECT l.*, a.story_id, a.publisher, a.headline
    FROM liked AS l LEFT JOIN articles AS a ON {coded_version("l")}
    WHERE $story::BIGINT IS NULL OR a.story_id IS DISTINCT FROM $story
    ORDER BY l.similarity DESC, l.known_at DESC, l.event_id
"""
_NEAR = f"""
    WITH near AS (SELECT {", ".join(_READ)} FROM events WHERE {_PUBLIC} AND {_CONCERNS})
    SELECT n.*, a.story_id, a.publisher, a.headline
    FROM near AS n LEFT JOIN articles AS a ON {coded_version("n")}
    WHERE ($article::BIGINT IS NULL OR n.article_id IS DISTINCT FROM $article)
        AND ($story::BIGINT IS NULL OR a.story_id IS DISTINCT FROM $story)
    ORDER BY n.known_at, n.event_id
"""
_COLUMNS = (*_READ, "story_id", "publisher", "headline")


def like_events(connection: duckdb.DuckDBPyConnection, likeness: Likeness, reach: Reach) -> pl.DataFrame:
    """Return the events within ``reach``, the most similar first, with their attributes and similarity."""
    parameters = {
        "category": likeness.category,
        "quad": likeness.quad_class,
        "goldstein": likeness.goldstein,
        "source": likeness.source_country,
        "target": likeness.target_country,
        "dyad": likeness.dyad,
        "domestic": likeness.scope == DOMESTIC,
        "most": MOST,
    }
    return query(connection, _LIKE, {**_parameters(connection, reach), **parameters}).select(*_COLUMNS, "similarity")


def with_texts(events: pl.DataFrame, headline: str) -> pl.DataFrame:
    """Return the events of ``like_events`` ranked with the similarity of headlines; unchanged without the encoder."""
    from correlator.events.learned.encoder import embed, model_folder

    least = 1.0 - (1.0 - PRECEDENT) / (1.0 - TEXT)  # below it no headline can lift an event to a precedent
    near = events.filter(pl.col("headline").is_not_null(), pl.col("similarity") >= least)["headline"]
    texts = near.unique(maintain_order=True).head(MOST_TEXTS).to_list()
    if not texts or model_folder() is None:
        return events
    vectors = embed([headline, *texts])
    cosines = dict(zip(texts, np.maximum(vectors[1:] @ vectors[0], 0.0).round(3).tolist(), strict=True))
    like = pl.col("headline").replace_strict(cosines, default=0.0, return_dtype=pl.Float64)
    raised = (1.0 - (1.0 - pl.col("similarity")) * (1.0 - TEXT * like)).round(4)
    ranks = ("similarity", "known_at", "event_id")
    return events.with_columns(similarity=raised).sort(ranks, descending=(True, True, False), maintain_order=True)


def near_events(connection: duckdb.DuckDBPyConnection, reach: Reach) -> pl.DataFrame:
    """Return every event within ``reach`` in order of time, with the columns of ``like_events`` but similarity."""
    return query(connection, _NEAR, _parameters(connection, reach)).select(_COLUMNS)


def concerning(
    connection: duckdb.DuckDBPyConnection, events: pl.DataFrame, instruments: Sequence[tuple[str, str | None]]
) -> pl.DataFrame:
    """Return pairs of event_id and symbol related by country or name; ``instruments``: pairs of symbol and country."""
    articles = events["article_id"].drop_nulls().unique().to_list()
    named = query(
        connection,
        "SELECT event_id, symbol AS concerned FROM linked_events"
        " WHERE kind = 'named' AND symbol IN (SELECT unnest($symbols)) AND article_id IN (SELECT unnest($articles))",
        {"symbols": [symbol for symbol, _ in instruments], "articles": articles},
    )
    stated = events["symbol"].drop_nulls().unique()
    names = names_in(connection) if len(stated) else Names({}, {})
    parts = [events.join(named, on="event_id").select("event_id", pl.col("concerned").alias("symbol"))]
    for symbol, country in instruments:
        aliases = [name for name in stated if (names.symbol_of(name) or name) == symbol]
        concerned = pl.col("symbol").is_in(aliases)
        if country is not None:
            concerned = concerned | (pl.col("source_country") == country) | (pl.col("target_country") == country)
        parts.append(events.filter(concerned).select("event_id", pl.lit(symbol).alias("symbol")))
    return pl.concat(parts).unique(maintain_order=True)


def _parameters(connection: duckdb.DuckDBPyConnection, reach: Reach) -> dict[str, object]:
    """Return the query parameters of ``reach``."""
    stated = query(connection, "SELECT DISTINCT symbol FROM events WHERE symbol IS NOT NULL")["symbol"].to_list()
    names = names_in(connection) if stated else Names({}, {})
    return {
        "symbols": list(reach.symbols),
        "countries": list(reach.countries),
        "names": [name for name in stated if (names.symbol_of(name) or name) in reach.symbols],
        "since": reach.since,
        **public_parameters(reach.at),
        "article": reach.article_id,
        "story": reach.story_id,
    }
