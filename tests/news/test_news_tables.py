"""Tables of services and exports: whose zone counts, how exact a time is, and texts that are markup or nothing."""

import csv
import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from correlator.errors import InputError
from correlator.news.read import read_news
from correlator.news.stated import symbols_in

AT = datetime(2025, 5, 28, 13, tzinfo=UTC)
DAY = datetime(2025, 5, 28, tzinfo=UTC)
T = "Lamp raises its forecast"
URL, KARACHI = "https://wire.example/1", "https://www.brecorder.com/news/1"


def read(folder, name, content, **options):
    if isinstance(content, list) and isinstance(content[0], list):
        text = io.StringIO()
        csv.writer(text).writerows(content)
        content = text.getvalue()
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    batches = [*read_news(folder / name, **options)]
    return tuple(pl.concat([getattr(batch, frame) for batch in batches]) for frame in ("articles", "rejects", "named"))


STOCK_NEWS = {"news_url": URL, "title": T, "text": "b", "source_name": "The Wire", "tickers": ["ALP", "BET"]}
WEBZ = {
    "thread": {"published": "2025-05-28T16:00:00.000+03:00", "site": "The Wire"},
    "url": URL,
    "title": T,
    "text": "b",
}
SERVICES = {
    "stock_news": {"data": [STOCK_NEWS | {"date": "Wed, 28 May 2025 09:00:00 -0400"}]},
    "webz": {"posts": [WEBZ | {"published": "2025-05-28T16:00:00.000+03:00", "crawled": "2025-05-28T16:10:00.000+03:00"}]},
    "bing": {"value": [{"name": T, "url": URL, "datePublished": "2025-05-28T13:00:00.0000000Z",
                        "provider": [{"name": "The Wire"}]}]},
    "yahoo": [{"id": "a", "content": {"title": T, "pubDate": "2025-05-28T13:00:00Z", "provider": {"displayName": "The Wire"},
                                      "canonicalUrl": {"url": URL}, "finance": {"stockTickers": [{"symbol": "ALP"}]}}}],
    "intrinio": {"news": [{"title": T, "publication_date": "2025-05-28T13:00:00.000Z", "url": URL,
                           "company": {"ticker": "ALP", "name": "Alp Inc"}}]},
    "lseg": {"Items": [{"data": {"headline": T, "versionCreated": "2025-05-28T13:00:00.000Z", "pubStatus": "stat:usable",
                                 "firstCreated": "2025-05-28T12:00:00.000Z", "provider": "The Wire"}}]},
    "newscatcher": {"articles": [{"title": T, "published_date": "2025-05-28 13:00:00", "published_date_precision": "full",
                                  "link": URL, "rights": "The Wire"}]},
    "search engine": {"hits": {"hits": [{"_source": {"title": T, "published": "2025-05-28T13:00:00Z", "url": URL}}]}},
    "any other": {"answer": {"of": {"today": [{"title": T, "published": "2025-05-28T13:00:00Z", "url": URL,
                                               "tags": [{"term": "x"}]}]}, "errors": [{"code": 1}]}},
    "newsfilter": {"articles": [{"title": T, "publishedAt": "2025-05-28T13:00:00+0000", "sourceUrl": URL,
                                 "source": {"name": "The Wire"}, "symbols": ["ALP", "BET"]}]},
    "factiva": [{"title": T, "body": "b", "publication_date": 1748390400000, "publication_datetime": 1748437200000,
                 "source_name": "The Wire", "language_code": "en", "url": URL}],
    "aylien": {"stories": [{"title": T, "body": "b", "published_at": "2025-05-28T13:00:00Z", "source": {"name": "The Wire"},
                            "links": {"permalink": URL}}]},
    "fundus": [{"title": T, "publishing_date": "2025-05-28 15:00:00+02:00", "plaintext": "b", "body": {"summary": ["s"]},
                "html": {"requested_url": URL}}],
    "bloomberg": [{"Headline": T, "Body": "b", "TimeOfArrival": "2025-05-28T13:00:00.000+00:00", "WireName": "The Wire",
                   "AssignedTickers": "ALP", "DerivedTickers": "BET", "url": URL}],
    "bse": {"Table": [{"NEWSSUB": T, "HEADLINE": "b", "SCRIP_CD": "ALP", "DT_TM": "2025-05-28T18:29:00", "url": URL,
                       "DissemDT": "2025-05-28T18:30:00", "News_submission_dt": "2025-05-28T18:20:00"}], "Table1": [{"ROWCNT": 1}]},
    "mongodb": [{"title": T, "url": URL, "published": {"$date": {"$numberLong": "1748437200000"}}}],
}  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_an_answer_is_known_by_its_names(tmp_path, name):
    articles, _, named = read(tmp_path, "answer.json", SERVICES[name])
    row = articles.row(0, named=True)
    assert (row["headline"], row["published_at"], row["published_precision"]) == (T, AT, "second")
    assert row["body"] == ("b" if '"b"' in json.dumps(SERVICES[name]) else None)
    assert row["url"] == (None if name == "lseg" else URL)
    assert row["publisher"] == ("The Wire" if "The Wire" in json.dumps(SERVICES[name]) else "generic")
    assert ("ALP" in named["symbol"]) == ("ALP" in json.dumps(SERVICES[name]))


