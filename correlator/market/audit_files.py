"""``check prices`` on files: nothing is loaded, every file is compared with the others and against what is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import polars as pl

from correlator.market.audit import audit_file, audit_name, audit_prices
from correlator.market.files import PriceFile, PriceKeywords, PriceOptions, read_file
from correlator.market.findings import together
from correlator.market.instruments import find_instrument


def check_files(
    paths: Sequence[str | Path], *, benchmark: str | None = None, **options: Unpack[PriceKeywords]
) -> pl.DataFrame:
    """Findings about the bars of files (see ``audit_prices``), and about what was lost in reading them.

    ``options``: as of ``read_prices``, for every file. Without ``symbol``, a
    file that does not say its symbol is taken for the one in its name: ``KSE100_old.csv`` claims to be KSE100.
    """
    files = [read_for_check(path, **options) for path in paths]
    symbol, exchange = options.get("symbol"), options.get("exchange")
    bars = pl.concat([file.bars for file in files])
    tables = [audit_prices(bars, benchmark, exchange=exchange)]
    tables += [audit_file(file, symbol=file.symbols[0]) for file in files]
    if symbol is None:
        tables += [audit_name(file, known_in_name(path)) for path, file in zip(paths, files, strict=True)]
    return together(tables)


def read_for_check(path: str | Path, **options: Unpack[PriceKeywords]) -> PriceFile:
    """A file's bars, under the symbol in its name where it tells none; rows that contradict each other are rejects."""
    return read_file(path, PriceOptions(**options, claimed=symbol_in_name(path), contradictions="keep"))


def symbol_in_name(path: str | Path) -> str:
    """The symbol that a file's name claims: a known one among its words, else its first word."""
    known = known_in_name(path)
    words = _words(path)
    return known or next((word for word in words[1:] if word), words[0]).upper()


def known_in_name(path: str | Path) -> str | None:
    """The first known symbol among the words of a file's name, or None."""
    for word in _words(path):
        known = find_instrument(word) if word else None
        if known is not None:
            return str(known["symbol"])
    return None


def _words(path: str | Path) -> list[str]:
    """A file's name without its endings, and the words in it."""
    stem = re.sub(r"\.(csv|txt|tsv|parquet|arrow)$", "", re.sub(r"\.(gz|zst)$", "", Path(path).name), flags=re.I)
    return [stem, *re.split(r"[^A-Za-z0-9.^&-]+", stem)]
