"""Convert markup to plain text: a title on one line, a body in paragraphs; undo a wrong decoding of it."""

from __future__ import annotations

import re
from contextlib import suppress
from html import escape, unescape

from correlator.news.batch import clean_text

_INLINE = re.compile(r"</?(?:a|b|br|em|i|mark|p|small|span|strong|sub|sup|u)\b[^<>]{0,200}>", re.IGNORECASE)
_TAG, _PARAGRAPH = re.compile(r"<[^<>]{0,20000}>"), re.compile(r"</p>|<br ?/?>|\n\n", re.IGNORECASE)
# a script without an end tag before the next script or the end of the text counts as text
_NO_TEXT = re.compile(r"<(script|style)\b(?:(?!<\1\b).){0,20000}?</\1>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# windows-1252 has no characters for five bytes, which decoders leave as they are.
_AS_BYTES = {
    ord(character): byte for byte in range(0x80, 0xA0) if (character := bytes([byte]).decode("cp1252", "ignore"))
}
_INVISIBLE = re.compile("[\u00ad\u200b]")
_TWICE_ENCODED = re.compile(f"[\u00c2-\u00f4][\u0080-\u00bf{''.join(map(chr, _AS_BYTES))}]")
_MARKED = re.compile(r"</(?:p|div|li|ul|span|a|b|i|em|strong|h\d|table|figure)>|<(?:br|p) ?/?>", re.IGNORECASE)


def without_markup(title: str) -> str:
    """Remove tags and entities, also those escaped twice, from a title; other angle brackets stay.

    Examples
    --------
    >>> without_markup("AT&amp;amp;T: profit &lt; forecast, <b>shares fall</b>")
    'AT&T: profit < forecast,  shares fall '
    """
    title = legible(title)
    if "<" in title or "&" in title:
        title = legible(_INLINE.sub(" ", _without_entities(_without_entities(title))))
    return title


def line_of(markup: str) -> str:
    """Return the text of markup on one line."""
    return " ".join(legible(_without_entities(_TAG.sub(" ", clean_text(markup)))).split())


def paragraphs_of(markup: str) -> str:
    """Return the text of markup with a blank line between paragraphs."""
    parts = _PARAGRAPH.split(_NO_TEXT.sub(" ", markup))
    return "\n\n".join(text for text in map(line_of, parts) if text)


def plain_body(text: str) -> str:
    """Return a body as plain text: the paragraphs of markup, or the text itself with entities decoded."""
    if "<" in text and _MARKED.search(text):
        return paragraphs_of(text)
    text = legible(text)
    return legible(_without_entities(text)) if "&" in text else text


def legible(text: str) -> str:
    """Return a text without soft hyphens and zero-width spaces, and decoded again if it is UTF-8 read as windows-1252.

    Examples
    --------
    >>> legible("lâ€™Ã©lection"), legible("Â«l’élection»"), legible("en\u00advoys")
    ('l’élection', 'Â«l’élection»', 'envoys')
    """
    if text.isascii():
        return text
    if _TWICE_ENCODED.search(text):
        with suppress(UnicodeError):
            text = text.translate(_AS_BYTES).encode("latin-1").decode("utf-8")
    return _INVISIBLE.sub("", text)


def _without_entities(text: str) -> str:
    """Decode entities that end in a semicolon; those without stay, as in ``?a=1&copy=2``."""
    return _ENTITY.sub(lambda match: unescape(match[0]), text)


def as_markup(text: str) -> str:
    """Return plain text as markup with the same meaning."""
    return escape(text, quote=False)
