"""Calendar-time portfolios and streamed studies."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from correlator.errors import InputError, StudyError
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.parts.stream import study_stream
from correlator.eventstudy.request.spec import study_spec
from correlator.eventstudy.results.calendar_time import calendar_time_alpha, portfolio_returns


def bars(seed: int = 1, count: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 3)) * 0.01
    returns = x @ rng.standard_normal((3, 8)) + rng.standard_normal((count, 8)) * 0.02
    returns[rng.random(returns.shape) < 0.05] = np.nan
    return returns, x


def test_portfolio_holds_open_windows_once() -> None:
    returns = np.arange(12.0).reshape(6, 2)
    returns[3, 1] = np.nan
    portfolio, count = portfolio_returns(returns, np.array([0, 0, 1]), np.array([[1, 2], [2, 3], [2, 3]]))
    assert count.tolist() == [0, 1, 2, 1, 0, 0]
    np.testing.assert_allclose(portfolio, [np.nan, 2.0, 4.5, 6.0, np.nan, np.nan])


def test_alpha_agrees_with_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    returns, x = bars()
    rng = np.random.default_rng(2)
    symbol, day_zero = rng.integers(0, 8, 40), rng.integers(10, 480, 40)
    rows = day_zero[:, None] + np.arange(11)
    found = calendar_time_alpha(returns, x, symbol, rows)
    portfolio, _ = portfolio_returns(returns, symbol, rows)
    used = ~np.isnan(portfolio)
    fit = sm.OLS(portfolio[used], sm.add_constant(x[used])).fit()
    assert found.alpha == pytest.approx(fit.params[0], rel=1e-10)
    assert found.se == pytest.approx(fit.bse[0], rel=1e-10)
    assert found.se_white == pytest.approx(fit.HC1_se[0], rel=1e-10)
    np.testing.assert_allclose(found.betas, fit.params[1:], rtol=1e-10)
    assert (found.bars, found.df) == (used.sum(), used.sum() - 4)
    with pytest.raises(StudyError, match="too few for"):
        calendar_time_alpha(returns, x, np.array([0]), np.array([[100, 101]]))


@pytest.mark.parametrize("by", [None, "category"])
def test_stream_writes_what_one_study_holds(tmp_path: Path, by: str | None) -> None:
    returns, x = bars()
    labels = pl.Series("session", [date(2020, 1, 1) + timedelta(days=t) for t in range(500)])
    panel = Panel(labels, tuple("ABCDEFGH"), returns, x[:, :1], ("M",))
    rng = np.random.default_rng(3)
    events = pl.DataFrame(
        {
            "event_id": np.arange(1, 101),
            "symbol": rng.choice(list("ABCDEFGHZ"), 100),
            "date": labels[rng.integers(200, 495, 100)],
            "category": rng.choice(["x", "y"], 100),
        }
    ).unique(["symbol", "date"], keep="first", maintain_order=True)  # repeats are left out before, and told last
    plan = study_spec(windows="0:0,-1:1,-5:5", by=by)
    whole = study_panel(panel, events, plan)
    streamed = study_stream(panel, events, plan, tmp_path / "out", outputs=("ar", "car", "excluded"), chunk=17)
    assert (streamed.events, streamed.excluded) == (len(whole.estimates), whole.excluded.height)
    for name in ("ar", "car", "excluded"):
        assert pl.read_parquet(tmp_path / "out" / name / "*.parquet").equals(whole.frame(name))
    keys = list(plan.by)
    for name, key in (("aar", "day"), ("caar", "window")):
        one = whole.frame(name).with_columns(pl.col(key).cast(pl.String)).sort([*keys, key])
        other = getattr(streamed, name).with_columns(pl.col(key).cast(pl.String)).sort([*keys, key])
        assert other["n"].to_list() == one["n"].to_list()
        for column in {"aar", "caar", "sd", "positive"} & set(one.columns):
            np.testing.assert_allclose(other[column], one[column], rtol=1e-10, atol=1e-15)
    with pytest.raises(InputError, match="already exists"):
        study_stream(panel, events, plan, tmp_path / "out")
    with pytest.raises(InputError, match="cannot be streamed"):
        study_stream(panel, events, plan, tmp_path / "other", outputs=("significance",))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("by", [None, "category"])
def test_events_of_one_share_and_day_are_one_observation_in_whatever_chunks(tmp_path: Path, by: str | None) -> None:
    returns, x = bars()
    labels = pl.Series("session", [date(2020, 1, 1) + timedelta(days=t) for t in range(500)])
    panel = Panel(labels, tuple("ABCDEFGH"), returns, x[:, :1], ("M",))
    days = labels[[300, 340, 300, 380, 340, 300]]
    events = pl.DataFrame(
        {"event_id": range(1, 7), "symbol": list("ABABBA"), "date": days, "category": list("xyyxyx"), "note": range(6)}
    )
    plan = study_spec(windows="0:0,-5:5", by=by)
    whole = study_panel(panel, events, plan)
    streamed = study_stream(panel, events, plan, tmp_path / "out", outputs=("car",), chunk=2)
    assert streamed.events == len(whole.estimates) == 6
    for name, key in (("aar", "day"), ("caar", "window")):
        keys = [*plan.by, key]
        one, other = (
            frame.sort(keys).select(*keys, "n", name) for frame in (whole.frame(name), getattr(streamed, name))
        )
        assert other["n"].to_list() == one["n"].to_list()
        np.testing.assert_allclose(other[name], one[name], rtol=1e-12)
