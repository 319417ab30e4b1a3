"""Bars from files and frames: CSV, Parquet, Arrow, in the layouts that common sources write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from correlator.errors import InputError
from correlator.market.figures import as_numbers, has_decimal_comma, not_numbers
from correlator.market.instruments import canonical_symbol, find_instrument, split_symbol
from correlator.market.labels import label_sessions
from correlator.market.layouts import PRICES, Layout, find_layout, melt, without_extra_headers
from correlator.market.raw_table import AT, LINE, RawTable, read_raw
from correlator.market.stamps import Stamps, read_stamps
from correlator.sessions import exchange_named
from correlator.tables import BARS, REJECTS

BAR_COLUMNS = tuple(name for name in BARS.column_names if name not in ("vintage", "retrieved_at"))
REJECT_COLUMNS = tuple(name for name in REJECTS.column_names if name != "loaded_at")


@dataclass(frozen=True)
class PriceFile:
    """Bars of one source.

    ``bars``: columns of ``tables.BARS`` without vintage and retrieved_at, one row per symbol and bar, in order;
    ``rejects``: source, source_line, reason, content; ``layout``: what the file was taken for; ``notes``: what a reader
    should know, one line each; ``stamped``: ``labels``, ``local`` times, or ``instants`` that were converted.
    """

    bars: pl.DataFrame
    rejects: pl.DataFrame
    layout: str
    notes: tuple[str, ...] = ()
    stamped: str = "labels"

    @property
    def symbols(self) -> list[str]:
        return [str(symbol) for symbol in self.bars["symbol"].unique(maintain_order=True)]


def read_prices(
    path_or_frame: str | Path | Any,
    *,
    symbol: str | None = None,
    exchange: str | None = None,
    columns: Mapping[str, str] | None = None,
    date_order: str | None = None,
) -> PriceFile:
    """Read bars from a path (CSV, gzip, Parquet, Arrow IPC) or any frame that exports Arrow.

    ``symbol``: whose bars they are, where the source does not say it; of a source with several, the one to take.
    ``exchange``: market identifier code, needed where stamps are instants or local times of several bars a day, and the
    symbol's exchange is not known. ``columns``: ours to theirs, for example ``{"close": "Last"}``. ``date_order``: dmy,
    mdy or ymd, for dates that can be read in two ways.

    Prices are taken as they stand: no adjustment, no filling; an empty close is no bar. Rows that cannot be read are
    returned as rejects with their line. Raises InputError for a missing column, TimeError for dates that cannot be told
    truthfully, NotFoundError for a missing file.
    """
    return read_claimed(path_or_frame, None, symbol=symbol, exchange=exchange, columns=columns, date_order=date_order)


def read_claimed(
    path_or_frame: str | Path | Any,
    claimed: str | None,
    *,
    symbol: str | None = None,
    exchange: str | None = None,
    columns: Mapping[str, str] | None = None,
    date_order: str | None = None,
) -> PriceFile:
    """As ``read_prices``; a source that does not say its symbol is taken for ``claimed``."""
    if exchange is not None:
        exchange_named(exchange)
    raw, header_symbol = without_extra_headers(read_raw(path_or_frame))
    layout = find_layout(raw, columns)
    if layout.wide and symbol is not None and len(layout.wide) == 1:
        layout = Layout("columns", {**layout.columns, "close": layout.wide[0]})
    stamps = _stamps(raw, layout, date_order)
    raw = replace(raw, frame=raw.frame.with_columns(stamps.values.alias(AT)))
    stacked, rejected = _stack(raw, layout, symbol or header_symbol, claimed)
    zone_of = exchange or _exchange_of(stacked["symbol"].unique().to_list())
    dated, notes, interval = label_sessions(stacked, stamps, zone_of, raw.source)
    figures, bad_figures = _figures(dated, raw.is_text)
    kept, repeated = _without_repeats(figures)
    bars = kept.with_columns(pl.lit(interval).alias("interval"), pl.lit(raw.source).alias("source"))
    rejects = _rejects(raw, [*rejected, *bad_figures, *repeated])
    if bars.is_empty():
        raise InputError(f"{raw.source} holds no bar that can be read", hint=_first_reason(rejects))
    ordered = bars.select(pl.col(name).cast(kind) for name, kind in BARS.schema(BAR_COLUMNS).items())
    return PriceFile(ordered, rejects, layout.name, tuple(notes), stamps.kind + "s")


def _exchange_of(symbols: list[str]) -> str | None:
    """The exchange that all the symbols have, as far as the package knows."""
    found = set()
    for symbol in symbols[:50]:
        known = find_instrument(symbol)
        found.add(str(known["exchange"]) if known else split_symbol(symbol)[1])
    return found.pop() if len(found) == 1 else None


def _stack(
    raw: RawTable, layout: Layout, symbol: str | None, claimed: str | None
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Rows as __line, stamp text untouched, symbol and figures under our names; and rows without a symbol."""
    if layout.wide:
        wanted = [name for name in layout.wide if symbol is None or canonical_symbol(name) == canonical_symbol(symbol)]
        if not wanted:
            raise InputError(f"{raw.source} has no column {symbol!r}", hint=f"it has {', '.join(layout.wide[:12])}")
        return _canonical(melt(raw, layout, wanted)), []
    fields = {ours: theirs for ours, theirs in layout.columns.items() if ours in PRICES}
    rows = raw.frame.select(LINE, AT, *(pl.col(theirs).alias(ours) for ours, theirs in fields.items()))
    if "close" not in fields:
        rows = rows.with_columns(pl.col("adjusted_close").alias("close"))
    if "symbol" not in layout.columns:
        whose = symbol or claimed
        if whose is None:
            raise InputError(f"{raw.source} does not say whose prices it holds", hint="give symbol (--symbol)")
        return rows.with_columns(pl.lit(canonical_symbol(whose)).alias("symbol")), []
    named = rows.with_columns(raw.frame[layout.columns["symbol"]].cast(pl.String).alias("symbol"))
    nameless = named.filter(pl.col("symbol").is_null()).select(LINE, pl.lit("no symbol").alias("reason"))
    named = _canonical(named.filter(pl.col("symbol").is_not_null()))
    if symbol is None:
        return named, [nameless]
    present = named["symbol"].unique().to_list()
    if len(present) == 1:
        return named.with_columns(pl.lit(canonical_symbol(symbol)).alias("symbol")), [nameless]
    chosen = named.filter(pl.col("symbol") == canonical_symbol(symbol))
    if chosen.is_empty():
        raise InputError(f"{raw.source} has no symbol {symbol!r}", hint=f"it has {', '.join(sorted(present)[:12])}")
    return chosen, [nameless]


