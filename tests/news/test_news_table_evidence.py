"""What the rows of a table or feed show together: whose clock, dates stated as midnights, whose announcement."""

import warnings
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import xlsxwriter

from correlator import open_workspace
from correlator.errors import CorrelatorWarning, InputError
from correlator.news.feed import feed_batches
from correlator.news.read import read_news

DAWN, TIMES, OTHER = (
    "https://www.dawn.com/news/1",
    "https://www.nytimes.com/2025/05/28/a.html",
    "https://wire.example/1",
)


def articles(rows, **options):
    frame = pl.DataFrame(rows, orient="row")
    return pl.concat([batch.articles for batch in read_news(frame, **options)])


def reasons(rows, **options):
    return pl.concat([batch.rejects for batch in read_news(pl.DataFrame(rows, orient="row"), **options)])["reason"]


def midnights(hour, count, publisher="Bank", minute=0):
    """Return ``count`` rows of one clock time in UTC, on days from 6 January 2025."""
    first = datetime(2025, 1, 6, hour, minute, tzinfo=UTC)
    return [
        {"title": f"Notice {n}", "published": (first + timedelta(days=n)).isoformat(), "publisher": publisher}
        for n in range(count)
    ]


def test_announcements_of_several_companies_under_one_headline_are_several_articles(tmp_path):
    """Else the second company's event would be known at the time of the first one's."""
    rows = [
        {"title": "Board meeting", "published": f"2025-05-28T{hour}:00:00Z", "ticker": symbol, "text": symbol}
        for hour, symbol in ((10, "LAMP"), (15, "SOFA"))
    ]
    with_store = open_workspace(tmp_path / "s.duckdb")
    with_store.add_news(pl.DataFrame(rows))
    linked = with_store.sql(
        "SELECT l.symbol, a.published_at FROM links AS l JOIN articles AS a USING (article_id) ORDER BY 1"
    )
    hours = [(row["symbol"], row["published_at"].hour) for row in pl.DataFrame(linked).to_dicts()]
    assert hours == [("LAMP", 10), ("SOFA", 15)]


def test_announcements_stored_before_symbols_identified_them_are_known(tmp_path):
    """An earlier version stored both companies' announcements as one article, linked to both."""
    at = "2025-05-28T10:00:00Z"
    rows = [{"title": "Board meeting", "published": at, "publisher": "Bourse", "ticker": t} for t in ("LAMP", "SOFA")]
    earlier = open_workspace(tmp_path / "s.duckdb")
    earlier.add_news(pl.DataFrame([{name: value for name, value in rows[0].items() if name != "ticker"}]))
    with earlier.transaction() as connection:
        for row in rows:
            link = "INSERT INTO links (article_id, symbol, kind, evidence) VALUES (1, ?, 'named', 'x')"
            connection.execute(link, [row["ticker"]])
    report = earlier.add_news(pl.DataFrame([*rows, rows[0] | {"ticker": "LENS"}]))
    assert (report.known, report.added) == (2, 1)
    assert earlier.add_news(pl.DataFrame(rows)).added == 0


def test_an_announcement_by_feed_and_by_table_is_one_article():
    """Also without an address: both doors state its symbols."""
    item = (
        "<item><title>Board meeting</title><pubDate>Wed, 28 May 2025 10:00:00 GMT</pubDate>"
        "<category domain='stock'>{}</category></item>"
    )
    feed = (
        f"<rss version='2.0'><channel><title>Bourse</title>{item.format('LAMP')}{item.format('SOFA')}</channel></rss>"
    )
    ((fed,),) = [[batch.articles for batch in feed_batches(feed.encode(), "feed")]]
    rows = [
        {"title": "Board meeting", "published": "2025-05-28T10:00:00Z", "publisher": "Bourse", "ticker": t}
        for t in ("LAMP", "SOFA")
    ]
    tabled = articles(rows)
    assert fed["article_key"].to_list() == tabled["article_key"].to_list()
    assert fed["content_hash"].to_list() == tabled["content_hash"].to_list()
    assert fed["article_key"].n_unique() == 2


def test_an_item_stored_before_its_feed_had_a_name_is_known(tmp_path):
    """Earlier versions called every publisher that they did not recognise generic."""
    item = "<item><title>Board meeting</title><pubDate>Wed, 28 May 2025 10:00:00 GMT</pubDate></item>"
    (tmp_path / "feed.xml").write_text(f"<rss version='2.0'><channel><title>generic</title>{item}</channel></rss>")
    store = open_workspace(tmp_path / "s.duckdb")
    assert store.add_news(tmp_path / "feed.xml").added == 1
    (tmp_path / "feed.xml").write_text(f"<rss version='2.0'><channel><title>Bourse</title>{item}</channel></rss>")
    report = store.add_news(tmp_path / "feed.xml")
    assert (report.added, report.known) == (0, 1)


