"""Open files by their literal names: the only place where a path is passed to polars, DuckDB or Arrow.

By default these libraries treat ``a[1].parquet`` as a pattern, ``symbol=X/`` as a column and ``s3:`` as a service.
"""

from __future__ import annotations

import csv
import glob
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from correlator.base.arrow_files import arrow_frame, arrow_slices, native_file, parquet_frame, parquet_slices
from correlator.base.source_limits import MOST_TOML_BYTES, check_depth, check_size
from correlator.base.syntax import toml_fault
from correlator.errors import InputError, NotFoundError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_PATTERN_MARKS = str.maketrans({mark: f"[{mark}]" for mark in "*?["})


_NAMES: dict[str, str] = {}


def show_as(path: Path, name: str) -> None:
    """Have messages and tables call the file ``path`` by ``name`` from now on."""
    _NAMES[str(path)] = name


def called(path: str | Path) -> str:
    """Return the name of a file in messages and tables: its path as given, or the name set by ``show_as``.

    Bytes that are not UTF-8 are escaped.
    """
    return _NAMES.get(str(path), str(path)).encode("utf-8", "backslashreplace").decode()


def name_of(path: Path) -> str:
    """Return the name of a file in messages, without its folder."""
    return Path(called(path)).name


def with_shown_names(text: str) -> str:
    """Return ``text`` with the paths of renamed files replaced by their names."""
    for path, name in _NAMES.items():
        text = text.replace(path, name).replace(Path(path).name, name)
    return text


def is_file(path: str | Path) -> bool:
    """Whether ``path`` names a file; unlike ``Path.is_file``, False for what is too long or no path at all."""
    return os.path.isfile(path)


def is_pipe(path: str | Path) -> bool:
    """Whether ``path`` is a pipe or a socket, which can be read only once."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


@contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """Open the file called exactly ``path`` for reading bytes.

    Raise NotFoundError if it does not exist, and InputError if it is a folder or not readable.
    """
    if is_pipe(path):
        raise InputError(f"{path} is a pipe, which can be read only once", hint="write it to a file first")
    try:
        file = Path(path).open("rb")  # noqa: SIM115 (closed below)
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", hint="give a file") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{path} cannot be opened: {getattr(problem, 'strerror', None) or problem}") from None
    with file:
        yield file


def read_parquet(path: str | Path, *, data: bytes | None = None) -> pl.DataFrame:
    """Return the rows of a Parquet file, or of its bytes ``data``, which errors call ``path``.

    Arrow reads and validates them: it reports damage where other readers abort. Raise InputError for a file that is not
    Parquet or unpacks to far more than its size, and NotFoundError for a missing file.
    """
    with _understood(path, "Parquet"), _source(path, data) as file:
        return parquet_frame(file, str(path))


def read_arrow(path: str | Path, *, data: bytes | None = None) -> pl.DataFrame:
    """Return the rows of an Arrow IPC (Feather) file, or of its bytes ``data``; raise as ``read_parquet``."""
    with _understood(path, "Arrow"), _source(path, data) as file:
        _refuse_feather_1(file, path)
        return arrow_frame(file, str(path))


def read_parquet_slices(path: str | Path, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the rows as ``read_parquet``, about ``rows`` at a time."""
    with _understood(path, "Parquet"), _source(path) as file:
        yield from parquet_slices(file, str(path), rows)


