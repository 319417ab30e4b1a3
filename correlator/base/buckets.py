"""The bucket of a symbol, which partitions the bars of a lake, the work of a cluster, and sums over many events."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BUCKETS = tuple("0123456789abcdef")


def bucket_of(symbol: str) -> str:
    """Return the first hexadecimal digit of the symbol's MD5 digest, which is the same on every machine.

    Examples
    --------
    >>> bucket_of("AIRLINK")
    'd'
    """
    return hashlib.md5(symbol.encode(), usedforsecurity=False).hexdigest()[0]


def parts_of(symbols: Sequence[str]) -> NDArray[np.int64]:
    """Return the number (S,) of the part in which the events of each symbol are summed: that of its bucket."""
    places = {bucket: place for place, bucket in enumerate(BUCKETS)}
    return np.array([places[bucket_of(symbol)] for symbol in symbols], dtype=np.int64)


def columns_of_parts(symbols: Sequence[str]) -> dict[int, NDArray[np.int64]]:
    """Return the columns of ``symbols`` (S,) by number of their part; parts without symbols are omitted."""
    part = parts_of(symbols)
    return {number: np.flatnonzero(part == number) for number in np.unique(part).tolist()}
