"""Classify single cells, and find from them where a table begins: its header rows and the lines above them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = r"[^\W\d_]"
DATE_LIKE = re.compile(
    rf"""^\s*['’]?(
      (1[6-9]|20)\d\d[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?!\d)
    | \d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{4}}|\d{{2}})(?!\d)
    | (19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\s?\d{{4}}|\s?\d{{6}}|\s+\d{{2}}:.*)?$
    | \d{{9,10}}$ | \d{{12,13}}$ | \d{{15,16}}$ | \d{{18,19}}$
    | \d{{1,2}}[-\s./]*({_WORD}{{3,}})\.?[-\s./,]*['’]?(\d{{4}}|\d{{2}})(?!\d)
    | ({_WORD}{{3,}}\.?,?\s+)?{_WORD}{{3,}}\.?\s*\d{{1,2}},?\s+\d{{4}}
    | ({_WORD}{{2,}}\.?,?\s+)\d{{1,2}}[-\s./]*({_WORD}{{3,}})\.?[-\s./,]*\d{{2,4}}
    | (19|20)\d\d[-\s./]{_WORD}{{3,}}[-\s./]\d{{1,2}}
    | (19|20)\d\d\s*[年년]
    | 1\d\d/\d{{1,2}}/\d{{1,2}}$
    | (19|20)\d\d-W\d\d-[1-7]$
    | /Date\(\d+
    )""",
    re.X,
)
NUMBER_LIKE = re.compile(
    r"^\s*+[-+(]?\s*+(?:[$€£¥₹₨₺₩]|Rs\.?|[A-Z]{1,2}\$)?\s*+[-+]?("
    r"\d[\d.,'’\s\u00a0\u202f]*+|\.\d+)([eE][-+]?\d+)?\s*+[KMBTkmbt%)]?\s*+$"
)
_INDEX_NAMES = frozenset(
    (
        *("", "date", "dates", "datetime", "timestamp", "price", "ticker", "tickers"),
        *("symbol", "symbols", "attributes", "field"),
    )
)
_UNIT = re.compile(
    r"\b(?P<hundredths>GBX|GBp|GBx|[Pp]ence|ZAc|ILA)\b|\b(?:[Cc]urrency|[Pp]rices|[Qq]uoted)\s+in\s+(?P<currency>[A-Z]{3})\b"
)
_UNIT_ROWS = ("currency", "ccy", "curr", "price currency")
MOST_LEVELS = 3


@dataclass(frozen=True)
class Record:
    """The cells of one record of a text, and the physical lines that it spans, counted from 1."""

    first_line: int
    last_line: int
    cells: list[str]


@dataclass(frozen=True)
class Outline:
    """The parts of a text table: lines ``above`` it, ``header`` records (top first) and the ``first`` data record."""

    above: list[Record]
    header: list[Record]
    first: Record | None


def is_date_like(cell: str) -> bool:
    """Whether the cell looks like a date or a timestamp."""
    return bool(DATE_LIKE.match(cell))


def is_data(cells: Sequence[str]) -> bool:
    """Whether a record looks like a row of a price table: a date in one cell and a number in another."""
    dates = [number for number, cell in enumerate(cells) if is_date_like(cell)]
    return any(NUMBER_LIKE.match(cell) and number != dates[0] for number, cell in enumerate(cells)) if dates else False


def outline(records: Sequence[Record]) -> Outline:
    """Find the header and the first row of the table in the first non-empty records of a text."""
    at = next((number for number, record in enumerate(records) if is_data(record.cells)), None)
    if at is None:
        start = _below_title(records)
        below = records[start + 1 :]
        return Outline(list(records[:start]), list(records[start : start + 1]), below[0] if below else None)
    place = next(number for number, cell in enumerate(records[at].cells) if is_date_like(cell))
    while at > 0 and _goes_on_above(records, at, place):
        at -= 1
    width = len(records[at].cells)
    start = at
    while start > 0 and at - start < MOST_LEVELS and _is_level(records[start - 1], records[start:at], width):
        start -= 1
    header = list(records[start:at])
    if start > 0 and len(header) == 1 and _is_unit_row(header[0]) and _fits(records[start - 1].cells, width):
        return Outline(list(records[: start - 1]), list(records[start - 1 : at]), records[at])
    return Outline(list(records[:start]), header, records[at])


def _below_title(records: Sequence[Record]) -> int:
    """Return the index of the header of a table without numbers.

    It is below title records of one cell, if the records from there on have equal widths, and if the titles are
    separated by a blank line, padded with empty cells, or the header names each column.
    """
    at = next((number for number, record in enumerate(records) if sum(map(bool, map(str.strip, record.cells))) > 1), 0)
    if at == 0:
        return 0
    title, header = records[at - 1], records[at]
    apart = header.first_line > title.last_line + 1 or len(title.cells) == len(header.cells)
    names = [cell.strip() for cell in header.cells]
    apart = apart or (_names_each(names) and not any(map(is_date_like, names)))
    below = records[at + 1 : at + 4]
    fits = bool(below) and all(len(record.cells) == len(header.cells) for record in below)
    return at if apart and fits and all(cell.strip() for cell in header.cells) else 0


def _goes_on_above(records: Sequence[Record], at: int, place: int) -> bool:
    """Whether the record above ``records[at]`` is a row of the table, too.

    It has a date in the cell ``place``, or a damaged one beside figures, or none beside figures and somewhere below the
    names.
    """
    above, below = records[at - 1].cells, records[at].cells
    if place >= len(above) or len(above) > len(below):
        return False
    if is_date_like(above[place]):
        return len(above) == len(below) or _without_empty_end(below) == len(above)
    others = [cell for number, cell in enumerate(above) if number != place and cell.strip()]
    if len(others) < 2 or not all(map(NUMBER_LIKE.match, others)):
        return False
    has_decimals = any("." in cell or "," in cell for cell in others)
    if any(map(str.isdigit, above[place])):
        return has_decimals or len(above) == len(below)
    as_wide = next(record.cells for record in records if len(record.cells) in (len(above), len(below)))
    return has_decimals and as_wide is not above and _names_each(as_wide)


def _without_empty_end(cells: Sequence[str]) -> int:
    """Return the number of cells up to the last one that is not empty."""
    return max((number for number, cell in enumerate(cells, start=1) if cell.strip()), default=0)


def _is_level(record: Record, below: Sequence[Record], width: int) -> bool:
    """Whether the record is the header, or a further header row above those in ``below``."""
    cells = [cell.strip() for cell in record.cells]
    if not below:
        return _fits(cells, width) or (len(cells) > width and _names_each(cells))
    if not _fits(cells, width) or sum(bool(cell) for cell in cells) < 2:
        return False
    lower = [cell.strip() for cell in below[0].cells]
    if _names_blocks(cells, lower) or (_names_each(cells) and width > 2 and len(lower) == len(cells) and all(lower)):
        return True
    only_index = not any(cell.strip() for cell in below[0].cells[1:])
    same_index = cells[0].lower() == below[0].cells[0].strip().lower()
    return only_index or ((cells[0].lower() in _INDEX_NAMES or same_index) and not is_data(cells))


def _names_each(cells: Sequence[str]) -> bool:
    """Whether the cells are distinct names, one for each column."""
    return (
        all(cells) and len(set(cells)) == len(cells) and not any(map(NUMBER_LIKE.match, cells)) and not is_data(cells)
    )


def _names_blocks(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the cells name tables side by side: one name above each repetition of the first name below."""
    starts = [column for column, cell in enumerate(below) if cell and cell == below[0]]
    named = [column for column, cell in enumerate(cells) if cell]
    if len(starts) < 2 or len(named) != len(starts) or is_data(cells):
        return False
    ends = [*starts[1:], len(below)]
    return all(start <= column < end for column, start, end in zip(named, starts, ends, strict=True))


def _is_unit_row(record: Record) -> bool:
    """Whether a record below the names states the unit of every column: ``Currency,U$,U$``."""
    return record.cells[0].strip().lower().rstrip(":") in _UNIT_ROWS


def _fits(cells: Sequence[str], width: int) -> bool:
    """Whether a record is as wide as the table; trailing empty cells may be missing, or there may be one too many."""
    filled = len(cells)
    while filled > 1 and not cells[filled - 1]:
        filled -= 1
    return filled <= width <= len(cells) + 1 and (filled > 1 or width <= 2 or len(cells) == width)


def header_cells(header: Sequence[Record], width: int) -> list[tuple[str, ...]]:
    """Return the header cells above each column, top first; empty cells of upper rows repeat the one to their left."""
    rows = []
    for number, record in enumerate(header):
        cells = [" ".join(cell.replace("\ufeff", "").split()) for cell in record.cells]
        cells = (cells + [""] * width)[:width]
        is_last = number == len(header) - 1
        rows.append(cells if is_last or len(header) == 1 else _carried(cells))
    return [tuple(row[column] for row in rows) for column in range(width)]


def _carried(cells: list[str]) -> list[str]:
    carried = cells[:1]
    for cell in cells[1:]:
        carried.append(cell or (carried[-1] if len(carried) > 1 else ""))
    return carried


def facts_above(above: Sequence[Record]) -> dict[str, str]:
    """Return the key-value facts stated above a table, with keys in lower case.

    For example ``Security,KO US Equity``, ``Currency: GBp`` or ``Lamp plc, prices in GBX``.
    """
    facts: dict[str, str] = {}
    for record in above:
        cells = [cell.strip().strip("#").strip() for cell in record.cells if cell.strip()]
        if len(cells) == 1 and ":" in cells[0]:
            cells = [part.strip() for part in cells[0].split(":", 1)]
        if len(cells) == 2 and cells[1]:
            facts.setdefault(cells[0].rstrip(":").strip().lower(), cells[1])
        if len(cells) < 3 and (unit := _UNIT.search(" ".join(cells))):
            facts.setdefault("currency", unit["hundredths"] or unit["currency"])
    return facts
