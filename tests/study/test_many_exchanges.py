"""Shares of several exchanges in one study: every event counts sessions of its own exchange."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from correlator.errors import CorrelatorError, InputError, StudyError
from correlator.eventstudy.matrix import study_frames
from correlator.eventstudy.panel import many_exchanges
from correlator.eventstudy.panel.frames import BarFindings, Calendars, Panel
from correlator.eventstudy.paths import censored
from correlator.eventstudy.results.calendar_day import common_share
from correlator.eventstudy.results.result_frames import estimation_rows
from correlator.eventstudy.significance.arrays import study_arrays
from correlator.eventstudy.significance.cross_correlation import pair_correlations
from correlator.sessions.calendars import sessions_between

SHARES = {"XKAR": ("LAMP", "WICK"), "XNYS": ("BULB", "FUSE"), "XHKG": ("8801", "8802")}
INDEX = {"XKAR": "KSE", "XNYS": "SPX", "XHKG": "HSI"}
BENCHMARK = ",".join(f"{code}={name}" for code, name in INDEX.items())
FIRST, LAST = date(2022, 1, 3), date(2024, 12, 31)
WINDOW = (-5, 5)


def made_prices() -> dict[str, pl.DataFrame]:
    """Closes of two shares and an index of each exchange on its own sessions, with a common world market."""
    rng = np.random.default_rng(11)
    days = pl.date_range(FIRST, LAST, eager=True)
    world = dict(zip(days, rng.normal(0, 0.006, len(days)), strict=True))
    frames = {}
    for code, shares in SHARES.items():
        sessions = sessions_between(code, FIRST, LAST)["session"]
        market = np.array([world[day] for day in sessions]) + rng.normal(0, 0.006, len(sessions))
        columns = {INDEX[code]: 100 * np.exp(np.cumsum(market))}
        for share in shares:
            columns[share] = 50 * np.exp(np.cumsum(market + rng.normal(0, 0.01, len(sessions))))
        frames[code] = pl.DataFrame({"date": sessions, **columns})
    return frames


PRICES = made_prices()


def together() -> pl.DataFrame:
    """All columns on the dates of any exchange."""
    frame = PRICES["XKAR"]
    for code in ("XNYS", "XHKG"):
        frame = frame.join(PRICES[code], on="date", how="full", coalesce=True)
    return frame.sort("date")


def made_events() -> pl.DataFrame:
    """Events around holidays that the exchanges do not share, several on the same dates."""
    rows = []
    for day in ("2023-04-24", "2023-07-05", "2023-10-24", "2024-02-14", "2024-06-20", "2024-09-10"):
        for code, shares in SHARES.items():
            sessions = PRICES[code]["date"]
            at = sessions[int(sessions.search_sorted(date.fromisoformat(day)))]
            rows += [(share, at, code) for share in shares]
    return pl.DataFrame(rows, schema=["symbol", "date", "exchange"], orient="row")


EVENTS = made_events()


def test_a_figure_marks_the_bars_that_the_table_flags():
    whole = study_frames(prices=together(), events=EVENTS, benchmark=BENCHMARK, window=WINDOW)
    quiet = np.random.default_rng(0).random(whole.panel.returns.shape) < 0.2
    marked = replace(whole, panel=replace(whole.panel, zero_volume=quiet))
    flagged = marked.ar["flags"].str.contains("zero-volume").to_numpy().reshape(whole.estimates.ar.shape)
    np.testing.assert_array_equal(censored(marked)["zero-volume"], flagged)


def test_every_event_is_measured_as_by_itself():
    whole = study_frames(prices=together(), events=EVENTS, benchmark=BENCHMARK, window=WINDOW)
    assert len(whole.estimates) == len(EVENTS)
    for code, index in INDEX.items():
        own = EVENTS.filter(pl.col("exchange") == code).drop("exchange")
        alone = study_frames(prices=PRICES[code], events=own, benchmark=index, window=WINDOW)
        for name in ("ar", "car", "bhar", "models"):
            mine = whole.frame(name).filter(pl.col("exchange") == code).drop("event_id", "exchange")
            assert mine.equals(alone.frame(name).drop("event_id")), (code, name)
    assert whole.car["event_id"].unique(maintain_order=True).to_list() == list(range(1, len(EVENTS) + 1))


def test_one_exchange_of_several_has_the_same_statistics():
    """Split by exchange, the rows of the others' calendars are in no statistic."""
    own = EVENTS.filter(pl.col("exchange") == "XHKG").drop("exchange")
    alone = study_frames(prices=PRICES["XHKG"], events=own, benchmark="HSI", window=WINDOW)
    many = study_frames(prices=together(), events=EVENTS, benchmark=BENCHMARK, window=WINDOW, by="exchange")
    for name in ("summary", "significance", "calendar-time", "wild-cluster"):
        mine = many.frame(name).filter(pl.col("exchange") == "XHKG").drop("exchange")
        for column in mine.columns:
            kind = mine[column].dtype
            if kind.is_numeric():
                np.testing.assert_allclose(
                    mine[column].cast(float).fill_null(np.nan),
                    alone.frame(name)[column].cast(float).fill_null(np.nan),
                    rtol=1e-9,
                    err_msg=f"{name} {column}",
                )


