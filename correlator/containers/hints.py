"""What a caller knows about the table it wants, for containers that could be read in several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

KnownWords = Callable[[str], int]
"""Count how many of a text's first cells are known column names."""


def likely_text(text: str) -> int:
    """Return how many of a thousand characters are letters, digits or separators: few if the encoding is wrong."""
    return 1000 * sum(mark.isalnum() or mark in " \t\r\n,;|" for mark in text) // max(len(text), 1)


@dataclass(frozen=True)
class Hints:
    """Hints for reading a container.

    ``sheet``: the sheet to take if a workbook has several tables; ``sheet_option``: the option that names it, for
    messages; ``is_header``: whether the cells of a row name the columns of the wanted table, to tell sheets apart;
    ``known_words``: scores a decoded text, to tell encodings apart.
    """

    sheet: str | None = None
    known_words: KnownWords = likely_text
    sheet_option: str = ""
    is_header: Callable[[Sequence[str]], bool] | None = None
