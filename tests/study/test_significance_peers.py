"""Peers' own figures to 1e-9 where they follow the paper, and each deviation derived where they do not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from peer_formulas import METHODS, PEERS, Peer, derived, gap, golden, with_table
from slow_reference import GOLDEN, SCENARIOS, market_model, scenario

from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.significance.table import statistics


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.column)
def test_peer_is_reproduced(peer: Peer, name: str) -> None:
    np.testing.assert_allclose(derived(peer, name), golden(peer, name), rtol=1e-9)


@pytest.mark.parametrize("peer", [p for p in PEERS if p.formula is None], ids=lambda peer: peer.column)
def test_what_follows_the_paper_agrees(peer: Peer) -> None:
    assert max(gap(peer, name) for name in SCENARIOS) < 1e-9


def test_patell_is_off_by_its_degrees_of_freedom() -> None:
    peer = next(p for p in PEERS if p.column == "pt_stat")
    arrays, _, _ = scenario("B_feb20")
    assert set(arrays.n) == {162}
    ratio = golden(peer, "B_feb20") / statistics(arrays)["patell_z"].value[:-1]
    np.testing.assert_allclose(ratio, np.sqrt(161 / 160), rtol=1e-9)


def test_signed_rank_stars_come_from_the_wrong_tail() -> None:
    """W+ = 23 of 28 earns the peer's star at 10 %; the exact two-sided p is 0.156."""
    arrays, _, _ = scenario("A_doc")
    table = pl.read_csv(GOLDEN / "estudy2_nonparametric_tests.csv", null_values="NA", infer_schema_length=None)
    first = table.filter((pl.col("scenario") == "A_doc") & (pl.col("model") == "sim")).row(0, named=True)
    assert (float(first["wlcx_stat"]), first["wlcx_signif"]) == (23.0, "*")
    assert statistics(arrays)["wilcoxon"].p_value[0] == pytest.approx(0.15625)


def test_smaller_rank_sum_is_the_other_side_of_w_plus() -> None:
    peer = next(p for p in PEERS if p.column == "wlcx_stat")
    for name in SCENARIOS:
        w_plus = golden(peer, name)
        got = statistics(scenario(name)[0])["wilcoxon"].value[:-1]
        np.testing.assert_array_equal(got, np.minimum(w_plus, 28 - w_plus))


def test_eventstudy_has_no_forecast_error_and_too_many_degrees_of_freedom() -> None:
    """The Python package: variance SSR/L (divisor L, not L - 2), no forecast error, df L - 1."""
    table = pl.read_csv(GOLDEN / "eventstudy_returns.csv")
    peer = pl.read_csv(GOLDEN / "eventstudy_single.csv")
    zero = table["date"].to_list().index("2007-01-09")
    est, win = np.arange(250), np.arange(zero - 10, zero + 11)
    event = market_model(table["AAPL"].to_numpy(), table["SPY"].to_numpy(), est, win, [(0, 20)])
    np.testing.assert_allclose(event["ar"], peer["AR"].to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(event["car"][0], peer["CAR"].to_numpy()[-1], rtol=1e-9)
    without_forecast = event["sigma"] * np.sqrt(248 / 250)
    np.testing.assert_allclose(without_forecast, peer["Std. E. AR"].to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(without_forecast * np.sqrt(21), peer["Std. E. CAR"].to_numpy()[-1], rtol=1e-9)
    assert (event["ar_se"] > peer["Std. E. AR"].to_numpy()).all()
    assert (set(peer["df"]), int(event["df"])) == ({249}, 248)


def test_eventstudy_by_three_factors() -> None:
    """Loadings over the risk-free return as printed by the package; its errors as for the market model, k = 4."""
    returns = pl.read_csv(GOLDEN / "eventstudy_returns.csv").select("date", "AAPL")
    peer = pl.read_csv(GOLDEN / "eventstudy_single_ff3.csv")
    result = study_matrix(
        returns,
        pl.DataFrame({"symbol": ["AAPL"], "date": ["2007-01-09"]}),
        factors=pl.read_csv(GOLDEN / "eventstudy_ff3_percent.csv").with_columns(pl.exclude("date") / 100),
        risk_free="RF",
        model="factors",
        returns_kind="simple",
        estimation="-290:-41",
        window="-10:10",
    )
    loadings = [0.00072725168474718012, 1.8033026574504576, -0.70483980590672002, -0.46815965878270926]
    np.testing.assert_allclose(result.estimates.coefficients[0], loadings, rtol=1e-9)
    np.testing.assert_allclose(result.ar["ar"], peer["AR"], rtol=1e-8)
    np.testing.assert_allclose(result.estimates.sigma[0] * np.sqrt(246 / 250), peer["Std. E. AR"], rtol=1e-9)


def test_methods_page_holds_the_table_as_generated() -> None:
    text = METHODS.read_text(encoding="utf-8")
    assert with_table(text) == text, "run python tests/study/peer_formulas.py"
