"""What a report found and how, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from correlator.study.result import StudyResult

if TYPE_CHECKING:
    from correlator.report.run import Contents

_MODELS = {
    "raw": "Returns are taken as they are, without an expected return.",
    "mean": "The expected return is the mean of the estimation window.",
    "market-adjusted": "The expected return is that of the benchmark.",
    "market": "The expected return is alpha + beta times the benchmark's return, by least squares in the estimation "
    "window.",
    "factors": "The expected return is that of a regression on the factors in the estimation window.",
}
_SHOWN_WINDOWS = 6


def summary_paragraphs(contents: Contents) -> list[str]:
    """The findings: how many events, what moved in each window, and whether that is more than chance."""
    result = contents.result
    if result is None:
        return [f"No event that was public by session {contents.moment.session} concerns the symbols of this report."]
    number, left_out = len(result.estimates), result.excluded.height
    symbols = result.events[result.estimates.kept]["symbol"].n_unique()
    first = f"{_counted(number, 'event')} on {_counted(symbols, 'symbol')} measured, {left_out:,} left out."
    if number == 0:
        return [first, "Nothing could be measured; the reasons are under Data."]
    sentences = _of_one_event(result) if number == 1 else _of_many(result)
    return [first, *sentences]


def method_paragraphs(contents: Contents) -> list[str]:
    """How the numbers were made."""
    spec = contents.spec.study
    benchmark = "the instruments' own" if spec.benchmark is None else spec.benchmark
    plan = contents.result.plan if contents.result is not None else None
    if plan is not None:
        benchmark = plan.benchmark or "none"
    return [
        f"Event study with {spec.returns} returns, benchmark {benchmark}. Day 0 is the first session that closes after "
        f"the news was public; of several tellings of one story with the same day 0 the first is measured. The "
        f"estimation window is {spec.estimation} and the event window {spec.window}, in sessions from day 0, both ends "
        "included.",
        _MODELS.get(spec.model, f"Expected returns are those of the model {spec.model}.")
        + " The standard error of an abnormal return is that of a prediction; that of a cumulated one uses the full "
        "covariance of prediction errors over its window. Missing bars stay missing.",
        f"Only sessions of {contents.moment.exchange} that had closed and news that was public at "
        f"{contents.moment.as_of:%Y-%m-%d %H:%M} UTC are used. Bands in figures are of 95 %.",
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
    """CAAR per window with a cross-sectional t, over all events whatever the groups."""
    from scipy.stats import t

    sentences = []
    cars = result.estimates.car
    for column, label in list(enumerate(result.window_labels))[:_SHOWN_WINDOWS]:
        values = cars[:, column][cars[:, column] == cars[:, column]]
        if len(values) < 2 or values.std(ddof=1) == 0:
            continue
        statistic = float(values.mean() / (values.std(ddof=1) / len(values) ** 0.5))
        p_value = float(2 * t.sf(abs(statistic), len(values) - 1))
        sentences.append(
            f"Window {label}: CAAR {_percent(values.mean())}, {100 * (values > 0).mean():.0f} % of {len(values):,} "
            f"events positive (cross-sectional t {statistic:.2f}, p {p_value:.3f}), {_verdict(p_value)}."
        )
    return sentences


def _verdict(p_value: float) -> str:
    return "more than chance at the 5 % level" if p_value < 0.05 else "within what chance explains"


def _percent(value: Any, *, sign: bool = True) -> str:
    return f"{100 * value:{'+' if sign else ''}.2f} %"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
