"""On the bundled sample the figures, the table and the words of a tear sheet give one verdict."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import correlator as co
from correlator.eventstudy.panel.frames import as_simple
from correlator.eventstudy.paths import car_path
from correlator.eventstudy.results.finding import finding_of, verdict

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SYMBOLS = ("AIRLINK", "HBL", "HUBC", "LUCK", "OGDC", "KSE100")
OPTIONS = {"benchmark": "KSE100", "estimation": "-105:-16", "window": "-10:10", "windows": ["0:0", "-1:1", "-10:10"]}
LINES = [f"{name} = {value!r}" for name, value in OPTIONS.items()]
REPORT = "\n".join(["[study]", *LINES, "[outputs]", 'tables = ["summary"]']).replace("'", '"')
SENTENCE = re.compile(
    r"Window (\S+): CAAR ([+-][\d.]+) %, 95 % interval ([+-][\d.]+) to ([+-][\d.]+) %, .*?, p ([\d.]+): ([a-z ]+)\."
)


@pytest.mark.filterwarnings("ignore::correlator.errors.CorrelatorWarning")
def test_figures_table_and_words_of_the_sample_agree(tmp_path) -> None:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    for symbol in SYMBOLS:
        ws.add_prices(SAMPLE / f"{symbol}.csv", symbol=symbol, exchange="XKAR")
    ws.add_news(SAMPLE / "page.txt")
    ws.add_news(SAMPLE / "headlines.csv")
    (tmp_path / "r.toml").write_text(REPORT)
    run = ws.report(tmp_path / "r.toml", tmp_path / "out", as_of=date(2025, 10, 3))
    page = (run.folder / "index.html").read_text().replace("\u00a0", " ")
    table = {row["window"].strip("[]"): row for row in pl.read_csv(run.folder / "summary.csv").iter_rows(named=True)}

    said = {window: numbers for window, *numbers in SENTENCE.findall(page)}
    assert set(said) == set(table) == set(OPTIONS["windows"])
    for window, (average, low, high, p_value, words) in said.items():
        row = table[window]
        for text, name in ((average, "caar"), (low, "low"), (high, "high")):
            assert float(text) == pytest.approx(100 * as_simple(row[name], "log"), abs=0.005)
        assert float(p_value) == pytest.approx(row["p_value"], abs=0.0005)
        assert words == verdict(row["p_value"])
        assert (words == "within chance") == (row["low"] <= 0 <= row["high"])

    told = r"symbols around \d+ events: ([+-][\d.]+) % over 21 sessions, (within chance|more than chance)"
    titles = set(re.findall(told, page))
    assert {number for number, _ in titles} == {said["-10:10"][0]}
    assert {words for _, words in titles} == {said["-10:10"][-1]}  # of every figure
    assert table["-10:10"]["n"] < table["-10:10"]["events"]  # of one share and day several events are one observation

    result = ws.study(**OPTIONS)  # what the store knows today, where the report ends with its date
    found, row = finding_of(result), result.summary().row(-1, named=True)
    assert found.verdict == verdict(row["p_value"])
    band = car_path(result).row(-1, named=True)
    for name in ("caar", "low", "high"):
        assert band[name] == pytest.approx(row[name], rel=1e-9)
        assert getattr(found, {"caar": "average"}.get(name, name)) == pytest.approx(as_simple(row[name], "log"))
