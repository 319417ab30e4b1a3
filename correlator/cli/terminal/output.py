"""Narration, complaints and progress on stderr; tables leave by ``table_options``."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from correlator.base.files import check_target, in_words
from correlator.base.inert import visible
from correlator.cli.options.common import settings
from correlator.errors import CorrelatorError, CorrelatorWarning


def emit(content: bytes) -> None:
    """All of ``content`` to stdout: an unbuffered stream takes a part at a time."""
    sys.stdout.flush()
    rest = memoryview(content)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def checked_target(path: Path | None) -> Path | None:
    """The file that an option names, refused before any work where it cannot be one."""
    if path is not None:
        check_target(path)
    return path


def narrate(text: str) -> None:
    """Say something to the person at the prompt: one line on stderr, nothing under ``--quiet``."""
    chosen = settings()
    if chosen.json_logs:
        print(json.dumps({"level": "info", "message": _on_one_line(text)}, ensure_ascii=False), file=sys.stderr)
    elif not chosen.quiet:
        print(_on_one_line(text), file=sys.stderr)


def _on_one_line(text: str) -> str:
    """What a message says, files called by what they stand for; a name with a line end in it makes no second line."""
    return visible(in_words(text), keep="\t")


@contextmanager
def told_warnings() -> Iterator[None]:
    """Our warnings as one line each on stderr, each once, when the verb is done; a refusal says its error only.

    Those of libraries are for programmers, and not shown.
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
    """One line on stderr about what went wrong; a warning is silent under ``--quiet``, an error never."""
    if level == "warning" and settings().quiet:
        return
    if settings().json_logs:
        print(json.dumps({"level": level, "message": _on_one_line(text)}, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"{level}: {_on_one_line(text)}", file=sys.stderr)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr with rate and time left; yields the function that takes the number of further items.

    It comes after a second, short work draws nothing. Silent without a terminal on stderr, and under ``--quiet``
    and ``--json-logs``.
    """
    chosen = settings()
    if not sys.stderr.isatty() or chosen.quiet or chosen.json_logs:
        yield lambda _: None
        return
    from correlator.cli.terminal.bar import Bar

    bar = Bar(visible(in_words(description), keep=""), total)
    try:
        yield bar.advance
    finally:
        bar.close()
