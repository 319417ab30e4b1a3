"""Headers as sources mean them: names that libraries made distinct, several rows of names, units, missing names."""

from __future__ import annotations

from dataclasses import replace

from correlator.containers.raw import RawTable
from correlator.market.written.distinct_names import names_as_written
from correlator.market.written.row_names import with_row_names
from correlator.market.written.unit_row import named_once, units_in_names


def with_plain_header(raw: RawTable, dates: str | None = None) -> RawTable:
    """Return the table of bars with one header row that names each column, as far as its names show that.

    ``dates``: the name of the column of dates, if the caller gives it. Raise InputError as ``with_row_names``.

    >>> from correlator.containers.raw import table_of_cells
    >>> with_plain_header(table_of_cells("t", [("Date",), ("LAMP",), ("LAMP.1",)], [])).header
    (('Date',), ('LAMP',), ('LAMP',))
    """
    return with_row_names(units_in_names(named_once(_as_written(raw))), dates)


def _as_written(raw: RawTable) -> RawTable:
    if len({len(cells) for cells in raw.header}) != 1:
        return raw
    levels = [names_as_written(level) for level in zip(*raw.header, strict=True)]
    return replace(raw, header=tuple(zip(*levels, strict=True)))
