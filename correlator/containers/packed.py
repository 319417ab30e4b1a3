"""Bytes out of what packs them, up to the limit of what a file may unpack to."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from typing import Protocol

from correlator.errors import InputError
from correlator.source_limits import check_unpacked

_CHUNK = 1 << 20
# Files of an archive that hold no table: hidden ones, and texts for people.
_BESIDE = re.compile(r"(^|/)(\.[^/]*|desktop\.ini|(readme|licen[cs]e|notice|copying)(\.(txt|md|html|rst))?)$", re.I)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _limited(file: _Readable, packed: int, source: str) -> bytes:
    parts, size = [], 0
    while part := file.read(_CHUNK):
        size += len(part)
        check_unpacked(size, packed, source)
        parts.append(part)
    return b"".join(parts)


def from_gzip(data: bytes, source: str) -> bytes:
    """The bytes out of gzip."""
    with gzip.open(io.BytesIO(data)) as file:
        return _limited(file, len(data), source)


def from_bzip2(data: bytes, source: str) -> bytes:
    """The bytes out of bzip2."""
    with bz2.open(io.BytesIO(data)) as file:
        return _limited(file, len(data), source)


def from_xz(data: bytes, source: str) -> bytes:
    """The bytes out of xz."""
    with lzma.open(io.BytesIO(data)) as file:
        return _limited(file, len(data), source)


def from_compress(data: bytes, source: str) -> bytes:
    """The bytes out of compress (.Z)."""
    from unlzw3 import unlzw

    unpacked: bytes = unlzw(data)
    check_unpacked(len(unpacked), len(data), source)
    return unpacked


def from_zstd(data: bytes, source: str) -> bytes:
    """The bytes out of zstd."""
    import pyarrow

    with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as file:
        return _limited(file, len(data), source)


_EACH = "unpack it and load its files one by one, each with what it does not say itself (--symbol)"


def from_zip(data: bytes, source: str) -> bytes:
    """The one file of an archive, apart from a licence and what systems leave next to it.

    Workbooks are archives, too, and stay as they are.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(only_member(archive, source, _EACH)) as file:
        return _limited(file, len(data), source)


def only_member(archive: zipfile.ZipFile, source: str, hint: str) -> str:
    """The name of the one file of an archive, apart from a licence and what systems leave next to it.

    Raises InputError where there are several or none (``hint`` says what to do then), or where a password locks it.
    """
    every = [each for each in archive.namelist() if not each.endswith("/") and not each.startswith("__MACOSX")]
    names = [each for each in every if not _BESIDE.search(each)] or every
    if len(names) != 1:
        listed = ", ".join(names[:5]) or "none"
        raise InputError(f"{source} holds {len(names)} files ({listed})", hint=hint)
    if archive.getinfo(names[0]).flag_bits & 1:
        raise InputError(f"{source} is locked by a password", hint="unpack it first")
    return names[0]


def is_workbook(data: bytes) -> bool:
    """Whether a zip archive is an Excel or OpenDocument workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name in archive.namelist() for name in ("xl/workbook.xml", "xl/workbook.bin", "content.xml"))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return False
