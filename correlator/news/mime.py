"""Parse MIME headers and parts: of MHTML files, WARC records and HTTP responses.

The standard library's parser is not safe for untrusted files: it takes quadratic time for some headers and exceeds its
recursion limit on nested parts. Only what pages need is parsed here, each byte a bounded number of times.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from correlator.base.source_limits import DEEPEST, LONGEST_HEAD, MOST_PARTS
from correlator.errors import InputError

_BLANK, _END_OF_HEAD = re.compile(rb"\r?\n"), re.compile(rb"\n\r?\n")
_FOLDED = re.compile(r"\r?\n[ \t]+")
_BOUNDARY = re.compile(r""";\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_BEHIND_BOUNDARY = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
# Headers that may have only one value; two different ones are refused.
_ONCE = frozenset((
    "content-type", "content-length", "content-encoding", "transfer-encoding", "content-transfer-encoding",
    "content-location", "snapshot-content-location", "warc-type", "warc-target-uri",
))  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A leaf part: its headers and its raw bytes.

    ``whole``: whether its end is marked, so that it is not truncated.
    """

    headers: Mapping[str, str]
    body: bytes
    whole: bool

    def stated(self, name: str) -> str:
        """Return the value of a header, empty if missing."""
        return self.headers.get(name, "")

    def content(self) -> bytes:
        """Return the decoded bytes of the part. Raises InputError."""
        encoding = self.stated("content-transfer-encoding").lower()
        if encoding not in _ENCODINGS:
            raise InputError(f"a part has an unsupported transfer encoding {encoding[:40]!r}")
        try:
            return _ENCODINGS[encoding](self.body)
        except binascii.Error:
            raise InputError(f"a part is declared as {encoding} but is not valid {encoding}") from None


def headers_of(head: bytes) -> dict[str, str]:
    """Return the headers by lower-case name. Raises InputError if one of ``_ONCE`` has two different values."""
    headers: dict[str, str] = {}
    for line in _FOLDED.sub(" ", head.decode("utf-8", "replace")).splitlines():
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if headers.setdefault(name, value) != value and name in _ONCE:
            raise InputError(f"it states {name} twice with different values")
    return headers


def split_head(raw: bytes, start: int = 0, end: int | None = None) -> tuple[bytes, int]:
    """Return the bytes from ``start`` to the first empty line, and the offset after it. Raises InputError if longer
    than ``LONGEST_HEAD``.
    """
    end = len(raw) if end is None else end
    if blank := _BLANK.match(raw, start, end):
        return b"", blank.end()
    if found := _END_OF_HEAD.search(raw, start, min(end, start + LONGEST_HEAD)):
        return raw[start : found.start()], found.end()
    if end - start > LONGEST_HEAD:
        raise InputError(f"its headers are longer than {LONGEST_HEAD // 1_000} kB, the limit")
    return raw[start:end], end


def parts_of(raw: bytes) -> Iterator[Part]:
    """Yield the leaf parts of a message in order. Raises InputError for too many."""
    pending, multiparts, parts = [(0, len(raw), True)], 0, 1
    while pending:
        start, end, whole = pending.pop()
        head, body = split_head(raw, start, end)
        headers = headers_of(head)
        kind = headers.get("content-type", "")
        if not kind.lower().startswith("multipart/"):
            yield Part(headers, raw[body:end], whole)
            continue
        multiparts += 1
        if multiparts > DEEPEST:
            raise InputError(f"it has more than {DEEPEST} multipart parts, the limit")
        within = list(_within(raw, body, end, kind, ends_whole=whole and start > 0))
        parts += len(within)
        if parts > MOST_PARTS:
            raise InputError(f"it has more than {MOST_PARTS:,} parts, the limit")
        pending += reversed(within)


def _within(raw: bytes, body: int, end: int, kind: str, *, ends_whole: bool) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and wholeness of the parts between the boundaries of a multipart.

    ``ends_whole``: whether the last part is whole if no boundary follows it.
    """
    stated = _BOUNDARY.search(kind)
    if stated is None:
        return
    mark = b"\n--" + (stated[1] or stated[2]).encode()
    begin, place = None, body - 1
    for _ in range(2 * MOST_PARTS):
        place = raw.find(mark, place, end)
        if place < 0:
            break
        behind = _BEHIND_BOUNDARY.match(raw, place + len(mark), end)
        if behind is not None:
            if begin is not None:
                yield begin, max(place - (raw[place - 1 : place] == b"\r"), begin), True
            if behind[1]:
                return
            begin = behind.end()
        place += len(mark) if behind is None else len(mark) - 1
    else:
        raise InputError(f"it has more than {MOST_PARTS:,} parts, the limit")
    if begin is not None:
        yield begin, end, ends_whole


def _unchanged(body: bytes) -> bytes:
    return body


_ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    **dict.fromkeys(("", "7bit", "8bit", "binary"), _unchanged),
    "base64": binascii.a2b_base64,
    "quoted-printable": binascii.a2b_qp,
}
