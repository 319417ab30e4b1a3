"""``check prices``: what is wrong with daily bars, each finding with its severity, evidence and what to do.

High: a study on these bars is wrong. Medium: look before you use them. Low: known to studies, which flag them or leave
them missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from correlator.errors import InputError
from correlator.market import audit_bars, audit_series
from correlator.market.files import PriceFile
from correlator.market.findings import SCHEMA, Series, together
from correlator.market.instruments import find_instrument
from correlator.sessions import calendar_reach, exchange_named, sessions_between

_LEAST_MEMBERS = 3


def audit_prices(
    bars: pl.DataFrame,
    benchmark: pl.DataFrame | str | None = None,
    *,
    exchange: str | None = None,
    overrides: bool | str | Path = True,
) -> pl.DataFrame:
    """Findings about daily bars: symbol, session, check, severity, evidence, action, source.

    ``bars``: columns of ``tables.BARS`` (as ``read_prices`` or ``read_bars`` give them), any number of symbols and
    sources; intraday bars are not looked at. ``benchmark``: bars, or a symbol among ``bars``; default the instrument's
    own benchmark where it is among them, else the equal-weighted mean of the others. ``exchange``: whose sessions
    count, for symbols that the package does not know; without one, Monday to Friday. Worst findings come first.
    """
    daily = bars.filter(pl.col("interval") == "1d")
    if daily.is_empty():
        raise InputError("there are no daily bars to check", hint="give bars with interval 1d")
    every = [_series(part, exchange) for part in daily.partition_by("symbol", "source", maintain_order=True)]
    return together(part for series in every for part in _audit(series, every, benchmark, overrides))


def audit_file(file: PriceFile, *, symbol: str) -> pl.DataFrame:
    """What reading a file showed and its bars no longer do: stamps that were instants, repeated or unreadable rows."""
    series = _series(file.bars.filter(pl.col("symbol") == symbol), None)
    found = []
    moved = [note for note in file.notes if note.startswith("stamps are instants")]
    if moved:
        action = "taken as the exchange's date, which is right; a reader that cuts off the time is one day early"
        found.append(series.finding("utc-stamps", "high", moved[0], action))
    for word, grade in (("duplicate", "low"), ("contradiction", "high")):
        rows = file.rejects.filter(pl.col("reason").str.starts_with(word))
        if rows.height:
            text = f"{rows.height} rows: {rows['reason'][0].split(': ', 1)[1]} (line {rows['source_line'][0]})"
            found.append(series.finding(word, grade, text, "the first bar of each session is kept"))
    broken = file.rejects.filter(~pl.col("reason").str.contains("^(duplicate|contradiction)"))
    if broken.height:
        text = f"{broken.height} rows cannot be read, first line {broken['source_line'][0]}: {broken['reason'][0]}"
        found.append(series.finding("unreadable", "medium", text, "see the rejects"))
    return together(found)


def audit_vintages(vintages: pl.DataFrame) -> pl.DataFrame:
    """Bars that a later download changed, one finding per symbol and download.

    ``vintages``: rows of the table ``bars``, every vintage of the bars that have several. A change of volume or of the
    adjusted close alone is low; another raw price is medium, and high where the median change is above one per cent.
    """
    key = ["symbol", "interval", "bar_start"]
    before = vintages.with_columns((pl.col("vintage") + 1).alias("vintage"))
    changed = vintages.join(before, on=[*key, "vintage"], suffix="_before")
    moves = [(pl.col(name) / pl.col(f"{name}_before") - 1).abs() for name in ("open", "high", "low", "close")]
    raw = pl.max_horizontal(*moves).fill_nan(None).fill_null(0.0)
    groups = (
        changed.with_columns(raw.alias("raw"))
        .group_by("symbol", "retrieved_at", "source", maintain_order=True)
        .agg(
            pl.len().alias("n"),
            (pl.col("raw") > 0).sum().alias("repriced"),
            pl.col("raw").filter(pl.col("raw") > 0).median().fill_null(0.0).alias("median"),
            pl.col("session").min().alias("session"),
            pl.col("session").max().alias("last"),
        )
    )
    parts = []
    for row in groups.iter_rows(named=True):
        grade = "low" if not row["repriced"] else "high" if row["median"] > 0.01 else "medium"
        evidence = (
            f"the download of {row['retrieved_at']:%Y-%m-%d %H:%M} UTC differs on {row['n']:,} bars from "
            f"{row['session']} to {row['last']}, {row['repriced']:,} of them in price "
            f"(median {100 * row['median']:.3g} %)"
        )
        action = "study with as_of to use the bars of one day; the earlier vintages are kept"
        fields = (row["symbol"], row["session"], "vintages-differ", grade, evidence, action, row["source"])
        parts.append(pl.DataFrame([fields], schema=SCHEMA, orient="row"))
    return together(parts)


def _series(bars: pl.DataFrame, exchange: str | None) -> Series:
    symbol, source = str(bars["symbol"][0]), str(bars["source"][0])
    known = find_instrument(symbol)
    place = exchange or (str(known["exchange"]) if known else None)
    kind = str(known["kind"]) if known and known["kind"] else None
    return Series(symbol, source, bars.sort("session"), exchange_named(place).code if place else None, kind)


def _audit(
    series: Series, every: Sequence[Series], benchmark: pl.DataFrame | str | None, overrides: bool | str | Path
) -> list[pl.DataFrame]:
    sessions = _sessions(series, overrides)
    found = [
        audit_bars.contradictions(series),
        audit_bars.repeated_sessions(series),
        audit_bars.at_limit(series),
        audit_bars.jumps(series),
        audit_bars.stale_repeats(series),
        *audit_series.not_what_it_claims(series, every),
        *audit_series.short_history(series),
    ]
    shifted = audit_series.shifted_by_calendar(series, sessions)
    market, name = _benchmark(series, every, benchmark)
    by_moves = [] if market is None else audit_series.shifted_by_correlation(series, market, name)
    if shifted:
        return [*found, *shifted, *by_moves]
    return [
        *found,
        *by_moves,
        audit_bars.off_calendar(series, sessions),
        audit_bars.without_trade(series, sessions),
        *audit_series.holes(series, sessions),
    ]


def _sessions(series: Series, overrides: bool | str | Path) -> pl.Series:
    """Sessions around the series; weekdays where the exchange is not known or its calendar does not reach."""
    start, end = series.first - timedelta(days=7), series.last + timedelta(days=7)
    if series.exchange is None:
        return _weekdays(start, end)
    first, last = calendar_reach(series.exchange)
    parts = []
    if start < first:
        parts.append(_weekdays(start, min(end, first - timedelta(days=1))))
    if start <= last and end >= first:
        known = sessions_between(series.exchange, max(start, first), min(end, last), overrides=overrides)
        parts.append(known["session"])
    if end > last:
        parts.append(_weekdays(max(start, last + timedelta(days=1)), end))
    return pl.concat(parts)


def _weekdays(start: date, end: date) -> pl.Series:
    days = pl.date_range(start, end, eager=True).alias("session")
    return days.filter(days.dt.weekday() <= 5)


def _benchmark(
    series: Series, every: Sequence[Series], benchmark: pl.DataFrame | str | None
) -> tuple[pl.DataFrame | None, str]:
    """Session and close of what the series is held against, with its name; None where there is nothing."""
    if isinstance(benchmark, pl.DataFrame):
        return benchmark.select("session", "close"), str(benchmark["symbol"][0])
    known: dict[str, Any] | None = find_instrument(series.symbol)
    wanted = benchmark or (known["benchmark"] if known else None)
    named = next((other for other in every if other.symbol == wanted and other.symbol != series.symbol), None)
    if named is not None:
        return named.bars.select("session", "close"), named.symbol
    if benchmark is not None and benchmark != series.symbol:
        raise InputError(f"the benchmark {benchmark!r} is not among the bars", hint="load it, or give its bars")
    peers = [other for other in every if other.symbol != series.symbol and other.exchange == series.exchange]
    if len(peers) < _LEAST_MEMBERS:
        return None, ""
    return _equal_weighted(peers), f"the mean of {len(peers)} other symbols"


def _equal_weighted(peers: Sequence[Series]) -> pl.DataFrame:
    """An index of the mean log return of ``peers``: session and close."""
    moves = pl.concat(
        peer.bars.select("session", (pl.col("close") / pl.col("close").shift()).log().alias("move")) for peer in peers
    )
    clean = moves.filter(pl.col("move").is_finite()).group_by("session").agg(pl.col("move").mean()).sort("session")
    return clean.select("session", pl.col("move").cum_sum().exp().alias("close"))
