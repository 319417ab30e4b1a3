"""Columns that could be the same field of a bar as the one chosen: refused if it matters which, else named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import CorrelatorError, InputError
from correlator.market.names.two_columns import name_other_shares
from correlator.market.vocabulary import PRICES, field_of, plain, side_of
from correlator.market.written.figures import machine_numbers
from correlator.market.written.stamps import read_stamps

_CLOSES = ("close", "adjusted_close")


def settle_rivals(
    raw: RawTable,
    fields: Mapping[str, str],
    names: Mapping[str, str],
    given: Mapping[str, str] | None = None,
    *,
    whose: str = "",
) -> tuple[str, ...]:
    """Return notes on columns with other values than the ones chosen for the same fields.

    Parameters
    ----------
    fields : mapping
        The column chosen for each field of a bar.
    names : mapping
        Every column that may be a rival, to the name of its figure.
    given : mapping, optional
        Fields that the caller named: they have no rivals.
    whose : str, optional
        The share that the columns belong to, if the table has columns of several.

    Raises
    ------
    InputError
        For two closes of the same kind (two closes, two last prices, two adjusted closes, bid and ask) that differ.
    """
    notes = []
    for ours in (ours for ours in PRICES if ours in fields and ours not in (given or {})):
        chosen = fields[ours]
        if chosen not in names:
            continue
        others = [other for other in _rivals(names, chosen, set(fields.values())) if _differ(raw, chosen, other)]
        of_its_kind = [other for other in others if _is_of_kind(names[chosen], names[other])]
        if ours in _CLOSES and of_its_kind and not _is_raw_beside_adjusted(names, of_its_kind, fields):
            _refuse(raw, ours, [chosen, *of_its_kind], whose=whose)
        what = ours.replace("_", " ")
        notes += [f"column {raw.label(chosen)!r} is used as the {what}, not {raw.label(other)!r}" for other in others]
        side = side_of(names[chosen])
        if ours == "close" and side is not None and not others:
            notes.append(f"column {raw.label(chosen)!r} is used as the close: closes are {side[0]} prices")
    return tuple(notes)


def refuse_other_labels(raw: RawTable, places: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raise InputError for a second column of days, currencies or symbols that differs from the one used."""
    for ours in ("date", "currency", "symbol"):
        chosen = places.get(ours)
        if chosen is None or ours in given or field_of(raw.label(chosen)) != ours:
            continue
        others = [other for other in raw.columns if other != chosen and field_of(raw.label(other)) == ours]
        for other in others:
            if _is_other_label(raw, ours, chosen, other):
                _refuse(raw, ours, [chosen, other])


def _is_other_label(raw: RawTable, ours: str, chosen: str, other: str) -> bool:
    if ours == "symbol":
        return name_other_shares(*(raw.frame[column].alias(raw.label(column)) for column in (chosen, other)))
    mine, theirs = (_labels_in(raw, column, ours) for column in (chosen, other))
    return mine is not None and theirs is not None and bool((theirs.is_not_null() & mine.ne_missing(theirs)).any())


def _labels_in(raw: RawTable, column: str, ours: str) -> pl.Series | None:
    """Return the days, or the currencies, of a column; None if it holds instants, or dates that cannot be read."""
    if ours == "currency":
        return raw.frame[column].cast(pl.String, strict=False).str.strip_chars().str.to_uppercase().replace("", None)
    try:
        stamps = read_stamps(raw.frame[column].alias(raw.label(column)), source=raw.source)
    except CorrelatorError:
        return None
    return stamps.values if stamps.kind == "label" else None


def refuse_sides(raw: RawTable, columns: Sequence[str]) -> None:
    """Raise InputError if two columns are bid and ask, and so not two shares."""
    by_figure: dict[str, dict[str, str]] = {}
    for column in columns:
        if (side := side_of(raw.label(column))) is not None:
            by_figure.setdefault(side[1], {})[column] = side[0]
    for side_by_column in by_figure.values():
        if {"bid", "ask"} <= {*side_by_column.values()}:
            _refuse(raw, "close", [*side_by_column], " or, if they are shares, --layout wide")


def of_one_side(fields: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Return the fields without prices of another side than the close: bid highs of ask closes."""
    close = side_of(names.get(fields.get("close", ""), ""))
    if close is None:
        return dict(fields)
    sides = {ours: side_of(names.get(column, "")) for ours, column in fields.items()}
    return {ours: column for ours, column in fields.items() if (side := sides[ours]) is None or side[0] == close[0]}


def _rivals(names: Mapping[str, str], chosen: str, taken: set[str]) -> Iterator[str]:
    """Yield the columns that could be the field of the chosen one, by their names."""
    field, side = field_of(names[chosen]), side_of(names[chosen])
    fields = ("close", "last") if field == "close" else (field,)
    for column, name in names.items():
        if column in taken or plain(name) == plain(names[chosen]):
            continue
        other = side_of(name)
        is_other_side = side is not None and other is not None and side[1] == other[1] and side != other
        if is_other_side or (field is not None and field_of(name) in fields):
            yield column


def _is_of_kind(chosen: str, other: str) -> bool:
    """Whether two names mean the same kind of price; a last price beside a close is not a close."""
    return field_of(chosen) == field_of(other) or side_of(chosen) is not None


def _is_raw_beside_adjusted(names: Mapping[str, str], others: Sequence[str], fields: Mapping[str, str]) -> bool:
    """Whether the others are unadjusted closes beside adjusted ones, from which returns are computed."""
    raw = ("raw", "unadj", "nominal")
    return "adjusted_close" in fields and all(any(word in plain(names[other]) for word in raw) for other in others)


def _differ(raw: RawTable, chosen: str, other: str) -> bool:
    """Whether another column has a value that the chosen one does not have in its row."""
    one, two = (_values(raw.frame[column]) for column in (chosen, other))
    if one.dtype != two.dtype:
        return not raw.is_same(chosen, other)
    return bool((two.is_not_null() & one.ne_missing(two)).any())


def _values(column: pl.Series) -> pl.Series:
    numbers = machine_numbers(column) if column.dtype == pl.String or column.dtype.is_numeric() else None
    return column.cast(pl.String, strict=False) if numbers is None else numbers


def _refuse(raw: RawTable, ours: str, columns: Sequence[str], further: str = "", *, whose: str = "") -> NoReturn:
    labels = [raw.label(column) for column in columns[:4]]
    shown = f"{', '.join(map(repr, labels[:-1]))} and {labels[-1]!r}"
    options = " or ".join(
        f'--column {ours}="{label}"' if " " in label else f"--column {ours}={label}" for label in labels
    )
    raise InputError(
        f"{raw.source}: columns {shown} differ, and either could be the {ours.replace('_', ' ')}",
        hint=f"keep one of them for {whose} in the file" if whose else f"name the one to use with {options}{further}",
    )