@pytest.mark.parametrize("precision", ["timezone unknown", "date"])
def test_a_clock_that_is_not_certain_is_a_date(tmp_path, precision):
    record = SERVICES["newscatcher"]["articles"][0] | {"published_date_precision": precision}
    articles, _, _ = read(tmp_path, "answer.json", {"articles": [record]})
    assert articles.select("published_at", "published_precision").row(0) == (DAY, "day")


@pytest.mark.parametrize(
    ("header", "row", "options"),
    [
        (["published_utc", "headline", "url"], ["2025-05-28 13:00:00", T, KARACHI], {}),
        (["date", "headline", "url"], ["2025-05-28 13:00:00", T, KARACHI], {"zone": "UTC"}),
        (["date", "headline", "url"], ["2025-05-28 18:00:00", T, KARACHI], {}),
        (["pubDate", "title", "source_id", "link"], ["2025-05-28 13:00:00", T, "x", KARACHI], {}),
        (["Date", "Time (UTC)", "Headline", "url"], ["2025-05-28", "13:00", T, KARACHI], {}),
        (["Date", "Time (ET)", "Headline"], ["2025-05-28", "9:00 AM", T], {}),
        (["Date (UTC)", "Headline"], ["2025-05-28 13:00", T], {}),
        (["published_at_utc", "headline"], ["2025-05-28 13:00:00", T], {}),
        (["Published (EST)", "headline"], ["2025-05-28 08:00", T], {}),
        (["Published (UTC+5)", "headline"], ["2025-05-28 18:00", T], {}),
        (["published_at", "published_tz", "headline"], ["2025-05-28 18:00", "Asia/Karachi", T], {}),
        (["date", "time", "headline"], ["2025-05-28", "1300", T], {"zone": "UTC"}),
        (["date", "time", "headline"], ["2025-05-28", "900", T], {"zone": "America/New_York"}),
    ],
)
def test_the_zone_that_a_table_states_counts_before_that_of_a_publisher(tmp_path, header, row, options):
    articles, _, _ = read(tmp_path, "t.csv", [header, row], **options)
    assert articles["published_at"].to_list() == [AT]


