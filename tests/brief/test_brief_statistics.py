"""Estimates by hand, distributions that are what they say, and forecasts that do not change with the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal, t

from correlator.brief.nested import GRID, Tree, averaged, averaged_around_zero
from correlator.brief.pool import placebo_p
from correlator.brief.predictive import GRID as GRID_SIZE
from correlator.brief.predictive import Ordinary, interval_levels, normal_share, ordinary_of, predictive, unconditional
from correlator.brief.record import History, forecast, walk_forward
from correlator.brief.shrinkage import CLIP, PRIOR_SPREAD, Groups, Past, Today, shrunken
from correlator.research.known import HISTORY


def groups(category, quad, dyad):
    return Groups(*(np.array(values, dtype=np.int64) for values in (category, quad, dyad)))


def one_quad(z, target=0):
    """Two categories of one quad class, three events each, no dyads."""
    past = groups([0, 0, 0, 1, 1, 1], [0] * 6, [-1] * 6)
    today = Today(np.ones(1), np.array([6]), np.zeros(1), np.ones(1))
    return shrunken(Past(np.array(z), np.ones(6), past), groups([target], [0], [-1]), today)


def mixed(likelihoods, means, variances):
    """Mean and variance of a mixture of normal laws."""
    weights = np.exp(np.array(likelihoods) - max(likelihoods))
    weights /= weights.sum()
    mean = float(weights @ means)
    return mean, float(weights @ (np.array(variances) + (np.array(means) - mean) ** 2))


def test_the_average_over_variances_is_that_of_normal_laws_written_out():
    """Three categories of two quad classes and one without outcomes: every combination of variances, by covariances."""
    h, y, quad = np.array([4.0, 2.5, 7.0]), np.array([1.2, -0.3, 0.8]), np.array([0, 0, 1])
    same_quad = (quad[:, None] == quad).astype(float)
    found = averaged(
        Tree(np.r_[h, 0.0][None], np.r_[y, 0.0][None], np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=float)),
        np.array([1]),
    )
    likely, means, variances, unseen = [], [], [], []
    for c, q, m in np.array(np.meshgrid(GRID, GRID, GRID)).reshape(3, -1).T ** 2:
        effects = m + q * same_quad + c * np.eye(3)
        seen = effects + np.diag(1.0 / h)
        likely.append(multivariate_normal(np.zeros(3), seen).logpdf(y))
        gain = np.linalg.solve(seen, effects[:, 1])
        means.append(gain @ y)
        variances.append(effects[1, 1] - gain @ effects[:, 1])
        unseen.append(np.linalg.solve(seen, m + q * (quad == 1)) @ y)
    mean, variance = mixed(likely, means, variances)
    assert found.means[0, 1] == pytest.approx(mean, abs=1e-10)
    assert found.variance[0] == pytest.approx(variance, abs=1e-10)
    assert found.means[0, 3] == pytest.approx(mixed(likely, unseen, np.zeros(len(unseen)))[0], abs=1e-10)


def test_groups_around_zero_are_averaged_the_same_way():
    h, y = np.array([3.0, 9.0]), np.array([0.9, -0.2])
    likely = [multivariate_normal(np.zeros(2), np.diag(t**2 + 1 / h)).logpdf(y) for t in GRID]
    share = GRID**2 * h[0] / (1 + GRID**2 * h[0])
    mean, variance = averaged_around_zero(np.tile(h, (2, 1)), np.tile(y, (2, 1)), np.array([0, -1]))
    assert (mean[0], variance[0]) == pytest.approx(mixed(likely, share * y[0], share / h[0]), abs=1e-12)
    assert (mean[1], variance[1]) == (0.0, 0.0)


def test_the_spread_is_on_the_dates_beyond_the_categories():
    """Squares within two categories are 2 + 2, on four degrees of freedom and those of the belief."""
    found = one_quad([1.0, 2.0, 3.0, -1.0, 0.0, 1.0])
    assert found.spread[0] == pytest.approx(np.sqrt((4.0 + PRIOR_SPREAD) / (4.0 + PRIOR_SPREAD)))
    assert (found.freedom[0], found.n[0], found.n_category[0]) == (4.0 + PRIOR_SPREAD, 6, 3)


def test_groups_that_do_not_differ_are_worth_what_is_above_them():
    """Two categories with means of a half and minus a half, once within what chance does and once far beyond it."""
    alike = one_quad([3.5, -2.5, 0.5, -3.5, 2.5, -0.5])
    apart = one_quad([0.5, 0.5, 0.5, -0.5, -0.5, -0.5])
    assert 0.0 < alike.mean[0] < apart.mean[0] < 0.5


def test_a_wild_session_counts_as_its_limit():
    assert one_quad([CLIP, 1.0, 1.0, 0, 0, 0]).mean == one_quad([50.0, 1.0, 1.0, 0, 0, 0]).mean


def test_an_effect_is_one_in_returns_whatever_the_volatility():
    """The same return of 2 % in calm and wild times, and an estimate for today in today's standard errors."""
    errors = np.array([0.005, 0.02, 0.01, 0.04, 0.01, 0.02] * 10)
    past = Past(0.02 / errors, errors, groups([0] * 60, [0] * 60, [-1] * 60))
    today = Today(np.array([0.01, 0.02]), np.array([60, 60]), np.zeros(2), np.ones(2))
    found = shrunken(past, groups([0, 0], [0, 0], [-1, -1]), today)
    assert found.mean * today.error == pytest.approx([0.02, 0.02], rel=0.05)


