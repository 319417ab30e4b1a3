"""Columns beside the bars that state the exchange of each row, or the time zone of its timestamp."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import InputError, NotFoundError, listed
from correlator.market.layout.recognise import Recognised
from correlator.market.names.exchanges import are_one_market, exchange_printed
from correlator.market.vocabulary import beside
from correlator.market.written.clock_columns import one_zone
from correlator.sessions.exchanges import exchange_named


def on_exchange(table: Recognised, exchange: str | None) -> tuple[Recognised, list[str]]:
    """Keep the rows of the requested ``exchange``, if a column states the exchange of each, and return notes.

    Rows of exchanges with the same country and currency are kept, and rows of an unknown exchange. Raise InputError if
    all rows are of other markets.
    """
    raw = table.table
    column = _column(raw, "exchange")
    if exchange is None or column is None or raw.frame[column].dtype.is_numeric():
        return table, []
    names = raw.frame[column].cast(pl.String).str.strip_chars()
    others = [name for name in names.drop_nulls().unique() if not are_one_market(exchange, _code(name))]
    elsewhere = names.is_in(others).fill_null(value=False)
    if not elsewhere.any():
        return table, []
    markets = listed(sorted(others))
    if elsewhere.all():
        raise InputError(
            f"{raw.source} has rows of {markets}, none of {exchange}",
            hint="give the exchange of the rows (--exchange), or remove that column from the file",
        )
    kept = replace(raw, frame=raw.frame.filter(~elsewhere))
    return replace(table, table=kept), [f"skipped {int(elsewhere.sum()):,} rows of other exchanges ({markets})"]


def stated_zone(raw: RawTable, table: Recognised) -> str | None:
    """Return the one time zone that the source states for its times, or None; as ``one_zone``."""
    candidates = [column for column in raw.columns if column not in (table.symbol, table.series)]
    columns = {raw.label(column): raw.frame[column] for column in candidates}
    if table.layout.zone is not None:
        columns = {label: values for label, values in columns.items() if beside(label) != "offset"}
    stamps = [raw.label(column) for column in (table.time, table.date) if column is not None]
    return one_zone(columns, stamps, raw.source, hint="give the time zone (--zone America/New_York)")


def _code(name: str) -> str | None:
    """Return the market identifier code of an exchange as a column names it, or None if it is unknown."""
    printed = exchange_printed(name)
    if printed is not None:
        return printed
    try:
        return exchange_named(name.upper()).code
    except NotFoundError:
        return None


def _column(raw: RawTable, what: str) -> str | None:
    return next((column for column, label in raw.labels.items() if beside(label) == what), None)
