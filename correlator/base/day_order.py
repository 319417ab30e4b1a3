"""Find the order of day and month that the numeric dates of a column show."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_MONTHS = 12


@dataclass(frozen=True)
class DayOrder:
    """The first date of a column that can only have the day first, and the first that can only have the month first.

    Examples
    --------
    >>> DayOrder("28/05/2025").shown, DayOrder().shown, DayOrder("28/05/2025", "05/28/2025").shown
    ('dmy', None, None)
    """

    day_first: str | None = None
    month_first: str | None = None

    @property
    def contradictory(self) -> bool:
        """Whether dates of both orders occur."""
        return bool(self.day_first and self.month_first)

    @property
    def shown(self) -> str | None:
        """``dmy`` or ``mdy``; None if no date shows the order, or two contradict each other."""
        if self.contradictory:
            return None
        return "dmy" if self.day_first else "mdy" if self.month_first else None

    @property
    def proof(self) -> str | None:
        """The first date that shows an order."""
        return self.day_first or self.month_first

    def joined(self, *later: DayOrder) -> DayOrder:
        """Return what this part of a column and ``later`` parts show together."""
        parts = (self, *later)
        return DayOrder(
            next((part.day_first for part in parts if part.day_first), None),
            next((part.month_first for part in parts if part.month_first), None),
        )


def day_order(texts: pl.Series, pattern: str) -> DayOrder:
    """Return the order that days after the 12th show; the first two groups of ``pattern`` are the first two numbers.

    Examples
    --------
    >>> day_order(pl.Series(["05/06/2025", "05/28/2025"]), r"^(\\d+)/(\\d+)/").shown
    'mdy'
    """
    parts = texts.str.extract_groups(pattern).struct
    first, second = (parts.field(name).cast(pl.Int32, strict=False) for name in ("1", "2"))
    day_first = texts.filter((first > _MONTHS) & (second <= _MONTHS))
    month_first = texts.filter((second > _MONTHS) & (first <= _MONTHS))
    return DayOrder(next(iter(day_first), None), next(iter(month_first), None))
