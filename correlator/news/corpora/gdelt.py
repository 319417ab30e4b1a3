"""Read GDELT files (events 1.0 and 2.0, mentions, GKG), plain, gzipped or zipped, with or without a header.

A row with the wrong number of fields becomes a reject with its line. An event is known from DATEADDED, when GDELT added
it; if a spreadsheet has rounded that number, from the timestamp in the file's name.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import polars as pl

from correlator.base.files import called, name_of
from correlator.containers.packed import only_member
from correlator.errors import InputError
from correlator.news import text_lines
from correlator.news.batch import REJECT_SCHEMA, reject
from correlator.tables import EVENTS

EVENT_COLUMNS = tuple(
    name for name in EVENTS.column_names if name not in ("event_id", "event_key", "article_id", "symbol")
)
_ACTOR = "Code Name CountryCode KnownGroupCode EthnicCode Religion1Code Religion2Code Type1Code Type2Code Type3Code"
_GEO = "Type FullName CountryCode ADM1Code ADM2Code Lat Long FeatureID"
_PLACES = ("Actor1Geo", "Actor2Geo", "ActionGeo")
_MENTIONS = (
    "GLOBALEVENTID EventTimeDate MentionTimeDate MentionType MentionSourceName MentionIdentifier SentenceID "
    "Actor1CharOffset Actor2CharOffset ActionCharOffset InRawText Confidence MentionDocLen MentionDocTone "
    "MentionDocTranslationInfo Extras"
)
_GKG = (
    "GKGRECORDID DATE SourceCollectionIdentifier SourceCommonName DocumentIdentifier Counts V2Counts Themes V2Themes "
    "Locations V2Locations Persons V2Persons Organizations V2Organizations V2Tone Dates GCAM SharingImage "
    "RelatedImages SocialImageEmbeds SocialVideoEmbeds Quotations AllNames Amounts TranslationInfo Extras"
)


def _event_names(geo: Sequence[str]) -> tuple[str, ...]:
    first = ["GLOBALEVENTID", "SQLDATE", "MonthYear", "Year", "FractionDate"]
    actors = [f"{actor}{part}" for actor in ("Actor1", "Actor2") for part in _ACTOR.split()]
    action = (
        "IsRootEvent EventCode EventBaseCode EventRootCode QuadClass GoldsteinScale NumMentions NumSources NumArticles"
    )
    places = [f"{place}_{part}" for place in _PLACES for part in geo]
    return (*first, *actors, *action.split(), "AvgTone", *places, "DATEADDED", "SOURCEURL")


LAYOUTS: dict[str, tuple[str, ...]] = {
    "events": _event_names(_GEO.split()),
    "events1": _event_names([part for part in _GEO.split() if part != "ADM2Code"]),
    "events1 before April 2013": _event_names([part for part in _GEO.split() if part != "ADM2Code"])[:-1],
    "mentions": tuple(_MENTIONS.split()),
    "gkg": tuple(_GKG.split()),
}
# CAMEO root to PLOVER category. PLOVER merges 09 into ACCUSE and 18-20 into ASSAULT; it has none for 01 (statements).
CATEGORIES = {
    "01": "STATEMENT",
    "02": "REQUEST",
    "03": "AGREE",
    "04": "CONSULT",
    "05": "SUPPORT",
    "06": "COOPERATE",
    "07": "AID",
    "08": "CONCEDE",
    "09": "ACCUSE",
    "10": "REQUEST",
    "11": "ACCUSE",
    "12": "REJECT",
    "13": "THREATEN",
    "14": "PROTEST",
    "15": "MOBILIZE",
    "16": "SANCTION",
    "17": "COERCE",
    "18": "ASSAULT",
    "19": "ASSAULT",
    "20": "ASSAULT",
}
QUAD_CLASSES = {
    "1": "verbal-cooperation",
    "2": "material-cooperation",
    "3": "verbal-conflict",
    "4": "material-conflict",
}
# CAMEO's own quad classes: 01-05 verbal and 06-08 material cooperation, 09-13 verbal and 14-20 material conflict.
_QUAD_OF_ROOT = {
    f"{root:02}": str(1 if root <= 5 else 2 if root <= 8 else 3 if root <= 13 else 4) for root in range(1, 21)
}
_LAST_ROOT = 20
_INTEGERS = (
    "GLOBALEVENTID",
    "SQLDATE",
    "EventCode",
    "EventRootCode",
    "QuadClass",
    "DATEADDED",
)  # integer columns
BATCH_ROWS = 30_000
"""Rows read at a time, and events per transaction: these are written in less than half a second."""
ROLES = ("GOV", "MIL", "LEG", "JUD", "OPP", "BUS", "IGO", "CVL")


@dataclass(frozen=True)
class GdeltBatch:
    """Rows of a GDELT file: strings under GDELT's names (``read_gdelt``) or ``EVENT_COLUMNS`` (``read_events``)."""

    rows: pl.DataFrame
    rejects: pl.DataFrame


