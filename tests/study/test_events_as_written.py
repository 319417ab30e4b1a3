"""Events and figures of frames and files: clocks, names, repeats, and figures that are not what they are called."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.errors import CorrelatorWarning, InputError, NotFoundError, TimeError
from correlator.eventstudy.panel.moments import as_labels, moments_of
from correlator.eventstudy.parts.study_files import events_of_file, read_events_file, read_wide_file

NEW_YORK = {"exchange": "XNAS"}
CLOSE = {"close_of_day": "16:00 America/New_York"}


def weekdays(first: date, count: int) -> list[date]:
    days = [first + timedelta(days=k) for k in range(2 * count)]
    return [day for day in days if day.weekday() < 5][:count]


DAYS = weekdays(date(2023, 1, 2), 300)
RETURNS = pl.DataFrame(
    {
        "Date": DAYS,
        **{name: np.random.default_rng(k).normal(0, 0.01, 300) for k, name in enumerate(["MKT", "META", "005930"])},
    }
)
PRICES = RETURNS.with_columns(pl.col("MKT", "META", "005930").cum_sum().exp() * 50)
WINDOWS = {"estimation": "-120:-11", "window": "-1:2", "windows": "0:0"}


def events(*dates: object, symbol: str = "META") -> pl.DataFrame:
    return pl.DataFrame({"symbol": [symbol] * len(dates), "date": list(dates)})


def study(found, **options):
    return co.study(events=found, **({"prices": PRICES, "benchmark": "MKT"} | WINDOWS | options))


def day_zeros(result) -> list[str]:
    return result.ar.filter(pl.col("day") == 0)["session"].cast(pl.String).to_list()


@pytest.mark.parametrize(
    ("written", "session"),
    [
        ("2024-02-01T16:05:00-05:00", "2024-02-02"),
        ("2024-02-01T21:05:00Z", "2024-02-02"),
        ("2024-02-02T06:05:00+09:00", "2024-02-02"),
        ("2024-02-01T15:59:59-05:00", "2024-02-01"),
        ("2024-02-01 16:00-0500", "2024-02-02"),
        ("2024-02-01T16:00:00-05:00[America/New_York]", "2024-02-02"),
        ("2023-11-03T16:05:00-04:00", "2023-11-06"),  # summer time ends on the Sunday between
        ("2023-11-06T16:05:00-05:00", "2023-11-07"),
        ("2023-11-24T13:05:00-05:00", "2023-11-27"),  # a half day
        ("2023-11-24T12:55:00-05:00", "2023-11-24"),
        ("2023-12-25T10:00:00-05:00", "2023-12-26"),  # a holiday with a row in the frame
        ("2024-01-27T10:00:00-05:00", "2024-01-29"),
    ],
)
def test_a_clock_is_placed_by_the_exchange(written, session) -> None:
    assert day_zeros(study(events(written), **NEW_YORK)) == [session]
    instant = datetime.fromisoformat(written.partition("[")[0])
    for frame in (
        pl.DataFrame({"symbol": ["META"], "date": [instant.astimezone(UTC)]}),
        pd.DataFrame({"symbol": ["META"], "date": pd.to_datetime([instant.astimezone(UTC)]).tz_convert("Asia/Tokyo")}),
        pa.table({"symbol": ["META"], "date": pa.array([instant.astimezone(UTC)], pa.timestamp("ns", "UTC"))}),
    ):
        assert day_zeros(study(frame, **NEW_YORK)) == [session]


@pytest.mark.parametrize(
    ("clock", "named", "zone", "session"),
    [
        ("2024-02-01 18:45", "timezone", "Asia/Kolkata", "2024-02-01"),
        ("2024-02-02 02:31", "tz", "Asia/Kolkata", "2024-02-02"),
        ("2024-02-01 21:05", "TimeZone", "UTC", "2024-02-02"),
        ("2024-02-01 18:45", "utc_offset", "+05:30", "2024-02-01"),
        ("2024-02-01", "timezone", "IST", "2024-02-01"),
    ],
)
def test_a_column_says_the_zone_of_clocks(clock, named, zone, session) -> None:
    assert day_zeros(study(events(clock).with_columns(pl.lit(zone).alias(named)), **NEW_YORK)) == [session]
    day, _, time_of_day = clock.partition(" ")
    if time_of_day:
        apart = events(day).with_columns(pl.lit(time_of_day).alias("time"), pl.lit(zone).alias(named))
        assert day_zeros(study(apart, **NEW_YORK)) == [session]
        with pytest.raises(TimeError, match=f"'IST' in column '{named}' of events does not determine a time zone"):
            study(apart.with_columns(pl.lit("IST").alias(named)), **NEW_YORK)


def test_clocks_of_bars_stand_where_they_like() -> None:
    """Times in a column of their own, without a zone, in UTC by the name of their column, or counted from 1970."""
    days = pl.DataFrame({"day": DAYS[:60]}).join(pl.DataFrame({"hour": range(10, 16)}), how="cross")
    wall = days.select(pl.col("day").cast(pl.Datetime("us")) + pl.duration(hours="hour")).to_series()
    stamps = wall.dt.replace_time_zone("America/New_York")
    steps = np.random.default_rng(8).normal(0, 0.01, (len(wall), 2)).cumsum(axis=0)
    figures = {"MKT": 50 * np.exp(steps[:, 0]), "META": 60 * np.exp(steps[:, 1])}
    utc = stamps.dt.convert_time_zone("UTC")
    told = {"prices": pl.DataFrame({"Date": stamps, **figures}), **NEW_YORK}
    at = events("2023-03-15T11:20:00-04:00")
    plain = study(at, **told).ar
    apart = {"Date": days["day"], "Time": pl.Series([f"{hour}:00" for hour in days["hour"]])}
    counted = pd.DataFrame(figures, index=utc.dt.epoch("ms").to_numpy())
    for frame in (
        pl.DataFrame({"Date": wall, **figures}),
        pl.DataFrame({**apart, **figures}),
        pl.DataFrame({**apart, "Timezone": ["America/New_York"] * len(wall), **figures}),
        pl.DataFrame({"datetime_utc": utc.dt.replace_time_zone(None), **figures}),
        counted,
    ):
        assert study(at, **told | {"prices": frame}).ar["ar"].equals(plain["ar"])
    with pytest.raises(InputError, match="column 'tz' says EST, which does not determine one time zone"):
        study(at, **told | {"prices": pl.DataFrame({**apart, "tz": ["EST"] * len(wall), **figures})})


def test_a_clock_is_never_dropped() -> None:
    with pytest.raises(TimeError, match="time of day"):
        study(events("2024-02-01T16:05:00-05:00"))
    assert day_zeros(study(events("2024-02-01T16:05:00-05:00"), **CLOSE)) == ["2024-02-02"]
    assert day_zeros(study(events("2024-02-01T15:55:00-05:00"), **CLOSE)) == ["2024-02-01"]
    with pytest.raises(InputError, match="has no time zone"):
        study(events("2024-02-01T16:05:00-05:00"), close_of_day="16:00")
    with pytest.raises(InputError, match="both given"):
        study(events("2024-02-01T16:05:00-05:00"), **NEW_YORK, **CLOSE)
    with pytest.warns(CorrelatorWarning, match="read as times in America/New_York"):
        assert day_zeros(study(events("2024-02-01 16:05"), **NEW_YORK)) == ["2024-02-02"]


@pytest.mark.parametrize("options", [{}, NEW_YORK, CLOSE])
@pytest.mark.parametrize(
    "written", ["2024-02-01", "2024-02-01T00:00:00-05:00", "2024-02-01 00:00:00Z", date(2024, 2, 1)]
)
def test_midnight_is_a_date_without_a_clock(written, options) -> None:
    assert day_zeros(study(events(written), **options)) == ["2024-02-01"]


def test_off_session_holds_for_clocks() -> None:
    saturday = events("2024-01-27T10:00:00-05:00")
    for door in (NEW_YORK, CLOSE):
        assert day_zeros(study(saturday, **door)) == ["2024-01-29"]
        assert day_zeros(study(saturday, off_session="previous", **door)) == ["2024-01-26"]
        assert study(saturday, off_session="exclude", **door).excluded["reason"][0].startswith("no day 0: ")


def test_a_session_without_a_bar_is_excluded() -> None:
    hole = PRICES.filter(pl.col("Date") != date(2024, 2, 2))
    found = study(events("2024-02-01T16:05:00-05:00"), prices=hole, **CLOSE)
    assert found.ar["session"][1].isoformat() == "2024-02-05"
    found = study(events("2024-02-01T16:05:00-05:00"), prices=hole, **NEW_YORK)
    assert found.ar.filter(pl.col("day") == 0).select("session", "ar").rows() == [(date(2024, 2, 2), None)]


def test_daily_stamps_are_days() -> None:
    indexed = PRICES.to_pandas().set_index("Date")
    indexed.index = pd.to_datetime(indexed.index)
    plain = study(events("2024-02-01")).ar["ar"]
    for frame in (indexed, indexed.tz_localize("America/New_York"), indexed.tz_localize("UTC")):
        assert study(events("2024-02-01"), prices=frame).ar["ar"].equals(plain)
    plain = study(events("2024-02-01"), **NEW_YORK).ar["ar"]
    closes = indexed.set_axis(indexed.index + pd.Timedelta(hours=16))
    for frame, zone in ((indexed, "UTC"), (indexed, "America/Los_Angeles"), (closes, "Asia/Tokyo")):
        moved = frame.tz_localize("America/New_York").tz_convert(zone)
        with pytest.raises(TimeError, match="depend on the exchange"):
            study(events("2024-02-01"), prices=moved)
        assert study(events("2024-02-01"), prices=moved, **NEW_YORK).ar["ar"].equals(plain)


def test_names_fit_by_case_and_by_other_names() -> None:
    renamed = PRICES.rename({"META": "AIRLINK"})
    for name in ("AIRLINK", "airlink", " AIRLINK ", "AIRLINK.KA", "PSX:AIRLINK"):
        result = study(events("2024-02-01", symbol=name), prices=renamed)
        assert result.car["symbol"].to_list() == ["AIRLINK"], name
    assert study(events("2024-02-01", symbol="AIRLINKK")).excluded["reason"].to_list() == [
        "no bars for symbol AIRLINKK"
    ]
    both = PRICES.with_columns(meta=pl.col("META") * 2)
    assert study(events("2024-02-01", symbol="Meta"), prices=both).excluded.height == 1


def test_a_day_that_closes_at_midnight_is_the_one_before_it() -> None:
    """Of a market without pause the bar of 2 February ends when the 3rd begins, as sessions of 24/7 do."""
    days = pl.DataFrame({"Date": pl.date_range(date(2023, 1, 1), date(2024, 3, 1), eager=True)})
    steps = np.random.default_rng(6).normal(0, 0.02, (len(days), 2)).cumsum(axis=0)
    coins = days.with_columns(MKT=np.exp(steps[:, 0]), META=np.exp(steps[:, 1]))
    clocks = events("2024-02-02T23:59:59Z", "2024-02-03T00:00:01Z", "2024-02-02T00:00:01Z")
    for closes in ("00:00 UTC", "24:00 UTC", "0:00 UTC", time(0, 0, tzinfo=UTC)):
        result = study(clocks, prices=coins, close_of_day=closes)
        assert day_zeros(result) == ["2024-02-02", "2024-02-03", "2024-02-02"], closes
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert day_zeros(study(clocks, prices=coins, exchange="24/7")) == ["2024-02-02", "2024-02-03", "2024-02-02"]
    assert {each.category for each in told} <= {CorrelatorWarning}


def _stacked(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.unpivot(index="Date", variable_name="symbol", value_name="close")


def test_a_benchmark_fits_by_case_and_by_other_names_as_events_do() -> None:
    renamed = PRICES.rename({"META": "AIRLINK", "MKT": "^GSPC"})
    expected = study(events("2024-02-01", symbol="AIRLINK"), prices=renamed, benchmark="^GSPC").car["car"].to_list()
    for frame in (renamed, renamed.rename({"^GSPC": "SPX"}), renamed.rename({"^GSPC": "SP500"}), _stacked(renamed)):
        for name in ("^GSPC", "^gspc", "SP500"):
            result = study(events("2024-02-01", symbol="AIRLINK"), prices=frame, benchmark=name)
            assert result.car["car"].to_list() == expected, (frame.columns, name)
    own = study(events("2024-02-01", symbol="SP500"), prices=renamed, benchmark="^gspc")
    assert own.excluded["reason"].to_list() == ["^GSPC is the benchmark itself"]
    with pytest.raises(NotFoundError, match="column 'meta' is missing"):
        study(events("2024-02-01", symbol="005930"), prices=PRICES.with_columns(Meta=pl.col("MKT")), benchmark="meta")


def test_names_of_terminals_and_feeds_fit_as_they_do_in_files_of_prices() -> None:
    for name in ("META US Equity", "META.US", "META.OQ", "$META", "NASDAQ:META", "META UW"):
        assert study(events("2024-02-01", symbol=name)).car["symbol"].to_list() == ["META"], name
    london = study(events("2024-02-01", symbol="META LN"), prices=PRICES.rename({"META": "META.US"}))
    assert london.excluded["reason"].to_list() == ["no bars for symbol META LN"]


def test_names_in_an_exchange_a_rate_and_donors_fit_as_events_do() -> None:
    two = study(events("2024-02-01"), exchange="meta=XNAS,mkt=XNAS", benchmark="XNAS=mkt")
    assert two.car["car"].to_list() == study(events("2024-02-01"), exchange="XNAS").car["car"].to_list()
    for options, reason in (
        ({"exchange": "XNAS"}, "no symbol of this study trades"),
        ({}, "of the shares is unknown"),
    ):
        with pytest.raises(InputError, match=reason):
            study(events("2024-02-01"), benchmark="XKAR=MKT", **options)
    cash = PRICES.with_columns(RF=pl.Series(100 * 1.0001 ** (np.arange(300) + np.arange(300) % 7)))
    rates = [study(events("2024-02-01"), prices=cash, risk_free=name).car["car"].item() for name in ("RF", "rf")]
    for rate in (pl.lit(4.5), 4.5 + pl.int_range(300) // 60 * 0.25):  # among prices it would be the price of cash
        with pytest.raises(InputError, match="column 'RF' of prices holds rates, not the price of cash"):
            study(events("2024-02-01"), prices=PRICES.with_columns(RF=rate), risk_free="RF")
    assert rates[0] == rates[1] != study(events("2024-02-01"), prices=cash).car["car"].item()
    for names in ("MKT,005930", ["mkt", "005930"]):
        result = study(events("2024-02-01"), benchmark=None, model="synthetic", donors=names)
        assert result.excluded["reason"].item().startswith("2 donors with a price")


def test_repeats_are_one_event() -> None:
    twice = events("2024-02-01", "2024-02-01", "2024-02-06")
    result = study(twice)
    assert (len(result.estimates), result.excluded["event_id"].to_list()) == (2, [2])
    assert result.excluded["reason"].to_list() == ["the same event as 1"]
    noted = twice.with_columns(note=pl.Series(["a", "b", "a"]))
    assert len(study(noted).estimates) == 3
    clocks = events("2024-02-01T16:05:00-05:00", "2024-02-01T21:05:00Z")
    assert study(clocks, **NEW_YORK).excluded["reason"].to_list() == ["the same event as 1"]


def test_one_number_of_one_share_is_one_event() -> None:
    """Two rows with one number that say different things contradict each other, as they do in a store."""
    one = events("2024-02-01", "2024-02-06", "2024-02-08").with_columns(event_id=pl.Series([7, 7, 8]))
    result = study(one)
    assert (len(result.estimates), result.excluded["reason"].to_list()) == (2, ["event_id 7 is another event of META"])
    shares = pl.concat([one, one.with_columns(symbol=pl.lit("NOBODY"))])
    assert sorted(study(shares).excluded["symbol"]) == ["META", "NOBODY", "NOBODY", "NOBODY"]
    unnumbered = one.with_columns(event_id=pl.Series([None, None, None], dtype=pl.Int64))
    assert len(study(unnumbered).estimates) == 3


def returns_with(value: float, column: str = "META") -> pl.DataFrame:
    at = pl.col("Date") == date(2024, 2, 1)
    return RETURNS.with_columns(pl.when(at).then(value).otherwise(column).alias(column))


@pytest.mark.parametrize("value", [np.inf, -np.inf, -1.0, -1.5])
@pytest.mark.parametrize("column", ["META", "MKT"])
def test_a_return_that_cannot_be_is_no_evidence(value, column) -> None:
    with pytest.warns(CorrelatorWarning, match="infinite|-100 % or less"):
        result = study(
            events("2024-02-01", "2023-09-05"), prices=None, returns=returns_with(value, column), returns_kind="simple"
        )
    assert result.excluded["event_id"].to_list() == [1]
    assert "infinite, or -100 %" in result.excluded["reason"][0]
    assert result.car["event_id"].to_list() == [2]


def test_levels_and_per_cent_are_refused() -> None:
    with pytest.raises(InputError, match="holds levels, not returns"):
        study(events("2024-02-01"), prices=None, returns=PRICES)
    per_cent = RETURNS.with_columns(pl.col("MKT", "META", "005930") * 100)
    with pytest.raises(InputError, match="holds per cent, not fractions"):
        study(events("2024-02-01"), prices=None, returns=per_cent)
    assert study(events("2024-02-01"), prices=None, returns=RETURNS).excluded.is_empty()


def test_an_event_on_its_own_benchmark_is_excluded() -> None:
    assert study(events("2024-02-01", symbol="MKT")).excluded["reason"].to_list() == ["MKT is the benchmark itself"]
    same = study(events("2024-02-01"), benchmark=PRICES.select("Date", "META"))
    assert same.excluded["reason"].to_list() == ["META is the benchmark itself"]
    in_pence = study(events("2024-02-01"), benchmark=PRICES.select("Date", pl.col("META") * 100))
    assert in_pence.excluded["reason"].to_list() == ["META is the benchmark itself"]
    assert study(events("2024-02-01", symbol="MKT"), model="mean", benchmark=None).excluded.is_empty()


def test_wrong_frames_raise_our_own_errors() -> None:
    doubled = pd.concat([PRICES.to_pandas().set_index("Date")] * 2, axis=1)
    with pytest.raises(InputError, match="two columns named .MKT."):
        study(events("2024-02-01"), prices=doubled)
    with pytest.raises(InputError, match="not a frame"):
        study(events("2024-02-01"), prices=1)
    with pytest.raises(InputError, match="cannot read a table from int"):
        study(events("2024-02-01"), prices={"A": 1})
    with pytest.raises(InputError, match="not text"):
        study(pl.DataFrame({"symbol": [5930.0], "date": ["2024-02-01"]}))
    with pytest.raises(InputError, match="23407 may or may not be a day number"):
        study(pl.DataFrame({"symbol": ["META"], "date": [23407]}))
    with pytest.raises(InputError, match="not dates"):
        study(pl.DataFrame({"symbol": ["META"], "date": [0.5]}))


SYMBOLS = ["005930", "NA", "TRUE", "1e5", "inf", "None", "nan", "null", "1.50", "-", "+5"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_tickers_of_files_are_text(tmp_path: Path, separator, mark) -> None:
    text = mark + separator.join(["symbol", "date", "kind"]) + "\n"
    text += "".join(separator.join([symbol, "2024-02-01", str(k)]) + "\n" for k, symbol in enumerate(SYMBOLS))
    (tmp_path / "events.csv").write_text(text, encoding="utf-8")
    found = read_events_file(tmp_path / "events.csv")
    assert found["symbol"].to_list() == SYMBOLS
    assert found["kind"].dtype == pl.Int64
    assert pl.concat(events_of_file(tmp_path / "events.csv", chunk=4)).equals(found)


def test_every_format_measures_the_same_events(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [name for name in SYMBOLS if name not in ("-",)]
    wide = PRICES.select("Date", "MKT", *(pl.col("META").alias(name) * (k + 1) for k, name in enumerate(names)))
    wide.write_csv("wide.csv")
    lines = [f"{name},{DAYS[200 + 3 * k]},{k / 2}" for k, name in enumerate(names)]
    Path("events.csv").write_text("symbol,date,size\n" + "\n".join([*lines, lines[0], "NOBODY,2023-10-02,1"]) + "\n")
    common = ["study", "--prices", "wide.csv", "--events", "events.csv", "--benchmark", "MKT"]
    common += ["--estimation", "-120:-11", "--window", "-1:1", "--windows", "-1:1"]
    frames = {}
    for output in ("car", "excluded"):
        for ending in ("csv", "parquet", "json"):
            done = CliRunner().invoke(app, [*common, "--output", output, "--to", f"{output}.{ending}"])
            assert done.exit_code == 0, done.output
        text = {"symbol": pl.String}
        frames[output] = pl.read_parquet(f"{output}.parquet")
        for other in (pl.read_csv(f"{output}.csv", schema_overrides=text), pl.read_json(f"{output}.json")):
            assert other["symbol"].to_list() == frames[output]["symbol"].to_list()
            if output == "car":
                assert other["car"].to_list() == frames[output]["car"].to_list()
    assert frames["car"]["symbol"].to_list() == names
    assert frames["excluded"]["reason"].sort().to_list() == ["no bars for symbol NOBODY", "the same event as 1"]


def test_moments_keep_what_was_written() -> None:
    column = pl.Series(
        "date", ["2024-02-01T16:05:00-05:00", "2024-02-01", "2024-02-01T00:00+05:00", None, "2024-02-01 9:30"]
    )
    moments = moments_of(column, "events")
    assert moments.has_clock.to_list() == [True, False, False, False, True]
    assert moments.instant.to_list()[0] == datetime(2024, 2, 1, 21, 5, tzinfo=UTC)
    assert moments.instant.null_count() == 4
    assert moments.day.null_count() == 1
    assert (
        as_labels(pl.Series("t", ["2024-02-01T00:00:00+05:00", "2024-02-02T00:00:00+05:00"]), "bars").dtype == pl.Date
    )
    for wrong in ("soon", "2024-02-30", "2024-02-01T25:00"):
        with pytest.raises(TimeError, match="is not a date"):
            moments_of(pl.Series("date", [wrong]), "events")
    with pytest.raises(TimeError, match="EST' does not determine a time zone"):
        moments_of(pl.Series("date", ["2024-02-01T10:00 EST"]), "events")
    with pytest.raises(TimeError, match="could be day-month or month-day"):
        moments_of(pl.Series("date", ["01/02/2024"]), "events")


def test_midnights_among_clocks_are_instants() -> None:
    written = ["2024-02-01T00:00+05:00", "2024-02-01T01:00+05:00", "2024-02-01T02:00+05:00"]
    wanted = [datetime(2024, 1, 31, hour, tzinfo=UTC) for hour in (19, 20, 21)]
    assert as_labels(pl.Series("t", written), "bars").to_list() == wanted
    seconds = pl.Series("t", [1706742000 + 3600 * k for k in range(4)])  # from 23:00 on, over a midnight
    for column in (seconds, seconds.cast(pl.String), seconds * 1000):
        read = as_labels(column, "bars").to_list()
        assert read == [datetime(2024, 1, 31, 23, tzinfo=UTC) + k * timedelta(hours=1) for k in range(4)]


def test_a_line_that_does_not_fit_is_named(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("symbol,date\nA,2024-02-01\nB,2024-02-01,more\n")
    with pytest.raises(InputError, match=r"events\.csv cannot be read: line 3 does not fit"):
        read_events_file(tmp_path / "events.csv")
    (tmp_path / "twice.csv").write_text("symbol,date,symbol\nA,2024-02-01,B\n")
    with pytest.raises(InputError, match="has the column 'symbol' twice"):
        read_events_file(tmp_path / "twice.csv")


def test_a_column_of_times_is_a_clock() -> None:
    timed = events("2024-02-01", "2024-02-01", "2024-02-05").with_columns(Time=pl.Series(["16:05", "9:30", ""]))
    with pytest.raises(TimeError, match="time of day"):
        study(timed)
    with pytest.warns(CorrelatorWarning, match="read as times in America/New_York|bar of that date"):
        assert day_zeros(study(timed, **NEW_YORK)) == ["2024-02-02", "2024-02-01", "2024-02-05"]
    with pytest.raises(TimeError, match="'25 PM' in column 'time'.*bmo .before the open. or amc"):
        study(events("2024-02-01").with_columns(time=pl.lit("25 PM")), **NEW_YORK)
    with pytest.raises(TimeError, match="keep one of them"):
        study(events("2024-02-01T10:00Z").with_columns(time=pl.lit("16:05")), **NEW_YORK)


@pytest.mark.parametrize(
    ("written", "session"),
    [
        ("amc", "2024-02-02"),
        ("AMC", "2024-02-02"),
        ("After Market Close", "2024-02-02"),
        ("after-hours", "2024-02-02"),
        ("post market", "2024-02-02"),
        ("bmo", "2024-02-01"),
        ("Before Market Open", "2024-02-01"),
        ("pre-market", "2024-02-01"),
        ("During market hours", "2024-02-01"),
    ],
)
def test_words_for_the_time_of_day_place_an_event(written: str, session: str) -> None:
    """With an exchange, with none, and for a day that the words move beyond a weekend."""
    told = events("2024-02-01").with_columns(time=pl.lit(written))
    for options in ({}, NEW_YORK, CLOSE, {"date_only": "after-close"}, {"date_only": "same-day"}):
        assert day_zeros(study(told, **options)) == [session], options
    friday = events("2024-02-02").with_columns(time=pl.lit(written))
    assert day_zeros(study(friday)) == ["2024-02-05" if session == "2024-02-02" else "2024-02-02"]


def test_words_stand_next_to_clocks_and_to_nothing() -> None:
    mixed = events(*["2024-02-01"] * 5).with_columns(
        time=pl.Series(["amc", "bmo", "16:05", "3:59 pm", None]), note=pl.Series(list("abcde"))
    )
    with pytest.warns(CorrelatorWarning, match="1 of 5 events have a date without a time of day"):
        result = study(mixed, **NEW_YORK)
    assert day_zeros(result) == ["2024-02-02", "2024-02-01", "2024-02-02", "2024-02-01", "2024-02-01"]
    assert set(result.events.columns) >= {"note", "known_at"}
    assert not [name for name in result.events.columns if "\0" in name]
    assert result.events["known_precision"].to_list() == ["day", "day", "second", "second", "day"]


@pytest.mark.parametrize(
    ("written", "session"),
    [("4:05 PM", "2024-02-02"), ("3:59PM", "2024-02-01"), ("12:30 a.m.", "2024-02-01"), ("12:30 pm", "2024-02-01"),
     ("4 PM", "2024-02-02"), ("04:00:01 pm", "2024-02-02"), ("9:30 AM", "2024-02-01")],
)  # fmt: skip
def test_clocks_of_twelve_hours(written: str, session: str) -> None:
    assert day_zeros(study(events("2024-02-01").with_columns(time=pl.lit(written)), **NEW_YORK)) == [session]


def test_a_loss_of_everything_is_not_a_logarithm_unless_that_is_said() -> None:
    with pytest.warns(CorrelatorWarning, match="give returns_kind='log'"):
        assert study(events("2024-02-01"), prices=None, returns=returns_with(-1.2)).excluded.height == 1
    told = study(events("2024-02-01"), prices=None, returns=returns_with(-1.2), returns_kind="log")
    assert told.excluded.is_empty()


def test_prices_that_are_none_are_told_and_missing() -> None:
    at = pl.col("Date") == date(2024, 2, 1)
    for value in (0.0, -5.0, np.inf):
        wrong = PRICES.with_columns(pl.when(at).then(value).otherwise("META").alias("META"))
        with pytest.warns(CorrelatorWarning, match="zero, negative or infinite, first META on 2024-02-01"):
            car = study(events("2024-02-01"), prices=wrong, window="-1:2", windows="-1:2").car
        assert car["car"].is_finite().all()


def test_a_file_in_another_encoding_is_read_as_that(tmp_path: Path) -> None:
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        (tmp_path / "events.csv").write_bytes("symbol,date\nM\u00c9TA,2024-02-01\n".encode(encoding))
        assert read_events_file(tmp_path / "events.csv").rows() == [(1, "M\u00c9TA", "2024-02-01")]


def test_a_date_alone_is_its_bar_or_the_session_after_it() -> None:
    friday = events("2024-01-26")
    for door in ({}, NEW_YORK, CLOSE):
        assert day_zeros(study(friday, **door)) == ["2024-01-26"]
        assert day_zeros(study(friday, date_only="after-close", **door)) == ["2024-01-29"]
    last = study(events(str(DAYS[-1])), date_only="after-close", window="0:0")
    assert last.excluded["reason"].to_list() == ["no day 0: date-only"]
    with pytest.raises(InputError, match="date_only 'never' is not known"):
        study(friday, date_only="never")


def car_of(result) -> list[tuple[object, ...]]:
    return result.car.rows()


def test_days_written_as_one_number_are_days() -> None:
    """CRSP, SAS and many vendors write 20240201."""
    reference = car_of(study(events("2024-02-01")))
    numbers = PRICES.with_columns(pl.col("Date").dt.strftime("%Y%m%d").cast(pl.Int64))
    assert car_of(study(events(20240201), prices=numbers)) == reference
    assert car_of(study(events("20240201"), prices=numbers.with_columns(pl.col("Date").cast(pl.String)))) == reference
    with pytest.raises(TimeError, match="'20241301' in column 'date' of events is not a date"):
        study(events(20241301))


def test_what_pandas_holds_beside_numbers_is_read() -> None:
    """Periods of a day, Decimals, and the numbers of rows that a filter leaves behind."""
    frame = PRICES.with_columns(pl.selectors.float().round(6)).to_pandas().set_index("Date")
    rounded = car_of(study(events("2024-02-01"), prices=frame))
    periods = frame.set_index(pd.DatetimeIndex(frame.index).to_period("D"))
    assert car_of(study(events("2024-02-01"), prices=periods)) == rounded
    decimals = frame.map(lambda value: Decimal(f"{value:.6f}"))
    assert car_of(study(events("2024-02-01"), prices=decimals)) == rounded
    filtered = PRICES.to_pandas()
    filtered = filtered[filtered["Date"] != filtered["Date"].iloc[3]]
    assert not isinstance(filtered.index, pd.RangeIndex)
    without = PRICES.filter(pl.col("Date") != DAYS[3])
    assert car_of(study(events("2024-02-01"), prices=filtered)) == car_of(study(events("2024-02-01"), prices=without))
    with pytest.raises(InputError, match="not numbers"):
        study(events("2024-02-01"), prices=frame.map(lambda value: [value]))


def test_returns_are_no_prices() -> None:
    with pytest.raises(InputError, match="holds returns, not levels") as caught:
        study(events("2024-02-01"), prices=RETURNS)
    assert caught.value.hint == "pass returns as returns="


def test_the_column_of_symbols_may_be_called_ticker(tmp_path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("Ticker,Date\n005930,20240201\nTRUE,2024-02-01\nNA,2024-02-01\n")
    assert read_events_file(path)["symbol"].to_list() == ["005930", "TRUE", "NA"]
    reference = car_of(study(events("2024-02-01")))
    assert car_of(study(events("2024-02-01").rename({"symbol": "Ticker"}))) == reference
    both = events("2024-02-01").with_columns(pl.lit("MKT").alias("Ticker"))
    assert car_of(study(both)) == reference
    with pytest.raises(NotFoundError, match="no column 'symbol'"):
        study(events("2024-02-01").rename({"symbol": "Name"}))


def test_a_table_without_dates_is_refused(tmp_path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(PRICES.drop("Date").write_json())
    with pytest.raises(InputError, match="no column of dates"):
        study(events("2024-02-01"), prices=path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("announced", "16:30"), ("when", "AMC"), ("hour", "4:30 PM"), ("stamp", "2024-02-01T16:30:00-05:00")],
)
def test_times_of_day_in_a_column_of_another_name_are_told(name, value) -> None:
    with pytest.warns(CorrelatorWarning, match=f"times of day in column '{name}', which is not used"):
        study(events("2024-02-01").with_columns(pl.lit(value).alias(name)), **NEW_YORK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study(events("2024-02-01").with_columns(pl.lit("a note").alias(name)))


def test_dates_with_other_marks_and_numbers_beside_a_missing_one() -> None:
    for written in ("2024/02/01", "2024.02.01"):
        assert day_zeros(study(events(written))) == ["2024-02-01"]
    with_nan = pd.DataFrame({"symbol": ["META", "META"], "date": [20240201.0, np.nan]})
    result = study(with_nan)
    assert (day_zeros(result), result.excluded["reason"].to_list()) == (["2024-02-01"], ["event has no date"])


def test_files_as_other_programs_write_them(tmp_path) -> None:
    frame = pd.DataFrame({"symbol": ["NA", "nan", "META"], "date": "2024-02-01", "score": [1.5, 2.5, 3.5]})
    frame.to_csv(tmp_path / "numbered.csv")
    frame.to_excel(tmp_path / "book.xlsx", index=False)
    frame.to_json(tmp_path / "records.json", orient="records")
    for name in ("numbered.csv", "book.xlsx", "records.json"):
        read = read_events_file(tmp_path / name)
        assert read["symbol"].to_list() == ["NA", "nan", "META"], name
        assert read["score"].to_list() == [1.5, 2.5, 3.5], name


def test_numbers_of_a_workbook_keep_their_digits(tmp_path) -> None:
    returns = RETURNS.with_columns(pl.col("MKT", "META") / 10_000).head(60)
    returns.to_pandas().to_excel(tmp_path / "returns.xlsx", index=False)
    read = read_wide_file(tmp_path / "returns.xlsx")
    assert np.allclose(read["META"].to_numpy(), returns["META"].to_numpy(), rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", ["*", "^.*$"])
def test_a_column_named_like_a_pattern_is_refused(name) -> None:
    with pytest.raises(InputError, match="which is a pattern and not a name"):
        study(events(DAYS[200]).with_columns(pl.lit(1).alias(name)))


@pytest.mark.parametrize("name", ["*", "^.*$", "^A.*$", "^GSPC"])
def test_a_share_may_have_any_name(name) -> None:
    result = study(events(DAYS[200], symbol=name), prices=PRICES.rename({"META": name}))
    assert result.summary()["caar"][0] == study(events(DAYS[200])).summary()["caar"][0]
