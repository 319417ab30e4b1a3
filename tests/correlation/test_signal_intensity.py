"""Information coefficients, spreads and rolling correlations by hand; intensity of a small set of events."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from correlator.correlation.intensity import news_intensity
from correlator.correlation.signal import (
    forward_returns,
    information_coefficient,
    quantile_spread,
    rolling_correlation,
)
from correlator.errors import InputError, NotFoundError


def panel(seed=1, sessions=300, symbols=20, edge=0.0):
    """A signal that ranks the next session's returns with strength ``edge``."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(sessions, symbols))
    returns = rng.normal(size=(sessions, symbols))
    returns[1:] += edge * signal[:-1]
    return signal, returns * 0.01


def test_forward_returns_begin_after_the_session():
    returns = np.array([[1.0], [2.0], [4.0], [8.0]])
    np.testing.assert_allclose(forward_returns(returns, 2)[:, 0], [6, 12, np.nan, np.nan])


def test_information_coefficient_is_spearman_by_session():
    stats = pytest.importorskip("scipy.stats")
    signal, returns = panel(edge=0.2)
    signal[5, :17] = np.nan
    found = information_coefficient(signal, returns, horizon=1)
    assert 5 not in found.by_session["row"].to_list()
    for row, ic in found.by_session.select("row", "ic").rows()[:20]:
        assert ic == pytest.approx(stats.spearmanr(signal[row], returns[row + 1]).statistic, rel=1e-8)
    assert found.summary["mean"][0] == pytest.approx(0.19, abs=0.04)
    assert found.summary["p_value"][0] < 1e-6


def test_the_error_of_the_mean_ic_is_newey_wests():
    sm = pytest.importorskip("statsmodels.api")
    signal, returns = panel(2, edge=0.1)
    found = information_coefficient(signal, returns, horizon=5, hac_lags=6)
    ic = found.by_session["ic"].to_numpy()
    theirs = sm.OLS(ic, np.ones(len(ic))).fit(cov_type="HAC", cov_kwds={"maxlags": 6})
    assert found.summary["se"][0] == pytest.approx(theirs.bse[0], rel=1e-8)


@pytest.mark.parametrize("signals", [80, pytest.param(200, marks=pytest.mark.slow)])
def test_signals_without_edge_are_found_at_their_rate(signals):
    found = [information_coefficient(*panel(n, sessions=150)).summary["p_value"][0] <= 0.05 for n in range(signals)]
    assert np.mean(found) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / signals)


def test_quantile_spread_by_hand():
    signal = np.array([[1.0, 2, 3, 4], [4, 3, 2, 1], [0, 0, 0, 0], [1, 2, 3, 4]])
    returns = np.array([[0.0] * 4, [0.01, 0.02, 0.03, 0.04], [0.01, 0.02, 0.03, 0.04], [0.0] * 4])
    found = quantile_spread(signal, returns, quantiles=2)
    assert found.by_session["row"].to_list() == [0, 1]
    np.testing.assert_allclose(found.by_session["spread"], [0.02, -0.02])
    np.testing.assert_allclose(found.by_session["q1"], [0.015, 0.035])


def test_equal_signals_share_their_places():
    signal = np.array([[0.0, 0.0, 0.0, 1.0], [0.0] * 4])
    returns = np.array([[0.0] * 4, [0.03, 0.01, 0.02, 0.08]])
    found = quantile_spread(np.vstack([signal, signal]), np.vstack([returns, returns]), quantiles=2).by_session
    np.testing.assert_allclose(found.select("q1", "q2").row(0), [0.02, 0.05])
    mixed = [2, 0, 3, 1]
    again = quantile_spread(
        np.vstack([signal, signal])[:, mixed], np.vstack([returns, returns])[:, mixed], quantiles=2
    ).by_session
    np.testing.assert_allclose(again["spread"], found["spread"], atol=1e-15)


