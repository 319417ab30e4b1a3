"""``check prices``: find what is wrong with daily bars, with severity, evidence and remedy.

High: a study on these bars is wrong. Medium: look before you use them. Low: studies handle them by flags or as missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from correlator.errors import InputError
from correlator.market.audit import adjusted, identity, levels, order, repeats, shifts
from correlator.market.audit import bars as bar_checks
from correlator.market.audit import series as series_checks
from correlator.market.audit.findings import SCHEMA, Series, together
from correlator.market.audit.shifts import Shift
from correlator.market.names.instruments import find_instrument
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.sessions.exchanges import exchange_named

Row = Mapping[str, str | None]

_LEAST_MEMBERS = 3
# Larger log moves are splits or errors, and excluded from the mean of other symbols.
_WILD = 0.4
# A benchmark that covers less than this share of the sessions that the other symbols cover is replaced by their mean.
_ENOUGH = 0.7


def audit_prices(
    bars: pl.DataFrame,
    benchmark: pl.DataFrame | str | None = None,
    *,
    exchange: str | None = None,
    overrides: bool | str | Path = True,
    instruments: Mapping[str, Row] | None = None,
) -> pl.DataFrame:
    """Return findings about daily bars: symbol, session, check, severity, evidence, action, source.

    ``bars``: columns of ``tables.BARS`` (as ``read_prices`` or ``read_bars`` return them), any number of symbols and
    sources; intraday bars are ignored. ``benchmark``: bars, or a symbol among ``bars``; default the instrument's own
    benchmark if it is among them, else the equal-weighted mean of the others. ``exchange``: the exchange whose sessions
    apply; without one, for symbols that the package does not know, Monday to Friday. ``instruments``: facts about
    symbols (columns of ``tables.INSTRUMENTS``), which take precedence over the package's. Worst findings come first.
    """
    daily = bars.filter(pl.col("interval") == "1d")
    if daily.is_empty():
        raise InputError("no daily bars to check", hint="give bars with interval 1d")
    parts = daily.partition_by("symbol", "source", maintain_order=True)
    every = [_examined(series_of(part, exchange, instruments or {}), overrides) for part in parts]
    mean = _Mean.of(every)
    findings = [part for each in every for part in _findings(each, _market(each, every, mean, benchmark))]
    all_series = [each.right for each in every]
    findings += [part for series in all_series for part in identity.not_what_it_claims(series, all_series)]
    return together([*findings, *identity.same_as_another(all_series)])


def audit_vintages(vintages: pl.DataFrame) -> pl.DataFrame:
    """Return findings about bars that a later download changed, one per symbol and download.

    ``vintages``: rows of the table ``bars``, every vintage of the bars that have several. A change of volume or of the
    adjusted close alone is low; a change of a raw price is medium, and high if the median change is above one per cent.
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


def series_of(bars: pl.DataFrame, exchange: str | None, instruments: Mapping[str, Row]) -> Series:
    """Return the bars of one symbol with the facts known about it."""
    symbol, source = str(bars["symbol"][0]), str(bars["source"][0])
    known = instruments.get(symbol) or find_instrument(symbol) or {}
    place = exchange or known.get("exchange")
    code = exchange_named(place).code if place else None
    return Series(symbol, source, bars.sort("session"), code, known.get("kind"), known.get("benchmark"))


@dataclass(frozen=True)
class _Examined:
    """A series, its exchange's sessions, its shifts by a day or a session, and the series with corrected labels."""

    series: Series
    sessions: pl.Series
    by_day: tuple[Shift, ...]
    by_session: tuple[Shift, ...]
    right: Series

    @property
    def rest(self) -> Series:
        """The series without the bars whose labels are a day off."""
        rows = pl.int_range(pl.len())
        inside = pl.any_horizontal(pl.lit(False), *(rows.is_between(shift.first, shift.last) for shift in self.by_day))
        return replace(self.series, bars=self.series.bars.filter(~inside))


def _examined(series: Series, overrides: bool | str | Path) -> _Examined:
    """Correct the labels of a series, as far as the calendar and known closes show."""
    sessions = _sessions(series, overrides)
    by_day = tuple(shifts.shifts_by_calendar(series.bars["session"], sessions))
    right = shifts.with_days_moved(series, by_day)
    known = identity.known_closes(series.symbol)
    by_session = tuple(shifts.shifts_by_known_closes(right, known, sessions))
    return _Examined(series, sessions, by_day, by_session, shifts.with_sessions_moved(right, by_session, sessions))


@dataclass(frozen=True)
class _Market:
    """The market that a series is compared with: session and close, its name, and whether its labels are verified."""

    closes: pl.DataFrame
    name: str
    vouched: bool


