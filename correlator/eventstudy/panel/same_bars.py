"""Whether series that are measured against each other have bars of one length and times of one clock.

A bar is matched by its timestamp: the bar of an hour that starts at 10:00 closes at 11:00, that of five minutes at
10:05, and 10:00 without a time zone is any of a day's hours.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError, TimeError

_MOSTLY = 0.6
"""Share of the distances between timestamps that shows the length of regular bars."""


def check_same_bars(labels: pl.Series, others: pl.Series, what: str) -> None:
    """Raise TimeError if only ``labels`` of ``what`` or ``others`` have a time zone, InputError for other lengths."""
    kinds = ["intraday" if isinstance(each.dtype, pl.Datetime) else "daily" for each in (labels, others)]
    if kinds[0] != kinds[1]:
        raise _of_other_length(f"bars of {what} are {kinds[0]}, the others {kinds[1]}")
    if not isinstance(labels.dtype, pl.Datetime) or not isinstance(others.dtype, pl.Datetime):
        return
    if (labels.dtype.time_zone is None) != (others.dtype.time_zone is None):
        has, lacks = (what, "the bars") if labels.dtype.time_zone else ("the bars", what)
        raise TimeError(
            f"times of {has} have a time zone and those of {lacks} have none",
            hint="give exchange='XNAS', whose local times they are, or add the time zone",
        )
    own, theirs = regular_length(labels), regular_length(others)
    if own is not None and theirs is not None and own != theirs:
        raise _of_other_length(f"bars of {what} are {_words(own)} apart, the others {_words(theirs)}")


def check_one_length(labels: pl.Series, names: tuple[str, ...], values: NDArray[np.float64], what: str) -> None:
    """Raise InputError for a column of longer bars than the others: regular ones, on few of the rows ``labels`` (T,).

    ``values`` (T, S): the numbers of the columns ``names``, NaN where missing.
    """
    length = regular_length(labels) if isinstance(labels.dtype, pl.Datetime) else None
    if length is None:
        return
    known = np.isfinite(values)
    neighbours = (known[1:] & known[:-1]).sum(axis=0)
    for j in np.flatnonzero(2 * neighbours < known.sum(axis=0)).tolist():
        own = regular_length(labels.filter(pl.Series(known[:, j])))
        if own is not None and own > length:
            raise _of_other_length(
                f"bars of {names[j]} are {_words(own)} apart, those of the other {what} {_words(length)}"
            )


def regular_length(labels: pl.Series) -> timedelta | None:
    """Return the distance between most timestamps (T,), in order; None if there is none, or fewer than three."""
    distances = labels.diff().drop_nulls()
    if len(distances) < 2:
        return None
    usual, count = distances.value_counts(sort=True).row(0)
    return usual if count > _MOSTLY * len(distances) else None


def _words(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    if seconds:
        return f"{60 * minutes + seconds} seconds"
    return f"{minutes} minutes" if minutes % 60 or minutes == 60 else f"{minutes // 60} hours"


def _of_other_length(problem: str) -> InputError:
    return InputError(problem, hint="use bars of one length: those of one time of day close at different times")
