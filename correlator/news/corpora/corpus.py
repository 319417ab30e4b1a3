"""Read corpora of headlines (CSV, TSV, JSON, JSONL, Parquet, also compressed) into batches of articles.

Known layouts are data (``layouts.py``); ``columns`` maps our names (headline, published, url, body, updated, authors,
publisher, language, symbols) to those of the source. A headline cell with a JSON list gives one article per entry.
Records with a whole page as ``text`` and no headline are read as text pages. A table without a recognised column of
publication times is refused: nothing is loaded without its time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.files import called
from correlator.base.tabular import to_polars
from correlator.errors import InputError
from correlator.news.batch import (
    ARTICLE_SCHEMA,
    NAMED_SCHEMA,
    SEPARATOR,
    Batch,
    article_keys,
    digest,
    make_batch,
    read_ahead,
    reject,
)
from correlator.news.corpora.first_look import known_table, shown_by
from correlator.news.corpora.layouts import FIELDS, NOT_OUT
from correlator.news.corpora.other_times import by_address, not_before, without_clock
from correlator.news.corpora.records import Faulty, Records, Row, frame_records, in_chunks, read_records
from correlator.news.corpora.table import Sites, Table, cells_of, time_option
from correlator.news.corpora.time_columns import NO_TIME, parse_times
from correlator.news.language import language_in, language_of
from correlator.news.pages.html_page import looks_like_html, parse_html, visible_text
from correlator.news.pages.page import NO_DATE_HINT, page_batch, parse_page, rejected_page
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers
from correlator.news.stated import people_in, symbols_in
from correlator.news.times.address_dates import LAST_RESORT
from correlator.news.times.date_labels import as_dates

_COLUMNS_HINT = "if it is not a page, name the columns with --column headline=NAME and --column published=NAME"


def read_corpus(
    path: Path,
    publishers: Publishers,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    table: Table | None = None,
) -> Iterator[Batch]:
    """Yield batches of bounded size. Raises InputError if the file is not a table or lacks required columns.

    ``table``: what was decided for the file and others of its layout together (``together.py``).
    """
    yield from read_ahead(_file_batches(path, publishers, columns, encoding=encoding, table=table))


def _file_batches(
    path: Path,
    publishers: Publishers,
    columns: Mapping[str, str] | None,
    *,
    encoding: str | None,
    table: Table | None,
) -> Iterator[Batch]:
    records = read_records(path, encoding)
    if table is None:
        yield from _alone(records, called(path), publishers, columns)
        return
    if records.named is not None and table.names != records.names:
        records = records.named(list(table.names))
    yield from _batches(records, table)


def read_frame(
    frame: Any, name: str, publishers: Publishers, *, columns: Mapping[str, str] | None = None
) -> Iterator[Batch]:
    """Yield batches of a frame's rows, read like a file called ``name``. Raises InputError if it is not a frame."""
    yield from _alone(frame_records(to_polars(frame, "news")), name, publishers, columns)


def _alone(records: Records, source: str, publishers: Publishers, columns: Mapping[str, str] | None) -> Iterator[Batch]:
    records, table, look = known_table(records, source, publishers, columns)
    yield from _batches(records, replace(table, shown=shown_by([look])))


def _batches(records: Records, table: Table) -> Iterator[Batch]:
    sites, faulty = Sites(table), list[Faulty]()
    rows = records.rows(faulty, table.needed)
    if "headline" in table.places:
        rows = _unlisted(rows, table.places["headline"])
    for numbers, chunk in in_chunks(rows):
        if "headline" in table.places:
            batch = _headlines(numbers, chunk, table, sites)
            rejects = pl.concat([batch.rejects, make_batch(rejects=faulty).rejects])
            yield replace(batch, rejects=rejects)
        else:
            yield _pages(numbers, chunk, table, faulty)
        faulty.clear()
    if faulty:
        yield make_batch(rejects=faulty)


