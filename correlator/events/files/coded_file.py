"""Read events coded elsewhere, from GDELT files and a user's table, into rows of the table ``events``.

A user's table (CSV with any separator, XLSX, JSON, Parquet, Arrow) has a header. ``date`` (a date or timestamp, written
as in files of prices) and ``category`` are required; ``time`` is the time of day of a plain date, and ``timezone`` the
zone of a time without one, as in the events of a study. Optional columns are ``quad``, ``source``, ``target`` (``PAK``,
``Pakistan`` or ``PAK:GOV``; unknown actors keep their name), ``goldstein``, ``tone``, ``confidence``, ``cameo_root``,
``symbol``, ``note``, and ``id`` (or ``event_id``): rows with equal content are one event unless their ids differ. A
category may be the user's own; one of PLOVER's implies its quad class and score.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from correlator.base.files import called
from correlator.base.iso_dates import iso_moment
from correlator.base.syntax import csv_fault
from correlator.containers.read import is_lines_of_text, is_utf8, text_table
from correlator.containers.slices import text_tables
from correlator.errors import InputError, TimeError
from correlator.events.model import CATEGORIES, QUAD_CLASSES, Actor, dyad_of
from correlator.events.vocabulary.actors import OTHER_CODES, country_of
from correlator.market.names.codes import as_symbol
from correlator.market.vocabulary import beside, event_field
from correlator.market.written.clock_columns import without_zone, zone_in_name
from correlator.market.written.dates import PARTS, joined_day, places_of_parts
from correlator.market.written.stamps import ZONE_BEHIND
from correlator.news.batch import REJECT_SCHEMA, reject
from correlator.tables import EVENTS

if TYPE_CHECKING:
    import polars as pl

DayOf = Callable[[str], date | None]
CODED_COLUMNS: Final = tuple(name for name in EVENTS.column_names if name not in ("event_id", "event_key"))
_NEEDED = ("date", "category")
_TIME, _ZONE = "time", "timezone"
_KNOWN = (
    *_NEEDED, "quad", "source", "target", "goldstein", "tone", "confidence", "cameo_root", "symbol", "note", "id",
    "event_id", "time", "timezone",
)  # fmt: skip
FRAME_ROWS, PART_FRAMES = 5_000, 4
"""Rows read at a time, and the number of such frames that are yielded together."""
_SEPARATORS = ",;\t|"
_COLUMNS = f"known columns are {', '.join(_KNOWN)}"
_YEAR_FIRST = re.compile(r"^(\d{4})[/.](\d{2})[/.](\d{2})")
_BUDDHIST = re.compile(r"2[56]\d\d-")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_BOUNDS = {"goldstein": (-10.0, 10.0), "tone": (-1.0, 1.0), "confidence": (0.0, 1.0)}


def read_event_file(path: Path) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield pairs of events and rejects (``REJECT_SCHEMA``) from a GDELT file, or from a user's table of any format.

    Events have ``CODED_COLUMNS``, user_id (empty if missing) and source_line.
    """
    is_text = is_lines_of_text(path)
    separator = _separator(path) if is_text else None
    if separator is not None or not is_text:
        yield from read_coded_events(path, separator)
        return
    from correlator.news.corpora.gdelt import read_events

    for batch in read_events(path, OTHER_CODES):
        yield _completed(batch.rows), batch.rejects


