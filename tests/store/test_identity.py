"""Identity is content: a file that grows, is packed, split or ordered otherwise adds what is new, once."""

from __future__ import annotations

import gzip
import zipfile

import polars as pl
import pytest

from correlator.base import arrow_files
from correlator.containers import slices
from correlator.intake.events import add_events
from correlator.listing import listing

pytestmark = pytest.mark.lake_slow

HEADER = "date,category,source,target,goldstein,id\n"
ROWS = [
    "2025-05-28,AGREE,PAK,AZE,,\n",
    "2025-06-16,CONSULT,PAK,TUR,2.5,\n",
    "2025-07-02T06:00+05:00,own word,PAK,CHN,,\n",
    "2025-07-02,AGREE,PAK,CHN,,x-1\n",
    "2025-07-02,AGREE,PAK,CHN,,x-2\n",
]


@pytest.fixture
def store(new_store):
    return new_store("m")


def events_of(store):
    return store.frame("SELECT * EXCLUDE (event_id, load_id) FROM events ORDER BY event_key").rows()


def write(path, rows):
    path.write_text(HEADER + "".join(rows))
    return path


def test_growing_reordered_split_and_packed_files_of_a_user_give_each_event_once(store, new_store, tmp_path):
    path = write(tmp_path / "grown.csv", ROWS[:2])
    assert add_events(store, path).added == 2
    report = add_events(store, write(path, ROWS))
    assert (report.added, report.known, report.rejected) == (3, 2, 0)
    reference = events_of(store)
    for name, rows in (("back.csv", ROWS[::-1]), ("one.csv", ROWS[:3]), ("two.csv", ROWS[2:])):
        assert add_events(store, write(tmp_path / name, rows)).added == 0
    assert add_events(store, pl.read_csv(path, infer_schema=False)).added == 0
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("grown.csv", path.read_text())
    for name in ("packed.csv.gz", "packed.zip"):
        report = add_events(store, tmp_path / name)
        assert (report.added, report.known) == (0, 5)
    assert events_of(store) == reference
    whole = new_store("whole")
    add_events(whole, path)
    assert events_of(whole) == reference


@pytest.mark.parametrize("slice_rows", [2, 1000])
@pytest.mark.parametrize("door", ["write_parquet", "write_ipc"])
def test_events_in_columns_are_read_slice_by_slice(store, new_store, tmp_path, monkeypatch, door, slice_rows):
    monkeypatch.setattr(slices, "SLICE_ROWS", slice_rows)
    monkeypatch.setattr(arrow_files, "_BATCH_ROWS", 1)
    lines = write(tmp_path / "a.csv", [*ROWS, "2025-07-03,,PAK,CHN,,x-3\n", "2025-07-04,AGREE,PAK,CHN,,x-4\n"])
    path = tmp_path / "events.columns"
    getattr(pl.read_csv(lines, infer_schema=False), door)(path)
    columns = new_store("columns")
    for each, file in ((store, lines), (columns, path)):
        report = add_events(each, file)
        assert (report.added, report.rejected) == (6, 1)
    assert events_of(columns) == events_of(store)
    rejects = "SELECT source_line, reason FROM rejects"
    assert columns.frame(rejects).rows() == store.frame(rejects).rows() == [(7, "the row has no category")]


def test_rows_that_say_the_same_are_one_event_unless_their_ids_differ(store, tmp_path):
    again = ["2025-05-28,agree,pak,AZE,,\n", ROWS[0]]
    assert add_events(store, write(tmp_path / "a.csv", again)).added == 1
    assert add_events(store, write(tmp_path / "b.csv", ROWS[3:])).added == 2
    assert add_events(store, write(tmp_path / "c.csv", ROWS[3:][::-1])).added == 0


@pytest.mark.parametrize("together", [True, False])
def test_an_id_that_says_something_else_is_rejected_with_its_line(store, tmp_path, together):
    other = "2025-08-01,REJECT,PAK,IND,,x-1\n"
    files = [[ROWS[3], other]] if together else [[ROWS[3]], [ROWS[3], other]]
    for rows in files:
        report = add_events(store, write(tmp_path / "a.csv", rows))
    assert report.rejected == 1
    assert store.frame("SELECT category FROM events").to_series().to_list() == ["AGREE"]
    rejects = store.frame("SELECT source_line, reason FROM rejects").rows()
    assert rejects == [(3, "id 'x-1' is already the id of an event that says something else")]
    assert add_events(store, tmp_path / "a.csv").rejected == 1


