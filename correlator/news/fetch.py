"""One feed or page over HTTP: conditional GET, with limits on size and on the time of the whole answer."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from time import monotonic

from correlator.errors import SourceError
from correlator.news.feed import MAX_FEED_BYTES

TIMEOUT = 20.0
_CHUNK = 65536


@dataclass(frozen=True)
class Validators:
    """What a server wants to hear back to say whether anything is new (RFC 9110, 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Answer:
    """The bytes at an address (None: not modified since), and the validators to send next time."""

    body: bytes | None
    validators: Validators


def fetch(url: str, known: Validators | None = None, *, timeout: float = TIMEOUT) -> Answer:
    """What stands at ``url``; with the validators ``known`` from last time only if it is new.

    ``timeout`` in seconds is for the whole answer, however slowly it drips. Raises SourceError.
    """
    box: Queue[Answer | SourceError] = Queue()
    Thread(target=_deliver, args=(box, url, known or Validators(), timeout), daemon=True).start()
    try:
        answer = box.get(timeout=timeout)
    except Empty:
        raise SourceError(f"{url} took longer than {timeout:g} s", hint="try again later") from None
    if isinstance(answer, SourceError):
        raise answer
    return answer


def _deliver(box: Queue[Answer | SourceError], url: str, known: Validators, timeout: float) -> None:
    try:
        box.put(_request(url, known, timeout))
    except SourceError as error:
        box.put(error)


def _request(url: str, known: Validators, timeout: float) -> Answer:
    given = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    headers = {"User-Agent": "correlator", "Accept-Encoding": "gzip"} | {k: v for k, v in given.items() if v}
    deadline = monotonic() + timeout
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
            body = _limited(answer, url, deadline)
            return Answer(body, Validators(answer.headers.get("ETag"), answer.headers.get("Last-Modified")))
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return Answer(None, known)
        hint = "check the address" if error.code in (401, 403, 404, 410) else "try again later"
        raise SourceError(f"{url} answered {error.code} {error.reason}", hint=hint) from None
    except SourceError:
        raise
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ValueError, zlib.error, OSError) as error:
        raise SourceError(f"{url} could not be read: {error}", hint="check the address and the network") from None


def _limited(answer: http.client.HTTPResponse, url: str, deadline: float) -> bytes:
    """The answer's bytes, unpacked; raises SourceError past the limits and where it breaks off."""
    unpack = zlib.decompressobj(wbits=31) if answer.headers.get("Content-Encoding") == "gzip" else None
    body = bytearray()
    while chunk := answer.read1(_CHUNK):
        body += unpack.decompress(chunk, MAX_FEED_BYTES + 1 - len(body)) if unpack else chunk
        if len(body) > MAX_FEED_BYTES:
            raise SourceError(f"{url} is larger than {MAX_FEED_BYTES // 1_000_000} MB, which no feed is")
        if monotonic() > deadline:
            raise SourceError(f"{url} took too long", hint="try again later")
    if answer.length or (unpack and not unpack.eof):
        raise SourceError(f"{url} broke off after {len(body):,} bytes", hint="try again later")
    return bytes(body)
