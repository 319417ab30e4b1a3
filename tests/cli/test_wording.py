"""Errors and warnings belong to who made the call: arguments in Python, options at the prompt, one line each."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import date, timedelta

import polars as pl
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.cli.wording import at_prompt, with_options
from correlator.errors import CorrelatorWarning, InputError, warn


def test_the_prompt_says_options_where_python_says_arguments() -> None:
    for options, said in (
        ({"minimum_observations": 1}, "--minimum-observations must be at least 2, got 1"),
        ({"links": "prnted"}, "--link 'prnted' is not known"),
        ({"as_of": "soon"}, "--as-of 'soon' is not a date"),
    ):
        with pytest.raises(InputError) as caught:
            co.study("m.duckdb", **options)
        assert at_prompt(caught.value).startswith(said)
    hinted = InputError("no close", hint="give exchange='XNAS', or close_of_day='16:00 Asia/Karachi'")
    assert at_prompt(hinted) == "no close (give --exchange XNAS, or --close-of-day '16:00 Asia/Karachi')"
    plain = InputError("events have no column 'symbol'", hint="they have a, b")
    assert at_prompt(plain) == str(plain)


def frames(tmp_path):
    days = [date(2020, 1, 1) + timedelta(days=k) for k in range(200)]
    returns = [0.01 * ((k * 7919) % 13 - 6) / 6 for k in range(200)]
    returns[150] = float("inf")
    wide, events = pl.DataFrame({"date": days, "A": returns}), pl.DataFrame({"symbol": ["A"], "date": [days[150]]})
    wide.write_csv(tmp_path / "wide.csv")
    events.write_csv(tmp_path / "events.csv")
    return wide, events


OPTIONS = {"model": "mean", "estimation": "-100:-11", "window": "-1:1"}


def test_a_warning_is_ours_once_and_points_at_the_caller(tmp_path) -> None:
    wide, events = frames(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(2):
            co.study(returns=wide, events=events, **OPTIONS)
    assert {(each.category, each.filename) for each in caught} == {(CorrelatorWarning, __file__)}
    assert len({str(each.message) for each in caught}) == len(caught)
    with pytest.warns(CorrelatorWarning, match="of two lines"):
        warn("one line\n   of two lines")


def test_a_warning_is_one_line_at_the_prompt_and_quiet_silences_it(tmp_path) -> None:
    frames(tmp_path)
    study = [
        "study",
        "--returns",
        str(tmp_path / "wide.csv"),
        "--events",
        str(tmp_path / "events.csv"),
        "--model",
        "mean",
    ]
    study += ["--estimation", "-100:-11", "--window", "-1:1", "--output", "excluded"]
    loud, quiet = CliRunner().invoke(app, study), CliRunner().invoke(app, ["-q", *study])
    assert next(line for line in loud.stderr.splitlines() if "infinite" in line).startswith(
        "warning: 1 return is infinite"
    )
    assert (quiet.stderr, quiet.exit_code) == ("", 0)
    assert loud.stdout == quiet.stdout


def test_the_demo_shows_no_source_line(tmp_path) -> None:
    command = [sys.executable, "-m", "correlator.cli.main", "demo", "--folder", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "UserWarning" not in done.stderr
    assert ".py" not in done.stderr
    assert "warning: " in done.stderr


def test_warnings_say_options() -> None:
    text = "give exchange='XNYS' to leave them out (read result.excluded)"
    assert with_options(text) == "give --exchange XNYS to leave them out (read --output excluded)"
