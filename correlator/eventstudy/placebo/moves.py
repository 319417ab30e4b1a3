"""How placebo dates move: by rows of the panel, and within an exchange by its own sessions.

Events of one cluster keep the distance of their dates: those of one exchange in its sessions, and the first dates of
several exchanges in rows, of which the panel of several exchanges has one for every date on which any is open. What
binds shares across borders on a day binds their placebos, too. On the panel of one exchange rows are sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.eventstudy.panel.frames import Calendars, Mask, Panel, Rows


@dataclass(frozen=True)
class Moves:
    """The ``total`` rows of a panel, and whose sessions they are, None if all are of one exchange."""

    total: int
    calendars: Calendars | None

    @classmethod
    def of(cls, panel: Panel) -> Moves:
        """Those of a panel."""
        return cls(len(panel.labels), panel.calendars)

    def offsets(self, symbols: Rows, days: Rows) -> tuple[Rows, Rows]:
        """Of events at the rows ``days`` (E,), ascending: rows from the first of all to the first of their exchange,
        and sessions from there.
        """
        if self.calendars is None:
            return np.zeros_like(days), days - days[0]
        _, first, exchange = np.unique(self.calendars.of[symbols], return_index=True, return_inverse=True)
        own = self.calendars.places(symbols, days)
        return days[first][exchange] - days[0], own - own[first][exchange]

    def moved(self, symbols: Rows, rows: Rows, offset: Rows) -> Rows:
        """The rows (E,) that lie ``offset`` (E,) sessions of each symbol's exchange after ``rows`` (E,)."""
        if self.calendars is None:
            return rows + offset
        return self.calendars.rows_at(symbols, self.calendars.places(symbols, rows) + offset, self.total)

    def holds(self, mask: Mask, symbol: int, anchor: int, offset: int) -> Mask:
        """Where (T,) ``mask`` (T,) holds ``offset`` sessions after the row that lies ``anchor`` rows later, which is a
        session of the symbol's exchange; beyond the end nothing holds.
        """
        if self.calendars is None:
            return read_later(mask, anchor + offset)
        rows = self.calendars.rows[self.calendars.of[symbol]]
        return read_later(self.spread(symbol, read_later(mask[rows], offset)), anchor)

    def spread(self, symbol: int, sessions: Mask) -> Mask:
        """A mask of the sessions of the symbol's exchange on all rows; False where it is closed."""
        if self.calendars is None:
            return sessions
        whole = np.zeros(self.total, dtype=bool)
        whole[self.calendars.rows[self.calendars.of[symbol]]] = sessions
        return whole

    def sessions(self, symbol: int, rows: Rows) -> tuple[Rows, int]:
        """Rows as places among the sessions of the symbol's exchange, and how many of these there are."""
        if self.calendars is None:
            return rows, self.total
        own = self.calendars.rows[self.calendars.of[symbol]]
        return np.searchsorted(own, rows), len(own)

    def reach(self, sessions: int) -> int:
        """The most rows that so many sessions of one exchange lie apart."""
        if self.calendars is None or sessions == 0:
            return sessions
        distances = [own[sessions:] - own[:-sessions] for own in self.calendars.rows]
        return max((int(each.max()) for each in distances if len(each)), default=sessions)


def read_later(mask: Mask, by: int) -> Mask:
    """``mask`` read ``by`` rows later; beyond the end nothing holds."""
    moved = np.zeros_like(mask)
    moved[: len(mask) - by] = mask[by:]
    return moved
