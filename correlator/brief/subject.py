"""Read the subject of a brief: a typed headline, a file with one page, or a stored article."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from correlator.base.addresses import is_address, shown
from correlator.base.files import is_file
from correlator.errors import InputError, NotFoundError, TimeError
from correlator.events.coder import code_article
from correlator.events.scope import scope_of
from correlator.intake.coding import known_versions
from correlator.store.statements import query

if TYPE_CHECKING:
    from correlator.news.batch import Batch

_QUOTES = ("strip_key", "position", "symbol", "price", "change", "change_pct", "line", "previous_close")
_STORED_QUOTES = """
    SELECT q.*, coalesce(l.finished_at, $loaded_at::TIMESTAMPTZ) AS loaded_at
    FROM quotes AS q LEFT JOIN loads AS l USING (load_id) WHERE article_id = $id ORDER BY strip_key, position
"""
_NUMBER = re.compile(r"\d{1,18}")
_NO_DATE = "give its headline and --at instead"
_FIRST_REPORTED = """
    SELECT known_at, known_precision FROM events
    WHERE article_id = $id AND category IS NOT DISTINCT FROM $category
        AND source_country IS NOT DISTINCT FROM $source AND target_country IS NOT DISTINCT FROM $target
    ORDER BY known_at, event_id LIMIT 1
