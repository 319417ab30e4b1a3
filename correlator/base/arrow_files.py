"""Read untrusted Parquet and Arrow files: sizes are checked before memory is allocated, and contents before use.

They are read by pyarrow, which raises an error where polars aborts the process, and which validates offsets that point
outside a buffer. Its threads may run on for a moment after an error, so it is never given a Python file object: a
thread that waits for an interpreter that is shutting down crashes the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from correlator.base.source_limits import check_dates, check_shape, check_size, check_table_bytes
from correlator.errors import InputError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

_MOST_TEXT = 100_000_000
_MOST_ENTRIES = 1_000_000
_BATCH_ROWS = 1 << 16


@contextmanager
def native_file(path: str | Path, data: bytes | None = None) -> Iterator[pa.NativeFile]:
    """Open the file, or the bytes ``data``, as a file object of Arrow."""
    import pyarrow as pa

    if data is None:
        with pa.OSFile(os.fsencode(path)) as file:
            yield file
        return
    buffer = pa.BufferOutputStream()
    buffer.write(data)
    with pa.BufferReader(buffer.getvalue()) as file:
        yield file


def parquet_frame(file: pa.NativeFile, source: str) -> pl.DataFrame:
    """Read a Parquet file.

    Raises InputError if it declares more data than it can contain, and the errors of Arrow if it is not Parquet.
    """
    schema, batches = _parquet(file, source)
    return _as_polars(list(batches), schema, source)


def arrow_frame(file: pa.NativeFile, source: str) -> pl.DataFrame:
    """Read an Arrow IPC file; raises as ``parquet_frame`` does."""
    schema, batches = _arrow(file, source)
    return _as_polars(list(batches), schema, source)


def parquet_slices(file: pa.NativeFile, source: str, rows: int) -> Iterator[pl.DataFrame]:
    """Read a Parquet file about ``rows`` rows at a time; raises as ``parquet_frame`` does."""
    return _sliced(*_parquet(file, source), source, rows)


def arrow_slices(file: pa.NativeFile, source: str, rows: int) -> Iterator[pl.DataFrame]:
    """Read an Arrow IPC file about ``rows`` rows at a time; raises as ``parquet_frame`` does."""
    return _sliced(*_arrow(file, source), source, rows)


def _sliced(schema: pa.Schema, batches: Iterator[pa.RecordBatch], source: str, rows: int) -> Iterator[pl.DataFrame]:
    """Yield frames of about ``rows`` rows, at least one."""
    pending: list[pa.RecordBatch] = []
    is_first = True
    for batch in batches:
        pending.append(batch)
        if sum(each.num_rows for each in pending) >= rows:
            yield _as_polars(pending, schema, source)
            pending, is_first = [], False
    if pending or is_first:
        yield _as_polars(pending, schema, source)


def _parquet(file: pa.NativeFile, source: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the schema and the batches of a Parquet file; their size is checked as they are read."""
    import pyarrow.parquet as pq

    size = _size(file)
    check_size(size, source)
    opened = pq.ParquetFile(
        file, thrift_string_size_limit=_MOST_TEXT, thrift_container_size_limit=_MOST_ENTRIES, pre_buffer=False
    )
    _check_metadata(opened.metadata, size, source)

    def batches() -> Iterator[pa.RecordBatch]:
        taken = 0
        for batch in opened.iter_batches(batch_size=_BATCH_ROWS):
            taken += batch.nbytes
            check_table_bytes(taken, size, source)
            yield batch

    return opened.schema_arrow, batches()


def _arrow(file: pa.NativeFile, source: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the schema and the batches of an Arrow IPC file; their size is checked as they are read."""
    import pyarrow as pa

    size = _size(file)
    check_size(size, source)
    reader = pa.ipc.open_file(file)

    def batches() -> Iterator[pa.RecordBatch]:
        rows = taken = 0
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            rows, taken = rows + batch.num_rows, taken + batch.get_total_buffer_size()
            check_shape(rows, len(reader.schema), source)
            check_table_bytes(taken, size, source)
            yield batch

    return reader.schema, batches()


def _check_metadata(metadata: pq.FileMetaData, size: int, source: str) -> None:
    """Raise InputError for a footer that declares more than the file can contain."""
    check_shape(metadata.num_rows, metadata.num_columns, source)
    needed = rows = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        rows += group.num_rows
        check_shape(group.num_rows, group.num_columns, source)
        for place in range(group.num_columns):
            column = group.column(place)
            if not 0 <= column.total_compressed_size <= size or column.total_uncompressed_size < 0:
                raise InputError(
                    f"{source} is damaged: its footer declares a column of {column.total_compressed_size:,} bytes"
                )
            needed += max(column.total_uncompressed_size, 0)
        # repeated values are stored once, so the number of values counts as well as the bytes
        needed = max(needed, rows * group.num_columns * 8)
    if rows != metadata.num_rows:
        raise InputError(
            f"{source} is damaged: it declares {metadata.num_rows:,} rows, but its row groups have {rows:,}"
        )
    check_table_bytes(needed, size, source)


def _size(file: pa.NativeFile) -> int:
    return int(file.size())


def _as_polars(batches: Sequence[pa.RecordBatch], schema: pa.Schema, source: str) -> pl.DataFrame:
    """Return the batches as one frame, after validating every offset, length and text."""
    import polars as pl
    import pyarrow as pa

    table = pa.Table.from_batches(batches, schema)
    table.validate(full=True)
    check_fields(table.schema, source)
    columns = [c.cast(c.type.storage_type) if isinstance(c.type, pa.BaseExtensionType) else c for c in table.columns]
    frame = pl.from_arrow(pa.Table.from_arrays(columns, names=table.schema.names))
    assert isinstance(frame, pl.DataFrame)
    check_dates(frame, source)
    return frame


def check_fields(fields: Iterable[pa.Field], source: str) -> None:
    """Raise InputError for a column of a type, also a nested one, that polars does not support and would panic on.

    This decodes every name: one that is not valid text raises UnicodeDecodeError here instead of a panic later.
    """
    import pyarrow as pa

    for field in fields:
        kind, name = field.type, field.name
        if pa.types.is_decimal256(kind) or pa.types.is_union(kind) or pa.types.is_run_end_encoded(kind):
            raise InputError(
                f"{source}: column {name[:40]!r} has the unsupported type {str(kind)[:40]}",
                hint="write it as floats or text",
            )
        check_fields((kind.field(k) for k in range(kind.num_fields)), source)
