"""ASCII replacements for characters that the terminal's encoding lacks, such as the lines and bars of text figures."""

from __future__ import annotations

import codecs
import unicodedata

PLAIN = "correlator-plain"
"""Name of the codec error handler."""

_EMPTY_BRAILLE = "\u2800"
_STAND_INS = {
    **dict(zip("▁▂▃▄▅▆▇█", ".:-=+*%#", strict=True)),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+"),
    **dict.fromkeys("─━", "-"),
    **dict.fromkeys("│┃", "|"),
    **dict.fromkeys("–—−‐‑", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    "…": "...",
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "←": "<-",
    "▲": "^",
    "▼": "v",
    "\u00a0": " ",
}


def plain(text: str) -> str:
    """Return ``text`` in ASCII: box drawing as lines, letters without accents, ``?`` for anything else.

    >>> plain("Türkiye – 5 │█")
    'Turkiye - 5 |#'
    """
    return "".join(map(_plain, text))


def register() -> None:
    """Register the codec error handler ``PLAIN``."""
    codecs.register_error(PLAIN, _replaced)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if "\u2800" <= character <= "\u28ff":  # braille dots, which text figures draw lines with
        return " " if character == _EMPTY_BRAILLE else "*"
    if character in _STAND_INS:
        return _STAND_INS[character]
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or "?"
