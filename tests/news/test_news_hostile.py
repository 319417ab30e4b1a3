"""Hostile input: only errors of the library's own, whatever the bytes; limits that bound memory and time."""

import gzip
import json
import random
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from every_reader import HEADS, NAMES, read_everything
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from correlator.errors import InputError
from correlator.news.charset import decode
from correlator.news.corpora import records
from correlator.news.corpora.gdelt import read_events
from correlator.news.feed import feed_batches
from correlator.news.pages.html_page import parse_html
from correlator.news.pages.page import parse_page
from correlator.news.read import read_news


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.sampled_from(HEADS), st.binary(max_size=300), st.sampled_from(NAMES))
def test_any_bytes_are_read_or_refused(tmp_path, head, raw, name):
    read_everything(head + raw, tmp_path, name)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.sampled_from(HEADS),
    st.lists(
        st.sampled_from(
            [
                *("<", ">", "</", "<p>", "&", "&#9660;", "]]>", "<![CDATA[", "<!--", "{", "[", '"', ",", "\n", "\t"),
                *(
                    "Published ",
                    "2025-05-28",
                    "06:02am PKT",
                    "AIRLINK 159.05 ",
                    "(-2.32%)",
                    "\0",
                    "\ud800",
                    "\\ud800",
                    "۔",
                    "é",
                ),
                *("http://x.org/2025/05/28/", "<item>", "</item>", "<pubDate>", "datePublished", "headline", ":"),
            ]
        ),
        max_size=60,
    ),
    st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-8-sig"]),
    st.sampled_from(NAMES),
)
def test_any_pieces_in_any_encoding_are_read_or_refused(tmp_path, head, pieces, encoding, name):
    read_everything(head + "".join(pieces).encode(encoding, "replace"), tmp_path, name)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_copies_of_good_files_are_read_or_refused(tmp_path, seed):
    chance = random.Random(seed)
    table = pa.table({"title": ["One rises", "Two falls"], "date": ["2025-05-28 06:02:00+05:00"] * 2})
    pq.write_table(table, tmp_path / "good.parquet")
    csv = b"title,date\nOne rises,2025-05-28 06:02:00+05:00\n"
    good = {
        "f.parquet": (tmp_path / "good.parquet").read_bytes(),
        "f.csv.gz": gzip.compress(csv),
        "f.CSV.zip": b"PK" + csv,
        "f.csv": csv,
    }
    for name, raw in good.items():
        hurt = bytearray(raw)
        for _ in range(chance.randint(1, 6)):
            hurt[chance.randrange(len(hurt))] = chance.randrange(256)
        read_everything(bytes(hurt[: chance.randint(1, len(hurt))]), tmp_path, name)


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{}]><rss version="2.0"><channel><title>&j;</title></channel></rss>'
LEVELS = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("before", ["", " " * 100_000, "<!-- x -->" * 10_000])
def test_entities_are_refused_or_not_unfolded(encoding, before):
    raw = (before + BOMB.format(LEVELS)).encode(encoding)
    with pytest.raises(InputError):
        list(feed_batches(raw, "f"))


def test_a_line_without_end_is_refused(tmp_path):
    for name in ("f.csv", "f.jsonl", "f.tsv", "f.export.CSV"):
        path = tmp_path / name
        with path.open("wb") as file:
            file.truncate(1_000_000_000)  # a billion NULs that take no space on disk
        with pytest.raises(InputError, match="longer than"):
            list(read_news(path))
        with pytest.raises(InputError, match="longer than"):
            list(read_events(path))
    path = tmp_path / "f.txt"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    with pytest.raises(InputError, match="larger than"):
        list(read_news(path))


@pytest.mark.parametrize("unit", [b"a" * 1_000_000, b"a,b\n" * 250_000])
def test_what_unpacks_to_more_than_a_text_is_refused(tmp_path, unit, monkeypatch):
    monkeypatch.setattr("correlator.news.text_lines.UNCHECKED", 1_000_000)
    with gzip.open(tmp_path / "f.csv.gz", "wb") as file:
        file.write(b"title,date\n" + unit * 6)
    with zipfile.ZipFile(tmp_path / "f.CSV.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("f.CSV", (b"123456789" + b"\t" * 60 + b"\n") * 10 + unit * 6)
    for name in ("f.csv.gz", "f.CSV.zip"):
        with pytest.raises(InputError, match="longer than|unpacks to more"):
            list(read_news(tmp_path / name) if name == "f.csv.gz" else read_events(tmp_path / name))


def test_a_parquet_file_of_one_text_repeated_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("correlator.news.text_lines.UNCHECKED", 100_000)
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["x" * 10_000]))
    pq.write_table(
        pa.table({"title": column, "date": pa.array(["2025-05-28"] * 1000)}), tmp_path / "f.parquet", store_schema=False
    )
    with pytest.raises(InputError, match="unpacks to more"):
        list(read_news(tmp_path / "f.parquet"))


