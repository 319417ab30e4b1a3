"""placebo, correlate and audit on a store of simulated bars in which news moves a share two sessions later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import correlator as co
from correlator.cli.app import app
from correlator.cli.exit_codes import ExitCode
from correlator.errors import CorrelatorError, CorrelatorWarning, InputError, NotFoundError, StudyError
from correlator.research.correlate import correlate, news_and_returns
from correlator.research.power import stored_power
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store
from correlator.store.writing.bars import write_bars, write_instruments
from correlator.store.writing.events import write_events
from correlator.tables import BARS, EVENTS

KNOWN = datetime(2025, 1, 1, tzinfo=UTC)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")


def bar_rows(symbol, sessions, returns, rng):
    close = 100 * np.exp(np.cumsum(returns))
    stamps = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in sessions]
    columns = {
        "symbol": symbol,
        "interval": "1d",
        "session": sessions,
        "bar_start": stamps,
        "open": close * 0.999,
        "high": close * 1.01,
        "low": close * 0.99,
        "close": close,
        "adjusted_close": None,
        "volume": rng.integers(1_000, 9_000, len(close)).astype(float),
        "source": "test",
    }
    return pl.DataFrame(columns, schema=BARS.schema(columns))


def event_rows(placed):
    """``placed``: session close, symbol, country pair."""
    empty = {name: None for name in EVENTS.column_names if name != "event_id"}
    rows = [
        empty
        | {
            "event_key": f"user:{i}",
            "known_at": close - timedelta(hours=1 + i % 5),
            "known_precision": "minute",
            "coder": "user",
            "category": ("CONSULT", "THREATEN")[i % 2],
            "quad_class": ("verbal-cooperation", "verbal-conflict")[i % 2],
            "goldstein": (1.0, -6.0)[i % 2],
            "source_country": "USA",
            "target_country": "CHN",
            "dyad": "CHN-USA",
            "symbol": symbol,
        }
        for i, (close, symbol) in enumerate(placed)
    ]
    return pl.DataFrame(rows, schema=EVENTS.schema(rows[0]))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    rng = np.random.default_rng(1)
    calendar = sessions_between("XNYS", date(2021, 1, 4), date(2023, 12, 29))
    sessions, closes = calendar["session"].to_list(), calendar["closes_at"].to_list()
    total = len(sessions)
    stories = rng.poisson(0.5, total)
    stories[:200] = 0
    stories[200] = 1
    returns = {symbol: rng.normal(0, 0.01, total) for symbol in SYMBOLS}
    returns["AAA"][2:] -= 0.01 * stories[:-2]
    placed = [(closes[t], None) for t in range(total - 1) for _ in range(stories[t])]
    own = rng.choice(np.arange(310, total - 20), 30, replace=False)
    for t in own:
        returns["BBB"][t] += 0.02
        placed.append((closes[t], "BBB"))
    found = Store(tmp_path_factory.mktemp("store") / "m.duckdb")
    with found.transaction() as connection:
        for symbol in SYMBOLS:
            instrument = {"symbol": symbol, "exchange": "XNYS", "kind": "share", "country": "USA"}
            write_instruments(connection, [instrument])
            write_bars(connection, bar_rows(symbol, sessions, returns[symbol], rng), KNOWN)
        write_events(connection, event_rows(placed))
    return found


def run(store, *arguments):
    return CliRunner().invoke(app, ["--store", str(store.path), "--quiet", *arguments])


def frame_of(result):
    assert result.exit_code == 0, result.output
    return pl.read_csv(result.stdout.encode())


def test_placebo_finds_the_shock(store):
    found = frame_of(
        run(store, "placebo", "--symbol", "BBB", "--link", "named", "--windows", "0:0,-5:-1", "--draws", "499")
    )
    by = {row["window"]: row for row in found.iter_rows(named=True)}
    assert by["0:0"]["caar"] == pytest.approx(0.02, abs=0.006)
    assert by["0:0"]["p_value"] == pytest.approx(2 / 500)
    assert by["-5:-1"]["p_value"] > 0.02
    assert found["tested"].to_list() == [2, 2]


def test_placebo_prints_its_parts_and_repeats_itself(store):
    shared = ("placebo", "--symbol", "BBB", "--link", "named", "--draws", "99", "--window", "-2:2", "--seed", "3")
    assert frame_of(run(store, *shared, "--output", "draws")).height == 99 * 2
    assert frame_of(run(store, *shared, "--output", "bands")).columns[:3] == ["day", "caar", "p0.5"]
    assert frame_of(run(store, *shared, "--output", "clusters"))["events"].sum() == 30
    first, again = (run(store, *shared, "--match", "none", "--confounds", "first").stdout for _ in range(2))
    assert first == again


def test_correlate_finds_the_lead_of_two_sessions(store):
    found = frame_of(run(store, "correlate", "AAA", "CCC", "--by", "dyad", "--events", "dyad = CHN-USA"))
    assert found["tested"].unique().to_list() == [22]
    strongest = found.sort("p_value").row(0, named=True)
    assert (strongest["symbol"], strongest["key"], strongest["lag"]) == ("AAA", "CHN-USA", 2)
    assert strongest["correlation"] < 0
    assert found.filter(pl.col("p_holm") < 0.01).height == 1


@pytest.mark.parametrize("method", ["granger", "projection", "rolling"])
def test_other_methods(store, method):
    found = frame_of(run(store, "correlate", "AAA", "--by", "all", "--method", method, "--max-lag", "3"))
    assert found["symbol"].unique().to_list() == ["AAA"]
    if method == "granger":
        assert found.filter(pl.col("lags") >= 2)["p_holm"].max() < 1e-6
    if method == "projection":
        assert found.filter(pl.col("horizon") == 2)["estimate"][0] == pytest.approx(-0.01, abs=0.004)
    if method == "rolling":
        assert found.height > 500


def test_absolute_returns_volume_and_intensity(store):
    for against in ("absolute", "volume"):
        found = frame_of(run(store, "correlate", "AAA", "--by", "category", "--against", against, "--max-lag", "1"))
        assert found["key"].n_unique() == 2
    table = frame_of(run(store, "correlate", "AAA", "--by", "country", "--method", "intensity"))
    assert table["key"].unique().sort().to_list() == ["CHN", "USA"]
    assert table.filter(pl.col("key") == "USA")["conflict"].mean() == pytest.approx(0.5, abs=0.1)
    ws = co.open_workspace(store.path)
    assert ws.correlate("AAA", "intensity", keys="USA").equals(ws.correlate("AAA", "intensity", keys=["USA", "USA"]))
    assert ws.correlate("AAA", "intensity", keys="USA")["key"].unique().to_list() == ["USA"]


def test_a_key_named_twice_is_one_hypothesis_and_a_symbol_goes_by_any_name(store):
    ws = co.open_workspace(store.path)
    once = ws.correlate("AAA", keys="USA", max_lag=1)
    assert ws.correlate("aaa", keys=["USA", "USA"], max_lag=1).equals(once)
    assert once["tested"].unique().to_list() == [3]


def test_keys_that_do_not_vary_are_left_out_with_a_warning(store):
    data = news_and_returns(store, ["AAA"], by="category")
    calm = data.intensity.table.with_columns(
        novelty=pl.when(pl.col("key") == "THREATEN").then(0.0).otherwise("novelty")
    )
    calmer = replace(data, intensity=replace(data.intensity, table=calm))
    with pytest.warns(UserWarning, match="left out AAA and THREATEN: .* is constant"):
        found = correlate(calmer, measure="novelty", max_lag=1)
    assert found["key"].unique().to_list() == ["CONSULT"]
    with pytest.raises(StudyError, match="AAA and THREATEN"):
        correlate(calmer, keys=["THREATEN"], measure="novelty")


def test_signal_over_symbols(store):
    data = news_and_returns(store, SYMBOLS[1:], by="symbol", links=("named",))
    for method in ("ic", "spread"):
        found = correlate(data, method, max_lag=2, quantiles=3)
        assert found.select("statistic", "horizon", "tested").rows() == [(method, 1, 2), (method, 2, 2)]
        assert found["sessions"].max() <= 30
        assert found["p_holm"].min() > 0.01
    with pytest.raises(StudyError, match="2 sessions .* got 0"):  # every share has the same news: nothing to rank
        correlate(news_and_returns(store, SYMBOLS, by="symbol", links=("country",)), "ic")
    with pytest.raises(InputError, match="needs news by symbol"):
        correlate(news_and_returns(store, ["AAA"], by="all"), "ic")
    with pytest.raises(InputError, match="method 'magic' is not known"):
        correlate(data, "magic")


def test_news_begins_with_the_first_event(store):
    """Sessions before the archive begins are unknown, not without news."""
    data = news_and_returns(store, ["AAA"], by="all")
    assert data.intensity.series("all")[0] == 1
    with pytest.raises(NotFoundError):
        news_and_returns(store, ["ZZZ"])


def test_audit_passes_the_built_in_study_and_catches_a_leaky_one(store, tmp_path):
    shared = ("--symbol", "BBB", "--link", "named", "--window", "-1:1", "--cutoffs", "12")
    assert frame_of(run(store, "audit", "built-in", *shared)).is_empty()
    leaky = tmp_path / "leaky.py"
    leaky.write_text(
        "from dataclasses import replace\n"
        "import numpy as np\n"
        "from correlator.eventstudy.request.spec import study_spec\n"
        "from correlator.eventstudy.measure import study_panel\n"
        "def study(panel, events):\n"
        "    centred = panel.returns - np.nanmean(panel.returns, axis=0)\n"
        "    return study_panel(replace(panel, returns=centred), events, study_spec(model='raw', window='0:0'))\n"
    )
    caught = run(store, "audit", f"{leaky}:study", *shared)
    assert caught.exit_code == ExitCode.FINDINGS
    assert pl.read_csv(caught.stdout.encode())["finding"].unique().to_list() == ["changes with the future"]
    with pytest.raises(CorrelatorError, match="has no function 'other'"):
        raise run(store, "audit", f"{leaky}:other", *shared).exception
    with pytest.raises(CorrelatorError, match=r"write built-in, or FILE\.py:FUNCTION"):
        raise run(store, "audit", "mine", *shared).exception


def refused(call, reason: str) -> None:
    with pytest.raises(CorrelatorError, match=reason):
        call()


def test_what_a_method_does_not_use_is_told_and_what_nobody_knows_refused(store) -> None:
    ws = co.open_workspace(store.path)
    asked = partial(ws.correlate, "AAA")
    for how, told in (({"window": 30}, "window=30"), ({"quantiles": 3}, "quantiles=3")):
        with pytest.warns(CorrelatorWarning, match=f"^{told} is not used by lead-lag"):
            asked(**how)
    with pytest.warns(CorrelatorWarning, match="^against='volume' is not used by ic"):
        refused(partial(ws.correlate, SYMBOLS, "ic", by="symbol", against="volume"), "enough symbols")
    with pytest.warns(CorrelatorWarning, match="^draws=99 is only used with bands='bootstrap'"):
        asked(draws=99)
    refused(partial(ws.news_and_returns, "AAA", links="printed"), "^links does not apply to news by country")
    refused(partial(asked, max_lag="3"), "^max_lag must be a whole number, got '3'")
    refused(partial(asked, lags=3), "option 'lags' is not known")
    refused(partial(asked, "leadlag"), "method 'leadlag' is not known")
    refused(partial(ws.news_and_returns, "AAA", window="-1:1"), "option 'window' is not known")
    refused(partial(co.correlate, "AAA"), "data is a str, not news and returns")


def test_options_of_a_workspace_reach_news_and_returns(store) -> None:
    ws = co.open_workspace(store.path)
    plain = ws.correlate("AAA", by="all", max_lag=2)
    assert ws.correlate("AAA", by="all", max_lag=2, keys="all").equals(plain)
    how = {"by": "all", "max_lag": 2}
    simple = ws.correlate("AAA", returns="simple", date_only="same-day", **how)
    assert simple.height == plain.height
    assert not simple.equals(plain)
    data = ws.news_and_returns("AAA", by="all", returns="simple", date_only="same-day")
    assert simple.equals(co.correlate(data, max_lag=2))


def test_the_prompt_names_its_own_options(store) -> None:
    done = CliRunner().invoke(app, ["--store", str(store.path), "correlate", "AAA", "--rolling", "30"])
    assert "--window 30 is not used by lead-lag" in done.stderr
    rolling = partial(run, store, "correlate", "AAA", "--method", "rolling")
    sized = [rolling(name, "30").stdout for name in ("--window", "--rolling")]
    assert sized[0] == sized[1]


def test_verbs_of_results_refuse_what_is_not_one(store) -> None:
    ws = co.open_workspace(store.path)
    for verb in (ws.confounds, ws.features, co.result_figure):
        refused(partial(verb, "AAA"), "^result must be a StudyResult, got str")
    refused(partial(ws.plot, "AAA", sessions=30), "option 'sessions' is not known")
    refused(
        partial(ws.plot, "AAA", close_of_day="16:00 America/New_York"), "close_of_day has no effect in a study of a"
    )


def test_null_distribution_is_drawn(store, tmp_path):
    figure = tmp_path / "null.html"
    shared = ("placebo", "--symbol", "BBB", "--link", "named", "--windows", "0:0", "--draws", "199")
    assert run(store, *shared, "--null-plot", str(figure)).exit_code == 0
    assert "BBB against ordinary sessions: " in figure.read_text()


@pytest.mark.parametrize("method", ["lead-lag", "projection"])
def test_correlation_is_drawn_for_one_series(store, tmp_path, method):
    figure = tmp_path / "figure.html"
    shared = ("correlate", "AAA", "--by", "category", "--method", method, "--plot", str(figure))
    assert run(store, *shared, "--key", "CONSULT").exit_code == 0
    assert "stories of news of CONSULT per session" in figure.read_text()
    assert "return of AAA" in figure.read_text()
    with pytest.raises(InputError, match="one symbol and key, got 2 pairs"):
        raise run(store, *shared).exception


def test_confounds_side_by_side(store):
    pytest.importorskip("statsmodels")
    shared = ("confounds", "--symbol", "BBB", "--link", "named", "--window", "-2:2", "--windows", "0:0")
    flags = frame_of(run(store, *shared, "--output", "flags"))
    assert flags.height == 30
    assert flags["overlaps"].sum() > 0
    assert flags["ex_dividend"].null_count() == 30
    table = frame_of(run(store, *shared))
    assert table["confounds"].to_list() == ["keep", "drop", "first", "model"]
    by = dict(table.select("confounds", "n").rows())
    assert by["keep"] == by["model"] == 30 > by["first"] > by["drop"]
    assert table["caar"].min() > 0.01


def test_other_news_confounds_though_the_study_does_not_measure_it(store):
    """Country news reaches every share: with that link too, the named events have company."""
    selected = ("--events", "category = CONSULT", "--window", "-1:1", "--output", "flags")
    alone = frame_of(run(store, "confounds", "--symbol", "BBB", "--link", "named", *selected))
    with_country = frame_of(
        run(store, "confounds", "--symbol", "BBB", "--link", "named", "--link", "country", *selected)
    )
    assert alone["other_stories"].sum() < with_country.join(alone, on="event_id", how="semi")["other_stories"].sum()


def test_regress(store):
    pytest.importorskip("statsmodels")
    more = frame_of(run(store, "regress", "car ~ beta + size + log(sigma)", "--cluster", "session", "--link", "named"))
    assert more["term"].to_list() == ["Intercept", "beta", "size", "log(sigma)"]
    with pytest.raises(StudyError, match="collinear"):  # no event here has a story
        raise run(store, "regress", "car ~ story_size", "--link", "named").exception
    found = frame_of(run(store, "regress", "car ~ goldstein", "--symbol", "BBB", "--link", "named", "--windows", "0:0"))
    assert found["term"].to_list() == ["Intercept", "goldstein"]
    assert found["estimate"][0] == pytest.approx(0.02, abs=0.006)
    with pytest.raises(StudyError, match="tone has no value in any event"):
        raise run(store, "regress", "car ~ tone", "--link", "named").exception
    with pytest.raises(InputError, match="^of '1:0' ends before it starts"):
        raise run(store, "regress", "car ~ beta", "--link", "named", "--of", "1:0").exception
    with pytest.raises(InputError, match="by has no effect in a regression"):
        co.open_workspace(store.path).regress("car ~ beta", by="category")
    fit = co.open_workspace(store.path).regress("car ~ beta", links="named", windows="0:0,-1:1", of="-1:1")
    assert fit.window == "-1:1"
    assert repr(fit).startswith("CrossSection: car ~ beta; CAR -1:1: ")
    assert replace(fit, formula="car ~ C(a<b)")._repr_html_().startswith("<p>CrossSection: car ~ C(a&lt;b); ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "category"}, "by has no effect in a test of power"),
        ({"planned": 5, "events": "goldstein < 0"}, "events has no effect in a study of planned dates"),
        ({"planned": 5, "date_only": "same-day"}, "date_only has no effect in a study of planned dates"),
    ],
)
def test_power_refuses_what_it_does_not_look_at(tmp_path, options, said):
    with pytest.raises(InputError, match=said):
        stored_power(Store(tmp_path / "m.duckdb"), "AAA", **options)


def test_a_distance_that_is_not_matched_is_refused(store):
    done = run(store, "placebo", "--symbol", "BBB", "--match", "weekday", "--distance", "3")
    assert "distance is given but not matched" in str(done.exception)


@pytest.mark.parametrize(
    "question",
    [
        ("correlate", "AAA", "--by", "all", "--bands", "bootstrap"),
        ("placebo", "--symbol", "BBB", "--link", "named", "--draws", "9"),
        ("power", "--symbol", "BBB", "--studies", "5", "--planned", "3"),
        ("audit", "built-in", "--symbol", "BBB", "--link", "named"),
    ],
)
def test_a_negative_seed_is_refused(store, question):
    with pytest.raises(InputError, match="seed must be 0 or more, got -1"):
        raise run(store, *question, "--seed", "-1").exception


def test_news_and_returns_are_one_line_in_a_notebook(store):
    data = news_and_returns(store, ["AAA", "BBB"], by="all")
    assert repr(data).startswith("NewsAndReturns: AAA, BBB; news by all; ")
    assert "\n" not in repr(data)
    assert (
        data.sentence in CliRunner().invoke(app, ["--store", str(store.path), "correlate", "AAA", "--by", "all"]).stderr
    )
