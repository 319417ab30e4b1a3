"""Size and power of every test in every design of dates: the tables of ``docs/size-power.md`` that are simulated.

    python benchmarks/size_designs.py [--studies 1000] [--into docs/size-power.md] [--withstands docs/methods.md]

``benchmarks/size_power.py`` runs it too. Returns are simulated with a market model; every study goes through
``study_panel`` as a user's does. A test holds in a design where its share of rejections lies within the binomial 99 %
band of 5 % in every window looked at. All draws are seeded.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel, returns_of
from correlator.eventstudy.panel.trade_to_trade import bridge_holes
from correlator.eventstudy.request.spec import study_spec
from correlator.eventstudy.results.result import StudyResult

BARS, LEVEL = 640, 0.05
WINDOWS = ("0:0", "-1:1", "-10:10")
SPEC = study_spec(estimation="-250:-11", window="-10:10", windows=",".join(WINDOWS))
LABELS = pl.Series("session", [date(2000, 1, 3) + timedelta(days=n) for n in range(BARS)])
EFFECT = 0.01
PROCESSES = 2


@dataclass(frozen=True)
class Design:
    """``dates`` drawn out of ``span`` sessions, on a grid of ``apart`` sessions, with an event of ``each`` of the
    ``shares`` on every one; ``law`` of the errors, ``common`` part of their variance, ``induced`` factor on the error
    of day 0, ``holes`` share of bars that are missing, ``bridged`` whether returns go over them from trade to trade.
    """

    name: str
    shares: int
    dates: int
    span: int
    apart: int = 1
    each: int = 1
    law: str = "normal"
    common: float = 0.0
    induced: float = 1.0
    holes: float = 0.0
    bridged: bool = False


DESIGNS = (
    Design("one date, 20 shares", 20, 1, 1, each=20),
    Design("the same, correlated 0.3", 20, 1, 1, each=20, common=0.3),
    Design("scattered dates, 10 shares", 10, 12, 300, apart=23, each=3),
    Design("8 dates in common, 10 shares", 10, 8, 300, apart=25, each=10, common=0.2),
    Design("30 dates in 120 sessions, 1 share", 1, 30, 120),
    Design("the same, 5 shares", 5, 30, 120, each=5, common=0.2),
    Design("dense, variance doubled by the event", 1, 30, 120, induced=1.414),
    Design("scattered, variance doubled by the event", 10, 12, 300, apart=23, each=3, induced=1.414),
    Design("dense, fat tails (t with 5 df)", 1, 30, 120, law="fat"),
    Design("dense, GARCH(1,1)", 1, 30, 120, law="garch"),
    Design("dense, a tenth of the bars missing", 1, 30, 120, holes=0.1),
    Design("the same, from trade to trade", 1, 30, 120, holes=0.1, bridged=True),
    Design("scattered, a tenth missing, from trade to trade", 10, 12, 300, apart=23, each=3, holes=0.1, bridged=True),
)


def errors(rng: np.random.Generator, law: str, columns: int) -> np.ndarray:
    """Return errors (BARS, columns) of mean 0 and variance 1."""
    if law == "fat":
        return rng.standard_t(5, (BARS, columns)) * np.sqrt(3 / 5)
    normal = rng.standard_normal((BARS, columns))
    if law == "normal":
        return normal
    variance, last = np.ones(columns), np.zeros(columns)
    for row in normal:
        variance = 0.05 + 0.08 * last * last + 0.87 * variance
        row *= np.sqrt(variance)
        last = row
    return normal


def drawn(design: Design, rng: np.random.Generator, effect: float) -> StudyResult:
    """Return one study of the design with ``effect`` on day 0 of every event."""
    grid = np.arange(320, 320 + design.span, design.apart)
    dates = np.sort(rng.choice(grid, min(design.dates, len(grid)), replace=False))
    rows = np.repeat(dates, design.each)
    columns = np.concatenate([rng.permutation(design.shares)[: design.each] for _ in dates])
    own = np.sqrt(1 - design.common) * errors(rng, design.law, design.shares)
    both = own + np.sqrt(design.common) * errors(rng, design.law, 1)
    both[rows, columns] *= design.induced
    market = rng.standard_normal(BARS) * 0.01
    returns = market[:, None] * rng.uniform(0.5, 1.5, design.shares) + both * rng.uniform(0.01, 0.03, design.shares)
    returns[rows, columns] += effect
    missing = rng.random(returns.shape) < design.holes
    names = tuple(f"S{number}" for number in range(design.shares))
    panel = Panel(LABELS, names, np.where(missing, np.nan, returns), market[:, None], ("M",))
    if design.bridged:
        levels = np.where(missing, np.nan, np.exp(returns.cumsum(axis=0)))
        panel = replace(panel, returns=returns_of(levels, "log"))
        panel = bridge_holes(panel, levels, np.exp(market.cumsum()), "log")
    ids = np.arange(len(rows))
    events = pl.DataFrame({"event_id": ids, "symbol": [names[column] for column in columns], "date": LABELS[rows]})
    return study_panel(panel, events, SPEC, keep_residuals=True)


def p_values(result: StudyResult) -> dict[str, np.ndarray]:
    """p (windows,) of every statistic, the calendar-time portfolio, and the recommended test."""
    table = result.significance.filter(pl.col("window_or_day").is_in(WINDOWS))
    found = {
        str(name): part["p_value"].fill_null(np.nan).to_numpy()
        for (name,), part in table.group_by("statistic", maintain_order=True)
    }
    alphas = dict(result.calendar_time.select("window", "p_value").iter_rows())
    found["calendar-time"] = np.array([alphas.get(window, np.nan) for window in WINDOWS], dtype=float)
    found["recommended"] = result.recommended["p_value"].fill_null(np.nan).to_numpy()
    return found


def shares(design: Design, studies: int, effect: float, seed: int) -> dict[str, np.ndarray]:
    """Shares of studies rejected (windows,) by each test; a study that gives a test no value does not reject."""
    every: dict[str, list[np.ndarray]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # calendar time has too few bars in a window of one date: it rejects nothing
        for number in range(studies):
            result = drawn(design, np.random.default_rng([seed, number]), effect)
            for name, values in p_values(result).items():
                every.setdefault(name, []).append(values < LEVEL)
    return {name: np.mean(values, axis=0) for name, values in every.items()}


def band(studies: int) -> tuple[float, float]:
    """Shares between which 99 % of counts fall when the true share is 5 %."""
    from scipy.stats import binom

    low, high = binom.ppf([0.005, 0.995], studies, LEVEL)
    return float(low) / studies, float(high) / studies


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows]]


def cell(share: float, low: float, high: float) -> str:
    """Format as per cent; in bold if outside the band."""
    text = f"{100 * share:.1f}"
    return text if low <= share <= high else f"**{text}**"


def sections(studies: int, seed: int = 7) -> tuple[list[str], list[str]]:
    """Return the lines of the tables of size and power, and of the table of what each test is robust to."""
    low, high = band(studies)
    jobs = [(design, studies, 0.0, seed) for design in DESIGNS]
    jobs += [(design, max(studies // 4, 1), EFFECT, seed + 1) for design in DESIGNS]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:  # threads of polars do not survive a fork
        every = list(pool.map(shares, *zip(*jobs, strict=True)))
    sizes, powers = every[: len(DESIGNS)], every[len(DESIGNS) :]
    names = list(sizes[0])
    header = ["test", *(design.name for design in DESIGNS)]
    lines = [
        f"## Designs of dates: {studies:,} simulated studies each",
        "",
        "Rejection rates in per cent at 5 % of studies without any effect, by window; bold is outside the binomial "
        f"99 % band of {100 * low:.1f} to {100 * high:.1f}. Market model over 240 sessions up to day -11, betas of "
        "0.5 to 1.5, residual sd of 1 to 3 %. `recommended` is what `eventstudy.results.recommended` chooses from the "
        "events.",
        "",
    ]
    for w, window in enumerate(WINDOWS):
        rows = [[f"`{name}`", *(cell(found[name][w], low, high) for found in sizes)] for name in names]
        lines += [f"### Size, window {window}", "", *table(header, rows), ""]
    for w in (0, 2):
        rows = [[f"`{name}`", *(f"{100 * found[name][w]:.0f}" for found in powers)] for name in names]
        lines += [
            f"### Power, window {WINDOWS[w]}",
            "",
            f"Detection rates in per cent of an effect of +{100 * EFFECT:g} % on day 0, {max(studies // 4, 1):,} "
            "studies. Power is meaningful only where the size above is not in bold.",
            "",
            *table(header, rows),
            "",
        ]
    lines += _again(studies, sizes, seed + 2)
    holds = [
        [f"`{name}`", *("yes" if _within(found[name], low, high) else _worst(found[name]) for found in sizes)]
        for name in names
    ]
    return lines, [
        f"Yes: the share of true nulls rejected lies within the 99 % band of 5 % ({100 * low:.1f} to {100 * high:.1f} "
        f"% of {studies:,} studies) in the windows {', '.join(WINDOWS)}; else the share that is farthest off.",
        "",
        *table(header, holds),
    ]


def _again(studies: int, sizes: list[dict[str, np.ndarray]], seed: int) -> list[str]:
    """Repeat designs whose recommended test was outside the band with three times as many other studies."""
    low, high = band(studies)
    rows = [
        again(design, 3 * studies, seed)
        for design, found in zip(DESIGNS, sizes, strict=True)
        if not _within(found["recommended"], low, high)
    ]
    if not rows:
        return []
    low, high = band(3 * studies)
    told = (
        f"`recommended` outside the band, measured again with {3 * studies:,} other studies; band "
        f"{100 * low:.1f} to {100 * high:.1f}:"
    )
    return [told, "", *table(["design", *WINDOWS], rows), ""]


def again(design: Design, studies: int, seed: int) -> list[str]:
    """Name and shares rejected by the recommended test."""
    low, high = band(studies)
    p = [
        drawn(design, np.random.default_rng([seed, number]), 0.0).recommended["p_value"].fill_null(1.0).to_numpy()
        for number in range(studies)
    ]
    return [design.name, *(cell(share, low, high) for share in (np.array(p) < LEVEL).mean(axis=0))]


def _within(found: np.ndarray, low: float, high: float) -> bool:
    return bool(((found >= low) & (found <= high)).all())


def _worst(found: np.ndarray) -> str:
    return f"{100 * found[np.argmax(np.abs(found - LEVEL))]:.0f} %"


def put_into(page: Path, mark: str, lines: list[str]) -> None:
    """Replace the text between the marks ``mark: begin`` and ``mark: end`` of ``page``."""
    before, rest = page.read_text().split(f"<!-- {mark}: begin -->")
    after = rest.split(f"<!-- {mark}: end -->")[1]
    page.write_text(before + "\n".join([f"<!-- {mark}: begin -->", "", *lines, "", f"<!-- {mark}: end -->"]) + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--withstands", type=Path)
    chosen = parser.parse_args()
    began = time.perf_counter()
    lines, withstands = sections(chosen.studies)
    if chosen.into:
        put_into(chosen.into, "designs", lines)
    if chosen.withstands:
        put_into(chosen.withstands, "withstands", withstands)
    print("\n".join([*lines, "", *withstands]))
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
