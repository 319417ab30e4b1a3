"""Bars from Yahoo: translate symbols to Yahoo's names, and its answers to tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from correlator.errors import InputError, NotFoundError
from correlator.market.names.currencies import price_unit
from correlator.market.names.exchanges import exchange_endings
from correlator.market.names.instruments import canonical_symbol, currency_pair, find_instrument, split_symbol
from correlator.market.reading.files import BAR_COLUMNS
from correlator.market.sources.bar_source import ACTION_SCHEMA, Download, Patience, Request, closed_sessions
from correlator.market.sources.yahoo_requests import BarsRequest, history_of
from correlator.sessions.exchanges import exchange_named, exchange_zone
from correlator.tables import BARS

if TYPE_CHECKING:
    import pandas as pd

INTERVALS = ("1d", "1h", "60m", "30m", "15m", "5m", "2m", "1m")
SOURCE = "yahoo"
_BEGINNING = date(2000, 1, 1)
_REACH = {"1h": 729, "60m": 729, "30m": 59, "15m": 59, "5m": 59, "2m": 59, "1m": 7}
# Yahoo's names of exchanges, and their market identifier codes.
EXCHANGES = {
    "KAR": "XKAR",
    "NMS": "XNAS",
    "NGM": "XNAS",
    "NCM": "XNAS",
    "NIM": "XNAS",
    "NYQ": "XNYS",
    "NYS": "XNYS",
    "SNP": "XNYS",
    "DJI": "XNYS",
    "ASE": "XNYS",
    "PCX": "ARCX",
    "LSE": "XLON",
    "FGI": "XLON",
    "PAR": "XPAR",
    "AMS": "XAMS",
    "GER": "XETR",
    "FRA": "XFRA",
    "MIL": "XMIL",
    "JPX": "XTKS",
    "OSA": "XTKS",
    "HKG": "XHKG",
    "HKSE": "XHKG",
    "SHH": "XSHG",
    "SHZ": "XSHE",
    "NSI": "XNSE",
    "BSE": "XBOM",
    "TOR": "XTSE",
    "ASX": "XASX",
    "KSC": "XKRX",
    "SAU": "XSAU",
    "IST": "XIST",
    "TLV": "XTAE",
}
_KINDS = {
    "EQUITY": "share",
    "INDEX": "index",
    "ETF": "fund",
    "MUTUALFUND": "fund",
    "CURRENCY": "fx",
    "FUTURE": "future",
    "CRYPTOCURRENCY": "crypto",
    "OPTION": "option",
}


class Yahoo:
    """The source ``yahoo``; ``session`` and ``patience`` as of ``download_symbol``."""

    name = SOURCE
    title = "Yahoo Finance, by way of yfinance"

    def __init__(self, session: Any = None, patience: Patience | None = None, *, repair: bool = False) -> None:
        self._session, self._patience, self._repair = session, patience, repair

    def name_of(self, symbol: str, instrument: dict[str, str | None] | None, exchange: str | None) -> str:
        """Return Yahoo's name of the symbol."""
        return yahoo_name(symbol, instrument, exchange=exchange)

    def earliest(self, interval: str) -> date:
        """Return the first day for which Yahoo has bars of the interval."""
        reach = _REACH.get(interval)
        return datetime.now(UTC).date() - timedelta(days=reach) if reach else _BEGINNING

    def download(self, request: Request) -> Download:
        """Return the requested bars and actions."""
        return download_symbol(
            request.symbol,
            start=request.start,
            end=request.end,
            interval=request.interval,
            exchange=request.exchange,
            session=self._session,
            patience=self._patience,
            repair=self._repair,
        )


