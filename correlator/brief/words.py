"""Sentences in a brief."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from correlator.brief.model import Clock, Instrument
from correlator.brief.predictive import FEWEST_ORDINARY
from correlator.brief.record import FEWEST_DATES
from correlator.brief.subject import BriefSubject
from correlator.events.learned.encoder import INSTALL
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED
from correlator.eventstudy.panel.frames import as_simple


def per_cent(value: float) -> str:
    """Format a log return as a simple return in per cent with its sign."""
    return f"{100 * float(as_simple(value, 'log')):+.1f} %"


def verdict_of(instrument: Instrument, events: Sequence[dict[str, Any]], clock: Clock) -> str:
    """Return one sentence that sums up the precedents of an instrument."""
    if not events:
        return "no event, so no precedents"
    if clock.day_zero is None:
        return f"no day 0 ({clock.reason}), so no comparison"
    if not instrument.outlooks:
        return f"not enough precedents: too few closed bars to measure {instrument.symbol}"
    first = instrument.outlooks[0]
    if not instrument.honest:
        if instrument.sessions_measured < FEWEST_ORDINARY:
            measured = instrument.sessions_measured
            return f"not enough precedents: {measured} sessions could be measured, {FEWEST_ORDINARY} are needed"
        return f"not enough precedents: {_dates(first.dates)} could be measured, {FEWEST_DATES} are needed"
    middle = next(each for each in first.intervals if each.level == 0.8)
    chance = _chance(first.placebo_p_adjusted)
    return (
        f"expected {per_cent(first.estimate or 0.0)} over {_benchmark(instrument)} in window {first.window}, "
        f"80 % between {per_cent(middle.low)} and {per_cent(middle.high)}; {_dates(first.dates)}, {chance}"
    )


def record_sentence(instruments: Sequence[Instrument]) -> str | None:
    """Return the coverage of 80 % intervals for the first window over all instruments, or None without a record."""
    coverages = [
        each
        for instrument in instruments
        for outlook in instrument.outlooks[:1]
        for each in outlook.record
        if each.level == 0.8
    ]
    briefs, inside = sum(each.briefs for each in coverages), sum(each.inside for each in coverages)
    if not briefs:
        return None
    return f"80 % intervals contained {100 * inside / briefs:.0f} % of {briefs} earlier outcomes"


def unknown_sentences(
    at: datetime,
    subject: BriefSubject,
    clocks: Iterable[Clock],
    instruments: Sequence[Instrument],
    *,
    backfilled: int,
    texts_compared: bool,
) -> tuple[str, ...]:
    """Return sentences about what was not known at the instant."""
    sentences = []
    for clock in clocks:
        if clock.closes_at is None:
            sentences.append(f"day 0 on {clock.exchange}: {clock.reason}")
        elif clock.closes_at > at:
            sentences.append(
                f"the close of {clock.day_zero} on {clock.exchange}, the first that can react, at "
                f"{clock.closes_at:%Y-%m-%dT%H:%MZ}, and all windows from then on"
            )
        if clock.holidays_known_until is not None and clock.day_zero and clock.day_zero > clock.holidays_known_until:
            sentences.append(f"holidays on {clock.exchange} after {clock.holidays_known_until}")
    if subject.precision == "day":
        sentences.append("the time of day of the news: only its date is known, so that day's close may precede it")
    if subject.events and not instruments:
        sentences.append(
            "the instruments concerned: the store has no daily bars before then of any named or listed in its countries"
        )
    stale = [
        f"{each.symbol} ({each.market.sessions_missing} sessions)"
        for each in instruments
        if each.market.sessions_missing
    ]
    if stale:
        sentences.append(f"closes missing from the store: {', '.join(stale)}")
    undated = len(set(subject.quotes["symbol"])) - sum(each.market.strip is not None for each in instruments)
    if subject.quotes.height and undated > 0:
        sentences.append(
            f"when {undated} of the strip's quotes were printed: known closes do not date them, or they are of other "
            "instruments"
        )
    if backfilled:
        sentences.append(
            f"the values of {backfilled:,} bars at the instant: they were loaded later, and their first vintage is used"
        )
    if not texts_compared:
        sentences.append(
            "the similarity of headlines: precedents are ranked by their codes alone, since the encoder "
            f"is not installed ({INSTALL})"
        )
    return tuple(sentences)


def _dates(count: int) -> str:
    return f"{count} date{'' if count == 1 else 's'}"


def _benchmark(instrument: Instrument) -> str:
    if instrument.benchmark is None:
        return "its own mean"
    return "the mean of other shares" if instrument.benchmark == EQUAL_WEIGHTED else instrument.benchmark


def _chance(p: float | None) -> str:
    if p is None:
        return "not compared with other sessions"
    if p < 0.05:
        return f"mean significant against other sessions (placebo p {p:.3f}, adjusted)"
    return f"mean within chance (placebo p {p:.2f}, adjusted)"