@pytest.mark.parametrize(
    ("header", "row", "headline", "body"),
    [
        (["published", "headline"], ["2025-05-28T13:00Z", "AT&amp;T wins; Pat O&#39;Dea leaves"],
         "AT&T wins; Pat O'Dea leaves", None),
        (["published", "headline"], ["2025-05-28T13:00Z", "<b>Lamp</b> &lt; forecast"], "Lamp < forecast", None),
        (["published", "headline", "body"], ["2025-05-28T13:00Z", T, "<p>The maker &amp; co said.</p><p>More.</p>"],
         T, "The maker & co said.\n\nMore."),
        (["published", "headline", "body"], ["2025-05-28T13:00Z", T, "a < b and c > d hold"], T, "a < b and c > d hold"),
        (["published", "headline", "body"], ["2025-05-28T13:00Z", T, "See /q?a=1&copy=2&lt;"], T, "See /q?a=1&copy=2<"),
        (["pubDate", "title", "source_id", "content"], ["2025-05-28T13:00Z", T, "x", "ONLY AVAILABLE IN PAID PLANS"],
         T, None),
    ],
)  # fmt: skip
def test_markup_and_words_for_nothing_are_no_text(tmp_path, header, row, headline, body):
    articles, _, _ = read(tmp_path, "t.csv", [header, row])
    assert articles.select("headline", "body").row(0) == (headline, body)


@pytest.mark.parametrize(
    ("header", "row", "reason"),
    [
        (
            ["publishedAt", "title", "url"],
            ["2025-05-28T13:00:00Z", "[Removed]", "https://removed.example"],
            "no headline",
        ),
        (["headline", "versionCreated", "pubStatus"], [T, "2025-05-28T13:00:00Z", "stat:canceled"], "is not published"),
        (["title", "date", "url"], [T, "05/06/2025 10:00 UTC", "https://www.aa.com.tr/1"], "--date-order"),
        (["title", "when", "url"], [T, "2025-05-28", URL], "no column is recognised as one"),
        (["title", "createdAt", "url"], [T, "2025-05-28T13:00:00Z", URL], "--column published=createdAt"),
    ],
)
def test_rows_that_are_no_articles(tmp_path, header, row, reason):
    articles, rejects, _ = read(tmp_path, "t.csv", [header, row])
    assert articles.is_empty()
    assert reason in rejects["reason"].item()


def test_the_line_that_excel_asks_for_and_arrow(tmp_path):
    articles, _, _ = read(tmp_path, "s.csv", f"sep=;\ntitle;date;link\n{T};2025-05-28T13:00:00Z;javascript:run()\n")
    assert articles.select("published_at", "url").row(0) == (AT, None)
    pl.DataFrame({"title": [T], "date": [AT]}).write_ipc(tmp_path / "a.feather")
    (batch,) = read_news(tmp_path / "a.feather")
    assert batch.articles["published_at"].to_list() == [AT]


def test_records_that_hold_the_html_of_a_page_are_pages(tmp_path):
    page = f"<html><head><title>{T}</title><meta name='date' content='2025-05-28T13:00:00Z'></head><body></body></html>"
    articles, _, _ = read(tmp_path, "p.json", [{"url": URL, "html": page}])
    assert articles.select("headline", "published_at", "url").row(0) == (T, AT, URL)


def test_what_is_no_object_of_a_list_is_a_reject(tmp_path):
    articles, rejects, _ = read(tmp_path, "p.json", [{"title": T, "published": "2025-05-28T13:00:00Z"}, T])
    assert articles["headline"].to_list() == [T]
    assert rejects.select("source_line", "reason").row(0) == (2, "JSON, but not an object")


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["05/06/2025 10:00", "05/28/2025 10:00"], (5, 6)),
        (["05/06/2025 10:00", "28/05/2025 10:00"], (6, 5)),
    ],
)
def test_days_after_the_12th_show_the_order_of_the_whole_table(tmp_path, dates, order):
    rows = [["title", "date"], *([f"{T} {n}", date] for n, date in enumerate(dates))]
    articles, rejects, _ = read(tmp_path, "t.csv", rows, zone="UTC")
    assert rejects.is_empty()
    assert articles["published_at"].to_list() == [
        datetime(2025, *order, 10, tzinfo=UTC),
        datetime(2025, 5, 28, 10, tzinfo=UTC),
    ]


