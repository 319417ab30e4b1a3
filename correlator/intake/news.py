"""Load articles into the store, with their quotes, events, links and stories."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from correlator.base.addresses import is_address, shown
from correlator.config import setting
from correlator.intake.coding import (
    Coding,
    Prepared,
    in_other_languages,
    named_by_source,
    numbered_events,
    numbered_links,
    prepare,
    unrepeated,
    with_own_updates,
)
from correlator.intake.parts import Connection, Derive, Tally, load_parts
from correlator.intake.report import LoadReport, Preview, reject_notes, sha256_of, source_name, started
from correlator.intake.stories import join_pending_stories, join_stories
from correlator.intake.strips import date_strips
from correlator.store.db import Store
from correlator.store.reading import read_validators
from correlator.store.unfinished import Load
from correlator.store.writing.events import write_events, write_links
from correlator.store.writing.loads import write_address
from correlator.store.writing.news import write_articles, write_quotes, write_rejects
from correlator.tables import NO_ARTICLE

if TYPE_CHECKING:
    from correlator.news.batch import Batch
    from correlator.news.read import NewsOptions

Advance = Callable[[int], None]
PART_ROWS = 10_000
"""Articles per transaction, which are written in less than half a second."""
SMALL = 2_000
"""Maximum number of articles of a load whose stories are joined in the same transaction."""


def add_news(
    store: Store,
    source: str | Path | Any,
    *,
    coder: str | None = None,
    advance: Advance | None = None,
    **options: Unpack[NewsOptions],
) -> LoadReport:
    """Load articles from a file, folder, glob, feed address or frame; code events, link instruments, date strips.

    Texts are read, coded and linked before the store is locked. Every ``PART_ROWS`` articles are one transaction, so a
    load of at most that size is stored completely or not at all. A larger load that is interrupted leaves a mark, and
    studies raise an error until it is run again.

    Parameters
    ----------
    store
        The store to load into.
    source
        A file, folder, glob, feed address or frame.
    coder
        ``rules`` or ``full``; the default is that of ``correlator.toml``, else ``rules``.
    advance
        Called with the number of rows of each part.
    **options
        Options of ``read_news``.

    Returns
    -------
    LoadReport
        The numbers of new, already known and rejected articles.

    Raises
    ------
    InputError, TimeError, NotFoundError
        If a single file cannot be read; in a folder such a file is a reject.

    Examples
    --------
    >>> ws.add_news("headlines.csv", profile="generic")  # doctest: +SKIP
    """
    from correlator.news.profiles import own_countries
    from correlator.news.read import read_news

    if options.get("profile") is None and (profile := setting("profile")) is not None:
        options["profile"] = profile
    coding = Coding(coder or setting("coder") or "rules", own_countries(options.get("profile")))
    if is_address(source):
        return _add_address(store, str(source), options, coding, advance=advance)
    name = source_name(source)
    batches = started(read_news(source, **options), name)
    return _load_news(store, name, sha256_of(source), batches, coding=coding, advance=advance)


def _add_address(
    store: Store, url: str, options: NewsOptions, coding: Coding, *, advance: Advance | None
) -> LoadReport:
    """Load an address if its content has changed since it was last read without rejects.

    The store has addresses without their secrets. Validators of an address with secrets are not stored, since two such
    addresses may look the same.
    """
    from correlator.news.fetch import Validators, fetch
    from correlator.news.publishers import publishers_of
    from correlator.news.read import read_answer

    publishers = publishers_of(
        options.get("profile"), options.get("zone"), options.get("date_order"), options.get("earliest")
    )
    known, name = Validators(), shown(url)
    if name == url:
        with store.reading_if_made() as connection:
            known = Validators(*read_validators(connection, url)) if connection else known
    answer = fetch(url, known, allow_private=options.get("allow_private", False))
    if answer.body is None:
        return LoadReport("news", name, 0, 0, 0, notes=("not modified since it was last read",))
    sha256 = hashlib.sha256(answer.body).hexdigest()
    layout, published, encoding = options.get("layout", "auto"), options.get("published"), options.get("encoding")
    batches = started(read_answer(answer, name, publishers, published=published, layout=layout, encoding=encoding))
    report = _load_news(store, name, sha256, batches, coding=coding, advance=advance)
    if not report.rejected and name == url:
        validators, now = answer.validators, datetime.now(UTC)
        store.transact(
            lambda connection: write_address(connection, url, validators.etag, validators.last_modified, fetched_at=now)
        )
    return report


def preview_news(source: str | Path, *, advance: Advance | None = None, **options: Unpack[NewsOptions]) -> Preview:
    """Count the articles, quotes and rejects that ``add_news`` would read, without a store; takes the same options."""
    from correlator.news.read import read_news

    articles = quotes = rejects = 0
    problems: list[str] = []
    for batch in started(read_news(source, **options), None if is_address(source) else source_name(source)):
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
    store: Store, name: str, sha256: str | None, batches: Iterable[Batch], *, coding: Coding, advance: Advance | None
) -> LoadReport:
    from correlator.news.batch import regrouped

    reasons: Counter[str] = Counter()
    prepared = (prepare(store, batch, coding) for batch in regrouped(_noted(batches, reasons), PART_ROWS))
    load = Load("news", name, sha256)
    derive = Derive(_join, _join_afterwards, SMALL)
    total = load_parts(store, load, prepared, _write, derive=derive, advance=advance)
    is_empty = not (total.added or total.known or total.rejected)
    notes = ("it has no items",) if is_empty else reject_notes(reasons)
    return LoadReport("news", name, total.added, total.known, total.rejected, dict(total.details), notes)


def _noted(batches: Iterable[Batch], reasons: Counter[str]) -> Iterator[Batch]:
    """Yield ``batches`` and count the reasons of their rejects in ``reasons``."""
    for batch in batches:
        reasons.update(batch.rejects["reason"])
        yield batch


def _join(connection: Connection, _: Tally) -> dict[str, int]:
    join_stories(connection)
    return {}


def _join_afterwards(store: Store) -> dict[str, int]:
    join_pending_stories(store)
    return {}


def _write(connection: Connection, part: Prepared) -> Tally:
    """Write a batch of articles with everything derived from them."""
    batch = part.batch
    articles = write_articles(connection, batch.articles, part.loaded_at)
    quotes = write_quotes(connection, batch.quotes)
    dated_edits = with_own_updates(connection, articles)
    events = write_events(connection, unrepeated(connection, numbered_events(part, dated_edits)))
    links = write_links(connection, numbered_links(part, articles))
    named = write_links(connection, named_by_source(connection, batch.named))
    pages = [*articles["article_id"].to_list(), NO_ARTICLE]
    dated = date_strips(connection, articles=pages) if quotes.added else 0
    write_rejects(connection, batch.rejects, part.loaded_at)
    details = {
        "quotes": quotes.added,
        "events": events.added,
        "links": links.added + named.added,
        "quotes dated": dated,
        "in languages that are not coded": in_other_languages(articles),
    }
    known = batch.articles.height - articles.height
    return Tally(articles.height, known, batch.rejects.height, Counter(details))
