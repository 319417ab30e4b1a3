"""The cross-section against linearmodels, statsmodels and the sandwich written out."""

import numpy as np
import polars as pl
import pytest

from correlator.errors import CorrelatorWarning, InputError, NotFoundError, StudyError
from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.regression.cross_section import cross_section, event_features

pytest.importorskip("statsmodels")


def frame(seed=1, n=300):
    rng = np.random.default_rng(seed)
    session, symbol = rng.integers(0, 40, n), rng.integers(0, 15, n)
    goldstein = rng.uniform(-10, 10, n)
    shared = rng.normal(size=40)[session] * 0.01 + rng.normal(size=15)[symbol] * 0.005
    return pl.DataFrame(
        {
            "event_id": np.arange(n),
            "symbol": [f"S{i}" for i in symbol],
            "session": session,
            "car": 0.002 * goldstein + shared + rng.normal(size=n) * 0.02,
            "goldstein": goldstein,
            "category": rng.choice(["CONSULT", "THREATEN", "ASSAULT"], n),
        }
    )


def sandwich(x, e, groups):
    """The meat of one clustering with its small-sample factor, written out."""
    n, k = x.shape
    sums = np.stack([(x * e[:, None])[groups == g].sum(axis=0) for g in np.unique(groups)])
    g = len(sums)
    return sums.T @ sums * g / (g - 1) * (n - 1) / (n - k)


def test_two_way_errors_are_those_of_the_paper():
    data = frame()
    found = cross_section(data, "car ~ goldstein")
    x = np.column_stack([np.ones(len(data)), data["goldstein"]])
    bread = np.linalg.inv(x.T @ x)
    b = bread @ x.T @ data["car"].to_numpy()
    e = data["car"].to_numpy() - x @ b
    date, symbol = data["session"].to_numpy(), data["symbol"].rank("dense").to_numpy().astype(int)
    meat = sandwich(x, e, date) + sandwich(x, e, symbol) - sandwich(x, e, date * 100 + symbol)
    se = np.sqrt(np.diag(bread @ meat @ bread))
    np.testing.assert_allclose(found.table["estimate"], b, rtol=1e-8)
    np.testing.assert_allclose(found.table["se"], se, rtol=1e-8)
    assert found.clusters == {"session": 40, "symbol": 15}
    assert found.df == 14
    assert found.table["p_value"][1] < 0.001


def test_agrees_with_linearmodels():
    linear = pytest.importorskip("linearmodels.iv")
    data = frame(2)
    found = cross_section(data, "car ~ goldstein", clusters=["session"])
    x = np.column_stack([np.ones(len(data)), data["goldstein"]])
    theirs = linear.IV2SLS(data["car"].to_numpy(), x, None, None).fit(
        cov_type="clustered", clusters=data["session"].to_numpy(), debiased=True
    )
    np.testing.assert_allclose(found.table["estimate"], theirs.params, rtol=1e-8)
    np.testing.assert_allclose(found.table["se"], theirs.std_errors, rtol=1e-8)


def test_agrees_with_statsmodels_run_by_hand_and_says_what_it_left_out():
    import statsmodels.formula.api as smf

    data = frame(3).with_columns(pl.when(pl.col("event_id") % 7 != 0).then("goldstein"))
    found = cross_section(data, "car ~ goldstein + C(category)", clusters=["symbol"])
    rest = data.drop_nulls().to_pandas()
    by_hand = smf.ols("car ~ goldstein + C(category)", rest).fit(
        cov_type="cluster", cov_kwds={"groups": rest["symbol"].astype("category").cat.codes}, use_t=True
    )
    np.testing.assert_allclose(found.table["estimate"], by_hand.params, rtol=1e-8)
    np.testing.assert_allclose(found.table["se"], by_hand.bse, rtol=1e-8)
    np.testing.assert_allclose(found.table["p_value"], by_hand.pvalues, rtol=1e-8)
    assert found.n == len(rest)
    assert found.excluded["event_id"].to_list() == [i for i in range(300) if i % 7 == 0]
    assert found.table["term"].to_list() == list(by_hand.params.index)


def test_the_sentence_names_what_is_explained():
    data = frame()
    assert cross_section(data, "car ~ goldstein").sentence.startswith("CAR ")
    assert cross_section(data, "goldstein ~ car").sentence.startswith("goldstein, with CAR ")