def test_residuals_are_paired_by_date():
    """Two shares with the same shocks on the same dates of other calendars correlate fully."""
    rng = np.random.default_rng(5)
    days = pl.date_range(FIRST, LAST, eager=True)
    shock = dict(zip(days, rng.normal(0, 0.02, len(days)), strict=True))
    frames = []
    for code, name in (("XKAR", "LAMP"), ("XNYS", "BULB")):
        sessions = sessions_between(code, FIRST, LAST)["session"]
        frames.append(pl.DataFrame({"date": sessions, name: [shock[day] for day in sessions]}))
    returns = frames[0].join(frames[1], on="date", how="full", coalesce=True).sort("date")
    events = pl.DataFrame({"symbol": ["LAMP", "BULB"], "date": [date(2024, 9, 10)] * 2, "exchange": ["XKAR", "XNYS"]})
    found = study_frames(returns, events, model="mean", window=(0, 0))
    assert found.summary()["dates"].to_list() == [1]
    # Two events whose errors are one and the same: the correlation makes their average as sure as one of them.
    recommended = common_share(found.estimates, found.panel, found.estimation_bars)
    assert recommended == pytest.approx(1.0, abs=0.05)
    arrays = study_arrays(
        found.estimates,
        found.day_labels,
        found.window_labels,
        found.car_columns,
        residual_rows=estimation_rows(found.estimates, found.panel, found.estimation_bars),
    )
    total = pair_correlations(arrays, arrays.columns, np.arange(2))
    np.testing.assert_allclose(total, 1.0, atol=1e-9)


def test_windows_skip_the_holidays_of_the_own_exchange_alone():
    prices = together()
    found = study_frames(prices=prices, events=EVENTS, benchmark=BENCHMARK, window=WINDOW)
    sessions = found.ar.filter(pl.col("symbol") == "LAMP")["session"].to_list()[:11]
    known = PRICES["XKAR"]["date"]
    at = int(known.search_sorted(EVENTS["date"][0]))
    assert sessions == known[at - 5 : at + 6].to_list()
    assert found.ar["ar"].null_count() == 0


def test_a_table_of_exchanges_by_option():
    pairs = ",".join(f"{share}={code}" for code, shares in SHARES.items() for share in shares)
    plain = EVENTS.drop("exchange")
    one = study_frames(prices=together(), events=plain, benchmark=BENCHMARK, window=WINDOW, exchange=pairs)
    two = study_frames(prices=together(), events=EVENTS, benchmark=BENCHMARK, window=WINDOW)
    assert one.car.equals(two.car)


def test_equal_weighted_is_of_the_own_exchange():
    found = study_frames(prices=together(), events=EVENTS, benchmark="equal-weighted", window=WINDOW)
    own = EVENTS.filter(pl.col("exchange") == "XNYS").drop("exchange")
    alone = study_frames(prices=PRICES["XNYS"].drop("SPX"), events=own, benchmark="equal-weighted", window=WINDOW)
    mine = found.car.filter(pl.col("exchange") == "XNYS").drop("event_id", "exchange")
    assert mine.equals(alone.car.drop("event_id"))
    assert found.benchmark_note.count("equal-weighted mean of 1 other column") == 3


def test_clocks_are_placed_on_the_own_exchange():
    instants = ["2024-06-20T09:00:00Z", "2024-06-20T15:00:00Z", "2024-06-20T19:00:00Z"]
    rows = [(share, instant, code) for instant in instants for code, (share, _) in SHARES.items()]
    events = pl.DataFrame(rows, schema=["symbol", "date", "exchange"], orient="row")
    found = study_frames(prices=together(), events=events, benchmark=BENCHMARK, window=(0, 0))
    placed = {(row["symbol"], i // 3): row["date"] for i, row in enumerate(found.events.iter_rows(named=True))}
    # 9:00 UTC is before the close of Karachi and New York and after that of Hong Kong, and so on.
    assert [placed["LAMP", i] for i in range(3)] == [date(2024, 6, 20), date(2024, 6, 21), date(2024, 6, 21)]
    assert [placed["BULB", i] for i in range(3)] == [date(2024, 6, 20)] * 3
    assert [placed["8801", i] for i in range(3)] == [date(2024, 6, 21)] * 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"benchmark": "XKAR=KSE,XNYS=SPX"}, "names no symbol for XHKG"),
        ({"benchmark": "XKAR=KSE,SPX"}, "does not name one benchmark"),
        ({"events": EVENTS.with_columns(exchange=pl.when(pl.int_range(len(EVENTS)) != 0).then("exchange"))}, "LAMP"),
        ({"events": EVENTS.with_columns(pl.col("exchange").replace("XKAR", "KARACHI"))}, "KARACHI"),
        ({"events": EVENTS.drop("exchange"), "exchange": "LAMP=XKAR,BULB=XNYS"}, "exchange of 8801 is not known"),
    ],
)
def test_what_is_not_told_is_asked(change, says):
    options = {"events": EVENTS, "benchmark": BENCHMARK, "window": WINDOW, **change}
    with pytest.raises((InputError, LookupError), match=says):
        study_frames(prices=together(), **options)


