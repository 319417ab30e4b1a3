"""Recognise the layout of a raw table by its whole shape, and refuse to guess if several fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import InputError, likeliest
from correlator.market.layout.beside import stacked_blocks, without_side_table
from correlator.market.layout.shapes import find_shape, read_shape
from correlator.market.layout.single_columns import date_column, holds_dates, named_field
from correlator.market.layout.spec import Layout, load_layout, shipped_layouts
from correlator.market.vocabulary import FIELDS, PRICES, field_of, plain
from correlator.market.written.dates import JOINED, joined_days, places_of_parts
from correlator.market.written.headers import with_plain_header

_LOOKED_AT = 60
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Recognised:
    """The roles of the columns of a raw table.

    ``date``, ``time``, ``symbol``, ``series``, ``currency``: columns; ``blocks``: for each symbol that the header names
    (None: the only symbol, or those of the column ``symbol``) the columns of its fields. ``table``: the raw table,
    which a shape may have reshaped.
    """

    layout: Layout
    table: RawTable
    date: str
    blocks: Mapping[str | None, Mapping[str, str]]
    time: str | None = None
    symbol: str | None = None
    series: str | None = None
    currency: str | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def is_wide(self) -> bool:
        return None not in self.blocks


def recognise(
    raw: RawTable,
    *,
    layout: str | None = None,
    columns: Mapping[str, str] | None = None,
    symbol: str | None = None,
) -> Recognised:
    """Recognise the columns of ``raw``.

    ``layout``: the name or file of its layout, if the caller knows it; ``columns``: field to column name, which takes
    precedence over the layout; ``symbol``: the one requested. Raise InputError, naming the option, if no layout or
    several fit, and for missing columns.
    """
    raw = with_plain_header(raw, (columns or {}).get("date"))
    raw = raw if "date" in (columns or {}) else stacked_blocks(_with_joined_days(without_side_table(raw)))
    if layout is None and _has_factors_below_text(raw):
        raise _is_of_factors(raw)
    given = _given(raw, columns or {})
    if layout is not None:
        chosen = load_layout(layout)
    elif "date" in given and {"close", "adjusted_close"} & set(given):
        chosen = _one_that_fits(raw, lenient=True) or load_layout("columns")
    else:
        fitting = _one_that_fits(raw)
        if fitting is not None:
            _refuse_column_of_symbol(raw, fitting, symbol)
        chosen = fitting if fitting is not None else load_layout(find_shape(raw, given, symbol))
    if chosen.kind == "factors":
        raise _is_of_factors(raw)
    if chosen.is_shape:
        return _of_shape(raw, chosen, given, symbol)
    return _of_layout(raw, chosen, given, forced=layout is not None)


def _is_of_factors(raw: RawTable) -> InputError:
    return InputError(f"{raw.source} is a file of factors, not of prices", hint="give it to study --factors")


def _has_factors_below_text(raw: RawTable) -> bool:
    """Whether a line that does not fit the table names the columns of a file of factors, below lines of text."""
    lines = raw.broken["content"].head(_LOOKED_AT).to_list()
    headers = [layout.header for layout in shipped_layouts() if layout.kind == "factors"] if lines else []
    return any(all(name in line for name in header) for header in headers for line in lines)


def _with_joined_days(raw: RawTable) -> RawTable:
    """Join columns of year, month and day into one date column, unless another column contains dates already."""
    places = places_of_parts([raw.label(column) for column in raw.columns])
    if places is None:
        return raw
    parts = [raw.columns[place] for place in places]
    others = [column for column in raw.columns if column not in parts]
    if any(holds_dates(raw, column, named_field(raw, column) == "date") for column in others):
        return raw
    year, month, day = parts
    days = joined_days(raw.frame[year], raw.frame[month], raw.frame[day]).alias(year)
    header = tuple((JOINED,) if f"c{place}" == year else cells for place, cells in enumerate(raw.header))
    return replace(raw, frame=raw.frame.with_columns(days).drop(month, day), header=header)


def _one_that_fits(raw: RawTable, lenient: bool = False) -> Layout | None:
    """Return the shipped layout that fits, the most specific one if one includes another; None if none fits."""
    fitting = [each for each in shipped_layouts() if _fits(raw, each)]
    best = [each for each in fitting if not any(_is_more_specific(other, each) for other in fitting)]
    if len(best) > 1 and len({_reading(raw, each) for each in best}) == 1:
        return best[0]
    if len(best) > 1 and not lenient:
        names = " and ".join(each.name for each in best)
        raise InputError(
            f"{raw.source} fits several layouts: {names}",
            hint="give layout (--layout " + " or --layout ".join(each.name for each in best) + ")",
        )
    return best[0] if len(best) == 1 else None


def _refuse_column_of_symbol(raw: RawTable, layout: Layout, symbol: str | None) -> None:
    """Raise InputError if a column unknown to the layout has the name of the requested symbol."""
    known = {plain(name) for name in (*layout.header, *layout.columns.values())}
    label = next((each for each in raw.labels.values() if symbol and each.upper() == symbol.upper()), None)
    if label is not None and plain(label) not in known and field_of(label) is None:
        raise InputError(
            f"{raw.source} is ambiguous: layout {layout.name}, or a column per share ({label})",
            hint=f"give layout (--layout {layout.name} or --layout wide)",
        )


def _reading(raw: RawTable, layout: Layout) -> tuple[object, ...]:
    """Return what determines how a table is read; layouts with the same value are interchangeable for it."""
    names = _plain_labels(raw)
    columns = tuple(sorted((ours, _column(raw, names, theirs)) for ours, theirs in layout.columns.items()))
    rules = (layout.kind, layout.date_order, layout.decimal, layout.zone, layout.series, layout.absolute)
    return (columns, rules, layout.zero_is_nothing, str(layout.scale), str(layout.leave_out))


def _is_more_specific(one: Layout, other: Layout) -> bool:
    header, other_header = one.plain_header, other.plain_header
    return header > other_header or (header == other_header and _details(one) > _details(other))


def _details(layout: Layout) -> int:
    return len(layout.rows) + len(layout.labels) + len(layout.facts) + len(layout.absent) + layout.exact


def _fits(raw: RawTable, layout: Layout) -> bool:
    """Whether the table has the header of a layout, and rows that match its patterns."""
    if bool(layout.header) is not raw.has_header or (raw.header and max(len(cells) for cells in raw.header) > 1):
        return False
    names = _plain_labels(raw)
    if not layout.plain_header <= set(names) or any(plain(name) in names for name in layout.absent):
        return False
    if layout.width and len(raw.columns) not in layout.width:
        return False
    if layout.exact and not set(layout.header) <= set(raw.labels.values()):
        return False
    if any(not re.search(pattern, raw.label(f"c{int(place) - 1}")) for place, pattern in layout.labels.items()):
        return False
    if any(not re.search(pattern, raw.facts.get(key, "")) for key, pattern in layout.facts.items()):
        return False
    if _distinguishes_rows(raw, layout):
        return False
    return all(_matches(raw, _column(raw, names, theirs), pattern) for theirs, pattern in layout.rows.items())


def _distinguishes_rows(raw: RawTable, layout: Layout) -> bool:
    """Whether the table has a symbol or series column that the layout does not know, so that it is another layout."""
    known = {plain(name) for name in (*layout.header, *layout.columns.values())}
    return any(field_of(label) in ("symbol", "series") for label in raw.labels.values() if plain(label) not in known)


def _plain_labels(raw: RawTable) -> dict[str, str]:
    """Map names as written, and plain names, to columns; of equal names the first column counts."""
    names: dict[str, str] = {}
    for column, label in raw.labels.items():
        names.setdefault(plain(label), column)
    return {**names, **{label: column for column, label in reversed(raw.labels.items())}}


def _column(raw: RawTable, names: Mapping[str, str], theirs: str) -> str | None:
    known = names.get(theirs, names.get(plain(theirs))) if raw.has_header else None
    if known is None and theirs.isdigit():
        return f"c{int(theirs) - 1}" if int(theirs) <= len(raw.columns) else None
    return known


def _matches(raw: RawTable, column: str | None, pattern: str) -> bool:
    if column is None:
        return False
    cells = raw.frame[column].head(_LOOKED_AT).cast(pl.String, strict=False).drop_nulls()
    hits = sum(re.search(pattern, cell.strip()) is not None for cell in cells)
    return len(cells) > 0 and hits >= _NEARLY_ALL * len(cells)


def _of_layout(raw: RawTable, layout: Layout, given: Mapping[str, str], *, forced: bool) -> Recognised:
    names = _plain_labels(raw)
    places = {ours: _column(raw, names, theirs) for ours, theirs in layout.columns.items()}
    fields = {ours: column for ours, column in places.items() if column is not None}
    currency = next((column for column, label in raw.labels.items() if field_of(label) == "currency"), None)
    if currency is not None:
        fields.setdefault("currency", currency)
    dated = {} if "date" in fields or (date := date_column(raw, given)) is None else {"date": date}
    fields = {**_figures_beside(raw, layout), **dated, **fields, **given}
    if "date" not in fields or not {"close", "adjusted_close"} & set(fields):
        lacking = "date" if "date" not in fields else "close"
        what = f"does not fit layout {layout.name}" if forced else f"has no {lacking} column"
        raise InputError(
            f"{raw.source} {what}: column {layout.columns.get(lacking, lacking)!r} is missing",
            hint=f"it has {raw.shown()}; name it with columns (--column {lacking}=...)",
        )
    unnamed = {ours: column for ours, column in fields.items() if ours not in given}
    _refuse_repeats(raw, unnamed, exact=layout.exact)
    return _recognised(raw, layout, fields)


def _figures_beside(raw: RawTable, layout: Layout) -> dict[str, str]:
    """Return price columns that the layout does not know, by name: a source may have added an adjusted close."""
    known = {plain(name) for name in (*layout.header, *layout.columns.values())}
    labelled = {field_of(label): column for column, label in raw.labels.items() if label and plain(label) not in known}
    return {ours: column for ours, column in labelled.items() if ours in PRICES}


def _of_shape(raw: RawTable, layout: Layout, given: Mapping[str, str], symbol: str | None) -> Recognised:
    shape = read_shape(raw, layout.name, given, symbol)
    if None in shape.blocks:
        fields = {**shape.places, **shape.blocks[None]}
        _refuse_repeats(shape.table, {ours: column for ours, column in fields.items() if ours not in given})
        return replace(_recognised(shape.table, layout, fields), notes=shape.notes)
    return Recognised(
        layout, shape.table, shape.places["date"], shape.blocks, shape.places.get("time"), notes=shape.notes
    )


def _recognised(raw: RawTable, layout: Layout, columns: Mapping[str, str]) -> Recognised:
    fields = {ours: column for ours, column in columns.items() if ours in PRICES}
    time, symbol, series, currency = (columns.get(ours) for ours in ("time", "symbol", "series", "currency"))
    return Recognised(layout, raw, columns["date"], {None: fields}, time, symbol, series, currency)


def _refuse_repeats(raw: RawTable, fields: Mapping[str, str], *, exact: bool = False) -> None:
    """Raise InputError if the header repeats the name of a field over different values; ``exact``: T is not t."""
    for ours, column in fields.items():
        label = raw.label(column)
        alike = str if exact else plain
        twins = [each for each in raw.columns if each != column and label and alike(raw.label(each)) == alike(label)]
        for twin in twins:
            if named_field(raw, twin) == named_field(raw, column) and not raw.is_same(column, twin):
                raise InputError(
                    f"{raw.source} has two columns {label!r} with different values",
                    hint=f"rename the one that is not {ours} in the file, or give --column {ours}=...",
                )


def _given(raw: RawTable, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of the table that the caller names, by field."""
    unknown = [ours for ours in columns if ours not in FIELDS]
    if unknown:
        raise InputError(f"columns: unknown field {unknown[0]!r}", hint=likeliest(unknown[0], FIELDS, "fields are"))
    labels: dict[str, str] = {}
    for column, label in raw.labels.items():
        labels.setdefault(label, column)
    lines = {" ".join(label.split()): column for label, column in labels.items()}
    fields = {}
    for ours, theirs in columns.items():
        place = labels.get(theirs) or lines.get(" ".join(theirs.split()))
        if place is None:
            raise InputError(
                f"{raw.source} has no column {theirs!r}",
                hint=likeliest(theirs, [each for each in labels if each], "it has"),
            )
        if sum(label == theirs for label in raw.labels.values()) > 1 and not _same(raw, theirs):
            raise InputError(f"{raw.source} has several columns {theirs!r}", hint="rename all but one of them")
        fields[ours] = place
    return fields


def _same(raw: RawTable, label: str) -> bool:
    columns = [column for column, each in raw.labels.items() if each == label]
    first = raw.frame[columns[0]]
    return all(first.equals(raw.frame[column]) for column in columns[1:])
