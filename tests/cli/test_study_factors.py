"""Factor files with words around their table, in per cent, with a risk-free column: from files and from the store."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

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


MODELS = ("--model", "factors", "--output", "models", "--format", "csv")


@pytest.fixture(scope="module")
def in_percent(folder) -> pl.DataFrame:
    """The factors of the file without the text around them."""
    rows = (folder / "factors.csv").read_text().splitlines()[4:-2]
    figures = [[float(cell) for cell in row.split(",")[1:]] for row in rows]
    return pl.DataFrame([DAYS, *zip(*figures, strict=True)], schema=["date", "Mkt-RF", "SMB", "RF"])


@pytest.mark.parametrize("name", ["f.parquet", "f.xlsx", "f.csv"])
def test_factors_of_any_file_in_a_stated_unit(folder, in_percent, run, name) -> None:
    american = in_percent.with_columns(pl.col("date").dt.strftime("%m/%d/%Y"))
    {"f.parquet": in_percent.write_parquet, "f.xlsx": in_percent.write_excel, "f.csv": american.write_csv}[name](
        folder / name
    )
    arguments = ["study", "--returns", folder / "wide.csv", "--events", folder / "events.csv", *MODELS]
    arguments += ["--risk-free", "RF"]
    expected = models(run(*arguments, "--factors", folder / "factors.csv").stdout)
    stated = models(run(*arguments, "--factors", folder / name, "--factors-unit", "percent").stdout)
    assert stated == pytest.approx(expected, abs=1e-12)
    refused = run(*arguments, "--factors", folder / name, code=3).stderr
    assert "holds per cent, not fractions" in refused
    assert "(divide by 100: --factors-unit percent of a study does)" in refused


def test_a_frame_in_per_cent_is_that_divided_by_100(folder, in_percent) -> None:
    import correlator as co

    options = {"events": folder / "events.csv", "returns": folder / "wide.csv", "model": "factors", "risk_free": "RF"}
    by_hand = in_percent.with_columns(pl.col("Mkt-RF", "SMB", "RF") / 100)
    for frame in (in_percent, in_percent.to_pandas().set_index("date")):
        stated = co.study(factors=frame, factors_unit="percent", **options)
        assert_frame_equal(stated.models, co.study(factors=by_hand, **options).models, abs_tol=1e-12)


def test_a_stated_unit_decides_for_figures_that_do_not_show_theirs(folder, in_percent, run) -> None:
    in_percent.select("date", "RF").write_csv(folder / "rf.csv")
    files = ["study", "--returns", folder / "wide.csv", "--events", folder / "events.csv", "--model", "mean"]
    files += ["--output", "models", "--format", "csv"]
    free = ["--factors", folder / "rf.csv", "--risk-free", "RF"]
    assert "give --factors-unit percent if these are returns" in run(*files, *free, code=3).stderr
    assert "holds per cent or annual rates" in run(*files, *free, "--factors-unit", "fraction", code=3).stderr
    plain, excess = (
        float(next(csv.DictReader(io.StringIO(run(*files, *more).stdout)))["alpha"])
        for more in ([], [*free, "--factors-unit", "percent"])
    )
    assert excess == pytest.approx(plain - 0.0001, abs=1e-12)


def test_a_unit_that_is_not_one_or_has_no_factors(folder, run) -> None:
    files = ["study", "--returns", folder / "wide.csv", "--events", folder / "events.csv", *MODELS]
    refused = run(*files, "--factors", folder / "factors.csv", "--factors-unit", "bp", code=3).stderr
    assert "--factors-unit 'bp' is not known (choose percent or fraction)" in refused
    assert "--factors-unit has no effect without factors" in run(*files, "--factors-unit", "percent", code=3).stderr


@pytest.fixture(scope="module")
def weekdays(tmp_path_factory) -> dict[str, object]:
    """Returns on days of the week, and a risk-free return of 3.65 % a year: 0.0001 for every day since the last bar."""
    days = [day for day in DAYS if day.weekday() < 5]
    moves = np.random.default_rng(5).normal(0, 0.01, len(days))
    folder = tmp_path_factory.mktemp("rates")
    pl.DataFrame({"date": days, "RF": [3.65] * len(days)}).write_csv(folder / "annual.csv")
    pl.DataFrame({"date": days, "Mkt-RF": moves, "RF": [3.65] * len(days)}).write_csv(folder / "with-market.csv")
    since = [0.0001 * (3 if day.weekday() == 0 else 1) for day in days]
    wide = pl.DataFrame({"date": days, "A": moves + np.array(since)})
    wide.write_csv(folder / "wide.csv")
    events = pl.DataFrame({"symbol": ["A"], "date": [days[250]]})
    events.write_csv(folder / "events.csv")
    return {"folder": folder, "wide": wide, "events": events, "moves": moves, "days": days, "since": since}


@pytest.mark.parametrize(
    ("unit", "factor"), [("annual-percent", 1.0), ("annual-fraction", 0.01), ("percent", None), ("fraction", 0.01)]
)
def test_the_unit_of_a_risk_free_frame(weekdays, unit, factor) -> None:
    import correlator as co

    days, since = weekdays["days"], np.array(weekdays["since"])
    rate = (
        100 * since if factor is None else 100 * since * factor if unit == "fraction" else [3.65 * factor] * len(days)
    )
    frame = pl.DataFrame({"date": days, "RF": rate})
    options = {"events": weekdays["events"], "returns": weekdays["wide"], "model": "raw", "window": (-3, 3)}
    result = co.study(risk_free=frame, risk_free_unit=unit, **options)
    np.testing.assert_allclose(result.ar["ar"], weekdays["moves"][247:254], atol=1e-15)


def test_a_risk_free_file_and_column_have_the_same_unit_option(weekdays, run) -> None:
    import correlator as co
    from correlator.errors import InputError

    folder, unit = weekdays["folder"], {"risk_free_unit": "annual-percent"}
    options = {"events": weekdays["events"], "returns": weekdays["wide"], "model": "raw", "window": (-3, 3)}
    expected = weekdays["moves"][247:254]
    doors = (
        {"risk_free": folder / "annual.csv"},
        {"risk_free": "RF", "factors": folder / "annual.csv"},
        {"risk_free": "RF", "factors": folder / "with-market.csv"},
        {"risk_free": "RF", "factors": pl.read_csv(folder / "with-market.csv"), "factors_unit": "percent"},
    )
    for door in doors:
        np.testing.assert_allclose(co.study(**door, **unit, **options).ar["ar"], expected, atol=1e-15)
    files = ["study", "--returns", folder / "wide.csv", "--events", folder / "events.csv", "--window", "-3:3"]
    files += ["--model", "raw", "--output", "ar", "--format", "csv", "--risk-free", folder / "annual.csv"]
    rows = csv.DictReader(io.StringIO(run(*files, "--risk-free-unit", "annual-percent").stdout))
    np.testing.assert_allclose([float(row["ar"]) for row in rows], expected, atol=1e-15)
    for wrong, match in (
        (doors[0], "give risk_free_unit: percent, fraction, annual-percent"),
        (doors[0] | {"risk_free_unit": "bp"}, "risk_free_unit 'bp' is not known"),
        (unit, "risk_free_unit has no effect without risk_free"),
        (unit | {"risk_free": "A"}, "risk_free_unit has no effect on 'A'"),
    ):
        with pytest.raises(InputError, match=match):
            co.study(**wrong, **options)
