"""Pieces of panels and placebos by hand, where whole studies hide what they do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from correlator.eventstudy.panel.open_days import _changed
from correlator.eventstudy.placebo.sums import _rows_of
from correlator.market.audit.shifts import _standard


@pytest.mark.parametrize(("kind", "changed"), [("prices", [False, True, False]), ("returns", [True, True, False])])
def test_a_price_changes_against_the_row_before_and_a_return_by_itself(kind: str, changed: list[bool]) -> None:
    values = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0], [np.nan, 0.0]])
    assert _changed(values, np.array([1, 2, 3]), [0], kind)[:, 0].tolist() == changed


def test_rows_that_draws_measure_are_those_of_their_dates_and_offsets() -> None:
    placings: Any = SimpleNamespace(
        dates=np.array([[10, 20], [30, 40]]), cluster=np.array([0, 1, 1]), offset=np.array([0, 0, 2])
    )
    assert _rows_of(placings, np.array([1, 2])).tolist() == [30, 32, 40, 42]


def test_standard_returns_have_their_usual_size_and_no_outlier() -> None:
    returns = np.random.default_rng(2).normal(0, 0.02, 400)
    returns[200] = 0.5
    scaled = _standard(pl.Series(np.exp(np.cumsum(returns))))
    assert np.nanmedian(np.abs(scaled)) == pytest.approx(0.6745, abs=0.08)
    assert np.nanmax(scaled) == scaled[200] == 3.0
    assert np.nanmean(np.abs(scaled) == 3.0) < 0.02
