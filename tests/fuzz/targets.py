"""Every reader as a target of a fuzzer: for any bytes it may raise only errors of this package."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import doors
from doors import BARS
from samples import FEEDS, TIMES, corpora, files, hostile

from correlator.errors import CorrelatorError

_CSV = b'Date,Open,High,Low,Close,Volume\n2025-05-26,1,2,0.5,1.5,100\n2025-05-27,1.5,2,1,"1.75",\n2025-05-28,,,,1.8,\n'
_RSS = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><item><title>Envoys meet &amp; agree</title>"
    b"<link>https://www.dawn.com/news/1</link><pubDate>Mon, 27 Aug 2018 19:37:39 +0500</pubDate></item></channel></rss>"
)
_ATOM = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>A</title><link href='https://a.example/1'/>"
    b"<updated>2025-05-28T10:00:00Z</updated></entry></feed>"
)
_DISPATCH = (
    b"<newsItem xmlns='http://iptc.org/std/nar/2006-10-01/'><itemMeta><itemClass qcode='ninat:text'/><versionCreated>"
    b"2025-05-28T10:00:00Z</versionCreated></itemMeta><contentMeta><headline>A</headline></contentMeta></newsItem>"
)
_NITF = (
    b"<nitf><head><docdata><date.issue norm='20250528T100000Z'/></docdata></head><body><body.head>"
    b"<hl1>A</hl1></body.head><body.content><p>B</p></body.content></body></nitf>"
)
_PUT_AWAY = (
    b"<html><head><title>Envoys meet</title><meta property='article:published_time' "
    b"content='2025-05-28T10:00:00+05:00'></head><body><h1>Envoys meet</h1><p>They met.</p></body></html>"
)
_MHTML = (
    b"Snapshot-Content-Location: https://a.example/1\r\nContent-Type: multipart/related; boundary=B\r\n\r\n"
    b"--B\r\nContent-Type: text/html\r\n\r\n" + _PUT_AWAY + b"\r\n--B--\r\n"
)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + _PUT_AWAY
_WARC = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/1\r\nContent-Type: application/http\r\n"
    b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(_ANSWER), _ANSWER)
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
_EVENTS = b"date,source,target,category,goldstein,tone\n2025-05-28,PAK,AZE,CONSULT,1.0,0.2\n"
_FACTORS = b"This file was created by somebody\n\n,Mkt-RF,SMB,HML,RF\n20250526,0.10,-0.20,0.30,0.01\n\n Annual\n"
_INSTRUMENTS = (
    b"symbol,exchange,currency,country,name,kind,benchmark,aliases\n"
    b"AIRLINK,XKAR,PKR,PAK,Air Link,share,KSE100,AIRLINK.KA\n"
)
_REPORT = (
    b'title = "Daily"\n[study]\nsymbols = ["AIRLINK"]\nbenchmark = "KSE100"\n'
    b'windows = "-1:1"\n[outputs]\nfigures = ["car"]\n'
)
_QUERIES = (
    b"select symbol, avg(close) over (order by session) as a from bars where close > 1 qualify a > 0",
    b"with t as (select * from bars_known(now(), ['A'])) pivot t on symbol using max(close)",
    b"select list_transform([1, 2], lambda x: x + 1), {'a': 1}, map {'b': 2}, interval 1 day, 'x'::blob from range(3)",
)
_SETTINGS = b'store = "market.duckdb"\nexchange = "XKAR"\nbenchmark = "KSE100"\ncoder = "rules"\n'
_WATCH = (
    b'every = "5 min"\nevents = "category = AGREE"\nsymbols = ["AIRLINK"]\nwindows = "0:1"\n[[feed]]\n'
    b'url = "https://feeds.example/rss"\nevery = 60\nzone = "Asia/Karachi"\n[sinks]\nfolder = "briefs"\n'
)
_ACTORS = (
    b'[[actors]]\nkind = "leader"\nnames = ["A. Minister"]\ncountry = "PAK"\nrole = "GOV"\nfrom = 2024-01-01\n'
    b'[[lexicon]]\ncategory = "REJECT"\npattern = "shelve talks"\nexample = "Envoys shelve talks"\n'
)
_EXCHANGES = b"exchange,zone,weekdays,opens,closes,since,currency\nXDHA,Asia/Dhaka,12347,10:00,14:30,2020-01-05,BDT\n"
_CORRECTIONS = b"exchange,date,until,weekdays,change,opens,closes,source,note\nXKAR,2025-06-06,,,closed,,,a notice,\n"
_LAYOUT = (
    b'name = "own"\nheader = ["Tag", "Kurs"]\ndate_order = "dmy"\ndecimal = ","\n[columns]\ndate = "Tag"\n'
    b'close = "Kurs"\n[scale]\nvolume = 1000\n'
)
_PUBLISHER = (Path(__file__).parents[2] / "data" / "publishers" / "brecorder.toml").read_bytes()
_STRIP = (
    "date 2025-05-28 AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%) KSE100 118,221 Increased By ▲ 100 (0.1%)".encode()
)
_PAGE = _STRIP + b"\nEnvoys meet and agree\n\nNNI Published 28 May, 2025 06:02am\n\nLACHIN: The envoys met.\n"


@dataclass(frozen=True)
class Target:
    """A target: the function of bytes, valid inputs, pieces to insert, and inputs that may be refused."""

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    samples: tuple[bytes, ...] = ()

    @property
    def inputs(self) -> tuple[bytes, ...]:
        """All inputs that a fuzzer begins with."""
        return self.seeds + self.samples


def attempt(target: Target, data: bytes) -> None:
    """Try one input; exceptions other than errors of this package propagate, and warnings are hidden."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            target.run(data)
        except CorrelatorError as error:
            assert "\n" not in str(error), "an error is one line"  # noqa: PT017 (this is not a test)


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


