"""The texts that card and page show of a brief, independent of their layout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from correlator.brief.model import Brief, Clock, Instrument, Interval, Outlook, Telling
from correlator.brief.words import per_cent, record_sentence
from correlator.errors import counted

LISTED = 8
"""Most precedents shown; JSON has all of them."""


@dataclass(frozen=True)
class Rows:
    """A table: ``title``, names of ``columns``, ``rows`` of strings, and a ``note`` below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Face:
    """The texts of a brief: ``lines`` about the news, ``answers`` (day 0 per exchange), ``tables`` and the rest."""

    headline: str
    lines: tuple[str, ...]
    answers: tuple[str, ...]
    verdicts: tuple[tuple[str, str], ...]
    tables: tuple[Rows, ...]
    unknown: tuple[str, ...]
    record: str


def face_of(brief: Brief) -> Face:
    """Return the texts of ``brief``."""
    tables = [_instruments(brief), _outlooks(brief), _precedents(brief), _confounds(brief)]
    record = record_sentence(brief.instruments)
    return Face(
        brief.headline,
        (_source(brief), *_told(brief), *_events(brief)),
        tuple(_answer(clock) for clock in brief.clocks),
        tuple((each.symbol, each.verdict) for each in brief.instruments),
        tuple(table for table in tables if table is not None),
        brief.unknown,
        f"Record: {record}." if record else "Record: no earlier forecast of this kind has an outcome yet.",
    )


def _source(brief: Brief) -> str:
    parts = [brief.publisher, None if brief.source == "headline" else f"public {_public(brief, brief.at)}"]
    return " · ".join([*(part for part in parts if part), f"as of {_instant(brief.at)}"])


def _told(brief: Brief) -> list[str]:
    earlier = brief.told_before
    if earlier is None:
        return []
    by = "first published" if earlier.article_id == brief.article_id else f"told before by {earlier.publisher}"
    return [f"{by} {_public(earlier, brief.at)}, article {earlier.article_id}"]


def _public(news: Brief | Telling, at: datetime) -> str:
    """Return since when news is public, and how long before ``at`` that is."""
    if news.precision == "day":
        return f"{news.known_at:%Y-%m-%d} (day)"
    return (
        f"{_instant(news.known_at)} ({news.precision}), {age_of(int((at - news.known_at).total_seconds() // 60))} ago"
    )


def age_of(minutes: int) -> str:
    """Return a number of minutes as days, hours and minutes."""
    hours, rest = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest or not minutes else ""]
    return " ".join(part for part in parts if part)


def _events(brief: Brief) -> list[str]:
    if brief.no_event is not None:
        return [f"No event: {brief.no_event}."]
    lines = []
    for event in brief.events:
        who = " → ".join(event[part] for part in ("source", "target") if event[part])
        goldstein = "" if event["goldstein"] is None else f", Goldstein {event['goldstein']:+.1f}"
        sure = "" if event["confidence"] is None else f", confidence {event['confidence']:.2f}"
        lines.append(
            f"{event['category']} ({event['quad'].replace('-', ' ')}{goldstein}){': ' if who else ''}{who}{sure}"
        )
        if event["evidence"]:
            spans = dict.fromkeys(f"{item['field']} “{item['span']}”" for item in event["evidence"])
            lines.append(f"evidence: {', '.join(spans)}")
    return lines


def _answer(clock: Clock) -> str:
    if clock.day_zero is None or clock.minutes_to_close is None:
        return f"{clock.exchange}: no day 0 ({clock.reason})"
    where = f"{clock.exchange}: day 0 is {clock.day_zero:%a %d %b %Y} ({clock.reason})"
    until = f"it closes {clock.closes_local} {clock.zone}, {_span(clock.minutes_to_close)}"
    if clock.minutes_to_close < 0:
        until = f"it closed {clock.closes_local} {clock.zone}"
    holidays = ", ".join(f"{each.day:%a %d %b}" for each in clock.holidays)
    return f"{where}; {until}" + (f"; holidays ahead: {holidays}" if holidays else "")


def _span(minutes: int) -> str:
    return f"in {counted(minutes, 'minute')}" if minutes < 60 else f"in {age_of(minutes)}"