def test_robust_errors_without_clusters():
    data = frame(4)
    found = cross_section(data, "car ~ goldstein", clusters=[])
    x = np.column_stack([np.ones(len(data)), data["goldstein"]])
    bread = np.linalg.inv(x.T @ x)
    e = data["car"].to_numpy() - x @ (bread @ x.T @ data["car"].to_numpy())
    n, k = x.shape
    meat = (x * (e**2)[:, None]).T @ x * n / (n - k)
    np.testing.assert_allclose(found.table["se"], np.sqrt(np.diag(bread @ meat @ bread)), rtol=1e-8)


def test_features_of_a_study():
    rng = np.random.default_rng(5)
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 12, 31), eager=True)
    returns = pl.DataFrame({"date": days, "M": rng.normal(0, 0.01, len(days))}).with_columns(
        A=rng.normal(0, 0.02, len(days)), B=rng.normal(0, 0.02, len(days))
    )
    events = pl.DataFrame({"symbol": ["A", "B"] * 15, "date": days[300:600:10], "goldstein": rng.uniform(-10, 10, 30)})
    result = study_matrix(returns, events, benchmark="M", windows="-1:1,0:0")
    features = event_features(result, "0:0")
    assert features.columns[:6] == ["event_id", "symbol", "session", "car", "se", "beta"]
    assert features["car"].to_list() == result.car.filter(pl.col("window") == "0:0")["car"].to_list()
    assert features["session"].to_list() == events["date"].to_list()
    found = cross_section(result, "car ~ goldstein + beta", of=(0, 0))
    assert found.n == 30
    assert found.window == "0:0"
    assert found.table.equals(cross_section(result, "car ~ goldstein + beta", window="0:0").table)  # the former name
    with pytest.raises(InputError, match="of and its former name window are both given"):
        cross_section(result, "car ~ goldstein", of="0:0", window="0:0")
    with pytest.raises(InputError, match="of has no effect on a frame"):
        cross_section(features, "car ~ goldstein", of="0:0")
    with pytest.raises(NotFoundError, match="windows are -1:1, 0:0"):
        event_features(result, "-5:5")


def test_what_cannot_be_done_is_said():
    data = frame(6, n=30)
    with pytest.raises(NotFoundError, match="tonne"):
        cross_section(data, "car ~ tonne")
    with pytest.raises(InputError, match="cannot be"):
        cross_section(data, "car ~ goldstein +* 2")
    with pytest.raises(StudyError, match=r"collinear \(leave out double\)"):
        cross_section(data.with_columns(double=pl.col("goldstein") * 2), "car ~ goldstein + double")
    with pytest.raises(StudyError, match="more than"):
        cross_section(data[:2], "car ~ goldstein")
    with pytest.raises(StudyError, match="at least 2 clusters"):
        cross_section(data.with_columns(symbol=pl.lit("A")), "car ~ goldstein", clusters=["symbol"])
    with pytest.raises(NotFoundError, match="column 'dyad' to cluster by is missing"):
        cross_section(data, "car ~ goldstein", clusters=["dyad"])


def test_events_of_one_session_are_refused_by_default():
    data = frame(n=30).with_columns(session=pl.lit(1))
    with pytest.raises(StudyError, match="same session"):
        cross_section(data, "car ~ goldstein")
    assert cross_section(data, "car ~ goldstein", clusters=["symbol"]).table["variance"].to_list() == ["one-way"] * 2


