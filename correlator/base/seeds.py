"""Random numbers from a seed of the caller."""

from __future__ import annotations

import numpy as np

from correlator.errors import InputError


def generator(seed: int) -> np.random.Generator:
    """Return random numbers that ``seed`` reproduces; raises InputError for a negative one."""
    if seed < 0:
        raise InputError(f"seed must be 0 or more, got {seed}", argument="seed")
    return np.random.default_rng(seed)
