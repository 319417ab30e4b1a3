"""Read long tables (a row per share, day and figure) and transposed tables (a column per day)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from correlator.containers.cells import is_date_like
from correlator.containers.raw import LINE, RawTable
from correlator.errors import InputError
from correlator.market.layout.by_names import other_places, read_columns
from correlator.market.layout.single_columns import Shape, date_column, is_numeric, named_field
from correlator.market.vocabulary import PRICES, field_of, is_figure


def is_transposed(raw: RawTable) -> bool:
    """Whether the header consists of dates: one row per symbol."""
    labels = [label for label in raw.labels.values() if label]
    return sum(is_date_like(label) for label in labels) * 2 > len(labels) and len(labels) > 2


def read_transposed(raw: RawTable, _: Mapping[str, str], __: str | None) -> Shape | None:
    days = {column: label for column, label in raw.labels.items() if is_date_like(label)}
    others = [column for column in raw.columns if column not in days]
    named = [column for column in others if named_field(raw, column) == "symbol"] or others[:1]
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


def long_columns(raw: RawTable, given: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the columns with the name and the value of each row's figure, or None."""
    date = date_column(raw, given)
    for column in raw.columns:
        if column == date or raw.frame[column].dtype != pl.String:
            continue
        words = raw.frame[column].drop_nulls().unique()
        if (
            0 < len(words) <= 40
            and all(is_figure(word) for word in words)
            and any(field_of(word) in ("close", "last", "adjusted_close") for word in words)
        ):
            values = [each for each in raw.columns if each not in (date, column) and is_numeric(raw, each)]
            return (column, values[-1]) if values else None
    return None


def read_long(raw: RawTable, given: Mapping[str, str], _: str | None) -> Shape | None:
    columns, date = long_columns(raw, given), date_column(raw, given)
    if columns is None or date is None:
        return None
    variable, value = columns
    places, notes = other_places(raw, given, {date, variable, value})
    index = [date, *places.values()]
    repeated = raw.frame.select(pl.struct(*index, variable).is_duplicated().any()).item()
    if repeated:
        raise InputError(f"{raw.source} has several values for one day and field", hint="keep one row of each")
    words = raw.frame[variable].drop_nulls().unique(maintain_order=True).to_list()
    figures = [word for word in words if field_of(word) in (*PRICES, "last")]
    wide = raw.frame.filter(pl.col(variable).is_in(figures)).pivot(variable, index=index, values=value)
    lines = raw.frame.group_by(index, maintain_order=True).agg(pl.col(LINE).first())
    wide = wide.join(lines, on=index, how="left", nulls_equal=True)
    names = [*index, *figures]
    frame = wide.select(LINE, *(pl.col(name).alias(f"c{number}") for number, name in enumerate(names)))
    header = tuple((raw.label(name) if name in index else name,) for name in names)
    table = RawTable(raw.source, frame, header, raw.broken, raw.is_text, raw.facts)
    shape = read_columns(table, {}, None)
    return None if shape is None else Shape(table, shape.places, shape.blocks, (*notes, *shape.notes))
