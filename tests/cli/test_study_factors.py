"""Factor files with words around their table, in per cent, with a risk-free column: from files and from the store."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

DAYS = [date(2019, 1, 1) + timedelta(n) for n in range(400)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("factors")
    rng = np.random.default_rng(4)
    market, size, free = np.round(rng.normal(0, 1, 400), 2), np.round(rng.normal(0, 0.5, 400), 2), np.full(400, 0.01)
    share = (free + 0.02 + 1.2 * market - 0.4 * size) / 100
    lines = ["A made-up file of factors.", "Figures are in per cent.", "", ",Mkt-RF,SMB,RF"]
    lines += [f"{d:%Y%m%d},{m:.2f},{s:.2f},{f:.3f}" for d, m, s, f in zip(DAYS, market, size, free, strict=True)]
    (folder / "factors.csv").write_text("\n".join([*lines, "", "Copyright nobody"]))
    pl.DataFrame({"date": DAYS, "A": share}).write_csv(folder / "wide.csv")
    (folder / "events.csv").write_text(f"symbol,date\nA,{DAYS[350]}\n")
    return folder


def models(text: str) -> dict[str, float]:
    (row,) = csv.DictReader(io.StringIO(text))
    return {name: float(value) for name, value in row.items() if name not in ("symbol", "findings")}


def test_loadings_over_the_risk_free_return(folder, run) -> None:
    arguments = ["--returns", folder / "wide.csv", "--events", folder / "events.csv", "--model", "factors"]
    arguments += ["--factors", folder / "factors.csv", "--output", "models", "--format", "csv"]
    done = run("study", *arguments, "--risk-free", "RF")
    found = models(done.stdout)
    assert found["alpha"] == pytest.approx(0.0002, abs=1e-9)
    assert found["beta"] == pytest.approx(1.2, abs=1e-7)
    assert found["beta_SMB"] == pytest.approx(-0.4, abs=1e-7)
    assert "in per cent, converted to fractions" in done.stderr


def test_a_risk_free_column_that_is_not_there(folder, run) -> None:
    arguments = ["--returns", folder / "wide.csv", "--events", folder / "events.csv", "--model", "factors"]
    done = run("study", *arguments, "--factors", folder / "factors.csv", "--risk-free", "Rf", code=4)
    assert "'Rf' for the risk-free return is missing (columns are Mkt-RF, SMB, RF, A)" in done.stderr
    assert done.stdout == ""


def test_stored_bars_over_the_risk_free_return(loaded, run, folder) -> None:
    """A constant risk-free return moves alpha by what the benchmark does not take up: (beta - 1) times it."""
    days = pl.date_range(date(2024, 10, 1), date(2025, 10, 31), eager=True)
    pl.DataFrame({"date": days, "rate": [0.0003] * len(days)}).write_csv(folder / "rates.csv")
    arguments = ["--store", loaded / "m.duckdb", "study", "--symbol", "AIRLINK", "--benchmark", "KSE100"]
    arguments += ["--estimation", "-145:-26", "--window", "-15:5", "--output", "models", "--format", "csv"]
    plain = models(run(*arguments).stdout)
    from correlator.research.study import study
    from correlator.workspace import Store

    excess = study(
        Store(loaded / "m.duckdb"),
        "AIRLINK",
        benchmark="KSE100",
        estimation="-145:-26",
        window="-15:5",
        risk_free=pl.read_csv(folder / "rates.csv", try_parse_dates=True),
    ).models.row(0, named=True)
    assert excess["beta"] == pytest.approx(plain["beta"], rel=1e-12)
    assert excess["alpha"] == pytest.approx(plain["alpha"] + (plain["beta"] - 1) * 0.0003, rel=1e-9)
