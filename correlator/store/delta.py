"""Delta tables below one address: opened at a version, their files, and commits that fail where others were first.

``deltalake`` does all of it; this module fixes how it is asked, and turns what it raises into errors of ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from correlator.errors import InputError, MissingDependencyError, StoreConflictError, StoreError
from correlator.store.opening import first_line, no_store

os.environ.setdefault("RUST_LOG", "off")  # what goes wrong is told in our errors, not in a log next to them
try:
    import deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
except ImportError as problem:
    raise MissingDependencyError(
        "a lake needs the package deltalake", hint="pip install 'correlator[lake]'"
    ) from problem

OBJECT_STORE = re.compile(r"(s3a?|gs|az|adl|abfss?)://[^/]+")
"""Addresses of object stores; how to reach them is in the environment (``AWS_ENDPOINT_URL`` and its like)."""
FILE_SYSTEM = "lake"
_ROW_GROUP = 131_072
_MOST_KEPT = 512
_UNFIT = set("[]\\^|%")
_STRICT = deltalake.CommitProperties(max_commit_retries=0)
_AFTER = deltalake.PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
_WRITER = deltalake.WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=_ROW_GROUP)


@dataclass(frozen=True)
class Opened:
    """A Delta table at one version."""

    table: deltalake.DeltaTable
    version: int


class DeltaRoot:
    """The folder or address below which Delta tables lie, each under its name."""

    def __init__(self, address: str) -> None:
        self.is_local = OBJECT_STORE.match(address) is None
        self.address = str(Path(address).absolute()) if self.is_local else address.rstrip("/")
        if self.is_local and (unfit := sorted(set(self.address) & _UNFIT)):
            raise InputError(f"{address} has {unfit[0]!r} in its path, which a lake cannot", hint="name another folder")
        self._files: dict[tuple[str, int], tuple[str, ...]] = {}

    def has(self, name: str) -> bool:
        """Whether there is a table of that name."""
        with understood(self.address):
            return bool(deltalake.DeltaTable.is_deltatable(self._uri(name)))

    def open(self, name: str, version: int | None = None) -> Opened:
        """The table at ``version``, by default as it is now."""
        with understood(self.address):
            table = deltalake.DeltaTable(self._uri(name), version=version)
            return Opened(table, table.version())

    def create(self, name: str, schema: pa.Schema, partitions: list[str]) -> None:
        """Make an empty table of version 0; one that is there is left as it is, also where others make it meanwhile.

        Never retried: a second making would become version 1, which has no rows and names nothing.
        """
        with understood(self.address), suppress(CommitFailedError):
            deltalake.DeltaTable.create(
                self._uri(name),
                deltalake.Schema.from_arrow(schema),
                mode="ignore",
                partition_by=partitions or None,
                commit_properties=_STRICT,
            )

    def files(self, name: str, version: int) -> tuple[str, ...]:
        """The Parquet files of the table at ``version``, as DuckDB opens them in a connection of ``reach``."""
        key = (name, version)
        if key not in self._files:
            if len(self._files) >= _MOST_KEPT:
                self._files.clear()
            table = self.open(name, version).table
            depth = len(table.metadata().partition_columns) + 1
            below = self.address if self.is_local else f"{FILE_SYSTEM}:/"
            ends = sorted("/".join(uri.split("/")[-depth:]) for uri in table.file_uris())
            self._files[key] = tuple(f"{below}/{name}/{end}" for end in ends)
        return self._files[key]

    def reach(self, connection: Any) -> None:
        """Let a DuckDB connection open the files of an object store: by its own client, as there is no extension."""
        if self.is_local:
            return
        import pyarrow.fs as arrow_fs
        from deltalake.fs import DeltaStorageHandler
        from fsspec.implementations.arrow import ArrowFSWrapper

        class LakeFiles(ArrowFSWrapper):  # type: ignore[misc]
            """The files below the address, by names relative to it."""

            protocol = FILE_SYSTEM
            root_marker = ""

            @classmethod
            def _strip_protocol(cls, path: str) -> str:
                return path.removeprefix(f"{FILE_SYSTEM}://")

        with understood(self.address):
            handler = DeltaStorageHandler(self.address)
            connection.register_filesystem(LakeFiles(arrow_fs.PyFileSystem(handler), skip_instance_cache=True))

    def directories(self) -> list[str]:
        """What a connection without access to files may read all the same."""
        return [self.address if self.is_local else f"{FILE_SYSTEM}://"]

    def _uri(self, name: str) -> str:
        return f"{self.address}/{name}"


def append(opened: Opened, rows: Any, partitions: list[str]) -> Opened:
    """Add the rows of an Arrow stream in one commit that follows ``opened``."""
    return _written(opened, rows, partitions, mode="append", schema_mode="merge")


def overwrite(opened: Opened, rows: Any, partitions: list[str], predicate: str | None = None) -> Opened:
    """Put the rows of an Arrow stream in the place of all rows, or of those of ``predicate``, in one commit."""
    return _written(opened, rows, partitions, mode="overwrite", predicate=predicate)


def merge(opened: Opened, rows: Any, key: tuple[str, ...], prune: str | None) -> Opened:
    """Replace rows by their ``key``, add those that are new, delete those that say ``gone``; one commit.

    ``prune``: a condition on ``kept`` that all rows to replace fulfil, by which files are left out.
    """
    same = " AND ".join(f'kept."{name}" = given."{name}"' for name in key)
    with understood(opened.table.table_uri):
        (
            opened.table.merge(
                rows,
                f"{same} AND {prune}" if prune else same,
                source_alias="given",
                target_alias="kept",
                writer_properties=_WRITER,
                commit_properties=_STRICT,
                post_commithook_properties=_AFTER,
            )
            .when_matched_delete("given.gone")
            .when_matched_update_all(except_cols=["gone"])
            .when_not_matched_insert_all(predicate="NOT given.gone", except_cols=["gone"])
            .execute()
        )
        return Opened(opened.table, opened.table.version())


def restored(opened: Opened, version: int) -> Opened:
    """The table with the rows of an earlier ``version`` again, in one commit that follows ``opened``."""
    if opened.version == version:
        return opened
    with understood(opened.table.table_uri):
        opened.table.restore(version, commit_properties=_STRICT, post_commithook_properties=_AFTER)
        return Opened(opened.table, opened.table.version())


def vacuum(opened: Opened, hours: int) -> int:
    """Delete files that no version of the last ``hours`` needs; returns how many."""
    with understood(opened.table.table_uri):
        gone = opened.table.vacuum(hours, dry_run=False, enforce_retention_duration=False)
        opened.table.cleanup_metadata()
        return len(gone)


def _written(opened: Opened, rows: Any, partitions: list[str], **how: Any) -> Opened:
    with understood(opened.table.table_uri):
        deltalake.write_deltalake(
            opened.table,
            rows,
            partition_by=partitions or None,
            writer_properties=_WRITER,
            commit_properties=_STRICT,
            post_commithook_properties=_AFTER,
            **how,
        )
        return Opened(opened.table, opened.table.version())


@contextmanager
def understood(address: str) -> Iterator[None]:
    """What ``deltalake`` raises, as errors of ours."""
    try:
        yield
    except CommitFailedError as error:
        raise StoreConflictError(
            f"lake {address} was changed by others meanwhile", hint="run the command again: nothing was kept"
        ) from error
    except TableNotFoundError as error:
        raise no_store(address) from error
    except (DeltaError, OSError) as error:
        hint = "nothing was changed"
        if OBJECT_STORE.match(address):
            hint += "; is the bucket there, and do AWS_REGION, AWS_ENDPOINT_URL and their like say how to reach it?"
        raise StoreError(f"lake {address}: {first_line(error)[:300]}", hint=hint) from error


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """An Arrow schema of column names and SQL types; every column may be empty: what is required, the writer checks."""
    types = {
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "DOUBLE": pa.float64(),
        "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    }
    return pa.schema([pa.field(name, types[kind]) for name, kind in columns.items()])
