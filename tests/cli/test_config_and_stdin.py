"""What a user sets once in a file, and what comes from stdin instead of one."""

from __future__ import annotations

import os
from threading import Thread

import pytest
from typer.testing import CliRunner

from correlator.cli.app import app
from correlator.config import ignored, setting, settings
from correlator.errors import CorrelatorError, InputError
from correlator.intake.prices import add_prices
from correlator.news.text_lines import lines_of
from correlator.store.db import Store

BARS = "Date,Close\n2025-05-26,10\n2025-05-27,11\n2025-05-29,12\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("CORRELATOR_STORE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    (tmp_path / "user" / "correlator").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def run(*arguments: str, stdin: str | bytes = ""):
    done = CliRunner().invoke(app, list(arguments), input=stdin)
    if isinstance(done.exception, CorrelatorError):
        raise done.exception
    assert done.exit_code in (0, 10), done.exception
    return done


def test_the_folder_wins_over_the_user_and_doctor_says_where_each_comes_from(folder):
    (folder / "user" / "correlator" / "correlator.toml").write_text('exchange = "XNYS"\ncoder = "full"\n')
    (folder / "work" / "correlator.toml").write_text('exchange = "XKAR"\nstore = "mine.duckdb"\n')
    assert {key: each.value for key, each in settings().items()} == {
        "exchange": "XKAR",
        "coder": "full",
        "store": "mine.duckdb",
    }
    said = run("doctor", "--format", "csv").stdout
    assert "setting exchange,ok,XKAR (correlator.toml)" in said
    assert "user/correlator/correlator.toml" in said
    with ignored():
        assert setting("exchange") is None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("m.duckdb", "{}/m.duckdb"),
        ("lake/", "{}/lake/"),
        ("s3://bucket/name", "s3://bucket/name"),
        ("~/m.duckdb", "{home}/m.duckdb"),
    ],
)
def test_the_store_of_a_users_file_is_a_file_a_lake_or_a_bucket(folder, monkeypatch, written, address):
    monkeypatch.setenv("HOME", str(folder))
    user = folder / "user" / "correlator"
    (user / "correlator.toml").write_text(f'store = "{written}"\n')
    assert setting("store") == address.format(user, home=folder)


def test_a_lake_of_the_file_in_the_folder_becomes_a_lake(folder):
    (folder / "work" / "correlator.toml").write_text('store = "mine/"\nexchange = "XKAR"\n')
    (folder / "work" / "p.csv").write_text(BARS)
    run("add", "prices", "p.csv", "--symbol", "ZZZ")
    assert (folder / "work" / "mine").is_dir()


