"""Files opened by their names: the one place where a path meets polars, DuckDB or Arrow.

A name is a name, never a pattern: these libraries take ``a[1].parquet`` for every file that matches, ``symbol=X/`` for
a column and ``s3:`` for a service, unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from correlator.errors import InputError, NotFoundError

if TYPE_CHECKING:
    import polars as pl

_PATTERN_MARKS = str.maketrans({mark: f"[{mark}]" for mark in "*?["})


@contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """The bytes of the file called exactly ``path``.

    Raises NotFoundError where there is no such file, and InputError where it is a folder or may not be read.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 (closed below)
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist", hint="check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", hint="give a file") from None
    except OSError as problem:
        raise InputError(f"{path} cannot be opened: {problem.strerror or problem}") from None
    with file:
        yield file


def read_parquet(path: str | Path) -> pl.DataFrame:
    """The rows of one Parquet file; raises InputError for what is not Parquet, NotFoundError for a missing file."""
    import polars as pl

    with opened(path) as file, _understood(path, "Parquet"):
        return pl.read_parquet(file)


def read_arrow(path: str | Path) -> pl.DataFrame:
    """The rows of one Arrow IPC (Feather) file; raises as ``read_parquet`` does."""
    import polars as pl

    with opened(path) as file, _understood(path, "Arrow"):
        return pl.read_ipc(file)


def read_csv(path: str | Path, **options: Any) -> pl.DataFrame:
    """The rows of one CSV file; ``options`` as of ``polars.read_csv``; raises as ``read_parquet`` does."""
    import polars as pl

    with opened(path), _understood(path, "CSV"):
        return pl.read_csv(Path(path).absolute(), glob=False, **options)


def duckdb_name(path: str | Path) -> str:
    """The name by which DuckDB's readers find this file and no other (give ``hive_partitioning = false`` beside it)."""
    return str(Path(path).absolute()).translate(_PATTERN_MARKS)


@contextmanager
def _understood(path: str | Path, kind: str) -> Iterator[None]:
    """What polars says about a file that it cannot read, panics included, in one line of ours."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeDecodeError) as problem:
        first = next(iter(str(problem).splitlines()), type(problem).__name__)
        raise InputError(f"{path} cannot be read as {kind}: {first}", hint="check the file") from problem
