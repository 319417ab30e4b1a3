"""Every kind of file is one row of the registry: told by its bytes, whatever its name, packed or not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import polars as pl
import pyarrow
import pytest

from correlator.containers.compress import from_compress
from correlator.containers.kinds import CONTAINERS
from correlator.containers.read import container_of, is_lines_of_text, read_raw
from correlator.errors import InputError

_FRAME = pl.DataFrame({"Date": ["2024-01-02", "2024-01-03"], "Close": ["10.5", "11.25"]})
_CSV = _FRAME.write_csv().encode()


def _written(write: str) -> bytes:
    target = io.BytesIO()
    getattr(_FRAME, write)(target)
    return target.getvalue()


def _zipped(data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("bars.csv", data)
    return target.getvalue()


def stata(**options: object) -> bytes:
    out = io.BytesIO()
    _FRAME.to_pandas().to_stata(out, write_index=False, **options)
    return out.getvalue()


_CONTENTS = {
    "text": _CSV,
    "json": _FRAME.write_json().encode(),
    "parquet": _written("write_parquet"),
    "arrow": _written("write_ipc"),
    "sheet": _written("write_excel"),
    "zip": _zipped(_CSV),
    "gzip": gzip.compress(_CSV),
    "gzip of zip": gzip.compress(_zipped(_CSV)),
    "gzip of parquet": gzip.compress(_written("write_parquet")),
    "bzip2": bz2.compress(_CSV),
    "xz": lzma.compress(_CSV),
    "stata": stata(),
    "zstd": pyarrow.compress(_CSV, "zstd", asbytes=True),
}


def compressed(data: bytes, most: int = 16) -> bytes:
    """What compress (.Z) makes of ``data``, codes of up to ``most`` bits."""
    known = {bytes([byte]): byte for byte in range(256)}
    out, codes, width, read, before = bytearray(b"\x1f\x9d" + bytes([0x80 | most])), [], 9, 257, False

    def put(size: int) -> None:
        out.extend(sum(code << width * place for place, code in enumerate(codes)).to_bytes(size, "little"))
        codes.clear()

    start = 0
    while start < len(data):
        end = start + 1
        while end < len(data) and data[start : end + 1] in known:
            end += 1
        codes.append(known[data[start:end]])
        if len(known) + 1 < 1 << most:
            known[data[start : end + 1]] = len(known) + 1
        read, before, start = read + (before and read < 1 << most), True, end
        wider = read == 1 << width and width < max(most, 10)
        if wider or len(codes) == 8:
            put(width)
        width += wider
    put((len(codes) * width + 7) // 8)
    return bytes(out)


@pytest.mark.parametrize("most", [9, 12, 16])
def test_compress_is_unpacked_whatever_its_width(most: int) -> None:
    data = _CSV * 300 + bytes(range(256)) * 40
    assert from_compress(compressed(data, most), "bars.Z") == data


@pytest.mark.parametrize("content", _CONTENTS)
def test_the_table_is_the_same_out_of_every_kind(tmp_path: Path, content: str) -> None:
    file = tmp_path / "bars.dat"
    file.write_bytes(_CONTENTS[content])
    raw = read_raw(file)
    assert list(raw.labels.values()) == ["Date", "Close"]
    assert [str(cell) for cell in raw.frame["c1"]] == ["10.5", "11.25"]
    assert is_lines_of_text(file) == (content in ("text", "zip", "gzip"))
    streamed = {"text": "text", "gzip": "text", "parquet": "parquet", "arrow": "arrow"}
    assert container_of(file) == streamed.get(content, "other")


def test_every_kind_is_tried_or_refused(tmp_path: Path) -> None:
    tried = {*_CONTENTS, "compress", "COTAHIST"}  # tests/market/layouts/b3-cotahist.txt
    for kind in CONTAINERS:
        assert kind.name in tried or (kind.read is None and kind.unpack is None)
    for release in (114, 117, 118):
        (tmp_path / "file").write_bytes(stata(version=release)[: 900 if release == 118 else None])
        if release < 118:
            assert read_raw(tmp_path / "file").frame["c1"].to_list() == ["10.5", "11.25"]
    with pytest.raises(InputError, match="is not a readable Stata file"):
        read_raw(tmp_path / "file")
    for head, reason in (
        (b"FEA1" + b"\0" * 20, "is a Feather version 1 file, which is not supported"),
        (b"$FL2@(#) SPSS", "is an SPSS data file, which is not supported"),
        (b"<html><table>", "web page"),
    ):
        (tmp_path / "file").write_bytes(head)
        with pytest.raises(InputError, match=reason):
            read_raw(tmp_path / "file")


def test_what_is_not_text_is_told_every_kind_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"ab\0cd\0ef")
    with pytest.raises(InputError) as refused:
        read_raw(tmp_path / "file")
    assert all(kind.called in str(refused.value.hint) for kind in CONTAINERS)


def test_what_is_packed_four_times_is_refused(tmp_path: Path) -> None:
    data = _CSV
    for times in range(1, 5):
        data = gzip.compress(data)
        (tmp_path / "file").write_bytes(data)
        if times < 4:
            assert read_raw(tmp_path / "file").frame.height == 2
    with pytest.raises(InputError, match="compressed more than 3 times"):
        read_raw(tmp_path / "file")
