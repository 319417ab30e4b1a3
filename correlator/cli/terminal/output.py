"""Notes, warnings, errors and progress on stderr; tables are printed by ``cli.tables.options``."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from correlator.base.files import check_target, with_shown_names
from correlator.base.inert import visible
from correlator.cli.options.common import settings
from correlator.errors import CorrelatorError, CorrelatorWarning


def emit(content: bytes) -> None:
    """Write all of ``content`` to stdout; an unbuffered stream may accept only a part of it at a time."""
    sys.stdout.flush()
    rest = memoryview(content)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def checked_target(path: Path | None) -> Path | None:
    """Return ``path``, the file to write; raise an error up front if it cannot be written."""
    if path is not None:
        check_target(path)
    return path


def narrate(text: str) -> None:
    """Print a note as one line on stderr, unless ``--quiet`` is set."""
    chosen = settings()
    if chosen.json_logs:
        print(json.dumps({"level": "info", "message": _on_one_line(text)}, ensure_ascii=False), file=sys.stderr)
    elif not chosen.quiet:
        print(_on_one_line(text), file=sys.stderr)


def _on_one_line(text: str) -> str:
    """Return a message as one line, with temporary files named by what they stand for and line breaks escaped."""
    return visible(with_shown_names(text), keep="\t")


@contextmanager
def printed_warnings() -> Iterator[None]:
    """Collect our own warnings and print each once, as one line on stderr, when the verb has ended without an error.

    Warnings of libraries are hidden, since they are meant for programmers.
    """
    messages: dict[str, None] = {}

    def show(message: Warning | str, *_: object, **__: object) -> None:
        messages[str(message)] = None

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", CorrelatorWarning)
        warnings.showwarning = show
        try:
            yield
        finally:
            if messages and not isinstance(sys.exc_info()[1], CorrelatorError):
                from correlator.cli.wording import with_options

                for text in messages:
                    complain(with_options(text), level="warning")


def complain(text: str, *, level: str = "error") -> None:
    """Print an error, warning or note as one line on stderr; ``--quiet`` hides warnings, never errors."""
    if level == "warning" and settings().quiet:
        return
    if settings().json_logs:
        print(json.dumps({"level": level, "message": _on_one_line(text)}, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"{level}: {_on_one_line(text)}", file=sys.stderr)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr; yields a function that advances it by a number of items.

    The bar appears after a second of work. Nothing is shown if stderr is not a terminal, or with ``--quiet`` or
    ``--json-logs``.
    """
    chosen = settings()
    if not sys.stderr.isatty() or chosen.quiet or chosen.json_logs:
        yield lambda _: None
        return
    from correlator.cli.terminal.bar import Bar

    bar = Bar(visible(with_shown_names(description), keep=""), total)
    try:
        yield bar.advance
    finally:
        bar.close()
