"""The bytes of a file out of gzip, zip, compress (.Z), bzip2, xz or zstd, and what kind of table they are.

The kind is told by the first bytes, not by the name: the exchange of Karachi calls a zip file ``.Z``.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from correlator.errors import InputError
from correlator.files import opened
from correlator.source_limits import MOST_BYTES, check_size, check_unpacked

_HEAD = 4096
_CHUNK = 1 << 20
_DEPTH = 3


@dataclass(frozen=True)
class Content:
    """What a file holds: ``kind`` (text, json, parquet, arrow, sheet), its bytes, or None where they are the file's."""

    kind: str
    data: bytes | None


def unpack(path: Path, source: str) -> Content:
    """What the file holds, unpacked as often as it was packed (at most three times).

    Raises NotFoundError for a missing file, InputError for an archive of several files, a web page, or unknown bytes.
    """
    with opened(path) as file:
        head = file.read(_HEAD)
        kind = kind_of(head, source)
        if kind not in _UNPACKERS:
            return Content(kind, None)
        file.seek(0)
        data = file.read(MOST_BYTES + 1)
    check_size(len(data), source)
    for _ in range(_DEPTH):
        if kind == "zip" and is_workbook(data):
            return Content("sheet", data)
        data = _unpacked(kind, data, source)
        kind = kind_of(data[:_HEAD], source)
        if kind not in _UNPACKERS:
            return Content(kind, data)
    raise InputError(f"{source} is packed too often", hint="unpack it")


def unpacked_bytes(path: Path) -> bytes:
    """The bytes of the file, unpacked where it is packed."""
    content = unpack(path, str(path))
    if content.data is not None:
        return content.data
    with opened(path) as file:
        return file.read()


def kind_of(head: bytes, source: str) -> str:
    """The kind of the bytes that begin with ``head``."""
    for mark, kind in _MARKS.items():
        if head.startswith(mark):
            return kind
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in (b"{", b"["):
        return "json"
    if text[:1] == b"<" and any(mark in text[:1024].lower() for mark in (b"<html", b"<table", b"<!doctype", b"<?xml")):
        raise InputError(f"{source} is a web page, not a table", hint="download the data as CSV, or save its table so")
    return "text"


def _unpacked(kind: str, data: bytes, source: str) -> bytes:
    try:
        return _UNPACKERS[kind](data, source)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError) as why:
        if isinstance(why, InputError):
            raise
        raise InputError(f"{source} cannot be unpacked: it is damaged", hint="download it again") from why


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _limited(file: _Readable, packed: int, source: str) -> bytes:
    parts, size = [], 0
    while part := file.read(_CHUNK):
        size += len(part)
        check_unpacked(size, packed, source)
        parts.append(part)
    return b"".join(parts)


def _from_gzip(data: bytes, source: str) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        return _limited(file, len(data), source)


def _from_bzip2(data: bytes, source: str) -> bytes:
    with bz2.open(io.BytesIO(data)) as file:
        return _limited(file, len(data), source)


def _from_xz(data: bytes, source: str) -> bytes:
    with lzma.open(io.BytesIO(data)) as file:
        return _limited(file, len(data), source)


def _from_compress(data: bytes, source: str) -> bytes:
    from unlzw3 import unlzw

    unpacked: bytes = unlzw(data)
    check_unpacked(len(unpacked), len(data), source)
    return unpacked


def _from_zstd(data: bytes, source: str) -> bytes:
    import pyarrow

    with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as file:
        return _limited(file, len(data), source)


def _from_zip(data: bytes, source: str) -> bytes:
    """The one file of an archive; workbooks are archives, too, and stay as they are."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [each for each in archive.namelist() if not each.endswith("/") and not each.startswith("__MACOSX")]
        if len(names) != 1:
            listed = ", ".join(names[:5]) or "none"
            raise InputError(f"{source} holds {len(names)} files ({listed})", hint="unpack it and name one of them")
        if archive.getinfo(names[0]).flag_bits & 1:
            raise InputError(f"{source} is locked by a password", hint="unpack it first")
        with archive.open(names[0]) as file:
            return _limited(file, len(data), source)


def is_workbook(data: bytes) -> bool:
    """Whether a zip archive is an Excel or OpenDocument workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name in archive.namelist() for name in ("xl/workbook.xml", "xl/workbook.bin", "content.xml"))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return False


_MARKS = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"FEA1": "feather of version 1",
    b"PK\x03\x04": "zip",
    b"\xd0\xcf\x11\xe0": "sheet",
    b"\x1f\x8b": "gzip",
    b"\x1f\x9d": "compress",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_UNPACKERS: dict[str, Callable[[bytes, str], bytes]] = {
    "zip": _from_zip,
    "gzip": _from_gzip,
    "compress": _from_compress,
    "bzip2": _from_bzip2,
    "xz": _from_xz,
    "zstd": _from_zstd,
}