_PARQUET = _written(BARS.write_parquet)
_ARROW = _written(BARS.write_ipc)
_XLSX = _written(lambda out: BARS.write_excel(out))
_STATA = _written(lambda out: BARS.to_pandas().to_stata(out, write_index=False, version=117))
_JSON = b'[{"date": "2025-05-26", "close": 1.5, "volume": 3}, {"date": "2025-05-27", "close": "1.6"}]'
TARGETS: dict[str, Target] = {
    "page": Target(
        doors.of_file("page.txt", doors.news("text")), (_PAGE,), samples=files("tests/news/publishers/*.txt")
    ),
    "html page": Target(
        doors.of_file("page.html", doors.news("html")), (_HTML,), samples=files("tests/news/publishers/*.html")
    ),
    "feed": Target(
        doors.of_file("feed.xml", doors.news("feed")),
        (_RSS, _ATOM, _JSON_FEED),
        (b"<item>", b"<![CDATA[", b"]]>", b"&#x"),
        samples=FEEDS,
    ),
    "dispatch": Target(doors.of_file("wire.xml", doors.news("agency")), (_DISPATCH, _NITF), (b"<p>", b"<embargoed/>")),
    "archive": Target(
        doors.of_file("saved", doors.news("archive")), (_MHTML, _WARC), (b"--B", b"Content-Encoding: gzip", b"chunked")
    ),
    "corpus": Target(doors.of_file("corpus.jsonl", doors.news("corpus")), (_CORPUS,), samples=corpora()),
    "corpus csv": Target(
        doors.of_file("corpus.csv", doors.news("corpus")),
        (b"date,title,url\n2025-05-28,Envoys meet,https://a.example/1\n",),
    ),
    "gdelt news": Target(doors.of_file("a.gkg.csv", doors.news("gdelt")), (_GKG,), (b"\t", b"\n")),
    "gdelt events": Target(
        doors.of_file("20250528120000.export.CSV", doors.gdelt), (b"\t".join([b"1"] * 61) + b"\n",), (b"\t",)
    ),
    "coded events": Target(
        doors.of_file("events.csv", doors.coded), (_EVENTS,), samples=files("tests/golden/*requests.csv")
    ),
    "strip": Target(doors.of_text(doors.strip), (_STRIP,)),
    "headline": Target(
        doors.of_text(doors.headline),
        (b"Pakistan and Azerbaijan agree to deepen trade ties",),
        samples=tuple(b"\n".join(files("tests/events/headlines/*.csv")).splitlines()[::20]),
    ),
    "prices csv": Target(
        doors.of_file("p.csv", doors.prices),
        (_CSV, _CSV.replace(b",", b";").replace(b".", b","), _CSV.decode().encode("utf-16")),
        samples=files("tests/market/layouts/*.[ct][sx][vt]"),
    ),
    "price layouts": Target(
        doors.of_file("p.csv", doors.prices_as_written),
        (b"symbol,date,close,volume\nA,2025-05-26,1.5,3\nB,2025-05-26,2.5,\n",),
        samples=files("tests/market/layouts/*.[ct][sx][vt]"),
    ),
    "prices parquet": Target(doors.of_file("p.parquet", doors.prices), (_PARQUET,), (b"PAR1",)),
    "prices arrow": Target(doors.of_file("p.arrow", doors.prices), (_ARROW,), (b"ARROW1",)),
    "prices json": Target(
        doors.of_file("p.json", doors.prices),
        (_JSON, b'{"close": [1, 2], "date": [1748217600, 1748304000]}'),
        (b"{", b"[", b"null"),
        samples=files("tests/market/layouts/*.json"),
    ),
    "prices stata": Target(doors.of_file("p.dta", doors.prices), (_STATA,), (b"<data>", b"<strls>", b"<value_labels>")),
    "prices xlsx": Target(doors.of_file("p.xlsx", doors.prices), (_XLSX,), (b"PK\x03\x04",)),
    "prices frame": Target(
        doors.of_frame(doors.frame_of_prices),
        (b"\x03\x00\x00\x01\x02\x01\x01\x03\x04\x05", b"\x00\x00\x00\x01\x02\x00\x01\x03\x04\x05\x00\x02\x06\x06\x06"),
    ),
    "study prices frame": Target(
        doors.of_frame(doors.frame_of_study_prices), (b"\x03\x00\x00\x01\x02\x01\x0c\x03\x04\x05",)
    ),
    "study events frame": Target(
        doors.of_frame(doors.frame_of_events), (b"\x00\x0e\x06\x06\x06\x03\x00\x00\x01\x02\x01\x09\x03\x04\x05",)
    ),
    "news frame": Target(
        doors.of_frame(doors.frame_of_news), (b"\x00\x0b\x06\x0e\x06\x03\x00\x00\x01\x02\x00\x0d\x06\x0e\x06",)
    ),
    "factors": Target(doors.of_file("ff.csv", doors.factors), (_FACTORS,), samples=files("tests/golden/*ff3*.csv")),
    "instruments": Target(doors.of_file("i.csv", doors.instruments), (_INSTRUMENTS,)),
    "report": Target(doors.of_file("daily.toml", doors.report), (_REPORT,), (b"[study]", b"= [", b'"""')),
    "settings": Target(doors.of_file("correlator.toml", doors.settings), (_SETTINGS,), (b"[[", b'"""')),
    "watch": Target(doors.of_file("watch.toml", doors.watch), (_WATCH,), (b"[[feed]]", b"[sinks]", b'"""')),
    "actors": Target(doors.of_file("actors.toml", doors.actors), (_ACTORS,), (b"[[actors]]", b"[[lexicon]]")),
    "watchlist": Target(
        doors.of_file("watch.csv", doors.watchlist), (b"symbol,words,kind\nAIRLINK,air link,sector\n",)
    ),
    "exchanges": Target(doors.of_file("exchanges.csv", doors.exchanges), (_EXCHANGES,)),
    "corrections": Target(doors.of_file("corrections.csv", doors.corrections), (_CORRECTIONS,)),
    "publisher": Target(
        doors.of_file("own.toml", doors.publisher), (_PUBLISHER,), samples=files("data/publishers/*.toml")
    ),
    "layout": Target(
        doors.layout, (_LAYOUT,), (b"[columns]", b"rows = [", b"header = ["), samples=files("data/layouts/*.toml")
    ),
    "study prices": Target(
        doors.of_file("p.csv", doors.study_prices),
        (b"date,A,B\n2025-05-26,1.5,2\n2025-05-27,,2.5\n",),
        samples=files("tests/golden/*returns.csv") + files("tests/market/layouts/levels.*"),
    ),
    "study events": Target(
        doors.of_file("e.csv", doors.study_events), (b"symbol,time\nA,2025-05-26\nB,2025-05-27T10:00:00Z\n",)
    ),
    "any news": Target(doors.any_news, tuple(bytes([each]) + b"A title" for each in range(0, 160, 9))),
    "sql": Target(
        doors.of_text(doors.sql),
        _QUERIES,
        (b" union all ", b" from bars ", b"(select ", b"pragma ", b"copy ", b" over ()"),
        samples=hostile("sql.toml", "sql"),
    ),
    "selection": Target(
        doors.of_text(doors.selection),
        (b"category = AGREE and (dyad = PAK-AZE or not goldstein < -3)",),
        (b" in (", b"not ", b"'"),
        samples=hostile("selections.toml", "selection"),
    ),
    "formula": Target(
        doors.of_text(doors.formula),
        (b"car ~ goldstein + C(category):tone - 1 + log(a) + I(a ** 2)",),
        (b"**", b"C(", b"I(", b"log(", b"`"),
        samples=hostile("formulas.toml", "formula"),
    ),
    "instant": Target(
        doors.of_text(doors.instant),
        (b"2025-05-28T10:00:00+05:00", b"2025-05-28"),
        samples=hostile("selections.toml", "instant"),
    ),
    "printed time": Target(
        doors.of_text(doors.printed_time), (b"28 May, 2025 06:02am", b"Mon, 27 Aug 2018 19:37:39 PKT"), samples=TIMES
    ),
    "window": Target(
        doors.of_text(doors.window),
        (b"-1:1,-5:5", b"2025-05-20:2025-05-30"),
        samples=hostile("selections.toml", "window"),
    ),
    "address": Target(
        doors.of_text(doors.address),
        (b"https://me:pw@feeds.example:8080/a/b?token=x#y",),
        samples=hostile("addresses.toml", "address"),
    ),
    "output": Target(doors.of_text(doors.inert), (b"=1+1", b"\x1b[2J", b"../evil")),
}
