"""Yahoo through the real yfinance, on a loopback server: what it says, what it refuses, and what it breaks."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from yahoo_server import CRUMB, LoopbackSession, YahooServer, chart, intraday_chart, weekdays

from correlator.errors import InputError, NotFoundError, SourceError
from correlator.market.sources.bar_source import Patience
from correlator.market.sources.yahoo import download_symbol, yahoo_name

DAYS = weekdays(date(2024, 1, 8), 5)
ROWS = {day: (10.0 + k, 12.0 + k, 9.0 + k, 11.0 + k, 10.5 + k, 1000 + k) for k, day in enumerate(DAYS)}
BROKEN = (500, "<html><body>Internal Server Error</body></html>")
REFUSED = (429, "Too Many Requests")
START = date(2024, 1, 1)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path_factory.mktemp("yfinance")))


@pytest.fixture
def server():
    from yfinance.data import YfData

    YfData.cache_get.cache_clear()
    yahoo = YahooServer()
    yield yahoo
    yahoo.close()


@pytest.fixture
def waits():
    return []


@pytest.fixture
def ask(server, waits):
    session = LoopbackSession(server.address)

    def download(symbol: str, **options):
        options.setdefault("start", START)
        patience = Patience(attempts=options.pop("attempts", 3), first_wait=0.5, sleep=waits.append)
        return download_symbol(symbol, session=session, patience=patience, **options)

    return download


def test_bars_with_the_session_of_the_exchange(server, ask, waits):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS)
    got = ask("AIRLINK")
    assert got.symbol == "AIRLINK"
    assert got.bars["session"].to_list() == DAYS
    first = got.bars.row(0, named=True)
    assert (first["open"], first["high"], first["low"], first["close"]) == (10, 12, 9, 11)
    assert (first["adjusted_close"], first["volume"], first["source"]) == (10.5, 1000, "yahoo")
    assert first["bar_start"] == datetime(2024, 1, 8, tzinfo=UTC)
    assert (got.instrument["exchange"], got.instrument["currency"]) == ("XKAR", "PKR")
    assert waits == []


def test_cookies_and_crumb_are_sent(server, ask):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS)
    ask("AIRLINK.KA")
    path, query, cookie = server.seen[-1]
    assert path.endswith("/v8/finance/chart/AIRLINK.KA")
    assert query["crumb"] == [CRUMB]
    assert "A3=cookie" in (cookie or "")


def test_an_unknown_symbol_is_described_by_what_yahoo_says(server, ask):
    server.charts["LAMP.PA"] = chart("LAMP.PA", ROWS, zone="Europe/Paris", exchange="PAR", currency="EUR")
    got = ask("LAMP.PA")
    expected = {"symbol": "LAMP.PA", "exchange": "XPAR", "currency": "EUR", "country": "FRA", "kind": "share"}
    assert {name: got.instrument[name] for name in expected} == expected
    assert got.instrument["name"] == "LAMP.PA Limited"


def test_null_rows_are_returned_and_not_filled(server, ask):
    rows = {**ROWS, DAYS[2]: (None,) * 6}
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", rows)
    got = ask("AIRLINK")
    assert got.bars["session"].to_list() == [day for day in DAYS if day != DAYS[2]]
    assert got.rejects["reason"].to_list() == [f"no close on {DAYS[2]}"]


def test_splits_and_dividends(server, ask):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS, dividends={DAYS[1]: 2.5}, splits={DAYS[3]: (5, 1)})
    got = ask("AIRLINK")
    assert got.actions.select("symbol", "session", "kind", "value").rows() == [
        ("AIRLINK", DAYS[1], "dividend", 2.5),
        ("AIRLINK", DAYS[3], "split", 5.0),
    ]


def test_no_such_symbol_is_not_asked_for_again(server, ask, waits):
    with pytest.raises(NotFoundError, match="Yahoo has no symbol GONE.KA"):
        ask("GONE.KA")
    assert waits == []
    assert server.seen


def test_a_range_without_bars_is_no_delisting(server, ask):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS)
    with pytest.raises(NotFoundError, match="no 1d bars of AIRLINK.KA from 2024-02-01"):
        ask("AIRLINK", start=date(2024, 2, 1))


@pytest.mark.parametrize("trouble", [REFUSED, BROKEN, (503, "{}"), (200, "<html>Will be right back</html>")])
@pytest.mark.parametrize("times", [2, 4])
def test_trouble_that_passes(server, ask, waits, trouble, times):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS)
    server.trouble("AIRLINK.KA", *[trouble] * times)
    assert ask("AIRLINK", attempts=6).bars.height == 5
    assert len(waits) >= 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (REFUSED, "429"),
        (BROKEN, "HTTP status 500"),
        ((200, "<html>hello</html>"), "not a price chart"),
        ((401, "{}"), "401"),
    ],
)
def test_trouble_that_stays_is_an_error_and_never_no_data(server, ask, waits, trouble, said):
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS)
    server.trouble("AIRLINK.KA", *[trouble] * 50)
    with pytest.raises(SourceError, match=f"no bars of AIRLINK.KA in 3 attempts.*{said}"):
        ask("AIRLINK")
    assert len(waits) == 2


def test_what_yahoo_breaks_off_is_an_error(server, ask):
    server.charts["AIRLINK.KA"] = {
        "chart": {"result": [{"meta": {"exchangeTimezoneName": "Asia/Karachi"}}], "error": None}
    }
    with pytest.raises(SourceError, match="not a price chart"):
        ask("AIRLINK")


def test_nobody_there(caplog):
    patience = Patience(attempts=2, sleep=lambda _: None)
    with pytest.raises(SourceError, match="no response"):
        download_symbol("AIRLINK", start=START, session=LoopbackSession("http://127.0.0.1:9"), patience=patience)
    assert caplog.text == ""


def test_the_bar_of_a_session_that_is_still_open_is_left_out(server, ask, monkeypatch):
    import correlator.market.sources.yahoo as yahoo

    class Noon(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2024, 1, 12, 7, 0, tzinfo=tz)

    monkeypatch.setattr(yahoo, "datetime", Noon)
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS)
    got = ask("AIRLINK")
    assert got.bars["session"].to_list() == DAYS[:-1]
    assert "2024-01-12" in got.notes[0]


def test_new_york_bars_take_new_york_dates(server, ask):
    server.charts["AAPL"] = chart("AAPL", ROWS, zone="America/New_York", exchange="NMS", currency="USD")
    got = ask("AAPL")
    assert got.bars["session"].to_list() == DAYS
    assert got.instrument["exchange"] == "XNAS"


@pytest.mark.parametrize(("interval", "stored", "minutes"), [("1h", "1h", 60), ("60m", "1h", 60), ("5m", "5m", 5)])
def test_bars_within_a_session_begin_at_an_instant_and_carry_its_session(server, ask, interval, stored, minutes):
    opening = datetime(2024, 1, 8, 19, 30, tzinfo=UTC)
    starts = [opening + timedelta(days=day, minutes=minutes * k) for day in range(2) for k in range(3)]
    options = {"zone": "Pacific/Auckland", "exchange": "NZE", "currency": "NZD"}
    server.charts["LAMP.NZ"] = intraday_chart("LAMP.NZ", interval, starts, **options)
    got = ask("LAMP.NZ", interval=interval, exchange="XNZE")
    assert got.bars["bar_start"].to_list() == starts
    assert got.bars["interval"].unique().to_list() == [stored]
    assert got.bars["session"].to_list() == [date(2024, 1, 9)] * 3 + [date(2024, 1, 10)] * 3
    assert got.bars["adjusted_close"].null_count() == 6
    assert server.seen[-1][1]["interval"] == [interval]
    assert got.instrument["currency"] == "NZD"


def test_names():
    assert [yahoo_name(name) for name in ("AIRLINK", "KSE100", "^KSE", "AAPL", "SP500", "FOO.L")] == [
        "AIRLINK.KA",
        "^KSE",
        "^KSE",
        "AAPL",
        "^GSPC",
        "FOO.L",
    ]


def test_wrong_interval():
    with pytest.raises(InputError, match="interval"):
        download_symbol("AIRLINK", start=START, interval="3d")


@pytest.mark.parametrize("status", [400, 422])
def test_what_yahoo_refuses_for_good_is_told_in_its_words_and_not_tried_again(server, ask, waits, status):
    reason = "1m data not available for startTime=1 and endTime=2."
    text = json.dumps({"chart": {"result": None, "error": {"code": "Unprocessable Entity", "description": reason}}})
    server.charts["AIRLINK.KA"] = chart("AIRLINK.KA", ROWS)
    server.trouble("AIRLINK.KA", *[(status, text)] * 9)
    with pytest.raises(InputError, match="1m data not available"):
        ask("AIRLINK")
    assert waits == []


def test_a_bar_of_a_currency_keeps_the_day_of_its_own_clocks(server, ask):
    rates = chart("INR=X", ROWS, zone="Europe/London", exchange="CCY", currency="INR")
    result = rates["chart"]["result"][0]
    result["timestamp"] = [
        int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/London")).timestamp()) for day in ROWS
    ]
    result["meta"]["instrumentType"] = "CURRENCY"
    server.charts["INR=X"] = rates
    got = ask("INR=X", exchange="XNYS")
    assert got.bars["session"].to_list() == DAYS
    assert (got.symbol, got.instrument["kind"], got.instrument["currency"]) == ("USDINR", "fx", "INR")


def test_pence_become_pounds_with_their_dividends(server, ask):
    pence = chart("LAMP.L", ROWS, zone="Europe/London", exchange="LSE", currency="GBp", dividends={DAYS[1]: 2.5})
    server.charts["LAMP.L"] = pence
    got = ask("LAMP.L")
    assert got.bars["close"].to_list()[0] == pytest.approx(0.11)
    assert got.bars["volume"].to_list()[0] == 1000
    assert got.instrument["currency"] == "GBP"
    assert got.actions["value"].to_list() == pytest.approx([0.025])
    assert any("stored in GBP" in note for note in got.notes)


def test_a_namesake_is_not_asked_for_and_not_taken(server, ask):
    server.charts["PPL"] = chart("PPL", ROWS, zone="America/New_York", exchange="NYQ", currency="USD")
    assert ask("PPL", exchange="XNYS").instrument["exchange"] == "XNYS"
    with pytest.raises(InputError, match="PPL at Yahoo is an instrument of XNYS, not of XLON"):
        ask("PPL", exchange="XLON")


def test_what_yfinance_repairs_is_told(server, ask):
    days = weekdays(date(2024, 1, 2), 40)
    rows = {day: (100.0 + k, 101.0 + k, 99.0 + k, 100.5 + k, 100.5 + k, 1000 + k) for k, day in enumerate(days)}
    rows[days[20]] = (*(figure * 100 for figure in rows[days[20]][:5]), 1020)
    server.charts["BULB"] = chart("BULB", rows, zone="America/New_York", exchange="NYQ", currency="USD")
    plain, repaired = ask("BULB"), ask("BULB", repair=True)
    assert plain.bars["close"].max() > 10_000
    assert repaired.bars["close"].max() < 200
    assert "1 bars were repaired by yfinance" in repaired.notes
