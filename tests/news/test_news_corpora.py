"""Corpora and services by name: time, headline, address, publisher, author, language and the source's own symbols."""

import bz2
import gzip
import json
import lzma
import zipfile
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pytest

from correlator import open_workspace
from correlator.errors import InputError
from correlator.news.feed import feed_batches
from correlator.news.language import language_in
from correlator.news.publishers import Publishers
from correlator.news.read import read_news
from correlator.news.stated import name_in, people_in, symbols_in

AT = datetime(2025, 5, 28, 13, tzinfo=UTC)
T = "Alpha raises its forecast"
URL = "https://wire.example/1"

RECORDS = {
    "polygon": {
        "title": T,
        "published_utc": "2025-05-28T13:00:00Z",
        "article_url": URL,
        "publisher": {"name": "The Wire"},
        "author": "A. Writer",
        "tickers": ["ALP", "BET"],
    },
    "finnhub": {"headline": T, "datetime": 1748437200, "url": URL, "source": "The Wire", "related": "ALP,BET"},
    "iex": {
        "headline": T,
        "datetime": 1748437200000,
        "url": URL,
        "source": "The Wire",
        "related": "ALP,BET",
        "lang": "en",
    },
    "alpha_vantage": {
        "title": T,
        "time_published": "20250528T130000",
        "url": URL,
        "source": "The Wire",
        "authors": ["A. Writer"],
        "ticker_sentiment": [{"ticker": "ALP"}, {"ticker": "BET"}, {"ticker": "FOREX:USD"}],
    },
    "newsapi": {
        "title": T,
        "publishedAt": "2025-05-28T13:00:00Z",
        "url": URL,
        "source": {"id": None, "name": "The Wire"},
        "author": "A. Writer",
        "content": "c",
    },
    "nyt": {
        "headline": {"main": T, "kicker": None},
        "pub_date": "2025-05-28T13:00:00+0000",
        "web_url": URL,
        "source": "The Wire",
        "byline": {"original": "By A. Writer"},
    },
    "guardian": {"webTitle": T, "webPublicationDate": "2025-05-28T13:00:00Z", "webUrl": URL, "sectionName": "World"},
    "gdelt_doc": {
        "title": T,
        "seendate": "20250528T130000Z",
        "url": URL,
        "domain": "wire.example",
        "language": "English",
        "sourcecountry": "Malta",
    },
    "event_registry": {
        "title": T,
        "dateTimePub": "2025-05-28T13:00:00Z",
        "dateTime": "2025-05-28T13:09:00Z",
        "url": URL,
        "lang": "eng",
        "source": {"title": "The Wire"},
        "authors": [{"name": "A. Writer"}],
    },
    "tiingo": {
        "title": T,
        "publishedDate": "2025-05-28T13:00:00Z",
        "url": URL,
        "source": "The Wire",
        "tickers": ["alp", "bet"],
        "crawlDate": "2025-05-28T13:30:00Z",
    },
    "alpaca": {
        "headline": T,
        "created_at": "2025-05-28T13:00:00Z",
        "updated_at": "2025-05-28T13:00:00Z",
        "url": URL,
        "symbols": ["ALP", "BET"],
        "source": "The Wire",
        "author": "A. Writer",
    },
    "eodhd": {"title": T, "date": "2025-05-28T13:00:00+00:00", "link": URL, "symbols": ["ALP", "BET"], "content": "c"},
    "benzinga": {
        "title": T,
        "created": "Wed, 28 May 2025 09:00:00 -0400",
        "updated": "Wed, 28 May 2025 09:00:01 -0400",
        "url": URL,
        "stocks": [{"name": "ALP"}, {"name": "BET"}],
        "channels": [],
        "author": "A. Writer",
    },
    "newsdata": {
        "title": T,
        "pubDate": "2025-05-28 13:00:00",
        "link": URL,
        "source_id": "wire",
        "creator": ["A. Writer"],
    },
    "yahoo": {
        "title": T,
        "providerPublishTime": 1748437200,
        "link": URL,
        "publisher": "The Wire",
        "relatedTickers": ["ALP", "BET"],
    },
    "marketaux": {
        "title": T,
        "published_at": "2025-05-28T13:00:00.000000Z",
        "url": URL,
        "source": "wire.example",
        "entities": [{"symbol": "ALP"}, {"symbol": "BET"}],
    },
    "reddit": {
        "title": T,
        "created_utc": 1748437200,
        "subreddit": "stocks",
        "permalink": URL,
        "url": "https://other.example/linked",
        "selftext": "b",
        "author": "A. Writer",
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_service_is_known_by_its_columns(tmp_path, name):
    record = RECORDS[name]
    (tmp_path / "n.jsonl").write_text(json.dumps(record) + "\n")
    (batch,) = read_news(tmp_path / "n.jsonl")
    row = batch.articles.row(0, named=True)
    assert (row["headline"], row["published_at"], row["url"]) == (T, AT, URL)
    assert row["published_precision"] == "second"
    assert row["authors"] in (None, "A. Writer")
    assert (row["authors"] is None) == ("A. Writer" not in json.dumps(record))
    if any(
        key in record
        for key in ("tickers", "related", "ticker_sentiment", "symbols", "stocks", "relatedTickers", "entities")
    ):
        assert batch.named["symbol"].to_list() == ["ALP", "BET"]
        assert batch.named["article_key"].unique().to_list() == [row["article_key"]]


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "edit_history_tweet_ids": ["1"], "text": T, "created_at": "2025-05-28T13:00:00.000Z"},
        {"id_str": "1", "text": T, "created_at": "Wed May 28 13:00:00 +0000 2025", "user": {"name": "A. Writer"}},
        {"id_str": "1", "full_text": T, "created_at": "Wed May 28 13:00:00 +0000 2025", "user": {"name": "A. Writer"}},
        {"id": 1, "body": T, "created_at": "2025-05-28T13:00:00Z", "user": {"username": "A. Writer"}, "symbols": []},
        {"message_id": 1, "channel": "A. Channel", "text": T, "date": "2025-05-28T13:00:00+00:00"},
        {
            "id": 1,
            "type": "message",
            "date": "2025-05-28T20:00:00",
            "date_unixtime": "1748437200",
            "text": [T[:5], {"type": "bold", "text": T[5:]}],
            "from": "A. Channel",
        },
    ],
)
def test_a_post_is_public_from_its_creation_on(tmp_path, record):
    (tmp_path / "n.jsonl").write_text(json.dumps(record) + "\n")
    (batch,) = read_news(tmp_path / "n.jsonl")
    assert batch.articles.select("headline", "published_at", "published_precision").row(0) == (T, AT, "second")
    assert batch.articles["authors"].to_list() == ["A. Writer" if "user" in record else None]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("newsapi", "articles"),
        ("nyt", "response.docs"),
        ("guardian", "response.results"),
        ("polygon", "results"),
        ("alpha_vantage", "feed"),
        ("event_registry", "articles.results"),
    ],
)
def test_what_a_service_answers_is_read_whole(tmp_path, name, path):
    document = [
        RECORDS[name],
        RECORDS[name]
        | {"title": "Beta falls", "headline": {"main": "Beta falls"}, "webTitle": "Beta falls"}
        | {k: URL + "b" for k in ("url", "article_url", "web_url", "webUrl") if k in RECORDS[name]},
    ]
    for key in reversed(path.split(".")):
        document = {"status": "ok", key: document}
    (tmp_path / "answer.json").write_text(json.dumps(document, indent=1))
    (batch,) = read_news(tmp_path / "answer.json")
    assert batch.articles["headline"].to_list() == [T, "Beta falls"]


