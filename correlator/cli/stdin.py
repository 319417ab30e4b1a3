"""``-`` where a file is read: what comes from stdin, as a file with the ending that its content has."""

from __future__ import annotations

import atexit
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, TypeVar

from correlator.errors import InputError
from correlator.files import stands_for, temporary_folder

P = TypeVar("P", str, Path)
STDIN = "-"
_BLANK = b"\xef\xbb\xbf \t\r\n"
_STARTS = (
    (b"PAR1", ".parquet"),
    (b"PK\x03\x04", ".xlsx"),
    (b"\x1f\x8b", ".gz"),
    (b"<?xml", ".xml"),
    (b"<rss", ".xml"),
    (b"<", ".html"),
    (b"[", ".json"),
    (b"{", ".jsonl"),
)


@contextmanager
def with_stdin(sources: Sequence[P], text: str = ".csv") -> Iterator[list[P]]:
    """``sources`` with ``-`` replaced by a file that holds stdin, there for the block; ``text``: the ending of plain
    text.

    Raises InputError where ``-`` stands twice, or nothing comes.
    """
    named = [str(source) for source in sources]
    if STDIN not in named:
        yield list(sources)
        return
    if named.count(STDIN) > 1:
        raise InputError("- stands for stdin, which can be read once", hint="give it once")
    content = sys.stdin.buffer.read()
    if not content.strip():
        raise InputError("nothing came from stdin", hint="pipe a file into it, or name one")
    with temporary_folder("correlator-stdin") as folder:
        file = folder / f"stdin{_ending(content, text)}"
        file.write_bytes(content)
        kind = type(sources[named.index(STDIN)])
        stands_for(file, "stdin")
        yield [kind(file) if name == STDIN else source for name, source in zip(named, sources, strict=True)]


def stdin_kept(sources: Sequence[str]) -> list[str]:
    """As ``with_stdin``, for a verb that reads several files in turn: the file stays until the process ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(with_stdin(sources))


def begins_with_lines(stream: IO[bytes]) -> bool:
    """Whether what comes is plain text or JSON objects, each a line, so that it can be read as it comes.

    False also for a stream that cannot look ahead.
    """
    from correlator.containers.kinds import kind_of

    if not isinstance(stream, BufferedReader):
        return False
    head = stream.peek()
    first, _, rest = head.lstrip(_BLANK).partition(b"\n")
    kind = kind_of(head, "stdin").name if first else ""
    return _is_object(first) and bool(rest) if kind == "json" else kind == "text" and b"\x00" not in head


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _ending(content: bytes, text: str) -> str:
    head = content.lstrip(_BLANK)
    suffix = next((ending for start, ending in _STARTS if head.lower().startswith(start.lower())), text)
    if suffix == ".jsonl" and (not (lines := head.splitlines())[1:] or not _is_object(lines[0])):
        return ".json"
    first = head.splitlines()[0]
    return ".csv" if suffix == ".txt" and first.count(b",") and b"headline" in first.lower() else suffix
