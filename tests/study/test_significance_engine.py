"""The tests across events by way of the engine, from returns to table."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from slow_reference import FIRMS, GOLDEN, SCENARIOS, sample_s2, scenario

from correlator.errors import StudyError
from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.significance.registry import NAMES
from correlator.eventstudy.significance.table import significance_table


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_from_returns(name: str) -> None:
    first, last, start, end = SCENARIOS[name]
    events = pl.DataFrame({"symbol": list(FIRMS), "date": ["2020-03-09"] * len(FIRMS)})
    returns = pl.read_csv(GOLDEN / "estudy2_input_log_returns.csv")
    result = study_matrix(
        returns, events, benchmark="GSPC", estimation=f"{first}:{last}", window=f"{start}:{end}", returns_kind="log"
    )
    expected = significance_table(scenario(name)[0])
    got = result.significance
    assert got["statistic"].to_list() == expected["statistic"].to_list()
    assert got["n"].to_list() == expected["n"].to_list()
    for column in ("value", "df", "p_value"):
        np.testing.assert_allclose(
            got[column].cast(pl.Float64).to_numpy(), expected[column].to_numpy(), rtol=1e-9, atol=1e-14
        )


def test_windows_around_scattered_dates_from_prices() -> None:
    requests = pl.read_csv(GOLDEN / "caar_S2_requests.csv")
    events = requests.select(
        pl.col("firm_symbol").alias("symbol"), pl.col("event_date").str.to_date("%d.%m.%Y").alias("date")
    )
    result = study_matrix(
        prices=pl.read_csv(GOLDEN / "caar_S2_prices.csv"),
        events=events,
        benchmark="SPY",
        returns_kind="simple",
        estimation="-260:-11",
        window="-10:10",
        windows="-1:1,-5:5",
    )
    expected = significance_table(sample_s2())
    assert result.significance.height == 23 * len(NAMES)
    np.testing.assert_allclose(
        result.significance["value"].to_numpy(), expected["value"].to_numpy(), rtol=1e-9, atol=1e-12
    )


def test_one_event_is_refused_with_a_remedy() -> None:
    events = pl.DataFrame({"symbol": ["AMZN"], "date": ["2020-03-09"]})
    returns = pl.read_csv(GOLDEN / "estudy2_input_log_returns.csv")
    result = study_matrix(returns, events, benchmark="GSPC", estimation="-150:-11", window="-1:1")
    with pytest.raises(StudyError, match="no cross-section"):
        _ = result.significance