def test_dates_that_contradict_each_other_show_no_order(tmp_path):
    rows = [[f"{T} {n}", date] for n, date in enumerate(["05/06/2025", "05/28/2025", "27/05/2025"])]
    articles, rejects, _ = read(tmp_path, "t.csv", [["title", "date"], *rows], zone="UTC")
    assert articles.height == 2
    assert "ambiguous" in rejects["reason"].item()


ADDRESS = "https://wire.example/live"
# Rows of which a part alone is read in another way than the table: day and month, clocks, addresses of lists.
PARTS = {
    "the order shows late": [{"date": date} for date in ("05/06/2025", "04/06/2025", "05/28/2025")],
    "the order shows early": [{"date": date} for date in ("05/28/2025", "05/27/2025", "05/06/2025")],
    "both orders": [{"date": date} for date in ("05/28/2025", "05/06/2025", "28/05/2025", "05/06/2025")],
    "both orders, late": [{"date": date} for date in ("05/06/2025", "28/05/2025", "05/28/2025")],
    "two clocks": [
        {"date": "2025-05-28 10:00", "url": f"https://{host}/2025/a.html"}
        for host in ("www.dawn.com", "www.dawn.com", "www.nytimes.com")
    ],
    "an address of a list": [{"date": f"2025-05-{day}T10:00:00Z", "url": ADDRESS} for day in (26, 27, 28)],
    "midnights": [{"date": f"2025-05-{day}T16:00:00Z"} for day in range(10, 26)],
}


@pytest.mark.filterwarnings("ignore:times of publication that are midnight")
@pytest.mark.parametrize("kind", ["frame", "csv", "jsonl", "parquet"])
@pytest.mark.parametrize("rows", PARTS.values(), ids=PARTS)
def test_a_table_that_is_read_in_parts_is_read_as_a_whole(tmp_path, monkeypatch, rows, kind):
    frame = pl.DataFrame([{"title": f"{T} {n}", **row} for n, row in enumerate(rows)])
    source = frame if kind == "frame" else tmp_path / f"t.{kind}"
    if kind != "frame":
        getattr(frame, f"write_{kind.replace('jsonl', 'ndjson')}")(source)
    whole, *others = read_news(source)
    assert not others
    monkeypatch.setattr("correlator.news.corpora.records.BATCH_ROWS", 2)
    parts = list(read_news(source))
    assert len(parts) > 1
    assert pl.concat([part.articles for part in parts]).equals(whole.articles)
    assert pl.concat([part.rejects for part in parts]).equals(whole.rejects)


@pytest.mark.parametrize(
    ("rows", "days", "rejects"),
    [
        (PARTS["the order shows late"], [6, 6, 28], 0),
        (PARTS["both orders"], [28, 28], 2),
        (PARTS["two clocks"], [], 3),
    ],
)
def test_what_a_later_part_shows_holds_for_earlier_ones(monkeypatch, rows, days, rejects):
    monkeypatch.setattr("correlator.news.corpora.records.BATCH_ROWS", 1)
    batches = list(read_news(pl.DataFrame([{"title": f"{T} {n}", **row} for n, row in enumerate(rows)])))
    assert [day for batch in batches for day in batch.articles["published_at"].dt.day()] == days
    assert sum(batch.rejects.height for batch in batches) == rejects


def test_an_address_of_a_list_identifies_no_article_of_any_part(monkeypatch):
    monkeypatch.setattr("correlator.news.corpora.records.BATCH_ROWS", 1)
    rows = [{"title": f"{T} {n}", **row} for n, row in enumerate(PARTS["an address of a list"])]
    keys = pl.concat([batch.articles for batch in read_news(pl.DataFrame(rows))])["article_key"]
    assert keys.n_unique() == 3


