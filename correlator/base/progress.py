"""Report the progress of long loops to a listener: the command line draws a bar, programs have no listener."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Called with the task and its number of items (None: unknown); returns a context with the function to advance it."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listen(listener: Listener | None) -> None:
    """Report every loop in this context to ``listener`` from now on."""
    _listener.set(listener)


def tracked(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Yield ``items`` and report each to the listener; ``total``: their number, if they have no length."""
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    count = len(items) if total is None and isinstance(items, Sized) else total
    with listener(what, count) as advance:
        for item in items:
            yield item
            advance(1)
