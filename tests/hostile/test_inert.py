"""Texts that a spreadsheet would run are led by an apostrophe; numbers and all else stay."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.base.inert import file_name, safe_cells, safe_text, visible


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1)", " =1", "\t=1", "\n@x", "＝1", "\tplain", '"=1+1"'],
)
def test_formulas_are_defused(text):
    (cell,) = safe_cells(pl.DataFrame({"a": [text]}))["a"]
    assert cell.startswith("'")
    assert cell.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    "text", ["-3.77", "+5%", "1e-3", "-1:1", "-1,234.5", "", "Pakistan - India", "a=b", "2025-05-28"]
)
def test_plain_cells_stay(text):
    frame = pl.DataFrame({"a": [text, None], "n": [-1.5, None]})
    assert safe_cells(frame).equals(frame)


@pytest.mark.parametrize("text", ["=1+1", "+a", "-a", "@a", "\t1", "ok", "-3.77", "1:1", ""])
def test_one_cell_is_as_a_column(text):
    assert safe_text(text) == safe_cells(pl.DataFrame({"a": [text]}))["a"][0]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a; \"+cmd|' /C calc'!A0", "a; \"'+cmd|' /C calc'!A0"),
        ("a;-1+cmd;@x", "a;'-1+cmd;'@x"),
        ("a\t=1", "a\t'=1"),
        ("a\r\n＝1", "a\r\n'＝1"),
        ("a\n- b", "a\n- b"),
        ("a=b; c", "a=b; c"),
    ],
)
def test_a_cell_that_is_split_elsewhere_holds_no_formula(text, cell):
    assert safe_text(text) == cell
    assert safe_cells(pl.DataFrame({"a": [text]}))["a"].to_list() == [cell]


@pytest.mark.parametrize(
    "names", [["=1", "'=1"], ["'=1", "=1", "''=1"], ["a\x1b", "a\\u001b"], ["\x01", "\\u0001", "=x"]]
)
def test_no_name_of_a_column_stays_because_another_has_its_safe_form(names):
    safe = safe_cells(pl.DataFrame({name: ["a"] for name in names})).columns
    assert len(set(safe)) == len(names)
    assert not any(name.startswith("=") or not name.isprintable() for name in safe)


def test_names_of_columns_and_categories_are_cells_too():
    frame = pl.DataFrame({"=1+1": ["a"], "b": pl.Series(["@x"], dtype=pl.Categorical)})
    assert safe_cells(frame).to_dict(as_series=False) == {"'=1+1": ["a"], "b": ["'@x"]}


def without_orders(text: str) -> str:
    """``text`` with marks for controls and overrides of direction, written out anew."""
    kept = {"\t", "\n", "\r", "\u200c", "\u200d", "\u200e", "\u200f"}
    turned = {chr(point) for point in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    return "".join(
        f"\\u{ord(each):04x}" if each in turned or (unicodedata.category(each) == "Cc" and each not in kept) else each
        for each in text
    )


def test_orders_to_terminals_and_turned_lines_are_marks_in_cells():
    frame = pl.DataFrame({"a": ["\x1b[2J", "x\u202ecod.exe", "می\u200cروم", "two\nlines"]})
    assert safe_cells(frame)["a"].to_list() == ["\\u001b[2J", "x\\u202ecod.exe", "می\u200cروم", "two\nlines"]


@settings(deadline=None)
@given(st.lists(st.text(max_size=12) | st.none(), min_size=1, max_size=8))
def test_nothing_is_lost(texts):
    frame = pl.DataFrame({"a": texts}, schema={"a": pl.String()})
    safe = safe_cells(frame)
    for text, cell in zip(texts, safe["a"], strict=True):
        assert cell == (None if text is None else safe_text(text))
        assert text is None or cell.replace("'", "") == without_orders(text).replace("'", "")
    assert not any((cell or "").lstrip().startswith(("=", "@")) for cell in safe["a"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\u001b[2J"),
        ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
        ("a\rb", "a\\u000db"),
        ("a\bb", "a\\u0008b"),
        ("\x9b31m", "\\u009b31m"),
        ("\x7f", "\\u007f"),
        ("ab\u202ecod.exe", "ab\\u202ecod.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("\u200f", "\\u200f"),
        ("\u2028", "\\u2028"),
        ("\ufeff", "\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\udcff"),
        ("\x00", "\\u0000"),
        ("two\nlines\tand tabs", "two\nlines\tand tabs"),
        ("پاکستان – Pakistan", "پاکستان – Pakistan"),
    ],
)
def test_controls_are_marks(text, shown):
    assert visible(text) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("AIRLINK", "AIRLINK"),
        ("^KSE", "^KSE"),
        ("BRK/B", "BRK-B"),
        ("../evil", "evil"),
        ("..", "unnamed"),
        ("/etc/passwd", "etc-passwd"),
        ("C:\\evil", "C-evil"),
        ("a\nb", "a-b"),
        ("a\0b", "a-b"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("$(touch x)", "touch-x-"),
        ("a;b|c&d", "a-b-c&d"),
        ("A,B", "A-B"),
        ("CON", "_CON"),
        ("nul.KA", "_nul.KA"),
        ("CONE", "CONE"),
        ("x" * 500, "x" * 100),
        ("", "unnamed"),
    ],
)
def test_names_of_files_stay_in_their_folder(symbol, name):
    assert file_name(symbol) == name


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_is_a_path(text):
    from pathlib import PurePosixPath, PureWindowsPath

    name = file_name(text)
    assert PurePosixPath(name).name == name
    assert PureWindowsPath(name).name == name
    assert name == visible(name)


def test_a_schedule_holds_no_second_line(tmp_path):
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from correlator.errors import InputError
    from correlator.report.schedule import crontab_line, parse_daily_time, systemd_units

    at, now = parse_daily_time("16:15 Asia/Karachi"), datetime(2025, 5, 28, tzinfo=UTC)
    for part in ("a\n* * * * * touch x", "a\rb", "a\0", "a\u2028b"):
        with pytest.raises(InputError, match="schedule cannot contain"):
            crontab_line(at, ["correlator", part], ZoneInfo("UTC"), now)
        with pytest.raises(InputError, match="schedule cannot contain"):
            systemd_units("daily", at, ["correlator", part], tmp_path)
    assert "'a b; touch x'" in crontab_line(at, ["correlator", "a b; touch x"], ZoneInfo("UTC"), now)


def test_a_workbook_holds_no_formula_and_no_link():
    import io
    import zipfile

    from correlator.cli.tables.formats import FORMS, OutputFormat

    frame = pl.DataFrame({"=1+1": ["=1+1", "{=1+1}", "https://evil.example/", "@x", None]})
    book = zipfile.ZipFile(io.BytesIO(FORMS[OutputFormat.XLSX].encode(frame)))
    texts = {name: book.read(name).decode("utf-8", "replace") for name in book.namelist()}
    assert not [name for name, text in texts.items() if "<f>" in text or "<hyperlink" in text]
    assert "evil.example" in texts["xl/sharedStrings.xml"]
