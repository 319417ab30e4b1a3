"""Pages, feeds and corpora in layouts of real ones, with wording of our own."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from correlator.errors import CorrelatorError, InputError, NotFoundError, TimeError
from correlator.intake.news import add_news
from correlator.news.batch import article_key, canonical_url, content_hash
from correlator.news.corpora.gdelt import LAYOUTS, read_events, read_gdelt
from correlator.news.feed import feed_batches
from correlator.news.pages.html_page import parse_html
from correlator.news.pages.page import parse_page
from correlator.news.publishers import Publishers
from correlator.news.read import read_news
from correlator.news.stories.joining import cluster_stories
from correlator.store.db import Store

PAGE = """ date 2025-05-28 AIRLINK 159.05 Decreased By ▼ -3.77 (-2.32%)
Two capitals plan a wider trade pact

NNI Published 28 May, 2025 06:02am

LACHIN: Both sides agreed to meet again. They will talk about trade.

A second paragraph holds more of the story.

Minister lands in the city

The last paragraph ends it.
"""
AMP = """<html lang="en"><head><meta property="og:title" content="Envoys meet - Daily Times">
<meta property="og:site_name" content="Daily Times">
<meta property="article:published_time" content="2017-10-11T05:12:42+05:00">
<script type="application/ld+json">{"datePublished": "2017-10-11T05:12:42+00:00"}</script></head>
<body><article><p>ISLAMABAD: The envoys met on Tuesday and talked at length about trade between them.</p></article>
</body></html>"""
RSS = """<rss version="2.0"><channel><title>T</title>
<item><title>One &amp; two</title><link>https://www.dawn.com/news/1</link>
<pubDate>Mon, 27 Aug 2018 19:37:39 +0000</pubDate></item>
<item><title>Known zone</title><link>https://www.dawn.com/news/2</link>
<pubDate>Mon, 27 Aug 2018 19:37 PKT</pubDate></item>
<item><title>Unknown zone</title><link>https://www.dawn.com/news/3</link>
<pubDate>Mon, 27 Aug 2018 19:37 QQT</pubDate></item>
</channel></rss>"""


def test_the_seeds_layout():
    page = parse_page(PAGE)
    assert page.headline == "Two capitals plan a wider trade pact"
    assert (page.agency, page.dateline, page.publisher) == ("NNI", "LACHIN", "brecorder")
    assert page.published.instant == datetime(2025, 5, 28, 1, 2, tzinfo=UTC)
    assert page.published.precision == "minute"
    assert "Asia/Karachi" in page.published.rule
    assert "recognised" in page.published.rule
    assert page.body is not None
    assert "lands" not in page.body
    assert page.body.count("\n\n") == 2
    assert [q.symbol for q in page.quotes] == ["AIRLINK"]


def test_the_crawl_date_is_no_publication():
    with pytest.raises(TimeError, match=r"no publication date.*--published"):
        parse_page(PAGE.replace("NNI Published 28 May, 2025 06:02am", ""))


def test_the_caller_may_give_the_time():
    page = parse_page("A title\n\nSome text.", published="2025-05-28T06:02:00+05:00")
    assert page.published.instant == datetime(2025, 5, 28, 1, 2, tzinfo=UTC)
    assert "caller" in page.published.rule


def test_a_date_in_the_address_is_the_last_resort(tmp_path):
    url = "https://www.dawn.com/news/2025/05/28/title"
    text = PAGE.replace("NNI Published 28 May, 2025 06:02am", "")
    assert parse_page(PAGE, url=url).published.precision == "minute"
    assert "last resort" in parse_page(text, url=url).published.rule
    assert parse_html("<html><h1>Envoys meet</h1></html>", url=url).published.precision == "day"
    with pytest.raises(TimeError):
        parse_html("<html><meta name='pubdate' content='soon'><h1>Envoys meet</h1></html>", url=url)
    (feed,) = feed_batches(
        RSS.replace("Mon, 27 Aug 2018 19:37:39 +0000", "").replace("news/1", "2018/08/27/1").encode(), "f"
    )
    assert feed.articles["published_precision"].to_list() == ["day", "minute"]
    (tmp_path / "c.csv").write_text(f"title,url\nEnvoys meet,{url}\nEnvoys part,https://www.dawn.com/1\n")
    (batch,) = read_news(tmp_path / "c.csv")
    assert batch.articles["published_precision"].to_list() == ["day"]
    assert "last resort" in batch.articles["published_rule"][0]
    assert batch.rejects["reason"].item().startswith("no publication time: no column is recognised")


def test_an_update_is_kept_apart():
    page = parse_page(PAGE.replace("28 May, 2025 06:02am", "May 15, 2025 Updated May 15, 2025 10:55pm"))
    assert (page.published.precision, page.updated.precision) == ("day", "minute")


def test_urdu_passes_unharmed():
    page = parse_page("پاکستان اور چین کے مذاکرات\n\nیہ ایک خبر ہے۔", published="2025-05-28T06:02:00+05:00")
    assert page.language == "ur"
    assert page.headline == "پاکستان اور چین کے مذاکرات"


def test_of_two_offsets_the_publishers_counts():
    page = parse_html(AMP)
    assert page.published.instant == datetime(2017, 10, 11, 0, 12, 42, tzinfo=UTC)
    assert (page.headline, page.dateline, page.publisher) == ("Envoys meet", "ISLAMABAD", "dailytimes")


def test_contradicting_times_raise():
    with pytest.raises(TimeError, match="several publication times"):
        parse_html(AMP.replace("05:12:42+00:00", "09:00:00Z").replace("+05:00", "+07:00"))


def test_a_feeds_unknown_zone_is_a_reject():
    (batch,) = feed_batches(RSS.encode(), "feed.xml")
    assert batch.articles["headline"].to_list() == ["One & two", "Known zone"]
    assert batch.articles["published_at"][1] == datetime(2018, 8, 27, 14, 37, tzinfo=UTC)
    assert "QQT" in batch.rejects["reason"][0]


def test_a_json_feed():
    item = {"title": "T", "url": "https://x.org/1", "date_published": "2024-01-02T03:04:05Z", "content_text": "B."}
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item]}
    (batch,) = feed_batches(json.dumps(feed).encode(), "f")
    assert batch.articles["published_at"][0] == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_entities_are_refused():
    bomb = b'<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss version="2.0"><channel/></rss>'
    with pytest.raises(InputError, match="entities"):
        list(feed_batches(bomb, "f"))


def test_a_corpus_with_a_slipped_row(tmp_path):
    rows = 'n,title,date,stock\n0,A rises,2020-06-05 10:30:00-04:00,A\n1,"B, too"\n2,C falls,soon,C\n'
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(rows.encode()))
    (batch,) = read_news(tmp_path / "c.csv.gz")
    assert batch.articles["published_at"].to_list() == [datetime(2020, 6, 5, 14, 30, tzinfo=UTC)]
    assert sorted(batch.rejects["source_line"].to_list()) == [3, 4]


def test_a_column_without_a_name_is_no_field(tmp_path):
    (tmp_path / "c.csv").write_text(",title,date\n7,A rises,2020-06-05 10:30:00-04:00\n")
    (batch,) = read_news(tmp_path / "c.csv")
    assert batch.articles.select("url", "body", "updated_at").row(0) == (None, None, None)


def test_a_column_of_articles_has_the_keys_and_hashes_of_single_ones(tmp_path):
    rows = 'title,date,body,url\nOne rises,2020-06-05 10:30:00-04:00,,\n"Two, too",5 Jun 2020,"A\nb",https://www.x.org/2/amp?utm_a=1\n'
    (tmp_path / "c.csv").write_text(rows)
    (batch,) = read_news(tmp_path / "c.csv", profile="brecorder")
    for row in batch.articles.rows(named=True):
        assert row["content_hash"] == content_hash(row["headline"], row["body"], row["published_at"], row["updated_at"])
        day = row["published_at"].date()
        assert row["article_key"] == article_key(row["publisher"], row["headline"], row["url"], day)
    assert batch.articles.height == 2


def test_columns_are_asked_for_even_where_there_is_no_row(tmp_path):
    (tmp_path / "c.csv").write_text("when,what\n")
    with pytest.raises(InputError, match="no headline column"):
        list(read_news(tmp_path / "c.csv"))


def test_a_table_without_a_known_column_of_times_is_refused_unless_it_is_named(tmp_path):
    lists = json.dumps([{"headline": "One"}, {"headline": "Two"}])
    (tmp_path / "l.jsonl").write_text(json.dumps({"createdAt": "2023-06-17T08:43:31Z", "headlines": lists}))
    with pytest.raises(
        InputError,
        match=r"no recognised column of publication times.*createdAt, headlines.*--column published=createdAt",
    ):
        list(read_news(tmp_path / "l.jsonl"))
    (batch,) = read_news(tmp_path / "l.jsonl", columns={"published": "createdAt"})
    assert batch.articles["headline"].to_list() == ["One", "Two"]
    assert batch.articles["published_at"].null_count() == 0


def test_a_folder_reads_on_past_a_faulty_file(tmp_path):
    (tmp_path / "a.txt").write_text(PAGE)
    (tmp_path / "b.txt").write_text("No date here\n\nText.")
    batches = list(read_news(tmp_path))
    assert [b.articles.height for b in batches] == [1, 0]
    assert "no publication date" in batches[1].rejects["reason"][0]
    (tmp_path / "b.txt").write_text(PAGE.replace("NNI Published 28 May, 2025 06:02am", ""))
    assert "AIRLINK 159.05 Decreased By" in list(read_news(tmp_path))[1].rejects["content"][0]
    with pytest.raises(NotFoundError, match="does not exist"):
        list(read_news(tmp_path / "none"))


def test_same_text_same_key_and_edit_same_key_other_hash():
    from correlator.news.pages.page import page_batch

    first, again, edited = (
        page_batch(parse_page(text), "f", 1).articles for text in (PAGE, PAGE, PAGE.replace("ends it", "ended it"))
    )
    assert first["content_hash"][0] == again["content_hash"][0] != edited["content_hash"][0]
    assert first["article_key"][0] == edited["article_key"][0]


def test_gdelt_events_keep_code_and_goldstein(tmp_path):
    names = LAYOUTS["events"]
    given_fields = {"EventCode": "043", "EventRootCode": "04", "QuadClass": "1", "GoldsteinScale": "2.8"}
    given_fields |= {
        "Actor1CountryCode": "PAK",
        "Actor2CountryCode": "AZE",
        "DATEADDED": "20250528010000",
        "AvgTone": "-1.5",
    }
    row = "\t".join(given_fields.get(name, "") for name in names)
    path = tmp_path / "e.export.CSV"
    path.write_text(f"{row}\nbroken\trow\n{row}\n")
    (batch,) = read_events(path)
    event = batch.rows.row(0, named=True)
    assert (event["category"], event["cameo_root"], event["goldstein"], event["dyad"]) == (
        "CONSULT",
        "04",
        2.8,
        "AZE-PAK",
    )
    assert json.loads(event["evidence"])["code"] == "043"
    assert event["known_at"] == datetime(2025, 5, 28, 1, tzinfo=UTC)
    assert batch.rejects["source_line"].to_list() == [2]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.binary(max_size=400),
    st.sampled_from(
        ["", "<html><p>", "<rss version='2.0'>", "title,date\n", '{"title":', " date 2025-05-28 ", "Published "]
    ),
    st.sampled_from(["f.txt", "f.csv", "f.jsonl", "f.csv.gz", "f.parquet", "f.html", "f.CSV"]),
)
def test_no_reader_raises_anything_but_our_errors(tmp_path, raw, head, name):
    path = tmp_path / name
    path.write_bytes(head.encode() + raw)
    for read in (lambda: list(read_news(path)), lambda: list(read_gdelt(path))):
        try:
            read()
        except CorrelatorError:
            continue


@pytest.mark.parametrize(
    "url",
    [
        "https://www.dawn.com/news/1/a-title/",
        "http://dawn.com/news/1/a-title/amp",
        "https://m.Dawn.com/news/1/a-title?utm_source=x#top",
    ],
)
def test_addresses_of_one_article_are_one(url):
    assert canonical_url(url) == "dawn.com/news/1/a-title"


def test_stories_join_retellings_and_keep_others_apart():
    day = datetime(2025, 5, 28, tzinfo=UTC)
    rows = [
        ("UPDATE 1-Two capitals plan a wider trade pact", day + timedelta(hours=2)),
        ("Two capitals plan a wider trade pact", day),
        ("Two capitals plan a wider trade pact this year", day + timedelta(hours=3)),
        ("Two capitals cancel a wider trade pact", day + timedelta(hours=4)),
        ("Two capitals plan a wider trade pact", day + timedelta(days=30)),
        ("Two capitals plan a wider trade pact", None),
    ]
    frame = pl.DataFrame(rows, schema={"headline": pl.String, "published_at": pl.Datetime("us", "UTC")}, orient="row")
    assert cluster_stories(frame).to_list() == [1, 1, 1, 3, 4, 5]


GKG = "20250528010000-1\t20250528010000\t{}\tx.org\t{}" + "\t" * 22 + "{}"


def test_gdelts_pages_become_articles_known_when_gdelt_took_them_in(tmp_path):
    rows = [
        GKG.format(1, "https://www.dawn.com/news/1/two-capitals-plan-a-wider-pact", ""),
        GKG.format(1, "https://x.org/2", "<PAGE_TITLE>Envoys &amp; ministers meet</PAGE_TITLE>"),
        GKG.format(1, "https://x.org/12345", ""),
        GKG.format(2, "a printed source", ""),
        GKG.format(1, "javascript:two-capitals-plan-a-wider-pact", ""),
        "cut off\trow",
    ]
    path = tmp_path / "20250528010000.gkg.csv"
    path.write_text("\n".join(rows))
    (batch,) = read_news(path)
    assert batch.articles["headline"].to_list() == ["two capitals plan a wider pact", "Envoys & ministers meet"]
    assert batch.articles["publisher"].to_list() == ["dawn", "generic"]
    assert set(batch.articles["published_at"]) == {datetime(2025, 5, 28, 1, tzinfo=UTC)}
    assert "words of the address" in batch.articles["published_rule"][0]
    assert batch.rejects["source_line"].sort().to_list() == [3, 4, 5, 6]


def test_a_page_mentioned_twice_is_one_article(tmp_path):
    head = "globaleventid,mentiontimedate,mentiontype,mentionidentifier\n"
    row = "{},20250528010000,1,https://x.org/two-capitals-plan-a-pact\n"
    (tmp_path / "m.csv").write_text(head + row.format(1) + row.format(2))
    report = add_news(Store(tmp_path / "m.duckdb"), tmp_path / "m.csv")
    assert (report.added, report.known, report.rejected) == (1, 1, 0)


def test_gdelts_events_are_no_articles(tmp_path):
    (tmp_path / "e.export.CSV").write_text("123456789" + "\t" * 60 + "\n")
    with pytest.raises(InputError, match="add events"):
        list(read_news(tmp_path / "e.export.CSV"))


def test_a_publisher_of_ones_own_is_a_file(tmp_path):
    profile = tmp_path / "gazette.toml"
    profile.write_text(
        'name = "gazette"\ntitle = "The Gazette"\nzone = "Asia/Kolkata"\nlayouts = ["%d.%m.%Y at %H.%M"]\n'
        'strip = ["{symbol} {price} ({change}) {percent}%"]\ndrop = ["^Subscribe"]\nagencies = ["PTI"]\n'
        'abbreviations = { IST = "+05:30" }\n'
    )
    strip = "ONE 37.70 (-1.40)  -3.58%"
    text = f"{strip}\nTwo capitals plan a pact\nPTI Published 28.05.2025 at 06.02\nText is here.\nSubscribe"
    page = parse_page(text, profile=str(profile))
    assert page.published.instant == datetime(2025, 5, 28, 0, 32, tzinfo=UTC)
    assert (page.publisher, page.agency, page.headline) == ("gazette", "PTI", "Two capitals plan a pact")
    assert [quote.symbol for quote in page.quotes] == ["ONE"]
    assert page.body == "Text is here."
    (tmp_path / "page.txt").write_text(text)
    (batch,) = read_news(tmp_path / "page.txt", profile=str(profile))
    assert batch.quotes["previous_close"].to_list() == [39.1]


@pytest.mark.parametrize(
    "line",
    [
        'zone = "Asia/Lahore"',
        'hosts = "x.org"',
        'colour = "red"',
        'drop = ["("]',
        'drop = ["a{2,99999999999999999999}"]',
        f'drop = ["{"(" * 5000}"]',
        'strip = ["{symbol}"]',
        'abbreviations = { IST = "east" }',
        'country = "Kenya"',
        "name = 3",
        "[",
    ],
)
def test_a_faulty_profile_says_what_is_wrong(tmp_path, line):
    (tmp_path / "p.toml").write_text(f'name = "p"\n{line}' if not line.startswith("name") else line)
    with pytest.raises(InputError):
        parse_page(PAGE, profile=str(tmp_path / "p.toml"))


STANDFIRST = """BAFL 37.71 Increased By ▲ 0.01 (0.03%)
Top News

