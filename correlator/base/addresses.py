"""Web addresses: which may be requested, and how they are displayed.

An address may come from anybody: a user, a feed, a redirect. It must not give access to this machine or the network
around it, and its secrets must not reach a store, a log or a report.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from string import punctuation
from urllib.parse import SplitResult, quote, unquote, unquote_plus, urlsplit, urlunsplit

from correlator.errors import InputError, SourceError

SCHEMES = {"http": 80, "https": 443}
LONGEST = 2_000
HIDDEN = "***"
_SCHEME = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]+:(?://|\\\\)|(?:javascript|data|vbscript|mailto|file|blob|about):", re.IGNORECASE
)
_UNSAFE = re.compile(r"[\s\x00-\x20\x7f-\x9f\\<>\"^`{|}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
_OWN_NAMES = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "home.arpa",
)
_JOINS = re.compile("([&;])")
_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|pass$|auth|sig$|signature|session|sid$|credential|access|code$|jwt|bearer|hmac|hash",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[A-Za-z0-9_\-+=.~]{20,}")
_OWN_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7"),
    )
)
"""Networks that a user may allow: this machine, and the private networks of RFC 1918, 6598 and 4193."""
_METADATA = tuple(
    map(
        ipaddress.ip_network,
        ("fd00:ec2::/32", "100.100.100.200/32", "fd20:ce::254/128", "fd00:42::42/128", "168.63.129.16/32"),
    )
)
"""Metadata services of clouds, which give out credentials, besides link-local and reserved addresses."""
_RESERVED = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20", "5f00::/16", "64:ff9b:1::/48"),
    )
)
"""Networks that some versions of Python wrongly consider public (RFC 6890, 7526, 3879, 9637, 9602, 8215)."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Target:
    """An address that may be requested: its parts, and the IP addresses of its host, all of them checked."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    user: str | None
    password: str | None
    resolved: tuple[str, ...]

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def is_address(source: object) -> bool:
    """Whether a source is an address (of any scheme) rather than a path."""
    return isinstance(source, str) and _SCHEME.match(source) is not None


def target_of(url: str, *, allow_private: bool = False) -> Target:
    """Resolve and check the address ``url``.

    ``allow_private`` allows this machine and private networks, but never link-local addresses or metadata services.
    Raise InputError for anything but an http or https address and for a forbidden one, and SourceError for an unknown
    host.
    """
    parts, host, port = _parts_of(url)
    if not allow_private and _is_own_name(host):
        raise _private(url, host)
    resolved = _resolve(host, port, url)
    inside = [address for address in resolved if not _is_public(address)]
    if closed := [address for address in inside if not _may_be_allowed(address)]:
        raise _closed(url, closed[0])
    if inside and not allow_private:
        raise _private(url, inside[0])
    path = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe=punctuation)
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    return Target(url, parts.scheme.lower(), host, port, path, user, password, resolved)


def check_address(url: str) -> None:
    """Raise InputError if ``url`` is not an http or https address, without resolving its host."""
    _parts_of(url)


def shown(url: str) -> str:
    """Return the address without secrets: user, password, and parameter values and path segments that look secret.

    Examples:
    >>> shown("https://me:pw@feeds.example/rss?q=trade&token=abc")
    'https://***@feeds.example/rss?q=trade&token=***'
    """
    try:
        parts = urlsplit(url)
        userinfo, _, host = parts.netloc.rpartition("@")
    except ValueError:
        return re.sub(r"//[^/@]*@", f"//{HIDDEN}@", url)
    path = "/".join(
        HIDDEN if _SECRET_VALUE.fullmatch(piece) and _is_random(piece) else _without_values(piece)
        for piece in parts.path.split("/")
    )
    if not parts.netloc and parts.scheme in SCHEMES:  # slashes are missing, so userinfo and host are in the path
        path = re.sub(r"[^/@]*@", f"{HIDDEN}@", path)
    query, fragment = _without_values(parts.query), _without_values(parts.fragment)
    return urlunsplit((parts.scheme, f"{HIDDEN}@{host}" if userinfo else parts.netloc, path, query, fragment))


def _without_values(text: str) -> str:
    """Return pairs ``NAME=VALUE`` and bare values, joined by ``&`` or ``;``, with secret values hidden."""
    return "".join(map(_without_value, _JOINS.split(text)))


def _without_value(piece: str) -> str:
    name, equals, value = piece.partition("=") if "=" in piece else ("", "", piece)
    return f"{name}{equals}{HIDDEN}" if _is_secret(unquote_plus(name), unquote_plus(value)) else piece


def _parts_of(url: str) -> tuple[SplitResult, str, int]:
    """Split an address and return its parts, host and port; raise InputError if it is invalid."""
    parts = _split(url)
    return parts, _host_of(parts, url), _port_of(parts, url)


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST:
        raise InputError(f"an address of {len(url):,} characters is longer than the limit of {LONGEST:,}")
    if _UNSAFE.search(url):
        raise InputError(
            f"address {shown(url)!r} contains spaces, backslashes or control characters", hint="percent-encode them"
        )
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"address {shown(url)!r} is invalid: {error}") from None
    if parts.scheme.lower() not in SCHEMES:
        raise InputError(f"address {shown(url)!r} is not an http or https address", hint="give a path, or https://...")
    return parts


def _host_of(parts: SplitResult, url: str) -> str:
    host = parts.hostname
    if not host:
        raise InputError(f"address {shown(url)!r} has no host", hint="write https://host/path")
    return host


def _port_of(parts: SplitResult, url: str) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise InputError(f"address {shown(url)!r} has a port outside 1 to 65535")
    return port or SCHEMES[parts.scheme.lower()]


def _is_own_name(host: str) -> bool:
    """Whether a host name is reserved for this machine or the local network (RFC 6761, 6762, 8375)."""
    name = host.rstrip(".").lower()
    return any(name == own or name.endswith(f".{own}") for own in _OWN_NAMES)


def _resolve(host: str, port: int, url: str) -> tuple[str, ...]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceError(
            f"{shown(url)}: host {host} cannot be resolved", hint="check the address and the network"
        ) from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in answers))


def _is_public(text: str) -> bool:
    """Whether an IP address, and every IPv4 address embedded in it, is public."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(
        each.is_global and not each.is_multicast and not each.is_reserved and not _is_in(each, (*_METADATA, *_RESERVED))
        for each in (address, *_embedded(address))
    )


