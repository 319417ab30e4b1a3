"""Write ``data/sessions/calendars.parquet`` from exchange_calendars, and check the zones of ``exchanges.csv``.

Run it after an upgrade of exchange_calendars: ``python benchmarks/tools/make_calendars.py``. Each session is a date and
the minutes from its midnight UTC to its opening and its close, so the table stays small and reading it needs no pandas.
"""

from __future__ import annotations

from pathlib import Path

import exchange_calendars
import polars as pl

FIRST, LAST = "1990-01-01", "2027-12-31"
FOLDER = Path(__file__).parents[2] / "data" / "sessions"


def calendar_table(name: str, zone: str) -> pl.DataFrame:
    """Sessions of one calendar: calendar, session, opens and closes in minutes from midnight UTC of the label."""
    factory = exchange_calendars.calendar_utils._default_calendar_factories[name]
    first = max(FIRST, str(factory.bound_min().date())) if factory.bound_min() else FIRST
    last = min(LAST, str(factory.bound_max().date())) if factory.bound_max() else LAST
    calendar = exchange_calendars.get_calendar(name, start=first, end=last)
    if str(calendar.tz) != zone:
        raise SystemExit(f"{name}: zone {zone} in exchanges.csv, {calendar.tz} in exchange_calendars")
    schedule = calendar.schedule
    labels = schedule.index.tz_localize("UTC")
    return pl.DataFrame(
        {
            "calendar": [name] * len(schedule),
            "session": [label.date() for label in labels],
            "opens": ((schedule["open"] - labels).dt.total_seconds() // 60).to_numpy(),
            "closes": ((schedule["close"] - labels).dt.total_seconds() // 60).to_numpy(),
        },
        schema={"calendar": pl.String, "session": pl.Date, "opens": pl.Int16, "closes": pl.Int16},
        strict=False,
    )


def main() -> None:
    """Build the table and say what it holds."""
    exchanges = pl.read_csv(FOLDER / "exchanges.csv", schema_overrides={"weekend": pl.String})
    calendars = exchanges.select("calendar", "zone").unique().sort("calendar")
    table = pl.concat([calendar_table(name, zone) for name, zone in calendars.iter_rows()])
    path = FOLDER / "calendars.parquet"
    table.write_parquet(path, compression="zstd", compression_level=19, row_group_size=10_000)
    print(f"{path.name}: {table.height:,} sessions of {table['calendar'].n_unique()} calendars, ", end="")
    print(f"{path.stat().st_size:,} bytes, exchange_calendars {exchange_calendars.__version__}")


if __name__ == "__main__":
    main()
