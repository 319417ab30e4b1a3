"""Corpora of headlines (CSV, TSV, JSONL, Parquet, gzipped too) into articles, streamed in batches of bounded size.

``columns`` maps our names (headline, published, url, body, updated) to those of the source; without it the usual names
are found. A column ``headlines`` that holds JSON lists gives one article per entry. Records that hold a whole page
as ``text`` and no headline are read as text pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from correlator.errors import InputError
from correlator.news.address_dates import date_in_address
from correlator.news.batch import (
    ARTICLE_SCHEMA,
    SEPARATOR,
    Batch,
    article_key,
    digest,
    make_batch,
    one_line,
    read_ahead,
    reject,
)
from correlator.news.language import language_of
from correlator.news.page import page_batch, parse_page
from correlator.news.profiles import Profile, load_profile, profile_of_url
from correlator.news.records import Faulty, Row, frame_rows, in_chunks, read_rows
from correlator.news.time_columns import COLUMNS, NO_TIME, parse_times

_NAMES: Mapping[str, Sequence[str]] = {
    "headline": ("headline", "title", "headlines"),
    "published": (
        "published",
        "published_at",
        "ts_text",
        "pubdate",
        "date_published",
        "date",
        "datetime",
        "timestamp",
        "time",
    ),
    "url": ("url", "link", "address"),
    "body": ("body", "text", "content", "article", "description"),
    "updated": ("updated", "updated_at", "date_modified"),
    "created": ("createdat", "created_at", "crawled_at"),
}


def read_corpus(path: Path, *, profile: str | None = None, columns: Mapping[str, str] | None = None) -> Iterator[Batch]:
    """Batches of at most ``BATCH_ROWS`` rows. Raises InputError for what is no table or lacks the columns."""
    yield from read_ahead(_file_batches(path, profile, columns))


def _file_batches(path: Path, profile: str | None, columns: Mapping[str, str] | None) -> Iterator[Batch]:
    faulty: list[Faulty] = []
    names, rows = read_rows(path, faulty)
    yield from _batches(names, rows, faulty, path, profile, columns)


def read_frame(
    frame: Any, name: str, *, profile: str | None = None, columns: Mapping[str, str] | None = None
) -> Iterator[Batch]:
    """Batches of a frame's rows, read as those of a file called ``name``; raises InputError for what is no frame."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if not hasattr(frame, "__arrow_c_stream__"):
        raise InputError(
            f"news is a {type(frame).__name__}, not a path or frame", hint="give polars, pandas or pyarrow"
        )
    names, rows = frame_rows(pl.DataFrame(frame))
    yield from _batches(names, rows, [], Path(name), profile, columns)


def _batches(
    names: Sequence[str],
    rows: Iterator[Row],
    faulty: list[Faulty],
    path: Path,
    profile: str | None,
    columns: Mapping[str, str] | None,
) -> Iterator[Batch]:
    given = load_profile(profile) if profile else None
    mapping = _mapping(names, columns, path) if names else {}
    if "headline" in mapping:
        rows = _unlisted(rows, mapping["headline"])
    for numbers, chunk in in_chunks(rows):
        if "headline" in mapping:
            batch = _headlines(numbers, chunk, mapping, given, str(path))
            yield Batch(batch.articles, batch.quotes, pl.concat([batch.rejects, make_batch(rejects=faulty).rejects]))
        else:
            yield _pages(numbers, chunk, mapping, profile, str(path), faulty)
        faulty.clear()
    if faulty:
        yield make_batch(rejects=faulty)


def _unlisted(rows: Iterator[Row], place: int) -> Iterator[Row]:
    """The rows, each that holds a JSON list at ``place`` repeated with one headline of it."""
    for number, row in rows:
        text = row[place]
        if text[:1] == "[":
            for entry in _entries(text):
                yield number, [*row[:place], entry, *row[place + 1 :]]
        else:
            yield number, row


