"""Measure size and power of placebo inference on real returns, and of the tests by formula.

    python benchmarks/placebo_size.py SECTION --panel FOLDER [--studies N] [--into docs/placebo.md]

SECTION is ``uniform`` (p-values where there is nothing), ``clustered`` (events of one date), ``power`` (a planted
shock), ``families`` (many hypotheses), ``crowded`` (news that crowds a short history, simulated) or ``few`` (few
placements, simulated). FOLDER holds ``sp500_dataset.csv.gz`` (a date column and one of prices per stock) and
``sp500_index.csv.gz``. All draws are seeded. ``--into`` replaces the section's part of a page, between its marks.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.placebo.dates import Matching
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.placebo.randomisation import randomisation_p
from correlator.eventstudy.request.spec import StudySpec, study_spec
from correlator.eventstudy.results.result import StudyResult

LEVEL = 0.05
ESTIMATION = "-244:-6"
CATEGORIES = 10


@dataclass(frozen=True)
class Setting:
    """The dates of the events of a study, and its model and windows."""

    model: str
    events: int
    dates: int
    windows: str = "0:0,-1:1,-5:5"


def read_panel(folder: Path) -> Panel:
    prices = pl.read_csv(folder / "sp500_dataset.csv.gz", try_parse_dates=True)
    index = pl.read_csv(folder / "sp500_index.csv.gz")["SP500"].to_numpy()
    values = prices.drop("Date").to_numpy()
    returns, market = values[1:] / values[:-1] - 1.0, index[1:] / index[:-1] - 1.0
    return Panel(prices["Date"][1:].rename("session"), tuple(prices.columns[1:]), returns, market[:, None], ("SP500",))


def plan_of(setting: Setting, *, by: str | None = None) -> StudySpec:
    return study_spec(
        model=setting.model,
        returns="simple",
        estimation=ESTIMATION,
        window="-5:5",
        windows=setting.windows,
        by=by,
    )


def draw_study(panel: Panel, setting: Setting, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of ``setting.events`` events on ``setting.dates`` random dates, no stock twice on a date."""
    rows = rng.choice(np.arange(250, len(panel.labels) - 5), setting.dates, replace=False)
    each = setting.events // setting.dates
    columns = [rng.permutation(len(panel.symbols))[:each] for _ in range(setting.dates)]
    return np.repeat(rows, each), np.concatenate(columns)


def measured(
    panel: Panel, rows: np.ndarray, columns: np.ndarray, plan: StudySpec, *, shock: float = 0.0, formula: bool = False
) -> StudyResult:
    """The study of events at ``rows`` and ``columns``, each day 0 moved by ``shock``; ``formula``: it needs tests."""
    if shock:
        returns = panel.returns.copy()
        returns[rows, columns] += shock
        panel = replace(panel, returns=returns)
    names = pl.Series("symbol", panel.symbols)[columns]
    events = pl.DataFrame({"event_id": np.arange(len(rows)), "symbol": names, "date": panel.labels[rows]})
    if plan.by:
        events = events.with_columns(pl.Series("category", [f"c{i % CATEGORIES}" for i in range(len(rows))]))
    return study_panel(panel, events, plan, keep_residuals=formula, keep_returns=False)


def table_of(header: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows]]


def band(studies: int, share: float = LEVEL) -> str:
    from scipy.stats import binom

    low, high = binom.ppf([0.005, 0.995], studies, share) / studies
    return f"{100 * low:.1f} to {100 * high:.1f}"


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def uniform(panel: Panel, studies: int, draws: int) -> list[str]:
    from scipy.stats import kstest

    setting = Setting("market", 50, 50)
    plan = plan_of(setting)
    found: dict[str, list[np.ndarray]] = {"scar": [], "caar": []}
    for seed in range(studies):
        rows, columns = draw_study(panel, setting, np.random.default_rng(seed))
        test = placebo_test(measured(panel, rows, columns, plan), draws=draws, seed=seed)
        found["scar"].append(test.p_values[0])
        found["caar"].append(randomisation_p(test.caar[0], test.null_caar[0]))
    lines = []
    for statistic, values in found.items():
        for window, p in zip(plan.windows, np.array(values).T, strict=True):
            ks = kstest(p, "uniform").pvalue
            sizes = [percent(float(np.mean(p <= level))) for level in (0.01, 0.05, 0.10)]
            lines.append([statistic, window.label, f"{ks:.2f}", *sizes])
    return [
        f"{studies:,} studies of {setting.events} random events (stock and date), market model, {draws:,} draws each. "
        f"Share of p-values at most 1, 5 and 10 %, in per cent; the binomial 99 % band around 5 is {band(studies)}.",
        "",
        *table_of(["statistic", "window", "Kolmogorov-Smirnov p", "1 %", "5 %", "10 %"], lines),
    ]


