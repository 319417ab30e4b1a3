"""Every door as a target of a fuzzer: bytes go in, and nothing but an error of this package may come out."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from correlator.errors import CorrelatorError

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
_BARS = pl.DataFrame(
    {"Date": ["2025-05-26", "2025-05-27", "2025-05-28"], "Close": [1.0, 1.1, 1.2], "Volume": [1, 2, 3]}
)
_CSV = b'Date,Open,High,Low,Close,Volume\n2025-05-26,1,2,0.5,1.5,100\n2025-05-27,1.5,2,1,"1,234.5",\n28.05.2025,,,,x,\n'
_RSS = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><item><title>Envoys meet &amp; agree</title>"
    b"<link>https://www.dawn.com/news/1</link><pubDate>Mon, 27 Aug 2018 19:37:39 +0500</pubDate></item></channel></rss>"
)
_ATOM = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>A</title><link href='https://a.example/1'/>"
    b"<updated>2025-05-28T10:00:00Z</updated></entry></feed>"
)
_JSON_FEED = (
    b'{"version": "https://jsonfeed.org/version/1", "title": "T", "items": [{"id": "1", "title": "A", '
    b'"url": "https://a.example/1", "date_published": "2025-05-28T10:00:00Z"}]}'
)
_HTML = (
    b"<!doctype html><html><head><title>Envoys meet</title><meta property='article:published_time' "
    b"content='2025-05-28T10:00:00+05:00'><script type='application/ld+json'>{\"@type\": \"NewsArticle\", "
    b'"headline": "Envoys meet", "datePublished": "2025-05-28"}</script></head><body><article><h1>Envoys meet</h1>'
    b"<p>LACHIN: The envoys met and agreed to meet again on Tuesday, officials of both countries said.</p></article>"
    b"</body></html>"
)
_CORPUS = b'{"date": "2025-05-28", "title": "Envoys meet", "url": "https://a.example/1", "text": "They met."}\n'
_GKG = b"20180827193739-1\t20180827193739\t1\tdawn.com\thttps://www.dawn.com/news/1" + b"\t" * 22 + b"\n"
_EVENTS = b"date,source,target,category,goldstein,headline\n2025-05-28,PAK,AZE,CONSULT,1.0,Envoys meet\n"
_FACTORS = b"This file was created by somebody\n\n,Mkt-RF,SMB,HML,RF\n20250526,0.10,-0.20,0.30,0.01\n\n Annual\n"
_INSTRUMENTS = (
    b"symbol,exchange,currency,country,name,kind,benchmark,aliases\n"
    b"AIRLINK,XKAR,PKR,PAK,Air Link,share,KSE100,AIRLINK.KA\n"
)
_REPORT = (
    b'title = "Daily"\n[study]\nsymbols = ["AIRLINK"]\nbenchmark = "KSE100"\n'
    b'windows = "-1:1"\n[outputs]\nfigures = ["car"]\n'
)
_STRIP = (
    "date 2025-05-28 AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%) KSE100 118,221 Increased By ▲ 100 (0.1%)".encode()
)
_PAGE = _STRIP + b"\nEnvoys meet and agree\n\nNNI Published 28 May, 2025 06:02am\n\nLACHIN: The envoys met.\n"


@dataclass(frozen=True)
class Target:
    """A door: what it does with bytes, the inputs that a fuzzer begins with, and pieces that it may put in."""

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def attempt(target: Target, data: bytes) -> None:
    """One input; whatever is raised but errors of this package goes on, and warnings are silent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            target.run(data)
        except CorrelatorError as error:
            assert "\n" not in str(error), "an error is one line"  # noqa: PT017 (this is not a test)