def _unlisted(rows: Iterator[Row], place: int) -> Iterator[Row]:
    """Yield the rows; a row with a JSON list at ``place`` is repeated for each headline in it."""
    for number, row in rows:
        text = row[place]
        if text[:1] == "[":
            for entry in _entries(text):
                yield number, [*row[:place], entry, *row[place + 1 :]]
        else:
            yield number, row


def _pages(numbers: Sequence[int], rows: Sequence[Sequence[str]], table: Table, faulty: Sequence[Faulty]) -> Batch:
    """Read rows that each contain the text of a page."""
    batches = [make_batch(rejects=faulty)]
    place = table.places.get("body")  # missing if a record has no fields
    for number, row in zip(numbers, rows, strict=True):
        text = "" if place is None else row[place]
        try:
            url = row[table.places["url"]] or None if "url" in table.places else None
            is_html = looks_like_html(text)
            parse = parse_html if is_html else parse_page
            page = parse(text, publishers=table.publishers, url=url, where="the record")
            if not is_html and "published" in table.places and page.published.rule.startswith(LAST_RESORT):
                raise InputError("the record has no publication date", hint=NO_DATE_HINT)  # the table has another
            batches.append(page_batch(page, table.source, number))
        except InputError as error:
            has_times = error.hint == NO_DATE_HINT or "published" in table.places
            reason = f"{error.message} ({_COLUMNS_HINT})" if has_times else str(error)
            batches.append(rejected_page(table.source, number, reason, text=visible_text(text)))
    return Batch(
        *(pl.concat([getattr(batch, name) for batch in batches]) for name in ("articles", "quotes", "rejects")),
    )


def _headlines(numbers: Sequence[int], rows: Sequence[Sequence[str]], table: Table, sites: Sites) -> Batch:
    """Read rows that each contain a headline."""
    frame = sites.joined(_columns(numbers, rows, table))
    tail = pl.format(" - {}", pl.when(pl.col("stated") != "").then("stated"))
    ends = pl.col("headline").str.ends_with(tail).fill_null(value=False)
    bare = pl.col("headline").str.strip_suffix(tail)  # services append the publisher to each headline
    frame = frame.with_columns(headline=pl.when(ends & (bare != "")).then(bare).otherwise("headline")).drop("stated")
    parts = [
        _timed(part, sites.profiles[str(name[0])], table)
        for name, part in frame.group_by("profile", maintain_order=True)
    ]
    timed = pl.concat(parts)
    if len(parts) > 1:
        timed = timed.sort("source_line", maintain_order=True)
    bad = timed.filter(pl.col("problem").is_not_null())
    known = timed.filter(pl.col("problem").is_null()).with_columns(source=pl.lit(table.source))
    dated = known if table.publishers.zone else as_dates(known, table.shown.usual_dates, "shown")
    is_later = pl.col("updated_at") > pl.col("instant")
    symbols = {text: symbols_in(text) for text in known["symbols"].unique() if text}
    good = _identified(dated.with_columns(updated_at=pl.when(is_later).then("updated_at")), symbols, table)
    rejects = [
        reject(table.source, line, problem, f"{headline} | {published}")
        for line, problem, headline, published in bad.select("source_line", "problem", "headline", "published").rows()
    ]
    empty = make_batch(rejects=rejects)
    return Batch(good.select(ARTICLE_SCHEMA.keys()), empty.quotes, empty.rejects, _named(good, symbols, table))


def _named(rows: pl.DataFrame, symbols: Mapping[str, Sequence[str]], table: Table) -> pl.DataFrame:
    """Return the symbols that the source states for its articles, each with its column; ``symbols``: by cell."""
    if "symbols" not in table.places:
        return pl.DataFrame(schema=NAMED_SCHEMA)
    column = table.names[table.places["symbols"]]
    listed = rows.select("article_key", "content_hash", "symbols").drop_nulls().rows()
    links = [
        (key, content, symbol, f"stated by the source in its column {column}")
        for key, content, text in listed
        for symbol in symbols.get(text, ())
    ]
    return pl.DataFrame(links, schema=NAMED_SCHEMA, orient="row")


