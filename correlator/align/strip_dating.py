"""Date the undated strip of a page: its symbols vote for a session by their official closes.

A quote prints price and change, so its previous close is known; the session with that official close is the one before
the session of the quote. A symbol votes for a session if its previous close matches and, if the range of the session is
known, its price lies in it; every symbol with bars votes. The numbers decide, and the date of the page only breaks a
tie; if no session or several sessions match, the session is NULL with a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import listed
from correlator.news.strips.strip import is_index

SCHEMA: dict[str, pl.DataType] = {
    "article_id": pl.Int64(),
    "position": pl.Int32(),
    "session": pl.Date(),
    "session_reason": pl.String(),
    "votes_for": pl.Int32(),
    "votes_against": pl.Int32(),
    "official_close": pl.Float64(),
}
NEAR = 0.02  # fraction of the official close within which a printed price supports a session, in a tie
HINT_SLACK = 10  # days that a strip may be older than its page (observed: one session; holidays in between)
_WHOLE = 0.5501  # indices print their level as a whole number and its change to one decimal
_CENT = 0.0051
_FIGURES = ("close", "low", "high")

Grid = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class _Quote:
    position: int
    symbol: str
    price: float
    change: float
    previous: float
    is_index: bool

    @property
    def tolerance(self) -> float:
        """Half a unit of the printed digits."""
        return _WHOLE if self.is_index and self.price == round(self.price) else _CENT


@dataclass(frozen=True)
class _Official:
    """Closes and ranges (S, T) of S symbols on T sessions, NaN where unknown."""

    rows: Mapping[str, int]
    sessions: list[date]
    close: Grid
    low: Grid
    high: Grid

    def row(self, symbol: str) -> int | None:
        return self.rows.get(symbol)


@dataclass(frozen=True)
class _Ballot:
    """The votes of V voters on each of T sessions as the one *before* that of the quote, each (V, T).

    ``known``: their close of the session is loaded; ``match``: it equals their previous close; ``traded``: their price
    lies in the range of the next session, or that is unknown; ``near``: it is near the close of the next session, or
    there is none.
    """

    voters: Sequence[_Quote]
    known: Rows
    match: Rows
    traded: Rows
    near: Rows

    @property
    def agree(self) -> Rows:
        return self.match & self.traded


@dataclass(frozen=True)
class _Verdict:
    session: date | None
    reason: str
    votes_for: int
    votes_against: int


def date_strip(quotes: pl.DataFrame, closes: pl.DataFrame, *, sessions: Sequence[date] = ()) -> pl.DataFrame:
    """Return the session of each quote, strip by strip.

    ``quotes``: article_id, position, symbol, price, change, previous_close, line (one strip per article_id; an optional
    column ``hint`` holds the date of the page). ``closes``: symbol, session, close, the official daily closes, and
    optionally low and high; ``sessions``: further sessions of the exchange, so that a hole in the bars does not skip a
    session. Returns one row per quote with the columns of ``SCHEMA``; ``official_close`` is that of the session.
    """
    official = _official(closes, sessions, quotes["symbol"].unique().to_list())
    rows: list[tuple[object, ...]] = []
    for (article,), strip in quotes.sort("article_id", "position").group_by("article_id", maintain_order=True):
        columns = ("position", "symbol", "price", "change", "previous_close", "line")
        listed = [
            _Quote(position, symbol, price, change, previous, is_index(symbol, line))
            for position, symbol, price, change, previous, line in strip.select(columns).rows()
        ]
        hint = strip["hint"][0] if "hint" in strip.columns else None
        for quote, verdict in zip(listed, _judge(listed, official, hint), strict=True):
            close = _close_of(official, quote.symbol, verdict.session)
            dated = (verdict.session, verdict.reason, verdict.votes_for, verdict.votes_against, close)
            rows.append((article, quote.position, *dated))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _official(closes: pl.DataFrame, sessions: Sequence[date], symbols: Sequence[str]) -> _Official:
    official = closes.filter(pl.col("symbol").is_in(symbols) & pl.col("close").is_not_null())
    listed = sorted({*sessions, *official["session"].to_list()})
    rows = {symbol: row for row, symbol in enumerate(official["symbol"].unique(maintain_order=True))}
    grids = {name: np.full((len(rows), len(listed)), np.nan) for name in _FIGURES}
    if rows:
        at = official["symbol"].replace_strict(rows, return_dtype=pl.Int64).to_numpy()
        when = pl.Series(listed, dtype=pl.Date).search_sorted(official["session"]).to_numpy()
        for name in _FIGURES:
            if name in official.columns:
                grids[name][at, when] = official[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return _Official(rows, listed, **grids)


def _close_of(official: _Official, symbol: str, session: date | None) -> float | None:
    row = official.row(symbol)
    if row is None or session is None:
        return None
    close = float(official.close[row, official.sessions.index(session)])
    return None if np.isnan(close) else close


def _judge(strip: Sequence[_Quote], official: _Official, hint: date | None) -> list[_Verdict]:
    known = [quote for quote in strip if official.row(quote.symbol) is not None]
    if not known:
        return [_Verdict(None, "no official closes of any symbol on the strip are loaded", 0, 0)] * len(strip)
    if _is_reset(strip):
        return _judge_reset(strip, known, official, hint)
    return [_vote(known, official, hint)] * len(strip)


def _is_reset(strip: Sequence[_Quote]) -> bool:
    """Whether the strip shows a pre-open reset: shares print No Change while indices still show their last change."""
    shares = [quote for quote in strip if not quote.is_index]
    moved = any(quote.change != 0 for quote in strip if quote.is_index)
    return (len(shares) >= 2 or (moved and len(shares) == 1)) and all(quote.change == 0 for quote in shares)


def _judge_reset(
    strip: Sequence[_Quote], known: Sequence[_Quote], official: _Official, hint: date | None
) -> list[_Verdict]:
    """Date a reset strip: indices by vote; shares show no return, so they have no session."""
    indices = [quote for quote in known if quote.is_index]
    note = "pre-open reset: all shares print No Change, so a share's quote is not a return"
    if indices:
        verdict = _vote(indices, official, hint)
    else:
        verdict = _Verdict(None, "no official closes of an index on the strip are loaded", 0, 0)
    where = f"; the indices are of {verdict.session}" if verdict.session else ""
    share = _Verdict(None, note + where, verdict.votes_for, verdict.votes_against)
    index = _Verdict(
        verdict.session, f"{verdict.reason}; pre-open reset of the shares", verdict.votes_for, verdict.votes_against
    )
    return [index if quote.is_index else share for quote in strip]


def _vote(voters: Sequence[_Quote], official: _Official, hint: date | None) -> _Verdict:
    """Return the session after the one with most votes."""
    ballot = _ballot(voters, official)
    votes = ballot.agree.sum(axis=0)
    best = int(votes.max())
    if best == 0:
        return _Verdict(None, _no_match_reason(ballot, official), 0, len(voters))
    candidates = np.flatnonzero(votes == best)
    against = ballot.known.sum(axis=0) - votes
    matched, tie_reason = _break_tie(candidates, ballot, official, hint)
    if matched is None:
        return _Verdict(None, tie_reason, best, int(against[candidates].min()))
    disagree = int(against[matched])
    match = _describe(ballot, official, matched)
    if disagree >= best:
        reason = f"{match}, but as many symbols disagree ({best} for, {disagree} against)"
        return _Verdict(None, reason, best, disagree)
    session = _after(official, matched)
    if session is None:
        return _Verdict(None, f"{match}; the next session is after the last bar loaded", best, disagree)
    later_page = f"; the page of {hint} is later than that" if hint and (hint - session).days > HINT_SLACK else ""
    single = "; one share alone says so, without a second witness" if _is_single_vote(voters, session, hint) else ""
    return _Verdict(session, f"{match}; next session {session}{tie_reason}{later_page}{single}", best, disagree)


def _is_single_vote(voters: Sequence[_Quote], session: date, hint: date | None) -> bool:
    """Whether one share decides: no other symbol votes, and the page's date is not near. 2 to 3 % are wrong."""
    return len(voters) == 1 and not voters[0].is_index and not (hint and _may_show(session, hint))


