"""Exchange rates between currencies, from stored daily closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb
import numpy as np
import polars as pl

from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.panel.frames import Array
from correlator.store.bar_arrays import read_bar_arrays
from correlator.store.reading import read_instrument_rows
from correlator.store.statements import query

_VEHICLE = "USD"


def currency_rate(
    connection: duckdb.DuckDBPyConnection,
    symbols: Sequence[str],
    target: str,
    sessions: pl.Series,
    *,
    as_of: datetime | None,
) -> Array:
    """Return the value in ``target`` of one unit of the currency of ``symbols`` on ``sessions`` (T,).

    Rates are daily closes of instruments named like ``USDPKR`` (rupees per dollar), used directly, inverted, or crossed
    via the dollar. A session without a rate is missing; nothing is carried forward. Raises InputError for symbols of
    several or unknown currencies and NotFoundError if no rate is stored.
    """
    local = _currency_of(connection, symbols)
    if local == target:
        return np.ones(len(sessions))
    stored = query(connection, "SELECT DISTINCT symbol FROM bars WHERE \"interval\" = '1d'")["symbol"].to_list()

    def rate(one: str, other: str) -> Array | None:
        for name, power in ((one + other, 1.0), (other + one, -1.0)):
            if name in stored:
                closes = read_bar_arrays(connection, [name], sessions, fields=("close",), as_of=as_of).fields["close"]
                positive: Array = np.where(closes > 0, closes, np.nan)[:, 0] ** power
                return positive
        return None

    direct = rate(local, target)
    if direct is not None:
        return direct
    legs = [rate(local, _VEHICLE), rate(_VEHICLE, target)]
    if legs[0] is None or legs[1] is None:
        raise NotFoundError(
            f"the store has no exchange rate from {local} to {target}",
            hint=f"load daily rates under the symbol {target}{local} or {local}{target}",
        )
    crossed: Array = legs[0] * legs[1]
    return crossed


def _currency_of(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> str:
    currencies = {name: row["currency"] for name, row in sorted(read_instrument_rows(connection, symbols).items())}
    unknown = [symbol for symbol, currency in currencies.items() if currency is None]
    if unknown:
        raise InputError(f"the currency of {unknown[0]} is unknown", hint="set it with `correlator add instruments`")
    if len(set(currencies.values())) != 1:
        listed = ", ".join(f"{symbol} {currency}" for symbol, currency in currencies.items())
        raise InputError(f"symbols are quoted in several currencies: {listed}", hint="study one currency at a time")
    return str(next(iter(currencies.values())))
