"""SQL from anybody reads the store and does nothing else."""

from __future__ import annotations

import ast
import io
import time
import tomllib
from pathlib import Path
from subprocess import CompletedProcess

import pyarrow as pa
import pytest
from hostile_folder import CANARY

from correlator.errors import InputError, NotFoundError
from correlator.store import user_sql
from correlator.store.db import Store
from correlator.store.user_sql import Request
from correlator.store.user_sql_process import answer

INPUTS = tomllib.loads((Path(__file__).parent / "sql.toml").read_text(encoding="utf-8"))["input"]
PACKAGE = Path(__file__).parents[2] / "correlator"


@pytest.mark.parametrize("case", INPUTS, ids=[case["text"][:60] for case in INPUTS])
@pytest.mark.usefixtures("untouched")
def test_statements(case):
    out = io.BytesIO()
    request = Request("store.duckdb", case["text"], 60.0, 100_000_000, unsafe=False, lock_wait=1.0)
    if "refused" in case:
        with pytest.raises(InputError, match=case["refused"]) as caught:
            answer(request, out)
        assert CANARY not in str(caught.value)
        assert "\n" not in str(caught.value)
    else:
        answer(request, out)
        if "gives" in case:
            rows = pa.ipc.open_stream(out.getvalue()).read_all()
            assert [column[0].as_py() for column in rows.columns] == case["gives"]
    assert CANARY.encode() not in out.getvalue()


@pytest.mark.usefixtures("folder")
def test_a_query_beyond_its_limits_ends_and_the_caller_goes_on():
    store = Store("store.duckdb")
    with pytest.raises(InputError, match="longer than 1 s"):
        store.sql("select count(*) from range(1000000) a, range(10000000) b where a.range * b.range % 7 = 3", timeout=1)
    began = time.monotonic()
    with pytest.raises(InputError, match="memory than the limit of 0.1 GB|longer than 3 s"):
        store.sql("select len(range(1000000000))", memory="100MB", timeout=3)  # beyond DuckDB's own limits
    assert time.monotonic() - began < 60
    assert store.sql("select count(*) as n from bars").to_dicts() == [{"n": 3}]


@pytest.mark.usefixtures("folder")
def test_the_process_answers_as_a_connection_does():
    text = "select symbol, session, close, retrieved_at, 1::hugeint as h from bars order by session"
    store = Store("store.duckdb")
    assert store.sql(text).equals(store.frame(text))


def test_modules_in_the_current_folder_are_not_run(folder):
    for name in ("correlator", "duckdb", "json", "sitecustomize"):
        (folder / f"{name}.py").write_text("open('ran', 'w')")
    assert Store("store.duckdb").sql("select 1 as a").to_dicts() == [{"a": 1}]
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": 0}, "timeout must be more than 0"),
        ({"timeout": float("nan")}, "timeout must be more than 0"),
        ({"timeout": float("inf")}, "timeout must be more than 0"),
        ({"memory": "2 apples"}, "is not a size"),
        ({"memory": "1KB"}, "memory must be at least"),
    ],
)
@pytest.mark.usefixtures("untouched")
def test_limits_that_are_no_limits(options, message):
    with pytest.raises(InputError, match=message):
        Store("store.duckdb").sql("select 1", **options)


def test_no_store_no_process(tmp_path):
    with pytest.raises(NotFoundError, match="no store at"):
        Store(tmp_path / "none.duckdb").sql("select 1")


@pytest.mark.usefixtures("folder")
def test_unsafe_lifts_access_to_files_but_the_store_stays():
    store = Store("store.duckdb")
    assert store.sql("select canary from read_csv('canary.csv')", unsafe=True).item() == CANARY
    with pytest.raises(InputError, match="read-only"):
        store.sql("delete from bars", unsafe=True)


def test_every_connection_is_opened_in_one_place_without_extensions():
    from correlator.base.database import connect

    with connect() as connection:
        shown = connection.execute(
            "select name, value from duckdb_settings() where name like '%known_extensions' or name like '%community%'"
        ).fetchall()
    assert {value for _, value in shown} == {"false"}
    assert len(shown) == 3
    openers = [
        file.name
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "duckdb"
        and node.attr in ("connect", "sql", "query", "execute", "read_csv", "read_parquet", "from_query")
    ]
    assert openers == ["database.py"]


@pytest.mark.usefixtures("folder")
def test_rows_without_end_are_late_and_not_an_error_of_the_process():
    store = Store("store.duckdb")
    with pytest.raises(InputError, match="longer than 1 s"):
        store.sql("with recursive t(n) as (select 1 union all select n + 1 from t) select * from t", timeout=1)
    with pytest.raises(InputError, match="unpaired surrogate"):
        store.sql("select '\udcff'")


def test_columns_of_one_name_are_numbered_at_once():
    names = user_sql._distinct(["a"] * 20_000 + ["a_1", "b"])
    assert len(set(names)) == len(names)
    assert names[:3] + names[-2:] == ["a", "a_1", "a_2", "a_1_1", "b"]


def test_what_the_process_said_is_heard_also_where_a_library_writes_after_it():
    said = b'{"error": "InputError", "message": "SQL is empty", "hint": "write one"}\nException ignored in: <x>\n'
    done = CompletedProcess([], user_sql.EXIT_REFUSED, b"", said)
    error = user_sql._error_of(done, Request("m.duckdb", "", 60.0, 100_000_000, unsafe=False, lock_wait=1.0))
    assert (type(error), str(error)) == (InputError, "SQL is empty (write one)")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "text",
    [
        "select 'infinity'::date as x",
        "select '-infinity'::timestamptz as x",
        "select [timestamp '200000-01-01'] as x",
        "select {'a': date '-4000-01-01'} as x",
        "select date '9999-12-31' + 1 as x",
    ],
)
def test_a_date_that_no_calendar_has_is_refused(text):
    out = io.BytesIO()
    answer(Request("store.duckdb", text, 60.0, 100_000_000, unsafe=False, lock_wait=1.0), out)
    with pytest.raises(InputError, match="years 1 to 9999 in column 'x'"):
        user_sql._frame(out.getvalue())
