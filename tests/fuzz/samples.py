"""Inputs beside the seeds of a target: files of the suite and of the package, as examples of every layout.

They may be refused as they are (a seed may not), since a door gives all of them the same options.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_LONGEST = 6_000  # bytes: a fuzzer changes few places of a long input

FEEDS = (
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' "
    b"xmlns:dc='http://purl.org/dc/elements/1.1/'><item rdf:about='https://a.example/1'><title>A</title>"
    b"<link>https://a.example/1</link><dc:date>2025-05-28T10:00:00Z</dc:date><dc:creator>B</dc:creator></item></rdf:RDF>",
    b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
    b"xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>https://a.example/1</loc><news:news>"
    b"<news:publication><news:name>Gazette</news:name><news:language>en</news:language></news:publication>"
    b"<news:publication_date>2025-05-28T10:00:00+05:00</news:publication_date><news:title>A</news:title>"
    b"<news:stock_tickers>KAR:HBL</news:stock_tickers></news:news></url></urlset>",
    b"<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><language>en</language><item>"
    b"<title>A &lt;b&gt;pact&lt;/b&gt;</title><guid isPermaLink='true'>https://a.example/1</guid>"
    b"<author>b@a.example (B)</author><pubDate>28 May 25 10:00 EST</pubDate><category>KAR:HBL</category>"
    b"<content:encoded><![CDATA[<p>Text</p>]]></content:encoded></item></channel></rss>",
    b"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='tr'><entry><title type='html'>A &amp;amp; B</title>"
    b"<link rel='alternate' href='/1'/><published>2025-05-28T10:00:00+03:00</published><author><name>C</name></author>"
    b"<updated>2025-05-28T11:00:00+03:00</updated><content type='xhtml'><div>Text</div></content></entry></feed>",
)
_TIMES = (
    "2025-05-28T06:02:00+05:00", "20250528T060200Z", "28.05.2025 06:02 MESZ", "Mi, 28. Mai 2025 06:02 Uhr",
    "2025年5月28日 10時15分", "令和7年5月28日", "民國114年5月28日", "28 พ.ค. 2568", "7 خرداد 1404",
    "28 Mayıs 2025 Çarşamba, 10:15", "٢٨ مايو ٢٠٢٥", "1748408520", "1748408520000", "May 28, 2025, 6:02 a.m. ET",
    "05/06/2025 10:00", "Wed May 28 06:02:00 PKT 2025",
)  # fmt: skip
TIMES = tuple(text.encode() for text in _TIMES)
_VALUES = {
    "published": "2025-05-28T10:00:00Z",
    "updated": "2025-05-28T11:00:00Z",
    "url": "https://a.example/1",
    "symbols": "HBL",
    "language": "en",
}


def files(pattern: str) -> tuple[bytes, ...]:
    """The beginnings of the files of the checkout that match ``pattern``, in order of name."""
    return tuple(path.read_bytes()[:_LONGEST] for path in sorted(_ROOT.glob(pattern)))


def hostile(name: str, door: str) -> tuple[bytes, ...]:
    """The texts for ``door`` in a table of hostile inputs."""
    table = tomllib.loads((_ROOT / "tests" / "hostile" / name).read_text(encoding="utf-8"))
    return tuple(
        row[key].encode()
        for row in table["input"]
        for key in ("text", "url")
        if key in row and row.get("door", table.get("door", door)) == door
    )


def corpora() -> tuple[bytes, ...]:
    """One record in the columns of every known layout of news tables, as JSON."""
    layouts = (tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(_ROOT.glob("data/corpora/*.toml")))
    return tuple(_record(layout) for layout in layouts)


def _record(layout: dict[str, object]) -> bytes:
    columns = layout["columns"]
    assert isinstance(columns, dict)
    record: dict[str, object] = {}
    for ours, theirs in columns.items():
        for name in [theirs] if isinstance(theirs, str) else theirs:
            _put(record, str(name), _VALUES.get(ours, "Envoys meet"))
    rows = layout.get("rows")
    if not isinstance(rows, str):
        return json.dumps(record).encode()
    document: dict[str, object] = {}
    _put(document, rows, [record])
    return json.dumps(document).encode()


def _put(record: dict[str, object], name: str, value: object) -> None:
    """Set the value of a name such as ``headline.main`` in nested records."""
    *outer, last = name.split(".")
    for part in outer:
        inner = record.setdefault(part, {})
        record = inner if isinstance(inner, dict) else {}
    record.setdefault(last, value)
