"""Download bars into the store: first the whole history, then only recent bars; changed bars become new vintages."""

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
from correlator.store.writing.bars import write_actions, write_bars, write_instruments
from correlator.store.writing.loads import write_load
from correlator.store.writing.news import write_rejects

TAIL = 10
NOISE = 1e-6
GIVE_UP_AFTER = 3
_PRICES = ("open", "high", "low", "close", "adjusted_close", "volume")


@dataclass(frozen=True)
class DownloadReport:
    """The reports of the symbols that were loaded, and the errors of those that were not."""

    reports: tuple[LoadReport, ...]
    failures: dict[str, CorrelatorError]


def add_yahoo(
    store: Store, symbols: Sequence[str], *, session: Any = None, patience: Patience | None = None, **options: Any
) -> DownloadReport:
    """Download bars and corporate actions from Yahoo and store them.

    Parameters
    ----------
    store
        The store to load into.
    symbols
        Symbols of the store or of Yahoo.
    session, patience
        As for ``market.yahoo.download_symbol``.
    **options
        ``start``, ``end``, ``interval`` and ``exchange``, as for ``add_downloads``.

    Returns
    -------
    DownloadReport
        Symbols that fail are in ``failures``.

    Raises
    ------
    InputError, NotFoundError
        As for ``add_downloads``.

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

    Of the stored bars, only the last ten sessions are requested again. If these differ from the stored ones (after a
    split, a dividend or a correction), the whole history is requested, and every bar that differs becomes a new
    vintage. Stored bars from another source are kept unchanged, and a note counts those that differ.

    Parameters
    ----------
    store : Store
        The store to load into.
    source : BarSource or str
        A source, or the name of an installed one (``market.bar_source.source_names``).
    symbols : sequence of str
        Symbols of the store or of the source.
    start, end : date, optional
        First day, default the earliest that the source has; ``end`` is excluded, default today.
    interval : str
        1d, or an intraday interval that the source has.
    exchange : str, optional
        Market identifier code of symbols that are not known.
    advance : callable
        Called with 1 before each symbol.

    Returns
    -------
    DownloadReport
        Symbols that fail are in ``failures``; after three failed requests in a row the others are not requested.

    Raises
    ------
    NotFoundError
        If the source is not installed.

    Examples
    --------
    >>> ws.add_downloads("stooq", ["AAPL.US"])  # doctest: +SKIP
    """
    bar_source = source_named(source) if isinstance(source, str) else source
    first_day = start or bar_source.earliest(interval)
    reports: list[LoadReport] = []
    failures: dict[str, CorrelatorError] = {}
    refusals = 0
    for symbol in symbols:
        advance(1)
        if refusals >= GIVE_UP_AFTER:
            hint = f"the last {refusals} requests to {bar_source.name} failed"
            failures[symbol] = SourceError(f"{symbol} was not requested", hint=hint)
            continue
        try:
            known = stored_names(store).row(symbol)
            name = bar_source.name_of(symbol, dict(known) if known else None, exchange)
            stored = _stored(store, str(known["symbol"]) if known else canonical_symbol(name), interval)
            request = Request(name, first_day, end, interval, exchange)
            download = _renamed(_download(bar_source, request, stored, start is not None), known)
            reports.append(_write(store, download, f"{bar_source.name}:{name}", bar_source.name))
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
    """Update stored bars from their source, for every symbol whose newest bar is from an installed source.

    ``symbols``: default all. Raises NotFoundError if none of them has bars from an installed source.
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
        report = add_downloads(store, source, names, interval=interval, advance=advance)
        reports += report.reports
        failures |= report.failures
    return DownloadReport(tuple(reports), failures)


def _download(source: BarSource, request: Request, stored: pl.DataFrame, has_start: bool) -> Download:
    """Download the last sessions if they agree with the stored bars of the same source, else the whole history.

    ``has_start``: whether the caller gave the start of ``request``.
    """
    stored = _of_source(stored, source.name)
    if stored.is_empty() or (has_start and request.start < stored["session"][0] - timedelta(days=10)):
        return source.download(request)
    sessions = stored["session"].unique().sort()
    tail = source.download(replace(request, start=sessions[-min(TAIL, len(sessions))]))
    if _differing(tail.bars, stored).is_empty():
        return tail
    first = max(sessions[0], source.earliest(request.interval))
    return source.download(replace(request, start=min(request.start, first) if has_start else first))


def _of_source(stored: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the stored bars that are from the source ``name``."""
    return stored.filter(pl.col("source") == name) if "source" in stored.columns else stored


def _renamed(download: Download, known: Mapping[str, str | None] | None) -> Download:
    """Return the download under the symbol of the ``known`` instrument in the store, if there is one."""
    if known is None:
        return download
    refuse_namesake(
        known, download.symbol, download.instrument["exchange"], download.instrument["currency"], where="in this store"
    )
    name = pl.lit(known["symbol"]).alias("symbol")
    bars, actions = download.bars.with_columns(name), download.actions.with_columns(name)
    return replace(download, symbol=str(known["symbol"]), bars=bars, actions=actions, instrument=dict(known))


def _stored(store: Store, symbol: str, interval: str) -> pl.DataFrame:
    """Return the newest vintages of the symbol in order, without rows if there is no store yet; 60m is 1h."""
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
    """Return the fresh bars whose stored values differ by more than rounding."""
    both = fresh.join(stored, on="bar_start", suffix="_stored")
    return both.filter(~pl.all_horizontal(_is_close(name) for name in _PRICES)).select(fresh.columns)


def _is_close(name: str) -> pl.Expr:
    """Whether fresh and stored values of the column ``name`` are equal up to ``NOISE``."""
    fresh, stored = pl.col(name), pl.col(f"{name}_stored")
    near = (fresh - stored).abs() <= NOISE * pl.max_horizontal(fresh.abs(), stored.abs())
    return fresh.eq_missing(stored) | near.fill_null(False)


def _write(store: Store, download: Download, source: str, name: str) -> LoadReport:
    """Write the new and changed bars of a download; ``source`` of the load, ``name`` of the source of bars."""
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
    kept = [f"{others} bars differ from those of another source in the store, which were kept"] if others else []
    notes = (*download.notes, *kept, *suspicions(download.bars, download.instrument["exchange"]))
    return LoadReport("prices", source, *counts, details, notes)
