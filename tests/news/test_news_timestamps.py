"""Times told truthfully: zones, abbreviations, gaps, folds, precision."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.errors import TimeError
from correlator.news.corpora.time_columns import parse_times
from correlator.news.profiles import Profile
from correlator.news.times.address_dates import date_in_address
from correlator.news.times.timestamps import parse_time

READ = [
    ("28 May, 2025 06:02am", "Asia/Karachi", datetime(2025, 5, 28, 1, 2), "minute"),
    ("Fri Oct 20, 2006 6:15pm EDT", None, datetime(2006, 10, 20, 22, 15), "minute"),
    ("Sat Feb 3, 2007 12:05am EST", None, datetime(2007, 2, 3, 5, 5), "minute"),
    ("2020-06-05 10:30:00-04:00", None, datetime(2020, 6, 5, 14, 30), "second"),
    ("Mon, 27 Aug 2018 19:37:39 +0000", None, datetime(2018, 8, 27, 19, 37, 39), "second"),
    ("2023-06-17T08:43:31.518Z", None, datetime(2023, 6, 17, 8, 43, 31), "second"),
    ("Mon, 27 Aug 2018 19:37 PKT", None, datetime(2018, 8, 27, 14, 37), "minute"),
    ("Monday Aug 27 2018", "Asia/Karachi", datetime(2018, 8, 27), "day"),
    ("October 13, 2025", None, datetime(2025, 10, 13), "day"),
    ("2015-01-01 00:00:00", "Asia/Karachi", datetime(2015, 1, 1), "day"),
    ("15 Jul 2008 23:30", "Asia/Karachi", datetime(2008, 7, 15, 17, 30), "minute"),
    ("2025-05-28T06:02:00[Asia/Karachi]", "UTC", datetime(2025, 5, 28, 1, 2), "second"),
    ("2025-05-28 06:02 Asia/Karachi", None, datetime(2025, 5, 28, 1, 2), "minute"),
    ("2025-05-28T06:02:00+05:00[Asia/Karachi]", None, datetime(2025, 5, 28, 1, 2), "second"),
    ("2025-05-28 06:02:00.25 +0500 PKT", None, datetime(2025, 5, 28, 1, 2), "second"),
    ("2025-05-28 06:32:00 +0530 IST", None, datetime(2025, 5, 28, 1, 2), "second"),
    ("/Date(1748394120000+0500)/", None, datetime(2025, 5, 28, 1, 2), "second"),
    ("Wed, 28 May 2025 06:32:00 IST", "Asia/Kolkata", datetime(2025, 5, 28, 1, 2), "second"),
    ("26 Oct 2025 01:30 BST", "Europe/London", datetime(2025, 10, 26, 0, 30), "minute"),
    ("26 Oct 2025 01:30 GMT", "Europe/London", datetime(2025, 10, 26, 1, 30), "minute"),
    ("28 мая 2025, 13:00 (МСК)", None, datetime(2025, 5, 28, 10), "minute"),
    ("28 мая 2012, 13:00 мск", None, datetime(2012, 5, 28, 9), "minute"),
    ("28.05.2025, 13.45 Uhr", "Europe/Berlin", datetime(2025, 5, 28, 11, 45), "minute"),
    ("28 mai 2025 à 13 h 45", "Europe/Paris", datetime(2025, 5, 28, 11, 45), "minute"),
    ("الأربعاء 1 ذو الحجة 1446 هـ - 28 مايو 2025 م", None, datetime(2025, 5, 28), "day"),
    ("28 مايو 2025 (1 ذو الحجة 1446هـ)", None, datetime(2025, 5, 28), "day"),
    ("1446/12/01 - 2025/05/28", None, datetime(2025, 5, 28), "day"),
    ("۲۸ مئی ۲۰۲۵ء", None, datetime(2025, 5, 28), "day"),
    ("28 May 2025 09:02 PST", "Asia/Manila", datetime(2025, 5, 28, 1, 2), "minute"),
    ("2025-05-28 09:02:00 PST", "Asia/Manila", datetime(2025, 5, 28, 1, 2), "second"),
    ("2025-05-28 09:02:00 PST", "Asia/Tokyo", datetime(2025, 5, 28, 17, 2), "second"),
    ("2025-05-28 09:02 US/Eastern", None, datetime(2025, 5, 28, 13, 2), "minute"),
    ("28 May 2025 09:02 (+05:00)", None, datetime(2025, 5, 28, 4, 2), "minute"),
    ("الأربعاء 28 مايو 2025 - 9:02 م", "Asia/Riyadh", datetime(2025, 5, 28, 18, 2), "minute"),
    ("28 مايو 2025 م 9:02 صباحًا", "Asia/Riyadh", datetime(2025, 5, 28, 6, 2), "minute"),
    ("28 Μαΐου 2025, 9:02 μ.μ.", "Europe/Athens", datetime(2025, 5, 28, 18, 2), "minute"),
    ("28 de mayo de 2025 a las 9:02 p. m.", "Europe/Madrid", datetime(2025, 5, 28, 19, 2), "minute"),
    ("28 मई 2025, 09:02", "Asia/Kolkata", datetime(2025, 5, 28, 3, 32), "minute"),
    ("২৮ মে ২০২৫, ০৯:০২", "Asia/Dhaka", datetime(2025, 5, 28, 3, 2), "minute"),
    ("28 במאי 2025, 09:02", "Asia/Jerusalem", datetime(2025, 5, 28, 6, 2), "minute"),
    ("28 Mei 2025 pukul 09.02 WIB", None, datetime(2025, 5, 28, 2, 2), "minute"),
    ("28 мая 2025 года в 09:02", "Europe/Moscow", datetime(2025, 5, 28, 6, 2), "minute"),
    ("วันพุธที่ ๒๘ พฤษภาคม พ.ศ. ๒๕๖๘ เวลา 09.02 น.", "Asia/Bangkok", datetime(2025, 5, 28, 2, 2), "minute"),
    ("28 พ.ค. 68", "Asia/Bangkok", datetime(2025, 5, 28), "day"),
    ("28 พ.ค. 2025", "Asia/Bangkok", datetime(2025, 5, 28), "day"),
    ("28/5/2568 09:02:00", "Asia/Bangkok", datetime(2025, 5, 28, 2, 2), "second"),
    ("2025-05-28T09:02:00.2568Z", None, datetime(2025, 5, 28, 9, 2), "second"),
    ("چهارشنبه ۷ خرداد ۱۴۰۴ - ساعت ۰۹:۰۲", "Asia/Tehran", datetime(2025, 5, 28, 5, 32), "minute"),
    ("1404/03/07", "Asia/Tehran", datetime(2025, 5, 28), "day"),
    ("۱ فروردین ۱۳۹۹", "Asia/Tehran", datetime(2020, 3, 20), "day"),
    ("30 اسفند 1403", "Asia/Tehran", datetime(2025, 3, 20), "day"),
    ("31 شهریور 1403", "Asia/Tehran", datetime(2024, 9, 21), "day"),
    ("دوشنبه 7 جوزا 1403", "Asia/Kabul", datetime(2024, 5, 27), "day"),
    ("7 خرداد 1404 (28 May 2025)", "Asia/Tehran", datetime(2025, 5, 28), "day"),
    ("令和7年5月28日(水) 午後9時2分", "Asia/Tokyo", datetime(2025, 5, 28, 12, 2), "minute"),
    ("令和元年5月1日", "Asia/Tokyo", datetime(2019, 5, 1), "day"),
    ("平成31年4月30日", "Asia/Tokyo", datetime(2019, 4, 30), "day"),
    ("中華民國114年5月28日", "Asia/Taipei", datetime(2025, 5, 28), "day"),
    ("二〇二五年十二月三十一日", "Asia/Shanghai", datetime(2025, 12, 31), "day"),
    ("2025年5月28日 周三 09:02", "Asia/Shanghai", datetime(2025, 5, 28, 1, 2), "minute"),
    ("2025년 5월 28일 수요일", "Asia/Seoul", datetime(2025, 5, 28), "day"),
    ("98년 5월 28일", "Asia/Seoul", datetime(1998, 5, 28), "day"),
    ("बुधवार, २८ मई २०२५, 9:02 अपराह्न", "Asia/Kolkata", datetime(2025, 5, 28, 15, 32), "minute"),
    ("বুধবার, ২৮ মে ২০২৫, সকাল ০৯:০২", "Asia/Dhaka", datetime(2025, 5, 28, 3, 2), "minute"),
    ("28 مئی 2025 شام 6:02 بجے", "Asia/Karachi", datetime(2025, 5, 28, 13, 2), "minute"),
    ("28 Mayıs 2025, 09:02 ÖS", "Europe/Istanbul", datetime(2025, 5, 28, 18, 2), "minute"),
    ("28 Mayıs 2014 09:02 TSİ", None, datetime(2014, 5, 28, 6, 2), "minute"),
    ("29 may 2025-ci il, cümə axşamı", "Asia/Baku", datetime(2025, 5, 29), "day"),
    ("28 أيار/مايو 2025", "Asia/Beirut", datetime(2025, 5, 28), "day"),
    ("Thứ Tư, 28 tháng 5 năm 2025 lúc 09:02", "Asia/Ho_Chi_Minh", datetime(2025, 5, 28, 2, 2), "minute"),
    ("2025. május 28., 09:02", "Europe/Budapest", datetime(2025, 5, 28, 7, 2), "minute"),
    ("2025-05-28 PM 9:02", "Asia/Seoul", datetime(2025, 5, 28, 12, 2), "minute"),
    ("Mer, 28 mai 2025 06:02:00 +0200", None, datetime(2025, 5, 28, 4, 2), "second"),
    ("mar 27 mai 2025 06:02", "Europe/Paris", datetime(2025, 5, 27, 4, 2), "minute"),
    ("Mar 27 2025", None, datetime(2025, 3, 27), "day"),
    ("Mi, 28.05.2025 06:02", "Europe/Berlin", datetime(2025, 5, 28, 4, 2), "minute"),
    ("Çar, 28 May 2025 06:02:00 +0300", None, datetime(2025, 5, 28, 3, 2), "second"),
    ("Wed May 28 2025 06:02:00 GMT+0200 (Mitteleuropäische Sommerzeit)", None, datetime(2025, 5, 28, 4, 2), "second"),
    ("Wed May 28 2025 06:02:00 GMT+0200 (GMT+02:00)", None, datetime(2025, 5, 28, 4, 2), "second"),
    ("28 May 2025 18:02 PM", "Asia/Karachi", datetime(2025, 5, 28, 13, 2), "minute"),
    ("28 May 2025 00:15 AM", "Asia/Karachi", datetime(2025, 5, 27, 19, 15), "minute"),
    ("28MAY2025:09:02:00", "Asia/Karachi", datetime(2025, 5, 28, 4, 2), "second"),
    ("28/May/2025:09:02:00 +0500", None, datetime(2025, 5, 28, 4, 2), "second"),
    ("28 May 2025 0902 GMT", None, datetime(2025, 5, 28, 9, 2), "minute"),
    ("28 May 2025 09:02hrs", "Asia/Karachi", datetime(2025, 5, 28, 4, 2), "minute"),
    ("28/05/2025 às 09h02 UTC", None, datetime(2025, 5, 28, 9, 2), "minute"),
    ("2025年5月28日 09时02分 UTC", None, datetime(2025, 5, 28, 9, 2), "minute"),
    ("5/28/25 9:02 AM", "America/New_York", datetime(2025, 5, 28, 13, 2), "minute"),
]


@pytest.mark.parametrize(("text", "zone", "instant", "precision"), READ)
def test_times_are_read(text, zone, instant, precision):
    stamp = parse_time(text, zone=zone)
    assert (stamp.instant, stamp.precision) == (instant.replace(tzinfo=UTC), precision)


@pytest.mark.parametrize(("text", "zone"), [row[:2] for row in READ])
def test_a_column_reads_as_a_single_time(text, zone):
    row = parse_times(pl.Series([text]), Profile("any", zone=zone), "text").row(0, named=True)
    single = parse_time(text, zone=zone)
    assert (row["instant"], row["precision"], row["rule"]) == (single.instant, single.precision, single.rule)
    assert row["problem"] is None


# Times without a zone, also midnight, skipped and repeated ones, epochs in every unit, and midnights stated in UTC.
COLUMN = (
    "2025-05-28 09:02:03", "2025-05-28T09:02", "2025-05-28 00:00:00", "2025-05-28 00:00:00.5", "2025-03-30 01:30:00",
    "2025-10-26 01:30:00", "2027-05-28 09:02:03", "1985-05-28 09:02", "Wed May 28, 2025 9:02am", "May 28, 2025 9:02am -0500",
    "Thu May 28, 2025 9:02am", "2025-05-28T19:00:00Z", "2025-05-28 09:02 PST", "1748394123", "1748394123.25", "1748390400",
    "1748390400000", "1748390400001", "1748372400", "1748394123456", "1748394123456789", "1748394123456789012", "999999999",
    "9999999999999999999", "600000000", "123456789012",
)  # fmt: skip


@pytest.mark.parametrize("own_clock", [True, False])
@pytest.mark.parametrize("table_zone", [None, "UTC", "Asia/Karachi"])
@pytest.mark.parametrize("zone", [None, "Europe/London", "Asia/Karachi"])
def test_a_column_reads_each_text_as_a_single_time(zone, table_zone, own_clock):
    profile = Profile("any", zone=zone, table_zone=table_zone, own_clock=own_clock)
    rows = parse_times(pl.Series(COLUMN), profile, "text").rows()
    assert rows == [_single(text, profile) for text in COLUMN]


def _single(text, profile):
    try:
        stamp = profile.stamp(text, "text")
    except TimeError as error:
        return None, None, None, str(error)
    return stamp.instant, stamp.precision, stamp.rule, None


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31 23:59:60Z",
        "2020-01-01 24:00:00Z",
        "2020-01-01 10:00:00+18:00",
        "2020-01-01 10:00:00+0560",
        "0001-01-01 00:00:00+10:00",
        "9999-12-31 23:00:00-10:00",
        "Oct 20, 2006 13:15am EDT",
        "Feb 30, 2006 1:15pm EDT",
        "Fri Oct 20, 2006 6:15pm XYZ",
        "2006-10-20 18:15[Nowhere/Else]",
        "1 ذو الحجة 1446 هـ",
        "1446/12/01",
        "30 اسفند 1404",
        "7 خرداد 1404 (29 May 2025)",
        "平成32年4月30日",
        "昭和64年1月8日",
        "25年5月28日",
        "29 ก.พ. 2568",
        "28 พ.ค. 25",
        "28 أيار/يونيو 2025",
        "2025年5月28日(木)",
        "2025年5月28日 星期四",
        "2025년 5월 28일 (목) 오전 9:02",
        "गुरुवार, 28 मई 2025",
        "28 may 2025, cümə axşamı",
        "28 मई 2025 रात 1:02 बजे",
    ],
)
def test_a_column_refuses_what_a_single_time_refuses(text):
    row = parse_times(pl.Series([text]), Profile("any"), "text").row(0, named=True)
    with pytest.raises(TimeError) as raised:
        Profile("any").stamp(text, "text")
    assert row == {"instant": None, "precision": None, "rule": None, "problem": str(raised.value)}


@pytest.mark.parametrize(
    ("text", "zone", "what"),
    [
        ("Mon, 27 Aug 2018 19:37 IST", None, "abbreviation"),
        ("27 Aug 2018 19:37 XYZ", "Asia/Karachi", "abbreviation"),
        ("27 Aug 2018 19:37", None, "no time zone"),
        ("10 Mar 2024 02:30", "America/New_York", "does not exist"),
        ("27 Aug 2018 19:37", "Asia/Lahore", "unknown time zone"),
        ("tomorrow", "Asia/Karachi", "layout"),
        ("0001-01-01 00:00:01+14:00", None, "range"),
    ],
)
def test_what_cannot_be_told_raises(text, zone, what):
    with pytest.raises(TimeError, match=what):
        parse_time(text, zone=zone)


def test_a_time_shown_twice_is_the_first_and_says_so():
    stamp = parse_time("3 Nov 2024 01:30", zone="America/New_York")
    assert stamp.instant == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    assert "twice" in stamp.rule


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://x.org/2025/05/28/title", datetime(2025, 5, 28, tzinfo=UTC)),
        ("https://x.org/news/2025-5-8/", datetime(2025, 5, 8, tzinfo=UTC)),
        ("https://x.org/news/3447813/gold-touches-15300-20071028644826", datetime(2007, 10, 28, tzinfo=UTC)),
        ("https://x.org/title-20250528.html", datetime(2025, 5, 28, tzinfo=UTC)),
        ("https://x.org/2025/13/28/title", None),
        ("https://x.org/news/40365075/title", None),
        ("https://x.org/title-2025052812", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_in_an_address_is_a_day_and_says_so(url, day):
    stamp = date_in_address(url)
    assert (stamp and stamp.instant) == day
    assert stamp is None or (stamp.precision == "day" and "last resort" in stamp.rule)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_time_or_a_time_error(text):
    try:
        stamp = parse_time(text, zone="Asia/Karachi")
    except TimeError:
        return
    assert stamp.instant is None or stamp.instant.tzinfo is not None


def test_years_of_two_digits_between_slashes_need_the_order():
    assert parse_time("28/05/25", zone=None, date_order="dmy").instant == datetime(2025, 5, 28, tzinfo=UTC)
    assert parse_time("05/28/25 13:05 GMT", zone=None, date_order="mdy").instant == datetime(
        2025, 5, 28, 13, 5, tzinfo=UTC
    )
    with pytest.raises(TimeError, match="day/month or month/day"):
        parse_time("28/05/25", zone=None)


def test_central_european_time_in_german():
    assert parse_time("28.05.2025 13:05 MESZ", zone=None).instant == datetime(2025, 5, 28, 11, 5, tzinfo=UTC)
    assert parse_time("28.01.2025 13:05 MEZ", zone=None).instant == datetime(2025, 1, 28, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("28 Jan 2025 13:02 BST", "Europe/London"),  # winter has GMT
        ("28 May 2025 06:32 IST", "Asia/Karachi"),
        ("28 May 2025 06:32 CST", "Asia/Kolkata"),
        ("28 May 2025 09:02 PST", "Asia/Karachi"),  # Pakistan's, or that of California
        ("28 May 2025 09:02 EST", "Australia/Sydney"),
    ],
)
def test_an_abbreviation_is_the_zones_own_on_that_day_or_refused(text, zone):
    with pytest.raises(TimeError, match="is not"):
        parse_time(text, zone=zone)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2025-07-15 13:00 EDT", 17),
        ("2025-01-15 13:00 EDT", None),
        ("2025-07-15 13:00 EST", 18),  # later than meant, at worst
        ("2025-11-02 01:30 EDT", 5),
        ("2025-12-15 13:00 CEST", None),
        ("2025-07-15 13:00 AEDT", None),
        ("2025-01-15 13:00 AEDT", 2),
    ],
)
def test_a_summer_time_in_winter_is_refused(text, hour):
    """As an offset it would make the time an hour too early."""
    column = parse_times(pl.Series([text]), Profile("generic"), "column")
    if hour is None:
        assert "uses another abbreviation" in column["problem"].item()
        with pytest.raises(TimeError, match="uses another abbreviation"):
            parse_time(text, zone=None)
    else:
        assert (column["instant"].item().hour, parse_time(text, zone=None).instant.hour) == (hour, hour)
