"""The bucket of a symbol: by it a lake splits bars, a cluster its work, and sums over many events their order."""

from __future__ import annotations

import hashlib

BUCKETS = tuple("0123456789abcdef")


def bucket_of(symbol: str) -> str:
    """The first hexadecimal digit of the symbol's MD5 digest: the same on every machine and in every language.

    Examples
    --------
    >>> bucket_of("AIRLINK")
    'd'
    """
    return hashlib.md5(symbol.encode(), usedforsecurity=False).hexdigest()[0]
