"""How many placements stand behind a p-value, families of single events, intervals and equivalence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import numpy as np
import polars as pl
import pytest

import correlator as co
from correlator.errors import InputError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.placebo.dates import Matching, every_placement, number_of_placements, placebo_clusters
from correlator.eventstudy.placebo.ground import ground_of
from correlator.eventstudy.placebo.inference import _own_placements, placebo_test
from correlator.eventstudy.placebo.randomisation import Shift, equivalence_p, family_p, interval, randomisation_p
from correlator.eventstudy.regression.cross_section import event_features
from correlator.eventstudy.request.spec import study_spec

SPEC = study_spec(estimation="-80:-11", window="-2:2", windows="0:0,-2:2", model="mean")


def panel_of(seed: int, sessions: int = 200, symbols: int = 3) -> Panel:
    rng = np.random.default_rng(seed)
    days = [date(2001, 1, 1) + timedelta(days=n) for n in range(2 * sessions)]
    labels = pl.Series("session", [day for day in days if day.weekday() < 5][:sessions])
    returns = rng.standard_t(5, (sessions, symbols)) * 0.015
    return Panel(labels, tuple(f"S{i}" for i in range(symbols)), returns)


def events_of(panel: Panel, rows: list[int], symbols: list[int], **more: object) -> pl.DataFrame:
    ids = np.arange(1, len(rows) + 1)
    names = [panel.symbols[s] for s in symbols]
    return pl.DataFrame({"event_id": ids, "symbol": names, "date": panel.labels[rows], **more})


def test_few_placements_are_enumerated_and_bound_the_p_value():
    panel = panel_of(1)
    shaken = panel.returns.copy()
    shaken[120, 0] += 0.5
    panel = Panel(panel.labels, panel.symbols, shaken)
    result = study_panel(panel, events_of(panel, [120], [0]), SPEC)
    (cluster,) = placebo_clusters(result.estimates, panel, SPEC, Matching())
    test = placebo_test(result, draws=10_000)
    count = test.table["placements"][0]
    assert count == len(cluster.places) - 1 < 200
    assert test.draws == count
    assert test.table["p_value"][0] == pytest.approx(2 / (count + 1))
    assert f"fewest distinct placements behind a row are {count}" in test.sentence
    assert test.table["given_up"].to_list() == ["weekday volatility"] * 2


def test_placements_of_two_dates_that_overlap_are_not_counted():
    panel = panel_of(1)
    result = study_panel(panel, events_of(panel, [100, 130], [0, 0]), SPEC)
    first, second = placebo_clusters(result.estimates, panel, SPEC, Matching(criteria=()))
    test = placebo_test(result, draws=100_000, matching=Matching(criteria=()))
    reach = first.span + Matching().block_of(SPEC)
    apart = sum(abs(int(a) - int(b)) > reach for a in first.places for b in second.places)
    assert test.draws == test.table["placements"][0] == apart - 1 < len(first.places) * len(second.places) - 1


def test_no_small_p_value_in_studies_of_one_date():
    """One date with about a hundred placements: p can be 2/101 at least, whatever the draws."""
    smallest = 1.0
    for seed in range(60):
        panel = panel_of(seed)
        result = study_panel(panel, events_of(panel, [90 + seed] * 3, [0, 1, 2]), SPEC, keep_residuals=False)
        table = placebo_test(result, draws=5_000, seed=seed).table
        assert (table["p_value"] >= 2 / (table["placements"] + 1) - 1e-12).all()
        smallest = min(smallest, *table["p_value"])
    assert smallest > 0.0004


def test_families_of_single_events_hold_their_rate():
    """Thirty groups of one event each, nothing in them: no more than three of fifty families find anything."""
    found = dict.fromkeys(("p_holm", "p_bh", "p_romano_wolf"), 0)
    for seed in range(50):
        panel = panel_of(seed, sessions=220, symbols=30)
        rng = np.random.default_rng(seed)
        events = events_of(
            panel, rng.integers(90, 215, 30).tolist(), list(range(30)), kind=[f"k{i}" for i in range(30)]
        )
        result = study_panel(
            panel, events, study_spec(estimation="-80:-11", window="-2:2", windows="0:0", model="mean", by="kind")
        )
        table = placebo_test(result, draws=499, seed=seed).table
        assert (table["p_romano_wolf"] >= table["p_value"]).all()
        for name in found:
            found[name] += bool((table[name] <= 0.05).any())
    assert max(found.values()) <= 6  # P(more than 6 of 50 at 5 %) < 0.005


def test_every_placement_is_there_once_and_the_real_one_is_not():
    panel = panel_of(2, sessions=130)
    result = study_panel(panel, events_of(panel, [90, 118], [0, 0]), SPEC)
    clusters = placebo_clusters(result.estimates, panel, SPEC, Matching(criteria=(), block=0, least=1))
    rows = every_placement(clusters, 4)
    pairs = set(map(tuple, rows.T.tolist()))
    assert len(pairs) == rows.shape[1] <= number_of_placements(clusters)
    assert (90, 118) not in pairs
    assert min(abs(a - b) for a, b in pairs) > 4


def test_p_values_of_a_family_are_never_under_their_own():
    rng = np.random.default_rng(3)
    null = rng.normal(size=(400, 6))
    null[:, 3] = np.nan
    observed = np.array([3.5, 0.1, -2.4, np.nan, 2.0, 9.0])
    p = randomisation_p(observed, null)
    family = family_p(observed, null, p)
    assert (family[~np.isnan(p)] >= p[~np.isnan(p)]).all()
    assert np.isnan(family[3])
    assert np.argsort(family[[5, 0, 2]]).tolist() == [0, 1, 2]


def test_an_interval_holds_what_the_test_does_not_reject():
    rng = np.random.default_rng(4)
    null = rng.normal(0, 0.01, (999, 1))
    shift = Shift(np.array([0.012]), np.array([1.0]))
    low, high = interval(shift, null)
    for effect, inside in ((low[0] + 1e-9, True), (low[0] - 1e-9, False), (high[0] - 1e-9, True)):
        assert bool(randomisation_p(shift.observed - effect, null)[0] > 0.05) is inside
    assert randomisation_p(shift.observed - high[0] - 1e-9, null)[0] <= 0.05
    few = interval(shift, null[:20])
    assert np.isinf(few[0][0])
    assert np.isinf(few[1][0])


def test_equivalence_is_found_where_the_effect_is_small_and_not_where_it_is_large():
    null = np.random.default_rng(5).normal(0, 0.002, (999, 2))
    shift = Shift(np.array([0.0005, 0.011]), np.array([1.0, 1.0]))
    p = equivalence_p(shift, null, 0.01)
    assert p[0] < 0.01
    assert p[1] > 0.5


def test_intervals_cover_the_planted_effect():
    covered = 0
    for seed in range(60):
        panel = panel_of(seed, sessions=400, symbols=1)
        rows = np.random.default_rng(seed).choice(np.arange(95, 390), 12, replace=False)
        shaken = panel.returns.copy()
        shaken[rows] += 0.02
        panel = Panel(panel.labels, panel.symbols, shaken)
        result = study_panel(panel, events_of(panel, sorted(rows.tolist()), [0] * 12), SPEC)
        row = placebo_test(result, draws=399, seed=seed, margin=0.05).table.row(0, named=True)
        covered += row["low"] <= 0.02 <= row["high"]
        assert row["low"] < row["caar"] < row["high"]
        assert row["null_low"] < row["null_high"]
        assert 0 < row["p_equivalent"] <= 1
    assert covered >= 51  # P(fewer than 51 of 60 at 95 %) < 0.005


def test_margins_that_make_no_sense_are_refused():
    panel = panel_of(1)
    result = study_panel(panel, events_of(panel, [120], [0]), SPEC)
    with pytest.raises(InputError, match="margin must be above 0"):
        placebo_test(result, margin=0.0)
    with pytest.raises(InputError, match="bmp, which is not a mean"):
        placebo_test(result, margin=0.01, statistic="bmp")


def test_a_group_that_has_no_other_place_counts_the_joint_draws():
    panel = panel_of(1)
    result = study_panel(panel, events_of(panel, [120], [0]), SPEC)
    (cluster,) = placebo_clusters(result.estimates, panel, SPEC, Matching())
    stuck, null = replace(cluster, candidates=np.array([cluster.at])), np.ones((1, 3, 2))
    group_of = np.zeros(1, dtype=np.int64)
    (own,) = _own_placements(ground_of(result), [stuck], (null, 3), group_of, statistic="scar", block=4)
    assert own.distinct == 0
    assert own.null.tolist() == null[0].tolist()


def test_bars_of_a_session_are_matched_by_the_clock_of_the_exchange():
    """Half-hours of New York over its summer time: 14:30 UTC is the first bar of a session in winter, not in summer."""
    sessions = co.sessions_between("XNYS", date(2024, 1, 2), date(2024, 6, 28))
    half_hours = [opens + timedelta(minutes=30 * k) for opens in sessions["opens_at"] for k in range(13)]
    rng = np.random.default_rng(3)
    closes = {name: 100 * np.exp(rng.normal(0, 0.003, len(half_hours)).cumsum()) for name in ("M", "A")}
    prices = pl.DataFrame({"date": half_hours, **closes})
    events = pl.DataFrame({"symbol": ["A"], "date": ["2024-02-14T14:31:00Z"]})
    options = {"estimation": "-200:-20", "window": "0:1", "windows": "0:1", "stamped": "start"}
    result = co.study(prices=prices, events=events, benchmark="M", exchange="XNYS", **options)
    (cluster,) = placebo_clusters(result.estimates, result.panel, result.spec, Matching(("weekday",), least=10))
    instants = result.panel.labels[cluster.candidates].dt.convert_time_zone("America/New_York")
    assert cluster.matched == ("weekday",)
    assert set(instants.dt.time()) == {time(9, 30)}
    assert instants.dt.month().max() == 6
    assert event_features(result)["weekday"].to_list() == [3]
