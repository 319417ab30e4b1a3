"""Seeded mutations of inputs: the fuzzer of the suite, and of machines without a coverage-guided one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_TEXTS = (
    *("\x00", "\ufeff", "-1", "0", "99999999999999999999", "1e999", "nan", "\r\n", '"', "'", ",", ";", "\t", "%s"),
    *("\u202e", "\ud800", "../", "\x1b[2J", "=1+1", "<", ">", "\n" * 3, "é", "9" * 400),
)
_INTERESTING = (*(text.encode("utf-8", "surrogatepass") for text in _TEXTS), b"\xff", b"\xff\xfe")


def mutated(seeds: Sequence[bytes], words: Sequence[bytes], *, count: int, seed: int) -> Iterator[bytes]:
    """Yield ``count`` mutations of the seeds; the same numbers give the same inputs."""
    chance = random.Random(seed)
    pieces = (*words, *_INTERESTING)
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            _change(data, pieces, seeds, chance)
        yield bytes(data)


def _change(data: bytearray, pieces: Sequence[bytes], seeds: Sequence[bytes], chance: random.Random) -> None:
    """One mutation, in place."""
    place = chance.randint(0, len(data))
    end = min(len(data), place + chance.randint(1, 16))
    kind = chance.randrange(7)
    if kind == 0 and place < len(data):
        data[place] ^= 1 << chance.randrange(8)
    elif kind == 1 and place < len(data):
        data[place] = chance.randrange(256)
    elif kind == 2:
        del data[place:end]
    elif kind == 3:
        data[place:place] = chance.choice(pieces)
    elif kind == 4:
        data[place:place] = bytes(data[place:end]) * chance.randint(1, 50)
    elif kind == 5:
        other = chance.choice(seeds)
        start = chance.randint(0, len(other))
        data[place:end] = other[start : start + chance.randint(1, 64)]
    else:
        del data[place:]
