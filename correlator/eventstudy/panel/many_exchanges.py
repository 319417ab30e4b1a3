"""A study of shares of several exchanges: each event on its share's calendar, and one table for all.

The panel of several exchanges has a row for every date on which any of them has a session. Windows are counted in the
sessions of the share's exchange: the engine measures each exchange separately, and the estimates are placed on the
common rows. Two events share a date if the sessions of their day 0 have the same label, and residuals are paired by
label. The label of a session is the local date at its exchange; on every built-in exchange it is also the date in UTC
of its close. Exchanges that close at different hours share only part of that day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, benchmark_of_exchange, benchmarks_by_exchange
from correlator.eventstudy.panel.flagged import MOST_WORDS
from correlator.eventstudy.panel.frames import Array, BarFindings, Calendars, Mask, Panel, Rows, Wide
from correlator.eventstudy.panel.open_days import on_sessions
from correlator.eventstudy.request.spec import StudySpec
from correlator.sessions.exchanges import exchange_named

Place = tuple[Panel, Rows | slice, Rows | slice]
"""A panel, and its rows and columns in a larger one."""

_MASKS = ("limit_locked", "zero_volume", "invalid", "dropped", "purged")
_ELSEWHERE = {**dict.fromkeys(_MASKS, np.False_), "spans": np.int16(1), "risk_free": np.float64(np.nan)}
"""Fill values of bars that belong to no panel, or to one that does not have the array."""


def joined(panels: Mapping[str, Panel]) -> Panel:
    """Return the panels of several exchanges, by code, as one; the panel of a single exchange unchanged.

    Rows are the dates on which any exchange has a session; a share has no return on a day when its exchange is closed.
    The benchmark of each share is that of its exchange; ``factors`` begins with the mean of these.
    """
    if len(panels) == 1:
        return next(iter(panels.values()))
    labels = pl.concat([panel.labels for panel in panels.values()]).unique().sort()
    rows = [labels.search_sorted(panel.labels).to_numpy().astype(np.int64) for panel in panels.values()]
    of = np.concatenate([np.full(len(panel.symbols), k) for k, panel in enumerate(panels.values())])
    ends = np.cumsum([len(panel.symbols) for panel in panels.values()]).tolist()
    places = [
        (panel, own, slice(end - len(panel.symbols), end))
        for panel, own, end in zip(panels.values(), rows, ends, strict=True)
    ]
    shape = (len(labels), len(of))
    own, factors, names = _benchmarks(places, shape)
    own_factors = _own_factors(places, shape)
    return Panel(
        labels,
        tuple(symbol for panel in panels.values() for symbol in panel.symbols),
        **bars_of_all(places, shape),
        factors=factors,
        factor_names=names,
        own_benchmark=own if own_factors is None else None,
        own_factors=own_factors,
        benchmark_note="; ".join(
            f"{code}: {panel.benchmark_note or panel.factor_names[0]}" for code, panel in panels.items()
        )
        if factors is not None
        else "",
        findings=_findings(places, shape),
        beside=_beside(places, shape),
        calendars=Calendars(tuple(panels), of, tuple(rows)),
    )


def bars_of_all(places: Sequence[Place], shape: tuple[int, int]) -> dict[str, Any]:
    """Return returns, and the marks and spans that any panel has, of all bars (T, S), by their names in ``Panel``."""
    bars = {"returns": scattered(places, shape, lambda panel: panel.returns, np.float64(np.nan))}
    for name, fill in _ELSEWHERE.items():
        if any(getattr(panel, name) is not None for panel, _, _ in places):
            bars[name] = scattered(places, shape, attrgetter(name), fill)
    return bars


def scattered(
    places: Sequence[Place], shape: tuple[int, int], of: Callable[[Panel], Any], fill: np.generic
) -> NDArray[Any]:
    """Return one array (T, S) with the array ``of`` each panel at its place; ``fill`` everywhere else."""
    filled = np.full(shape, fill, dtype=fill.dtype)
    for panel, rows, columns in places:
        if (values := of(panel)) is not None:
            filled[rows, columns] = values
    return filled


def panel_of_exchanges(
    wide: Wide,
    exchanges: Mapping[str, str],
    spec: StudySpec,
    make: Callable[[Wide, StudySpec], Panel],
    *,
    extra: Sequence[str] = (),
) -> Panel:
    """Return the panel of a wide frame whose columns trade on several exchanges, each on the sessions of its exchange.

    ``exchanges``: code of each column that is a share; ``make``: builds the panel of one exchange; ``extra``: further
    columns that it needs, such as a benchmark. Numbers on days when their exchange is closed are left out with a
    warning. Raises InputError for instants, and for an exchange without a benchmark if others have their own.
    """
    if wide.labels.dtype != pl.Date:
        raise InputError("intraday bars of several exchanges have no sessions in common", hint="give daily bars")
    panels = {}
    codes = list(dict.fromkeys(exchanges.values()))
    refuse_other_exchanges(spec.benchmark, codes)
    for code in codes:
        symbols = [name for name in wide.names if exchanges.get(name) == code]
        benchmark = _benchmark_on(spec.benchmark, code)
        needed = [*symbols, *extra, *([benchmark] if benchmark not in (None, EQUAL_WEIGHTED) else [])]
        names = tuple(dict.fromkeys(str(name) for name in needed))
        part = on_sessions(wide.only(names), code, f"shares of {code}")
        panel = make(part, replace(spec, benchmark=benchmark, exchange=code))
        panels[code] = _block(panel, np.arange(len(panel.labels)), np.arange(len(symbols)))
    return joined(panels)


def refuse_other_exchanges(benchmark: str | None, exchanges: Sequence[str]) -> None:
    """Raise InputError if ``benchmark`` names one for an exchange on which no share trades."""
    if left := [code for code in benchmarks_by_exchange(benchmark) if code not in exchanges]:
        raise InputError(
            f"benchmark of {left[0]}: no symbol of this study trades on that exchange",
            hint=f"the symbols trade on {', '.join(exchanges)}",
            argument="benchmark",
        )


def on_one_exchange(spec: StudySpec) -> StudySpec:
    """Return ``spec`` with the benchmark of its exchange, if benchmarks are written by exchange: ``XKAR=KSE100``."""
    if not benchmarks_by_exchange(spec.benchmark):
        return spec
    if spec.exchange is None:
        hint = "give exchange='XNAS', or write the benchmark without an exchange"
        raise InputError("benchmark names an exchange, but the exchange of the shares is unknown", hint=hint)
    code = exchange_named(spec.exchange).code
    refuse_other_exchanges(spec.benchmark, [code])
    return replace(spec, benchmark=_benchmark_on(spec.benchmark, code))


def _benchmark_on(text: str | None, code: str) -> str | None:
    """Return the benchmark of an exchange; raises InputError if ``text`` names only those of others."""
    benchmark = benchmark_of_exchange(text, code)
    if benchmark is None and text is not None:
        hint = f"add {code}=SYMBOL, or {code}={EQUAL_WEIGHTED}"
        raise InputError(f"benchmark names no symbol for {code}", hint=hint, argument="benchmark")
    return benchmark


def parts_of(panel: Panel) -> Iterator[Panel]:
    """Yield the panel of each exchange, on its own sessions."""
    calendars = panel.calendars
    assert calendars is not None  # the caller's branch
    for k, rows in enumerate(calendars.rows):
        yield _block(panel, rows, np.flatnonzero(calendars.of == k), k)


def _block(panel: Panel, rows: Rows, columns: Rows, exchange: int = 0) -> Panel:
    """Return some rows and columns of a panel, as the panel of a single exchange, its number in ``own_factors``."""
    block = np.ix_(rows, columns)
    factors = panel.factors if panel.own_factors is None else panel.own_factors[exchange]
    factors = None if factors is None else factors[rows]
    optional: dict[str, Any] = {
        name: None if getattr(panel, name) is None else getattr(panel, name)[block]
        for name in (*_MASKS, "own_benchmark", "spans", "risk_free")
    }
    findings = panel.findings
    return replace(
        panel,
        labels=panel.labels.gather(rows),
        symbols=tuple(panel.symbols[j] for j in columns.tolist()),
        returns=panel.returns[block],
        factors=factors,
        own_factors=None if panel.own_factors is None or factors is None else (factors,),
        findings=None if findings is None else BarFindings(findings.words, findings.bits[block]),
        calendars=None,
        beside=tuple((name, known[block]) for name, known in panel.beside),
        **optional,
    )


def placed_on_parts(
    events: pl.DataFrame,
    panel: Panel,
    spec: StudySpec,
    place: Callable[[pl.DataFrame, pl.Series, StudySpec], pl.DataFrame],
) -> pl.DataFrame:
    """Return ``events`` as ``place`` puts them on the bars of their share's exchange, in the order given."""
    calendars = panel.calendars
    assert calendars is not None  # the caller's branch
    codes = dict(zip(panel.symbols, calendars.of.tolist(), strict=True))
    part = events["symbol"].replace_strict(codes, default=0, return_dtype=pl.Int64)
    numbered = events.with_row_index("_row")
    placed = []
    for k, (code, rows) in enumerate(zip(calendars.exchanges, calendars.rows, strict=True)):
        on_exchange = numbered.filter(part == k)
        if on_exchange.height:
            placed.append(
                place(on_exchange, panel.labels.gather(rows), replace(spec, exchange=code, close_of_day=None))
            )
    return pl.concat(placed or [numbered], how="diagonal_relaxed").sort("_row").drop("_row")


