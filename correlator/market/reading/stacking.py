"""Rows of one symbol and stamp each, out of whatever shape the table has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from correlator.containers.packed import EACH
from correlator.containers.raw import AT, LINE
from correlator.errors import InputError
from correlator.market.layout.recognise import Recognised
from correlator.market.names.codes import as_symbols
from correlator.market.names.former import former_names
from correlator.market.names.instruments import canonical_symbol
from correlator.market.names.symbols import meaning
from correlator.market.vocabulary import PRICES
from correlator.sessions.calendars import exchange_named

_SHOWN = 12


@dataclass(frozen=True)
class Whose:
    """Whose prices are meant.

    ``symbol``: the one that the caller asks for; ``claimed``: what the source is taken for where it does not say;
    ``exchange``: market identifier code; ``aliases``: further names, in capitals, to symbols.
    """

    symbol: str | None = None
    claimed: str | None = None
    exchange: str | None = None
    aliases: Mapping[str, str] | None = None

    def name(self, symbol: str) -> str:
        """The name that the store uses for what a source says."""
        return (self.aliases or {}).get(symbol.strip().upper()) or canonical_symbol(
            symbol.strip(), exchange=self.exchange
        )


@dataclass(frozen=True)
class Stacked:
    """Rows with __line, __at, symbol and figures under our names; rejects (__line, reason); what to tell."""

    rows: pl.DataFrame
    rejected: list[pl.DataFrame]
    notes: list[str]


def stack(table: Recognised, whose: Whose) -> Stacked:
    """The rows of the symbol asked for, or of all. Raises InputError where the source holds another symbol."""
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
    blank = [name for name in named["symbol"].unique() if name is None or not name.strip()]
    if not blank:
        return Stacked(_chosen(named, table, whose), [], [])
    empty = named["symbol"].is_null() | named["symbol"].is_in([name for name in blank if name is not None])
    nameless = named.filter(empty).select(LINE, pl.lit("no symbol").alias("reason"))
    return Stacked(_chosen(named.filter(~empty), table, whose), [nameless], [])


def _only_symbol(table: Recognised, whose: Whose) -> str:
    """Whose prices a table of one symbol holds, as told by the caller, or by what stands next to the table."""
    raw = table.table
    stated = next((raw.facts[key] for key in _SYMBOL_FACTS if raw.facts.get(key)), None)
    if stated is not None and whose.symbol is not None and not _is_known_as(stated, whose):
        raise InputError(
            f"{raw.source} says that it holds {stated}, not {whose.symbol}",
            hint=f"give --symbol {stated}, or make it another name of {whose.symbol} (correlator add instruments)",
        )
    if raw.files and stated is None:
        listed = ", ".join(raw.files[:5]) + (", ..." if len(raw.files) > 5 else "")
        raise InputError(
            f"{raw.source} holds {len(raw.files)} files ({listed}) that do not say whose prices they are", hint=EACH
        )
    chosen = whose.symbol or stated or whose.claimed
    if chosen is None:
        raise InputError(f"{raw.source} does not say whose prices it holds", hint="give symbol (--symbol)")
    return whose.name(chosen)


_SYMBOL_FACTS = ("symbol", "ticker", "security", "ric", "instrument", "code")


def _is_known_as(stated: str, whose: Whose) -> bool:
    assert whose.symbol is not None
    return bool(meaning([stated], whose.symbol, whose.exchange, whose.aliases))


def _chosen(named: pl.DataFrame, table: Recognised, whose: Whose) -> pl.DataFrame:
    """The rows of the symbol asked for, or all, under the store's names."""
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
    """Names that the symbol asked for had before, among those ``present``, to the last day of each."""
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
    """Rows under each of the names to its last day."""
    rows = pl.lit(value=False)
    for name, until in names.items():
        rows |= (pl.col("symbol") == name) & (pl.col(AT).cast(pl.Date) <= until)
    return rows


def _no_symbol(source: str, asked: str, present: Sequence[str]) -> InputError:
    if len(present) == 1:
        return InputError(
            f"{source} holds {present[0]}, not {asked}",
            hint=f"leave symbol (--symbol) out, or make it another name of {asked} (correlator add instruments)",
        )
    listed = ", ".join(sorted(present)[:_SHOWN]) + (", ..." if len(present) > _SHOWN else "")
    return InputError(f"{source} has no symbol {asked!r}", hint=f"it has {listed}")


def _renamed(rows: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    if all(ours == theirs for theirs, ours in names.items()):
        return rows
    return rows.with_columns(pl.col("symbol").replace_strict(names, return_dtype=pl.String))


def _of_blocks(table: Recognised, whose: Whose) -> Stacked:
    """Rows of a table whose header names the symbols."""
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
    """Rows of one symbol, without those in which it has no figure at all."""
    figures = [pl.col(theirs).alias(ours) for ours, theirs in fields.items() if ours in PRICES]
    rows = frame.select(LINE, AT, *figures, pl.lit(symbol).alias("symbol"))
    names = [ours for ours in fields if ours in PRICES]
    if "close" not in fields:
        rows = rows.with_columns(pl.col("adjusted_close").alias("close"))
    return rows.filter(~pl.all_horizontal(pl.col(names).is_null()))


def _no_column(table: Recognised, asked: str, names: Sequence[str]) -> InputError:
    raw = table.table
    if len(names) == 1:
        return InputError(
            f"{raw.source} holds {names[0]}, not {asked}",
            hint=f"say --column close={names[0]} where that is {asked}'s close",
        )
    return InputError(f"{raw.source} has no column {asked!r}", hint=f"it has {', '.join(names[:_SHOWN])}")
