"""``check prices`` on files: compare files with each other and with known facts, without loading them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import polars as pl

from correlator.market.audit.findings import together
from correlator.market.audit.prices import audit_prices, series_of
from correlator.market.names.instruments import find_instrument
from correlator.market.reading.files import PriceFile, PriceKeywords, PriceOptions, read_file


def check_files(
    paths: Sequence[str | Path], *, benchmark: str | None = None, **options: Unpack[PriceKeywords]
) -> pl.DataFrame:
    """Return findings about the bars of files (see ``audit_prices``) and about rows lost in reading them.

    ``options``: as in ``read_prices``, for every file. Without ``symbol``, a file that does not state its symbol is
    assumed to have the one in its name: ``KSE100_old.csv`` claims to be KSE100.
    """
    files = [read_for_check(path, **options) for path in paths]
    symbol, exchange = options.get("symbol"), options.get("exchange")
    bars = pl.concat([file.bars for file in files])
    tables = [audit_prices(bars, benchmark, exchange=exchange)]
    tables += [audit_file(file, symbol=file.symbols[0]) for file in files]
    if symbol is None:
        tables += [audit_name(file, known_in_name(path)) for path, file in zip(paths, files, strict=True)]
    return together(tables)


def audit_file(file: PriceFile, *, symbol: str) -> pl.DataFrame:
    """Return findings that only reading the file can show: timestamps in UTC, repeated and unreadable rows."""
    series = series_of(file.bars.filter(pl.col("symbol") == symbol), None, {})
    findings = []
    moved = [note for note in file.notes if note.startswith("stamps are instants")]
    if moved:
        harmless = ": 0 bars belong" in moved[0]
        action = "taken as the exchange's date, which is right; a reader that cuts off the time "
        action += "has the same dates" if harmless else "is one day early"
        findings.append(series.finding("utc-stamps", "low" if harmless else "high", moved[0], action))
    for word, grade in (("duplicate", "low"), ("contradiction", "high")):
        rows = file.rejects.filter(pl.col("reason").str.starts_with(word))
        if rows.height:
            text = f"{rows.height} rows: {rows['reason'][0].split(': ', 1)[1]} (line {rows['source_line'][0]})"
            findings.append(series.finding(word, grade, text, "the first bar of each session is kept"))
    broken = file.rejects.filter(~pl.col("reason").str.contains("^(duplicate|contradiction)"))
    if broken.height:
        text = f"{broken.height} rows cannot be read, first line {broken['source_line'][0]}: {broken['reason'][0]}"
        findings.append(series.finding("unreadable", "medium", text, "see the rejects"))
    return together(findings)


def audit_name(file: PriceFile, claimed: str | None) -> pl.DataFrame:
    """Return a finding if the file states another symbol than its name, ``claimed``, a known symbol or None."""
    if claimed is None or claimed in file.symbols or len(file.symbols) > 1:
        return together([])
    series = series_of(file.bars, None, {})
    text = f"the file is named after {claimed} but contains {series.symbol}"
    return series.finding("not-what-it-claims", "medium", text, "one of the two is wrong: compare with another source")


def read_for_check(path: str | Path, **options: Unpack[PriceKeywords]) -> PriceFile:
    """Read a file's bars, with the symbol in its name if it states none; contradicting rows become rejects."""
    return read_file(path, PriceOptions(**options, claimed=symbol_in_name(path), contradictions="keep"))


def symbol_in_name(path: str | Path) -> str:
    """Return the symbol in a file's name: a known one among its words, else its first word."""
    known = known_in_name(path)
    words = _words(path)
    return known or next((word for word in words[1:] if word), words[0]).upper()


def known_in_name(path: str | Path) -> str | None:
    """Return the first known symbol among the words of a file's name, or None."""
    for word in _words(path):
        known = find_instrument(word) if word else None
        if known is not None:
            return str(known["symbol"])
    return None


def _words(path: str | Path) -> list[str]:
    """Return a file's name without its endings, followed by the words in it."""
    stem = re.sub(r"\.(csv|txt|tsv|parquet|arrow)$", "", re.sub(r"\.(gz|zst)$", "", Path(path).name), flags=re.I)
    return [stem, *re.split(r"[^A-Za-z0-9.^&-]+", stem)]
