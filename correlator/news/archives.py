"""Pages as browsers and crawlers put them away: MHTML (one page with its pictures) and WARC (many).

When a page was put away says nothing of when it was published: only what the page itself states counts.
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
from correlator.base.files import called
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
_TOO_LARGE = f"the page is larger than {MAX_PAGE_BYTES // 1_000_000} MB, which no page is"
_CUT = f"its record is cut off, or larger than {MAX_PAGE_BYTES // 1_000_000} MB"
_PAGES = ("text/html", "application/xhtml")


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
        stream = _Counted(file, source, path.stat().st_size)
        first = stream.line()
        if not first.startswith(b"WARC/"):
            page = _of_mhtml(first + file.read(MAX_MHTML_BYTES), source)
            yield _batch(page, source, 1, publishers, published=published)
            return
        if published:
            raise InputError(f"published is the time of one page, and {source} is a WARC file", argument="published")
        pages = 0
        for pages, page in enumerate(_of_warc(first, stream), start=1):
            stream.count(len(page.html))
            try:
                yield _batch(page, source, pages, publishers)
            except InputError as error:
                text = visible_text(decode(page.html, page.content_type)) if page.html else ""
                yield rejected_page(source, pages, str(error), text=text, name=shown(page.url))
    if not pages:
        raise InputError(f"{source} holds no answer that is a page")


class _Counted:
    """A file of which every byte that is read counts, so that none unpacks without end. Its ratio is limited, not its
    size: crawls are larger than memory.
    """

    def __init__(self, file: IO[bytes], source: str, packed: int) -> None:
        self._file, self.source, self._packed, self._total = file, source, packed, 0

    def line(self) -> bytes:
        """The next line, or as much of it as headers may have."""
        return self._counted(self._file.readline(LONGEST_HEAD))

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, or what there is of them."""
        return self._counted(self._file.read(size))

    def pass_over(self, rest: int) -> None:
        """Reads the next ``rest`` bytes away."""
        while rest > 0 and (skipped := len(self.take(min(rest, 1_000_000)))):
            rest -= skipped

    def count(self, size: int) -> None:
        """Counts what was unpacked within what was read."""
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
    """The page of an MHTML file, without its pictures and frames."""
    if len(raw) > MAX_MHTML_BYTES:
        raise InputError(f"{source} is larger than {MAX_MHTML_BYTES // 1_000_000} MB, the limit")
    try:
        pages = [part for part in parts_of(raw) if _is_page(part.stated("content-type"))]
        if not pages:
            raise InputError("it holds no page")
        root, _ = split_head(raw)
        address = headers_of(root).get("snapshot-content-location", "")
        page = next((part for part in pages if part.stated("content-location") == address), pages[0])
        if not page.whole:
            raise InputError("it is cut off")
        html = page.content()
    except InputError as error:
        raise InputError(f"{source} cannot be read: {error.message}", hint="save it again as a complete page") from None
    return _Saved(_address(address or page.stated("content-location")), html, page.stated("content-type"))


def _address(stated: str) -> str:
    """An address as a header states it."""
    return one_line(stated.strip("<>"))


def _of_warc(first: bytes, stream: _Counted) -> Iterator[_Saved]:
    """The pages among the records of a WARC file whose first line is read; what is no page is passed over."""
    line = first
    while line:
        if not line.startswith(b"WARC/"):
            raise _damaged(stream, f"a record begins with {line[:20]!r}")
        record = _headers(stream)
        stated = record.get("content-length", "")
        if not _LENGTH.fullmatch(stated):
            raise _damaged(stream, "a record does not say how long it is")
        size = int(stated)
        content = stream.take(min(size, MAX_PAGE_BYTES + LONGEST_HEAD))
        page = _of_record(record, content)
        if page is not None:
            yield page if len(content) == size else replace(page, problem=_CUT)
        stream.pass_over(size - len(content))
        line = _next_line(stream)


def _damaged(stream: _Counted, what: str) -> InputError:
    return InputError(f"{stream.source} is damaged: {what}", hint="download it again")


def _next_line(stream: _Counted) -> bytes:
    """The next line that is not blank, empty at the end."""
    for _ in range(_MOST_BLANK_LINES):
        line = stream.line()
        if not line or line.strip():
            return line
    raise _damaged(stream, f"more than {_MOST_BLANK_LINES} blank lines stand between records")


def _headers(stream: _Counted) -> dict[str, str]:
    """The headers of a record, up to an empty line."""
    lines, size = [], 0
    while (line := stream.line()).strip():
        lines.append(line)
        size += len(line)
        if size >= LONGEST_HEAD:
            raise _damaged(stream, f"a record has headers of more than {LONGEST_HEAD // 1_000} kB")
    try:
        return headers_of(b"".join(lines))
    except InputError as error:
        raise _damaged(stream, f"of a record, {error.message}") from None


def _of_record(record: Mapping[str, str], content: bytes) -> _Saved | None:
    """The page that a record holds; None for a picture, a request, a note of the crawler."""
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
            raise InputError(f"the answer was {''.join(code)[:10] or 'none'}, no page")
        return _Saved(url, _unpacked(content[body:], headers), headers.get("content-type", ""))
    except InputError as error:
        return _Saved(url, problem=error.message)


def _is_page(content_type: str) -> bool:
    return content_type.lower().startswith(_PAGES)


def _unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """A page as its server sent it, put together and unpacked. Raises InputError."""
    if "chunked" in headers.get("transfer-encoding", "").lower() and not _begins_as_page(body):
        body = _joined(body)
    packing = headers.get("content-encoding", "").lower()
    if packing in ("", "identity") or not body or _begins_as_page(body):  # crawlers unpack and leave the header
        return body
    if packing not in _PACKED:
        raise InputError(f"the page is packed by {packing[:40]!r}, which is not read")
    try:
        return _PACKED[packing](body)
    except EOFError:
        raise InputError("the page is cut off within its packing") from None
    except (zlib.error, OSError):
        raise InputError(f"the page says that it is packed by {packing}, and is not") from None


def _begins_as_page(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _joined(body: bytes) -> bytes:
    """The chunks of a body as one. Raises InputError where they do not end."""
    parts: list[bytes] = []
    place = 0
    while (match := _CHUNK.match(body, place)) and len(parts) <= MOST_CHUNKS:
        size = int(match[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[match.end() : match.end() + size])
        place = match.end() + size + 2
    if len(parts) > MOST_CHUNKS:
        raise InputError(f"the page is sent in more than {MOST_CHUNKS:,} chunks, which no page is")
    raise InputError("the page is cut off between its chunks, or they are damaged")


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
