"""Bytes as text: marks, declarations, content; one bad byte costs one byte."""

import gzip

import polars as pl
import pytest

from correlator.errors import InputError
from correlator.news.charset import decode, is_text
from correlator.news.feed import feed_batches
from correlator.news.pages.page import read_text
from correlator.news.plain_text import legible
from correlator.news.read import read_news

TURKISH = "Erdoğan ile görüştü, Şuşa'da açıklama yapıldı"


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("cp1254", '<meta charset="windows-1254">'),
        ("cp1254", '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-9">'),
        ("cp1254", "<html lang='tr'>"),
        ("utf-8", '<meta charset="windows-1254">'),
        ("utf-8", ""),
        ("utf-16", ""),
        ("utf-8-sig", '<meta charset="iso-8859-1">'),
    ],
)
def test_a_page_is_read_in_its_encoding(encoding, head):
    assert TURKISH in decode((head + TURKISH).encode(encoding))


def test_the_header_comes_before_the_page():
    assert decode("Премьер прибыл".encode("koi8-r"), "text/html; charset=KOI8-R") == "Премьер прибыл"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("首相が会談した。", "shift_jis"), ("首相が会談した。", "iso2022_jp"), ("总理会见", "gb2312")],
)
def test_east_asian_declarations(text, encoding):
    assert text in decode(f'<meta charset="{encoding}">{text}'.encode(encoding))


def test_one_bad_byte_costs_one_byte():
    assert decode(TURKISH.encode() + b" \xff " + TURKISH.encode()) == f"{TURKISH} \ufffd {TURKISH}"


@pytest.mark.parametrize("label", ["rot13", "hex", "zlib", "nothing", "unicode_escape"])
def test_a_label_that_is_no_encoding_is_passed_over(label):
    assert decode(f'<meta charset="{label}">caf\xe9'.encode("cp1252")).endswith("café")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        "Pakistan and Iran sign a pact\n".encode("utf-16"),
        "Pakistan and Iran sign a pact\n".encode("utf-16-le"),
        "\u0635\u0641\u062d\u0629".encode("cp1256"),
        "\u65e5\u672c\u8a9e".encode("iso2022_jp"),
        b"a page\x00 with one byte of damage in sixty, more than which is no text " * 9,
    ],
)
def test_text_is_told_from(raw: bytes) -> None:
    assert is_text(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"SQLite format 3\x00",
        bytes(range(256)) * 4,
        b"\x00" * 8 + b"DUCK" + bytes(400),
    ],
)
def test_pictures_documents_and_databases(tmp_path, raw: bytes) -> None:
    assert not is_text(raw)
    path = tmp_path / "page.txt"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="is not text"):
        read_text(path)


def test_a_page_in_gzip_is_its_text(tmp_path) -> None:
    path = tmp_path / "page.html.gz"
    path.write_bytes(gzip.compress("görüştü".encode()))
    assert read_text(path) == "görüştü"
    path.write_bytes(gzip.compress(b"a" * 9_000)[:20] + b"broken")
    with pytest.raises(InputError, match="damaged gzip"):
        read_text(path)


@pytest.mark.parametrize(
    ("text", "wrongly"),
    [("l’élection à Orléans", "cp1252"), ("Größe", "latin-1"), ("Özgür", "cp1252"), ("выборы", "latin-1")],
)
def test_utf8_read_as_a_western_encoding_is_decoded_again(text, wrongly):
    damaged = text.encode().decode(wrongly)
    assert damaged != text
    rows = pl.DataFrame({"title": [damaged], "text": [damaged], "published": ["2025-05-28T10:00:00Z"]})
    (batch,) = read_news(rows)
    assert batch.articles.row(0, named=True)["headline"] == batch.articles.row(0, named=True)["body"] == text
    item = f"<item><title>{damaged}</title><pubDate>Wed, 28 May 2025 10:00:00 GMT</pubDate></item>"
    (batch,) = feed_batches(f"<rss version='2.0'><channel>{item}</channel></rss>".encode(), "feed")
    assert batch.articles["headline"].to_list() == [text]


@pytest.mark.parametrize("text", ["Éder « Â »", "NÃO É", "Âge Â« d’or »", "日本 Ã©"])
def test_western_letters_that_are_no_utf8_as_a_whole_stay(text):
    assert legible(text) == text


def test_the_language_of_a_feed_decides_between_equally_likely_encodings():
    text = (
        "El Gobierno anunció que la inflación bajó en mayo según el Banco de España. También señaló que los años próximos"
        " serán difíciles para la economía, añadió el señor Núñez. ¿Quién lo sabía? Nadie lo creía: así comenzó aquel año."
        " Más allá, la producción industrial creció un dos por ciento, según la patronal, y así continuó después."
    )
    feed = f"<rss><channel><language>es-es</language><title>{text}</title></channel></rss>"
    assert decode(feed.encode("cp1252")) == feed
