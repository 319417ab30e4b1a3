"""A study in parts gives the bytes of the study of all at once; here the parts are in this process."""

from __future__ import annotations

import json
import pickle
import warnings

import pytest

from correlator.cluster import check_versions, cluster_at, versions
from correlator.errors import ClusterError, InputError
from correlator.events.code_file import code_lines
from correlator.eventstudy.spec import study_spec
from correlator.research.cluster_study import run_cluster_study
from correlator.research.study import run_study

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
    assert len(spread.estimates) > 60


@pytest.mark.parametrize("model", ["mean", "scholes-williams"])
def test_models(lake, model):
    whole, spread = both(lake, model=model, benchmark=None if model in ("mean", "raw") else "MKT")
    for output in ("car", "models", "significance"):
        assert spread.frame(output).equals(whole.frame(output), null_equal=True), output


def test_placebo_studies_of_the_whole(lake):
    whole, spread = both(lake)
    assert spread.whole.placebo(draws=50, seed=3).table.equals(whole.placebo(draws=50, seed=3).table)


def test_what_needs_all_bars_at_once_is_refused(lake):
    for options, words in (
        ({"benchmark": "equal-weighted"}, "mean of all shares"),
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
    with pytest.raises(InputError, match="is not a cluster"), cluster_at("somewhere"):
        pass


def test_headlines_are_coded_in_order_wherever_their_chunks_are(monkeypatch):
    monkeypatch.setattr("correlator.events.code_file.CHUNK", 3)
    lines = [json.dumps({"text": f"Pakistan and Turkey sign trade pact number {k}"}) for k in range(8)] + ["no JSON"]

    def backwards(function, chunks):
        """Chunks coded last first, as another machine might, their results in order."""
        done = [pickle.loads(pickle.dumps(function))(chunk) for chunk in reversed(list(chunks))]
        return reversed(done)

    assert list(code_lines(lines, each=backwards)) == list(code_lines(lines))