def test_midnights_of_a_corpus_are_dates(tmp_path):
    rows = [
        "2015-03-02 00:00:00 UTC,One rises,AAA,https://x.org/1",
        "2015-03-02 09:14:00 UTC,Two falls,BBB,https://x.org/2",
        "2015-03-02 00:00:00 UTC,One rises,CCC,https://x.org/1",
    ]
    (tmp_path / "f.csv").write_text("Date,Article_title,Stock_symbol,Url\n" + "\n".join(rows) + "\n")
    (batch,) = read_news(tmp_path / "f.csv")
    assert batch.articles["published_precision"].to_list() == ["day", "second", "day"]
    assert batch.named["symbol"].to_list() == ["AAA", "BBB", "CCC"]


def test_times_of_an_unknown_zone_are_dates(tmp_path):
    row = {"title": T, "text": "t", "domain": "wire.example", "date": "2017-09-06 09:13:00", "url": URL}
    (tmp_path / "c.jsonl").write_text(json.dumps(row))
    (batch,) = read_news(tmp_path / "c.jsonl")
    assert batch.articles["published_at"].to_list() == [datetime(2017, 9, 6, tzinfo=UTC)]
    assert batch.articles["published_precision"].to_list() == ["day"]
    (batch,) = read_news(tmp_path / "c.jsonl", zone="UTC")
    assert batch.articles["published_precision"].to_list() == ["second"]


