"""Explain every decision about an article with its reason: time, strip, events, day 0, links."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from correlator.align.day_zero import place_on_exchanges
from correlator.errors import NotFoundError
from correlator.sessions.calendars import AFTER_CLOSE
from correlator.store.db import Store
from correlator.store.reading import read_exchanges
from correlator.store.statements import query

KINDS = {
    "printed": "context: printed on the page, not its subject",
    "named": "subject: named in the text",
    "country": "by its market",
    "sector": "by the words of its sector",
    "watchlist": "by the user's words",
}


@dataclass(frozen=True)
class Explanation:
    """The decisions about one article, as frames; ``str()`` gives them as text."""

    article: dict[str, Any]
    quotes: pl.DataFrame
    events: pl.DataFrame
    links: pl.DataFrame

    def facts(self) -> pl.DataFrame:
        """Return one row per decision: subject, decision, reason."""
        rows = [*self._article_facts(), *self._quote_facts(), *self._event_facts(), *self._link_facts()]
        return pl.DataFrame(
            rows, schema={"subject": pl.String, "decision": pl.String, "reason": pl.String}, orient="row"
        )

    def __str__(self) -> str:
        return "\n".join(
            f"{subject}: {decision}\n    {reason}" for subject, decision, reason in self.facts().iter_rows()
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def _article_facts(self) -> list[tuple[str, str, str]]:
        article = self.article
        published = article["published_at"]
        when = f"{published:%Y-%m-%dT%H:%M:%SZ}" if published else "unknown"
        source = f"{article['source']}" + (f", line {article['source_line']}" if article["source_line"] else "")
        credit = ", ".join(f"{name} {article[name]}" for name in ("publisher", "agency", "dateline") if article[name])
        return [
            ("headline", article["headline"], f"read from {source}"),
            ("published", f"{when} ({article['published_precision']})", article["published_rule"]),
            ("credit", credit, f"story {article['story_id']}, version {article['version']}"),
        ]

    def _quote_facts(self) -> list[tuple[str, str, str]]:
        facts = []
        for quote in self.quotes.iter_rows(named=True):
            session = quote["session"] or "no session"
            official = f"; official close {_figure(quote['official_close'])}" if quote["official_close"] else ""
            decision = f"{_figure(quote['price'])} {_figure(quote['change'], '+')} belongs to {session}{official}"
            facts.append((f"quote {quote['symbol']}", decision, quote["session_reason"] or "not dated"))
        return facts

    def _event_facts(self) -> list[tuple[str, str, str]]:
        facts = []
        for (number,), placed in self.events.group_by("event_id", maintain_order=True):
            name, event = f"event {number}", placed.row(0, named=True)
            decision = f"{event['category']} ({event['quad_class']}), {event['dyad'] or event['source_country']}"
            facts.append((name, decision, _evidence(event["evidence"])))
            facts += [
                (f"{name} on {exchange}", f"day 0 {day_zero}", reason)
                for exchange, day_zero, reason in placed.select("exchange", "day_zero", "day_zero_reason").iter_rows()
                if exchange
            ]
        return facts

    def _link_facts(self) -> list[tuple[str, str, str]]:
        return [
            (f"ticker {link['symbol']}", KINDS[link["kind"]], link["evidence"])
            for link in self.links.iter_rows(named=True)
        ]


def explain(store: Store, article_id: int, *, date_only: str | None = None) -> Explanation:
    """Return every decision about the newest version of an article.

    ``date_only``: rule for day 0 of an article with a date but no time, as in ``place_instants`` (default after-close).
    Raises NotFoundError if there is no such article.
    """
    with store.reading() as connection:
        articles = _rows(connection, "articles", article_id, "version DESC")
        if articles.is_empty():
            raise NotFoundError(f"the store has no article {article_id}", hint="see `correlator list articles`")
        events = _rows(connection, "events", article_id, "event_id")
        events = place_on_exchanges(events, read_exchanges(connection), date_only=date_only or AFTER_CLOSE)
        return Explanation(
            articles.row(0, named=True),
            _rows(connection, "quotes", article_id, "strip_key, position"),
            events,
            pl.concat(
                [_rows(connection, "links", article_id, "kind, symbol"), _country_links(connection, article_id)],
                how="diagonal",
            ),
        )


def _rows(connection: duckdb.DuckDBPyConnection, table: str, article_id: int, order: str) -> pl.DataFrame:
    return query(connection, f"SELECT * FROM {table} WHERE article_id = $id ORDER BY {order}", {"id": article_id})


def _country_links(connection: duckdb.DuckDBPyConnection, article_id: int) -> pl.DataFrame:
    """Return instruments with bars whose market is that of an actor: not stored, since every article would have all."""
    return query(
        connection,
        """
        SELECT DISTINCT article_id, symbol, 'country' AS kind,
            format('{} is an actor of event {}', country, event_id) AS evidence
        FROM country_links WHERE article_id = $id ORDER BY symbol
        """,
        {"id": article_id},
    )


def _figure(value: float, sign: str = "") -> str:
    """Return a price with its decimals, at least two."""
    exact = f"{value:{sign}.10g}"
    return f"{value:{sign}.2f}" if round(value, 2) == value or "e" in exact else exact


def _evidence(text: str | None) -> str:
    """Format evidence (JSON list of field, span, start, end, rule) as one line."""
    items = json.loads(text) if text else []
    return "; ".join(f'{item["field"]}: "{item["span"]}" ({item["rule"]})' for item in items)