def read_arrow_slices(path: str | Path, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the rows as ``read_arrow``, about ``rows`` at a time."""
    with _understood(path, "Arrow"), _source(path) as file:
        _refuse_feather_1(file, path)
        yield from arrow_slices(file, str(path), rows)


def _refuse_feather_1(file: pa.NativeFile, path: str | Path) -> None:
    is_feather_1 = file.read(4) == b"FEA1"
    file.seek(0)
    if is_feather_1:
        raise InputError(f"{path} is a Feather version 1 file, which is not supported", hint="write it as version 2")


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file; raise InputError if it is not TOML, and NotFoundError if it does not exist."""
    with opened(path) as file:
        return toml_document(file.read(MOST_TOML_BYTES + 1), str(path))


def toml_document(data: bytes, source: str) -> dict[str, Any]:
    """Parse a TOML text; raise InputError naming ``source`` and the line."""
    import tomllib

    check_size(len(data), source, MOST_TOML_BYTES)
    try:
        text = data.decode("utf-8-sig")
        check_depth(text, source)
        return tomllib.loads(text)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # also for a number with thousands of digits
        raise InputError(f"{source} is not valid TOML: {toml_fault(error)}", hint="correct the file there") from None


def read_csv(path: str | Path, **options: Any) -> pl.DataFrame:
    """Return the rows of a CSV file; ``options`` as in ``polars.read_csv``; raise as ``read_parquet``."""
    import polars as pl

    try:
        with opened(path) as file, _understood(path, "CSV"):
            check_size(os.fstat(file.fileno()).st_size, str(path))
            return pl.read_csv(Path(path).absolute(), glob=False, **options)
    except InputError:
        _refuse_long_rows(path, options.get("separator", ","))
        raise


def _refuse_long_rows(path: str | Path, separator: str) -> None:
    """Raise InputError naming the first row that has more cells than the header."""
    with Path(path).open(encoding="utf-8", errors="replace", newline="") as lines, suppress(csv.Error):
        rows = csv.reader(lines, delimiter=separator)
        columns = len(next(rows, []))
        for row in rows:
            if len(row) > columns:
                raise InputError(
                    f"{path} line {rows.line_num} has {len(row)} cells, but the header has {columns}",
                    hint="quote cells that contain the separator, and write numbers without thousands separators",
                )


def check_target(path: str | Path) -> None:
    """Raise InputError if ``path`` is not the name of a file, and NotFoundError if its folder does not exist."""
    name = Path(path).name
    if "\0" in str(path):
        raise InputError(f"{str(path)!r} is not the name of a file", hint="name another file")
    if name in ("", "..") or os.path.isdir(path):
        raise InputError(f"{str(path)!r} is a folder", hint="give the name of a file")
    if not os.path.isdir(Path(path).parent):
        raise NotFoundError(f"folder {Path(path).parent} does not exist", hint="create it, or write elsewhere")


@contextmanager
def replacing(path: str | Path, *, over_database: bool = False) -> Iterator[Path]:
    """Yield a temporary name next to ``path`` to write to, and rename the file to ``path`` if the block succeeds.

    If the block fails, or the disk is full, the file at ``path`` is unchanged. Temporary files of killed processes are
    removed. A device or pipe is written to directly. Raise InputError if ``path`` cannot be written, or if it is a
    DuckDB database, unless ``over_database``: an output never replaces a store.
    """
    check_target(path)
    target = Path(os.path.realpath(path))
    if os.path.exists(target) and not is_file(target):
        yield target
        return
    if not over_database and _is_database(target):
        raise InputError(f"{path} is a DuckDB database and is not overwritten", hint="write to another file")
    _sweep(target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with _writable(path):
            yield temporary
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            flush_file(temporary)
            temporary.replace(target)
            flush_folder(target.parent)
    finally:
        for part in (temporary, temporary.with_name(temporary.name + ".wal")):
            with suppress(OSError):  # a name that is too long
                part.unlink(missing_ok=True)


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write a file atomically: it has all of ``content`` or its previous content; text is written as UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def temporary_folder(name: str) -> Iterator[Path]:
    """Yield a temporary folder for the block, and remove those of the same name left by killed processes."""
    for leftover in Path(tempfile.gettempdir()).glob(f"{name}-*-*"):
        number = leftover.name.removeprefix(f"{name}-").partition("-")[0]
        if number.isdigit() and not _is_running(int(number)):
            shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{name}-{os.getpid()}-") as folder:
        yield Path(folder)


def flush_folder(folder: Path) -> None:
    """Flush the folder's entries to disk, if the system supports it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:  # some network file systems flush no folders
        return
    finally:
        os.close(handle)


def flush_file(path: Path) -> None:
    """Flush the file's bytes to disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _is_database(path: Path) -> bool:
    """Whether the file is a DuckDB database, or the write-ahead log of one."""
    if path.suffix == ".wal" and path.exists():
        return _is_database(path.with_suffix(""))
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError:
        return False


def _sweep(target: Path) -> None:
    """Remove temporary files for ``target`` left by processes that no longer run."""
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.*.partial*"):
        number = leftover.name.removeprefix(f".{target.name}.").partition(".")[0]
        if number.isdigit() and not _is_running(int(number)):
            leftover.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def _writable(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise InputError(
            f"{path} cannot be written: {problem.strerror or problem}", hint="nothing was changed"
        ) from problem


def duckdb_name(path: str | Path) -> str:
    """Return a name by which DuckDB reads this file and no other (pass ``hive_partitioning = false`` with it)."""
    return str(Path(path).absolute()).translate(_PATTERN_MARKS)


@contextmanager
def _source(path: str | Path, data: bytes | None = None) -> Iterator[pa.NativeFile]:
    """Open the bytes for Arrow to read."""
    if data is None:
        with opened(path):
            pass  # raises our error for a path that cannot be opened
    with native_file(path, data) as file:
        yield file


@contextmanager
def _understood(path: str | Path, kind: str) -> Iterator[None]:
    """Convert exceptions of polars and Arrow about an unreadable file, panics included, to a one-line InputError."""
    import polars as pl
    import pyarrow as pa

    faults = (
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        MemoryError,
        OverflowError,
    )
    try:
        yield
    except InputError:
        raise
    except faults as problem:
        line = re.search(r"line:? (\d+)", str(problem), re.IGNORECASE)
        where = f": see line {line[1]}" if line else ""
        raise InputError(f"{path} cannot be read as {kind}{where}", hint="check the file") from problem