def test_the_dyad_moves_the_estimate_by_what_its_categories_do_not_say():
    z = np.array([2.0, 2.2, 1.8, -2.0, -2.2, -1.8, 2.5, 2.4, 2.6])
    past = groups([0, 0, 0, 1, 1, 1, 0, 0, 0], [0] * 9, [-1] * 6 + [0] * 3)
    today = Today(np.ones(2), np.array([9, 9]), np.zeros(2), np.full(2, 0.2))
    found = shrunken(Past(z, np.ones(9), past), groups([0, 0], [0, 0], [-1, 0]), today)
    assert found.mean[1] > found.mean[0]
    assert list(found.n_dyad) == [0, 3]


@given(st.integers(0, 2**32 - 1), st.floats(-2, 2), st.floats(0, 2))
@settings(max_examples=25, deadline=None)
def test_quantiles_invert_the_distribution(seed, mean, variance):
    z = np.random.default_rng(seed).standard_t(4, 300)
    quantiles, centre, spread, n = ordinary_of(z, CLIP)
    ordinary = Ordinary(quantiles[None], np.array([centre]), np.array([spread]), np.array([n]))
    made = predictive(
        ordinary, np.array([mean]), np.array([variance]), spread=np.array([1.1]), freedom=np.array([50.0])
    )
    levels = interval_levels()
    ends = made.quantiles(levels)[0]
    assert np.all(np.diff(ends) > 0)
    assert [made.below(np.array([end]))[0] for end in ends] == pytest.approx(levels, abs=1e-6)


def test_the_normal_share_is_that_of_scipy():
    x = np.linspace(-9.0, 9.0, 10_001)
    assert np.abs(normal_share(x) - ndtr(x)).max() < 1.5e-7


@pytest.mark.parametrize("length", [1, 5])
def test_the_next_ordinary_outcome_lies_where_few_sessions_say(length):
    """Intervals of the next outcome, of 60 independent sessions, hold what they say on average."""
    rng = np.random.default_rng(3)
    held = []
    for _ in range(400):
        z = np.repeat(rng.standard_t(4, 61), length)
        quantiles, *_ = ordinary_of(z[:-length], CLIP, length)
        low, high = np.interp([0.05, 0.95], (np.arange(len(quantiles)) + 0.5) / len(quantiles), quantiles)
        held.append(low <= z[-1] <= high)
    assert abs(np.mean(held) - 0.9) < 2.576 * np.sqrt(0.9 * 0.1 / 400)


def test_an_estimated_spread_makes_students_distribution_of_a_normal_one():
    ordinary = Ordinary(ndtri((np.arange(GRID_SIZE) + 0.5) / GRID_SIZE)[None], np.zeros(1), np.ones(1), np.array([999]))
    made, known = (
        predictive(ordinary, np.zeros(1), np.zeros(1), spread=np.ones(1), freedom=np.array([k])) for k in (40.0, np.inf)
    )
    levels = np.delete(interval_levels(), 3)  # the median is zero
    wider = made.quantiles(levels)[0] / known.quantiles(levels)[0]
    assert wider == pytest.approx(t.ppf(levels, 40) / ndtri(levels), abs=2e-3)


