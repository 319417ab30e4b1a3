"""Every test across events, per event day and per window, as one table.

``docs/methods.md`` gives each statistic's equation, paper and assumptions. Returns are fractions. One event has no
cross-section: StudyError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import StudyError
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.estimation.kernel import worth_compiling
from correlator.eventstudy.estimation.packed import LONGEST, PackedBars
from correlator.eventstudy.significance import nonparametric, parametric, ranks
from correlator.eventstudy.significance import sums_numpy as array_sums
from correlator.eventstudy.significance.arrays import Array, Columns, StudyArrays, columns_of, study_arrays, targets_of
from correlator.eventstudy.significance.cross_correlation import mean_correlations
from correlator.eventstudy.significance.sums import FirstLook, SecondLook

STATISTICS = (
    *("csect_t", "patell_z", "adj_patell_z", "bmp_t", "kp_t", "skew_adj_t", "bw80", "bw85", "corrado_rank"),
    *("corrado_zivney", "grank_t", "grank_z", "sign_z", "gsign_z", "wilcoxon", "jackknife_t", "lamb_z"),
)


@dataclass(frozen=True)
class Statistic:
    """One test over K columns: ``value``, two-sided ``p_value`` and ``df`` (K,); df NaN where the law is not t."""

    value: Array
    df: Array
    p_value: Array


@dataclass(frozen=True)
class Evidence:
    """All that the tests need of the events: ``columns``, the sums of both looks, ``correlation`` (K,) the mean
    correlation of residuals, ``signed_rank`` and ``signed_rank_p`` (K,) of ``nonparametric``.
    """

    columns: Columns
    first: FirstLook
    second: SecondLook
    correlation: Array
    signed_rank: Array
    signed_rank_p: Array


def significance_table(
    measured: StudyArrays | EventEstimates,
    day_labels: Sequence[str] = (),
    window_labels: Sequence[str] = (),
    car_columns: NDArray[Any] | None = None,
    bars: PackedBars | None = None,
) -> pl.DataFrame:
    """window_or_day, statistic, value, df, p_value, n (events with a value): days in order, then windows.

    ``measured`` are the arrays, or the engine's estimates with the labels of their days and windows and the (W, 2)
    columns of the windows; estimates without residuals need the ``bars`` that they come from. Statistics come in the
    order of ``STATISTICS``; what a column cannot give is null. Raises StudyError for fewer than two events.
    """
    if isinstance(measured, StudyArrays):
        return table_of(evidence_of(measured), [*measured.day_labels, *measured.window_labels])
    windows = np.zeros((0, 2), dtype=np.int64) if car_columns is None else car_columns
    if compiled_pays(measured, bars):
        evidence = evidence_of_many(measured, windows, bars)
    else:
        evidence = evidence_of(study_arrays(measured, day_labels, window_labels, windows))
    return table_of(evidence, [*day_labels, *window_labels])


def table_of(evidence: Evidence, labels: Sequence[str]) -> pl.DataFrame:
    """The table of ``significance_table`` from the evidence; ``labels`` (K,) of days, then windows."""
    found = tests_across(evidence)

    def long(name: str) -> Array:
        return np.stack([getattr(found[statistic], name) for statistic in STATISTICS], axis=1).ravel()

    frame = pl.DataFrame(
        {
            "window_or_day": np.repeat(np.array(labels, dtype=object), len(STATISTICS)).tolist(),
            "statistic": list(STATISTICS) * len(labels),
            "value": long("value"),
            "df": long("df"),
            "p_value": long("p_value"),
            "n": np.repeat(evidence.first.value.n.astype(np.int64), len(STATISTICS)),
        },
        schema_overrides={"window_or_day": pl.String(), "n": pl.Int64()},
    )
    numbers = pl.col("value", "df", "p_value")
    return frame.with_columns(pl.when(numbers.is_finite() & (pl.col("n") > 1)).then(numbers).otherwise(None))


def statistics(arrays: StudyArrays) -> dict[str, Statistic]:
    """Every test by name, each over the D + W columns of ``arrays``; StudyError for fewer than two events."""
    return tests_across(evidence_of(arrays))


def evidence_of(arrays: StudyArrays) -> Evidence:
    """The evidence of events whose residuals are held."""
    refuse_fewer_than_two(len(arrays))
    targets = targets_of(arrays)
    first = array_sums.first_look(arrays, targets)
    signed_rank, signed_rank_p = nonparametric.wilcoxon(targets.value)
    return Evidence(
        columns=targets,
        first=first,
        second=array_sums.second_look(arrays, targets, first),
        correlation=mean_correlations(arrays, targets),
        signed_rank=signed_rank,
        signed_rank_p=signed_rank_p,
    )


def compiled_pays(estimates: EventEstimates, bars: PackedBars | None) -> bool:
    """Whether the compiled loops look at the events: always where residuals are not held, else where numba's time to
    load is worth it.
    """
    residuals = estimates.estimation_residuals
    if residuals is None:
        return bars is not None
    return worth_compiling(len(estimates)) and residuals.shape[1] + estimates.ar.shape[1] <= LONGEST


def evidence_of_many(estimates: EventEstimates, windows: NDArray[Any], bars: PackedBars | None) -> Evidence:
    """The evidence by compiled loops, from residuals where they are held, else from ``bars``."""
    from correlator.eventstudy.significance.event_sums import sums_of

    refuse_fewer_than_two(len(estimates))
    columns = columns_of(estimates.ar.shape[1], windows)
    return Evidence(columns, **vars(sums_of(estimates, columns, bars)))


def refuse_fewer_than_two(events: int) -> None:
    """Raise StudyError for fewer than two events."""
    if events < 2:
        raise StudyError(
            f"{events} event has no cross-section, so no statistic across events",
            hint="read ar and car: they carry standard errors, t and p for one event",
        )


def tests_across(evidence: Evidence) -> dict[str, Statistic]:
    """Every test by name, each over K columns."""
    columns, first, second, correlation = evidence.columns, evidence.first, evidence.second, evidence.correlation
    n, scaled = first.value.n, first.scaled
    with np.errstate(divide="ignore", invalid="ignore"):
        patell, bmp = scaled.mean * scaled.n / np.sqrt(first.patell), parametric.t_of(scaled)
        sd, days = parametric.portfolio_sd(second)
        corrado, zivney = ranks.corrado(first, second, columns)
        grank = ranks.generalized_rank(second)
        student = {
            "csect_t": (parametric.t_of(first.value), n - 1),
            "bmp_t": (bmp, n - 1),
            "kp_t": (bmp * parametric.bmp_adjustment(correlation, n), n - 1),
            "skew_adj_t": (parametric.skewness_adjusted_t(first), n - 1),
            "bw85": (parametric.brown_warner_1985(first, sd, columns), np.full(len(n), days - 1.0)),
            "grank_t": (grank.t, np.full(len(n), float(grank.df))),
            "jackknife_t": (parametric.jackknife_t(scaled, second.pseudo), n - 1),
        }
        normal = {
            "patell_z": patell,
            "adj_patell_z": patell * parametric.patell_adjustment(correlation, n),
            "bw80": parametric.brown_warner_1980(first, second, columns),
            "corrado_rank": corrado,
            "corrado_zivney": zivney,
            "grank_z": grank.z,
            "sign_z": nonparametric.sign_z(first),
            "gsign_z": nonparametric.sign_z(first, float(second.positive[0]) / first.events),
            "lamb_z": parametric.lamb_z(first, sd),
        }
    found = {name: _student(value, df) for name, (value, df) in student.items()}
    found |= {name: _normal(value) for name, value in normal.items()}
    found["wilcoxon"] = Statistic(evidence.signed_rank, np.full(len(n), np.nan), evidence.signed_rank_p)
    return found


def _student(value: Array, df: Array) -> Statistic:
    from scipy.special import stdtr

    return Statistic(value, df, 2.0 * stdtr(np.where(df > 0, df, np.nan), -np.abs(value)))


def _normal(value: Array) -> Statistic:
    from scipy.special import ndtr

    return Statistic(value, np.full(len(value), np.nan), 2.0 * ndtr(-np.abs(value)))
