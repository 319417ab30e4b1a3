"""The face of results and of the package: what a result answers from one object, and one list of public names."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

import correlator as co
from correlator.errors import InputError, NotFoundError
from correlator.plot.figures import FIGURES, PLACEBO, RESULT, figures_of

ROOT = Path(__file__).parents[2]
DAYS = [date(2020, 1, 1) + timedelta(days=k) for k in range(500)]


def made(count: int = 12, *, together: bool = False, **options):
    """A study of ``count`` events on four shares, all on one date or on dates of their own."""
    rng = np.random.default_rng(11)
    market = rng.normal(0, 0.01, 500)
    wide = {"date": DAYS, "M": market} | {f"S{k}": market + rng.normal(0, 0.01, 500) for k in range(count)}
    dates = [DAYS[400] if together else DAYS[330 + 9 * k] for k in range(count)]
    events = pl.DataFrame(
        {
            "symbol": [f"S{k}" for k in range(count)],
            "date": dates,
            "goldstein": rng.normal(0, 3, count),
            "kind": (["a", "b"] * count)[:count],
        }
    )
    options = {"benchmark": "M", "window": (-3, 3), "windows": ["0:0", "-1:1"], "returns_kind": "simple"} | options
    return co.study(returns=pl.DataFrame(wide), events=events, **options)


def test_a_summary_has_one_row_per_window() -> None:
    result = made()
    summary = result.summary()
    assert {"n", "dates", "caar", "se", "low", "high", "p_value", "test"} <= set(summary.columns)
    assert summary["window"].to_list() == ["0:0", "-1:1"]
    assert summary["n"].to_list() == summary["dates"].to_list() == [12, 12]
    assert summary["caar"].to_list() == pytest.approx(result.caar["caar"].to_list())
    assert summary.drop("smallest_effect").equals(result.recommended)
    assert ((summary["low"] + summary["high"]) / 2).to_list() == pytest.approx(summary["caar"].to_list())


def test_a_summary_is_not_fooled_by_one_date() -> None:
    rng = np.random.default_rng(5)
    shock = rng.normal(0, 0.01, 500)  # shared by all shares, and not in the benchmark
    wide = pl.DataFrame(
        {"date": DAYS, "M": rng.normal(0, 0.01, 500)} | {f"S{k}": shock + rng.normal(0, 0.004, 500) for k in range(12)}
    )
    events = pl.DataFrame({"symbol": [f"S{k}" for k in range(12)], "date": [DAYS[400]] * 12})
    result = co.study(returns=wide, events=events, benchmark="M", window="-1:1", windows="-1:1")
    row, plain = result.summary().row(0, named=True), result.caar.row(0, named=True)
    assert row["dates"] == 1
    assert row["se"] > 2 * plain["sd"] / np.sqrt(12)


def test_summaries_of_groups_of_one_event_and_of_none() -> None:
    grouped = made(by="kind").summary()
    assert grouped["kind"].to_list() == ["a", "a", "b", "b"]
    assert grouped["n"].to_list() == [6] * 4
    one = made(1)
    row, own = one.summary().row(0, named=True), one.car.row(0, named=True)
    assert (row["n"], row["caar"], row["se"], row["p_value"]) == (1, own["car"], own["se"], own["p_value"])
    none = made(1, minimum_observations=400).summary()
    assert none["n"].to_list() == [0, 0]
    assert none["p_value"].null_count() == 2


def test_every_figure_that_needs_a_study_alone_comes_from_it() -> None:
    result = made()
    for kind in figures_of(RESULT, PLACEBO):
        assert result.plot(kind, draws=20).data, kind
    for kind in set(FIGURES) - set(figures_of(RESULT, PLACEBO)):
        with pytest.raises(InputError, match="workspace"):
            result.plot(kind)
    with pytest.raises(NotFoundError, match="did you mean fan"):
        result.plot("fna")


def test_tests_and_regressions_come_from_the_result() -> None:
    result = made()
    assert result.placebo(draws=30, seed=2).table.equals(co.placebo_test(result, draws=30, seed=2).table)
    fit = result.cross_section("car ~ goldstein", clusters=["symbol"])
    assert fit.table.equals(co.cross_section(result, "car ~ goldstein", clusters=["symbol"]).table)
    assert result.to_pandas("car").shape[0] == result.car.height
    assert "<th>p</th>" in result._repr_html_()
    assert "12 events" in result._repr_html_()


def test_a_workspace_has_every_verb(tmp_path) -> None:
    ws = co.open_workspace(tmp_path / "m.duckdb")
    assert repr(ws).startswith("Workspace(")
    for symbol in ("AIRLINK", "KSE100"):
        ws.add_prices(co.data_path("sample", f"{symbol}.csv"), symbol=symbol)
    ws.add_news(co.data_path("sample", "page.txt"))
    options = {"benchmark": "KSE100", "estimation": "-100:-26", "window": (-2, 2), "windows": "-1:1"}
    result = ws.study("AIRLINK", **options)
    assert co.study(ws, "AIRLINK", **options).car.equals(result.car)
    assert co.study(ws.path, "airlink", **options).car.equals(result.car)
    assert ws.plot("AIRLINK", "car", **options).data
    assert ws.plot("AIRLINK", around=date(2025, 5, 28)).data
    assert ws.placebo("AIRLINK", draws=20, **options).draws <= 20
    with pytest.raises(co.StudyError):
        ws.regress("car ~ goldstein", "AIRLINK", **options)
    (tmp_path / "daily.toml").write_text(
        '[study]\nsymbols = ["AIRLINK"]\nbenchmark = "KSE100"\nestimation = "-100:-26"\n'
    )
    assert ws.report(tmp_path / "daily.toml", tmp_path / "out", as_of="2025-06-05T18:00:00+05:00").status == "written"
    ws.add_news(co.data_path("sample", "headlines.csv"), columns={"published": "date"}, profile="generic")
    assert "lag" in ws.correlate("AIRLINK", by="all", bands="bootstrap", draws=99).columns


def documented() -> set[str]:
    """The names on the page of the Python interface."""
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    names = set()
    for home, members in re.findall(
        r"^::: ([\w.]+)(?:\n    options:\n      members: \[([^\]]+)\])?", page, re.MULTILINE
    ):
        names |= {name.strip() for name in members.split(",")} if members else {home.rsplit(".", 1)[1]}
    return names


def test_the_names_of_the_package_are_one_list() -> None:
    assert sorted(co.__all__) == sorted(dir(co))
    assert documented() | {"__version__"} == set(co.__all__)
    for name in co.__all__:
        assert getattr(co, name) is not None
    code = """
