"""Newey-West regressions, lead-lag, Granger and projections against statsmodels; the bootstrap against its law."""

import warnings

import numpy as np
import pytest

from correlator.correlation.lead_lag import granger, lead_lag
from correlator.correlation.projection import ahead, local_projection
from correlator.correlation.resample import best_block, bootstrap_band, stationary_rows
from correlator.correlation.series import hac_regression, lagged, mean_with_error
from correlator.correlation.signal import rolling_correlation
from correlator.errors import InputError, StudyError


def autoregressive(rng, n, phi, scale=1.0):
    noise = rng.normal(size=n) * scale
    values = np.zeros(n)
    for t in range(n):
        values[t] = phi * values[t - 1] + noise[t] if t else noise[t]
    return values


def by_hand(y, x, lags):
    """statsmodels; bars with a missing value are rows of zeros, constant and all, which keep their place in time."""
    sm = pytest.importorskip("statsmodels.api")
    there = np.isfinite(y) & np.isfinite(x).all(axis=1)
    y, x = np.where(there, y, 0.0), np.where(there[:, None], x, 0.0)
    return sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags})


@pytest.mark.parametrize("lags", [0, 1, 7, 30])
def test_newey_west_agrees_with_statsmodels(lags):
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(400), autoregressive(rng, 400, 0.7), rng.normal(size=400) * 1e4])
    y = x @ [0.1, 0.5, 1e-5] + autoregressive(rng, 400, 0.5)
    y[17:20] = np.nan
    found, theirs = hac_regression(y, x, lags), by_hand(y, x, lags)
    np.testing.assert_allclose(found.estimate, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(found.se, theirs.bse, rtol=1e-8)
    np.testing.assert_allclose(found.p_value, theirs.pvalues, rtol=1e-7, atol=1e-300)
    assert found.n == 397


def test_a_mean_is_a_regression_on_a_constant():
    values = autoregressive(np.random.default_rng(2), 250, 0.3)
    theirs = by_hand(values, np.ones((250, 1)), 4)
    assert mean_with_error(values, 4).se[0] == pytest.approx(theirs.bse[0], rel=1e-9)


def test_errors_by_cosines_written_out():
    """Lazarus et al. (2018) in plain loops: cosine coefficients of the scores, residuals over one less their
    leverage."""
    from scipy.stats import t

    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(120), autoregressive(rng, 120, 0.6)])
    y = x @ [0.1, 0.5] + rng.normal(size=120)
    found = hac_regression(y, x)
    bread = np.linalg.inv(x.T @ x)
    b = bread @ x.T @ y
    cosines = int(0.4 * 120 ** (2 / 3))
    assert found.df == cosines == 9
    meat = np.zeros((2, 2))
    for j in range(1, cosines + 1):
        coefficient = np.zeros(2)
        for s in range(120):
            leverage = x[s] @ bread @ x[s]
            coefficient += np.cos(np.pi * j * (s + 0.5) / 120) * x[s] * (y[s] - x[s] @ b) / (1 - leverage)
        meat += np.outer(coefficient, coefficient) * 2 / cosines
    se = np.sqrt(np.diag(bread @ meat @ bread))
    np.testing.assert_allclose(found.se, se, rtol=1e-9)
    np.testing.assert_allclose(found.p_value, 2 * t.sf(np.abs(b / se), 9), rtol=1e-9)


@pytest.mark.parametrize("bars", [60, 250])
def test_unrelated_series_are_found_at_their_rate(bars):
    """GARCH returns, counts of stories that follow each other: 300 pairs, 99 % bands of 5 %."""
    single, family, projected = [], [], []
    for seed in range(300):
        rng = np.random.default_rng([bars, seed])
        variance, last, returns = 1.0, 0.0, np.empty(bars)
        for s, z in enumerate(rng.standard_normal(bars)):
            variance = 0.05 + 0.10 * last * last + 0.85 * variance
            last = np.sqrt(variance) * z
            returns[s] = last
        news = rng.poisson(np.exp(0.5 * autoregressive(rng, bars, 0.6))).astype(float)
        table = lead_lag(news, returns, max_lag=3).table
        single.append((table["p_value"] <= 0.05).mean())
        family.append(table["p_adjusted"].min() <= 0.05)
        projected.append(local_projection(returns, news, horizons=3)["p_holm"].min() <= 0.05)
    assert 0.03 < np.mean(single) < 0.07
    assert np.mean(family) < 0.083
    assert np.mean(projected) < 0.083


