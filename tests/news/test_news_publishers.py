"""Every publisher's profile on a page of its layout (wording of our own), against the record beside it."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from correlator.news.charset import decode
from correlator.news.pages.html_page import looks_like_html, parse_html
from correlator.news.pages.page import parse_page
from correlator.news.profiles import load_profile, profile_names, profile_of_url

FOLDER = Path(__file__).parent / "publishers"
RECORDS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_page_of_the_publisher_gives_its_record(record):
    wanted = json.loads(record.read_text(encoding="utf-8"))
    path = next(path for path in FOLDER.glob(f"{record.stem}.*") if path.suffix in (".html", ".txt"))
    text = decode(path.read_bytes())
    read = parse_html(text) if looks_like_html(text) else parse_page(text)
    assert read.publisher == wanted["publisher"]
    assert (read.headline, read.url) == (wanted["headline"], wanted.get("url"))
    assert read.published.instant == datetime.fromisoformat(wanted["published_at"])
    assert read.published.precision == wanted["precision"]
    assert (read.language, read.authors) == (wanted["language"], wanted.get("authors"))
    assert (read.dateline, read.agency) == (wanted.get("dateline"), wanted.get("agency", read.agency))
    assert (read.body or "").split("\n\n") == wanted["paragraphs"]
    assert [quote.symbol for quote in read.quotes] == wanted.get("symbols", [])


def test_every_profile_has_a_page():
    told = {json.loads(record.read_text(encoding="utf-8"))["publisher"] for record in RECORDS}
    assert told == set(profile_names()) - {"generic"}
    assert len(told) >= 40


def test_a_host_has_one_publisher():
    hosts = [(host, name) for name in profile_names() for host in load_profile(name).hosts]
    assert len({host for host, _ in hosts}) == len(hosts)
    for host, name in hosts:
        assert profile_of_url(f"https://www.{host}/x").name == name
    assert profile_of_url("https://notdawn.com/x") is None
    assert profile_of_url("https://asia.nikkei.com/x").name == "nikkei_asia"
