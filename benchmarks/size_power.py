"""Size and power of the tests on real returns, after Brown & Warner: ``docs/size-power.md`` by one command.

    python benchmarks/size_power.py --panel FOLDER [--studies 5000] [--into docs/size-power.md]
        [--withstands docs/methods.md]

FOLDER, or one inside, holds ``sp500_dataset.csv.gz`` (a date column and one of prices per stock) and
``sp500_index.csv.gz``. Every study draws events (stock, day) at random, estimates the market model over the 239 days up
to day -6, adds an abnormal return to day 0 and runs every test; what is counted is the share of studies with p < 0.05.
The designs of dates are those of ``size_designs.py``, a fifth as many studies each. All draws are seeded. On two idle
processors 5,000 studies take some seven minutes.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from correlator.eventstudy.significance.arrays import StudyArrays
from correlator.eventstudy.significance.registry import NAMES
from correlator.eventstudy.significance.table import statistics

LENGTH, GAP, LEVEL = 239, 5, 0.05
EFFECTS = (0.0, 0.005, 0.01, 0.02)
CLUSTERED = (("market", 10), ("market", 20), ("mean", 10))
ADJUSTED = ("patell_z", "adj_patell_z", "bmp_t", "kp_t")
GOLDEN = Path(__file__).parent.parent / "tests" / "golden"


@dataclass(frozen=True)
class Panel:
    """``returns`` (T, S) and ``market`` (T,) simple returns as fractions."""

    returns: np.ndarray
    market: np.ndarray


def read_panel(folder: Path) -> Panel:
    folder = next((file.parent for file in sorted(folder.rglob("sp500_dataset.csv.gz"))), folder)
    prices = pl.read_csv(folder / "sp500_dataset.csv.gz").drop("Date").to_numpy()
    index = pl.read_csv(folder / "sp500_index.csv.gz")["SP500"].to_numpy()
    return Panel(prices[1:] / prices[:-1] - 1.0, index[1:] / index[:-1] - 1.0)


def study_of(panel: Panel, stocks: np.ndarray, days: np.ndarray, *, model: str = "market") -> StudyArrays:
    """Arrays of one study: day 0 at ``days``, event days -1..1 and the window over all three."""
    rows = days[:, None] + np.arange(-GAP - LENGTH, -GAP)
    window = days[:, None] + np.arange(-1, 2)
    y, y_event = panel.returns[rows, stocks[:, None]], panel.returns[window, stocks[:, None]]
    x, x_event = panel.market[rows], panel.market[window]
    centre, level = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    sxx = ((x - centre) ** 2).sum(axis=1, keepdims=True)
    slope = ((x - centre) * (y - level)).sum(axis=1, keepdims=True) / sxx if model == "market" else np.zeros_like(sxx)
    k = 2 if model == "market" else 1
    residuals = y - level - slope * (x - centre)
    ar = y_event - level - slope * (x_event - centre)
    sigma = np.sqrt((residuals**2).sum(axis=1) / (LENGTH - k))
    away = (x_event - centre) / np.sqrt(sxx) if model == "market" else np.zeros_like(x_event)
    car_factor = np.sqrt(3 + 9 / LENGTH + away.sum(axis=1) ** 2)
    return StudyArrays(
        ar=ar,
        ar_se=sigma[:, None] * np.sqrt(1 + 1 / LENGTH + away**2),
        sigma=sigma,
        df=np.full(len(days), LENGTH - k),
        n=np.full(len(days), LENGTH),
        residuals=residuals,
        residual_first=rows[:, 0],
        car=ar.sum(axis=1, keepdims=True),
        car_se=(sigma * car_factor)[:, None],
        day_labels=["-1", "0", "1"],
        window_labels=["-1:1"],
        window_first=np.array([0]),
        window_last=np.array([2]),
        event_dates=days,
    )


def with_effect(arrays: StudyArrays, effect: float) -> StudyArrays:
    """An abnormal return of ``effect`` added to day 0 of every event."""
    return replace(arrays, ar=arrays.ar + np.array([0.0, effect, 0.0]), car=arrays.car + effect)


def rejected(arrays: StudyArrays) -> np.ndarray:
    """(S, 2) whether each statistic rejects on day 0 and over the window."""
    found = statistics(arrays)
    return np.array([found[name].p_value[[1, 3]] < LEVEL for name in NAMES])


def random_studies(panel: Panel, studies: int, events: int, seed: int) -> tuple[np.ndarray, float]:
    """Shares rejected (effects, S, 2) and the root mean square of the events' sigma."""
    rng = np.random.default_rng(seed)
    low, high = LENGTH + GAP, len(panel.market) - 1
    count, variance = np.zeros((len(EFFECTS), len(NAMES), 2)), 0.0
    for _ in range(studies):
        stocks = rng.integers(panel.returns.shape[1], size=events)
        arrays = study_of(panel, stocks, rng.integers(low, high, size=events))
        variance += float((arrays.sigma**2).mean())
        for e, effect in enumerate(EFFECTS):
            count[e] += rejected(with_effect(arrays, effect))
    return count / studies, float(np.sqrt(variance / studies))


