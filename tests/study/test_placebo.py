"""Placebo inference: what a draw is, what it keeps, and that its p-values are uniform where there is nothing."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError, StudyError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.placebo.dates import Matching, draw_dates, placebo_clusters
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.placebo.randomisation import randomisation_p
from correlator.eventstudy.placebo.regimes import volatility_regimes
from correlator.eventstudy.request.spec import study_spec

PLAN = study_spec(estimation="-80:-11", window="-2:2", windows="0:0,-2:2")


def weekdays(count):
    days = (date(2001, 1, 1) + timedelta(days=n) for n in range(2 * count))
    return pl.Series("session", [day for day in days if day.weekday() < 5][:count])


def simulated(seed, *, sessions=900, symbols=6, common=0.0):
    """Fat-tailed returns on a market; ``common`` is the part of the residuals that all symbols share."""
    rng = np.random.default_rng(seed)
    market = rng.standard_t(5, sessions) * 0.008
    own, shared = rng.standard_t(5, (sessions, symbols)) * 0.015, rng.standard_t(5, (sessions, 1)) * 0.015
    returns = market[:, None] + np.sqrt(1 - common) * own + np.sqrt(common) * shared
    names = tuple(f"S{i}" for i in range(symbols))
    return Panel(weekdays(sessions), names, returns, market[:, None], ("M",))


def events_at(panel, rows, symbols, **more):
    names = [panel.symbols[s] for s in symbols]
    ids = np.arange(1, len(names) + 1)
    return pl.DataFrame({"event_id": ids, "symbol": names, "date": panel.labels[np.asarray(rows)], **more})


def random_events(panel, count, seed, **more):
    rng = np.random.default_rng(seed)
    rows = rng.integers(120, len(panel.labels) - 5, count)
    return events_at(panel, rows, rng.integers(0, len(panel.symbols), count), **more)


def test_a_draw_is_the_study_at_other_dates():
    """The null draws, recomputed one by one by running the study itself at the dates that were drawn."""
    panel = simulated(1)
    events = events_at(panel, [200, 200, 431, 700], [0, 3, 2, 2])
    result = study_panel(panel, events, PLAN)
    found = placebo_test(result, draws=8, seed=5)
    clusters = placebo_clusters(result.estimates, panel, PLAN, Matching())
    assert [len(cluster.events) for cluster in clusters] == [2, 1, 1]
    dates = draw_dates(clusters, 8, 5, 4)
    for b in range(8):
        rows = np.zeros(4, dtype=np.int64)
        for cluster, row in zip(clusters, dates[:, b], strict=True):
            rows[cluster.events] = row + cluster.offset
        placebo = study_panel(panel, events_at(panel, rows, [0, 3, 2, 2]), PLAN).estimates
        np.testing.assert_allclose(found.null_caar[0, b], placebo.car.mean(axis=0), rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(found.null[0, b], (placebo.car / placebo.car_se).mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(found.caar[0], result.estimates.car.mean(axis=0))
    np.testing.assert_allclose(found.path[0], np.cumsum(result.estimates.ar.mean(axis=0)), atol=1e-15)


def test_candidates_match_weekday_regime_and_distance():
    panel = simulated(2)
    result = study_panel(panel, random_events(panel, 5, 3), PLAN)
    regimes = volatility_regimes(panel, -80, -2)
    weekday = panel.labels.dt.weekday().to_numpy()
    for cluster in placebo_clusters(result.estimates, panel, PLAN, Matching(least=20)):
        assert cluster.matched == ("weekday", "volatility", "distance")
        assert (weekday[cluster.candidates] == weekday[cluster.at]).all()
        assert (regimes[cluster.candidates] == regimes[cluster.at]).all()
        for event, offset in zip(cluster.events, cluster.offset, strict=True):
            symbol = result.estimates.symbol_index[event]
            real = result.estimates.day_zero[result.estimates.symbol_index == symbol]
            assert np.abs(cluster.candidates[:, None] + offset - real).min() >= 5


def test_regimes_do_not_look_at_the_event_window_or_after():
    panel = simulated(3)
    before = volatility_regimes(panel, -80, -2)
    shaken = panel.factors.copy()
    shaken[500:505] *= 50
    after = volatility_regimes(Panel(panel.labels, panel.symbols, panel.returns, shaken, ("M",)), -80, -2)
    assert before[502] == after[502]
    assert set(np.unique(before[before >= 0])) == {0, 1, 2}


def test_criteria_are_given_up_in_order_and_said():
    panel = simulated(4, sessions=260)
    result = study_panel(panel, random_events(panel, 4, 9), PLAN)
    clusters = placebo_test(result, draws=50, matching=Matching(least=50)).clusters
    assert set(clusters["matched"]) == {"volatility distance"}
    clusters = placebo_test(result, draws=50, matching=Matching(least=10_000)).clusters
    assert set(clusters["matched"]) == {""}
    assert clusters["candidates"].min() > 0


def test_neighbouring_dates_can_move_as_one():
    panel = simulated(5)
    result = study_panel(panel, events_at(panel, [300, 302, 303, 500], [0, 1, 0, 0]), PLAN)
    apart = placebo_clusters(result.estimates, panel, PLAN, Matching(block=0))
    assert [len(c.events) for c in apart] == [1, 1, 1, 1]
    for block in (None, 2):  # windows of five bars, the default, overlap
        joined = placebo_clusters(result.estimates, panel, PLAN, Matching(block=block))
        assert [len(c.events) for c in joined] == [3, 1]
        assert joined[0].offset.tolist() == [0, 2, 3]


def test_a_cluster_too_long_to_move_is_split_at_its_widest_gap():
    panel = simulated(5, sessions=240)
    rows = [60, 64, 68, 73, 77, *range(81, 230, 4)]
    result = study_panel(panel, events_at(panel, rows, [0] * len(rows)), PLAN)
    clusters = placebo_clusters(result.estimates, panel, PLAN, Matching(block=5))
    assert len(clusters) > 1
    assert sum(len(c.events) for c in clusters) == len(rows)
    assert all(len(c.candidates) >= 50 for c in clusters)
    assert clusters[0].at + clusters[0].offset[-1] == 68


def test_real_events_are_kept_away_from_only_where_there_is_room():
    panel = simulated(5)
    few = study_panel(panel, events_at(panel, [300, 500], [0, 0]), PLAN)
    many = study_panel(panel, events_at(panel, range(150, 850, 20), [0] * 35), PLAN)
    assert {"distance" in c.matched for c in placebo_clusters(few.estimates, panel, PLAN, Matching())} == {True}
    assert {"distance" in c.matched for c in placebo_clusters(many.estimates, panel, PLAN, Matching())} == {False}


def test_missing_bars_stay_missing_and_are_counted():
    panel = simulated(6)
    returns = panel.returns.copy()
    returns[np.random.default_rng(1).random(returns.shape) < 0.1] = np.nan
    panel = Panel(panel.labels, panel.symbols, returns, panel.factors, ("M",))
    result = study_panel(panel, random_events(panel, 30, 2), PLAN)
    found = placebo_test(result, draws=200)
    assert np.isfinite(found.null).all()
    assert found.events[0].tolist() == (~np.isnan(result.estimates.car)).sum(axis=0).tolist()


def test_one_event_with_a_missing_bar_keeps_its_fan():
    panel = simulated(12)
    returns = panel.returns.copy()
    returns[np.random.default_rng(2).random(returns.shape) < 0.2] = np.nan
    returns[398:403, 1] = [0.01, np.nan, 0.02, 0.03, np.nan]
    panel = Panel(panel.labels, panel.symbols, returns, panel.factors, ("M",))
    found = placebo_test(study_panel(panel, events_at(panel, [400], [1]), PLAN), draws=300)
    assert np.isfinite(found.path_bands).all()
    assert found.bands.null_count().sum_horizontal()[0] == 0
    assert found.table["p_value"].is_not_null().all()


def test_a_window_without_a_value_is_missing_in_the_draws_too():
    """Else draws would average over more events than the study does, and spread less."""
    panel = simulated(13)
    returns = panel.returns.copy()
    rows = [200, 300, 400, 500, 600, 700]
    returns[rows[:4], 0] = np.nan
    panel = Panel(panel.labels, panel.symbols, returns, panel.factors, ("M",))
    found = placebo_test(study_panel(panel, events_at(panel, rows, [0] * 6), PLAN), draws=2_000)
    assert found.events.tolist() == [[2, 6]]
    two = placebo_test(study_panel(panel, events_at(panel, rows[4:], [0] * 2), PLAN), draws=2_000)
    assert found.null[0, :, 0].std() == pytest.approx(two.null[0, :, 0].std(), rel=0.1)


def test_same_seed_same_draws():
    panel = simulated(7)
    result = study_panel(panel, random_events(panel, 20, 2), PLAN)
    first, again, other = (placebo_test(result, draws=300, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.null, again.null)
    assert first.table.equals(again.table)
    assert not np.array_equal(first.null, other.null)


def test_table_says_how_many_were_tested_and_groups_share_draws():
    panel = simulated(8)
    result = study_panel(
        panel,
        random_events(panel, 40, 4, kind=["a", "b"] * 20),
        study_spec(estimation="-80:-11", window="-2:2", windows="0:0,-2:2,-1:1", by="kind"),
    )
    found = placebo_test(result, draws=500)
    assert found.table.height == 6
    assert found.table["tested"].unique().to_list() == [6]
    assert (found.table["p_romano_wolf"] >= found.table["p_value"]).all()
    assert (found.table["p_holm"] >= found.table["p_bh"]).all()
    whole = placebo_test(study_panel(panel, result.events, PLAN), draws=500)
    weights = found.events[:, 0] / found.events[:, 0].sum()
    np.testing.assert_allclose(weights @ found.null_caar[:, :, 0], whole.null_caar[0, :, 0], atol=1e-12)
    assert found.bands.columns[:3] == ["kind", "day", "caar"]
    assert found.draws_frame().height == 2 * 500 * 3


def test_p_values_are_shares_of_draws_with_the_real_one_counted():
    null = np.arange(-49.0, 50.0)[:, None]
    assert randomisation_p(np.array([48.0]), null)[0] == pytest.approx(2 * 3 / 100)
    assert randomisation_p(np.array([0.0]), null)[0] == 1.0
    assert randomisation_p(np.array([1e9]), null)[0] == pytest.approx(2 / 100)


def test_one_event_can_be_tested_but_has_no_bmp():
    panel = simulated(9)
    result = study_panel(panel, events_at(panel, [400], [1]), PLAN)
    assert placebo_test(result, draws=99).table["p_value"].is_not_null().all()
    table = placebo_test(result, draws=99, statistic="bmp").table
    assert table["p_value"].null_count() == 2
    assert table["tested"].to_list() == [0, 0]


def test_what_cannot_be_done_is_said():
    panel = simulated(10)
    events = events_at(panel, [400], [1])
    result = study_panel(panel, events, PLAN)
    with pytest.raises(InputError, match="statistic 't' is not known"):
        placebo_test(result, statistic="t")
    with pytest.raises(InputError, match="cannot be matched"):
        Matching(criteria=("month",))
    dated = study_spec(estimation="2001-06-01:2002-03-01", window="2002-05-01:2002-05-10")
    with pytest.raises(StudyError, match="calendar dates cannot be moved"):
        placebo_test(study_panel(panel, events, dated))


@pytest.mark.parametrize("studies", [100, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("common", "events", "dates"), [(0.0, 12, 12), (0.4, 12, 3)])
def test_uniform_under_the_null_also_where_events_share_dates(common, events, dates, studies):
    """Studies of random dates; Kolmogorov-Smirnov against the uniform, and the share below 5 % by three errors."""
    from scipy.stats import kstest

    p = []
    for seed in range(studies):
        panel = simulated(1000 + seed % 10, common=common)
        rng = np.random.default_rng(seed)
        rows = rng.choice(np.arange(120, 890), dates, replace=False)
        symbols = np.tile(rng.permutation(6), events)[:events]
        result = study_panel(
            panel, events_at(panel, np.repeat(rows, events // dates), symbols), PLAN, keep_returns=False
        )
        p.append(placebo_test(result, draws=399, seed=seed).p_values[0])
    for column in np.array(p).T:
        assert kstest(column, "uniform").pvalue > 0.01
        assert np.mean(column <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)


@pytest.mark.parametrize("studies", [60, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("bursts", "each", "spread"), [(30, 1, 1), (3, 10, 15)])
def test_size_holds_where_news_crowds_a_short_history(bursts, each, spread, studies):
    """One share, 900 sessions, 30 events, eleven-day windows that overlap; three standard errors above 5 %."""
    plan = study_spec(estimation="-120:-11", window="-5:5", windows="0:0,-5:5")
    p = []
    for seed in range(studies):
        panel = simulated(seed, symbols=1)
        rng = np.random.default_rng(seed)
        starts = rng.integers(150, 860, bursts)
        rows = (starts[:, None] + np.sort(rng.integers(0, spread, (bursts, each)), axis=1)).ravel()
        result = study_panel(panel, events_at(panel, rows, [0] * len(rows)), plan, keep_residuals=False)
        p.append(placebo_test(result, draws=299, seed=seed).p_values[0])
    assert np.mean(np.array(p) <= 0.05, axis=0).max() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)


def test_a_planted_shock_is_found():
    panel = simulated(11)
    events = random_events(panel, 50, 8)
    shaken = panel.returns.copy()
    placed = study_panel(panel, events, PLAN).estimates
    shaken[placed.day_zero, placed.symbol_index] += 0.02
    result = study_panel(Panel(panel.labels, panel.symbols, shaken, panel.factors, ("M",)), events, PLAN)
    table = placebo_test(result, draws=999).table
    assert table["p_value"][0] == pytest.approx(2 / 1000)
    assert table["p_romano_wolf"].max() < 0.05
