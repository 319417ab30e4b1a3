"""Decompress files and archives, up to the limit of what a file may unpack to."""

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
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Protocol, cast

from correlator.base.source_limits import check_unpacked
from correlator.errors import InputError, listed

_CHUNK = 1 << 20
# Files of an archive that are not tables: hidden files, and texts for people.
_BESIDE = re.compile(r"(^|/)(\.[^/]*|desktop\.ini|(readme|licen[cs]e|notice|copying)(\.(txt|md|html|rst))?)$", re.I)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _parts(file: _Readable, packed: int, source: str, before: int) -> Iterator[bytes]:
    """Yield the bytes of a file in chunks; with ``before`` bytes of the same archive they must be within the limit."""
    size = before
    while part := file.read(_CHUNK):
        size += len(part)
        check_unpacked(size, packed, source)
        yield part


def _limited(file: _Readable, packed: int, source: str, *, before: int = 0) -> bytes:
    """Return all bytes of ``_parts``."""
    return b"".join(_parts(file, packed, source, before))


def _zstd_stream(file: IO[bytes]) -> IO[bytes]:
    import pyarrow

    return cast("IO[bytes]", io.BufferedReader(pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd")))


@dataclass(frozen=True)
class Packing:
    """A compression of single files: its name, magic number and file ending, and the function that opens a stream."""

    name: str
    mark: bytes
    ending: str
    opens: Callable[[IO[bytes]], object]

    def stream(self, file: IO[bytes]) -> IO[bytes]:
        """Return a stream of the decompressed bytes of ``file``."""
        return cast("IO[bytes]", self.opens(file))

    def unpack(self, data: bytes, source: str) -> bytes:
        """Return the decompressed bytes of ``data``."""
        with self.stream(io.BytesIO(data)) as file:
            return _limited(file, len(data), source)


PACKINGS = (
    Packing("gzip", b"\x1f\x8b", ".gz", gzip.open),
    Packing("bzip2", b"BZh", ".bz2", bz2.open),
    Packing("xz", b"\xfd7zXZ\x00", ".xz", lzma.open),
    Packing("zstd", b"\x28\xb5\x2f\xfd", ".zst", _zstd_stream),
)


@contextmanager
def unpacking(file: IO[bytes], source: str) -> Iterator[tuple[IO[bytes], bool]]:
    """Open a stream of the decompressed bytes of a file, in bounded memory, and tell whether it is compressed.

    The first bytes decide the compression; the reader sets the limit. Raise InputError if the file is damaged.
    """
    head = cast("io.BufferedReader", file).peek(6)
    packing = next((each for each in PACKINGS if head.startswith(each.mark)), None)
    try:
        yield (file, False) if packing is None else (packing.stream(file), True)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if packing is None:
            raise
        raise InputError(f"{source} is a damaged {packing.name} file: {error}", hint="download it again") from None


def check_rest(file: IO[bytes], before: int, path: Path) -> None:
    """Raise InputError if ``before`` bytes and the rest of the decompressed file exceed the limit."""
    for _ in _parts(file, path.stat().st_size, str(path), before):
        pass


def name_unpacked(path: Path) -> str:
    """Return the file name in lower case without a compression ending: ``corpus.csv`` for ``Corpus.csv.gz``."""
    name = path.name.lower()
    return next((name.removesuffix(each.ending) for each in PACKINGS if name.endswith(each.ending)), name)


EACH = "extract it and load the files one by one, giving for each what it does not state (--symbol)"


def from_zip(data: bytes, source: str) -> bytes:
    """Return the bytes of the only file of an archive, ignoring a licence and files that systems leave behind."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(only_member(archive, source, EACH)) as file:
        return _limited(file, len(data), source)


MOST_MEMBERS = 1_000


def members_of(file: IO[bytes], size: int, source: str) -> list[tuple[str, bytes]]:
    """Return names and bytes of the data files of an archive of ``size`` bytes, in order of name.

    Return an empty list for an archive of one file and for a workbook, of which only the names are read. Raise
    InputError if there are too many files, or if they are too large or password-protected.
    """
    with zipfile.ZipFile(file) as archive:
        names = sorted(_tables_of(archive))
        if len(names) < 2 or _holds_workbook(archive):
            return []
        if len(names) > MOST_MEMBERS:
            raise InputError(
                f"{source} contains {len(names)} files, more than the limit of {MOST_MEMBERS}", hint="extract it"
            )
        duplicate = next((name for name, next_name in pairwise(names) if name == next_name), None)
        if duplicate is not None:
            raise InputError(f"{source} contains two files named {duplicate}", hint="extract it and load the right one")
        members, before = [], 0
        for name in names:
            _refuse_locked(archive, name, source)
            with archive.open(name) as member:
                members.append((name, _limited(member, size, source, before=before)))
            before += len(members[-1][1])
        return members


MOST_FILES = 100_000
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


def extracted(path: Path, folder: Path) -> list[tuple[str, Path]]:
    """Extract the files of a zip archive, in order of name, into ``folder``, each named by its number and ending.

    Licences and files that systems leave behind are skipped. Raise InputError for a damaged archive, and for files that
    are too many, too large or password-protected.
    """
    source, size = str(path), path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(set(_tables_of(archive)))
            if not 0 < len(names) <= MOST_FILES:
                raise InputError(f"{source} contains {len(names)} files", hint=f"give an archive of 1 to {MOST_FILES}")
            taken: list[tuple[str, Path]] = []
            before = 0
            for number, name in enumerate(names, start=1):
                _refuse_locked(archive, name, source)
                ending = "".join(Path(name).suffixes[-2:])[-20:]
                taken.append((name, folder / f"{number:06}{ending if ending.isprintable() else ''}"))
                with archive.open(name) as member, taken[-1][1].open("wb") as file:
                    for part in _parts(member, size, source, before):
                        file.write(part)
                        before += len(part)
            return taken
    except _DAMAGED as why:
        raise InputError(f"{source} is a damaged archive: {why}", hint="download it again") from None


def _holds_workbook(archive: zipfile.ZipFile) -> bool:
    return any(name in archive.namelist() for name in ("xl/workbook.xml", "xl/workbook.bin", "content.xml"))


def _tables_of(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the files of an archive, without a licence and files that systems leave behind."""
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
    return [name for name in names if not _BESIDE.search(name)] or names


def _refuse_locked(archive: zipfile.ZipFile, name: str, source: str) -> None:
    if archive.getinfo(name).flag_bits & 1:
        raise InputError(f"{source} is password-protected", hint="extract it first")


def only_member(archive: zipfile.ZipFile, source: str, hint: str) -> str:
    """Return the name of the only file of an archive, ignoring a licence and files that systems leave behind.

    Raise InputError if there are several or none (``hint`` says what to do then), or if it is password-protected.
    """
    names = _tables_of(archive)
    if len(names) != 1:
        raise InputError(f"{source} contains {len(names)} files ({listed(names) or 'none'})", hint=hint)
    _refuse_locked(archive, names[0], source)
    return names[0]


def is_workbook(data: bytes) -> bool:
    """Whether a zip archive is an Excel or OpenDocument workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _holds_workbook(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return False
