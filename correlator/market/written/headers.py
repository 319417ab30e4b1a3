"""Headers as sources mean them: names that libraries made distinct, several rows of names, units, missing names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from correlator.containers.raw import RawTable
from correlator.market.written.row_names import with_row_names
from correlator.market.written.unit_row import named_once, units_in_names

_MADE_DISTINCT = re.compile(r"(?P<name>.*[^\W\d].*?)(\.\d+|_duplicated_\d+)")


def with_plain_header(raw: RawTable, dates: str | None = None) -> RawTable:
    """Return the table of bars with one header row that names each column, as far as its names show that.

    ``dates``: the name of the column of dates, if the caller gives it. Raise InputError as ``with_row_names``.

    >>> from correlator.containers.raw import table_of_cells
    >>> with_plain_header(table_of_cells("t", [("Date",), ("LAMP",), ("LAMP.1",)], [])).header
    (('Date',), ('LAMP',), ('LAMP',))
    """
    return with_row_names(units_in_names(named_once(_as_written(raw))), dates)


def names_as_written(names: Sequence[str]) -> list[str]:
    """Return names with repeated ones as the source writes them: pandas and R add ``.1``, polars ``_duplicated_0``.

    >>> names_as_written(["Close", "Close.1", "Volume_duplicated_0", "1", "1.5"])
    ['Close', 'Close', 'Volume_duplicated_0', '1', '1.5']
    """
    matches = [_MADE_DISTINCT.fullmatch(name) for name in names]
    return [
        name if match is None or match["name"] not in names else match["name"]
        for name, match in zip(names, matches, strict=True)
    ]


def _as_written(raw: RawTable) -> RawTable:
    if len({len(cells) for cells in raw.header}) != 1:
        return raw
    levels = [names_as_written(level) for level in zip(*raw.header, strict=True)]
    return replace(raw, header=tuple(zip(*levels, strict=True)))
