"""The look-ahead audit over all that a brief measures: no outcome and no scale uses a bar after the one it claims."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from correlator.brief.outcomes import outcomes_of
from correlator.eventstudy.frames import Panel
from correlator.eventstudy.windows import OffsetWindow
from correlator.look_ahead import audit

WINDOWS = (OffsetWindow(0, 0), OffsetWindow(0, 4))
SESSIONS, AHEAD = 240, 10


def made_panel(seed: int = 5) -> Panel:
    rng = np.random.default_rng(seed)
    total = SESSIONS + AHEAD
    factor = rng.normal(0.0, 0.01, (total, 1))
    returns = factor * np.array([0.8, 1.2]) + rng.normal(0.0, 0.02, (total, 2))
    returns[SESSIONS:] = np.nan
    returns[rng.random(returns.shape) < 0.02] = np.nan
    labels = pl.Series("session", [date(2020, 1, 1) + timedelta(days=day) for day in range(total)])
    return Panel(labels, ("A", "B"), returns, factors=factor, factor_names=("M",))


def numbers(panel: Panel, events: pl.DataFrame) -> pl.DataFrame:
    """Every outcome claims the last session of its window, every scale the session before day 0."""
    found = outcomes_of(panel, WINDOWS, SESSIONS)
    rows = []
    for event_id, symbol in events.select("event_id", "symbol").iter_rows():
        column = panel.symbols.index(symbol)
        for w, window in enumerate(WINDOWS):
            claims = {"z": (found.z, event_id + window.last), "scale": (found.scale, event_id - 1)}
            for name, (values, row) in claims.items():
                value = values[event_id, column, w]
                rows.append((event_id, symbol, f"{name} {window.label}", panel.labels[row], float(value)))
    schema = {"event_id": pl.Int64, "symbol": pl.String, "quantity": pl.String, "session": pl.Date, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("value").fill_nan(None)).drop_nulls()


def test_no_number_uses_the_future():
    panel = made_panel()
    rows = [row for row in range(90, SESSIONS + 1) for _ in panel.symbols]
    events = pl.DataFrame({"event_id": rows, "symbol": list(panel.symbols) * (len(rows) // 2)}).with_columns(
        date=panel.labels.gather(rows)
    )
    found = audit(numbers, panel, events, most_cutoffs=12)
    assert found.passed, found.sentence
    assert found.numbers > 500


def test_the_audit_would_notice():
    def cheat(panel: Panel, events: pl.DataFrame) -> pl.DataFrame:
        return numbers(panel, events).with_columns(session=pl.col("session").dt.offset_by("-2d"))

    panel = made_panel()
    events = pl.DataFrame({"event_id": [150, 180], "symbol": ["A", "B"]}).with_columns(
        date=panel.labels.gather([150, 180])
    )
    assert not audit(cheat, panel, events).passed
