"""A slow market model, one event at a time with numpy's lstsq, that feeds StudyArrays; and readers of tests/golden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl

from correlator.eventstudy.estimation import kernel
from correlator.eventstudy.estimation.engine import fit_events
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, Placement
from correlator.eventstudy.significance.arrays import StudyArrays

GOLDEN = Path(__file__).parent.parent / "golden"
FIRMS = ("AMZN", "ZM", "UBER", "NFLX", "SHOP", "FB", "UPWK")
SCENARIOS = {
    "A_doc": ("2019-04-01", "2020-03-13", "2020-03-16", "2020-03-20"),
    "B_feb20": ("2019-05-13", "2019-12-31", "2020-02-20", "2020-03-05"),
}


def market_model(
    y: np.ndarray, x: np.ndarray, est: np.ndarray, win: np.ndarray, windows: list[tuple[int, int]]
) -> dict[str, np.ndarray]:
    """One event: rows ``est`` and ``win`` of returns ``y`` and market ``x``; the fields of StudyArrays for it."""
    valid = ~np.isnan(y[est]) & ~np.isnan(x[est])
    design = np.column_stack([np.ones(valid.sum()), x[est][valid]])
    outcome = y[est][valid]
    b = np.linalg.lstsq(design, outcome, rcond=None)[0]
    residuals = np.full(len(est), np.nan)
    residuals[valid] = outcome - design @ b
    df = int(valid.sum()) - 2
    s2 = float(np.nansum(residuals**2)) / df
    inverse = np.linalg.inv(design.T @ design)
    event = np.column_stack([np.ones(len(win)), x[win]])
    ar = y[win] - event @ b
    covariance = s2 * (np.eye(len(win)) + event @ inverse @ event.T)
    spans = [slice(a, z + 1) for a, z in windows]
    return {
        "ar": ar,
        "ar_se": np.sqrt(np.diag(covariance)),
        "sigma": np.array(np.sqrt(s2)),
        "df": np.array(df),
        "n": np.array(df + 2),
        "residuals": residuals,
        "residual_first": np.array(est[0]),
        "car": np.array([ar[span].sum() for span in spans]),
        "car_se": np.array([np.sqrt(covariance[span, span].sum()) for span in spans]),
    }


def stacked(events: list[dict[str, np.ndarray]], dates: list[int], windows: list[tuple[int, int]]) -> StudyArrays:
    fields = {name: np.stack([event[name] for event in events]) for name in events[0]}
    columns = np.array(windows, dtype=np.int64).reshape(-1, 2)
    return StudyArrays(
        **fields,
        day_labels=[str(d) for d in range(events[0]["ar"].shape[0])],
        window_labels=[f"{a}:{z}" for a, z in windows],
        window_first=columns[:, 0],
        window_last=columns[:, 1],
        event_dates=np.array(dates, dtype=np.int64),
    )


def scenario(name: str) -> tuple[StudyArrays, np.ndarray, np.ndarray]:
    """estudy2's scenario with one window over all its days; the market's returns of estimation and event days."""
    table = pl.read_csv(GOLDEN / "estudy2_input_log_returns.csv", try_parse_dates=False)
    dates = table["date"].to_numpy()
    first, last, start, end = SCENARIOS[name]
    est = np.flatnonzero((dates >= first) & (dates <= last))
    win = np.flatnonzero((dates >= start) & (dates <= end))
    x = table["GSPC"].cast(pl.Float64).to_numpy()
    windows = [(0, len(win) - 1)]
    events = [market_model(table[f].cast(pl.Float64).to_numpy(), x, est, win, windows) for f in FIRMS]
    return stacked(events, [int(win[0])] * len(events), windows), x[est], x[win]


def sample_s2() -> StudyArrays:
    """Twelve earnings days: estimation 250 sessions up to day -11, event window -10..10, windows -1..1 and -5..5."""
    prices = pl.read_csv(GOLDEN / "caar_S2_prices.csv")
    requests = pl.read_csv(GOLDEN / "caar_S2_requests.csv")
    dates = prices["date"].to_list()[1:]
    windows = [(9, 11), (5, 15)]

    def returns(symbol: str) -> np.ndarray:
        p = prices[symbol].to_numpy()
        return p[1:] / p[:-1] - 1.0

    events, zeros = [], []
    for firm, day in requests.select("firm_symbol", "event_date").iter_rows():
        zero = dates.index("-".join(reversed(day.split("."))))
        est, win = np.arange(zero - 260, zero - 10), np.arange(zero - 10, zero + 11)
        events.append(market_model(returns(firm), returns("SPY"), est, win, windows))
        zeros.append(zero)
    return stacked(events, zeros, windows)


def simulated(events: int, seed: int, *, missing: float = 0.0, dates: int = 40) -> StudyArrays:
    """Normal returns, 60 estimation days and 5 event days, windows 1..3 and 0..4."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(200) * 0.01
    windows = [(1, 3), (0, 4)]
    made, zeros = [], []
    for _ in range(events):
        y = 0.9 * x + rng.standard_normal(200) * 0.02
        y[rng.random(200) < missing] = np.nan
        zero = 100 + int(rng.integers(dates))
        win = np.arange(zero, zero + 5)
        y[win] = np.nan_to_num(y[win])
        made.append(market_model(y, x, np.arange(zero - 70, zero - 10), win, windows))
        zeros.append(zero)
    return stacked(made, zeros, windows)


def fit_at(
    returns: np.ndarray,
    factors: np.ndarray | None,
    *where: Any,
    car_columns: Any = None,
    path: str = "numpy",
    **options: Any,
) -> EventEstimates:
    """``fit_events`` with the events' arrays as six arguments; ``path`` ``plain`` runs the compiled loops as Python."""
    symbol, zero, est_first, est_last, first, last = where
    placed = Placement.at(symbol, zero, (est_first, est_last), (first, last), car_columns=car_columns)
    if path != "plain":
        return fit_events(Bars(returns, factors), placed, engine=path, **options)
    with patch.object(kernel, "compiled", lambda loop: loop):
        return fit_events(Bars(returns, factors), placed, engine="compiled", **options)


def take(arrays: StudyArrays, order: np.ndarray) -> StudyArrays:
    names = ("ar", "ar_se", "sigma", "df", "n", "residuals", "residual_first", "car", "car_se", "event_dates")
    return replace(arrays, **{name: getattr(arrays, name)[order] for name in names})
