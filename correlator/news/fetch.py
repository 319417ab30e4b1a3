"""One feed over HTTP: conditional GET, with limits on size and time."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from time import monotonic

from correlator.errors import SourceError
from correlator.news.feed import MAX_FEED_BYTES


@dataclass(frozen=True)
class Answer:
    """A feed's bytes (None: not modified since), and the validators to send next time."""

    body: bytes | None
    etag: str | None
    last_modified: str | None


def fetch_feed(url: str, *, etag: str | None = None, last_modified: str | None = None, timeout: float = 20.0) -> Answer:
    """The feed at ``url``. ``timeout`` in seconds is for the whole answer. Raises SourceError."""
    headers = {"User-Agent": "correlator", "Accept-Encoding": "gzip"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    deadline = monotonic() + timeout
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
            body = _limited(answer, url, deadline, packed=answer.headers.get("Content-Encoding") == "gzip")
            return Answer(body, answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return Answer(None, etag, last_modified)
        raise SourceError(f"{url} answered {error.code} {error.reason}", hint="try again later") from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ValueError, zlib.error, OSError) as error:
        raise SourceError(f"{url} could not be read: {error}", hint="check the address and the network") from None


def _limited(answer: http.client.HTTPResponse, url: str, deadline: float, *, packed: bool) -> bytes:
    """The answer's bytes, unpacked; raises SourceError past the limits."""
    unpack = zlib.decompressobj(wbits=31) if packed else None
    body = bytearray()
    while chunk := answer.read(65536):
        body += unpack.decompress(chunk, MAX_FEED_BYTES + 1 - len(body)) if unpack else chunk
        if len(body) > MAX_FEED_BYTES:
            raise SourceError(f"{url} is larger than {MAX_FEED_BYTES // 1_000_000} MB, which no feed is")
        if monotonic() > deadline:
            raise SourceError(f"{url} took too long", hint="try again later")
    return bytes(body)