def test_store_and_exchange_are_used_and_an_option_wins(folder):
    (folder / "work" / "correlator.toml").write_text('exchange = "XKAR"\nstore = "mine.duckdb"\n')
    (folder / "work" / "p.csv").write_text(BARS)
    run("add", "prices", "p.csv", "--symbol", "ZZZ")
    run("add", "prices", "p.csv", "--symbol", "YYY", "--exchange", "XNYS", "--store", "other.duckdb")
    assert Store("mine.duckdb").frame("SELECT symbol, exchange FROM instruments").rows() == [("ZZZ", "XKAR")]
    assert Store("other.duckdb").frame("SELECT exchange FROM instruments").rows() == [("XNYS",)]
    assert not (folder / "work" / "correlator.duckdb").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stor = "x"', "did you mean store"),
        ("coder = 3", "coder must be a non-empty string, got 3"),
        ("coder =", "correlator.toml"),
    ],
)
def test_a_file_that_is_wrong_is_said_with_its_name(folder, text, said):
    (folder / "work" / "correlator.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        settings()


def test_doctor_names_a_value_that_does_not_exist(folder):
    (folder / "work" / "correlator.toml").write_text('coder = "ful"\n')
    assert "coder 'ful' is not known" in run("doctor", "--format", "csv").stdout


@pytest.mark.usefixtures("folder")
def test_what_came_from_stdin_is_called_so_in_words_and_tables():
    said = [
        run("add", "prices", "-", "--symbol", "HBL", stdin=BARS + "2025-13-01,1\n"),
        run("add", "events", "-", stdin="date,category,symbol\n2025-05-27,EARNINGS,HBL\n2025-13-27,AID,HBL\n"),
        run("add", "news", "-", stdin="published,headline\n2025-05-27T09:00:00Z,China and Iran sign a treaty\nx,y\n"),
        run("add", "instruments", "-", stdin="symbol,exchange\nHBL,XKAR\n"),
        run("add", "watchlist", "-", stdin="symbol,words,kind\nHBL,bank,watchlist\n"),
        *(run("list", table, "--all", "--format", "csv") for table in ("loads", "articles", "rejects")),
    ]
    texts = [done.stdout + done.stderr for done in said]
    assert [text for text in texts if "stdin" not in text] == []
    assert not [text for text in texts if "correlator-stdin" in text or "stdin." in text]
    with pytest.raises(InputError, match="^stdin has a header but no rows"):
        run("add", "prices", "-", "--symbol", "HBL", stdin="Date,Close\n")


@pytest.mark.usefixtures("folder")
def test_stdin_is_read_where_a_file_is():
    run("add", "prices", "-", "--symbol", "HBL", stdin=BARS)
    run("add", "events", "-", stdin="date,category,symbol\n2025-05-27,EARNINGS,HBL\n")
    run("add", "news", "-", stdin="published,headline\n2025-05-27T09:00:00Z,Pakistan and China sign agreement\n")
    counts = "SELECT (SELECT count(*) FROM bars), (SELECT count(*) FROM events), (SELECT count(*) FROM articles)"
    assert Store("correlator.duckdb").frame(counts).row(0) == (3, 2, 1)
    wide = "date,HBL,M\n" + "".join(
        f"2025-{1 + n // 28:02}-{1 + n % 28:02},{100 + n % 7},{50 + n % 5}\n" for n in range(200)
    )
    events = "symbol,date\nHBL,2025-07-01\n"
    options = ("--benchmark", "M", "--estimation", "-100:-20", "--window", "-1:1", "--minimum", "50")
    from pathlib import Path

    Path("e.csv").write_text(events)
    done = run("study", "--prices", "-", "--events", "e.csv", *options, "--output", "car", stdin=wide)
    assert done.stdout.count("HBL") == 2
    with pytest.raises(InputError, match="read once"):
        run("add", "prices", "-", "-", "--symbol", "HBL", stdin=BARS)
    with pytest.raises(InputError, match="stdin is empty"):
        run("add", "events", "-", stdin="")


def test_headlines_in_another_encoding_are_coded_when_it_is_named(tmp_path):
    path = tmp_path / "headlines.jsonl"
    path.write_bytes('{"text": "Pakistan, Türkiye sign défense pact"}\n'.encode("cp1252"))
    with pytest.raises(InputError, match="line 1 is not UTF-8 text"):
        list(lines_of(path))
    named = run("code", str(path), "--encoding", "cp1252")
    assert '"dyad": "PAK-TUR"' in named.stdout
    assert run("code", "-", "--encoding", "cp1252", stdin=path.read_bytes()).stdout == named.stdout


def test_a_pipe_is_read_whole_at_the_prompt_and_refused_in_python(folder):
    pipe = folder / "bars"
    os.mkfifo(pipe)

    writer = Thread(target=pipe.write_text, args=(BARS,), daemon=True)
    writer.start()
    run("add", "prices", str(pipe), "--symbol", "HBL")
    assert Store("correlator.duckdb").frame("SELECT count(*) FROM bars").item() == 3
    with pytest.raises(InputError, match="bars is a pipe, which can be read only once"):
        add_prices(Store("correlator.duckdb"), pipe, symbol="HBL")
