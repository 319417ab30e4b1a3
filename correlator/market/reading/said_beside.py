"""What columns beside the bars say of their place: the exchange of each row, and the clocks by which it is dated."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import InputError, NotFoundError
from correlator.market.layout.recognise import Recognised
from correlator.market.names.exchanges import are_one_market, exchange_printed
from correlator.market.vocabulary import beside
from correlator.market.written.clock_columns import one_zone
from correlator.sessions.calendars import exchange_named


def on_exchange(table: Recognised, exchange: str | None) -> tuple[Recognised, list[str]]:
    """The rows of the ``exchange`` asked for, where a column says of each on which it was traded, and what to tell.

    Rows of exchanges that share its country and currency stay, and those whose exchange is not known. Raises
    InputError where all rows are of other markets.
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
    listed = ", ".join(sorted(others)[:5])
    if elsewhere.all():
        raise InputError(
            f"{raw.source} says that its rows are of {listed}, not of {exchange}",
            hint="give the exchange that it says (--exchange), or leave the column out of the file",
        )
    kept = replace(raw, frame=raw.frame.filter(~elsewhere))
    return replace(table, table=kept), [f"{int(elsewhere.sum()):,} rows of other exchanges ({listed}) are left out"]


def zone_said(raw: RawTable, table: Recognised) -> str | None:
    """The one zone that the source says of times without one; as ``one_zone``."""
    beside_them = [column for column in raw.columns if column not in (table.symbol, table.series)]
    columns = {raw.label(column): raw.frame[column] for column in beside_them}
    if table.layout.zone is not None:
        columns = {label: values for label, values in columns.items() if beside(label) != "offset"}
    stamps = [raw.label(column) for column in (table.time, table.date) if column is not None]
    return one_zone(columns, stamps, raw.source, hint="give the zone of its times (--zone America/New_York)")


def _code(name: str) -> str | None:
    """Market identifier code of an exchange as a column names it, None for an unknown one."""
    printed = exchange_printed(name)
    if printed is not None:
        return printed
    try:
        return exchange_named(name.upper()).code
    except NotFoundError:
        return None


def _column(raw: RawTable, what: str) -> str | None:
    return next((column for column, label in raw.labels.items() if beside(label) == what), None)