def test_lone_surrogates_that_json_can_write_are_left_out(tmp_path):
    fields = {
        "title": "One \ud800rises",
        "date": "2025-05-28 06:02:00Z",
        "body": "B\udc00.",
        "url": "https://x.org/\ud8001",
    }
    (tmp_path / "f.jsonl").write_text(json.dumps(fields))
    (batch,) = read_news(tmp_path / "f.jsonl")
    assert batch.articles.select("headline", "body", "url").row(0) == ("One rises", "B.", "https://x.org/1")
    (tmp_path / "n.jsonl").write_text(json.dumps(fields | {"body": ["B\udc00."]}))
    (batch,) = read_news(tmp_path / "n.jsonl")
    assert batch.articles["body"].to_list() == ['["B."]']
    item = {"title": fields["title"], "url": fields["url"], "content_text": fields["body"], "id": "\ud800"}
    item |= {"date_published": "2025-05-28T06:02:00Z"}
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "\ud800", "items": [item]}
    (batch,) = feed_batches(json.dumps(feed).encode(), "f")
    assert batch.articles["headline"].to_list() == ["One rises"]
    linked = json.dumps({"@type": "NewsArticle", "headline": fields["title"], "datePublished": item["date_published"]})
    body = f"<p>{'Some text. ' * 30}</p>"
    (tmp_path / "f.html").write_text(f'<html><script type="application/ld+json">{linked}</script>{body}</html>')
    (batch,) = read_news(tmp_path / "f.html")
    assert batch.articles["headline"].to_list() == ["One rises"]


def test_records_of_long_texts_come_in_small_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "BATCH_TEXT", 10_000)
    rows = "".join(f"Row {number},2025-05-28 06:02:00Z,{'x' * 3_000}\n" for number in range(20))
    (tmp_path / "f.csv").write_text("title,date,body\n" + rows)
    heights = [batch.articles.height for batch in read_news(tmp_path / "f.csv")]
    assert sum(heights) == 20
    assert max(heights) == 4


@pytest.mark.parametrize(
    "unit", ["<div>", "<b><i>", "<table><tr><td>", "<!--", "<![CDATA[", "&", "<a b=", "</p>", "a "]
)
def test_long_nonsense_of_markup_comes_to_an_end(unit):
    text = unit * (60_000 // len(unit))
    time = '<meta property="article:published_time" content="2025-05-28T06:02:00+05:00">'
    head = f"<html><head>{time}<title>A b</title></head>"
    assert parse_html(head + text).published.precision == "second"
    list(feed_batches(b"<rss version='2.0'><channel><item><title>" + text.encode(), "f"))


def test_nuls_and_mixed_encodings_pass():
    page = "A title\n\nPublished 28 May, 2025 06:02am\n\nCaf\u00e9 talks\0 go on.\n".encode("cp1252")
    assert parse_page(decode(page), profile="brecorder").body == "Café talks go on."
    rows = decode("A title, été".encode() + b" \xe9t\xe9")
    assert rows.startswith("A title")


def test_a_page_of_comments_and_one_whose_markup_cannot_be_written_as_xml_are_read():
    from correlator.news.pages.html_page import visible_text

    assert visible_text("<!-- <p> -->") == ""
    with pytest.raises(InputError):
        parse_html("<!-- <html> -->")
    stated = "<meta property='article:published_time' content='2025-05-28T06:02:00+05:00'>"
    odd = "<p><a href='/x' ?<=\"1\">Envoys</a> of both states met on Tuesday and spoke at length about their trade.</p>"
    assert parse_html(f"<html><head>{stated}<title>Envoys meet</title></head><body>{odd * 3}</body></html>").headline


@pytest.mark.parametrize("text", ["By " + "A" * 200_000 + "!", "By " + "A, " * 60_000 + "!"])
def test_a_line_of_authors_without_end_ends_at_once(text):
    assert parse_page(f"World\n{text}\nPublished May 28, 2025\n").authors is None


def test_an_author_of_signs_of_mail_ends_at_once():
    item = f"<item><title>A pact</title><author>{'@' * 500_000}</author><pubDate>Wed, 28 May 2025 06:02 GMT</pubDate></item>"
    (batch,) = feed_batches(f"<rss version='2.0'><channel>{item}</channel></rss>".encode(), "f")
    assert batch.articles["authors"].to_list() == [None]
