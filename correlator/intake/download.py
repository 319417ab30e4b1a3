"""Bars from a source on the web into the store: a first download, then tails; what changed is a new vintage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from correlator.errors import CorrelatorError, NotFoundError, SourceError
from correlator.intake.instruments import refuse_namesake, stored_names
from correlator.intake.prices import suspicions
from correlator.intake.report import LoadReport
from correlator.intake.strips import date_strips
from correlator.market.names.instruments import canonical_symbol
from correlator.market.sources.bar_source import BarSource, Download, Patience, Request, source_named, source_names
from correlator.market.sources.yahoo import Yahoo
from correlator.store.db import Store
from correlator.store.statements import query
from correlator.store.unfinished import Load, begin_load
from correlator.store.writing import write_actions, write_bars, write_instruments, write_load, write_rejects

TAIL = 10
NOISE = 1e-6
GIVE_UP_AFTER = 3
_PRICES = ("open", "high", "low", "close", "adjusted_close", "volume")


@dataclass(frozen=True)
class DownloadReport:
    """What was loaded, one report per symbol, and what was not, with the error of each symbol."""

    reports: tuple[LoadReport, ...]
    failures: dict[str, CorrelatorError]


def add_yahoo(
    store: Store, symbols: Sequence[str], *, session: Any = None, patience: Patience | None = None, **options: Any
) -> DownloadReport:
    """Download bars and corporate actions from Yahoo and store them.

    Parameters
    ----------
    store
        Where the bars go.
    symbols
        Ours or Yahoo's own names.
    session, patience
        As of ``market.yahoo.download_symbol``.
    **options
        ``start``, ``end``, ``interval`` and ``exchange``, as ``add_downloads`` takes them.

    Returns
    -------
    DownloadReport
        Symbols that fail are in ``failures``.

    Raises
    ------
    InputError, NotFoundError
        As ``add_downloads``.

    Examples
    --------
    >>> ws.add_yahoo(["HBL.KA"], start=date(2024, 1, 1))  # doctest: +SKIP
    """
    return add_downloads(store, Yahoo(session, patience), symbols, **options)


def add_downloads(
    store: Store,
    source: BarSource | str,
    symbols: Sequence[str],
    *,
    start: date | None = None,
    end: date | None = None,
    interval: str = "1d",
    exchange: str | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> DownloadReport:
    """Download bars and corporate actions of ``symbols`` and store them, each symbol in its own transaction.

    What the store has already is asked for again only in its last ten sessions; where these differ from what is stored
    (a split, a dividend, a correction), the whole history is, and every bar that differs becomes a new vintage. Bars
    that the store has from another source are kept as they are, and a note counts those that differ.

    Parameters
    ----------
    store : Store
        Where the bars go.
    source : BarSource or str
        A source, or the name of an installed one (``market.bar_source.source_names``).
    symbols : sequence of str
        Ours or the source's own names.
    start, end : date, optional
        First day, default the earliest that the source gives; ``end`` is excluded, default today.
    interval : str
        1d, or minutes and hours that the source has.
    exchange : str, optional
        Market identifier code of symbols that are not known.
    advance : callable
        Told 1 after each symbol.

    Returns
    -------
    DownloadReport
        Symbols that fail are in ``failures``; after three refusals in a row the others are not asked for.

    Raises
    ------
    NotFoundError
        For a source that is not installed.

    Examples
    --------
    >>> ws.add_downloads("stooq", ["AAPL.US"])  # doctest: +SKIP
    """
    place = source_named(source) if isinstance(source, str) else source
    beginning = start or place.earliest(interval)
    reports: list[LoadReport] = []
    failures: dict[str, CorrelatorError] = {}
    refusals = 0
    for symbol in symbols:
        advance(1)
        if refusals >= GIVE_UP_AFTER:
            hint = f"{place.name} refused {refusals} in a row"
            failures[symbol] = SourceError(f"{symbol} was not asked for", hint=hint)
            continue
        try:
            own = stored_names(store).row(symbol)
            asked = place.name_of(symbol, dict(own) if own else None, exchange)
            stored = _stored(store, str(own["symbol"]) if own else canonical_symbol(asked), interval)
            request = Request(asked, beginning, end, interval, exchange)
            download = _under_own_name(_download(place, request, stored, start is not None), own)
            reports.append(_write(store, download, f"{place.name}:{asked}", place.name))
            refusals = 0
        except SourceError as error:
            failures[symbol] = error
            refusals += 1
        except CorrelatorError as error:
            failures[symbol] = error
    return DownloadReport(tuple(reports), failures)


def update_prices(
    store: Store, symbols: Sequence[str] | None = None, *, advance: Callable[[int], None] = lambda _: None
) -> DownloadReport:
    """Bring stored bars up to date from where they came: every symbol whose newest bar is of an installed source.

    ``symbols``: default all of them. Raises NotFoundError where none of them came from a source that can be asked.
    """
    rows = store.frame(
        """
        SELECT symbol, "interval", arg_max(source, bar_start) AS source FROM bars
        WHERE $symbols::VARCHAR[] IS NULL OR symbol IN (SELECT unnest($symbols::VARCHAR[]))
        GROUP BY ALL ORDER BY source, "interval", symbol
        """,
        {"symbols": list(symbols) if symbols else None},
    ).filter(pl.col("source").is_in(source_names()))
    if rows.is_empty():
        raise NotFoundError(
            "no bars of the store came from a source that can be queried",
            hint=f"sources are {', '.join(source_names())}; to update bars of files, add the new files",
        )
    reports: list[LoadReport] = []
    failures: dict[str, CorrelatorError] = {}
    for source, interval, names in rows.group_by("source", "interval", maintain_order=True).agg("symbol").iter_rows():
        done = add_downloads(store, source, names, interval=interval, advance=advance)
        reports += done.reports
        failures |= done.failures
    return DownloadReport(tuple(reports), failures)


def _download(place: BarSource, request: Request, stored: pl.DataFrame, asked_start: bool) -> Download:
    """The tail where the store has the rest from the same source and agrees with it, else everything."""
    stored = _of_source(stored, place.name)
    if stored.is_empty() or (asked_start and request.start < stored["session"][0] - timedelta(days=10)):
        return place.download(request)
    sessions = stored["session"].unique().sort()
    tail = place.download(replace(request, start=sessions[-min(TAIL, len(sessions))]))
    if _differing(tail.bars, stored).is_empty():
        return tail
    first = max(sessions[0], place.earliest(request.interval))
    return place.download(replace(request, start=min(request.start, first) if asked_start else first))


def _of_source(stored: pl.DataFrame, name: str) -> pl.DataFrame:
    return stored.filter(pl.col("source") == name) if "source" in stored.columns else stored


def _under_own_name(download: Download, own: Mapping[str, str | None] | None) -> Download:
    """The download under the symbol that the store has for it, where it has one."""
    if own is None:
        return download
    refuse_namesake(
        own, download.symbol, download.instrument["exchange"], download.instrument["currency"], where="in this store"
    )
    name = pl.lit(own["symbol"]).alias("symbol")
    bars, actions = download.bars.with_columns(name), download.actions.with_columns(name)
    return replace(download, symbol=str(own["symbol"]), bars=bars, actions=actions, instrument=dict(own))


def _stored(store: Store, symbol: str, interval: str) -> pl.DataFrame:
    """Newest vintages of the symbol in order; no rows where there is no store yet. 60m is 1h."""
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
    """Fresh bars that the store has with other figures, beyond the noise in last digits."""
    both = fresh.join(stored, on="bar_start", suffix="_stored")
    return both.filter(~pl.all_horizontal(_alike(name) for name in _PRICES)).select(fresh.columns)


def _alike(name: str) -> pl.Expr:
    ours, theirs = pl.col(name), pl.col(f"{name}_stored")
    near = (ours - theirs).abs() <= NOISE * pl.max_horizontal(ours.abs(), theirs.abs())
    return ours.eq_missing(theirs) | near.fill_null(False)


def _write(store: Store, download: Download, source: str, name: str) -> LoadReport:
    interval = download.bars["interval"][0] if download.bars.height else "1d"
    stored = _stored(store, download.symbol, interval)
    changed = (
        download.bars
        if stored.is_empty()
        else pl.concat(
            [
                download.bars.join(stored, on="bar_start", how="anti"),
                _differing(download.bars, _of_source(stored, name)),
            ]
        )
    )
    known = download.bars.height - changed.height

    def write(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[int, int, int], int, int]:
        begin_load(connection, Load("prices", source, None))
        write_instruments(connection, [download.instrument])
        bars = write_bars(connection, changed, download.retrieved_at)
        actions = write_actions(connection, download.actions, download.retrieved_at)
        rejects = write_rejects(connection, download.rejects, download.retrieved_at)
        dated = date_strips(connection, symbols=[download.symbol]) if bars.added else 0
        counts = (bars.added, known + bars.known, rejects.added)
        write_load(connection, "prices", source, None, rows=counts, finished_at=datetime.now(UTC))
        return counts, actions.added, dated

    counts, actions, dated = store.transact(write)
    again = 0 if stored.is_empty() else changed.join(stored, on="bar_start", how="semi").height
    details = {"of them new vintages": again, "corporate actions": actions, "quotes dated": dated}
    others = 0 if stored.is_empty() else _differing(download.bars, stored.filter(pl.col("source") != name)).height
    kept = [f"{others} bars differ from those of another source in the store, which are kept"] if others else []
    notes = (*download.notes, *kept, *suspicions(download.bars, download.instrument["exchange"]))
    return LoadReport("prices", source, *counts, details, notes)
