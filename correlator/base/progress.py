"""Long loops say how far they are to a listener: the command line draws a bar, a program has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Takes what is done and how many items it has (None: not known), and gives what takes the number of items done."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listen(listener: Listener | None) -> None:
    """Have ``listener`` hear of every loop from here on in this context."""
    _listener.set(listener)


def tracked(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """``items`` one by one, the listener told after each; ``total`` where the items cannot be counted."""
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    count = len(items) if total is None and isinstance(items, Sized) else total
    with listener(what, count) as advance:
        for item in items:
            yield item
            advance(1)
