"""Make the brief of a headline from the store, as of one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Unpack

import duckdb
import numpy as np
import polars as pl

from correlator.align.day_zero import place_on_exchanges
from correlator.brief.clocks import clock_of
from correlator.brief.market_now import last_traded, market_of, strip_quotes
from correlator.brief.model import Brief, Clock, Confound, Instrument, Market, Outlook, Telling
from correlator.brief.options import BriefOptions, BriefRequest, brief_request
from correlator.brief.others import BEFORE, confounds_on
from correlator.brief.outlook import outlooks_of, precedents_of
from correlator.brief.pool import on_rows
from correlator.brief.series import MOST_MEMBERS, NONE, Measured, Request, measured
from correlator.brief.subject import BriefSubject, country_of, read_subject
from correlator.brief.told import told_before
from correlator.brief.words import unknown_sentences, verdict_of
from correlator.errors import InputError
from correlator.events.learned.encoder import model_folder
from correlator.events.vocabulary.language import CODED, language_of
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED
from correlator.eventstudy.significance.multiple_testing import holm
from correlator.intake.instruments import Names, names_in
from correlator.research.concerned import Concern, Concerned, Subject, concerned_by, exchanges_in
from correlator.research.known import KnownBars, KnownSessions, known_bars, known_sessions, last_trades
from correlator.research.precedents import Likeness, Reach, concerning, like_events, near_events, with_texts
from correlator.store.db import Store
from correlator.store.statements import query

MOST_INSTRUMENTS = 6
MOST_CONFOUNDS = 12


def brief(
    store: Store, source: str | int | Path, *, at: str | datetime | None = None, **options: Unpack[BriefOptions]
) -> Brief:
    """Return the brief of a headline: its event, the instruments concerned, when markets can react, its precedents.

    Only what was known ``at`` the instant is used: bars of closed sessions, public events, precedents with closed
    windows. The same call returns the same brief later.

    Parameters
    ----------
    source
        A headline, the number of a stored article, a file with one page, or the text of a page.
    at
        The instant of the brief: a string with a time zone, or a datetime; default now.
    symbols
        Instruments to use instead of those that the headline concerns.
    windows
        Windows of sessions from day 0 on, both ends included.
    benchmark
        A symbol, ``equal-weighted``, or ``none`` for each instrument's own mean; default: the store's benchmark.
    coder
        ``rules`` or ``full``; with ``full`` and the encoder installed, the similarity of precedents includes that of
        their headlines.
    date_only
        Day 0 of a headline, precedent or confound with only a date: ``after-close`` (the next session) or ``same-day``.
    flagged
        Limit-locked bars and bars without volume: ``mark`` flags precedents with such bars, ``keep`` ignores them,
        ``drop`` leaves out their returns, the returns after them, and every window that contains one.

    Returns
    -------
    Brief
        Print it for a card, or use ``to_json()`` or ``to_html()``; returns are log returns, as fractions.

    Raises
    ------
    InputError, NotFoundError, TimeError
        If it cannot be made as requested; the message names the argument.

    Examples
    --------
    >>> brief(store, "Pakistan and Azerbaijan agree on trade", at="2025-05-28T01:10Z")  # doctest: +SKIP
    """
    parsed = brief_request(at, **options)
    with store.studying() as connection:
        return brief_on(connection, source, parsed)


Shared = dict[tuple[object, ...], tuple[KnownBars, list[Measured]]]
"""Bars and their measurements by everything that determines them, for briefs of one connection."""


def brief_on(
    connection: duckdb.DuckDBPyConnection,
    source: str | int | Path,
    request: BriefRequest,
    *,
    public_by_then: bool = False,
    shared: Shared | None = None,
) -> Brief:
    """Return the brief of ``source`` from an open connection. Raises like ``brief``.

    ``public_by_then``: the news counts as public at the instant even if it states a later time, since its feed had it.
    ``shared``: a cache of measurements for briefs of this connection.
    """
    subject = read_subject(connection, source, request.at, request.coder, public_by_then=public_by_then)
    return _Maker(connection, request, {} if shared is None else shared).make(subject)


class _Maker:
    """Makes one brief: a connection, the options, and values that several steps need."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, request: BriefRequest, shared: Shared) -> None:
        self.connection = connection
        self.request = request
        self.shared = shared
        self.sessions: dict[str, KnownSessions | None] = {}

    def make(self, subject: BriefSubject) -> Brief:
        concern = self._concern(subject)
        exchanges = list(dict.fromkeys(each.exchange for each in concern.instruments))
        clocks = {name: self._clock(name, subject) for name in exchanges or exchanges_in(self.connection)}
        like = self._like(subject, concern)
        made = [
            instrument
            for exchange in exchanges
            for instrument in self._instruments(subject, concern, clocks[exchange], like)
        ]
        order = {each.symbol: place for place, each in enumerate(concern.instruments)}
        made = _adjusted(sorted(made, key=lambda instrument: order[instrument.symbol]))
        made = [replace(each, verdict=verdict_of(each, subject.events, clocks[each.exchange])) for each in made]
        confounds = self._confounds(subject, concern, clocks)
        earlier = told_before(self.connection, subject.story_id, subject.known_at, self.request.at)
        return Brief(
            headline=subject.headline,
            source=subject.kind,
            publisher=subject.publisher,
            url=subject.url,
            article_id=subject.article_id,
            story_id=subject.story_id,
            known_at=subject.known_at,
            precision=subject.precision,
            rule=subject.rule,
            at=self.request.at,
            age_minutes=_age(subject, earlier, self.request.at),
            told_before=earlier,
            events=subject.events,
            no_event=_no_event(subject),
            clocks=tuple(clocks.values()),
            instruments=tuple(made),
            more_instruments=concern.more,
            without_bars=concern.without_bars,
            confounds=tuple(confounds[:MOST_CONFOUNDS]),
            confounds_more=max(len(confounds) - MOST_CONFOUNDS, 0),
            unknown=unknown_sentences(
                self.request.at,
                subject,
                clocks.values(),
                made,
                backfilled=self.backfilled,
                texts_compared=self.request.coder != "full" or model_folder() is not None,
            ),
        )

    backfilled = 0

    def _concern(self, subject: BriefSubject) -> Concern:
        countries: dict[str, str] = {}
        for event in subject.events[:1]:
            for part in ("source", "target"):
                if country := country_of(event[part]):
                    countries.setdefault(country, part)
        printed = tuple(dict.fromkeys(subject.quotes["symbol"])) if subject.quotes.height else ()
        looked = Subject(subject.headline, subject.body, printed, countries)
        return concerned_by(
            self.connection, looked, self.request.at, symbols=self.request.symbols, most=MOST_INSTRUMENTS
        )

    def _sessions(self, exchange: str) -> KnownSessions | None:
        if exchange not in self.sessions:
            self.sessions[exchange] = known_sessions(exchange, self.request.at)
        return self.sessions[exchange]

    def _clock(self, exchange: str, subject: BriefSubject) -> Clock:
        return clock_of(
            exchange,
            subject.known_at,
            subject.precision,
            self.request.at,
            sessions=self._sessions(exchange),
            date_only=self.request.date_only,
        )

    def _reach(self, subject: BriefSubject, concern: Concern, since: datetime) -> Reach:
        countries = dict.fromkeys(each.country for each in concern.instruments if each.country)
        return Reach(
            tuple(each.symbol for each in concern.instruments),
            tuple(countries),
            since,
            self.request.at,
            subject.article_id,
            subject.story_id,
        )

    def _like(self, subject: BriefSubject, concern: Concern) -> pl.DataFrame:
        """Return earlier events similar to the headline's with their similarity; empty without an event."""
        if not subject.events or not concern.instruments:
            return pl.DataFrame()
        event = subject.events[0]
        starts = [known.labels[0] for each in concern.instruments if (known := self._sessions(each.exchange))]
        first = min(starts, default=self.request.at.date())
        likeness = Likeness(
            event["category"], event["quad"], event["goldstein"], country_of(event["source"]),
            country_of(event["target"]), event["dyad"], event["scope"],
        )  # fmt: skip
        since = datetime(first.year, first.month, first.day, tzinfo=UTC)
        like = like_events(self.connection, likeness, self._reach(subject, concern, since))
        return with_texts(like, subject.headline) if self.request.coder == "full" else like

    def _instruments(
        self, subject: BriefSubject, concern: Concern, clock: Clock, like: pl.DataFrame
    ) -> list[Instrument]:
        """Return the instruments of one exchange."""
        sessions = self._sessions(clock.exchange)
        chosen = [each for each in concern.instruments if each.exchange == clock.exchange]
        if sessions is None:
            return []
        bars, measurements = self._measured(chosen, sessions)
        self.backfilled += bars.backfilled
        strip = strip_quotes(self.connection, subject, sessions, self.request.at)
        placed = self._placed(like, chosen, clock.exchange)
        lasts = {numbers.symbol: last_traded(numbers) for numbers in measurements}
        since = {name: sessions.opens[0] if last is None else sessions.closes[last] for name, last in lasts.items()}
        trades = last_trades(self.connection, since, self.request.at)
        made = []
        for each, numbers in zip(chosen, measurements, strict=True):
            market = market_of(numbers, bars, strip.get(each.symbol), trades.get(each.symbol))
            own = placed.filter(pl.col("concerned") == each.symbol) if placed.height else placed
            made.append(self._instrument(each, numbers, market, (subject, clock, sessions, own)))
        return made

    def _measured(self, chosen: Sequence[Concerned], sessions: KnownSessions) -> tuple[KnownBars, list[Measured]]:
        """Return the bars for instruments of one exchange, and each instrument's outcomes."""
        request = self.request
        requests, names = requests_of(self.connection, chosen, sessions.exchange, request.benchmark)
        key = (sessions.exchange, *requests, request.at, request.windows, request.flagged)
        if key not in self.shared:
            bars = known_bars(self.connection, names, sessions, request.at)
            self.shared[key] = bars, measured(bars, requests, request.windows, flagged=request.flagged)
        return self.shared[key]

    def _placed(self, like: pl.DataFrame, chosen: Sequence[Concerned], exchange: str) -> pl.DataFrame:
        """Return similar events with ``concerned`` (a symbol) and ``day_zero``, the most similar first."""
        if like.is_empty():
            return like
        pairs = concerning(self.connection, like, [(each.symbol, each.country) for each in chosen])
        placed = place_on_exchanges(like, [exchange], date_only=self.request.date_only).filter(
            pl.col("day_zero").is_not_null()
        )
        return placed.join(pairs.rename({"symbol": "concerned"}), on="event_id", maintain_order="left")

    def _instrument(
        self,
        each: Concerned,
        numbers: Measured,
        market: Market,
        context: tuple[BriefSubject, Clock, KnownSessions, pl.DataFrame],
    ) -> Instrument:
        subject, clock, sessions, own = context
        events = on_rows(own, sessions, without=clock.day_zero) if own.height else own
        row = _row_of(sessions, clock)
        outlooks: list[Outlook] = []
        if subject.events and row is not None and np.isfinite(numbers.outcomes.scale[row, 0]).all():
            outlooks = outlooks_of(subject, numbers, sessions, events, row=row, windows=self.request.windows)
        honest = bool(outlooks) and outlooks[0].estimate is not None
        precedents = precedents_of(events, numbers, sessions, self.request.windows)
        return Instrument(
            each.symbol,
            each.exchange,
            each.name,
            each.kind,
            each.currency,
            each.why,
            numbers.benchmark,
            numbers.reason,
            market,
            honest,
            "",
            int(np.isfinite(numbers.outcomes.z[:, 0, 0]).sum()),
            events.height,
            tuple(outlooks),
            tuple(precedents),
        )

    def _confounds(self, subject: BriefSubject, concern: Concern, clocks: dict[str, Clock]) -> list[Confound]:
        """Return other stories with day 0 from the session before the headline's to the end of the longest window."""
        if not concern.instruments:
            return []
        since = min(self.request.at, subject.known_at) - timedelta(days=21)
        near = near_events(self.connection, self._reach(subject, concern, since))
        longest = max(window.last for window in self.request.windows)
        confounds: dict[int, Confound] = {}
        for exchange, clock in clocks.items():
            sessions = self._sessions(exchange)
            chosen = [each for each in concern.instruments if each.exchange == exchange]
            row = _row_of(sessions, clock) if sessions is not None and chosen else None
            if sessions is not None and row is not None:
                span = sessions.labels[max(row - BEFORE, 0) : row + longest + 1].to_list()
                placed = place_on_exchanges(near, [clock.exchange], date_only=self.request.date_only)
                confounds = confounds_on(self.connection, placed, chosen, span, headline=subject.headline) | confounds
        return sorted(confounds.values(), key=lambda each: (each.known_at, each.event_id), reverse=True)


