"""Two columns of symbols in one table: whether the second one names other shares than the first."""

from __future__ import annotations

import re

import polars as pl

from correlator.base.tabular import as_text
from correlator.market.names.codes import as_symbols
from correlator.market.names.instruments import canonical_symbol, class_of
from correlator.market.names.symbols import split_place
from correlator.market.vocabulary import may_be_company

_TICKER = re.compile(r"[\^$#]?[A-Z0-9][A-Z0-9.\-=&/_^]*")
_SHORT = 4
"""Length of the longest ticker in a column that may as well hold names of companies: AAPL, not APPLE."""


def name_other_shares(chosen: pl.Series, other: pl.Series) -> bool:
    """Whether a second column of symbols (N,) names another share than the ``chosen`` one (N,) in any row.

    Spellings of one share, names of companies, and numbers beside tickers (a code) are not other shares. Both series
    have the names of their columns.

    Examples
    --------
    >>> name_other_shares(pl.Series("ticker", ["KO", "PEP"]), pl.Series("RIC", ["KO.N", "PEP.OQ"]))
    False
    >>> name_other_shares(pl.Series("ticker", ["KO"]), pl.Series("target", ["PEP"]))
    True
    """
    written = {"mine": as_symbols(as_text(chosen)), "theirs": as_symbols(as_text(other))}
    pairs = pl.DataFrame(written).drop_nulls().unique().filter((pl.col("mine") != "") & (pl.col("theirs") != ""))
    longest = _SHORT if may_be_company(other.name) else None
    if any(longest and " " in theirs for theirs in pairs["theirs"]):
        return False
    shares = [(_share(mine), _share(theirs)) for mine, theirs in pairs.iter_rows()]
    if not all(_TICKER.fullmatch(theirs) and len(theirs) <= (longest or len(theirs)) for _, theirs in shares):
        return False
    return any(mine != theirs and mine.isdigit() is theirs.isdigit() for mine, theirs in shares)


def _share(symbol: str) -> str:
    """Return what a symbol means: the share's name in the package, without its exchange and in one spelling."""
    bare = split_place(canonical_symbol(symbol))[0]
    return class_of(bare) or (bare.lstrip("0") or bare if bare.isdigit() else bare)
