"""What a report found and how, in sentences."""

from __future__ import annotations

from typing import Any

from correlator.eventstudy.panel.frames import as_simple
from correlator.eventstudy.results.finding import verdict
from correlator.eventstudy.results.recommended import WORDS
from correlator.eventstudy.results.result import StudyResult
from correlator.plot.template import counted
from correlator.report.contents import Contents

_MODELS = {
    "raw": "Returns are taken as they are, without an expected return.",
    "mean": "The expected return is the mean of the estimation window.",
    "market-adjusted": "The expected return is that of the benchmark.",
    "market": "The expected return is alpha + beta times the benchmark's return, by least squares in the estimation "
    "window.",
    "factors": "The expected return is that of a regression on the factors in the estimation window.",
    "synthetic": "The expected return is that of a portfolio of donors, shares that the events do not touch, with "
    "weights of at least 0 and in sum 1 that follow the share in the estimation window.",
}
_SHOWN_WINDOWS = 6


def sentence(contents: Contents) -> str:
    """What the report holds, in a line."""
    measured = counted(contents.measured, "event").replace("\u00a0", " ")
    return f"session {contents.moment.session}: {measured} measured, {contents.left_out:,} left out"


def new_sentences(contents: Contents) -> list[str]:
    """What is new since the last report, a sentence per kind; empty if the table ``new`` is not asked for."""
    if "new" not in contents.tables or contents.since is None:
        return []
    fresh, since = contents.tables["new"], f"since {contents.since.session}"
    if fresh.is_empty():
        return [f"Nothing new {since}."]
    counts = dict(fresh["kind"].value_counts().iter_rows())
    words = {"finding": "finding that changed", "event": "event", "bar": "revised bar"}
    phrases = [counted(counts[kind], word).replace("\u00a0", " ") for kind, word in words.items() if kind in counts]
    phrases = [each.replace("finding that changeds", "findings that changed") for each in phrases]
    return [f"New {since}: {', '.join(phrases)}."]


def summary_paragraphs(contents: Contents) -> list[str]:
    """The findings: how many events, what moved in each window, and whether that is more than chance."""
    result = contents.result
    if result is None:
        return [f"No event that was public by session {contents.moment.session} concerns the symbols of this report."]
    symbols = result.measured_events["symbol"].n_unique()
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
        f"{contents.moment.as_of:%Y-%m-%d %H:%M} UTC are used. Words, bands of 95 %, marks and the "
        "table of averages use one test, chosen by the dates and windows of the events: errors by calendar day, so "
        "that a bar in several windows is one observation, or, for one date, a cross-sectional error adjusted for "
        "the correlation of the events (Kolari & Pynnonen 2010)." + _as_shown(spec.returns),
    ]


def _as_shown(returns: str) -> str:
    """What per cents are where returns are logarithms."""
    if returns == "simple":
        return ""
    return (
        " Returns are logarithms: a per cent on this page is the simple return that a cumulated logarithm comes to, "
        "exp(x) - 1; the CSV files hold x."
    )


def _of_one_event(result: StudyResult) -> list[str]:
    measured = _of_windows(result, "CAR")
    return [*measured, "One event has no cross-section, so its error is that of its own prediction."]


def _of_many(result: StudyResult) -> list[str]:
    """CAAR per window with its recommended test, over all events whatever the groups."""
    sentences = _of_windows(result, "CAAR")
    if not sentences:
        return ["The events do not vary, so there is no test across them."]
    if len(sentences) > 1:
        sentences.append(f"{len(sentences)} windows were looked at: of twenty, chance alone puts one beyond 5 %.")
    return sentences


def _observations(row: dict[str, Any]) -> str:
    """How many observations an average has, and of how many events where several share symbol and day 0."""
    if row["events"] == row["n"]:
        return f"{row['n']:,} events"
    return f"{counted(row['n'], 'observation')} of {row['events']:,} events"


def _of_windows(result: StudyResult, name: str) -> list[str]:
    """One sentence per window with a test: estimate, interval, whose error it is, p and the verdict."""
    sentences = []
    for row in result.recommended_by(()).head(_SHOWN_WINDOWS).iter_rows(named=True):
        if row["p_value"] is None:
            continue
        who = ""
        if row["n"] > 1:
            share, sessions = f"{100 * row['positive']:.0f} %", counted(row["dates"], "session")
            who = f"{share} of {_observations(row)} on {sessions} positive, "
        shown = {side: 100 * as_simple(row[side], result.spec.returns) for side in ("caar", "low", "high")}
        sentences.append(
            f"Window {row['window']}: {name} {shown['caar']:+.2f} %, 95 % interval {shown['low']:+.2f} to "
            f"{shown['high']:+.2f} %, {who}"
            f"t {row['t']:.2f} with {WORDS[row['test']]}, p {row['p_value']:.3f}: {verdict(row['p_value'])}."
        )
    return sentences
