"""Read lines of plain and compressed text, within limits of length and size."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from correlator.base.files import name_of
from correlator.containers.packed import unpacking
from correlator.errors import InputError
from correlator.news.charset import encoding_named, likely_encoding, mostly_utf8, utf16_without_mark, western_text

MAX_LINE = 4_000_000
MAX_RATIO = 100  # largest ratio beyond UNCHECKED bytes: text compresses 3 to 30 times, a bomb 1,000 times
UNCHECKED = 100_000_000
_WIDE = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEAD, _SAMPLE = 4096, 8_000_000


def lines_of(path: Path, encoding: str | None = None, *, lenient: bool = False) -> Iterator[str]:
    """Yield the lines of a plain or compressed file as text.

    Without ``encoding`` the file is read as UTF-8, or as UTF-16 or UTF-32 if a byte order mark or zeros show it. If the
    file is otherwise UTF-8, or if ``lenient``, a line in windows-1252 is read as that, and other invalid bytes become
    U+FFFD. Raises InputError for a file in another encoding, a line over ``MAX_LINE``, or a damaged compressed file.
    """
    with path.open("rb") as probe, unpacking(probe, name_of(path)) as (file, packed):
        head = file.read(_HEAD)
    wide = next((name for mark, name in _WIDE if head.startswith(mark)), None) or utf16_without_mark(head)
    with path.open("rb") as probe, unpacking(probe, name_of(path)) as (file, packed):
        if encoding or wide:
            yield from _decoded(file, encoding_named(encoding) if encoding else str(wide), path)
        else:
            yield from _utf8_lines(file, path, lenient=lenient, packed=packed)


def _utf8_lines(file: IO[bytes], path: Path, *, lenient: bool, packed: bool) -> Iterator[str]:
    limit = max(UNCHECKED, MAX_RATIO * path.stat().st_size)
    number = taken = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        taken += len(raw)
        if len(raw) > MAX_LINE:
            raise InputError(f"{name_of(path)} line {number} is longer than {MAX_LINE // 1_000_000} MB")
        if packed and taken > limit:
            raise InputError(f"{name_of(path)} unpacks to more than {MAX_RATIO} times its size, the limit for text")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            lenient = lenient or _is_damaged_utf8(path, raw, number)
            text = (None if mostly_utf8(raw) else western_text(raw)) or raw.decode("utf-8", "replace")
        text = text.replace("\x00", "").removeprefix("\ufeff")
        if number == 1 and not raw.endswith(b"\n"):  # the whole file: its lines may end with carriage returns alone
            yield from io.StringIO(text, newline=None)
        else:
            yield text


def _is_damaged_utf8(path: Path, line: bytes, number: int) -> bool:
    """Return True if only some bytes of a file are not UTF-8. Raises InputError if it is in another encoding."""
    with path.open("rb") as probe, unpacking(probe, name_of(path)) as (file, _):
        sample = file.read(_SAMPLE) + line
    beyond = b"\n".join(each for each in sample.split(b"\n") if not each.isascii())
    if mostly_utf8(beyond):
        return True
    likely = likely_encoding(beyond)
    named = f", for example --encoding {likely}" if likely else ""
    raise InputError(
        f"{name_of(path)} line {number} is not UTF-8 text", hint=f"give the file's encoding with --encoding{named}"
    )


def _decoded(file: IO[bytes], encoding: str, path: Path) -> Iterator[str]:
    limit = max(UNCHECKED, MAX_RATIO * path.stat().st_size)
    taken = 0
    with io.TextIOWrapper(cast("io.BufferedReader", file), encoding=encoding, errors="replace", newline="") as lines:
        while line := lines.readline(MAX_LINE + 1):
            taken += len(line)
            if len(line) > MAX_LINE or taken > limit:
                raise InputError(f"{name_of(path)} has a line or an unpacked size over the limit for text")
            yield line.replace("\x00", "").removeprefix("\ufeff")
