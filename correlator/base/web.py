"""Send one HTTP request: check the address, connect to the IP address that was checked, and follow redirects.

Every redirect is checked again. Connecting to the checked IP address defeats DNS rebinding. If the environment names a
proxy, the proxy resolves the name itself, and the check uses this machine's resolver.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event, Timer
from time import monotonic
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from correlator.base.addresses import Target, shown, target_of
from correlator.base.inert import visible
from correlator.errors import InputError, SourceError

REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_PERMANENT_FAULTS = (401, 403, 404, 410)
_BUSY = (429, 503)
_CHUNK = 65_536
_USER_AGENT = "correlator"
_LONGEST_QUOTE = 100


@dataclass(frozen=True)
class Reply:
    """The final response of a server: status (200 or 304), headers in lower case, and the unpacked body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Limits:
    """Limits of a request: ``seconds`` for the whole response, unpacked ``size`` in bytes, private addresses or not."""

    seconds: float
    size: int
    allow_private: bool = False


def get(url: str, headers: Mapping[str, str], limits: Limits) -> Reply:
    """Send a GET request to ``url`` and return the response.

    Raise InputError for a forbidden address, here or after a redirect, and SourceError for a failure.
    """
    deadline = monotonic() + limits.seconds
    current, sent = url, dict(headers)
    origin = None
    for _ in range(REDIRECTS + 1):
        target = target_of(current, allow_private=limits.allow_private)
        if origin not in (None, target.origin):
            sent = {}  # the validators belong to another server
        reply, location = _request(target, sent, limits, deadline)
        if reply is not None:
            return reply
        origin = target.origin
        current = _joined(current, location)
    raise SourceError(f"{shown(url)} redirects more than {REDIRECTS} times", hint="check the address")


