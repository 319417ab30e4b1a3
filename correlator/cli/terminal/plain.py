"""What stands for a character that the encoding of a terminal does not have: lines and bars of figures in ASCII."""

from __future__ import annotations

import codecs
import unicodedata

PLAIN = "correlator-plain"
"""The name by which streams know the rule."""

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
    """``text`` in ASCII: lines as lines, accents without their letters' marks, ``?`` for what has no likeness.

    >>> plain("Türkiye – 5 │█")
    'Turkiye - 5 |#'
    """
    return "".join(map(_plain, text))


def register() -> None:
    """Have streams know ``PLAIN`` as a way to write what their encoding lacks."""
    codecs.register_error(PLAIN, _replaced)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if "\u2800" <= character <= "\u28ff":  # the dots that lines of figures are made of
        return " " if character == _EMPTY_BRAILLE else "*"
    if character in _STAND_INS:
        return _STAND_INS[character]
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or "?"
