"""A study in parts gives the bytes of the study of all at once; here the parts are in this process."""

from __future__ import annotations

import json
import pickle
import warnings
from datetime import date

import numpy as np
import polars as pl
import pytest
from cluster_data import SYMBOLS
from deltalake import DeltaTable

from correlator.cluster import check_versions, cluster_at, versions
from correlator.errors import ClusterError, InputError, NotFoundError
from correlator.events.files.code_file import code_lines
from correlator.eventstudy.request.spec import study_spec
from correlator.research.cluster_rows import write_rows
from correlator.research.cluster_study import run_cluster_study
from correlator.research.correlate import correlate, news_and_returns
from correlator.research.placebo import stored_placebo
from correlator.research.study import Data, run_study

OPTIONS = {
    "benchmark": "MKT",
    "estimation": "-110:-11",
    "window": "-3:3",
    "windows": ["-1:1", "0:0"],
    "minimum_observations": 50,
}
OUTPUTS = ("ar", "car", "bhar", "models", "excluded", "aar", "caar", "significance", "wild-cluster", "summary",
           "calendar-time", "flagged")  # fmt: skip


class Here:
    """A cluster of no other process: what is submitted is done at once."""

    def submit(self, function, *arguments):
        return function(*arguments)

    def results(self, futures, what):  # noqa: ARG002
        return iter(futures)

    def stream(self, function, items):
        return (pickle.loads(pickle.dumps(function(item))) for item in items)


def both(store, **options):
    spec = study_spec(**{**OPTIONS, **options})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_study(store, spec), run_cluster_study(store, spec, Here())


@pytest.mark.parametrize(
    ("engine", "holes", "by"),
    [("numpy", "drop", ("category",)), ("compiled", "drop", ()), ("compiled", "trade-to-trade", ("category",))],
)
def test_every_output_is_the_same_to_the_last_bit(lake, engine, holes, by):
    whole, spread = both(lake, engine=engine, holes=holes, by=by)
    for output in OUTPUTS:
        assert spread.frame(output).equals(whole.frame(output), null_equal=True), output
    assert spread.benchmark_note == whole.benchmark_note
    assert spread.made == {**whole.made, "engine": spread.spec.engine}
    assert len(spread.estimates) > 60


@pytest.mark.parametrize(
    ("engine", "holes", "by"), [("numpy", "drop", "category"), ("compiled", "trade-to-trade", "symbol")]
)
def test_parts_that_hold_no_estimates_make_them_again(lake, monkeypatch, engine, holes, by):
    monkeypatch.setattr("correlator.research.cluster_study.MOST_HELD", 0)
    whole, spread = both(lake, engine=engine, holes=holes, by=(by,))
    assert spread.frame("significance").equals(whole.frame("significance"), null_equal=True)
    assert not {"asked", "light", "whole"} & set(spread.__dict__), "no events, estimates or bars were gathered"
    for output in ("car", "ar", "excluded"):
        assert spread.frame(output).equals(whole.frame(output), null_equal=True), output


def test_parts_let_go_of_estimates_that_they_do_not_hold(lake, monkeypatch):
    monkeypatch.setattr("correlator.research.cluster_study.MOST_HELD", 0)
    _, spread = both(lake)
    for part in spread.parts.everywhere(lambda part: part):
        held = [each for each in vars(part.result.estimates).values() if isinstance(each, np.ndarray)]
        assert all(each.base is None for each in held), "a view keeps the whole of what it is a view of"
        assert sum(each.nbytes for each in held) <= 16 * part.result.events.height


def test_bars_of_a_study_that_keeps_flagged_ones_are_closes_alone(lake):
    whole, spread = both(lake, flagged="keep")
    marked = both(lake, flagged="mark")[0]
    for output in ("significance", "car"):
        assert spread.frame(output).equals(whole.frame(output), null_equal=True), output
    assert whole.significance.equals(marked.significance, null_equal=True)


@pytest.mark.parametrize("options", [{}, {"by": ("day_zero_reason",), "events": "category = AGREE"}])
def test_selections_of_few_events_each_choose_the_same_ones(lake, monkeypatch, options):
    monkeypatch.setattr("correlator.research.cluster_study.MOST_SELECTED", 10)
    monkeypatch.setattr("correlator.research.cluster_study.MOST_PLACED", 3)
    whole, spread = both(lake, **options)
    assert spread.frame("significance").equals(whole.frame("significance"), null_equal=True)


def test_groups_that_events_do_not_have_are_refused(lake):
    with pytest.raises(NotFoundError, match="events have no column 'categry' to group by"):
        run_cluster_study(lake, study_spec(**OPTIONS, by=("categry",)), Here())


@pytest.mark.parametrize("model", ["mean", "scholes-williams"])
def test_models(lake, model):
    whole, spread = both(lake, model=model, benchmark=None if model in ("mean", "raw") else "MKT")
    for output in ("car", "models", "significance"):
        assert spread.frame(output).equals(whole.frame(output), null_equal=True), output


