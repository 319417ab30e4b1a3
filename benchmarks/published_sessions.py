"""The calendars against published lists of holidays: which days differ, and from what kind of source each list is.

    python benchmarks/published_sessions.py

``tests/sessions/published_holidays.csv`` has one list per row. One with a ``year`` is complete: every other weekday of
that year is a session, and so is every day in ``open``. One without names single days. ``kind``: ``exchange`` (its own
announcement, on its pages or reprinted word for word), ``reprint`` (a site that names the exchange's list as its
source), ``broker``, ``portal`` or ``press`` (which quotes the exchange's notice, or the public holidays it closes on).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from correlator.sessions.calendars import sessions_between
from correlator.sessions.exchanges import exchange_named

LISTS = Path(__file__).parents[1] / "tests" / "sessions" / "published_holidays.csv"


@dataclass(frozen=True)
class Compared:
    """A list compared with the calendar: its ``closed`` days, its ``open`` sessions, and those that ``differ``."""

    exchange: str
    year: int | None
    kind: str
    closed: tuple[date, ...]
    open: tuple[date, ...]
    differ: tuple[date, ...]


def compared() -> list[Compared]:
    """Return the comparison of every list of the file."""
    rows = pl.read_csv(LISTS, schema_overrides={"closed": pl.String, "open": pl.String})
    return [_compared(row) for row in rows.iter_rows(named=True)]


def _compared(row: dict[str, str | int | None]) -> Compared:
    exchange, year = str(row["exchange"]), row["year"]
    closed, extra = (_days(str(row[name] or ""), year) for name in ("closed", "open"))
    first, last = (date(int(year), 1, 1), date(int(year), 12, 31)) if year else (min(closed), max([*closed, *extra]))
    opened = tuple(extra)
    if year:
        days = pl.date_range(first, last, eager=True)
        weekend = exchange_named(exchange).weekend
        usual = {day for day in days if day.isoweekday() not in weekend and day not in closed}
        opened = tuple(sorted(usual | set(extra)))
    known = set(sessions_between(exchange, first, last)["session"])
    wrong = [day for day in closed if day in known] + [day for day in opened if day not in known]
    if year:
        wrong += [day for day in known if day not in opened and day not in closed]
    return Compared(
        exchange, int(year) if year else None, str(row["kind"]), tuple(closed), opened, tuple(sorted(wrong))
    )


def _days(text: str, year: str | int | None) -> list[date]:
    return [date.fromisoformat(f"{year}-{part}" if year else part) for part in text.split()]


def main() -> None:
    """Print a table per exchange, and what differs."""
    every = compared()
    print("| exchange | complete years | closed days listed | sessions that follow | differences | kinds of source |")
    print("| --- | --- | ---: | ---: | ---: | --- |")
    for exchange in dict.fromkeys(each.exchange for each in every):
        own = [each for each in every if each.exchange == exchange]
        years = ", ".join(str(each.year) for each in own if each.year) or "-"
        kinds = ", ".join(f"{kind} {sum(len(e.closed) for e in own if e.kind == kind)}" for kind in _kinds(own))
        closed, opened, differ = (sum(len(getattr(e, name)) for e in own) for name in ("closed", "open", "differ"))
        print(f"| {exchange} | {years} | {closed} | {opened} | {differ} | {kinds} |")
    closed, opened, differ = (sum(len(getattr(e, name)) for e in every) for name in ("closed", "open", "differ"))
    kinds = ", ".join(f"{kind} {sum(len(e.closed) for e in every if e.kind == kind)}" for kind in _kinds(every))
    print(f"| all | {sum(e.year is not None for e in every)} | {closed} | {opened} | {differ} | {kinds} |")
    for each in every:
        if each.differ:
            print(f"{each.exchange} {each.year}: {', '.join(map(str, each.differ))}")


def _kinds(lists: list[Compared]) -> list[str]:
    return list(dict.fromkeys(each.kind for each in lists))


if __name__ == "__main__":
    main()
