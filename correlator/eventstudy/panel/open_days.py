"""Which rows of a wide frame are sessions: frames of all days, or all weekdays, also have rows without trade.

Windows count rows, so a row that is not a session would shift every window across it. With an exchange its calendar
decides; without one, the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from correlator.errors import InputError, warn
from correlator.eventstudy.panel.frames import Array, Mask, Rows, Wide
from correlator.eventstudy.panel.same_bars import regular_length
from correlator.eventstudy.panel.weeks import check_sessions, check_week
from correlator.eventstudy.request.spec import StudySpec
from correlator.sessions.bar_stamps import side_of, within_sessions
from correlator.sessions.calendars import calendar_reach, sessions_between

_FEWEST = 3
"""Fewest rows on one day of the week that show whether it is a trading day."""
_REST_DAYS = (4, 5, 6)
"""Days of the week on which some market is closed: Friday to Sunday."""
_REGULAR = 0.6
"""Fraction of its sessions on which a regularly traded share has a trade."""
_BLOCK = 16
_AROUND = timedelta(days=7)
"""Margin around a frame: sessions that its first and last label may stand for."""
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def on_open_days(wide: Wide, kind: str, exchange: str | None, studied: Sequence[str] = ()) -> Wide:
    """Return the rows of ``wide`` that are sessions: of ``exchange``, else those on which anything is traded.

    Parameters
    ----------
    wide
        Prices, volumes or returns; intraday bars are returned unchanged.
    kind
        Which of the three: an unchanged price, a volume of zero and a return of zero are no sign of trade.
    exchange
        The one exchange of all columns, or None.
    studied
        Columns that have events.

    Raises
    ------
    InputError
        If a column of ``studied`` does not trade on days of the week on which others do.
    """
    if wide.labels.dtype != pl.Date or len(wide.labels) == 0 or not wide.names:
        return wide
    if exchange is not None:
        return on_sessions(wide, exchange, kind)
    check_week(_days_with_figures(wide), kind)
    traded = _rows_with_trade(wide.values, kind)
    week = wide.labels.dt.weekday().to_numpy() - 1
    rest_days = [day for day in range(7) if (week == day).sum() >= _FEWEST and not traded[week == day].any()]
    at_rest = np.isin(week, rest_days)
    _refuse_other_weeks(wide, kind, week, studied)
    quiet = ~traded & ~at_rest & _inside(traded) & (len(wide.names) > 1)
    empty = quiet.copy()
    empty[quiet] = ~np.isfinite(wide.values[quiet]).any(axis=1)
    _warn_of_rows(wide.labels, at_rest, f"on {' and '.join(_DAYS[day] for day in rest_days)}, without any trade,")
    _warn_of_rows(wide.labels, empty, "without a number in any column")
    still = quiet & ~empty
    if still.sum() >= _FEWEST:
        warn(
            f"nothing moves on {int(still.sum())} rows, first {wide.labels[int(np.argmax(still))]}: filled holidays "
            "would count as sessions in every window; give exchange='XNYS' to leave them out"
        )
    return _rows(wide, ~(at_rest | empty))


def on_sessions(wide: Wide, exchange: str, what: str) -> Wide:
    """Return ``wide`` on the sessions of ``exchange`` between its first and last row, as in a store.

    Sessions without a row have NaN; dates outside the range of the calendar count as sessions. Numbers on other days
    are left out with a warning. Raises InputError if no row is a session, or if rows are off by a day.
    """
    reach = calendar_reach(exchange)
    start, end = max(wide.labels[0], reach[0]), min(wide.labels[-1], reach[1])
    if start > end:
        return wide
    known = sessions_between(exchange, start - _AROUND, end + _AROUND)["session"]
    is_open = (wide.labels.is_in(known.implode()) | (wide.labels < reach[0]) | (wide.labels > reach[1])).to_numpy()
    if not is_open.any():
        raise InputError(f"no row of the frame is a session of {exchange}", hint="check the dates and the exchange")
    check_sessions(_days_with_figures(wide), known, what)
    _warn_of_closed(wide, ~is_open, exchange)
    first, last = wide.labels[int(np.argmax(is_open))], wide.labels[len(is_open) - 1 - int(np.argmax(is_open[::-1]))]
    inside = known.filter(known.is_between(first, last))
    labels = pl.concat([wide.labels.filter(pl.Series(is_open)), inside]).unique().sort()
    values = np.full((len(labels), len(wide.names)), np.nan)
    values[labels.is_in(wide.labels.implode()).to_numpy()] = wide.values[is_open]
    return Wide(labels.rename(wide.labels.name), wide.names, values)


def without_other_hours(wide: Wide, spec: StudySpec) -> Wide:
    """Return intraday bars without those outside the sessions of the exchange on which only the benchmark trades.

    So windows count the bars of the shares' own exchange beside a benchmark of another one, or a coin. Unchanged for
    bars without a time zone, or if the exchange or the benchmark's column is not known.
    """
    zoned = isinstance(wide.labels.dtype, pl.Datetime) and wide.labels.dtype.time_zone is not None
    if not zoned or spec.exchange is None or spec.benchmark not in wide.names:
        return wide
    shares = [j for j, name in enumerate(wide.names) if name != spec.benchmark]
    own = np.isfinite(wide.values[:, shares]).any(axis=1)
    length = regular_length(wide.labels)
    if own.all() or length is None:
        return wide
    side = side_of(wide.labels.filter(pl.Series(own)), length, spec.exchange, spec.stamped)
    return _rows(wide, own | within_sessions(wide.labels, side, spec.exchange).to_numpy())


def _days_with_figures(wide: Wide) -> pl.Series:
    return wide.labels.filter(pl.Series(np.isfinite(wide.values).any(axis=1)))


def _warn_of_closed(wide: Wide, closed: Mask, exchange: str) -> None:
    """Warn of numbers on ``closed`` rows (T,): how many, and the first."""
    numbers = np.isfinite(wide.values[closed])
    if numbers.any():
        row, column = np.argwhere(numbers)[0]
        warn(
            f"{int(numbers.sum())} numbers on days that are not sessions of {exchange}, first "
            f"{wide.names[column]} {wide.labels.filter(pl.Series(closed))[int(row)]}: left out"
        )


def _rows_with_trade(values: Array, kind: str) -> Mask:
    """Return the rows (T,) of ``values`` (T, S) on which any column shows trade; reads only the columns needed."""
    traded: Mask = np.zeros(len(values), dtype=bool)
    for first in range(0, values.shape[1], _BLOCK):
        traded |= _traded(values[:, first : first + _BLOCK], kind).any(axis=1)
        if traded.all():
            break
    return traded


def _traded(values: Array, kind: str) -> Mask:
    """Return where ``values`` (T, S) show trade: a price that changes, a volume, or a return that is not zero."""
    known = np.isfinite(values)
    if kind != "prices":
        return np.asarray(known & (values != 0))
    rows = np.arange(len(values))[:, None]
    latest = np.maximum.accumulate(np.where(known, rows, 0), axis=0)
    before = np.take_along_axis(values, np.vstack([latest[:1], latest[:-1]]), axis=0)
    return np.asarray(known & ((values != before) | (rows == np.argmax(known, axis=0))))


def _refuse_other_weeks(wide: Wide, kind: str, week: Rows, studied: Sequence[str]) -> None:
    """Raise InputError if a share does not trade on a weekday on which another column does: XNYS next to 24/7."""
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
                    f"{name} does not trade on {_DAYS[day]}, {other} does: their sessions differ",
                    hint=f"give exchange='XNYS' for the sessions of {name}, or exchange='{name}=XNYS,{other}=24/7'",
                    argument="exchange",
                )


def _changed(values: Array, rows: Rows, columns: Sequence[int], kind: str) -> Mask:
    """Return where ``columns`` may show trade on ``rows``, compared with the row before only: a superset of trades."""
    now = values[rows][:, columns]
    known = np.isfinite(now)
    return np.asarray(known & ((now != values[rows - 1][:, columns]) if kind == "prices" else (now != 0)))


def _inside(mask: Mask) -> Mask:
    """Return a mask (T,) of the rows from the first to the last that ``mask`` marks."""
    return np.asarray(np.logical_or.accumulate(mask) & np.logical_or.accumulate(mask[::-1])[::-1])


def _warn_of_rows(labels: pl.Series, rows: Mask, what: str) -> None:
    if rows.any():
        count = int(rows.sum())
        plural = "row" if count == 1 else "rows"
        first: date = labels[int(np.argmax(rows))]
        verb = "is not a session and is" if count == 1 else "are not sessions and are"
        warn(f"{count} {plural} {what} {verb} left out, first {first}; windows count sessions")


def _rows(wide: Wide, kept: Mask) -> Wide:
    return wide if kept.all() else Wide(wide.labels.filter(pl.Series(kept)), wide.names, wide.values[kept])
