"""The functions that a fuzzer calls: each passes bytes to a reader of foreign data."""

from __future__ import annotations

import atexit
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

sys.path.append(str(Path(__file__).parents[1] / "news"))  # every_reader
BARS = pl.DataFrame({"Date": ["2025-05-26", "2025-05-27", "2025-05-28"], "Close": [1.0, 1.1, 1.2], "Volume": [1, 2, 3]})


def of_file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], object]:
    """A door that takes a file: the bytes are written under ``name`` first."""

    def run(data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            return read(path)

    return run


def of_text(read: Callable[[str], Any]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("utf-8", "replace"))


def prices(path: Path) -> object:
    from correlator.market.reading.files import read_prices

    return read_prices(path, symbol="X", exchange="XKAR")


def prices_as_written(path: Path) -> object:
    """Symbols are those that the file states."""
    from correlator.market.reading.files import read_prices

    return read_prices(path, exchange="XNAS")


def news(layout: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        from correlator.news.read import read_news

        return list(read_news(path, layout=layout))

    return read


def factors(path: Path) -> object:
    from correlator.market.factors import read_factors

    return read_factors(path)


def instruments(path: Path) -> object:
    from correlator.market.names.instruments import read_instruments

    return read_instruments(path)


def gdelt(path: Path) -> object:
    from correlator.news.corpora.gdelt import read_events

    return list(read_events(path))


def coded(path: Path) -> object:
    from correlator.events.files.coded_file import read_event_file

    return list(read_event_file(path))


def report(path: Path) -> object:
    from correlator.report.spec import read_spec

    return read_spec(path)


def settings(path: Path) -> object:
    from correlator.config import _read

    return _read(path)


def watch(path: Path) -> object:
    from correlator.watch.spec import read_watch

    return read_watch(path)


def actors(path: Path) -> object:
    from correlator.events.vocabulary.own_actors import read_own

    return read_own.__wrapped__(path)


def watchlist(path: Path) -> object:
    from correlator.events.linking.link import read_watchlist

    return read_watchlist(path)


def exchanges(path: Path) -> object:
    from correlator.sessions.own_exchanges import read_exchanges, weekly_sessions

    return [weekly_sessions(own) for own in read_exchanges(path).values()]


def corrections(path: Path) -> object:
    from correlator.sessions.corrections import read_corrections

    return read_corrections(path)


def publisher(path: Path) -> object:
    from correlator.news.profiles import _read

    return _read(path)


def layout(data: bytes) -> object:
    from correlator.market.layout.spec import read_layout

    return read_layout(data, "own.toml")


def study_prices(path: Path) -> object:
    from correlator.eventstudy.panel.frames import read_wide
    from correlator.eventstudy.parts.study_files import read_wide_file

    return read_wide(read_wide_file(path), "prices")


def study_events(path: Path) -> object:
    from correlator.eventstudy.parts.study_files import read_events_file

    return read_events_file(path)


def any_news(data: bytes) -> object:
    """The first byte chooses how the input begins and the name of its file, so that every reader is reached."""
    from every_reader import HEADS, NAMES, read_everything

    choice = data[0] if data else 0
    with tempfile.TemporaryDirectory() as folder:
        head, name = HEADS[choice % len(HEADS)], NAMES[choice // len(HEADS) % len(NAMES)]
        return read_everything(head + data[1:], Path(folder), name)


@cache
def _small_store() -> str:
    from correlator.intake.prices import add_prices
    from correlator.store.db import Store

    path = Path(tempfile.mkdtemp(prefix="fuzz-sql-")) / "store.duckdb"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    add_prices(Store(path), BARS, symbol="AIRLINK", exchange="XKAR")
    return str(path)


def sql(text: str) -> object:
    """A user's statement where the process for it would run it; a memory limit that a user may set as well."""
    from correlator.store.user_sql import Request
    from correlator.store.user_sql_process import answer

    out = io.BytesIO()
    answer(Request(_small_store(), text, 4.0, 200_000_000, unsafe=False, lock_wait=1.0), out)
    return out


def selection(text: str) -> object:
    from correlator.events.selection.select import parse_selection

    return parse_selection(text)


def formula(text: str) -> object:
    from correlator.eventstudy.regression.formula import parse_formula

    return parse_formula(text)


def instant(text: str) -> object:
    from correlator.eventstudy.request.readers import instant

    return instant(text)


def printed_time(text: str) -> object:
    from correlator.news.times.timestamps import parse_time

    return parse_time(text, zone="Asia/Karachi")


def window(text: str) -> object:
    from correlator.eventstudy.request.windows import parse_windows

    return parse_windows(text)


def strip(text: str) -> object:
    from correlator.news.strips.strip import parse_strip

    return parse_strip(text)


def headline(text: str) -> object:
    from correlator.events.coder import code_headlines

    return code_headlines([text], coder="rules")


def address(text: str) -> object:
    from correlator.base.addresses import is_address, shown

    return shown(text), is_address(text)


def inert(text: str) -> object:
    from correlator.base.inert import file_name, safe_cells, visible

    assert visible(visible(text)) == visible(text)
    assert "/" not in file_name(text)
    return safe_cells(pl.DataFrame({"a": [text]}))


_KINDS: tuple[Any, ...] = (
    *(pl.String, pl.Float64, pl.Int64, pl.Date, pl.Datetime("us", "UTC"), pl.Boolean, pl.Binary, pl.Float32),
    *(pl.Decimal(20, 4), pl.Categorical, pl.Time, pl.Duration("ms"), pl.List(pl.Float64), pl.Null, pl.UInt8, pl.Int128),
)
_NAMES = (
    "Date",
    "Close",
    "Symbol",
    "Volume",
    "Open",
    "High",
    "Low",
    "close",
    "Adj Close",
    "a",
    "",
    "title",
    "AIRLINK",
    "url",
    "symbol",
)
_VALUES = (
    *("2025-05-26", "2025-05-27", "2025-05-28", "1.5", "1.75", "2", "AIRLINK", "-1", "nan", "inf", "1e308", "0"),
    *("", None, "x", "9999-12-31", "0001-01-01", "1748217600", "9223372036854775807", "\u202e", "26.05.2025"),
)


def of_frame(read: Callable[[pl.DataFrame], Any]) -> Callable[[bytes], object]:
    """A door that takes a frame: columns, types and values that the bytes choose, five bytes a column."""

    def run(data: bytes) -> object:
        columns = {}
        for kind, name, *places in zip(*(iter(data[:60]),) * 5, strict=False):
            values = pl.Series([_VALUES[place % len(_VALUES)] for place in places], dtype=pl.String)
            columns[_NAMES[name % len(_NAMES)]] = _of_kind(values, _KINDS[kind % len(_KINDS)])
        return read(pl.DataFrame(columns))

    return run


def frame_of_prices(frame: pl.DataFrame) -> object:
    from correlator.market.reading.files import read_prices

    return read_prices(frame, symbol="AIRLINK", exchange="XKAR")


def frame_of_study_prices(frame: pl.DataFrame) -> object:
    from correlator.eventstudy.panel.frames import read_wide

    return read_wide(frame, "prices")


def frame_of_events(frame: pl.DataFrame) -> object:
    from correlator.eventstudy.placing.event_table import read_events

    return read_events(frame)


def frame_of_news(frame: pl.DataFrame) -> object:
    from correlator.news.read import read_news

    return list(read_news(frame))


def _of_kind(values: pl.Series, kind: Any) -> pl.Series:
    """Texts as values of a type, through dates or numbers where polars knows no shorter way."""
    if kind == pl.Binary:
        return values.cast(pl.Binary)
    if kind == pl.Date:
        return values.str.to_date("%Y-%m-%d", strict=False)
    if kind == pl.Datetime("us", "UTC"):
        return values.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if kind == pl.List(pl.Float64):
        return values.cast(pl.Float64, strict=False).reshape((3, 1)).cast(kind)
    if kind in (pl.Boolean, pl.Time, pl.Duration("ms"), pl.UInt8):
        return values.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).cast(kind, strict=False)
    if kind == pl.Null:
        return pl.Series([None] * len(values))
    return values.cast(kind, strict=False)
