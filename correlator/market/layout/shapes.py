"""Shapes of tables that no layout file describes: what the columns are, by names, levels, and what cells look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from correlator.errors import InputError
from correlator.market.layout.vocabulary import PRICES, field_of, is_figure, plain, rank_of
from correlator.market.source.cells import NUMBER_LIKE, is_date_like
from correlator.market.source.raw import LINE, RawTable

_LOOKED_AT = 60
_SHORT = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
_MARKS = re.compile(r"[\s._|/:\-]+")
# What a lone column of a level may be called.
_LEVELS = frozenset(("value", "values", "rate", "fixing", "level", "index", "indexvalue", "mid", "average"))
_WEAK_SYMBOLS = frozenset(("name", "security", "stock", "asset", "instrument", "code"))
_SYMBOL_LIKE = re.compile(r"^[\^$#]?[A-Z0-9][A-Z0-9.\-=:&/_^ ]{0,23}$")


@dataclass(frozen=True)
class Shape:
    """A table and what its columns are: ``places`` (date, time, symbol, ...) and ``blocks`` as of ``Recognised``."""

    table: RawTable
    places: Mapping[str, str]
    blocks: Mapping[str | None, Mapping[str, str]]
    notes: tuple[str, ...] = ()


def find_shape(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> str:
    """The name of the shape that the table has. Raises InputError where none fits, or two do."""
    if not raw.has_header:
        raise InputError(
            f"{raw.source} has no header, and its rows fit no layout that is known",
            hint="say layout (--layout), or columns by their place, --column date=1 --column close=5",
        )
    if _header_levels(raw):
        return "levels"
    fields = _fields(raw, given)
    by_name = {label.upper(): column for column, label in raw.labels.items()}
    asked = by_name.get(symbol.upper()) if symbol else None
    has_close = bool({"close", "adjusted_close"} & set(fields))
    if has_close and asked is not None and asked not in given.values() and _is_numeric(raw, asked):
        if asked in fields.values() and {"open", "high", "low"} <= set(fields):
            return "columns"
        _ask(raw, "columns", "wide", f"the column {raw.label(asked)!r} could be {symbol}'s close or another figure")
    if has_close:
        return "columns"
    if _short_names(raw, str.upper) and not {"open", "high", "low"} & set(fields):
        if asked is not None:
            return "wide"
        _ask(raw, "columns", "wide", "O, H, L and C could be open, high, low and close, or four shares")
    if _transposed(raw):
        return "transposed"
    if _date(raw, given) is None:
        raise InputError(f"{raw.source} has no date column", hint=_name_it(raw, "date"))
    if _blocks_of_names(raw, given, symbol):
        return "levels"
    if _long(raw, given):
        return "long"
    return _wide_or_question(raw, given, fields, asked)


def read_shape(raw: RawTable, name: str, given: Mapping[str, str], symbol: str | None) -> Shape:
    """The table read as the shape called ``name``; raises InputError where it cannot be."""
    shape = _READERS[name](raw, given, symbol)
    if shape is None:
        raise InputError(f"{raw.source} cannot be read as layout {name}", hint=f"it has {raw.shown()}")
    return shape


def _ask(raw: RawTable, one: str, other: str, why: str) -> None:
    raise InputError(
        f"{raw.source} can be read in two ways: {why}",
        hint=f"which is it? say layout (--layout {one} or --layout {other})",
    )


def _name_it(raw: RawTable, field: str) -> str:
    return f"it has {raw.shown()}; name it with columns={{'{field}': ...}} or --column {field}=..."


# Columns by their names


def _columns(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> Shape | None:
    fields = _fields(raw, given)
    date = _date(raw, given)
    if date is None:
        raise InputError(f"{raw.source} has no date column", hint=_name_it(raw, "date"))
    only = _only_figure(raw, date) if not fields else None
    if only is not None:
        told = f"the column {raw.label(only)!r} is read as the closes"
        return Shape(raw, {"date": date}, {None: {"close": only}}, (told,))
    if not {"close", "adjusted_close"} & set(fields):
        raise InputError(f"{raw.source} has no closing price", hint=_name_it(raw, "close"))
    places, notes = _places(raw, given, {date, *fields.values()})
    if "symbol" not in places and (telling := _column_with(raw, symbol)) is not None:
        places["symbol"] = telling
        notes = (*notes, f"the column {raw.label(telling)!r} is read as the symbol")
    used = {date, *places.values(), *fields.values()}
    return Shape(raw, {"date": date, **places}, {None: fields}, (*notes, *_unused_words(raw, used, notes)))


def _unused_words(raw: RawTable, used: set[str], told: Sequence[str]) -> list[str]:
    """What to tell of columns that say one and the same word in every row: it may be whose prices these are."""
    notes = []
    for column in raw.columns:
        values = raw.frame[column]
        if column in used or values.dtype != pl.String or _named(raw, column) in ("currency", "time", "date"):
            continue
        words = values.head(_LOOKED_AT).str.strip_chars().drop_nulls().unique()
        if len(words) == 1 and re.search(r"[^\W\d_]{2}", words[0]) and values.drop_nulls().n_unique() == 1:
            notes.append(f"the column {raw.label(column)!r} says {words[0]!r}, which is not used")
    return [note for note in notes if note not in told][:3]


def _only_figure(raw: RawTable, date: str) -> str | None:
    """The one column beside the dates, where it holds figures under a name that is neither a field's nor a symbol."""
    others = [column for column in raw.columns if column != date]
    if len(others) != 1 or not _is_numeric(raw, others[0]):
        return None
    label = raw.label(others[0])
    is_level = plain(label) in _LEVELS or not (is_figure(label) or _SYMBOL_LIKE.match(label))
    return others[0] if is_level else None


