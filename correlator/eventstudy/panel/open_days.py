"""Which rows of a wide frame are sessions: a calendar of all days, or of all weekdays, also has rows without trade.

Windows count rows, so a row that is no session would move every window that reaches over it. With an exchange its
calendar decides; without one, what the figures themselves say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from correlator.errors import InputError, warn
from correlator.eventstudy.panel.frames import Array, Mask, Rows, Wide
from correlator.eventstudy.panel.weeks import check_sessions, check_week
from correlator.sessions.calendars import calendar_reach, sessions_between

_FEWEST = 3
"""Rows on one day of the week that say whether it is ever traded on."""
_REST_DAYS = (4, 5, 6)
"""Days of the week on which some market rests: Friday to Sunday."""
_REGULAR = 0.6
"""Share of its sessions on which a share that is traded at all has a trade."""
_BLOCK = 16
_AROUND = timedelta(days=7)
"""Days around a frame, whose sessions its first and last label may stand for."""
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def on_open_days(wide: Wide, kind: str, exchange: str | None, studied: Sequence[str] = ()) -> Wide:
    """``wide`` on the rows that are sessions: of ``exchange``, else those on which anything is traded.

    Parameters
    ----------
    wide
        Prices, volumes or returns; instants within the day are left as they are.
    kind
        Which of the three: a price that stays, a volume of zero and a return of zero are no sign of trade.
    exchange
        The one exchange of all columns, or None.
    studied
        Columns that have events. Raises InputError where one of them rests on days of the week on which others trade.
    """
    if wide.labels.dtype != pl.Date or len(wide.labels) == 0 or not wide.names:
        return wide
    if exchange is not None:
        return on_sessions(wide, exchange, kind)
    check_week(_days_with_figures(wide), kind)
    some = _rows_with_trade(wide.values, kind)
    week = wide.labels.dt.weekday().to_numpy() - 1
    resting = [day for day in range(7) if (week == day).sum() >= _FEWEST and not some[week == day].any()]
    at_rest = np.isin(week, resting)
    _refuse_other_weeks(wide, kind, week, studied)
    quiet = ~some & ~at_rest & _inside(some) & (len(wide.names) > 1)
    empty = quiet.copy()
    empty[quiet] = ~np.isfinite(wide.values[quiet]).any(axis=1)
    _warn_of_rows(wide.labels, at_rest, f"on {' and '.join(_DAYS[day] for day in resting)}, without any trade,")
    _warn_of_rows(wide.labels, empty, "without a figure in any column")
    still = quiet & ~empty
    if still.sum() >= _FEWEST:
        warn(
            f"nothing moves on {int(still.sum())} rows, first {wide.labels[int(np.argmax(still))]}: if holidays are "
            "filled, they count as sessions in every window; give exchange='XNYS' to leave them out"
        )
    return _rows(wide, ~(at_rest | empty))


def on_sessions(wide: Wide, exchange: str, what: str) -> Wide:
    """``wide`` on the sessions of ``exchange`` between its first and last row, as a store has them.

    Sessions without a row have no figure; dates that the calendar does not reach count as sessions. Figures on other
    days are left out with a warning. Raises InputError where no row is a session, or where rows stand a day off.
    """
    reach = calendar_reach(exchange)
    start, end = max(wide.labels[0], reach[0]), min(wide.labels[-1], reach[1])
    if start > end:
        return wide
    known = sessions_between(exchange, start - _AROUND, end + _AROUND)["session"]
    is_open = (wide.labels.is_in(known.implode()) | (wide.labels < reach[0]) | (wide.labels > reach[1])).to_numpy()
    if not is_open.any():
        raise InputError(f"no row of the frame is a session of {exchange}", hint="check the dates, and the exchange")
    check_sessions(_days_with_figures(wide), known, what)
    _warn_of_closed(wide, ~is_open, exchange)
    first, last = wide.labels[int(np.argmax(is_open))], wide.labels[len(is_open) - 1 - int(np.argmax(is_open[::-1]))]
    inside = known.filter(known.is_between(first, last))
    labels = pl.concat([wide.labels.filter(pl.Series(is_open)), inside]).unique().sort()
    values = np.full((len(labels), len(wide.names)), np.nan)
    values[labels.is_in(wide.labels.implode()).to_numpy()] = wide.values[is_open]
    return Wide(labels.rename(wide.labels.name), wide.names, values)


def _days_with_figures(wide: Wide) -> pl.Series:
    return wide.labels.filter(pl.Series(np.isfinite(wide.values).any(axis=1)))


def _warn_of_closed(wide: Wide, closed: Mask, exchange: str) -> None:
    """Say how many figures lie on ``closed`` rows (T,), and the first."""
    figures = np.isfinite(wide.values[closed])
    if figures.any():
        row, column = np.argwhere(figures)[0]
        warn(
            f"{int(figures.sum())} figures lie on days that are not sessions of {exchange}, first "
            f"{wide.names[column]} {wide.labels.filter(pl.Series(closed))[int(row)]}: left out"
        )


def _rows_with_trade(values: Array, kind: str) -> Mask:
    """Rows (T,) of ``values`` (T, S) on which any column shows trade; columns are read until each row has one."""
    some: Mask = np.zeros(len(values), dtype=bool)
    for first in range(0, values.shape[1], _BLOCK):
        some |= _traded(values[:, first : first + _BLOCK], kind).any(axis=1)
        if some.all():
            break
    return some


def _traded(values: Array, kind: str) -> Mask:
    """Where ``values`` (T, S) show trade: a price that changes, a volume, or a return that is not zero."""
    known = np.isfinite(values)
    if kind != "prices":
        return np.asarray(known & (values != 0))
    rows = np.arange(len(values))[:, None]
    latest = np.maximum.accumulate(np.where(known, rows, 0), axis=0)
    before = np.take_along_axis(values, np.vstack([latest[:1], latest[:-1]]), axis=0)
    return np.asarray(known & ((values != before) | (rows == np.argmax(known, axis=0))))


def _refuse_other_weeks(wide: Wide, kind: str, week: Rows, studied: Sequence[str]) -> None:
    """Raise InputError where a share rests on a day of the week on which another column trades: 24/7 next to XNYS."""
    columns = {name: j for j, name in enumerate(wide.names)}
    own = [columns[name] for name in studied if name in columns]
    for day in _REST_DAYS:
        rows = np.flatnonzero(week == day)
        if len(rows) < _FEWEST or len(own) == 0:
            continue
        moved = _changed(wide.values, rows, own, kind).any(axis=0)
        for j in np.array(own)[~moved].tolist():
            traded = _traded(wide.values[:, [j]], kind)[:, 0]
            inside = _inside(traded)
            resting = inside & (week == day)
            if resting.sum() < _FEWEST or traded[resting].any() or traded[inside & (week < 4)].mean() < _REGULAR:
                continue
            moving = np.flatnonzero(_traded(wide.values, kind)[resting].mean(axis=0) > _REGULAR)
            if len(moving):
                name, other = wide.names[j], wide.names[int(moving[0])]
                raise InputError(
                    f"{name} has no trade on {_DAYS[day]}, {other} has: they keep different sessions",
                    hint=f"give exchange='XNYS' for days of {name}, or of each: exchange='{name}=XNYS,{other}=24/7'",
                    argument="exchange",
                )


def _changed(values: Array, rows: Rows, columns: Sequence[int], kind: str) -> Mask:
    """Whether figures of ``columns`` on ``rows`` may show trade, by the row before alone: at times too many do."""
    now = values[rows][:, columns]
    known = np.isfinite(now)
    return np.asarray(known & ((now != values[rows - 1][:, columns]) if kind == "prices" else (now != 0)))


def _inside(some: Mask) -> Mask:
    """Marks (T,) from the first to the last row that is marked in ``some``."""
    return np.asarray(np.logical_or.accumulate(some) & np.logical_or.accumulate(some[::-1])[::-1])


def _warn_of_rows(labels: pl.Series, rows: Mask, what: str) -> None:
    if rows.any():
        count = int(rows.sum())
        plural = "row" if count == 1 else "rows"
        first: date = labels[int(np.argmax(rows))]
        verb = "is not a session and is" if count == 1 else "are not sessions and are"
        warn(f"{count} {plural} {what} {verb} left out, first {first}; windows count sessions")


def _rows(wide: Wide, kept: Mask) -> Wide:
    return wide if kept.all() else Wide(wide.labels.filter(pl.Series(kept)), wide.names, wide.values[kept])
