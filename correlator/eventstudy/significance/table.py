"""The table of every test across events, per event day and per window.

``docs/methods.md`` gives each statistic's equation, paper and assumptions. Returns are fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.significance.arrays import StudyArrays
from correlator.eventstudy.significance.evidence import Evidence, evidence_of
from correlator.eventstudy.significance.parametric import dates_of
from correlator.eventstudy.significance.registry import COMPUTED, EXACT, NAMES, Statistic


@dataclass(frozen=True)
class Test:
    """One test over K columns: ``value``, two-sided ``p_value`` and ``df`` (K,), NaN if the distribution is not t."""

    value: Array
    df: Array
    p_value: Array


def significance_table(arrays: StudyArrays, *, engine: str = "auto") -> pl.DataFrame:
    """Return window_or_day, statistic, value, df, p_value, n (events with a value): days in order, then windows.

    Statistics are in the order of the registry; those that a column does not have are null. ``engine`` as in
    ``correlator.eventstudy.request.engines``. Raises StudyError for fewer than two events.
    """
    return table_of(evidence_of(arrays, engine), [*arrays.day_labels, *arrays.window_labels])


def table_of(evidence: Evidence, labels: Sequence[str]) -> pl.DataFrame:
    """Return the table of ``significance_table`` from the evidence; ``labels`` (K,) of days, then windows."""
    tests = tests_across(evidence)

    def long(field: str) -> Array:
        return np.stack([getattr(tests[name], field) for name in NAMES], axis=1).ravel()

    frame = pl.DataFrame(
        {
            "window_or_day": np.repeat(np.array(labels, dtype=object), len(NAMES)).tolist(),
            "statistic": list(NAMES) * len(labels),
            "value": long("value"),
            "df": long("df"),
            "p_value": long("p_value"),
            "n": np.repeat(evidence.n.astype(np.int64), len(NAMES)),
        },
        schema_overrides={"window_or_day": pl.String(), "n": pl.Int64()},
    )
    numbers = pl.col("value", "df", "p_value")
    return frame.with_columns(pl.when(numbers.is_finite()).then(numbers).otherwise(None))


def statistics(arrays: StudyArrays) -> dict[str, Test]:
    """Return every test by name, over the D + W columns of ``arrays``; raises StudyError for fewer than two events."""
    return tests_across(evidence_of(arrays))


def tests_across(evidence: Evidence) -> dict[str, Test]:
    """Return every test by name, over K columns."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {statistic.name: _test(statistic, evidence) for statistic in COMPUTED}


def _test(statistic: Statistic, evidence: Evidence) -> Test:
    from scipy.special import ndtr, stdtr

    assert statistic.value is not None
    enough = (evidence.n >= statistic.fewest) & (dates_of(evidence) >= statistic.fewest_dates)
    value, law = np.where(enough, statistic.value(evidence), np.nan), statistic.law
    if law.df is not None:
        df = law.df(evidence)
        return Test(value, df, 2.0 * stdtr(np.where(df > 0, df, np.nan), -np.abs(value)))
    p_value = evidence.signed_rank_p if law is EXACT else 2.0 * ndtr(-np.abs(value))
    return Test(value, np.full(len(value), np.nan), p_value)