def _instruments(brief: Brief) -> Rows | None:
    rows = []
    for each in brief.instruments:
        market = each.market
        if market.last_close is None or market.last_session is None:
            rows.append((each.symbol, _why(each), "no known daily close", _since(each), ""))
            continue
        move = "" if market.last_return is None else f" ({per_cent(market.last_return)})"
        locked = ", at its limit" if market.limit_locked else ""
        year = "" if market.last_session.year == brief.at.year else f" {market.last_session.year}"
        last = f"{market.last_close:,.2f} on {market.last_session:%d %b}{year}{move}{locked}"
        regime = "" if market.regime is None or market.volatility is None else _regime(market.volatility, market.regime)
        rows.append((each.symbol, _why(each), last, _since(each), regime))
    notes = []
    if brief.more_instruments:
        notes.append(f"{brief.more_instruments:,} more instruments are listed in the event's countries")
    if brief.without_bars:
        notes.append(f"named, but no prices are stored: {', '.join(brief.without_bars)}")
    columns = ("symbol", "why", "last close", "since", "volatility")
    if not rows and not notes:
        return None
    return Rows("Instruments concerned", columns, tuple(rows), "; ".join(notes))


def _why(instrument: Instrument) -> str:
    return "; ".join(dict.fromkeys(f"{kind}: {evidence}" for kind, evidence in instrument.why))


def _since(instrument: Instrument) -> str:
    market = instrument.market
    if market.later is not None:
        move = "" if market.later.since_close is None else f" ({per_cent(market.later.since_close)})"
        return f"{market.later.price:,.2f}{move}, {market.later.of}"
    if market.strip is not None and market.strip.session is not None:
        return f"strip: {market.strip.price:,.2f} on {market.strip.session:%d %b}"
    return "no later price"


def _regime(volatility: float, regime: float) -> str:
    word = "low" if regime < 0.85 else "normal" if regime < 1.2 else "elevated" if regime < 1.6 else "high"
    return f"{100 * volatility:.1f} % per session, {word}"


def _outlooks(brief: Brief) -> Rows | None:
    rows: list[tuple[str, ...]] = []
    for each in brief.instruments:
        for outlook in each.outlooks:
            outcome = "" if outlook.came is None else per_cent(outlook.came)
            rows.append((
                each.symbol, outlook.window, str(outlook.dates), _estimate(outlook), _between(outlook.intervals),
                _between(outlook.ordinary), _p(outlook), outcome,
            ))  # fmt: skip
    if not rows:
        return None
    columns: tuple[str, ...] = (
        "symbol", "window", "dates", "estimate", "80 % interval", "80 % ordinary", "p", "outcome",
    )  # fmt: skip
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    note = (
        "Abnormal returns in per cent; windows in sessions from day 0. Estimate: shrunk towards ordinary sessions; "
        "a dash if there are too few precedents. p: placebo, adjusted for all rows."
    )
    return Rows("What happened after similar events", columns, tuple(rows), note)


def _estimate(outlook: Outlook) -> str:
    return "–" if outlook.estimate is None else per_cent(outlook.estimate)


def _p(outlook: Outlook) -> str:
    return "" if outlook.placebo_p_adjusted is None else f"{outlook.placebo_p_adjusted:.3f}"


def _between(intervals: tuple[Interval, ...]) -> str:
    for each in intervals:
        if each.level == 0.8:
            return f"{per_cent(each.low)} to {per_cent(each.high)}"
    return "–"


def _precedents(brief: Brief) -> Rows | None:
    """Return the precedents of the first instrument with an estimate, else of the first with any."""
    candidates = [each for each in brief.instruments if each.precedents]
    if not candidates:
        return None
    chosen = next((each for each in candidates if each.honest), candidates[0])
    windows = [outlook.window for outlook in chosen.outlooks] or list(chosen.precedents[0].cars)
    rows = [
        (
            f"{each.similarity:.2f}",
            each.session.isoformat(),
            each.category,
            each.dyad or "",
            each.headline or f"event {each.event_id}",
            *("–" if (car := each.cars[window]) is None else per_cent(car) for window in windows),
        )
        for each in chosen.precedents[:LISTED]
    ]
    more = len(chosen.precedents) - len(rows)
    flags = sorted({flag for each in chosen.precedents for flag in each.flagged})
    flagged = sum(bool(each.flagged) for each in chosen.precedents)
    warning = f"{flagged} with {' or '.join(flags)} bars in their windows" if flagged else ""
    notes = [f"and {more} more" if more else "", warning]
    columns = ("similarity", "day 0", "category", "dyad", "headline", *windows)
    title = f"Precedents of {chosen.symbol}"
    return Rows(title, columns, tuple(rows), "; ".join(note for note in notes if note))


def _confounds(brief: Brief) -> Rows | None:
    if not brief.confounds:
        return None
    rows = tuple(
        (each.session.isoformat() if each.session else "", each.category, ", ".join(each.symbols), each.headline or "")
        for each in brief.confounds
    )
    note = f"and {brief.confounds_more} more" if brief.confounds_more else ""
    return Rows("Other stories in the window", ("day 0", "category", "symbols", "headline"), rows, note)


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
