"""The price series of strips: shares without bars, dated by the closes of an index, measured by a study."""

from datetime import date, timedelta

import polars as pl
import pytest

from correlator.errors import NotFoundError
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.strip_prices import add_strip_prices
from correlator.research.study import study
from correlator.sessions.calendars import sessions_between
from correlator.store.db import Store

SESSIONS = sessions_between("XKAR", date(2025, 1, 2), date(2025, 5, 30))["session"].to_list()
INDEX = [100_000.0 + 37 * place + 911 * (place % 7) for place in range(len(SESSIONS))]
SHARE = [5_000 + 3 * place + 41 * (place % 5) for place in range(len(SESSIONS))]  # in paisa


def moved(symbol, price, change, previous, decimals):
    word = "Increased By ▲" if change >= 0 else "Decreased By ▼"
    return f"{symbol} {price:,.{decimals}f} {word} {change:.{decimals or 1}f} ({100 * change / previous:.2f}%)"


@pytest.fixture
def store(tmp_path):
    closes = pl.DataFrame({"Date": SESSIONS, "Close": INDEX})
    closes.write_csv(tmp_path / "KSE100.csv")
    pages = tmp_path / "pages"
    pages.mkdir()
    for place in range(1, len(SESSIONS), 2):
        share, before = SHARE[place] / 100, SHARE[place - 1] / 100
        lines = [
            moved("ACME", share, share - before, before, 2),
            moved("KSE100", INDEX[place], INDEX[place] - INDEX[place - 1], INDEX[place - 1], 0),
        ]
        day = SESSIONS[place] + timedelta(days=1)
        lines += [f"Pakistan and Azerbaijan hold talks, part {place}", "", f"NNI Published {day:%d %b, %Y} 06:02am", ""]
        (pages / f"{place:03}.txt").write_text("\n".join([*lines, "Text is here."]))
    store = Store(tmp_path / "m.duckdb")
    add_news(store, pages)
    with pytest.raises(NotFoundError, match="no dated strip"):
        add_strip_prices(store)
    add_prices(store, tmp_path / "KSE100.csv", symbol="KSE100", exchange="XKAR")
    return store


def test_closes_of_both_sessions_of_a_quote(store):
    assert add_strip_prices(store, ["ACME"]).added == len(SESSIONS) - len(SESSIONS) % 2
    bars = store.frame("SELECT session, close, source FROM bars WHERE symbol = 'ACME' ORDER BY session")
    assert bars["session"].to_list() == SESSIONS[: bars.height]
    assert bars["close"].to_list() == pytest.approx([cents / 100 for cents in SHARE[: bars.height]])
    assert set(bars["source"]) == {"strip"}
    assert add_strip_prices(store).added == 0
    with pytest.raises(NotFoundError):
        add_strip_prices(store, ["KSE100"])  # has bars of its own


def test_a_study_of_a_share_known_from_strips_only(store):
    add_strip_prices(store)
    result = study(
        store,
        "ACME",
        benchmark="KSE100",
        estimation="-60:-11",
        window="-2:2",
        minimum_observations=40,
        links=("printed",),
    )
    assert result.car.height > 0
