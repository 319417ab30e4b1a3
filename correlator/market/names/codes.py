"""Map the kinds, countries, currencies, exchanges and symbols in tables of instruments to codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import polars as pl

from correlator.base.files import read_csv
from correlator.base.resources import data_path
from correlator.market.names.currencies import currencies, currency_called
from correlator.market.names.exchanges import exchange_written

KINDS = ("share", "fund", "index", "factor", "fx", "future", "crypto", "commodity", "rate", "bond", "option")
_KINDS_CALLED = {
    "share": (
        *("shares", "stock", "stocks", "common stock", "common stocks", "common share", "common shares", "equity"),
        *("equities", "ordinary share", "ordinary shares", "adr", "preferred stock", "preference share", "reit"),
    ),
    "fund": ("funds", "etf", "etfs", "mutual fund", "closed end fund", "exchange traded fund"),
    "index": ("indices", "indexes", "stock index", "equity index"),
    "factor": ("factors",),
    "fx": ("forex", "currency", "currency pair", "exchange rate"),
    "future": ("futures",),
    "crypto": ("cryptocurrency", "cryptocurrencies", "coin"),
    "commodity": ("commodities",),
    "rate": ("rates", "interest rate"),
    "bond": ("bonds",),
    "option": ("options",),
}
"""Names of the kinds in other files, in lower case."""
# Marks that make a spreadsheet keep digits as text: '005930 and ="005930".
_INVISIBLE, _FLOAT = "[\u00ad\u200b-\u200f\u2060\ufeff]", r"^(\d+)\.0$"
_MARKED_TEXT = r"""^(?:['’](\w[\w.\-]*)|=\s*"([^"]*)")$"""

# FRED's DGS10 and TB3MS, Yahoo's ^TNX, US10Y and US10YT=RR of terminals.
_YIELD = re.compile(
    r"^(DGS\d+(MO)?|GS\d+|DTB\d+|TB\d+MS|DFF|FEDFUNDS|\^(TNX|IRX|FVX|TYX)|[A-Z]{2}\d{1,2}Y(T=RR|=RR|T)?)$|\b(yield|YLD|YTM)\b",
    re.IGNORECASE,
)
_MARK = re.compile(_MARKED_TEXT)


def as_symbols(written: pl.Series) -> pl.Series:
    """Return a column of symbols as text, without surrounding spaces and the marks that make digits text.

    Invisible characters are removed, and the decimals of 700.0, which pandas adds if any cell is missing.

    >>> as_symbols(pl.Series(["'005930", '="600000"', " KO ", "700.0"])).to_list()
    ['005930', '600000', 'KO', '700']
    """
    numbers = written.fill_nan(None) if written.dtype.is_float() else written
    text = numbers.cast(pl.String).str.replace_all(_INVISIBLE, "").str.strip_chars()
    return text.str.replace(_MARKED_TEXT, "${1}${2}").str.replace(_FLOAT, "${1}")


def as_symbol(written: str) -> str:
    """Return one symbol as ``as_symbols``."""
    text = re.sub(_INVISIBLE, "", written).strip()
    match = _MARK.fullmatch(text)
    return re.sub(_FLOAT, r"\1", (match[1] or match[2] or "") if match else text)


def is_yield(name: str) -> bool:
    """Whether a series is a yield by its name, so that its relative changes are not returns."""
    return _YIELD.search(name) is not None


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Return the known ISO 3166-1 alpha-3 codes."""
    exchanges = read_csv(data_path("sessions", "exchanges.csv"), infer_schema=False)["country"].drop_nulls()
    return frozenset([*read_csv(data_path("events", "countries.csv"), infer_schema=False)["country"], *exchanges])


def by_codes(column: pl.Series) -> pl.Series:
    """Replace the values of a column of ``CODED`` by codes; unknown values stay as written.

    >>> by_codes(pl.Series("kind", ["Common Stock", "ETF", "lamp"])).to_list()
    ['share', 'fund', 'lamp']
    """
    codes = {written: CODED[column.name](written) for written in column.unique().drop_nulls()}
    return column.replace({written: code for written, code in codes.items() if code is not None})


def _country_code(written: str) -> str | None:
    """Return the code of a country by its name, or by its code in any case."""
    code = written.upper()
    return code if code in countries() else _countries_by_name().get(written.casefold())


def _currency_code(written: str) -> str | None:
    """Return the code of a currency by its name, or by its code in lower case: ``gbp``, not ``GBp``."""
    return written.upper() if written.islower() and written.upper() in currencies() else currency_called(written)


def _kind_called(written: str) -> str | None:
    word = " ".join(written.casefold().replace("-", " ").split())
    return next((kind for kind, words in _KINDS_CALLED.items() if word in (kind, *words)), None)


CODED: dict[str, Callable[[str], str | None]] = {
    "exchange": exchange_written,
    "country": _country_code,
    "currency": _currency_code,
    "kind": _kind_called,
}
"""For each column of codes the function that returns the code of a cell, or None."""


@lru_cache(maxsize=1)
def _countries_by_name() -> Mapping[str, str]:
    rows = read_csv(data_path("events", "countries.csv"), infer_schema=False).select("country", "names").rows()
    return {name.casefold(): code for code, names in rows for name in (names or "").split(";")}