"""


@dataclass(frozen=True)
class BriefSubject:
    """A headline with the data of its source.

    ``known_at``: when it became public (UTC), with its ``precision`` (second, minute, day); ``loaded_at``: when it was
    loaded into the store, None if it is not stored. ``quotes``: the strips of its page, as printed, one for each time
    that it was loaded (``loaded_at``). ``events``: as from ``CodedEvent.as_dict``, the main one first.
    """

    kind: str
    headline: str
    known_at: datetime
    precision: str
    rule: str
    body: str | None = None
    publisher: str | None = None
    url: str | None = None
    article_id: int | None = None
    story_id: int | None = None
    loaded_at: datetime | None = None
    quotes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict.fromkeys(_QUOTES, pl.String)))
    events: tuple[dict[str, Any], ...] = ()


def read_subject(
    connection: duckdb.DuckDBPyConnection,
    source: str | int | Path,
    at: datetime,
    coder: str = "rules",
    *,
    public_by_then: bool = False,
) -> BriefSubject:
    """Read ``source``: an article's number, a file with one page, a text of several lines (a page), or a headline,
    which counts as known ``at`` the instant.

    Raises NotFoundError for an article that the store lacks or a file that does not exist, InputError for an empty
    headline, an address, a file of several articles, and news that was published after ``at``.
    """
    if isinstance(source, int) or (isinstance(source, str) and _NUMBER.fullmatch(source.strip())):
        subject = _stored(connection, int(source), at, coder)
    elif isinstance(source, str) and is_address(source.strip()):
        raise InputError(
            f"{shown(source.strip())} is an address, and a brief does not fetch pages",
            hint="load it with `correlator add news ADDRESS` and give the article's number",
        )
    elif isinstance(source, Path) or _is_file(source):
        subject = _read(connection, Path(source), coder)
    elif "\n" in source.strip() or source.lstrip().startswith("<"):
        from correlator.news.pages.page import page_batch, parse_page

        with _with_date_hint():
            page = page_batch(parse_page(source, where="the page"), "stdin", 1)
        subject = _of_batch(connection, page, "the page", coder)
    else:
        subject = _typed(source, at, coder)
    if subject.known_at > at and public_by_then:
        rule = f"{subject.rule}; it states {_shown(subject.known_at)}, and was public before"
        return replace(subject, known_at=at, precision="second", rule=rule)
    if subject.known_at > at:
        raise InputError(
            f"{subject.headline[:60]!r} was published at {subject.known_at:%Y-%m-%dT%H:%M:%SZ}, after {_shown(at)}",
            hint="give a later --at",
        )
    return subject


def _is_file(source: str) -> bool:
    try:
        path = Path(source)
        if is_file(path):
            return True
    except (OSError, ValueError):  # a headline may be too long for a file name, or contain invalid characters
        return False
    if " " not in source.strip() and (path.suffix or len(path.parts) > 1):
        raise NotFoundError(
            f"{source} does not exist", hint="give a file, an article's number, or a headline in quotes"
        )
    return False


@contextmanager
def _with_date_hint() -> Iterator[None]:
    """Replace the hint of an error about a missing date by one that fits a brief."""
    from correlator.news.pages.page import NO_DATE_HINT

    try:
        yield
    except TimeError as error:
        raise TimeError(error.message, hint=_NO_DATE if error.hint == NO_DATE_HINT else error.hint) from None


def _typed(text: str, at: datetime, coder: str) -> BriefSubject:
    headline = " ".join(text.split())
    if not headline:
        raise InputError("the headline is empty", hint='for example: correlator brief "Pakistan and Iran sign a pact"')
    events = tuple(event.as_dict() for event in code_article(headline, None, on=at.date(), coder=coder))
    return BriefSubject(
        "headline", headline, at, "second", "typed: known at the instant that it is asked", events=events
    )


def _read(connection: duckdb.DuckDBPyConnection, path: Path, coder: str) -> BriefSubject:
    from correlator.news.read import read_news

    if not is_file(path):
        raise NotFoundError(f"{path} does not exist", hint="give a file with one page")
    with _with_date_hint():
        batches = [batch for batch in read_news(path) if batch.articles.height]
    if sum(batch.articles.height for batch in batches) != 1:
        count = sum(batch.articles.height for batch in batches)
        raise InputError(
            f"{path.name} contains {count} articles, but a brief needs exactly one",
            hint="load it with `correlator add news` and give an article's number",
        )
    return _of_batch(connection, batches[0], path.name, coder)


def _of_batch(connection: duckdb.DuckDBPyConnection, batch: Batch, where: str, coder: str) -> BriefSubject:
    row = batch.articles.row(0, named=True)
    published = row["published_at"]
    if published is None:
        raise InputError(f"{where} has no publication time", hint=_NO_DATE)
    known = query(
        connection,
        "SELECT article_id, story_id FROM articles WHERE article_key = $key AND version = 1",
        {"key": row["article_key"]},
    )
    article, story = known.row(0) if known.height else (None, None)
    return BriefSubject(
        "file",
        row["headline"],
        published,
        row["published_precision"],
        row["published_rule"],
        body=row["body"],
        publisher=row["publisher"],
        url=row["url"],
        article_id=article,
        story_id=story,
        quotes=_not_loaded(batch.quotes),
        events=coded_version(row, coder),
    )


def _not_loaded(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return the quotes of a page that is not stored, with the columns of stored ones."""
    keyed = quotes.with_columns(pl.col("strip").cast(pl.String).alias("strip_key"))
    return keyed.select(*_QUOTES, pl.lit(None, pl.Datetime("us", "UTC")).alias("loaded_at"))


def _stored(connection: duckdb.DuckDBPyConnection, number: int, at: datetime, coder: str) -> BriefSubject:
    versions = known_versions(connection, number)
    if versions.is_empty():
        raise NotFoundError(f"the store has no article {number}", hint="see `correlator list articles`")
    first = versions.row(versions.height - 1, named=True)
    known = versions.filter((pl.col("version") == 1) | (pl.col("known_at") <= at)).row(0, named=True)
    events = query(
        connection,
        "SELECT * FROM events WHERE article_id = $id AND event_key LIKE 'article:%:1:%' ORDER BY event_id",
        {"id": number},
    )
    coded = tuple(_as_coded(row) for row in events.iter_rows(named=True))
    known_at, precision, rule = _published(versions.filter(pl.col("version") <= known["version"]))
    if known["version"] > 1:  # the events of the known version, not of earlier ones
        original, coded = coded, coded_version(known, coder)
        if main_act(coded) != main_act(original):
            known_at, precision = _known_since(connection, known, coded)
            rule = f"since when the text says so: it was edited; {rule}"
    quotes = query(connection, _STORED_QUOTES, {"id": number, "loaded_at": first["loaded_at"]})
    return BriefSubject(
        "article",
        known["headline"],
        at if known_at is None else known_at,
        precision,
        rule,
        body=known["body"],
        publisher=first["publisher"],
        url=first["url"],
        article_id=number,
        story_id=first["story_id"],
        loaded_at=first["loaded_at"],
        quotes=quotes.select(*_QUOTES, "loaded_at"),
        events=coded,
    )