def _mapping(names: Sequence[str], columns: Mapping[str, str] | None, path: Path) -> dict[str, int]:
    """Our column names to the places of those of the source."""
    found: dict[str, str] = {}
    lower = {name.casefold(): name for name in reversed(names)}
    for ours, usual in _NAMES.items():
        match = next((lower[name] for name in usual if name in lower), None)
        if match:
            found[ours] = match
    for ours, theirs in (columns or {}).items():
        if ours not in _NAMES or theirs not in names:
            what = f"no field {ours!r}" if ours not in _NAMES else f"no column {theirs!r}"
            raise InputError(
                f"{path.name}: {what}", hint=f"fields are {', '.join(_NAMES)}; columns are {', '.join(names[:20])}"
            )
        found[ours] = theirs
    if "headline" not in found and found.get("body") is None:
        raise InputError(
            f"{path.name} has no column of headlines", hint=f"map one: its columns are {', '.join(names[:20])}"
        )
    return {ours: names.index(theirs) for ours, theirs in found.items()}


def _pages(
    numbers: Sequence[int],
    rows: Sequence[Sequence[str]],
    mapping: Mapping[str, int],
    profile: str | None,
    source: str,
    faulty: Sequence[Faulty],
) -> Batch:
    """Rows that each hold a page's text."""
    batches, rejects = [make_batch()], list(faulty)
    for number, row in zip(numbers, rows, strict=True):
        text = row[mapping["body"]]
        try:
            url = row[mapping["url"]] or None if "url" in mapping else None
            page = parse_page(text, profile=profile, url=url, where=f"record {number}")
            batches.append(page_batch(page, source, number))
        except InputError as error:
            rejects.append(reject(source, number, str(error), text))
    return Batch(
        pl.concat([batch.articles for batch in batches]),
        pl.concat([batch.quotes for batch in batches]),
        make_batch(rejects=rejects).rejects,
    )


def _headlines(
    numbers: Sequence[int],
    rows: Sequence[Sequence[str]],
    mapping: Mapping[str, int],
    given: Profile | None,
    source: str,
) -> Batch:
    """Rows that each hold a headline."""
    frame = _columns(numbers, rows, mapping)
    by_host = {host: given or _profile_of_host(host) for host in frame["host"].unique()}
    profiles = {profile.name: profile for profile in by_host.values()}
    names = pl.col("host").replace_strict({host: profile.name for host, profile in by_host.items()})
    parts = [
        _timed(part, profiles[str(name[0])], "published" in mapping)
        for name, part in frame.group_by(names, maintain_order=True)
    ]
    timed = pl.concat(parts)
    if len(parts) > 1:
        timed = timed.sort("source_line", maintain_order=True)
    bad = timed.filter(pl.col("problem").is_not_null())
    good = timed.filter(pl.col("problem").is_null()).with_columns(source=pl.lit(source))
    rejects = [
        reject(source, line, problem, f"{headline} | {published}")
        for line, problem, headline, published in bad.select("source_line", "problem", "headline", "published").rows()
    ]
    empty = make_batch(rejects=rejects)
    return Batch(_identified(good), empty.quotes, empty.rejects)


def _columns(numbers: Sequence[int], rows: Sequence[Sequence[str]], mapping: Mapping[str, int]) -> pl.DataFrame:
    """The mapped columns of rows, null where a text is empty, and the host of the address."""
    columns = list(zip(*rows, strict=True))
    fields = ("published", "url", "body", "updated", "created")
    others = {name: columns[mapping[name]] for name in fields if name in mapping}
    empty = [pl.lit(None, pl.String).alias(name) for name in fields if name not in mapping]
    headlines = [one_line(text) for text in columns[mapping["headline"]]]
    return (
        pl.DataFrame({"source_line": numbers, "headline": headlines, **others})
        .with_columns(*(pl.col(name).replace("", None) for name in others), *empty)
        .with_columns(host=pl.col("url").str.extract(r"^https?://([^/?#]+)"))
    )


