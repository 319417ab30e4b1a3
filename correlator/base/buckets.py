"""The bucket of a symbol: by it a lake splits bars, a cluster its work, and sums over many events their order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BUCKETS = tuple("0123456789abcdef")


def bucket_of(symbol: str) -> str:
    """The first hexadecimal digit of the symbol's MD5 digest: the same on every machine and in every language.

    Examples
    --------
    >>> bucket_of("AIRLINK")
    'd'
    """
    return hashlib.md5(symbol.encode(), usedforsecurity=False).hexdigest()[0]


def parts_of(symbols: Sequence[str]) -> NDArray[np.int64]:
    """(S,) the part in which the events of each symbol are summed: its bucket, which no machine changes."""
    places = {bucket: place for place, bucket in enumerate(BUCKETS)}
    return np.array([places[bucket_of(symbol)] for symbol in symbols], dtype=np.int64)


def columns_of_parts(symbols: Sequence[str]) -> dict[int, NDArray[np.int64]]:
    """Of each part that has one of ``symbols`` (S,), by its number, the columns of those."""
    part = parts_of(symbols)
    return {number: np.flatnonzero(part == number) for number in np.unique(part).tolist()}
