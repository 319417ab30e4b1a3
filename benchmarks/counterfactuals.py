"""Market model against synthetic control where a factor is left out: tables of docs/methods.md by one command.

    python benchmarks/counterfactuals.py [--studies 200] [--into docs/methods.md]

Planted designs after Goldsmith-Pinkham & Lyu (2025), "Causal inference in financial event studies": returns have two
factors, the index holds a mixture of them, and the shares under study load on the second one more than the index does.
What that factor does in the event window is read as abnormal by the market model, the more the more volatile the window
is, and always on one side where events come with its moves. Five shares with one event date, thirty donors. All draws
are seeded; every figure comes from ``correlator.study``.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

import correlator as co
from correlator.errors import CorrelatorWarning

BEGIN, END = "<!-- counterfactuals: begin -->", "<!-- counterfactuals: end -->"
SHARES, DONORS, BARS, DAY_ZERO = 5, 30, 320, 290
EFFECT, WINDOWS = 0.01, ("0:0", "-10:10")
OPTIONS = {"estimation": "-260:-11", "window": "-10:10", "windows": ",".join(WINDOWS), "flagged": "keep"}
MODELS = ("market", "factors", "synthetic")


@dataclass(frozen=True)
class Design:
    """``volatility``: times which factors move in the event window; ``pull``: mean of the second factor on day 0, and
    ``drift`` on every day of the event window, in its everyday standard deviations; ``loading`` of the shares on it,
    where donors have -0.5 to 1.5 and the index 0.5; ``noise`` of the donors, their own standard deviation a day.
    """

    name: str
    volatility: float = 1.0
    pull: float = 0.0
    drift: float = 0.0
    loading: float = 1.0
    noise: float = 0.015


DESIGNS = (
    Design("calm, dates at random"),
    Design("volatile, dates at random", volatility=3.0),
    Design("volatile, dates that come with a fall", volatility=3.0, pull=-3.0),
    Design("the same, donors of little noise (indices)", volatility=3.0, pull=-3.0, noise=0.003),
    Design("a drift over the window", drift=-0.3),
    Design("volatile with a fall, shares beyond their donors", volatility=3.0, pull=-3.0, loading=2.5),
)


def drawn(design: Design, rng: np.random.Generator, effect: float) -> dict[str, pl.DataFrame]:
    """Returns of index, shares and donors, the two factors, and the events."""
    sd = np.array([0.01, 0.007])
    factors = rng.normal(0, sd, (BARS, 2))
    inside = slice(DAY_ZERO - 10, DAY_ZERO + 11)
    factors[inside] *= design.volatility
    factors[inside, 1] += design.drift * sd[1]
    factors[DAY_ZERO, 1] += design.pull * sd[1]
    first = np.concatenate([rng.uniform(0.8, 1.2, SHARES), rng.uniform(0.5, 1.5, DONORS)])
    second = np.concatenate([np.full(SHARES, design.loading), rng.uniform(-0.5, 1.5, DONORS)])
    noise = np.concatenate([np.full(SHARES, 0.015), np.full(DONORS, design.noise)])
    returns = factors @ np.stack([first, second]) + rng.normal(0, noise, (BARS, SHARES + DONORS))
    returns[DAY_ZERO, :SHARES] += effect
    days = pl.date_range(date(2023, 1, 2), date(2024, 12, 31), eager=True)
    days = days.filter(days.dt.weekday() <= 5)[:BARS].alias("Date")
    names = [*(f"S{i}" for i in range(SHARES)), *(f"D{i}" for i in range(DONORS))]
    wide = dict(zip(names, returns.T, strict=True))
    return {
        "returns": pl.DataFrame({"Date": days, "INDEX": factors @ np.array([1.0, 0.5]), **wide}),
        "factors": pl.DataFrame({"Date": days, "F1": factors[:, 0], "F2": factors[:, 1]}),
        "events": pl.DataFrame({"symbol": names[:SHARES], "date": [days[DAY_ZERO]] * SHARES}),
    }


def one_study(frames: dict[str, pl.DataFrame], model: str) -> tuple[np.ndarray, np.ndarray]:
    """CAAR (W,), and (W, 2) p-values of the recommended test and in space (NaN for other models)."""
    beside = {"market": {"benchmark": "INDEX"}, "factors": {"factors": frames["factors"]}, "synthetic": {}}[model]
    returns = frames["returns"] if model == "market" else frames["returns"].drop("INDEX")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorrelatorWarning)
        found = co.study(returns=returns, events=frames["events"], model=model, **beside, **OPTIONS)
    answer = found.summary()
    p_values = np.full((len(WINDOWS), 2), np.nan)
    p_values[:, 0] = answer["p_value"]
    if model == "synthetic":
        p_values[:, 1] = found.in_space_average["p_value"]
    return answer["caar"].to_numpy(), p_values


def measured(design: Design, studies: int, seed: int) -> dict[str, np.ndarray]:
    """Of every model the errors of the CAAR (B, W) with the effect planted and p (B, W, 2) without it."""
    errors = {model: np.empty((studies, len(WINDOWS))) for model in MODELS}
    p_values = {f"p {model}": np.empty((studies, len(WINDOWS), 2)) for model in MODELS}
    for draw in range(studies):
        frames = drawn(design, np.random.default_rng([seed, draw]), 0.0)
        for model in MODELS:
            caar, p_values[f"p {model}"][draw] = one_study(frames, model)
            errors[model][draw] = caar  # an effect on day 0 adds itself to the CAAR: all three models are linear in it
    return errors | p_values


def check_linear(studies: int = 3) -> None:
    """The planted effect comes back whole: what a CAAR is without it is its error with it."""
    for draw in range(studies):
        for model in MODELS:
            without, planted = (
                one_study(drawn(DESIGNS[0], np.random.default_rng([0, draw]), effect), model)[0]
                for effect in (0.0, EFFECT)
            )
            np.testing.assert_allclose(planted - without, EFFECT, atol=1e-12)


def table(studies: int) -> list[str]:
    header = ["design", "window", "market", "both factors", "synthetic", "of it gone", "p ≤ 5 %: market", "synthetic"]
    header += ["in space"]
    lines = ["| " + " | ".join(header) + " |", "| --- " * len(header) + "|"]
    for number, design in enumerate(DESIGNS):
        found = measured(design, studies, seed=number)
        for w, window in enumerate(WINDOWS):
            cells = [f"{shown(found[model][:, w])}" for model in MODELS]
            before, after = (np.sqrt((found[model][:, w] ** 2).mean()) for model in ("market", "synthetic"))
            gone = f"{100 * (1 - after / before):.0f} %"
            bias, error = found["market"][:, w].mean(), found["market"][:, w].std(ddof=1) / np.sqrt(studies)
            if abs(bias) > 3 * error:
                gone = f"{100 * (1 - abs(found['synthetic'][:, w].mean() / bias)):.0f} % of the bias"
            sizes = [found["p market"][:, w, 0], found["p synthetic"][:, w, 0], found["p synthetic"][:, w, 1]]
            tests = [f"{100 * np.mean(p <= 0.05):.0f} %" for p in sizes]
            lines.append("| " + " | ".join([design.name if w == 0 else "", window, *cells, gone, *tests]) + " |")
        print(design.name, file=sys.stderr, flush=True)
    return lines


def shown(errors: np.ndarray) -> str:
    """Mean and root mean square of errors, in per cent."""
    return f"{100 * errors.mean():+.2f} ({100 * np.sqrt((errors**2).mean()):.2f})"


def section(studies: int) -> str:
    return "\n".join(
        [
            f"{studies} studies of each design; errors of the CAAR in per cent, mean and (root mean square). "
            "*Of it gone*: the part of the market model's bias that the synthetic control does not have, or, where no "
            "bias is seen, of its root mean square. The last columns are the share of studies without any effect that "
            "a test of 5 % rejects: `summary` of both models, and `in-space-average`.",
            "",
            *table(studies),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--into", type=Path, help="a page with the marks of this table")
    options = parser.parse_args()
    check_linear()
    text = section(options.studies)
    if options.into is None:
        print(text)
        return
    page = options.into.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    options.into.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
