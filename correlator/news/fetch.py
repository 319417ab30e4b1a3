"""Fetch one feed or page over HTTP: conditional GET, with limits on its size and on the total time."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread

from correlator.base.web import Limits, get, took_too_long
from correlator.errors import CorrelatorError
from correlator.news.feed import MAX_FEED_BYTES

TIMEOUT = 20.0


@dataclass(frozen=True)
class Validators:
    """Validators of a conditional request (RFC 9110, 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Answer:
    """A response: its body (None: not modified), and the validators to send next time."""

    body: bytes | None
    validators: Validators
    content_type: str | None = None


def fetch(
    url: str, known: Validators | None = None, *, timeout: float = TIMEOUT, allow_private: bool = False
) -> Answer:
    """Fetch ``url``; with the validators ``known`` from the last fetch, only if it has changed.

    ``timeout`` in seconds limits the whole response, however slowly it arrives. ``allow_private`` permits addresses on
    this machine and its network. Raises InputError for an address that may not be read, SourceError on failure.
    """
    box: Queue[Answer | CorrelatorError] = Queue()
    limits = Limits(timeout, MAX_FEED_BYTES, allow_private)
    Thread(target=_deliver, args=(box, url, known or Validators(), limits), daemon=True).start()
    try:
        answer = box.get(timeout=timeout)
    except Empty:
        raise took_too_long(url, timeout) from None
    if isinstance(answer, CorrelatorError):
        raise answer
    return answer


def _deliver(box: Queue[Answer | CorrelatorError], url: str, known: Validators, limits: Limits) -> None:
    try:
        box.put(_request(url, known, limits))
    except CorrelatorError as error:
        box.put(error)


def _request(url: str, known: Validators, limits: Limits) -> Answer:
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    reply = get(url, {name: value for name, value in conditions.items() if value}, limits)
    if reply.status == 304:
        return Answer(None, known)
    validators = Validators(reply.headers.get("etag"), reply.headers.get("last-modified"))
    return Answer(reply.body, validators, reply.headers.get("content-type"))
