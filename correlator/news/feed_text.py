"""Decode the bytes of a feed, each item by its own bytes, so that its text is the same at every poll.

XML and JSON without a declaration are UTF-8. Feeds that are not, and declare nothing else, are read in the one usual
encoding of their language, without statistics: these would decide anew whenever the other items have changed.
"""

from __future__ import annotations

from correlator.errors import InputError
from correlator.news.batch import clean_text
from correlator.news.charset import (
    declared_encoding,
    decode,
    encoding_named,
    is_plain_utf,
    mostly_utf8,
    stated_language,
    usual_encoding,
    western_text,
)

_ONE_ENCODING = ("tr", "az", "el", "he", "ko", "th")
"""Languages with one usual encoding; others have several, such as cp1251 and koi8-r, cp1250 and iso8859-2."""


def feed_text(raw: bytes, source: str, content_type: str | None = None, encoding: str | None = None) -> str:
    """Return the bytes of a feed as text without control characters.

    ``content_type`` is the HTTP header of the response; ``encoding`` is that of the caller. Raises InputError for bytes
    that are not UTF-8 if neither header, declaration, caller nor language says what they are.

    Examples
    --------
    >>> feed_text("<rss><language>tr</language><title>görüştü</title></rss>".encode("cp1254"), "feed")[-22:-14]
    '>görüştü'
    """
    if encoding:
        return clean_text(raw.decode(encoding_named(encoding), "replace"))
    if is_plain_utf(raw) or declared_encoding(raw, content_type):
        return decode(raw, content_type)
    language = stated_language(raw)
    return clean_text("<".join(_node(part, language, source) for part in raw.split(b"<")))


def _node(part: bytes, language: str | None, source: str) -> str:
    """Return the text of a tag and what follows it. Raises InputError if its encoding is not known."""
    try:
        return part.decode()
    except UnicodeDecodeError:
        if mostly_utf8(part):
            return part.decode("utf-8", "replace")
    usual = usual_encoding(language)
    if usual and language in _ONE_ENCODING:
        return part.decode(usual, "replace")
    text = None if usual else western_text(part)
    if text is None:
        raise InputError(
            f"{source} has text that is not UTF-8, and declares no other encoding",
            hint=f"give its encoding with --encoding{f', such as {usual}' if usual else ''}",
        )
    return text
