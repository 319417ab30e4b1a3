"""A share is never in its own benchmark, whichever way the study comes in."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError
from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.placebo.inference import placebo_test

DAYS = pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 12, 31), eager=True)
SHARES = ("A", "B", "C", "D")


def frame(planted: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    returns = rng.normal(0, 0.01, (len(DAYS), 1)) + rng.normal(0, 0.02, (len(DAYS), 4))
    returns[500, 0] += planted
    return pl.DataFrame({"date": DAYS, **{name: returns[:, j] for j, name in enumerate(SHARES)}})


EVENTS = pl.DataFrame({"symbol": ["A", "B", "A"], "date": [DAYS[500], DAYS[510], DAYS[600]]})


def test_the_mean_of_the_other_columns_is_what_a_frame_of_that_mean_gives():
    table = frame()
    found = study_matrix(table, EVENTS, benchmark="equal-weighted", windows="0:0,-1:1")
    for symbol in ("A", "B"):
        others = table.select("date", market=pl.mean_horizontal([name for name in SHARES if name != symbol]))
        alone = study_matrix(table, EVENTS.filter(pl.col("symbol") == symbol), benchmark=others, windows="0:0,-1:1")
        here = found.car.filter(pl.col("symbol") == symbol)["car"].to_numpy()
        np.testing.assert_allclose(here, alone.car["car"].to_numpy(), rtol=1e-12)
    assert found.benchmark_note == "equal-weighted mean of 3 other columns"


def test_what_is_planted_is_measured_whole():
    before, after = (
        study_matrix(frame(planted), EVENTS, benchmark="equal-weighted", windows="0:0").car["car"][0]
        for planted in (0.0, 0.05)
    )
    assert after - before == pytest.approx(0.05, abs=1e-12)


def test_statistics_placebo_and_calendar_time_use_each_share_s_own_benchmark():
    events = pl.DataFrame({"symbol": ["A", "B"] * 6, "date": [DAYS[300 + 30 * i] for i in range(12)]})
    found = study_matrix(frame(), events, benchmark="equal-weighted", windows="0:0", window="-2:2")
    assert found.significance["value"].null_count() == 0
    assert found.calendar_time["alpha"].is_finite().all()
    test = placebo_test(found, draws=50, seed=1)
    assert np.isfinite(test.null).all()


def test_one_column_has_no_others():
    with pytest.raises(InputError, match="needs at least two columns"):
        study_matrix(frame().select("date", "A"), EVENTS, benchmark="equal-weighted")
