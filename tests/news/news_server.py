"""A web server on this machine that serves valid and faulty feeds."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ITEM = "<item><title>{}</title><link>https://www.dawn.com/news/{}</link><pubDate>{}</pubDate></item>"
DATE = "Mon, 27 Aug 2018 19:37:39 +0500"


def rss(*titles: str, date: str = DATE) -> bytes:
    """Return a feed of items with these titles."""
    items = "".join(ITEM.format(title, number, date) for number, title in enumerate(titles, 1))
    return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


class NewsServer(ThreadingHTTPServer):
    """A server: the body and ETag that it serves, and the requests that it received."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body = rss("One headline of the day")
        self.etag = '"1"'
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.sent = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class _Handler(BaseHTTPRequestHandler):
    server: NewsServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")))
        try:
            {
                "/feed": self._feed,
                "/packed": self._packed,
                "/bomb": self._bomb,
                "/endless": self._endless,
                "/drip": self._drip,
                "/headers": self._headers,
                "/silent": self._silent,
                "/short": self._short,
            }.get(self.path, self._missing)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _feed(self) -> None:
        if self.headers.get("If-None-Match") == self.server.etag:
            self._answer(304, b"")
            return
        self._answer(200, self.server.body, ETag=self.server.etag)

    def _packed(self) -> None:
        self._answer(200, gzip.compress(self.server.body), **{"Content-Encoding": "gzip"})

    def _bomb(self) -> None:
        self._answer(200, gzip.compress(bytes(300_000_000), 9), **{"Content-Encoding": "gzip"})

    def _short(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + self.server.body)

    def _endless(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            self.server.sent += self.wfile.write(b"<rss>" * 20_000)

    def _drip(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self._slowly(b" ")

    def _headers(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self._slowly(b"X-A: b\r\n")

    def _silent(self) -> None:
        self.close_connection = True
        self.rfile.read(1)  # until the client hangs up

    def _slowly(self, part: bytes) -> None:
        for _ in range(200):
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(0.1)

    def _missing(self) -> None:
        self._answer(404, b"")

    def _answer(self, code: int, body: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[NewsServer]:
    """Run a server until the block ends."""
    server = NewsServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