def download_symbol(
    symbol: str,
    *,
    start: date,
    end: date | None = None,
    interval: str = "1d",
    exchange: str | None = None,
    session: Any = None,
    patience: Patience | None = None,
    repair: bool = False,
) -> Download:
    """Download bars of ``symbol`` (Yahoo's name, or ours if Yahoo's is known) from ``start`` up to ``end``, excluded.

    ``session``: a ``curl_cffi`` Session to send requests with, default yfinance's own. A bar of a session that has not
    closed yet is skipped. ``repair``: let yfinance repair prices in hundredths, missing splits and dividends, and
    zeros; a note says how many bars it changed.

    Raise NotFoundError if Yahoo has no such symbol or no bar in the range, SourceError if it refused or failed in every
    attempt of ``patience``, and InputError for an unknown interval or exchange.
    """
    if interval not in INTERVALS:
        raise InputError(
            f"interval {interval!r} is not known", hint=f"choose {', '.join(INTERVALS)}", argument="interval"
        )
    name = yahoo_name(symbol, exchange=exchange)
    range_ = BarsRequest(start, end, interval, repair)
    history, meta = history_of(name, range_, session, patience or Patience())
    retrieved_at = datetime.now(UTC)
    instrument = _instrument(name, meta, exchange)
    if history.empty:
        raise NotFoundError(f"Yahoo has no {interval} bars of {name} from {start}", hint="try an earlier start")
    unit = price_unit(str(meta.get("currency") or "")) or ("", 1.0)
    rows = _rows(history, str(instrument["symbol"]), interval, str(instrument["exchange"]), factor=unit[1])
    bars, open_now = closed_sessions(rows, str(instrument["exchange"]), retrieved_at)
    empty = bars.filter(pl.col("close").is_null())
    notes = [f"skipped the bar of {day}, whose session has not closed" for day in open_now]
    if "Repaired?" in history.columns and (repaired := int(history["Repaired?"].fillna(False).sum())):
        notes.append(f"{repaired:,} bars were repaired by yfinance")
    if unit[1] != 1.0:
        notes.append(f"{name} is quoted in {meta.get('currency')}; stored in {unit[0]}")
    return Download(
        str(instrument["symbol"]),
        bars.filter(pl.col("close").is_not_null()).select(
            pl.col(column).cast(kind) for column, kind in BARS.schema(BAR_COLUMNS).items()
        ),
        _actions(history, str(instrument["symbol"]), unit[1]),
        instrument,
        _no_close(empty, name),
        retrieved_at,
        tuple(notes),
    )


def yahoo_name(symbol: str, instrument: Mapping[str, str | None] | None = None, *, exchange: str | None = None) -> str:
    """Return Yahoo's name of a symbol: AIRLINK.KA for AIRLINK, ^KSE for KSE100; unknown ones unchanged.

    ``instrument``: what a store knows of it (columns of ``tables.INSTRUMENTS``), default what the package knows;
    ``exchange``: the one that the caller states, which excludes a namesake in another country.
    """
    known = instrument or find_instrument(symbol)
    if known is not None and exchange is not None and not _one_country(known["exchange"], exchange):
        known = None
    pair = currency_pair(symbol)
    if known is None and pair is not None and "=" not in symbol:
        return f"{pair}=X"
    if known is None or symbol.startswith("^") or "." in symbol or "=" in symbol:
        return symbol
    aliases = [name for name in (known["aliases"] or "").split("|") if name]
    endings = ("=X", *(f".{ending}" for ending in exchange_endings("yahoo")))
    marked = [name for name in aliases if name.startswith("^") or name.endswith(endings)]
    return marked[0] if marked else str(known["symbol"])


def _instrument(name: str, meta: dict[str, Any], exchange: str | None) -> dict[str, str | None]:
    """Return what the package knows of the symbol, else what Yahoo says of it."""
    from correlator.market.names.instruments import describe_instrument

    by_suffix = split_symbol(name)[1]
    at_yahoo = EXCHANGES.get(str(meta.get("exchangeName")))
    if exchange is not None and at_yahoo is not None and not _one_country(at_yahoo, exchange):
        raise InputError(
            f"{name} at Yahoo is an instrument of {at_yahoo}, not of {exchange}",
            hint="leave out exchange (--exchange), or give the symbol with its suffix",
        )
    place = exchange or at_yahoo or by_suffix
    known = find_instrument(name)
    if known is not None and (exchange or at_yahoo or known["exchange"]) == known["exchange"]:
        return known
    if place is None:
        raise InputError(
            f"Yahoo's exchange {meta.get('exchangeName')!r} of {name} is not known", hint="give exchange (--exchange)"
        )
    described = describe_instrument(canonical_symbol(name), exchange=place)
    return {
        **described,
        "currency": (price_unit(str(meta.get("currency") or "")) or ("",))[0] or described["currency"],
        "name": meta.get("longName") or meta.get("shortName") or described["name"],
        "kind": _KINDS.get(str(meta.get("instrumentType")), described["kind"]),
        "aliases": name if name != described["symbol"] else described["aliases"],
    }


