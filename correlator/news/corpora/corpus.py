"""Read corpora of headlines (CSV, TSV, JSON, JSONL, Parquet, also compressed) into batches of articles.

Known layouts are data (``layouts.py``); ``columns`` maps our names (headline, published, url, body, updated, authors,
publisher, language, symbols) to those of the source. A headline cell with a JSON list gives one article per entry.
Records with a whole page as ``text`` and no headline are read as text pages. A table without a recognised column of
publication times is refused: nothing is loaded without its time.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.day_order import DayOrder
from correlator.base.files import called
from correlator.base.tabular import to_polars
from correlator.errors import InputError, listed
from correlator.news.batch import (
    ARTICLE_SCHEMA,
    NAMED_SCHEMA,
    SEPARATOR,
    Batch,
    article_keys,
    digest,
    kept_address,
    make_batch,
    one_line,
    read_ahead,
    reject,
)
from correlator.news.corpora.clocks import as_exact, with_clock, with_zone
from correlator.news.corpora.layouts import (
    FIELDS,
    NOT_OUT,
    Corpus,
    clock_place,
    column_places,
    corpus_of,
    zone_in_name,
    zone_place,
)
from correlator.news.corpora.other_times import by_address, not_before, without_clock
from correlator.news.corpora.records import Faulty, Row, frame_rows, in_chunks, read_rows
from correlator.news.corpora.time_columns import NO_TIME, parse_times
from correlator.news.language import language_in, language_of
from correlator.news.pages.html_page import looks_like_html, parse_html, visible_text
from correlator.news.pages.page import NO_DATE_HINT, page_batch, parse_page, rejected_page
from correlator.news.plain_text import plain_body, without_markup
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers
from correlator.news.stated import NOTHING, name_in, people_in, symbols_in
from correlator.news.times.date_labels import Usual, read_as_dates
from correlator.news.times.printed_dates import order_in

# The marker that NewsAPI and GNews put at the end of a truncated text.
_CUT = re.compile(r"(?<!\s)\s*+(?:…|\.\.\.)?\s*+\[\+?\d+ chars\]\s*+$")
_COLUMNS_HINT = "if it is not a page, name the columns with --column headline=NAME and --column published=NAME"
_CREATED = re.compile(r"creat(?:ed|ion)", re.IGNORECASE)
_NAME_IT = "name it with --column published=NAME"
_FIELDS = tuple(name for name in FIELDS if name != "headline")


@dataclass(frozen=True)
class _Table:
    """A table before its rows are read: its layout, the positions of our fields, the choice of publishers, its name.

    ``clock``, ``zone`` and ``precision`` are the positions of the columns with clock times, zones and precision of the
    publication dates. ``table_zone`` is the zone of times without one, as given by the caller, the name of a column or
    the layout. ``order`` is the order of day and month that the rows so far show; that of the caller takes precedence.
    ``publisher_zones`` are the zones of all publishers so far, None for an unknown one: one column has one clock, so if
    they differ, its times without a zone are in none of them. ``usual_dates``: as in ``read_as_dates``.
    """

    corpus: Corpus
    places: Mapping[str, int]
    names: Sequence[str]
    publishers: Publishers
    source: str
    clock: int | None = None
    zone: int | None = None
    precision: int | None = None
    table_zone: str | None = None
    order: DayOrder = field(default_factory=DayOrder)
    publisher_zones: set[str | None] = field(default_factory=set)
    usual_dates: Usual = field(default_factory=set)

    def with_order_of(self, rows: Sequence[Sequence[str]]) -> _Table:
        """Return the table with what its next ``rows`` show about the order of day and month."""
        place = self.places.get("published")
        if place is None or self.publishers.date_order is not None or self.order.contradictory:
            return self
        return replace(self, order=self.order.joined(order_in([row[place] for row in rows])))


def read_corpus(
    path: Path, publishers: Publishers, *, columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> Iterator[Batch]:
    """Yield batches of bounded size. Raises InputError if the file is not a table or lacks required columns."""
    yield from read_ahead(_file_batches(path, publishers, columns, encoding))


def _file_batches(
    path: Path, publishers: Publishers, columns: Mapping[str, str] | None, encoding: str | None
) -> Iterator[Batch]:
    faulty: list[Faulty] = []
    names, rows = read_rows(path, faulty, encoding)
    yield from _batches(names, rows, faulty, called(path), publishers=publishers, columns=columns)


def read_frame(
    frame: Any, name: str, publishers: Publishers, *, columns: Mapping[str, str] | None = None
) -> Iterator[Batch]:
    """Yield batches of a frame's rows, read like a file called ``name``. Raises InputError if it is not a frame."""
    names, rows = frame_rows(to_polars(frame, "news"))
    yield from _batches(names, rows, [], name, publishers=publishers, columns=columns)


