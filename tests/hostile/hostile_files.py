"""Files that crash readers or exhaust a machine, generated here: name, bytes, and the expected message."""

from __future__ import annotations

import gzip
import io
import lzma
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

CSV = b"Date,Close\n2025-05-26,1.0\n2025-05-27,1.1\n"
_ENTITIES = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>%s]>" % b"".join(
    b"<!ENTITY %s '%s'>" % (bytes([98 + n]), b"&%s;" % bytes([97 + n]) * 10) for n in range(9)
)


class Canary:
    """Code that a pickle would run."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, ("ran", "w")


def zipped(*members: tuple[str, bytes], mode: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return an archive with another name of a member."""
    return data.replace(old, new)


def lying_zip(place: int, value: bytes) -> bytes:
    """Return an archive whose directory contradicts its member."""
    data = bytearray(zipped(("a.csv", CSV)))
    start = data.find(b"PK\x01\x02") + place
    data[start : start + len(value)] = value
    return bytes(data)


def workbook(part: str, old: bytes, new: bytes) -> bytes:
    """Return a workbook with ``old`` replaced by ``new`` in one of its parts."""
    out = io.BytesIO()
    pl.DataFrame({"Date": ["2025-05-26", "2025-05-27"], "Close": [1.0, 1.1]}).write_excel(out)
    with zipfile.ZipFile(out) as book:
        members = [(name, book.read(name)) for name in book.namelist()]
    assert any(part in name and old in data for name, data in members)
    return zipped(*((name, data.replace(old, new, 1) if part in name else data) for name, data in members))


_XML = "urn:oasis:names:tc:opendocument:xmlns"


def cell(value: str, words: str = "") -> str:
    """A cell of an OpenDocument sheet."""
    said = f'office:value-type="string" office:string-value="{value}"'
    return f"<table:table-cell {said} {words}><text:p>{value}</text:p></table:table-cell>"


def ods(*rows: str) -> bytes:
    """A workbook of OpenDocument with one sheet."""
    names = " ".join(f'xmlns:{name}="{_XML}:{name}:1.0"' for name in ("office", "table", "text"))
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    listed = f'<manifest:manifest xmlns:manifest="{_XML}:manifest:1.0">{entry}</manifest:manifest>'
    sheet = f'<table:table table:name="S">{"".join(rows)}</table:table>'
    body = f"<office:body><office:spreadsheet>{sheet}</office:spreadsheet></office:body>"
    text = f"<office:document-content {names}>{body}</office:document-content>"
    return zipped(
        ("mimetype", kind.encode()), ("META-INF/manifest.xml", listed.encode()), ("content.xml", text.encode())
    )


def row(*cells: str, words: str = "") -> str:
    """A row of an OpenDocument sheet."""
    return f"<table:table-row {words}>{''.join(cells)}</table:table-row>"


BARS_OF_ODS = (
    row(cell("Date"), cell("Close")),
    row(cell("2025-05-26"), cell("1.5")),
    row(cell("2025-05-27"), cell("1.6")),
)
COLUMNS, ROWS = (
    f'table:number-{each}-repeated="{count}"' for each, count in (("columns", 16_384), ("rows", 1_048_573))
)


def parquet(columns: dict[str, pa.Array], metadata: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), out)
    return out.getvalue()


def footer(length: int) -> bytes:
    """Return a Parquet file that states this size of its footer."""
    data = parquet({"Date": pa.array(["2025-05-26"]), "Close": pa.array([1.0])})
    return data[:-8] + struct.pack("<I", length) + data[-4:]


def lzw_bomb() -> bytes:
    """Return a file of ``compress`` of 30 kB that unpacks to 200 MB of one letter."""
    out, code, width = bytearray(b"\x1f\x9d\x90"), 257, 9
    codes = [97]
    while code < 20_000:
        codes.append(code)
        code += 1
        if code == 1 << width or len(codes) == 8:
            out += sum(each << width * place for place, each in enumerate(codes)).to_bytes(width, "little")
            codes = []
            width += code == 1 << width
    return bytes(out)


BLANKS = b" " * 100_000