def test_hac_lead_lag_agrees_with_statsmodels():
    rng = np.random.default_rng(3)
    news, returns = autoregressive(rng, 600, 0.6), rng.normal(size=600)
    table = lead_lag(news, returns, max_lag=4, hac_lags=6).table
    for row in table.iter_rows(named=True):
        x, y = lagged(news, row["lag"]), returns
        there = np.isfinite(x)
        x, y = x[there], y[there]
        assert row["correlation"] == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-8)
        scaled = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
        theirs = by_hand(scaled[1], np.column_stack([np.ones(len(x)), scaled[0]]), 6)
        assert row["se"] == pytest.approx(theirs.bse[1], rel=1e-8)
        assert row["p_value"] == pytest.approx(theirs.pvalues[1], rel=1e-7)
    assert table["tested"].unique().to_list() == [9]


def planted(seed, n=800, lag=2, strength=0.35):
    """News that moves returns two sessions later, downwards."""
    rng = np.random.default_rng(seed)
    news = autoregressive(rng, n, 0.3)
    returns = rng.normal(size=n)
    returns[lag:] -= strength * news[:-lag]
    return news, returns * 0.01


@pytest.mark.parametrize("bands", ["hac", "bootstrap"])
def test_a_planted_lead_of_two_sessions_is_recovered(bands):
    for seed in range(5):
        news, returns = planted(seed)
        found = lead_lag(news, returns, max_lag=5, bands=bands, draws=499, seed=seed)
        assert found.strongest["lag"] == 2
        assert found.strongest["correlation"] < 0
        assert found.strongest["p_adjusted"] < 0.05
        response = local_projection(returns, news, horizons=4, cumulative=False)
        assert response.sort("p_value")["horizon"][0] == 2
        assert response["estimate"][2] == pytest.approx(-0.0035, abs=0.002)
        assert granger(news, returns, max_lag=3)["p_holm"][1:].max() < 0.01
        assert granger(returns, news, max_lag=3)["p_holm"].min() > 0.001


@pytest.mark.parametrize("bands", ["hac", "bootstrap"])
def test_shuffled_news_finds_no_more_than_its_rate(bands):
    """200 shufflings: no adjusted p-value in more than 5 % of them plus three standard errors."""
    rng = np.random.default_rng(7)
    news, returns = planted(7, n=400)
    found, single = 0, []
    for seed in range(200):
        table = lead_lag(rng.permutation(news), returns, max_lag=5, bands=bands, draws=199, block=3.0, seed=seed).table
        found += table["p_adjusted"].min() <= 0.05
        single.append((table["p_value"] <= 0.05).mean())
    assert found / 200 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert 0.03 < np.mean(single) < 0.07


def test_shuffled_news_causes_nothing_and_projects_nothing():
    rng = np.random.default_rng(8)
    news, returns = planted(8, n=400)
    caused, projected = [], []
    for _ in range(300):
        mixed = rng.permutation(news)
        caused.append(granger(mixed, returns, max_lag=2)["p_value"][1] <= 0.05)
        projected.append(local_projection(returns, mixed, horizons=3)["p_holm"].min() <= 0.05)
    assert np.mean(caused) < 0.09
    assert np.mean(projected) < 0.09


