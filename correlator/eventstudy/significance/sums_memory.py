"""What the compiled looks of ``sums_kernel`` know of all events, count of some, hold of a block and add to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from correlator.eventstudy.significance.arrays import Array, Rows
from correlator.eventstudy.significance.sums import Spread


class Known(NamedTuple):
    """What the first look found of x / se, each (K,): ``mean``, ``sd``, and what ``parametric.pseudo_values`` takes
    of all events: ``rest`` their number less 1 and ``share`` one of it, ``ratio`` mean / sd, the
    variance without an event being ``spread`` less ``lost`` times its squared deviation.
    """

    mean: Array
    sd: Array
    rest: Array
    share: Array
    ratio: Array
    spread: Array
    lost: Array


def known_of(scaled: Spread) -> Known:
    """What the second look takes of the first's x / se."""
    rest = scaled.n - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return Known(
            mean=scaled.mean,
            sd=scaled.sd,
            rest=rest,
            share=1.0 / rest,
            ratio=scaled.mean / scaled.sd,
            spread=scaled.m2 / (rest - 1.0),
            lost=scaled.n / rest / (rest - 1.0),
        )


class Out(NamedTuple):
    """Where the second look adds, named as in ``SecondLook``; ``base`` (L,) of U over all events, ``absent`` and
    ``missing`` (K, L) of U and how many over events without a value; ``pseudo`` (3, K): how many, sum, squares of the
    jackknife's values; ``by_date`` (dates, span) standardised residuals by calendar day, ``own`` (1,) their squares.
    """

    variance: Array
    positive: Array
    residual: Array
    residuals: Array
    corrado: Array
    zivney: Array
    ranked: Array
    base: Array
    absent: Array
    missing: Array
    daily: Array
    u: Array
    u_count: Array
    u_weight: Array
    pseudo: Array
    by_date: Array
    own: Array


class Tally(NamedTuple):
    """Counts over events that are ``alike`` (2,) in n, the number of residuals, and how many those are: ``above``
    (K + 1, L) residuals above the event's value, and in the last row all residuals; ``own`` (L,) of ranks among the
    residuals, as ``Order`` has them; of events without a value in a column their number ``gone`` (K,), ``absent`` (K,
    L) of the same ranks and ``missing`` (K, L) of residuals; of events with so many days there ``came`` (D + 1,) how
    many and ``both`` (D + 1, L) of ranks among residuals and days.
    """

    alike: Rows
    above: NDArray[np.int16]
    own: NDArray[np.int32]
    gone: Rows
    absent: NDArray[np.int32]
    missing: NDArray[np.int16]
    came: Rows
    both: NDArray[np.int32]


class Block(NamedTuple):
    """Room for B events: ``value``, ``scaled`` (B, K) x and x / se; ``daily`` (B, D) abnormal returns to rank; ``e``
    (B, L) residuals, 0 where not used, ``n``, ``mean`` (B,) how many and their mean, ``keys`` (B, L) which sorted give
    their order; ``sigma`` (B,), ``date`` and ``day`` (B,) row and first column of ``by_date`` that they add to, row -1
    for none; and what is counted over blocks, see ``Tally``.
    """

    value: Array
    scaled: Array
    daily: Array
    e: Array
    n: Rows
    mean: Array
    keys: Rows
    sigma: Array
    date: Rows
    day: Rows
    tally: Tally


def empty_block(events: int, length: int, days: int, columns: int) -> Block:
    """Room for ``events`` events, with nothing counted."""
    tally = Tally(
        alike=np.zeros(2, dtype=np.int64),
        above=np.zeros((columns + 1, length), dtype=np.int16),
        own=np.zeros(length, dtype=np.int32),
        gone=np.zeros(columns, dtype=np.int64),
        absent=np.zeros((columns, length), dtype=np.int32),
        missing=np.zeros((columns, length), dtype=np.int16),
        came=np.zeros(days + 1, dtype=np.int64),
        both=np.zeros((days + 1, length), dtype=np.int32),
    )
    return Block(
        value=np.empty((events, columns)),
        scaled=np.empty((events, columns)),
        daily=np.empty((events, days)),
        e=np.empty((events, length)),
        n=np.empty(events, dtype=np.int64),
        mean=np.empty(events),
        keys=np.empty((events, length), dtype=np.int64),
        sigma=np.empty(events),
        date=np.empty(events, dtype=np.int64),
        day=np.empty(events, dtype=np.int64),
        tally=tally,
    )


def nothing(length: int, days: int, columns: int, dates: tuple[int, int]) -> Out:
    """Sums of no events."""
    both = length + days
    return Out(
        *(np.zeros(columns), np.zeros(1), np.zeros(length), np.zeros(length), np.zeros(both), np.zeros(both)),
        *(np.zeros(both), np.zeros(length), np.zeros((columns, length)), np.zeros((columns, length))),
        *(np.zeros((columns, length)), np.zeros(columns), np.zeros(columns), np.zeros(columns)),
        *(np.zeros((3, columns)), np.zeros(dates), np.zeros(1)),
    )