def test_ordinary_sessions_are_those_that_a_brief_looks_back_to():
    """Outcomes were ten times as wild before; who is asked long after knows nothing of them any more."""
    sessions = HISTORY + 900
    z = np.random.default_rng(4).normal(size=sessions)
    z[:600] *= 10.0
    none = groups([], [], [])
    rows = np.zeros(0, dtype=np.int64)
    past = History(z, np.ones(sessions), np.arange(sessions) * 10 + 9, rows, none, rows)
    instants = np.array([6_000, sessions * 10])
    made = forecast(past, groups([0, 0], [0, 0], [-1, -1]), instants, np.ones(2))
    wild, calm = made.sessions.quantiles(np.array([0.9]))[:, 0]
    assert wild > 8.0
    assert calm == pytest.approx(1.28, abs=0.12)
    assert 570 < made.ordinary.n[0] <= 600
    assert made.ordinary.n[1] == HISTORY


def test_without_precedents_what_is_left_is_the_ordinary_session():
    z = np.random.default_rng(1).standard_t(4, 5_000)
    quantiles, centre, spread, n = ordinary_of(z, CLIP)
    made = unconditional(Ordinary(quantiles[None], np.array([centre]), np.array([spread]), np.array([n])))
    assert made.quantiles(interval_levels())[0] == pytest.approx(np.quantile(z, interval_levels()), abs=0.12)


def history(seed, effect=0.0, sessions=2_000, events=400):
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(np.arange(150, sessions - 5), events, replace=False))
    category = rng.integers(0, 6, events)
    z = rng.standard_t(5, sessions)
    z[rows] += effect * np.array([1, 1, 0, 0, -1, -1])[category]
    where = groups(category, category // 3, rng.integers(-1, 5, events))
    return History(z, np.ones(sessions), np.arange(sessions) * 10 + 9, rows, where, rows * 10)


def test_forecasts_do_not_change_with_the_future():
    whole = history(3, effect=1.0)
    cutoff = int(whole.rows[250])
    z = whole.z.copy()
    z[cutoff:] = np.random.default_rng(9).normal(0.0, 50.0, len(z) - cutoff)
    before, after = walk_forward(whole), walk_forward(replace(whole, z=z))
    due = before.rows < cutoff
    assert due.sum() > 100
    assert np.array_equal(before.pit[due], after.pit[after.rows < cutoff])


@pytest.mark.parametrize("effect", [0.0, 1.5])
def test_intervals_hold_what_they_say_and_are_no_sharper_than_they_may(effect):
    records = [walk_forward(history(seed, effect)) for seed in range(5)]
    n = sum(len(record) for record in records)
    for level in (0.5, 0.8, 0.95):
        held = sum(record.inside(level) for record in records) / n
        assert abs(held - level) < 2.576 * np.sqrt(level * (1 - level) / n) + 0.01
    means = np.concatenate([np.abs(record.forecast.estimate.mean) for record in records])
    assert means.mean() < 0.25 if effect == 0.0 else means.mean() > 0.7


def test_the_placebo_is_that_of_every_shift_by_itself():
    rng = np.random.default_rng(5)
    z = rng.standard_t(4, 301)
    z[[3, 77]] = np.nan
    rows = np.array([5, 6, 90, 200])
    values, places = z[np.isfinite(z)], np.array([4, 5, 88, 198])
    means = [abs(values[(places + shift) % len(values)].mean()) for shift in range(len(values))]
    assert placebo_p(z, rows) == np.mean(np.array(means) >= means[0] - 1e-12)


def test_the_placebo_moves_all_dates_together():
    z = np.zeros(100)
    z[[10, 30, 50]] = 3.0
    assert placebo_p(z, np.array([10, 30, 50])) == pytest.approx(1 / 100)
    assert placebo_p(np.ones(50), np.array([3, 7])) == 1.0
    assert placebo_p(z, np.array([], dtype=np.int64)) is None
