"""Frames of any kind come in, results show themselves and leave as any kind."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import correlator as co

KINDS = {
    "polars": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "pandas": lambda frame: frame.to_pandas(),
    "pyarrow": lambda frame: frame.to_arrow(),
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_prices_news_and_events_come_as_frames(tmp_path, kind):
    as_kind = KINDS[kind]
    ws = co.open_workspace(tmp_path / "m.duckdb")
    for symbol in ("AIRLINK", "KSE100"):
        bars = pl.read_csv(co.data_path("sample", f"{symbol}.csv"))
        assert ws.add_prices(as_kind(bars), symbol=symbol, exchange="XKAR").added == bars.height
    news = pl.DataFrame({"headline": ["Pakistan and Iran sign a trade accord"], "published": ["2025-05-20T05:00:00Z"]})
    assert ws.add_news(as_kind(news), profile="generic").added == 1
    events = pl.DataFrame({"date": ["2025-05-28"], "category": ["AGREE"], "symbol": ["AIRLINK"]})
    assert ws.add_events(as_kind(events)).added == 1
    assert ws.add_events(as_kind(events)).added == 0
    assert {"2025-05-20", "2025-05-29"} == set(ws.list("events")["day_zero"].cast(pl.String))


def test_a_load_of_nothing_warns(tmp_path):
    """News without a zone is refused row by row, and the caller is told."""
    ws = co.open_workspace(tmp_path / "m.duckdb")
    news = pl.DataFrame({"headline": ["Pakistan and Iran sign a trade accord"], "published": ["2025-05-20 05:00"]})
    with pytest.warns(co.CorrelatorWarning, match="nothing was loaded: 1 rejected") as caught:
        report = ws.add_news(news)
    assert (report.added, report.rejected) == (0, 1)
    assert caught[0].filename == __file__


def test_what_is_no_frame_is_refused(tmp_path):
    ws = co.open_workspace(tmp_path / "m.duckdb")
    for add in (ws.add_news, ws.add_events):
        with pytest.raises(ValueError, match="int"):
            add(5)
    assert not (tmp_path / "m.duckdb").exists()


def test_results_show_themselves_and_leave_as_any_kind(tmp_path):
    ws = co.open_workspace(tmp_path / "m.duckdb")
    for symbol in ("AIRLINK", "KSE100"):
        ws.add_prices(co.data_path("sample", f"{symbol}.csv"), symbol=symbol)
    ws.add_news(co.data_path("sample", "page.txt"))
    result = ws.study("AIRLINK", benchmark="KSE100", estimation="-145:-26", window="-5:5", windows="-1:1")
    test = ws.placebo(
        "AIRLINK", benchmark="KSE100", estimation="-100:-26", window="-2:2", windows="-1:1", draws=50, seed=1
    )
    for shown, word in ((result, "1 events"), (test, "50 placebo studies")):
        assert word in repr(shown)
        assert len(repr(shown)) < 200
        assert "<table" in shown._repr_html_()
    assert isinstance(result.to_pandas("car"), pd.DataFrame)
    assert pa.table(result.car).num_rows == result.car.height == 1
    assert "162.82" in str(ws.explain(1))
    assert "162.82" in ws.explain(1)._repr_html_()
