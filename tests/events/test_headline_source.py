"""Headlines of any file or frame: the same events through every door, and what holds none is refused."""

from __future__ import annotations

import gzip
import io
import json

import forked
import polars as pl
import pytest

from correlator import code_file
from correlator.cli.terminal.stdin import begins_with_lines
from correlator.errors import InputError, NotFoundError
from correlator.events.files.headline_source import Fields, headlines_in

HEADLINES = [
    "Pakistan, Azerbaijan hold talks on trade",
    "Heavy rain, winds expected in Punjab",
    "Israel attacks Lebanon",
]
FRAME = pl.DataFrame({"Headline": HEADLINES, "day": ["2025-05-28", "2025-05-29", "2025-05-30"]})


def _jsonl(name: str) -> bytes:
    return "".join(json.dumps({name: each}) + "\n" for each in HEADLINES).encode()


def _frame_bytes(form: str) -> bytes:
    out = io.BytesIO()
    getattr(FRAME, f"write_{form}")(out)
    return out.getvalue()


FILES = {
    "plain.txt": "\n".join(HEADLINES).encode(),
    "plain": "\r\n".join(HEADLINES).encode("utf-8-sig"),
    "wide.txt": "\n".join(HEADLINES).encode("utf-16"),
    "one.csv": ("headline\n" + "\n".join(HEADLINES)).encode(),
    "table.csv": _frame_bytes("csv"),
    "table.csv.gz": gzip.compress(_frame_bytes("csv")),
    "semicolons.txt": b"\nId;Title\n" + b"".join(f'{k};"{each}"\n'.encode() for k, each in enumerate(HEADLINES)),
    "text.jsonl": _jsonl("text"),
    "title.jsonl.gz": gzip.compress(_jsonl("title")),
    "list.json": json.dumps([{"title": each} for each in HEADLINES]).encode(),
    "service.json": json.dumps({"articles": [{"title": each} for each in HEADLINES]}, indent=1).encode(),
    "table.parquet": _frame_bytes("parquet"),
    "table.arrow": _frame_bytes("ipc"),
    "table.xlsx": _frame_bytes("excel"),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_holds_the_same_headlines(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    assert [line.text for line in headlines_in(tmp_path / name, Fields())] == HEADLINES


@pytest.mark.parametrize(
    "frame", [FRAME, FRAME.lazy(), FRAME.to_pandas(), FRAME.to_arrow()], ids=lambda f: type(f).__module__
)
def test_frames_hold_the_same_events_as_files(tmp_path, frame):
    FRAME.write_csv(tmp_path / "table.csv")
    coded = code_file(frame, date_field="day")
    assert coded["dyad"].to_list() == ["AZE-PAK", "ISR-LBN"]
    assert coded.drop("line").equals(code_file(tmp_path / "table.csv", date_field="day").drop("line"))
    assert coded.drop("line").equals(code_file(HEADLINES).drop("line"))


def test_a_line_that_cannot_be_read_has_its_number_and_reason(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("date,headline\n2025-05-28,a,b\nsoon,Israel attacks Lebanon\n2025-05-28,Israel attacks Lebanon\n")
    coded = code_file(file, date_field="date")
    assert coded["line"].to_list() == [2, 3, 4]
    assert coded["problem"].to_list() == [
        "line 2 has 3 cells where the header has 2",
        "line 3: 'soon' in the field 'date' is not a date (2025-05-28)",
        None,
    ]


@pytest.mark.parametrize(
    ("name", "content", "options", "error", "message"),
    [
        ("a.csv", b"foo,bar\n1,2\n", {}, NotFoundError, "no headline column .*foo, bar"),
        ("a.csv", b"foo,title\n1,2\n", {"field": "baz"}, NotFoundError, "no column 'baz'"),
        ("a.csv", b"foo,title\n1,2\n", {"date_field": "day"}, NotFoundError, "no column 'day'"),
        ("a.txt", b"Israel attacks Lebanon\n", {"field": "text"}, NotFoundError, "plain text without fields"),
        ("a.txt", b" \n\n", {}, InputError, "contains no headlines"),
        ("a.json", b'["Israel attacks Lebanon"]', {}, InputError, "contains no headlines"),
        ("a.csv", b"date,headline\n", {}, InputError, "contains no headlines"),
        ("a.csv", b"headline\n", {}, InputError, "contains no headlines"),
        ("a.html", b"<html><p>Israel attacks Lebanon", {}, InputError, "web page"),
    ],
)
def test_what_holds_no_headlines_is_refused_in_one_line(tmp_path, name, content, options, error, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        code_file(tmp_path / name, **options)


def test_lines_and_frames_without_headlines_are_refused():
    for source in ([], pl.DataFrame({"headline": []}, schema={"headline": pl.String})):
        with pytest.raises(InputError, match="contains no headlines"):
            code_file(source)


def test_templates_and_bracketed_kickers_are_plain_text(tmp_path):
    for text in ("{country_1} attacks {country_2}\nIsrael attacks Lebanon\n", "[Live] Israel attacks Lebanon\n"):
        (tmp_path / "a.txt").write_text(text)
        assert code_file(tmp_path / "a.txt")["category"].to_list() == ["ASSAULT"] * text.count("attacks")


@pytest.mark.parametrize("name", ["plain.txt", "table.csv", "text.jsonl", "service.json"])
def test_stdin_is_read_as_files_are(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    of_file = forked.run(["code", name, "--format", "csv"], cwd=tmp_path)
    of_stdin = forked.run(["code", "-", "--format", "csv"], cwd=tmp_path, stdin=FILES[name].decode())
    assert of_stdin.stdout == of_file.stdout
    assert of_file.stdout.count("\n") == 3


def test_stdin_is_read_line_by_line_where_it_is_lines():
    lines = {name for name, content in FILES.items() if begins_with_lines(io.BufferedReader(io.BytesIO(content)))}
    assert lines == {"plain.txt", "plain", "one.csv", "table.csv", "semicolons.txt", "text.jsonl"}


def test_exit_codes_where_nothing_can_be_read(tmp_path):
    (tmp_path / "none.jsonl").write_text('{"x": 1}\n{"y": 2}\n')
    done = forked.run(["code", "none.jsonl"], cwd=tmp_path)
    assert done.returncode == 3
    assert "no line could be read: line 1 has no text" in done.stderr.splitlines()[-1]
    assert forked.run(["code", "missing.txt"], cwd=tmp_path).returncode == 4


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(tmp_path, ending):
    (tmp_path / "h.txt").write_bytes(ending.join([*HEADLINES, ""]).encode())
    assert [line.text for line in headlines_in(tmp_path / "h.txt", Fields())] == HEADLINES
