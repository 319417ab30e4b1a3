"""What else a report can hold: what is new, placebo, regressions, several studies, a message; the same twice."""

from __future__ import annotations

import csv
import email
import io
import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import plotly.graph_objects as go
import polars as pl
import pytest

import correlator as co
from correlator.base.resources import data_path
from correlator.errors import CorrelatorWarning, InputError, MissingDependencyError
from correlator.eventstudy.matrix import study_matrix
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.report.event_rows import event_rows
from correlator.report.figures import pictures
from correlator.report.run import run_report
from correlator.report.spec import parse_spec
from correlator.report.tables import csv_bytes
from correlator.store.db import Store

STUDY = {
    "symbols": ["HBL", "OGDC"],
    "benchmark": "equal-weighted",
    "model": "mean",
    "estimation": "-150:-11",
    "window": "-5:5",
    "windows": ["0:0", "0:5", "-5:5"],
}
OUTPUTS = {
    "tables": ["new", "summary", "placebo", "confounds", "regressions"],
    "regressions": ["car ~ goldstein"],
    "figures": ["car", "fan"],
    "draws": 50,
    "bom": True,
    "mail": True,
}
PNG = b"\x89PNG of a test"
CONFLICT = {"name": "conflict", **STUDY, "events": "goldstein < 0"}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[dict[str, bytes]]:
    """Two runs of a report, four weeks apart, and the second one again."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("correlator.plot.image.images_bytes", lambda figures, *_, **__: [PNG] * len(figures))
    work = tmp_path_factory.mktemp("further")
    store = Store(work / "m.duckdb")
    for symbol in ("HBL", "OGDC"):
        add_prices(store, data_path("sample", f"{symbol}.csv"), symbol=symbol)
    add_news(store, data_path("sample", "headlines.csv"), columns={"published": "date"}, profile="generic")
    spec = parse_spec({"name": "two", "study": STUDY, "studies": [CONFLICT], "outputs": OUTPUTS})
    found = []
    for day in ("2025-05-09", "2025-06-05", "2025-06-05"):
        folder = run_report(spec, store, out=work, as_of=date.fromisoformat(day)).folder
        assert folder is not None
        found.append({path.name: path.read_bytes() for path in Path(folder).iterdir()})
    monkeypatch.undo()
    return found


def test_what_came_since_the_last_run_is_new_and_nothing_else(folders):
    _, second, again = folders
    assert second == again
    told = rows(second["new.csv"])
    assert {row["kind"] for row in told} == {"event"}
    assert all("2025-05-09" < row["session"] <= "2025-06-05" for row in told)
    page = second["index.html"].decode()
    assert page.index("New since 2025-05-09: 6 events") < page.index('id="summary-title"')


def test_every_study_has_its_files_and_its_part_of_the_page(folders):
    files = folders[0]
    assert {f"{part}{name}.csv" for part in ("", "conflict-") for name in OUTPUTS["tables"]} <= set(files)
    assert int(rows(files["conflict-summary.csv"])[0]["n"]) < int(rows(files["summary.csv"])[0]["n"])
    page = files["index.html"].decode()
    assert '<h2 id="study-conflict-title">conflict</h2>' in page
    assert '"conflict-figure-fan"' in page
    assert len(page) < 1_700_000


def test_tables_asked_for_are_there_and_open_in_a_spreadsheet(folders):
    files = folders[1]
    for name in ("summary", "placebo", "regressions"):
        content = files[f"{name}.csv"]
        assert content.startswith(b"\xef\xbb\xbf")
        assert not re.search(rb"(^|,)-?\d+:-?\d+(,|$)", content, re.M)
    assert [row["window"] for row in rows(files["placebo.csv"])] == ["[0:0]", "[0:5]", "[-5:5]"]
    assert {row["term"] for row in rows(files["regressions.csv"])} == {"Intercept", "goldstein"}


def test_names_of_files_are_links_and_no_folder_of_this_machine_is_told(folders):
    files = folders[1]
    assert '<a href="summary.csv">summary.csv</a>' in files["index.html"].decode()
    sources = str(data_path("sample", "HBL.csv").parent)
    for name, content in files.items():
        assert sources.encode() not in content, name


def test_the_message_holds_words_table_page_and_files(folders):
    message = email.message_from_bytes(folders[1]["mail.eml"])
    assert message["Subject"] == "two, 2025-06-05"
    parts = {part.get_filename() or part.get_content_type(): part for part in message.walk()}
    assert {"text/plain", "text/html", "index.html", "summary.csv"} <= set(parts)
    assert parts["summary.csv"].get_payload(decode=True) == folders[1]["summary.csv"]
    assert b"New since 2025-05-09" in parts["text/plain"].get_payload(decode=True)
    assert b"CAAR, %" in parts["text/html"].get_payload(decode=True)


def test_pictures_stand_in_the_text_of_the_message_and_are_files_of_it(folders):
    message = email.message_from_bytes(folders[1]["mail.eml"])
    parts = list(message.walk())
    text = next(part for part in parts if part.get_content_type() == "text/html" and not part.get_filename())
    named = re.findall(r'<img src="cid:([^"]+)"', text.get_payload(decode=True).decode())
    images = {part["Content-ID"].strip("<>"): part for part in parts if part.get_content_type() == "image/png"}
    assert len(named) == 4
    assert set(named) == set(images)
    assert all(part.get_payload(decode=True) == PNG for part in images.values())
    assert b"<script" not in text.get_payload(decode=True)


def test_a_message_without_a_browser_says_where_the_figures_are(monkeypatch):
    def none(*_, **__):
        raise MissingDependencyError("PNG needs Chromium or Chrome, and none was found")

    monkeypatch.setattr("correlator.plot.image.images_bytes", none)
    with pytest.warns(CorrelatorWarning, match="the mail has no pictures: PNG needs Chromium"):
        assert pictures({"": {"figure-car": go.Figure()}}) == {}


def test_events_of_every_study_are_in_the_table_of_the_page(folders):
    page = folders[1]["index.html"].decode()
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
    names = [column["name"] for column in data["columns"]]
    assert names[:2] == ["study", "event_id"]
    counts = Counter(row[0] for row in data["events"])
    assert counts["two"] > counts["conflict"] > 0
    assert '<select id="filter-study"' in page
    assert "<dt>conflict: events</dt><dd>goldstein &lt; 0</dd>" in page


def test_a_study_that_measured_nothing_has_no_columns_in_the_table_of_events():
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(60)]
    bars = pl.DataFrame({"date": days, "A": [0.01 * (n % 7 - 3) for n in range(60)]})
    events = pl.DataFrame({"symbol": ["A"], "date": [days[40]]})
    options = {"model": "mean", "estimation": "-30:-6", "minimum_observations": 20}
    one, none = (
        study_matrix(bars, chosen, window=window, **options)
        for chosen, window in ((events, "-1:1"), (events.with_columns(date=days[1]), "-3:3"))
    )
    columns, lines = event_rows({"one": one, "none": none, "nothing": None})
    assert [column["name"] for column in columns if "percent" in column] == ["car 0:0", "car -1:1"]
    assert [line[0] for line in lines] == ["one"]
    assert event_rows({"none": none})[1] == []


def test_a_finding_that_changed_is_told():
    from correlator.report.new import _findings

    class Result:
        class spec:
            by = ()

        def summary(self):
            return pl.DataFrame({"window": ["0:0", "0:5"], "p_value": [0.2, 0.01]})

    earlier = [{"window": "[0:0]", "p_value": "0.03"}, {"window": "[0:5]", "p_value": "0.02"}]
    assert _findings(Result(), earlier) == ["0:0: within chance (p 0.200), before more than chance (p 0.030)"]


@pytest.mark.parametrize("groups", [[True, False], [None, "A"], [2.5, 1e-7], ["=A", "+B"]])
def test_findings_of_groups_are_compared_as_their_csv_has_them(groups):
    from correlator.report.new import _findings

    class Result:
        class spec:
            by = ("=group",)

        def summary(self):
            return pl.DataFrame({"=group": groups, "window": ["-1:1"] * 2, "p_value": [0.2, 0.01]})

    text = csv_bytes(Result().summary().with_columns(p_value=pl.Series([0.01, 0.01]))).decode()
    (told,) = _findings(Result(), list(csv.DictReader(text.splitlines())))
    assert told == f"{groups[0]}, -1:1: within chance (p 0.200), before more than chance (p 0.010)"


def test_per_cents_of_events_are_simple_returns_as_everywhere_on_the_page():
    """A price that halves on day 0: -50 %, of which the log return is -69.3 %."""
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(60)]
    prices = pl.DataFrame({"date": days, "A": [100.0 * (1 + 0.01 * (n % 2)) for n in range(40)] + [50.0] * 20})
    events = pl.DataFrame({"symbol": ["A"], "date": [days[40]]})
    options = {"model": "raw", "window": "0:1", "windows": "0:1", "estimation": "-30:-6", "minimum_observations": 20}
    for kind in ("log", "simple"):
        with pytest.warns(CorrelatorWarning):  # it looks like a split
            result = co.study(prices=prices, events=events, returns=kind, **options)
        columns, (row,) = event_rows({"one": result})
        assert row[[column["name"] for column in columns].index("car 0:1")] == pytest.approx(50 / 101 - 1, abs=1e-6)


def test_numbers_of_tables_keep_two_digits_at_least_and_say_what_they_leave_out():
    from correlator.report.tear_sheet import _first

    frame = pl.DataFrame({"estimate": [0.0, -0.000_412_3, 0.012_34, 1234.5, None]})
    table = _first(frame, 4, "Terms", digits=3)
    assert [row[0] for row in table["rows"]] == ["0.000", "-0.00041", "0.012", "1,234.500"]
    assert table["caption"] == "Terms, the first 4 of 5"
    assert _first(frame, 5, "Terms")["caption"] == "Terms"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"studies": [{"symbols": ["A"]}]}, "needs a unique name"),
        ({"studies": [{"name": "a"}, {"name": "a"}]}, "needs a unique name"),
        ({"studies": [{"name": "a", "windw": "0:0"}]}, "study a: key 'windw' is not known"),
        ({"regressions": ["car ~ goldstein"]}, "key 'regressions' is not known (write it under [outputs])"),
        ({"outputs": {"windows": ["0:0"]}}, "outputs: key 'windows' is not known (write it under [study])"),
        ({"outputs": {"tables": ["regressions"]}}, "needs formulas"),
        ({"outputs": {"regressions": ["car ~ goldstein"]}}, "tables lacks 'regressions'"),
        ({"outputs": {"draws": 0}}, "draws must be at least 1"),
    ],
)
def test_a_report_that_cannot_be_is_refused_before_it_runs(values, said):
    with pytest.raises(InputError, match=re.escape(said)):
        parse_spec({"name": "x", **values})