def _ballot(voters: Sequence[_Quote], official: _Official) -> _Ballot:
    rows = [official.rows[quote.symbol] for quote in voters]
    previous, price, slack = (
        np.array([[value] for value in values])
        for values in zip(*((quote.previous, quote.price, quote.tolerance) for quote in voters), strict=True)
    )
    close, low, high = (grid[rows] for grid in (official.close, official.low, official.high))
    with np.errstate(invalid="ignore"):
        match = np.abs(close - previous) <= slack
        lowest, highest = np.fmin(low, close) - slack, np.fmax(high, close) + slack
        outside = (high > low) & ((price < lowest) | (price > highest))
        far = np.abs(price - close) > NEAR * close
    return _Ballot(voters, ~np.isnan(close), match, ~_shifted(outside), ~_shifted(far))


def _shifted(marks: Rows) -> Rows:
    """Return the marks of each session's successor; False for the last."""
    return np.concatenate([marks[:, 1:], np.zeros((len(marks), 1), dtype=bool)], axis=1)


def _after(official: _Official, place: int) -> date | None:
    return official.sessions[place + 1] if place + 1 < len(official.sessions) else None


def _break_tie(
    candidates: NDArray[np.int64], ballot: _Ballot, official: _Official, hint: date | None
) -> tuple[int | None, str]:
    """Choose one of several matching sessions, and return it with what decided; None with a reason if nothing does."""
    if len(candidates) == 1:
        return int(candidates[0]), ""
    near = candidates[ballot.near[:, candidates].all(axis=0)]
    if len(near) == 1:
        return int(near[0]), f" (of {len(candidates)} that match, the only one that closed near the printed price)"
    remaining = near if len(near) else candidates
    following = [(place, _after(official, int(place))) for place in remaining]
    dated = [(abs((day - hint).days), int(place)) for place, day in following if day and hint and _may_show(day, hint)]
    if dated:
        return min(dated)[1], f" (of {len(candidates)} that match, the nearest to the page's date {hint})"
    sessions = listed((official.sessions[row] for row in remaining), 4)
    return None, f"ambiguous: previous closes match those of {len(remaining)} sessions ({sessions})"


def _may_show(session: date, hint: date) -> bool:
    return abs((session - hint).days) <= HINT_SLACK


def _describe(ballot: _Ballot, official: _Official, matched: int) -> str:
    quote = ballot.voters[int(np.argmax(ballot.agree[:, matched]))]
    return f"previous close {_printed(quote)} is the official close of {official.sessions[matched]} ({quote.symbol})"


def _no_match_reason(ballot: _Ballot, official: _Official) -> str:
    """Return why no session has a vote: no close matches, or the price was not traded after the one that does."""
    places = np.flatnonzero(ballot.match.any(axis=0))
    if len(places) == 0:
        closes = listed((f"{quote.symbol} {quote.previous:.2f}" for quote in ballot.voters), 3)
        return f"nothing matches: no loaded session closed at the previous close of {closes}"
    matched = int(places[-1])
    quote = ballot.voters[int(np.argmax(ballot.match[:, matched]))]
    close = f"{quote.symbol} closed at {_printed(quote)} on {official.sessions[matched]}"
    return f"nothing matches: {close}, but did not trade at {quote.price:,.2f} on {_after(official, matched)}"


def _printed(quote: _Quote) -> str:
    return f"{quote.previous:,.2f}" if quote.is_index else f"{quote.previous:.2f}"
