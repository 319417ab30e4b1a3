"""Figures of studies: bands that are the study's own errors, and what is said when there is nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from correlator.errors import NotFoundError
from correlator.eventstudy.matrix import study_matrix
from correlator.eventstudy.paths import car_path, car_paths
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.results.finding import daily, finding_of, main_window, verdict
from correlator.plot.distribution import distribution_figure, null_figure
from correlator.plot.figures import FIGURES, RESULT, OfResult, figures_of
from correlator.plot.heatmap import heatmap_figure
from correlator.plot.of_result import as_per_cent, result_figure
from correlator.plot.study import car_figure, event_panels
from correlator.plot.template import PERCENT_TICKS, dress, fitted, per_cent
from correlator.plot.terminal import car_text, price_text
from correlator.plot.words import selection_words

SESSIONS = 400


def made_study(events: int, *, events_frame: pl.DataFrame | None = None, **changes):
    rng = np.random.default_rng(5)
    days = [day for n in range(700) if (day := dt.date(2018, 1, 1) + dt.timedelta(days=n)).weekday() < 5][:SESSIONS]
    market = rng.normal(0, 0.01, SESSIONS)
    names = [f"S{i}" for i in range(5)]
    columns = {name: market + rng.normal(0, 0.02, SESSIONS) for name in names}
    wide = pl.DataFrame({"date": days, **columns, "MKT": market})
    chosen = pl.DataFrame(
        {
            "symbol": [names[i % 5] for i in range(events)],
            "date": [days[200 + 7 * i % 180] for i in range(events)],
            "category": [("CONSULT", "THREATEN", None)[i % 3] for i in range(events)],
        },
        schema={"symbol": pl.String, "date": pl.Date, "category": pl.String},
    )
    options = {"estimation": "-120:-20", "window": "-5:5", "windows": "-1:1,-5:5", **changes}
    chosen = chosen if events_frame is None else events_frame
    return study_matrix(wide, chosen, benchmark="MKT", **options)


def test_band_of_one_event_is_that_of_its_car_with_the_full_covariance():
    from scipy.stats import t

    result = made_study(1)
    path = car_path(result)
    whole = result.car.filter(pl.col("window") == "-5:5").row(0, named=True)
    last = path.row(-1, named=True)
    half = t.ppf(0.975, result.estimates.df[0]) * whole["se"]
    assert last["caar"] == pytest.approx(whole["car"], abs=1e-14)
    assert last["high"] - last["caar"] == pytest.approx(half, rel=1e-12)
    assert path["day"].to_list() == [str(day) for day in range(-5, 6)]


def test_band_of_many_events_is_that_of_the_recommended_test():
    result = made_study(12)
    last = car_path(result).row(-1, named=True)
    whole = result.recommended.filter(pl.col("window") == "-5:5").row(0, named=True)
    for name in ("caar", "low", "high"):
        assert last[name] == pytest.approx(whole[name], rel=1e-9)
    assert last["n"] == 12


def test_window_of_dates_has_no_band_of_one_event():
    result = made_study(1, window="2018-12-03:2018-12-07", windows="2018-12-03:2018-12-07", estimation="-120:-40")
    if len(result.estimates):
        assert car_path(result)["low"].null_count() == 5


def test_paths_end_where_the_car_does():
    result = made_study(6)
    ends = car_paths(result).group_by("event_id", "symbol", maintain_order=True).last()["car"]
    cars = result.car.filter(pl.col("window") == "-5:5")["car"]
    assert ends.to_list() == pytest.approx(cars.to_list())


@pytest.mark.parametrize("kind", figures_of(RESULT))
@pytest.mark.parametrize("events", [0, 1, 40])
def test_every_figure_of_none_one_and_many_events(kind, events):
    none = pl.DataFrame({"symbol": ["S0"], "date": [dt.date(2018, 1, 3)], "category": ["CONSULT"]})  # before any bar
    result = made_study(events) if events else made_study(0, events_frame=none)
    figure = result_figure(result, kind)
    assert (len(figure.data) == 0) == (events == 0)
    if events == 0:
        assert "No event" in figure.layout.annotations[0].text
    assert max(len(line) for line in figure.layout.title.text.split("<br>")) <= 40


def test_panels_show_the_largest_and_say_how_many_there_are():
    figure = event_panels(car_paths(made_study(40)), limit=6)
    assert len(figure.data) == 6
    assert "the 6 largest of 40 events" in figure.layout.title.subtitle.text.replace("<br>", " ").replace("\u00a0", " ")


def test_the_lowest_panel_of_each_column_has_its_days_below_it():
    figure = event_panels(car_paths(made_study(4)))
    assert [figure.layout[f"xaxis{n or ''}"].showticklabels for n in ("", 2, 3, 4)] == [False, True, True, True]


def test_heatmap_names_events_without_category():
    figure = result_figure(made_study(9), "heatmap")
    headlines = "<br>3\u00a0headlines"
    assert set(figure.data[0].y) == {f"{name}{headlines}" for name in ("CONSULT", "THREATEN", "other")}
    assert figure.data[0].text[0][0].endswith("<br>3")


def test_heatmap_of_many_windows_is_colours_with_a_scale():
    windows = ",".join(f"{first}:5" for first in range(-5, 4))
    drawn = result_figure(made_study(9, windows=windows), "heatmap").data[0]
    assert (drawn.texttemplate, drawn.showscale) == ("", True)
    assert drawn.customdata[0][0] == 3


def test_heatmap_is_of_means():
    car = pl.DataFrame({"event_id": [1, 2], "symbol": ["X", "X"], "window": ["0:0", "0:0"], "car": [0.01, 0.03]})
    figure = heatmap_figure(car, pl.DataFrame({"event_id": [1, 2], "category": ["AID", "AID"]}))
    assert figure.data[0].z[0][0] == pytest.approx(0.02)


def test_fan_is_named_once():
    path = car_path(made_study(12))
    fan = pl.DataFrame({"day": path["day"], "p2.5": path["low"], "p97.5": path["high"], "p25": -0.01, "p75": 0.01})
    figure = car_figure(path, fan=fan)
    assert [trace.name for trace in figure.data if trace.showlegend is not False] == [
        "placebo 95, 50%",
        "95% band",
        "CAAR",
    ]


def test_histogram_counts_every_event_and_holds_bins_only():
    car = made_study(40).car
    figure = distribution_figure(car, "-5:5")
    assert sum(figure.data[0].y) == 40
    draws = pl.Series(np.random.default_rng(1).normal(size=5000))
    null = null_figure(draws, 2.5, p_value=0.01)
    assert sum(null.data[0].y) == 5000
    assert len(null.data[0].x) < 100


def test_what_is_long_is_said_below_the_title_of_the_null():
    draws = pl.Series(np.random.default_rng(1).normal(size=300))
    null = null_figure(draws, 0.4, p_value=0.27, statistic="scar in window -145:145")
    assert "within chance, placebo p\u00a00.270" in null.layout.meta["title"]
    assert null.layout.title.subtitle.text.startswith("scar in window -145:145; 300")


def test_a_title_of_two_lines_starts_no_higher_than_one_of_one_line():
    one, two = (
        dress(go.Figure(), title=title) for title in ("Short", "Words that a phone cannot hold on a single line of it")
    )
    assert two.layout.title.text.count("<br>") == 1
    added = two.layout.title.pad.t - one.layout.title.pad.t
    assert 2 * added == two.layout.margin.t - one.layout.margin.t  # plotly centres the lines on where one would stand


def test_the_heatmap_counts_a_share_and_an_event_as_one():
    car = pl.DataFrame(
        {"event_id": [1, 1, 2], "symbol": ["A", "B", "A"], "window": ["0:0"] * 3, "car": [0.1, 0.2, 0.3]}
    )
    figure = heatmap_figure(car, pl.DataFrame({"event_id": [1, 2], "category": ["AGREE", "AID"]}))
    assert figure.layout.title.subtitle.text.startswith("mean over 3\u00a0events")


def test_unknown_figure():
    with pytest.raises(NotFoundError, match="unknown figure 'pie'"):
        result_figure(made_study(1), "pie")


@pytest.mark.parametrize("kind", sorted(set(figures_of(RESULT))))
def test_every_figure_says_its_finding_and_what_it_was_found_in(kind):
    result = made_study(12)
    figure = result_figure(result, kind)
    found = finding_of(result)
    assert figure.layout.meta["title"] == f"5 symbols around 12 events: {found.sentence}"
    for part in ("events: all; 12\u00a0events on 12\u00a0dates", "benchmark MKT", "market model, log returns"):
        assert part in figure.layout.meta["subtitle"]


@pytest.mark.parametrize("events", [1, 12, 40])
def test_title_table_band_and_marks_say_the_same(events):
    result = made_study(events)
    found = finding_of(result)
    row = result.summary().row(main_window(result.spec), named=True)
    band = as_per_cent(car_path(result), result).row(-1, named=True)
    chance = row["low"] <= 0 <= row["high"]
    assert found.verdict == verdict(row["p_value"]) == ("within chance" if chance else "more than chance")
    assert (band["low"] <= 0 <= band["high"]) == chance
    assert (found.average, found.low, found.high) == pytest.approx(
        tuple(band[name] for name in ("caar", "low", "high"))
    )


def test_each_day_has_the_recommended_test_of_its_own_window():
    result = made_study(12, windows="-1:-1,0:0,3:3")
    by_day = daily(result).filter(pl.col("day").is_in(["-1", "0", "3"]))
    for mine, theirs in (("aar", "caar"), ("low", "low"), ("high", "high"), ("p_value", "p_value")):
        assert by_day[mine].to_list() == pytest.approx(result.summary()[theirs].to_list(), rel=1e-9)


def test_groups_have_a_line_each_with_their_own_average():
    result = made_study(40, by="category")
    figure = result_figure(result, "car")
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [trace.name for trace in lines] == ["CONSULT (14)", "THREATEN (13)", "no category (13)"]
    ends = result.summary().filter(pl.col("window") == "-5:5")["caar"].to_list()
    assert [trace.y[-1] for trace in lines] == pytest.approx(np.expm1(ends).tolist())


@pytest.mark.parametrize("kind", ["fan", "null"])
def test_a_placebo_is_drawn_of_all_events_whatever_the_groups(kind):
    grouped = made_study(40, by="category")
    own = OfResult(grouped, done=placebo_test(grouped, draws=40))
    whole = result_figure(made_study(40), kind, draws=2_000)
    assert FIGURES[kind].draw(own).to_dict() == whole.to_dict()
    assert all(len(trace.x) == 22 for trace in whole.select_traces({"fill": "toself"}))


def test_events_of_one_share_and_day_are_one_panel_and_one_tick():
    told = {"symbol": ["S0", "S0", "S1"], "date": [dt.date(2018, 10, 10)] * 3, "category": ["AID", "AGREE", "AID"]}
    events = pl.DataFrame(told)
    result = made_study(0, events_frame=events)
    assert [note.text for note in result_figure(result, "events").layout.annotations] == [
        "S0 10 Oct 2018<br>2\u00a0events",
        "S1 10 Oct 2018",
    ]
    spread = result_figure(result, "distribution")
    assert len(spread.data[0].x) == 2
    assert "2\u00a0observations, mean" in spread.layout.meta["subtitle"]


def test_ticks_of_per_cent_have_the_places_that_they_need():
    for kind in ("car", "ar", "events"):
        assert result_figure(made_study(12), kind).layout.yaxis.tickformat == PERCENT_TICKS
    assert per_cent(-0.000001) == "+0.00\u00a0%"
    assert per_cent(-0.0459) == "-4.59\u00a0%"


def test_titles_break_for_the_width_at_hand_and_a_callers_own_title_stays():
    figure = result_figure(made_study(12), "car")
    assert figure.layout.title.text.count("<br>") >= 1
    assert fitted(figure, 1200).layout.title.text.count("<br>") == 0
    assert fitted(figure.update_layout(title_text="Mine"), 1200).layout.title.text == "Mine"


def test_a_selection_of_equalities_reads_as_words():
    assert selection_words("dyad = IND-PAK and quad = material-conflict") == "India–Pakistan material conflict"
    assert selection_words("category = AGREE or category = AID") == selection_words("goldstein >= 3") == ""


def test_terminal_keeps_to_its_size_and_has_no_colour_codes():
    text = car_text(car_path(made_study(12)), width=50, height=14)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 50
    assert "-5" in text
    bars = pl.DataFrame({"session": [dt.date(2025, 1, n) for n in range(1, 9)], "close": [float(n) for n in range(8)]})
    drawn = price_text(bars, events=pl.DataFrame({"day_zero": [dt.date(2025, 1, 3)]}), symbol="X", width=60, height=12)
    assert "^ day 0 of an event (1 session)" in drawn
    within = price_text(bars, symbol="X", zone="Asia/Karachi", width=60, height=12)
    assert within.endswith("no events in this range; Asia/Karachi time\n")
    assert "There are no bars" in price_text(bars.head(0), symbol="X")


def test_a_session_that_all_events_share_has_no_test_and_comes_first():
    result = made_study(24, window="2019-07-01:2019-07-05", windows=None)
    path = car_path(result)
    assert path["low"].is_null().to_list() == [True] + [False] * (path.height - 1)
    axis = result_figure(result, "car").layout.xaxis
    assert list(axis.categoryarray) == path["day"].to_list()
    alone = made_study(24, window="2019-07-01:2019-07-01", windows=None)
    assert finding_of(alone).sentence.endswith("on 2019-07-01, no test")


def test_volumes_are_called_volumes():
    result = made_study(12)
    volumes = replace(result, spec=replace(result.spec, returns="log-volume"))
    for kind, axis in (("car", "yaxis"), ("ar", "yaxis"), ("distribution", "xaxis")):
        assert "abnormal volume" in result_figure(volumes, kind).layout[axis].title.text
        assert "abnormal return" in result_figure(result, kind).layout[axis].title.text
