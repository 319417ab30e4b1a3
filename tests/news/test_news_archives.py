"""Pages that browsers and crawlers put away: MHTML holds one page, WARC many; when they were saved dates nothing."""

import gzip
import io
import zipfile
from datetime import UTC, datetime

import pytest

from correlator.errors import CorrelatorError, InputError
from correlator.news.mime import parts_of
from correlator.news.read import read_news, sniff

AT = datetime(2025, 5, 28, 4, 2, tzinfo=UTC)
TEXT = "<p>Envoys of both states met on Tuesday in the capital and spoke at length about trade between them.</p>" * 2
TIME = '<meta property="article:published_time" content="2025-05-28T09:02:00+05:00">'


def page(headline="Envoys of Peru and Chile meet", time=TIME):
    return f"<!doctype html><html><head><title>{headline}</title>{time}</head><body><article><h1>{headline}</h1>{TEXT}</article></body></html>"


def mhtml(html):
    part = "Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\nContent-Location: "
    return (
        "From: <Saved by a browser>\r\nSnapshot-Content-Location: https://lamp.example/a\r\n"
        "Date: Fri, 30 May 2025 10:00:00 -0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="B"\r\n\r\n'
        f"--B\r\n{part}https://ads.example/frame\r\n\r\n<html><body>Buy lamps</body></html>\r\n"
        f"--B\r\n{part}https://lamp.example/a\r\n\r\n{html}\r\n--B--\r\n"
    ).encode()


def record(body, *, kind="response", url="https://lamp.example/a", status="200 OK", headers=""):
    answer = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n{headers}\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2025-06-01T00:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return head.encode() + answer + b"\r\n\r\n"


def chunked(body):
    middle = len(body) // 2
    parts = (body[:middle], body[middle:])
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def read(tmp_path, raw, name="saved", **options):
    path = tmp_path / name
    path.write_bytes(raw)
    batches = list(read_news(path, **options))
    articles = [row for batch in batches for row in batch.articles.to_dicts()]
    return articles, [row["reason"] for batch in batches for row in batch.rejects.to_dicts()]


def test_a_page_that_a_browser_saved_is_read_with_its_address(tmp_path):
    (article,), rejects = read(tmp_path, mhtml(page()))
    assert (article["published_at"], article["url"]) == (AT, "https://lamp.example/a")
    assert (article["headline"], rejects) == ("Envoys of Peru and Chile meet", [])
    assert "Saved" not in article["body"]


def test_when_it_was_saved_is_not_when_it_was_published(tmp_path):
    with pytest.raises(CorrelatorError, match="no publication date"):
        read(tmp_path, mhtml(page(time="")))
    (article,), _ = read(tmp_path, mhtml(page(time="")), published="2025-05-28T09:02:00+05:00")
    assert article["published_at"] == AT


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_page_of_a_crawl_is_an_article_of_its_own(tmp_path, pack):
    second = page("Envoys of Togo and Benin meet").encode()
    records = [
        record(page().encode()),
        record(b"GET /", kind="request"),
        record(chunked(second), url="https://lamp.example/b", headers="Transfer-Encoding: chunked\r\n"),
        record(gzip.compress(second), url="https://lamp.example/c", headers="Content-Encoding: gzip\r\n"),
        record(second, url="https://lamp.example/d", headers="Content-Encoding: gzip\r\n"),
    ]
    articles, rejects = read(tmp_path, b"".join(map(pack, records)))
    assert [article["url"][-1] for article in articles] == ["a", "b", "c", "d"]
    assert len({article["headline"] for article in articles}) == 2
    assert rejects == []


def test_pages_that_are_none_are_rejects_with_their_reason(tmp_path):
    raw = (
        record(page().encode())
        + record(page(time="").encode())
        + record(b"gone", status="404 Not Found")
        + record(b"x", headers="Content-Encoding: br\r\n")
        + record(page().encode())[:-300]
    )
    articles, rejects = read(tmp_path, raw)
    assert (len(articles), len(rejects)) == (1, 4)
    for reason, why in zip(rejects, ("no publication date", "404", "content encoding 'br'", "truncated"), strict=True):
        assert why in reason


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (record(b"GET /", kind="request"), "contains no HTML pages"),
        (record(page().encode()) + b"and more\r\n", "a record begins with"),
        (b"WARC/1.0\r\nWARC-Type: response\r\n\r\n", "no valid Content-Length"),
        (b"WARC/1.0\r\n" + b"a: b\r\n" * 30_000, "the headers of a record are longer than 64 kB"),
        (mhtml(page()).replace(b"text/html\r\n", b"text/plain\r\n"), "contains no HTML page"),
        (mhtml(page())[:-7] + b"--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n" * 200, "multipart parts"),
        (gzip.compress(record(b"<p>" + b" " * 120_000_000), mtime=0), "times its size"),
    ],
)
def test_damaged_and_hostile_archives_are_refused(tmp_path, raw, why):
    with pytest.raises(InputError, match=why):
        read(tmp_path, raw)


def test_a_time_for_many_pages_is_refused(tmp_path):
    with pytest.raises(InputError, match="single page"):
        read(tmp_path, record(page().encode()), published="2025-05-28")


@pytest.mark.parametrize("name", ["a.mhtml", "a.mht", "a.warc", "a"])
def test_an_archive_is_told_by_how_it_begins(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(record(page().encode()) if "warc" in name else mhtml(page()))
    assert sniff(path) == "archive"


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


def test_a_zip_archive_is_read_as_its_files(tmp_path):
    table = "title,date\nEnvoys meet,2025-05-28T04:02:00Z\n"
    (article,), rejects = read(tmp_path, zipped(LICENSE="free", table_csv=table), "set.zip")
    assert (article["published_at"], rejects) == (AT, [])
    assert article["source"] == f"{tmp_path / 'set.zip'}/table.csv"
    articles, rejects = read(tmp_path, zipped(a_html=page(), b_html=page(time=""), c_zip=zipped()), "pages.zip")
    assert [each["source"].rpartition("/")[2] for each in articles] == ["a.html"]
    assert ["no publication date" in rejects[0], "inside an archive" in rejects[1]] == [True, True]


def test_archives_that_are_damaged_or_locked_are_refused(tmp_path):
    raw = zipped(a_csv="title,date\n" * 100)
    locked = raw.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    for each, why in ((raw[:60], "damaged"), (locked, "password")):
        with pytest.raises(InputError, match=why):
            read(tmp_path, each, "set.zip")


def test_a_mail_is_refused_by_its_name(tmp_path):
    mail = "From: desk@lamp.example\nSubject: Envoys meet\nDate: Wed, 28 May 2025 18:00:00 +0500\n\nThey met.\n"
    with pytest.raises(InputError, match="is an e-mail"):
        read(tmp_path, mail.encode(), "a.eml")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_part_ends_before_the_line_of_its_boundary(end):
    lines = [
        b"Content-Type: multipart/related; boundary=B",
        b"",
        b"--B",
        b"A: 1",
        b"",
        b"one",
        b"two",
        b"--B",
        b"",
        b"x",
    ]
    parts = list(parts_of(end.join([*lines, b"--B--", b""])))
    assert [part.body for part in parts] == [b"one" + end + b"two", b"x"]
