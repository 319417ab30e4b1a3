"""``-`` or a pipe where a file is read: what comes from it, as a file with the ending that its content has."""

from __future__ import annotations

import atexit
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, TypeVar

from correlator.base.files import is_pipe, stands_for, temporary_folder
from correlator.errors import InputError

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
    """``sources`` with each stream replaced by a file that holds what came from it, there for the block.

    A stream is ``-`` (stdin) or a pipe that the shell gives a name (``<(...)``), also behind ``SYMBOL=``: it can be
    read once, and readers look at a file more than once. ``text``: the ending of plain text.

    Raises InputError where ``-`` stands twice, or nothing comes.
    """
    streams = [_stream(str(source)) for source in sources]
    if not any(streams):
        yield list(sources)
        return
    if streams.count(STDIN) > 1:
        raise InputError("- stands for stdin, which can be read once", hint="give it once")
    with temporary_folder("correlator-stdin") as folder:
        held = {
            stream: _held(stream, folder / ("stdin" if stream == STDIN else f"pipe-{number}"), text)
            for number, stream in enumerate(dict.fromkeys(filter(None, streams)), 1)
        }
        yield [
            type(source)(str(source).removesuffix(stream) + held[stream]) if stream else source
            for source, stream in zip(sources, streams, strict=True)
        ]


def _stream(source: str) -> str | None:
    """The part of ``source`` that names a stream; None for a file, a folder or an address."""
    return next((part for part in (source, source.partition("=")[2]) if part == STDIN or is_pipe(part)), None)


def _held(stream: str, place: Path, text: str) -> str:
    """The path of a file at ``place`` that holds what comes from ``stream``."""
    name = "stdin" if stream == STDIN else stream
    content = sys.stdin.buffer.read() if stream == STDIN else Path(stream).read_bytes()
    if not content.strip():
        raise InputError(f"nothing came from {name}", hint="pipe a file into it, or name one")
    file = place.with_suffix(_ending(content, text))
    file.write_bytes(content)
    stands_for(file, name)
    return str(file)


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
