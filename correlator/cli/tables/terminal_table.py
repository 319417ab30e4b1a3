"""Tables on a terminal: few rows, text shortened to the width, numbers never; on a narrow one, a block per record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from correlator.base.inert import visible
from correlator.cli.tables.formats import joined, plain
from correlator.cli.tables.looks import PROBABILITIES, RATIOS, Look

if TYPE_CHECKING:
    import polars as pl

_GAP = 2
_SHORTEST_TEXT = 12
_ROWS, _RECORDS = 40, 8


@dataclass(frozen=True)
class Column:
    """One column as text: its heading, its cells, and whether they hold text that may be shortened."""

    name: str
    heading: str
    cells: list[str]
    is_text: bool

    @property
    def width(self) -> int:
        return max([len(self.heading), *map(len, self.cells)])

    @property
    def least(self) -> int:
        """The minimum width of the column: text may be shortened, numbers may not."""
        return min(self.width, max(len(self.heading), _SHORTEST_TEXT)) if self.is_text else self.width


_UNITS = {"lp": "lp: log points, hundredths of a logarithmic return"}
"""Explanations of units that a heading abbreviates."""


def whole_table(frame: pl.DataFrame) -> str:
    """Return every row and column of ``frame`` as text, one line per row, for a file or pipe."""
    columns = _columns(frame, Look(()), frame.columns, "")
    return "\n".join(_lines(columns, [column.width for column in columns])) + "\n"


def short_table(frame: pl.DataFrame, look: Look, width: int, *, unit: str = "%", every_row: bool = False) -> str:
    """Return ``frame`` as text for a terminal of ``width`` characters; the last line says what is not shown.

    ``unit``: shown in the heading of columns of fractions, whose cells are multiplied by 100.
    """
    if frame.is_empty():
        return f"no rows ({', '.join(frame.columns)})\n"
    names = [name for name in look.columns if name in frame.columns] or frame.columns
    head = frame if every_row else frame.head(_ROWS)
    columns = _columns(head, look, names, unit)
    fitting = _fitting(columns, width)
    if 2 * len(fitting) < len(columns) and look.columns:
        rows = frame if every_row else frame.head(_RECORDS)
        body = _records(_columns(rows, look, names, unit), width)
        shown = len(columns), rows.height
    else:
        body = _lines(fitting, _widths(fitting, width))
        shown = len(fitting), head.height
    has_unit = any(column.heading.endswith(f" {unit}") for column in fitting)
    words = [_UNITS[unit]] if has_unit and unit in _UNITS else []
    return "\n".join([*body, *words, *_rest(frame, *shown)]) + "\n"


def _rest(frame: pl.DataFrame, columns: int, rows: int) -> list[str]:
    """Return the line that says how many rows and columns are shown, if not all are."""
    parts = []
    if rows < frame.height:
        parts.append(f"{rows} of {frame.height} rows")
    if columns < frame.width:
        parts.append(f"{columns} of {frame.width} columns")
    return [f"({', '.join(parts)}; --all shows all, --columns selects)"] if parts else []


def _columns(frame: pl.DataFrame, look: Look, names: Sequence[str], unit: str) -> list[Column]:
    texts = plain(joined(frame[list(names)]))
    columns = []
    for name in names:
        fraction = bool(unit) and name in look.fractions and frame.schema[name].is_float()
        cells = [_cell(value, name, fraction) for value in texts[name]]
        heading = f"{name} {unit}" if fraction else visible(" ".join(name.split()), keep="")
        columns.append(Column(name, heading, cells, not frame.schema[name].is_numeric()))
    return columns


def _cell(value: object, name: str, fraction: bool) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if not isinstance(value, float):
        return visible(" ".join(str(value).split()), keep="")
    if fraction:
        return f"{100 * value:.2f}"
    if name in PROBABILITIES:
        return "<0.001" if 0 <= value < 0.0005 else f"{value:.3f}"
    if name in RATIOS:
        return f"{value:.2f}"
    return f"{value:.6g}"


def _fitting(columns: list[Column], width: int) -> list[Column]:
    """Return the leading columns whose minimum widths fit side by side."""
    fitting: list[Column] = []
    used = -_GAP
    for column in columns:
        used += column.least + _GAP
        if used > width:
            break
        fitting.append(column)
    return fitting


def _widths(columns: list[Column], width: int) -> list[int]:
    """Return the width of each column: numbers get all they need, and the longest text is shortened first."""
    widths = [column.width for column in columns]
    room = width - _GAP * (len(columns) - 1)
    while sum(widths) > room:
        spare = [w - column.least for w, column in zip(widths, columns, strict=True)]
        widths[max(range(len(widths)), key=lambda i: (spare[i] > 0, widths[i]))] -= 1
    return widths


def _lines(columns: list[Column], widths: list[int]) -> list[str]:
    rows = [[column.heading for column in columns], *zip(*(column.cells for column in columns), strict=True)]
    lines = []
    for row in rows:
        cells = [
            _shortened(cell, w).ljust(w) if column.is_text else cell.rjust(w)
            for cell, w, column in zip(row, widths, columns, strict=True)
        ]
        lines.append((" " * _GAP).join(cells).rstrip())
    return lines


def _records(columns: list[Column], width: int) -> list[str]:
    label = max(len(column.heading) for column in columns)
    lines = []
    for i in range(len(columns[0].cells)):
        lines.append(f"-- {i + 1} --")
        for column in columns:
            room = max(_SHORTEST_TEXT, width - label - _GAP)
            cell = _shortened(column.cells[i], room) if column.is_text else column.cells[i]
            lines.append(f"{column.heading.ljust(label)}{' ' * _GAP}{cell}".rstrip())
    return lines


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