@pytest.mark.parametrize(
    ("text", "instant", "precision"),
    [
        ("7:51  PM ET Fri, 17 July 2020", datetime(2020, 7, 17, 23, 51, tzinfo=UTC), "minute"),
        ("Jul 18 2020", datetime(2020, 7, 18, tzinfo=UTC), "day"),
        ("18-Jul-20", datetime(2020, 7, 18, tzinfo=UTC), "day"),
    ],
)
def test_headlines_collected_for_kaggle(tmp_path, text, instant, precision):
    (tmp_path / "k.csv").write_text(f'Headlines,Time,Description\n{T},"{text}",d\n')
    (batch,) = read_news(tmp_path / "k.csv")
    assert batch.articles.select("published_at", "published_precision").row(0) == (instant, precision)


def test_an_epoch_under_any_name_of_a_column(tmp_path):
    for number, epoch in enumerate((1748437200, 1748437200000, 1748437200000000, 1748437200000000000)):
        (tmp_path / f"{number}.csv").write_text(f"title,when\n{T},{epoch}\n")
        (batch,) = read_news(tmp_path / f"{number}.csv", columns={"published": "when"})
        assert batch.articles["published_at"].to_list() == [AT]


def test_frames_and_parquet_with_lists_of_symbols(tmp_path):
    frame = pl.DataFrame({"title": [T], "published_utc": [AT], "article_url": [URL], "tickers": [["ALP", "BET"]]})
    frame.write_parquet(tmp_path / "p.parquet")
    for source in (frame, tmp_path / "p.parquet"):
        (batch,) = read_news(source)
        assert batch.articles["published_at"].to_list() == [AT]
        assert batch.named["symbol"].to_list() == ["ALP", "BET"]


