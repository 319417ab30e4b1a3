"""Daily price limits of exchanges, as in force on each session."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.base.resources import data_path

Array = NDArray[np.float64]


def price_limits(exchange: str, sessions: pl.Series) -> tuple[Array, Array]:
    """Return the price limit on each of ``sessions`` (T,) and its minimum, both as arrays (T, 1).

    The limit is a fraction of the previous close, the minimum an amount in the exchange's currency; the larger one
    applies. NaN if the exchange has no limit, or none is known that early. Source: ``data/sessions/limits.csv``.
    """
    known = _limits().filter(pl.col("exchange") == exchange)
    dates = pl.DataFrame({"session": sessions.cast(pl.Date)}).with_row_index("row").sort("session")
    limits = dates.join_asof(known, left_on="session", right_on="date", strategy="backward").sort("row")
    limit, minimum = (limits[name].cast(pl.Float64).to_numpy(writable=True) for name in ("limit", "minimum"))
    return limit[:, None], minimum[:, None]


@lru_cache(maxsize=1)
def _limits() -> pl.DataFrame:
    return pl.read_csv(data_path("sessions", "limits.csv"), try_parse_dates=True).sort("date")
