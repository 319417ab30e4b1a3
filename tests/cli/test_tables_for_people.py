"""Tables on a terminal are for people, files and pipes get everything, and a file's ending says what is in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from cli_process import run_in
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.base.inert import safe_cells
from correlator.cli.tables.formats import FORMS, OutputFormat, format_of
from correlator.cli.tables.looks import Look
from correlator.cli.tables.terminal_table import short_table, whole_table
from correlator.errors import InputError

FRAME = pl.DataFrame(
    {
        "number": list(range(100)),
        "car": [0.0123456] * 100,
        "p_value": [0.00004, 0.04567] * 50,
        "headline": ["Ministers meet in the capital and agree to meet again next week"] * 100,
    }
)
LOOK = Look(("number", "car", "p_value", "headline"), frozenset({"car"}))


def test_a_terminal_gets_few_rows_whole_numbers_and_shortened_text():
    lines = short_table(FRAME, LOOK, 60).splitlines()
    assert len(lines) == 42
    assert max(map(len, lines)) <= 60
    assert lines[1].split()[:3] == ["0", "1.23", "<0.001"]
    assert lines[1].endswith("…")
    assert "40 of 100 rows" in lines[-1]


def test_log_returns_are_not_called_per_cent():
    assert short_table(FRAME, LOOK, 60, unit="log pts").splitlines()[0].split()[1:4] == ["car", "log", "pts"]


def test_a_narrow_terminal_gets_one_record_under_the_other():
    text = short_table(FRAME, LOOK, 10)
    assert text.startswith("-- 1 --\nnumber")
    assert "8 of 100 rows" in text


@settings(deadline=None)
@given(width=st.integers(8, 300), texts=st.lists(st.text(), min_size=1, max_size=5))
def test_no_cell_breaks_the_lines_and_no_control_reaches_the_terminal(width, texts):
    text = short_table(pl.DataFrame({"n": range(len(texts)), "text": texts}), Look(()), width)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) <= len(texts) + 2


def test_a_file_or_pipe_gets_every_row_and_column():
    assert len(whole_table(FRAME).splitlines()) == 101
    assert "…" not in whole_table(FRAME)


def test_every_format_has_a_form_and_no_ending_means_two():
    assert set(FORMS) == set(OutputFormat)
    endings = [ending for form in FORMS.values() for ending in form.endings]
    assert len(endings) == len(set(endings))


@pytest.mark.parametrize("name", ["a.xls", "a.tsv", "a.csv.gz", "a.html"])
def test_an_ending_that_no_format_has_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"unsupported table format"):
        format_of(tmp_path / name)


def test_a_workbook_has_typed_cells_and_a_frozen_header(loaded, tmp_path):
    path = tmp_path / "bars.xlsx"
    run_in(loaded)("--store", "m.duckdb", "list", "bars", "--to", str(path))
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in sheet
    assert "<v>268</v>" in sheet


def test_the_ending_and_the_format_must_agree(loaded):
    done = run_in(loaded)("--store", "m.duckdb", "list", "bars", "--to", "x.xlsx", "--format", "csv", code=3)
    assert "--format is csv" in done.stderr
    assert not (loaded / "x.xlsx").exists()


def test_a_study_shows_its_summary_to_a_person_and_abnormal_returns_to_a_pipe(loaded):
    study = ("--store", "m.duckdb", "study", "--symbol", "AIRLINK", "--benchmark", "KSE100", "--estimation", "-145:-26")
    run = run_in(loaded)
    assert run(*study).stdout.startswith("event_id,symbol,session,day")
    assert run(*study, "--output", "summary").stdout.startswith("window,n,events,dates,caar")
    command = " ".join([str(Path(sys.executable).parent / "correlator"), *study])
    shown = subprocess.run(
        ["script", "-qec", command, "/dev/null"], cwd=loaded, capture_output=True, text=True, check=True
    )
    assert re.search(r"window +events +dates +caar", shown.stdout)


def test_columns_are_chosen_in_every_format(loaded):
    run = run_in(loaded)
    assert (
        run("--store", "m.duckdb", "list", "bars", "--columns", "bars,symbol").stdout.splitlines()[0] == "bars,symbol"
    )
    done = run("--store", "m.duckdb", "list", "bars", "--columns", "smbol", code=4)
    assert "did you mean symbol?" in done.stderr


def test_sums_and_rounded_values_are_numbers_in_json(loaded):
    asked = "select sum(rows_added) as total, round(1.236, 2) as rounded, sum(rows_added)::double as plain from loads"
    (row,) = json.loads(run_in(loaded)("--store", "m.duckdb", "sql", asked, "--format", "json").stdout)
    assert row["total"] == row["plain"] > 0
    assert row["rounded"] == 1.24


def test_names_that_polars_reads_as_patterns_are_names_in_every_format():
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    frame = pl.DataFrame({"*": ["x"], "^.*$": [[1, 2]], "moment": [moment]})
    for form in FORMS.values():
        assert form.encode(frame)
    assert FORMS[OutputFormat.CSV].encode(frame) == b"*,^.*$,moment\nx,1; 2,2024-01-02T00:00:00Z\n"
    assert "1; 2" in short_table(frame, Look(()), 80)
    assert safe_cells(frame.with_columns(pl.lit("=1").alias("*")))["*"].to_list() == ["'=1"]
