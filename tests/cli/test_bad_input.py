"""Bad input: one clear line on stderr, a non-zero exit code, nothing half-written."""

from __future__ import annotations

import pytest


def one_line(done) -> str:
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return lines[0]


def test_a_page_without_a_date(run, tmp_path):
    (tmp_path / "page.txt").write_text("Envoys meet in Lahore\n\nThe envoys of two countries met in Lahore.\n")
    said = one_line(run("--store", "m.duckdb", "add", "news", "page.txt", code=3))
    assert "page.txt" in said
    assert "--published" in said
    assert not (tmp_path / "m.duckdb").exists()


def test_a_bar_file_with_a_missing_column(run, tmp_path):
    (tmp_path / "bars.csv").write_text("Date,Open,High,Low\n2025-05-26,1,2,1\n")
    said = one_line(
        run("--store", "m.duckdb", "add", "prices", "bars.csv", "--symbol", "LAMP", "--exchange", "XKAR", code=3)
    )
    assert "bars.csv" in said
    assert "close" in said.lower()
    assert not (tmp_path / "m.duckdb").exists()


@pytest.mark.parametrize(
    "options",
    [("--interval", "5m"), ("--start", "2024-01-01"), ("--yahoo", "--zone", "UTC"), ("--strips", "--symbol", "LAMP")],
)
def test_an_option_that_would_not_be_looked_at(run, options, tmp_path):
    (tmp_path / "bars.csv").write_text("Date,Close\n2025-05-26,1\n")
    said = one_line(run("--store", "m.duckdb", "add", "prices", "bars.csv", "--exchange", "XKAR", *options, code=3))
    assert "leave it out" in said
    assert not (tmp_path / "m.duckdb").exists()


@pytest.mark.parametrize("verb", [("add", "news", "absent.txt"), ("add", "prices", "absent.csv", "--symbol", "X")])
def test_files_that_do_not_exist(run, verb, tmp_path):
    assert "absent" in one_line(run("--store", "m.duckdb", *verb, code=4))
    assert not (tmp_path / "m.duckdb").exists()


def test_a_folder_that_does_not_exist(run, sample):
    done = run("--store", "no/m.duckdb", "add", "news", sample / "page.txt", code=4)
    assert "folder no does not exist" in one_line(done)


def test_a_store_that_does_not_exist(run):
    assert "m.duckdb" in one_line(run("--store", "m.duckdb", "list", "articles", code=4))


def test_an_unknown_symbol_comes_with_the_likely_one(loaded):
    from cli_process import run_in

    done = run_in(loaded)("--store", "m.duckdb", "study", "--symbol", "AIRLNK", "--benchmark", "KSE100", code=4)
    assert "did you mean AIRLINK" in one_line(done)


def test_no_kind_of_confounder_is_refused(loaded):
    from cli_process import run_in

    done = run_in(loaded)("--store", "m.duckdb", "confounds", "--kinds", " , ", code=3)
    assert "--kinds is empty" in one_line(done)


def test_an_unknown_article(loaded):
    from cli_process import run_in

    assert "article 99" in one_line(run_in(loaded)("--store", "m.duckdb", "explain", "99", code=4))


def test_an_unknown_exchange(run, sample, tmp_path):
    done = run(
        "--store", "m.duckdb", "add", "prices", sample / "AIRLINK.csv", "--symbol", "LAMP", "--exchange", "XKAT", code=4
    )
    assert "XKAR" in one_line(done)
    assert not (tmp_path / "m.duckdb").exists()


def test_sql_that_writes_or_fails(loaded):
    from cli_process import run_in

    run = run_in(loaded)
    one_line(run("--store", "m.duckdb", "sql", "delete from bars", code=3))
    one_line(run("--store", "m.duckdb", "sql", "select nonsense from bars", code=3))


def test_a_significance_of_one_event_is_refused(loaded):
    from cli_process import run_in

    arguments = ("--estimation", "-145:-26", "--window", "-15:5", "--output", "significance")
    done = run_in(loaded)(
        "--store", "m.duckdb", "study", "--symbol", "AIRLINK", "--benchmark", "KSE100", *arguments, code=5
    )
    assert "cross-section" in one_line(done)


def test_unreadable_rows_are_rejects(run, tmp_path):
    (tmp_path / "bars.csv").write_text(
        "Date,Open,High,Low,Close,Volume\n2025-05-26,1,2,1,2,10\n2025-05-27,1,2,1,what,10\n2025-05-29,1,2,1,2,10\n"
    )
    run("--store", "m.duckdb", "add", "prices", "bars.csv", "--symbol", "LAMP", "--exchange", "XKAR")
    text = run("--store", "m.duckdb", "list", "rejects", "--format", "csv").stdout
    assert "bars.csv,3," in text
    assert "what" in text


def test_a_text_without_a_quote_that_can_be_read(run, tmp_path):
    (tmp_path / "page.txt").write_text("Envoys meet in Lahore\n")
    assert "page.txt has no readable quote" in one_line(run("strip", "page.txt", code=3))
    (tmp_path / "page.txt").write_text("Envoys meet\nLAMP 10.00 ▲ -0.50 (-4.76%)\n", encoding="utf-8")
    told, refused = run("strip", "page.txt", code=3).stderr.strip().splitlines()
    assert "line 2" in told
    assert "contradict" in told
    assert refused.startswith("error: page.txt has no readable quote")