def _column_with(raw: RawTable, symbol: str | None) -> str | None:
    """The one column of words in which the symbol asked for stands among others, or None."""
    if symbol is None:
        return None
    words = [column for column in raw.columns if raw.frame[column].dtype in (pl.String, pl.Categorical, pl.Enum)]
    holding = [
        column
        for column in words
        if (raw.frame[column].cast(pl.String).str.strip_chars().str.to_uppercase() == symbol.upper()).any()
    ]
    return holding[0] if len(holding) == 1 else None


def _fields(raw: RawTable, given: Mapping[str, str]) -> dict[str, str]:
    """Columns of the fields of a bar by the names that the vocabulary has for them."""
    found = {ours: column for ours, column in given.items() if ours in PRICES}
    found.update({ours: column for ours, column in _short_names(raw, str.lower).items() if ours not in found})
    for ours in ("open", "high", "low", "close", "last", "adjusted_close", "volume"):
        names = [column for column in raw.columns if _named(raw, column) == ours and column not in given.values()]
        if names and ours not in found:
            found[ours] = min(names, key=lambda column: (rank_of(raw.label(column)), int(column[1:])))
    last = found.pop("last", None)
    if last is not None:
        found.setdefault("close", last)
    return found


def _named(raw: RawTable, column: str) -> str | None:
    label = raw.label(column)
    return field_of(label) if label else None


def _short_names(raw: RawTable, case: Callable[[str], str]) -> dict[str, str]:
    """Columns called o, h, l and c, all four of them in this case; nothing where one is missing."""
    wanted = {case(letter): ours for letter, ours in _SHORT.items()}
    found = {wanted[label]: column for column, label in raw.labels.items() if label in wanted}
    return found if {"open", "high", "low", "close"} <= set(found) else {}


def _date(raw: RawTable, given: Mapping[str, str]) -> str | None:
    """The column of dates: the one that is called so, else the only one that holds them."""
    if "date" in given:
        return given["date"]
    named = [column for column in raw.columns if _named(raw, column) in ("date", "time")]
    holding = [column for column in raw.columns if _holds_dates(raw, column, column in named)]
    both = [column for column in named if column in holding and _named(raw, column) == "date"] or [
        column for column in named if column in holding
    ]
    if both:
        return min(both, key=lambda column: (rank_of(raw.label(column)), int(column[1:])))
    unnamed = [column for column in holding if not raw.label(column)]
    for candidates in (unnamed, holding):
        if len(candidates) == 1:
            return candidates[0]
    if named and not holding:
        return min(named, key=lambda column: (_named(raw, column) != "date", rank_of(raw.label(column))))
    first = raw.columns[0]
    return first if raw.label(first) in ("", "Unnamed: 0", "index") and not holding and len(raw.columns) > 1 else None


