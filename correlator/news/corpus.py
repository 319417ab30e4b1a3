"""Corpora of headlines (CSV, TSV, JSONL, Parquet, gzipped too) into articles, streamed in batches of bounded size.

``columns`` maps our names (headline, published, url, body, updated) to those of the source; without it the usual names
are found. A column ``headlines`` that holds JSON lists gives one article per entry. Records that hold a whole page
as ``text`` and no headline are read as text pages.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.errors import InputError
from correlator.news import text_lines
from correlator.news.batch import (
    ARTICLE_SCHEMA,
    Batch,
    article_key,
    clean_text,
    content_hash,
    make_batch,
    read_ahead,
    reject,
)
from correlator.news.language import language_of
from correlator.news.page import page_batch, parse_page
from correlator.news.profiles import Profile, load_profile, profile_of_url
from correlator.news.time_columns import COLUMNS, NO_TIME, parse_times
from correlator.news.timestamps import date_in_address

BATCH_ROWS = 50_000
BATCH_TEXT = 100_000_000
SLICE_ROWS = 10_000
MAX_COLUMN = 2_000_000_000
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
if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Record = tuple[int, dict[str, str]]
Faulty = dict[str, object]


def read_corpus(path: Path, *, profile: str | None = None, columns: Mapping[str, str] | None = None) -> Iterator[Batch]:
    """Batches of at most ``BATCH_ROWS`` records. Raises InputError for a file that is no table or lacks the columns."""
    faulty: list[Faulty] = []
    yield from read_ahead(_batches(_records(path, faulty), faulty, path, profile, columns))


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
    rows = enumerate(_rows_as_text(pl.DataFrame(frame)), start=1)
    yield from _batches(rows, [], Path(name), profile, columns)


def _batches(
    records: Iterator[Record],
    faulty: list[Faulty],
    path: Path,
    profile: str | None,
    columns: Mapping[str, str] | None,
) -> Iterator[Batch]:
    given = load_profile(profile) if profile else None
    mapping: dict[str, str] | None = None
    while chunk := _chunk(records):
        if mapping is None:
            mapping = _mapping(list(chunk[0][1]), columns, path)
        if "headline" in mapping:
            batch = _headlines(chunk, mapping, given, str(path))
            yield Batch(batch.articles, batch.quotes, pl.concat([batch.rejects, make_batch(rejects=faulty).rejects]))
        else:
            yield _pages(chunk, mapping, profile, str(path), faulty)
        faulty.clear()
    if faulty:
        yield make_batch(rejects=faulty)


def _chunk(records: Iterator[Record]) -> list[Record]:
    """The next records: at most ``BATCH_ROWS``, and of long ones as many as hold ``BATCH_TEXT`` characters."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        chunk.append(record)
        size += sum(map(len, record[1].values()))
        if len(chunk) == BATCH_ROWS or size > BATCH_TEXT:
            break
    return chunk


def _records(path: Path, faulty: list[Faulty]) -> Iterator[Record]:
    stem = path.name.lower().removesuffix(".gz")
    if stem.endswith(".parquet"):
        return _parquet(path)
    if stem.endswith((".jsonl", ".ndjson", ".json")):
        return _json_lines(path, faulty)
    return _separated(path, "\t" if stem.endswith(".tsv") else ",", faulty)


