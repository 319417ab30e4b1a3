"""Layouts of price files, one TOML file each: a new source needs a file, not code.

They are shipped under ``data/layouts/``; the path of a user's own file is accepted wherever a layout's name is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from correlator.base.files import opened, toml_document
from correlator.base.resources import data_path
from correlator.base.syntax import pattern_fault
from correlator.base.zones import zone_called
from correlator.errors import InputError, NotFoundError, likeliest
from correlator.market.vocabulary import FIELDS, PRICES, plain

# Shapes recognised without a file: named columns, a column per symbol, header rows of field and symbol, a row per
# symbol and field, a column per day.
SHAPES = ("columns", "wide", "levels", "long", "transposed")
KINDS = ("prices", "factors")


@dataclass(frozen=True)
class Layout:
    """The definition of one layout of price files.

    ``header``: names that must be present (compared by ``plain``); ``absent``: names that must not be; ``exact``:
    compare names literally. ``rows``: a pattern for the first cells of a column; ``labels``: for the name of the column
    at a position; ``facts``: for the facts next to the table. ``width``: the allowed numbers of columns.

    ``columns``: field to column name, or to the position from 1. ``date_order`` (dmy, mdy, ymd), ``decimal`` and
    ``zone`` (of intraday times): what the layout always uses. ``scale``: factors for the figures of fields. ``series``:
    the values of the column ``series`` to take, in order of preference per symbol and day. ``leave_out``: for a column
    the pattern of rows to skip, with the reason. ``absolute``: a negative price is a bid-ask midpoint.
    ``zero_is_nothing``: fields in which 0 means missing. ``notes``: notes for users of such a file.
    """

    name: str
    title: str = ""
    kind: str = "prices"
    header: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    exact: bool = False
    rows: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    width: tuple[int, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    date_order: str | None = None
    decimal: str | None = None
    zone: str | None = None
    scale: Mapping[str, float] = field(default_factory=dict)
    series: tuple[str, ...] = ()
    leave_out: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    absolute: bool = False
    zero_is_nothing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_shape(self) -> bool:
        return self.name in SHAPES

    @property
    def plain_header(self) -> frozenset[str]:
        return frozenset(plain(name) for name in self.header)


_TEXT_LISTS = ("header", "absent", "series", "zero_is_nothing", "notes")
_LISTS = (*_TEXT_LISTS, "width")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list_of(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _table_of(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


_TYPES: Mapping[str, tuple[Sequence[str], Callable[[object], bool]]] = {
    "a text": (("name", "title", "kind", "date_order", "decimal", "zone"), _is_text),
    "true or false": (("exact", "absolute"), lambda value: isinstance(value, bool)),
    "a list of texts": (_TEXT_LISTS, _list_of(_is_text)),
    "a list of whole numbers": (("width",), _list_of(lambda value: isinstance(value, int))),
    "a table of texts": (("rows", "labels", "facts"), _table_of(_is_text)),
    "a table of names or positions": (("columns",), _table_of(lambda value: isinstance(value, str | int))),
    "a table of numbers": (("scale",), _table_of(_is_number)),
    "a table of tables of texts": (("leave_out",), _table_of(_table_of(_is_text))),
}


def layout_names() -> list[str]:
    """Return the names of the shipped layouts in alphabetical order."""
    return sorted(path.stem for path in data_path("layouts").glob("*.toml"))


def load_layout(name: str) -> Layout:
    """Return the shape or shipped layout called ``name``, or the layout in the TOML file at that path.

    Raise NotFoundError with the likeliest name, and InputError for a file that is not a layout.
    """
    if name in SHAPES:
        return Layout(name)
    if name.endswith(".toml"):
        with opened(name) as file:
            return read_layout(file.read(), Path(name).name)
    if name not in layout_names():
        raise NotFoundError(
            f"layout {name!r} is not known", hint=likeliest(name, [*SHAPES, *layout_names()], "layouts are")
        )
    return _shipped(name)


def shipped_layouts() -> list[Layout]:
    """Return every shipped layout in alphabetical order."""
    return [_shipped(name) for name in layout_names()]


@cache
def _shipped(name: str) -> Layout:
    return read_layout(data_path("layouts", f"{name}.toml").read_bytes(), f"{name}.toml")


def read_layout(text: bytes, source: str) -> Layout:
    """Parse a layout from its TOML text; raise InputError for a wrong key or value."""
    document = toml_document(text, source)
    problem = _problem(document)
    if problem:
        raise InputError(f"layout {source} {problem}", hint="see CONTRIBUTING.md for its keys")
    values: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in document.items()}
    columns = {field: str(theirs) for field, theirs in document.get("columns", {}).items()}
    return Layout(**{**values, "columns": columns})


def _problem(document: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the keys and values of a layout, or None."""
    known = [each.name for each in fields(Layout)]
    unknown = [key for key in document if key not in known]
    if unknown:
        return f"has the unknown key {unknown[0]!r}"
    for kind, (keys, fits) in _TYPES.items():
        wrong = [key for key in keys if key in document and not fits(document[key])]
        if wrong:
            return f"needs {kind} for {wrong[0]}"
    if document.get("name", SHAPES[0]) in SHAPES:
        return "needs a unique name"
    if document.get("kind", "prices") not in KINDS:
        return f"has the unknown kind {document['kind']!r}"
    unmapped = [field for field in (*document.get("columns", {}), *document.get("scale", {})) if field not in FIELDS]
    if unmapped:
        return f"maps {unmapped[0]!r}, which is not one of {', '.join(FIELDS)}"
    if not document.get("header") and not document.get("rows"):
        return "needs a header or patterns of rows"
    if document.get("kind", "prices") == "prices" and not {"date", *PRICES} & set(document.get("columns", {})):
        return "names neither a date nor a price column"
    if document.get("date_order", "dmy") not in ("dmy", "mdy", "ymd") or document.get("decimal", ".") not in (".", ","):
        return "has an unknown date_order or decimal"
    if "zone" in document and zone_called(document["zone"]) is None:
        return f"has the unknown zone {document['zone']!r}"
    return _faulty_pattern(document)


def _faulty_pattern(document: Mapping[str, Any]) -> str | None:
    left_out = [values.get("pattern", "") for values in document.get("leave_out", {}).values()]
    patterns = [pattern for key in ("rows", "labels", "facts") for pattern in document.get(key, {}).values()]
    for pattern in (*patterns, *left_out):
        problem = pattern_fault(pattern)
        if problem:
            return f"has an invalid pattern {pattern!r}: {problem}"
    return None
