"""Every reader on the same bytes, each of which may refuse them, but only with an error of the library's own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from correlator.errors import CorrelatorError
from correlator.news.charset import decode
from correlator.news.corpora.gdelt import read_events, read_gdelt
from correlator.news.feed import feed_batches
from correlator.news.pages.html_page import parse_html, visible_text
from correlator.news.pages.page import parse_page
from correlator.news.read import read_news
from correlator.news.strips.strip import parse_strip, without_strip
from correlator.news.times.address_dates import date_in_address
from correlator.news.times.timestamps import parse_time

NAMES = ("f.txt", "f.csv", "f.tsv", "f.jsonl", "f.csv.gz", "f.parquet", "f.html", "f.xml", "f.export.CSV", "f.CSV.zip")
HEADS = (
    b"",
    b"<html><head><meta property='article:published_time' content='2025-05-28T06:02:00+05:00'><title>A b</title><p>",
    b"<html><script type='application/ld+json'>{",
    b"<rss version='2.0'><channel><item><title>",
    b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><entry><title>a</title><updated>",
    b'{"version": "https://jsonfeed.org/version/1", "items": [{"title": "a", "date_published": "',
    b"title,date\n",
    b'{"title": "a", "date": "',
    b"globaleventid\tmentiontimedate\tmentionidentifier\n1\t20250528010000\thttp://",
    b"20250528010000-1\t20250528010000\t1\tx.org\thttp://x.org/",
    b" date 2025-05-28 AIRLINK 159.05 Decreased By ",
    b"A title\n\nNNI Published 28 May, 2025 ",
    b"\xff\xfe",
    b"\x1f\x8b\x08",
    b"PAR1",
    b"PK\x03\x04",
)


def read_everything(raw: bytes, folder: Path, name: str) -> None:
    """Let every reader try the bytes; raises what none of them should."""
    path = folder / name
    path.write_bytes(_zipped(raw) if name.endswith(".zip") and raw[:2] != b"PK" else raw)
    text = decode(raw)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: list(read_news(path)),
        lambda: list(read_gdelt(path)),
        lambda: list(read_events(path)),
        lambda: list(feed_batches(raw, "f")),
        lambda: parse_html(text),
        lambda: parse_page(text, profile="brecorder", url=text[-60:]),
        lambda: parse_time(text[-60:], zone="Asia/Karachi"),
    )
    for attempt in attempts:
        try:
            attempt()
        except CorrelatorError:
            continue
    parse_strip(visible_text(text)[:10_000])
    without_strip(text)
    date_in_address(text[-60:])


def _zipped(raw: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("f.CSV", raw)
    return packed.getvalue()
