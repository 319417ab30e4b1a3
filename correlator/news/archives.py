"""Pages archived by browsers and crawlers: MHTML (one page with its pictures) and WARC (many pages).

The time of archiving says nothing about the time of publication: only what the page itself states is used.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from correlator.base.addresses import SCHEMES, shown
from correlator.base.files import called, name_of
from correlator.base.source_limits import LONGEST_HEAD, MOST_BYTES, MOST_CHUNKS, check_unpacked
from correlator.containers.packed import unpacking
from correlator.errors import InputError
from correlator.news.batch import Batch, one_line
from correlator.news.charset import decode
from correlator.news.mime import headers_of, parts_of, split_head
from correlator.news.pages.html_page import parse_html, visible_text
from correlator.news.pages.page import MAX_PAGE_BYTES, page_batch, rejected_page
from correlator.news.publishers import Publishers

MAX_MHTML_BYTES = 64_000_000
_MOST_BLANK_LINES = 10  # between records; two are usual
_MHTML = re.compile(
    r"(?im)\A(?:[\w-]+:.*\n(?:[ \t].*\n)*)*?(?:snapshot-content-location:|content-type:\s*multipart/related)"
)
_LENGTH = re.compile(r"[0-9]{1,15}")
_TOO_LARGE = f"the page is larger than {MAX_PAGE_BYTES // 1_000_000} MB, the limit"
_CUT = f"its record is truncated, or larger than {MAX_PAGE_BYTES // 1_000_000} MB"
_PAGES = ("text/html", "application/xhtml")


@dataclass(frozen=True)
class _Saved:
    """An archived page: its address, bytes and content type; ``problem``: why it cannot be used, empty if it can."""

    url: str
    html: bytes = b""
    content_type: str = ""
    problem: str = ""


def is_archive(head: str) -> bool:
    """Whether a file that begins with ``head`` is a WARC or MHTML file."""
    return head.startswith("WARC/") or _MHTML.match(head) is not None


def read_archive(path: Path, publishers: Publishers, *, published: str | None = None) -> Iterator[Batch]:
    """Yield a batch per page of an archive; an unreadable page becomes a reject in a WARC file and raises in MHTML.

    ``published``: the publication time of an MHTML page, in place of the time it prints.
    """
    source = called(path)
    with path.open("rb") as probe, unpacking(probe, name_of(path)) as (file, _):
        stream = _Counted(file, source, path.stat().st_size)
        first = stream.line()
        if not first.startswith(b"WARC/"):
            page = _of_mhtml(first + file.read(MAX_MHTML_BYTES), source)
            yield _batch(page, source, 1, publishers, published=published)
            return
        if published:
            raise InputError(f"published applies to a single page, but {source} is a WARC file", argument="published")
        pages = 0
        for pages, page in enumerate(_of_warc(first, stream), start=1):
            stream.count(len(page.html))
            try:
                yield _batch(page, source, pages, publishers)
            except InputError as error:
                text = visible_text(decode(page.html, page.content_type)) if page.html else ""
                yield rejected_page(source, pages, str(error), text=text, name=shown(page.url))
    if not pages:
        raise InputError(f"{source} contains no HTML pages")


class _Counted:
    """A file that counts the bytes read and limits their ratio to the packed size, so that no bomb is unpacked.

    The size itself is not limited: crawls are larger than memory.
    """

    def __init__(self, file: IO[bytes], source: str, packed: int) -> None:
        self._file, self.source, self._packed, self._total = file, source, packed, 0

    def line(self) -> bytes:
        """Return the next line, at most ``LONGEST_HEAD`` bytes of it."""
        return self._counted(self._file.readline(LONGEST_HEAD))

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer at the end of the file."""
        return self._counted(self._file.read(size))

    def skip(self, rest: int) -> None:
        """Skip the next ``rest`` bytes."""
        while rest > 0 and (skipped := len(self.take(min(rest, 1_000_000)))):
            rest -= skipped

    def count(self, size: int) -> None:
        """Count ``size`` more unpacked bytes. Raises InputError above the limit of the ratio."""
        self._total += size
        check_unpacked(min(self._total, MOST_BYTES), self._packed, self.source)

    def _counted(self, data: bytes) -> bytes:
        self.count(len(data))
        return data


def _batch(page: _Saved, source: str, number: int, publishers: Publishers, *, published: str | None = None) -> Batch:
    if page.problem:
        raise InputError(page.problem)
    if len(page.html) > MAX_PAGE_BYTES:
        raise InputError(_TOO_LARGE)
    url = shown(page.url) if page.url.partition(":")[0].lower() in SCHEMES else None
    text = decode(page.html, page.content_type)
    read = parse_html(text, publishers=publishers, url=url, published=published, where=url or source)
    return page_batch(read, source, number)


def _of_mhtml(raw: bytes, source: str) -> _Saved:
    """Return the page of an MHTML file, without its pictures and frames."""
    if len(raw) > MAX_MHTML_BYTES:
        raise InputError(f"{source} is larger than {MAX_MHTML_BYTES // 1_000_000} MB, the limit")
    try:
        pages = [part for part in parts_of(raw) if _is_page(part.stated("content-type"))]
        if not pages:
            raise InputError("it contains no HTML page")
        root, _ = split_head(raw)
        address = headers_of(root).get("snapshot-content-location", "")
        page = next((part for part in pages if part.stated("content-location") == address), pages[0])
        if not page.whole:
            raise InputError("it is truncated")
        html = page.content()
    except InputError as error:
        raise InputError(f"{source} cannot be read: {error.message}", hint="save it again as a complete page") from None
    return _Saved(_address(address or page.stated("content-location")), html, page.stated("content-type"))


