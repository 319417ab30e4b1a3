"""The market of an instrument at the instant: last close, later prices and volatility."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import numpy as np
import polars as pl

from correlator.brief.model import Market, Move, StripQuote
from correlator.brief.outcomes import REGIME
from correlator.brief.series import Measured
from correlator.brief.subject import BriefSubject
from correlator.intake.instruments import names_in
from correlator.research.known import KnownBars, KnownSessions, LastTrade, known_bars

_FIGURES = ("close", "low", "high")


def strip_quotes(
    connection: duckdb.DuckDBPyConnection, subject: BriefSubject, sessions: KnownSessions, at: datetime
) -> dict[str, StripQuote]:
    """Return the quotes of the page's strips that were printed before the instant, by the store's symbol.

    A quote of the session that has not closed was printed before the instant only if its page was loaded before it. Of
    several strips, each is dated separately, and the quote of the latest session counts.
    """
    if subject.quotes.is_empty():
        return {}
    from correlator.align.strip_dating import date_strip

    names = names_in(connection)
    symbols = {str(name): names.symbol_of(str(name)) for name in subject.quotes["symbol"].unique()}
    stored = sorted({symbol for symbol in symbols.values() if symbol})
    bars = known_bars(connection, stored, sessions, at)
    columns = {symbol: place for place, symbol in enumerate(stored)}
    closed = sessions.labels[: sessions.closed]
    closes = pl.concat(
        [pl.DataFrame(schema={"symbol": pl.String, "session": pl.Date, **dict.fromkeys(_FIGURES, pl.Float64)})]
        + [
            pl.DataFrame({"symbol": [name] * len(closed), "session": closed}).with_columns(
                pl.Series(figure, bars.fields[figure][: sessions.closed, columns[symbol]]).fill_nan(None)
                for figure in _FIGURES
            )
            for name, symbol in symbols.items()
            if symbol
        ]
    ).drop_nulls("close")
    numbers = subject.quotes["strip_key"].rank("dense").cast(pl.Int64)
    strips = subject.quotes.with_columns(numbers.alias("article_id"), hint=pl.lit(subject.known_at.date()))
    dated = date_strip(strips, closes, sessions=sessions.labels[: sessions.closed + 1].to_list())
    joined = strips.join(dated, on=["article_id", "position"], maintain_order="left")
    quotes_by_symbol: dict[str, StripQuote] = {}
    for row in joined.sort("session", descending=True, nulls_last=True, maintain_order=True).iter_rows(named=True):
        symbol, session, why = symbols[row["symbol"]], row["session"], row["session_reason"]
        is_closed = session is not None and session <= sessions.last
        live = row["loaded_at"] is not None and row["loaded_at"] <= at
        if symbol and (live or is_closed):
            reason = why if session else f"printed before the instant: {why}"
            quotes_by_symbol.setdefault(symbol, StripQuote(symbol, row["price"], row["change"], session, reason))
    return quotes_by_symbol


def market_of(numbers: Measured, bars: KnownBars, quote: StripQuote | None, trade: LastTrade | None) -> Market:
    """Return the market of an instrument; ``trade``: the last trade of its intraday bars after its last close."""
    sessions = bars.sessions
    traded = np.flatnonzero(np.isfinite(numbers.close))
    if len(traded) == 0:
        later = None if trade is None else _traded(trade, None)
        return Market(None, None, None, None, None, 0, later, quote, None, None, None)
    last, closed = int(traded[-1]), sessions.closed
    price = float(numbers.close[last])
    change = numbers.adjusted[last] / numbers.adjusted[traded[-2]] if len(traded) > 1 else np.nan
    outcomes = numbers.outcomes
    regimes, now = outcomes.regime[: closed + 1, 0], outcomes.regime[min(closed, len(outcomes.regime) - 1), 0]
    known = regimes[np.isfinite(regimes)]
    sigma = outcomes.sigma[closed, 0]
    return Market(
        last_close=price,
        last_session=sessions.labels[last],
        sessions_missing=closed - 1 - last,
        last_return=float(np.log(change)) if change > 0 else None,
        limit_locked=bool(numbers.locked[last]),
        recent_limit_locks=int(numbers.locked[max(closed - REGIME, 0) : closed].sum()),
        later=_later(price, sessions.labels[last], quote, trade),
        strip=quote,
        volatility=float(sigma * now) if np.isfinite(sigma * now) else None,
        regime=float(now) if np.isfinite(now) else None,
        regime_percentile=float((known <= now).mean()) if np.isfinite(now) and len(known) else None,
        flagged=numbers.flagged(last, last),
    )


def last_traded(numbers: Measured) -> int | None:
    """Return the row of the last session with a close, or None."""
    traded = np.flatnonzero(np.isfinite(numbers.close))
    return int(traded[-1]) if len(traded) else None


def _traded(trade: LastTrade, close: float | None) -> Move:
    """Return the last trade, with its log return since ``close`` if that is known."""
    of = f"bar of {trade.interval} from {trade.bar_start:%Y-%m-%dT%H:%MZ}"
    return Move(trade.price, of, None if close is None else float(np.log(trade.price / close)))


def _later(price: float, session: date, quote: StripQuote | None, trade: LastTrade | None) -> Move | None:
    """Return a price after the last close, from a completed intraday bar or a dated quote of the page's strip."""
    if trade is not None:
        return _traded(trade, price)
    if quote is not None and quote.session is not None and quote.session > session:
        return Move(quote.price, "strip of the page", float(np.log(quote.price / price)))
    return None