def _holds_dates(raw: RawTable, column: str, is_named: bool) -> bool:
    values = raw.frame[column]
    if isinstance(values.dtype, pl.Datetime) or values.dtype == pl.Date:
        return True
    if values.dtype.is_numeric() and not is_named:
        return False
    cells = values.head(_LOOKED_AT).cast(pl.String, strict=False).drop_nulls()
    dates = [
        cell for cell in cells if is_date_like(cell) and (is_named or not cell.strip().isdigit() or len(cell) == 8)
    ]
    return len(dates) * 2 > len(cells)


def _places(raw: RawTable, given: Mapping[str, str], taken: set[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Columns of time, symbol, series and currency, and what to tell about them."""
    places, notes = {}, []
    for ours in ("time", "symbol", "series", "currency"):
        if ours in given:
            places[ours] = given[ours]
            continue
        names = [column for column in raw.columns if _named(raw, column) == ours and column not in taken]
        if ours == "time":
            names = [column for column in names if plain(raw.label(column)) != "date"]
        if not names:
            continue
        column = min(names, key=lambda each: (rank_of(raw.label(each)), int(each[1:])))
        if ours == "symbol" and _is_only_a_name(raw, column):
            notes.append(
                f"the column {raw.label(column)!r} says {raw.frame[column].drop_nulls()[0]!r}, which is not used"
            )
            continue
        places[ours] = column
    return places, tuple(notes)


def _is_only_a_name(raw: RawTable, column: str) -> bool:
    """Whether a column called Name or the like holds one name that is not a symbol, such as a company's."""
    if plain(raw.label(column)) not in _WEAK_SYMBOLS:
        return False
    values = raw.frame[column].cast(pl.String, strict=False).drop_nulls().unique()
    return len(values) == 1 and not _SYMBOL_LIKE.match(values[0].strip())


# Header rows of field and symbol, in two rows or in one


def _levels_shape(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> Shape | None:
    date = _date(raw, given) or _first_of_dates(raw)
    if date is None:
        raise InputError(f"{raw.source} has no date column", hint=_name_it(raw, "date"))
    blocks = _header_levels(raw) or _blocks_of_names(raw, given, symbol)
    if not blocks:
        return None
    lacking = [name for name, fields in blocks.items() if not {"close", "adjusted_close", "last"} & set(fields)]
    if len(lacking) == len(blocks):
        raise InputError(f"{raw.source} has no closing price", hint=_name_it(raw, "close"))
    notes = [f"{', '.join(map(str, lacking[:5]))}: no column of closes"] if lacking else []
    complete: dict[str | None, Mapping[str, str]] = {}
    for name, fields in blocks.items():
        if name in lacking:
            continue
        named = dict(fields)
        last = named.pop("last", None)
        if last is not None:
            named.setdefault("close", last)
        complete[name] = named
    return Shape(raw, {"date": date}, complete, tuple(notes))


def _first_of_dates(raw: RawTable) -> str | None:
    return next((column for column in raw.columns if _holds_dates(raw, column, column == "c0")), None)


def _header_levels(raw: RawTable) -> dict[str, dict[str, str]]:
    """Of every symbol its fields, where one header row names fields and another symbols; else nothing."""
    date = _first_of_dates(raw) or "c0"
    pairs = {}
    for column in raw.columns:
        cells = [cell for cell in raw.header[int(column[1:])] if cell]
        if column == date or not cells:
            continue
        pairs[column] = cells
    if not pairs or any(len(cells) != 2 for cells in pairs.values()):
        return {}
    for field_level in (0, 1):
        if all(is_figure(cells[field_level]) for cells in pairs.values()):
            named = {column: (cells[1 - field_level], cells[field_level]) for column, cells in pairs.items()}
            return _blocks(raw, named)
    return {}


def _blocks_of_names(raw: RawTable, given: Mapping[str, str], asked: str | None) -> dict[str, dict[str, str]]:
    """Of every symbol its fields, where each name holds both: ``KO.Close``, ``Close_MSFT``, ``Adj Close KO``."""
    date = _date(raw, given)
    labels = {column: label for column, label in raw.labels.items() if column != date and label}
    if len(labels) < 1:
        return {}
    for cut in (_field_first, _field_last):
        named = {column: cut(label) for column, label in labels.items()}
        complete = {column: pair for column, pair in named.items() if pair is not None}
        if not _are_symbols({name for name, _ in complete.values()}, asked):
            continue
        if len(complete) == len(labels) and any(
            field_of(field) in ("close", "last", "adjusted_close") for _, field in complete.values()
        ):
            return _blocks(raw, complete)
    return {}


def _are_symbols(names: set[str], asked: str | None) -> bool:
    """Whether parts of names are symbols: no figures (``BID_CLOSE``), and written like symbols or with the one asked."""
    if any(is_figure(name) for name in names):
        return False
    has_asked = asked is not None and asked.upper() in {name.upper() for name in names}
    return has_asked or all(_SYMBOL_LIKE.match(name) for name in names)


def _field_first(label: str) -> tuple[str, str] | None:
    """Symbol and field of ``Close_KO``; the longest field that fits."""
    for mark in reversed(list(_MARKS.finditer(label))):
        field, symbol = label[: mark.start()], label[mark.end() :]
        if symbol and field and is_figure(field):
            return symbol, field
    return None


def _field_last(label: str) -> tuple[str, str] | None:
    for mark in _MARKS.finditer(label):
        symbol, field = label[: mark.start()], label[mark.end() :]
        if symbol and field and is_figure(field):
            return symbol, field
    return None


def _blocks(raw: RawTable, named: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    blocks: dict[str, dict[str, str]] = {}
    for column, (symbol, name) in named.items():
        fields = blocks.setdefault(symbol, {})
        ours = field_of(name)
        if ours not in (*PRICES, "last"):
            continue
        if ours in fields:
            if not raw.frame.select(pl.col(column).eq_missing(pl.col(fields[ours])).all()).item():
                raise InputError(
                    f"{raw.source} has two columns of {ours} for {symbol} with different values",
                    hint="keep one of them in the file",
                )
            continue
        fields[ours] = column
    return blocks


# One column per symbol, and one per day


def _wide_or_question(raw: RawTable, given: Mapping[str, str], fields: Mapping[str, str], asked: str | None) -> str:
    date = _date(raw, given)
    others = [column for column in raw.columns if column != date and raw.label(column)]
    figures = [column for column in others if _is_figure_here(raw, column, others)]
    if asked is not None and asked in others:
        return "wide"
    if len(others) == 1:
        return "wide" if not figures and _SYMBOL_LIKE.match(raw.label(others[0])) else "columns"
    if figures and (fields or len(figures) == len(others)):
        only = [raw.label(column) for column in figures]
        rest = [column for column in others if column not in figures]
        if rest and all(raw.label(column).isupper() for column in others):
            _ask(raw, "wide", "columns", f"{', '.join(only[:4])} could be shares or figures of one share")
    if figures or "symbol" in [_named(raw, column) for column in others] or not others:
        raise InputError(f"{raw.source} has no closing price", hint=_name_it(raw, "close"))
    words = [column for column in others if not _is_numeric(raw, column)]
    if words:
        raise InputError(f"{raw.source} has no closing price", hint=_name_it(raw, "close"))
    return "wide"


def _is_figure_here(raw: RawTable, column: str, others: Sequence[str]) -> bool:
    """Whether a name is that of a figure; in a header of capitals only fields of a bar are, for NET is a share."""
    label = raw.label(column)
    if all(raw.label(each).isupper() for each in others):
        return field_of(label) is not None
    return is_figure(label)


def _wide(raw: RawTable, given: Mapping[str, str], symbol: str | None) -> Shape | None:
    date = _date(raw, given)
    if date is None:
        raise InputError(f"{raw.source} has no date column", hint=_name_it(raw, "date"))
    columns = [column for column in raw.columns if column != date and raw.label(column)]
    words = [raw.label(column) for column in columns if not _is_numeric(raw, column)]
    if symbol is None and words:
        raise InputError(f"{raw.source}: column {words[0]!r} does not hold prices", hint="remove it from the file")
    blocks: dict[str | None, Mapping[str, str]] = {}
    for column in columns:
        label = raw.label(column)
        if label in blocks:
            raise InputError(f"{raw.source} has the column {label!r} twice", hint="keep one of them in the file")
        blocks[label] = {"close": column}
    return Shape(raw, {"date": date}, blocks)


def _transposed(raw: RawTable) -> bool:
    """Whether the header is made of days: one row per symbol."""
    labels = [label for label in raw.labels.values() if label]
    return sum(is_date_like(label) for label in labels) * 2 > len(labels) and len(labels) > 2


def _transposed_shape(raw: RawTable, _: Mapping[str, str], __: str | None) -> Shape | None:
    days = {column: label for column, label in raw.labels.items() if is_date_like(label)}
    others = [column for column in raw.columns if column not in days]
    named = [column for column in others if _named(raw, column) == "symbol"] or others[:1]
    if not days or not named:
        return None
    long = raw.frame.unpivot(list(days), index=[LINE, named[0]], variable_name="day", value_name="value")
    frame = long.select(
        LINE,
        pl.col("day").replace_strict(days, return_dtype=pl.String).alias("c0"),
        pl.col(named[0]).cast(pl.String).alias("c1"),
        pl.col("value").alias("c2"),
    )
    table = RawTable(raw.source, frame, (("date",), ("symbol",), ("close",)), raw.broken, raw.is_text, raw.facts)
    return Shape(table, {"date": "c0", "symbol": "c1"}, {None: {"close": "c2"}})


# A row per symbol, day and field


def _long(raw: RawTable, given: Mapping[str, str]) -> tuple[str, str] | None:
    """The column that says which figure a row is, and the one that holds it."""
    date = _date(raw, given)
    for column in raw.columns:
        if column == date or raw.frame[column].dtype != pl.String:
            continue
        words = raw.frame[column].drop_nulls().unique()
        if (
            0 < len(words) <= 40
            and all(is_figure(word) for word in words)
            and any(field_of(word) in ("close", "last", "adjusted_close") for word in words)
        ):
            values = [each for each in raw.columns if each not in (date, column) and _is_numeric(raw, each)]
            return (column, values[-1]) if values else None
    return None


def _long_shape(raw: RawTable, given: Mapping[str, str], _: str | None) -> Shape | None:
    found, date = _long(raw, given), _date(raw, given)
    if found is None or date is None:
        return None
    variable, value = found
    places, notes = _places(raw, given, {date, variable, value})
    index = [date, *places.values()]
    repeated = raw.frame.select(pl.struct(*index, variable).is_duplicated().any()).item()
    if repeated:
        raise InputError(f"{raw.source} has several values for one day and figure", hint="keep one row of each")
    words = raw.frame[variable].drop_nulls().unique(maintain_order=True).to_list()
    figures = [word for word in words if field_of(word) in (*PRICES, "last")]
    wide = raw.frame.filter(pl.col(variable).is_in(figures)).pivot(variable, index=index, values=value)
    lines = raw.frame.group_by(index, maintain_order=True).agg(pl.col(LINE).first())
    wide = wide.join(lines, on=index, how="left", nulls_equal=True)
    names = [*index, *figures]
    frame = wide.select(LINE, *(pl.col(name).alias(f"c{number}") for number, name in enumerate(names)))
    header = tuple((raw.label(name) if name in index else name,) for name in names)
    table = RawTable(raw.source, frame, header, raw.broken, raw.is_text, raw.facts)
    shape = _columns(table, {}, None)
    return None if shape is None else Shape(table, shape.places, shape.blocks, (*notes, *shape.notes))


def _is_numeric(raw: RawTable, column: str) -> bool:
    values = raw.frame[column]
    if values.dtype.is_numeric():
        return True
    if values.dtype != pl.String:
        return False
    cells = [cell for cell in values.drop_nulls().head(200).str.strip_chars() if not _says_nothing(cell)]
    return sum(bool(NUMBER_LIKE.match(cell)) for cell in cells) * 2 >= len(cells)


def _says_nothing(cell: str) -> bool:
    return cell.lower() in ("", "-", ".", "nan", "null", "na", "n/a", "#n/a")


_READERS: dict[str, Callable[[RawTable, Mapping[str, str], str | None], Shape | None]] = {
    "columns": _columns,
    "wide": _wide,
    "levels": _levels_shape,
    "long": _long_shape,
    "transposed": _transposed_shape,
}
