"""Read tables whose columns are fields of one share, or of stacked shares, by the names of the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import InputError
from correlator.market.layout.rivals import of_one_side, refuse_other_labels, settle_rivals
from correlator.market.layout.single_columns import (
    LOOKED_AT,
    SYMBOL_LIKE,
    Shape,
    date_column,
    is_numeric,
    name_it,
    named_field,
    no_dates,
)
from correlator.market.names.codes import as_symbol
from correlator.market.vocabulary import (
    PRICES,
    beside,
    is_figure,
    is_identifier,
    may_be_clock,
    may_be_company,
    plain,
    rank_of,
)
from correlator.market.written.clock_columns import holds_clocks

_SHORT = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
# Names of a single column with the level of an index or rate.
_LEVELS = frozenset(("value", "values", "rate", "fixing", "level", "index", "indexvalue", "mid", "average"))


def read_columns(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> Shape | None:
    """Read the table by the names of its columns; raise InputError if it has no date or no close column."""
    fields = bar_fields(raw, given)
    date = date_column(raw, given)
    if date is None:
        raise no_dates(raw)
    only = _only_figure(raw, date) if not fields else None
    if only is not None:
        note = f"column {raw.label(only)!r} is used as the close"
        return Shape(raw, {"date": date}, {None: {"close": only}}, (note,))
    if not {"close", "adjusted_close"} & set(fields):
        raise InputError(f"{raw.source} has no close column", hint=name_it(raw, "close"))
    rivals = settle_rivals(raw, fields, raw.labels, given)
    places, notes = other_places(raw, given, {date, *fields.values()})
    refuse_other_labels(raw, {"date": date, **places}, given)
    if "symbol" not in places and (symbol_column := _column_with(raw, symbol)) is not None:
        places["symbol"] = symbol_column
        notes = (*notes, f"column {raw.label(symbol_column)!r} is used as the symbol")
    used = {date, *places.values(), *fields.values()}
    unused = [*_unused_words(raw, used, notes), *_unused_figures(raw, fields, used)]
    return Shape(raw, {"date": date, **places}, {None: fields}, (*rivals, *notes, *unused))


def _unused_figures(raw: RawTable, fields: Mapping[str, str], used: set[str]) -> list[str]:
    """Return a note on columns of figures with unknown names if only some of open, high and low were recognised."""
    missing = [ours for ours in ("open", "high", "low") if ours not in fields]
    if len(missing) not in (1, 2):
        return []
    unknown = [column for column in raw.columns if column not in used and raw.label(column)]
    names = [raw.label(column) for column in unknown if is_numeric(raw, column) and not is_figure(raw.label(column))]
    if not names:
        return []
    options = " ".join(f"--column {ours}=..." for ours in missing)
    return [f"not used: {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}; if they are prices, give {options}"]


def _unused_words(raw: RawTable, used: set[str], known: Sequence[str]) -> list[str]:
    """Return notes on unused columns with one and the same word in every row, which may be a symbol."""
    notes = []
    for column in raw.columns:
        values = raw.frame[column]
        if column in used or values.dtype != pl.String or named_field(raw, column) in ("currency", "time", "date"):
            continue
        if beside(raw.label(column)) in ("zone", "offset"):
            continue
        words = values.head(LOOKED_AT).str.strip_chars().drop_nulls().unique()
        if len(words) == 1 and re.search(r"[^\W\d_]{2}", words[0]) and values.drop_nulls().n_unique() == 1:
            notes.append(_unused(raw, column, words[0]))
    return [note for note in notes if note not in known][:3]


def _unused(raw: RawTable, column: str, word: str) -> str:
    return f"column {raw.label(column)!r} ({word!r}) is not used"


def _only_figure(raw: RawTable, date: str) -> str | None:
    """Return the only column besides the date if it is numeric and its name is neither a field's nor a symbol."""
    others = [column for column in raw.columns if column != date]
    if len(others) != 1 or not is_numeric(raw, others[0]):
        return None
    label = raw.label(others[0])
    is_level = plain(label) in _LEVELS or not (is_figure(label) or SYMBOL_LIKE.match(label))
    return others[0] if is_level else None


def _column_with(raw: RawTable, symbol: str | None) -> str | None:
    """Return the only text column that contains the requested symbol, or None."""
    if symbol is None:
        return None
    words = [column for column in raw.columns if raw.frame[column].dtype in (pl.String, pl.Categorical, pl.Enum)]
    holding = [
        column
        for column in words
        if (raw.frame[column].cast(pl.String).str.strip_chars().str.to_uppercase() == symbol.upper()).any()
    ]
    return holding[0] if len(holding) == 1 else None


def bar_fields(raw: RawTable, given: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of the fields of a bar, by the names in the vocabulary."""
    fields = {ours: column for ours, column in given.items() if ours in PRICES}
    fields.update({ours: column for ours, column in short_names(raw, str.lower).items() if ours not in fields})
    for ours in ("open", "high", "low", "close", "last", "adjusted_close", "volume"):
        names = [column for column in raw.columns if named_field(raw, column) == ours and column not in given.values()]
        if names and ours not in fields:
            fields[ours] = min(names, key=lambda column: (rank_of(raw.label(column)), int(column[1:])))
    last = fields.pop("last", None)
    if last is not None:
        fields.setdefault("close", last)
    return of_one_side(fields, raw.labels)


def short_names(raw: RawTable, case: Callable[[str], str]) -> dict[str, str]:
    """Return the columns called o, h, l and c (and v) in this case, or an empty dict if one of the four is missing."""
    letters = {case(letter): ours for letter, ours in _SHORT.items()}
    columns = {letters[label]: column for column, label in raw.labels.items() if label in letters}
    return columns if {"open", "high", "low", "close"} <= set(columns) else {}


def other_places(raw: RawTable, given: Mapping[str, str], taken: set[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the columns of time, symbol, series and currency, and notes on them."""
    places, notes = {}, []
    for ours in ("time", "symbol", "series", "currency"):
        if ours in given:
            places[ours] = given[ours]
            continue
        names = [column for column in raw.columns if _is_called(raw, column, ours) and column not in taken]
        if ours == "symbol" and not names:
            names = [
                column
                for column in raw.columns
                if is_identifier(raw.label(column)) and _has_several_values(raw, column)
            ]
        if not names:
            continue
        column = min(names, key=lambda each: (rank_of(raw.label(each)), int(each[1:])))
        if ours == "symbol" and _is_only_a_name(raw, column):
            notes.append(_unused(raw, column, raw.frame[column].drop_nulls()[0]))
            continue
        places[ours] = column
    return places, tuple(notes)


def _is_called(raw: RawTable, column: str, ours: str) -> bool:
    """Whether the name of a column is one of the field's; for times of day, whether it also contains some."""
    if ours != "time":
        return named_field(raw, column) == ours
    return may_be_clock(raw.label(column)) and holds_clocks(raw.frame[column])


def _has_several_values(raw: RawTable, column: str) -> bool:
    return raw.frame[column].drop_nulls().n_unique() > 1


def _is_only_a_name(raw: RawTable, column: str) -> bool:
    """Whether a column called Name or similar contains a single name that is not a symbol, such as a company's."""
    if not may_be_company(raw.label(column)):
        return False
    values = raw.frame[column].cast(pl.String, strict=False).drop_nulls().unique()
    return len(values) == 1 and not SYMBOL_LIKE.match(as_symbol(values[0]))
