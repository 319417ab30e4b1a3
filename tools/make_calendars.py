"""Make data/sessions/calendars.parquet from exchange_calendars, in an environment where that library loses no session.

    uv run --no-project --with exchange_calendars==4.13.2 --with 'pandas<3' --with polars python tools/make_calendars.py

Under pandas 3 exchange_calendars 4.13.2 drops the extra sessions that it knows on weekends (Moscow, Mumbai), so this
refuses to run there. Sessions go from 1962, or from where the library's calendar begins, to two years ahead. Where its
holidays end before that, every usual weekday follows; data/sessions/known.csv says until when holidays are known.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import exchange_calendars
import pandas as pd
import polars as pl
from exchange_calendars.calendar_utils import _default_calendar_factories as factories

FOLDER = Path(__file__).parents[1] / "data" / "sessions"
FIRST = pd.Timestamp("1962-01-01")
MINUTE = 60


def schedule_of(name: str) -> tuple[pl.DataFrame, date | None]:
    """Sessions of one calendar, minutes from midnight UTC to opening and close; until when holidays are known."""
    factory: Any = factories[name]
    end = pd.Timestamp(date.today() + timedelta(days=2 * 365))
    bound = factory.bound_max()
    calendar = factory(start=max(FIRST, factory.bound_min() or FIRST), end=min(end, bound or end))
    schedule = calendar.schedule
    midnight = schedule.index.tz_localize("UTC")
    minutes = {
        name: ((schedule[column] - midnight).dt.total_seconds() // MINUTE).astype("int16").to_numpy()
        for name, column in (("opens", "open"), ("closes", "close"))
    }
    labels = pl.Series("session", [label.date() for label in schedule.index], dtype=pl.Date)
    known = pl.DataFrame({"session": labels, **minutes})
    until = bound.date() if bound is not None and bound < end else _last_year_with_adhoc_holidays(calendar)
    rows = pl.concat([known, _weekdays_after(known, end.date())])
    return rows.select(pl.lit(name).alias("calendar"), pl.all()), until


def _last_year_with_adhoc_holidays(calendar: Any) -> date | None:
    """The end of the last year with dated holidays, where all years before have some; None where rules give them."""
    years = {pd.Timestamp(day).year for day in calendar.adhoc_holidays}
    last = max(years, default=0)
    return date(last, 12, 31) if all(year in years for year in range(last - 5, last)) and last >= 2020 else None


def _weekdays_after(known: pl.DataFrame, end: date) -> pl.DataFrame:
    """The usual weekdays after the last known session, with the hours of the same weekday a year before."""
    last = known["session"][-1]
    if last >= end - timedelta(days=7):
        return known.clear()
    usual = set(known.tail(250)["session"].dt.weekday().unique())
    days = pl.DataFrame({"session": pl.date_range(last + timedelta(days=1), end, eager=True)})
    days = days.filter(pl.col("session").dt.weekday().is_in(list(usual)) & (pl.col("session") > last))
    hours = known.tail(250).select(pl.col("opens", "closes").mode().first())
    return days.join(hours, how="cross").cast(known.schema)


def main() -> None:
    """Write both tables."""
    if int(pd.__version__.split(".")[0]) >= 3:
        raise SystemExit(f"pandas {pd.__version__} makes exchange_calendars lose sessions; use pandas<3")
    names = sorted(set(pl.read_csv(FOLDER / "exchanges.csv")["calendar"]))
    parts = {name: schedule_of(name) for name in names}
    table = pl.concat([rows for rows, _ in parts.values()]).sort("calendar", "session")
    table.write_parquet(FOLDER / "calendars.parquet", compression="zstd", compression_level=19)
    known = pl.DataFrame({"calendar": names, "holidays_known_until": [until for _, until in parts.values()]})
    known.write_csv(FOLDER / "known.csv")
    print(f"exchange_calendars {exchange_calendars.__version__}: {table.height:,} sessions of {len(names)} calendars")


if __name__ == "__main__":
    main()