def read_gdelt(path: Path) -> Iterator[GdeltBatch]:
    """Yield all rows as strings under GDELT's column names, with ``source_line``. Raises InputError for other files."""
    lines = _numbered(path)
    first = next(lines, None)
    if first is None:
        raise InputError(f"{name_of(path)} is empty")
    separator = "\t" if "\t" in first[1] else max(";,", key=first[1].count)
    header = _split(first[1], separator)
    names = _layout(header, path)
    pending = [] if _is_header(header) else [first]
    while chunk := pending + list(islice(lines, BATCH_ROWS - len(pending))):
        pending = []
        yield _batch(chunk, separator, names, called(path))


def read_events(path: Path, countries: Mapping[str, str] = MappingProxyType({})) -> Iterator[GdeltBatch]:
    """Yield events with ``EVENT_COLUMNS``; ``tone`` is AvgTone / 100. Raises InputError for other files.

    ``countries``: codes that replace codes of GDELT's actors.
    """
    stamp = re.search(r"(?<!\d)(20\d{12})(?!\d)", name_of(path))
    for batch in read_gdelt(path):
        if "EventCode" not in batch.rows.columns:
            raise InputError(
                f"{name_of(path)} is not a GDELT events file",
                hint="load mentions and GKG files with `correlator add news`",
            )
        if "DATEADDED" not in batch.rows.columns and stamp is None:
            raise InputError(
                f"{name_of(path)} has no DATEADDED column, so the time when its events became known is missing",
                hint=f"its columns are {', '.join(batch.rows.columns[1:21])}",
            )
        yield _events(batch, called(path), stamp[1] if stamp else None, countries)


def is_gdelt(line: str) -> bool:
    """Whether the first line of a file is a GDELT header or a row of a GDELT layout."""
    separator = "\t" if "\t" in line else max(";,", key=line.count)
    fields = _split(line.rstrip("\r\n"), separator)
    numbered = re.fullmatch(r"\d{14}-T?\d+|\d{6,}", fields[0]) if fields else None
    return _is_header(fields) or bool(numbered and len(fields) in {len(names) for names in LAYOUTS.values()})


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    lines = unpacked_lines(path)
    return ((number, line.rstrip("\r\n")) for number, line in enumerate(lines, start=1) if line.strip())


def unpacked_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a plain, gzipped or zipped text. Raises InputError if it is damaged."""
    return _zipped(path) if zipfile.is_zipfile(path) else text_lines.lines_of(path, lenient=True)


def _zipped(path: Path) -> Iterator[str]:
    """Yield the lines of the only file in an archive, up to the limit of size."""
    limit = max(text_lines.UNCHECKED, text_lines.MAX_RATIO * path.stat().st_size)
    try:
        with zipfile.ZipFile(path) as archive:
            taken = 0
            with archive.open(only_member(archive, name_of(path), "unpack it and name the files")) as file:
                while raw := file.readline(text_lines.MAX_LINE + 1):
                    taken += len(raw)
                    if len(raw) > text_lines.MAX_LINE or taken > limit:
                        raise InputError(f"{name_of(path)} unpacks to more than the limit for a GDELT file")
                    first = taken == len(raw)
                    yield raw.decode("utf-8-sig" if first else "utf-8", "replace").replace("\x00", "")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{name_of(path)} is a damaged archive: {error}") from None


def _split(line: str, separator: str) -> list[str]:
    if separator != ",":
        return line.split(separator)
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _is_header(fields: Sequence[str]) -> bool:
    return any(field.casefold() in ("globaleventid", "gkgrecordid") for field in fields)


def _layout(fields: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the column names: those of a header that names event codes, else of the layout with as many fields."""
    if _names_event_codes(fields):
        return _in_our_case(fields, path)
    for names in LAYOUTS.values():
        if len(names) == len(fields):
            return names
    if _is_header(fields) and len({*fields}) == len(fields) and all(fields):
        return tuple(fields)
    counts = ", ".join(f"{kind} {len(names)}" for kind, names in LAYOUTS.items())
    raise InputError(
        f"{name_of(path)} has {len(fields)} fields, which no GDELT layout has",
        hint=f"layouts have {counts}; a table of your own needs a header with date and category",
    )


