"""Our engine beside an independent implementation of Stata's eventstudy2, which its author verified against Stata.

    python benchmarks/peer_eventstudy2.py --peer FOLDER/scripts/eventstudy.py [--into docs/methods.md]

FOLDER is a checkout of github.com/kennethkhoocy/event-study-cars (MIT); it is run, never copied. Simulated prices of
shares with and without holes and with scattered dates go through both; the table has the largest absolute gap of each
figure.
"""

from __future__ import annotations

import argparse
import importlib.util
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from size_designs import put_into, table

from correlator.eventstudy.measure import study_matrix
from correlator.eventstudy.result import StudyResult

SHARES, BARS = 12, 520
WINDOWS = ((0, 0), (-1, 1), (-5, 5))
ESTIMATION = (-250, -11)
DAYS = [date(2015, 1, 1) + timedelta(days=n) for n in range(BARS)]
WHY = {
    "abnormal return": "they do not",
    "CAR": "they do not, where both give one; the peer gives none for a window whose last bar is missing or whose "
    "first return began before it",
    "CAAR": "they do not, over the same events",
    "`gsign_z`": "they do not where histories are equally long; else p is pooled over all residuals, where Cowan "
    "averages over events",
    "`wilcoxon`": "they do not for one day, as z; for several days the peer ranks every day of every event, which are "
    "not the events' CAR",
    "`patell_z`": "the peer divides by √(s·se) and sums daily values over √k, ours divides a CAR by its own error",
}


def peer_at(path: Path) -> Any:
    """The peer's module."""
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


def gaps(found: StudyResult, peer: Any) -> dict[str, float]:
    """The largest absolute gap of each figure over events, days and windows that both have."""
    ar = (
        found.ar.select("symbol", "day", "ar")
        .to_pandas()
        .merge(
            peer.ar.rename(columns={"firm_id": "symbol", "dif": "day"})[["symbol", "day", "AR"]], on=["symbol", "day"]
        )
    )
    result = {"abnormal return": _largest(ar["ar"] - ar["AR"])}
    cars, average, sign, rank, patell = [], [], [], [], []
    for first, last in WINDOWS:
        label, name = f"{first}:{last}", f"CAR[{first},{last}]"
        own = found.car.filter(pl.col("window") == label).select("symbol", "car").drop_nulls().to_pandas()
        both = own.merge(peer.car.rename(columns={"firm_id": "symbol"})[["symbol", name]], on="symbol").dropna()
        cars.append(_largest(both["car"] - both[name]))
        tests = peer.teststats.set_index("window").loc[f"[{first},{last}]"]
        average.append(abs(both["car"].mean() - tests["CAAR"]))
        if len(both) < len(own):
            continue  # the peer's tests are of fewer events
        rows = found.significance.filter(pl.col("window_or_day") == label).select("statistic", "value")
        value = dict(rows.iter_rows())
        sign.append(abs(value["gsign_z"] - tests["GenSign"]))
        patell.append(abs(value["patell_z"] - tests["Patell"]))
        if first == last:
            rank.append(abs(_rank_z(value["wilcoxon"], len(own)) - abs(tests["Wilcoxon"])))
    named = {"CAR": cars, "CAAR": average, "`gsign_z`": sign, "`wilcoxon`": rank, "`patell_z`": patell}
    return result | {name: max(values, default=np.nan) for name, values in named.items()}


def derived(found: StudyResult, peer: Any, wide: pl.DataFrame) -> dict[str, float]:
    """The gaps that are left when ours are put together as the peer puts them together (holes dropped)."""
    tests = peer.teststats.set_index("window")
    models = found.models.select("symbol", "alpha", "beta", "sigma", "n").rows_by_key("symbol", named=True, unique=True)
    day_zero = dict(zip(found.events["symbol"], found.estimates.day_zero.tolist(), strict=True))
    prices = wide.drop("date").cast(pl.Float64)
    returns = {name: np.diff(np.log(prices[name].to_numpy()), prepend=np.nan) for name in prices.columns}
    positive, total = 0, 0
    for symbol, row in day_zero.items():
        inside = slice(row + ESTIMATION[0], row + ESTIMATION[1] + 1)
        left = returns[symbol][inside] - models[symbol]["alpha"] - models[symbol]["beta"] * returns["M"][inside]
        positive, total = positive + int((left > 0).sum()), total + int(np.isfinite(left).sum())
    share = positive / total
    signs, patells = [], []
    for first, last in WINDOWS:
        cars = found.car.filter(pl.col("window") == f"{first}:{last}").drop_nulls("car")
        theirs_here = tests.loc[f"[{first},{last}]"]
        if int(theirs_here["N"]) != cars.height:
            continue
        n = cars.height
        z = ((cars["car"] > 0).sum() - n * share) / np.sqrt(n * share * (1 - share))
        signs.append(abs(z - theirs_here["GenSign"]))
        summed = 0.0
        for symbol in cars["symbol"]:
            days = found.ar.filter(pl.col("symbol") == symbol, pl.col("day").is_between(first, last)).drop_nulls("ar")
            scaled = days["ar"].to_numpy() / np.sqrt(models[symbol]["sigma"] * days["se"].to_numpy())
            summed += float((scaled / np.sqrt(np.arange(1, len(scaled) + 1))).sum())
        spread = sum((models[symbol]["n"] - 2) / (models[symbol]["n"] - 4) for symbol in cars["symbol"])
        patells.append(abs(summed / np.sqrt(spread) - theirs_here["Patell"]))
    return {"`gsign_z`": max(signs, default=np.nan), "`patell_z`": max(patells, default=np.nan)}


def _rank_z(smaller: float, n: int) -> float:
    """|z| of the smaller rank sum of ``n`` values."""
    return float((n * (n + 1) / 4 - smaller) / np.sqrt(n * (n + 1) * (2 * n + 1) / 24))


def _largest(values: pd.Series) -> float:
    return float(values.abs().max())


def _written(gap: float) -> str:
    return "not given" if np.isnan(gap) else "agrees" if gap < 1e-9 else f"{gap:.1e}"


def lines(peer: Any) -> list[str]:
    wide, events = made(0.0)
    full = gaps(ours(wide, events), theirs(peer, wide, events, thin=False))
    wide, events = made(0.1)
    dropped, beside = ours(wide, events, holes="drop"), theirs(peer, wide, events, thin=False)
    drop, put_together = gaps(dropped, beside), derived(dropped, beside, wide)
    thin = gaps(ours(wide, events), theirs(peer, wide, events, thin=True))
    rows = [
        [
            name,
            *(_written(part[name]) for part in (full, drop, thin)),
            _written(put_together.get(name, drop[name])),
            why,
        ]
        for name, why in WHY.items()
    ]
    header = [
        "figure",
        "no hole",
        "holes dropped",
        "trade to trade",
        "dropped, put together as theirs",
        "why they differ",
    ]
    return table(header, rows)


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