def prices() -> Iterator[tuple[str, bytes, str]]:
    """Return files given as prices: name, bytes, text of the refusal."""
    day, close = pa.array(["2025-05-26"]), pa.array([1.0])
    last_row = b"</row></sheetData>"
    far = b'</row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    yield "bomb.csv.Z", lzw_bomb(), "100 times"
    yield "code.csv.Z", b"\x1f\x9d\x90\xff\xff\xff", "damaged"
    yield "head.csv.Z", b"\x1f\x9d\xff" + bytes(9), "damaged"
    yield "blanks.csv", b"Date,A,B\n" + b"".join(b'2025-05-%d,"1%sx",2\n' % (day, BLANKS) for day in (26, 27, 28)), "."
    yield "open.ods", zipped(("content.xml", b"<table:table-row>" * 200_000)), "workbook|sheet|100 times"
    yield "shares.zip", zipped(("A.csv", CSV), ("B.csv", CSV)), "load the files one by one"
    yield "hidden.zip", renamed(zipped(("a.csv", CSV), ("b.csv", CSV)), b"b.csv", b"a.csv"), "two files named a.csv"
    yield "twice.zip", zipped(("a.csv", CSV), ("A.csv", CSV)), "contains 2 files"
    yield "link.zip", zipped(("a.csv", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "no rows"
    yield "locked.zip", lying_zip(8, b"\x01"), "password|damaged"
    yield "size.zip", lying_zip(24, struct.pack("<I", 5)), "damaged"
    yield "method.zip", lying_zip(10, struct.pack("<H", 99)), "damaged"
    yield "control.zip", zipped(("\x1b[31m.csv", CSV), ("\u202eb.csv", CSV)), "contains 2 files"
    yield "many.zip", zipped(*((f"{n}.csv", b"x") for n in range(2_000))), "contains 2000 files"
    yield "cut.csv.gz", gzip.compress(CSV * 50)[:-20], "damaged"
    yield "rest.csv.gz", gzip.compress(CSV) + b"rest" * 9, "damaged"
    yield "cut.csv.xz", lzma.compress(CSV * 50)[:-20], "damaged"
    yield "alone.csv.lzma", lzma.compress(CSV, format=lzma.FORMAT_ALONE), "not text"
    yield "seven.7z", b"7z\xbc\xaf\x27\x1c" + bytes(300), "not text"
    yield "far.xlsx", workbook("sheet1.xml", last_row, far), "too far apart"
    yield "count.xlsx", workbook("sharedStrings", b'uniqueCount="', b'uniqueCount="99999999999'), "declares more texts"
    yield "index.xlsx", workbook("sheet1.xml", b't="s"><v>0<', b't="s"><v>999999999<'), "a readable workbook"
    yield "entity.xlsx", workbook("sharedStrings", b"Close<", b"&j;<"), "a readable workbook"
    yield "spaces.xlsx", workbook("sheet1.xml", b"</sheetData>", b"</sheetData>" + b" " * 101_000_000), "100 times"
    yield "columns.ods", ods(*BARS_OF_ODS, row(cell("1", COLUMNS.replace("16384", "2000000000")))), "too far apart"
    yield "rows.ods", ods(*BARS_OF_ODS, row(cell("1", COLUMNS), words=ROWS)), "too far apart"
    yield "empty.ods", zipped(("content.xml", b"<x/>")), "workbook|sheet"
    yield "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000), "a readable workbook"
    yield "day.parquet", parquet({"Date": pa.array([-(2**31)], pa.date32()), "Close": close}), "outside the years"
    yield (
        "time.parquet",
        parquet({"Date": pa.array([2**62], pa.timestamp("us")), "Close": close}),
        "outside the years",
    )
    yield "twice.parquet", parquet({"Date": day, "Close": close}).replace(b"Close", b"Dat\x65\x00"), "as Parquet"
    yield "footer.parquet", footer(2**31 - 1), "as Parquet"
    yield "nothing.parquet", footer(0), "as Parquet"
    yield "marks.parquet", b"PAR1PAR1", "as Parquet"
    yield "schema.parquet", parquet({"Date": day, "Close": close}, {"ARROW:schema": "AAAA"}), "as Parquet"
    yield "wide.parquet", parquet({"Date": day, "Close": pa.array([1], pa.decimal256(70, 3))}), "type decimal256"
    yield "binary.parquet", parquet({"Date": day, "Close": pa.array([b"\x80\x04cos\nsystem\n"])}), "not a number"
    yield "keys.json", b"[{%s}]" % b",".join(b'"k%d":1' % n for n in range(20_001)), "20,001 columns"
    sparse = b",".join(b'{"date": "2025-05-26", "close": 1, "k%d": 1}' % n for n in range(4_000))
    yield "sparse.json", b"[%s]" % sparse, "4,000 records and 4,002 names, but states only 12,000 values"
    yield "ragged.json", b"[%s[%s]]" % (b'["2025-05-26",1],' * 600, b"1," * 19_000 + b"1"), "states only 20,201 values"
    days = (date(2000, 1, 1) + timedelta(n) for n in range(4_000))
    maps = b",".join(b'"S%d": {"%s": 1}' % (n, str(each).encode()) for n, each in enumerate(days))
    yield "days.json", b"{%s}" % maps, "4,000 records and 4,000 names"
    for name, mark in (("round", b"("), ("square", b"["), ("lines", b"_")):
        yield f"{name}.json", b'[{"date": "2025-05-26", "close": "x", "a%s": 1}]' % (mark * 50_000), "close x is not"
    yield "twice.json", b'[{"date": "2025-05-26", "close": 1, "close": 2}]', "duplicate name 'close'"
    yield "half.json", b'[{"date": "2025-05-26", "close": 1, "symbol": "\\ud800"}]', "unpaired surrogate"
    yield "digits.json", b'[{"date": "2025-05-26", "close": %s}]' % (b"9" * 5_000), "close 9{40} is not a number"
    yield "nan.json", b'[{"date": "2025-05-26", "close": NaN}]', "no close"
    yield "pickle.pkl", pickle.dumps(Canary()), "is a Python pickle, which is not supported"
    yield "pickle.csv", b"\x80\x04" + pickle.dumps(Canary()), "not text"
    yield "python.yaml", b"!!python/object/apply:os.system ['touch ran']\n", "no rows|no date"
    yield "nulls.csv", CSV.replace(b"1.1", b"1\x00.1"), "not text"
    yield "open.csv", b'Date,Close\n2025-05-26,"1.0\n2025-05-27,1.1\n', "not a number"
    yield "wide.csv", b"Date," + b",".join(b"c%d" % n for n in range(30_000)) + b"\n2025-05-26,1\n", "columns|no rows"
    yield "formula.csv", b"Date,Close,Symbol\n2025-05-26,1,=cmd|' /C calc'!A0\n", "contains =cmd"
    yield "html.csv", b"Date,Close,Symbol\n2025-05-26,1,<script>alert(1)</script>\n", "contains <script>"


def news() -> Iterator[tuple[str, bytes, str]]:
    """Return files given as news, in the same form."""
    item = b"<item><title>%s</title><link>https://a.example/1</link></item>"
    attributes = b" ".join(b"a%d='x'" % n for n in range(20_000))
    yield "laughs.xml", _ENTITIES + b"<rss version='2.0'><channel>" + item % b"&j;" + b"</channel></rss>", "entities"
    yield (
        "file.xml",
        (b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss version='2.0'><channel>" + item % b"&x;"),
        "entities",
    )
    yield (
        "outside.xml",
        (b"<!DOCTYPE r [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;]><rss version='2.0'><channel/></rss>"),
        "entities",
    )
    yield "attributes.xml", b"<rss version='2.0' " + attributes + b"><channel/></rss>", "a tag with more than"
    spaces = b"".join(b"<item xmlns:a%d='u'><title>x</title></item>" % n for n in range(20_000))
    yield "namespaces.xml", b"<rss version='2.0'><channel>" + spaces + b"</channel></rss>", "more than 200 namespaces"
    yield "nested.xml", b"<rss version='2.0'><channel>" + b"<item>" * 300_000, "items nested more than 50 levels deep"
    yield (
        "attributes.html",
        b"<html><body " + attributes + b"><h1>Envoys meet</h1></body></html>",
        "a tag with more than",
    )
    yield "blanks.html", b"<html><body><h1>Envoys" + BLANKS + b"meet</h1><p>They met.</p></body></html>", "date"
    yield (
        "lines.html",
        b"<html><head><script type='application/ld+json'>" + b"\n" * 100_000 + b"{</script></head><body><h1>A b</h1>",
        "date",
    )
    yield "pickle.html", pickle.dumps(Canary()), "not text"
    yield (
        "zip.html",
        zipped(("a.html", b"<html></html>"), ("b.html", b"<html></html>")),
        "not text|contains 2 files|no layout",
    )
    yield "footer.parquet", footer(0), "as Parquet"
    yield "locked.parquet", footer(0)[:-4] + b"PARE", "as Parquet|not text|no layout"
