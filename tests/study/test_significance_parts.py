"""Ranks, correlations, signed ranks, jackknife and bootstrap against slow ways to the same numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_reference import scenario, simulated, take

from correlator.errors import CorrelatorWarning, StudyError
from correlator.eventstudy.significance import cross_correlation, ranks
from correlator.eventstudy.significance.arrays import StudyArrays
from correlator.eventstudy.significance.clustered import wild_cluster
from correlator.eventstudy.significance.evidence import evidence_of
from correlator.eventstudy.significance.nonparametric import generalized_rank_t, rank_mean_ratio, ranked_days
from correlator.eventstudy.significance.ranks import Ranked, average_ranks, no_ranks, numpy_ranks
from correlator.eventstudy.significance.signed_ranks import EXACT_UP_TO, numpy_rank_sums, rank_keys, signed_rank_test
from correlator.eventstudy.significance.table import significance_table, statistics

VALUES = st.lists(
    st.one_of(st.just(np.nan), st.integers(-3, 3).map(float), st.floats(-1e300, 1e300)), min_size=1, max_size=40
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_ranks_are_those_of_scipy(row: list[float]) -> None:
    from scipy.stats import rankdata

    values = np.array([row])
    expected = rankdata(values, axis=1, nan_policy="omit")
    np.testing.assert_array_equal(ranks.average_ranks(values), expected)


def test_a_scaled_return_that_equals_a_residual_ranks_in_the_middle_of_both() -> None:
    sums = no_ranks(4, 1, 1)
    e, used = np.array([[3.0, 1.0, 2.0, 4.0]]), np.ones((1, 4), dtype=bool)
    numpy_ranks(Ranked(e, used, np.array([[2.5]]), np.array([[2.0]])), sums)
    ranks = average_ranks(np.array([[3.0, 1.0, 2.0, 4.0, 2.0]]))[0]
    assert ranks.tolist() == [4, 1, 2.5, 5, 2.5]
    np.testing.assert_allclose(sums.daily[0], ranks[:4] / 6 - 0.5)
    assert sums.u[0] == pytest.approx(ranks[4] / 6 - 0.5)


def test_generalized_rank_is_that_of_whole_rankings() -> None:
    from scipy.stats import rankdata

    arrays = simulated(12, 5, missing=0.1)
    scaled = np.concatenate([arrays.ar / arrays.ar_se, arrays.car / arrays.car_se], axis=1)
    got = evidence_of(arrays)
    for k in range(scaled.shape[1]):
        event = scaled[:, k] / scaled[:, k].std(ddof=1)
        series = np.column_stack([arrays.residuals / arrays.sigma[:, None], event])
        u = rankdata(series, axis=1, nan_policy="omit") / (arrays.n[:, None] + 2) - 0.5
        n_t = (~np.isnan(u)).sum(axis=0)
        daily = np.nanmean(u[:, n_t > 0], axis=0)
        s = np.sqrt((n_t[n_t > 0] / len(u) * daily**2).mean())
        z, t = daily[-1] / s, (n_t > 0).sum()
        assert rank_mean_ratio(got)[k] == pytest.approx(z, rel=1e-12)
        assert generalized_rank_t(got)[k] == pytest.approx(z * np.sqrt((t - 2) / (t - 1 - z * z)), rel=1e-12)
        assert ranked_days(got) == t


def slow_correlation(arrays: StudyArrays, bars: int, present: np.ndarray) -> float:
    """Over pairs of events that are ``present`` (E,)."""
    series = [
        {int(first) + j: r for j, r in enumerate(row) if not np.isnan(r)}
        for first, row in zip(arrays.residual_first, arrays.residuals, strict=True)
    ]
    total, pairs = 0.0, 0
    for i, j in combinations(np.flatnonzero(present), 2):
        both = sorted(series[i].keys() & series[j].keys())
        share = max(0, bars - abs(int(arrays.event_dates[i]) - int(arrays.event_dates[j]))) / bars
        pairs += 1
        if share and len(both) > 2:
            total += share * np.corrcoef([series[i][d] for d in both], [series[j][d] for d in both])[0, 1]
    return total / pairs


def test_correlation_pairs_by_calendar() -> None:
    arrays = simulated(25, 6, missing=0.1, dates=12)
    got = evidence_of(arrays).correlation
    everyone = np.ones(25, dtype=bool)
    for k, bars in enumerate(arrays.columns.bars):
        assert got[k] == pytest.approx(slow_correlation(arrays, int(bars), everyone), rel=1e-9, abs=1e-15)


def test_correlation_and_sign_share_are_of_the_events_of_that_day() -> None:
    arrays = simulated(12, 21, dates=3)
    ar = arrays.ar.copy()
    ar[:5, 2] = np.nan
    holed = replace(arrays, ar=ar, ar_se=np.where(np.isnan(ar), np.nan, arrays.ar_se))
    got, present = evidence_of(holed), ~np.isnan(ar[:, 2])
    assert got.correlation[2] == pytest.approx(slow_correlation(arrays, 1, present), rel=1e-9)
    only = statistics(take(arrays, np.flatnonzero(present)))
    for name in ("gsign_z", "kp_t", "adj_patell_z", "clustered_t", "bw80"):
        assert statistics(holed)[name].value[2] == pytest.approx(only[name].value[2], rel=1e-9)


def test_window_statistics_divide_by_the_bars_that_are_there() -> None:
    """A share with 2 of 5 bars adds 2 bars of variance, not 5."""
    arrays = simulated(6, 22)
    ar = arrays.ar.copy()
    ar[0, :3] = np.nan
    car = np.stack([np.nansum(ar[:, 1:4], axis=1), np.nansum(ar, axis=1)], axis=1)
    holed = replace(arrays, ar=ar, ar_se=np.where(np.isnan(ar), np.nan, arrays.ar_se), car=car)
    variance = arrays.residuals.var(axis=1, ddof=1)
    expected = car[:, 1].sum() / np.sqrt(variance @ np.array([2, 5, 5, 5, 5, 5]))
    assert statistics(holed)["bw80"].value[-1] == pytest.approx(expected, rel=1e-12)
    portfolio = arrays.residuals.mean(axis=0).std(ddof=1)
    assert statistics(holed)["bw85"].value[-1] == pytest.approx(
        car[:, 1].mean() / (portfolio * np.sqrt(27 / 6)), rel=1e-12
    )


def test_scattered_events_of_one_share_are_not_correlated() -> None:
    arrays = simulated(6, 7)
    apart = replace(
        arrays,
        residuals=np.repeat(arrays.residuals[:1], 6, axis=0),
        residual_first=np.repeat(arrays.residual_first[:1], 6),
        event_dates=np.arange(100, 160, 10),
    )
    assert evidence_of(apart).correlation.tolist() == [0.0] * 7
    together = replace(apart, event_dates=np.full(6, 100))
    np.testing.assert_allclose(evidence_of(together).correlation, 1.0)


def test_sums_by_date_equal_pairs_on_full_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = scenario("B_feb20")[0]
    by_date = evidence_of(arrays).correlation
    shifted = replace(arrays, event_dates=arrays.event_dates + np.array([0, 0, 0, 1, 1, 2, 5]))
    pairs = evidence_of(shifted).correlation
    monkeypatch.setattr(cross_correlation, "EXACT_CELLS", 0)
    np.testing.assert_allclose(evidence_of(shifted).correlation, pairs, rtol=1e-9)
    assert by_date[0] > pairs[0]


def test_sums_by_date_shift_windows_that_move_with_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pair shares all but a few estimation days, so both ways are close though not the same."""
    arrays = simulated(40, 13, dates=4)
    pairs = evidence_of(arrays).correlation
    monkeypatch.setattr(cross_correlation, "EXACT_CELLS", 0)
    np.testing.assert_allclose(evidence_of(arrays).correlation, pairs, atol=0.003)


