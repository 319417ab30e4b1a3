"""Common queries of the store as named views and table macros.

They are created in every connection and not stored, so that every engine has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class View:
    """A named query: a view or, with ``parameters``, a table macro."""

    name: str
    meaning: str
    query: str
    parameters: tuple[str, ...] = ()

    def ddl(self) -> str:
        """Return the statement that creates it in a connection."""
        if self.parameters:
            return f"CREATE OR REPLACE TEMP MACRO {self.name}({', '.join(self.parameters)}) AS TABLE {self.query}"
        return f"CREATE OR REPLACE TEMP VIEW {self.name} AS {self.query}"


def coded_version(event: str) -> str:
    """Return the SQL condition for a row ``a`` of articles to be the version that the ``event`` was coded from."""
    return f"a.article_id = {event}.article_id AND a.version = {_version_of(event)}"


def _version_of(event: str) -> str:
    """Return the SQL expression of the article version that the ``event`` was coded from."""
    return (
        f"CASE WHEN starts_with({event}.event_key, 'article:')"
        f" THEN coalesce(try_cast(split_part({event}.event_key, ':', 3) AS INTEGER), 1) ELSE 1 END"
    )


_SINCE_VERSION = ", since version "
LINK_EVIDENCE = f"evidence || CASE WHEN version > 1 THEN '{_SINCE_VERSION}' || version ELSE '' END"
"""SQL of the evidence of a link whose first ``version`` of the article is given."""


def _version_of_link(link: str) -> str:
    """Return the SQL expression of the article version from which on a ``link`` holds, as its evidence says."""
    return f"coalesce(try_cast(regexp_extract({link}.evidence, '{_SINCE_VERSION}(\\d+)$', 1) AS INTEGER), 1)"


def public_by(known: str = "known_at", precision: str = "known_precision") -> str:
    """Return the SQL condition for news to be public at ``$at``; its parameters are those of ``public_parameters``.

    News with a date but no time is public once that date is over.
    """
    return (
        f"({known} <= $at::TIMESTAMPTZ AND ({precision} IS DISTINCT FROM 'day' OR {known} <= $date_over::TIMESTAMPTZ))"
    )


def public_parameters(at: datetime | None, zone: str = "UTC") -> dict[str, datetime | None]:
    """Return the parameters of ``public_by``: ``at``, and the last date that is over by then in ``zone``."""
    return {"at": at, "date_over": None if at is None else date_over(at, zone)}


def date_over(at: datetime, zone: str = "UTC") -> datetime:
    """Return the last date that is over at ``at`` in ``zone``, its last second included, as its midnight UTC."""
    day = (at + timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    return datetime.combine(day, time(), UTC)


_NEWEST_VINTAGE = 'QUALIFY row_number() OVER (PARTITION BY symbol, "interval", bar_start ORDER BY vintage DESC) = 1'

VIEWS: tuple[View, ...] = (
    View(
        "bars_known",
        "Bars of symbols (a list) as known at an instant (NULL: now), each in its newest vintage.",
        f"""
        SELECT * FROM bars WHERE symbol IN (SELECT unnest(symbols))
            AND (as_of::TIMESTAMPTZ IS NULL OR retrieved_at <= as_of::TIMESTAMPTZ) {_NEWEST_VINTAGE}
        """,
        ("as_of", "symbols"),
    ),
    View(
        "bars_at",
        "Bars of symbols (a list) as visible at an instant: each in its newest vintage known then, else in its first.",
        """
        SELECT * FROM bars WHERE symbol IN (SELECT unnest(symbols)) QUALIFY row_number() OVER (
            PARTITION BY symbol, "interval", bar_start
            ORDER BY retrieved_at <= as_of::TIMESTAMPTZ DESC,
                CASE WHEN retrieved_at <= as_of::TIMESTAMPTZ THEN -vintage ELSE vintage END
        ) = 1
        """,
        ("as_of", "symbols"),
    ),
    View("newest_bars", "Bars in their newest vintage.", f"SELECT * FROM bars {_NEWEST_VINTAGE}"),
    View(
        "newest_actions",
        "Corporate actions in their newest vintage.",
        """
        SELECT * FROM actions
        QUALIFY row_number() OVER (PARTITION BY symbol, session, kind ORDER BY vintage DESC) = 1
        """,
    ),
    View(
        "instrument_names",
        "All names of every instrument: its symbol and its aliases.",
        """
        SELECT symbol, exchange, symbol AS name FROM instruments
        UNION SELECT symbol, exchange, unnest(string_split(aliases, '|')) FROM instruments
        """,
    ),
    View(
        "share_series",
        "The series of bars of shares, from which equal-weighted benchmarks are computed.",
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
        "Events with the story, publisher and headline of the article version that they were coded from.",
        f"""
        SELECT e.*, a.story_id, a.publisher, a.headline FROM events AS e LEFT JOIN articles AS a ON {coded_version("e")}
        """,
    ),
    View(
        "linked_events",
        "Events and the instruments that a link relates their article to. A link that only a later version of an"
        " article has does not apply to events of earlier versions.",
        f"""
        WITH edits AS (
            SELECT later.article_id, later.load_id, min(later.version) AS version
            FROM articles AS later JOIN articles AS first ON first.article_id = later.article_id AND first.version = 1
            WHERE later.version > 1 AND first.load_id IS DISTINCT FROM later.load_id GROUP BY ALL
        )
        SELECT e.event_id, e.article_id, l.symbol, l.kind
        FROM links AS l JOIN events AS e ON e.article_id = l.article_id
        LEFT JOIN edits ON edits.article_id = l.article_id AND edits.load_id = l.load_id
        WHERE greatest(coalesce(edits.version, 1), {_version_of_link("l")}) <= {_version_of("e")}
        """,
    ),
    View(
        "country_links",
        "Events and the instruments listed in the country of one of their actors.",
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
