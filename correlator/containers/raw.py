"""A raw table: uninterpreted columns, the header cells above them, and the line that each row came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from correlator.base.source_limits import check_shape, half_character
from correlator.errors import listed

LINE, AT = "__line", "__at"


@dataclass(frozen=True)
class RawTable:
    """Rows of a source before their columns are interpreted.

    ``frame``: columns c0, c1, ... in the order of the source (text if the source is text) and ``__line``, the line
    of the file or the number of the row, from 1. ``header``: for every column the cells above it, top first; empty if
    the source has no header. ``broken``: lines that do not fit the header, with columns ``__line`` and content.
    ``facts``: what the source states outside the table, for example symbol or currency.
    ``files``: names of the files that it was concatenated from, if there were several.
    """

    source: str
    frame: pl.DataFrame
    header: tuple[tuple[str, ...], ...]
    broken: pl.DataFrame
    is_text: bool
    facts: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> list[str]:
        return [name for name in self.frame.columns if name not in (LINE, AT)]

    @cached_property
    def has_header(self) -> bool:
        return any(any(cells) for cells in self.header)

    def label(self, column: str) -> str:
        """Return the name of the column for users: its header cells, else its position from 1."""
        return self.labels[column]

    @cached_property
    def labels(self) -> dict[str, str]:
        """The label of every column."""
        return {column: self._label(int(column[1:])) for column in self.columns}

    def _label(self, place: int) -> str:
        cells = [cell for cell in self.header[place] if cell] if place < len(self.header) else []
        return " / ".join(dict.fromkeys(cells)) if cells else "" if self.has_header else str(place + 1)

    def is_same(self, one: str, other: str) -> bool:
        """Whether two columns have the same values, whatever their types."""
        pair = self.frame.select(pl.col(one), pl.col(other))
        if len({*pair.dtypes}) > 1 and not all(kind.is_numeric() for kind in pair.dtypes):
            texts = [[None if value is None else str(value) for value in pair[name]] for name in pair.columns]
            return texts[0] == texts[1]
        return bool(pair[one].eq_missing(pair[other]).all())

    def shown(self, most: int = 12) -> str:
        """Return the first ``most`` labels as text for a message."""
        return listed((label or "(no name)" for label in self.labels.values()), most)


def column_names(count: int) -> list[str]:
    """Return ``["c0", "c1", ...]``."""
    return [f"c{number}" for number in range(count)]


def no_lines() -> pl.DataFrame:
    """Return an empty table of broken lines."""
    return pl.DataFrame(schema={LINE: pl.Int64, "content": pl.String})


def table_of_cells(
    source: str,
    header: Sequence[Sequence[str]],
    rows: Sequence[Sequence[str | None]],
    *,
    lines: Sequence[int] | None = None,
    facts: Mapping[str, str] | None = None,
) -> RawTable:
    """Build a text table from its cells; ``header``: the cells above each column; ``lines``: the line of each row.

    Raise InputError for more columns or rows than the limits, and for text that is not valid Unicode.
    """
    check_shape(len(rows), len(header), source)
    schema = dict.fromkeys(column_names(len(header)), pl.String)
    try:
        frame = pl.DataFrame(rows, schema=schema, orient="row")
    except UnicodeEncodeError:
        raise half_character(source) from None
    numbers = range(1, len(rows) + 1) if lines is None else lines
    frame = frame.insert_column(0, pl.Series(LINE, numbers, dtype=pl.UInt32))
    cells = tuple(tuple(column) for column in header)
    return RawTable(source, frame, cells, no_lines(), is_text=True, facts=dict(facts or {}))
