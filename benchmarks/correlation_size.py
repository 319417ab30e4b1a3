"""Size of lead-lag, projections and Granger tests on unrelated series: the table of ``docs/correlation.md``.

    python benchmarks/correlation_size.py [--studies 1000] [--into docs/correlation.md]

Returns follow a GARCH(1,1), stories are Poisson counts whose log intensity is an AR(1) of 0.6: neither knows of the
other. What is counted is p at most 5 %, of single lags, horizons or orders (the mean, and the one that is farthest off)
and of the smallest adjusted p of the family. All draws are seeded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from size_designs import band, put_into, table

from correlator.correlation.lead_lag import granger, lead_lag
from correlator.correlation.projection import local_projection

LEVEL, LAGS, DRAWS = 0.05, 5, 199


def returns(rng: np.random.Generator, bars: int) -> np.ndarray:
    """A GARCH(1,1) of mean 0 and daily sd of 1 %."""
    found, variance, last = np.empty(bars), 1.0, 0.0
    for t, z in enumerate(rng.standard_normal(bars)):
        variance = 0.05 + 0.10 * last * last + 0.85 * variance
        last = np.sqrt(variance) * z
        found[t] = last
    return 0.01 * found


def stories(rng: np.random.Generator, bars: int) -> np.ndarray:
    """Poisson counts of an intensity whose logarithm is an AR(1) of 0.6."""
    level = np.zeros(bars + 50)
    for t, z in enumerate(rng.standard_normal(bars + 49), start=1):
        level[t] = 0.6 * level[t - 1] + 0.8 * z
    return rng.poisson(np.exp(0.5 * level[50:])).astype(np.float64)


def methods(news: np.ndarray, bars: np.ndarray, seed: int) -> dict[str, tuple[np.ndarray, float]]:
    """Single p-values and the smallest of the family, by method."""
    lags = lead_lag(news, bars, max_lag=LAGS).table
    draws = lead_lag(news, bars, max_lag=LAGS, bands="bootstrap", draws=DRAWS, seed=seed).table
    cumulated = local_projection(bars, news, horizons=LAGS)
    single = local_projection(bars, news, horizons=LAGS, cumulative=False)
    orders = granger(news, bars, max_lag=LAGS)
    tables = (
        ("lead-lag", lags, "p_adjusted"),
        ("lead-lag, bootstrap", draws, "p_adjusted"),
        ("projection, cumulated", cumulated, "p_holm"),
        ("projection", single, "p_holm"),
        ("granger", orders, "p_holm"),
    )
    return {
        name: (found["p_value"].to_numpy(), float(found[family].to_numpy().min())) for name, found, family in tables
    }


def lines(studies: int) -> list[str]:
    low, high = band(studies)
    rows = []
    for bars in (60, 250, 1_000):
        singles: dict[str, list[np.ndarray]] = {}
        families: dict[str, list[bool]] = {}
        for number in range(studies):
            rng = np.random.default_rng([bars, number])
            for name, (p, smallest) in methods(stories(rng, bars), returns(rng, bars), number).items():
                singles.setdefault(name, []).append(p <= LEVEL)
                families.setdefault(name, []).append(smallest <= LEVEL)
        for name, found in singles.items():
            shares = np.mean(found, axis=0)
            worst = shares[np.argmax(np.abs(shares - LEVEL))]
            family = float(np.mean(families[name]))
            rows.append([str(bars), name, *(f"{100 * share:.1f}" for share in (shares.mean(), worst, family))])
    header = ["sessions", "method", "single, mean", "single, farthest", "family"]
    told = f"{studies:,} series each; the binomial 99 % band around 5 is {100 * low:.1f} to {100 * high:.1f}."
    return [told, "", *table(header, rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--into", type=Path)
    chosen = parser.parse_args()
    found = lines(chosen.studies)
    if chosen.into:
        put_into(chosen.into, "correlation size", found)
    print("\n".join(found))


if __name__ == "__main__":
    main()