def _published(versions: pl.DataFrame) -> tuple[datetime | None, str, str]:
    """Return when an article was published, with precision and rule, by its ``versions``, newest first.

    That is what the first of them states, unless a later one corrects it to an earlier time.
    """
    first = versions.row(versions.height - 1, named=True)
    stated, precision, rule = first["published_at"], first["published_precision"], first["published_rule"]
    if stated is not None and precision != "day":
        timed = versions.filter((pl.col("published_precision") != "day") & (pl.col("published_at") < stated))
        if timed.height:
            earliest = timed.sort("published_at").row(0, named=True)
            corrected = f"corrected, it stated {_shown(stated)} before; {earliest['published_rule']}"
            return earliest["published_at"], earliest["published_precision"], corrected
    return stated, precision, rule


def main_act(events: tuple[dict[str, Any], ...]) -> tuple[str | None, ...]:
    """Return category and countries of the main event, which identify it; each None without an event."""
    if not events:
        return (None, None, None)
    return events[0]["category"], country_of(events[0]["source"]), country_of(events[0]["target"])


def _known_since(
    connection: duckdb.DuckDBPyConnection, known: dict[str, Any], events: tuple[dict[str, Any], ...]
) -> tuple[datetime, str]:
    """Return instant and precision since when an edited article has had its current main event, or none."""
    category, source, target = main_act(events)
    stored = query(
        connection,
        _FIRST_REPORTED,
        {"id": known["article_id"], "category": category, "source": source, "target": target},
    )
    if events and stored.height:
        known_at, precision = stored.row(0)
        return known_at, precision
    return known["known_at"], known["known_precision"]


def coded_version(row: dict[str, Any], coder: str) -> tuple[dict[str, Any], ...]:
    """Code a version of an article (headline, body, dateline, published_at, publisher, agency) into events."""
    from correlator.news.profiles import own_countries

    home = None if row["agency"] else own_countries(None).get(row["publisher"])
    on = None if row["published_at"] is None else row["published_at"].date()
    events = code_article(row["headline"], row["body"], dateline=row["dateline"], on=on, coder=coder, home=home)
    return tuple(event.as_dict() for event in events)


def _as_coded(row: dict[str, Any]) -> dict[str, Any]:
    """Return a stored event in the form of ``CodedEvent.as_dict``."""
    return {
        "category": row["category"],
        "quad": row["quad_class"],
        "cameo_root": row["cameo_root"],
        "source": _actor(row["source_country"], row["source_role"]),
        "target": _actor(row["target_country"], row["target_role"]),
        "dyad": row["dyad"],
        "scope": scope_of(row["source_country"], row["target_country"]),
        "goldstein": row["goldstein"],
        "tone": row["tone"],
        "confidence": row["confidence"],
        "coder": row["coder"],
        "evidence": json.loads(row["evidence"]) if row["evidence"] else [],
    }


def _actor(country: str | None, role: str | None) -> str | None:
    return (country or "") + (f":{role}" if role else "") or None


def country_of(actor: str | None) -> str | None:
    """Return the country of an actor written as ``PAK:GOV``, or None."""
    return (actor or "").partition(":")[0] or None


def _shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