def test_granger_agrees_with_statsmodels():
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    news, returns = planted(9)
    ours = granger(news, returns, max_lag=4)
    theirs = stattools.grangercausalitytests(np.column_stack([returns, news]), maxlag=4)
    for row in ours.iter_rows(named=True):
        f, p, df, restrictions = theirs[row["lags"]][0]["ssr_ftest"]
        assert row["f"] == pytest.approx(f, rel=1e-8)
        assert row["p_value"] == pytest.approx(p, rel=1e-7)
        assert (row["df_den"], row["df_num"]) == (df, restrictions)


@pytest.mark.parametrize("cumulative", [True, False])
def test_projections_agree_with_statsmodels(cumulative):
    news, returns = planted(10, n=300)
    returns[40] = np.nan
    table = local_projection(returns, news, horizons=6, lags=2, cumulative=cumulative, hac_lags=7)
    past = [lagged(series, lag) for series in (returns, news) for lag in (1, 2)]
    design = np.column_stack([np.ones(300), news, *past])
    for row in table.iter_rows(named=True):
        h = row["horizon"]
        y = ahead(returns, h) if cumulative else lagged(returns, -h)
        there = np.isfinite(y) & np.isfinite(design).all(axis=1)
        theirs = by_hand(y, design, 7)
        assert row["estimate"] == pytest.approx(theirs.params[1], rel=1e-8)
        assert row["se"] == pytest.approx(theirs.bse[1], rel=1e-8)
        assert row["n"] == there.sum()
        assert row["df"] is None


def test_returns_ahead_are_sums():
    np.testing.assert_allclose(ahead(np.array([1.0, 2.0, 4.0, 8.0]), 2), [7, 14, np.nan, np.nan])


def test_stationary_rows_run_on_and_jump():
    rows = stationary_rows(1_000, 20.0, 200, np.random.default_rng(1))
    assert rows.min() == 0
    assert rows.max() == 999
    jumps = np.mean((np.diff(rows, axis=1) % 1_000) != 1)
    assert jumps == pytest.approx(1 / 20, rel=0.05)
    assert np.bincount(rows.ravel(), minlength=1_000).std() / 200 < 0.3


def test_the_band_of_a_mean_has_the_long_run_error():
    """An AR(1) mean has the error 1/(1 - phi)/sqrt(n); independent resampling would give half of it."""
    x = autoregressive(np.random.default_rng(4), 4_000, 0.6)
    band = bootstrap_band(x, np.mean, draws=600, seed=1)
    assert band.se == pytest.approx(2.5 / np.sqrt(4_000), rel=0.2)
    assert band.low < band.estimate < band.high
    again = bootstrap_band(x, np.mean, draws=600, seed=1)
    assert band.se == again.se


def test_best_block_grows_with_dependence_and_is_near_that_of_arch():
    arch = pytest.importorskip("arch.bootstrap")
    rng = np.random.default_rng(5)
    blocks = []
    for phi in (0.0, 0.3, 0.6, 0.9):
        x = autoregressive(rng, 5_000, phi)
        theirs = max(1.0, float(arch.optimal_block_length(x)["stationary"].iloc[0]))
        blocks.append(best_block(x))
        assert 0.5 < blocks[-1] / theirs < 2 or abs(blocks[-1] - theirs) < 3
    assert blocks == sorted(blocks)


def test_three_values_have_a_correlation_and_one_test_has_one_p_value():
    one, other = np.array([1.0, 2.0, 4.0]), np.array([2.0, 1.0, 5.0])
    short = lead_lag(one, other, max_lag=0, bands="bootstrap", block=1).table
    assert short["correlation"].to_list() == [pytest.approx(np.corrcoef(one, other)[0, 1])]
    assert short["p_adjusted"].to_list() == short["p_value"].to_list()


def test_a_short_series_has_a_block_length():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert best_block([1.0, 2.0, 4.0, 3.0, 2.0, 5.0, 1.0, 7.0]) >= 1