def read_coded_events(path: Path, separator: str | None) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield pairs of events and rejects from a user's table; ``separator`` is that of a text file.

    Raises InputError for a file without the required columns.
    """
    try:
        days = WrittenDays(lambda: text_table(path), called(path))
        if separator is not None and _is_packed_utf8(path):
            from correlator.news.corpora.gdelt import unpacked_lines

            yield from read_coded_lines(unpacked_lines(path), path, separator, days=days)
        elif separator is not None and is_utf8(path):
            with path.open(encoding="utf-8-sig", newline="") as lines:
                yield from read_coded_lines(lines, path, separator, days=days)
        else:
            yield from read_coded_lines(_lines_of_tables(path), path, days=days)
    except csv.Error as error:
        raise InputError(
            f"{path} is not valid CSV: {csv_fault(error)}", hint="check quotation marks and the length of cells"
        ) from None


def _lines_of_tables(path: Path) -> Iterator[str]:
    """Yield a table that is not a text file as lines of CSV."""
    for number, table in enumerate(text_tables(path)):
        yield from io.StringIO(table.write_csv(include_header=not number))


def _no_day(_text: str) -> date | None:
    return None


class WrittenDays:
    """Dates and times of a column ``date`` that are not ISO 8601.

    The order of day and month is decided from the whole column, which is read at the first such cell.
    """

    def __init__(self, table: Callable[[], pl.DataFrame], source: str) -> None:
        self._table, self._source = table, source

    def __call__(self, text: str) -> date | None:
        """Return the date or time in a cell, or None. Raises TimeError if it is ambiguous."""
        if isinstance(self._moments, TimeError):
            raise self._moments
        return self._moments.get(text)

    @cached_property
    def _moments(self) -> dict[str, date] | TimeError:
        import polars as pl

        from correlator.market.written.dates import NoDatesError, with_joined_days
        from correlator.market.written.day_numbers import counted_moments
        from correlator.market.written.stamps import read_stamps

        table = with_joined_days(self._table())
        names = _own_names([each.strip() for each in table.columns])
        if "date" not in names:
            return {}
        column = table[table.columns[names.index("date")]].cast(pl.String).str.strip_chars()
        column = column.filter(column != "").unique(maintain_order=True)
        counted = counted_moments(column)
        if counted.dtype != pl.String:
            return dict(zip(column, counted, strict=True))
        try:
            stamps = read_stamps(column, source=self._source)
        except NoDatesError:
            return {}
        except TimeError as problem:
            return TimeError(problem.message, hint="write its dates as YYYY-MM-DD")
        return {text: moment for text, moment in zip(column, stamps.values, strict=True) if moment is not None}


def read_coded_lines(
    lines: Iterable[str], path: Path, separator: str = ",", *, days: DayOf = _no_day
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Read the lines of a CSV like ``read_coded_events``; ``path`` names it in errors."""
    import polars as pl

    reader = csv.DictReader(lines, delimiter=separator)
    written = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = _own_names(written)
    _check_header(path, reader.fieldnames)
    zone = _zone_of_header(dict(zip(reader.fieldnames, written, strict=True)))
    while frames := list(islice(_frames(reader, path, days, zone), PART_FRAMES)):
        events, rejects = zip(*frames, strict=True)
        yield pl.concat(events), pl.concat(rejects)


def _frames(
    reader: csv.DictReader[str], path: Path, days: DayOf, zone: str
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield events and rejects of ``FRAME_ROWS`` rows at a time: dictionaries take 20 times the memory of frames."""
    import polars as pl

    while chunk := list(islice(((reader.line_num, row) for row in reader), FRAME_ROWS)):
        rows: list[dict[str, object]] = []
        rejects: list[dict[str, object]] = []
        for line, row in chunk:
            try:
                rows.append({**_event(row, days, zone), "source_line": line})
            except InputError as error:
                printed = _printed(row)
                if not printed.strip(" ,"):
                    continue
                rejects.append(reject(called(path), line, str(error), printed))
        yield pl.DataFrame(rows, schema=_outside_schema()), pl.DataFrame(rejects, schema=REJECT_SCHEMA)


def _printed(row: Mapping[str | None, str | list[str] | None]) -> str:
    """Return the cells of a row as one line; extra cells are in a list, missing ones None."""
    cells = (value if isinstance(value, list) else [value] for value in row.values() if value is not None)
    return ",".join(cell for each in cells for cell in each)


def _outside_schema() -> dict[str, pl.DataType]:
    import polars as pl

    return EVENTS.schema(CODED_COLUMNS) | {"user_id": pl.String(), "source_line": pl.Int64()}


def _completed(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of a user's events to GDELT's rows; GDELT's ids are in the evidence."""
    import polars as pl

    given = {"user_id": pl.lit(""), "source_line": pl.lit(None)}
    missing = [given.get(name, pl.lit(None)).alias(name) for name in _outside_schema() if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in _outside_schema().items())


def _is_packed_utf8(path: Path) -> bool:
    from correlator.news.corpora.gdelt import unpacked_lines

    return _is_packed(path) and not any("\ufffd" in line for line in unpacked_lines(path))


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) in (b"\x1f\x8b", b"PK")


