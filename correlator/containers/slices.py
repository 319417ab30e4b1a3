"""Read a long table in slices, each a raw table of its own, in bounded memory whatever the size of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from correlator.base.files import called, read_arrow_slices, read_parquet_slices
from correlator.containers.frame import raw_of_frame
from correlator.containers.hints import KnownWords
from correlator.containers.raw import RawTable
from correlator.containers.read import as_texts, container_of, text_table
from correlator.containers.text_slices import text_slices

SLICE_BYTES, SLICE_ROWS = 8 << 20, 1 << 17
"""The size of a slice of text in bytes and of a columnar file in rows: about equally many rows of prices."""


@dataclass(frozen=True)
class ColumnSlices:
    """The slices of the file ``path``; iterating reads it from the beginning with ``read``."""

    path: Path
    read: Callable[[Path, int], Iterator[pl.DataFrame]]

    def __iter__(self) -> Iterator[RawTable]:
        row = 1
        for frame in self.read(self.path, SLICE_ROWS):
            yield raw_of_frame(frame, called(self.path), row)
            row += frame.height


_OF_COLUMNS = {"parquet": read_parquet_slices, "arrow": read_arrow_slices}


def slices_of(path: Path, known_words: KnownWords) -> Iterable[RawTable] | None:
    """Return the slices of a file, which can be iterated repeatedly; None for a file that must be read whole.

    Raise InputError for a file without a table.
    """
    container = container_of(path)
    if container in _OF_COLUMNS:
        return ColumnSlices(path, _OF_COLUMNS[container])
    return text_slices(path, known_words, size=SLICE_BYTES) if container == "text" else None


def text_tables(path: Path) -> Iterator[pl.DataFrame]:
    """Yield the table of any file in the form of ``text_table``: columnar files by slices, others whole."""
    read = _OF_COLUMNS.get(container_of(path))
    if read is None:
        yield text_table(path)
    else:
        yield from (as_texts(raw, path) for raw in ColumnSlices(path, read))
