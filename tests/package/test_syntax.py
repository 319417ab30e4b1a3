"""What is wrong with a text that is not JSON, TOML or CSV is told in words of ours, with its place."""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path

import pytest

from correlator.base.files import read_toml
from correlator.base.syntax import csv_fault, json_fault, toml_fault
from correlator.errors import InputError
from correlator.news.corpora.records import read_records
from correlator.news.feed import feed_batches

_THEIRS = (
    "Expecting",
    "Expected",
    "Invalid",
    "Unterminated",
    "delimiter",
    "char ",
    "codec",
    "(at ",
    "limit",
    "cannot be read",
)

JSON = {
    '{"a": }': "line 1, column 7: a value is missing",
    "{\n a: 1}": "line 2, column 2: a name in double quotes is missing",
    '{"a" 1}': "line 1, column 6: a colon is missing",
    '{"a": 1 "b": 2}': "line 1, column 9: a comma is missing",
    '{"a": "b': "line 1, column 7: a text is not closed",
    '{"a": "b\nc"}': "line 1, column 9: a line break or control character stands inside a text",
    '{"a": "\\q"}': "a backslash begins no known character",
    "{} {}": "line 1, column 4: something follows the end",
    "[" * 100_000: "it is nested too deeply",
    "1" * 5_000: "a number has too many digits",
}
TOML = {
    "a = ": "its end: the value is missing",
    "a = b": "line 1, column 5: the value is missing, or is a string without quotes",
    "a": "its end: an equals sign is missing after the key",
    "\n[a": "its end: a bracket is not closed",
    "[[a]\n": "line 1, column 4: brackets are not closed",
    "a = 1 b = 2": "line 1, column 7: unexpected text after the value",
    "= 1": "line 1, column 1: the line starts with neither a key nor a table",
    "a = 1\na = 2": "its end: a key is defined twice",
    "[a]\n[a]": "line 2, column 3: a table is defined twice",
    'a = "b': "its end: a string is not closed",
    "a = [1": "its end: a bracket is not closed",
    "a = {b = 1": "a brace is not closed",
    'a = "C:\\data"': "unknown escape sequence after a backslash",
    "a = 2024-02-30": "line 1, column 5: a date does not exist",
    'a = "b\x00"': "a control character or line break is not allowed here",
}


@pytest.mark.parametrize("text", JSON, ids=range(len(JSON)))
def test_json(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)) as fault:
        json.loads(text)
    _is_told(json_fault(fault.value), JSON[text])


@pytest.mark.parametrize("text", TOML, ids=range(len(TOML)))
def test_toml(text: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, RecursionError)) as fault:
        tomllib.loads(text)
    _is_told(toml_fault(fault.value), TOML[text])
    (tmp_path / "a.toml").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(InputError, match="a.toml"):
        read_toml(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['a,"b', "c"], "a quote is not closed"),
        (['a,"b"c'], "something follows a closing quote"),
        (["a\rb"], "a line ends with a lone carriage return"),
        (["x" * 200_000], "a cell is too long; a quote may be open"),
    ],
)
def test_csv(lines: list[str], said: str) -> None:
    before = csv.field_size_limit(100_000)
    try:
        with pytest.raises(csv.Error) as fault:
            list(csv.reader(lines, strict=True))
    finally:
        csv.field_size_limit(before)
    assert csv_fault(fault.value) == said


def _is_told(told: str, expected: str) -> None:
    assert expected in told
    assert not any(word in told for word in _THEIRS)


def test_a_line_that_is_not_json_is_a_reject_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "news.jsonl").write_text('{"title": "a"}\n{"title": "b"\n["c"]\n', encoding="utf-8")
    faulty: list[dict[str, object]] = []
    assert len(list(read_records(tmp_path / "news.jsonl").rows(faulty, None))) == 1
    assert [each["source_line"] for each in faulty] == [2, 3]
    assert faulty[0]["reason"] == "not JSON: column 14: a comma is missing"
    assert faulty[1]["reason"] == "JSON, but not an object"


def test_a_feed_cut_short_says_where() -> None:
    with pytest.raises(InputError, match="is not a JSON Feed: line 1, column 12: a value is missing"):
        list(feed_batches(b'{"items": [', "feed.json"))
