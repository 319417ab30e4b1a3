"""The audit reads what studies use: adjusted closes against plain ones, and where they end."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.market.audit.prices import audit_prices
from correlator.market.reading.files import read_prices
from correlator.market.returns import filled_adjusted

BARS = 500


def made(seed: int = 0) -> pl.DataFrame:
    """Bars of two years on weekdays with a dividend a quarter: closes drop by it, adjusted closes do not."""
    rng = np.random.default_rng(seed)
    adjusted = 50.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.012, BARS)))
    factor = np.ones(BARS)
    for ex_date in range(60, BARS, 63):
        factor[:ex_date] *= 0.99
    close = adjusted / factor
    days = [day for k in range(3 * BARS) if (day := date(2015, 1, 5) + timedelta(k)).weekday() < 5][:BARS]
    return pl.DataFrame({"Date": days, "Close": close, "Adj Close": adjusted}).with_columns(
        Open=pl.col("Close") * 0.999, High=pl.col("Close") * 1.01, Low=pl.col("Close") * 0.99, Volume=pl.lit(1000.0)
    )


def findings(rows: pl.DataFrame) -> dict[str, str]:
    found = audit_prices(read_prices(rows, symbol="LAMP").bars)
    return dict(found.filter(pl.col("check").str.contains("adjusted")).select("check", "severity").iter_rows())


def times(factor: float, *columns: str, first: int = 250, last: int = BARS) -> pl.DataFrame:
    inside = pl.int_range(pl.len()).is_between(first, last - 1)
    return made().with_columns(
        pl.when(inside).then(pl.col(name) * factor).otherwise(name).alias(name) for name in columns
    )


ALL = ("Open", "High", "Low", "Close", "Adj Close")


@pytest.mark.parametrize("seed", range(8))
def test_dividends_are_no_fault(seed):
    assert findings(made(seed)) == {}


@pytest.mark.parametrize("ratio", [1.1, 1.5, 2.0, 5.0, 9.0, 0.1])
def test_a_split_in_plain_closes_alone_is_no_fault(ratio):
    assert findings(times(ratio, *ALL[:4], first=0, last=250)) == {}


@pytest.mark.parametrize("factor", [100.0, 0.01, 1.5, 1.2, 0.8])
def test_adjusted_closes_on_another_scale_from_some_bar_on(factor):
    assert findings(times(factor, "Adj Close")).get("adjusted-break") == "high"


@pytest.mark.parametrize("factor", [1.3, 0.7])
def test_one_wrong_adjusted_close(factor):
    assert "high" in findings(times(factor, "Adj Close", first=300, last=301)).values()


def test_a_factor_that_falls():
    assert findings(times(0.97, "Adj Close")).get("adjusted-factor") == "high"


def test_a_split_that_nobody_adjusted():
    assert findings(times(0.5, *ALL)).get("unadjusted-split") == "high"


def test_adjusted_closes_that_end():
    rows = made().with_columns(pl.when(pl.int_range(pl.len()) < 300).then("Adj Close").alias("Adj Close"))
    assert findings(rows) == {"adjusted-gap": "low"}


@settings(deadline=None)
@given(st.data())
def test_returns_over_a_gap_are_those_of_plain_closes_unless_it_hides_a_dividend(data):
    rows = made(1)
    close, whole = (rows[name].to_numpy()[:, None] for name in ("Close", "Adj Close"))
    gap = np.array(data.draw(st.lists(st.booleans(), min_size=BARS, max_size=BARS)))
    prices, filled = filled_adjusted(close, np.where(gap[:, None], np.nan, whole))
    known, factor = np.flatnonzero(~gap), (whole / close)[:, 0]
    around = np.searchsorted(known, np.arange(BARS))
    hidden = np.array(
        [
            gap[k] and 0 < i < len(known) and abs(factor[known[i]] / factor[known[i - 1]] - 1) > 0.005
            for k, i in enumerate(around)
        ]
    )
    assert filled[:, 0].tolist() == (gap & ~hidden).tolist()
    assert np.isnan(prices[:, 0]).tolist() == hidden.tolist()
    plain, used = (np.diff(np.log(each[:, 0])) for each in (close, prices))
    inside = gap[1:] & ~hidden[1:] & ~hidden[:-1]
    np.testing.assert_allclose(used[inside], plain[inside], atol=1e-12)
    np.testing.assert_allclose(np.diff(np.log(prices[known, 0])), np.diff(np.log(whole[known, 0])), atol=1e-12)