def post(url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> int:
    """Send a POST request with ``body`` to ``url`` and return the status, 200 to 299; redirects are not followed.

    Raise InputError for a forbidden address, and SourceError for a failure or another status.
    """
    target = target_of(url, allow_private=limits.allow_private)
    name = shown(target.url)
    connection, path, extra = _connection(target, limits.seconds)
    with _conversation(connection, target.url, limits.seconds, limits.seconds):
        connection.request("POST", path, body=body, headers=_headers(target) | extra | dict(headers))
        answer = connection.getresponse()
        answer.read(limits.size)
        if not 200 <= answer.status < 300:
            raise _refused(answer, name, "check the address")
        return answer.status


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError as error:
        raise InputError(f"{shown(base)} redirects to an invalid address: {error}") from None


def _request(target: Target, headers: Mapping[str, str], limits: Limits, deadline: float) -> tuple[Reply | None, str]:
    """Send one request; return the response, or None and the address it redirects to."""
    name = shown(target.url)
    left = deadline - monotonic()
    if left <= 0:
        raise took_too_long(target.url, limits.seconds)
    connection, path, extra = _connection(target, left)
    with _conversation(connection, target.url, left, limits.seconds):
        connection.request("GET", path, headers=_headers(target) | extra | dict(headers))
        answer = connection.getresponse()
        location = answer.headers.get("Location")
        if answer.status in _MOVED and location:
            return None, location
        if answer.status not in (200, 304):
            hint = "check the address" if answer.status in _PERMANENT_FAULTS else "try again later"
            raise _refused(answer, name, hint)
        body = b"" if answer.status == 304 else _body(answer, target.url, limits, deadline)
        return Reply(answer.status, {key.lower(): value for key, value in answer.headers.items()}, body), ""


@contextmanager
def _conversation(connection: http.client.HTTPConnection, url: str, left: float, seconds: float) -> Iterator[None]:
    """Connect, and close the connection after the block or ``left`` seconds, whichever is first.

    The time limit of a socket is one of each read: a server that sends one byte after another never exceeds it.
    Raise SourceError for failures; ``seconds``: the limit that its message names.
    """
    is_late = Event()
    try:
        connection.connect()
        timer = Timer(left, _hang_up, (connection.sock, is_late))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
    except (SourceError, InputError):
        if is_late.is_set():
            raise took_too_long(url, seconds) from None
        raise
    except (http.client.HTTPException, ValueError, zlib.error, OSError) as error:
        if is_late.is_set() or isinstance(error, TimeoutError):
            raise took_too_long(url, seconds) from None
        raise SourceError(
            f"{shown(url)} could not be read: {_quoted(str(error))}", hint="check the address and the network"
        ) from None
    finally:
        connection.close()
    if is_late.is_set():
        raise took_too_long(url, seconds)


def _hang_up(connected: socket.socket, is_late: Event) -> None:
    """End every read of the socket; of an encrypted one, without its library, which another thread is using."""
    is_late.set()
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _quoted(text: str) -> str:
    """Return a server's words for a message: visible, and no longer than a line."""
    shown_text = visible(text, keep="")
    return shown_text if len(shown_text) <= _LONGEST_QUOTE else f"{shown_text[:_LONGEST_QUOTE]} ..."


def took_too_long(url: str, seconds: float) -> SourceError:
    """Return the error for a response that did not arrive in time, in whichever of its parts the time ran out."""
    return SourceError(f"{shown(url)} took longer than {seconds:g} s", hint="try again later")


def _refused(answer: http.client.HTTPResponse, name: str, hint: str) -> SourceError:
    """Return the error for an unsuccessful status, with the server's ``Retry-After`` if it sends one."""
    error = SourceError(f"{name} answered {answer.status} {_quoted(answer.reason)}", hint=hint)
    if answer.status in _BUSY:
        error.retry_after = retry_after_seconds(answer.headers.get("Retry-After"), answer.headers.get("Date"))
    return error


def retry_after_seconds(retry_after: str | None, date: str | None = None) -> float | None:
    """Return the seconds of a ``Retry-After`` header: seconds or an HTTP date (RFC 9110, 10.2.3); None if unreadable.

    A date is compared with the server's ``Date`` header, else with the local clock.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    try:
        now = parsedate_to_datetime(date or "")
    except ValueError:
        now = datetime.now(UTC)
    return max((_in_utc(until) - _in_utc(now)).total_seconds(), 0.0)


def _in_utc(moment: datetime) -> datetime:
    """Return an HTTP date with its zone, which is GMT if it states none."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _headers(target: Target) -> dict[str, str]:
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip", "Connection": "close"}
    if target.user is not None:
        secret = base64.b64encode(f"{target.user}:{target.password or ''}".encode()).decode()
        headers["Authorization"] = f"Basic {secret}"
    return headers


def _body(answer: http.client.HTTPResponse, url: str, limits: Limits, deadline: float) -> bytes:
    """Return the unpacked body; raise SourceError if it exceeds the limits or is incomplete."""
    name, size = shown(url), limits.size
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("identity", "gzip", "x-gzip", ""):
        raise SourceError(f"{name} is compressed as {_quoted(packed)}, which was not asked for", hint="try again later")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in packed else None
    body = bytearray()
    while chunk := answer.read1(_CHUNK):
        body += unpack.decompress(chunk, size + 1 - len(body)) if unpack else chunk
        if len(body) > size:
            raise SourceError(f"{name} is larger than the limit of {size // 1_000_000} MB")
        if monotonic() > deadline:
            raise took_too_long(url, limits.seconds)
    if answer.length or (unpack and not unpack.eof):
        raise SourceError(f"{name} ended early after {len(body):,} bytes", hint="try again later")
    return bytes(body)


class _Pinned(http.client.HTTPConnection):
    """A connection to IP addresses that were checked, whatever the host name resolves to by now."""

    def __init__(self, target: Target, timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self._target = target

    def connect(self) -> None:
        problem: OSError | None = None
        for address in self._target.resolved:
            try:
                self.sock = socket.create_connection((address, self._target.port), self.timeout)
                break
            except OSError as error:
                problem = error
        else:
            raise problem or OSError("no address to connect to")
        if self._target.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._target.host)


def _connection(target: Target, timeout: float) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """Return a connection to the target or the environment's proxy, the path to request, and extra headers."""
    proxy = getproxies().get(target.scheme)
    if not proxy or proxy_bypass(target.host):
        return _Pinned(target, timeout), target.path, {}
    parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    if not parts.hostname:
        raise InputError(f"proxy {shown(proxy)!r} in the environment has no host", hint="check http_proxy")
    extra = {}
    if parts.username is not None:
        secret = base64.b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()).decode()
        extra = {"Proxy-Authorization": f"Basic {secret}"}
    at = (parts.hostname, parts.port or 8080)
    if target.scheme == "https":
        secure = http.client.HTTPSConnection(*at, timeout=timeout, context=ssl.create_default_context())
        secure.set_tunnel(target.host, target.port, headers=extra)
        return secure, target.path, {}
    host = target.host if target.port == 80 else f"{target.host}:{target.port}"
    return http.client.HTTPConnection(*at, timeout=timeout), f"http://{host}{target.path}", extra
