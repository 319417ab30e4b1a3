"""Decode bytes to text: by byte order mark, as UTF-8 if valid, by the declared encoding, else by content.

Valid UTF-8 with non-ASCII letters is hardly ever anything else, so it takes precedence over a declaration, which pages
often copy from a template. Only an invalid byte itself is lost: it becomes U+FFFD.
"""

from __future__ import annotations

import codecs
import re

from correlator.errors import InputError
from correlator.news.batch import clean_text

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The wider encoding that browsers use for a label (WHATWG Encoding Standard).
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_DECLARED = (
    re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9_\-:.]{2,30})""", re.IGNORECASE),
    re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_\-:.]{2,30})["']"""),
)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_\-:.]{2,30})""", re.IGNORECASE)
_HEAD = 4096
_SAMPLE = 200_000
_EVIDENCE = 40  # non-ASCII bytes needed to detect an encoding from content
_LANGUAGE = re.compile(
    rb"""(?:<html[^>]{0,300}?\blang\s*=\s*["']?|\bxml:lang\s*=\s*["']|<(?:dc:)?language>\s*)([A-Za-z]{2})\b""",
    re.IGNORECASE,
)
_OF_LANGUAGE = {
    **dict.fromkeys(("tr", "az"), "cp1254"),
    **dict.fromkeys(("ru", "uk", "bg", "sr", "kk"), "cp1251"),
    **dict.fromkeys(("pl", "cs", "hu", "ro", "sk", "sl", "hr"), "cp1250"),
    **dict.fromkeys(("ar", "fa", "ur"), "cp1256"),
    **dict.fromkeys(("el",), "cp1253"),
    **dict.fromkeys(("he",), "cp1255"),
    "ja": "cp932",
    "zh": "gb18030",
    "ko": "cp949",
    "th": "cp874",
    "vi": "cp1258",
}
_BINARY = (
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"SQLite format 3",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"PAR1",
    b"ARROW1",
)
# Letters and signs within words of other encodings that are read as windows-1252.
_WRONG_IN_WORD = re.compile(r"(?<=[^\W\d_])[¢£¤¥¦¨©ª¬®¯°±²³µ¶¸¹º¼½¾¿×÷ÐðÞþÝý\ufffd](?=[^\W\d_])")
_MOST_ACCENTS = 0.4  # of the letters of a Western text
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b")
_MOST_CONTROLS = 0.02  # share of bytes; damaged text has fewer
_MULTI = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def decode(raw: bytes, content_type: str | None = None) -> str:
    """Return the bytes of a page or feed as text without control characters.

    ``content_type`` is the HTTP header of the response; without it, a byte order mark or a declaration, the encoding is
    detected from the content (charset-normalizer).

    Examples
    --------
    >>> decode("görüştü".encode("cp1254"), "text/html; charset=windows-1254")
    'görüştü'
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return clean_text(raw.decode(name, "replace"))
    if _is_utf16(raw):  # first, since its bytes (half of them zeros) may be valid UTF-8
        return clean_text(raw.decode(_utf16(raw), "replace"))
    if not _has_escapes(raw):
        try:
            return clean_text(raw.decode("utf-8"))
        except UnicodeDecodeError:
            pass
    declared = declared_encoding(raw, content_type)
    if mostly_utf8(raw):
        return clean_text(raw.decode("utf-8", "replace"))
    return clean_text(raw.decode(declared or _by_content(raw), "replace"))


def usual_encoding(language: str | None) -> str | None:
    """Return the most usual encoding of a language before UTF-8; None for Western and unknown ones."""
    return _OF_LANGUAGE.get(language or "")


def western_text(raw: bytes) -> str | None:
    """Return bytes that are likely to be windows-1252 as text; None if they are likely to be in another encoding."""
    text = raw.decode("cp1252", "replace")
    letters = [character for character in text if character.isalpha()]
    accented = sum(not character.isascii() for character in letters)
    return None if accented > _MOST_ACCENTS * len(letters) or _WRONG_IN_WORD.search(text) else text


def is_plain_utf(raw: bytes) -> bool:
    """Whether bytes are UTF-8 throughout, have a byte order mark, or have zeros or escapes of a wider encoding."""
    if any(raw.startswith(mark) for mark, _ in _MARKS) or _is_utf16(raw) or _has_escapes(raw):
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_text(raw: bytes) -> bool:
    """Whether bytes are text in some encoding rather than a picture, document, archive or database."""
    sample = raw[:_HEAD]
    if any(sample.startswith(mark) for mark, _ in _MARKS):
        return True
    if sample.startswith(_BINARY):
        return False
    controls = sum(byte in _CONTROLS for byte in sample)
    return controls <= _MOST_CONTROLS * len(sample) or _is_utf16(sample)


def declared_encoding(raw: bytes, content_type: str | None = None) -> str | None:
    """Return the Python name of the encoding in a header, meta tag or XML declaration; None for UTF-8 or unknown."""
    header = _HEADER.search(content_type or "")
    names = [header[1]] if header else []
    names += [match[1].decode("ascii") for pattern in _DECLARED if (match := pattern.search(raw[:_HEAD]))]
    for name in names:
        encoding = _known(name)
        if encoding and not encoding.startswith("utf"):
            return encoding
    return None


def encoding_named(name: str) -> str:
    """Return the Python encoding called ``name``. Raises InputError if it is unknown."""
    encoding = _known(name)
    if encoding is None:
        raise InputError(
            f"unknown encoding {name!r}", hint="use a name such as utf-8, cp1252, cp1254, cp1251 or shift_jis"
        )
    return encoding


def likely_encoding(raw: bytes, usual: str | None = None) -> str | None:
    """Return the likely encoding of bytes that are not UTF-8, ``usual`` if it is as likely; None if none is likely."""
    from charset_normalizer import from_bytes

    matches = from_bytes(raw[:_SAMPLE])
    best = matches.best()
    if best is None:
        return None
    equal = [each.encoding for each in matches if (each.chaos, each.coherence) == (best.chaos, best.coherence)]
    return usual if usual in equal else best.encoding


def mostly_utf8(raw: bytes) -> bool:
    """Whether most non-ASCII bytes form UTF-8 sequences, so that the others are damage."""
    sample = raw[:_SAMPLE]
    high = sum(byte > 0x7F for byte in sample)
    return high > 0 and sum(map(len, _MULTI.findall(sample))) >= 0.6 * high


def stated_language(raw: bytes) -> str | None:
    """Return the code of the language that a page or feed states, or None."""
    language = _LANGUAGE.search(raw[:_HEAD])
    return language[1].decode("ascii").lower() if language else None


def utf16_without_mark(raw: bytes) -> str | None:
    """Return the encoding of UTF-16 without a byte order mark, which every second byte shows; None for other bytes."""
    return _utf16(raw) if _is_utf16(raw) else None


def _known(name: str) -> str | None:
    try:
        python = codecs.lookup(re.sub("^x-(?:x-)?", "", name.strip().lower())).name  # x-sjis, x-mac-cyrillic
    except (LookupError, ValueError):
        return None
    if python in ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined") or "_codec" in python:
        return None
    try:
        b"a".decode(_WIDER.get(python, python))
    except (LookupError, UnicodeError):
        return None  # a bytes-to-bytes codec
    return _WIDER.get(python, python)


def _has_escapes(raw: bytes) -> bool:
    """Whether bytes have escape sequences of ISO 2022."""
    return b"\x1b$" in raw[:_SAMPLE] or b"\x1b(" in raw[:_SAMPLE]


def _is_utf16(raw: bytes) -> bool:
    sample = raw[:_HEAD]
    sides = sorted((sample[0::2].count(0), sample[1::2].count(0)))
    return sum(sides) > 0.2 * len(sample) and sides[0] <= 0.05 * sides[1]


def _utf16(raw: bytes) -> str:
    return "utf-16-le" if raw[1:_HEAD:2].count(0) >= raw[0:_HEAD:2].count(0) else "utf-16-be"


def _by_content(raw: bytes) -> str:
    """Return the likely encoding; with few non-ASCII bytes, the usual one of the page's language."""
    language = stated_language(raw)
    usual = _OF_LANGUAGE.get(language or "", "cp1252")
    if sum(byte > 0x7F for byte in raw[:_SAMPLE]) < _EVIDENCE:
        return usual
    return likely_encoding(raw, usual if language else None) or usual
