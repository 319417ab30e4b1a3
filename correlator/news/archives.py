"""Pages as browsers and crawlers put them away: MHTML (one page with its pictures) and WARC (many).

When a page was put away says nothing of when it was published: only what the page itself states counts.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import IO

from correlator.addresses import is_address, shown
from correlator.containers.packed import unpacking
from correlator.errors import InputError
from correlator.files import called
from correlator.news.batch import Batch
from correlator.news.charset import decode
from correlator.news.html_page import parse_html, visible_text
from correlator.news.page import MAX_PAGE_BYTES, page_batch, rejected_page
from correlator.news.publishers import Publishers
from correlator.source_limits import DEEPEST, MOST_BYTES, check_unpacked

MAX_MHTML_BYTES = 64_000_000
_LONGEST_HEADER, _MOST_HEADERS = 64_000, 200
_MHTML = re.compile(
    r"(?im)\A(?:[\w-]+:.*\n(?:[ \t].*\n)*)*?(?:snapshot-content-location:|content-type:\s*multipart/related)"
)
_TOO_LARGE = f"the page is larger than {MAX_PAGE_BYTES // 1_000_000} MB, which no page is"
_CUT = f"its record is cut off, or larger than {MAX_PAGE_BYTES // 1_000_000} MB"
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # how zlib is told what stands before the data


@dataclass(frozen=True)
class _Saved:
    """A page that was put away: its address, bytes and the header that says its type; ``problem``: why it is none."""

    url: str
    html: bytes = b""
    content_type: str = ""
    problem: str = ""


def is_archive(head: str) -> bool:
    """Whether a file that begins so is a WARC or MHTML file."""
    return head.startswith("WARC/") or _MHTML.match(head) is not None


def read_archive(path: Path, publishers: Publishers, *, published: str | None = None) -> Iterator[Batch]:
    """A batch for each page of an archive; a page of a WARC file that cannot be read is a reject, that of MHTML raises.

    ``published``: the time of the page of MHTML, in place of what it prints.
    """
    source = called(path)
    with path.open("rb") as probe, unpacking(probe, path.name) as (file, _):
        first = file.readline(_LONGEST_HEADER)
        if not first.startswith(b"WARC/"):
            page = _of_mhtml(first + file.read(MAX_MHTML_BYTES), source)
            yield _batch(page, source, 1, publishers, published=published)
            return
        if published:
            raise InputError(f"published is the time of one page, and {source} is a WARC file", argument="published")
        pages = 0
        for pages, page in enumerate(_of_warc(first, file, source, path.stat().st_size), start=1):
            try:
                yield _batch(page, source, pages, publishers)
            except InputError as error:
                text = visible_text(decode(page.html, page.content_type)) if page.html else ""
                yield rejected_page(source, pages, str(error), text=text, name=shown(page.url))
    if not pages:
        raise InputError(f"{source} holds no answer that is a page")


def _batch(page: _Saved, source: str, number: int, publishers: Publishers, *, published: str | None = None) -> Batch:
    if page.problem:
        raise InputError(page.problem)
    if len(page.html) > MAX_PAGE_BYTES:
        raise InputError(_TOO_LARGE)
    url = shown(page.url) if is_address(page.url) else None
    text = decode(page.html, page.content_type)
    read = parse_html(text, publishers=publishers, url=url, published=published, where=url or source)
    return page_batch(read, source, number)


def _of_mhtml(raw: bytes, source: str) -> _Saved:
    """The page of an MHTML file, without its pictures and frames."""
    if len(raw) > MAX_MHTML_BYTES:
        raise InputError(f"{source} is larger than {MAX_MHTML_BYTES // 1_000_000} MB, the limit")
    if len(re.findall(rb"(?im)^content-type:\s*(?:multipart|message)/", raw)) > DEEPEST:
        raise InputError(f"{source} has more than {DEEPEST} parts of parts, which no page has")
    message = message_from_bytes(raw)
    pages = [part for part in message.walk() if part.get_content_type() in ("text/html", "application/xhtml+xml")]
    if not pages:
        raise InputError(f"{source} holds no page", hint="save it again as a complete page")
    address = _stated(message, "Snapshot-Content-Location")
    page = next((part for part in pages if _stated(part, "Content-Location") == address), pages[0])
    return _Saved(address or _stated(page, "Content-Location"), _content(page), _stated(page, "Content-Type"))


def _stated(part: Message, name: str) -> str:
    return str(part.get(name, "")).strip()


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _of_warc(first: bytes, file: IO[bytes], source: str, packed: int) -> Iterator[_Saved]:
    """The pages among the records of a WARC file whose first line is read; what is no page is passed over."""
    line, total = first, 0
    while line:
        if line.strip():
            if not line.startswith(b"WARC/"):
                raise InputError(f"{source} is damaged: a record begins with {line[:20]!r}", hint="download it again")
            record = _headers(file, source)
            size = record.get("content-length", "")
            if not size.isdecimal():
                raise InputError(f"{source} is damaged: a record does not say how long it is", hint="download it again")
            content = file.read(min(int(size), MAX_PAGE_BYTES + _LONGEST_HEADER))
            page = _of_record(record, content)
            if page is not None:
                yield page if len(content) == int(size) else replace(page, problem=_CUT)
            total += len(content) + _passed_over(file, int(size) - len(content))
            check_unpacked(min(total, MOST_BYTES), packed, source)
        line = file.readline(_LONGEST_HEADER)


def _headers(file: IO[bytes], source: str) -> dict[str, str]:
    """The headers up to an empty line."""
    headers: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = file.readline(_LONGEST_HEADER)
        if not line.strip():
            return headers
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    raise InputError(f"{source} is damaged: a record has more than {_MOST_HEADERS} headers", hint="download it again")


def _passed_over(file: IO[bytes], rest: int) -> int:
    """How many of the next ``rest`` bytes there were."""
    before = rest
    while rest > 0 and (skipped := len(file.read(min(rest, 1_000_000)))):
        rest -= skipped
    return before - rest


def _of_record(record: Mapping[str, str], content: bytes) -> _Saved | None:
    """The page that a record holds; None for a picture, a request, a note of the crawler."""
    url, kind = record.get("warc-target-uri", "").strip("<>"), record.get("warc-type", "")
    if kind == "resource":
        return (
            _Saved(url, content, record.get("content-type", "")) if _is_page(record.get("content-type", "")) else None
        )
    if kind != "response" or "application/http" not in record.get("content-type", "").lower():
        return None
    head, _, body = content.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    content_type = headers.get("content-type", "")
    if not _is_page(content_type):
        return None
    code = status.split(" ")[1:2]
    if code != ["200"]:
        return _Saved(url, problem=f"the answer was {''.join(code) or 'none'}, no page")
    return _unpacked(url, body, headers)


def _is_page(content_type: str) -> bool:
    return content_type.lower().startswith(("text/html", "application/xhtml"))


def _unpacked(url: str, body: bytes, headers: Mapping[str, str]) -> _Saved:
    """A page as its server sent it, put together and unpacked."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _joined(body)
    packing = headers.get("content-encoding", "").lower()
    if packing in ("", "identity") or not body:
        return _Saved(url, body, headers.get("content-type", ""))
    if packing not in _PACKED:
        return _Saved(url, problem=f"the page is packed by {packing}, which is not read")
    try:
        html = zlib.decompressobj(_PACKED[packing]).decompress(body, MAX_PAGE_BYTES + 1)
    except zlib.error:
        if not body.lstrip().startswith(b"<"):
            return _Saved(url, problem=f"the page says that it is packed by {packing}, and is not")
        html = body  # the crawler unpacked it and left the header
    return _Saved(url, html, headers.get("content-type", ""))


def _joined(body: bytes) -> bytes:
    """The chunks of a body as one; a body that the crawler has put together already as it is."""
    parts: list[bytes] = []
    place = 0
    while match := _CHUNK.match(body, place):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[match.end() : match.end() + size])
        place = match.end() + size + 2
    return b"".join(parts) if parts and place >= len(body) else body


_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,200})?\r\n")
