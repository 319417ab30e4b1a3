"""The plan for 10,000 tickers x 1 minute x 10 years and a billion GDELT events, from a simulation at a thousandth.

    python benchmarks/plan.py [--share 0.001]

Made-up bars (a random walk in ticks, volumes of a few digits) and coded events go into a lake as an export writes them;
bytes and processor time per row are measured there and multiplied. Prices are assumptions, said in the table.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from correlator.base.database import connect
from correlator.store.db import Store
from correlator.store.lake import Lake, in_order, stream
from correlator.tables import BARS, EVENTS

MINUTES, DAYS, TICKERS, EVENT_ROWS = 390, 252 * 10, 10_000, 10**9
GIB_MONTH, CORE_HOUR = 0.023, 0.04
"""US dollars for a gibibyte in an object store for a month, and for a core for an hour: list prices, roughly."""

_BARS = """
    SELECT 'T' || ticker AS symbol, '1m' AS "interval", session,
        session::TIMESTAMPTZ + to_minutes(870 + minute::BIGINT) AS bar_start, 1 AS vintage,
        close - 0.01 AS open, close + 0.02 AS high, close - 0.02 AS low, close,
        NULL AS adjusted_close, 100.0 * (hash(minute, day, ticker) % 500)::DOUBLE AS volume,
        'made' AS source, TIMESTAMPTZ '2025-01-01 00:00:00+00' AS retrieved_at
    FROM (
        SELECT ticker, day, minute, DATE '2015-01-01' + (day * 365 // 252)::INTEGER AS session,
            round(50 + 10 * sin(day / 100.0) + (hash(ticker, day, minute) % 100) / 100.0, 2) AS close
        FROM range($tickers) AS t(ticker), range($days) AS d(day), range($minutes) AS m(minute)
    )
"""
_EVENTS = """
    SELECT number AS event_id, 'gdelt:' || (1000000000 + number) AS event_key, NULL AS article_id,
        TIMESTAMPTZ '2015-01-01 00:00:00+00' + to_minutes((number * 5256 // $events) * 1000) AS known_at,
        'minute' AS known_precision, 'gdelt' AS coder, list_extract(['CONSULT', 'AGREE', 'PROTEST'], 1 + number % 3)
        AS category, 'verbal-cooperation' AS quad_class, '04' AS cameo_root, 1.0 AS goldstein,
        (hash(number) % 2000) / 1000.0 - 1 AS tone, 0.9 AS confidence,
        list_extract(['PAK', 'USA', 'CHN', 'IND'], 1 + (hash(number) % 4)::INTEGER) AS source_country,
        'GOV' AS source_role,
        'AZE' AS target_country, 'GOV' AS target_role, 'AZE-PAK' AS dyad, NULL AS symbol,
        '{"GLOBALEVENTID":"' || (1000000000 + number) || '","url":"https://news.example/' || number || '"}' AS evidence
    FROM range($events) AS t(number)
"""


def main() -> None:
    """Simulate, measure, multiply, print."""
    share = float(sys.argv[sys.argv.index("--share") + 1]) if "--share" in sys.argv else 0.001
    tickers, events = max(1, round(TICKERS * share)), round(EVENT_ROWS * share)
    rows = {"bars": tickers * DAYS * MINUTES, "events": events}
    whole = {"bars": TICKERS * DAYS * MINUTES, "events": EVENT_ROWS}
    with tempfile.TemporaryDirectory() as folder, connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        values = {"bars": {"tickers": tickers, "days": DAYS, "minutes": MINUTES}, "events": {"events": events}}
        for name, text in (("bars", _BARS), ("events", _EVENTS)):
            for key, value in values[name].items():
                text = text.replace(f"${key}", str(value))
            connection.execute(f"CREATE VIEW {name} AS {text}")
        store = Store(f"{folder}/lake/")
        engine = store.engine
        assert isinstance(engine, Lake)
        spent = {}

        def begun(table):  # type: ignore[no-untyped-def]
            def rows_of():  # type: ignore[no-untyped-def]
                spent[table.name] = time.process_time()
                names = ", ".join(f'"{column}"' for column in table.column_names if column != "load_id")
                return stream(connection, in_order(table, f"SELECT {names} FROM {table.name}"))

            return rows_of

        engine.create({"bars": begun(BARS), "events": begun(EVENTS)})
        ended = time.process_time()
        write = {"bars": spent["events"] - spent["bars"], "events": ended - spent["events"]}
        read = {}
        for name, column in (("bars", "close"), ("events", "goldstein")):
            at = time.process_time()
            store.frame(f"SELECT sum({column}) FROM {name}")
            read[name] = time.process_time() - at
        size = {
            name: sum(file.stat().st_size for file in Path(folder, "lake", name).rglob("*.parquet")) for name in rows
        }
    print("| what | minute bars | GDELT events |")
    print("| --- | --- | --- |")

    def line(what: str, value) -> None:  # type: ignore[no-untyped-def]
        print(f"| {what} | {value('bars')} | {value('events')} |")

    factor = {name: whole[name] / rows[name] for name in rows}
    gib = {name: size[name] * factor[name] / 2**30 for name in rows}
    hours = {name: write[name] * factor[name] / 3600 for name in rows}
    line("rows simulated", lambda name: f"{rows[name]:,}")
    line("bytes per row in the lake", lambda name: f"{size[name] / rows[name]:.1f}")
    line("processor microseconds to make, sort and write a row", lambda name: f"{1e6 * write[name] / rows[name]:.2f}")
    line("processor nanoseconds to read a column's value", lambda name: f"{1e9 * read[name] / rows[name]:.0f}")
    line("rows in total", lambda name: f"{whole[name]:,}")
    line("GiB in total", lambda name: f"{gib[name]:,.0f}")
    line("core hours to write everything", lambda name: f"{hours[name]:,.1f}")
    line("US dollars to write it once", lambda name: f"{hours[name] * CORE_HOUR:,.2f}")
    line("US dollars to store it per month", lambda name: f"{gib[name] * GIB_MONTH:,.2f}")
    line("core minutes to read one column", lambda name: f"{read[name] * factor[name] / 60:,.1f}")


if __name__ == "__main__":
    main()