def _canonical(rows: pl.DataFrame) -> pl.DataFrame:
    """Symbols under the names used everywhere in the store."""
    names = {name: canonical_symbol(name) for name in rows["symbol"].unique()}
    return rows.with_columns(pl.col("symbol").replace_strict(names, return_dtype=pl.String))


def _stamps(raw: RawTable, layout: Layout, date_order: str | None) -> Stamps:
    column = raw.frame[layout.columns["date"]]
    if "time" in layout.columns and raw.is_text:
        column = _with_times(column, raw.frame[layout.columns["time"]])
    return read_stamps(column, date_order=date_order, source=raw.source)


def _with_times(dates: pl.Series, times: pl.Series) -> pl.Series:
    """Stooq's date and time columns as one text; daily files write the time as 000000."""
    if times.str.strip_chars().is_in(["", "000000", "0"]).fill_null(True).all():
        return dates
    frame = pl.DataFrame({"d": dates, "t": times.str.replace_all(":", "").str.zfill(6)})
    day = pl.col("d").str.replace_all(r"[-/.]", "")
    text = [day.str.slice(0, 4), day.str.slice(4, 2), day.str.slice(6, 2)]
    clock = [pl.col("t").str.slice(at, 2) for at in (0, 2, 4)]
    return frame.select(pl.format("{}-{}-{} {}:{}:{}", *text, *clock).alias(dates.name)).to_series()


