"""Decompress Unix compress files (``.Z``): LZW with codes of 9 to 16 bits, Welch (1984), Computer 17(6), 8-19."""

from __future__ import annotations

from collections.abc import Iterator

from correlator.base.source_limits import check_unpacked

_LEAST, _MOST = 9, 16
_CLEAR = 256
"""The code that clears the table, if the file's flags enable it."""


def from_compress(data: bytes, source: str) -> bytes:
    """Return the decompressed bytes; raise ValueError for damaged data and InputError beyond the size limits."""
    parts, size = [], 0
    for part in _texts(data):
        size += len(part)
        check_unpacked(size, len(data), source)
        parts.append(part)
    return b"".join(parts)


def _texts(data: bytes) -> Iterator[bytes]:
    """Yield the bytes of each code. Codes come in groups of eight; a change of width skips the rest of a group."""
    flags = data[2] if len(data) > 2 else 0
    most, clears = flags & 0x1F, bool(flags & 0x80)
    if flags & 0x60 or not _LEAST <= most <= _MOST:
        raise ValueError("the compress header is damaged")
    table = [bytes([byte]) for byte in range(256)] + [b""] * clears
    first, width, before, place = len(table), _LEAST, b"", 3
    while group := data[place : place + width]:
        place += width
        codes = int.from_bytes(group, "little")
        for start in range(0, len(group) * 8 - width + 1, width):
            code = codes >> start & (1 << width) - 1
            if clears and code == _CLEAR:
                del table[first:]
                width, before = _LEAST, b""
                break
            if code > len(table) or (code == len(table) and not before):
                raise ValueError("undefined code in compress data")
            text = table[code] if code < len(table) else before + before[:1]
            yield text
            if before and len(table) < 1 << most:
                table.append(before + text[:1])
            before = text
            if len(table) == 1 << width and width < max(most, _LEAST + 1):  # a full table of 9 bits has codes of 10
                width += 1
                break
