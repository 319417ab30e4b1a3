"""On real returns, where they are at hand: events of one date break BMP, and the placebo test holds its size."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.request.spec import study_spec

FOLDER = Path(__file__).parents[3] / "shared" / "market" / "panel" / "skfolio"


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the US panel is not here")
@pytest.mark.parametrize("studies", [60, pytest.param(120, marks=pytest.mark.slow)])
def test_size_on_the_us_panel_when_events_share_their_date(studies):
    prices = pl.read_csv(FOLDER / "sp500_dataset.csv.gz", try_parse_dates=True)
    values = prices.drop("Date").to_numpy()
    returns = values[1:] / values[:-1] - 1.0
    panel = Panel(prices["Date"][1:].rename("session"), tuple(prices.columns[1:]), returns)
    plan = study_spec(model="mean", returns="simple", estimation="-244:-6", window="-1:1", windows="0:0")
    rejected = []
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        row = int(rng.integers(250, len(panel.labels) - 5))
        symbols = rng.permutation(panel.symbols)[:10]
        events = pl.DataFrame({"event_id": np.arange(10), "symbol": symbols.tolist(), "date": [panel.labels[row]] * 10})
        result = study_panel(panel, events, plan)
        table = result.significance.filter((pl.col("window_or_day") == "0:0") & (pl.col("statistic") == "bmp_t"))
        placebo = placebo_test(result, draws=299, seed=seed).p_values[0, 0]
        rejected.append((table["p_value"][0] <= 0.05, placebo <= 0.05))
    bmp, ours = np.mean(rejected, axis=0)
    assert bmp > 0.10
    assert ours < 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