def test_rolling_correlation_agrees_with_each_window():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=120) + 1e4, rng.normal(size=120)
    b[30] = np.nan
    found = rolling_correlation(a, b, 20, minimum=10)
    assert np.isnan(found[:19]).all()
    for t in (19, 40, 80, 119):
        there = np.isfinite(b[t - 19 : t + 1])
        expected = np.corrcoef(a[t - 19 : t + 1][there], b[t - 19 : t + 1][there])[0, 1]
        assert found[t] == pytest.approx(expected, rel=1e-8)
    strict = rolling_correlation(a, b, 20)
    assert np.isnan(strict[30:50]).all()
    assert np.isfinite(strict[50])


SESSIONS = pl.Series("session", [date(2025, 5, day) for day in (26, 27, 30)])


def events():
    rows = [
        # two papers tell story 1 on the 26th, one more on the 27th; story 2 is one paper's; event 5 has no session
        (1, date(2025, 5, 26), 1, 4.0, "verbal-cooperation", "PAK", "AZE", "AZE-PAK", "AGREE"),
        (2, date(2025, 5, 26), 1, 1.0, "verbal-cooperation", "PAK", "AZE", "AZE-PAK", "CONSULT"),
        (3, date(2025, 5, 27), 1, 4.0, "verbal-cooperation", "PAK", "AZE", "AZE-PAK", "AGREE"),
        (4, date(2025, 5, 27), None, -9.0, "material-conflict", "PAK", "IND", "IND-PAK", "ASSAULT"),
        (5, None, None, 1.0, "verbal-cooperation", "PAK", "TUR", "PAK-TUR", "CONSULT"),
        (6, date(2025, 5, 30), None, 1.0, "verbal-cooperation", "PAK", None, None, "CONSULT"),
    ]
    names = ("event_id", "session", "story_id", "goldstein", "quad_class")
    return pl.DataFrame(
        rows,
        schema=[*names, "source_country", "target_country", "dyad", "category"],
        orient="row",
        infer_schema_length=10,
    )


def test_intensity_counts_stories_not_articles():
    found = news_intensity(events(), SESSIONS, by="country")
    assert found.series("PAK").tolist() == [1, 2, 1]
    assert found.series("PAK", "events").tolist() == [2, 2, 1]
    assert found.series("PAK", "goldstein").tolist() == [2.5, -2.5, 1.0]
    assert found.series("PAK", "conflict").tolist() == [0.0, 0.5, 0.0]
    assert found.series("PAK", "novelty").tolist() == [1.0, 0.5, 1.0]
    assert found.series("AZE").tolist() == [1, 1, 0]
    assert found.keys[0] == "PAK"
    assert found.table.filter((pl.col("key") == "AZE") & (pl.col("stories") == 0))["goldstein"].to_list() == [None]
    assert found.excluded.rows() == [(5, "event has no session")]


def test_intensity_by_dyad_category_and_all():
    dyads = news_intensity(events(), SESSIONS, by="dyad")
    assert sorted(dyads.keys) == ["AZE-PAK", "IND-PAK"]
    assert dict(dyads.excluded.rows()) == {5: "event has no session", 6: "event has no dyad"}
    assert news_intensity(events(), SESSIONS, by="category").series("CONSULT").tolist() == [1, 0, 1]
    everything = news_intensity(events(), SESSIONS, by="all")
    assert everything.series("all").tolist() == [1, 2, 1]
    assert dyads.matrix("stories").tolist() == [[1, 0], [1, 1], [0, 0]]


def test_novelty_looks_back_only():
    """Dropping what came later changes nothing that was said before."""
    whole = news_intensity(events(), SESSIONS).table
    early = news_intensity(events().filter(pl.col("session") < date(2025, 5, 27)), SESSIONS[:1]).table
    before = whole.filter((pl.col("session") < date(2025, 5, 27)) & pl.col("key").is_in(["PAK", "AZE"]))
    assert before.equals(early)


def test_what_is_not_there_is_said():
    with pytest.raises(InputError, match="by 'planet' is not known"):
        news_intensity(events(), SESSIONS, by="planet")
    with pytest.raises(NotFoundError, match="no column 'symbol'"):
        news_intensity(events(), SESSIONS, by="symbol")
    with pytest.raises(NotFoundError, match="no news for country 'CHL'"):
        news_intensity(events(), SESSIONS).series("CHL")
    with pytest.raises(NotFoundError, match="no measure 'mood'"):
        news_intensity(events(), SESSIONS).series("PAK", "mood")