def requested_benchmark(names: Names, requested: str | None) -> str | None:
    """Return the store's symbol of a requested benchmark. Raises InputError if the store has no such symbol."""
    if requested in (None, NONE, EQUAL_WEIGHTED):
        return requested
    known = names.symbol_of(requested)
    if known is None:
        raise InputError(f"benchmark {requested!r} is not in the store", hint="add its prices", argument="benchmark")
    return known


def requests_of(
    connection: duckdb.DuckDBPyConnection, chosen: Sequence[Concerned], exchange: str, requested: str | None
) -> tuple[list[Request], list[str]]:
    """Return the symbols with the candidates for their benchmark, and all symbols whose bars are needed."""
    names = names_in(connection)
    requested = requested_benchmark(names, requested)
    shares = query(
        connection,
        "SELECT symbol FROM instruments WHERE exchange = $exchange AND coalesce(kind, 'share') = 'share'"
        " ORDER BY symbol LIMIT $most",
        {"exchange": exchange, "most": MOST_MEMBERS + 1},
    )["symbol"].to_list()
    members = tuple(shares) if len(shares) <= MOST_MEMBERS or requested == EQUAL_WEIGHTED else ()
    requests = [
        Request(
            each.symbol,
            each.kind,
            each.benchmark and (names.symbol_of(each.benchmark) or each.benchmark),
            members,
            requested,
        )
        for each in chosen
    ]
    named = [each.named for each in requests if each.named]
    fixed = [requested] if requested not in (None, NONE, EQUAL_WEIGHTED) else []
    return requests, list(dict.fromkeys([*(each.symbol for each in chosen), *named, *fixed, *members]))