def _batches(
    names: Sequence[str],
    rows: Iterator[Row],
    faulty: list[Faulty],
    source: str,
    *,
    publishers: Publishers,
    columns: Mapping[str, str] | None,
) -> Iterator[Batch]:
    corpus = corpus_of(names)
    places = column_places(corpus, names, columns, Path(source).name) if names else {}
    clock = clock_place(names, places)
    table = _Table(
        corpus, places, names, publishers, source, clock, zone_place(names, places),
        names.index(corpus.precision) if corpus.precision in names else None,
        publishers.zone or zone_in_name(names, places.get("published"), clock) or corpus.zone,
    )  # fmt: skip
    _check(table)
    if "headline" in places:
        rows = _unlisted(rows, places["headline"])
    for numbers, chunk in in_chunks(rows):
        if "headline" in places:
            table = table.with_order_of(chunk)
            batch = _headlines(numbers, chunk, table)
            rejects = pl.concat([batch.rejects, make_batch(rejects=faulty).rejects])
            yield replace(batch, rejects=rejects)
        else:
            yield _pages(numbers, chunk, table, faulty)
        faulty.clear()
    if faulty:
        yield make_batch(rejects=faulty)


def _check(table: _Table) -> None:
    """Raise InputError if a table has columns, but none with headlines or whole pages, or none with times."""
    if not table.names:
        return
    where, columns = Path(table.source).name, listed(table.names, 20)
    if "headline" not in table.places:
        if "body" in table.places:
            return
        raise InputError(
            f"{where} has no headline column; its columns are {columns}", hint="name it with --column headline=NAME"
        )
    if "published" not in table.places and "url" not in table.places:
        split = {"year", "month", "day"} <= {name.casefold() for name in table.names}
        combine = "combine year, month and day in one column 'published', such as 2025-05-28"
        raise InputError(
            f"{where} has no recognised column of publication times; its columns are {columns}",
            hint=combine if split else _time_option(table.names),
        )


def _time_option(names: Sequence[str]) -> str:
    """Return the option that names the column of times; a creation time may be before publication."""
    created = next((name for name in names if _CREATED.search(name)), None)
    return (
        f"name it with --column {shlex.quote(f'published={created}')}, if articles appeared then"
        if created
        else _NAME_IT
    )


def _unlisted(rows: Iterator[Row], place: int) -> Iterator[Row]:
    """Yield the rows; a row with a JSON list at ``place`` is repeated for each headline in it."""
    for number, row in rows:
        text = row[place]
        if text[:1] == "[":
            for entry in _entries(text):
                yield number, [*row[:place], entry, *row[place + 1 :]]
        else:
            yield number, row


def _pages(numbers: Sequence[int], rows: Sequence[Sequence[str]], table: _Table, faulty: Sequence[Faulty]) -> Batch:
    """Read rows that each contain the text of a page."""
    batches = [make_batch(rejects=faulty)]
    place = table.places.get("body")  # missing if a record has no fields
    for number, row in zip(numbers, rows, strict=True):
        text = "" if place is None else row[place]
        try:
            url = row[table.places["url"]] or None if "url" in table.places else None
            parse = parse_html if looks_like_html(text) else parse_page
            page = parse(text, publishers=table.publishers, url=url, where="the record")
            batches.append(page_batch(page, table.source, number))
        except InputError as error:
            reason = f"{error.message} ({_COLUMNS_HINT})" if error.hint == NO_DATE_HINT else str(error)
            batches.append(rejected_page(table.source, number, reason, text=visible_text(text)))
    return Batch(
        *(pl.concat([getattr(batch, name) for batch in batches]) for name in ("articles", "quotes", "rejects")),
    )


def _headlines(numbers: Sequence[int], rows: Sequence[Sequence[str]], table: _Table) -> Batch:
    """Read rows that each contain a headline."""
    frame = _columns(numbers, rows, table)
    sites = frame.select("host", "publisher").unique().rows()
    chosen = {site: _profile(table, *site) for site in sites}
    table.publisher_zones.update(profile.zone for profile, _ in chosen.values())
    own_clock = len(table.publisher_zones) == 1
    profiles = {profile.name: replace(profile, own_clock=own_clock) for profile, _ in chosen.values()}
    rows_of = pl.DataFrame(
        [
            (host, name, profile.name, shown, f" - {stated}" if (stated := name_in(name or "")) else None)
            for (host, name), (profile, shown) in chosen.items()
        ],
        schema=dict.fromkeys(("host", "publisher", "profile", "shown", "tail"), pl.String),
        orient="row",
    )
    frame = frame.join(rows_of, on=["host", "publisher"], how="left", nulls_equal=True, maintain_order="left")
    ends = pl.col("headline").str.ends_with(pl.col("tail")).fill_null(value=False)
    bare = pl.col("headline").str.strip_suffix(pl.col("tail"))  # services append the publisher to each headline
    frame = frame.with_columns(headline=pl.when(ends & (bare != "")).then(bare).otherwise("headline")).drop("tail")
    parts = [
        _timed(part, profiles[str(name[0])], table) for name, part in frame.group_by("profile", maintain_order=True)
    ]
    timed = pl.concat(parts)
    if len(parts) > 1:
        timed = timed.sort("source_line", maintain_order=True)
    bad = timed.filter(pl.col("problem").is_not_null())
    known = timed.filter(pl.col("problem").is_null()).with_columns(source=pl.lit(table.source))
    dated = read_as_dates(known, publisher="shown", zone=table.publishers.zone, usual=table.usual_dates)
    is_later = pl.col("updated_at") > pl.col("instant")
    symbols = {text: symbols_in(text) for text in known["symbols"].unique() if text}
    good = _identified(dated.with_columns(updated_at=pl.when(is_later).then("updated_at")), symbols)
    rejects = [
        reject(table.source, line, problem, f"{headline} | {published}")
        for line, problem, headline, published in bad.select("source_line", "problem", "headline", "published").rows()
    ]
    empty = make_batch(rejects=rejects)
    return Batch(good.select(ARTICLE_SCHEMA.keys()), empty.quotes, empty.rejects, _named(good, symbols, table))


