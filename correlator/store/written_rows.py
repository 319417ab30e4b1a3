"""Tables that several processes write to a lake at once: each writes its own files, and one commit adds them all.

Until then the table does not exist; files of a lost process never become part of a table.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import deltalake
import pyarrow as pa
from deltalake.transaction import AddAction, create_table_with_add_actions

from correlator.errors import InputError
from correlator.store.delta import DeltaRoot, delta_errors

if TYPE_CHECKING:
    import polars as pl

FOLDER = "studies"
"""Folder below the lake's address for the tables of studies."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class WrittenFile:
    """A file: its ``path`` below the table's address, its ``size`` in bytes, and its number of ``rows``."""

    path: str
    size: int
    rows: int


def table_address(lake: str, name: str, table: str) -> str:
    """Return the address of a ``table`` of the study ``name``; raise InputError for an invalid ``name``."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a valid study name", hint="use letters, digits, '.', '_' and '-'")
    return f"{DeltaRoot(lake).address}/{FOLDER}/{name}/{table}"


def refuse_present(address: str) -> None:
    """Raise InputError if there is a table already."""
    with delta_errors(address):
        if deltalake.DeltaTable.is_deltatable(address):
            raise InputError(f"a table already exists at {address}", hint="give another name")


def write_files(address: str, rows: pl.DataFrame) -> list[WrittenFile]:
    """Write ``rows`` to new files below ``address`` that are not part of a table yet."""
    folder = f"part-{uuid.uuid4()}"
    with delta_errors(address):
        deltalake.write_deltalake(f"{address}/{folder}", rows.to_arrow())
        added = pa.table(deltalake.DeltaTable(f"{address}/{folder}").get_add_actions())
    files = zip(*(added[name].to_pylist() for name in ("path", "size_bytes", "num_records")), strict=True)
    return [WrittenFile(f"{folder}/{path}", size, count) for path, size, count in files]


def name_files(address: str, schema: pl.DataFrame, files: Sequence[WrittenFile], made: dict[str, Any]) -> None:
    """Create the table from ``files`` in one commit; ``schema``: a frame with its columns; ``made``: how it was made.

    Raises InputError if another process created it meanwhile.
    """
    now = int(time.time() * 1000)
    added = [AddAction(each.path, each.size, {}, now, True, json.dumps({"numRecords": each.rows})) for each in files]
    refuse_present(address)
    with delta_errors(address):
        create_table_with_add_actions(
            address,
            deltalake.Schema.from_arrow(schema.clear().to_arrow().schema),
            added,
            description=json.dumps(made, ensure_ascii=False, default=str),
        )