def _names_event_codes(fields: Sequence[str]) -> bool:
    """Whether a line is a header of events; those of mentions and GKG differ between tools, so places decide there."""
    return _is_header(fields) and not {"eventcode", "eventrootcode"}.isdisjoint(field.casefold() for field in fields)


def _in_our_case(fields: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the names of a header in GDELT's capitals, and names for columns without one, such as row numbers."""
    known = {name.casefold(): name for name in LAYOUTS["events"]}
    names = [known.get(field.casefold(), field) or f"column {place}" for place, field in enumerate(fields, 1)]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{name_of(path)} has two columns called {repeated!r}", hint="keep one of them")
    return tuple(names)


def _batch(chunk: Sequence[tuple[int, str]], separator: str, names: Sequence[str], source: str) -> GdeltBatch:
    frame = pl.DataFrame(chunk, schema={"source_line": pl.Int64(), "line": pl.String()}, orient="row")
    if separator == ",":
        fields = pl.Series("fields", [_split(line, ",") for _, line in chunk], dtype=pl.List(pl.String))
        frame = frame.with_columns(fields)
    else:
        frame = frame.with_columns(fields=pl.col("line").str.split(separator))
    frame = frame.with_columns(count=pl.col("fields").list.len())
    bad = frame.filter(pl.col("count") != len(names))
    rejects = [
        reject(source, line, f"{count} fields where the layout has {len(names)}", text)
        for line, count, text in bad.select("source_line", "count", "line").rows()
    ]
    good = frame.filter(pl.col("count") == len(names))
    parts = good.select("source_line", pl.col("fields").list.to_struct(fields=list(names))).unnest("fields")
    return GdeltBatch(
        parts.with_columns(pl.col(name).replace("", None) for name in names),
        pl.DataFrame(rejects, schema=REJECT_SCHEMA),
    )


def _events(batch: GdeltBatch, source: str, file_stamp: str | None, countries: Mapping[str, str]) -> GdeltBatch:
    batch = GdeltBatch(_completed(batch.rows), batch.rejects)
    root = pl.col("EventRootCode").str.zfill(2)
    short = pl.col("EventRootCode").str.len_chars() == 1  # a spreadsheet has removed the leading zero
    code = (
        pl.when(short & ~pl.col("EventCode").str.starts_with("0"))
        .then("0" + pl.col("EventCode"))
        .otherwise("EventCode")
    )
    rows = batch.rows.with_columns(
        root=root,
        code=code,
        category=root.replace_strict(CATEGORIES, default=None),
        quad_class=pl.col("QuadClass").replace_strict(QUAD_CLASSES, default=None),
        goldstein=pl.col("GoldsteinScale").cast(pl.Float64, strict=False),
        clock=pl.coalesce(_added("%Y%m%d%H%M%S"), pl.lit(_file_time(file_stamp), pl.Datetime("us", "UTC"))),
    )
    rows = rows.with_columns(known=pl.coalesce("clock", _added("%Y%m%d")))
    faulty = pl.any_horizontal(pl.col("category", "quad_class", "known").is_null())
    rejects = [
        reject(source, line, _event_problem(cells), str(url))
        for line, url, *cells in rows.filter(faulty)
        .select("source_line", "SOURCEURL", "EventCode", "EventRootCode", "QuadClass", "DATEADDED", "category")
        .rows()
    ]
    kept = rows.filter(~faulty)
    sides = [pl.col(f"{actor}CountryCode").replace(countries) for actor in ("Actor1", "Actor2")]
    pair = pl.concat_list(sides).list.sort()
    evidence = pl.struct(
        "GLOBALEVENTID", "code", "SQLDATE", "NumMentions", "NumSources", "NumArticles", "SOURCEURL", "source_line"
    )
    events = kept.select(
        "category",
        "quad_class",
        "goldstein",
        known_at="known",
        known_precision=pl.when(pl.col("clock").is_null()).then(pl.lit("day")).otherwise(pl.lit("minute")),
        coder=pl.lit("gdelt"),
        cameo_root="root",
        tone=pl.col("AvgTone").cast(pl.Float64, strict=False) / 100,
        confidence=pl.lit(None, pl.Float64),
        source_country=sides[0],
        source_role=_role("Actor1"),
        target_country=sides[1],
        target_role=_role("Actor2"),
        dyad=pl.when(sides[0] != sides[1]).then(pair.list.join("-")),
        evidence=evidence.struct.json_encode(),
    ).select(EVENT_COLUMNS)
    return GdeltBatch(events, pl.concat([batch.rejects, pl.DataFrame(rejects, schema=REJECT_SCHEMA)]))


def _completed(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the missing columns of an extract: null, or derived from the event code."""
    missing = [name for name in LAYOUTS["events1"] if name not in rows.columns]
    completed = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in missing).with_columns(
        pl.col(_INTEGERS).str.replace(r"^(\d+)\.0$", "${1}")  # tables with an empty cell write integers as 40.0
    )
    code = _with_zeros(completed["EventCode"]) if "EventRootCode" in missing else completed["EventCode"]
    root = pl.coalesce("EventRootCode", code.str.slice(0, 2))
    quad = pl.coalesce("QuadClass", root.replace_strict(_QUAD_OF_ROOT, default=None))
    return completed.with_columns(EventRootCode=root, QuadClass=quad, EventCode=pl.coalesce(code, "EventCode"))


def _added(layout: str) -> pl.Expr:
    """Return DATEADDED as instants; databases write it in the form of ISO 8601, which has the same digits."""
    digits = pl.col("DATEADDED").str.replace(r"(\.0*)?( ?UTC|Z|\+00:?00)?$", "").str.replace_all(r"[-: T]", "")
    instants = digits.str.to_datetime(layout, time_unit="us", strict=False)
    return instants.dt.replace_time_zone("UTC")


def _event_problem(cells: Sequence[str | None]) -> str:
    """Return why a row cannot be read as an event: code, root, quad class, DATEADDED and category."""
    code, root, quad, added, category = cells
    if category is not None and quad in QUAD_CLASSES:
        return f"DATEADDED {added!r} is not a time, so it is not known when the event became known"
    if code and root is None:
        return (
            f"event code {code!r} may be 0{code} without its leading zero (keep EventRootCode, or write codes as text)"
        )
    return f"unknown CAMEO root {root!r} or quad class {quad!r}"


def _with_zeros(codes: pl.Series) -> pl.Series:
    """Restore the leading zeros of event codes, which a table of numbers loses, in an extract without root codes.

    CAMEO has no root above 20: 42 is 042, 841 is 0841. An ambiguous code (10: 010 or root 10) is read as 010 if the
    table has such shortened codes, as itself if it has codes with leading zeros, and is null otherwise.
    """
    first = codes.str.slice(0, 2).cast(pl.Int64, strict=False)
    cut = codes.str.contains(r"^\d{2,3}$") & (first > _LAST_ROOT)
    either = codes.str.contains(r"^[12]\d$") & ~cut
    if codes.str.starts_with("0").any():
        return codes
    padded = pl.when(cut | (either & bool(cut.any()))).then("0" + codes).when(~either).then(codes)
    return pl.select(padded.alias(codes.name)).to_series()


def _role(actor: str) -> pl.Expr:
    role = pl.col(f"{actor}Type1Code")
    return pl.when(role.is_in(ROLES)).then(role)


def _file_time(stamp: str | None) -> datetime | None:
    try:
        return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC) if stamp else None
    except ValueError:
        return None
