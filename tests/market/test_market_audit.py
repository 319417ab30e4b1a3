"""The audit of bars: each fault is planted in bars that are clean, and found for what it is."""

from __future__ import annotations

import os
import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bars_made import as_file, made_bars
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.base.resources import data_path
from correlator.errors import InputError
from correlator.market.audit.findings import SCHEMA, summarise
from correlator.market.audit.prices import audit_prices, audit_vintages
from correlator.market.audit.sessions import check_sessions
from correlator.market.checked_files import audit_file, check_files, symbol_in_name

SHARED = Path(os.environ.get("CORRELATOR_SHARED", Path(__file__).parents[3] / "shared")) / "market"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared series are not here")


def audited(rows: pl.DataFrame, *others: pl.DataFrame, **options: object) -> pl.DataFrame:
    bars = pl.concat([as_file(part, exchange="XKAR").bars for part in (rows, *others)])
    found = audit_prices(bars, exchange="XKAR", **options)
    return found.filter(pl.col("symbol") == rows["Symbol"][0])


def checks(found: pl.DataFrame, *severities: str) -> set[str]:
    return set(found.filter(pl.col("severity").is_in(severities or ["high", "medium"]))["check"])


def test_clean_bars_have_no_finding_above_low():
    found = audited(made_bars(), made_bars("MARKET", seed=1))
    assert found.schema == SCHEMA
    assert checks(found) == set()


@pytest.mark.parametrize(("days", "name"), [(-1, "shifted-early"), (1, "shifted-late")])
def test_dates_shifted_by_a_day_show_in_the_weekdays(days, name):
    rows = made_bars().with_columns(pl.col("Date").dt.offset_by(f"{days}d"))
    found = audited(rows)
    assert checks(found, "high") == {name}
    assert "100 % when moved by a day" in found["evidence"][0]
    assert f"and 0 {'Fridays' if days < 0 else 'Mondays'}; " in found["evidence"][0]


def test_a_stretch_of_shifted_dates_is_named_with_its_ends():
    rows = made_bars().with_columns(
        pl.when(pl.col("Date") < date(2024, 1, 1))
        .then(pl.col("Date").dt.offset_by("-1d"))
        .otherwise("Date")
        .alias("Date")
    )
    evidence = audited(rows).filter(pl.col("check") == "shifted-early")["evidence"][0]
    assert "labels from 2022-01-02 to 2023-12-" in evidence


@pytest.mark.parametrize(("by", "name"), [(1, "shifted-early"), (-1, "shifted-late")])
def test_dates_shifted_by_a_session_show_in_the_correlation(by, name):
    rows = made_bars().with_columns(pl.col("Date").shift(by))
    shifted = rows.filter(pl.col("Date").is_not_null())
    found = audited(shifted, made_bars("MARKET", seed=1), benchmark="MARKET")
    assert checks(found, "high") == {name}
    assert "correlation 0." in found["evidence"][0]


def test_peers_stand_in_for_a_benchmark():
    rows = made_bars().with_columns(pl.col("Date").shift(1)).filter(pl.col("Date").is_not_null())
    peers = [made_bars(f"PEER{k}", seed=k) for k in (1, 2, 3)]
    found = audited(rows, *peers)
    assert "the mean of 3 other symbols" in found.filter(pl.col("check") == "shifted-early")["evidence"][0]
    with pytest.raises(InputError, match="not among the bars"):
        audited(rows, *peers, benchmark="NOTHERE")


