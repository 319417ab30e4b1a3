"""The tests across events against the paper formulas of tests/golden, to 1e-9 relative."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from slow_reference import GOLDEN, SCENARIOS, sample_s2, scenario, simulated, take

from correlator.errors import StudyError
from correlator.eventstudy.significance.evidence import evidence_of
from correlator.eventstudy.significance.nonparametric import rank_mean_ratio
from correlator.eventstudy.significance.registry import NAMES
from correlator.eventstudy.significance.table import significance_table, statistics

PAPER = {
    "csect_t": "csect_t",
    "patell_z": "patell_z",
    "adj_patell_z": "adj_patell_z",
    "bmp_t": "bmp_t",
    "kp_t": "kp_t",
    "bw80": "bw80",
    "bw85": "bw85",
    "corrado_rank": "corrado_rank",
    "corrado_uniform": "rank_cz_unstd",
    "gsign_z": "gsign_cowan",
    "skew_adj_t": "skewadj_t",
}
S2 = {
    "csect_t": "csect_t",
    "patell_z": "patell_z_exactCAR",
    "bmp_t": "bmp_t_exactCAR",
    "sign_z": "sign_z",
    "gsign_z": "gsign_z",
    "wilcoxon": "wilcoxon_W",
    "grank_t": "grank_t",
    "grank_z": "grank_z",
    "skew_adj_t": "skew_adj_t",
}


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("statistic", PAPER)
def test_days_agree_with_paper_formulas(name: str, statistic: str) -> None:
    arrays, _, _ = scenario(name)
    expected = pl.read_csv(GOLDEN / "estudy2_reference_paper_formulas.csv").filter(pl.col("scenario") == name)
    got = statistics(arrays)[statistic].value[:-1]
    np.testing.assert_allclose(got, expected[PAPER[statistic]].to_numpy(), rtol=1e-9)


@pytest.mark.parametrize("name", SCENARIOS)
def test_signed_rank_p_is_exact(name: str) -> None:
    arrays, _, _ = scenario(name)
    expected = pl.read_csv(GOLDEN / "estudy2_reference_paper_formulas.csv").filter(pl.col("scenario") == name)
    got = statistics(arrays)["wilcoxon"].p_value[:-1]
    np.testing.assert_allclose(got, expected["wilcoxon_p_exact"].to_numpy(), rtol=1e-12)


@pytest.mark.parametrize("statistic", S2)
def test_windows_agree_with_paper_formulas(statistic: str) -> None:
    expected = pl.read_csv(GOLDEN / "caar_S2_reference.csv")
    got = statistics(sample_s2())[statistic].value[-2:]
    np.testing.assert_allclose(got, expected[S2[statistic]].to_numpy(), rtol=1e-9)


def test_rest_of_the_windows_figures() -> None:
    arrays, expected = sample_s2(), pl.read_csv(GOLDEN / "caar_S2_reference.csv")
    found = statistics(arrays)
    np.testing.assert_allclose(arrays.car.mean(axis=0), expected["CAAR"].to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(found["wilcoxon"].p_value[-2:], expected["wilcoxon_p_exact"].to_numpy(), rtol=1e-12)
    assert found["grank_t"].df[-2:].tolist() == expected["grank_t_df"].to_list()
    big_z = rank_mean_ratio(evidence_of(arrays))[-2:]
    np.testing.assert_allclose(big_z, expected["grank_Z"].to_numpy(), rtol=1e-9)


def test_summed_sar_is_the_other_column() -> None:
    """Summing daily SAR over sqrt m, as many do, ignores that one window shares one estimated line."""
    arrays, expected = sample_s2(), pl.read_csv(GOLDEN / "caar_S2_reference.csv")
    sar = arrays.ar / arrays.ar_se
    summed = np.stack([sar[:, 9:12].sum(axis=1) / np.sqrt(3), sar[:, 5:16].sum(axis=1) / np.sqrt(11)], axis=1)
    bmp = summed.mean(axis=0) / (summed.std(axis=0, ddof=1) / np.sqrt(12))
    patell = summed.sum(axis=0) / np.sqrt((arrays.df / (arrays.df - 2)).sum())
    np.testing.assert_allclose(patell, expected["patell_z_sumSAR"].to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(bmp, expected["bmp_t_sumSAR"].to_numpy(), rtol=1e-9)


def test_table_lists_days_then_windows() -> None:
    table = significance_table(sample_s2())
    assert table.columns == ["window_or_day", "statistic", "value", "df", "p_value", "n"]
    assert table.height == 23 * len(NAMES)
    assert table["window_or_day"].unique(maintain_order=True).to_list()[-2:] == ["9:11", "5:15"]
    assert table["n"].unique().to_list() == [12]
    assert table["p_value"].is_between(0, 1).all()
    assert table.filter(pl.col("statistic") == "patell_z")["df"].null_count() == 23


def test_one_event_is_refused() -> None:
    with pytest.raises(StudyError, match="1 event has no cross-section"):
        significance_table(take(simulated(3, 1), np.array([0])))


def test_order_of_events_changes_nothing() -> None:
    arrays = simulated(30, 2, missing=0.1)
    shuffled = take(arrays, np.random.default_rng(0).permutation(30))
    for name, first in statistics(arrays).items():
        np.testing.assert_allclose(statistics(shuffled)[name].value, first.value, rtol=1e-9, atol=1e-12)


def test_scale_changes_nothing() -> None:
    from dataclasses import replace

    arrays = simulated(20, 3, missing=0.05)
    names = ("ar", "ar_se", "sigma", "residuals", "car", "car_se")
    scaled = replace(arrays, **{name: getattr(arrays, name) * 128.0 for name in names})
    for name, first in statistics(arrays).items():
        np.testing.assert_allclose(statistics(scaled)[name].value, first.value, rtol=1e-12)


def test_missing_event_day_leaves_the_event_out_of_that_day_only() -> None:
    arrays = simulated(10, 4)
    ar, se = arrays.ar.copy(), arrays.ar_se.copy()
    ar[0, 2] = se[0, 2] = np.nan
    from dataclasses import replace

    table = significance_table(replace(arrays, ar=ar, ar_se=se))
    counts = table.filter(pl.col("statistic") == "grank_t")["n"].to_list()
    assert counts == [10, 10, 9, 10, 10, 10, 10]
    without = statistics(take(arrays, np.arange(1, 10)))
    with_hole = statistics(replace(arrays, ar=ar, ar_se=se))
    for name in ("csect_t", "patell_z", "bmp_t", "skew_adj_t", "grank_t", "grank_z", "wilcoxon", "jackknife_t"):
        assert with_hole[name].value[2] == pytest.approx(without[name].value[2], rel=1e-12)