def _separator(path: Path) -> str | None:
    """Return the separator of a user's header, or None if the first line is not a header."""
    if _is_packed(path):
        from correlator.news.corpora.gdelt import unpacked_lines

        head = next(iter(unpacked_lines(path)), "").removeprefix("\ufeff").strip()
    else:
        with path.open("rb") as file:
            head = file.readline(4096).decode("utf-8-sig", "replace")
    for separator in _SEPARATORS:
        names = _own_names([name.strip().strip('"') for name in head.split(separator)])
        if len({*names} & {*_KNOWN, *PARTS}) >= len(_NEEDED):  # a missing column is reported when the header is read
            return separator
    return None


def _own_names(written: list[str]) -> list[str]:
    """Return the names of a header with usual other names replaced by ours (``Event Date``, ``Ticker``, ``Kategorie``).

    That applies to symbol, date and category if no column has our name, to a column of zones, to ``Time (UTC)``, and to
    year, month and day if no column is called ``date``. If two columns match one of ours, neither is renamed.
    """
    names = [_TIME if zone_in_name(name) and without_zone(name).lower() == _TIME else name.lower() for name in written]
    names = names if names.count(_TIME) < 2 else [name.lower() for name in written]
    zone = next((place for place, name in enumerate(names) if beside(name) in ("zone", "offset")), None)
    names = [_ZONE if place == zone else name for place, name in enumerate(names)]
    places = places_of_parts(names) if "date" not in names else None
    if places is not None:
        ours = dict(zip(places, PARTS, strict=True))
        names = [ours.get(place, name) for place, name in enumerate(names)]
    for own in ("symbol", "date", "category"):
        matches = [name for name in names if name not in _KNOWN and event_field(name) == own]
        if own not in names and len(matches) == 1 and not (own == "date" and places is not None):
            names = [own if name == matches[0] else name for name in names]
    return names


def _zone_of_header(written: Mapping[str, str]) -> str:
    """Return the time zone in the name of the column of times, else of dates; empty if neither states one.

    ``written``: our names of the columns to those in the header.
    """
    zones = (zone_in_name(written.get(name, "")) for name in (_TIME, "date"))
    return next((zone for zone in zones if zone), "")


def _check_header(path: Path, names: object) -> None:
    given = [str(name) for name in names] if isinstance(names, (list, tuple)) else []
    repeated = next((name for name in given if name and given.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"{path.name} has two columns {repeated!r}", hint="keep one of them")
    given = ["date" if name in PARTS else name for name in given] if set(PARTS) <= set(given) else given
    missing = [name for name in _NEEDED if name not in given]
    if missing:
        raise InputError(f"{path.name}: column {missing[0]!r} is missing", hint=_COLUMNS)
    unknown = [name for name in given if name and name not in _KNOWN]  # a column without a name has row numbers
    if unknown:
        raise InputError(f"{path.name} has an unknown column {unknown[0]!r}", hint=_COLUMNS)


def _event(row: Mapping[str | None, Any], days: DayOf, zone: str) -> dict[str, object]:
    extra = [cell for cell in row.get(None) or () if cell.strip()]
    if extra:
        raise InputError(f"the row has more cells than the header: {extra[0]!r}", hint="quote cells with the separator")
    cells = {name: (row.get(name) or "").strip() for name in _KNOWN}
    cells["date"] = cells["date"] or joined_day(*map(row.get, PARTS)) or ""
    cells[_ZONE] = cells[_ZONE] or zone
    known_at, precision = _when(cells, days)
    category = cells["category"]
    if not category:
        raise InputError("the row has no category")
    plover = CATEGORIES.get(category.upper())
    quad = cells["quad"].lower() or (plover.quad_class if plover else "neutral")
    if quad not in QUAD_CLASSES:
        raise InputError(f"unknown quad class {quad!r}", hint=f"quad classes are {', '.join(QUAD_CLASSES)}")
    source, target = _actor(cells["source"]), _actor(cells["target"])
    goldstein = _number(cells, "goldstein")
    return {
        "article_id": None,
        "known_at": known_at,
        "known_precision": precision,
        "coder": "user",
        "category": plover.name if plover else category,
        "quad_class": quad,
        "cameo_root": cells["cameo_root"] or (plover.cameo_root if plover else None),
        "goldstein": goldstein if goldstein is not None else (plover.goldstein if plover else None),
        "tone": _number(cells, "tone"),
        "confidence": _number(cells, "confidence"),
        "source_country": source.country if source else None,
        "source_role": source.role if source else None,
        "target_country": target.country if target else None,
        "target_role": target.role if target else None,
        "dyad": dyad_of(source, target),
        "symbol": as_symbol(cells["symbol"]) or None,
        "user_id": cells["id"] or cells["event_id"],
        "evidence": json.dumps([{"field": "category", "rule": "given by the user", "span": cells["note"]}]),
    }


def _when(cells: Mapping[str, str], days: DayOf) -> tuple[datetime, str]:
    """Return instant and precision: a plain date is midnight UTC with precision ``day``; a time needs a zone.

    Midnight, with or without a zone, counts as a plain date, since pandas writes dates like that.
    """
    moment = _at_its_time(_moment(cells["date"], days), cells["time"])
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC), "day"
    if moment.time() == datetime.min.time():
        return moment.replace(tzinfo=UTC), "day"
    if moment.tzinfo is None:
        moment = _by_zone(moment, cells[_ZONE])
    return moment.astimezone(UTC), "minute" if moment.second == 0 else "second"