def _findings(examined: _Examined, market: _Market | None) -> list[pl.DataFrame]:
    series, by_session = examined.series, examined.by_session
    findings = [
        bar_checks.contradictions(series),
        bar_checks.repeated_sessions(series),
        bar_checks.at_limit(series),
        levels.jumps(series),
        *levels.volume_units(series),
        *adjusted.adjusted_closes(series),
        repeats.stale_repeats(series),
        order.interchanged(series),
        bar_checks.off_calendar(examined.rest, examined.sessions),
        bar_checks.without_trade(examined.rest, examined.sessions),
        *series_checks.holes(examined.right, examined.sessions),
        *series_checks.short_history(series),
        *series_checks.unknown_exchange(series),
    ]
    if market is not None and not by_session:
        by_session = tuple(shifts.shifts_by_returns(examined.right, market.closes, market.name))
        if not by_session:
            findings += identity.unlike_its_market(examined.right, market.closes, market.name)
        elif not market.vouched:
            doubt = f" (or {market.name} stands off the other way: nothing here tells which)"
            by_session = tuple(replace(shift, evidence=shift.evidence + doubt) for shift in by_session)
    findings += [shifts.finding_of(series, shift) for shift in examined.by_day]
    return findings + [shifts.finding_of(examined.right, shift) for shift in by_session]


def _sessions(series: Series, overrides: bool | str | Path) -> pl.Series:
    """Return the sessions around the series: weekdays outside its calendar's range, without one, and for currencies."""
    start, end = series.first - timedelta(days=7), series.last + timedelta(days=7)
    if series.exchange is None or series.kind == "fx":
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


@dataclass(frozen=True)
class _Mean:
    """The mean log return of the shares of each calendar: session, total of the returns, how many there are."""

    moves: dict[int, pl.DataFrame]
    totals: dict[str | None, pl.DataFrame]
    symbols: dict[str | None, int]

    @classmethod
    def of(cls, every: Sequence[_Examined]) -> _Mean:
        shares = [each for each in every if each.series.kind in (None, "share")]
        moves = {id(each): _moves(each.right.bars) for each in shares}
        totals, symbols = {}, {}
        for calendar in {each.series.calendar for each in shares}:
            members = [each for each in shares if each.series.calendar == calendar]
            symbols[calendar] = len({each.series.symbol for each in members})
            moves_of_all = pl.concat(moves[id(each)] for each in members)
            totals[calendar] = moves_of_all.group_by("session").agg(pl.col("move").sum(), pl.len().alias("n"))
        return cls(moves, totals, symbols)

    def without(self, examined: _Examined, every: Sequence[_Examined]) -> _Market | None:
        """Return an index of the mean of the other symbols as a market; None if there are fewer than three."""
        calendar, symbol = examined.series.calendar, examined.series.symbol
        if calendar not in self.totals:
            return None
        own = [self.moves[id(each)] for each in every if each.series.symbol == symbol and id(each) in self.moves]
        others = self.symbols[calendar] - bool(own)
        if others < _LEAST_MEMBERS:
            return None
        totals = self.totals[calendar]
        if own:
            mine = pl.concat(own).group_by("session").agg(pl.col("move").sum().alias("mine"), pl.len().alias("k"))
            totals = totals.join(mine, on="session", how="left").select(
                "session",
                pl.col("move") - pl.col("mine").fill_null(0.0),
                pl.col("n").cast(pl.Int64) - pl.col("k").cast(pl.Int64).fill_null(0),
            )
        index = totals.filter(pl.col("n") > 0).sort("session")
        closes = index.select("session", (pl.col("move") / pl.col("n")).cum_sum().exp().alias("close"))
        return _Market(closes, f"the mean of {others} other symbols", vouched=True)


def _moves(bars: pl.DataFrame) -> pl.DataFrame:
    """Return session and log move of the close, without moves that must be splits or errors."""
    moves = bars.select("session", (pl.col("close") / pl.col("close").shift()).log().alias("move"))
    return moves.filter(pl.col("move").is_finite() & (pl.col("move").abs() < _WILD))


def _market(
    examined: _Examined, every: Sequence[_Examined], mean: _Mean, benchmark: pl.DataFrame | str | None
) -> _Market | None:
    """Return the requested benchmark, else the instrument's, else the mean of three or more other shares, else None."""
    series = examined.series
    if isinstance(benchmark, pl.DataFrame):
        return _Market(benchmark.select("session", "close"), str(benchmark["symbol"][0]), vouched=False)
    chosen = benchmark or series.benchmark
    named = [other for other in every if other.series.symbol == chosen and other.series.symbol != series.symbol]
    others = mean.without(examined, every)
    if not named:
        if isinstance(benchmark, str) and benchmark != series.symbol:
            raise InputError(
                f"benchmark {benchmark!r} is not among the bars", hint="load it, or give its bars", argument="benchmark"
            )
        return others
    index = max(named, key=lambda other: other.right.bars.height)
    market = _Market(index.right.bars.select("session", "close"), index.series.symbol, vouched=others is not None)
    if others is None:
        known_closes = identity.known_closes(index.series.symbol)
        return replace(market, vouched=shifts.known_closes_agree(index.right, known_closes))
    shifted = shifts.shifts_by_returns(index.right, others.closes, others.name)
    another = identity.unlike_its_market(index.right, others.closes, others.name)
    covers = _common(examined, market) >= _ENOUGH * _common(examined, others)
    return market if covers and not shifted and not another else others


def _common(examined: _Examined, market: _Market) -> int:
    """Return the number of sessions that the series has in common with a market."""
    return int(examined.right.bars["session"].is_in(market.closes["session"].implode()).sum())
