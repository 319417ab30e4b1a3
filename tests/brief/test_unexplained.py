"""Extreme sessions without an event are found, and are gone as soon as one explains them."""

from __future__ import annotations

import shutil
from datetime import date

import polars as pl
import pytest

from correlator.brief.unexplained import SCHEMA, unexplained
from correlator.errors import CorrelatorWarning, InputError, NotFoundError
from correlator.report.run import gather
from correlator.report.spec import parse_spec
from correlator.workspace import Workspace


def test_a_move_is_gone_when_an_event_explains_it(sample_store, tmp_path):
    """AIRLINK rose by its limit of 10 % on 13 August 2025, and no headline of the sample is near."""
    before = unexplained(sample_store, "2025-08-01", until="2025-08-31", symbols="AIRLINK")
    assert before.schema == SCHEMA
    (row,) = before.filter(pl.col("session") == pl.date(2025, 8, 13)).to_dicts()
    assert row["limit_locked"]
    assert row["z"] > 3
    assert row["nearest_sessions"] < 0
    shutil.copy(sample_store.path, tmp_path / "m.duckdb")
    workspace = Workspace(tmp_path / "m.duckdb")
    workspace.add_events(pl.DataFrame({"date": ["2025-08-13T05:00:00Z"], "category": ["AGREE"], "symbol": ["AIRLINK"]}))
    after = workspace.unexplained("2025-08-01", until="2025-08-31", symbols="AIRLINK")
    assert row["session"] not in after["session"].to_list()
    # what came to be known later does not change what was known then
    known = workspace.unexplained("2025-08-01", symbols="AIRLINK", as_of="2025-08-12T00:00Z")
    assert known.filter(pl.col("session") > pl.date(2025, 8, 11)).is_empty()


def test_day_zero_of_what_is_known_by_its_date_alone_is_as_the_caller_says(sample_store, tmp_path):
    shutil.copy(sample_store.path, tmp_path / "m.duckdb")
    workspace = Workspace(tmp_path / "m.duckdb")
    workspace.add_events(pl.DataFrame({"date": ["2025-08-13"], "category": ["AGREE"], "symbol": ["AIRLINK"]}))
    careful, same = (
        workspace.unexplained("2025-08-01", until="2025-08-31", symbols="AIRLINK", date_only=policy)[
            "session"
        ].to_list()
        for policy in ("after-close", "same-day")
    )
    assert date(2025, 8, 13) in careful
    assert date(2025, 8, 13) not in same


def test_where_no_session_could_be_measured_it_is_told(sample_store):
    with pytest.warns(CorrelatorWarning, match="no session from 2030-01-01 could be measured"):
        assert unexplained(sample_store, "2030-01-01", symbols="OGDC").is_empty()


def test_more_is_extreme_where_less_is_asked_for(sample_store):
    few, many = (unexplained(sample_store, "2025-01-01", symbols="OGDC", least=least) for least in (4.0, 2.0))
    assert few.height < many.height
    assert many["z"].abs().is_sorted(descending=True)
    assert (many["z"].abs() >= 2.0).all()


@pytest.mark.parametrize(
    ("since", "options", "error"),
    [
        ("soon", {}, InputError),
        ("2025-01-02", {"until": "2025-01-01"}, InputError),
        ("2025-01-02", {"least": 0.0}, InputError),
        ("2025-01-02", {"symbols": "NOSUCH"}, NotFoundError),
    ],
)
def test_what_cannot_be_asked_is_refused(sample_store, since, options, error):
    with pytest.raises(error):
        unexplained(sample_store, since, **options)


def test_a_report_has_them(sample_store, tmp_path):
    study = {"symbols": ["AIRLINK"], "benchmark": "KSE100", "estimation": "-145:-26", "window": "-5:5"}
    outputs = {"tables": ["unexplained"], "tear_sheet": False}
    spec = parse_spec({"name": "moves", "study": study, "outputs": outputs})
    contents, _ = gather(spec, sample_store, as_of=date(2025, 9, 1), folder=tmp_path)
    found = contents.tables["unexplained"]
    assert pl.Series([date(2025, 8, 13)]).is_in(found["session"].implode()).all()
    assert found["session"].max() <= date(2025, 9, 1)
