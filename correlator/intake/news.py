"""Articles into the store: their quotes, events, links and stories with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from correlator.intake.coding import Coding, coded_events, instruments_known, linked_instruments, unrepeated
from correlator.intake.report import LoadReport, Preview, sha256_of, source_name, started
from correlator.intake.stories import join_stories
from correlator.intake.strips import date_strips
from correlator.store.db import Store
from correlator.store.reading import read_validators
from correlator.store.writing import (
    write_address,
    write_articles,
    write_events,
    write_links,
    write_load,
    write_quotes,
    write_rejects,
)

if TYPE_CHECKING:
    from correlator.news.batch import Batch

Advance = Callable[[int], None]


def add_news(
    store: Store,
    source: str | Path | Any,
    *,
    profile: str | None = None,
    columns: Mapping[str, str] | None = None,
    layout: str = "auto",
    published: str | None = None,
    coder: str = "rules",
    advance: Advance | None = None,
) -> LoadReport:
    """Load articles from a file, folder, glob, feed address or frame; code events, link instruments, date strips.

    Every batch is one transaction, so an interrupted load holds no half article and can be run again; stories are
    joined when all is read, or by the next load. ``advance`` is told the number of articles of each batch. Raises
    InputError, TimeError or NotFoundError where a single file cannot be read; in a folder such a file is a reject.
    """
    from correlator.news.profiles import own_countries
    from correlator.news.read import is_address, read_news

    coding = Coding(coder, own_countries(profile))
    if is_address(source):
        return _add_address(store, str(source), profile, published, coding, advance)
    batches = read_news(source, profile=profile, columns=columns, layout=layout, published=published)
    return _load_news(store, source_name(source), sha256_of(source), started(batches), coding, advance)


def _add_address(
    store: Store, url: str, profile: str | None, published: str | None, coding: Coding, advance: Advance | None
) -> LoadReport:
    """Load what stands at an address, if it has changed since it was last read without rejects."""
    from correlator.news.fetch import Validators, fetch
    from correlator.news.read import read_answer

    known = Validators()
    if store.exists():
        with store.transaction() as connection:
            known = Validators(*read_validators(connection, url))
    answer = fetch(url, known)
    if answer.body is None:
        return LoadReport("news", url, 0, 0, 0, notes=("not modified since it was last read",))
    sha256 = hashlib.sha256(answer.body).hexdigest()
    batches = started(read_answer(answer.body, url, profile=profile, published=published))
    report = _load_news(store, url, sha256, batches, coding, advance)
    if not report.rejected:
        with store.transaction() as connection:
            write_address(connection, url, answer.validators.etag, answer.validators.last_modified, datetime.now(UTC))
    return report


def preview_news(source: str | Path, *, advance: Advance | None = None, **options: Any) -> Preview:
    """What ``add_news`` would read, without a store: articles, quotes and rejects counted; options as there."""
    from correlator.news.read import read_news

    articles = quotes = rejects = 0
    problems: list[str] = []
    for batch in read_news(source, **options):
        articles += batch.articles.height
        quotes += batch.quotes.height
        rejects += batch.rejects.height
        for file, line, reason in (
            batch.rejects.select("source", "source_line", "reason").head(5 - len(problems)).rows()
        ):
            problems.append(f"{file}{f' line {line}' if line else ''}: {reason}")
        if advance is not None:
            advance(batch.articles.height)
    return Preview(source_name(source), articles, quotes, rejects, tuple(problems))


def _load_news(
    store: Store, name: str, sha256: str | None, batches: Iterator[Batch], coding: Coding, advance: Advance | None
) -> LoadReport:
    totals = {"quotes": 0, "events": 0, "links": 0, "quotes dated": 0}
    added = known = rejected = 0
    for batch in batches:
        counts = _write_batch(store, name, sha256, batch, coding)
        added, known, rejected = added + counts[0], known + counts[1], rejected + counts[2]
        totals = {key: totals[key] + counts[3][key] for key in totals}
        if advance is not None:
            advance(batch.articles.height)
    with store.transaction() as connection:
        join_stories(connection)
    return LoadReport("news", name, added, known, rejected, totals)


def _write_batch(
    store: Store, name: str, sha256: str | None, batch: Batch, coding: Coding
) -> tuple[int, int, int, dict[str, int]]:
    loaded_at = datetime.now(UTC)
    with store.transaction() as connection:
        articles = write_articles(connection, batch.articles, loaded_at)
        quotes = write_quotes(connection, batch.quotes)
        fresh = articles["article_id"].to_list()
        events = write_events(connection, unrepeated(connection, coded_events(articles, coding)))
        links = write_links(connection, linked_instruments(articles, batch.quotes, instruments_known(connection)))
        dated = date_strips(connection, articles=fresh) if quotes.added else 0
        rejects = write_rejects(connection, batch.rejects, loaded_at)
        counts = (articles.height, batch.articles.height - articles.height, rejects.added)
        write_load(connection, "news", name, sha256, counts, loaded_at)
    details = {"quotes": quotes.added, "events": events.added, "links": links.added, "quotes dated": dated}
    return *counts, details