def test_a_headline_repeated_for_the_same_symbols_is_one_article():
    rows = [
        {"title": "Board meeting", "published": f"2025-05-28T{hour}:00:00Z", "tickers": symbols}
        for hour, symbols in ((10, "LAMP, SOFA"), (15, "['SOFA', 'LAMP']"))
    ]
    assert articles(rows)["article_key"].n_unique() == 1


def test_an_address_identifies_an_article_whatever_its_symbols():
    rows = [
        {"title": "Board meeting", "published": "2025-05-28T10:00:00Z", "ticker": symbol, "url": OTHER}
        for symbol in ("LAMP", "SOFA")
    ]
    assert articles(rows)["article_key"].n_unique() == 1


@pytest.mark.parametrize(
    ("hour", "minute", "zone", "date"),
    [
        (16, 0, "Asia/Shanghai", datetime(2025, 1, 7, tzinfo=UTC)),
        (18, 30, "Asia/Kolkata", datetime(2025, 1, 7, tzinfo=UTC)),
        (5, 0, "America/New_York", datetime(2025, 1, 6, tzinfo=UTC)),
    ],
)
def test_midnights_of_a_zone_in_utc_are_dates(hour, minute, zone, date):
    """They are the beginning of a day on which the article appeared at an unknown time."""
    with pytest.warns(CorrelatorWarning, match=f"midnight in {zone} are read as dates .--zone UTC"):
        first = articles(midnights(hour, 11, minute=minute)).row(0, named=True)
    assert (first["published_at"], first["published_precision"]) == (date, "day")
    assert zone in first["published_rule"]
    kept = articles(midnights(hour, 11, minute=minute), zone="UTC").row(0, named=True)
    assert (kept["published_at"], kept["published_precision"]) == (
        datetime(2025, 1, 6, hour, minute, tzinfo=UTC),
        "second",
    )


def test_midnights_of_a_zone_on_few_dates_are_times_with_a_warning():
    with pytest.warns(CorrelatorWarning, match="all 6 times of publication are midnight in Asia/Shanghai: if they are"):
        first = articles(midnights(16, 6)).row(0, named=True)
    assert (first["published_at"], first["published_precision"]) == (datetime(2025, 1, 6, 16, tzinfo=UTC), "second")
    with warnings.catch_warnings():
        warnings.simplefilter("error", CorrelatorWarning)
        articles(midnights(16, 6), zone="UTC")
        articles(midnights(16, 4))
        articles([*midnights(16, 6), {"title": "Board meeting", "published": "2025-01-08T10:41:00Z"}])


def test_noon_in_utc_at_all_times_is_a_date():
    with pytest.warns(CorrelatorWarning, match="noon in UTC"):
        first = articles(midnights(12, 11)).row(0, named=True)
    assert (first["published_at"], first["published_precision"]) == (datetime(2025, 1, 6, tzinfo=UTC), "day")


@pytest.mark.parametrize(
    ("winter", "summer"), [((19, 0), (18, 0)), ((13, 30), (12, 30)), ((12, 0), (11, 0)), ((11, 0), (11, 0))]
)
def test_scheduled_announcements_keep_their_times(winter, summer):
    """14:00 and 8:30 in New York, noon in London, 14:00 in Ankara, all the year round."""
    rows = [
        {"title": f"Decision {month}", "published": datetime(2024, month, 10, *clock, tzinfo=UTC).isoformat()}
        for months, clock in (((1, 2, 11, 12), winter), ((4, 5, 6, 7, 8, 9), summer))
        for month in months
    ]
    assert set(articles(rows)["published_precision"]) == {"second"}


def test_times_printed_in_a_zone_of_their_own_are_times():
    rows = [
        {**row, "published": row["published"].replace("T16:00:00+00:00", "T09:00:00-07:00")} for row in midnights(16, 9)
    ]
    assert set(articles(rows)["published_precision"]) == {"second"}


def test_soft_hyphens_and_zero_width_spaces_are_no_text():
    rows = [{"title": "Is\u00adrael\u2019s en\u00advoys\u200b leave", "published": "2025-05-28T10:00:00Z"}]
    rows += [{**rows[0], "title": "Is&shy;rael\u2019s envoys &#8203;leave again", "content": "They&shy;'ll be back"}]
    read = articles([{"content": None, **row} for row in rows])
    assert read["headline"].to_list() == ["Israel\u2019s envoys leave", "Israel\u2019s envoys leave again"]
    assert read["body"].to_list() == [None, "They'll be back"]


