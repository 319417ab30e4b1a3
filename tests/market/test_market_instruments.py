"""A user's file of instruments, returns in another currency, and studies that say which of their bars are flagged."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from bars_made import made_bars

from correlator.errors import InputError, NotFoundError
from correlator.eventstudy.panel.benchmark import equal_weighted_of_others
from correlator.eventstudy.panel.factors import factors_of
from correlator.market.names.instruments import split_symbol
from correlator.market.names.symbols import split_place
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store
from correlator.store.writing.events import write_events
from correlator.tables import EVENTS
from correlator.workspace import Workspace

OWN = """symbol,exchange,benchmark,aliases,kind,name
LAMP,XKAR,LIGHTS,LAMP.KA;Lamp & Sons,share,Lamp and Sons
LIGHTS,XKAR,,,index,Lights index
"""


@pytest.fixture
def store(tmp_path) -> Workspace:
    (tmp_path / "own.csv").write_text(OWN)
    workspace = Workspace(tmp_path / "m.duckdb")
    workspace.add_instruments(tmp_path / "own.csv")
    return workspace


def instruments(store: Store) -> list[tuple[object, ...]]:
    return store.frame("SELECT symbol, exchange, currency, benchmark, aliases FROM instruments ORDER BY symbol").rows()


def test_a_user_s_file_is_known_and_can_be_changed(store, tmp_path):
    assert instruments(store) == [
        ("LAMP", "XKAR", "PKR", "LIGHTS", "LAMP.KA|Lamp & Sons"),
        ("LIGHTS", "XKAR", "PKR", None, None),
    ]
    assert str(store.add_instruments(tmp_path / "own.csv")).endswith("nothing changed: 0 new, 2 known already")
    (tmp_path / "own.csv").write_text("symbol,exchange,benchmark,currency\nLAMP,XKAR,KSE100,\n")
    assert store.add_instruments(tmp_path / "own.csv").added == 1
    assert instruments(store)[0] == ("LAMP", "XKAR", "PKR", "KSE100", "LAMP.KA|Lamp & Sons")


def test_prices_under_another_name_go_to_the_user_s_symbol_and_keep_what_the_user_said(store):
    store.add_prices(made_bars("LAMP.KA"))
    assert store.frame("SELECT DISTINCT symbol FROM bars").rows() == [("LAMP",)]
    assert instruments(store)[0] == ("LAMP", "XKAR", "PKR", "LIGHTS", "LAMP.KA|Lamp & Sons")
    store.add_prices(made_bars("x").drop("Symbol"), symbol="LAMP")
    assert store.frame("SELECT DISTINCT symbol, vintage FROM bars").rows() == [("LAMP", 1)]


@pytest.mark.parametrize("written", ["VOD.L", "vod.l", "VOD LN Equity", "LSE:VOD"])
def test_a_symbol_of_a_file_is_the_store_s_however_it_is_written(tmp_path, written):
    made = Workspace(tmp_path / "m.duckdb")
    made.add_instruments(pl.DataFrame({"symbol": ["VOD.L", "LAMP"], "exchange": ["XLON", "XKAR"]}))
    made.add_instruments(pl.DataFrame({"symbol": [written], "exchange": ["XLON"], "name": ["Voda"]}))
    assert made.frame("SELECT symbol, name FROM instruments ORDER BY 1").rows() == [("LAMP", None), ("VOD.L", "Voda")]


def test_a_file_does_not_move_an_instrument_to_another_market(tmp_path):
    made = Workspace(tmp_path / "m.duckdb")
    made.add_instruments(pl.DataFrame({"symbol": ["A"], "exchange": ["XNYS"]}))
    made.add_instruments(pl.DataFrame({"symbol": ["A"], "exchange": ["XNAS"]}))  # the same market
    with pytest.raises(InputError, match="A is an instrument of XNAS in this store, not of XPAR"):
        made.add_instruments(pl.DataFrame({"symbol": ["A", "B"], "exchange": ["XPAR", "XPAR"]}))
    assert made.frame("SELECT symbol, exchange, country FROM instruments").rows() == [("A", "XNAS", "USA")]


@pytest.mark.parametrize("second", ["lamp", "LAMP"])
def test_two_rows_of_one_symbol_in_any_case_are_refused(tmp_path, second):
    with pytest.raises(InputError, match="several rows for LAMP"):
        Workspace(tmp_path / "m.duckdb").add_instruments(
            pl.DataFrame({"symbol": ["LAMP", second], "exchange": ["XKAR", "XKAR"]})
        )


def test_a_broken_file_of_instruments_loads_nothing(tmp_path):
    (tmp_path / "own.csv").write_text("symbol,exchange\nLAMP,XKAR\nLAMP,XNYS\n")
    with pytest.raises(InputError, match="several rows for LAMP"):
        Workspace(tmp_path / "m.duckdb").add_instruments(tmp_path / "own.csv")
    assert not (tmp_path / "m.duckdb").exists()


def with_events(store: Workspace, symbol: str = "LAMP", days: tuple[date, ...] = (date(2024, 5, 15),)) -> Workspace:
    """The store with events that name the symbol, known before the opening of ``days``."""
    rows = [
        {
            "event_key": f"k{number}",
            "known_at": datetime(day.year, day.month, day.day, 1, tzinfo=UTC),
            "known_precision": "minute",
            "coder": "user",
            "category": "CONSULT",
            "quad_class": "verbal-cooperation",
            "symbol": symbol,
        }
        for number, day in enumerate(days, start=1)
    ]
    with store.transaction() as connection:
        write_events(
            connection, pl.DataFrame(rows, schema=EVENTS.schema([n for n in EVENTS.column_names if n != "event_id"]))
        )
    return store


def rates(symbol: str, seed: int = 7) -> pl.DataFrame:
    days = sessions_between("XKAR", date(2022, 1, 3), date(2024, 12, 31))["session"]
    moves = np.random.default_rng(seed).normal(0, 0.004, len(days))
    return pl.DataFrame({"Symbol": [symbol] * len(days), "Date": days, "Close": 280 * np.exp(np.cumsum(moves))})


def test_returns_in_a_common_currency_are_local_ones_plus_those_of_the_rate(store):
    store.add_prices(made_bars("LAMP"))
    store.add_prices(rates("USDPKR"), exchange="XKAR")
    with_events(store)
    options = {"model": "raw", "window": "-2:2"}
    local, dollars = store.study("LAMP", **options), store.study("LAMP", currency="USD", **options)
    rate = rates("USDPKR").select(pl.col("Date").alias("session"), -(pl.col("Close").log().diff()).alias("fx"))
    joined = local.ar.join(dollars.ar, on="session", suffix="_usd").join(rate, on="session")
    assert joined.height == 5
    assert np.allclose(joined["return_usd"], joined["return"] + joined["fx"], atol=1e-12)
    assert dollars.spec.currency == "USD"
    assert store.study("LAMP", currency="PKR", **options).ar.equals(local.ar)
    simple = store.study("LAMP", currency="USD", returns="simple", **options).ar["return"]
    assert np.allclose(np.log1p(simple), dollars.ar["return"], atol=1e-12)
    with pytest.raises(NotFoundError, match="no exchange rate from PKR to EUR"):
        store.study("LAMP", currency="EUR", **options)
    store.add_prices(rates("EURUSD", seed=8), exchange="XNYS")
    euros = store.study("LAMP", currency="EUR", **options).ar
    crossed = rates("EURUSD", seed=8).select(
        pl.col("Date").alias("session"), -(pl.col("Close").log().diff()).alias("e")
    )
    both = joined.join(euros, on="session", suffix="_eur").join(crossed, on="session")
    assert np.allclose(both["return_eur"], both["return_usd"] + both["e"], atol=1e-12)


def test_a_session_without_a_rate_is_missing_and_the_next_return_spans_it(store):
    store.add_prices(made_bars("LAMP"))
    gap = date(2024, 5, 15)
    store.add_prices(rates("USDPKR").filter(pl.col("Date") != gap), exchange="XKAR")
    with_events(store)
    options = {"model": "raw", "window": "-1:2", "windows": "0:1"}
    ar = store.study("LAMP", currency="USD", **options).ar
    assert ar.filter(pl.col("return").is_nan() | pl.col("return").is_null())["day"].to_list() == [0]
    local = store.study("LAMP", **options).ar
    known = rates("USDPKR").filter(pl.col("Date").is_in(local["session"].implode()))["Close"].log().to_list()
    over_both = local["return"][1] + local["return"][2] - (known[2] - known[0])
    assert ar["return"][2] == pytest.approx(over_both, abs=1e-12)


def test_the_market_of_a_share_is_the_mean_of_the_others_where_no_index_is_loaded(store):
    for number, name in enumerate(("LAMP", "WICK", "OIL")):
        store.add_prices(made_bars(name, seed=number), exchange="XKAR")
    with_events(store)
    with pytest.warns(UserWarning, match="equal-weighted mean of 2 other shares of XKAR"):
        result = store.study("LAMP", window="-1:1", windows="0:0")
    assert result.spec.benchmark == "equal-weighted"
    assert "the share itself left out" in result.benchmark_note
    others = [made_bars(name, seed=number)["Close"].log().diff() for number, name in ((1, "WICK"), (2, "OIL"))]
    mean = np.mean(np.array([close.to_numpy() for close in others])[:, 1:], axis=0)
    assert np.allclose(factors_of(result.panel, 0)[1:, 0], mean, atol=1e-12)
    assert np.allclose(
        result.ar.filter(pl.col("day") == 0)["expected"].to_numpy(),
        _market_model(result, mean),
        atol=1e-12,
    )


def _market_model(result, market: np.ndarray) -> np.ndarray:
    """alpha + beta R_m on day 0 by least squares of LAMP on ``market``, over the estimation window of each event."""
    y = made_bars("LAMP", seed=0)["Close"].log().diff().to_numpy()[1:]
    expected = []
    for day in result.estimates.day_zero - 1:  # rows after the first, which has no return
        rows = np.arange(max(day - 279, 0), day - 29)
        slope, constant = np.polyfit(market[rows], y[rows], 1)
        expected.append(constant + slope * market[day])
    return np.array(expected)


def test_a_share_is_never_in_its_own_mean():
    returns = np.array([[0.05, 0.0, np.nan], [0.01, 0.03, 0.05]])
    means = equal_weighted_of_others(returns, np.array([0, 1, -1]), minimum=1)
    assert means.others.tolist() == [2, 2, 3]
    np.testing.assert_allclose(means.of_others, [[0.0, 0.05, 0.025], [0.04, 0.03, 0.03]])
    np.testing.assert_allclose(means.of_all, [0.025, 0.03])
    means = equal_weighted_of_others(returns, np.array([0]), minimum=2)
    assert np.isnan(means.of_others[0, 0])


@pytest.mark.filterwarnings("ignore:the equal-weighted mean")
def test_a_member_that_the_audit_gravely_doubts_is_not_in_the_mean(store):
    store.add_prices(made_bars("LAMP"), exchange="XKAR")
    wick = made_bars("WICK", seed=1).with_row_index("row")
    spike = pl.when(pl.col("row") == 200).then(pl.col("Close") * 100).otherwise(pl.col("Close"))
    store.add_prices(wick.with_columns(spike.alias("Close")).drop("row"), exchange="XKAR")
    store.add_prices(made_bars("OIL", seed=2), exchange="XKAR")
    with_events(store)
    result = store.study("LAMP", window="-1:1", windows="0:0")
    market = factors_of(result.panel, 0)[:, 0]
    assert np.nanmax(np.abs(market)) < 1.0
    assert "doubtful bar" in result.benchmark_note or "left out by the audit" in result.benchmark_note


def test_a_benchmark_that_closes_later_is_told_and_its_previous_session_can_be_taken(store):
    store.add_prices(made_bars("LAMP"), exchange="XKAR")
    store.add_prices(made_bars("LATE", seed=3), exchange="XNYS")
    with_events(store)
    with pytest.warns(UserWarning, match=r"LATE \(XNYS\) closes .* after XKAR"):
        same = store.study("LAMP", benchmark="LATE", window="-1:1", windows="0:0")
    previous = store.study("LAMP", benchmark="LATE", benchmark_session="previous", window="-1:1", windows="0:0")
    assert "its session before" in previous.benchmark_note
    labels = previous.panel.labels
    row = same.estimates.day_zero[0]
    bars = made_bars("LATE", seed=3)
    before = [bars.filter(pl.col("Date") < labels[int(r)])["Close"][-1] for r in (row - 1, row)]
    assert previous.panel.factors[row, 0] == pytest.approx(np.log(before[1] / before[0]), abs=1e-12)
    assert same.panel.factors[row, 0] != previous.panel.factors[row, 0]


def warned(work) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    return [str(warning.message) for warning in caught]


def test_a_study_says_which_of_its_bars_are_flagged(store):
    rows = made_bars("LAMP")
    at = rows["Date"].index_of(date(2024, 3, 20))
    names = ("Open", "High", "Low", "Close", "Volume")
    take = np.arange(rows.height)
    take[at] -= 1
    stale = rows.with_columns(rows.select(names)[take])
    quiet = stale.with_columns(
        pl.when(pl.col("Date") == date(2024, 5, 16)).then(0.0).otherwise("Volume").alias("Volume")
    )
    store.add_prices(quiet)
    store.add_prices(made_bars("LIGHTS", seed=4))
    with_events(store)
    said = warned(lambda: store.study("LAMP", window="-5:5"))
    assert any(line.startswith("LAMP 2024-03-20: stale (medium)") for line in said)
    assert any("event windows contain 1 zero-volume bar, whose" in line for line in said)
    later = warned(lambda: store.study("LAMP", window="-5:5", estimation="-25:-10", minimum_observations=10))
    assert not any("stale" in line for line in later)


def test_a_study_of_a_shifted_series_says_so(store):
    shifted = made_bars("LAMP").with_columns(pl.col("Date").dt.offset_by("-1d"))
    report = store.add_prices(shifted)
    assert any("shifted-early" in note for note in report.notes)
    store.add_prices(made_bars("LIGHTS", seed=4))
    with_events(store)
    assert any("shifted-early (high)" in line for line in warned(lambda: store.study("LAMP", window="-5:5")))


def test_sound_bars_are_not_warned_of(store):
    store.add_prices(made_bars("LAMP"))
    store.add_prices(made_bars("LIGHTS", seed=4))
    with_events(store)
    assert warned(lambda: store.study("LAMP", window="-5:5")) == []


def test_one_symbol_of_the_store_is_held_against_the_others(store):
    shifted = made_bars("LAMP").with_columns(pl.col("Date").shift(1)).filter(pl.col("Date").is_not_null())
    store.add_prices(shifted)
    for number, name in enumerate(("WICK", "OIL", "JAR"), start=1):
        store.add_prices(made_bars(name, seed=number), exchange="XKAR")
    found = store.check_prices(["lamp"])
    assert found["symbol"].unique().to_list() == ["LAMP"]
    assert "shifted-early" in found["check"].to_list()
    assert "the mean of 3 other symbols" in found.filter(pl.col("check") == "shifted-early")["evidence"][0]
    store.add_prices(made_bars("LIGHTS", seed=9))
    by_index = store.check_prices(["LAMP"]).filter(pl.col("check") == "shifted-early")["evidence"][0]
    assert "returns move with LIGHTS" in by_index
    assert store.check_prices(["LAMP"], benchmark="OIL").filter(pl.col("check") == "shifted-early").height == 1


@pytest.mark.parametrize("name", ["LAMP US Equity", "LAMP.US", "lamp.n", "$LAMP", "NYSE:LAMP", "LAMP UN"])
def test_the_store_knows_symbols_by_the_names_of_terminals_and_feeds(tmp_path, name: str) -> None:
    ws = Workspace(tmp_path / "m.duckdb")
    days = sessions_between("XNYS", date(2023, 1, 3), date(2024, 6, 28))["session"]
    steps = np.random.default_rng(2).normal(0, 0.01, (len(days), 2)).cumsum(axis=0)
    for number, symbol in enumerate(("LAMP", "MKT")):
        bars = pl.DataFrame({"Date": days, "Close": 50 * np.exp(steps[:, number])})
        ws.add_prices(bars, symbol=symbol, exchange="XNYS")
    actors = {"source": ["USA"], "target": ["CHN"], "category": ["SANCTION"]}
    ws.add_events(pl.DataFrame({"date": [date(2024, 5, 6)], "symbol": [name], **actors}))
    found = ws.study(name, links="named", benchmark="NYSE:MKT", window="-1:1", windows="0:0", flagged="keep")
    assert found.car["symbol"].to_list() == ["LAMP"]
    with pytest.raises(NotFoundError):
        ws.study("LAMP LN", links="named", benchmark="MKT", window="-1:1", windows="0:0")


def test_an_ending_is_a_service_s_and_a_country_code_a_terminal_s() -> None:
    """``.IS`` is Istanbul to a service, ``IS`` behind a space the NSE of India to a terminal."""
    assert split_symbol("LAMP.IS") == ("LAMP.IS", "XIST")
    assert split_place("LAMP.IS") == ("LAMP", "XIST")
    assert split_place("LAMP IS Equity") == ("LAMP", "XNSE")