def test_sums_by_date_are_told_where_bars_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = simulated(40, 13, dates=4)
    holed = replace(arrays, n=arrays.n - 1)
    evidence_of(holed)  # pair by pair: nothing to tell
    monkeypatch.setattr(cross_correlation, "EXACT_CELLS", 0)
    evidence_of(arrays)
    with pytest.warns(CorrelatorWarning, match="40 events are too many .* 40 of them lack bars"):
        evidence_of(holed)


@pytest.mark.parametrize("ties", [False, True])
def test_signed_rank_law_is_every_sign_pattern(ties: bool) -> None:
    x = np.array([0.3, -1.2, 2.0, 0.7, -0.1, 1.2 if ties else 1.3, 0.0, np.nan])
    value, p = signed_rank_test(rank_keys(x[:, None])[0], numpy_rank_sums)
    kept = x[~np.isnan(x) & (x != 0)]
    rank = ranks.average_ranks(np.abs(kept)[None])[0]
    sums = np.array([(rank * (np.array(signs) > 0)).sum() for signs in product((-1, 1), repeat=len(kept))])
    smaller = min(rank[kept > 0].sum(), rank[kept < 0].sum())
    assert value == smaller
    assert p == pytest.approx(min(1.0, 2 * (sums <= smaller).mean()), rel=1e-12)


