"""Studies of a matrix: the seed's case, the door for frames, placement, groups and what every output holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from correlator.base.resources import data_path
from correlator.errors import InputError, NotFoundError, StudyError, TimeError
from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import read_wide, returns_of
from correlator.eventstudy.placing.event_table import read_events
from correlator.eventstudy.placing.placement import place_events
from correlator.eventstudy.request.spec import study_spec
from correlator.eventstudy.results.outputs import OUTPUTS


def wide(seed: int = 0, bars: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    market = rng.standard_normal(bars) * 0.01
    columns = {name: b * market + rng.standard_normal(bars) * 0.02 for name, b in (("A", 1.0), ("B", 0.5), ("C", 1.4))}
    start = date(2020, 1, 1)
    return pl.DataFrame({"date": [start + timedelta(days=t) for t in range(bars)], **columns, "M": market})


def events(*rows: tuple[str, date]) -> pl.DataFrame:
    return pl.DataFrame({"symbol": [r[0] for r in rows], "date": [r[1] for r in rows]})


THREE = events(("A", date(2020, 10, 27)), ("B", date(2020, 11, 5)), ("C", date(2020, 12, 1)))


def test_seed_case() -> None:
    """AIRLINK on the KSE-100 around 29 May 2025; expected figures computed apart with statsmodels."""
    try:
        paths = [data_path("sample", f"{name}.csv") for name in ("AIRLINK", "KSE100")]
    except NotFoundError:
        pytest.skip("the sample bars are not here")
    share, index = (pl.read_csv(path).rename(str.lower).select("date", "close") for path in paths)
    prices = share.rename({"close": "AIRLINK"}).join(index.rename({"close": "KSE100"}), on="date")
    result = study_matrix(
        prices=prices,
        events=events(("AIRLINK", date(2025, 5, 28))),
        benchmark="KSE100",
        estimation="-145:-26",
        window="-15:5",
        windows="-5:5,-1:1",
    )
    model = result.models.row(0, named=True)
    assert (model["alpha"], model["beta"], model["sigma"]) == pytest.approx((-0.000411, 1.2593, 0.02795), abs=5e-5)
    assert model["n"] == 120
    ar = {row["session"]: row for row in result.ar.iter_rows(named=True)}
    assert date(2025, 6, 6) not in ar
    assert ar[date(2025, 5, 29)]["day"] == 0
    expected = {(5, 7): -4.503, (5, 8): -2.379, (5, 26): -1.234, (5, 29): -0.339, (6, 4): 0.506}
    for (month, day), value in expected.items():
        assert 100 * ar[date(2025, month, day)]["ar"] == pytest.approx(value, abs=5e-4)
    assert 100 * ar[date(2025, 5, 7)]["se"] == pytest.approx(2.879, abs=5e-4)
    assert 100 * ar[date(2025, 5, 29)]["se"] == pytest.approx(2.807, abs=5e-4)
    car = result.car.filter(pl.col("window") == "-1:1").row(0, named=True)
    assert (100 * car["car"], 100 * car["se"]) == pytest.approx((-3.424, 4.902), abs=5e-4)


def test_outputs_have_their_columns() -> None:
    result = study_matrix(wide(), THREE, benchmark="M", windows="0:0,-1:1")
    assert result.ar.columns == [
        *("event_id", "symbol", "session", "day", "return", "expected", "ar", "se", "t", "p_value", "flags"),
    ]
    assert result.car.columns == [
        *("event_id", "symbol", "window", "car", "se", "t", "p_value", "low", "high", "df", "n", "flags", "findings"),
    ]
    assert result.models.columns == ["event_id", "symbol", "alpha", "beta", "sigma", "n", "findings"]
    assert result.excluded.columns == ["event_id", "symbol", "session", "reason"]
    assert (result.ar.height, result.car.height, result.aar.height, result.caar.height) == (63, 6, 21, 2)
    assert result.ar["day"].to_list()[:21] == list(range(-10, 11))
    assert "3 events, 0 excluded" in result._repr_html_()
    assert list(result.to_pandas("caar").columns) == result.caar.columns
    for name in {name for name, output in OUTPUTS.items() if not output.model} - {"significance", "volatility"}:
        assert isinstance(result.frame(name), pl.DataFrame)
    with pytest.raises(NotFoundError, match="outputs are summary, ar"):
        result.frame("beta")


def test_p_values_are_student_t() -> None:
    stats = pytest.importorskip("scipy.stats")
    row = study_matrix(wide(), THREE, benchmark="M", estimation="-250:-11").ar.row(5, named=True)
    assert row["t"] == pytest.approx(row["ar"] / row["se"])
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(row["t"]), 238))


def test_averages_are_those_of_the_rows() -> None:
    result = study_matrix(wide(), THREE, benchmark="M", windows="-1:1")
    by_day = result.ar.group_by("day", maintain_order=True).agg(pl.col("ar").mean().alias("aar"), pl.col("ar").std())
    np.testing.assert_allclose(result.aar["aar"], by_day["aar"])
    np.testing.assert_allclose(result.aar["sd"], by_day["ar"])
    np.testing.assert_allclose(result.aar["caar"], by_day["aar"].cum_sum())
    assert result.caar["caar"][0] == pytest.approx(result.car["car"].mean())


def test_bhar_compounds() -> None:
    result = study_matrix(wide(), THREE, benchmark="M", windows="-1:1", returns_kind="simple")
    rows = result.ar.filter((pl.col("event_id") == 1) & pl.col("day").is_between(-1, 1))
    held = (1 + rows["return"]).product() - (1 + rows["expected"]).product()
    assert result.bhar["bhar"][0] == pytest.approx(held)


@pytest.mark.parametrize("how", ["polars", "lazy", "pandas", "arrow", "text", "datetime"])
def test_any_frame_will_do(how: str) -> None:
    table = wide()
    forms = {
        "polars": lambda: table,
        "lazy": lambda: table.lazy(),
        "pandas": lambda: table.to_pandas(),
        "arrow": lambda: table.to_arrow(),
        "text": lambda: table.with_columns(pl.col("date").cast(pl.String)),
        "datetime": lambda: table.with_columns(pl.col("date").cast(pl.Datetime("ns"))),
    }
    expected = study_matrix(table, THREE, benchmark="M").ar
    assert study_matrix(forms[how](), THREE, benchmark="M").ar.equals(expected)


def test_columns_of_text_are_read_as_numbers() -> None:
    table = wide().with_columns(A=pl.when(pl.col("date") == date(2020, 10, 28)).then(None).otherwise(pl.col("A")))
    text = table.with_columns(pl.col("A").cast(pl.String).fill_null(" NA "))
    assert study_matrix(text, THREE, benchmark="M").ar.equals(study_matrix(table, THREE, benchmark="M").ar)
    with pytest.raises(InputError, match="column 'A' of returns: '.*' is not a number"):
        study_matrix(table.with_columns(A=pl.lit("one")), THREE, benchmark="M")


def test_prices_and_their_returns_agree() -> None:
    table = wide()
    prices = table.with_columns(pl.exclude("date").cum_sum().exp() * 100)
    from_prices = study_matrix(prices=prices, events=THREE, benchmark="M").ar
    np.testing.assert_allclose(from_prices["ar"], study_matrix(table, THREE, benchmark="M").ar["ar"], rtol=1e-9)


def test_returns_around_a_hole_stay_missing() -> None:
    prices = np.array([[1.0], [np.nan], [2.0], [4.0], [0.0], [3.0]])
    assert np.isnan(returns_of(prices, "log")[:, 0]).tolist() == [True, True, True, False, True, True]
    assert returns_of(prices, "simple")[3, 0] == 1.0
    with pytest.raises(InputError, match="log or simple"):
        returns_of(prices, "logs")


def test_off_session_rules() -> None:
    table = wide().filter(pl.col("date").dt.weekday() <= 5)
    saturday = events(("A", date(2020, 10, 31)))
    options = {"benchmark": "M", "estimation": "-150:-11", "window": "0:1"}
    sessions = {
        rule: study_matrix(table, saturday, off_session=rule, **options).ar["session"].to_list()
        for rule in ("next", "previous", "exclude")
    }
    assert sessions["next"][0] == date(2020, 11, 2)
    assert sessions["previous"][0] == date(2020, 10, 30)
    assert sessions["exclude"] == []
    left = study_matrix(table, saturday, off_session="exclude", **options).excluded
    assert left["reason"].to_list() == ["no bar at the event's date"]
    with pytest.raises(InputError, match="off_session"):
        study_matrix(table, saturday, off_session="nearest", **options)


def test_an_event_in_a_hole_of_hourly_bars_has_no_day_zero() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    hours = pl.Series([start + timedelta(hours=n) for n in range(2_000)])
    bars = hours.filter((hours < datetime(2024, 2, 1, tzinfo=UTC)) | (hours > datetime(2024, 2, 20, tzinfo=UTC)))
    times = pl.Series([datetime(2024, 2, 1, 12, tzinfo=UTC), datetime(2024, 2, 19, 12, tzinfo=UTC)])
    placed = place_events(times, bars, "next")
    assert placed.rows.tolist() == [-1, len(hours.filter(hours < datetime(2024, 2, 1, tzinfo=UTC)))]
    assert set(placed.reasons) == {0}


def test_excluded_events_are_all_there() -> None:
    some = events(
        *(("A", date(2019, 1, 1)), ("A", date(2030, 1, 1)), ("Z", date(2020, 11, 1)), ("A", date(2020, 2, 1))),
        ("A", date(2020, 11, 1)),
    )
    result = study_matrix(wide(), some, benchmark="M")
    assert result.models["event_id"].to_list() == [5]
    reasons = dict(result.excluded.select("event_id", "reason").iter_rows())
    assert reasons[1] == "event is before the first bar"
    assert reasons[2] == "event is after the last bar"
    assert reasons[3] == "no bars for symbol Z"
    assert "in the estimation window" in reasons[4]


BEFORE, SINCE = pl.col("date") < date(2020, 11, 1), pl.col("date") > date(2020, 9, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"benchmark": "M", "cut": ("M", BEFORE)}, "no bar in the event window: benchmark M ends on 2020-10-31"),
        ({"benchmark": "frame", "cut": ("M", BEFORE)}, "no bar in the event window: the benchmark ends on 2020-10-31"),
        ({"benchmark": "M", "cut": ("C", BEFORE)}, "no bar in the event window: the return of C ends on 2020-10-31"),
        (
            {"benchmark": "M", "cut": ("M", SINCE)},
            "61 bars in the estimation window, 120 needed: benchmark M begins on",
        ),
        ({"model": "factors", "cut": ("M", BEFORE)}, "no bar in the event window: factor M ends on 2020-10-31"),
        ({"model": "mean", "risk_free": "frame", "cut": ("M", BEFORE)}, "the risk-free return ends on 2020-10-31"),
        (
            {"model": "mean", "risk_free": "frame", "cut": ("M", BEFORE | (pl.col("date") > date(2021, 1, 1)))},
            "the risk-free return has 0 values from 2020-11-30 to 2020-12-02",
        ),
    ],
)
def test_the_series_that_ends_is_named(options, words) -> None:
    options = {"window": (-1, 1), **options}
    column, keep = options.pop("cut")
    table = wide().with_columns(pl.when(keep).then(column).alias(column))
    apart = table.select("date", "M").filter(pl.col("M").is_not_null())
    for name in ("benchmark", "risk_free"):
        if options.get(name) == "frame":
            options[name] = apart if name == "benchmark" else apart.with_columns(pl.col("M") / 1000)
    if options.get("model") == "factors":
        options["factors"] = apart
    result = study_matrix(table, THREE[2:], **options)
    assert words in result.excluded["reason"].item()


def test_calendar_windows_are_the_same_for_every_event() -> None:
    result = study_matrix(
        *(wide(), THREE), benchmark="M", estimation="2020-01-01:2020-09-30", window="2020-10-01:2020-10-05"
    )
    assert result.aar["day"].to_list() == [f"2020-10-0{d}" for d in range(1, 6)]
    assert result.caar["window"].to_list() == ["2020-10-01:2020-10-05"]
    assert set(result.ar["session"]) == {date(2020, 10, d) for d in range(1, 6)}
    assert result.models["n"].to_list() == [274] * 3


def test_intraday_bars_use_the_same_code() -> None:
    table = wide()
    start = datetime(2024, 1, 2, 9, 30)
    minutes = [start + timedelta(minutes=t) for t in range(len(table))]
    table = table.with_columns(pl.Series("date", minutes).dt.replace_time_zone("UTC"))
    when = pl.DataFrame({"symbol": ["A"], "date": ["2024-01-02T14:30:20Z"]})
    options = {"benchmark": "M", "window": "0:2", "estimation": "-200:-11"}
    result = study_matrix(table, when, **options)
    assert result.ar["session"][0].replace(tzinfo=None) == datetime(2024, 1, 2, 14, 30)  # the bar that holds it
    hole = table.filter(pl.col("date").dt.time() != time(14, 30))
    for rule, minute in (("next", 31), ("previous", 29)):
        first = study_matrix(hole, when, off_session=rule, **options).ar["session"][0]
        assert first.replace(tzinfo=None) == datetime(2024, 1, 2, 14, minute)
    left_out = study_matrix(hole, when, off_session="exclude", **options).excluded["reason"]
    assert left_out.to_list() == ["no day 0: between bars"]
    date_only = when.with_columns(date=pl.lit("2024-01-02"))
    assert study_matrix(table, date_only, **options).excluded["reason"].to_list() == ["no day 0: date-only"]
    after = study_matrix(table, date_only, date_only="after-close", **options).excluded["reason"]
    assert after.to_list() == ["no day 0: beyond-bars"]
    with pytest.raises(TimeError, match="time zone"):
        study_matrix(table, when.with_columns(pl.lit(datetime(2024, 1, 2, 14)).alias("date")), benchmark="M")


def test_groups_and_years() -> None:
    some = THREE.with_columns(pl.Series("category", ["x", "y", "x"]))
    result = study_matrix(wide(), some, benchmark="M", by="category", windows="0:0")
    assert result.caar.select("category", "n").rows() == [("x", 2), ("y", 1)]
    x = result.car.filter(pl.col("event_id") != 2)["car"].mean()
    assert result.caar["caar"][0] == pytest.approx(x)
    assert study_matrix(wide(), some, benchmark="M", by="year").caar["year"].unique().to_list() == [2020]
    with pytest.raises(NotFoundError, match="no column 'dyad'"):
        _ = study_matrix(wide(), some, benchmark="M", by="dyad").caar


def test_one_event_has_no_cross_section() -> None:
    pytest.importorskip("correlator.eventstudy.significance.table")
    result = study_matrix(wide(), THREE[:1], benchmark="M")
    assert result.ar.height == 21
    with pytest.raises(StudyError, match="no cross-section"):
        _ = result.significance


def test_no_event_measured_names_the_first_reason() -> None:
    events = pl.DataFrame({"symbol": ["NONE", None], "date": ["2025-05-28"] * 2})
    result = study_matrix(wide(), events, benchmark="M")
    assert result.excluded["reason"].to_list() == ["no bars for symbol NONE", "event has no symbol"]
    with pytest.raises(StudyError, match=r"no event could be measured: no bars for symbol NONE \(1 of 2\)"):
        _ = result.significance


def test_calendar_time_alpha_of_simple_returns() -> None:
    """One event, windows of seven bars: the portfolio is that share over those bars."""
    result = study_matrix(wide(), THREE[:1], benchmark="M", windows="-3:3", model="mean")
    got = result.frame("calendar-time").row(0, named=True)
    symbol, day = int(result.estimates.symbol_index[0]), int(result.estimates.day_zero[0])
    earned = np.expm1(result.panel.returns[day - 3 : day + 4, symbol])
    earned = earned[~np.isnan(earned)]
    assert (got["window"], got["bars"], got["holdings"]) == ("-3:3", len(earned), 1.0)
    assert got["alpha"] == pytest.approx(earned.mean(), rel=1e-12)
    assert got["se"] == pytest.approx(earned.std(ddof=1) / np.sqrt(len(earned)), rel=1e-12)
    dates = study_matrix(wide(), THREE, benchmark="M", estimation="-250:-11", window="-3:3", windows="-1:1").frame(
        "calendar-time"
    )
    assert dates["df"].to_list() == (dates["bars"] - 2).to_list()


def test_factors_and_risk_free() -> None:
    table = wide()
    rng = np.random.default_rng(8)
    factors = table.select("date", MKT="M").with_columns(
        pl.Series("SMB", rng.standard_normal(400) * 0.01), pl.Series("RF", rng.random(400) * 1e-4)
    )
    result = study_matrix(table.drop("M"), THREE, factors=factors, risk_free="RF", model="factors")
    assert result.models.columns == ["event_id", "symbol", "alpha", "beta", "beta_SMB", "sigma", "n", "findings"]
    excess = table.drop("M").with_columns(pl.col("A", "B", "C") - factors["RF"])
    plain = study_matrix(excess, THREE, factors=factors.drop("RF"), model="factors")
    np.testing.assert_allclose(result.ar["ar"], plain.ar["ar"])
    with pytest.warns(UserWarning, match="column RF is used as a factor"):
        regressed = study_matrix(table.drop("M"), THREE, factors=factors, model="factors")
    assert "beta_RF" in regressed.models.columns


def test_factors_and_a_benchmark_are_not_used_in_the_place_of_each_other() -> None:
    table = wide()
    factors = table.select("date", MKT="M")
    with pytest.raises(StudyError, match="model factors needs factors"):
        study_matrix(table, THREE, benchmark="M", model="factors")
    alone = study_matrix(table.drop("M"), THREE, factors=factors, model="factors")
    with pytest.warns(UserWarning, match="the benchmark is not used: the model factors uses the factors only"):
        both = study_matrix(table, THREE, factors=factors, benchmark="A", model="factors")
    assert both.car["car"].to_list() == alone.car["car"].to_list()


def test_flags_name_what_is_censored() -> None:
    table = wide().with_columns(A=pl.when(pl.col("date") == date(2020, 10, 28)).then(None).otherwise(pl.col("A")))
    taken = read_wide(table, "returns")
    from correlator.eventstudy.panel.frames import Panel

    locked, silent = np.zeros(taken.values.shape, dtype=bool), np.zeros(taken.values.shape, dtype=bool)
    locked[300, 0] = silent[300, 0] = silent[299, 0] = True
    panel = Panel(
        *(taken.labels, taken.names, taken.values, taken.column("M")[:, None], ("M",)),
        limit_locked=locked,
        zero_volume=silent,
    )
    result = study_panel(panel, read_events(THREE[:1]), study_spec(window="-1:1", windows="-1:1"))
    assert result.ar["flags"].to_list() == ["zero-volume", "limit-locked zero-volume", "missing"]
    assert result.ar["ar"].null_count() == 1
    assert result.car.select("n", "flags").rows() == [(2, "missing")]


def test_refusals_say_what_is_wrong() -> None:
    table = wide()
    with pytest.raises(InputError, match="exactly one of returns, prices"):
        study_matrix(table, THREE, prices=table, benchmark="M")
    with pytest.raises(NotFoundError, match="column 'SPX' is missing"):
        study_matrix(table, THREE, benchmark="SPX")
    with pytest.raises(NotFoundError, match="no column 'symbol'"):
        study_matrix(table, THREE.rename({"symbol": "name"}), benchmark="M")
    with pytest.raises(InputError, match="several rows for .* that differ"):
        study_matrix(pl.concat([table, table.with_columns(pl.col("A") / 2)]), THREE, benchmark="M")
    with pytest.raises(StudyError, match="overlap"):
        study_matrix(table, THREE, benchmark="M", estimation="-100:-5")
    with pytest.raises(StudyError, match="outside the event window"):
        study_matrix(table, THREE, benchmark="M", windows="-20:20")
    with pytest.raises(InputError, match="not a frame"):
        study_matrix([1, 2], THREE, benchmark="M")
    with pytest.raises(TimeError, match="is not a date"):
        study_matrix(table, THREE.with_columns(pl.lit("soon").alias("date")), benchmark="M")


def test_abnormal_log_volume() -> None:
    rng = np.random.default_rng(4)
    table = wide().with_columns(pl.Series(name, rng.integers(0, 900, 400)) for name in ("A", "B", "C", "M"))
    result = study_matrix(volumes=table, events=THREE, model="mean", windows="0:0")
    logs = table.with_columns(pl.col("A", "B", "C", "M").cast(pl.Float64).log().replace(-np.inf, None))
    plain = study_matrix(logs.with_columns(pl.col("A", "B", "C", "M") / 1000), THREE, model="mean", windows="0:0")
    np.testing.assert_allclose(result.ar["ar"], plain.ar["ar"] * 1000)
    assert result.spec.returns == "log-volume"
    with pytest.raises(StudyError, match="buy-and-hold returns need returns"):
        _ = result.bhar


def test_groups_by_numbers_of_which_some_are_missing() -> None:
    """The group without a number is one like the others, wherever it comes."""
    for marks in ([None, 2, 2, None], [2, None, None, 2], [None, None, None, None]):
        marked = pl.concat([THREE, events(("A", date(2020, 12, 20)))]).with_columns(
            mark=pl.Series(marks, dtype=pl.Int64)
        )
        result = study_matrix(wide(), marked, benchmark="M", by="mark", estimation="-150:-30", window="-1:1")
        alone = {
            m: study_matrix(
                wide(), marked.filter(pl.col("mark").eq_missing(m)), benchmark="M", estimation="-150:-30", window="-1:1"
            )
            for m in set(marks)
        }
        for name in ("caar", "aar", "summary", "significance", "wild-cluster"):
            table = result.frame(name)
            assert table.schema["mark"] == pl.Int64
            for mark, own in alone.items():
                assert table.filter(pl.col("mark").eq_missing(mark)).drop("mark").equals(own.frame(name)), (name, mark)


def test_a_group_of_one_date_leaves_the_bootstrap_of_the_others():
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(400)]
    rng = np.random.default_rng(5)
    frame = pl.DataFrame({"date": days, "M": rng.normal(0, 0.01, 400), "A": rng.normal(0, 0.02, 400)})
    frame = frame.with_columns(B=pl.col("A") + pl.Series(rng.normal(0, 0.01, 400)))
    events = pl.DataFrame(
        {"symbol": ["A", "B", "A", "B"], "date": [days[300], days[300], days[320], days[340]], "kind": list("xxyy")}
    )
    result = study_matrix(frame, events, benchmark="M", by="kind")
    with pytest.warns(UserWarning, match="group kind=x has 1 event date: no statistic across event dates"):
        found = result.wild_cluster
    assert found["kind"].unique().to_list() == ["y"]
    with pytest.raises(StudyError, match="at least 2 event dates, got 1"):
        _ = study_matrix(frame, events.head(2), benchmark="M", by="kind").wild_cluster
