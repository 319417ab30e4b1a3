"""Queries that many ask of the store, under names: views and table macros, made in every connection.

Every engine of the store has them, because none keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A query that many ask, under a name: a view, or with ``parameters`` a table macro called with them."""

    name: str
    meaning: str
    query: str
    parameters: tuple[str, ...] = ()

    def ddl(self) -> str:
        """The statement that makes it in a connection, for as long as that is open."""
        if self.parameters:
            return f"CREATE OR REPLACE TEMP MACRO {self.name}({', '.join(self.parameters)}) AS TABLE {self.query}"
        return f"CREATE OR REPLACE TEMP VIEW {self.name} AS {self.query}"


def telling(event: str) -> str:
    """The condition, in SQL, under which a row ``a`` of articles is the version that tells the ``event``."""
    return (
        f"a.article_id = {event}.article_id AND a.version = CASE WHEN starts_with({event}.event_key, 'article:')"
        f" THEN coalesce(try_cast(split_part({event}.event_key, ':', 3) AS INTEGER), 1) ELSE 1 END"
    )


_NEWEST_VINTAGE = 'QUALIFY row_number() OVER (PARTITION BY symbol, "interval", bar_start ORDER BY vintage DESC) = 1'

VIEWS: tuple[View, ...] = (
    View(
        "bars_known",
        "Bars of symbols (a list) as they were known at an instant (NULL: now): of every bar the newest vintage.",
        f"""
        SELECT * FROM bars WHERE symbol IN (SELECT unnest(symbols))
            AND (as_of::TIMESTAMPTZ IS NULL OR retrieved_at <= as_of::TIMESTAMPTZ) {_NEWEST_VINTAGE}
        """,
        ("as_of", "symbols"),
    ),
    View(
        "bars_at",
        "Bars of symbols (a list) as an instant may see them: of each the newest vintage known then, else the first.",
        """
        SELECT * FROM bars WHERE symbol IN (SELECT unnest(symbols)) QUALIFY row_number() OVER (
            PARTITION BY symbol, "interval", bar_start
            ORDER BY retrieved_at <= as_of::TIMESTAMPTZ DESC,
                CASE WHEN retrieved_at <= as_of::TIMESTAMPTZ THEN -vintage ELSE vintage END
        ) = 1
        """,
        ("as_of", "symbols"),
    ),
    View("newest_bars", "Of every bar the newest vintage.", f"SELECT * FROM bars {_NEWEST_VINTAGE}"),
    View(
        "newest_actions",
        "Of every corporate action the newest vintage.",
        """
        SELECT * FROM actions
        QUALIFY row_number() OVER (PARTITION BY symbol, session, kind ORDER BY vintage DESC) = 1
        """,
    ),
    View(
        "instrument_names",
        "Every name of every instrument: its symbol and its aliases.",
        """
        SELECT symbol, exchange, symbol AS name FROM instruments
        UNION SELECT symbol, exchange, unnest(string_split(aliases, '|')) FROM instruments
        """,
    ),
    View(
        "share_series",
        "The series of bars of shares: what an equal-weighted benchmark of an exchange is made of.",
        """
        SELECT i.symbol, i.exchange, b."interval", b.first_known_at FROM instruments AS i
        JOIN (
            SELECT symbol, "interval", min(retrieved_at) AS first_known_at FROM bars GROUP BY ALL
        ) AS b USING (symbol)
        WHERE coalesce(i.kind, 'share') = 'share'
        """,
    ),
    View(
        "told_events",
        "Events with the story, publisher and headline of their article, as it was printed when it first told them.",
        f"""
        SELECT e.*, a.story_id, a.publisher, a.headline FROM events AS e LEFT JOIN articles AS a ON {telling("e")}
        """,
    ),
    View(
        "country_links",
        "Events and the instruments whose market is that of one of their actors.",
        """
        SELECT e.event_id, e.article_id, i.symbol, i.country
        FROM events AS e JOIN instruments AS i ON i.country = e.source_country
        UNION ALL
        SELECT e.event_id, e.article_id, i.symbol, i.country
        FROM events AS e JOIN instruments AS i ON i.country = e.target_country
        WHERE e.target_country IS DISTINCT FROM e.source_country
        """,
    ),
)
