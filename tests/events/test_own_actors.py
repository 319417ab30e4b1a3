"""A user's own actors and lexicon lines: known where named, checked as ours are."""

from __future__ import annotations

import json
import os
from datetime import date

import forked
import pytest

from correlator.errors import InputError, NotFoundError
from correlator.events.coder import code_text
from correlator.events.vocabulary.own_actors import own_actors

OWN = """
[[actors]]
kind = "leader"
names = ["Zora Quill", "Quill"]
country = "CAN"
role = "GOV"
from = 2026-11-01

[[actors]]
kind = "igo"
names = ["Lantern Bank"]
country = "LNB"

[[lexicon]]
category = "AID"
pattern = "underwrite~ .. budget"
weight = 6
example = "Qatar underwrites budget of Lebanon"
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_own_names_and_lines_are_known_within_the_block_alone(own):
    with own_actors(own):
        event = code_text("Quill underwrites Lebanese budget", on=date(2026, 11, 20))[0]
        bank = code_text("Lantern Bank gives loan to Kenya")[0]
    assert (event.category, event.source.code, event.dyad) == ("AID", "CAN:GOV", "CAN-LBN")
    assert bank.source.code == "LNB:IGO"
    assert code_text("Quill underwrites Lebanese budget") == []


def test_the_command_takes_them_by_option_and_by_variable(own, tmp_path):
    lines = tmp_path / "h.jsonl"
    lines.write_text(json.dumps({"text": "Zora Quill meets Modi"}) + "\n", encoding="utf-8")
    option = forked.run(["code", lines, "--actors", own], cwd=tmp_path).stdout
    variable = forked.run(["code", lines], cwd=tmp_path, env={**os.environ, "CORRELATOR_ACTORS": str(own)}).stdout
    assert option == variable
    assert json.loads(option)["events"][0]["dyad"] == "CAN-IND"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[actors]]\nkind = 'boss'\nnames = ['X']\n", "unknown kind 'boss'"),
        ("[[actors]]\nkind = 'leader'\nnames = []\ncountry = 'CAN'\n", "names must be a list"),
        ("[[actors]]\nkind = 'leader'\nnames = ['Zed']\ncountry = 'QQQ'\n", "unknown country or organisation"),
        ("[[actors]]\nkind = 'place'\nnames = ['Lahore']\ncountry = 'IND'\n", "is PAK in the shipped data, not IND"),
        (
            "[[actors]]\nkind = 'leader'\nnames = ['Zed']\ncountry = 'CAN'\nfrom = 2026-02-01\nto = 2026-01-01\n",
            "before from",
        ),
        ("[[actors]]\nkind = 'leader'\nnames = ['Zed']\ncountry = 'CAN'\nage = 3\n", "unknown key 'age'"),
        ("[[lexicon]]\ncategory = 'GIFT'\npattern = 'x'\nexample = 'x'\n", "unknown category 'GIFT'"),
        ("[[lexicon]]\ncategory = 'AID'\npattern = 'x~'\nexample = 'y'\n", "does not match its example"),
        ("[[people]]\nname = 'x'\n", "unknown table 'people'"),
        ("[[actors]\n", "is not valid TOML: line 1, column"),
    ],
)
def test_a_file_at_fault_is_refused(tmp_path, text, said):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with own_actors(path), pytest.raises(InputError, match=said):
        code_text("Zed meets Modi")


def test_a_name_is_taken_over_on_demand(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        "[[actors]]\nkind = 'place'\nnames = ['Lahore']\ncountry = 'IND'\nreplaces = true\n", encoding="utf-8"
    )
    with own_actors(path):
        assert code_text("Lahore thanks Kabul")[0].dyad == "AFG-IND"


def test_a_file_that_is_not_there(tmp_path):
    with own_actors(tmp_path / "none.toml"), pytest.raises(NotFoundError):
        code_text("Zed meets Modi")


@pytest.mark.parametrize("text", ["actors = 3\n", '[actors]\nkind = "leader"\n', 'lexicon = "x"\n'])
def test_entries_that_are_not_a_list_of_tables_are_refused(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with own_actors(path), pytest.raises(InputError, match=r"must be a list of tables .write \[\["):
        code_text("Qatar underwrites budget of Lebanon")


TWO = """
[[actors]]
kind = "leader"
names = ["Zora Quill"]
country = "CAN"
{first}

[[actors]]
kind = "leader"
names = ["ZORA QUILL"]
country = "NZL"
{second}
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [("", ""), ("", "from = 2024-01-01"), ("from = 2020-01-01\nto = 2024-01-01", "from = 2024-01-01")],
)
def test_a_name_of_two_countries_at_the_same_time_is_refused(tmp_path, first, second):
    path = tmp_path / "own.toml"
    path.write_text(TWO.format(first=first, second=second), encoding="utf-8")
    with own_actors(path), pytest.raises(InputError, match="'ZORA QUILL' is of CAN in one entry and of NZL in another"):
        code_text("Zora Quill visits France")


def test_a_name_of_two_countries_one_after_the_other(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        TWO.format(first="from = 2024-01-01", second="from = 2020-01-01\nto = 2023-12-31"), encoding="utf-8"
    )
    with own_actors(path):
        dyads = [code_text("Zora Quill visits France", on=date(year, 5, 1))[0].dyad for year in (2022, 2025)]
    assert dyads == ["FRA-NZL", "CAN-FRA"]
