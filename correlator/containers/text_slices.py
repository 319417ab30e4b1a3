"""A long text table in slices, each a raw table of its own with the header of the whole: memory stays bounded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import polars as pl

from correlator.containers.cells import facts_above, header_cells
from correlator.containers.hints import KnownWords
from correlator.containers.raw import LINE, RawTable, column_names, no_lines
from correlator.containers.text import TextLayout, layout_of, line_by_line
from correlator.files import opened

SLICE_BYTES = 8 << 20


@dataclass(frozen=True)
class TextSlices:
    """The slices of the file ``path``: iterating reads it from the beginning."""

    path: Path
    source: str
    layout: TextLayout
    size: int = SLICE_BYTES

    def __iter__(self) -> Iterator[RawTable]:
        found, skipped = self.layout.outline, self.layout.skipped
        names = column_names(self.layout.width)
        header, facts = tuple(header_cells(found.header, len(names))), facts_above(found.above)
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


def text_slices(path: Path, known_words: KnownWords, *, size: int = SLICE_BYTES) -> TextSlices | None:
    """The slices of a text file; None for one that only a whole read understands: another encoding, columns of blanks.

    Raises InputError for what is not text or holds no table.
    """
    layout = layout_of(path, str(path), known_words)
    return None if layout is None else TextSlices(path, str(path), layout, size)


def _whole_lines(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Pieces of about ``size`` bytes that end with a line, outside of quotes."""
    rest = b""
    while chunk := file.read(size):
        data = rest + chunk
        cut = data.rfind(b"\n") + 1
        while cut and data.count(b'"', 0, cut) % 2:
            cut = data.rfind(b"\n", 0, cut - 1) + 1
        rest = data[cut:]
        if cut:
            yield data[:cut]
    if rest.strip():
        yield rest