def test_several_factors(lake):
    days = pl.date_range(date(2023, 1, 1), date(2024, 6, 1), eager=True)
    rng = np.random.default_rng(1)
    factors = pl.DataFrame({"date": days, **{name: rng.normal(0, 0.01, len(days)) for name in ("MKT", "SMB")}})
    data = Data(factors=factors.filter(pl.col("date").dt.weekday() <= 5))
    spec = study_spec(**OPTIONS | {"model": "factors", "benchmark": None})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole, spread = run_study(lake, spec, data), run_cluster_study(lake, spec, Here(), data)
    for output in ("car", "models", "significance", "calendar-time"):
        assert spread.frame(output).equals(whole.frame(output), null_equal=True), output


@pytest.mark.parametrize(
    ("model", "by", "statistic", "draws"), [(None, ("category",), "scar", 60), ("mean", (), "bmp", 20)]
)
def test_placebo_studies_draw_where_the_bars_are(lake, model, by, statistic, draws):
    options = {"by": by, **({"model": model, "benchmark": None} if model else {})}
    whole, spread = both(lake, **options)
    tests = [each.placebo(draws=draws, seed=3, statistic=statistic) for each in (whole, spread)]
    for output in ("table", "bands", "draws", "clusters", "excluded"):
        assert tests[1].frame(output).equals(tests[0].frame(output), null_equal=True), output
    assert tests[1].made == tests[0].made
    assert tests[0].draws == draws
    assert model == "mean" or "whole" not in spread.__dict__, "no bars were gathered"


def test_a_stored_placebo_on_a_cluster_is_the_one_of_a_process(lake):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {**OPTIONS, "draws": 30, "confounds": "first"}
        tests = [stored_placebo(lake, **options, cluster=cluster) for cluster in (None, Here())]
    assert tests[1].table.equals(tests[0].table)


def test_rows_are_written_where_they_are_and_named_at_once(lake, file_store):
    whole, spread = both(lake)
    for output, keys in (("car", ["event_id", "symbol", "window"]), ("ar", ["event_id", "symbol", "day"])):
        address, count = write_rows(spread, output, lake, "first")
        table = DeltaTable(address)
        rows, frame = pl.DataFrame(table.to_pyarrow_table()), whole.frame(output)
        assert count == len(frame)
        assert rows.sort(keys).equals(frame.sort(keys), null_equal=True)
        assert len(table.file_uris()) > 3
        assert json.loads(table.metadata().description)["table"] == output
    assert "whole" not in spread.__dict__
    for store, output, name, words in (
        (lake, "car", "first", "a table already exists at .*"),
        (lake, "caar", "second", "no rows of single events"),
        (lake, "car", "../second", "is not a valid study name"),
        (file_store, "car", "second", "is a file"),
    ):
        with pytest.raises(InputError, match=words):
            write_rows(spread, output, store, name)


@pytest.mark.parametrize(
    ("by", "method"), [("category", "lead-lag"), ("category", "rolling"), ("symbol", "ic"), ("symbol", "granger")]
)
def test_correlations_by_parts_are_those_of_one_process(lake, by, method):
    data = news_and_returns(lake, SYMBOLS, by=by)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tables = [correlate(data, method, cluster=cluster, max_lag=2) for cluster in (None, Here())]
    assert tables[1].equals(tables[0], null_equal=True)
    assert len(tables[0]) >= 2
    words = [str(each.message) for each in told]
    assert words[: len(words) // 2] == words[len(words) // 2 :]


def test_what_needs_all_bars_at_once_is_refused(lake):
    for options, words in (
        ({"benchmark": "equal-weighted"}, "equal-weighted benchmark is not supported"),
        ({"interval": "5m"}, "bars of 5m"),
        ({"estimation": "2023-01-01:2023-05-01"}, "windows of dates"),
    ):
        with pytest.raises(InputError, match=words):
            run_cluster_study(lake, study_spec(**{**OPTIONS, **options}), Here())


def test_versions_of_both_sides_are_checked():
    check_versions({"tcp://a:1": versions()})
    with pytest.raises(ClusterError, match=r"worker tcp://b:1 runs polars 0\.1, this process"):
        check_versions({"tcp://a:1": versions(), "tcp://b:1": {**versions(), "polars": "0.1"}})
    with pytest.raises(ClusterError, match="no worker"):
        check_versions({})
    with pytest.raises(InputError, match="is not the address of a cluster"), cluster_at("somewhere"):
        pass


def test_headlines_are_coded_in_order_wherever_their_chunks_are(monkeypatch):
    monkeypatch.setattr("correlator.events.files.code_file.CHUNK", 3)
    lines = [json.dumps({"text": f"Pakistan and Turkey sign trade pact number {k}"}) for k in range(8)] + ["no JSON"]

    def backwards(function, chunks):
        """Chunks coded last first, as another machine might, their results in order."""
        done = [pickle.loads(pickle.dumps(function))(chunk) for chunk in reversed(list(chunks))]
        return reversed(done)

    assert list(code_lines(lines, each=backwards)) == list(code_lines(lines))
