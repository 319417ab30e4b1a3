"""Addresses from anybody: no way into this machine or its network, no secrets left behind."""

from __future__ import annotations

import socket
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from correlator.base.addresses import is_address, shown, target_of
from correlator.errors import CorrelatorError, InputError, SourceError
from correlator.intake.news import add_news
from correlator.news.fetch import Validators, fetch
from correlator.news.read import read_news
from correlator.store.db import Store

INPUTS = tomllib.loads((Path(__file__).parent / "addresses.toml").read_text(encoding="utf-8"))["input"]
PUBLIC = "93.184.216.34"
FEED = (
    b"<rss version='2.0'><channel><title>T</title><item><title>Envoys meet</title>"
    b"<link>https://www.dawn.com/news/1</link><pubDate>Mon, 27 Aug 2018 19:37:39 +0500</pubDate></item></channel></rss>"
)


class Names:
    """A name service: what each name resolves to, call by call; numbers are resolved by the machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host, port, *args, **options):
        if host in self.table:
            self.asked.append(host)
            answers = self.table[host]
            addresses = answers.pop(0) if len(answers) > 1 else answers[0]
            return [entry for each in addresses for entry in self._real(each, port, type=socket.SOCK_STREAM)]
        if any(each.isalpha() and each not in "xabcdefABCDEF" for each in host.partition("%")[0]):
            raise socket.gaierror(f"no name service in tests: {host}")
        return self._real(host, port, *args, **options)


@pytest.fixture
def names(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return Names(monkeypatch)


class Web(ThreadingHTTPServer):
    """A server on this machine that stands for public hosts: what it was asked, and what it answers per path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.moves: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        where = self.server.moves.get(self.path)
        self.send_response(302 if where else 200)
        self.send_header("ETag", '"1"')
        if where:
            self.send_header("Location", where)
        self.end_headers()
        self.wfile.write(b"" if where else FEED)


@pytest.fixture
def web(names, monkeypatch):
    """Public hosts that this server plays; any connection elsewhere fails the test."""
    server = Web()
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    real = socket.create_connection

    def connect(address, *args, **options):
        assert address[0] == PUBLIC, f"a connection to {address[0]}"
        return real(server.server_address, *args, **options)

    monkeypatch.setattr("correlator.base.web.socket.create_connection", connect)
    names.table = {"feeds.example": [[PUBLIC]], "other.example": [[PUBLIC]]}
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("case", INPUTS, ids=[case["url"][:60] for case in INPUTS])
def test_addresses_that_are_not_read(case, names, monkeypatch):
    monkeypatch.setattr("correlator.base.web.socket.create_connection", lambda *_, **__: pytest.fail("a connection"))
    if "resolves" in case:
        host = case["url"].split("/")[2]
        names.table[host] = [case["resolves"]]
    with pytest.raises(CorrelatorError, match=case["refused"]) as caught:
        list(read_news(case["url"]))
    assert isinstance(caught.value, InputError | SourceError)


