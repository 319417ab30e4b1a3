"""Sources of bars plug in: Stooq on a server of this machine, updates from where bars came, one of a user's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest

import correlator.market.sources.bar_source as bar_source
from correlator.errors import InputError, NotFoundError, SourceError
from correlator.intake.download import add_downloads, update_prices
from correlator.intake.prices import add_prices
from correlator.market.sources.bar_source import Download, Request, source_named, source_names
from correlator.market.sources.stooq import Stooq
from correlator.store.db import Store

HEADER = "Date,Open,High,Low,Close,Volume"
ROWS = [f"2024-01-{day:02},10,11,9,{10 + day / 100},1000" for day in (2, 3, 4, 5, 8, 9, 10, 11, 12)]


class Server:
    """Answers with ``rows`` of the range asked for, or with ``words``."""

    def __init__(self) -> None:
        self.rows = list(ROWS)
        self.words: str | None = None
        self.asked: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                outer.asked.append(query)
                inside = [r for r in outer.rows if query["d1"] <= r[:10].replace("-", "") <= query["d2"]]
                text = outer.words if outer.words is not None else "\n".join([HEADER, *inside]) + "\n"
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()
    yield serving
    serving.http.shutdown()
    serving.http.server_close()


@pytest.fixture
def stooq(server) -> Stooq:
    return Stooq(f"http://127.0.0.1:{server.http.server_port}/q/d/l/", allow_private=True)


REQUEST = Request("aapl.us", date(2024, 1, 1), date(2024, 1, 13))


def test_daily_bars_of_the_range(server, stooq):
    got = stooq.download(REQUEST)
    assert (got.symbol, got.instrument["exchange"]) == ("AAPL", "XNAS")
    assert got.bars["close"].to_list() == [10 + day / 100 for day in (2, 3, 4, 5, 8, 9, 10, 11, 12)]
    assert got.bars["source"].unique().to_list() == ["stooq"]
    assert server.asked == [{"s": "aapl.us", "d1": "20240101", "d2": "20240112", "i": "d"}]


def test_the_bar_of_a_session_that_is_open_is_left_out(stooq, monkeypatch):
    import correlator.market.sources.stooq as module

    class Noon(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2024, 1, 12, 17, 0, tzinfo=tz)

    monkeypatch.setattr(module, "datetime", Noon)
    got = stooq.download(REQUEST)
    assert got.bars["session"].max() == date(2024, 1, 11)
    assert any("skipped the bar of 2024-01-12" in note for note in got.notes)


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ("No data", NotFoundError, "no daily bars of aapl.us"),
        ("", NotFoundError, "no daily bars"),
        ("Exceeded the daily hits limit", SourceError, "daily hits limit"),
        ("<html>captcha</html>", SourceError, "refused"),
    ],
)
def test_words_instead_of_a_table(server, stooq, words, error, said):
    server.words = words
    with pytest.raises(error, match=said):
        stooq.download(REQUEST)


@pytest.mark.parametrize(
    ("symbol", "exchange", "name"),
    [("AAPL", None, "aapl.us"), ("SP500", None, "^spx"), ("LAMP", "XLON", "lamp.uk"), ("cdr.pl", None, "cdr.pl")],
)
def test_names(symbol, exchange, name):
    assert Stooq().name_of(symbol, None, exchange) == name


def test_what_stooq_does_not_have_is_said():
    with pytest.raises(InputError, match="no shares of XKAR"):
        Stooq().name_of("HBL", None, "XKAR")
    with pytest.raises(InputError, match="no bars of 1h"):
        Stooq().earliest("1h")


def test_a_private_address_is_refused_by_default(server):
    with pytest.raises(InputError, match=r"private|loopback|this machine"):
        Stooq(f"http://127.0.0.1:{server.http.server_port}/").download(REQUEST)


def test_sources_are_found_by_name():
    assert {"stooq", "yahoo"} <= set(source_names())
    with pytest.raises(NotFoundError, match="did you mean stooq"):
        source_named("stoq")


@pytest.fixture
def known(stooq, monkeypatch):
    """``stooq`` asks the server of the test, whoever asks for the source by name."""

    class Entry:
        name, value = "stooq", "here"

        def load(self):
            return lambda: stooq

    monkeypatch.setattr(bar_source, "entry_points", lambda **_: [Entry()])


@pytest.mark.usefixtures("known")
def test_update_asks_for_the_tail_and_takes_what_is_new(server, stooq, tmp_path):
    store = Store(tmp_path / "m.duckdb")
    server.rows = ROWS[:-2]
    add_downloads(store, stooq, ["AAPL"], start=date(2024, 1, 1))
    server.rows = list(ROWS)
    server.asked.clear()
    done = update_prices(store)
    assert [report.added for report in done.reports] == [2]
    assert server.asked[0]["d1"] == "20240102"
    assert update_prices(store, ["AAPL"]).reports[0].added == 0


@pytest.mark.usefixtures("known")
def test_two_sources_of_one_symbol_do_not_replace_each_other(stooq, tmp_path):
    store = Store(tmp_path / "m.duckdb")
    file = tmp_path / "aapl.csv"
    file.write_text("Date,Close\n2024-01-02,20\n2024-01-03,21\n")
    add_prices(store, file, symbol="AAPL", exchange="XNAS")
    (report,) = add_downloads(store, stooq, ["AAPL"], start=date(2024, 1, 1)).reports
    assert report.added == len(ROWS) - 2
    assert any("2 bars differ from those of another source" in note for note in report.notes)
    closes = store.frame("SELECT close FROM bars ORDER BY session LIMIT 2")["close"].to_list()
    assert closes == [20.0, 21.0]


def test_nothing_to_update_is_said(tmp_path):
    store = Store(tmp_path / "m.duckdb")
    file = tmp_path / "aapl.csv"
    file.write_text("Date,Close\n2024-01-02,20\n2024-01-03,21\n")
    add_prices(store, file, symbol="AAPL", exchange="XNAS")
    with pytest.raises(NotFoundError, match="no bars of the store came from a source"):
        update_prices(store)


def test_a_source_of_a_user_s_own(tmp_path, stooq):
    class Own:
        name, title = "own", "bars made here"

        def name_of(self, symbol, *_):
            return symbol

        def earliest(self, _):
            return date(2024, 1, 1)

        def download(self, request: Request) -> Download:
            got = stooq.download(replace(request, symbol="aapl.us"))
            return replace(got, bars=got.bars.with_columns(pl.lit("own").alias("source")))

    store = Store(tmp_path / "m.duckdb")
    (report,) = add_downloads(store, Own(), ["AAPL"], end=date(2024, 1, 13)).reports
    assert (report.source, report.added) == ("own:AAPL", len(ROWS))
