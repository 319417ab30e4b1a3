"""A headline made ready for matching: words once, in lower case, each between two spaces."""

from __future__ import annotations

import re
from typing import NamedTuple

# "U.S." stays one word, "Pakistan's" gives two, hyphens and dashes part words, a comma or stop is a word,
# and so is the slot of a headline template: {country_1}.
_WORD = re.compile(r"\{\w+\}|(?:[A-Za-z]\.){2,}|\d+(?:[.,]\d+)*|[^\W\d_]+'t\b|'s\b|[^\W_]+|[,;:.!?\"()]")
_HEADLINE_WORDS = 14
_LEVEL = str.maketrans({"’": "'", "‘": "'", "`": "'", "İ": "I", "“": '"', "”": '"'})


class Text(NamedTuple):
    """``joined`` holds the words with one space before and after each; ``lowered`` the same in lower case.

    Spans in a text start at the space before their first word and end after the space behind their last.
    """

    original: str
    joined: str
    lowered: str

    @property
    def length(self) -> int:
        """How many words there are."""
        return self.joined.count(" ") - 1

    @property
    def is_headline(self) -> bool:
        """Whether the text is short, without a full stop, and no template with slots for its actors."""
        return self.length <= _HEADLINE_WORDS and not self.joined.endswith(" . ") and "{" not in self.joined

    def offsets(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in ``original`` (end exclusive) of the words of ``joined[start:end]``."""
        spans = [match.span() for match in _WORD.finditer(self.original.translate(_LEVEL))]
        return spans[self.word_at(start)][0], spans[self.joined.count(" ", 0, end) - 2][1]

    def word_at(self, start: int) -> int:
        """The number (from 0) of the word that a span from ``start`` begins with."""
        return self.joined.count(" ", 0, start)


def prepare(text: str) -> Text:
    """The words of ``text`` joined for matching."""
    joined = f" {' '.join(_WORD.findall(_level(text)))} "
    return Text(text, joined, _lowered(joined))


def first_word(text: str) -> str:
    """The first word of ``text``, in lower case as ``prepare`` has it; empty if there is none."""
    match = _WORD.search(_level(text))
    return "" if match is None else _lowered(match[0])


def _level(text: str) -> str:
    return text if text.isascii() and "`" not in text else text.translate(_LEVEL)


def _lowered(joined: str) -> str:
    """``joined`` in lower case, each character in its place."""
    lowered = joined.lower()
    if len(lowered) != len(joined):
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in joined)
    return lowered
