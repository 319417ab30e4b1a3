"""Lines of plain and packed text, within limits of length and size."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from correlator.errors import InputError

MAX_LINE = 4_000_000
MAX_RATIO = 100  # unpacked over packed size past UNCHECKED bytes: text packs 3 to 30 times, a bomb 1,000 times
UNCHECKED = 100_000_000


def lines_of(path: Path) -> Iterator[str]:
    """Lines of a plain or gzipped file as text. Raises InputError for a line over ``MAX_LINE`` or a damaged file."""
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == b"\x1f\x8b"
        limit = max(UNCHECKED, MAX_RATIO * path.stat().st_size)
        with _open(path, packed=packed) as file:
            number = taken = 0
            while raw := file.readline(MAX_LINE + 1):
                number += 1
                taken += len(raw)
                if len(raw) > MAX_LINE:
                    raise InputError(f"{path.name} line {number} is longer than {MAX_LINE // 1_000_000} MB")
                if packed and taken > limit:
                    raise InputError(f"{path.name} unpacks to more than {MAX_RATIO} times its size, which no text does")
                yield raw.decode("utf-8", "replace").replace("\x00", "").removeprefix("\ufeff")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path.name} is a damaged gzip file: {error}") from None


def _open(path: Path, *, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")
