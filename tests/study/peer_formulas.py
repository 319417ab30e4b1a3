"""What the R package estudy2 computes, formula by formula, and why it is not always what the paper says.

Each ``Peer`` names a column of the package's golden figures and our statistic beside it. Where the two differ,
``formula`` derives the package's figure from the same arrays, so that the gap is explained and not tolerated. Run as a
script, this file rewrites the table between the markers in docs/methods.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from slow_reference import GOLDEN, scenario

from correlator.eventstudy.significance.arrays import StudyArrays
from correlator.eventstudy.significance.ranks import average_ranks
from correlator.eventstudy.significance.table import statistics

METHODS = Path(__file__).parent.parent.parent / "docs" / "methods.md"
BEGIN, END = "<!-- agreement: begin -->", "<!-- agreement: end -->"


@dataclass(frozen=True)
class Sample:
    """A scenario: its arrays, the market's returns on all estimation days (L,) and on event days (D,)."""

    arrays: StudyArrays
    market: np.ndarray
    event_market: np.ndarray


Formula = Callable[[Sample], np.ndarray]


@dataclass(frozen=True)
class Peer:
    """``column`` of the golden ``file``; ours; why they differ (empty where they agree); how the peer gets its own."""

    file: str
    column: str
    ours: str
    why: str = ""
    formula: Formula | None = None


def one_market(sample: Sample) -> np.ndarray:
    """(E, D) the peer's forecast factor: the market's moments over all estimation days, the share's or not."""
    centre = sample.market.mean()
    away = (sample.event_market - centre) ** 2 / ((sample.market - centre) ** 2).sum()
    return np.sqrt(1 + 1 / sample.arrays.n[:, None] + away[None, :])


def peer_sar(sample: Sample) -> np.ndarray:
    """sd(residuals), divisor n - 1, where the paper has s with n - 2."""
    sd = np.nanstd(sample.arrays.residuals, axis=1, ddof=1)
    return sample.arrays.ar / (sd[:, None] * one_market(sample))


def patell(sample: Sample) -> np.ndarray:
    sar = peer_sar(sample)
    return sar.sum(axis=0) / np.sqrt(((sample.arrays.n - 2) / (sample.arrays.n - 4)).sum())


def boehmer(sample: Sample) -> np.ndarray:
    sar = peer_sar(sample)
    return sar.mean(axis=0) / (sar.std(axis=0, ddof=1) / np.sqrt(len(sar)))


def lamb(sample: Sample) -> np.ndarray:
    centre = sample.market.mean()
    away = (sample.event_market - centre) ** 2 / ((sample.market - centre) ** 2).sum()
    sd = np.nanmean(sample.arrays.residuals, axis=0).std(ddof=1)
    return sample.arrays.ar.mean(axis=0) / (sd * np.sqrt(1 + 1 / sample.arrays.n.mean() + away))


def summed_lamb(sample: Sample) -> np.ndarray:
    return np.array([lamb(sample).sum() / np.sqrt(sample.arrays.ar.shape[1])])


def pooled_sign(sample: Sample) -> np.ndarray:
    valid = ~np.isnan(sample.arrays.residuals)
    p, n = (sample.arrays.residuals > 0).sum() / valid.sum(), len(sample.arrays)
    return ((sample.arrays.ar > 0).sum(axis=0) - n * p) / np.sqrt(n * p * (1 - p))


