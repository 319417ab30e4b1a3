"""Prepare a headline for matching: words in lower case, each between two spaces."""

from __future__ import annotations

import re
from typing import NamedTuple

# "U.S." is one word, "Pakistan's" two, hyphens and dashes separate words; a comma, a full stop and the slot of a
# headline template ({country_1}) are words.
_WORD = re.compile(r"\{\w+\}|(?:[A-Za-z]\.){2,}|\d+(?:[.,]\d+)*|[^\W\d_]+'t\b|'s\b|[^\W_]+|[,;:.!?\"()]")
_HEADLINE_WORDS = 14
_LEVEL = str.maketrans({"’": "'", "‘": "'", "`": "'", "İ": "I", "“": '"', "”": '"'})


class Text(NamedTuple):
    """A prepared text: ``joined`` has the words with one space around each; ``lowered`` is the same in lower case.

    Spans in a text start at the space before their first word and end after the space that follows their last.
    """

    original: str
    joined: str
    lowered: str

    @property
    def length(self) -> int:
        """The number of words."""
        return self.joined.count(" ") - 1

    @property
    def is_headline(self) -> bool:
        """Whether the text is short, has no final full stop, and is not a template with slots."""
        return self.length <= _HEADLINE_WORDS and not self.joined.endswith(" . ") and "{" not in self.joined

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in ``original`` (end exclusive) of the words of ``joined[start:end]``."""
        spans = [match.span() for match in _WORD.finditer(self.original.translate(_LEVEL))]
        return spans[self.word_at(start)][0], spans[self.joined.count(" ", 0, end) - 2][1]

    def word_at(self, start: int) -> int:
        """Return the number (from 0) of the word at the beginning of a span from ``start``."""
        return self.joined.count(" ", 0, start)


def prepare(text: str) -> Text:
    """Prepare ``text`` for matching."""
    joined = f" {' '.join(_WORD.findall(_level(text)))} "
    return Text(text, joined, _lowered(joined))


def first_word(text: str) -> str:
    """Return the first word of ``text`` in lower case, as in ``prepare``; empty if there is none."""
    match = _WORD.search(_level(text))
    return "" if match is None else _lowered(match[0])


def _level(text: str) -> str:
    return text if text.isascii() and "`" not in text else text.translate(_LEVEL)


def _lowered(joined: str) -> str:
    """Return ``joined`` in lower case with unchanged length."""
    lowered = joined.lower()
    if len(lowered) != len(joined):
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in joined)
    return lowered
