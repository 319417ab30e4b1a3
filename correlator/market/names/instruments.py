"""Instruments: symbols with exchange, currency, benchmark and aliases, from a file that a user can edit."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import polars as pl

from correlator.base.files import is_file, read_csv
from correlator.base.resources import data_path
from correlator.base.source_limits import check_names
from correlator.base.tabular import Frame, as_text, is_unnamed, to_polars
from correlator.config import setting
from correlator.errors import InputError, NotFoundError, likeliest, warn
from correlator.market.names.codes import CODED, KINDS, as_symbols, by_codes, countries, is_yield
from correlator.market.names.currencies import currencies, price_unit
from correlator.market.names.exchanges import exchange_endings, exchange_printed
from correlator.market.vocabulary import field_of
from correlator.market.vocabulary import plain as plain_name
from correlator.sessions.exchanges import ALWAYS_OPEN, WEEKDAYS, exchange_named
from correlator.tables import INSTRUMENTS

FILE_SERVICES = ("yahoo", "stooq")
"""Services whose suffixes are part of a symbol: ``VOD.L`` is not ``VOD``."""
_ALSO_CALLED = {
    "exchange": ("mic", "miccode", "exchangemic", "exchangecode", "primaryexchange", "listingexchange"),
    "name": ("companyname", "company", "securityname", "nameofcompany", "longname", "issuername"),
    "currency": ("ccy", "tradingcurrency", "currencycode"),
}
"""Names of our columns in other files, in lower case without punctuation."""
_PAIR = re.compile(r"(?:C:|FX:)?([A-Z]{3})(?:/([A-Z]{3})|([A-Z]{3})(?:=X)?|=X)")
_COIN = re.compile(r"[A-Za-z0-9]+(?:[-/](USDT?|USDC|EUR|GBP|BTC)|(?<=[A-Za-z0-9]{2})(USDT|USDC))")
_PLACES_OF_KINDS = {
    "crypto": f"{ALWAYS_OPEN} if it trades every day and its days end at midnight UTC",
    "fx": f"{WEEKDAYS} if its days end at midnight UTC, or the one whose hours your rates follow",
}
# BRK-B, BRK.B, BRK/B and BRK B are one share class in four spellings; ERIC-B.ST has the suffix of its exchange.
_CLASS = re.compile(r"(?P<share>[A-Z][A-Z0-9]{0,5})(?P<mark>[-./ ])(?P<of>[ABC])(?P<place>\.[A-Z]{1,2})?")
_CLASS_MARKS = ".-/ "


def read_instruments(path: str | Path | Frame | None = None) -> pl.DataFrame:
    """Read a table of instruments from any file or frame, by default the one shipped with the package.

    Return columns of ``tables.INSTRUMENTS`` (aliases separated by |; in the file by ; or |) and sector. The file needs
    only symbol and exchange. Raise InputError if it lacks them, repeats a symbol or names an unknown exchange.
    """
    if path is None:
        return _shipped()
    if not isinstance(path, str | Path):
        frame = to_polars(path, "instruments")
        texts = frame.select(as_text(column) for column in frame)
        return _checked(_under_our_names(texts, "instruments"), "instruments")
    if not is_file(Path(path)):
        raise NotFoundError(f"{path} does not exist", hint="check the path")
    from correlator.containers.read import text_table

    return _checked(_under_our_names(text_table(path), Path(path).name), Path(path).name)


def describe_instrument(
    symbol: str, *, exchange: str | None = None, path: str | Path | None = None
) -> dict[str, str | None]:
    """Return one instrument as columns of ``tables.INSTRUMENTS``, with None for what is not known.

    An unknown symbol needs ``exchange``, or a suffix or prefix that implies it (``.KA``, ``PSX:``); otherwise raise
    InputError. An ``exchange`` takes precedence over the one in the file, whose other facts are then ignored.
    """
    by_suffix = split_symbol(symbol)[1]
    name = canonical_symbol(symbol, exchange=exchange, path=path)
    known = find_instrument(symbol, path=path)
    if exchange is not None and by_suffix is not None and not _one_country(by_suffix, exchange):
        raise InputError(
            f"{symbol} is a symbol of {by_suffix}, not of {exchange}", hint="change the symbol or the exchange"
        )
    chosen = exchange or (str(known["exchange"]) if known else by_suffix) or setting("exchange")
    if chosen is None:
        shipped = read_instruments(path)["symbol"].to_list()
        close = difflib.get_close_matches(name.upper(), shipped, n=1, cutoff=0.75)
        by_kind = _PLACES_OF_KINDS.get(_kind_of(name) or "")
        hint = f"give exchange, {by_kind or 'for example XKAR or XNYS'}"
        hint = f"did you mean {close[0]}? Else give exchange" if close and by_kind is None else hint
        raise InputError(f"the exchange of {symbol!r} is not known", hint=hint)
    place = exchange_named(chosen)
    if known is not None and known["exchange"] == place.code:
        return known
    blank: dict[str, str | None] = dict.fromkeys(INSTRUMENTS.column_names)
    kind, currency = _kind_of(name), place.currency
    country = place.country if kind in (None, "index") else None
    if kind == "fx":
        currency = (currency_pair(name) or "")[3:] or currency
    if kind == "crypto":
        currency = quote if (quote := _coin_quote(name)) in currencies() else None
    return {**blank, "symbol": name, "exchange": place.code, "currency": currency, "country": country, "kind": kind}


def _kind_of(symbol: str) -> str | None:
    """Return the kind implied by the form of a symbol (``GC=F``: future, USDINR: fx, BTC-USD: crypto), or None."""
    if is_yield(symbol):
        return "rate"
    if symbol.startswith("^"):
        return "index"
    if symbol.endswith("=F"):
        return "future"
    if currency_pair(symbol) is not None:
        return "fx"
    return "crypto" if _coin_quote(symbol) is not None else None


def _coin_quote(symbol: str) -> str | None:
    """Return what a coin is priced in (``BTC-USD``, ``ETH/EUR``, ``BTCUSDT``), or None."""
    match = _COIN.fullmatch(symbol)
    return None if match is None else match[1] or match[2]


def find_instrument(symbol: str, *, path: str | Path | None = None) -> dict[str, str | None] | None:
    """Return the instrument with this symbol or alias (AIRLINK.KA, PSX:AIRLINK, ^KSE), or None."""
    names = _by_name(None if path is None else str(path))
    bare, _ = split_symbol(symbol)
    return names.get(symbol.upper()) or names.get(bare.upper())


def canonical_symbol(symbol: str, *, exchange: str | None = None, path: str | Path | None = None) -> str:
    """Return the store's name: AIRLINK for AIRLINK.KA and PSX:AIRLINK, USDINR for INR=X; others as written.

    ``exchange``: where it is traded, if known, which excludes instruments of that name in other countries. An all
    lower-case name becomes upper case: ``msft`` and ``MSFT`` are the same.
    """
    known = find_instrument(symbol, path=path)
    if known is not None and (exchange is None or _one_country(str(known["exchange"]), exchange)):
        return str(known["symbol"])
    bare = split_symbol(symbol)[0]
    pair = currency_pair(bare)
    return pair or (bare.upper() if bare.islower() else bare)


def class_of(symbol: str) -> str | None:
    """Return the symbol of a share class in the spelling with a point; None for any other symbol.

    >>> class_of("BRK-B"), class_of("ERIC B.ST"), class_of("BT.L")
    ('BRK.B', 'ERIC.B.ST', None)
    """
    match = _CLASS.fullmatch(symbol.strip().upper())
    return None if match is None else f"{match['share']}.{match['of']}{match['place'] or ''}"


def class_spellings(symbol: str) -> tuple[str, ...]:
    """Return every spelling of the symbol of a share class, in capitals; an empty tuple for any other symbol.

    >>> class_spellings("BRK-B")
    ('BRK.B', 'BRK-B', 'BRK/B', 'BRK B')
    """
    match = _CLASS.fullmatch(symbol.strip().upper())
    if match is None:
        return ()
    return tuple(f"{match['share']}{mark}{match['of']}{match['place'] or ''}" for mark in _CLASS_MARKS)


def symbols_by_spelling(symbols: Iterable[str]) -> dict[str, str]:
    """Map spellings of share classes to the one of ``symbols`` that they mean; ambiguous classes are left out.

    >>> symbols_by_spelling(["BRK-B", "BF.A", "BF/A"])
    {'BRK.B': 'BRK-B', 'BRK-B': 'BRK-B', 'BRK/B': 'BRK-B', 'BRK B': 'BRK-B'}
    """
    classes: dict[str, list[str]] = defaultdict(list)
    for symbol in dict.fromkeys(symbols):
        if (share := class_of(symbol)) is not None:
            classes[share].append(symbol)
    single = [owners[0] for owners in classes.values() if len(owners) == 1]
    return {spelling: symbol for symbol in single for spelling in class_spellings(symbol)}


def currency_pair(symbol: str) -> str | None:
    """Return the currency pair of a symbol: USDINR for ``INR=X``, EURUSD for ``EURUSD=X`` and ``EUR/USD``; or None."""
    match = _PAIR.fullmatch(symbol.strip().upper())
    if match is None:
        return None
    first, second, single = match[1], match[2] or match[3], match[2] is None and match[3] is None
    pair = ("USD", first) if single else (first, second)
    return "".join(pair) if set(pair) <= currencies() and pair[0] != pair[1] else None


def _one_country(one: str, other: str) -> bool:
    return one == other or exchange_named(one).country == exchange_named(other).country


def split_symbol(symbol: str) -> tuple[str, str | None]:
    """Return the bare symbol and the exchange of its prefix (``PSX:HBL``) or suffix (``HBL.KA``), if any."""
    text = symbol.strip()
    if ":" in text:
        prefix, bare = text.split(":", 1)
        code = exchange_printed(prefix)
        return (bare, code) if code else (text, None)
    if "." in text and not text.startswith("^"):
        bare, ending = text.rsplit(".", 1)
        code = exchange_endings(*FILE_SERVICES).get(ending.upper())
        return (bare, code) if code == "XKAR" else (text, code)
    return text, None


@lru_cache(maxsize=1)
def _shipped() -> pl.DataFrame:
    path = data_path("instruments", "instruments.csv")
    return _checked(read_csv(path, infer_schema=False), path.name)


def _under_our_names(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """Rename the columns to those of instruments, and warn of columns that are not used."""
    from correlator.containers.foot import without_foot

    rows = without_foot(rows, source)
    plain = {name: name.strip().lower() for name in rows.columns}
    known = (*INSTRUMENTS.column_names, "sector")
    ours = {name: column for name, column in plain.items() if column in known}
    if "symbol" not in ours.values():
        ours |= {name: "symbol" for name in rows.columns if name not in ours and field_of(name) == "symbol"}
    for column, others in _ALSO_CALLED.items():
        if column not in ours.values():
            ours |= {name: column for name in rows.columns if name not in ours and plain_name(name) in others}
    for column in known:
        if len(names := [name for name, each in ours.items() if each == column]) > 1:
            raise InputError(
                f"{source} has several columns of {column}: {' and '.join(names)}", hint="keep one of these columns"
            )
    unused = [name for name in rows.columns if name not in ours and not is_unnamed(name)]
    if unused and {"symbol", "exchange"} <= set(ours.values()):
        warn(f"{source}: ignored unknown columns {', '.join(unused)}; known columns are {', '.join(known)}")
    renamed = rows.rename(ours).with_columns(pl.all().str.strip_chars().replace("", None))
    renamed = renamed.with_columns(as_symbols(renamed["symbol"])) if "symbol" in renamed.columns else renamed
    return renamed.with_columns(by_codes(renamed[name]) for name in CODED if name in renamed.columns)


def _checked(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    missing = [name for name in ("symbol", "exchange") if name not in rows.columns]
    if missing:
        raise InputError(f"{source} has no column {', '.join(missing)}", hint=f"it has {', '.join(rows.columns)}")
    nameless = rows.filter(pl.col("symbol").is_null() | pl.col("exchange").is_null())
    if nameless.height:
        raise InputError(
            f"{source} has a row without {'symbol' if nameless['symbol'][0] is None else 'exchange'}",
            hint="fill in the cell",
        )
    repeated = rows["symbol"].filter(rows["symbol"].str.to_uppercase().is_duplicated())
    if len(repeated):
        raise InputError(f"{source} has several rows for {repeated[0]}", hint="keep one row per symbol")
    check_names(rows["symbol"], "symbol", source)
    for code in rows["exchange"].unique():
        exchange_named(str(code))
    for column, known in (("kind", KINDS), ("country", countries()), ("currency", currencies())):
        _refuse_unknown(rows, column, known, source)
    columns = [*INSTRUMENTS.column_names, "sector"]
    full = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in columns if name not in rows.columns)
    full = full.select(columns).with_columns(pl.col("aliases").str.replace_all(";", "|"))
    for symbol, benchmark, aliases in full.select("symbol", "benchmark", "aliases").iter_rows():
        if benchmark is not None and benchmark.upper() in (symbol.upper(), *(aliases or "").upper().split("|")):
            raise InputError(
                f"{source}: {symbol} is its own benchmark",
                hint="name an index or equal-weighted, or leave the cell empty",
            )
    return full


def checked_row(row: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return one instrument (``tables.INSTRUMENTS``), checked like a file of instruments; raise InputError."""
    frame = pl.DataFrame([dict(row)], schema=INSTRUMENTS.schema())
    return _checked(frame, "the store").select(INSTRUMENTS.column_names).row(0, named=True)


