"""The smallest effect that a study would find, held against the law where returns are normal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.placebo import sums
from correlator.eventstudy.power import _crossing, power_test
from correlator.eventstudy.request.spec import StudySpec, study_spec

SPEC = study_spec(estimation="-120:-11", window="-2:2", windows="0:0,1:2")
SIGMA = 0.02


def design(seed: int = 1, shock: float = 0.0, spec: StudySpec = SPEC):
    rng = np.random.default_rng(seed)
    labels = pl.Series("session", [date(2001, 1, 1) + timedelta(days=n) for n in range(900)])
    market = rng.normal(0, 0.01, 900)
    returns = market[:, None] + rng.normal(0, SIGMA, (900, 2))
    rows = rng.choice(np.arange(140, 880, 7), 40, replace=False)
    returns[rows, np.arange(40) % 2] += shock
    panel = Panel(labels, ("A", "B"), returns, market[:, None], ("M",))
    names = [("A", "B")[i % 2] for i in range(40)]
    events = pl.DataFrame({"event_id": np.arange(40), "symbol": names, "date": labels[rows]})
    return study_panel(panel, events, spec)


def test_the_smallest_effect_is_that_of_the_law_where_returns_are_normal():
    """40 events, sd 2 %: a normal law finds (1.96 + 0.84) 0.02 / sqrt(40) with 80 %."""
    found = power_test(design(), effect=0.005, studies=100, seed=3)
    row = found.table.row(0, named=True)
    law = (1.96 + 0.842) * SIGMA / np.sqrt(40)
    assert row["smallest_effect"] == pytest.approx(law, rel=0.2)
    assert row["size"] <= 0.12
    assert row["events_needed"] == pytest.approx(40 * (row["smallest_effect"] / 0.005) ** 2, abs=1)
    assert 0.15 < row["power"] < 0.6
    assert found.table["window"].to_list() == ["0:0", "1:2"]
    assert found.table["smallest_effect"][1] > row["smallest_effect"]


def test_what_the_events_did_has_no_say():
    quiet, loud = (power_test(design(shock=shock), studies=25, seed=1) for shock in (0.0, 0.1))
    assert loud.table["smallest_effect"][0] < 2 * quiet.table["smallest_effect"][0]


def test_power_rises_along_the_curve_and_repeats_itself():
    found, again = (power_test(design(), studies=25, seed=2) for _ in range(2))
    curve = found.curve.filter(pl.col("window") == "0:0")
    assert curve["power"][-1] > 0.95
    assert curve["power"][0] <= 0.24
    assert found.curve.equals(again.curve)
    assert found.frame("table").equals(found.table)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_placements_are_measured_by_the_engine_of_the_study(engine, monkeypatch):
    ran = set()

    def told(*arguments, **options):
        ran.add(options["engine"])
        return fit_events(*arguments, **options)

    fit_events = sums.fit_events
    monkeypatch.setattr(sums, "fit_events", told)
    table = power_test(design(spec=replace(SPEC, engine=engine)), studies=10, seed=1).table
    assert ran == {engine}
    assert table["smallest_effect"].to_list() == pytest.approx(
        power_test(design(), studies=10, seed=1).table["smallest_effect"].to_list(), rel=1e-9
    )


def test_the_crossing_is_interpolated():
    effects, power = np.array([0.0, 1.0, 2.0]), np.array([0.05, 0.6, 1.0])
    assert _crossing(effects, power, 0.8) == pytest.approx(1.5)
    assert _crossing(effects, power * 0.5, 0.8) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": 1.0}, "target must be between"),
        ({"studies": 0}, "studies must be"),
        ({"effect": 0.0}, "effect must be"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        power_test(design(), **options)
