"""What columns beside the bars say of their place: the exchange of each row, and the clocks by which it is dated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from correlator.containers.raw import RawTable
from correlator.errors import InputError, NotFoundError
from correlator.market.exchange_names import are_one_market, exchange_printed
from correlator.market.layout.recognise import Recognised
from correlator.market.layout.vocabulary import beside
from correlator.sessions import exchange_named, zone_named

_UTC = ("UTC", "GMT", "Z")
_IN_NAME = re.compile(
    r"[(\[](?P<bracketed>[A-Z]{1,4}T|UTC|\w+/\w+)[)\]]|(?:[\s_]|(?<=[a-z]))(?:UTC|GMT)$|(?<=[\s_])(?:utc|gmt)$"
)


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
    """The one zone that the source says of times without one: in a column of its own, or in the name of that of times,
    ``Time (UTC)``; None where it says nothing.

    Raises InputError where it says several, or none that determines the clocks of a whole year.
    """
    for what in ("zone", "offset"):
        column = _column(raw, what)
        if column in (None, table.symbol, table.series) or (what == "offset" and table.layout.zone is not None):
            continue
        said = raw.frame[column].cast(pl.String).str.strip_chars().drop_nulls().unique().sort().to_list()
        if said:
            return _only_zone(said, raw, f"the column {raw.label(column)!r}")
    for column in (table.time, table.date):
        label = "" if column is None else raw.label(column)
        name = _IN_NAME.search(label)
        if name is not None:
            return _only_zone([name["bracketed"] or "UTC"], raw, f"the name of the column {label!r}")
    return None


def _only_zone(said: Sequence[str], raw: RawTable, where: str) -> str:
    """The zone of one name; raises InputError for several, an offset and an abbreviation: EST is not New York."""
    if len(said) == 1 and said[0].upper() in _UTC:
        return "UTC"
    if len(said) == 1 and "/" in said[0]:
        return zone_named(said[0])
    raise InputError(
        f"{raw.source}: {where} says {', '.join(said[:3])}, which does not determine one zone",
        hint="give the zone of its times (--zone America/New_York)",
    )


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
