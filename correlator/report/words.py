"""The findings and methods of a report in sentences."""

from __future__ import annotations

from typing import Any

from correlator.eventstudy.panel.frames import as_simple
from correlator.eventstudy.results.finding import verdict
from correlator.eventstudy.results.recommended import WORDS
from correlator.eventstudy.results.result import StudyResult
from correlator.plot.template import counted
from correlator.report.contents import Contents

_MODELS = {
    "raw": "Returns are used as they are, without an expected return.",
    "mean": "The expected return is the mean of the estimation window.",
    "market-adjusted": "The expected return is that of the benchmark.",
    "market": "The expected return is alpha + beta times the benchmark's return, by least squares in the estimation "
    "window.",
    "factors": "The expected return is that of a regression on the factors in the estimation window.",
    "synthetic": "The expected return is that of a portfolio of donors, shares that the events do not affect, with "
    "non-negative weights that sum to 1 and track the share in the estimation window.",
}
_SHOWN_WINDOWS = 6


def sentence(contents: Contents) -> str:
    """Return a one-line summary of the report."""
    measured = counted(contents.measured, "event").replace("\u00a0", " ")
    return f"session {contents.moment.session}: {measured} measured, {contents.left_out:,} left out"


def new_sentences(contents: Contents) -> list[str]:
    """Return what is new since the last report as sentences; empty if the report has no table ``new``."""
    if "new" not in contents.tables or contents.since is None:
        return []
    fresh, since = contents.tables["new"], f"since {contents.since.session}"
    if fresh.is_empty():
        return [f"Nothing new {since}."]
    counts = dict(fresh["kind"].value_counts().iter_rows())
    words = {"finding": "changed finding", "event": "event", "bar": "revised bar"}
    phrases = [counted(counts[kind], word).replace("\u00a0", " ") for kind, word in words.items() if kind in counts]
    return [f"New {since}: {', '.join(phrases)}."]


def summary_paragraphs(contents: Contents) -> list[str]:
    """Return the findings: the number of events, the return in each window, and whether it is more than chance."""
    result = contents.result
    if result is None:
        return [f"No event public by session {contents.moment.session} concerns the symbols of this report."]
    symbols = result.measured_events["symbol"].n_unique()
    whom = f"{counted(contents.measured, 'event')} on {counted(symbols, 'symbol')}"
    first = f"{whom} measured, {contents.left_out:,} left out."
    if contents.measured == 0:
        return [first, "No event could be measured; the reasons are under Data."]
    sentences = _of_one_event(result) if contents.measured == 1 else _of_many(result)
    return [first, *sentences]


def method_paragraphs(contents: Contents) -> list[str]:
    """Return the description of the methods."""
    spec = contents.spec.study
    benchmark = "that of the instruments" if spec.benchmark is None else spec.benchmark
    if contents.result is not None:
        benchmark = contents.result.benchmark_note
    return [
        f"Event study with {spec.returns} returns, benchmark {benchmark}. Day 0 is the first session that closes after "
        f"the news was public; if several events tell the same story with the same day 0, the first is measured. The "
        f"estimation window is {spec.estimation.label} and the event window {spec.window.label}, in sessions from "
        "day 0, both ends included.",
        _MODELS.get(spec.model, f"Expected returns are those of the model {spec.model}.")
        + " The standard error of an abnormal return is that of a prediction; that of a cumulative return uses the "
        "full covariance of prediction errors over its window. Missing bars stay missing.",
        f"Only sessions of {contents.moment.exchange} that had closed and news that was public at "
        f"{contents.moment.as_of:%Y-%m-%d %H:%M} UTC are used. The text, 95 % bands, marks and the "
        "table of averages use the same test, chosen by the dates and windows of the events: errors by calendar day, "
        "so that a bar in several windows is one observation, or, for one date, a cross-sectional error adjusted for "
        "the correlation of the events (Kolari & Pynnonen 2010)." + _as_shown(spec.returns),
    ]


def _as_shown(returns: str) -> str:
    """Return what per cent means on the page if returns are logarithmic, else nothing."""
    if returns == "simple":
        return ""
    return (
        " Returns are logarithmic: per cents on this page are simple returns, exp(x) - 1 of a cumulative log return x; "
        "the CSV files contain x."
    )


def _of_one_event(result: StudyResult) -> list[str]:
    measured = _of_windows(result, "CAR")
    return [*measured, "A single event has no cross-section, so the standard error is that of its prediction."]


def _of_many(result: StudyResult) -> list[str]:
    """Return the CAAR per window with its recommended test, over all events regardless of groups."""
    sentences = _of_windows(result, "CAAR")
    if not sentences:
        return ["The events do not vary, so there is no test across them."]
    if len(sentences) > 1:
        sentences.append(
            f"{len(sentences)} windows were tested: by chance alone, one in twenty is significant at the 5 % level."
        )
    return sentences


def _observations(row: dict[str, Any]) -> str:
    """Return the number of observations of an average, and of events if several share symbol and day 0."""
    if row["events"] == row["n"]:
        return f"{row['n']:,} events"
    return f"{counted(row['n'], 'observation')} of {row['events']:,} events"


def _of_windows(result: StudyResult, name: str) -> list[str]:
    """Return one sentence per window with a test: estimate, interval, the test, p and the verdict."""
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
