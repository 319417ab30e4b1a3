"""Daily bars from Stooq: one CSV per symbol, no key; prices are adjusted for splits (https://stooq.com/db/h/).

Stooq answers a request for missing data with the text "No data", and refuses too many requests with another text, both
with status 200.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from urllib.parse import urlencode

import polars as pl

from correlator.base.web import Limits, get
from correlator.errors import InputError, NotFoundError, SourceError
from correlator.market.names.instruments import canonical_symbol, describe_instrument, find_instrument, split_symbol
from correlator.market.reading.files import BAR_COLUMNS, read_prices
from correlator.market.sources.bar_source import ACTION_SCHEMA, Download, Request, closed_sessions
from correlator.sessions.exchanges import exchange_named

SERVICE = "https://stooq.com/q/d/l/"
COUNTRIES = {"USA": "us", "GBR": "uk", "DEU": "de", "JPN": "jp", "HKG": "hk", "HUN": "hu"}
_INDICES = {"SP500": "^spx", "^GSPC": "^spx"}
_BEGINNING = date(1990, 1, 1)
_SECONDS, _SIZE = 60.0, 50_000_000


class Stooq:
    """The source ``stooq``."""

    name = "stooq"
    title = "Stooq, daily bars without a key"

    def __init__(self, service: str = SERVICE, *, allow_private: bool = False) -> None:
        self._service = service
        self._limits = Limits(_SECONDS, _SIZE, allow_private)

    def name_of(self, symbol: str, instrument: dict[str, str | None] | None, exchange: str | None) -> str:
        """Return Stooq's name: aapl.us, ^spx; raise InputError for a country that Stooq does not cover."""
        known = instrument or find_instrument(symbol)
        bare = str(known["symbol"]) if known else symbol
        if bare in _INDICES:
            return _INDICES[bare]
        place = exchange or (known["exchange"] if known else split_symbol(symbol)[1])
        if place is None or "." in symbol or symbol.startswith("^"):
            return symbol.lower()
        ending = COUNTRIES.get(exchange_named(place).country or "")
        if ending is None:
            hint = f"it has those of {', '.join(sorted(COUNTRIES))}; use another source"
            raise InputError(f"Stooq has no shares of {place}", hint=hint)
        return f"{bare.split('.')[0]}.{ending}".lower()

    def earliest(self, interval: str) -> date:
        """Return the first day to request; raise InputError for an interval other than daily."""
        if interval != "1d":
            raise InputError(f"Stooq has no bars of {interval}", hint="use interval 1d")
        return _BEGINNING

    def download(self, request: Request) -> Download:
        """Return daily bars, without a session that has not closed yet."""
        self.earliest(request.interval)
        last = (request.end - timedelta(days=1)) if request.end else datetime.now(UTC).date()
        query = {"s": request.symbol, "d1": f"{request.start:%Y%m%d}", "d2": f"{last:%Y%m%d}", "i": "d"}
        body = get(f"{self._service}?{urlencode(query)}", {}, self._limits).body
        _check_answer(body, request)
        retrieved_at = datetime.now(UTC)
        instrument = _instrument(request)
        symbol, exchange = str(instrument["symbol"]), str(instrument["exchange"])
        try:
            rows = pl.read_csv(BytesIO(body), infer_schema=False)
        except (pl.exceptions.PolarsError, UnicodeDecodeError):
            raise SourceError(f"Stooq's answer for {request.symbol} is not a table", hint="try again later") from None
        file = read_prices(rows, symbol=symbol, exchange=exchange, spacing="1d")
        bars, still_open = closed_sessions(file.bars.filter(pl.col("session") <= last), exchange, retrieved_at)
        notes = ["Stooq adjusts its prices for splits, and those of some markets for dividends"]
        notes += [f"skipped the bar of {day}, whose session has not closed" for day in still_open]
        return Download(
            symbol,
            bars.with_columns(pl.lit(self.name).alias("source")).select(BAR_COLUMNS),
            pl.DataFrame(schema=ACTION_SCHEMA),
            instrument,
            file.rejects.with_columns(pl.lit(f"{self.name}:{request.symbol}").alias("source")),
            retrieved_at,
            tuple(notes),
        )


def _check_answer(body: bytes, request: Request) -> None:
    """Raise NotFoundError or SourceError if Stooq answers with a message instead of a table."""
    start = body[:200].decode("utf-8", "replace").strip()
    if not start or start.lower().startswith("no data"):
        raise NotFoundError(
            f"Stooq has no daily bars of {request.symbol} from {request.start}", hint="look up the symbol at stooq.com"
        )
    if not start.startswith("Date,"):
        words = " ".join(start.split())[:80]
        raise SourceError(f"Stooq refused {request.symbol}: {words!r}", hint="wait some hours and try again")


def _instrument(request: Request) -> dict[str, str | None]:
    """Return what the package knows of the symbol, else what its suffix implies."""
    bare = next((ours for ours, theirs in _INDICES.items() if theirs == request.symbol), request.symbol.upper())
    known = find_instrument(bare) or find_instrument(bare.removesuffix(".US"))
    if known is not None and request.exchange in (None, known["exchange"]):
        return known
    place = request.exchange or split_symbol(bare)[1]
    if place is None:
        raise InputError(f"the exchange of {request.symbol} is not known", hint="give exchange (--exchange)")
    return dict(describe_instrument(canonical_symbol(bare).removesuffix(".US"), exchange=place))