def _adjusted(instruments: list[Instrument]) -> list[Instrument]:
    """Adjust the p-values of all windows of the instruments for multiple testing (Holm 1979)."""
    raw = [o.placebo_p for each in instruments for o in each.outlooks if o.placebo_p is not None]
    adjusted = iter(holm(raw).tolist()) if raw else iter(())
    return [
        replace(
            each,
            outlooks=tuple(
                o if o.placebo_p is None else replace(o, placebo_p_adjusted=next(adjusted)) for o in each.outlooks
            ),
        )
        for each in instruments
    ]


def _age(subject: BriefSubject, earlier: Telling | None, at: datetime) -> int | None:
    """Return the minutes since the first telling; None if it has no time."""
    first = subject if earlier is None else earlier
    if subject.kind == "headline" or first.precision == "day":
        return None
    return int((at - first.known_at).total_seconds() // 60)


def _no_event(subject: BriefSubject) -> str | None:
    """Return why the headline has no event, or None if it has one."""
    if subject.events:
        return None
    language = language_of(subject.headline)
    if language != CODED:
        return f"the language of the headline is not supported ({language})"
    return "no event in the headline: it does not say who did what to whom"


def _row_of(sessions: KnownSessions, clock: Clock) -> int | None:
    """Return the row of day 0 among the sessions; None without day 0 or if it is beyond the last of them."""
    if clock.day_zero is None:
        return None
    row = int(sessions.labels.search_sorted(clock.day_zero))
    inside = row < len(sessions.labels) and sessions.labels[row] == clock.day_zero
    return row if inside else None