def test_columns_that_only_later_objects_have_count(tmp_path, monkeypatch):
    monkeypatch.setattr("correlator.news.corpora.records._NAMING", 1)
    rows = [
        {"title": T, "date": "2025-05-28T10:00:00Z", "other": 1},
        {"title": f"{T} 2", "date": "2025-05-28T10:00:00Z", "embargo": "2025-05-29T10:00:00Z", "symbols": ["LAMP"]},
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (batch,) = read_news(tmp_path / "t.jsonl")
    assert batch.articles["published_at"].dt.day().to_list() == [28, 29]
    assert batch.named["symbol"].to_list() == ["LAMP"]


@pytest.mark.parametrize(
    ("row", "said"), [(b"caf\xe9,2025-05-28\n" * 30, "UTF-8"), (b'"' + b"x" * 4_000_001, "longer than")]
)
def test_a_table_whose_last_row_cannot_be_read_is_refused_before_its_first_is_handed_on(
    tmp_path, monkeypatch, row, said
):
    monkeypatch.setattr("correlator.news.corpora.records.BATCH_ROWS", 1)
    (tmp_path / "t.csv").write_bytes(b"title,date\na,2025-05-28\nb,2025-05-28\n" + row)
    with pytest.raises(InputError, match=said):
        next(read_news(tmp_path / "t.csv"))


FILING = "https://www.sec.gov/Archives/edgar/data/1/000001/lamp-20250331.htm"


def test_a_filing_is_known_when_it_was_filed_not_at_the_end_of_its_period(tmp_path):
    header = ["filed", "symbol", "title", "url"]
    articles, rejects, named = read(
        tmp_path, "t.csv", [header, ["2025-05-28", "LAMP", "10-Q", FILING], ["", "", "8-K", FILING]]
    )
    assert articles.select("published_at", "published_precision").rows() == [(DAY, "day")]
    assert rejects["reason"].to_list() == ["no publication time"]
    assert named["symbol"].to_list() == ["LAMP"]


@pytest.mark.parametrize("url", [FILING, "https://wire.example/2025/05/28/lamp"])
def test_the_date_of_an_address_is_not_that_of_a_text_whose_table_has_its_own(tmp_path, url):
    articles, rejects, _ = read(
        tmp_path, "t.csv", [["date", "text", "url"], ["2025-05-29", "Lamp rises\n\nThe company said so.", url]]
    )
    assert articles.is_empty()
    assert "--column headline=NAME" in rejects["reason"].item()


def test_a_sign_for_no_address_joins_no_articles(tmp_path):
    rows = [["title", "date", "link"], [T, "2025-05-28", "#"], [f"{T} again", "2025-05-28", "#"]]
    articles, _, _ = read(tmp_path, "t.csv", rows)
    assert articles["article_key"].n_unique() == 2
    assert articles["url"].null_count() == 2


def test_symbols_that_were_added_to_the_table_of_a_service_are_kept(tmp_path):
    record = {"title": T, "time_published": "20250528T130000", "overall_sentiment_score": 0.1, "ticker": "LAMP"}
    articles, _, named = read(tmp_path, "t.json", [record])
    assert articles["published_at"].to_list() == [AT]
    assert named["symbol"].to_list() == ["LAMP"]


TWO = [{"title": T, "date": "2025-05-28"}, {"title": f"{T} again", "date": "2025-05-29"}]
BY_COLUMN = {name: {str(n): row[name] for n, row in enumerate(TWO)} for name in ("title", "date")}


@pytest.mark.parametrize(
    "document",
    [
        BY_COLUMN,
        {str(n): row for n, row in enumerate(TWO)},
        {"columns": ["title", "date"], "index": [0, 1], "data": [list(row.values()) for row in TWO]},
    ],
)
def test_tables_as_pandas_writes_them_to_json_are_read(tmp_path, document):
    articles, rejects, _ = read(tmp_path, "t.json", document)
    assert articles["headline"].to_list() == [row["title"] for row in TWO]
    assert rejects.is_empty()


def test_rows_whose_labels_say_something_are_refused(tmp_path):
    with pytest.raises(InputError, match="no headline column"):
        read(tmp_path, "t.json", {"ALP": TWO[0], "BET": TWO[1]})


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("1970-01-01 00:00:01.748437200", "is an epoch that was read in the wrong unit"),
        ("45805.375", "is the serial number of a date in a spreadsheet"),
    ],
)
def test_times_that_another_program_has_changed_are_named(tmp_path, time, said):
    _, rejects, _ = read(tmp_path, "t.csv", [["title", "date"], [T, time]], zone="UTC")
    assert said in rejects["reason"].item()