def changed(at: int, **values: float) -> pl.DataFrame:
    rows = made_bars()
    return rows.with_columns(
        pl.when(pl.int_range(pl.len()) == at).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


@pytest.mark.parametrize(
    ("values", "check", "severity"),
    [
        ({"High": 1.0}, "ohlc", "high"),
        ({"Open": -5.0}, "ohlc", "high"),
        ({"Volume": 0.0}, "zero-volume", "low"),
    ],
)
def test_single_bars(values, check, severity):
    found = audited(changed(100, **values))
    row = found.filter(pl.col("check") == check)
    assert row["severity"].to_list() == [severity]
    assert row["session"].to_list() == [made_bars()["Date"][100]]


def test_a_share_s_close_slightly_outside_its_range_is_medium_an_index_s_is_high():
    rows = made_bars().with_columns(
        pl.when(pl.int_range(pl.len()) == 100).then(pl.col("Close") * 0.997).otherwise("High").alias("High"),
        pl.when(pl.int_range(pl.len()) == 100).then(pl.col("Close") * 0.997).otherwise("Open").alias("Open"),
    )
    assert audited(rows).filter(pl.col("check") == "ohlc")["severity"].to_list() == ["medium"]
    index = rows.with_columns(pl.lit("KSE30").alias("Symbol"))
    assert audited(index).filter(pl.col("check") == "ohlc")["severity"].to_list() == ["high"]


def after(factor: float, *, from_row: int = 300, to_row: int | None = None) -> pl.DataFrame:
    rows = made_bars()
    inside = pl.int_range(pl.len()).is_between(from_row, (to_row or rows.height) - 1)
    return rows.with_columns(
        pl.when(inside).then(pl.col(name) * factor).otherwise(name).alias(name)
        for name in ("Open", "High", "Low", "Close")
    )


@pytest.mark.parametrize(
    ("rows", "check"),
    [
        (after(0.2), "split-like"),
        (after(1 / 3), "split-like"),
        (after(100.0), "unit-change"),
        (after(0.001, to_row=303), "unit-change"),
        (after(0.8), "beyond-limit"),
    ],
)
def test_levels_that_break(rows, check):
    assert check in checks(audited(rows))


def test_a_phantom_and_a_real_day_off_the_calendar():
    rows = made_bars()
    holiday = date(2024, 5, 28)
    copy = rows.filter(pl.col("Date") == date(2024, 5, 27)).with_columns(pl.lit(holiday).alias("Date"))
    phantom = pl.concat([rows, copy.with_columns(pl.lit(0.0).alias("Volume"))])
    assert checks(audited(phantom)) == {"phantom"}
    busy = pl.concat([rows, copy.with_columns(pl.col("Close") * 1.001)])
    assert audited(busy).filter(pl.col("check") == "holiday")["severity"].to_list() == ["medium"]
    sunday = pl.concat([rows, copy.with_columns(pl.lit(date(2024, 5, 26)).alias("Date"), pl.col("Close") * 1.001)])
    assert checks(audited(sunday), "high") == {"weekend"}


def test_stale_copies_and_holes():
    rows = made_bars()
    stale = rows.with_columns(
        pl.when(pl.int_range(pl.len()) == 200).then(pl.col(name).shift()).otherwise(name).alias(name)
        for name in ("Open", "High", "Low", "Close", "Volume")
    )
    assert checks(audited(stale), "medium") == {"stale"}
    with_hole = rows.with_row_index().filter(~pl.col("index").is_between(200, 299)).drop("index")
    hole = audited(with_hole).filter(pl.col("check") == "hole")
    assert hole["severity"].to_list() == ["high"]
    assert "100 sessions in a row" in hole["evidence"][0]


def test_limit_locked_bars_follow_the_limit_of_their_day():
    rows = made_bars().with_row_index()
    previous = rows["Close"][499]
    locked = rows.with_columns(
        pl.when(pl.col("index") == 500).then(round(previous * 1.075, 2)).otherwise(name).alias(name)
        for name in ("Open", "High", "Low", "Close")
    ).drop("index")
    assert rows["Date"][500] < date(2024, 5, 27)
    found = audited(locked).filter(pl.col("check") == "limit-locked")
    assert found["session"].to_list() == [rows["Date"][500]]


def test_an_index_that_is_another_is_caught_by_known_closes():
    known = pl.read_csv(data_path("instruments", "anchors.csv"), try_parse_dates=True)
    known = known.filter((pl.col("symbol") == "KSE100") & pl.col("session").dt.year().is_between(2022, 2023))
    rows = made_bars("KSE100")
    true = rows.join_asof(known.sort("session"), left_on="Date", right_on="session", strategy="nearest")
    scaled = true.with_columns(pl.col("close").alias(name) for name in ("Open", "High", "Low", "Close")).select(
        rows.columns
    )
    assert "not-what-it-claims" not in checks(audited(scaled))
    other = scaled.with_columns(pl.col(name) * 0.7 for name in ("Open", "High", "Low", "Close"))
    found = audited(other).filter(pl.col("check") == "not-what-it-claims")
    assert found["severity"].to_list() == ["high"]
    assert "0.7 times known closes of KSE100" in found["evidence"][0]


def test_two_sources_of_one_symbol_that_disagree():
    ours, theirs = as_file(made_bars(), exchange="XKAR").bars, as_file(made_bars(), exchange="XKAR").bars
    theirs = theirs.with_columns(pl.col("close") * 2, pl.lit("elsewhere").alias("source"))
    found = audit_prices(pl.concat([ours, theirs]), exchange="XKAR")
    assert found.filter(pl.col("check") == "sources-disagree")["severity"].to_list() == ["high", "high"]


def test_what_reading_showed_is_a_finding(tmp_path):
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(1, 6)]
    stamps = [f"{day - timedelta(days=1)}T19:00:00.000Z" for day in days]
    path = tmp_path / "KSE100_copy.csv"
    rows = pl.DataFrame({"Date": [*stamps, stamps[-1]], "Close": [60000.0, 60001, 60002, 60003, 60004, 60004]})
    rows.write_csv(path)
    found = check_files([path])
    assert {"utc-stamps", "duplicate"} <= set(found["check"])
    assert audit_file(as_file(made_bars(), exchange="XKAR"), symbol="LAMP").is_empty()


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("mislabelled_kse100.csv", "KSE100"),
        ("AIRLINK_2021.csv.gz", "AIRLINK"),
        ("AIRLINK.KA.csv", "AIRLINK"),
        ("foo_1.csv", "FOO"),
    ],
)
def test_a_file_s_name_claims_a_symbol(name, symbol):
    assert symbol_in_name(name) == symbol