def _may_be_allowed(text: str) -> bool:
    """Whether a user may allow a non-public IP address.

    It, or the IPv4 address embedded in it, must belong to this machine or a private network, and not be a cloud's
    metadata service.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    inside = _embedded(address)
    return _is_own(address) or (bool(inside) and all(_is_public(str(each)) or _is_own(each) for each in inside))


def _is_own(address: IPAddress) -> bool:
    return _is_in(address, _OWN_NETWORKS) and not _is_in(address, _METADATA)


def _is_in(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _embedded(address: IPAddress) -> Sequence[IPAddress]:
    """Return the IPv4 addresses embedded in an IPv6 address: mapped, 6to4, Teredo, NAT64, and IPv4-compatible."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    inside: list[IPAddress] = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address.teredo is not None:
        inside += address.teredo
    if address in _NAT64 or int(address) >> 32 == 0:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inside


def _private(url: str, what: str) -> InputError:
    return InputError(
        f"{shown(url)} is on this machine or a private network ({what})", hint="allow it with --allow-private"
    )


def _closed(url: str, what: str) -> InputError:
    return InputError(
        f"{shown(url)} is a link-local, reserved or metadata address ({what})", hint="such addresses are never read"
    )


def _is_secret(name: str, value: str) -> bool:
    return bool(value) and (_SECRET_NAME.search(name) is not None or _is_random(value))


def _is_random(piece: str) -> bool:
    """Whether a piece of an address looks like a key: long, letters and digits mixed, not words joined by dashes."""
    longest = max(len(part) for part in re.split(r"[-_.]", piece))
    return longest >= 20 and _SECRET_VALUE.fullmatch(piece) is not None
