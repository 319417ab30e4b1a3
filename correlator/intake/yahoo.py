"""Bars from Yahoo into the store: a first download, then tails; what changed is a new vintage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from correlator.errors import CorrelatorError, SourceError
from correlator.intake.instruments import refuse_namesake, stored_names
from correlator.intake.prices import suspicions
from correlator.intake.report import LoadReport
from correlator.intake.strips import date_strips
from correlator.market.instruments import canonical_symbol
from correlator.market.yahoo import Download, Patience, download_symbol, yahoo_name
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.writing import write_actions, write_bars, write_instruments, write_load, write_rejects

TAIL = 10
NOISE = 1e-6
GIVE_UP_AFTER = 3
_PRICES = ("open", "high", "low", "close", "adjusted_close", "volume")
_REACH = {"1h": 729, "60m": 729, "30m": 59, "15m": 59, "5m": 59, "2m": 59, "1m": 7}
_BEGINNING = date(2000, 1, 1)


@dataclass(frozen=True)
class YahooReport:
    """What was loaded, one report per symbol, and what was not, with the error of each symbol."""

    reports: tuple[LoadReport, ...]
    failures: dict[str, CorrelatorError]


def add_yahoo(
    store: Store,
    symbols: Sequence[str],
    *,
    start: date | None = None,
    end: date | None = None,
    interval: str = "1d",
    exchange: str | None = None,
    session: Any = None,
    patience: Patience | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> YahooReport:
    """Download bars and corporate actions of ``symbols`` and store them, each symbol in its own transaction.

    What the store has already is asked for again only in its last ten sessions; where these differ from what is stored
    (a split, a dividend, a correction), the whole history is, and every bar that differs becomes a new vintage.
    ``start``: default 2000, or as far back as Yahoo gives the interval; ``end``: excluded, default today. Symbols that
    fail are in ``failures``; after three refusals in a row the others are not asked for.
    """
    reports: list[LoadReport] = []
    failures: dict[str, CorrelatorError] = {}
    refusals = 0
    ask = partial(download_symbol, end=end, interval=interval, exchange=exchange, session=session, patience=patience)
    for symbol in symbols:
        advance(1)
        if refusals >= GIVE_UP_AFTER:
            failures[symbol] = SourceError(f"{symbol} was not asked for", hint=f"Yahoo refused {refusals} in a row")
            continue
        try:
            own = stored_names(store).row(symbol)
            asked = yahoo_name(symbol, own, exchange=exchange)
            stored = _stored(store, str(own["symbol"]) if own else canonical_symbol(asked), interval)
            download = _under_own_name(_download(asked, stored, start, interval, ask), own)
            reports.append(_write(store, download, asked))
            refusals = 0
        except SourceError as error:
            failures[symbol] = error
            refusals += 1
        except CorrelatorError as error:
            failures[symbol] = error
    return YahooReport(tuple(reports), failures)


def _download(
    asked: str, stored: pl.DataFrame, start: date | None, interval: str, ask: Callable[..., Download]
) -> Download:
    """The tail where the store has the rest and agrees with it, else everything."""
    beginning = start or _earliest(interval)
    if stored.is_empty() or (start is not None and start < stored["session"][0] - timedelta(days=10)):
        return ask(asked, start=beginning)
    sessions = stored["session"].unique().sort()
    tail = ask(asked, start=sessions[-min(TAIL, len(sessions))])
    if _differing(tail.bars, stored).is_empty():
        return tail
    first = max(sessions[0], _earliest(interval))
    return ask(asked, start=min(beginning, first) if start else first)


def _under_own_name(download: Download, own: Mapping[str, str | None] | None) -> Download:
    """The download under the symbol that the store has for it, where it has one."""
    if own is None:
        return download
    refuse_namesake(
        own, download.symbol, download.instrument["exchange"], download.instrument["currency"], "in this store"
    )
    name = pl.lit(own["symbol"]).alias("symbol")
    bars, actions = download.bars.with_columns(name), download.actions.with_columns(name)
    return replace(download, symbol=str(own["symbol"]), bars=bars, actions=actions, instrument=dict(own))


def _earliest(interval: str) -> date:
    """The first day for which Yahoo gives bars of the interval."""
    reach = _REACH.get(interval)
    return datetime.now(UTC).date() - timedelta(days=reach) if reach else _BEGINNING


def _stored(store: Store, symbol: str, interval: str) -> pl.DataFrame:
    """Newest vintages of the symbol in order; no rows where there is no store yet. Yahoo's 60m is our 1h."""
    empty = pl.DataFrame(schema={"session": pl.Date})
    if not store.exists():
        return empty
    with store.reading() as connection:
        return query(
            connection,
            """
            SELECT * FROM newest_bars WHERE symbol = $symbol AND "interval" = $interval ORDER BY bar_start
            """,
            {"symbol": symbol, "interval": "1h" if interval == "60m" else interval},
        )


def _differing(fresh: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Fresh bars that the store has with other figures, beyond the noise in Yahoo's last digits."""
    both = fresh.join(stored, on="bar_start", suffix="_stored")
    return both.filter(~pl.all_horizontal(_alike(name) for name in _PRICES)).select(fresh.columns)


def _alike(name: str) -> pl.Expr:
    ours, theirs = pl.col(name), pl.col(f"{name}_stored")
    near = (ours - theirs).abs() <= NOISE * pl.max_horizontal(ours.abs(), theirs.abs())
    return ours.eq_missing(theirs) | near.fill_null(False)


def _write(store: Store, download: Download, asked: str) -> LoadReport:
    source = f"yahoo:{asked}"
    interval = download.bars["interval"][0] if download.bars.height else "1d"
    stored = _stored(store, download.symbol, interval)
    changed = (
        download.bars
        if stored.is_empty()
        else pl.concat(
            [
                download.bars.join(stored, on="bar_start", how="anti"),
                _differing(download.bars, stored),
            ]
        )
    )
    known = download.bars.height - changed.height
    with store.transaction() as connection:
        write_instruments(connection, [download.instrument])
        bars = write_bars(connection, changed, download.retrieved_at)
        actions = write_actions(connection, download.actions, download.retrieved_at)
        rejects = write_rejects(connection, download.rejects, download.retrieved_at)
        dated = date_strips(connection, symbols=[download.symbol]) if bars.added else 0
        counts = (bars.added, known + bars.known, rejects.added)
        write_load(connection, "prices", source, None, counts, datetime.now(UTC))
    again = 0 if stored.is_empty() else changed.join(stored, on="bar_start", how="semi").height
    details = {"of them new vintages": again, "corporate actions": actions.added, "quotes dated": dated}
    notes = (*download.notes, *suspicions(download.bars, download.instrument["exchange"]))
    return LoadReport("prices", source, *counts, details, notes)