def _columns(numbers: Sequence[int], rows: Sequence[Sequence[str]], table: Table) -> pl.DataFrame:
    """Return the mapped columns of rows, null where empty except headlines, and the host of the address."""
    columns = dict(enumerate(zip(*rows, strict=True)))
    return cells_of(table, columns, FIELDS).with_columns(
        pl.col("headline").fill_null(""), source_line=pl.Series(numbers, dtype=pl.Int64)
    )


def _entries(text: str) -> Sequence[str]:
    """Return the headlines in a JSON list of strings or objects; of another text, the text itself."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return (text,)
    if not isinstance(entries, list):
        return (text,)
    return [str(e.get("headline") or e.get("title") or "") if isinstance(e, dict) else str(e) for e in entries]


def _timed(rows: pl.DataFrame, profile: Profile, table: Table) -> pl.DataFrame:
    """Add publisher and stamps to rows."""
    places = [place for place in (table.places.get("published"), table.clock) if place is not None]
    origin = f"column {' and '.join(table.names[place] for place in places)}" if places else ""
    published, updated = rows["published"], rows["updated"]
    if table.without_clock:
        published, updated = (without_clock(each) for each in (published, updated))
    stamps = not_before(by_address(parse_times(published, profile, origin), rows["url"]), rows["embargo"], profile)
    updated_stamps = parse_times(updated, profile, "update")
    empty = pl.col("headline").str.len_chars() == 0
    if "published" not in table.places:
        reason = pl.lit(
            f"{NO_TIME}: no column is recognised as one, and the address has no date ({time_option(table.names)})"
        )
        stamps = stamps.with_columns(problem=pl.when(pl.col("problem") == NO_TIME).then(reason).otherwise("problem"))
    return pl.concat([rows, stamps], how="horizontal").with_columns(
        default_language=pl.lit(profile.language, pl.String()),
        updated_at=pl.when(updated_stamps["precision"] != "day").then(updated_stamps["instant"]),
        problem=pl.when(empty)
        .then(pl.lit("no headline"))
        .when(rows["status"].str.strip_chars().str.to_lowercase().str.replace(r"^stat:", "").is_in(list(NOT_OUT)))
        .then(pl.format("its status is {}: it is not published", rows["status"]))
        .otherwise("problem"),
    )


def _identified(rows: pl.DataFrame, symbols: Mapping[str, Sequence[str]], table: Table) -> pl.DataFrame:
    """Return rows as articles with key, hash and language; ``symbols``: those in each cell of the source's own."""
    own = [symbols.get(text, ()) for text in rows["symbols"]]
    lists = rows["url"].filter(rows["url"].hash().is_in(list(table.shown.lists))) if table.shown.lists else ()
    keys = article_keys(rows.select("shown", "headline", "url", "instant").rows(), own, lists=set(lists))
    content = pl.concat_str(
        "headline", pl.col("body").fill_null(""), *map(_iso, ("instant", "updated_at")), separator=SEPARATOR
    )
    hashes = [digest((text,)) for text in rows.select(content).to_series()]
    stated = {text: language_in(text or "") for text in rows["language"].unique()}
    languages = [
        language_of(headline, stated[text] or default)
        for headline, text, default in rows.select("headline", "language", "default_language").rows()
    ]
    authors = {text: people_in(text) for text in rows["authors"].unique() if text}
    return rows.select(
        *(pl.lit(None, ARTICLE_SCHEMA[name]).alias(name) for name in ("agency", "dateline")),
        "url",
        "headline",
        "body",
        "updated_at",
        "source",
        "source_line",
        "symbols",
        pl.col("authors").replace_strict(authors, default=None, return_dtype=pl.String),
        publisher="shown",
        article_key=pl.Series(keys, dtype=pl.String),
        content_hash=pl.Series(hashes, dtype=pl.String),
        language=pl.Series(languages, dtype=pl.String),
        published_at="instant",
        published_precision="precision",
        published_rule="rule",
    )


def _iso(name: str) -> pl.Expr:
    """Format times like ``datetime.isoformat`` without fractions, as in ``content_hash``; empty if unknown."""
    return pl.col(name).dt.to_string("%Y-%m-%dT%H:%M:%S%:z").fill_null("")
