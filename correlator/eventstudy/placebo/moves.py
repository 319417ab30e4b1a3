"""How placebo dates move: by rows of the panel, and within an exchange by its own sessions.

Events of one cluster keep the distances between their dates: events of one exchange in sessions, and the first dates of
different exchanges in rows; a panel of several exchanges has a row for every date on which any of them is open. So
placebos keep the correlation of shares across exchanges on one day. On a panel of one exchange, rows are sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.eventstudy.panel.frames import Calendars, Mask, Panel, Rows


@dataclass(frozen=True)
class Moves:
    """The ``total`` rows of a panel, and the calendars of its exchanges, None if there is only one."""

    total: int
    calendars: Calendars | None

    @classmethod
    def of(cls, panel: Panel) -> Moves:
        """Return the rows and calendars of ``panel``."""
        return cls(len(panel.labels), panel.calendars)

    def offsets(self, symbols: Rows, days: Rows) -> tuple[Rows, Rows]:
        """Return the distances of events at the ascending rows ``days`` (E,) from the first of them.

        The first array: rows from the first event to the first event of the same exchange; the second: sessions of the
        exchange from there.
        """
        if self.calendars is None:
            return np.zeros_like(days), days - days[0]
        _, first, exchange = np.unique(self.calendars.of[symbols], return_index=True, return_inverse=True)
        own = self.calendars.places(symbols, days)
        return days[first][exchange] - days[0], own - own[first][exchange]

    def moved(self, symbols: Rows, rows: Rows, offset: Rows) -> Rows:
        """Return the rows (E,) that are ``offset`` (E,) sessions of each symbol's exchange after ``rows`` (E,)."""
        if self.calendars is None:
            return rows + offset
        return self.calendars.rows_at(symbols, self.calendars.places(symbols, rows) + offset, self.total)

    def holds(self, mask: Mask, symbol: int, anchor: int, offset: int) -> Mask:
        """Whether ``mask`` (T,) is True at the date of an event whose cluster starts at each row (T,).

        The date is ``anchor`` rows and then ``offset`` sessions later. False beyond the end, and where the row
        ``anchor`` rows later is not a session of the symbol's exchange.
        """
        if self.calendars is None:
            return read_later(mask, anchor + offset)
        rows = self.calendars.rows[self.calendars.of[symbol]]
        return read_later(self.spread(symbol, read_later(mask[rows], offset)), anchor)

    def spread(self, symbol: int, sessions: Mask) -> Mask:
        """Expand a mask of the sessions of the symbol's exchange to all rows; False where it is closed."""
        if self.calendars is None:
            return sessions
        mask = np.zeros(self.total, dtype=bool)
        mask[self.calendars.rows[self.calendars.of[symbol]]] = sessions
        return mask

    def sessions(self, symbol: int, rows: Rows) -> tuple[Rows, int]:
        """Return the positions of ``rows`` among the sessions of the symbol's exchange, and the number of sessions."""
        if self.calendars is None:
            return rows, self.total
        own = self.calendars.rows[self.calendars.of[symbol]]
        return np.searchsorted(own, rows), len(own)

    def reach(self, sessions: int) -> int:
        """Return the maximum number of rows that ``sessions`` sessions of an exchange span."""
        if self.calendars is None or sessions == 0:
            return sessions
        distances = [own[sessions:] - own[:-sessions] for own in self.calendars.rows]
        return max((int(each.max()) for each in distances if len(each)), default=sessions)


def read_later(mask: Mask, by: int) -> Mask:
    """Return at each row the value of ``mask`` ``by`` rows later; False beyond the end."""
    later = np.zeros_like(mask)
    later[: len(mask) - by] = mask[by:]
    return later