HOMES = ["https://wire.example", "https://wire.example/", "http://www.wire.example/index.html?utm_source=rss"]


@pytest.mark.parametrize("address", [*HOMES, "https://wire.example/live", "https://wire.example/live#now"])
@pytest.mark.parametrize("column", ["url", "source_url"])
def test_an_address_that_articles_share_identifies_none(tmp_path, address, column):
    rows = [[f"{T} {n}", f"2025-05-{n}T13:00:00Z", address] for n in (26, 27, 28)]
    articles, _, _ = read(tmp_path, "t.csv", [["title", "date", column], *rows])
    assert articles["article_key"].n_unique() == 3
    assert articles["url"].to_list() == [address] * 3


def test_another_headline_of_the_same_time_is_a_version(tmp_path):
    rows = [[headline, "2025-05-28T13:00:00Z", URL] for headline in (T, f"{T} again")]
    articles, _, _ = read(tmp_path, "t.csv", [["title", "date", "url"], *rows])
    assert articles["article_key"].n_unique() == 1
    page = {"url": "story.html", "title": T, "date": "2025-05-28T13:00:00Z"}
    articles, _, _ = read(tmp_path, "p.json", [page, page | {"title": f"{T} again"}])
    assert articles["article_key"].n_unique() == 1


def test_codes_of_factiva_are_columns(tmp_path):
    """The clock is that of the account, which is not stated."""
    table = [["HD", "PD", "ET", "SN", "LP", "TD"], [T, "28 May 2025", "13:00", "The Wire", "lead", "b"]]
    articles, rejects, _ = read(tmp_path, "answer.csv", table)
    assert articles.is_empty()
    assert "no time zone" in rejects["reason"].item()
    articles, _, _ = read(tmp_path, "answer.csv", table, zone="UTC")
    row = articles.row(0, named=True)
    assert (row["headline"], row["published_at"], row["body"], row["publisher"]) == (T, AT, "b", "The Wire")


@pytest.mark.parametrize(
    ("cell", "symbols"),
    [
        ("Alp, Inc.", []),
        ("S&P 500", []),
        ("<ALP.O>, #BET", ["ALP.O", "BET"]),
        ("true", []),
        ("ALP BET", ["ALP", "BET"]),
    ],
)
def test_words_of_a_name_are_no_symbols(cell, symbols):
    assert symbols_in(cell) == symbols


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["answer.csv", "answer.jsonl"])
def test_wide_letters_are_read_without_a_byte_order_mark(tmp_path, name, encoding):
    row = {"title": "Лампа подписала договор", "published": "2025-05-28T13:00:00Z"}
    text = json.dumps(row, ensure_ascii=False) if name.endswith("l") else f"title,published\n{','.join(row.values())}\n"
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert pl.concat([batch.articles for batch in read_news(tmp_path / name)])["headline"].item() == row["title"]


def test_a_western_line_of_a_table_in_utf8_is_read(tmp_path):
    lines = (b"title,published", "Лампа подписала договор,2025-05-28".encode(), b"Le caf\xe9 sign\xe9,2025-05-28")
    (tmp_path / "answer.csv").write_bytes(b"\n".join(lines))
    articles = pl.concat([batch.articles for batch in read_news(tmp_path / "answer.csv")])
    assert articles["headline"].to_list() == ["Лампа подписала договор", "Le café signé"]
