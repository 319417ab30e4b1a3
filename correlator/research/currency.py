"""Exchange rates between currencies, from stored daily closes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import duckdb
import numpy as np
import polars as pl

from correlator.errors import InputError, NotFoundError, warn
from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.request.spec import DAILY
from correlator.store.bar_arrays import read_bar_arrays
from correlator.store.reading import read_instrument_rows, symbols_with_bars

_VEHICLE = "USD"


def currency_rates(
    connection: duckdb.DuckDBPyConnection,
    symbols: Sequence[str],
    target: str,
    sessions: pl.Series,
    *,
    as_of: datetime | None,
) -> Array:
    """Return the value in ``target`` of one unit of the currency of each of ``symbols`` on ``sessions`` (T, S).

    Rates are daily closes of instruments named like ``USDPKR`` (rupees per dollar), used directly, inverted, or crossed
    via the dollar. A session without a rate is missing; nothing is carried forward. Raises InputError for a symbol of
    unknown currency and NotFoundError if no rate was stored by ``as_of``.
    """
    currencies = _currencies_of(connection, symbols)
    stored = symbols_with_bars(connection, DAILY, as_of)

    def value(one: str, other: str) -> Array | None:
        for name, power in ((one + other, 1.0), (other + one, -1.0)):
            if name in stored:
                closes = read_bar_arrays(connection, [name], sessions, fields=("close",), as_of=as_of).fields["close"]
                positive: Array = np.where(closes > 0, closes, np.nan)[:, 0] ** power
                return positive
        return None

    same = np.ones(len(sessions))
    rates = {local: same if local == target else _rate(value, local, target) for local in dict.fromkeys(currencies)}
    return np.column_stack([rates[local] for local in currencies])


def _rate(value: Callable[[str, str], Array | None], local: str, target: str) -> Array:
    """Return the ``value`` (T,) in ``target`` of one unit of ``local``: stored, or else via the dollar."""
    direct = value(local, target)
    if direct is not None:
        return direct
    legs = [value(local, _VEHICLE), value(_VEHICLE, target)]
    if legs[0] is None or legs[1] is None:
        raise NotFoundError(
            f"the store has no exchange rate from {local} to {target}",
            hint=f"load daily rates under the symbol {target}{local} or {local}{target}",
        )
    crossed: Array = legs[0] * legs[1]
    return crossed


def _currencies_of(connection: duckdb.DuckDBPyConnection, symbols: Sequence[str]) -> list[str]:
    rows = read_instrument_rows(connection, symbols)
    unknown = next((symbol for symbol in sorted(rows) if rows[symbol]["currency"] is None), None)
    if unknown is not None:
        raise InputError(f"the currency of {unknown} is unknown", hint="set it with `correlator add instruments`")
    return [str(rows[symbol]["currency"]) for symbol in symbols]


def warn_of_currencies(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], members: Sequence[str], benchmark: str
) -> None:
    """Warn if ``symbols`` and the ``members`` of their benchmark are not all in one currency, as far as it is known."""
    rows = read_instrument_rows(connection, [*symbols, *members])
    own, others = (
        sorted({str(rows[name]["currency"]) for name in names if rows[name]["currency"] is not None})
        for names in (symbols, members)
    )
    if own and others and len({*own, *others}) > 1:
        of_both = f"returns are in {', '.join(own)}, those of the benchmark {benchmark} in {', '.join(others)}"
        warn(f"{of_both}; give currency to convert them")
