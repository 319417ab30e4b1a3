"""What counts as a confound, by hand; and a study under the four treatments."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from correlator.align.confounds import BarMarks, confound_flags, ex_dividend_bars, first_of_overlapping
from correlator.errors import InputError, StudyError

SYMBOLS = ("A", "B")


def events(*rows):
    names = ("event_id", "symbol", "row", "story_id", "source_country", "target_country")
    kinds = (pl.Int64, pl.String, pl.Int64, pl.Int64, pl.String, pl.String)
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


SOME = events(
    (1, "A", 10, 1, "PAK", "AZE"),
    (2, "A", 12, 2, "PAK", None),
    (3, "A", 40, 3, "PAK", "IND"),
    (4, "B", 12, 2, None, None),
    (5, "A", 13, 1, "PAK", "AZE"),
)


def marks(**bars):
    """Marked (row, column) pairs by name."""
    grids = {}
    for name, places in bars.items():
        grids[name] = np.zeros((60, 2), dtype=bool)
        for place in places:
            grids[name][place] = True
    return BarMarks(SYMBOLS, **grids)


def test_stories_and_overlaps_are_counted():
    flags = confound_flags(SOME, (-1, 2), marks())
    assert flags["other_stories"].to_list() == [1, 1, 0, 0, 1]
    assert flags["overlaps"].to_list() == [2, 2, 0, 0, 2]
    assert flags["country_stories"].to_list() == [1, 1, 0, 0, 1]
    assert flags["thin"].null_count() == 5
    assert flags["reason"].to_list() == ["story, overlap", "story, overlap", "", "", "story, overlap"]
    assert flags["confounded"].to_list() == [True, True, False, False, True]


def test_other_news_can_confound_without_being_measured():
    more = pl.concat([SOME, events((9, "B", 13, 7, None, None), (10, "B", 13, 7, None, None))])
    flags = confound_flags(SOME, (-1, 2), marks(), others=more)
    assert flags["other_stories"].to_list() == [1, 1, 0, 1, 1]
    assert flags["overlaps"].to_list() == [2, 2, 0, 0, 2]


def test_marks_count_inside_the_window_only():
    flags = confound_flags(
        SOME, (0, 1), marks(limit_locked=[(40, 0), (11, 1)], thin=[(13, 1), (41, 0)], ex_dividend=[(39, 0)])
    )
    assert flags["limit_locked"].to_list() == [0, 0, 1, 0, 0]
    assert flags["thin"].to_list() == [0, 0, 1, 1, 0]
    assert flags["ex_dividend"].sum() == 0
    assert flags["reason"][2] == "limit-locked, thin"


def test_kinds_decide():
    flags = confound_flags(SOME, (-1, 2), marks(), kinds=("country",))
    assert flags["confounded"].to_list() == [True, True, False, False, True]
    assert not confound_flags(SOME, (-1, 2), marks(), kinds=())["confounded"].any()
    with pytest.raises(InputError, match="'weather' is not known"):
        confound_flags(SOME, (-1, 2), marks(), kinds=("weather",))


def test_the_first_of_overlapping_windows():
    rows = np.array([10, 12, 40, 12, 13, 14, 10])
    symbols = pl.Series(["A", "A", "A", "B", "A", "A", "A"])
    assert first_of_overlapping(symbols, rows, (-1, 2)).tolist() == [True, False, True, True, False, True, False]


def test_dividends_show_where_the_factor_jumps():
    close = np.array([[100.0], [101.0], [97.0], [98.0]])
    adjusted = np.array([[96.0], [96.96], [97.0], [98.0]])
    assert ex_dividend_bars(close, adjusted)[:, 0].tolist() == [False, False, True, False]
    assert not ex_dividend_bars(close, close).any()
    assert not ex_dividend_bars(close, close + np.array([[0.004], [-0.004], [0.003], [0.0]])).any()


def simulated_study(repeated=0):
    """30 clean events worth +1 %, and 15 pairs two bars apart of which the later carries another story's -3 %.

    The first ``repeated`` clean events have another event of the same share and day.
    """
    from correlator.eventstudy.measure import study_panel
    from correlator.eventstudy.panel.frames import Panel
    from correlator.eventstudy.request.spec import study_spec

    rng = np.random.default_rng(1)
    days = [date(2015, 1, 1) + timedelta(days=n) for n in range(1_600)]
    returns, market = rng.normal(0, 0.004, (1_600, 3)), rng.normal(0, 0.004, 1_600)
    clean = [(i % 3, 150 + 15 * i) for i in range(30)]
    pairs = [(i % 3, 700 + 15 * i) for i in range(15)]
    later = [(s, t + 2) for s, t in pairs]
    for s, t in clean + pairs:
        returns[t, s] += 0.01
    for s, t in later:
        returns[t, s] -= 0.03
    placed = clean + pairs + later + clean[:repeated]
    frame = pl.DataFrame(
        {
            "event_id": np.arange(len(placed)),
            "symbol": [f"S{s}" for s, _ in placed],
            "date": [days[t] for _, t in placed],
            "story_id": np.arange(len(placed)),
        }
    )
    panel = Panel(pl.Series("session", days), ("S0", "S1", "S2"), returns, market[:, None], ("M",))
    return study_panel(panel, frame, study_spec(estimation="-120:-11", window="-2:2", windows="0:0,-2:2"))


def test_treatments_side_by_side():
    pytest.importorskip("statsmodels")
    from correlator.eventstudy.confounded import compare_confounds, flags_of, with_confounds

    result = simulated_study()
    flags = flags_of(result)
    assert flags["confounded"].sum() == 30
    table = compare_confounds(result, flags).filter(pl.col("window") == "-2:2")
    by = {row["confounds"]: row for row in table.iter_rows(named=True)}
    assert [by[name]["n"] for name in ("keep", "drop", "first", "model")] == [60, 30, 45, 60]
    assert by["drop"]["caar"] == pytest.approx(0.01, abs=0.004)
    assert by["model"]["caar"] == pytest.approx(by["drop"]["caar"], abs=1e-12)
    assert by["keep"]["caar"] < by["first"]["caar"] < by["drop"]["caar"]
    assert by["drop"]["caar"] == pytest.approx(
        with_confounds(result, "drop", flags).caar.filter(pl.col("window") == "-2:2")["caar"][0]
    )
    dropped = with_confounds(result, "drop", flags).excluded
    assert dropped.height == 30
    assert dropped["reason"].unique().to_list() == ["confounded: story, overlap"]
    assert with_confounds(result, "first", flags).excluded["event_id"].to_list() == list(range(45, 60))
    assert with_confounds(result, "keep", flags) is result


def test_what_cannot_be_done_is_said():
    from correlator.eventstudy.confounded import compare_confounds, flags_of, with_confounds

    result = simulated_study()
    flags = flags_of(result)
    with pytest.raises(InputError, match="'ignore' is not known"):
        compare_confounds(result, flags, ["ignore"])
    with pytest.raises(InputError, match="choose keep, drop or first"):
        with_confounds(result, "model", flags)
    with pytest.raises(StudyError, match="every event is confounded"):
        with_confounds(result, "drop", flags.with_columns(confounded=pl.lit(True)))


def test_averages_count_a_share_on_a_day_once_as_the_study_does():
    pytest.importorskip("statsmodels")
    from correlator.eventstudy.confounded import compare_confounds, flags_of, with_confounds

    result = simulated_study(repeated=7)
    flags = flags_of(result)
    table = compare_confounds(result, flags, ["keep", "first", "model"])
    for treatment in ("keep", "first"):
        own = table.filter(pl.col("confounds") == treatment)
        averages = with_confounds(result, treatment, flags).caar
        assert own["n"].to_list() == averages["n"].to_list()
        assert own["caar"].to_list() == pytest.approx(averages["caar"].to_list(), rel=1e-12)
    assert table.filter(pl.col("confounds") == "model")["n"].to_list() == result.caar["n"].to_list()