def test_midnights_follow_the_clock_of_their_zone():
    rows = midnights(8, 6) + [
        {**row, "published": row["published"].replace("-01-", "-07-").replace("T08", "T07")} for row in midnights(8, 6)
    ]
    assert articles(rows)["published_precision"].to_list() == ["day"] * 12


@pytest.mark.parametrize("count", [1, 9])
def test_few_midnights_of_a_zone_are_times(count):
    assert set(articles(midnights(16, count))["published_precision"]) == {"second"}


def test_dates_that_one_part_of_a_table_shows_are_dates_in_later_parts(monkeypatch):
    monkeypatch.setattr("correlator.news.corpora.records.BATCH_ROWS", 12)
    with pytest.warns(CorrelatorWarning, match="midnight in Asia/Shanghai") as warned:
        read = articles(midnights(16, 14) + midnights(16, 2, "Wire"))
    assert set(read["published_precision"]) == {"day"}
    assert len(warned) == 1


def test_an_update_on_the_day_of_a_date_is_not_before_the_publication():
    rows = [{**row, "updated": row["published"].replace("T16", "T17")} for row in midnights(16, 12)]
    rows[0]["updated"] = "2025-01-09T17:00:00+00:00"
    with pytest.warns(CorrelatorWarning, match="midnight in Asia/Shanghai"):
        read = articles(rows)
    assert read["updated_at"].drop_nulls().to_list() == [datetime(2025, 1, 9, 17, tzinfo=UTC)]


def test_times_at_various_hours_are_times():
    rows = [row for hour in (9, 13, 16) for row in midnights(hour, 5)]
    assert set(articles(rows)["published_precision"]) == {"second"}


def test_a_publisher_of_dates_does_not_make_dates_of_the_times_of_others():
    others = [{**row, "published": row["published"].replace(":00:00+", ":07:31+")} for row in midnights(16, 9, "Wire")]
    read = articles(midnights(16, 11) + others)
    assert read.filter(pl.col("publisher") == "Wire")["published_precision"].unique().to_list() == ["second"]
    assert read.filter(pl.col("publisher") == "Bank")["published_precision"].unique().to_list() == ["day"]


def test_midnight_in_california_of_google_news_is_a_date_in_a_feed_too():
    item = (
        "<item><title>Lamp raises forecast - The Wire</title><link>https://news.google.com/rss/articles/abc</link>"
        "<pubDate>Thu, 11 Jun 2020 {}:00:00 GMT</pubDate><source url='https://wire.example'>The Wire</source></item>"
    )
    feed = f"<rss version='2.0'><channel><title>Google News</title>{item.format('07')}</channel></rss>"
    (batch,) = feed_batches(feed.encode(), "feed")
    row = batch.articles.row(0, named=True)
    assert (row["published_precision"], row["published_at"]) == ("day", datetime(2020, 6, 11, tzinfo=UTC))
    (batch,) = feed_batches(feed.replace("07:00:00", "08:00:00").encode(), "feed")
    assert batch.articles["published_precision"].to_list() == ["second"]


def test_times_without_a_zone_are_refused_if_the_publishers_are_in_different_zones():
    """One column has one clock: that of the collector, which is not stated, and not that of each publisher."""
    rows = [{"title": f"Lamp {url}", "published": "2025-05-28 18:00:00", "url": url} for url in (DAWN, TIMES)]
    assert reasons(rows).str.contains("publishers of the table are in different zones").to_list() == [True, True]
    assert reasons(rows).str.contains("--zone").all()
    read = articles(rows, zone="UTC")
    assert read["published_at"].to_list() == [datetime(2025, 5, 28, 18, tzinfo=UTC)] * 2


def test_a_publisher_of_an_unknown_zone_is_in_a_different_one():
    rows = [{"title": f"Lamp {url}", "published": "2025-05-28 18:00:00", "url": url} for url in (DAWN, OTHER)]
    assert len(reasons(rows)) == 2


def test_times_without_a_zone_of_one_publisher_are_in_its_zone():
    rows = [{"title": "Lamp", "published": "2025-05-28 18:00:00", "url": DAWN}]
    assert articles(rows)["published_at"].to_list() == [datetime(2025, 5, 28, 13, tzinfo=UTC)]


def test_times_with_a_zone_are_read_whatever_the_publishers():
    rows = [{"title": f"Lamp {url}", "published": "2025-05-28T18:00:00Z", "url": url} for url in (DAWN, TIMES)]
    assert len(articles(rows)) == 2
    assert reasons(rows).is_empty()


def test_a_day_after_the_12th_shows_the_order_of_dates_with_short_years():
    rows = [{"title": f"Lamp {day}", "published": f"1/{day}/15 0:00"} for day in (9, 13)]
    assert articles(rows)["published_at"].dt.day().to_list() == [9, 13]