def _address(stated: str) -> str:
    """Return the address in the value of a header."""
    return one_line(stated.strip("<>"))


def _of_warc(first: bytes, stream: _Counted) -> Iterator[_Saved]:
    """Yield the pages among the records of a WARC file, given its first line; other records are skipped."""
    line = first
    while line:
        if not line.startswith(b"WARC/"):
            raise _damaged(stream, f"a record begins with {line[:20]!r}")
        record = _headers(stream)
        stated = record.get("content-length", "")
        if not _LENGTH.fullmatch(stated):
            raise _damaged(stream, "a record has no valid Content-Length")
        size = int(stated)
        content = stream.take(min(size, MAX_PAGE_BYTES + LONGEST_HEAD))
        page = _of_record(record, content)
        if page is not None:
            yield page if len(content) == size else replace(page, problem=_CUT)
        stream.skip(size - len(content))
        line = _next_line(stream)


def _damaged(stream: _Counted, what: str) -> InputError:
    return InputError(f"{stream.source} is damaged: {what}", hint="download it again")


def _next_line(stream: _Counted) -> bytes:
    """Return the next line that is not blank, or an empty one at the end of the file."""
    for _ in range(_MOST_BLANK_LINES):
        line = stream.line()
        if not line or line.strip():
            return line
    raise _damaged(stream, f"more than {_MOST_BLANK_LINES} blank lines between records")


def _headers(stream: _Counted) -> dict[str, str]:
    """Read the headers of a record, up to an empty line."""
    lines, size = [], 0
    while (line := stream.line()).strip():
        lines.append(line)
        size += len(line)
        if size >= LONGEST_HEAD:
            raise _damaged(stream, f"the headers of a record are longer than {LONGEST_HEAD // 1_000} kB")
    try:
        return headers_of(b"".join(lines))
    except InputError as error:
        raise _damaged(stream, f"in a record, {error.message}") from None


def _of_record(record: Mapping[str, str], content: bytes) -> _Saved | None:
    """Return the page in a record; None if it is a picture, a request or metadata of the crawler."""
    url, kind = _address(record.get("warc-target-uri", "")), record.get("warc-type", "")
    stated = record.get("content-type", "")
    if kind == "resource":
        return _Saved(url, content, stated) if _is_page(stated) else None
    if kind != "response" or "application/http" not in stated.lower():
        return None
    try:
        head, body = split_head(content)
        status, _, lines = head.partition(b"\n")
        headers = headers_of(lines)
        if not _is_page(headers.get("content-type", "")):
            return None
        code = status.decode("latin-1").split()[1:2]
        if code != ["200"]:
            raise InputError(f"the response status was {''.join(code)[:10] or 'missing'}, not 200")
        return _Saved(url, _unpacked(content[body:], headers), headers.get("content-type", ""))
    except InputError as error:
        return _Saved(url, problem=error.message)


def _is_page(content_type: str) -> bool:
    return content_type.lower().startswith(_PAGES)


def _unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a page with its chunks joined and its content encoding decoded. Raises InputError."""
    if "chunked" in headers.get("transfer-encoding", "").lower() and not _looks_like_page(body):
        body = _joined(body)
    packing = headers.get("content-encoding", "").lower()
    if packing in ("", "identity") or not body or _looks_like_page(body):  # crawlers unpack and leave the header
        return body
    if packing not in _PACKED:
        raise InputError(f"the page has an unsupported content encoding {packing[:40]!r}")
    try:
        return _PACKED[packing](body)
    except EOFError:
        raise InputError("the compressed page is truncated") from None
    except (zlib.error, OSError):
        raise InputError(f"the page is declared as {packing} but is not {packing} data") from None


def _looks_like_page(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _joined(body: bytes) -> bytes:
    """Join the chunks of a chunked body. Raises InputError if the last chunk is missing."""
    parts: list[bytes] = []
    place = 0
    while (match := _CHUNK.match(body, place)) and len(parts) <= MOST_CHUNKS:
        size = int(match[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[match.end() : match.end() + size])
        place = match.end() + size + 2
    if len(parts) > MOST_CHUNKS:
        raise InputError(f"the page has more than {MOST_CHUNKS:,} chunks, the limit")
    raise InputError("the chunks of the page are truncated or damaged")


def _gunzipped(body: bytes) -> bytes:
    with gzip.open(io.BytesIO(body)) as file:
        return file.read(MAX_PAGE_BYTES + 1)


def _inflated(body: bytes) -> bytes:
    engine = zlib.decompressobj()
    page = engine.decompress(body, MAX_PAGE_BYTES + 1)
    if not engine.eof and len(page) <= MAX_PAGE_BYTES:
        raise EOFError
    return page


_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,200})?\r\n")
_PACKED: Mapping[str, Callable[[bytes], bytes]] = {"gzip": _gunzipped, "x-gzip": _gunzipped, "deflate": _inflated}