def test_summary_counts_and_keeps_the_first_evidence():
    rows = made_bars().with_columns(pl.when(pl.int_range(pl.len()) < 3).then(0.0).otherwise("Volume").alias("Volume"))
    summary = summarise(audited(rows)).filter(pl.col("check") == "zero-volume")
    assert summary["bars"].to_list() == [3]
    assert "(and 2 more)" in summary["evidence"][0]


def test_vintages_are_graded_by_what_changed():
    first = (
        as_file(made_bars(), exchange="XKAR")
        .bars.head(10)
        .with_columns(
            pl.lit(1).alias("vintage"), pl.lit(date(2025, 1, 1)).cast(pl.Datetime("us", "UTC")).alias("retrieved_at")
        )
    )
    again = first.with_columns(pl.lit(2).alias("vintage"), pl.col("retrieved_at").dt.offset_by("1d"))
    volume = audit_vintages(pl.concat([first, again.with_columns(pl.col("volume") + 1)]))
    assert volume["severity"].to_list() == ["low"]
    price = audit_vintages(pl.concat([first, again.with_columns(pl.col("close") * 1.001)]))
    assert price["severity"].to_list() == ["medium"]
    split = audit_vintages(pl.concat([first, again.with_columns(pl.col("close") * 0.5)]))
    assert split["severity"].to_list() == ["high"]
    assert "10 bars" in split["evidence"][0]


def beside(rows: pl.DataFrame, *, index: pl.DataFrame | None = None) -> pl.DataFrame:
    """Findings about all of: the rows, three sound shares of the same market, and an index."""
    peers = [made_bars(f"PEER{k}", seed=k) for k in (1, 2, 3)]
    parts = [rows, *peers] if index is None else [rows, *peers, index]
    return audit_prices(pl.concat([as_file(part, exchange="XKAR").bars for part in parts]), exchange="XKAR")


def test_a_stretch_of_bars_under_the_wrong_session_is_named_with_its_ends():
    rows = made_bars()
    inside = pl.int_range(pl.len()).is_between(200, 450)
    late = pl.when(inside).then(pl.col("Date").shift(-1)).otherwise("Date")
    shifted = rows.with_columns(late.alias("Date")).unique("Date", keep="first").sort("Date")
    found = beside(shifted).filter(pl.col("check") == "shifted-late")
    assert found["symbol"].to_list() == ["LAMP"]
    first = found["session"][0]
    assert abs((first - rows["Date"][200]).days) < 30