Two capitals plan a wider trade pact

Envoys of both states sat down on Tuesday to speak about fish and t
Published May 28, 2025

Envoys of both states sat down on Tuesday to speak about fish and tourism, and set a date.
"""


def test_a_standfirst_or_a_date_is_no_headline():
    assert parse_page(STANDFIRST).headline == "Two capitals plan a wider trade pact"
    whole = STANDFIRST.replace("about fish and t\n", "about fish, as was agreed before.\n")
    assert parse_page(whole).headline == "Two capitals plan a wider trade pact"
    dated = STANDFIRST.replace(
        "Top News\n\nTwo capitals plan a wider trade pact\n\nEnvoys of both states sat down on Tuesday to speak about fish and t\n",
        "May 28, 2025\nTwo capitals plan a wider trade pact\nMay 27, 2025\n",
    )
    assert parse_page(dated).headline == "Two capitals plan a wider trade pact"
    with pytest.raises(InputError, match="headline"):
        parse_page(STANDFIRST.replace("Top News\n\nTwo capitals plan a wider trade pact\n\n", ""))


@pytest.mark.parametrize(
    ("text", "place", "agency"),
    [
        ("RIGA, May 28 (Reuters) - Envoys met.", "RIGA", "Reuters"),
        ("Riga, 28 May (AFP) -- Envoys met.", "Riga", "AFP"),
        ("MOSCOW, May 28. /TASS/. Envoys met.", "MOSCOW", "TASS"),
        ("RIGA, Latvia (AP) — Envoys met.", "RIGA, Latvia", "AP"),
        ("BEIJING, May 28 (Xinhua) -- Envoys met.", "BEIJING", "Xinhua"),
        ("BAKU, Azerbaijan, May 28. Envoys met.", "BAKU, Azerbaijan", None),
        ("BEIJING, May 28 -- Envoys met.", "BEIJING", None),
        ("LACHIN: Envoys met.", "LACHIN", None),
        ("The envoys (Tuesday) - met.", None, None),
        ("Berlin (dpa) - Envoys met.", "Berlin", "dpa"),
        ("Baku, May 28, AZERTAC Envoys met.", "Baku", "AZERTAC"),
        ("RAWALPINDI - Envoys met.", "RAWALPINDI", None),
        ("NATO - the alliance - met.", None, None),
        ("UPDATE: Envoys met.", None, None),
    ],
)
def test_datelines_of_agencies_abroad(text, place, agency):
    from correlator.news.pages.page import split_dateline

    found = split_dateline(text)
    assert found[:2] == (place, agency)
    assert found[2].endswith("met." if place is None else "Envoys met.")


def test_an_extract_of_gdelt_with_a_header_and_fewer_columns(tmp_path):
    head = "GLOBALEVENTID,SQLDATE,Actor1CountryCode,Actor2CountryCode,EventCode,GoldsteinScale,AvgTone,DATEADDED\n"
    row = "900000001,20250520,PAK,AZE,057,8.0,1.5,20250528\n"
    (tmp_path / "e.csv").write_text(head + row)
    (batch,) = read_events(tmp_path / "e.csv")
    event = batch.rows.row(0, named=True)
    assert (event["known_at"], event["known_precision"]) == (datetime(2025, 5, 28, tzinfo=UTC), "day")
    assert (event["cameo_root"], event["quad_class"], event["dyad"]) == ("05", "verbal-cooperation", "AZE-PAK")
    (tmp_path / "e.csv").write_text(head.replace(",DATEADDED", "") + row.replace(",20250528", ""))
    with pytest.raises(InputError, match="no DATEADDED"):
        list(read_events(tmp_path / "e.csv"))


def gdelt_extract(columns, **cells):
    """Write one row of an events file under ``columns``, with a header."""
    row = {
        "GLOBALEVENTID": "900000001",
        "Actor1CountryCode": "PAK",
        "Actor2CountryCode": "AZE",
        "EventCode": "042",
        "EventRootCode": "04",
        "QuadClass": "1",
        "DATEADDED": "20250528123000",
    } | cells
    return ",".join(columns) + "\n" + ",".join(row.get(name, "") for name in columns) + "\n"


EVENT_NAMES = LAYOUTS["events"]


@pytest.mark.parametrize(
    "columns",
    [
        EVENT_NAMES[::-1],
        [*[name for name in EVENT_NAMES if "Religion" not in name][:-3], "DATEADDED", "SOURCEURL", "x"],  # 57
        [name for name in EVENT_NAMES if not name.startswith("Actor1Religion") and name != "Actor1EthnicCode"],  # 58
        ["GLOBALEVENTID", "DATEADDED", "Actor1CountryCode", "Actor2CountryCode", "EventCode", *"abcdefghijk"],  # 16
        ["", *EVENT_NAMES],
    ],
)
def test_a_header_of_events_says_which_column_is_which(tmp_path, columns):
    (tmp_path / "e.csv").write_text(gdelt_extract(columns))
    (batch,) = read_events(tmp_path / "e.csv")
    event = batch.rows.row(0, named=True)
    assert (event["category"], event["quad_class"], event["dyad"]) == ("CONSULT", "verbal-cooperation", "AZE-PAK")
    assert event["known_at"] == datetime(2025, 5, 28, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "instant", "precision"),
    [
        ("2025-05-28 12:30:00 UTC", datetime(2025, 5, 28, 12, 30, tzinfo=UTC), "minute"),
        ("2025-05-28T12:30:00.000000Z", datetime(2025, 5, 28, 12, 30, tzinfo=UTC), "minute"),
        ("2025-05-28", datetime(2025, 5, 28, tzinfo=UTC), "day"),
        ("20250528.0", datetime(2025, 5, 28, tzinfo=UTC), "day"),
    ],
)
def test_the_time_at_which_gdelt_added_an_event_as_databases_write_it(tmp_path, written, instant, precision):
    (tmp_path / "e.csv").write_text(gdelt_extract(EVENT_NAMES, DATEADDED=written))
    (batch,) = read_events(tmp_path / "e.csv")
    assert batch.rows.select("known_at", "known_precision").rows() == [(instant, precision)]


@pytest.mark.parametrize("written", ["2.02505E+13", "", "28/05/2025", "20251328123000"])
def test_an_event_without_a_readable_time_of_addition_is_a_reject(tmp_path, written):
    (tmp_path / "e.csv").write_text(gdelt_extract(EVENT_NAMES, DATEADDED=written))
    (batch,) = read_events(tmp_path / "e.csv")
    assert batch.rows.is_empty()
    assert "DATEADDED" in batch.rejects["reason"].item()
    (tmp_path / "e.csv").rename(tmp_path / "20250528123000.csv")
    (batch,) = read_events(tmp_path / "20250528123000.csv")  # the name of the file has the time
    assert batch.rows["known_at"].to_list() == [datetime(2025, 5, 28, 12, 30, tzinfo=UTC)]


def test_headers_of_events_in_small_letters_and_with_a_repeated_name(tmp_path):
    header, _, row = gdelt_extract(EVENT_NAMES[:40] + EVENT_NAMES[-2:]).partition("\n")
    (tmp_path / "e.csv").write_text(f"{header.lower()}\n{row}")
    (batch,) = read_events(tmp_path / "e.csv")
    assert batch.rows["dyad"].to_list() == ["AZE-PAK"]
    (tmp_path / "e.csv").write_text(gdelt_extract([*EVENT_NAMES[:40], "DATEADDED", "QuadClass"]))
    with pytest.raises(InputError, match="two columns called 'QuadClass'"):
        list(read_events(tmp_path / "e.csv"))


@pytest.mark.parametrize(
    ("name", "text", "said", "message"),
    [
        ("n.csv", "published,headline\n2025-05-28T08:00Z,A title\n", {"published": "2025-05-28T09:00Z"}, "is a table"),
        ("n.html", "<html><title>A title</title></html>", {"columns": {"headline": "x"}}, "is a page"),
        ("n.xml", "<rss version='2.0'><channel></channel></rss>", {"published": "2025-05-28T09:00Z"}, "is a feed"),
    ],
)
def test_what_no_reader_would_look_at_is_refused(tmp_path, name, text, said, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        list(read_news(path, **said))
    with pytest.raises(InputError, match="published applies to pages, but a frame is a table"):
        list(read_news(pl.DataFrame({"published": [], "headline": []}), published="2025-05-28T09:00Z"))


@pytest.mark.parametrize(
    ("codes", "roots"),
    [
        ("10 18 42 841 190", ["01", "01", "04", "08", "19"]),  # 42 and 841 tell that zeros are lost
        ("10 042 190", ["10", "04", "19"]),
        ("40.0 10.0", ["04", "01"]),
        ("10 190", ["19"]),  # 010 or 10: nothing tells
    ],
)
def test_event_codes_that_lost_their_zeros_are_read_or_rejected(tmp_path, codes, roots):
    header = "GLOBALEVENTID,SQLDATE,Actor1CountryCode,Actor2CountryCode,EventCode,DATEADDED,SOURCEURL"
    rows = [
        f"{900000001 + number},20250528,PAK,AZE,{code},20250528081500,https://a.example/{number}"
        for number, code in enumerate(codes.split())
    ]
    (tmp_path / "z.csv").write_text("\n".join([header, *rows, ""]))
    (batch,) = read_events(tmp_path / "z.csv")
    assert batch.rows["cameo_root"].to_list() == roots
    assert batch.rejects.height == len(rows) - len(roots)
    assert all("may be 010" in reason for reason in batch.rejects["reason"])


BODY = "Envoys of both states met on Tuesday in the capital and spoke at length about trade between them."


@pytest.mark.parametrize(
    ("text", "day", "authors"),
    [
        (f"World\n\nEnvoys meet at sea\n\nBy Ann Doe\n\nPublished May 28, 2025 06:02pm\n\n{BODY}\n", 28, "Ann Doe"),
        (
            f"Envoys meet at sea\nBY OUR CORRESPONDENT\nPublished May 28, 2025 06:02pm\n\n{BODY}\n",
            28,
            "OUR CORRESPONDENT",
        ),
        (f"Envoys meet at sea\n\n{BODY}\n\nPublished in The Gazette, May 28th, 2025.\n", 28, None),
        (f"Envoys meet at sea\n\n{BODY}\n\nPublished May 28, 2025 06:02pm\n", 28, None),
    ],
)
def test_lines_about_the_text_are_no_headline(text, day, authors):
    page = parse_page(text, publishers=Publishers(zone="Asia/Karachi"))
    assert (page.headline, page.body, page.authors) == ("Envoys meet at sea", BODY, authors)
    assert page.published.instant.day == day


@pytest.mark.parametrize("before", ["", "<!-- saved -->\n"])
def test_a_page_may_leave_out_its_outer_elements(tmp_path, before):
    text = f"{before}<meta name='date' content='2025-05-28T13:00:00Z'><h1>Envoys meet at sea</h1><p>{BODY}</p>"
    (tmp_path / "p.html").write_text(text, encoding="utf-8")
    (batch,) = read_news(tmp_path / "p.html")
    assert batch.articles.select("headline", "body").row(0) == ("Envoys meet at sea", BODY)