def test_an_offset_behind_an_iso_date_shows_no_order():
    rows = [{"title": f"Lamp {date}", "date": date} for date in ("2025-05-28-05:00", "05/06/2025")]
    assert "'05/06/2025' is ambiguous" in reasons(rows).item()


def test_a_first_number_after_12_may_be_a_short_year():
    rows = [{"title": f"Lamp {day}", "published": f"{day}/1/15"} for day in (9, 13)]
    assert len(reasons(rows)) == 2


def test_names_of_columns_are_known_without_their_accents():
    rows = [{"titulo": "Lámpara", "data": "2025-05-28", "texto": "b", "fonte": "La Hoja"}]
    (row,) = articles(rows).to_dicts()
    assert (row["headline"], row["body"], row["publisher"]) == ("Lámpara", "b", "La Hoja")


@pytest.mark.parametrize(("date", "clock"), [("날짜", "시간"), ("日付", "時刻"), ("дата", "время"), ("fecha", "hora")])
def test_a_column_of_clock_times_is_known_in_every_script(date, clock):
    rows = [{"title": "Lamp", date: "2025-05-28", clock: "10:07"}]
    assert articles(rows, zone="UTC")["published_at"].to_list() == [datetime(2025, 5, 28, 10, 7, tzinfo=UTC)]


def test_a_table_of_texts_that_are_no_pages_names_the_options_that_read_it():
    """--published and --profile, the options for pages, read no table."""
    (reason,) = reasons([{"text": "Lamp rises on orders", "created": "2025-05-28T10:00:00Z"}])
    assert "--column headline=NAME" in reason
    assert "--profile" not in reason


def test_rows_without_a_time_name_the_option_for_its_column():
    rows = [{"title": "Lamp rises", "url": OTHER, "Date Created": "2025-05-28T10:00:00Z"}]
    assert reasons(rows).str.contains("--column 'published=Date Created'").all()


def test_times_of_the_new_york_times_service_are_in_utc_if_an_export_lost_the_offset():
    rows = [{"title": "Lamp", "pub_date": "2025-05-28 10:00:05", "web_url": TIMES}]
    assert articles(rows)["published_at"].to_list() == [datetime(2025, 5, 28, 10, 0, 5, tzinfo=UTC)]


@pytest.mark.parametrize(
    "text", ['{\n "articles": [\n  {"title": "Lamp",\n', '[\n{"title": "Lamp"},\n{"title": "Wick"}\n']
)
def test_a_damaged_document_is_refused_rather_than_each_of_its_lines(tmp_path, text):
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.json is not valid JSON"):
        [*read_news(tmp_path / "a.json")]


def test_lines_of_objects_are_read_from_a_json_file_with_a_damaged_line(tmp_path):
    line = '{"title": "Lamp", "published": "2025-05-28T10:00:00Z"}'
    (tmp_path / "a.json").write_text(f"damaged\n{line}\n", encoding="utf-8")
    (batch,) = read_news(tmp_path / "a.json")
    assert (batch.articles.height, batch.rejects.height) == (1, 1)


def test_the_sheet_of_headlines_is_read_whatever_other_tables_a_workbook_has(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "w.xlsx") as book:
        summary, news = book.add_worksheet("Summary"), book.add_worksheet("News")
        for row, cells in enumerate([("date", "count"), ("2025-05-28", 2), ("2025-05-29", 1)]):
            summary.write_row(row, 0, cells)
        for row, cells in enumerate([("Published", "Headline"), ("2025-05-28T10:00:00Z", "Lamp rises")]):
            news.write_row(row, 0, cells)
    (batch,) = read_news(tmp_path / "w.xlsx")
    assert batch.articles["headline"].to_list() == ["Lamp rises"]


def test_the_header_of_a_workbook_is_the_row_that_names_a_headline(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "w.xlsx") as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(
            [("News",), ("Title", "Date", "Tags"), ("", "", "topic"), ("Lamp", "2025-05-28", "a")]
        ):
            sheet.write_row(row, 0, cells)
    (batch,) = read_news(tmp_path / "w.xlsx")
    assert batch.articles["headline"].to_list() == ["Lamp"]
    assert batch.rejects["source_line"].to_list() == [3]


def test_several_sheets_of_headlines_are_refused(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "w.xlsx") as book:
        for name in ("May", "June"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ("Published", "Headline"))
            sheet.write_row(1, 0, ("2025-05-28T10:00:00Z", f"Lamp rises in {name}"))
    with pytest.raises(InputError, match=r"2 sheets with a table \(May, June\)"):
        [*read_news(tmp_path / "w.xlsx")]
