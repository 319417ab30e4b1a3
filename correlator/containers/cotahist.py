"""Read the yearly, monthly and daily COTAHIST files of B3 in São Paulo: fixed-width lines of 245 characters.

Prices are written in hundredths and per lot of the quotation factor; both are divided out here.
Source: B3, "Historical quotes: layout of the file".
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from correlator.base.files import opened
from correlator.base.source_limits import check_size
from correlator.containers.hints import Hints
from correlator.containers.raw import LINE, RawTable, column_names, no_lines
from correlator.errors import InputError

MARK = b"00COTAHIST."
_WIDTH = 245
# Name, offset from 0, length: text fields, prices in hundredths, integers.
_TEXTS = (("DATPRE", 2, 8), ("CODBDI", 10, 2), ("CODNEG", 12, 12), ("TPMERC", 24, 3))
_PRICES = (("PREABE", 56, 13), ("PREMAX", 69, 13), ("PREMIN", 82, 13), ("PREULT", 108, 13))
_VOLUME, _FACTOR = ("QUATOT", 152, 18), ("FATCOT", 210, 7)


def read_cotahist(path: Path, data: bytes | None, source: str, _: Hints) -> RawTable:
    """Return the quotes of the file, without its header and trailer lines.

    Raise InputError for a truncated file and for lines of another length.
    """
    if data is None:
        with opened(path) as file:
            data = file.read()
    check_size(len(data), source)
    lines = pl.DataFrame({"line": data.decode("latin-1").splitlines()}).with_row_index(LINE, offset=1)
    kind = pl.col("line").str.slice(0, 2)
    if lines["line"][-1][:2] != "99":
        raise InputError(f"{source} is truncated: its trailer line (99COTAHIST) is missing", hint="download it again")
    quotes = lines.filter(kind == "01")
    short = quotes.filter(pl.col("line").str.len_chars() != _WIDTH)
    if short.height:
        raise InputError(f"{source} line {short[LINE][0]} is not {_WIDTH} characters long", hint="download it again")
    whole = pl.col("line").str.slice(_FACTOR[1], _FACTOR[2]).cast(pl.Int64, strict=False)
    hundredths = 100 * pl.when(whole > 0).then(whole).otherwise(1)
    fields = [
        *(_text(*place) for place in _TEXTS),
        *(_number(*place) / hundredths for place in _PRICES),
        _number(*_VOLUME),
    ]
    names = [name for name, _, _ in (*_TEXTS, *_PRICES, _VOLUME)]
    places = zip(fields, column_names(len(names)), strict=True)
    columns = [field.cast(pl.String).alias(column) for field, column in places]
    header = tuple((name,) for name in names)
    return RawTable(source, quotes.select(LINE, *columns), header, no_lines(), is_text=True)


def _text(_: str, first: int, length: int) -> pl.Expr:
    return pl.col("line").str.slice(first, length).str.strip_chars()


def _number(name: str, first: int, length: int) -> pl.Expr:
    return _text(name, first, length).cast(pl.Int64, strict=False)