@pytest.mark.parametrize("own_id", ["a:b", "ж-é-😀", "user:1", "0"])
def test_an_id_in_any_letters_is_known_again(store, tmp_path, own_id):
    first, other = (f"2025-05-28,{category},PAK,AZE,,{own_id}\n" for category in ("AGREE", "REJECT"))
    assert add_events(store, write(tmp_path / "a.csv", [first])).added == 1
    report = add_events(store, write(tmp_path / "b.csv", [first, other]))
    assert (report.added, report.known, report.rejected) == (0, 1, 1)


def gdelt_line(number: int, category: str = "030") -> str:
    fields = [""] * 61
    fields[0], fields[1] = str(number), "20250528"
    fields[5], fields[7], fields[15], fields[17] = "PAK", "PAK", "AZE", "AZE"
    fields[26], fields[27], fields[28], fields[29], fields[30] = category, category, category[:2], "1", "4.0"
    fields[31], fields[32], fields[33], fields[34] = "1", "1", "1", "2.5"
    fields[59], fields[60] = "20250528120000", "https://news.example/1"
    return "\t".join(fields) + "\n"


def test_one_gdelt_file_in_three_packings_and_two_halves_counts_once(store, tmp_path):
    lines = [gdelt_line(n) for n in range(900_000_001, 900_000_006)]
    text = "".join(lines)
    name = "20250528120000.export.CSV"
    (tmp_path / name).write_text(text)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
        archive.writestr(name, text)
    (tmp_path / "half1.CSV").write_text("".join(lines[3:]))
    (tmp_path / "half2.CSV").write_text("".join(lines[:3]))
    added = [
        add_events(store, tmp_path / each).added
        for each in (name, f"{name}.gz", f"{name}.zip", "half1.CSV", "half2.CSV")
    ]
    assert added == [5, 0, 0, 0, 0]
    assert store.frame("SELECT min(event_key) AS key FROM events").item() == "gdelt:900000001"


@pytest.mark.parametrize(
    ("selection", "rows"),
    [
        ("event_id = 1", 1),
        ("event_id in (1, 2, 9)", 2),
        ("event_id != 1", 1),
        ("event_id >= 2", 1),
        ("event_id = 1.5", 0),
    ],
)
def test_events_are_chosen_by_number(store, tmp_path, selection, rows):
    add_events(store, write(tmp_path / "a.csv", ROWS[:2]))
    store_with_exchange = listing(store, "events", events=selection)
    assert store_with_exchange["event_id"].n_unique() == rows


def test_a_country_by_its_name_is_the_country_of_that_code(store, tmp_path):
    add_events(store, write(tmp_path / "codes.csv", ROWS[:2]))
    named = write(
        tmp_path / "names.csv",
        [
            "2025-05-28T00:00:00Z,AGREE,Pakistan,Azerbaijan,,\n",
            "2025-06-16,CONSULT,pakistan:gov,Türkiye,,\n",
            "2025-06-17,CONSULT,PK,TUR,,\n",
            "2025-06-18,CONSULT,Atlantis,TUR,,\n",
        ],
    )
    report = add_events(store, named)
    assert (report.added, report.known, report.rejected) == (2, 1, 1)
    assert "1 with an actor that is not a country or organisation we know" in str(report)
    reasons = store.frame("SELECT reason FROM rejects")["reason"].to_list()
    assert reasons == ["country 'PK' may be an ISO or a FIPS code (write three letters, such as PAK)"]
    for selection in ("source = Pakistan", "dyad = 'Pakistan-Türkiye'", "dyad = TUR-PAK"):
        assert listing(store, "events", events=selection).height >= 1, selection


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1"])
def test_a_packed_file_says_what_the_file_says(store, tmp_path, encoding):
    path = tmp_path / "marked.csv"
    path.write_bytes((HEADER + "".join(ROWS[:2]) + "2025-07-03,AGREE,Côte Bleue,PAK,,\n").encode(encoding))
    assert add_events(store, path).added == 3
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.write(path, "marked.csv")
    for name in ("packed.csv.gz", "packed.zip"):
        report = add_events(store, tmp_path / name)
        assert (report.added, report.known, report.rejected) == (0, 3, 0)


def test_rows_are_read_in_frames_and_keep_their_lines(store, tmp_path, monkeypatch):
    monkeypatch.setattr("correlator.events.files.coded_file.FRAME_ROWS", 2)
    monkeypatch.setattr("correlator.events.files.coded_file.PART_FRAMES", 2)
    bad = ["2025-13-01,AGREE,PAK,AZE,,\n"]
    report = add_events(store, write(tmp_path / "e.csv", [*ROWS[:3], *bad, *ROWS[3:], *bad]))
    assert (report.added, report.rejected) == (5, 2)
    assert store.frame("SELECT source_line FROM rejects ORDER BY ALL")["source_line"].to_list() == [5, 8]
