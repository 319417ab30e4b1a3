"""To which session the undated strip of a page belongs: a vote of its symbols against official closes.

A quote prints price and change, so its previous close is known; the session whose official close that was is the one
before the quote's. Every symbol with bars votes; figures decide, dates only break a tie, and where nothing or more than
one session matches, the session is NULL with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

SCHEMA: dict[str, pl.DataType] = {
    "article_id": pl.Int64(),
    "position": pl.Int32(),
    "session": pl.Date(),
    "session_reason": pl.String(),
    "votes_for": pl.Int32(),
    "votes_against": pl.Int32(),
    "official_close": pl.Float64(),
}
NEAR = 0.02  # share of the official close within which a printed price speaks for a session, in a tie
HINT_SLACK = 10  # days that a strip may be older than its page (seen: one session; holidays in between)


@dataclass(frozen=True)
class _Quote:
    position: int
    symbol: str
    price: float
    change: float
    previous: float

    @property
    def is_index(self) -> bool:
        """Indices print their level as a whole number of at least 1,000."""
        return self.price >= 1000 and self.price == round(self.price)

    def tolerance(self) -> float:
        """Half a unit of the printed digits: 0.005 for shares, for indices that of level and change together."""
        return 0.0051 if not self.is_index else 0.5501


@dataclass(frozen=True)
class _Closes:
    """Official closes by symbol and session, and the sessions in order."""

    by_symbol: Mapping[str, Mapping[date, float]]
    sessions: Sequence[date]

    def after(self, session: date) -> date | None:
        place = self.sessions.index(session) + 1
        return self.sessions[place] if place < len(self.sessions) else None


@dataclass(frozen=True)
class _Verdict:
    session: date | None
    reason: str
    votes_for: int
    votes_against: int


def date_strip(quotes: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """The session of each quote, strip by strip.

    ``quotes``: article_id, position, symbol, price, change, previous_close (one strip per article_id; an optional
    column ``hint`` holds the page's date, used in a tie only). ``closes``: symbol, session, close, the official daily
    closes. Returns one row per quote with the columns of ``SCHEMA``; ``official_close`` is that of the session.
    """
    rows: list[tuple[object, ...]] = []
    for (article,), strip in quotes.sort("article_id", "position").group_by("article_id", maintain_order=True):
        listed = [
            _Quote(*row) for row in strip.select("position", "symbol", "price", "change", "previous_close").rows()
        ]
        hint = strip["hint"][0] if "hint" in strip.columns else None
        table = _closes_of(listed, closes)
        for quote, verdict in zip(listed, _judge(listed, table, hint), strict=True):
            close = table.by_symbol.get(quote.symbol, {}).get(verdict.session) if verdict.session else None
            rows.append(
                (
                    article,
                    quote.position,
                    verdict.session,
                    verdict.reason,
                    verdict.votes_for,
                    verdict.votes_against,
                    close,
                )
            )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _closes_of(strip: Sequence[_Quote], closes: pl.DataFrame) -> _Closes:
    wanted = closes.filter(pl.col("symbol").is_in([q.symbol for q in strip]) & pl.col("close").is_not_null())
    by_symbol: dict[str, dict[date, float]] = {}
    for symbol, session, close in wanted.select("symbol", "session", "close").iter_rows():
        by_symbol.setdefault(symbol, {})[session] = close
    return _Closes(by_symbol, sorted({session for table in by_symbol.values() for session in table}))


def _judge(strip: Sequence[_Quote], closes: _Closes, hint: date | None) -> list[_Verdict]:
    known = [quote for quote in strip if quote.symbol in closes.by_symbol]
    if not known:
        return [_Verdict(None, "no official closes of any symbol on the strip are loaded", 0, 0)] * len(strip)
    if _is_reset(strip):
        return _judge_reset(strip, known, closes, hint)
    return [_vote(known, closes, hint)] * len(strip)


def _is_reset(strip: Sequence[_Quote]) -> bool:
    """Before the opening, shares are reset to No Change while indices still show the last session's change."""
    shares = [quote for quote in strip if not quote.is_index]
    moved = any(quote.change != 0 for quote in strip if quote.is_index)
    return len(shares) >= 2 and moved and all(quote.change == 0 for quote in shares)


def _judge_reset(
    strip: Sequence[_Quote], known: Sequence[_Quote], closes: _Closes, hint: date | None
) -> list[_Verdict]:
    """Indices are dated by vote; shares carry no return, so they have no session, only the close they repeat."""
    indices = [quote for quote in known if quote.is_index]
    note = "pre-open reset: shares print No Change while indices moved, so a share's quote is no return"
    if indices:
        verdict = _vote(indices, closes, hint)
    else:
        verdict = _Verdict(None, "no official closes of an index on the strip are loaded", 0, 0)
    where = f"; the indices are of {verdict.session}" if verdict.session else ""
    share = _Verdict(None, note + where, verdict.votes_for, verdict.votes_against)
    index = _Verdict(
        verdict.session, f"{verdict.reason}; pre-open reset of the shares", verdict.votes_for, verdict.votes_against
    )
    return [index if quote.is_index else share for quote in strip]


def _vote(voters: Sequence[_Quote], closes: _Closes, hint: date | None) -> _Verdict:
    """The session after the one whose official closes most of the strip's previous closes are."""
    tally = {previous: _count(voters, closes, previous) for previous in closes.sessions}
    best = max(votes for votes, _ in tally.values())
    if best == 0:
        return _Verdict(None, _nothing_matches(voters), 0, len(voters))
    candidates = [session for session, (votes, _) in tally.items() if votes == best]
    matched, why = _break_tie(candidates, voters, closes, hint)
    if matched is None:
        return _Verdict(None, why, best, min(tally[session][1] for session in candidates))
    against = tally[matched][1]
    match = _describe(voters, closes, matched)
    if against >= best:
        return _Verdict(None, f"{match}, but as many symbols disagree ({best} for, {against} against)", best, against)
    session = closes.after(matched)
    if session is None:
        return _Verdict(None, f"{match}; the next session is after the last bar loaded", best, against)
    return _Verdict(session, f"{match}; next session {session}{why}", best, against)


def _count(voters: Sequence[_Quote], closes: _Closes, previous: date) -> tuple[int, int]:
    """Votes for and against: symbols whose previous close is, or is not, their official close of that session."""
    pairs = [(quote, closes.by_symbol[quote.symbol].get(previous)) for quote in voters]
    agree = [abs(close - quote.previous) <= quote.tolerance() for quote, close in pairs if close is not None]
    return sum(agree), len(agree) - sum(agree)


def _break_tie(
    candidates: Sequence[date], voters: Sequence[_Quote], closes: _Closes, hint: date | None
) -> tuple[date | None, str]:
    """One of several sessions that match, and what decided; None with the reason where nothing does."""
    if len(candidates) == 1:
        return candidates[0], ""
    near = [session for session in candidates if _price_is_near(voters, closes, session)]
    if len(near) == 1:
        return near[0], f" (of {len(candidates)} sessions that match, the only one that closed near the printed price)"
    left = near or list(candidates)
    following = [(session, closes.after(session)) for session in left]
    dated = [(abs((day - hint).days), session) for session, day in following if day and hint and _may_show(day, hint)]
    if dated:
        return min(dated)[1], f" (of {len(candidates)} sessions that match, the nearest to the page's date {hint})"
    listed = ", ".join(str(session) for session in left[:4]) + (" ..." if len(left) > 4 else "")
    return None, f"ambiguous: previous closes match those of {len(left)} sessions ({listed})"


def _may_show(session: date, hint: date) -> bool:
    return abs((session - hint).days) <= HINT_SLACK


def _price_is_near(voters: Sequence[_Quote], closes: _Closes, matched: date) -> bool:
    session = closes.after(matched)
    if session is None:
        return False
    pairs = [(quote.price, closes.by_symbol[quote.symbol].get(session)) for quote in voters]
    return all(close is None or abs(price - close) <= NEAR * close for price, close in pairs)


def _describe(voters: Sequence[_Quote], closes: _Closes, matched: date) -> str:
    for quote in voters:
        close = closes.by_symbol[quote.symbol].get(matched)
        if close is not None and abs(close - quote.previous) <= quote.tolerance():
            figure = f"{quote.previous:,.2f}" if quote.is_index else f"{quote.previous:.2f}"
            return f"previous close {figure} is the official close of {matched} ({quote.symbol})"
    return f"previous closes are those of {matched}"


def _nothing_matches(voters: Sequence[_Quote]) -> str:
    listed = ", ".join(f"{quote.symbol} {quote.previous:.2f}" for quote in voters[:3])
    return f"nothing matches: no loaded session closed at the previous close of {listed}"