def clustered_studies(panel: Panel, studies: int, events: int, model: str, seed: int) -> tuple[np.ndarray, float]:
    """Shares rejected (S,) on day 0 when all events share their date, and the mean residual correlation."""
    from correlator.eventstudy.significance.evidence import evidence_of

    rng = np.random.default_rng(seed)
    low, high = LENGTH + GAP, len(panel.market) - 1
    count, correlation = np.zeros(len(NAMES)), 0.0
    for _ in range(studies):
        stocks = rng.permutation(panel.returns.shape[1])[:events]
        arrays = study_of(panel, stocks, np.full(events, rng.integers(low, high)), model=model)
        count += rejected(arrays)[:, 0]
        correlation += float(evidence_of(arrays).correlation[1])
    return count / studies, correlation / studies


def correlated_sizes(events: int, correlation: float, studies: int, seed: int) -> dict[str, float]:
    """Shares rejected when normal returns of one date are equally correlated and estimation is long: the table's world.

    The adjusted statistics are given the correlation, as the table's derivation has it.
    """
    from scipy.special import ndtri, stdtrit

    from correlator.eventstudy.significance import parametric

    rng = np.random.default_rng(seed)
    z = np.sqrt(correlation) * rng.standard_normal((1, studies)) + np.sqrt(1 - correlation) * rng.standard_normal(
        (events, studies)
    )
    n, r = np.full(studies, events), np.full(studies, correlation)
    patell = z.sum(axis=0) / np.sqrt(events)  # a long estimation: each scaled return has variance 1
    bmp = z.mean(axis=0) * np.sqrt(events) / z.std(axis=0, ddof=1)
    normal, student = -ndtri(LEVEL / 2), -stdtrit(events - 1, LEVEL / 2)
    return {
        "patell_z": float(np.mean(np.abs(patell) > normal)),
        "adj_patell_z": float(np.mean(np.abs(patell * parametric.patell_adjustment(r, n)) > normal)),
        "bmp_t": float(np.mean(np.abs(bmp) > student)),
        "kp_t": float(np.mean(np.abs(bmp * parametric.bmp_adjustment(r, n)) > student)),
    }


def band(share: float, studies: int) -> tuple[float, float]:
    """Shares between which 99 % of counts fall when the true share is ``share``."""
    from scipy.stats import binom

    low, high = binom.ppf([0.005, 0.995], studies, share)
    return float(low) / studies, float(high) / studies


def z_power(effect: float, sigma: float, events: int) -> float:
    from scipy.special import ndtr, ndtri

    shift, c = effect / sigma * np.sqrt(events), -ndtri(LEVEL / 2)
    return float(ndtr(shift - c) + ndtr(-shift - c))


def inflated_size(events: int, correlation: float, *, bmp: bool) -> float:
    """Size of a nominal 5 % test whose variance is off by the factor of Kolari & Pynnönen (2010)."""
    from scipy.special import ndtr, ndtri

    factor = (1 + (events - 1) * correlation) / ((1 - correlation) if bmp else 1.0)
    return float(2 * ndtr(ndtri(LEVEL / 2) / np.sqrt(factor)))


def _rows(header: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows]]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def size_section(shares: np.ndarray, sigma: float, studies: int, events: int) -> list[str]:
    low, high = band(LEVEL, studies)
    rows = []
    for s, name in enumerate(NAMES):
        held = ["in" if low <= shares[0, s, c] <= high else "out" for c in (0, 1)]
        rows.append(
            [name, _percent(shares[0, s, 0]), held[0], _percent(shares[0, s, 1]), held[1]]
            + [_percent(shares[e, s, 0]) for e in range(1, len(EFFECTS))]
        )
    header = ["statistic", "size day 0", "band", "size -1:1", "band", *(f"power +{100 * e:g} %" for e in EFFECTS[1:])]
    return [
        f"## {studies:,} studies of {events} random events",
        "",
        f"Per cent of studies rejected at 5 %; the binomial 99 % band around 5 is {_percent(low)} to {_percent(high)}. "
        f"Residual sd of an event, root mean square: {sigma:.4f}.",
        "",
        *_rows(header, rows),
        "",
        "Likely reasons for values outside the band: `patell_z` uses the variance of the estimation window for "
        "the event, although it varies; `sign_z` assumes a median of zero, which `gsign_z` corrects; "
        "`skew_adj_t` and `jackknife_t` estimate a third "
        "moment or a ratio from fat-tailed values. Compare those two with `bmp_t` or `grank_t`.",
        "",
        *power_lines(shares, sigma, events),
    ]


def power_lines(shares: np.ndarray, sigma: float, events: int) -> list[str]:
    """Return the power of the plain tests and the theoretical one, at the sigmas of panel and table."""
    with (GOLDEN / "analytic_power.csv").open() as file:
        table = {
            (float(r["sigma"]), float(r["abnormal_return"]), int(r["N"])): float(r["power_two_sided_5pct"])
            for r in csv.DictReader(file)
        }
    sigmas = sorted({key[0] for key in table})
    rows = []
    for e, effect in enumerate(EFFECTS[1:], start=1):
        known = [f"{_percent(table[s, effect, events])} at {s:g}" for s in sigmas if (s, effect, events) in table]
        observed = [_percent(shares[e, NAMES.index(name), 0]) for name in ("bw80", "csect_t")]
        rows.append([f"+{100 * effect:g} %", *observed, _percent(z_power(effect, sigma, events)), ", ".join(known)])
    return _rows(["effect", "bw80", "csect_t", "normal law at the panel's sigma", "`analytic_power.csv`"], rows)