def test_a_table_in_another_encoding_is_refused_until_it_is_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("title,date\nAlpha’s café rises,2025-05-28T13:00:00Z\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"line 2 is not UTF-8.*--encoding"):
        list(read_news(path))
    (batch,) = read_news(path, encoding="cp1252")
    assert batch.articles["headline"].to_list() == ["Alpha’s café rises"]
    path.write_bytes("title,date\nAlpha’s café rises,2025-05-28T13:00:00Z\n".encode("utf-16"))
    (batch,) = read_news(path)
    assert batch.articles["headline"].to_list() == ["Alpha’s café rises"]


def test_one_bad_byte_of_a_table_costs_one_byte(tmp_path):
    good = "Görüşme sürüyor,2025-05-28T13:00:00Z\n" * 5
    bad = b"G\xc3\xb6r\xc3 s\xc3\xbcr\xc3\xbcyor,2025-05-28T13:00:00Z\n"
    (tmp_path / "t.csv").write_bytes(b"title,date\n" + good.encode() + bad)
    (batch,) = read_news(tmp_path / "t.csv")
    assert batch.articles["headline"].to_list()[-1] == "Gör\ufffd sürüyor"


def test_semicolons_and_an_ambiguous_order(tmp_path):
    (tmp_path / "s.csv").write_text(f"title;date\n{T};05/06/2025 10:00\n")
    (batch,) = read_news(tmp_path / "s.csv", zone="UTC")
    assert "--date-order" in batch.rejects["reason"][0]
    (batch,) = read_news(tmp_path / "s.csv", zone="UTC", date_order="dmy")
    assert batch.articles["published_at"].to_list() == [datetime(2025, 6, 5, 10, tzinfo=UTC)]


def test_no_article_of_the_future_and_none_of_long_ago_without_being_told(tmp_path):
    (tmp_path / "t.csv").write_text(f"title,date\n{T},2925-05-28T13:00:00Z\n{T} too,1950-05-28T13:00:00Z\n")
    (batch,) = read_news(tmp_path / "t.csv")
    assert ["future" in r or "--earliest" in r for r in batch.rejects["reason"]] == [True, True]
    (batch,) = read_news(tmp_path / "t.csv", earliest="1900-01-01")
    assert batch.articles.height == 1


@pytest.mark.parametrize(
    "options",
    [
        {"zone": "Asia/Lahore"},
        {"date_order": "ymd"},
        {"earliest": "soon"},
        {"profile": "dawn", "zone": "UTC"},
        {"encoding": "rot13"},
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path, options):
    (tmp_path / "t.csv").write_text(f"title,date\n{T},2025-05-28T13:00:00Z\n")
    with pytest.raises(InputError):
        list(read_news(tmp_path / "t.csv", **options))


def loaded(folder, name, text, **options):
    (folder / name).write_text(text, encoding="utf-8")
    batches = [*read_news(folder / name, **options)]
    return pl.concat([batch.articles for batch in batches]).sort("published_at")


@pytest.mark.parametrize(
    ("header", "row", "precision"),
    [
        ("Headline,Publication Date,Publication Time", "Envoys meet,05 January 2024,14:30 GMT", "minute"),
        ("Title,Published date,Hlead", "Envoys meet,January 5 2024 Friday,Text", "day"),
        ("TIMESTAMP_UTC,RP_ENTITY_ID,HEADLINE", "2024-01-05 14:30:00.000,ABC,Envoys meet", "second"),
        ("time_utc,headline", "2024-01-05 14:30,Envoys meet", "minute"),
        ("versionCreated,text,storyId,sourceCode", "2024-01-05 14:30:00,Envoys meet,urn:x,NS:RTRS", "second"),
        ("URL,MobileURL,Date,Title", "https://x.example/1,,2024-01-05 14:30:00,Envoys meet", "second"),
        ("Date/Time,Headline", "2024-01-05T14:30Z,Envoys meet", "minute"),
    ],
)
def test_names_of_columns_however_they_are_written(tmp_path, header, row, precision):
    (article,) = loaded(tmp_path, "t.csv", f"{header}\n{row}\n").to_dicts()
    assert (article["headline"], article["published_precision"]) == ("Envoys meet", precision)
    clock = (0, 0) if precision == "day" else (14, 30)
    assert article["published_at"] == datetime(2024, 1, 5, *clock, tzinfo=UTC)
    assert article["body"] in (None, "Text")


def test_a_zone_that_is_given_counts_before_the_name_of_a_column(tmp_path):
    text = "time_utc,headline\n2024-01-05 14:30,Envoys meet\n"
    (article,) = loaded(tmp_path, "t.csv", text, zone="Asia/Karachi").to_dicts()
    assert article["published_at"] == datetime(2024, 1, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("mark", ["… [+1200 chars]", "... [1200 chars]", " [+1 chars]"])
def test_what_a_service_puts_in_the_place_of_a_text_is_no_text(tmp_path, mark):
    article = {"publishedAt": "2024-01-05T14:30:00Z", "title": "Envoys meet", "content": f"They met in Oslo.{mark}"}
    text = json.dumps({"status": "ok", "articles": [article]})
    assert loaded(tmp_path, "t.json", text)["body"].to_list() == ["They met in Oslo."]


@pytest.mark.parametrize(
    ("stated", "ours"),
    [
        ("LAMP.US", "LAMP"),
        ("NYSE:LAMP", "LAMP"),
        ("LAMP.N", "LAMP"),
        ("LAMP US Equity", "LAMP"),
        ("LAMP US", "LAMP"),
        ("BRK.B", "BRK-B"),
        ("LSE:VOD", "VOD.L"),
        ("VOD LN", "VOD.L"),
        ("LSE:LAMP", "LAMP.L"),
        ("PSX:HBL", "HBL"),
        ("OIL.L", "OIL"),
        ("WICK.US", "WICK"),
    ],
)
def test_a_corpus_ticker_is_the_share_of_the_store(tmp_path, stated, ours):
    workspace = open_workspace(tmp_path / "s.duckdb")
    shares = {"LAMP": "XNYS", "BRK-B": "XNYS", "VOD": "XNAS", "VOD.L": "XLON", "OIL": "XLON"}
    workspace.add_instruments({"symbol": [*shares], "exchange": [*shares.values()]})
    workspace.add_news([{"published": "2024-01-05T10:00Z", "headline": "Envoys meet", "symbols": stated}])
    assert workspace.list("links")["symbol"].to_list() == [ours]


def test_cells_of_symbols_people_and_languages():
    assert symbols_in("NASDAQ:MSFT, brk.b") == ["MSFT", "BRK.B"]
    assert symbols_in("['AAPL', 'X']") == ["AAPL", "X"]
    assert symbols_in("$ALP $BET") == symbols_in("Alp Inc (ALP), Bet Co (XNAS: BET)") == ["ALP", "BET"]
    assert symbols_in("") == symbols_in("[]") == []
    python = "[{'ticker': 'ALP', 'score': nan, 'x': None}, {'ticker': 'BET'}]"
    assert symbols_in(python) == symbols_in("['ALP' 'BET']") == symbols_in("{ALP,BET}") == ["ALP", "BET"]
    nothing = ("nan", "None", "N/A", "null", "unknown", "Alp Inc", "ALP HOLDINGS INC", "Alphabet", '["None"]')
    assert [symbols_in(text) for text in nothing] == [[]] * len(nothing)
    assert symbols_in("NA") == ["NA"]
    assert symbols_in("ALP:US, BET:LN, LSE:FP") == ["ALP.US", "BET.LN", "LSE:FP"]
    assert people_in("""['A. Writer', "Pat O'Dea", 'https://social.example/a']""") == "A. Writer; Pat O'Dea"
    assert name_in("""{'id': None, 'name': "Barron's"}""") == "Barron's"
    assert people_in('[{"name": "A. Writer"}, {"name": "B. Scribe"}]') == "A. Writer; B. Scribe"
    assert [language_in(text) for text in ("cn", "English (US)", "ger", "zh_Hans")] == ["zh", "en", "de", "zh"]
    assert (language_in("English"), language_in("eng"), language_in("en-GB"), language_in("??")) == (
        "en",
        "en",
        "en",
        None,
    )


ATOM = '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>G</title><entry><title>A pact is signed</title><link href="https://g.example/1"/>{}<author><name>A. Writer</name></author></entry></feed>'


def test_an_update_alone_is_the_time_of_a_feeds_item():
    (batch,) = feed_batches(ATOM.format("<updated>2025-05-28T13:00:00Z</updated>").encode(), "f")
    assert batch.articles.select("published_at", "updated_at", "authors").row(0) == (AT, None, "A. Writer")


def test_an_update_before_the_publication_is_not_one():
    times = "<published>2025-05-28T13:00:00Z</published><updated>2025-05-27T13:00:00Z</updated>"
    (batch,) = feed_batches(ATOM.format(times).encode(), "f")
    assert batch.articles.select("published_at", "updated_at").row(0) == (AT, None)


def test_rss_1_of_a_bank():
    rdf = '<?xml version="1.0"?><rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://bank.example/"><title>Speeches</title></channel><item rdf:about="https://bank.example/1"><title>Governor speaks</title><link>https://bank.example/1</link><dc:date>2025-05-28T18:00:00+05:00</dc:date></item></rdf:RDF>'
    (batch,) = feed_batches(rdf.encode(), "f")
    assert batch.articles["published_at"].to_list() == [AT]


@pytest.mark.parametrize(
    ("table", "day"),
    [
        ("publish_date,headline_text\n20250528,alpha raises its forecast\n", True),
        ("unix_ts,news_title,link\n1748437200,Alpha raises its forecast,https://wire.example/1\n", False),
        ("created_utc,title,selftext\n1748437200.0,Alpha raises its forecast,\n", False),
        ("Datum,Titel\n28.05.2025,Alpha hebt seine Prognose an\n", True),
        ("Fecha,Título\n2025-05-28T13:00:00Z,Alpha eleva su previsión\n", False),
        ('link,judul,tanggal,kategori\nu,Alpha naik,"28/05/2025, 20:00 WIB",x\n', False),
        ("Link,Başlık,Haber Metni,Haber Zamanı\nu,Alpha yükseldi,b,28/05/2025\n", True),
        ("Заголовок новости,Компания,Дата,Текст новости\nАльфа растет,А,28.05.2025,b\n", True),
        ("标题,来源,时间,链接\n阿尔法上调预期,新华网,2025年5月28日,u\n", True),
        ("新闻标题,新闻内容,发布时间,文章来源,新闻链接\n阿尔法上调预期,b,2025-05-28,新华网,u\n", True),
    ],
)
def test_tables_that_name_their_columns_otherwise(table, day, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(table, encoding="utf-8")
    (batch,) = read_news(path)
    assert batch.articles["published_at"].to_list() == [AT.replace(hour=0) if day else AT]


def test_records_without_any_field_are_rejects(tmp_path):
    path = tmp_path / "empty.json"
    path.write_text("[{}, {}]", encoding="utf-8")
    assert sum(batch.rejects.height for batch in read_news(path, layout="corpus")) == 2


def test_a_feed_that_the_library_fails_on_is_refused(monkeypatch):
    def fail(*_, **__):
        raise AttributeError("no such parser")

    monkeypatch.setattr("feedparser.parse", fail)
    with pytest.raises(InputError, match="is not a valid feed"):
        list(feed_batches(b"<rss><channel></channel></rss>", "feed.xml", Publishers("generic")))


@pytest.mark.parametrize(
    ("headline", "bare"),
    [
        ("Envoys meet at sea - Gazette", "Envoys meet at sea"),
        ("Gazette - Envoys meet", "Gazette - Envoys meet"),
        (" - Gazette", "- Gazette"),
        ("Envoys meet at sea - Herald", "Envoys meet at sea - Herald"),
    ],
)
def test_the_publisher_that_a_service_puts_behind_a_headline_is_taken_off(headline, bare, tmp_path):
    article = {"source": {"name": "Gazette"}, "title": headline, "publishedAt": "2025-05-28T13:00:00Z"}
    (tmp_path / "a.json").write_text(json.dumps({"status": "ok", "articles": [article]}), encoding="utf-8")
    (batch,) = read_news(tmp_path / "a.json")
    assert batch.articles["headline"].to_list() == [bare]


@pytest.mark.parametrize(
    ("site", "link", "url"),
    [
        ("https://g.example/news/", "/1", "https://g.example/1"),
        ("", "/1", None),
        ("https://g.example/", "https://h.example/1", "https://h.example/1"),
    ],
)
def test_relative_addresses_of_a_feed_are_joined_with_its_sites(site, link, url):
    item = f"<item><title>Envoys meet</title><link>{link}</link><pubDate>Wed, 28 May 2025 13:00:00 GMT</pubDate></item>"
    feed = f"<rss version='2.0'><channel><title>G</title><link>{site}</link>{item}</channel></rss>"
    (batch,) = feed_batches(feed.encode(), "feed.xml", Publishers("generic"))
    assert batch.articles["url"].to_list() == [url]


def test_an_archive_that_holds_another_table_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "news.zip", "w") as archive:
        archive.writestr("news/items.csv", "headline,published_at\nEnvoys meet,2025-05-28T13:00:00Z\n")
        archive.writestr("__MACOSX/news/._items.csv", "x")
    (batch,) = read_news(tmp_path / "news.zip")
    assert batch.articles["published_at"].to_list() == [AT]


def packed_by(kind, raw):
    if kind != "zst":
        return {"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress(raw)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(raw)
    return sink.getvalue().to_pybytes()


RSS = (
    "<rss version='2.0'><channel><title>Wire</title><item><title>Alpha raises its forecast</title>"
    "<pubDate>Wed, 28 May 2025 13:00:00 GMT</pubDate></item></channel></rss>"
)
PAGE = (
    "<html><head><meta property='article:published_time' content='2025-05-28T13:00:00Z'></head>"
    "<body><h1>Alpha raises its forecast</h1></body></html>"
)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("f.xml", RSS),
        ("f.html", PAGE),
        ("f.csv", f"title,date\n{T},2025-05-28T13:00:00Z\n"),
        ("f.jsonl", f'{{"title": "{T}", "date": "2025-05-28T13:00:00Z"}}\n'),
        ("f.json", f'[{{"title": "{T}", "date": "2025-05-28T13:00:00Z"}}]'),
    ],
)
def test_whatever_packs_news_it_is_read_or_said_to_be_damaged(tmp_path, kind, name, text):
    path = tmp_path / f"{name}.{kind}"
    raw = packed_by(kind, text.encode())
    path.write_bytes(raw)
    (batch,) = read_news(path)
    assert batch.articles.select("headline", "published_at").rows() == [(T, AT)]
    path.write_bytes(raw[: len(raw) - 12])
    with pytest.raises(InputError, match="damaged"):
        list(read_news(path))


def test_a_date_and_a_clock_in_two_columns_are_one_time(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("title,date,time\nA talk,2025-05-28,18:00 PKT\nB talk,2025-05-28,\nC talk,2025-05-28,18:00\n")
    (batch,) = read_news(path)
    assert batch.articles.select("headline", "published_at", "published_precision").rows() == [
        ("A talk", AT, "minute"),
        ("B talk", AT.replace(hour=0), "day"),
    ]
    assert "has no time zone" in batch.rejects["reason"][0]
    path.write_text("title,published,time\nA talk,2025-05-28T13:00:00Z,2 min\n")
    (batch,) = read_news(path)
    assert batch.articles["published_at"].to_list() == [AT]


@pytest.mark.parametrize(
    ("zone", "hour"), [("Asia/Karachi", 13), ("UTC", 18), ("gmt", 18), ("+05:00", 13), ("PKT", 13), ("nan", 16)]
)
def test_the_zone_of_a_row_counts_before_that_of_the_caller(tmp_path, zone, hour):
    text = f"title,date,time,timezone\n{T},2025-05-28,18:00,{zone}\n"
    (row,) = loaded(tmp_path, "z.csv", text, zone="Europe/Berlin").to_dicts()
    assert row["published_at"] == AT.replace(hour=hour)
    (tmp_path / "z.csv").write_text(text.replace(zone, "IST"))
    (batch,) = read_news(tmp_path / "z.csv", zone="UTC")
    assert "IST" in batch.rejects["reason"][0]


def test_a_workbook_of_headlines(tmp_path):
    frame = pl.DataFrame({"Headline": [T, "B"], "Day": [AT.date(), None], "Time": [AT.time(), None], "Ticker": "ALP"})
    frame.write_excel(tmp_path / "w.xlsx")
    (batch,) = read_news(tmp_path / "w.xlsx", columns={"published": "Day"}, zone="UTC")
    assert batch.articles.select("headline", "published_at", "source_line").rows() == [(T, AT, 2)]
    assert batch.named["symbol"].to_list() == ["ALP"]
    assert batch.rejects.select("source_line", "reason").rows() == [(3, "no publication time")]


def test_two_columns_of_one_name_are_refused_where_they_are_needed(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("title,date,date\nA talk,2025-05-28,2024-05-28\n")
    with pytest.raises(InputError, match="2 columns named 'date'"):
        list(read_news(path))
    path.write_text("title,date,note,note\nA talk,2025-05-28,x,y\n")
    (batch,) = read_news(path)
    assert batch.articles.height == 1


@pytest.mark.parametrize("nothing", ["nan", "NaN", "None", "NULL", "<NA>", "#N/A"])
def test_what_programs_write_for_nothing_is_no_headline_address_or_time(tmp_path, nothing):
    path = tmp_path / "f.csv"
    path.write_text(
        f"title,date,url\n{nothing},2025-05-28,https://a.example/1\nA talk,{nothing},\n"
        f"B talk,2025-05-28,{nothing}\nC talk,2025-05-28,{nothing}\n"
    )
    (batch,) = read_news(path)
    assert batch.articles.select("headline", "url").rows() == [("B talk", None), ("C talk", None)]
    assert batch.articles["article_key"].n_unique() == 2
    assert batch.rejects["reason"].to_list() == ["no headline", "no publication time"]


def test_an_update_that_cannot_be_read_costs_a_feed_no_item():
    feed = (
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>W</title><entry><title>A talk</title>"
        "<published>2025-05-28T13:00:00Z</published><updated>2999-01-01T00:10:00Z</updated></entry></feed>"
    )
    (batch,) = feed_batches(feed.encode(), "f")
    assert batch.articles.select("published_at", "updated_at").rows() == [(AT, None)]
    (batch,) = feed_batches(feed.replace("published>", "other>").encode(), "f")
    assert "future" in batch.rejects["reason"][0]


def test_records_refused_for_one_reason_are_counted_together(tmp_path):
    (tmp_path / "pages.jsonl").write_text("".join(f'{{"text": "A page {n} without a date"}}\n' for n in range(3)))
    (batch,) = read_news(tmp_path / "pages.jsonl")
    assert batch.rejects["reason"].n_unique() == 1
    assert batch.rejects["source_line"].to_list() == [1, 2, 3]


SITEMAP = (
    "<?xml version='1.0' encoding='UTF-8'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
    "xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'>{}</urlset>"
)
ENTRY = (
    "<url><loc>https://wire.example/1</loc><lastmod>2024-02-01</lastmod><news:news><news:publication>"
    "<news:name>The Wire</news:name><news:language>en</news:language></news:publication>"
    "<news:publication_date>2024-01-05T16:30:00+02:00</news:publication_date>"
    "<news:title>Envoys &amp; ministers meet</news:title></news:news></url>"
)


def test_a_news_sitemap_is_read_as_a_feed(tmp_path):
    text = SITEMAP.format(ENTRY + "<url><loc>https://wire.example/about</loc></url>")
    (article,) = loaded(tmp_path, "sitemap.xml", text).to_dicts()
    assert article["headline"] == "Envoys & ministers meet"
    assert article["url"] == "https://wire.example/1"
    assert article["published_at"] == datetime(2024, 1, 5, 14, 30, tzinfo=UTC)
    assert article["updated_at"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SITEMAP.format("<url><loc>https://wire.example/1</loc></url>"), "a sitemap without headlines"),
        (
            "<?xml version='1.0'?><sitemapindex><sitemap><loc>https://wire.example/1.xml</loc></sitemap></sitemapindex>",
            "without headlines",
        ),
        (SITEMAP.format(ENTRY)[:-12], "is not valid as a sitemap"),
        (SITEMAP.format(ENTRY).replace("<urlset", "<!DOCTYPE x [<!ENTITY a 'b'>]><urlset"), "declares XML entities"),
    ],
)
def test_a_sitemap_that_holds_no_articles_is_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        loaded(tmp_path, "sitemap.xml", text)


def test_days_of_news_in_three_columns_are_refused_with_what_to_write(tmp_path):
    with pytest.raises(InputError, match="in one column 'published'"):
        loaded(tmp_path, "t.csv", "Year,Month,Day,Headline\n2024,1,5,Envoys meet\n")


def test_an_item_of_a_feed_of_many_sites_belongs_to_the_site_that_it_names():
    item = "<item><title>Envoys meet in Riga - Dawn</title><pubDate>Wed, 28 May 2025 09:02:00 GMT</pubDate>{}</item>"
    feed = f"<rss version='2.0'><channel><title>All</title>{item}</channel></rss>"
    named, plain = (
        next(iter(feed_batches(feed.format(source).encode(), "feed.xml"))).articles.row(0, named=True)
        for source in ("<source url='https://www.dawn.com'>Dawn</source>", "")
    )
    assert (named["headline"], named["publisher"]) == ("Envoys meet in Riga", "dawn")
    assert plain["headline"] == "Envoys meet in Riga - Dawn"


def test_a_draft_of_a_feed_is_no_article():
    entry = "<entry><title>Envoys meet</title><published>2025-05-28T09:02:00Z</published>{}</entry>"
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom' xmlns:app='http://www.w3.org/2007/app'>{entry}</feed>"
    (batch,) = feed_batches(feed.format("<app:control><app:draft>yes</app:draft></app:control>").encode(), "feed.xml")
    assert (batch.articles.height, batch.rejects["reason"].to_list()) == (0, ["the item is a draft, not an article"])


@pytest.mark.parametrize(
    ("columns", "row", "instant"),
    [
        ("embargo", "2025-05-30T06:00:00Z", datetime(2025, 5, 30, 6, tzinfo=UTC)),
        ("embargoed_until", "2025-05-27T06:00:00Z", datetime(2025, 5, 28, 9, 2, tzinfo=UTC)),
        ("embargo", "", datetime(2025, 5, 28, 9, 2, tzinfo=UTC)),
        ("embargo", "False", datetime(2025, 5, 28, 9, 2, tzinfo=UTC)),
        ("embargo", "soon", "layout"),
        ("status", "Draft", "its status is Draft"),
        ("pubstatus", "withheld", "its status is withheld"),
        ("status", "200", datetime(2025, 5, 28, 9, 2, tzinfo=UTC)),
    ],
)
def test_a_row_is_not_known_before_its_embargo_ends_nor_while_it_is_not_out(tmp_path, columns, row, instant):
    path = tmp_path / "a.csv"
    path.write_text(f"headline,published,{columns}\nEnvoys meet,2025-05-28T09:02:00Z,{row}\n", encoding="utf-8")
    (batch,) = read_news(path)
    if isinstance(instant, str):
        assert instant in batch.rejects["reason"][0]
    else:
        assert batch.articles["published_at"].to_list() == [instant]


def test_ninjs_of_agencies_is_known_when_its_version_was_issued(tmp_path):
    path = tmp_path / "a.json"
    times = {"versioncreated": "2025-05-28T09:02:00Z", "firstcreated": "2025-05-27T09:02:00Z"}
    path.write_text(json.dumps({"uri": "urn:lamp:1", "headline": "Envoys meet", "pubstatus": "usable", **times}))
    (batch,) = read_news(path)
    assert batch.articles["published_at"].to_list() == [datetime(2025, 5, 28, 9, 2, tzinfo=UTC)]