def _profile_of_host(host: str | None) -> Profile:
    return (profile_of_url(f"http://{host}") if host else None) or load_profile("generic")


def _entries(text: str) -> Sequence[str]:
    """The headlines of a JSON list of texts or objects; the text itself where it is no such list."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return (text,)
    if not isinstance(entries, list):
        return (text,)
    return [str(e.get("headline") or e.get("title") or "") if isinstance(e, dict) else str(e) for e in entries]


def _timed(rows: pl.DataFrame, profile: Profile, dated: bool) -> pl.DataFrame:
    """Rows with publisher and stamps; a source without a column of publication times gives unknown ones."""
    if dated:
        stamps = parse_times(rows["published"], profile, "column of the source")
    else:
        created = pl.format("not stated; the record was created {}", pl.col("created").fill_null("at an unknown time"))
        stamps = rows.select(
            instant=pl.lit(None, pl.Datetime("us", "UTC")),
            precision=pl.lit("unknown"),
            rule=created,
            problem=pl.lit(None, pl.String()),
        )
    stamps = _by_address(stamps, rows["url"])
    updated = parse_times(rows["updated"], profile, "update")
    empty = pl.col("headline").str.len_chars() == 0
    return pl.concat([rows, stamps], how="horizontal").with_columns(
        publisher=pl.lit(profile.name),
        default_language=pl.lit(profile.language, pl.String()),
        updated_at=pl.when(updated["precision"] != "day").then(updated["instant"]),
        problem=pl.when(empty).then(pl.lit("no headline")).otherwise("problem"),
    )


def _by_address(stamps: pl.DataFrame, urls: pl.Series) -> pl.DataFrame:
    """Stamps with the date in the address where no time is stated at all."""
    nothing = (pl.col("problem") == NO_TIME).fill_null(False) | (pl.col("precision") == "unknown").fill_null(False)
    missing = stamps.select(nothing).to_series() & urls.is_not_null()
    if not missing.any():
        return stamps
    found = [date_in_address(url) if wanted else None for url, wanted in zip(urls, missing, strict=True)]
    other = pl.DataFrame(
        [(s.instant, s.precision, s.rule) if s else (None, None, None) for s in found],
        schema={name: COLUMNS[name] for name in ("instant", "precision", "rule")},
        orient="row",
    )
    there = other["instant"].is_not_null()
    return stamps.select(
        *(pl.when(there).then(other[name]).otherwise(pl.col(name)).alias(name) for name in other.columns),
        pl.when(~there).then("problem").alias("problem"),
    )


def _identified(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as articles, with key, hash and language."""
    named = rows.select("publisher", "headline", "url", pl.col("instant").dt.date()).rows()
    keys = [article_key(publisher, headline, url, day) for publisher, headline, url, day in named]
    said = pl.concat_str(
        "headline", pl.col("body").fill_null(""), *map(_iso, ("instant", "updated_at")), separator=SEPARATOR
    )
    hashes = [digest((text,)) for text in rows.select(said).to_series()]
    languages = [language_of(*each) for each in rows.select("headline", "default_language").rows()]
    return rows.select(
        *(pl.lit(None, ARTICLE_SCHEMA[name]).alias(name) for name in ("agency", "dateline")),
        "publisher",
        "url",
        "headline",
        "body",
        "updated_at",
        "source",
        "source_line",
        article_key=pl.Series(keys, dtype=pl.String),
        content_hash=pl.Series(hashes, dtype=pl.String),
        language=pl.Series(languages, dtype=pl.String),
        published_at="instant",
        published_precision="precision",
        published_rule="rule",
    ).select(ARTICLE_SCHEMA.keys())


def _iso(name: str) -> pl.Expr:
    """Whole seconds as ``datetime.isoformat`` writes them, as in ``content_hash``; empty where unknown."""
    return pl.col(name).dt.to_string("%Y-%m-%dT%H:%M:%S%:z").fill_null("")
