"""One feed or page over HTTP: conditional GET, with limits on size and on the time of the whole answer."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread

from correlator.base.addresses import shown
from correlator.base.web import Limits, get
from correlator.errors import CorrelatorError, SourceError
from correlator.news.feed import MAX_FEED_BYTES

TIMEOUT = 20.0


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
    content_type: str | None = None


def fetch(
    url: str, known: Validators | None = None, *, timeout: float = TIMEOUT, allow_private: bool = False
) -> Answer:
    """What stands at ``url``; with the validators ``known`` from last time only if it is new.

    ``timeout`` in seconds is for the whole answer, however slowly it drips. ``allow_private`` lets the address be on
    this machine or its network. Raises InputError for an address that may not be read, SourceError for what fails.
    """
    box: Queue[Answer | CorrelatorError] = Queue()
    limits = Limits(timeout, MAX_FEED_BYTES, allow_private)
    Thread(target=_deliver, args=(box, url, known or Validators(), limits), daemon=True).start()
    try:
        answer = box.get(timeout=timeout)
    except Empty:
        raise SourceError(f"{shown(url)} took longer than {timeout:g} s", hint="try again later") from None
    if isinstance(answer, CorrelatorError):
        raise answer
    return answer


def _deliver(box: Queue[Answer | CorrelatorError], url: str, known: Validators, limits: Limits) -> None:
    try:
        box.put(_request(url, known, limits))
    except CorrelatorError as error:
        box.put(error)


def _request(url: str, known: Validators, limits: Limits) -> Answer:
    given = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    reply = get(url, {name: value for name, value in given.items() if value}, limits)
    if reply.status == 304:
        return Answer(None, known)
    validators = Validators(reply.headers.get("etag"), reply.headers.get("last-modified"))
    return Answer(reply.body, validators, reply.headers.get("content-type"))
