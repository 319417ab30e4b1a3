"""Unpack a file (gzip, zip, compress, bzip2, xz, zstd), however often it is packed, and identify its content."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from correlator.base.files import opened
from correlator.base.source_limits import MOST_BYTES, check_size
from correlator.containers.kinds import Container, kind_of, kind_of_whole
from correlator.errors import InputError

_HEAD = 4096
_DEPTH = 3
DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True)
class Content:
    """The content of a file: its ``kind``, never a packed one, and its unpacked bytes, or None if it was not packed."""

    kind: Container
    data: bytes | None


def unpack(path: Path, source: str) -> Content:
    """Return the content of the file, unpacked through up to three layers.

    Raise NotFoundError for a missing file and InputError for an archive of several files, a web page or damaged data.
    """
    with opened(path) as file:
        head = file.read(_HEAD)
        kind = kind_of(head, source)
        if kind.unpack is None:
            return Content(kind, None)
        file.seek(0)
        data = file.read(MOST_BYTES + 1)
    check_size(len(data), source)
    for _ in range(_DEPTH):
        kind = kind_of_whole(kind, data)
        if kind.unpack is None:
            return Content(kind, data)
        data = _unpacked(kind, data, source)
        kind = kind_of(data[:_HEAD], source)
    kind = kind_of_whole(kind, data)
    if kind.unpack is None:
        return Content(kind, data)
    raise InputError(f"{source} is compressed more than {_DEPTH} times over", hint="decompress it")


def unpacked_bytes(path: Path) -> bytes:
    """Return the bytes of the file, unpacked if it is packed."""
    content = unpack(path, str(path))
    if content.data is not None:
        return content.data
    with opened(path) as file:
        return file.read()


def _unpacked(kind: Container, data: bytes, source: str) -> bytes:
    assert kind.unpack is not None
    try:
        return kind.unpack(data, source)
    except DAMAGED as why:
        if isinstance(why, InputError):
            raise
        raise InputError(f"{source} cannot be unpacked: the file is damaged", hint="download it again") from why