def test_a_shifted_index_is_blamed_and_not_its_shares():
    index = made_bars("KSE100", seed=9).with_columns(pl.col("Date").shift(1)).filter(pl.col("Date").is_not_null())
    found = beside(made_bars("HBL", seed=5), index=index).filter(pl.col("check").str.starts_with("shifted"))
    assert found.select("symbol", "check").rows() == [("KSE100", "shifted-early")]


def test_with_one_share_and_an_unknown_index_nothing_tells_which_is_shifted():
    late = made_bars().with_columns(pl.col("Date").shift(-1)).filter(pl.col("Date").is_not_null())
    found = audited(late, made_bars("MARKET", seed=1), benchmark="MARKET")
    assert "or MARKET stands off the other way" in found.filter(pl.col("check") == "shifted-late")["evidence"][0]


def test_known_closes_tell_a_shifted_index_that_stands_alone():
    rows = made_bars("KSE100")
    known = pl.read_csv(data_path("instruments", "anchors.csv"), try_parse_dates=True)
    known = known.filter(pl.col("symbol") == "KSE100").select(pl.col("session").alias("Date"), "close")
    true = rows.join(known, on="Date", how="left").with_columns(
        pl.coalesce("close", pl.col("close").interpolate(), "Close").alias("Close")
    )
    bars = true.with_columns(pl.col("Close").alias(name) for name in ("Open", "High", "Low")).drop("close")
    assert "shifted-early" not in checks(audited(bars))
    early = bars.with_columns(pl.col("Date").shift(1)).filter(pl.col("Date").is_not_null())
    evidence = audited(early).filter(pl.col("check") == "shifted-early")["evidence"][0]
    assert "known closes of KSE100 stand one session early" in evidence


