"""Code the headlines of a file or frame: one output line per input line, in order, in constant memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from correlator.base.inert import safe_text
from correlator.events.coder import code_headlines
from correlator.events.files.headline_source import Fields, Line, headlines_in
from correlator.events.model import CodedEvent
from correlator.events.vocabulary.language import CODED, LEXICAL, language_of

if TYPE_CHECKING:
    import polars as pl

CHUNK = 4096
NO_FIELDS: Final = Fields()
CSV_COLUMNS = (
    "line", "category", "quad", "cameo_root", "source", "target", "dyad", "scope", "goldstein", "tone", "confidence",
    "coder", "evidence",
)  # fmt: skip


class CodedLine(NamedTuple):
    """The result of one line: its events (main event first), or why it could not be read."""

    number: int
    events: list[CodedEvent]
    problem: str | None
    language: str = CODED
    text: str = ""

    def surer(self, least: float) -> CodedLine:
        """Return the line without events of a confidence below ``least``."""
        return self._replace(events=[event for event in self.events if event.confidence >= least])

    def as_json(self) -> str:
        """Return ``{"events": [...]}``, with ``"error"`` if the line could not be read.

        A line in a language other than English also has ``"language": "fr"`` and ``"coded"``.
        """
        record: dict[str, object] = {"events": [event.as_dict() for event in self.events]}
        if self.language != CODED:
            record |= {"language": self.language, "coded": self.language in LEXICAL}
        if self.problem is not None:
            record["error"] = self.problem
        return json.dumps(record, ensure_ascii=False)

    def as_csv(self) -> str:
        """Return one row of ``CSV_COLUMNS`` per event, without cells that a spreadsheet would run as formulas."""
        out = StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for event in self.events:
            cells = (self.number, *_cells(event))
            writer.writerow([safe_text(cell) if isinstance(cell, str) else cell for cell in cells])
        return out.getvalue()

    def as_rows(self) -> list[tuple[object, ...]]:
        """Return one row per event (line, text, ``CSV_COLUMNS`` from category on, problem), or one with the problem."""
        if self.problem is not None:
            return [(self.number, None, *(None for _ in CSV_COLUMNS[1:]), self.problem)]
        return [(self.number, self.text, *_cells(event), None) for event in self.events]


def _cells(event: CodedEvent) -> list[object]:
    """Return the values of ``CSV_COLUMNS`` from category on."""
    row = event.as_dict()
    spans = "; ".join(f"{item['field']}: {item['span']}" for item in event.evidence)
    return [*(row[name] for name in CSV_COLUMNS[1:-1]), spans]


class HowCoded(NamedTuple):
    """Options of coding, as in ``code_lines``."""

    coder: str = "rules"
    home: str | None = None


Chunk = list[Line]
Each = Callable[[Callable[[Chunk], list[CodedLine]], Iterable[Chunk]], Iterable[list[CodedLine]]]
"""Applies a function to each chunk, in order: ``map``, or a map over other processes."""


def code_lines(
    source: str | Path | Iterable[str] | Any,
    fields: Fields = NO_FIELDS,
    *,
    encoding: str | None = None,
    coder: str = "rules",
    home: str | None = None,
    each: Each = map,
) -> Iterator[CodedLine]:
    """Code each headline of a file, of lines of text, or of a frame, in order (see ``headlines_in``).

    ``coder`` and ``home`` (country of the page) are as in ``code_text``; ``each`` maps over chunks.
    """
    lines = headlines_in(source, fields, encoding)
    chunks = iter(lambda: list(islice(lines, CHUNK)), [])
    for coded in each(partial(code_chunk, how=HowCoded(coder, home)), chunks):
        yield from coded


def code_chunk(chunk: Chunk, how: HowCoded) -> list[CodedLine]:
    """Code numbered headlines, in order."""
    coded: dict[int, list[CodedEvent]] = {}
    for day in {line.on for line in chunk}:
        same = [line for line in chunk if line.on == day and line.problem is None]
        events = code_headlines([line.text for line in same], on=day, coder=how.coder, home=how.home)
        coded.update((line.number, coded_events) for line, coded_events in zip(same, events, strict=True))
    return [
        CodedLine(line.number, coded.get(line.number, []), line.problem, language_of(line.text), line.text)
        for line in chunk
    ]


def code_file(
    source: str | Path | Iterable[str] | Any,
    *,
    field: str | None = None,
    date_field: str | None = None,
    encoding: str | None = None,
    coder: str = "rules",
    home: str | None = None,
) -> pl.DataFrame:
    """Code the headlines of a file, of lines of text, or of a frame, without a store.

    Parameters
    ----------
    source
        A file (one headline per line, JSON lines, JSON, CSV, XLSX, Parquet, Arrow; also compressed), an iterable of
        such lines, or any frame that exports Arrow.
    field, date_field
        Field or column of the headline (None: the first of the usual names, such as headline, title or text) and of its
        date, for which leaders' offices are looked up (None: the latest in the data).
    encoding
        Encoding of a text file that is not UTF-8.
    coder, home
        As in ``code_text``.

    Returns
    -------
    polars.DataFrame
        One row per event, in order: ``line`` (number of the line or row, from 1), ``text``, ``category``,
        ``quad``, ``cameo_root``, ``source``, ``target``, ``dyad``, ``scope``, ``goldstein`` (-10 to 10), ``tone`` (-1
        to 1), ``confidence`` (0 to 1), ``coder``, ``evidence``, ``problem``. A line that cannot be read has one row
        with ``problem`` and nulls.

    Raises
    ------
    NotFoundError
        If the file or column does not exist.
    InputError
        If the source has no headlines, or coder or country are unknown.

    Examples
    --------
    >>> code_file(["Pakistan, Azerbaijan hold talks on trade"]).select("category", "dyad").row(0)
    ('CONSULT', 'AZE-PAK')
    """
    import polars as pl

    rows = [
        row
        for line in code_lines(source, Fields(field, date_field), encoding=encoding, coder=coder, home=home)
        for row in line.as_rows()
    ]
    numbers = {name: pl.Float64() for name in ("goldstein", "tone", "confidence")}
    names = ("line", "text", *CSV_COLUMNS[1:], "problem")
    return pl.DataFrame(
        rows, schema={name: numbers.get(name, pl.String()) for name in names} | {"line": pl.Int64()}, orient="row"
    )
