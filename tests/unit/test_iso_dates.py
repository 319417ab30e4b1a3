"""Texts that Python's own parsers take for dates and that are numbers: refused or read as what they count."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from correlator.base.iso_dates import iso_date, iso_moment, read_day
from correlator.errors import CorrelatorError
from correlator.eventstudy.request.readers import instant
from correlator.intake.events import add_events
from correlator.store.db import Store


@pytest.mark.parametrize("text", ["2025-05-28", "20250528", "2025-W22-3", "2025W223"])
def test_days_in_iso_8601(text: str) -> None:
    assert iso_date(text) == iso_moment(text) == date(2025, 5, 28)


def test_instants_in_iso_8601() -> None:
    at = datetime(2025, 5, 28, 16, 5, tzinfo=UTC)
    for text in ("2025-05-28T16:05Z", "2025-05-28 16:05:00+00:00", "20250528T160500Z", "2025-05-28 16:05+00"):
        assert iso_moment(text) == at


@pytest.mark.parametrize("text", ["1732060800", "1706102212000", "2025-05-28x16:05", "28.05.2025", "", "٢٠٢٥-٠٥-٢٨"])
def test_other_texts_are_refused(text: str) -> None:
    for read in (iso_date, iso_moment):
        with pytest.raises(ValueError, match=text or ".*"):
            read(text)


@pytest.mark.parametrize("text", ["1732060800", "1706102212000"])
def test_counts_of_seconds_are_refused_where_a_day_is_typed(text: str) -> None:
    for read in (instant, lambda written: read_day(written, "since")):
        with pytest.raises(CorrelatorError, match=text):
            read(text)


@pytest.mark.parametrize("unit", [1, 1_000])
def test_epochs_in_a_file_of_events_are_instants(tmp_path, unit: int) -> None:
    """Seconds whose first eight digits are a date of the years 1732 and 1706, too."""
    seconds = [1_732_060_800 - 60 * k for k in range(20)] + [1_706_102_212]
    table = pl.DataFrame({"date": [str(each * unit) for each in seconds], "category": "CONSULT", "source": "PAK"})
    table.write_csv(tmp_path / "events.csv")
    store = Store(tmp_path / "store.duckdb")
    add_events(store, tmp_path / "events.csv")
    known = store.frame("SELECT known_at FROM events ORDER BY known_at")["known_at"]
    assert known.dt.epoch("s").to_list() == sorted(seconds)
