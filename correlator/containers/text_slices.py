"""Read a long text table in slices, each a raw table with the header of the whole, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from correlator.base.files import called, opened
from correlator.containers.cells import facts_above, header_cells
from correlator.containers.hints import KnownWords
from correlator.containers.raw import LINE, RawTable, column_names, no_lines
from correlator.containers.text import TextLayout, layout_of, line_by_line
from correlator.errors import InputError

_LONGEST_CELL = 64 << 20


@dataclass(frozen=True)
class TextSlices:
    """The slices of the file ``path``; iterating reads it from the beginning."""

    path: Path
    source: str
    layout: TextLayout
    size: int

    def __iter__(self) -> Iterator[RawTable]:
        table, skipped = self.layout.outline, self.layout.skipped
        names = column_names(self.layout.width)
        header, facts = tuple(header_cells(table.header, len(names))), facts_above(table.above)
        line = skipped + 1
        with opened(self.path) as file:
            for _ in range(skipped):
                file.readline()
            for data in _whole_lines(file, self.size):
                raw = self._table(data, names)
                frame = raw.frame.with_columns((pl.col(LINE).cast(pl.Int64) + line - 1).alias(LINE))
                broken = raw.broken.with_columns(pl.col(LINE) + line - 1)
                yield replace(raw, frame=frame, header=header, facts=facts, broken=broken)
                line += raw.frame.height + raw.broken.height

    def _table(self, data: bytes, names: list[str]) -> RawTable:
        options = {"separator": self.layout.separator, "has_header": False, "encoding": "utf8-lossy"}
        try:
            frame = pl.read_csv(io.BytesIO(data), schema=dict.fromkeys(names, pl.String), **options)  # type: ignore[arg-type]
        except pl.exceptions.PolarsError:
            return line_by_line(data, self.source, self.layout.separator, 0, width=len(names))
        return RawTable(self.source, frame.with_row_index(LINE, offset=1), (), no_lines(), is_text=True)


def text_slices(path: Path, known_words: KnownWords, *, size: int) -> TextSlices | None:
    """Return the slices of a text file, of about ``size`` bytes each.

    Return None for a file that must be read whole: another encoding, columns separated by spaces.
    Raise InputError for a file that is not text or contains no table.
    """
    layout = layout_of(path, called(path), known_words)
    return None if layout is None else TextSlices(path, called(path), layout, size)


def _whole_lines(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Yield pieces of about ``size`` bytes that end at the end of a line, outside of quotes.

    Raise InputError if a quoted cell grows too long: the file has an unmatched quote.
    """
    rest = b""
    while chunk := file.read(size):
        data = rest + chunk
        cut = _last_end(data)
        rest = data[cut:]
        if len(rest) > _LONGEST_CELL:
            raise InputError("unmatched quote", hint="read the file whole")
        if cut:
            yield data[:cut]
    if rest.strip():
        yield rest


def _last_end(data: bytes) -> int:
    """Return where the last line that ends outside of quotes ends, or 0 if there is none."""
    end = data.rfind(b"\n") + 1
    if not end or not data.count(b'"', 0, end) % 2:
        return end
    codes = np.frombuffer(data, dtype=np.uint8)
    inside = np.cumsum(codes == ord('"'), dtype=np.int64) % 2
    ends = np.flatnonzero((codes == ord("\n")) & (inside == 0))
    return int(ends[-1]) + 1 if len(ends) else 0
