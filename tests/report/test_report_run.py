"""A report is whole, the same twice, never ahead of its instant, and refuses stale data."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from report_process import SPEC, run_report_verb

from correlator.errors import InputError
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.report.as_of import moment_of
from correlator.report.run import run_report
from correlator.report.spec import parse_spec, read_spec
from correlator.report.tables import COLUMNS
from correlator.store.db import Store

DAY = "2025-06-05"


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def reported(work: Path, as_of: str = DAY, out: str = "reports") -> Path:
    (work / out).mkdir(exist_ok=True)
    spec, store = read_spec(work / "daily.toml"), Store(work / "m.duckdb")
    done = run_report(spec, store, out=work / out, as_of=date.fromisoformat(as_of))
    assert done.folder is not None
    return done.folder


def test_the_manifest_says_what_is_in_the_files(work):
    folder = work / run_report_verb(work, "run", "daily.toml", "--as-of", DAY, "-o", "reports").stdout.strip()
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert set(manifest["files"]) == set(contents_of(folder)) - {"manifest.json"}
    for name, said in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert (said["bytes"], said["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        if name.endswith(".csv"):
            rows = list(csv.reader(content.decode().splitlines()))
            assert (rows[0], len(rows) - 1) == (said["columns"], said["rows"])
            assert rows[0] == list(COLUMNS[name.removesuffix(".csv")])
    assert manifest["parameters"]["study"]["benchmark"] == "KSE100"
    assert [row["vintages"] for row in manifest["inputs"]["bars"]] == [1, 1]
    assert manifest["session"] == DAY


def test_the_figures_are_those_of_the_study(work):
    row = next(csv.DictReader((reported(work) / "car.csv").read_text().splitlines()))
    # AIRLINK on KSE-100 around 29 May 2025: statsmodels OLS of the 120 sessions 2024-10-28..2025-04-21
    assert (row["window"], float(row["car"])) == ("[-1:1]", pytest.approx(-0.03424037, abs=1e-7))
    assert float(row["se"]) == pytest.approx(0.04902387, abs=1e-7)


def test_the_same_again_is_the_same_bytes_anywhere(work):
    first = reported(work)
    again = run_report_verb(work, "run", "daily.toml", "--as-of", DAY)
    assert "unchanged" in again.stderr
    assert contents_of(first) == contents_of(reported(work, out="elsewhere"))


def test_latest_is_the_newest_session_whatever_ran_last(work):
    newest = reported(work)
    older = reported(work, "2025-06-04")
    assert older != newest
    assert (work / "reports/daily/latest").resolve() == newest.resolve()
    assert (work / "reports/daily/2025-06-04").resolve() == older.resolve()


def test_retention_keeps_the_newest_sessions(work):
    (work / "daily.toml").write_text("keep = 2\n" + SPEC)
    for day in ("2025-06-03", "2025-06-04", DAY):
        reported(work, day)
    home = work / "reports/daily"
    assert sorted(path.name for path in home.iterdir() if path.is_symlink()) == ["2025-06-04", DAY, "latest"]
    assert len(list((home / "runs").iterdir())) == 2


def test_nothing_that_came_later_changes_a_report(work):
    """Later news, later bars and a later download that changes history leave the bytes of an earlier instant."""
    before = contents_of(reported(work))
    store = Store(work / "m.duckdb")
    page = (
        work / "later.txt",
        "Pakistan and Azerbaijan sign a trade accord\n\nPublished 06 Jun, 2025 10:00am PKT\n\nText.",
    )
    page[0].write_text(page[1])
    add_news(store, page[0], published="2025-06-06T05:00:00Z")
    with store.reading() as connection:
        bars = connection.sql("SELECT * FROM bars WHERE symbol = 'AIRLINK'").pl()
    changed = bars.select(
        pl.col("session").alias("date"), *(pl.col(name) * 1.01 for name in ("open", "high", "low", "close")), "volume"
    )
    assert add_prices(store, changed, symbol="AIRLINK", exchange="XKAR").added == bars.height
    assert contents_of(reported(work, out="after")) == before


def test_an_event_not_yet_public_is_not_in_it(work):
    folder = reported(work, "2025-05-27")  # the page came out on 28 May
    assert (folder / "events.csv").read_text().count("\n") == 1
    assert "No event public by session 2025-05-27" in (folder / "index.html").read_text()


def test_stale_prices_are_refused_and_the_last_report_stays(work):
    whole = contents_of(reported(work))
    done = run_report_verb(work, "run", "daily.toml", "--as-of", "2026-03-05", code=11)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "2025-10-24" in done.stderr
    assert contents_of(work / "reports/daily/latest") == whole
    listed = run_report_verb(work, "list", "--format", "json").stdout
    assert [run["status"] for run in json.loads(listed)] == ["failed", "written"]


@pytest.mark.parametrize("as_of", [date(2027, 6, 1), datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_session_that_has_not_closed_has_no_report(monkeypatch, as_of):
    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2025, 6, 5, 11, tzinfo=tz)

    monkeypatch.setattr("correlator.report.as_of.datetime", Then)
    with pytest.raises(InputError, match="has not closed yet.*newest possible session is 2025-06-05"):
        moment_of("XKAR", as_of)
    assert moment_of("XKAR", date(2025, 6, 5)).session == date(2025, 6, 5)


def test_a_holiday_is_skipped(work):
    done = run_report_verb(work, "run", "daily.toml", "--as-of", "2025-05-28", "--if-session", "XKAR")
    assert done.stdout == ""
    assert "no session of XKAR" in done.stderr
    assert not (work / "reports/daily/latest").exists()


def test_a_headline_is_no_formula_and_a_negative_number_stays_one(work):
    store = Store(work / "m.duckdb")
    page = work / "formula.txt"
    page.write_text("=Pakistan and Azerbaijan sign a trade accord\n\nThe two countries signed it in Baku.\n")
    add_news(store, page, published="2025-05-30T05:00:00Z")
    spec = parse_spec(
        {"study": {"symbols": ["AIRLINK"], "benchmark": "KSE100", "estimation": "-145:-26"}}, default_name="x"
    )
    (work / "out").mkdir()
    done = run_report(spec, store, out=work / "out", as_of=datetime(2025, 7, 1, 18, tzinfo=UTC))
    rows = list(csv.DictReader((done.folder / "events.csv").read_text().splitlines()))
    assert "'=Pakistan and Azerbaijan sign a trade accord" in [row["headline"] for row in rows]
    numbers = [row["ar"] for row in csv.DictReader((done.folder / "ar.csv").read_text().splitlines())]
    assert any(number.startswith("-") for number in numbers)
    assert all(abs(float(number)) < 1 for number in numbers if number)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tittle = 'x'", "did you mean title"),
        ("[study]\nbenchmrk = 'X'", "did you mean benchmark"),
        ("[study]\nwindow = '5:-5'", "ends before it starts"),
        ("[study]\nmodel = 'magic'", "magic"),
        ("[study]\nevents = 'categry = X'", "did you mean category"),
        ("[outputs]\ntables = ['cars']", "choose from"),
        ("keep = -1", "must not be negative"),
        ("name = '../up'", "not a valid folder name"),
        ("keep = true", "must be an integer"),
        ("[study]\nsymbols = 5", "must be a string or a list of strings"),
        ("study = 5", "must be a table"),
        ("= 3", "is not valid TOML"),
    ],
)
def test_a_bad_report_file_names_file_and_key(tmp_path, text, said):
    (tmp_path / "daily.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_spec(tmp_path / "daily.toml")
    assert said in str(caught.value)
    assert "daily.toml" in str(caught.value)


def test_a_bad_report_file_is_one_line_and_writes_nothing(work):
    (work / "daily.toml").write_text("[study]\nmodel = 'magic'")
    done = run_report_verb(work, "run", "daily.toml", "--as-of", DAY, code=3)
    assert done.stderr.count("\n") == 1
    assert "magic" in done.stderr
    assert not (work / "reports/daily").exists()


def test_an_absent_report_file_and_folder(work):
    assert "absent.toml" in run_report_verb(work, "run", "absent.toml", code=4).stderr
    assert "no report has run" in run_report_verb(work, "list", "-o", "nowhere", code=4).stderr


def test_an_unknown_symbol_fails_before_anything_is_written(work):
    (work / "daily.toml").write_text(SPEC.replace('["AIRLINK"]', '["AIRLNK"]'))
    done = run_report_verb(work, "run", "daily.toml", "--as-of", DAY, code=4)
    assert "did you mean AIRLINK" in done.stderr
    assert not (work / "reports/daily/latest").exists()


def test_a_spec_keeps_what_the_file_says(work):
    spec = read_spec(work / "daily.toml")
    assert (spec.name, spec.heading, spec.study.as_dict()["windows"]) == (
        "daily",
        "AIRLINK every evening",
        ["-1:1", "0:0"],
    )
