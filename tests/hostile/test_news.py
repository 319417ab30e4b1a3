"""News files made to end a reader, to hide what they say or to say two things: one line tells what is wrong."""

from __future__ import annotations

import gzip
import re
import tomllib
from pathlib import Path

import pytest

from correlator.errors import CorrelatorError, InputError
from correlator.news.read import read_news

INPUTS = tomllib.loads((Path(__file__).parent / "news.toml").read_text(encoding="utf-8"))["input"]
PAGE = (
    "<html><head><title>A b c</title><meta property='article:published_time' content='2025-05-28T10:00:00Z'></head>"
    "<body><h1>A b c</h1><p>They met.</p></body></html>"
)
RECORD = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/\r\nContent-Type: application/http\r\n"
WORDS = {
    "PAGE": PAGE,
    "/ITEM": "</itemMeta><contentMeta><headline>A b c</headline></contentMeta></newsItem>",
    "ITEM": (
        "<newsItem xmlns='http://iptc.org/std/nar/2006-10-01/'><itemMeta>"
        "<versionCreated>2025-05-28T10:00:00Z</versionCreated>"
    ),
    "/NITF": "</body.content></body></nitf>",
    "NITF": (
        "<nitf><head><docdata><date.issue norm='20250528T100000Z'/></docdata></head>"
        "<body><body.head><hl1>A b c</hl1></body.head><body.content>"
    ),
    "/RSS": "</item></channel></rss>",
    "RSS": "<rss version='2.0'><channel><item><title>A b c</title>",
    "MHTML": "Snapshot-Content-Location: https://a.example/\r\nContent-Type: multipart/related; boundary=B\r\n\r\n",
    "WARC": RECORD,
    "ANSWER": f"{RECORD}ANSWER",
}
WORD = re.compile(r"\{(/?[A-Z]+)\}")


def written(case):
    text = "".join(WORD.sub(lambda word: WORDS[word[1]], piece) * times for piece, times in case["pieces"])
    return recorded(text.encode(case.get("encoding", "utf-8")))


def recorded(data):
    """What stands behind the head of an answer with its length."""
    before, head, content = data.partition(b"ANSWER")
    return b"%sContent-Length: %d\r\n\r\n%s\r\n\r\n" % (before, len(content), content) if head else data


def read(path):
    batches = list(read_news(path))
    articles = [row for batch in batches for row in batch.articles.to_dicts()]
    return articles, [row["reason"] for batch in batches for row in batch.rejects.to_dicts()]


@pytest.mark.parametrize("case", INPUTS, ids=[case["name"] for case in INPUTS])
def test_what_is_said_of_it(case, tmp_path):
    path = tmp_path / case["file"]
    path.write_bytes(written(case))
    if "refused" in case:
        with pytest.raises(CorrelatorError, match=case["refused"]) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        return
    articles, rejects = read(path)
    assert [article["headline"] for article in articles] == ([case["headline"]] if "headline" in case else [])
    assert len(rejects) == ("rejected" in case)
    assert all(re.search(case["rejected"], reason) and len(reason) < 500 for reason in rejects)


def answer(body, headers):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}\r\n\r\n".encode()
    return recorded(WORDS["ANSWER"].encode() + head + body)


def test_a_page_that_is_packed_in_several_members_is_read_whole(tmp_path):
    page = PAGE.replace("They met.", "They met in the capital and spoke at length about trade between both states.")
    packed = gzip.compress(page[:200].encode()) + gzip.compress(page[200:].encode())
    (tmp_path / "a.warc").write_bytes(answer(packed, "Content-Encoding: gzip"))
    (article,), _ = read(tmp_path / "a.warc")
    assert "both states" in article["body"]


def test_a_page_that_is_cut_off_within_its_packing_is_no_article(tmp_path):
    packed = gzip.compress(PAGE.encode())[:-20]
    (tmp_path / "a.warc").write_bytes(answer(packed, "Content-Encoding: gzip"))
    articles, (reason,) = read(tmp_path / "a.warc")
    assert (articles, reason) == ([], "the compressed page is truncated")


def test_pages_unpacked_within_a_crawl_count(tmp_path):
    packed = gzip.compress(PAGE.encode() + b" " * 15_000_000)
    (tmp_path / "a.warc").write_bytes(answer(packed, "Content-Encoding: gzip") * 10)
    with pytest.raises(InputError, match="100 times its size"):
        read(tmp_path / "a.warc")


def test_the_ratio_is_looked_at_while_a_record_is_passed_over(tmp_path):
    record = b"WARC/1.0\r\nWARC-Type: metadata\r\nContent-Length: 999999999999\r\n\r\n"
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(record + bytes(110_000_000), 1))
    with pytest.raises(InputError, match="100 times its size"):
        read(tmp_path / "a.warc.gz")


@pytest.mark.parametrize("stated", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "cid:a"])
def test_an_address_that_is_not_of_the_web_is_none(stated, tmp_path):
    (tmp_path / "a.mht").write_text(
        f"Snapshot-Content-Location: {stated}\r\nContent-Type: text/html\r\n\r\n{PAGE}", newline=""
    )
    (article,), _ = read(tmp_path / "a.mht")
    assert article["url"] is None


@pytest.mark.parametrize("stated", ["\u202e[", "1\t", "??", "x"])
def test_a_language_that_is_none_is_not_stored(stated, tmp_path):
    (tmp_path / "a.html").write_text(PAGE.replace("<html>", f'<html lang="{stated}">'), encoding="utf-8")
    (article,), _ = read(tmp_path / "a.html")
    assert article["language"] is None
