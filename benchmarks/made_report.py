"""Make a report on made-up events of made-up shares, to look at tear sheets and measure them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import polars as pl

from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.report.run import run_report
from correlator.report.spec import parse_spec
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store

SYMBOLS = ("MADEA", "MADEB")
PEOPLE = ("China", "Iran", "Turkey", "Azerbaijan", "Qatar", "Russia", "Uzbekistan", "France", "Japan", "Egypt")
DEEDS = (
    "Pakistan and {who} agree to deepen {what} cooperation",
    "Pakistan and {who} hold talks on {what}",
    "{who} threatens Pakistan with sanctions over {what}",
    "Pakistan accuses {who} of blocking {what}",
    "{who} provides aid to Pakistan for {what}",
    "Pakistan signs {what} accord with {who}",
    "{who} imposes sanctions on Pakistan over {what}",
)
THINGS = (
    "rice", "rail", "water", "gas", "fisheries", "textile", "port", "visa", "solar", "cotton", "steel", "telecom",
    "border", "tourism", "wheat", "banking", "aviation", "shipping", "hydropower", "education",
)  # fmt: skip


def made_report(folder: Path, events: int, *, seed: int = 1) -> Path:
    """The page of a report on about ``events`` made-up events of two made-up shares, under ``folder``."""
    rng = np.random.default_rng(seed)
    store = Store(folder / "m.duckdb")
    sessions = sessions_between("XKAR", date(2011, 1, 3), date(2025, 6, 5))["session"]
    for symbol in SYMBOLS:
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.015, len(sessions))))
        bars = pl.DataFrame({"date": sessions, "close": close}).with_columns(
            open=pl.col("close"), high=pl.col("close") * 1.01, low=pl.col("close") * 0.99, volume=pl.lit(1e6)
        )
        add_prices(store, bars, symbol=symbol, exchange="XKAR")
    count = max(events // 2, 1) if events else 0
    days = [sessions[int(i)] for i in sorted(rng.integers(300, len(sessions) - 20, count))]
    instants = [datetime.combine(day, time(int(rng.integers(0, 23)), int(rng.integers(60))), UTC) for day in days]
    lines = [
        f"{DEEDS[i % len(DEEDS)].format(who=PEOPLE[i * 7 % 10], what=THINGS[i * 11 % 20])} in round {i}"
        for i in range(count)
    ]
    news = pl.DataFrame({"headline": lines, "published": [f"{instant:%Y-%m-%dT%H:%M:%SZ}" for instant in instants]})
    if count:
        news.write_csv(folder / "news.csv")
        add_news(store, folder / "news.csv", profile="generic")
    study = {"symbols": list(SYMBOLS), "model": "mean", "estimation": "-150:-11", "window": "-5:5"}
    spec = parse_spec(
        {"title": "Made up, every evening", "study": {**study, "windows": ["0:0", "-1:1", "-5:5"]}}, default_name="made"
    )
    done = run_report(spec, store, out=folder, as_of=date(2025, 6, 5))
    assert done.folder is not None
    return done.folder / "index.html"
