"""Compare our engine with an independent implementation of Stata's eventstudy2, verified against Stata by its author.

    python benchmarks/peer_eventstudy2.py --peer FOLDER/scripts/eventstudy.py [--into docs/methods.md]

FOLDER is a checkout of github.com/kennethkhoocy/event-study-cars (MIT); it is only run. Simulated prices of
shares with and without holes and with scattered dates go through both; the table has the largest absolute gap of each
figure.
"""

from __future__ import annotations

import argparse
import importlib.util
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from size_designs import put_into, table

from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.significance.signed_ranks import numpy_rank_sums, rank_keys, signed_rank_test

SHARES, BARS = 12, 520
WINDOWS = ((0, 0), (-1, 1), (-5, 5))
ESTIMATION = (-250, -11)
DAYS = [date(2015, 1, 1) + timedelta(days=n) for n in range(BARS)]
WHY = {
    "abnormal return": "they do not",
    "CAR": "they do not, over the events that both give one of; the peer gives none for a window whose last bar is "
    "missing or whose first return began before it",
    "CAAR": "they do not, over the same events",
    "`gsign_z`": "they do not where histories are equally long; else p is pooled over all residuals, where Cowan "
    "averages over events",
    "`wilcoxon`": "they do not for one day, as z; for several days the peer ranks every day of every event, which are "
    "not the events' CAR",
    "`patell_z`": "the peer divides by √(s·se) and sums daily values over √k, ours divides a CAR by its own error; "
    "from trade to trade its s is of residuals without weights and its se without the sessions of a return",
}


