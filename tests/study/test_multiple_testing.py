"""Adjusted p-values against statsmodels, against a slow reading of the papers, and their family-wise error."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.errors import InputError
from correlator.eventstudy.significance.multiple_testing import benjamini_hochberg, holm, romano_wolf

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40)


@settings(deadline=None, max_examples=50)
@given(P_VALUES)
def test_holm_and_bh_agree_with_statsmodels(p):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for ours, name in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        with mock.patch("gc.collect"):  # multipletests collects each time, which takes long beside many modules
            theirs = multitest.multipletests(p, method=name)[1]
        np.testing.assert_allclose(ours(p), theirs, rtol=0, atol=1e-12)


def test_missing_p_values_are_not_counted():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.5]), [0.02, np.nan, 0.5])
    np.testing.assert_allclose(benjamini_hochberg([0.01, np.nan, 0.5]), [0.02, np.nan, 0.5])
    assert np.isnan(holm([np.nan])).all()


def test_p_values_outside_their_range_are_refused():
    with pytest.raises(InputError, match="between 0 and 1"):
        holm([0.5, 1.5])


def slow_romano_wolf(observed, null):
    """Step by step: the largest statistic is compared with the draws' maxima over all hypotheses not yet dealt with."""
    left = list(range(len(observed)))
    adjusted, so_far = np.zeros(len(observed)), 0.0
    while left:
        best = max(left, key=lambda h: observed[h])
        exceed = sum(1 for draw in null if max(draw[h] for h in left) >= observed[best])
        so_far = max(so_far, (1 + exceed) / (1 + len(null)))
        adjusted[best] = so_far
        left.remove(best)
    return adjusted


def test_romano_wolf_agrees_with_the_steps_of_the_paper():
    rng = np.random.default_rng(3)
    for _ in range(20):
        observed, null = np.abs(rng.normal(size=7)) * 1.5, np.abs(rng.normal(size=(99, 7)))
        np.testing.assert_allclose(romano_wolf(observed, null), slow_romano_wolf(observed, null), atol=1e-15)


def test_romano_wolf_of_one_hypothesis_is_its_p_value():
    null = np.arange(99.0)[:, None]
    assert romano_wolf([97.5], null)[0] == pytest.approx(2 / 100)


def test_romano_wolf_leaves_out_what_was_not_tested():
    null = np.random.default_rng(1).normal(size=(200, 3))
    both = romano_wolf([2.0, np.nan, 1.0], null)
    np.testing.assert_allclose(both[[0, 2]], romano_wolf([2.0, 1.0], null[:, [0, 2]]))
    assert np.isnan(both[1])
    with pytest.raises(InputError, match="one column per hypothesis"):
        romano_wolf([1.0], null)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_family_wise_error_holds_and_false_discoveries_too(correlation):
    """2,000 families of 20 correlated true nulls; three standard errors of a share of 5 % are 1.5 points."""
    rng = np.random.default_rng(11)

    def draw(size):
        common = rng.normal(size=(size, 1))
        return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * rng.normal(size=(size, 20))

    from scipy.special import ndtr

    sizes = np.abs(draw(2_000))
    found = {"romano-wolf": 0, "holm": 0, "bh": 0}
    for values in draw(2_000):
        p = 2 * ndtr(-np.abs(values))
        found["romano-wolf"] += romano_wolf(np.abs(values), sizes).min() <= 0.05
        found["holm"] += holm(p).min() <= 0.05
        found["bh"] += benjamini_hochberg(p).min() <= 0.05
    assert max(found.values()) / 2_000 < 0.065
    assert found["romano-wolf"] / 2_000 > 0.03
    if correlation == 0.9:
        assert found["romano-wolf"] > 1.5 * found["holm"]