def test_signed_rank_of_many_is_close_to_exact() -> None:
    from scipy.stats import wilcoxon as peer

    x = np.random.default_rng(8).standard_normal(EXACT_UP_TO + 1) + 0.1
    assert signed_rank_test(rank_keys(x[:, None])[0], numpy_rank_sums)[1] == pytest.approx(
        peer(x, method="exact").pvalue, rel=0.01
    )


def test_jackknife_leaves_one_out() -> None:
    arrays = simulated(9, 9)
    x = arrays.ar[:, 0] / arrays.ar_se[:, 0]
    q = x.mean() / x.std(ddof=1)
    rest = [np.delete(x, i) for i in range(9)]
    pseudo = np.array([9 * q - 8 * part.mean() / part.std(ddof=1) for part in rest])
    expected = pseudo.mean() / pseudo.std(ddof=1) * 3
    assert statistics(arrays)["jackknife_t"].value[0] == pytest.approx(expected, rel=1e-10)


def test_clustered_t_is_the_sandwich_of_a_constant() -> None:
    arrays = simulated(40, 12, dates=9)
    got = statistics(arrays)["clustered_t"]
    for k, x in enumerate(arrays.ar.T):
        fit = sm.OLS(x, np.ones(40)).fit(cov_type="cluster", cov_kwds={"groups": arrays.event_dates})
        assert got.value[k] == pytest.approx(fit.tvalues[0], rel=1e-9)
        assert got.df[k] == len(np.unique(arrays.event_dates)) - 1


def test_bootstrap_is_seeded_and_keeps_dates_together() -> None:
    """Events that copy one another by date count as their dates do; taken alone they are found five times as often."""
    rng = np.random.default_rng(10)
    dates = np.repeat(np.arange(20), 6)
    shock = np.repeat(rng.standard_normal((20, 300)), 6, axis=0) * 0.02
    together = wild_cluster(shock, dates, repetitions=999, seed=1)
    np.testing.assert_array_equal(together.p_value, wild_cluster(shock, dates, repetitions=999, seed=1).p_value)
    assert 0.02 <= (together.p_value <= 0.05).mean() <= 0.09
    assert (wild_cluster(shock, np.arange(120), repetitions=999, seed=1).p_value <= 0.05).mean() > 0.25
    assert (wild_cluster(shock + 0.03, dates, repetitions=999, seed=1).p_value < 0.05).mean() > 0.99


def test_bootstrap_t_is_the_sandwich_of_a_constant() -> None:
    rng = np.random.default_rng(11)
    x, dates = rng.standard_normal((40, 2)), rng.integers(0, 15, 40)
    x[3, 0] = np.nan
    found = wild_cluster(x, dates, repetitions=1)
    for k in range(2):
        there = ~np.isnan(x[:, k])
        fit = sm.OLS(x[there, k], np.ones(there.sum())).fit(cov_type="cluster", cov_kwds={"groups": dates[there]})
        assert found.value[k] == pytest.approx(fit.tvalues[0], rel=1e-10)
        assert found.n[k] == there.sum()


def test_bootstrap_of_few_dates_tries_every_sign() -> None:
    values = np.array([[0.01, np.nan], [0.02, np.nan], [0.03, 0.01]])
    with pytest.warns(UserWarning, match="3 event dates have 8 patterns of signs"):
        found = wild_cluster(values, [1, 2, 3])
    assert found.p_value[0] == 2 / 8
    assert np.isnan(found.p_value[1])
    with pytest.raises(StudyError, match="at least 2 event dates, got 1"):
        wild_cluster([[0.01], [0.02]], [1, 1])


def test_two_events_are_enough_for_all_but_skewness() -> None:
    table = significance_table(take(simulated(3, 11), np.array([0, 1])))
    empty = set(table.filter(table["value"].is_null())["statistic"])
    assert empty == {"skew_adj_t", "jackknife_t"}
