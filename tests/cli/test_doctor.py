"""What the doctor sees."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

from correlator import doctor


def test_a_store_that_is_none_is_a_problem(run, tmp_path):
    (tmp_path / "m.duckdb").write_text("no database " * 1000)
    rows = list(csv.DictReader(io.StringIO(run("doctor", "--store", "m.duckdb", code=10).stdout)))
    assert {row["what"]: row["state"] for row in rows}["store m.duckdb"] == "problem"


def test_a_loaded_store_is_counted(loaded):
    from cli_process import run_in

    rows = list(csv.DictReader(io.StringIO(run_in(loaded)("doctor", "--store", "m.duckdb").stdout)))
    states = {row["what"]: row for row in rows}
    assert states["duckdb"]["state"] == "ok"
    assert "536 bars" in states["store m.duckdb"]["detail"]


def test_offices_known_until_a_day_to_come_are_not_days_ago(monkeypatch):
    later = datetime.now(UTC).date() + timedelta(days=2)
    monkeypatch.setattr(doctor, "actors_as_of", lambda: later)
    (_, state, detail) = next(row for row in doctor._coder() if row[0] == "actors")
    assert state == "ok"
    assert "days from now" in detail
    assert "-" not in detail.removeprefix(f"offices known up to {later}")
