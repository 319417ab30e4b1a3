"""What a report found and how, in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from correlator.eventstudy.result import StudyResult
from correlator.plot.template import counted
from correlator.report.contents import Contents

_MODELS = {
    "raw": "Returns are taken as they are, without an expected return.",
    "mean": "The expected return is the mean of the estimation window.",
    "market-adjusted": "The expected return is that of the benchmark.",
    "market": "The expected return is alpha + beta times the benchmark's return, by least squares in the estimation "
    "window.",
    "factors": "The expected return is that of a regression on the factors in the estimation window.",
}
_SHOWN_WINDOWS = 6


def sentence(contents: Contents) -> str:
    """What the report holds, in a line."""
    return f"session {contents.moment.session}: {contents.measured} events measured, {contents.left_out} left out"


def summary_paragraphs(contents: Contents) -> list[str]:
    """The findings: how many events, what moved in each window, and whether that is more than chance."""
    result = contents.result
    if result is None:
        return [f"No event that was public by session {contents.moment.session} concerns the symbols of this report."]
    symbols = result.events[result.estimates.kept]["symbol"].n_unique()
    whom = f"{counted(contents.measured, 'event')} on {counted(symbols, 'symbol')}"
    first = f"{whom} measured, {contents.left_out:,} left out."
    if contents.measured == 0:
        return [first, "Nothing could be measured; the reasons are under Data."]
    sentences = _of_one_event(result) if contents.measured == 1 else _of_many(result)
    return [first, *sentences]


def method_paragraphs(contents: Contents) -> list[str]:
    """How the numbers were made."""
    spec = contents.spec.study
    benchmark = "the instruments' own" if spec.benchmark is None else spec.benchmark
    if contents.result is not None:
        benchmark = contents.result.benchmark_note
    return [
        f"Event study with {spec.returns} returns, benchmark {benchmark}. Day 0 is the first session that closes after "
        f"the news was public; of several tellings of one story with the same day 0 the first is measured. The "
        f"estimation window is {spec.estimation.label} and the event window {spec.window.label}, in sessions from "
        "day 0, both ends included.",
        _MODELS.get(spec.model, f"Expected returns are those of the model {spec.model}.")
        + " The standard error of an abnormal return is that of a prediction; that of a cumulated one uses the full "
        "covariance of prediction errors over its window. Missing bars stay missing.",
        f"Only sessions of {contents.moment.exchange} that had closed and news that was public at "
        f"{contents.moment.as_of:%Y-%m-%d %H:%M} UTC are used. Tests across events take those with the same day 0 as "
        "one cluster (Liang & Zeger 1986). Bands in figures are of 95 %.",
    ]


def _of_one_event(result: StudyResult) -> list[str]:
    rows = result.car.head(_SHOWN_WINDOWS).iter_rows(named=True)
    return [
        f"Window {row['window']}: CAR {_percent(row['car'])}, standard error {_percent(row['se'], sign=False)} "
        f"(t {row['t']:.2f}, p {row['p_value']:.3f}), {_verdict(row['p_value'])}."
        for row in rows
        if row["car"] is not None and row["p_value"] is not None
    ] + ["One event has no cross-section, so there is no test across events."]


def _of_many(result: StudyResult) -> list[str]:
    """CAAR per window with a t clustered by session of day 0, over all events whatever the groups."""
    sentences = []
    cars, sessions = result.estimates.car, result.estimates.day_zero
    for column, label in list(enumerate(result.window_labels))[:_SHOWN_WINDOWS]:
        known = ~np.isnan(cars[:, column])
        values = cars[known, column]
        statistic, p_value, count = clustered_t(values, sessions[known])
        if np.isnan(p_value):
            continue
        sentences.append(
            f"Window {label}: CAAR {_percent(values.mean())}, {100 * (values > 0).mean():.0f} % of {len(values):,} "
            f"events on {counted(count, 'session')} positive (clustered t {statistic:.2f}, p {p_value:.3f}), "
            f"{_verdict(p_value)}."
        )
    if not sentences:
        return ["All events share one session of day 0, so there is no test across events."]
    if len(sentences) > 1:
        sentences.append(f"{len(sentences)} windows were looked at: of twenty, chance alone puts one beyond 5 %.")
    return sentences


def clustered_t(values: np.ndarray[Any, Any], clusters: np.ndarray[Any, Any]) -> tuple[float, float, int]:
    """t of the mean of ``values`` (N,) with errors that go together within ``clusters`` (N,), its p, and clusters G.

    Variance of Liang & Zeger (1986) with the factor G / (G - 1), Student's t with G - 1 degrees of freedom; NaN for
    fewer than two clusters or values that do not vary. With every value its own cluster it is the plain t.
    """
    from scipy.stats import t

    names, places = np.unique(clusters, return_inverse=True)
    count = len(names)
    if count < 2:
        return np.nan, np.nan, count
    mean = float(values.mean())
    sums = np.bincount(places, weights=values - mean)
    error = float(np.sqrt(count / (count - 1) * (sums**2).sum())) / len(values)
    if error == 0:
        return np.nan, np.nan, count
    statistic = mean / error
    return statistic, float(2 * t.sf(abs(statistic), count - 1)), count


def _verdict(p_value: float) -> str:
    return "more than chance at the 5 % level" if p_value < 0.05 else "within what chance explains"


def _percent(value: Any, *, sign: bool = True) -> str:
    return f"{100 * value:{'+' if sign else ''}.2f} %"