def test_made_up_figures_and_copies_of_another_symbol():
    noise = np.random.default_rng(77).normal(0, 0.01, made_bars().height)
    made_up = made_bars().with_columns(
        pl.Series(name, 100 * np.exp(np.cumsum(noise))) for name in ("Open", "High", "Low", "Close")
    )
    assert "not-what-it-claims" in checks(beside(made_up).filter(pl.col("symbol") == "LAMP"), "high")
    copy = made_bars("PEER1", seed=1).with_columns(pl.lit("LAMP").alias("Symbol"))
    twins = beside(copy).filter(pl.col("check") == "same-as-another")
    assert twins["symbol"].to_list() == ["LAMP", "PEER1"]
    part = pl.concat([copy.head(copy.height // 4), made_bars().tail(made_bars().height - copy.height // 4)])
    assert "same-as-another" not in checks(beside(part))


def test_an_index_that_breaks_and_a_scale_that_comes_back():
    index = after(0.6).with_columns(pl.lit("BR30").alias("Symbol"))
    assert checks(audited(index), "high") == {"level-break"}
    back = audited(after(0.2, to_row=303)).filter(pl.col("check") == "split-like")
    assert "the 3 bars between stand on another scale" in back["evidence"][0]


def test_an_intraday_fall_is_no_split():
    rows = made_bars(exchange="XNYS").with_columns(
        pl.when(pl.int_range(pl.len()) >= 300).then(pl.col(name) * 0.5).otherwise(name).alias(name)
        for name in ("Close", "High", "Low", "Open")
    )
    opened = rows.with_columns(
        pl.when(pl.int_range(pl.len()) == 300).then(pl.col("Open") * 2).otherwise("Open").alias("Open")
    )
    assert "split-like" in checks(audit_prices(as_file(rows, exchange="XNYS").bars, exchange="XNYS"))
    assert "split-like" not in checks(audit_prices(as_file(opened, exchange="XNYS").bars, exchange="XNYS"))


def test_a_small_split_shows_at_the_open_of_a_share_that_moves_much():
    rows = made_bars(exchange="XNYS", beta=3.0)
    calm = (rows["Close"] / rows["Open"] - 1).is_between(0.0, 0.01)
    jump = next(k for k in range(300, rows.height) if calm[k])
    rows = rows.with_columns((pl.col("Open") * (1 + 0.002 * (pl.int_range(pl.len()) % 3 - 1))).alias("Open"))
    split = rows.with_columns(
        pl.when(pl.int_range(pl.len()) >= jump).then(pl.col(name) * 10 / 11).otherwise(name).alias(name)
        for name in ("Close", "High", "Low", "Open")
    )
    on_day = pl.col("session") == rows["Date"][jump]
    found = audit_prices(as_file(split, exchange="XNYS").bars, exchange="XNYS").filter(on_day, check="split-like")
    assert found["severity"].to_list() == ["low"]
    closes = split.drop("Open", "High", "Low")
    assert (
        audit_prices(as_file(closes, exchange="XNYS").bars, exchange="XNYS")
        .filter(on_day, check="split-like")
        .is_empty()
    )


def test_volume_in_thousands_is_medium():
    rows = made_bars().with_columns(
        pl.when(pl.int_range(pl.len()) >= 400).then(pl.col("Volume") / 1000).otherwise("Volume").alias("Volume")
    )
    found = audited(rows).filter(pl.col("check") == "volume-unit")
    assert found.select("session", "severity").rows() == [(rows["Date"][400], "medium")]


def test_a_block_of_earlier_bars_and_a_close_filled_forward():
    names = ("Open", "High", "Low", "Close", "Volume")
    rows = made_bars()
    take = np.arange(rows.height)
    take[300:310] -= 25
    block = rows.with_columns(rows.select(names)[take])
    assert audited(block).filter(pl.col("check") == "stale").height >= 10
    still = rows.with_columns(
        pl.when(pl.int_range(pl.len()).is_between(300, 304))
        .then(pl.lit(rows["Close"][300]))
        .otherwise("Close")
        .alias("Close")
    )
    found = audited(still.select("Symbol", "Date", "Close", "Volume")).filter(pl.col("check") == "stale")
    assert found["severity"].to_list() == ["medium"] * 4
    assert found["session"].to_list() == still["Date"][301:305].to_list()
    assert "on 5 bars in a row" in found["evidence"][0]


def test_utc_stamps_that_do_not_say_so_are_read_as_what_they_are(tmp_path):
    days = made_bars()["Date"].head(40)
    path = tmp_path / "KSE100_naive.csv"
    stamps = [f"{day - timedelta(days=1)} 19:00:00" for day in days]
    pl.DataFrame({"Date": stamps, "Close": np.linspace(40000.0, 41000, 40)}).write_csv(path)
    found = check_files([path])
    assert "utc-stamps" in set(found["check"])
    assert not found["check"].str.starts_with("shifted").any()
    evening = tmp_path / "KSE100_evening.csv"
    pl.DataFrame({"Date": [f"{day} 19:00:00" for day in days], "Close": np.linspace(40000.0, 41000, 40)}).write_csv(
        evening
    )
    assert checks(check_files([evening])) == set()


def sample() -> pl.DataFrame:
    rows = [
        as_file(pl.read_csv(data_path("sample", f"{name}.csv")), symbol=name).bars for name in ("AIRLINK", "KSE100")
    ]
    return pl.concat(rows)


def test_the_calendar_is_confronted_with_the_sample():
    assert check_sessions("XKAR", sample()).is_empty()
    found = check_sessions("XKAR", sample(), overrides=False)
    assert found.select("session", "calendar", "bars", "sure").rows() == [
        (date(2025, 6, 6), "open", "nothing", True),
        (date(2025, 9, 5), "closed", "traded", True),
    ]


def test_a_series_that_prints_phantoms_is_no_witness():
    rows = made_bars()
    phantom = rows.filter(pl.col("Date") == date(2024, 5, 27)).with_columns(
        pl.lit(date(2024, 5, 28)).alias("Date"), pl.lit(0.0).alias("Volume")
    )
    without_day = pl.concat([rows.filter(pl.col("Date") != date(2024, 3, 4)), phantom])
    found = check_sessions("XKAR", as_file(without_day, exchange="XKAR").bars)
    assert found.select("session", "sure").rows() == [(date(2024, 3, 4), False)]


@needs_shared
@pytest.mark.parametrize(
    ("file", "diagnosis"),
    [
        ("HBL.parquet", "shifted-early"),
        ("OGDC.parquet", "shifted-early"),
        ("KSE100_utc_stamped.csv", "utc-stamps"),
        ("mislabelled_kse100.csv", "not-what-it-claims"),
        ("AIRLINK_2021_2023.csv", "short-history"),
    ],
)
def test_each_trap_is_caught(file, diagnosis):
    assert diagnosis in set(check_files([SHARED / "traps" / file])["check"])


@needs_shared
def test_clean_series_have_no_high_finding_but_the_known_ones():
    found = check_files(sorted((SHARED / "psx").glob("*.csv"))).filter(pl.col("severity") == "high")
    levels = found.filter(~pl.col("check").is_in(["ohlc", "phantom"])).sort("symbol", "session")
    assert levels.select("symbol", "session", "check").rows() == [
        ("HUBC", date(2022, 10, 11), "beyond-limit"),  # the ex-date of a dividend of a fifth of the price
        ("LUCK", date(2025, 2, 26), "split-like"),  # five for one: three bars before the day ...
        ("LUCK", date(2025, 3, 3), "split-like"),
        ("LUCK", date(2025, 4, 10), "split-like"),  # ... and all from it on
    ]
    assert found.filter(pl.col("check") == "ohlc").select("symbol", "session").rows() == [
        ("KSE100", day) for day in (date(2024, 10, 31), date(2025, 2, 21), date(2025, 4, 8), date(2025, 6, 26))
    ]
    panel = check_files(sorted((SHARED / "panel" / "skfolio").glob("sp500*")), exchange="XNYS")
    assert panel.filter(pl.col("severity") == "high").is_empty()


def test_nothing_to_check_is_said():
    with pytest.raises(InputError, match="no daily bars"):
        audit_prices(as_file(made_bars(), exchange="XKAR").bars.with_columns(pl.lit("5m").alias("interval")))
    assert np.isfinite(made_bars()["Close"].to_numpy()).all()


def test_an_index_under_another_s_name_is_told_by_its_closes():
    known = pl.read_csv(data_path("instruments", "anchors.csv"), try_parse_dates=True)
    known = known.filter(pl.col("symbol") == "ALLSHR").select(pl.col("session").alias("Date"), "close")
    rows = made_bars("KSE100").join(known, on="Date", how="left")
    level = pl.coalesce("close", pl.col("close").interpolate(), pl.lit(30000.0))
    other = rows.with_columns(level.alias(name) for name in ("Open", "High", "Low", "Close")).drop("close")
    found = audited(other).filter(pl.col("check") == "not-what-it-claims")
    assert "its closes are those of ALLSHR" in found["evidence"][0]


def test_a_file_named_after_another_symbol_than_it_says(tmp_path):
    rows = made_bars("OGDC")
    for name in ("HBL.csv", "yahoo_OGDC.csv", "bars.csv"):
        rows.write_csv(tmp_path / name)
    found = check_files([tmp_path / "HBL.csv"]).filter(pl.col("check") == "not-what-it-claims")
    assert found["evidence"].to_list() == ["the file is named after HBL but contains OGDC"]
    for name in ("yahoo_OGDC.csv", "bars.csv"):
        assert "not-what-it-claims" not in set(check_files([tmp_path / name])["check"])


def test_another_currency_from_a_day_on_is_another_unit():
    found = audited(after(1 / 278.0)).filter(pl.col("check") == "unit-change")
    assert "about a factor of 2" in found["evidence"][0]


PRICE = st.one_of(st.none(), st.sampled_from([0.0, -3.0, 5.0, 5.0001, 100.0, 1e6]), st.floats(0.01, 1e6))
FIGURES = ("open", "high", "low", "close", "volume")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(PRICE, PRICE, PRICE, st.floats(0.01, 1e6), PRICE), min_size=1, max_size=40))
def test_whatever_the_figures_the_audit_answers_without_a_warning(rows):
    days = made_bars()["Date"].head(len(rows))
    bars = as_file(made_bars().head(len(rows)), exchange="XKAR").bars
    figures = pl.DataFrame(
        rows, schema=dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64), orient="row"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = audit_prices(bars.with_columns(figures), exchange="XKAR")
    assert set(found["session"]) <= set(days)
    assert found["evidence"].null_count() == 0


def test_an_unknown_exchange_is_said_and_its_holidays_are_no_holes():
    bars = as_file(made_bars("FOO", exchange="XNYS"), exchange="XNYS").bars
    found = audit_prices(bars)
    assert found["check"].to_list() == ["no-exchange"]
    assert audit_prices(bars, exchange="XNYS").is_empty()