def clustered_section(panel: Panel, studies: int) -> list[str]:
    rows = []
    for i, (model, events) in enumerate(CLUSTERED):
        shares, correlation = clustered_studies(panel, studies, events, model, seed=100 + i)
        observed = [_percent(shares[NAMES.index(name)]) for name in (*ADJUSTED, "grank_t", "corrado_rank", "bw85")]
        expected = [_percent(inflated_size(events, correlation, bmp=bmp)) for bmp in (False, True)]
        rows.append([model, str(events), f"{correlation:.3f}", *observed, *expected])
    header = ["model", "events", "mean r", *ADJUSTED, "grank_t", "corrado_rank", "bw85"]
    return [
        f"## Events of one date: {studies:,} studies of real returns",
        "",
        "Size in per cent; the last two columns are Kolari & Pynnönen's formula at the mean correlation. Real "
        "correlations and volatilities change over time, which no adjustment from the estimation window can track.",
        "",
        *_rows([*header, "Patell by formula", "BMP by formula"], rows),
    ]


def analytic_section(studies: int) -> list[str]:
    with (GOLDEN / "analytic_kp_overrejection.csv").open() as file:
        cells = [r for r in csv.DictReader(file) if r["n"] in ("10", "30", "50", "100")]
    rows = []
    for i, cell in enumerate(cells):
        events, correlation = int(cell["n"]), float(cell["rbar"])
        got = correlated_sizes(events, correlation, studies, seed=1000 + i)
        patell, bmp = (float(cell[f"actual_size_of_nominal_5pct_{name}"]) for name in ("patell", "bmp"))
        low, high = band(patell, studies)
        held = "in" if low <= got["patell_z"] <= high else "out"
        low, high = band(LEVEL, studies)
        repaired = "in" if all(low <= got[name] <= high for name in ("adj_patell_z", "kp_t")) else "out"
        shown = [_percent(v) for v in (got["patell_z"], patell)], [_percent(v) for v in (got["bmp_t"], bmp)]
        adjusted = [_percent(got["adj_patell_z"]), _percent(got["kp_t"]), repaired]
        rows.append([cell["n"], cell["rbar"], *shown[0], held, *shown[1], *adjusted])
    header = ["events", "r", "patell_z", "by table", "band", "bmp_t", "by table", "adj_patell_z", "kp_t", "5 % band"]
    return [
        f"## Events of one date: {studies:,} studies of equally correlated normal returns",
        "",
        "Size in per cent compared with `analytic_kp_overrejection.csv`. `band`: whether Patell is within the binomial "
        "99 % band around the table's value; `5 % band`: whether the adjusted tests are within that around 5 %. Given "
        "r their distributions are exact here, so a value outside its band is sampling variation. The table treats "
        "BMP as normal; with few events its t distribution rejects less under correlation.",
        "",
        *_rows(header, rows),
    ]


def report(panel: Panel, studies: int, events: int, seed: int) -> tuple[str, list[str]]:
    """Return the page, and the table of what each test is robust to."""
    import size_designs  # next to this file, importable when it is run as a program

    with ProcessPoolExecutor(size_designs.PROCESSES, get_context("spawn")) as pool:
        random = pool.submit(random_studies, panel, studies, events, seed)
        clustered = pool.submit(clustered_section, panel, max(1, studies // 2))
        analytic = pool.submit(analytic_section, max(1, studies * 4))
        shares, sigma = random.result()
    designs, withstands = size_designs.sections(max(1, studies // 5))
    text = [
        "# Size and power",
        "",
        f"Written by `python benchmarks/size_power.py --panel FOLDER --studies {studies}`; do not edit. Twenty US "
        "stocks and the S&P 500, 1990-2022, daily simple returns; market model over 239 days up to day -6. Rows marked "
        "`out` are results, not errors: real returns have fat tails and changing variances.",
        "",
        *size_section(shares, sigma, studies, events),
        "",
        *clustered.result(),
        "",
        *analytic.result(),
        "",
        "<!-- designs: begin -->",
        "",
        *designs,
        "",
        "<!-- designs: end -->",
    ]
    return "\n".join(text) + "\n", withstands


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--panel", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=5000)
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20240501)
    parser.add_argument("--into", type=Path, help="the page to write")
    parser.add_argument("--withstands", type=Path, help="a page with the marks of the table of what tests withstand")
    chosen = parser.parse_args()
    began = time.perf_counter()
    text, withstands = report(read_panel(chosen.panel), chosen.studies, chosen.events, chosen.seed)
    if chosen.into:
        chosen.into.write_text(text)
    if chosen.withstands:
        from size_designs import put_into

        put_into(chosen.withstands, "withstands", withstands)
    print(text)
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