def test_what_cannot_be_done_is_said():
    x = np.random.default_rng(6).normal(size=50)
    with pytest.raises(InputError, match="same length, got 50 and 49 bars"):
        lead_lag(x, x[1:])
    with pytest.raises(InputError, match="bands 'iid' is not known"):
        lead_lag(x, x, bands="iid")
    with pytest.raises(InputError, match="fewer lags"):
        lead_lag(x, x, max_lag=60)
    with pytest.raises(StudyError, match="is constant"):
        lead_lag(np.ones(50), x)
    with pytest.raises(StudyError, match="collinear"):
        granger(x, x, max_lag=1)
    with pytest.raises(StudyError, match="too few"):
        granger(x[:6], x[10:16], max_lag=3)
    with pytest.raises(InputError, match="missing values"):
        bootstrap_band([1.0, np.nan], np.mean)


@pytest.mark.parametrize("sessions", [1, 5, 14])
def test_a_series_of_few_news_has_no_errors_over_time(sessions):
    rng = np.random.default_rng(3)
    news, returns = np.zeros(400), rng.normal(size=400)
    news[rng.choice(400, sessions, replace=False)] = 1.0
    with pytest.raises(StudyError, match=f"on {sessions} bars"):
        lead_lag(news, returns, max_lag=2)
    with pytest.raises(StudyError, match=f"on {sessions} bars"):
        local_projection(returns, news, horizons=2)
    assert lead_lag(news, returns, max_lag=1, bands="bootstrap", draws=99).table.height == 3


def test_series_that_always_move_and_enough_news_are_measured():
    rng = np.random.default_rng(4)
    returns = rng.normal(size=60)
    assert lead_lag(rng.normal(size=60), returns, max_lag=1).table.height == 3
    news = np.zeros(60)
    news[rng.choice(60, 15, replace=False)] = 1.0
    assert lead_lag(news, returns, max_lag=1).table.height == 3


def test_bootstrap_and_hac_give_the_same_correlations_of_the_same_pairs():
    rng = np.random.default_rng(4)
    news, returns = rng.poisson(1.0, 200).astype(float), rng.normal(0, 0.01, 200)
    returns[rng.random(200) < 0.15] = np.nan
    drawn = lead_lag(news, returns, max_lag=3, bands="bootstrap", draws=99).table
    direct = lead_lag(news, returns, max_lag=3).table
    assert drawn["n"].to_list() == direct["n"].to_list()
    assert drawn["correlation"].to_list() == pytest.approx(direct["correlation"].to_list(), abs=1e-12)


def test_a_lag_without_news_is_refused_not_measured():
    news, returns = np.zeros(100), np.random.default_rng(5).normal(0, 0.01, 100)
    news[-1] = 1.0
    with pytest.raises(StudyError, match="at lag 1 one of the series is constant"):
        lead_lag(news, returns, max_lag=3, bands="bootstrap", draws=99)


def test_draws_without_news_are_no_evidence():
    """With one session of news the p-value is the rank of its return among all; a draw without news has none."""
    returns = np.random.default_rng(6).normal(0, 0.01, 60)
    p_values = []
    for at in range(10, 50):
        news = np.zeros(60)
        news[at] = 1.0
        table = lead_lag(news, returns, max_lag=0, bands="bootstrap", draws=999, block=1.0).table
        p_values.append(table["p_value"][0])
        assert np.isfinite(table["se"][0])
    ranks = [(np.abs(returns - returns.mean()) >= abs(returns[at] - returns.mean())).mean() for at in range(10, 50)]
    assert np.mean(np.array(p_values) - ranks) > -0.02


@pytest.mark.parametrize("level", [1 / 7, -5.6, 0.0])
def test_a_constant_series_has_no_rolling_correlation(level):
    rng = np.random.default_rng(7)
    news = np.full(100, level)
    news[80:] = rng.normal(size=20)
    rolled = rolling_correlation(news, rng.normal(size=100), 16)
    assert np.isnan(rolled[:80]).all()
    assert np.isfinite(rolled[80:]).all()
