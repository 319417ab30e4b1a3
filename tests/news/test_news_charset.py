"""Bytes as text: marks, declarations, content; one bad byte costs one byte."""

import gzip

import pytest

from correlator.errors import InputError
from correlator.news.charset import decode, is_text
from correlator.news.pages.page import read_text

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