def _benchmarks(places: Sequence[Place], shape: tuple[int, int]) -> tuple[Array | None, Array | None, tuple[str, ...]]:
    """Return the benchmark (T, S) of every share, the factors (T, K) by date, and their names."""
    if any(panel.factors is None for panel, _, _ in places):
        return None, None, ()
    own = scattered(places, shape, attrgetter("benchmark"), np.float64(np.nan))
    every = [np.full((shape[0], panel.factors.shape[1]), np.nan) for panel, _, _ in places if panel.factors is not None]
    for factors, (panel, rows, _) in zip(every, places, strict=True):
        factors[rows] = panel.factors
    stacked = np.stack(every)
    known = ~np.isnan(stacked)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, stacked, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    names = [panel.factor_names for panel, _, _ in places]
    return own, mean, (", ".join(dict.fromkeys(each[0] for each in names)), *names[0][1:])


def _own_factors(places: Sequence[Place], shape: tuple[int, int]) -> tuple[Array, ...] | None:
    """Return the factors (T, K) of each exchange on its rows; None if any panel has a benchmark instead."""
    own = []
    for panel, rows, _ in places:
        if panel.own_factors is None:
            return None
        own.append(np.full((shape[0], panel.own_factors[0].shape[1]), np.nan))
        own[-1][rows] = panel.own_factors[0]
    return tuple(own)


def _beside(places: Sequence[Place], shape: tuple[int, int]) -> tuple[tuple[str, Mask], ...]:
    def known(name: str) -> Mask:
        return scattered(places, shape, lambda panel: dict(panel.beside).get(name), np.True_)

    names = dict.fromkeys(name for panel, _, _ in places for name, _ in panel.beside)
    return tuple((name, known(name)) for name in names)


def _findings(places: Sequence[Place], shape: tuple[int, int]) -> BarFindings | None:
    known = [panel.findings for panel, _, _ in places if panel.findings]
    words = tuple(dict.fromkeys(word for findings in known for word in findings.words))
    if not words:
        return None

    def of(panel: Panel) -> NDArray[np.uint32]:
        bits = np.zeros(panel.returns.shape, dtype=np.uint32)
        if panel.findings is not None:
            for k, word in enumerate(panel.findings.words):
                bit = min(words.index(word), MOST_WORDS - 1)
                bits |= ((panel.findings.bits >> np.uint32(k)) & np.uint32(1)) << np.uint32(bit)
        return bits

    return BarFindings(words[:MOST_WORDS], scattered(places, shape, of, np.uint32(0)))
