"""Files that claim or unpack to more than a machine holds are refused, and no library ends the process."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import re
import zipfile

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.base import source_limits as limits
from correlator.base.files import read_arrow, read_parquet, read_toml, toml_document
from correlator.base.limits import limits as process_limits
from correlator.base.limits import size_in_bytes
from correlator.base.source_limits import check_depth, check_names, check_shape, check_table_bytes, check_unpacked
from correlator.errors import InputError
from correlator.eventstudy.parts.study_files import read_events_file, read_wide_file
from correlator.market.names.instruments import read_instruments
from correlator.market.reading.files import read_prices
from correlator.news.read import read_news
from correlator.report.spec import read_spec

HEADER = b"Date,Close\n"
BARS = pl.DataFrame({"Date": ["2025-05-26", "2025-05-27"], "Close": [1.0, 1.1]})


@pytest.fixture
def small(monkeypatch):
    """Bytes that may unpack freely, few enough for a quick test."""
    monkeypatch.setattr(limits, "FREE_BYTES", 3_000_000)
    return limits.FREE_BYTES


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_a_packed_bomb_of_prices_is_refused_before_it_is_unpacked(pack, tmp_path, small):
    file = tmp_path / "p.csv.gz"
    file.write_bytes(pack(HEADER + b"0" * (small + 1)))
    with pytest.raises(InputError, match="100 times its size"):
        read_prices(file, symbol="X", exchange="XKAR")


def test_bombs_inside_each_other_are_refused(tmp_path, small):
    file = tmp_path / "p.csv.gz"
    file.write_bytes(gzip.compress(gzip.compress(HEADER + b"0" * (small + 1))))
    with pytest.raises(InputError, match="times its size"):
        read_prices(file, symbol="X", exchange="XKAR")
    data = b"Date,Close\n2025-05-26,1\n"
    for _ in range(5):
        data = gzip.compress(data)
    file.write_bytes(data)
    with pytest.raises(InputError, match="compressed more than 3 times"):
        read_prices(file, symbol="X", exchange="XKAR")


@pytest.mark.parametrize("members", [0, 2])
def test_an_archive_is_read_whole_or_refused(members, tmp_path):
    file = tmp_path / "20250528120000.export.CSV.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("folder/", "")
        for number in range(members):
            archive.writestr(f"{number}.csv", "Date,Close\n2025-05-26,1\n")
    with pytest.raises(InputError, match=f"contains {members} files"):
        read_prices(file, symbol="X", exchange="XKAR")
    if members:
        assert sum(batch.rejects.height for batch in read_news(file)) == members
    else:
        with pytest.raises(InputError, match="contains 0 files"):
            list(read_news(file))


def damaged(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    return data.replace(old, new)


def test_parquet_that_promises_more_than_it_holds_is_refused(tmp_path):
    constant = pa.table({"Date": ["2025-05-26"], "Close": [1.0]})
    big = pa.table({f"c{k}": pa.nulls(7_000_000, pa.int8()) for k in range(20)})
    pq.write_table(big, tmp_path / "nulls.parquet", compression="zstd")
    assert (tmp_path / "nulls.parquet").stat().st_size < 1_000_000
    with pytest.raises(InputError, match="GB of memory"):
        read_parquet(tmp_path / "nulls.parquet")
    pq.write_table(constant, tmp_path / "good.parquet")
    assert read_parquet(tmp_path / "good.parquet").height == 1


def test_parquet_of_many_columns_is_refused(tmp_path):
    wide = pa.table({f"c{k}": pa.array([1.0]) for k in range(limits.MOST_COLUMNS + 1)})
    pq.write_table(wide, tmp_path / "wide.parquet")
    with pytest.raises(InputError, match="columns, more than the limit"):
        read_parquet(tmp_path / "wide.parquet")


def test_arrow_with_offsets_outside_its_buffer_is_refused(tmp_path):
    text = pa.array(["canary-a", "canary-b"])
    out = io.BytesIO()
    with pa.ipc.new_file(out, pa.schema([("Date", pa.string())])) as writer:
        writer.write_batch(pa.record_batch([text], names=["Date"]))
    offsets = b"\x00\x00\x00\x00\x08\x00\x00\x00\x10\x00\x00\x00"
    file = tmp_path / "p.arrow"
    file.write_bytes(damaged(out.getvalue(), offsets, b"\x00\x00\x00\x00\x08\x00\x00\x00\x10\x00\x00\x70"))
    with pytest.raises(InputError, match="cannot be read as Arrow|too much for a file"):
        read_arrow(file)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8), st.sampled_from("pa"))
def test_damaged_tables_are_read_or_refused(changes, kind):
    out = io.BytesIO()
    (BARS.write_parquet if kind == "p" else BARS.write_ipc)(out)
    data = bytearray(out.getvalue())
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(InputError):
        frame = (read_parquet if kind == "p" else read_arrow)("t", data=bytes(data))
        assert isinstance(frame.to_dicts(), list)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 5_000 + "]" * 5_000, "nested deeper"),
        ("a = " + "{b = " * 3_000 + "1" + "}" * 3_000, "nested deeper"),
        ("[" + "a." * 100_000 + "b]\n", "key with more than 100 parts"),
        ("a = 1\n" * 200_000, "larger than the limit of 1 MB"),
        ("a = '\x00'", "not valid TOML"),
        ("a = \udcff", "not valid TOML"),
        ("= 1", "not valid TOML"),
    ],
    ids=["arrays", "tables", "dots", "size", "null", "bytes", "empty key"],
)
def test_toml_beyond_its_limits_is_refused(text, message, tmp_path):
    file = tmp_path / "daily.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=message):
        read_spec(file)


def test_toml_with_a_mark_of_its_encoding_is_read(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_toml(tmp_path / "a.toml") == {"a": 1}
    assert toml_document(b"", "t") == {}


@pytest.mark.parametrize("symbol", ["X" * 300, "A\nB", "A\x1b[2J", "A\u202eB", "A\x00", " \u200b"])
def test_names_that_cannot_be_seen_or_are_endless_are_refused(symbol, tmp_path):
    frame = BARS.with_columns(symbol=pl.lit(symbol))
    with pytest.raises(InputError, match="symbol"):
        read_prices(frame, exchange="XKAR")
    file = tmp_path / "i.csv"
    file.write_text(f'symbol,exchange\n"{symbol}",XKAR\n', encoding="utf-8")
    with pytest.raises(InputError, match="symbol|character|not text"):
        read_instruments(file)


@pytest.mark.parametrize("depth", [200, 100_000])
def test_json_that_is_nested_without_end_is_refused(depth, tmp_path):
    for name in ("p.json", "n.jsonl", "feed.json"):
        file = tmp_path / name
        file.write_text('{"version": "https://jsonfeed.org/version/1", "a": ' + "[" * depth + "]" * depth + "}")
        assert articles_or_refusal(file) in (0, None)


def articles_or_refusal(file):
    """How many articles a file has; None where it is refused in one line."""
    try:
        if file.name == "p.json":
            read_prices(file, symbol="X", exchange="XKAR")
        return sum(batch.articles.height for batch in read_news(file))
    except InputError as error:
        return None if "\n" not in str(error) else str(error)


def test_the_limits_themselves():
    check_unpacked(limits.FREE_BYTES, 1, "s")
    check_unpacked(limits.FREE_BYTES + 1, limits.FREE_BYTES, "s")
    with pytest.raises(InputError, match="2 GiB"):
        check_unpacked(limits.MOST_BYTES + 1, limits.MOST_BYTES, "s")
    for rows, columns in ((-1, 1), (limits.MOST_ROWS + 1, 1), (1, limits.MOST_COLUMNS + 1)):
        with pytest.raises(InputError, match="more than the limit"):
            check_shape(rows, columns, "s")
    with pytest.raises(InputError, match="memory"):
        check_table_bytes(limits.FREE_TABLE_BYTES + 1, 1_000, "s")
    check_names(["^KSE", "BRK/B", "هنگری"], "symbol", "s")
    check_depth(json.dumps({"a": [{"b": [1]}] * 1_000}), "s")


@pytest.mark.parametrize("read", [read_wide_file, read_events_file])
def test_study_files_that_unpack_without_end_are_refused(tmp_path, small, read):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"symbol,date\n" + b"LAMP,2025-05-28\n" * (small // 10)))
    with pytest.raises(InputError, match="100 times its size"):
        read(path)


@pytest.mark.parametrize("read", [read_wide_file, read_events_file])
@pytest.mark.parametrize("length", [2, 5, 9, 15, 40])
def test_study_files_cut_off_in_their_packing_are_refused(tmp_path, read, length):
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(b"symbol,date,close\n" + b"LAMP,2025-05-28,10.5\n" * 50)[:length])
    with pytest.raises(InputError, match=re.escape(str(path))):
        read(path)


@pytest.mark.parametrize("size", ["9" * 400, "9" * 5_000 + "TB", "1e99GB", "-1GB", "nan"])
def test_memory_without_end_is_no_limit(size, monkeypatch):
    with pytest.raises(InputError, match="memory must be"):
        size_in_bytes(size)
    monkeypatch.setattr("correlator.base.limits._chosen", None)
    monkeypatch.setenv("CORRELATOR_MEMORY", size)
    with pytest.raises(InputError, match="memory must be"):
        process_limits()


@pytest.mark.parametrize("threads", ["99999999", "1025", "0", "-1", "9" * 5_000, "x"])
def test_threads_without_end_are_refused(threads, monkeypatch):
    monkeypatch.setattr("correlator.base.limits._chosen", None)
    monkeypatch.setenv("CORRELATOR_THREADS", threads)  # DuckDB starts them all and ends the process
    with pytest.raises(InputError, match="threads must be from 1 to 1,024"):
        process_limits()
