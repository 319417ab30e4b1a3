"""Former names of symbols: FB is META until June 2022, and another fund's symbol after that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl

from correlator.base.files import read_csv
from correlator.base.resources import data_path


@dataclass(frozen=True)
class FormerName:
    """``former`` was the name of ``symbol`` on the exchanges of ``country`` up to the session ``until``."""

    former: str
    symbol: str
    until: date
    country: str


@cache
def former_names() -> dict[str, FormerName]:
    """Return the former names by name, from ``data/instruments/former_names.csv``."""
    rows = read_csv(data_path("instruments", "former_names.csv"), try_parse_dates=True)
    columns = ("former", "symbol", "until", "country")
    return {row[0]: FormerName(*row) for row in rows.select(columns).iter_rows()}


def former_name_of(name: str, instruments: Mapping[str, Mapping[str, str | None]]) -> FormerName | None:
    """Return the former name ``name`` if ``instruments`` (by symbol) contain the share that it stood for, or None."""
    former = former_names().get(name.strip().upper())
    if former is None:
        return None
    known = instruments.get(former.symbol)
    return former if known is not None and known.get("country") in (None, former.country) else None


def under_present_names(bars: pl.DataFrame, country: str | None) -> tuple[pl.DataFrame, list[str]]:
    """Rename former symbols of bars (symbol, session) to the present ones, and return notes.

    ``country``: that of the bars' exchange (ISO 3166-1 alpha-3), since names are per country. Bars after the last day
    of a former name keep it: they belong to another instrument.
    """
    notes: list[str] = []
    of_country = [known for known in former_names().values() if known.country == country]
    if not of_country:
        return bars, notes
    present = set(bars["symbol"].unique())
    for known in of_country:
        name = known.former
        if name not in present:
            continue
        earlier = (pl.col("symbol") == name) & (pl.col("session") <= known.until)
        count = int(bars.select(earlier.sum()).item())
        if count:
            bars = bars.with_columns(pl.when(earlier).then(pl.lit(known.symbol)).otherwise("symbol").alias("symbol"))
            notes.append(
                f"{name} was the name of {known.symbol} until {known.until}: {count:,} bars are stored under it"
            )
    return bars, notes
