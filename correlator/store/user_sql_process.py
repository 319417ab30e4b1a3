"""The process that runs a user's SQL: reads a request as JSON from stdin, writes an Arrow stream to stdout.

Errors are one line of JSON on stderr: the class in ``correlator.errors``, the message, the hint.
"""

from __future__ import annotations

import json
import os
import re
import sys
from threading import Timer
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

from correlator.errors import CorrelatorError, InputError
from correlator.store.address import engine_at
from correlator.store.opening import ACCESS
from correlator.store.user_sql import (
    EXIT_MEMORY,
    EXIT_REFUSED,
    EXIT_TIMEOUT,
    GRACE_SECONDS,
    Request,
    too_much_memory,
)

READING_KINDS = frozenset({"SELECT", "EXPLAIN", "MULTI"})
"""Read-only statements, by DuckDB's names (MULTI is a PIVOT)."""
CLOSED: dict[str, str | bool] = {ACCESS: False, "python_enable_replacements": False}
RESULT_SHARE = 4
"""The result may use one part in this many of the memory, since the caller needs it as bytes and as a frame."""
_AS_TEXT = ("INTERVAL", "UHUGEINT", "BIT", "MAP", "UNION", "TIME WITH TIME ZONE", "BIGNUM", "VARIANT", "GEOMETRY")
_NESTED = ("list", "array", "struct")
_BATCH = 65_536
_OVERHEAD = 1_000_000_000
"""Memory in bytes of libraries, stacks and caches, in addition to that of the query."""


def main() -> int:
    """Answer the request on stdin; return the exit status."""
    request = Request(**json.load(sys.stdin))
    _limit_memory(request.memory)
    try:
        answer(request, sys.stdout.buffer)
    except CorrelatorError as error:
        content = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        print(json.dumps(content), file=sys.stderr)
        return EXIT_REFUSED
    except MemoryError:
        return EXIT_MEMORY
    return 0


def answer(request: Request, out: BinaryIO) -> None:
    """Write the rows that the request selects to ``out`` as an Arrow stream.

    Raises CorrelatorError; exits the process after a timeout.
    """
    settings: dict[str, str | bool] = {ACCESS: True} if request.unsafe else CLOSED
    limits = {"memory_limit": f"{request.memory // 10**6}MB", "temp_directory": ""}
    store = engine_at(request.address, settings | limits)
    with store.reading(request.lock_wait) as connection:
        timers = _timers(connection, request.timeout)
        try:
            _write(connection, request, out)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # an error of the output; without errno it is the database's, raised while rows are streamed
            raise _failed(error, request) from None
        finally:
            for timer in timers:
                timer.cancel()


_KIND_OF_ERROR = re.compile(r"^([A-Z][A-Za-z ]*) (?:Error|Exception): ")


def _write(connection: duckdb.DuckDBPyConnection, request: Request, out: BinaryIO) -> None:
    """Run the SQL and write its rows."""
    if not request.unsafe:
        _refuse_other_kinds(connection, request.text)
        connection.execute("SET lock_configuration = true")
        connection.execute("BEGIN TRANSACTION READ ONLY")
    relation: Any = connection.sql(request.text)
    if relation is None:
        return
    limit, size = request.memory // RESULT_SHARE, 0
    with _readable(relation).to_arrow_reader(_BATCH) as reader, pa.ipc.new_stream(out, reader.schema) as stream:
        for batch in reader:
            size += batch.nbytes
            if size > limit:
                raise InputError(
                    f"the result is larger than {limit / 1e6:,.0f} MB, a quarter of --memory",
                    hint="add LIMIT or a condition, or raise --memory",
                )
            stream.write_batch(batch)
    out.flush()


def _readable(relation: Any) -> Any:
    """Return the relation with columns of types that polars lacks cast to text."""
    texts = [_is_unknown(kind) for kind in relation.types]
    if not any(texts):
        return relation
    columns = (f"CAST(#{at} AS VARCHAR)" if text else f"#{at}" for at, text in enumerate(texts, 1))
    names = (_quoted(name) for name in relation.columns)
    selected = (f"{column} AS {name}" for column, name in zip(columns, names, strict=True))
    return relation.query("given", f"SELECT {', '.join(selected)} FROM given")


def _is_unknown(kind: Any) -> bool:
    """Whether polars lacks the DuckDB type ``kind``, or a type nested in it."""
    if kind.id not in _NESTED:
        return str(kind).startswith(_AS_TEXT)
    return any(
        _is_unknown(inner) for _, inner in kind.children if hasattr(inner, "id")
    )  # an array's children include its size


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _refuse_other_kinds(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    hint = "sql is read-only; --unsafe allows files and settings"
    try:
        kinds = [statement.type.name for statement in connection.extract_statements(text)]
    except ValueError:  # a kind of statement that DuckDB's Python package has no name for
        raise InputError("SQL refused: not a SELECT", hint=hint) from None
    if not kinds:
        raise InputError("SQL is empty", hint='for example: "select count(*) from bars"')
    if len(kinds) > 1:
        raise InputError(f"SQL refused: {len(kinds)} statements instead of one", hint="run them one at a time")
    if kinds[0] not in READING_KINDS:
        name = kinds[0].replace("_", " ")
        raise InputError(f"SQL refused: a {name} statement is not a SELECT", hint=hint)


def _failed(error: Exception, request: Request) -> InputError:
    """Return the database's message without its error class, with its suggestion as the hint.

    Exits the process after a timeout.
    """
    match = _KIND_OF_ERROR.match(str(error))
    kind = match[1] if match else ""
    if kind == "INTERRUPT":
        os._exit(EXIT_TIMEOUT)
    if kind == "Out of Memory":
        return too_much_memory(request)
    if kind == "Permission":
        return InputError(
            "SQL failed: access to files and settings is not allowed, only tables of the store can be read",
            hint="--unsafe allows files and settings",
        )
    lines = [_KIND_OF_ERROR.sub("", line) for line in str(error).splitlines()] or ["the query cannot be run"]
    candidates = next((line for line in lines if line.startswith(("Candidate", "Did you mean"))), None)
    return InputError(f"SQL failed: {lines[0]}", hint=candidates)


def _timers(connection: duckdb.DuckDBPyConnection, timeout: float) -> list[Timer]:
    """Start timers that interrupt the query after ``timeout`` seconds and exit soon after if it does not stop."""
    timers = [Timer(timeout, connection.interrupt), Timer(timeout + GRACE_SECONDS, os._exit, [EXIT_TIMEOUT])]
    for timer in timers:
        timer.daemon = True
        timer.start()
    return timers


def _limit_memory(memory: int) -> None:
    """Set the operating system's memory limit of this process, on Linux."""
    if sys.platform == "linux":
        import resource

        limit = memory + _OVERHEAD
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
