"""Random numbers from a seed of the caller."""

from __future__ import annotations

import operator
from typing import SupportsIndex

import numpy as np

from correlator.errors import InputError


def generator(seed: int) -> np.random.Generator:
    """Return random numbers that ``seed`` reproduces; raises InputError if it is negative or not a whole number."""
    if isinstance(seed, bool) or not isinstance(seed, SupportsIndex):
        raise InputError(f"seed must be a whole number, got {seed!r}", argument="seed")
    if operator.index(seed) < 0:
        raise InputError(f"seed must be 0 or more, got {seed}", argument="seed")
    return np.random.default_rng(seed)