def peer_at(path: Path) -> Any:
    """Import the peer's module."""
    spec = importlib.util.spec_from_file_location("peer", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(holes: float, seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Prices of ``SHARES`` and the market, a share ``holes`` of the bars missing, and one event of every share."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0003, 0.01, BARS)
    returns = market[:, None] * rng.uniform(0.5, 1.5, SHARES) + rng.standard_t(5, (BARS, SHARES)) * 0.015
    prices = 100 * np.exp(np.cumsum(returns, axis=0))
    missing = rng.random(prices.shape) < holes
    missing[[0, -1]] = False
    prices[missing] = np.nan
    names = [f"S{number:02}" for number in range(SHARES)]
    columns = {name: prices[:, number] for number, name in enumerate(names)}
    wide = pl.DataFrame({"date": DAYS, **columns, "M": 100 * np.exp(np.cumsum(market))}, nan_to_null=True)
    rows = rng.integers(300, 480, SHARES)
    return wide, pl.DataFrame({"symbol": names, "date": [DAYS[row] for row in rows]})


def theirs(peer: Any, wide: pl.DataFrame, events: pl.DataFrame, thin: bool) -> Any:
    """The peer's result: simple returns as it asks for them, logarithms inside."""
    prices = wide.to_pandas().set_index("date").astype(float)
    before = prices.ffill().shift() if thin else prices.shift()
    simple = prices / before - 1.0
    long = simple.drop(columns="M").stack(future_stack=True).rename("ret").reset_index()
    long.columns = ["date", "firm_id", "ret"]
    market = simple["M"].rename("mkt").reset_index()
    return peer.run_event_study(
        long,
        market,
        events.rename({"symbol": "firm_id", "date": "event_date"}).to_pandas(),
        car_windows=WINDOWS,
        eswlb=ESTIMATION[0],
        eswub=ESTIMATION[1],
        thin_trading=thin,
    )


def ours(wide: pl.DataFrame, events: pl.DataFrame, **options: Any) -> StudyResult:
    windows = ",".join(f"{first}:{last}" for first, last in WINDOWS)
    estimation = f"{ESTIMATION[0]}:{ESTIMATION[1]}"
    return study_matrix(
        prices=wide, events=events, benchmark="M", window="-5:5", windows=windows, estimation=estimation, **options
    )


@dataclass(frozen=True)
class Beside:
    """Both results of one window, of events that both give a CAR of: ``tests`` is the peer's row."""

    first: int
    last: int
    found: StudyResult
    peer: Any
    tests: Any

    @property
    def label(self) -> str:
        return f"{self.first}:{self.last}"

    @property
    def car(self) -> pl.DataFrame:
        return self.found.car.filter(pl.col("window") == self.label)

    def value(self, statistic: str) -> float:
        rows = self.found.significance.filter(pl.col("window_or_day") == self.label)
        return dict(rows.select("statistic", "value").iter_rows())[statistic]


def beside(peer: Any, wide: pl.DataFrame, events: pl.DataFrame, *, thin: bool) -> list[Beside]:
    """Return every window of both, for the events for which both give a CAR."""
    options = {} if thin else {"holes": "drop"}
    whole, other = ours(wide, events, **options), theirs(peer, wide, events, thin)
    result = []
    for first, last in WINDOWS:
        name = f"CAR[{first},{last}]"
        own = whole.car.filter(pl.col("window") == f"{first}:{last}").drop_nulls("car")["symbol"]
        known = other.car.dropna(subset=[name])["firm_id"].tolist()
        both = events.filter(pl.col("symbol").is_in(own.implode()), pl.col("symbol").is_in(known))
        found, given = (whole, other) if both.height == events.height else (
            ours(wide, both, **options), theirs(peer, wide, both, thin)
        )  # fmt: skip
        tests = given.teststats.set_index("window").loc[f"[{first},{last}]"]
        result.append(Beside(first, last, found, given, tests))
    return result


def gaps(windows: list[Beside]) -> dict[str, float]:
    """Return the largest absolute gap of each figure."""
    result: dict[str, list[float]] = {name: [] for name in WHY}
    for each in windows:
        ar = each.peer.ar.rename(columns={"firm_id": "symbol", "dif": "day"})[["symbol", "day", "AR"]]
        daily = each.found.ar.select("symbol", "day", "ar").to_pandas().merge(ar, on=["symbol", "day"])
        result["abnormal return"].append(_largest(daily["ar"] - daily["AR"]))
        name = f"CAR[{each.first},{each.last}]"
        car = each.peer.car.rename(columns={"firm_id": "symbol"})[["symbol", name]]
        both = each.car.select("symbol", "car").to_pandas().merge(car, on="symbol")
        result["CAR"].append(_largest(both["car"] - both[name]))
        result["CAAR"].append(abs(both["car"].mean() - each.tests["CAAR"]))
        result["`gsign_z`"].append(abs(each.value("gsign_z") - each.tests["GenSign"]))
        result["`patell_z`"].append(abs(each.value("patell_z") - each.tests["Patell"]))
        rank = _rank_z(each.value("wilcoxon"), each.car.height)
        result["`wilcoxon`"].append(abs(rank - abs(each.tests["Wilcoxon"])))
    return {name: max(values) for name, values in result.items()}


def derived(windows: list[Beside]) -> dict[str, float]:
    """Return the remaining gaps if our figures are combined as the peer combines them."""
    result: dict[str, list[float]] = {name: [] for name in ("`gsign_z`", "`patell_z`", "`wilcoxon`")}
    for each in windows:
        estimates = each.found.estimates
        residuals = estimates.estimation_residuals
        share = float((residuals > 0).sum() / np.isfinite(residuals).sum())
        n = each.car.height
        signs = ((each.car["car"] > 0).sum() - n * share) / np.sqrt(n * share * (1 - share))
        result["`gsign_z`"].append(abs(signs - each.tests["GenSign"]))
        inside = slice(each.first + 5, each.last + 6)
        ar, se = estimates.ar[:, inside], estimates.ar_se[:, inside]
        days = ar[np.isfinite(ar)]
        smaller = signed_rank_test(rank_keys(days[:, None])[0], numpy_rank_sums)[0]
        result["`wilcoxon`"].append(abs(_rank_z(smaller, len(days)) - abs(each.tests["Wilcoxon"])))
        g, raw = _sessions(each.found, residuals)
        size = np.sqrt(np.nansum(raw * raw, axis=1) / estimates.df)
        plain = np.sqrt(se**2 - estimates.sigma[:, None] ** 2 * (g[:, inside] - 1))
        summed = 0.0
        for own, error, spread in zip(ar, plain, size, strict=True):
            scaled = (own / np.sqrt(spread * error))[np.isfinite(own)]
            summed += float((scaled / np.sqrt(np.arange(1, len(scaled) + 1))).sum())
        spread = float((estimates.df / (estimates.df - 2)).sum())
        result["`patell_z`"].append(abs(summed / np.sqrt(spread) - each.tests["Patell"]))
    return {name: max(values) for name, values in result.items()}


def _sessions(found: StudyResult, residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sessions (E, D) of the event window's returns, and residuals (E, L) as they are before the weights of theirs."""
    estimates, spans = found.estimates, found.panel.spans
    if spans is None:
        return np.ones(estimates.ar.shape), residuals
    columns = estimates.symbol_index[:, None]
    window = estimates.win_first[:, None] + np.arange(estimates.ar.shape[1])
    estimation = estimates.est_first[:, None] + np.arange(residuals.shape[1])
    return spans[window, columns].astype(float), residuals * np.sqrt(spans[estimation, columns].astype(float))


def _rank_z(smaller: float, n: int) -> float:
    """Return |z| of the smaller rank sum of ``n`` values."""
    return float((n * (n + 1) / 4 - smaller) / np.sqrt(n * (n + 1) * (2 * n + 1) / 24))


def _largest(values: pd.Series) -> float:
    return float(values.abs().max())


def _written(gap: float) -> str:
    return "not given" if np.isnan(gap) else "agrees" if gap < 1e-9 else f"{gap:.1e}"


def lines(peer: Any) -> list[str]:
    full, holed = made(0.0), made(0.1)
    whole = beside(peer, *full, thin=False)
    dropped, thin = (beside(peer, *holed, thin=bridged) for bridged in (False, True))
    parts = [gaps(windows) for windows in (whole, dropped, thin)]
    parts += [gaps(windows) | derived(windows) for windows in (whole, dropped, thin)]
    header = ["figure", "no hole", "holes dropped", "trade to trade"]
    header += [f"{name}, put together as theirs" for name in header[1:]] + ["why they differ"]
    return table(header, [[name, *(_written(part[name]) for part in parts), why] for name, why in WHY.items()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--into", type=Path)
    chosen = parser.parse_args()
    found = lines(peer_at(chosen.peer))
    if chosen.into:
        put_into(chosen.into, "eventstudy2", found)
    print("\n".join(found))


if __name__ == "__main__":
    main()
