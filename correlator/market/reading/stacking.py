"""Reshape a table of any shape to one row per symbol and timestamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from correlator.containers.packed import EACH
from correlator.containers.raw import AT, LINE
from correlator.errors import InputError, listed
from correlator.market.layout.recognise import Recognised
from correlator.market.names.codes import as_symbols
from correlator.market.names.former import former_names
from correlator.market.names.instruments import canonical_symbol
from correlator.market.names.symbols import meaning
from correlator.market.vocabulary import PRICES
from correlator.sessions.exchanges import exchange_named

_SHOWN = 12
_DAY, _IS_DAY = r"^\d{4}-\d\d-\d\d\b", "the symbol is a date, as spreadsheets make of MAR1"


@dataclass(frozen=True)
class Whose:
    """Which symbol is meant.

    ``symbol``: the one that the caller requests; ``claimed``: the one to assume if the source states none;
    ``exchange``: market identifier code; ``aliases``: further names, in capitals, to symbols.
    """

    symbol: str | None = None
    claimed: str | None = None
    exchange: str | None = None
    aliases: Mapping[str, str] | None = None

    def name(self, symbol: str) -> str:
        """Return the store's name of a symbol as the source writes it."""
        return (self.aliases or {}).get(symbol.strip().upper()) or canonical_symbol(
            symbol.strip(), exchange=self.exchange
        )


@dataclass(frozen=True)
class Stacked:
    """Rows with __line, __at, symbol and figures under the names of fields; rejects (__line, reason); notes."""

    rows: pl.DataFrame
    rejected: list[pl.DataFrame]
    notes: list[str]


def stack(table: Recognised, whose: Whose) -> Stacked:
    """Return the rows of the requested symbol, or of all; raise InputError if the source has other symbols only."""
    if table.is_wide:
        return _of_blocks(table, whose)
    fields = table.blocks[None]
    columns = [pl.col(theirs).alias(ours) for ours, theirs in fields.items()]
    if table.currency is not None:
        columns.append(pl.col(table.currency).alias("currency"))
    if table.series is not None:
        columns.append(pl.col(table.series).cast(pl.String).str.strip_chars().alias("series"))
    frame = table.table.frame
    rows = frame.select(LINE, AT, *columns)
    if "close" not in fields:
        rows = rows.with_columns(pl.col("adjusted_close").alias("close"))
    if table.symbol is None:
        return Stacked(rows.with_columns(pl.lit(_only_symbol(table, whose)).alias("symbol")), [], [])
    named = rows.with_columns(as_symbols(frame[table.symbol]).alias("symbol"))
    symbol = pl.col("symbol")
    of_day = pl.when(symbol.str.contains(_DAY)).then(pl.lit(_IS_DAY))
    reason = pl.when(symbol.fill_null("") == "").then(pl.lit("no symbol")).otherwise(of_day)
    wrong = named.select(reason.alias("reason")).to_series()
    if wrong.is_null().all():
        return Stacked(_chosen(named, table, whose), [], [])
    nameless = named.select(LINE, wrong).drop_nulls("reason")
    return Stacked(_chosen(named.filter(wrong.is_null()), table, whose), [nameless], [])


def _only_symbol(table: Recognised, whose: Whose) -> str:
    """Return the symbol of a table without a symbol column, from the caller or from what stands next to the table."""
    raw = table.table
    stated = next((raw.facts[key] for key in _SYMBOL_FACTS if raw.facts.get(key)), None)
    if stated is not None and whose.symbol is not None and not _is_known_as(stated, whose):
        raise InputError(
            f"{raw.source} contains {stated}, not {whose.symbol}",
            hint=f"give --symbol {stated}, or add it as an alias of {whose.symbol} (correlator add instruments)",
        )
    if raw.files and stated is None:
        raise InputError(
            f"{raw.source} contains {len(raw.files)} files ({listed(raw.files)}) that do not state their symbol",
            hint=EACH,
        )
    chosen = whose.symbol or stated or whose.claimed
    if chosen is None:
        raise InputError(f"{raw.source} does not state the symbol of its prices", hint="give symbol (--symbol)")
    return whose.name(chosen)


_SYMBOL_FACTS = ("symbol", "ticker", "security", "ric", "instrument", "code")


def _is_known_as(stated: str, whose: Whose) -> bool:
    assert whose.symbol is not None
    return bool(meaning([stated], whose.symbol, whose.exchange, whose.aliases))


