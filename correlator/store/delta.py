"""Delta tables below one address: open a version, list its files, and commit, failing if another writer was first.

A thin layer over ``deltalake`` that fixes its options and turns its exceptions into ours.
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

os.environ.setdefault("RUST_LOG", "off")  # problems are reported as our errors, not in a log
try:
    import deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
except ImportError as problem:
    raise MissingDependencyError("lakes need the package deltalake", hint="pip install 'correlator[lake]'") from problem

OBJECT_STORE = re.compile(r"(s3a?|gs|az|adl|abfss?)://[^/]+")
"""Addresses of object stores; the environment says how to reach them (``AWS_ENDPOINT_URL`` and similar)."""
FILE_SYSTEM = "lake"
_ROW_GROUP = 131_072
_MAX_CACHED = 512
_UNSUPPORTED = set("[]\\^|%")
_STRICT = deltalake.CommitProperties(max_commit_retries=0)
_AFTER = deltalake.PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
_WRITER = deltalake.WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=_ROW_GROUP)


@dataclass(frozen=True)
class Opened:
    """A Delta table at one version."""

    table: deltalake.DeltaTable
    version: int


class DeltaRoot:
    """The folder or address below which Delta tables are stored, each under its name."""

    def __init__(self, address: str) -> None:
        self.is_local = OBJECT_STORE.match(address) is None
        self.address = str(Path(address).absolute()) if self.is_local else address.rstrip("/")
        if self.is_local and (unsupported := sorted(set(self.address) & _UNSUPPORTED)):
            raise InputError(
                f"the path of a lake must not contain {unsupported[0]!r}, got {address}", hint="name another folder"
            )
        self._files: dict[tuple[str, int], tuple[str, ...]] = {}

    def has(self, name: str) -> bool:
        """Whether the table ``name`` exists."""
        with delta_errors(self.address):
            return bool(deltalake.DeltaTable.is_deltatable(self._uri(name)))

    def open(self, name: str, version: int | None = None) -> Opened:
        """Return the table at ``version``, by default the newest."""
        with delta_errors(self.address):
            table = deltalake.DeltaTable(self._uri(name), version=version)
            return Opened(table, table.version())

    def create(self, name: str, schema: pa.Schema, partitions: list[str]) -> None:
        """Create an empty table at version 0, unless it exists or another writer creates it at the same time.

        Never retried: a second attempt would become version 1, an empty one.
        """
        with delta_errors(self.address), suppress(CommitFailedError):
            deltalake.DeltaTable.create(
                self._uri(name),
                deltalake.Schema.from_arrow(schema),
                mode="ignore",
                partition_by=partitions or None,
                commit_properties=_STRICT,
            )

    def files(self, name: str, version: int) -> tuple[str, ...]:
        """Return the Parquet files of the table at ``version``, with names that DuckDB can open after ``reach``."""
        key = (name, version)
        if key not in self._files:
            if len(self._files) >= _MAX_CACHED:
                self._files.clear()
            table = self.open(name, version).table
            depth = len(table.metadata().partition_columns) + 1
            prefix = self.address if self.is_local else f"{FILE_SYSTEM}:/"
            suffixes = sorted("/".join(uri.split("/")[-depth:]) for uri in table.file_uris())
            self._files[key] = tuple(f"{prefix}/{name}/{suffix}" for suffix in suffixes)
        return self._files[key]

    def reach(self, connection: Any) -> None:
        """Let a DuckDB connection open files of an object store, using deltalake's client and no extension."""
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

        with delta_errors(self.address):
            handler = DeltaStorageHandler(self.address)
            connection.register_filesystem(LakeFiles(arrow_fs.PyFileSystem(handler), skip_instance_cache=True))

    def directories(self) -> list[str]:
        """Return the folders that a connection without file access must still be able to read."""
        return [self.address if self.is_local else f"{FILE_SYSTEM}://"]

    def _uri(self, name: str) -> str:
        return f"{self.address}/{name}"


def append(opened: Opened, rows: Any, partitions: list[str]) -> Opened:
    """Append the rows of an Arrow stream in one commit on top of ``opened``."""
    return _written(opened, rows, partitions, mode="append", schema_mode="merge")


def overwrite(opened: Opened, rows: Any, partitions: list[str], predicate: str | None = None) -> Opened:
    """Replace all rows, or those that match ``predicate``, by the rows of an Arrow stream in one commit."""
    return _written(opened, rows, partitions, mode="overwrite", predicate=predicate)


def merge(opened: Opened, rows: Any, key: tuple[str, ...], prune: str | None) -> Opened:
    """Replace rows by ``key``, insert new ones and delete those with ``gone`` set, in one commit.

    ``prune``: a condition on ``kept`` that all rows to replace satisfy, to skip files.
    """
    same = " AND ".join(f'kept."{name}" = given."{name}"' for name in key)
    with delta_errors(opened.table.table_uri):
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
    """Restore the rows of an earlier ``version`` in one commit on top of ``opened``, and return the table."""
    if opened.version == version:
        return opened
    with delta_errors(opened.table.table_uri):
        opened.table.restore(version, commit_properties=_STRICT, post_commithook_properties=_AFTER)
        return Opened(opened.table, opened.table.version())


def vacuum(opened: Opened, hours: int) -> int:
    """Delete the files that no version of the last ``hours`` uses; return their number."""
    with delta_errors(opened.table.table_uri):
        deleted = opened.table.vacuum(hours, dry_run=False, enforce_retention_duration=False)
        opened.table.cleanup_metadata()
        return len(deleted)


def _written(opened: Opened, rows: Any, partitions: list[str], **options: Any) -> Opened:
    with delta_errors(opened.table.table_uri):
        deltalake.write_deltalake(
            opened.table,
            rows,
            partition_by=partitions or None,
            writer_properties=_WRITER,
            commit_properties=_STRICT,
            post_commithook_properties=_AFTER,
            **options,
        )
        return Opened(opened.table, opened.table.version())


@contextmanager
def delta_errors(address: str) -> Iterator[None]:
    """Turn the exceptions of ``deltalake`` into ours."""
    try:
        yield
    except CommitFailedError as error:
        raise StoreConflictError(
            f"lake {address} was changed by another process meanwhile", hint="run the command again; nothing was saved"
        ) from error
    except TableNotFoundError as error:
        raise no_store(address) from error
    except (DeltaError, OSError) as error:
        hint = "nothing was changed"
        if OBJECT_STORE.match(address):
            hint += "; check that the bucket exists, and AWS_REGION, AWS_ENDPOINT_URL and similar variables"
        raise StoreError(f"lake {address}: {first_line(error)[:300]}", hint=hint) from error


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Return the Arrow schema for column names and SQL types; all columns are nullable, the writer checks for nulls."""
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
