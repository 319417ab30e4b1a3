"""Bytes out of what packs them, up to the limit of what a file may unpack to."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

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


def _zstd_stream(file: IO[bytes]) -> IO[bytes]:
    import pyarrow

    return cast("IO[bytes]", io.BufferedReader(pyarrow.CompressedInputStream(pyarrow.PythonFile(file), "zstd")))


_STREAMS: tuple[tuple[bytes, str, Callable[[IO[bytes]], object]], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"BZh", "bzip2", bz2.open),
    (b"\xfd7zXZ\x00", "xz", lzma.open),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd_stream),
)
_ENDINGS = (".gz", ".bz2", ".xz", ".zst")


@contextmanager
def unpacking(file: IO[bytes], source: str) -> Iterator[tuple[IO[bytes], bool]]:
    """The bytes of a file as they are unpacked, so that any size takes bounded memory, and whether it is packed.

    The kind is told by the first bytes; a limit is set by the one who reads. Raises InputError where it is damaged.
    """
    head = cast("io.BufferedReader", file).peek(6)
    kind, opens = next(((name, each) for mark, name, each in _STREAMS if head.startswith(mark)), ("", None))
    try:
        yield cast("IO[bytes]", opens(file)) if opens else file, opens is not None
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if not opens:
            raise
        raise InputError(f"{source} is a damaged {kind} file: {error}", hint="download it again") from None


def name_unpacked(path: Path) -> str:
    """The name of what a file packs, in small letters: *corpus.csv* of *Corpus.csv.gz*."""
    name = path.name.lower()
    return next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)


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
