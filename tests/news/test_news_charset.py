"""Bytes as text: marks, declarations, content; one bad byte costs one byte."""

import pytest

from correlator.news.charset import decode

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