def all_ranks(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    ranks = average_ranks(np.concatenate([sample.arrays.residuals, sample.arrays.ar], axis=1))
    return ranks, (~np.isnan(ranks)).sum(axis=1)


def rescaled_rank(sample: Sample) -> np.ndarray:
    """Sums are rowMeans times the number of columns N, then divided by n_t: N/n_t twice; variance over the mean T."""
    ranks, own = all_ranks(sample)
    present = (~np.isnan(ranks)).sum(axis=0)
    total = np.nanmean(ranks - (own[:, None] + 1) / 2, axis=0) * len(sample.arrays)
    sd = np.sqrt(((total / present) ** 2).sum() / own.mean())
    return (total / present / sd)[-sample.arrays.ar.shape[1] :]


def rescaled_modified_rank(sample: Sample) -> np.ndarray:
    ranks, own = all_ranks(sample)
    present = (~np.isnan(ranks)).sum(axis=0)
    total = np.nanmean(ranks / (own[:, None] + 1) - 0.5, axis=0) * len(sample.arrays)
    sd = np.sqrt((total**2 / present).sum() / own.mean())
    return (total / np.sqrt(present) / sd)[-sample.arrays.ar.shape[1] :]


def one_mean_rank(sample: Sample) -> np.ndarray:
    """One mean rank for all shares, though shares with short histories have smaller ranks."""
    ranks, own = all_ranks(sample)
    centre = ((own + 1) / 2).mean()
    series = np.nanmean(ranks, axis=0) - centre
    days = sample.arrays.ar.shape[1]
    return np.array([np.sqrt(days) * series[-days:].mean() / np.sqrt((series**2).sum() / own.mean())])


def positive_ranks(sample: Sample) -> np.ndarray:
    ranks = average_ranks(np.abs(sample.arrays.ar).T)
    return np.where(sample.arrays.ar.T > 0, ranks, 0.0).sum(axis=1)


PARAMETRIC, NONPARAMETRIC, CAR = "parametric_tests", "nonparametric_tests", "car_tests"
LATE = "where shares have missing early days, "
PEERS = (
    Peer(PARAMETRIC, "bw_1980_stat", "bw80"),
    Peer(PARAMETRIC, "bw_1985_stat", "bw85"),
    Peer(PARAMETRIC, "t_test_stat", "csect_t"),
    Peer(
        PARAMETRIC,
        "pt_stat",
        "patell_z",
        "s from sd(residuals), divisor L - 1 not L - 2: too large by √((L-1)/(L-2)); "
        + LATE
        + "the market's moments are those of other days than the share's",
        patell,
    ),
    Peer(PARAMETRIC, "bh_stat", "bmp_t", LATE + "the same two slips no longer cancel in the ratio", boehmer),
    Peer(
        PARAMETRIC,
        "lmb_stat",
        "lamb_z",
        LATE + "one forecast factor from the mean L and the whole market, where ours is the mean of the events' own",
        lamb,
    ),
    Peer(NONPARAMETRIC, "sign_stat", "sign_z"),
    Peer(
        NONPARAMETRIC,
        "gsign_stat",
        "gsign_z",
        LATE + "p is pooled over all residuals; Cowan averages over shares",
        pooled_sign,
    ),
    Peer(
        NONPARAMETRIC,
        "rank_stat",
        "corrado_rank",
        LATE + "days are rescaled by N/n_t and the variance divides by the mean history, not by the days",
        rescaled_rank,
    ),
    Peer(
        NONPARAMETRIC,
        "mrank_stat",
        "corrado_uniform",
        LATE + "the same rescaling by N/n_t and the same divisor",
        rescaled_modified_rank,
    ),
    Peer(
        NONPARAMETRIC,
        "wlcx_stat",
        "wilcoxon",
        "reports the positive rank sum W+, ours the smaller of both sums; its stars read the upper tail at 1 - α, "
        "twice the size of the lower one",
        positive_ranks,
    ),
    Peer(CAR, "car_brown_warner_1985", "bw85"),
    Peer(
        CAR,
        "car_lamb",
        "lamb_z",
        "daily z summed over √m: forecast errors of one window share the estimated line and are correlated",
        summed_lamb,
    ),
    Peer(
        CAR, "car_rank_test", "corrado_rank", LATE + "one mean rank is taken for shares of any history", one_mean_rank
    ),
)


def golden(peer: Peer, name: str) -> np.ndarray:
    table = pl.read_csv(GOLDEN / f"estudy2_{peer.file}.csv", null_values="NA", infer_schema_length=None)
    table = table.filter((pl.col("scenario") == name) & (pl.col("model") == "sim"))
    if peer.file == CAR:
        return table.filter(pl.col("name") == peer.column)["statistic"].to_numpy()
    return table[peer.column].cast(pl.Float64).to_numpy()


def ours(peer: Peer, arrays: StudyArrays) -> np.ndarray:
    value = statistics(arrays)[peer.ours].value
    return value[-1:] if peer.file == CAR else value[:-1]


def derived(peer: Peer, name: str) -> np.ndarray:
    sample = Sample(*scenario(name))
    return ours(peer, sample.arrays) if peer.formula is None else peer.formula(sample)


def gap(peer: Peer, name: str) -> float:
    """Largest relative difference between the peer's figure and ours."""
    theirs = golden(peer, name)
    return float(np.max(np.abs(ours(peer, scenario(name)[0]) / theirs - 1)))


def agreement_table() -> str:
    """Markdown: what agrees with which peer, and why where it does not."""
    lines = [
        "| estudy2 | correlator | full histories | missing early days | why they differ |",
        "|---|---|---|---|---|",
    ]
    for peer in PEERS:
        shown = ["agrees" if gap(peer, name) < 1e-9 else f"{gap(peer, name):.1e}" for name in ("B_feb20", "A_doc")]
        lines.append(f"| `{peer.column}` | `{peer.ours}` | {shown[0]} | {shown[1]} | {peer.why or 'they do not'} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{agreement_table()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    METHODS.write_text(with_table(METHODS.read_text(encoding="utf-8")), encoding="utf-8")
