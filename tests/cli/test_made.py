"""Every file that a study writes says how it was made: inside Parquet, beside any other file."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from correlator.cli.app import app


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(1)
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(500)]
    prices = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (500, 2)), axis=0))
    pl.DataFrame({"date": days, "AAA": prices[:, 0], "MKT": prices[:, 1]}).write_csv(tmp_path / "prices.csv")
    pl.DataFrame({"symbol": ["AAA"] * 2, "date": [days[400], days[450]]}).write_csv(tmp_path / "events.csv")
    pl.DataFrame({"date": days, "F1": rng.normal(0, 0.01, 500)}).write_csv(tmp_path / "factors.csv")
    return tmp_path


def run(files, *more):
    named = ("--prices", str(files / "prices.csv"), "--events", str(files / "events.csv"), "--benchmark", "MKT")
    return CliRunner().invoke(app, ["study", *named, "--windows", "-1:1", *more])


@pytest.mark.parametrize("output", ["car", "caar"])
def test_parquet_says_how_it_was_made(files, output):
    """``car`` is streamed into the file, ``caar`` written at once."""
    assert run(files, "--output", output, "--to", str(files / "out.parquet")).exit_code == 0
    made = json.loads(pq.read_metadata(files / "out.parquet").metadata[b"correlator"])
    assert (made["table"], made["model"], made["returns"], made["benchmark_used"]) == (output, "market", "log", "MKT")
    assert made["windows"] == ["-1:1"]
    assert made["made_by"].startswith("correlator ")
    assert pl.read_parquet(files / "out.parquet").height in (1, 2)


def test_a_csv_has_it_beside_and_stays_a_csv(files):
    assert run(files, "--output", "car", "--to", str(files / "out.csv")).exit_code == 0
    made = json.loads((files / "out.csv.meta.json").read_text())
    assert (made["file"], made["events_measured"], made["events_excluded"]) == ("out.csv", 2, 0)
    assert "logarithms" in made["unit"]
    assert pl.read_csv(files / "out.csv").columns[:3] == ["event_id", "symbol", "window"]


def test_stdout_has_no_sidecar(files):
    done = run(files, "--output", "car", "--format", "csv")
    assert done.exit_code == 0
    assert not list(files.glob("*.meta.json"))


def test_factors_without_a_model_that_uses_them_are_refused(files):
    done = run(files, "--factors", str(files / "factors.csv"))
    assert done.exit_code != 0
    assert "used by the model factors only" in str(done.exception)
    named = run(files, "--factors", str(files / "factors.csv"), "--model", "factors", "--output", "car")
    assert named.exit_code == 0