@pytest.mark.parametrize("case", [each for each in INPUTS if each["refused"] == "never read"], ids=str)
def test_some_are_not_read_whatever_the_user_allows(case, names):
    if "resolves" in case:
        names.table[case["url"].split("/")[2]] = [case["resolves"]]
    with pytest.raises(InputError, match="never read"):
        target_of(case["url"], allow_private=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1", "192.168.1.1", "100.64.0.1", "[fd12:3456::1]"])
def test_this_machine_and_private_networks_are_the_users_to_allow(host):
    with pytest.raises(InputError, match="--allow-private"):
        target_of(f"http://{host}/")
    assert target_of(f"http://{host}/", allow_private=True).resolved == (host.strip("[]"),)


@pytest.mark.parametrize("case", INPUTS, ids=[case["url"][:60] for case in INPUTS])
def test_redirects_to_them_are_not_followed(case, names, web):
    if "resolves" in case:
        names.table[case["url"].split("/")[2]] = [case["resolves"]]
    if any(mark in case["url"] for mark in "\r\n\0") or not case["url"].isascii():
        pytest.skip("no header can hold it")
    web.moves = {"/feed": case["url"]}
    if ":" in case["url"] and not case["url"].startswith(("http:///", "http://@")) and case["url"] != "http://":
        with pytest.raises(CorrelatorError):
            fetch("http://feeds.example/feed")
    assert all("feeds.example" in headers["host"] or "other.example" in headers["host"] for _, headers in web.asked)


def test_a_public_address_is_read_through_its_redirects(web):
    web.moves = {"/a": "/b", "/b": "http://other.example/c?x=1"}
    assert fetch("http://feeds.example/a").body == FEED
    assert [(path, headers["host"]) for path, headers in web.asked] == [
        ("/a", "feeds.example"),
        ("/b", "feeds.example"),
        ("/c?x=1", "other.example"),
    ]


def test_a_name_is_resolved_once_and_the_connection_goes_there(names, web):
    names.table["feeds.example"] = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    assert fetch("http://feeds.example/feed").body == FEED
    assert names.asked == ["feeds.example"]
    names.table["feeds.example"] = [[PUBLIC], ["127.0.0.1"]]
    web.moves = {"/a": "/b"}
    with pytest.raises(InputError, match="private network"):
        fetch("http://feeds.example/a")


def test_an_address_in_any_script_is_asked_in_ascii(web):
    assert fetch("http://feeds.example/خبر?q=é&a=%20").body == FEED
    assert web.asked[0][0] == "/%D8%AE%D8%A8%D8%B1?q=%C3%A9&a=%20"
    with pytest.raises(InputError, match="control characters"):
        fetch("http://feeds.example/\ud800")


def test_redirects_end(web):
    web.moves = {"/a": "/a"}
    with pytest.raises(SourceError, match="redirects more than 5 times"):
        fetch("http://feeds.example/a")


def test_secrets_and_validators_stay_with_their_server(web):
    web.moves = {"/feed": "http://other.example/x"}
    fetch("http://me:pw@feeds.example/feed", Validators('"mine"', None))
    (_, first), (_, second) = web.asked
    assert first["authorization"].startswith("Basic ")
    assert first["if-none-match"] == '"mine"'
    assert "authorization" not in second
    assert "if-none-match" not in second


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("https://feeds.example/rss?q=trade", "https://feeds.example/rss?q=trade"),
        ("https://me:pw@feeds.example/rss", "https://***@feeds.example/rss"),
        ("https://ghp_abc123@feeds.example/rss", "https://***@feeds.example/rss"),
        ("https://f.example/rss?apikey=1&q=a%20b", "https://f.example/rss?apikey=***&q=a%20b"),
        ("https://f.example/rss?q=1;token=sesame", "https://f.example/rss?q=1;token=***"),
        ("https://f.example/rss;token=sesame", "https://f.example/rss;token=***"),
        ("https://f.example/rss#token=sesame", "https://f.example/rss#token=***"),
        ("https://f.example/?4f9d8a7c6b5e4d3c2b1a0f9e", "https://f.example/?***"),
        ("https:/me:sesame@f.example/", "https:///***@f.example/"),
        ("https://f.example/rss?api_key=x", "https://f.example/rss?api_key=***"),
        ("https://f.example/rss?access_token=x", "https://f.example/rss?access_token=***"),
        ("https://f.example/rss?Password=x", "https://f.example/rss?Password=***"),
        ("https://f.example/rss?X-Amz-Signature=abc", "https://f.example/rss?X-Amz-Signature=***"),
        ("https://f.example/rss?u=4f9d8a7c6b5e4d3c2b1a0f9e", "https://f.example/rss?u=***"),
        ("https://f.example/services/T0/B0/a8Zk3pQ9sL2mN7vX4wYt1r", "https://f.example/services/T0/B0/***"),
        ("https://f.example/news/2025/05/28/pakistan-and-azerbaijan-agree-1", None),
        ("https://f.example/rss#4f9d8a7c6b5e4d3c2b1a0f9e", "https://f.example/rss#***"),
    ],
)
def test_secrets_are_not_shown(url, printed):
    assert shown(url) == (printed or url)


def test_secrets_are_neither_stored_nor_told(tmp_path, web):
    store = Store(tmp_path / "m.duckdb")
    url = "http://me:hunter2@feeds.example/feed?token=sesame"
    report = add_news(store, url)
    assert report.added == 1
    assert web.asked[-1][0] == "/feed?token=sesame"
    web.moves = {"/feed?token=sesame": "http://127.0.0.1/x?token=sesame"}
    with pytest.raises(InputError) as caught:
        add_news(store, url)
    kept = (tmp_path / "m.duckdb").read_bytes() + repr(report).encode() + str(caught.value).encode()
    assert b"hunter2" not in kept
    assert b"sesame" not in kept


@pytest.mark.usefixtures("names")
def test_a_private_address_is_read_where_the_user_says_so():
    assert target_of("http://127.0.0.1/feed", allow_private=True).resolved == ("127.0.0.1",)
    with pytest.raises(SourceError, match="cannot be resolved"):
        target_of("http://nowhere.example/")


@pytest.mark.usefixtures("web")
def test_the_proxy_of_the_environment_is_used_and_the_address_checked(monkeypatch):
    asked = []

    def connect(connection):
        asked.append((connection.host, connection.port))
        raise ConnectionRefusedError

    monkeypatch.setattr("http.client.HTTPConnection.connect", connect)
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    with pytest.raises(SourceError, match="could not be read"):
        fetch("http://feeds.example/feed")
    assert asked == [("proxy.example", 3128)]
    with pytest.raises(InputError, match="private network"):
        fetch("http://127.0.0.1/feed")


def test_paths_are_no_addresses():
    for path in ("feed.xml", "C:\\feeds\\a.xml", "C:/feeds/a.xml", "a:b", "./http", "data.csv", "file.txt", "*.html"):
        assert not is_address(path), path