def _figures(rows: pl.DataFrame, is_text: bool) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Figures as numbers; rows with words instead of numbers, or without a close or a date, are set aside."""
    present = [name for name in PRICES if name in rows.columns]
    comma = is_text and any(has_decimal_comma(rows[name]) for name in present if name != "volume")
    rejected = []
    bad = pl.Series([False]).new_from_index(0, rows.height)
    numbers = rows
    for name in present:
        values = as_numbers(rows[name], decimal_comma=comma)
        wrong = not_numbers(rows[name], values)
        if wrong.any():
            said = rows.filter(wrong & ~bad)
            text = (pl.lit(f"{name} ") + pl.col(name).cast(pl.String) + pl.lit(" is no number")).alias("reason")
            rejected.append(said.select(LINE, text))
            bad |= wrong
        numbers = numbers.with_columns(values.alias(name))
    missing = [pl.lit(None, pl.Float64).alias(name) for name in PRICES if name not in present]
    numbers = numbers.filter(~bad).with_columns(missing)
    undated = pl.col("session").is_null()
    closeless = pl.col("close").is_null() & ~undated
    rejected.append(numbers.filter(undated).select(LINE, pl.lit("the date cannot be read").alias("reason")))
    rejected.append(numbers.filter(closeless).select(LINE, pl.lit("no close").alias("reason")))
    return numbers.filter(~undated & ~closeless), rejected


def _without_repeats(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The first bar of each symbol and start, in order; the others, with what they repeat or contradict."""
    key = ["symbol", "bar_start"]
    symbol, start = pl.col("symbol"), pl.col("bar_start")
    in_order = (symbol > symbol.shift()) | ((symbol == symbol.shift()) & (start > start.shift()))
    if rows.select(in_order.tail(max(rows.height - 1, 0)).all()).item():
        return rows, []
    rows = rows.sort(key, maintain_order=True)
    repeated = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in key)
    if not rows.select(repeated.any()).item():
        return rows, []
    first = rows.unique(key, keep="first", maintain_order=True)
    later = rows.join(first.select(LINE, "symbol"), on=[LINE, "symbol"], how="anti")
    both = later.join(first.select(*key, LINE, *PRICES), on=key, suffix="_first")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_first")) for name in PRICES)
    line, day = pl.col(f"{LINE}_first").cast(pl.String), pl.col("session").cast(pl.String)
    twin = pl.lit("duplicate: line ") + line + pl.lit(" holds the same bar of ") + day
    other = pl.lit("contradiction: line ") + line + pl.lit(" holds another bar of ") + day + pl.lit(", which is kept")
    reason = pl.when(same).then(twin).otherwise(other)
    return first, [both.select(LINE, reason.alias("reason"))]


def _rejects(raw: RawTable, parts: list[pl.DataFrame]) -> pl.DataFrame:
    reasons = pl.concat([part.select(pl.col(LINE).cast(pl.Int64), "reason") for part in parts]) if parts else None
    broken = raw.broken.select(LINE, pl.lit("more fields than the header").alias("reason"), "content")
    frames = [broken]
    if reasons is not None and not reasons.is_empty():
        wanted = raw.frame.filter(pl.col(LINE).cast(pl.Int64).is_in(reasons[LINE].implode()))
        text = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in raw.names[:20]], separator=",")
        content = wanted.select(pl.col(LINE).cast(pl.Int64), text.str.slice(0, 500).alias("content"))
        frames.append(reasons.join(content, on=LINE, how="left"))
    together = pl.concat(frames, how="vertical_relaxed").sort(LINE)
    return together.select(
        pl.lit(raw.source).alias("source"),
        pl.col(LINE).cast(pl.Int64).alias("source_line"),
        "reason",
        pl.col("content").fill_null(""),
    )


def _first_reason(rejects: pl.DataFrame) -> str:
    if rejects.is_empty():
        return "the table has a header and nothing below it"
    row = rejects.row(0, named=True)
    return f"line {row['source_line']}: {row['reason']}"
