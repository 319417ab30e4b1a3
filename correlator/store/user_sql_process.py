"""The process that runs a user's SQL: a request as JSON on stdin, an Arrow stream on stdout.

What goes wrong is one line of JSON on stderr: the class of ``correlator.errors``, the message, the hint.
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
from correlator.store.user_sql import (
    EXIT_MEMORY,
    EXIT_REFUSED,
    EXIT_TIMEOUT,
    GRACE_SECONDS,
    Request,
    too_much_memory,
)

READING_KINDS = frozenset({"SELECT", "EXPLAIN", "MULTI"})
"""Statements that only read, as DuckDB names them (MULTI is a PIVOT)."""
CLOSED: dict[str, str | bool] = {"enable_external_access": False, "python_enable_replacements": False}
RESULT_SHARE = 4
"""The result may take this part of the memory: the caller holds it as bytes and as a frame."""
_AS_TEXT = ("INTERVAL", "BIT", "MAP", "UNION", "TIME WITH TIME ZONE", "BIGNUM", "VARIANT", "GEOMETRY")
_NESTED = ("list", "array", "struct")
_BATCH = 65_536
_OVERHEAD = 1_000_000_000
"""Bytes of libraries, stacks and caches, which the query's own memory does not hold."""


def main() -> int:
    """Answer the request on stdin; returns the exit status."""
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
    """Write the rows that the request selects to ``out`` as an Arrow stream; raises CorrelatorError.

    Leaves the process where the time is over.
    """
    settings: dict[str, str | bool] = {} if request.unsafe else CLOSED
    limits = {"memory_limit": f"{request.memory // 10**6}MB", "temp_directory": ""}
    store = engine_at(request.address, settings | limits)
    with store.reading(request.lock_wait) as connection:
        timers = _timers(connection, request.timeout)
        try:
            _write(connection, request, out)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the way out; without a number it is the database's, once rows flow
            raise _failed(error, request) from None
        finally:
            for timer in timers:
                timer.cancel()


_KIND_OF_ERROR = re.compile(r"^([A-Z][A-Za-z ]*) (?:Error|Exception): ")


def _write(connection: duckdb.DuckDBPyConnection, request: Request, out: BinaryIO) -> None:
    """Run the text and write its rows."""
    if not request.unsafe:
        _refuse_other_kinds(connection, request.text)
        connection.execute("SET lock_configuration = true")
        connection.execute("BEGIN TRANSACTION READ ONLY")
    relation: Any = connection.sql(request.text)
    if relation is None:
        return
    most, size = request.memory // RESULT_SHARE, 0
    with _readable(relation).to_arrow_reader(_BATCH) as reader, pa.ipc.new_stream(out, reader.schema) as stream:
        for batch in reader:
            size += batch.nbytes
            if size > most:
                raise InputError(
                    f"the result is larger than {most / 1e6:,.0f} MB, a quarter of --memory",
                    hint="add LIMIT or a condition, or raise --memory",
                )
            stream.write_batch(batch)
    out.flush()


def _readable(relation: Any) -> Any:
    """The relation with columns that polars has no type for as text."""
    texts = [_is_unknown(kind) for kind in relation.types]
    if not any(texts):
        return relation
    columns = (f"CAST(#{at} AS VARCHAR)" if text else f"#{at}" for at, text in enumerate(texts, 1))
    names = (_quoted(name) for name in relation.columns)
    selected = (f"{column} AS {name}" for column, name in zip(columns, names, strict=True))
    return relation.query("given", f"SELECT {', '.join(selected)} FROM given")


def _is_unknown(kind: Any) -> bool:
    """Whether polars has no type for one of DuckDB's, or for one inside it."""
    if kind.id not in _NESTED:
        return str(kind).startswith(_AS_TEXT)
    return any(_is_unknown(inner) for _, inner in kind.children if hasattr(inner, "id"))  # of an array also its size


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _refuse_other_kinds(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    lifted = "sql only reads; --unsafe lifts this for files and settings"
    try:
        kinds = [statement.type.name for statement in connection.extract_statements(text)]
    except ValueError:  # a kind of statement that DuckDB's Python package has no name for
        raise InputError("SQL refused: not a SELECT", hint=lifted) from None
    if not kinds:
        raise InputError("SQL is empty", hint='for example: "select count(*) from bars"')
    if len(kinds) > 1:
        raise InputError(f"SQL refused: {len(kinds)} statements, where one is allowed", hint="ask one at a time")
    if kinds[0] not in READING_KINDS:
        name = kinds[0].replace("_", " ")
        raise InputError(f"SQL refused: a {name} statement is not a SELECT", hint=lifted)


def _failed(error: Exception, request: Request) -> InputError:
    """What is wrong with the text, as the database says it without its own names of errors, and what it suggests.

    Leaves the process where the time is over.
    """
    said = _KIND_OF_ERROR.match(str(error))
    kind = said[1] if said else ""
    if kind == "INTERRUPT":
        os._exit(EXIT_TIMEOUT)
    if kind == "Out of Memory":
        return too_much_memory(request)
    if kind == "Permission":
        return InputError(
            "SQL failed: it asks for a file or a setting, and only tables of the store are read",
            hint="--unsafe lifts this",
        )
    lines = [_KIND_OF_ERROR.sub("", line) for line in str(error).splitlines()] or ["the query cannot be run"]
    candidates = next((line for line in lines if line.startswith(("Candidate", "Did you mean"))), None)
    return InputError(f"SQL failed: {lines[0]}", hint=candidates)


def _timers(connection: duckdb.DuckDBPyConnection, timeout: float) -> list[Timer]:
    """Interrupt after ``timeout`` seconds, and leave soon after where DuckDB does not hear."""
    timers = [Timer(timeout, connection.interrupt), Timer(timeout + GRACE_SECONDS, os._exit, [EXIT_TIMEOUT])]
    for timer in timers:
        timer.daemon = True
        timer.start()
    return timers


def _limit_memory(memory: int) -> None:
    """The operating system's limit on the data of this process, where it knows one."""
    if sys.platform == "linux":
        import resource

        most = memory + _OVERHEAD
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
