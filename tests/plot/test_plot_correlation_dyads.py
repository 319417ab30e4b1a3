"""Figures of lead-lag, impulse responses and dyads: what they draw and what they say of nothing."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from correlator.plot.correlation import impulse_figure, lead_lag_figure
from correlator.plot.dyads import dyad_network, dyad_timeline

LAGS = pl.DataFrame(
    {
        "lag": [-1, 0, 1],
        "correlation": [0.01, 0.02, 0.4],
        "low": [-0.1, -0.1, 0.3],
        "high": [0.1, 0.1, 0.5],
        "p_adjusted": [0.9, 0.8, 0.001],
    }
)
EVENTS = pl.DataFrame(
    {
        "dyad": ["AZE-PAK", "AZE-PAK", "IND-PAK", None],
        "known_at": [dt.datetime(2025, 5, day, 1, 2, tzinfo=dt.UTC) for day in (28, 28, 7, 1)],
        "quad_class": ["verbal-cooperation", "verbal-cooperation", "material-conflict", "neutral"],
        "goldstein": [1.0, 3.5, -9.0, 0.0],
        "headline": ["one <b>", "two", "three", "four"],
    }
)


def test_whiskers_are_the_band_and_sure_lags_are_red():
    bar = lead_lag_figure(LAGS).data[0]
    assert list(bar.error_y.array) == pytest.approx([0.09, 0.08, 0.1])
    assert bar.marker.color[2] != bar.marker.color[0]


def test_bootstrap_bands_are_lines():
    figure = lead_lag_figure(LAGS.rename({"low": "null_low", "high": "null_high"}), bands="bootstrap")
    assert [trace.type for trace in figure.data] == ["bar", "scatter", "scatter"]


def test_impulse_response_has_its_band():
    table = pl.DataFrame({"horizon": [0, 1], "estimate": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]})
    figure = impulse_figure(table)
    assert list(figure.data[0].y) == [0.2, 0.3, 0.1, 0.0]
    assert list(figure.data[1].y) == [0.1, 0.2]


def test_dyads_are_counted_by_day_and_class():
    figure = dyad_timeline(EVENTS)
    assert [trace.name for trace in figure.data] == ["verbal cooperation", "material conflict"]
    assert figure.data[0].customdata[0][0] == 2
    assert figure.data[0].customdata[0][1] == "one &lt;b&gt;"
    assert "3\u00a0events of 2\u00a0dyads" in figure.layout.title.subtitle.text


def test_network_is_coloured_by_mean_goldstein():
    figure = dyad_network(EVENTS)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    hovers = [trace.hovertemplate for trace in figure.data if trace.hovertemplate]
    assert len(lines) == 2
    assert any("mean Goldstein +2.2" in hover or "mean Goldstein +2.3" in hover for hover in hovers)


@pytest.mark.parametrize(
    "figure",
    [
        lead_lag_figure(LAGS.head(0)),
        impulse_figure(pl.DataFrame(schema={"horizon": pl.Int64, "estimate": pl.Float64})),
        dyad_timeline(EVENTS.head(0)),
        dyad_network(EVENTS.head(0)),
    ],
    ids=["lead-lag", "impulse", "time line", "network"],
)
def test_nothing_says_why(figure):
    assert len(figure.data) == 0
    assert "No " in figure.layout.annotations[0].text
