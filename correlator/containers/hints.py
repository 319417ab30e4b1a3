"""What a caller knows of the table that it looks for, where a container could be read in several ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

KnownWords = Callable[[str], int]
"""How many of a text's first cells are names of columns."""


def likely_text(text: str) -> int:
    """How many in a thousand marks are letters, digits or what parts cells: few where the encoding is another."""
    return 1000 * sum(mark.isalnum() or mark in " \t\r\n,;|" for mark in text) // max(len(text), 1)


@dataclass(frozen=True)
class Hints:
    """``sheet``: which one is meant where a workbook holds several tables, and ``sheet_option`` what a caller names it
    by, if anything does; ``known_words`` tells encodings apart.
    """

    sheet: str | None = None
    known_words: KnownWords = likely_text
    sheet_option: str = ""
