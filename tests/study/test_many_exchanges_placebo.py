"""Placebos, power, purged estimation windows and planned dates of shares of several exchanges."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from test_many_exchanges import BENCHMARK, EVENTS, INDEX, PRICES, WINDOW, together

from correlator.eventstudy.matrix import study_frames
from correlator.eventstudy.placebo.dates import Matching, draw_dates, placebo_clusters
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.placebo.moves import Moves
from correlator.eventstudy.power import _moved, power_test
from correlator.eventstudy.results.exchange_studies import results_of

OPTIONS = {"estimation": (-120, -11), "window": (-2, 2), "windows": "0:0,-2:2"}
DRAWS, SEED = 6, 3


def whole(events: pl.DataFrame = EVENTS, **more):
    return study_frames(prices=together(), events=events, **{"benchmark": BENCHMARK, **OPTIONS, **more})


def alone(code: str, events: pl.DataFrame = EVENTS, **more):
    own = events.filter(pl.col("exchange") == code).drop("exchange")
    return study_frames(prices=PRICES[code], events=own, benchmark=INDEX[code], **{**OPTIONS, **more})


def drawn_days(result, matching: Matching) -> list[pl.Series]:
    """The dates (E,) that each draw gives to the events."""
    clusters = placebo_clusters(result.estimates, result.panel, result.spec, matching)
    moves = Moves.of(result.panel)
    rows = draw_dates(clusters, DRAWS, SEED, moves.reach(matching.block_of(result.spec)))
    days = []
    for b in range(DRAWS):
        at = np.zeros(len(result.estimates), dtype=np.int64)
        for cluster, first in zip(clusters, rows[:, b].tolist(), strict=True):
            symbols = result.estimates.symbol_index[cluster.events]
            at[cluster.events] = moves.moved(symbols, first + cluster.anchor, cluster.offset)
        days.append(result.panel.labels[at])
    return days


@pytest.mark.parametrize("block", [None, 0])
def test_a_draw_is_the_study_at_other_sessions_of_each_exchange(block):
    result, matching = whole(), Matching(block=block, least=20)
    found = placebo_test(result, draws=DRAWS, seed=SEED, matching=matching)
    assert found.table["n"].to_list() == [len(EVENTS)] * 2
    for b, days in enumerate(drawn_days(result, matching)):
        moved = EVENTS.with_columns(date=days)
        for code in INDEX:  # every one a session of its share's exchange
            assert set(moved.filter(pl.col("exchange") == code)["date"]) <= set(PRICES[code]["date"])
        parts = [alone(code, moved).estimates for code in INDEX]
        np.testing.assert_allclose(
            found.null_caar[0, b], np.concatenate([each.car for each in parts]).mean(axis=0), rtol=1e-9
        )


def test_events_of_one_date_move_together_across_borders():
    result = whole()
    clusters = placebo_clusters(result.estimates, result.panel, result.spec, Matching(least=20))
    code_of = result.events["exchange"].gather(result.estimates.kept)
    assert any(code_of.gather(cluster.events).n_unique() == 3 for cluster in clusters)
    for days in drawn_days(result, Matching(least=20)):
        for cluster in clusters:
            first = days.gather(cluster.events[cluster.anchor == 0])
            assert first.n_unique() <= len(set(cluster.offset[cluster.anchor == 0].tolist()))


def test_an_exchange_that_shares_no_date_has_its_own_placebo():
    """Its candidates are those of a study of it alone, and where each placement is taken once so are its numbers."""
    times = pl.DataFrame(
        {
            "symbol": ["BULB", "LAMP"],
            "date": [PRICES["XNYS"]["date"][400], PRICES["XKAR"]["date"][600]],
            "exchange": ["XNYS", "XKAR"],
        }
    )
    together_ = whole(times, by="exchange", benchmark=f"XNYS={INDEX['XNYS']},XKAR={INDEX['XKAR']}")
    found = placebo_test(together_, draws=500, seed=1)
    clusters = placebo_clusters(together_.estimates, together_.panel, together_.spec, Matching())
    for code, cluster in zip(("XNYS", "XKAR"), clusters, strict=True):
        one = alone(code, times)
        (own,) = placebo_clusters(one.estimates, one.panel, one.spec, Matching())
        assert together_.panel.labels[cluster.candidates].equals(one.panel.labels[own.candidates])
        assert cluster.matched == own.matched
        mine = found.table.filter(pl.col("exchange") == code).drop("exchange")
        table = placebo_test(one, draws=500, seed=1).table
        for name in ("n", "caar", "low", "high", "value", "p_value", "placements"):
            np.testing.assert_allclose(
                mine[name].cast(float).fill_null(np.nan), table[name].cast(float).fill_null(np.nan), rtol=1e-9
            )


def test_purged_windows_are_those_of_each_exchange():
    events = EVENTS.vstack(EVENTS.with_columns(pl.col("date").shift(-12)).head(24)).unique(maintain_order=True)
    many = whole(events, purge=True, window=WINDOW, windows="-5:5")
    assert many.panel.purged is not None
    for code in INDEX:
        one = alone(code, events, purge=True, window=WINDOW, windows="-5:5")
        for name in ("ar", "car", "models"):
            mine = many.frame(name).filter(pl.col("exchange") == code).drop("event_id", "exchange")
            assert mine.equals(one.frame(name).drop("event_id")), (code, name)
    assert many.models["n"].min() < 110
    found = placebo_test(many, draws=20, seed=1, matching=Matching(least=5))
    assert found.table["p_value"].is_not_null().all()


def test_power_of_several_exchanges_is_of_studies_at_their_sessions():
    result = whole()
    found = power_test(result, studies=8, seed=2, matching=Matching(least=20))
    assert found.events == len(EVENTS)
    assert found.curve.filter(pl.col("window") == "0:0")["power"].to_list()[-1] == 1.0
    clusters = placebo_clusters(result.estimates, result.panel, result.spec, Matching(least=20))
    real = np.array([cluster.at for cluster in clusters])
    moved = _moved(result, results_of(result), clusters, real)
    order = np.argsort(np.concatenate([cluster.events for cluster in clusters]))
    np.testing.assert_allclose(moved.car[order], result.estimates.car, rtol=1e-9)
    again = power_test(result, studies=8, seed=2, matching=Matching(least=20))
    assert found.curve.equals(again.curve)
