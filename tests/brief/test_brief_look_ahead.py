"""The look-ahead audit over all that a brief measures: no outcome and no scale uses a bar after the one it claims."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from correlator.brief.outcomes import outcomes_of
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.request.windows import OffsetWindow
from correlator.look_ahead import audit
from correlator.research.concerned import Subject, concerned_by
from correlator.research.known import LastTrade, last_trades
from correlator.store.db import Store
from correlator.store.writing.bars import write_bars, write_instruments

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


def test_a_window_that_lacks_a_session_is_not_measured():
    rng = np.random.default_rng(3)
    labels = pl.Series("session", [date(2020, 1, 1) + timedelta(days=day) for day in range(SESSIONS)])
    returns = rng.normal(0.0, 0.02, (SESSIONS, 1))
    returns[200] = np.nan
    found = outcomes_of(Panel(labels, ("A",), returns), WINDOWS, SESSIONS).z[:, 0, 1]
    assert np.isnan(found[196:201]).all()
    assert np.isfinite(found[[195, 201]]).all()


def test_the_audit_would_notice():
    def cheat(panel: Panel, events: pl.DataFrame) -> pl.DataFrame:
        return numbers(panel, events).with_columns(session=pl.col("session").dt.offset_by("-2d"))

    panel = made_panel()
    events = pl.DataFrame({"event_id": [150, 180], "symbol": ["A", "B"]}).with_columns(
        date=panel.labels.gather([150, 180])
    )
    assert not audit(cheat, panel, events).passed


def _bars(symbol: str, volumes: list[float]) -> pl.DataFrame:
    """Daily bars of ``symbol`` on the sessions from 20 May 2025 on, with these volumes."""
    days = pl.Series("session", [date(2025, 5, 20) + timedelta(days=step) for step in range(len(volumes))])
    return pl.DataFrame({"session": days, "volume": volumes}).with_columns(
        *(pl.lit(10.0).alias(name) for name in ("open", "high", "low", "close", "adjusted_close")),
        symbol=pl.lit(symbol),
        interval=pl.lit("1d"),
        bar_start=pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        source=pl.lit("made"),
    )


def test_the_session_at_hand_does_not_say_what_is_traded_most(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    row = {"exchange": "XKAR", "currency": "PKR", "country": "PAK", "kind": "share"}
    none = {"name": None, "aliases": None, "benchmark": None}
    with store.transaction() as connection:
        write_instruments(connection, [{**none, **row, "symbol": symbol} for symbol in ("AAAA", "BBBB")])
        write_bars(connection, _bars("AAAA", [500.0, 600.0, 1.0]), datetime(2025, 6, 1, tzinfo=UTC))
        write_bars(connection, _bars("BBBB", [100.0, 200.0, 9e9]), datetime(2025, 6, 1, tzinfo=UTC))
    subject = Subject("Pakistan and Iran agree on trade", None, (), {"PAK": "source"})
    with store.reading() as connection:
        concern = concerned_by(connection, subject, datetime(2025, 5, 22, 6, tzinfo=UTC))
    assert [each.symbol for each in concern.instruments] == ["AAAA", "BBBB"]


def test_the_last_trade_is_of_a_bar_that_had_ended(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    starts = [datetime(2025, 5, 22, hour, tzinfo=UTC) for hour in (5, 6, 7)]
    hours = pl.concat([_bars("AAAA", [1.0])] * 3).with_columns(
        bar_start=pl.Series(starts), close=pl.Series([11.0, 12.0, 13.0]), interval=pl.lit("1h")
    )
    with store.transaction() as connection:
        write_bars(connection, hours, datetime(2025, 6, 1, tzinfo=UTC))
    at = datetime(2025, 5, 22, 7, 30, tzinfo=UTC)
    with store.reading() as connection:
        found = last_trades(connection, {"AAAA": datetime(2025, 5, 21, 12, tzinfo=UTC), "BBBB": at}, at)
        nothing = last_trades(connection, {"AAAA": datetime(2025, 5, 22, 6, tzinfo=UTC)}, at)
    assert found == {"AAAA": LastTrade(12.0, starts[1], "1h")}
    assert nothing == {}