def _one_country(one: str | None, other: str) -> bool:
    return one is not None and exchange_named(one).country == exchange_named(other).country


def _rows(history: pd.DataFrame, symbol: str, interval: str, exchange: str, *, factor: float) -> pl.DataFrame:
    """Return bars with our column names, prices times ``factor``; a daily bar has its date in Yahoo's own zone.

    Yahoo stamps the bars of currencies with midnights in London, which are the day before in New York.
    """
    moments = [stamp.to_pydatetime() for stamp in history.index]
    stamps = pl.Series(moments, dtype=pl.Datetime("us", exchange_zone(exchange)))
    days = pl.Series([moment.date() for moment in moments], dtype=pl.Date) if interval == "1d" else stamps.dt.date()
    columns = {
        "open": "Open",
        "high": "High",
        "low": "Low",
        "close": "Close",
        "adjusted_close": "Adj Close",
        "volume": "Volume",
    }
    figures = {
        ours: pl.Series(history[theirs].to_numpy(), dtype=pl.Float64, strict=False).fill_nan(None)
        * (1.0 if ours == "volume" else factor)
        for ours, theirs in columns.items()
        if theirs in history.columns
    }
    if interval != "1d":
        # Yahoo adjusts daily closes only; yfinance then repeats the close.
        figures.pop("adjusted_close", None)
    figures.setdefault("adjusted_close", pl.Series([None] * len(stamps), dtype=pl.Float64))
    rows = pl.DataFrame({"at": stamps, **figures}).with_columns(
        pl.lit(symbol).alias("symbol"),
        pl.lit("1h" if interval == "60m" else interval).alias("interval"),
        days.alias("session"),
        pl.lit(SOURCE).alias("source"),
    )
    midnight = pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    start = midnight if interval == "1d" else pl.col("at").dt.convert_time_zone("UTC")
    return rows.with_columns(start.alias("bar_start")).drop("at").unique("bar_start", keep="first", maintain_order=True)


def _actions(history: pd.DataFrame, symbol: str, factor: float) -> pl.DataFrame:
    """Return dividends, splits and capital gains of the range, one row each; amounts times ``factor``."""
    days = pl.Series([stamp.to_pydatetime().date() for stamp in history.index], dtype=pl.Date)
    parts = []
    for theirs, kind in (("Dividends", "dividend"), ("Stock Splits", "split"), ("Capital Gains", "capital-gain")):
        if theirs in history.columns:
            values = pl.Series(history[theirs].to_numpy(), dtype=pl.Float64, strict=False)
            values = values if kind == "split" else values * factor
            part = pl.DataFrame({"session": days, "value": values}).filter(pl.col("value") != 0)
            parts.append(part.with_columns(pl.lit(kind).alias("kind")))
    if not parts:
        return pl.DataFrame(schema=ACTION_SCHEMA)
    together = pl.concat(parts).with_columns(pl.lit(symbol).alias("symbol"), pl.lit(SOURCE).alias("source"))
    return together.select(pl.col(name).cast(kind) for name, kind in ACTION_SCHEMA.items()).sort("session", "kind")


def _no_close(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return rows without a close as rejects."""
    return rows.select(
        pl.lit(f"{SOURCE}:{name}").alias("source"),
        pl.lit(0, pl.Int64).alias("source_line"),
        (pl.lit("no close on ") + pl.col("session").cast(pl.String)).alias("reason"),
        pl.lit("").alias("content"),
    )