def clustered(panel: Panel, studies: int, draws: int) -> list[str]:
    lines = []
    for setting in (Setting("mean", 10, 1), Setting("mean", 50, 5), Setting("market", 20, 1)):
        plan = plan_of(setting)
        rejected: dict[str, list[bool]] = {name: [] for name in ("bmp_t", "kp_t", "placebo scar", "placebo bmp")}
        for seed in range(studies):
            rows, columns = draw_study(panel, setting, np.random.default_rng(10_000 + seed))
            result = measured(panel, rows, columns, plan, formula=True)
            formula = result.significance.filter(pl.col("window_or_day") == "0:0")
            p = dict(zip(formula["statistic"], formula["p_value"], strict=True))
            for name in ("bmp_t", "kp_t"):
                rejected[name].append(p[name] <= LEVEL)
            for name in ("scar", "bmp"):
                test = placebo_test(result, draws=draws, seed=seed, statistic=name)
                rejected[f"placebo {name}"].append(bool(test.p_values[0, 0] <= LEVEL))
        shares = [percent(float(np.mean(values))) for values in rejected.values()]
        lines.append([setting.model, str(setting.events), str(setting.dates), *shares])
    header = ["model", "events", "dates", "bmp_t", "kp_t", "placebo `scar`", "placebo `bmp`"]
    return [
        f"{studies:,} studies with nothing in them, whose events share their dates; {draws:,} draws. Per cent rejected "
        f"at 5 % on day 0; the binomial 99 % band is {band(studies)}.",
        "",
        *table_of(header, lines),
    ]


def power(panel: Panel, studies: int, draws: int) -> list[str]:
    setting = Setting("market", 50, 50)
    plan = plan_of(setting)
    parametric = ("csect_t", "adj_patell_z", "bmp_t", "kp_t", "skew_adj_t", "bw80", "bw85", "lamb_z", "jackknife_t")
    lines = []
    for shock in (0.0, 0.005, 0.01):
        found: dict[str, list[bool]] = {}
        for seed in range(studies):
            rows, columns = draw_study(panel, setting, np.random.default_rng(20_000 + seed))
            result = measured(panel, rows, columns, plan, shock=shock, formula=True)
            formula = result.significance.filter(pl.col("window_or_day") == "0:0")
            p = dict(zip(formula["statistic"], formula["p_value"], strict=True))
            for statistic in ("scar", "bmp"):
                test = placebo_test(result, draws=draws, seed=seed, statistic=statistic)
                p[f"placebo {statistic}"] = float(test.p_values[0, 0])
            for name in (*parametric, "placebo scar", "placebo bmp"):
                found.setdefault(name, []).append(p[name] <= LEVEL)
        lines.append([f"+{100 * shock:g} %", *(percent(float(np.mean(values))) for values in found.values())])
    return [
        f"{studies:,} studies of {setting.events} random events with a shock on day 0, market model, {draws:,} draws. "
        f"Per cent found at 5 % on day 0; the binomial 99 % band of a test that holds its size is {band(studies)} "
        "in the first row.",
        "",
        *table_of(["shock", *found], lines),
    ]


def families(panel: Panel, studies: int, draws: int) -> list[str]:
    """Measure ten categories, five windows each; then the same with +2 % added to two of the categories."""
    setting = Setting("mean", 100, 20, windows="0:0,-1:1,0:2,-2:2,-5:5")
    plan = plan_of(setting, by="category")
    any_false: dict[str, list[bool]] = {name: [] for name in ("p_value", "p_holm", "p_romano_wolf", "p_bh")}
    shares: dict[str, list[float]] = {name: [] for name in any_false}
    true_found: dict[str, list[float]] = {name: [] for name in any_false}
    for seed in range(studies):
        rows, columns = draw_study(panel, setting, np.random.default_rng(30_000 + seed))
        table = placebo_test(measured(panel, rows, columns, plan), draws=draws, seed=seed).table
        for name, values in any_false.items():
            values.append(bool((table[name] <= LEVEL).any()))
        moved = np.arange(len(rows)) % CATEGORIES < 2
        shaken = panel.returns.copy()
        shaken[rows[moved], columns[moved]] += 0.02
        result = measured(replace(panel, returns=shaken), rows, columns, plan)
        table = placebo_test(result, draws=draws, seed=seed).table
        real = table["category"].is_in(["c0", "c1"]).to_numpy()
        for name in any_false:
            hit = (table[name] <= LEVEL).to_numpy()
            shares[name].append(float((hit & ~real).sum() / max(hit.sum(), 1)))
            true_found[name].append(float((hit & real).sum() / real.sum()))
    lines = [
        [
            f"`{name}`",
            percent(float(np.mean(any_false[name]))),
            percent(float(np.mean(shares[name]))),
            percent(float(np.mean(true_found[name]))),
        ]
        for name in any_false
    ]
    header = ["p-value", "any found where nothing is", "false among found", "true found"]
    return [
        f"{studies:,} studies of {setting.events} events on {setting.dates} dates, mean model (so that categories of "
        f"one date are correlated), 50 hypotheses: {CATEGORIES} categories, 5 overlapping windows; {draws:,} draws. "
        f"In per cent at 5 %; the binomial 99 % band around 5 is {band(studies)}. The last two columns have +2 % "
        "planted on day 0 of two of the categories.",
        "",
        *table_of(header, lines),
    ]