def _profile(table: _Table, host: str | None, publisher: str | None) -> tuple[Profile, str]:
    """Return the profile for rows of one host and stated publisher, and the publisher's name for the store."""
    stated = name_in(publisher or "")
    profile, how = table.publishers.of(f"http://{host}" if host else None, (stated,))
    profile = replace(profile, table_zone=table.table_zone)
    if how != "given by the caller":  # all dates of a table are in one order, whoever published the articles
        profile = replace(profile, date_order=table.publishers.date_order or table.order.shown)
    if table.corpus.clock == "unknown" and table.table_zone is None:
        profile = replace(profile, zone=None)
    return profile, profile.name if how != "no publisher recognised" or not stated else one_line(stated)


def _named(rows: pl.DataFrame, symbols: Mapping[str, Sequence[str]], table: _Table) -> pl.DataFrame:
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


def _columns(numbers: Sequence[int], rows: Sequence[Sequence[str]], table: _Table) -> pl.DataFrame:
    """Return the mapped columns of rows, null where empty, and the host of the address."""
    places, columns = table.places, list(zip(*rows, strict=True))
    others = {name: columns[places[name]] for name in _FIELDS if name in places}
    if table.clock is not None:
        others["published"] = tuple(map(with_clock, others["published"], columns[table.clock]))
    if table.zone is not None:
        zones = columns[table.zone]
        for name in ("published", "updated"):
            if name in others:
                others[name] = tuple(map(with_zone, others[name], zones))
    if table.precision is not None:
        exact = [text == table.corpus.exact for text in columns[table.precision]]
        others["published"] = tuple(map(as_exact, others["published"], exact))
    empty = [pl.lit(None, pl.String).alias(name) for name in _FIELDS if name not in places]
    no_text = (*NOTHING, *table.corpus.nothing)
    headlines = ["" if text in no_text else one_line(without_markup(text)) for text in columns[places["headline"]]]
    if "body" in others:
        others["body"] = tuple(plain_body(_CUT.sub("", text)) for text in others["body"])
    if "url" in others:
        others["url"] = tuple(kept_address(text) or "" for text in others["url"])
    nothing = {name: ("",) if name == "symbols" else no_text for name in others}  # NA and NAN are tickers, too
    return (
        pl.DataFrame({"source_line": numbers, "headline": headlines, **others})
        .with_columns(*(pl.when(~pl.col(name).is_in(nothing[name])).then(name).alias(name) for name in others), *empty)
        .with_columns(host=pl.col("url").str.extract(r"^https?://([^/?#]+)"))
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


def _timed(rows: pl.DataFrame, profile: Profile, table: _Table) -> pl.DataFrame:
    """Add publisher and stamps to rows."""
    places = [place for place in (table.places.get("published"), table.clock) if place is not None]
    origin = f"column {' and '.join(table.names[place] for place in places)}" if places else ""
    published, updated = rows["published"], rows["updated"]
    if table.corpus.clock == "unknown" and table.table_zone is None:
        published, updated = (without_clock(each) for each in (published, updated))
    stamps = not_before(by_address(parse_times(published, profile, origin), rows["url"]), rows["embargo"], profile)
    updated_stamps = parse_times(updated, profile, "update")
    empty = pl.col("headline").str.len_chars() == 0
    if "published" not in table.places:
        reason = pl.lit(
            f"{NO_TIME}: no column is recognised as one, and the address has no date ({_time_option(table.names)})"
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


def _identified(rows: pl.DataFrame, symbols: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Return rows as articles with key, hash and language; ``symbols``: those in each cell of the source's own."""
    joined = {text: " ".join(sorted(listed)) for text, listed in symbols.items()}
    identities = [joined.get(text, "") for text in rows["symbols"]]
    keys = article_keys(rows.select("shown", "headline", "url", "instant").rows(), identities)
    content = pl.concat_str(
        "headline", pl.col("body").fill_null(""), *map(_iso, ("instant", "updated_at")), separator=SEPARATOR
    )
    hashes = [digest((text,)) for text in rows.select(content).to_series()]
    languages = [
        language_of(headline, language_in(stated or "") or default)
        for headline, stated, default in rows.select("headline", "language", "default_language").rows()
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
