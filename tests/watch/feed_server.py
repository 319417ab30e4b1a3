"""A server on this machine with a feed that tests extend, edit, reorder and let fail; and a webhook."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from xml.sax.saxutils import escape


@dataclass
class Item:
    number: int
    title: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def xml(self) -> str:
        link = f"https://news.example.org/story/{self.number}"
        date = format_datetime(self.at)
        return f"<item><title>{escape(self.title)}</title><link>{link}</link><pubDate>{date}</pubDate></item>"


class FeedServer(ThreadingHTTPServer):
    """``items`` are served newest first, ``status`` other than 200 in their place; ``posted`` is what was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.items: list[Item] = []
        self.status = 200
        self.retry_after = ""
        self.asked: list[str | None] = []
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.post_status = 200
        self.lock = threading.Lock()
        self.numbers = count(1)

    def url(self, path: str = "feed") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    def add(self, *titles: str) -> None:
        with self.lock:
            for title in titles:
                self.items.insert(0, Item(next(self.numbers), title))

    def body(self) -> bytes:
        with self.lock:
            items = "".join(item.xml() for item in self.items)
        return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


class _Handler(BaseHTTPRequestHandler):
    server: FeedServer

    def log_message(self, *args: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        body = self.server.body()
        etag = f'"{hash(body)}"'
        given = self.headers.get("If-None-Match")
        self.server.asked.append(given)
        status = 304 if self.server.status == 200 and given == etag else self.server.status
        content = body if status == 200 else b""
        self.send_response(status)
        self.send_header("ETag", etag)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.post_status == 200:
            self.server.posted.append((dict(self.headers), body))
        self.send_response(self.server.post_status)
        if self.server.retry_after:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def serving() -> Iterator[FeedServer]:
    """Run a server until the block ends."""
    server = FeedServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
