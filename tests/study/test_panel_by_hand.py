"""Pieces of panels and placebos by hand, where whole studies hide what they do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError
from correlator.eventstudy.panel.donors import _note
from correlator.eventstudy.panel.open_days import _changed
from correlator.eventstudy.placebo.sums import _rows_of
from correlator.eventstudy.placing.events import exchanges_of
from correlator.eventstudy.regression.cross_section import _clusters
from correlator.market.audit.shifts import _standard
from correlator.research.selection import _kinds_by_pair


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


def test_kinds_of_link_are_those_of_each_event_and_symbol():
    pairs = pl.DataFrame(
        {"event_id": [1, 1, 1, 2], "symbol": ["A", "A", "B", "A"], "link": ["named", "country", "named", "printed"]}
    )
    rows = sorted(_kinds_by_pair(pairs).select("event_id", "symbol", "link").rows())
    assert rows == [(1, "A", "country named"), (1, "B", "named"), (2, "A", "printed")]


@pytest.mark.parametrize(("count", "words"), [(5, "A, B, C, D, E"), (6, "A, B, C, D, E and 1 more")])
def test_five_donors_are_named_and_the_others_counted(count: int, words: str) -> None:
    assert _note("ABCDEF"[:count], 0) == f"synthetic of {count} donors: {words}"


def test_a_share_on_two_exchanges_is_refused_with_both_and_no_other() -> None:
    events = pl.DataFrame({"symbol": ["A", "B", "B"], "exchange": ["XPAR", "XNAS", "XKAR"]})
    with pytest.raises(InputError, match="B name several exchanges: (XNAS, XKAR|XKAR, XNAS) .write"):
        exchanges_of(["A", "B"], events, None)


def test_two_columns_to_cluster_by_are_taken_and_three_are_not() -> None:
    rows = pl.DataFrame({"symbol": ["A", "B"], "session": [1, 2], "category": ["x", "y"]})
    assert _clusters(rows, ["symbol", "session"]) == ("symbol", "session")
    with pytest.raises(InputError, match="at most 2 columns can be clustered by, got 3"):
        _clusters(rows, ["symbol", "session", "category"])