def _separated(path: Path, separator: str, faulty: list[Faulty]) -> Iterator[Record]:
    csv.field_size_limit(text_lines.MAX_LINE)
    reader = csv.reader(text_lines.lines_of(path), delimiter=separator)
    try:
        header = next(reader, None)
        if not header:
            raise InputError(f"{path.name} is empty")
        names = [name.strip() for name in header]
        line = reader.line_num + 1
        for row in reader:
            if len(row) == len(names):
                yield line, dict(zip(names, row, strict=True))
            elif row:
                reason = f"{len(row)} fields where the header has {len(names)}"
                faulty.append(reject(str(path), line, reason, separator.join(row)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path.name} is no table at line {reader.line_num}: {error}") from None


def _json_lines(path: Path, faulty: list[Faulty]) -> Iterator[Record]:
    for number, line in enumerate(text_lines.lines_of(path), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            faulty.append(reject(str(path), number, f"no JSON: {error}", line))
            continue
        if isinstance(record, dict):
            yield number, {str(k): v if isinstance(v, str) else _plain(v) for k, v in record.items()}
        else:
            faulty.append(reject(str(path), number, "no JSON object", line))


def _plain(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _rows_as_text(frame: pl.DataFrame) -> Iterator[dict[str, str]]:
    for part in frame.iter_slices(SLICE_ROWS):
        for row in zip(*map(_series_texts, part), strict=True):
            yield dict(zip(frame.columns, row, strict=True))


def _parquet(path: Path) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
        _check_columns(file.metadata, path.name)
        limit = max(10 * text_lines.UNCHECKED, text_lines.MAX_RATIO * path.stat().st_size)
        number = taken = 0
        for part in pq.ParquetFile(path, read_dictionary=texts).iter_batches(batch_size=SLICE_ROWS):
            for row in zip(*(_texts(column) for column in part.columns), strict=True):
                number += 1
                taken += sum(map(len, row))
                if taken > limit:
                    raise InputError(
                        f"{path.name} unpacks to more than {text_lines.MAX_RATIO} times its size, which no text does"
                    )
                yield number, dict(zip(part.schema.names, row, strict=True))
    except pa.ArrowException as error:
        raise InputError(f"{path.name} is no Parquet file: {error}") from None


def _check_columns(metadata: pq.FileMetaData, name: str) -> None:
    """Raises InputError for a column of one row group that takes more memory than it should."""
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            if metadata.row_group(group).column(column).total_uncompressed_size > MAX_COLUMN:
                raise InputError(f"{name} holds more than {MAX_COLUMN // 1_000_000} MB in one column of a row group")


def _texts(column: pa.Array) -> list[str]:
    """A column as texts, empty where null; texts that repeat are one object. Nested columns are empty."""
    import pyarrow as pa

    if isinstance(column, pa.DictionaryArray):
        words = column.dictionary.to_pylist()
        return [words[place] or "" if place is not None else "" for place in column.indices.to_pylist()]
    return _series_texts(pl.Series(column))


def _series_texts(series: pl.Series) -> list[str]:
    """A column as texts, empty where null; nested and binary ones are empty."""
    kind = series.dtype
    if kind.is_nested() or kind == pl.Binary:
        return [""] * len(series)
    if isinstance(kind, pl.Datetime):
        series = series.dt.to_string("%Y-%m-%d %H:%M:%S" + ("%z" if kind.time_zone else ""))
    return [text or "" for text in series.cast(pl.String)]


def _mapping(names: Sequence[str], columns: Mapping[str, str] | None, path: Path) -> dict[str, str]:
    """Our column names to those of the source."""
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
    return found


def _pages(
    chunk: Sequence[Record], mapping: Mapping[str, str], profile: str | None, source: str, faulty: Sequence[Faulty]
) -> Batch:
    """Records that each hold a page's text."""
    batches, rejects = [make_batch()], list(faulty)
    for number, record in chunk:
        text = record.get(mapping["body"], "")
        try:
            url = record[mapping["url"]] or None if "url" in mapping else None
            page = parse_page(text, profile=profile, url=url, where=f"record {number}")
            batches.append(page_batch(page, source, number))
        except InputError as error:
            rejects.append(reject(source, number, str(error), text))
    return Batch(
        pl.concat([batch.articles for batch in batches]),
        pl.concat([batch.quotes for batch in batches]),
        make_batch(rejects=rejects).rejects,
    )


def _headlines(chunk: Sequence[Record], mapping: Mapping[str, str], given: Profile | None, source: str) -> Batch:
    """Records that each hold a headline, or a JSON list of them."""
    rows = list(_exploded(chunk, mapping))
    names = ("source_line", "headline", "published", "url", "body", "updated", "created")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()) | {"source_line": pl.Int64()}, orient="row")
    hosts = frame.select(host=pl.col("url").str.extract(r"^https?://([^/?#]+)"))["host"]
    profiles = {
        host: (profile_of_url(f"http://{host}") if host else None) or load_profile("generic") for host in hosts.unique()
    }
    parts = []
    for host, part in frame.with_columns(host=hosts).group_by("host", maintain_order=True):
        parts.append(
            _timed(part, given or profiles[host[0] if host[0] is None else str(host[0])], "published" in mapping)
        )
    timed = pl.concat(parts).sort("source_line", maintain_order=True) if parts else pl.DataFrame()
    if timed.is_empty():
        return make_batch()
    bad = timed.filter(pl.col("problem").is_not_null())
    good = timed.filter(pl.col("problem").is_null()).with_columns(source=pl.lit(source))
    rejects = [
        reject(source, line, problem, f"{headline} | {published}")
        for line, problem, headline, published in bad.select("source_line", "problem", "headline", "published").rows()
    ]
    empty = make_batch(rejects=rejects)
    return Batch(_identified(good), empty.quotes, empty.rejects)


def _exploded(chunk: Sequence[Record], mapping: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    others = [mapping.get(name) for name in ("published", "url", "body", "updated", "created")]
    for number, record in chunk:
        rest = [(record.get(name) or None) if name is not None else None for name in others]
        text = record.get(mapping["headline"], "")
        for headline in _entries(text) if text[:1] == "[" else (text,):
            yield number, " ".join(clean_text(headline).split()), *rest


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
    listed = rows.select("publisher", "headline", "url", "instant", "body", "updated_at", "default_language").rows()
    keys, hashes, languages = [], [], []
    for publisher, headline, url, instant, body, updated, language in listed:
        keys.append(article_key(publisher, headline, url, instant.date() if instant else None))
        hashes.append(content_hash(headline, body, instant, updated))
        languages.append(language_of(headline, language))
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