def crowded(panel: Panel, studies: int, draws: int) -> list[str]:
    """Simulated shares with a short history, on the dates of ``panel``: 30 events, windows of 11 sessions."""
    plan = study_spec(estimation="-120:-11", window="-5:5", windows="0:0,-5:5")
    lines = []
    for symbols in (1, 5):
        for bursts, each, spread in ((30, 1, 1), (6, 5, 8), (3, 10, 15)):
            p: dict[str, list[np.ndarray]] = {"0": [], "default": []}
            for seed in range(studies):
                rng = np.random.default_rng(40_000 + seed)
                market = rng.standard_normal((1_500, 1)) * 0.01
                returns = market + rng.standard_t(5, (1_500, symbols)) * 0.015
                names = tuple(f"S{i}" for i in range(symbols))
                short = Panel(panel.labels[:1_500], names, returns, market, ("M",))
                starts = rng.integers(150, 1_440, bursts)
                rows = (starts[:, None] + np.sort(rng.integers(0, spread, (bursts, each)), axis=1)).ravel()
                result = measured(short, rows, rng.integers(0, symbols, len(rows)), plan)
                for name, block in (("0", 0), ("default", None)):
                    test = placebo_test(result, draws=draws, seed=seed, matching=Matching(block=block))
                    p[name].append(test.p_values[0])
            shares = [percent(float(np.mean(np.array(p[name])[:, w] <= LEVEL))) for name in p for w in (0, 1)]
            lines.append([str(symbols), str(bursts), f"{each} in {spread}", *shares])
    header = ["shares", "bursts", "events in sessions", "0:0, block 0", "-5:5, block 0", "0:0", "-5:5"]
    return [
        f"{studies:,} simulated studies of 30 events in 1,500 sessions with nothing in them, market model, {draws:,} "
        f"draws. Per cent rejected at 5 %; the binomial 99 % band is {band(studies)}. The last two columns are the "
        "default, which moves dates with overlapping windows together; `block=0` moves every date alone.",
        "",
        *table_of(header, lines),
    ]


def few(panel: Panel, studies: int, draws: int) -> list[str]:
    """One date with few places to go, and families of thirty groups of one event each: simulated, on dates of
    ``panel``."""
    plan = study_spec(estimation="-60:-11", window="-2:2", windows="0:0", model="mean")
    grouped = replace(plan, by=("kind",))
    labels = panel.labels[:180]
    p, placements = [], []
    found: dict[str, list[bool]] = {name: [] for name in ("p_holm", "p_bh", "p_romano_wolf")}
    below = 0
    for seed in range(studies):
        rng = np.random.default_rng(50_000 + seed)
        short = Panel(labels, tuple(f"S{i}" for i in range(30)), rng.standard_t(5, (180, 30)) * 0.015)
        row = int(rng.integers(65, 175))
        table = placebo_test(measured(short, np.full(5, row), np.arange(5), plan), draws=draws, seed=seed).table
        p.append(float(table["p_value"][0]))
        placements.append(int(table["placements"][0]))
        if seed % 5:
            continue
        rows, ids = rng.integers(65, 175, 30), np.arange(30)
        events = pl.DataFrame(
            {"event_id": ids, "symbol": [f"S{i}" for i in ids], "date": labels[rows], "kind": [f"k{i}" for i in ids]}
        )
        family = placebo_test(study_panel(short, events, grouped), draws=draws, seed=seed).table
        below += int((family["p_romano_wolf"] < family["p_value"]).sum())
        for name, values in found.items():
            values.append(bool((family[name] <= LEVEL).any()))
    families = len(found["p_holm"])
    rates = [[f"`{name}`", percent(float(np.mean(values))), band(families)] for name, values in found.items()]
    return [
        f"{studies:,} studies of one date with nothing in them and {min(placements)} to {max(placements)} places to "
        f"go, {draws:,} draws asked for: the smallest p is {min(p):.4f}; {sum(value <= 0.0004 for value in p)} are "
        f"0.0004 or less; {percent(float(np.mean(np.array(p) <= LEVEL)))} per cent are 5 % or less, band "
        f"{band(studies)}. {families:,} families of thirty groups of one event each: per cent with any finding at 5 %; "
        f"{below} of their Romano-Wolf p-values are under their own.",
        "",
        *table_of(["p-value", "any found", "band around 5"], rates),
    ]


SECTIONS = {
    "uniform": uniform,
    "clustered": clustered,
    "power": power,
    "families": families,
    "crowded": crowded,
    "few": few,
}


def put_into(page: Path, section: str, lines: list[str]) -> None:
    """Replace the text between the section's marks."""
    text = page.read_text()
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    page.write_text(before + "\n".join([begin, "", *lines, "", end]) + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("section", choices=list(SECTIONS))
    parser.add_argument("--panel", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--draws", type=int, default=999)
    parser.add_argument("--into", type=Path)
    chosen = parser.parse_args()
    began = time.perf_counter()
    lines = SECTIONS[chosen.section](read_panel(chosen.panel), chosen.studies, chosen.draws)
    if chosen.into:
        put_into(chosen.into, chosen.section, lines)
    print("\n".join(lines))
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