def _file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], object]:
    """A door that takes a file: the bytes are written under ``name`` first."""

    def run(data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            return read(path)

    return run


def _text(read: Callable[[str], Any]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("utf-8", "replace"))


def _prices(path: Path) -> object:
    from correlator.market.files import read_prices

    return read_prices(path, symbol="X", exchange="XKAR")


def _news(layout: str) -> Callable[[Path], object]:
    def read(path: Path) -> object:
        from correlator.news.read import read_news

        return list(read_news(path, layout=layout))

    return read


def _factors(path: Path) -> object:
    from correlator.market.factors import read_factors

    return read_factors(path)


def _instruments(path: Path) -> object:
    from correlator.market.instruments import read_instruments

    return read_instruments(path)


def _gdelt(path: Path) -> object:
    from correlator.news.gdelt import read_events

    return list(read_events(path))


def _coded(path: Path) -> object:
    from correlator.events.coded_file import read_event_file

    return list(read_event_file(path))


def _report(path: Path) -> object:
    from correlator.report.spec import read_spec

    return read_spec(path)


def _selection(text: str) -> object:
    from correlator.events.select import parse_selection

    return parse_selection(text)


def _formula(text: str) -> object:
    from correlator.eventstudy.formula import parse_formula

    return parse_formula(text)


def _instant(text: str) -> object:
    from correlator.eventstudy.readers import instant

    return instant(text)


def _printed_time(text: str) -> object:
    from correlator.news.timestamps import parse_time

    return parse_time(text, zone="Asia/Karachi")


def _window(text: str) -> object:
    from correlator.eventstudy.windows import parse_windows

    return parse_windows(text)


def _strip(text: str) -> object:
    from correlator.news.strip import parse_strip

    return parse_strip(text)


def _headline(text: str) -> object:
    from correlator.events.coder import code_headlines

    return code_headlines([text], coder="rules")


def _address(text: str) -> object:
    from correlator.addresses import has_secrets, is_address, safe_link, shown

    return shown(text), has_secrets(text), is_address(text), safe_link(text)


def _inert(text: str) -> object:
    from correlator.inert import file_name, safe_cells, visible

    assert visible(visible(text)) == visible(text)
    assert "/" not in file_name(text)
    return safe_cells(pl.DataFrame({"a": [text]}))


def _frame(data: bytes) -> object:
    """A frame of whatever columns and types the bytes choose, through the door of prices."""
    from correlator.market.files import read_prices

    kinds: tuple[Any, ...] = (pl.String, pl.Float64, pl.Int64, pl.Date, pl.Datetime("us", "UTC"), pl.Boolean, pl.Binary)
    names = ("Date", "Close", "Symbol", "Volume", "close", "a", "")
    columns = {}
    for place in range(0, min(len(data) - 2, 8), 2):
        kind = kinds[data[place] % len(kinds)]
        values = pl.Series([str(each) for each in data[-3:]])
        name = names[data[place + 1] % len(names)]
        columns[name] = (
            values.str.encode("hex") if kind == pl.Binary else values.cast(pl.Int64).cast(kind, strict=False)
        )
    return read_prices(pl.DataFrame(columns), symbol="X", exchange="XKAR")


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


_PARQUET = _written(_BARS.write_parquet)
_ARROW = _written(_BARS.write_ipc)
_XLSX = _written(lambda out: _BARS.write_excel(out))
_JSON = b'[{"date": "2025-05-26", "close": 1.5, "volume": 3}, {"date": "2025-05-27", "close": "1.6"}]'
TARGETS: dict[str, Target] = {
    "page": Target(_file("page.txt", _news("text")), (_PAGE,)),
    "html page": Target(_file("page.html", _news("html")), (_HTML,)),
    "feed": Target(
        _file("feed.xml", _news("feed")), (_RSS, _ATOM, _JSON_FEED), (b"<item>", b"<![CDATA[", b"]]>", b"&#x")
    ),
    "corpus": Target(_file("corpus.jsonl", _news("corpus")), (_CORPUS,)),
    "corpus csv": Target(
        _file("corpus.csv", _news("corpus")), (b"date,title,url\n2025-05-28,Envoys meet,https://a.example/1\n",)
    ),
    "gdelt news": Target(_file("a.gkg.csv", _news("gdelt")), (_GKG,), (b"\t", b"\n")),
    "gdelt events": Target(_file("20250528120000.export.CSV", _gdelt), (b"\t".join([b"1"] * 61) + b"\n",), (b"\t",)),
    "coded events": Target(_file("events.csv", _coded), (_EVENTS,)),
    "strip": Target(_text(_strip), (_STRIP,)),
    "headline": Target(_text(_headline), (b"Pakistan and Azerbaijan agree to deepen trade ties",)),
    "prices csv": Target(_file("p.csv", _prices), (_CSV, _CSV.replace(b",", b";"), _CSV.decode().encode("utf-16"))),
    "prices parquet": Target(_file("p.parquet", _prices), (_PARQUET,), (b"PAR1",)),
    "prices arrow": Target(_file("p.arrow", _prices), (_ARROW,), (b"ARROW1",)),
    "prices json": Target(
        _file("p.json", _prices), (_JSON, b'{"c": [1, 2], "t": [1748217600, 1748304000]}'), (b"{", b"[", b"null")
    ),
    "prices xlsx": Target(_file("p.xlsx", _prices), (_XLSX,), (b"PK\x03\x04",)),
    "prices frame": Target(_frame, (b"\x03\x00\x01\x01abc", b"\x00\x00\x01\x04\x00\x02abc")),
    "factors": Target(_file("ff.csv", _factors), (_FACTORS,)),
    "instruments": Target(_file("i.csv", _instruments), (_INSTRUMENTS,)),
    "report": Target(_file("daily.toml", _report), (_REPORT,), (b"[study]", b"= [", b'"""')),
    "selection": Target(
        _text(_selection), (b"category = AGREE and (dyad = PAK-AZE or not goldstein < -3)",), (b" in (", b"not ", b"'")
    ),
    "formula": Target(
        _text(_formula),
        (b"car ~ goldstein + C(category):tone - 1 + log(I(a ** 2))",),
        (b"**", b"C(", b"I(", b"log(", b"`"),
    ),
    "instant": Target(_text(_instant), (b"2025-05-28T10:00:00+05:00", b"2025-05-28")),
    "printed time": Target(_text(_printed_time), (b"28 May, 2025 06:02am", b"Mon, 27 Aug 2018 19:37:39 PKT")),
    "window": Target(_text(_window), (b"-1:1,-5:5", b"-30min:+60min")),
    "address": Target(_text(_address), (b"https://me:pw@feeds.example:8080/a/b?token=x#y",)),
    "output": Target(_text(_inert), (b"=1+1", b"\x1b[2J", b"../evil")),
}
