"""Factor files, returns and currencies."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.panel.benchmark import equal_weighted
from correlator.market.factors import read_factors
from correlator.market.limits import price_limits
from correlator.market.returns import limit_locked, previous_closes, zero_volume

SHARED = Path(os.environ.get("CORRELATOR_SHARED", Path(__file__).parents[3] / "shared")) / "market" / "factors"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared series are not here")
FRENCH = """This file was created by using the 202604 CRSP database.
The rate is the simple one.

Date,Mkt-RF,SMB,RF
2024-01-02,   -0.67,    0.50,    0.02
2024-01-03,    1.00,  -99.99,    0.02
2024-01-04,    2.00,    what,    0.02
2024-01-05,    3.00

  Annual Factors: January-December
Date,Mkt-RF,SMB,RF
2023,   21.00,    0.50,    5.00

Copyright 2026
"""


def written(tmp_path, text: str):
    path = tmp_path / "factors.csv"
    path.write_text(text)
    return path


def test_words_around_per_cent_inside(tmp_path):
    file = read_factors(written(tmp_path, FRENCH))
    assert file.vintage == "2026-04"
    assert file.factors.columns == ["session", "Mkt-RF", "SMB", "RF"]
    assert file.factors.rows() == [
        (date(2024, 1, 2), pytest.approx(-0.0067), pytest.approx(0.005), pytest.approx(0.0002)),
        (date(2024, 1, 3), pytest.approx(0.01), None, pytest.approx(0.0002)),
    ]
    assert file.rejects.select("source_line", "reason").rows() == [
        (7, "a figure is not a number"),
        (8, "1 figures instead of 3"),
    ]
    assert "per cent" in file.notes[0]


def test_months_and_fractions(tmp_path):
    file = read_factors(written(tmp_path, ",Mkt-RF\n202401,0.01\n202402,-0.02\n\n2024,0.2\n"))
    assert file.factors.rows() == [(date(2024, 1, 31), 0.01), (date(2024, 2, 29), -0.02)]
    assert "fraction" in file.notes[0]
    assert read_factors(written(tmp_path, ",Mkt-RF\n202401,1.0\n"), unit="percent").factors["Mkt-RF"][0] == 0.01


def test_factors_may_have_any_name(tmp_path):
    file = read_factors(written(tmp_path, "date,*,^.*$\n20250526,0.10,-0.20\n"))
    assert file.factors.columns == ["session", "*", "^.*$"]


def test_a_factor_that_stands_twice_in_the_header_is_refused(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("A note\n\n,SMB,SMB,HML,RF\n20250526,0.10,-0.20,0.30,0.01\n")
    with pytest.raises(InputError, match="duplicate factor names: SMB, SMB"):
        read_factors(path)


def test_what_is_no_factor_file(tmp_path):
    with pytest.raises(InputError, match="no table"):
        read_factors(written(tmp_path, "hello\nworld\n"))
    with pytest.raises(InputError, match="has no header"):
        read_factors(written(tmp_path, "20240102,1.0\n"))
    with pytest.raises(InputError, match="unit 'bp' is not known"):
        read_factors(written(tmp_path, FRENCH), unit="bp")
    with pytest.raises(InputError, match="no readable row of factors: line 2: a figure is not a number"):
        read_factors(written(tmp_path, "date,Mkt-RF\n2024-01-02,0.67%\n"))
    with pytest.raises(NotFoundError, match="does not exist"):
        read_factors(tmp_path / "none.csv")


@needs_shared
def test_the_real_files():
    five, momentum = (read_factors(SHARED / f"{name}_daily_2026-04.csv") for name in ("ff5", "momentum"))
    assert five.factors.columns == ["session", "Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"]
    assert five.factors.row(0)[:2] == (date(1963, 7, 1), pytest.approx(-0.0067))
    assert momentum.factors["session"][-1] == date(2026, 4, 30)
    assert momentum.vintage == "2026-04"
    old = read_factors(SHARED / "ff3_daily_2024-07.csv")
    both = five.factors.join(old.factors, on="session", suffix="_old")
    differing = (both["Mkt-RF"] - both["Mkt-RF_old"]).abs() > 1e-9
    assert round(100 * float(differing.mean())) == 21


def test_previous_close_looks_over_holes():
    closes = np.array([[np.nan], [1.0], [np.nan], [2.0]])
    np.testing.assert_array_equal(previous_closes(closes)[:, 0], [np.nan, np.nan, 1.0, 1.0])


@pytest.mark.parametrize(
    ("bar", "locked"),
    [
        ((150.25, 150.25, 150.25, 150.25), True),
        ((140.0, 150.25, 139.0, 150.25), True),
        ((140.0, 151.00, 139.0, 150.25), False),
        ((150.0, 150.25, 139.0, 150.00), False),
        ((130.0, 130.00, 122.93, 122.93), True),
        ((170.0, 170.0, 170.0, 170.0), True),
    ],
)
def test_limit_locked(bar, locked):
    """The previous close is 136.59, as of AIRLINK on 9 May 2025; 150.25 was its close at the limit on 12 May."""
    open_, high, low, close = (np.array([[136.59], [figure]]) for figure in bar)
    assert bool(limit_locked(open_, high, low, close)[1, 0]) is locked


def test_the_limit_was_another_one_before_2024():
    limit, minimum = price_limits(
        "XKAR", pl.Series([date(2023, 1, 2), date(2024, 6, 10), date(2025, 1, 2), date(2010, 1, 1)])
    )
    np.testing.assert_array_equal(limit[:, 0], [0.075, 0.085, 0.1, np.nan])
    assert minimum[0, 0] == 1.0
    assert np.isnan(price_limits("XNYS", pl.Series([date(2023, 1, 2)]))[0]).all()
    cheap = np.array([[5.0], [6.0]])
    assert limit_locked(cheap, cheap, cheap, cheap, limit=0.1, minimum=1.0)[1, 0]


def test_zero_volume_is_not_a_missing_one():
    np.testing.assert_array_equal(zero_volume(np.array([[0.0, np.nan, 5.0]])), [[True, False, False]])


def test_equal_weights_of_what_is_there():
    returns = np.array([[0.1, 0.3], [np.nan, 0.2], [np.nan, np.nan]])
    np.testing.assert_allclose(equal_weighted(returns), [0.2, 0.2, np.nan])
    np.testing.assert_allclose(equal_weighted(returns, minimum=2), [0.2, np.nan, np.nan])


def test_levels_are_no_factors(tmp_path):
    path = tmp_path / "oil.csv"
    rows = [f"2020-{month:02d}-{day:02d},{50 + day}" for month in (1, 2, 3) for day in range(1, 25)]
    path.write_text("Date,Price\n" + "\n".join(rows) + "\n")
    with pytest.raises(InputError, match="levels, not returns"):
        read_factors(path)


def test_a_text_file_whose_cells_blanks_part_is_the_one_with_commas(tmp_path):
    path = tmp_path / "F-F_Research_Data_Factors_daily.txt"
    rows = [f"202001{day:02d}    {day / 10:5.2f}   -0.20    0.006" for day in range(1, 29)]
    path.write_text("Some words\n\n           Mkt-RF     SMB      RF\n" + "\n".join(rows) + "\n")
    factors = read_factors(path).factors
    assert factors.columns == ["session", "Mkt-RF", "SMB", "RF"]
    assert factors.row(2) == (date(2020, 1, 3), pytest.approx(0.003), pytest.approx(-0.002), pytest.approx(0.00006))
