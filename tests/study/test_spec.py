"""One request: every door has the options of ``StudySpec``, with its names and defaults, and reads every form."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

import correlator as co
from correlator.cli.options.study import study_parameter
from correlator.errors import InputError, TimeError
from correlator.eventstudy.matrix import study_frames
from correlator.eventstudy.request.spec import (
    FRAMES,
    STORE,
    FrameKeywords,
    StoreKeywords,
    StudySpec,
    flag_of,
    flags_of,
    option_of,
    options_of,
    study_spec,
    written_default,
)
from correlator.eventstudy.request.windows import DateWindow, OffsetWindow, parse_window, parse_windows
from correlator.report.spec import parse_spec, study_keys
from correlator.research.placebo import stored_placebo
from correlator.research.study import study

DATA = {"factors", "factors_unit", "risk_free", "risk_free_unit"}
BESIDE_FRAMES = {"returns", "benchmark", "donors"}


def test_the_keywords_that_type_checkers_read_are_the_fields() -> None:
    assert set(StoreKeywords.__annotations__) == set(options_of(STORE)) - {"symbols"} | DATA
    assert set(FrameKeywords.__annotations__) == set(options_of(FRAMES)) - BESIDE_FRAMES


@pytest.mark.parametrize("door", [study, stored_placebo, study_frames])
def test_help_shows_every_keyword_with_its_default(door) -> None:
    shown = inspect.signature(door).parameters
    source = FRAMES if door is study_frames else STORE
    for name, option in options_of(source).items():
        assert name in shown
        if name not in BESIDE_FRAMES | {"symbols"}:
            assert shown[name].default == written_default(option), name


def verbs() -> dict[str, dict[str, object]]:
    import typer

    from correlator.cli.app import app

    commands = typer.main.get_command(app).commands
    return {
        name: {flag: parameter for parameter in commands[name].params for flag in parameter.opts}
        for name in ("study", "placebo", "confounds", "regress", "audit", "plot")
    }


def test_the_command_line_has_every_option_with_its_default() -> None:
    for verb, options in verbs().items():
        for option in fields(StudySpec):
            if verb != "study" and option.name not in options_of(STORE):
                continue
            alone = verb in ("regress", "confounds", "audit") and option.name == "by"  # of all events together
            within = verb not in ("study", "placebo") and option.name == "interval"
            if (verb, option.name) == ("plot", "symbols") or alone or within:
                continue
            typed = options[flag_of(option)]
            assert all(options[flag] is typed for flag in flags_of(option))
            assert typed.name == option.name
            assert typed.default == (None if option_of(option).many else written_default(option)), (verb, option.name)


def test_the_report_has_the_options_of_a_study_of_the_store() -> None:
    assert set(study_keys()) == set(options_of(STORE)) - {"as_of", "interval"}
    assert parse_spec({"name": "daily"}).study == study_spec()
    values = {"symbols": ["A"], "windows": ["-1:1", "-5:5"], "minimum_observations": 60, "currency": "USD"}
    assert parse_spec({"name": "daily", "study": values}).study == study_spec(**values)


def test_every_keyword_is_an_option_in_the_singular_where_it_repeats() -> None:
    for option in fields(StudySpec):
        assert flag_of(option) in (f"--{option.name.replace('_', '-')}", f"--{option.name.removesuffix('s')}")


def test_the_default_estimation_window_is_one() -> None:
    assert study_spec().estimation == OffsetWindow(-279, -30)
    assert study_parameter("estimation").default == "-279:-30"


@pytest.mark.parametrize("written", ["-5:5", " -5 : +5 ", (-5, 5), [-5, 5], OffsetWindow(-5, 5)])
def test_a_window_in_any_form(written) -> None:
    assert parse_window(written) == OffsetWindow(-5, 5)
    assert parse_windows(written) == (OffsetWindow(-5, 5),)
    assert study_spec(window=written).windows == (OffsetWindow(0, 0), OffsetWindow(-5, 5))


def test_windows_in_any_form() -> None:
    three = (OffsetWindow(0, 0), OffsetWindow(-1, 1), OffsetWindow(-5, 5))
    for written in ("0:0,-1:1,-5:5", ["0:0", "-1:1", "-5:5"], ((0, 0), "-1:1", [-5, 5]), ["0:0,-1:1", (-5, 5)], three):
        assert study_spec(windows=written).windows == three
    days = DateWindow(date(2020, 3, 16), date(2020, 3, 20))
    for dated in (
        "2020-03-16:2020-03-20",
        (date(2020, 3, 16), date(2020, 3, 20)),
        (datetime(2020, 3, 16), date(2020, 3, 20)),
    ):
        assert parse_window(dated) == days


@pytest.mark.parametrize(
    "wrong",
    ["", "5", "-1-1", (1,), (1, 2, 3), (True, False), (1.5, 2), ("a", "b"), 5, None, (date(2020, 1, 1), 3), "1:0", {}],
)
def test_what_is_not_a_window_is_refused_by_name(wrong) -> None:
    with pytest.raises(InputError, match=r"^estimation "):
        study_spec(estimation=wrong)


def test_a_window_twice_is_refused() -> None:
    with pytest.raises(InputError, match="windows contains -1:1 twice"):
        study_spec(windows=["-1:1", (-1, 1)])


@pytest.mark.parametrize(
    "written",
    [
        "2025-06-05T11:00:00Z",
        "2025-06-05T16:00:00+05:00",
        datetime(2025, 6, 5, 11, tzinfo=UTC),
        datetime(2025, 6, 5, 16, tzinfo=timezone(timedelta(hours=5))),
    ],
)
def test_an_instant_in_any_form(written) -> None:
    assert study_spec(as_of=written).as_of == datetime(2025, 6, 5, 11, tzinfo=UTC)


def test_a_date_is_its_end_in_utc() -> None:
    end = datetime(2025, 6, 5, 23, 59, 59, 999999, tzinfo=UTC)
    assert study_spec(as_of="2025-06-05").as_of == study_spec(as_of=date(2025, 6, 5)).as_of == end
    assert study_spec(as_of=None).as_of is None


@pytest.mark.parametrize("wrong", ["soon", "2025-13-01", datetime(2025, 6, 5), "2025-06-05T11:00:00", 20250605])
def test_an_instant_without_zone_or_sense_is_refused(wrong) -> None:
    with pytest.raises(TimeError, match=r"^as_of "):
        study_spec(as_of=wrong)


def test_lists_in_any_form() -> None:
    assert study_spec(symbols="A, B,A").symbols == study_spec(symbols=["A", "B"]).symbols == ("A", "B")
    assert study_spec(links="printed,named").links == study_spec(links=("printed", "named")).links
    assert study_spec(links=[]).links == study_spec(links=None).links == ("country", "named")
    assert study_spec(by="category,year").by == ("category", "year")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"links": "prnted"}, "links 'prnted' is not known"),
        ({"returns": "percent"}, "returns 'percent' is not known"),
        ({"interval": "week"}, "interval 'week' is not an interval"),
        ({"minimum_observations": 1}, "minimum_observations must be at least 2, got 1"),
        ({"minimum_observations": "many"}, "minimum_observations must be a whole number, got 'many'"),
        ({"symbols": 5}, "symbols must be a string or a list of strings, got 5"),
        ({"windowz": "0:0"}, "option 'windowz' is not known (did you mean window?)"),
        ({"close_of_day": "4pm"}, "close_of_day '4pm' is not a time of day"),
    ],
)
def test_a_wrong_option_is_told_by_its_python_name(options, said) -> None:
    with pytest.raises(InputError) as caught:
        study_spec(**options)
    assert str(caught.value).startswith(said)


def test_a_spec_says_itself_in_plain_values() -> None:
    spec = study_spec(symbols="A", window=(-1, 1), as_of="2025-06-05T11:00:00Z", by="year")
    plain = spec.as_dict()
    assert (plain["symbols"], plain["windows"], plain["as_of"]) == (["A"], ["0:0", "-1:1"], "2025-06-05T11:00:00Z")
    assert study_spec(**plain) == spec
    assert replace(spec, benchmark="M").as_dict()["benchmark"] == "M"


def test_the_kind_of_returns_is_said_once() -> None:
    with pytest.raises(InputError, match="differ"):
        co.study_matrix("log", events={}, prices={}, returns_kind="simple")


def frame_of_prices():
    import polars as pl

    days = [date(2020, 1, 1) + timedelta(days=k) for k in range(400)]
    steps = [1 + 0.01 * ((k * 7919) % 13 - 6) / 6 for k in range(400)]
    other = [1 + 0.01 * ((k * 104729) % 17 - 8) / 8 for k in range(400)]
    levels = pl.DataFrame({"date": days, "A": steps, "M": other}).with_columns(pl.col("A", "M").cum_prod() * 100)
    return levels, pl.DataFrame({"symbol": ["A"], "date": [days[330]]})


def test_one_door_for_frames_and_stores(tmp_path) -> None:
    prices, events = frame_of_prices()
    result = co.study(prices=prices, events=events, benchmark="M")
    assert result.car.equals(co.study_matrix(prices=prices, events=events, benchmark="M").car)
    assert result.spec.estimation.label == "-279:-30"
    simple = co.study(prices=prices, events=events, benchmark="M", returns="simple")
    assert simple.spec.returns == "simple"
    for options, said in (
        ({}, "source is missing"),
        ({"source": tmp_path / "m.duckdb", "prices": prices}, "source and prices are both given"),
        ({"source": prices}, "source must be a store or its path, got DataFrame"),
        ({"prices": prices, "events": events, "symbols": "A"}, "symbols has no effect"),
        ({"source": tmp_path / "m.duckdb", "returns_kind": "log"}, "returns_kind has no effect"),
    ):
        with pytest.raises(InputError, match=said):
            co.study(**options)
    with pytest.raises(co.CorrelatorError, match="no store at"):
        co.study(tmp_path / "m.duckdb", "A")


def test_an_option_takes_every_value_or_is_refused() -> None:
    from typer.testing import CliRunner

    from correlator.cli.app import app

    runner = CliRunner()
    for twice in (
        ["--window", "-1:1", "--window", "-5:5"],
        ["--model", "raw", "--model", "mean"],
        ["--to", "a", "--to", "b"],
    ):
        assert "given more than once" in runner.invoke(app, ["study", *twice]).output
    assert "given more than once" in runner.invoke(app, ["--store", "a", "--store", "b", "study"]).output
    assert "given more than once" in runner.invoke(app, ["sessions", "check", "--overrides", "--no-overrides"]).output


def test_an_empty_list_of_symbols_is_not_every_share() -> None:
    with pytest.raises(InputError, match="symbols is an empty list"):
        study_spec(symbols=[])
    assert study_spec(symbols=None).symbols == study_spec(symbols=()).symbols == ()
