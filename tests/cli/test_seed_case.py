"""The whole way by hand, as real processes, on the bundled page and the real series.

Figures: AIRLINK on KSE-100, log returns, official PSX daily bars (data/sample/SOURCES.md); the market model of the 120
sessions 2024-10-28..2025-04-21, computed with statsmodels OLS and get_prediction().se_obs.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cli_process import run_in

WINDOW = ("--estimation", "-145:-26", "--window", "-15:5")
STUDY = ("study", "--symbol", "AIRLINK", "--benchmark", "KSE100", "--model", "market", "--returns", "log", *WINDOW)
AR = {
    "2025-05-07": (-4.503, 2.8789),
    "2025-05-08": (-2.379, None),
    "2025-05-09": (2.748, 2.8716),
    "2025-05-12": (-1.793, 3.2567),
    "2025-05-22": (3.505, 2.8115),
    "2025-05-26": (-1.234, None),
    "2025-05-29": (-0.339, 2.8073),
    "2025-06-03": (-2.662, 2.8141),
    "2025-06-04": (0.506, None),
    "2025-06-05": (1.715, 2.8075),
}
CAR = {"-5:5": (-1.0500958921, 9.6858322771), "-1:1": (-3.424036728, 4.9023868141)}


def ask(loaded: Path, *arguments: str) -> str:
    return run_in(loaded)("--store", "m.duckdb", *arguments).stdout


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_article(loaded):
    (article,) = json.loads(ask(loaded, "list", "articles", "--format", "json"))
    assert article["published_at"] == "2025-05-28T01:02:00Z"
    assert article["published_precision"] == "minute"
    assert (article["agency"], article["dateline"]) == ("NNI", "LACHIN")
    assert article["headline"] == "Pakistan and Azerbaijan agree to deepen trade and investment ties"
    assert "lands in Lachin" not in article["body"]


def test_quote_is_dated_by_its_previous_close(loaded):
    (quote,) = json.loads(ask(loaded, "list", "quotes", "--format", "json"))
    assert (quote["symbol"], quote["price"], quote["change"], quote["change_pct"]) == ("AIRLINK", 159.05, -3.77, -2.32)
    assert quote["session"] == "2025-05-26"
    assert quote["official_close"] == 159.26
    assert "162.82" in quote["session_reason"]
    assert "2025-05-23" in quote["session_reason"]


def test_event_and_day_zero(loaded):
    event = json.loads(ask(loaded, "list", "events", "--format", "json"))[0]
    assert event["dyad"] == "AZE-PAK"
    assert event["quad_class"] == "verbal-cooperation"
    assert (event["exchange"], event["day_zero"], event["day_zero_reason"]) == ("XKAR", "2025-05-29", "holiday")


def test_abnormal_returns(loaded):
    found = {row["session"]: row for row in rows(ask(loaded, *STUDY, "--format", "csv"))}
    for session, (ar, se) in AR.items():
        assert 100 * float(found[session]["ar"]) == pytest.approx(ar, abs=6e-4)
        if se is not None:
            assert 100 * float(found[session]["se"]) == pytest.approx(se, abs=6e-5)
    assert "2025-06-06" not in found
    assert "limit-locked" in found["2025-05-12"]["flags"]
    assert "limit-locked" not in found["2025-05-29"]["flags"]
    columns = "event_id,symbol,session,day,return,expected,ar,se,t,p_value,flags"
    assert ask(loaded, *STUDY, "--format", "csv").startswith(columns + "\n")


def test_cumulated_over_windows(loaded):
    text = ask(loaded, *STUDY, "--windows", "-5:5,-1:1", "--output", "car", "--format", "csv")
    assert text.startswith("event_id,symbol,window,car,se,t,p_value,flags,findings\n")
    for row in rows(text):
        car, se = CAR[row["window"]]
        assert 100 * float(row["car"]) == pytest.approx(car, abs=1e-8)
        assert 100 * float(row["se"]) == pytest.approx(se, abs=1e-8)


def test_model(loaded):
    (model,) = rows(ask(loaded, *STUDY, "--output", "models", "--format", "csv"))
    assert float(model["alpha"]) == pytest.approx(-0.000411, abs=5e-7)
    assert float(model["beta"]) == pytest.approx(1.2593, abs=5e-5)
    assert float(model["sigma"]) == pytest.approx(0.02795, abs=5e-6)
    assert model["n"] == "120"


def test_standard_errors_are_those_of_statsmodels(loaded, sample):
    import numpy as np
    import polars as pl
    import statsmodels.api as sm

    closes = {
        symbol: pl.read_csv(sample / f"{symbol}.csv").select(pl.col("Date").str.to_date(), pl.col("Close"))
        for symbol in ("AIRLINK", "KSE100")
    }
    both = closes["AIRLINK"].join(closes["KSE100"], on="Date", suffix="_market").sort("Date")
    table = both.select("Date", pl.exclude("Date").cast(pl.Float64).log().diff())
    first, last = date(2024, 10, 28), date(2025, 4, 21)
    inside = table.filter(pl.col("Date").is_between(first, last))
    fit = sm.OLS(inside["Close"].to_numpy(), sm.add_constant(inside["Close_market"].to_numpy())).fit()
    found = {row["session"]: row for row in rows(ask(loaded, *STUDY, "--format", "csv"))}
    days = table.filter(pl.col("Date").cast(pl.String).is_in(list(found)))
    market = np.column_stack([np.ones(days.height), days["Close_market"].to_numpy()])
    ours = np.array([float(found[str(day)]["se"]) for day in days["Date"]])
    np.testing.assert_allclose(ours, fit.get_prediction(market).se_obs, rtol=1e-12)


def test_explain_tells_context_from_subject(loaded):
    text = ask(loaded, "explain", "1")
    assert "context: printed on the page" in text
    assert "162.82" in text
    assert "2025-05-29" in text
    assert "holiday" in text


def test_plot_and_sql(loaded):
    run_in(loaded)("--store", "m.duckdb", "plot", "AIRLINK", "--around", "2025-05-28", "-o", "airlink.html")
    html = (loaded / "airlink.html").read_text()
    assert "AIRLINK" in html
    assert 'src="http' not in html
    assert ask(loaded, "sql", "select count(*) from bars", "--format", "csv").splitlines()[1] == "536"


def test_store_may_come_after_the_verb_or_from_the_environment(loaded):
    import os

    run = run_in(loaded)
    after = run("list", "bars", "--store", "m.duckdb", "--format", "csv").stdout
    named = run("list", "bars", "--format", "csv", env={**os.environ, "CORRELATOR_STORE": "m.duckdb"}).stdout
    assert after == named == ask(loaded, "list", "bars", "--format", "csv")


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "table"])
def test_formats_hold_the_same_rows(loaded, form, tmp_path):
    import polars as pl

    target = tmp_path / f"out.{form}"
    ask(loaded, *STUDY, "--format", form, "--to", str(target))
    if form == "table":
        assert "2025-05-29" in target.read_text()
        return
    readers = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}
    assert readers[form](target).height == 21


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_reader_that_leaves_early_ends_it_quietly(loaded, form):
    command = [sys.executable, "-m", "correlator.cli.main", "--store", "m.duckdb", "list", "articles", "--format", form]
    writer = subprocess.Popen(command, cwd=loaded, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    writer.stdout.close()
    said = writer.stderr.read()
    assert (writer.wait(60), said) == (1, "")


def test_the_same_again_changes_nothing_and_says_so(loaded, sample):
    run = run_in(loaded)
    before = run("--store", "m.duckdb", "list", "quotes", "--format", "json").stdout
    page = run("--store", "m.duckdb", "add", "news", sample / "page.txt")
    prices = run(
        "--store", "m.duckdb", "add", "prices", sample / "AIRLINK.csv", "--symbol", "AIRLINK", "--exchange", "XKAR"
    )
    assert "nothing changed" in page.stderr
    assert "nothing changed" in prices.stderr
    assert page.stdout == prices.stdout == ""
    assert run("--store", "m.duckdb", "list", "quotes", "--format", "json").stdout == before


def test_order_of_loading_does_not_matter(run, sample, loaded):
    run("--store", "o.duckdb", "add", "news", sample / "page.txt")
    (undated,) = json.loads(run("--store", "o.duckdb", "list", "quotes", "--format", "json").stdout)
    assert undated["session"] is None
    assert undated["session_reason"]
    for symbol in ("KSE100", "AIRLINK"):
        run("--store", "o.duckdb", "add", "prices", sample / f"{symbol}.csv", "--symbol", symbol, "--exchange", "XKAR")
    for what in ("quotes", "events", "links"):
        mine = json.loads(run("--store", "o.duckdb", "list", what, "--format", "json").stdout)
        theirs = json.loads(ask(loaded, "list", what, "--format", "json"))
        for row in (*mine, *theirs):
            del row["load_id"]  # the number of the load does depend on the order
        assert mine == theirs
