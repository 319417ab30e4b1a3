"""Corrections that are proposed from bars put the calendar right."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from correlator.base.resources import SESSIONS_VARIABLE
from correlator.cli.app import app
from correlator.sessions.calendars import sessions_between

CLOSED = (date(2024, 7, 9), date(2024, 7, 10), date(2024, 9, 4))
OPENED = {date(2024, 4, 27): "a Saturday", date(2024, 8, 14): "Independence Day"}


def made_bars(symbol: str, seed: int) -> pl.DataFrame:
    """A year of Karachi that closed on days of the calendar, and traded on others."""
    known = sessions_between("XKAR", date(2024, 1, 1), date(2024, 12, 31))["session"]
    days = sorted(set(known) - set(CLOSED) | set(OPENED))
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(days))))
    return pl.DataFrame({"Symbol": symbol, "Date": days, "Close": close, "Volume": np.full(len(days), 100)})


def test_what_is_proposed_is_what_sessions_takes(tmp_path, monkeypatch):
    for seed, symbol in enumerate(("LAMP", "WICK", "BULB")):
        made_bars(symbol, seed).write_csv(tmp_path / f"{symbol}.csv")
    files = [str(path) for path in sorted(tmp_path.glob("*.csv"))]
    asked = ["--exchange", "XKAR", "--format", "csv"]
    before = CliRunner().invoke(app, ["sessions", "check", *files, *asked])
    assert (before.exit_code, before.stdout.count("XKAR,")) == (10, 5)
    own = tmp_path / "own.txt"
    proposed = CliRunner().invoke(app, ["sessions", "propose", *files, *asked])
    own.write_text(proposed.stdout, encoding="utf-8")
    rows = pl.read_csv(own, try_parse_dates=True)
    assert rows.select("date", "until", "change").rows() == [
        (date(2024, 4, 27), None, "open"),
        (date(2024, 7, 9), date(2024, 7, 10), "closed"),
        (date(2024, 8, 14), None, "open"),
        (date(2024, 9, 4), None, "closed"),
    ]
    assert rows["source"].str.contains("LAMP").all()
    monkeypatch.setenv(SESSIONS_VARIABLE, str(own))
    after = CliRunner().invoke(app, ["sessions", "check", *files, *asked])
    assert (after.exit_code, after.stdout.count("XKAR,")) == (0, 0)
    saturday = sessions_between("XKAR", date(2024, 4, 27), date(2024, 4, 27))
    assert saturday["closes_at"].dt.strftime("%H:%M").to_list() == ["10:30"]


@pytest.mark.parametrize("seed", [1, 2])
def test_bars_that_agree_propose_nothing(tmp_path, seed):
    known = sessions_between("XKAR", date(2024, 1, 1), date(2024, 6, 28))["session"]
    close = 50 + np.random.default_rng(seed).normal(0, 1, len(known))
    pl.DataFrame({"Symbol": "LAMP", "Date": known, "Close": close}).write_csv(tmp_path / "lamp.csv")
    found = CliRunner().invoke(app, ["sessions", "propose", str(tmp_path / "lamp.csv"), "--format", "csv"])
    assert found.stdout.strip().count("\n") == 0
