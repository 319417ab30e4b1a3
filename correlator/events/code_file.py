"""Headlines in a JSONL file to events: one line out per line in, in order, memory flat."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from io import StringIO
from itertools import islice
from typing import NamedTuple

from correlator.errors import InputError
from correlator.events.coder import code_headlines
from correlator.events.language import CODED, LEXICAL, language_of
from correlator.events.model import CodedEvent
from correlator.inert import safe_text
from correlator.syntax import json_fault

CHUNK = 4096
CSV_COLUMNS = (
    "line", "category", "quad", "cameo_root", "source", "target", "dyad", "scope", "goldstein", "tone", "confidence",
    "coder", "evidence",
)  # fmt: skip


class CodedLine(NamedTuple):
    """What one line gave: its events (main first), or why it could not be read."""

    number: int
    events: list[CodedEvent]
    problem: str | None
    language: str = CODED

    def surer(self, least: float) -> CodedLine:
        """The line without the events that are less sure than ``least``."""
        return self._replace(events=[event for event in self.events if event.confidence >= least])

    def as_json(self) -> str:
        """``{"events": [...]}``, with ``"error"`` where the line could not be read.

        A line in another language than English has ``"language": "fr"`` and whether it is coded.
        """
        record: dict[str, object] = {"events": [event.as_dict() for event in self.events]}
        if self.language != CODED:
            record |= {"language": self.language, "coded": self.language in LEXICAL}
        if self.problem is not None:
            record["error"] = self.problem
        return json.dumps(record, ensure_ascii=False)

    def as_csv(self) -> str:
        """One row of ``CSV_COLUMNS`` per event, each ended by a line feed; no cell is one that a spreadsheet runs."""
        out = StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for event in self.events:
            row = event.as_dict()
            spans = "; ".join(f"{item['field']}: {item['span']}" for item in event.evidence)
            cells = [self.number, *(row[name] for name in CSV_COLUMNS[1:-1]), spans]
            writer.writerow([safe_text(cell) if isinstance(cell, str) else cell for cell in cells])
        return out.getvalue()


class _Read(NamedTuple):
    number: int
    text: str
    on: date | None
    problem: str | None


class HowCoded(NamedTuple):
    """How lines are coded: arguments of ``code_lines``."""

    field: str = "text"
    date_field: str | None = None
    coder: str = "rules"
    home: str | None = None


Chunk = list[tuple[int, str]]
Each = Callable[[Callable[[Chunk], list[CodedLine]], Iterable[Chunk]], Iterable[list[CodedLine]]]
"""Makes what a function gives of each chunk, in order: ``map``, or one on other processes."""


def code_lines(
    lines: Iterable[str],
    *,
    field: str = "text",
    date_field: str | None = None,
    coder: str = "rules",
    home: str | None = None,
    each: Each = map,
) -> Iterator[CodedLine]:
    """Events of each JSON line's ``field``, in order; ``date_field`` names the day by which leaders hold office.

    ``coder`` and ``home`` (country of the page) as ``code_text`` takes them; ``each`` says where chunks are coded.
    """
    numbered = enumerate(lines, start=1)
    chunks = iter(lambda: list(islice(numbered, CHUNK)), [])
    for coded in each(partial(code_chunk, how=HowCoded(field, date_field, coder, home)), chunks):
        yield from coded


def code_chunk(chunk: Chunk, how: HowCoded) -> list[CodedLine]:
    """Events of numbered lines, in order."""
    reads = [_read(number, line, how.field, how.date_field) for number, line in chunk]
    coded: dict[int, list[CodedEvent]] = {}
    for day in {read.on for read in reads}:
        same = [read for read in reads if read.on == day and read.problem is None]
        events = code_headlines([read.text for read in same], on=day, coder=how.coder, home=how.home)
        coded.update((read.number, coded_events) for read, coded_events in zip(same, events, strict=True))
    return [CodedLine(each.number, coded.get(each.number, []), each.problem, language_of(each.text)) for each in reads]


def _read(number: int, line: str, field: str, date_field: str | None) -> _Read:
    try:
        record = json.loads(line.rstrip())
    except (ValueError, RecursionError) as error:
        return _Read(number, "", None, f"line {number} is not JSON: {json_fault(error, is_line=True)}")
    text = record.get(field) if isinstance(record, dict) else None
    if not isinstance(text, str):
        return _Read(number, "", None, f"line {number} has no text in the field {field!r}")
    return _Read(number, text, _day(record, date_field), None)


def _day(record: dict[str, object], date_field: str | None) -> date | None:
    value = record.get(date_field) if date_field else None
    if not isinstance(value, str) or not value:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise InputError(f"{value!r} in the field {date_field!r} is not a date", hint="2025-05-28") from None
