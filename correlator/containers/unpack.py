"""The bytes of a file out of whatever packs them (gzip, zip, compress, bzip2, xz, zstd), and what kind they are."""

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
    """What a file holds: its ``kind``, which is not packed, and its bytes, or None if they are the file's."""

    kind: Container
    data: bytes | None


def unpack(path: Path, source: str) -> Content:
    """What the file holds, unpacked as often as it was packed (at most three times).

    Raises NotFoundError for a missing file, InputError for an archive of several files, a web page, or unknown bytes.
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
    raise InputError(f"{source} is packed too often", hint="unpack it")


def unpacked_bytes(path: Path) -> bytes:
    """The bytes of the file, unpacked where it is packed."""
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
        raise InputError(f"{source} cannot be unpacked: it is damaged", hint="download it again") from why