DATES = "2024-02-05:2024-02-23"  # with holidays of each exchange that the others do not have


@pytest.mark.parametrize(
    "options",
    [
        {"window": DATES, "windows": f"{DATES},2024-02-12:2024-02-14", "estimation": "2022-06-01:2023-12-29"},
        {"window": DATES, "windows": DATES, "estimation": (-260, -30)},
        {"window": (-5, 5), "windows": "-5:5,0:1", "estimation": "2022-03-01:2023-03-31"},
    ],
    ids=["both dates", "event window dates", "estimation dates"],
)
def test_windows_of_dates_are_the_sessions_of_each_exchange(options):
    events = EVENTS.filter(pl.col("date").is_between(date(2024, 2, 1), date(2024, 9, 30)))
    many = study_frames(prices=together(), events=events, benchmark=BENCHMARK, by="exchange", **options)
    assert many.ar["session"].n_unique() > 10
    for code, index in INDEX.items():
        own = events.filter(pl.col("exchange") == code).drop("exchange")
        alone = study_frames(prices=PRICES[code], events=own, benchmark=index, **options)
        for name in ("ar", "car", "models"):
            mine = many.frame(name).filter(pl.col("exchange") == code).drop("event_id", "exchange")
            assert mine.equals(alone.frame(name).drop("event_id")), (code, name)
        for name in ("summary", "significance", "caar"):
            one = alone.frame(name)
            key = [column for column in ("window_or_day", "statistic", "window") if column in one.columns]
            both = one.join(many.frame(name).filter(pl.col("exchange") == code), on=key, how="left", suffix="_many")
            for column in (each for each in one.columns if one[each].dtype.is_numeric()):
                one_by_one = [both[name].cast(float).fill_null(np.nan) for name in (column, f"{column}_many")]
                np.testing.assert_allclose(*one_by_one, rtol=1e-9, err_msg=f"{name} {column}")


def test_an_exchange_without_a_session_in_a_window_of_dates_is_excluded():
    options = {"estimation": "2023-01-02:2023-12-29", "benchmark": BENCHMARK}
    # 5 February is a holiday in Karachi.
    found = study_frames(prices=together(), events=EVENTS, window="2024-02-05:2024-02-05", **options)
    assert set(found.car["exchange"]) == {"XNYS", "XHKG"}
    reasons = found.excluded.filter(pl.col("symbol") == "LAMP")["reason"].unique().to_list()
    assert reasons == ["no session between 2024-02-05 and 2024-02-05 on XKAR"]
    with pytest.raises(StudyError, match="no bar between|no exchange has a session"):
        study_frames(prices=together(), events=EVENTS, window="2024-02-10:2024-02-11", **options)
    with pytest.raises(StudyError, match="all offsets from day 0, or all dates"):
        study_frames(prices=together(), events=EVENTS, window="2024-02-05:2024-02-09", windows="0:1", **options)


@pytest.mark.parametrize("options", [{"model": "synthetic"}])
def test_what_needs_one_calendar_is_refused(options):
    with pytest.raises(CorrelatorError, match="several exchanges"):
        study_frames(prices=together(), events=EVENTS, window=WINDOW, **options)


def test_diagnostics_are_those_of_each_exchange():
    many = study_frames(prices=together(), events=EVENTS, benchmark=BENCHMARK, window=WINDOW)
    for code, index in INDEX.items():
        own = EVENTS.filter(pl.col("exchange") == code).drop("exchange")
        alone = study_frames(prices=PRICES[code], events=own, benchmark=index, window=WINDOW)
        mine = many.diagnostics.filter(pl.col("exchange") == code).drop("event_id", "exchange")
        assert mine.equals(alone.diagnostics.drop("event_id")), code
    assert many.diagnostics["event_id"].to_list() == many.events["event_id"].to_list()
    dated = study_frames(prices=together(), events=EVENTS, benchmark=BENCHMARK, window=DATES, estimation=(-260, -30))
    with pytest.raises(StudyError, match="windows of dates"):
        _ = dated.diagnostics


