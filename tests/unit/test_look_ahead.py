"""The look-ahead audit passes an honest study and catches leaky ones, whatever they leak from."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Donors, Panel
from correlator.eventstudy.request.spec import study_spec
from correlator.look_ahead import audit, numbers_of

PLAN = study_spec(estimation="-60:-6", window="-2:2", windows="0:0,-2:2")


def world(seed=1, bars=200):
    rng = np.random.default_rng(seed)
    labels = pl.Series("session", [date(2024, 1, 1) + timedelta(days=n) for n in range(bars)])
    returns, market = rng.normal(0, 0.02, (bars, 2)), rng.normal(0, 0.01, (bars, 1))
    returns[90, 0] = np.nan
    panel = Panel(labels, ("A", "B"), returns, market, ("M",))
    rows = [70, 95, 140]
    events = pl.DataFrame(
        {
            "event_id": [1, 2, 3],
            "symbol": ["A", "B", "A"],
            "date": labels[rows],
            "known_at": [datetime(2024, 1, 1, 9, tzinfo=UTC) + timedelta(days=row) for row in rows],
        }
    )
    closes = pl.Series([datetime(2024, 1, 1, 11, tzinfo=UTC) + timedelta(days=n) for n in range(bars)])
    return panel, events, closes


def test_an_honest_study_passes_completely():
    panel, events, closes = world()
    found = audit(PLAN, panel, events, closes=closes)
    assert found.passed
    assert found.complete
    assert found.numbers == 3 * (2 + 1 + 2 * 5 + 2 * 2)
    assert found.sentence.startswith("no look-ahead found: 51 numbers")
    with_means = study_spec(model="mean", estimation="-60:-6", window="-2:2")
    assert audit(with_means, panel, events).passed


def leaky_scaling(panel, events):
    """Returns less their mean over the whole sample: a common slip."""
    centred = panel.returns - np.nanmean(panel.returns, axis=0)
    return study_panel(
        replace(panel, returns=centred), events, study_spec(model="raw", estimation="-60:-6", window="0:1")
    )


def leaky_benchmark(panel, events):
    """A benchmark smoothed over the bar itself and its two neighbours."""
    smooth = np.convolve(panel.factors[:, 0], np.ones(3) / 3, mode="same")[:, None]
    return study_panel(replace(panel, factors=smooth), events, PLAN)


def leaky_label(panel, events):
    """Numbers that carry the session before the one they use."""
    numbers = numbers_of(study_panel(panel, events, PLAN)).filter(pl.col("quantity") == "ar 1")
    return numbers.with_columns(session=pl.col("session").dt.offset_by("-1d"))


def leaky_selection(panel, events):
    """Abnormal returns over their standard deviation over all events, the later ones too."""
    numbers = numbers_of(study_panel(panel, events, PLAN)).filter(pl.col("quantity") == "car 0:0")
    return numbers.with_columns(value=pl.col("value") / pl.col("value").std())


@pytest.mark.parametrize("study", [leaky_scaling, leaky_benchmark, leaky_label, leaky_selection])
def test_leaky_studies_are_caught(study):
    panel, events, closes = world()
    found = audit(study, panel, events, closes=closes)
    assert not found.passed
    assert found.leaks.height > 0
    assert (found.leaks["cutoff"] >= found.leaks["session"]).all()
    assert found.leaks.select("event_id", "symbol", "quantity").is_unique().all()
    assert "used the future" in found.sentence


def test_the_leak_is_named():
    panel, events, _ = world()
    leaks = audit(leaky_benchmark, panel, events).leaks
    caught = set(leaks["quantity"])
    assert {"ar 2", "car -2:2", "car 0:0", "sigma"} <= caught


def test_an_event_on_a_session_that_closed_before_it_is_late():
    panel, events, closes = world()
    after_close = events.with_columns(known_at=pl.col("known_at") + pl.duration(hours=4))
    found = audit(PLAN, panel, after_close, closes=closes)
    assert not found.passed
    assert found.late["event_id"].to_list() == [1, 2, 3]
    assert "public only after their day 0 closed" in found.sentence


def test_a_sample_of_cutoffs_is_not_called_complete():
    panel, events, _ = world()
    found = audit(PLAN, panel, events, most_cutoffs=4)
    assert (found.cutoffs, found.complete) == (4, False)
    assert found.passed


def nameless(_panel, events):
    return events.rename({"date": "session"}).with_columns(quantity=pl.lit("x"))


def test_a_study_without_numbers_is_refused():
    panel, events, _ = world()
    with pytest.raises(InputError, match="no numbers to audit"):
        audit(PLAN, panel, events[:1].with_columns(symbol=pl.lit("Z")))
    with pytest.raises(InputError, match="have no column 'value'"):
        audit(nameless, panel, events)


@pytest.mark.parametrize("bars_early", [0, 1])
def test_donors_are_part_of_the_future(bars_early):
    """Donors read a bar early leave a counterfactual that knows tomorrow."""
    panel, events, closes = world()
    returns = np.random.default_rng(5).normal(0, 0.02, (len(panel.labels), 6))
    donors = Donors(tuple("CDEFGH"), returns, np.ones((2, 6), dtype=bool), (None,) * 6)
    synthetic = study_spec(model="synthetic", estimation="-60:-6", window="-2:2", windows="0:0,-2:2")

    def study(panel, events):
        early = replace(panel.donors, returns=np.roll(panel.donors.returns, -bars_early, axis=0))
        return study_panel(replace(panel, donors=early), events, synthetic)

    assert audit(study, replace(panel, donors=donors), events, closes=closes).passed is (bars_early == 0)
