"""Yahoo into the store: tails, vintages, failures by symbol, and the verb."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner
from yahoo_server import LoopbackSession, YahooServer, chart, intraday_chart, weekdays

from correlator.errors import NotFoundError, SourceError
from correlator.intake.download import add_yahoo
from correlator.intake.instruments import add_instruments
from correlator.market.sources.bar_source import Patience
from correlator.store.db import Store
from correlator.store.reading import read_bars

DAYS = weekdays(date(2024, 1, 8), 18)
START = date(2024, 1, 1)
REFUSED = (429, "Too Many Requests")


def rows(count: int, factor: float = 1.0) -> dict[date, tuple[float | None, ...]]:
    figures = {day: (10.0 + k, 12.0 + k, 9.0 + k, 11.0 + k, 10.5 + k) for k, day in enumerate(DAYS[:count])}
    return {day: (*(factor * value for value in values), 1000.0) for day, values in figures.items()}


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path_factory.mktemp("yfinance")))


@pytest.fixture
def server():
    yahoo = YahooServer()
    yield yahoo
    yahoo.close()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "m.duckdb")


@pytest.fixture
def load(server, store):
    session = LoopbackSession(server.address)
    patience = Patience(attempts=2, sleep=lambda _: None)

    def run(*symbols: str, **options):
        return add_yahoo(store, symbols, session=session, patience=patience, **{"start": START, **options})

    return run


def asked_from(server) -> list[date]:
    """First days of the chart requests that name a range."""
    starts = [int(query["period1"][0]) for _, query, _ in server.seen if "period1" in query]
    return [datetime.fromtimestamp(start, UTC).date() for start in starts]


def test_a_tail_is_fetched_and_nothing_else(server, load, store):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(15))
    (first,) = load("AIRLINK.KA").reports
    assert (first.added, first.known) == (15, 0)
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(17))
    (second,) = load("AIRLINK").reports
    assert (second.added, second.known) == (2, 10)
    assert asked_from(server)[-1] > START
    (third,) = load("AIRLINK").reports
    assert str(third).startswith("yahoo:AIRLINK.KA: nothing changed")
    with store.reading() as connection:
        assert read_bars(connection, ["AIRLINK"]).height == 17


def test_a_changed_history_is_fetched_whole_and_kept_as_vintages(server, load, store):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(15))
    load("AIRLINK")
    between = datetime.now(UTC)
    with store.reading() as connection:
        before = read_bars(connection, ["AIRLINK"])
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(16, 0.2), splits={DAYS[15]: (5, 1)})
    (report,) = load("AIRLINK").reports
    assert report.added == 16
    assert report.details["of them new vintages"] == 15
    with store.reading() as connection:
        assert read_bars(connection, ["AIRLINK"], as_of=between).equals(before)
        assert read_bars(connection, ["AIRLINK"])["close"][0] == pytest.approx(2.2)
    actions = store.frame("SELECT symbol, kind, value, vintage FROM actions")
    assert actions.rows() == [("AIRLINK", "split", 5.0, 1)]


def test_bars_within_a_session_are_fetched_by_tails_too(server, load, store):
    begin = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0) - timedelta(days=40)
    days = [begin + timedelta(days=k) for k in range(36) if (begin + timedelta(days=k)).weekday() < 5]
    starts = [day + timedelta(minutes=5 * k) for day in days for k in range(4)]
    server.charts["AIRLINK.KA"] = intraday_chart("AIRLINK.KA", "5m", starts[:-8])
    (first,) = load("AIRLINK", start=None, interval="5m").reports
    assert first.added == len(starts) - 8
    server.charts["AIRLINK.KA"] = intraday_chart("AIRLINK.KA", "5m", starts)
    (second,) = load("AIRLINK", start=None, interval="5m").reports
    assert (second.added, second.known) == (8, 40)
    with store.reading() as connection:
        assert read_bars(connection, ["AIRLINK"], interval="5m").height == len(starts)


def test_a_user_s_own_name_is_used_for_the_store_and_yahoo_s_for_asking(server, load, store, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("symbol,exchange,aliases,name\nLANTERN,XPAR,LAMP.PA,Lanterns\n")
    add_instruments(store, own)
    options = {"zone": "Europe/Paris", "exchange": "PAR", "currency": "EUR"}
    server.charts["LAMP.PA"] = chart("LAMP.PA", rows(15), **options)
    assert load("LANTERN").reports[0].source == "yahoo:LAMP.PA"
    server.charts["LAMP.PA"] = chart("LAMP.PA", rows(17), dividends={DAYS[16]: 1.0}, **options)
    assert load("LAMP.PA").reports[0].added == 2
    assert store.frame("SELECT DISTINCT symbol FROM bars UNION ALL SELECT symbol FROM actions").rows() == [
        ("LANTERN",),
        ("LANTERN",),
    ]
    assert store.frame("SELECT name FROM instruments").rows() == [("Lanterns",)]


def test_noise_in_the_last_digits_is_no_vintage(server, load):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(15))
    load("AIRLINK")
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(15, 1 + 1e-9))
    (report,) = load("AIRLINK").reports
    assert report.added == 0


def test_each_failure_is_named_and_the_others_are_stored(server, load, store):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(15))
    server.charts["HBL.KA"] = chart("HBL.KA", rows(15))
    server.trouble("HBL.KA", *[REFUSED] * 20)
    done = load("HBL", "GONE.KA", "AIRLINK")
    assert [report.source for report in done.reports] == ["yahoo:AIRLINK.KA"]
    assert isinstance(done.failures["HBL"], SourceError)
    assert isinstance(done.failures["GONE.KA"], NotFoundError)
    assert store.frame("SELECT DISTINCT symbol FROM bars").rows() == [("AIRLINK",)]
    assert store.frame("SELECT currency, exchange FROM instruments").rows() == [("PKR", "XKAR")]


def test_after_three_refusals_nobody_else_is_asked_for(server, load):
    names = ["HBL", "OGDC", "LUCK", "AIRLINK"]
    for name in names:
        server.trouble(f"{name}.KA", *[REFUSED] * 20)
    done = load(*names)
    assert list(done.failures) == names
    assert "was not requested" in str(done.failures["AIRLINK"])


def test_the_verb(server, store, monkeypatch):
    from correlator.cli.app import app
    from correlator.market.sources import yahoo, yahoo_requests

    monkeypatch.setattr(yahoo_requests, "_new_session", lambda: LoopbackSession(server.address))
    monkeypatch.setattr(yahoo, "Patience", lambda: Patience(attempts=2, sleep=lambda _: None))
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows(15))
    verb = ["--store", str(store.path), "add", "prices", "--yahoo", "--start", "2024-01-01"]
    done = CliRunner().invoke(app, [*verb, "AIRLINK.KA"])
    assert done.exit_code == 0, done.output
    assert "15 new" in done.stderr
    missing = CliRunner().invoke(app, [*verb, "AIRLINK.KA", "GONE.KA"])
    assert missing.exit_code == 4
    assert "error: GONE.KA: Yahoo has no symbol GONE.KA" in missing.stderr
    server.trouble("HBL.KA", *[REFUSED] * 20)
    refused = CliRunner().invoke(app, [*verb, "HBL.KA", "GONE.KA"])
    assert refused.exit_code == 8
    assert "429" in refused.stderr