def _refuse_unknown(rows: pl.DataFrame, column: str, known: Iterable[str], source: str) -> None:
    """Raise InputError for the first non-null value of the column that is not ``known``."""
    if column not in rows.columns:
        return
    for symbol, value in rows.select("symbol", column).iter_rows():
        if value is not None and value not in known:
            hint = _hint_of_unknown(column, value, known)
            raise InputError(f"{source}: {symbol} has an unknown {column} {value!r}", hint=hint)


def _hint_of_unknown(column: str, value: str, known: Iterable[str]) -> str:
    """Return what to write instead: the whole unit for hundredths, a three-letter code, or the most similar value."""
    if column == "currency" and (unit := price_unit(value)) is not None and unit[0] != value:
        return f"write {unit[0]} here, and load prices in {value} with --currency {value}"
    if column in _CODES and len(value.strip()) != len("PAK"):
        return f"write its three-letter code, {_CODES[column]}"
    return likeliest(value, known, "choose one of")


_CODES = {"country": "such as PAK (ISO 3166-1)", "currency": "such as PKR (ISO 4217)"}


@lru_cache(maxsize=4)
def _by_name(path: str | None) -> dict[str, dict[str, str | None]]:
    by_name: dict[str, dict[str, str | None]] = {}
    for row in read_instruments(path).select(INSTRUMENTS.column_names).iter_rows(named=True):
        for name in [row["symbol"], *(row["aliases"] or "").split("|")]:
            if name:
                by_name.setdefault(name.upper(), row)
    return by_name