import correlator as co
print(sorted(name for name in dir(co) if name not in co.__all__))
co.study
import correlator.workspace
print(callable(co.study))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "True"]


def test_every_output_of_the_registry_is_a_frame_and_an_option() -> None:
    from correlator.cli.verbs.study import StudyOutput
    from correlator.eventstudy.parts.stream import STREAMED_OUTPUTS
    from correlator.eventstudy.results.outputs import OUTPUTS

    assert [output.value for output in StudyOutput] == list(OUTPUTS)
    assert set(STREAMED_OUTPUTS) == {"ar", "car", "bhar", "models", "excluded"}
    result = made()
    for name, output in OUTPUTS.items():
        if name != "volatility" and not output.model:  # the former needs the optional package arch
            assert set(output.columns) <= set(result.frame(name).columns), name
    with pytest.raises(NotFoundError, match="did you mean excluded"):
        result.frame("exluded")


def test_every_kind_of_figure_is_an_option_of_the_command_line() -> None:
    from correlator.cli.verbs.plot import PlotKind
    from correlator.report.spec import FIGURES as REPORTED

    assert [kind.value for kind in PlotKind] == list(FIGURES)
    assert set(REPORTED) == {"price", *figures_of(RESULT), *figures_of(PLACEBO)}


def test_the_page_of_plots_has_every_kind() -> None:
    page = (ROOT / "docs/plots.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| (yes|no) \|$", page, re.MULTILINE)
    assert dict(rows) == {kind.name: "no" if kind.text is None else "yes" for kind in FIGURES.values()}


def test_a_summary_says_what_it_could_have_found_and_how_often_ordinary_sessions_go_as_far() -> None:
    result = made()
    row = result.summary().row(0, named=True)
    power = (t.ppf(0.975, row["df"]) + t.ppf(0.8, row["df"])) * row["se"]
    assert row["smallest_effect"] == pytest.approx(power, rel=1e-9)
    asked = result.summary(placebo=200, seed=3)
    assert asked["p_placebo"].to_list() == result.placebo(draws=200, seed=3).table["p_value"].to_list()
    grouped = made(by="kind").summary(placebo=50)
    assert grouped["p_placebo"].null_count() == 0
    assert made(1, minimum_observations=400).summary(placebo=50)["smallest_effect"].null_count() == 2


def test_a_notebook_shows_the_summary_with_every_test_one_click_below() -> None:
    shown = made()._repr_html_()
    assert "<th>95 % low, %</th>" in shown
    assert "<details><summary>every test across events</summary>" in shown
    assert "bmp" in shown
    assert "<details>" not in made(1)._repr_html_()