def _chosen(named: pl.DataFrame, table: Recognised, whose: Whose) -> pl.DataFrame:
    """Return the rows of the requested symbol, or all, under the store's names."""
    present = named["symbol"].unique().to_list()
    if whose.symbol is None:
        return _renamed(named, {name: whose.name(name) for name in present})
    meant = meaning(present, whose.symbol, whose.exchange, whose.aliases)
    if not meant:
        raise _no_symbol(table.table.source, whose.symbol, present)
    former = _former_names(present, whose)
    rows = named.filter(pl.col("symbol").is_in([name for name in meant if name not in former]) | _until_last(former))
    return rows.with_columns(pl.lit(whose.name(whose.symbol)).alias("symbol"))


def _former_names(present: Sequence[str], whose: Whose) -> dict[str, date]:
    """Return former names of the requested symbol among those ``present``, with the last day of each."""
    assert whose.symbol is not None
    country = exchange_named(whose.exchange).country if whose.exchange else None
    known = {name: former_names().get(name.strip().upper()) for name in present}
    mine = whose.name(whose.symbol)
    return {
        name: each.until
        for name, each in known.items()
        if each is not None and each.symbol == mine and country in (None, each.country)
    }


def _until_last(names: Mapping[str, date]) -> pl.Expr:
    """Select the rows under each of the names up to its last day."""
    rows = pl.lit(value=False)
    for name, until in names.items():
        rows |= (pl.col("symbol") == name) & (pl.col(AT).cast(pl.Date) <= until)
    return rows


def _no_symbol(source: str, symbol: str, present: Sequence[str]) -> InputError:
    if len(present) == 1:
        return InputError(
            f"{source} contains {present[0]}, not {symbol}",
            hint=f"leave out symbol (--symbol), or add it as an alias of {symbol} (correlator add instruments)",
        )
    return InputError(f"{source} has no symbol {symbol!r}", hint=f"it has {listed(sorted(present), _SHOWN)}")


def _renamed(rows: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    if all(ours == theirs for theirs, ours in names.items()):
        return rows
    return rows.with_columns(pl.col("symbol").replace_strict(names, return_dtype=pl.String))


def _of_blocks(table: Recognised, whose: Whose) -> Stacked:
    """Stack a table whose header names the symbols."""
    names = [name for name in table.blocks if name is not None]
    ours = {name: whose.name(name) for name in names}
    if whose.symbol is not None:
        meant = meaning(names, whose.symbol, whose.exchange, whose.aliases)
        if not meant:
            raise _no_column(table, whose.symbol, names)
        names, ours = meant, dict.fromkeys(meant, whose.name(whose.symbol))
    blocks = {name: table.blocks[name] for name in names}
    frame = table.table.frame
    if all(set(fields) == {"close"} for fields in blocks.values()):
        columns = {fields["close"]: ours[name] for name, fields in blocks.items()}
        long = frame.unpivot(list(columns), index=[LINE, AT], variable_name="symbol", value_name="close")
        return Stacked(_renamed(long, columns).filter(pl.col("close").is_not_null()), [], [])
    parts = [_block(frame, fields, ours[name]) for name, fields in blocks.items()]
    return Stacked(pl.concat(parts, how="diagonal_relaxed"), [], [])


def _block(frame: pl.DataFrame, fields: Mapping[str, str], symbol: str) -> pl.DataFrame:
    """Return the rows of one symbol, without those in which all its figures are missing."""
    figures = [pl.col(theirs).alias(ours) for ours, theirs in fields.items() if ours in PRICES]
    rows = frame.select(LINE, AT, *figures, pl.lit(symbol).alias("symbol"))
    names = [ours for ours in fields if ours in PRICES]
    if "close" not in fields:
        rows = rows.with_columns(pl.col("adjusted_close").alias("close"))
    return rows.filter(~pl.all_horizontal(pl.col(names).is_null()))


def _no_column(table: Recognised, symbol: str, names: Sequence[str]) -> InputError:
    raw = table.table
    if len(names) == 1:
        return InputError(
            f"{raw.source} contains {names[0]}, not {symbol}",
            hint=f"give --column close={names[0]} if that is the close of {symbol}",
        )
    return InputError(f"{raw.source} has no column {symbol!r}", hint=f"it has {listed(names, _SHOWN)}")
