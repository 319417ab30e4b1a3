"""Choose the engine for an address: a DuckDB file, or a lake in a folder or an object store."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from correlator.base.source_limits import check_encodable
from correlator.errors import InputError
from correlator.store.duckdb_file import DuckDBFile
from correlator.store.engine import Engine

_OTHER_DATABASE = re.compile(r":memory:|[A-Za-z]{2,}:|[A-Za-z][A-Za-z0-9+.-]+:/")
_OBJECT_STORE = re.compile(r"(s3a?|gs|az|adl|abfss?)://[^/]")
_LAKE_LOG = Path("versions", "_delta_log")
_EXAMPLE = "give the path of a file, for example m.duckdb"


def engine_at(address: str, settings: Mapping[str, str | bool] | None = None) -> Engine:
    """Return the engine of the store at ``address``; ``settings``: DuckDB settings of read connections.

    Raises InputError if ``address`` cannot be a store, MissingDependencyError if a lake's package is not installed.
    """
    if is_lake(address):
        from correlator.store.lake import Lake

        return Lake(address.rstrip("/"), settings)
    if not address.strip() or address == ".":
        raise InputError("the store's path is empty", hint="give the path of a file")
    if _OTHER_DATABASE.match(address):
        raise InputError(f"{address!r} is not the path of a store", hint=_EXAMPLE)
    _refuse_special_file(address)
    return DuckDBFile(Path(address), settings)


def _refuse_special_file(address: str) -> None:
    """Raise InputError for a folder, a device, a pipe or a path that names no file: a load would replace it."""
    check_encodable(address, "the store's path")
    try:
        mode = os.lstat(os.path.realpath(address)).st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"{address!r} cannot be a store: {reason}", hint=_EXAMPLE) from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{address} is a folder, not a store", hint=_EXAMPLE)
    if not stat.S_ISREG(mode):
        raise InputError(f"{address} is a device, a pipe or a link to itself, not a store", hint=_EXAMPLE)


def is_lake(address: str) -> bool:
    """Whether the address is that of a lake: in an object store, a folder with a lake, or a new folder (``NAME/``)."""
    if _OBJECT_STORE.match(address):
        return True
    if _OTHER_DATABASE.match(address) or not address.strip():
        return False
    folder = Path(address)
    if os.path.isdir(folder / _LAKE_LOG):
        return True
    return address.endswith("/") and (not os.path.exists(folder) or (folder.is_dir() and _has_only_tables(folder)))


def _has_only_tables(folder: Path) -> bool:
    """Whether the folder is empty, or has only what an interrupted first load of a lake left behind."""
    return all((each / "_delta_log").is_dir() for each in folder.iterdir())
