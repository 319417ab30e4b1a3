"""Compare stored news with stored returns: the computations of ``correlator correlate``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict, Unpack

import numpy as np
import polars as pl

from correlator.align.day_zero import place_on_exchanges
from correlator.base.buckets import columns_of_parts
from correlator.base.progress import tracked
from correlator.cluster import Cluster
from correlator.correlation.intensity import Intensity, news_intensity
from correlator.correlation.lead_lag import granger, lead_lag
from correlator.correlation.projection import local_projection
from correlator.correlation.series import Array
from correlator.correlation.signal import information_coefficient, quantile_spread, rolling_correlation
from correlator.errors import InputError, NotFoundError, StudyError, counted, listed, refuse_unknown, warn
from correlator.eventstudy.panel.frames import Panel, log_volume_of
from correlator.eventstudy.request.readers import DEFAULT_LINKS
from correlator.eventstudy.request.spec import shows_options, study_spec
from correlator.eventstudy.significance.multiple_testing import holm
from correlator.research.correlated import INTENSITY, Correlated, CorrelateKeywords, correlated
from correlator.research.panel import bar_arrays, exchange_of, stored_panel
from correlator.research.selection import events_of_symbols, stored_events
from correlator.research.study import requested_symbols
from correlator.sessions.calendars import AFTER_CLOSE
from correlator.store.db import Store
from correlator.store.reading import read_bars

AGAINST = ("returns", "absolute", "volume")


@dataclass(frozen=True)
class NewsAndReturns:
    """News and bars on the same T sessions: those with bars, from the first with news to the last.

    ``panel``: returns (T, S), fractions; ``volume`` (T, S): natural logarithm of shares traded; ``intensity``: news.
    """

    panel: Panel
    volume: Array
    intensity: Intensity

    @property
    def sentence(self) -> str:
        """A summary in one line."""
        labels, news = self.panel.labels, self.intensity
        return (
            f"{counted(len(labels), 'session')} from {labels[0]} to {labels[-1]}, "
            f"{counted(len(news.keys), 'key')}, {counted(news.excluded.height, 'event')} left out"
        )

    def __repr__(self) -> str:
        return f"NewsAndReturns: {', '.join(self.panel.symbols)}; news by {self.intensity.by}; {self.sentence}"

    def outcome(self, symbol: str, against: str = "returns") -> Array:
        """Return the returns, absolute returns or log volume (T,) of one symbol."""
        if symbol not in self.panel.symbols:
            raise NotFoundError(
                f"{symbol!r} is not one of the symbols", hint=f"symbols are {', '.join(self.panel.symbols)}"
            )
        column = self.panel.symbols.index(symbol)
        if against == "volume":
            return self.volume[:, column]
        if against not in AGAINST:
            raise InputError(f"against {against!r} is not known", hint=f"choose {', '.join(AGAINST)}")
        returns = self.panel.returns[:, column]
        return np.abs(returns) if against == "absolute" else returns


class NewsKeywords(TypedDict, total=False):
    """Keywords of ``news_and_returns``: the options of a study that select news and bars."""

    events: str | None
    links: str | Sequence[str] | None
    returns: str
    price: str
    as_of: str | date | datetime | None
    date_only: str | None


@shows_options(NewsKeywords)
def news_and_returns(
    store: Store, symbols: str | Sequence[str], *, by: str = "country", **options: Unpack[NewsKeywords]
) -> NewsAndReturns:
    """Return the amount of news per session, with the bars of the same sessions.

    Parameters
    ----------
    store
        The store.
    symbols
        One symbol or several, of one exchange, on whose sessions news is placed.
    by
        How news is grouped: country, dyad, category, symbol or all.
    **options
        ``events``: a selection such as ``category = CONSULT``; ``links`` (for ``by`` symbol): kinds of link that relate
        an event to a symbol; ``date_only``: day 0 of news without a time, as in studies.

    Returns
    -------
    NewsAndReturns
        Input for ``correlate``.

    Raises
    ------
    NotFoundError
        If there is no news or there are no bars.

    Examples
    --------
    >>> ws.news_and_returns(["HBL", "LUCK"], by="category")  # doctest: +SKIP
    """
    refuse_unknown(options, NewsKeywords.__annotations__)
    spec = study_spec(symbols=symbols, holes="drop", **options)
    if by != "symbol" and spec.links != DEFAULT_LINKS:
        raise InputError(
            f"links does not apply to news by {by}, which counts every event",
            hint="leave it out, or count news by symbol",
            argument="links",
        )
    with store.studying() as connection:
        names = tuple(requested_symbols(connection, spec))
        spec = replace(spec, symbols=names)
        exchange = exchange_of(connection, names)
        panel = stored_panel(connection, names, exchange, spec)
        volumes = bar_arrays(read_bars(connection, names, as_of=spec.as_of), panel.labels, names)
        if by == "symbol":
            news = events_of_symbols(connection, names, exchange, spec)
        else:
            stored = stored_events(connection, spec, exchange)
            placed = place_on_exchanges(stored, [exchange], date_only=spec.date_only or AFTER_CLOSE)
            news = placed.rename({"day_zero": "date"})
    placed = news.rename({"date": "session"})
    inside = placed.filter(pl.col("session").is_in(panel.labels.implode()))["session"]
    if inside.is_empty():
        raise NotFoundError(
            "no news falls on sessions with bars", hint="see `correlator list events`, or add prices of that time"
        )
    at = panel.labels.search_sorted(inside)
    rows = slice(at.min(), at.max() + 1)  # type: ignore[operator]  # some are inside
    return NewsAndReturns(
        Panel(panel.labels[rows], panel.symbols, panel.returns[rows]),
        log_volume_of(volumes["volume"][rows]),
        news_intensity(placed, panel.labels[rows], by=by),
    )


class NewsAndHow(NewsKeywords, CorrelateKeywords, total=False):
    """Keywords of ``news_and_returns`` and of ``correlate``."""


def stored_correlation(
    store: Store,
    symbols: str | Sequence[str],
    method: str = "lead-lag",
    *,
    by: str = "country",
    **options: Unpack[NewsAndHow],
) -> pl.DataFrame:
    """Compare news with bars of a store in one table: ``news_and_returns`` and ``correlate`` in one step.

    Parameters
    ----------
    store
        The store.
    symbols
        One symbol or several, of one exchange.
    method
        As in ``correlate``: ``lead-lag``, ``granger``, ``projection``, ``rolling``, ``ic``, ``spread`` or
        ``intensity``.
    by
        How news is grouped: country, dyad, category, symbol or all.
    **options
        The options of ``news_and_returns``, which select news and returns, and those of ``correlate``.

    Returns
    -------
    polars.DataFrame
        As from ``correlate``.

    Raises
    ------
    NotFoundError, InputError, StudyError
        As ``news_and_returns`` and ``correlate``.

    Examples
    --------
    >>> ws.correlate("HBL", "lead-lag", by="country")  # doctest: +SKIP
    """
    remaining: dict[str, Any] = dict(options)
    news = {name: remaining.pop(name) for name in NewsKeywords.__annotations__ if name in remaining}
    return correlate(news_and_returns(store, symbols, by=by, **news), method, **remaining)


def correlate(
    data: NewsAndReturns,
    method: str = "lead-lag",
    *,
    cluster: Cluster | None = None,
    **how: Unpack[CorrelateKeywords],
) -> pl.DataFrame:
    """Compare news with bars in one table.

    Parameters
    ----------
    data
        The result of ``news_and_returns``.
    method
        ``lead-lag``, ``granger`` (news causes the bars), ``projection`` (response of the bars to one unit of news),
        ``rolling`` (over ``window`` sessions), ``ic`` or ``spread`` (over symbols, for news by symbol); ``intensity``:
        the news itself, without a comparison.
    cluster
        Cluster on whose workers symbols (for ``ic`` and ``spread``: horizons) are computed, with the same result.
    **how
        The fields of ``Correlated``; ``measure``: stories, events, goldstein, conflict or novelty, 0 on sessions
        without news.

    Returns
    -------
    polars.DataFrame
        One row per symbol, key and lag, order or horizon, or session for ``rolling``. Every p-value is one of a
        family: ``p_holm`` is adjusted for all of them and ``tested`` is their number. Keys whose news does not vary are
        left out with a warning.

    Raises
    ------
    InputError
        For another method.
    StudyError
        If no key can be measured.

    Examples
    --------
    >>> correlate(ws.news_and_returns("HBL"), "granger")  # doctest: +SKIP
    """
    _check_data(data)
    options = correlated(method, how)
    if method == INTENSITY:
        return data.intensity.table if options.keys is None else data.intensity.of(options.keys)
    each = map if cluster is None else cluster.stream
    if method in ("ic", "spread"):
        return _over_symbols(data, method, options, each)
    keys = tuple(options.keys or data.intensity.keys)
    pairing = Pairing(
        method,
        options,
        data.panel.labels,
        keys,
        data.panel.symbols,
        news=np.array([data.intensity.series(key, options.measure) for key in keys]),
        outcomes=np.array([data.outcome(symbol, options.against) for symbol in data.panel.symbols]),
    )
    by_symbol: dict[str, list[Measured]] = {}
    for pairs in each(measured_pairs, [pairing] if cluster is None else _by_bucket(pairing)):
        by_symbol |= pairs
    return _family([pair for symbol in pairing.symbols for pair in by_symbol[symbol]])


def _check_data(data: object) -> None:
    if not isinstance(data, NewsAndReturns):
        hint = "pass the result of news_and_returns()"
        raise InputError(f"data is a {type(data).__name__}, not news and returns", hint=hint, argument="data")


@dataclass(frozen=True)
class Pairing:
    """``news`` (K, T) of ``keys`` to compare with ``outcomes`` (S, T) of ``symbols``, all on ``labels`` (T,)."""

    method: str
    options: Correlated
    labels: pl.Series
    keys: tuple[str, ...]
    symbols: tuple[str, ...]
    news: Array
    outcomes: Array


@dataclass(frozen=True)
class Measured:
    """The ``table`` of a ``symbol`` and a ``key``, or the reason why there is none."""

    symbol: str
    key: str
    table: pl.DataFrame | None
    why_not: str = ""


def measured_pairs(pairing: Pairing) -> dict[str, list[Measured]]:
    """Measure every key with every symbol and return the results by symbol; also runs on a worker."""
    measured: dict[str, list[Measured]] = {symbol: [] for symbol in pairing.symbols}
    places = [(s, k) for s in range(len(pairing.symbols)) for k in range(len(pairing.keys))]
    for s, k in tracked(places, "symbols and keys"):
        symbol, key = pairing.symbols[s], pairing.keys[k]
        try:
            table = _measure(pairing, pairing.news[k], pairing.outcomes[s])
        except StudyError as error:
            measured[symbol].append(Measured(symbol, key, None, str(error)))
            continue
        measured[symbol].append(Measured(symbol, key, table))
    return measured


def _measure(pairing: Pairing, news: Array, outcome: Array) -> pl.DataFrame:
    """Return the table of one series of news and one outcome."""
    options = pairing.options
    if pairing.method == "lead-lag":
        lags = lead_lag(
            news, outcome, max_lag=options.max_lag, bands=options.bands, draws=options.draws, seed=options.seed
        )
        return lags.table.rename({"p_adjusted": "p_holm"})
    if pairing.method == "granger":
        return granger(news, outcome, max_lag=options.max_lag)
    if pairing.method == "projection":
        return local_projection(outcome, news, horizons=options.max_lag, cumulative=options.against == "returns")
    values = rolling_correlation(news, outcome, options.window, minimum=options.window // 2)
    return pl.DataFrame({"session": pairing.labels, "correlation": values}, nan_to_null=True)


def _by_bucket(pairing: Pairing) -> list[Pairing]:
    """Split the pairing by bucket of symbols."""
    return [
        replace(pairing, symbols=tuple(pairing.symbols[s] for s in rows.tolist()), outcomes=pairing.outcomes[rows])
        for rows in columns_of_parts(pairing.symbols).values()
    ]


def _family(pairs: list[Measured]) -> pl.DataFrame:
    """Concatenate the tables of all pairs as one family of tests; warn about pairs without a table."""
    parts: list[pl.DataFrame] = []
    refused: dict[str, list[str]] = {}
    for pair in pairs:
        if pair.table is None:
            refused.setdefault(pair.why_not, []).append(f"{pair.symbol} and {pair.key}")
        else:
            named = (pl.lit(pair.symbol).alias("symbol"), pl.lit(pair.key).alias("key"))
            parts.append(pair.table.select(*named, pl.all()))
    for reason, names in refused.items():
        if not parts:
            raise StudyError(f"{listed(names, 3)}: {reason}")
        warn(f"left out {listed(names, 3)}: {reason}")
    if not parts:
        raise StudyError("the news of these sessions has no keys to group by", hint="group it by='all'")
    table = pl.concat(parts)
    if "p_value" not in table.columns:
        return table
    adjusted = holm(table["p_value"].to_numpy())
    return table.with_columns(
        pl.Series("p_holm", adjusted), pl.lit(int(np.isfinite(adjusted).sum()), pl.Int64).alias("tested")
    )


def _over_symbols(
    data: NewsAndReturns, method: str, options: Correlated, each: Callable[..., Iterable[Any]]
) -> pl.DataFrame:
    """Return the signal test at every horizon from 1 to ``options.max_lag``; the horizons are one family of tests."""
    if data.intensity.by != "symbol":
        raise InputError(f"method {method} needs news by symbol", hint="give by='symbol'")
    known = set(data.intensity.keys)
    silent = np.zeros(len(data.panel.labels))
    columns = [data.intensity.series(s, options.measure) if s in known else silent for s in data.panel.symbols]
    signal, returns = np.stack(columns, axis=1), data.panel.returns
    at = partial(_at_horizon, signal, returns, method=method, quantiles=options.quantiles)
    table: pl.DataFrame = pl.concat(list(each(at, range(1, options.max_lag + 1))))
    return table.with_columns(
        pl.Series("p_holm", holm(table["p_value"].to_numpy())), pl.lit(table.height, pl.Int64).alias("tested")
    )


def _at_horizon(signal: Array, returns: Array, horizon: int, *, method: str, quantiles: int) -> pl.DataFrame:
    """Return the summary of one test of ``signal`` (T, S) against ``returns`` (T, S)."""
    if method == "ic":
        return information_coefficient(signal, returns, horizon=horizon).summary
    return quantile_spread(signal, returns, horizon=horizon, quantiles=quantiles).summary
