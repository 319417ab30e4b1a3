"""Reading ``-`` or a pipe in place of a file: its content is saved to a file with a fitting extension."""

from __future__ import annotations

import atexit
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, TypeVar

from correlator.base.files import is_pipe, show_as, temporary_folder
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
    """Replace each stream in ``sources`` by a temporary file with its content, which exists inside the block.

    A stream is ``-`` (stdin) or a named pipe (``<(...)``), also after ``SYMBOL=``. It can be read once only, while
    readers open a file several times. ``text``: the extension for plain text.

    Raises InputError if ``-`` is given twice, or a stream is empty.
    """
    streams = [_stream(str(source)) for source in sources]
    if not any(streams):
        yield list(sources)
        return
    if streams.count(STDIN) > 1:
        raise InputError("- (stdin) is given more than once", hint="give it once; stdin can only be read once")
    with temporary_folder("correlator-stdin") as folder:
        saved = {
            stream: _saved(stream, folder / ("stdin" if stream == STDIN else f"pipe-{number}"), text)
            for number, stream in enumerate(dict.fromkeys(filter(None, streams)), 1)
        }
        yield [
            type(source)(str(source).removesuffix(stream) + saved[stream]) if stream else source
            for source, stream in zip(sources, streams, strict=True)
        ]


def _stream(source: str) -> str | None:
    """Return the part of ``source`` that names a stream; None for a file, a folder or a URL."""
    return next((part for part in (source, source.partition("=")[2]) if part == STDIN or is_pipe(part)), None)


def _saved(stream: str, target: Path, text: str) -> str:
    """Save the content of ``stream`` to ``target`` plus an extension, and return the path."""
    name = "stdin" if stream == STDIN else stream
    content = sys.stdin.buffer.read() if stream == STDIN else Path(stream).read_bytes()
    if not content.strip():
        raise InputError(f"{name} is empty", hint="pipe data into it, or give the name of a file")
    file = target.with_suffix(_extension(content, text))
    file.write_bytes(content)
    show_as(file, name)
    return str(file)


def stdin_kept(sources: Sequence[str]) -> list[str]:
    """Like ``with_stdin``, but the temporary files exist until the process ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(with_stdin(sources))


def begins_with_lines(stream: IO[bytes]) -> bool:
    """Whether the stream is plain text or JSON lines, and so can be read line by line as it arrives.

    False also for a stream that cannot peek.
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


def _extension(content: bytes, text: str) -> str:
    """Return the file extension for ``content``; ``text`` for plain text."""
    head = content.lstrip(_BLANK)
    suffix = next((ending for start, ending in _STARTS if head.lower().startswith(start.lower())), text)
    if suffix == ".jsonl" and (not (lines := head.splitlines())[1:] or not _is_object(lines[0])):
        return ".json"
    first = head.splitlines()[0]
    return ".csv" if suffix == ".txt" and first.count(b",") and b"headline" in first.lower() else suffix