def test_a_two_way_variance_that_is_not_positive_takes_the_larger_jackknife():
    """Seeds are tried until a two-way variance is not positive: what then stands is by hand the larger CV3."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        session = rng.integers(0, 3, 12)
        symbol = rng.integers(0, 3, 12)
        x, y = rng.normal(size=12), rng.normal(0, 0.02, 12)
        data = pl.DataFrame(
            {"event_id": range(12), "session": session, "symbol": symbol.astype(str), "goldstein": x, "car": y}
        )
        if len(set(session)) < 2 or len(set(symbol)) < 2:
            continue
        table = cross_section(data, "car ~ goldstein").table
        assert table["se"].null_count() == 0
        if table["variance"][1] != "two-way":
            break
    assert table["variance"][1] == "largest one-way, jackknife (CV3)"
    design = np.column_stack([np.ones(12), x])
    whole = np.linalg.lstsq(design, y, rcond=None)[0]
    largest = 0.0
    for groups in (session, symbol):
        changes = [
            np.linalg.lstsq(design[groups != g], y[groups != g], rcond=None)[0] - whole for g in np.unique(groups)
        ]
        count = len(changes)
        largest = max(largest, (count - 1) / count * sum(change[1] ** 2 for change in changes))
    assert table["se"][1] == pytest.approx(np.sqrt(largest), rel=1e-9)


def test_a_two_way_variance_below_zero_is_replaced_and_said():
    """Residuals that cancel within every date and within every share leave nothing but the part taken off."""
    pattern = np.array([1.0, -1.0, -1.0, 1.0]) * 0.01
    data = pl.DataFrame(
        {
            "event_id": np.arange(16),
            "symbol": ["A", "A", "B", "B"] * 4,
            "session": [0, 1, 0, 1] * 4,
            "car": np.tile(pattern, 4) + 0.02,
        }
    )
    two_way = cross_section(data, "car ~ 1")
    one_way = cross_section(data, "car ~ 1", clusters=["session"])
    assert two_way.table["variance"].to_list() == ["largest one-way, jackknife (CV3)"]
    assert one_way.table["variance"].to_list() == ["one-way"]


def test_an_estimate_that_nothing_varies_around_has_no_error():
    found = cross_section(frame().with_columns(car=pl.lit(0.0)), "car ~ 1")
    assert found.table["estimate"].to_list() == [0.0]
    assert found.table.select("se", "t", "p_value").row(0) == (None, None, None)


def test_numbers_as_text_are_no_categories_unless_that_is_said():
    data = frame(6)
    for words, shown in (
        (["0,5", "1,5", "2,5"], "'0,5'"),
        (["1%", "2%", "3%"], "'1%'"),
        (["1", "2", "n.m."], "'1' and 'n.m.'"),
    ):
        told = data.with_columns(pl.Series("surprise", words * 100))
        with pytest.raises(InputError, match=f"column surprise holds text such as {shown}, not numbers"):
            cross_section(told, "car ~ surprise")
        assert cross_section(told, "car ~ C(surprise)").table.height == 3


@pytest.mark.parametrize("clusters", [["symbol"], ["session", "symbol"]])
def test_the_effect_of_one_cluster_has_no_error(clusters):
    """Residuals of a symbol with its own mean sum to zero: its variance by symbols would be that of nothing."""
    data = frame(7)
    with pytest.warns(CorrelatorWarning, match="15 terms without an error, since one cluster determines each"):
        table = cross_section(data, "car ~ goldstein + C(symbol)", clusters=clusters).table
    alone = table.filter(pl.col("term") != "goldstein")
    assert alone["estimate"].null_count() == 0
    assert set(alone["variance"]) == {"none: one symbol determines it"}
    assert alone.select("se", "t", "p_value", "low", "high").null_count().row(0) == (15,) * 5
    assert table.filter(pl.col("term") == "goldstein")["se"].null_count() == 0


def test_a_category_of_one_event_has_no_robust_error():
    data = frame(8).with_columns(category=pl.when(pl.col("event_id") == 3).then(pl.lit("YIELD")).otherwise("category"))
    with pytest.warns(CorrelatorWarning, match=r"1 term .*C\(category\)\[T.YIELD\]"):
        table = cross_section(data, "car ~ C(category)", clusters=[]).table
    assert table["se"].is_null().to_list() == [False, False, False, True]
    assert table["variance"][3] == "none: one event determines it"


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_events_without_a_cluster_are_left_out_with_that_reason(missing):
    desk = pl.Series("desk", [missing, 1.0, 2.0, 3.0] * 75)
    data = frame(9).with_columns(desk, goldstein=pl.when(pl.col("event_id") != 1).then("goldstein"))
    found = cross_section(data, "car ~ goldstein", clusters=["desk"])
    assert (found.n, found.clusters) == (224, {"desk": 3})
    reasons = dict(found.excluded.select("event_id", "reason").iter_rows())
    assert reasons[0] == reasons[4] == "a column of clusters has no value"
    assert reasons[1] == "a term of the formula has no value"