def test_exchanges_with_the_same_sessions_share_what_one_exchange_does():
    rng = np.random.default_rng(4)
    days = pl.Series("date", sessions_between("XNYS", FIRST, LAST)["session"].head(200))
    returns = rng.normal(0, 0.01, (200, 5)) + rng.normal(0, 0.01, (200, 1))
    frame = pl.DataFrame({"date": days, **{f"S{k}": returns[:, k] for k in range(5)}})
    events = pl.DataFrame({"symbol": ["S0", "S1", "S2", "S3", "S4"], "date": days[[120, 120, 120, 150, 150]]})
    found = study_frames(frame, events, model="mean", estimation="-80:-11", window="-2:2")
    rows = np.arange(200)
    several = replace(found.panel, calendars=Calendars(("XKAR", "XNYS"), np.array([0, 1, 0, 1, 0]), (rows, rows)))
    shares = [common_share(found.estimates, panel, found.estimation_bars) for panel in (found.panel, several)]
    assert shares[0] > 0.2
    assert shares[1] == pytest.approx(shares[0], rel=1e-12)


def test_rows_of_sessions_at_both_ends_of_a_calendar():
    own = (np.array([1, 3, 4]), np.array([0, 2]))
    calendars = Calendars(("XKAR", "XNYS"), np.array([0, 1]), own)
    places = np.array([[-1, 0, 1, 2, 3], [-1, 0, 1, 2, 3]])
    assert calendars.rows_at(np.array([0, 1]), places, 5).tolist() == [[-1, 1, 3, 4, 5], [-1, 0, 2, 5, 5]]


def test_words_of_findings_beyond_what_has_a_bit_share_the_last():
    def place(words, bits):
        panel = Panel(
            pl.Series("session", [date(2024, 1, 2)]),
            ("LAMP",),
            np.zeros((1, 1)),
            findings=BarFindings(words, np.array([[bits]], dtype=np.uint32)),
        )
        return panel, slice(None), slice(1, 2) if words[0] == "b0" else slice(0, 1)

    first, second = tuple(f"a{k}" for k in range(20)), tuple(f"b{k}" for k in range(20))
    found = many_exchanges._findings([place(first, 1 << 3), place(second, 1 << 12 | 1 << 19)], (1, 2))
    assert found.words == (*first, *second[:12])
    assert found.bits.tolist() == [[1 << 3, 1 << 31]]


def test_a_risk_free_return_that_ends_is_named_on_every_exchange():
    days = pl.date_range(FIRST, date(2024, 8, 30), eager=True)
    rates = pl.DataFrame({"date": days, "RF": [0.0001] * len(days)})
    options = {"benchmark": BENCHMARK, "window": WINDOW}
    whole = study_frames(prices=together(), events=EVENTS, risk_free=rates, **options)
    assert whole.excluded["session"].to_list() == [date(2024, 9, 10)] * 6
    assert set(whole.excluded["reason"]) == {"no bar in the event window: the risk-free return ends on 2024-08-30"}
    plain = study_frames(prices=together(), events=EVENTS, **options)
    assert set(plain.car["event_id"]) - set(whole.car["event_id"]) == set(whole.excluded["event_id"])


@pytest.mark.parametrize("count", [1, 3])
def test_factors_are_summed_over_the_sessions_of_each_exchange(count):
    """Of days that are sessions of another exchange alone, and over holes."""
    days = pl.date_range(FIRST, LAST, eager=True)
    days = days.filter(days.dt.weekday() <= 5)
    values = np.random.default_rng(5).normal(0, 0.01, (len(days), count))
    factors = pl.DataFrame({"date": days, **{f"F{k}": values[:, k] for k in range(count)}})
    hole = pl.col("date").is_in([date(2023, 4, 19), date(2023, 10, 26), date(2024, 2, 15)])
    prices = together().with_columns(pl.when(~hole).then(pl.col(name)) for name in ("LAMP", "BULB", "8801"))
    options = {"factors": factors, "model": "factors", "window": WINDOW}
    whole = study_frames(prices=prices, events=EVENTS, **options)
    assert whole.frame("car")["flags"].str.contains("over-holes").any()
    for code, shares in SHARES.items():
        own = EVENTS.filter(pl.col("exchange") == code).drop("exchange")
        sessions = PRICES[code].select("date").join(prices, on="date", how="left").select("date", *shares)
        alone = study_frames(prices=sessions, events=own, **options)
        for name in ("ar", "car", "models"):
            mine = whole.frame(name).filter(pl.col("exchange") == code).drop("event_id", "exchange")
            assert mine.equals(alone.frame(name).drop("event_id")), (code, name)
    summary, portfolio = whole.summary(), whole.frame("calendar-time")
    assert summary["se"].is_finite().all()
    assert portfolio["alpha"].is_finite().all()
