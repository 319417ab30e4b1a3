"""Tables that many processes write into a lake at once: each writes files of its own, and one commit names them all.

Until then the table is not there; what a process wrote that was lost is in no table.
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
from correlator.store.delta import DeltaRoot, understood

if TYPE_CHECKING:
    import polars as pl

FOLDER = "studies"
"""Below the lake's address: what studies have written."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class WrittenFile:
    """A file: its ``path`` below the table's address, ``size`` in bytes, and how many ``rows`` it has."""

    path: str
    size: int
    rows: int


def table_address(lake: str, name: str, table: str) -> str:
    """Where the ``table`` of the study called ``name`` is; raises InputError for a name that cannot be a folder's."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a study in a lake", hint="give letters, digits, '.', '_' and '-'"
        )
    return f"{DeltaRoot(lake).address}/{FOLDER}/{name}/{table}"


def refuse_present(address: str) -> None:
    """Raise InputError where there is a table already."""
    with understood(address):
        if deltalake.DeltaTable.is_deltatable(address):
            raise InputError(f"there are rows at {address} already", hint="give another name")


def write_files(address: str, rows: pl.DataFrame) -> list[WrittenFile]:
    """Write ``rows`` into new files below ``address``, which no table there names yet."""
    folder = f"part-{uuid.uuid4()}"
    with understood(address):
        deltalake.write_deltalake(f"{address}/{folder}", rows.to_arrow())
        added = pa.table(deltalake.DeltaTable(f"{address}/{folder}").get_add_actions())
    files = zip(*(added[name].to_pylist() for name in ("path", "size_bytes", "num_records")), strict=True)
    return [WrittenFile(f"{folder}/{path}", size, count) for path, size, count in files]


def name_files(address: str, schema: pl.DataFrame, files: Sequence[WrittenFile], made: dict[str, Any]) -> None:
    """Make the table of ``files`` in one commit; ``schema``: a frame with its columns; ``made``: how it was made.

    Raises InputError where others made one meanwhile.
    """
    now = int(time.time() * 1000)
    added = [AddAction(each.path, each.size, {}, now, True, json.dumps({"numRecords": each.rows})) for each in files]
    refuse_present(address)
    with understood(address):
        create_table_with_add_actions(
            address,
            deltalake.Schema.from_arrow(schema.clear().to_arrow().schema),
            added,
            description=json.dumps(made, ensure_ascii=False, default=str),
        )