def _moment(written: str, days: DayOf) -> date:
    """Return the date or time in a cell. Raises InputError if it is neither."""
    text = re.sub(ZONE_BEHIND, r"\1", _YEAR_FIRST.sub(r"\1-\2-\3", written))
    try:
        if _BUDDHIST.match(text):
            raise ValueError
        return iso_moment(text)
    except ValueError:
        moment = days(written)
    if moment is None:
        raise InputError(f"{written!r} is not a date", hint="write it like 2025-05-28 or 2025-05-28T06:02+05:00")
    return moment


def _at_its_time(moment: date, time_of_day: str) -> date:
    """Return a date with the time of day of its row. Raises InputError for a time in words."""
    if not time_of_day:
        return moment
    if isinstance(moment, datetime) and moment.time() != datetime.min.time():
        raise InputError(f"the row has a time in its date and also {time_of_day!r}", hint="remove one of them")
    clock = _clock(time_of_day)
    if clock is None:
        raise InputError(f"{time_of_day!r} is not a time of day", hint=f"write HH:MM, with its zone in {_ZONE}")
    return datetime.combine(moment, clock)


@lru_cache(maxsize=4096)
def _clock(text: str) -> time | None:
    import polars as pl

    from correlator.market.written.event_clocks import read_clocks

    clock = read_clocks(pl.Series([text]))["clock"].item()
    return None if clock is None else time.fromisoformat(clock)


def _by_zone(wall: datetime, zone: str) -> datetime:
    """Return a time without a zone as a time in ``zone``. Raises InputError without one, and like ``by_zone``."""
    import polars as pl

    from correlator.market.written.event_clocks import by_zone

    if not zone:
        raise InputError(f"the time '{wall:%Y-%m-%d %H:%M}' has no zone", hint=f"add an offset, or a column {_ZONE}")
    located: datetime = by_zone(pl.Series([wall]), zone, _ZONE).item()
    return located


def _actor(code: str) -> Actor | None:
    country, _, role = (part.strip() for part in code.partition(":"))
    known = country_of(country)
    if known is None and len(country) == len("PK"):
        raise InputError(f"country {country!r} may be an ISO or a FIPS code", hint="write three letters, such as PAK")
    return Actor(known or country.upper() or None, role.upper() or None, code) if code else None


def _number(cells: Mapping[str, str], name: str) -> float | None:
    if not cells[name]:
        return None
    low, high = _BOUNDS[name]
    try:
        written = cells[name]
        value = float(written.replace(",", ".") if _DECIMAL_COMMA.fullmatch(written) else written)
    except ValueError:
        raise InputError(f"{name} {cells[name]!r} is not a number") from None
    if not low <= value <= high:
        raise InputError(f"{name} must be between {low} and {high}, got {value}")
    return value
