"""Whose statement a time is: of the page's own article, and never of what stands beside it."""

import json
from datetime import UTC, date, datetime

import pytest

from correlator.errors import TimeError
from correlator.news.pages.html_page import parse_html

TEXT = "<p>Envoys of both states met on Tuesday in the capital and spoke at length about trade between them.</p>" * 2
AT = datetime(2025, 5, 28, 13, tzinfo=UTC)


def ld(text):
    return f'<script type="application/ld+json">{text}</script>'


OWN = '{"@type":"NewsArticle","headline":"Envoys meet at sea","datePublished":"2025-05-28T13:00:00Z"}'
OTHER = '{"@type":"NewsArticle","headline":"An older story","datePublished":"2025-05-01T08:00:00Z"}'


def page(head="", beside="", h1="Envoys meet at sea", root=""):
    return f"<html {root}><head><title>{h1}</title>{head}</head><body><article><h1>{h1}</h1>{TEXT}</article>{beside}</body></html>"


@pytest.mark.parametrize(
    "head",
    [
        ld(OWN) + ld(f'{{"@type":"ItemList","itemListElement":[{{"item":{OTHER}}}]}}'),
        ld(f"[{OTHER},{OWN}]"),
        ld(f'{{"@graph":[{{"@type":"WebPage","hasPart":[{OTHER}]}},{OWN}]}}'),
        ld('{"@type":"VideoObject","uploadDate":"2025-05-02T08:00:00Z","datePublished":"2025-05-02T08:00:00Z"}')
        + ld(OWN),
        ld(f'{{"@type":"WebPage","mainEntity":{OWN},"review":{{"@type":"Review","datePublished":"2024-01-01"}}}}'),
        ld(OWN[:-1] + ',"comment":[{"@type":"Comment","datePublished":"2025-05-29T08:00:00Z"}]}'),
        ld(OWN[:-1] + ",}"),
        ld("<!-- " + OWN + " -->"),
    ],
)
def test_the_articles_own_node_speaks(head):
    read = parse_html(page(head))
    assert (read.published.instant, read.headline) == (AT, "Envoys meet at sea")


@pytest.mark.parametrize(
    "beside",
    [
        '<ul itemscope itemtype="http://schema.org/ItemList"><li><meta itemprop="datePublished" content="2014-11-20T16:00:49Z"></li></ul>',
        '<aside><time class="published" datetime="2014-11-20T16:00:49Z">20 Nov</time></aside>',
        '<div class="related-posts"><span itemprop="datePublished" content="2014-11-20T16:00:49Z">20 Nov</span></div>',
        '<div itemscope itemtype="http://schema.org/Comment"><time itemprop="datePublished" datetime="2014-11-20T16:00:49Z"></div>',
        '<time datetime="2014-11-20T16:00:49Z">Corrected 20 November</time>',
        '<span class="event-date">20 November 2014</span>',
        '<span class="date">Expires 20 November 2014</span>',
        '<span class="bday dtstart published updated">2014-11-20</span>',
        '<p class="event">When: <time datetime="2014-11-20T16:00:49Z">20 November</time></p>',
    ],
)
def test_nothing_beside_the_article_speaks(beside):
    stated = '<meta property="article:published_time" content="2025-05-28T13:00:00Z">'
    assert parse_html(page(stated, beside)).published.instant == AT
    with pytest.raises(TimeError, match="no publication date"):
        parse_html(page("", beside))


def test_microdata_of_the_articles_scope_speaks():
    own = '<div itemscope itemtype="https://schema.org/NewsArticle"><h1>Envoys meet at sea</h1><time itemprop="datePublished" datetime="2025-05-28T18:00+05:00">28 May</time></div>'
    other = own.replace("2025-05-28", "2025-05-01").replace("h1>", "h4>")
    assert parse_html(f"<html><body>{other}{own}{TEXT}</body></html>").published.instant == AT


@pytest.mark.parametrize(
    ("url", "head"),
    [
        (
            "https://gazette.example/2025/05/28/envoys",
            '<meta property="article:published_time" content="2009-09-02T04:00:00Z">',
        ),
        ("https://gazette.example/2025/may/28/envoys", ld(OWN.replace("2025-05-28", "2025-05-24"))),
        (None, '<meta name="dc.date" content="2025-05-25">' + ld(OWN)),
    ],
)
def test_a_day_vetoes_an_instant_of_another_day_and_both_are_named(url, head):
    with pytest.raises(TimeError, match=r"contradict each other: .*20\d\d-.* and .*20\d\d-"):
        parse_html(page(head), url=url)


@pytest.mark.parametrize("name", ["dcterms.date", "dc.date", "date"])
@pytest.mark.parametrize(
    "printed",
    [
        '<span class="date">28.05.2025</span>',
        '<time datetime="2025-05-28T08:00:00+01:00">28 May</time>',
    ],
)
def test_when_a_page_was_made_is_not_when_it_was_published(name, printed):
    def read(made, changed="2025-05-30T10:00:00Z"):
        head = f'<meta name="{name}" content="{made}"><meta name="article:modified_time" content="{changed}">'
        text = page(head).replace("</h1>", f"</h1>{printed}")
        return parse_html(text).published.instant

    with pytest.raises(TimeError, match=r"2025-05-20.* and .*2025-05-28"):
        read("2025-05-20T10:00:00Z")
    for day in (27, 28, 30):  # what is printed is not later, or no more than a day
        assert read(f"2025-05-{day}T10:00:00Z") == datetime(2025, 5, day, 10, tzinfo=UTC)
    assert read("2025-05-20T10:00:00Z", "2025-05-28T06:30:00Z").day == 20  # what is printed is the update


def test_entries_of_a_live_blog_do_not_date_it():
    entry = (
        '<article><time datetime="2025-05-28T{}:00Z">then</time><p>The envoys are still at their table.</p></article>'
    )
    text = page().replace("</h1>", f"</h1><div>{entry.format('15:50')}{entry.format('13:10')}</div>")
    with pytest.raises(TimeError, match="no publication date"):
        parse_html(text)
    stated = '<time datetime="2025-05-28T13:00:00Z">13:00</time>'
    assert parse_html(text.replace("</h1>", f"</h1>{stated}")).published.instant == AT


@pytest.mark.parametrize(
    "today",
    [
        '<div class="date">Sunday, November 29, 2015</div>',
        '<div><header><span class="current-date">29 November 2015 10:15 GMT</span></header></div>',
    ],
)
def test_today_at_the_head_of_the_site_is_no_date_of_the_page(today):
    text = page().replace("<body>", f"<body>{today}")
    with pytest.raises(TimeError, match="no publication date"):
        parse_html(text)
    printed = '<div class="date">Web Desk May 28, 2025 01:00 PM GMT</div>'
    assert parse_html(text.replace("</h1>", f"</h1>{printed}")).published.instant == AT
    assert parse_html(text.replace("<article>", f"<article>{printed}")).published.instant == AT


def test_the_day_before_is_no_contradiction():
    at_night = ld(OWN.replace("T13:00:00Z", "T01:00:00+09:00"))
    assert parse_html(page(at_night), url="https://gazette.example/2025/05/27/envoys").published.precision == "second"


def test_of_two_labels_of_one_clock_the_places_counts():
    head = (
        ld(OWN.replace("Z", "+00:00")) + '<meta property="article:published_time" content="2025-05-28T13:00:00+05:00">'
    )
    read = parse_html(page(head))
    assert read.published.instant == datetime(2025, 5, 28, 8, tzinfo=UTC)
    assert "label" in read.published.rule or "offset" in read.published.rule


MISLABELLED = OWN.replace("13:00:00Z", "13:07:21Z")


@pytest.mark.parametrize(
    "other",
    [
        '<meta property="article:published_time" content="2025-05-28T09:07:21Z">',
        '<meta property="article:published_time" content="2025-05-28T14:07:21Z">'
        '<meta property="article:modified_time" content="2025-05-28T14:07:21Z">',
        '<meta name="date" content="2025-05-28T16:07:21+02:00">',
    ],
)
def test_instants_whole_hours_apart_are_one_moment_with_a_wrong_offset(other):
    with pytest.raises(TimeError, match="contradict each other: JSON-LD.*13:07:21.*and meta"):
        parse_html(page(ld(MISLABELLED) + other))


@pytest.mark.parametrize("reverse", [False, True])
def test_where_the_place_is_known_it_says_which_of_them_has_the_wrong_offset(reverse):
    from correlator.news.publishers import Publishers

    right, wrong = "2025-05-28T08:07:21Z", "2025-05-28T13:07:21Z"
    node, meta = (right, wrong) if reverse else (wrong, right)
    head = ld(OWN.replace("2025-05-28T13:00:00Z", node))
    head += f'<meta property="article:published_time" content="{meta}">'
    read = parse_html(page(head), publishers=Publishers(zone="Asia/Karachi"))
    assert read.published.instant == datetime(2025, 5, 28, 8, 7, 21, tzinfo=UTC)
    with pytest.raises(TimeError, match="contradict each other"):
        parse_html(page(head), publishers=Publishers(zone="Europe/Rome"))


@pytest.mark.parametrize(("label", "hour"), [("ET", 17), ("EST", 18), ("PKT", 8), ("UTC", 13)])
def test_a_zone_that_the_page_prints_by_name_has_an_offset(label, hour):
    shown = f'<time datetime="2025-05-28T13:00:00Z">28 May 2025, 1:00 pm {label}</time>'
    read = parse_html(page(ld(OWN)).replace("</h1>", f"</h1>{shown}"))
    assert read.published.instant == datetime(2025, 5, 28, hour, tzinfo=UTC)


def test_an_update_hours_later_is_no_wrong_offset():
    head = ld(OWN) + '<meta property="article:published_time" content="2025-05-28T15:00:00Z">'
    head += '<meta property="article:modified_time" content="2025-05-28T15:00:00Z">'
    assert parse_html(page(head)).published.instant == AT


SHOWN = [
    '<span class="post-date">28 May 2025, 13:00</span>',
    '<time datetime="2025-05-28T13:00:00Z">28 May 2025, 13:00</time>',
]


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize(
    ("zone", "hour"), [("Asia/Karachi", 8), ("UTC", 13), ("Europe/London", 12), ("Atlantic/Reykjavik", 13)]
)
def test_a_clock_under_utc_that_readers_see_without_a_zone_is_the_places(shown, zone, hour):
    from correlator.news.publishers import Publishers

    html = page(ld(OWN)).replace("</h1>", f"</h1>{shown}")
    read = parse_html(html, publishers=Publishers(zone=zone))
    assert read.published.instant == datetime(2025, 5, 28, hour, tzinfo=UTC)
    with pytest.raises(TimeError, match="UTC or local time.*--zone UTC"):
        parse_html(html)


@pytest.mark.parametrize(
    ("head", "shown", "hour"),
    [
        ('<meta property="article:modified_time" content="2025-05-28T13:00:00+05:00">', "28 May 2025, 13:00", 8),
        ('<meta property="article:published_time" content="2025-05-28T18:00:00+05:00">', "28 May 2025, 13:00", 13),
        ("", "28 May 2025, 13:00 GMT", 13),
        ("", "28 May 2025, 18:00", 13),
        ("", "28 May 2025", 13),
    ],
)
def test_what_the_page_says_elsewhere_tells_the_zone_of_a_clock_shown_without_one(head, shown, hour):
    html = page(head + ld(OWN)).replace("</h1>", f'</h1><span class="post-date">{shown}</span>')
    assert parse_html(html).published.instant == datetime(2025, 5, 28, hour, tzinfo=UTC)


def test_midnight_is_a_date_and_a_clock_of_the_same_day_is_better():
    midnight = '<meta property="article:published_time" content="2025-05-29T00:00:00+05:00">'
    read = parse_html(page(midnight))
    assert (read.published.precision, read.published.instant) == ("day", datetime(2025, 5, 29, tzinfo=UTC))
    clock = '<time datetime="2025-05-29T06:02:00+05:00" pubdate>29 May</time>'
    assert parse_html(page(midnight).replace("</h1>", "</h1>" + clock)).published.precision == "second"


def test_an_update_before_the_publication_is_not_one():
    head = ld(OWN[:-1] + ',"dateModified":"2025-05-27T09:00:00Z"}')
    assert parse_html(page(head)).updated.instant is None
    later = ld(OWN[:-1] + ',"dateModified":"2025-05-28T15:00:00Z"}')
    assert parse_html(page(later)).updated.instant == datetime(2025, 5, 28, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "url"),
    [
        (
            '<link rel="canonical" href="/news/1"><meta property="og:url" content="https://gazette.example/news/1">',
            "https://gazette.example/news/1",
        ),
        (
            '<link rel="canonical" href="/news/1"><base href="https://gazette.example/">',
            "https://gazette.example/news/1",
        ),
        (
            '<link rel="canonical" href="https://gazette.example/"><meta property="og:url" content="https://gazette.example/news/1">',
            "https://gazette.example/news/1",
        ),
        ('<link rel="canonical" href="/news/1">', None),
    ],
)
def test_the_address_of_a_page(head, url):
    assert parse_html(page(head + ld(OWN))).url == url


@pytest.mark.parametrize(
    ("title", "extra"),
    [
        ("Ankara warns over Cyprus drilling - The Japan Times", '<meta property="og:site_name" content="The Japan Times">'),
        ("Ankara warns over Cyprus drilling | World - Gazette of Pakistan", '<meta property="og:site_name" content="Gazette of Pakistan"><meta property="article:section" content="World">'),
        ("The India Herald: Ankara warns over Cyprus drilling", '<meta property="og:site_name" content="The India Herald">'),
        ("Ankara warns over Cyprus drilling — Gazette", ld('{"@type":"WebSite","name":"Gazette"}')),
    ],
)  # fmt: skip
def test_the_sites_name_is_no_part_of_a_headline(title, extra):
    for h1 in ("<h1>Ankara warns over Cyprus drilling</h1>", ""):
        html = f'<html><head><title>{title}</title><meta property="og:title" content="{title}">{extra}{ld(OWN).replace("Envoys meet at sea", "")}</head><body>{h1}{TEXT}</body></html>'
        assert parse_html(html).headline == "Ankara warns over Cyprus drilling"


def test_a_headline_with_a_dash_keeps_it():
    assert parse_html(page(ld(OWN), h1="Envoys meet - at sea")).headline in (
        "Envoys meet - at sea",
        "Envoys meet at sea",
    )


def test_authors_are_kept():
    read = parse_html(page(ld(OWN[:-1] + ',"author":[{"@type":"Person","name":"A. Writer"},{"name":"B. Scribe"}]}')))
    assert read.authors == "A. Writer; B. Scribe"


def test_every_paragraph_of_a_japanese_page_is_kept():
    parts = [
        "首相は二十八日、隣国の大統領と会談し、貿易と投資の拡大で合意したと発表した。" * 3,
        "外相も同席した。",
        "来月には実務者の協議が開かれる予定だという。" * 3,
    ]
    html = f'<html lang="ja"><head><title>首相が会談</title><meta property="article:published_time" content="2025-05-28T10:00:00+09:00"></head><body><article><h1>首相が会談</h1>{"".join(f"<p>{p}</p>" for p in parts)}</article></body></html>'
    read = parse_html(html)
    assert (read.body, read.language) == ("\n\n".join(parts), "ja")


@pytest.mark.parametrize(
    ("printed", "instant", "precision"),
    [
        ("Veröffentlicht am 28. Mai 2025 um 15:44", datetime(2025, 5, 28, 13, 44, tzinfo=UTC), "minute"),
        ("Mi 28.05.25 | 14:07 Uhr | Von A. Writer", datetime(2025, 5, 28, tzinfo=UTC), "day"),
        ("Yayınlanma: 28 Mayıs 2025", datetime(2025, 5, 28, tzinfo=UTC), "day"),
        ("Published: May 28, 2025 3:44 pm", datetime(2025, 5, 28, 13, 44, tzinfo=UTC), "minute"),
    ],
)
def test_dates_printed_with_a_label(printed, instant, precision):
    from correlator.news.publishers import Publishers

    html = page().replace("</h1>", f'</h1><span class="post-date">{printed}</span>')
    read = parse_html(html, publishers=Publishers(zone="Europe/Berlin"))
    assert (read.published.instant, read.published.precision) == (instant, precision)


def test_a_weekday_that_the_date_is_not_is_refused():
    html = page().replace("</h1>", '</h1><span class="post-date">Tuesday, 28 May 2025, 1:00 pm GMT</span>')
    with pytest.raises(TimeError):
        parse_html(html)


def test_of_nested_elements_with_dates_the_innermost_is_read():
    line = '</h1><div class="time-section"><span class="by">By A. Writer 3</span><p class="post-date-time">Monday Aug 27, 2018</p></div>'
    read = parse_html(page().replace("</h1>", line))
    assert (read.published.instant, read.published.precision) == (datetime(2018, 8, 27, tzinfo=UTC), "day")


def test_an_address_that_is_none_is_passed_over():
    node = OWN[:-1] + ',"url":"http://[x"}'
    head = (
        ld(node) + '<link rel="canonical" href="http://[y"><meta property="og:url" content="https://gazette.example/1">'
    )
    assert parse_html(page(head)).url == "https://gazette.example/1"


PARAGRAPHS = "".join(
    f"<p>The two delegations met for the {n} time in Riga and spoke of grain, ports and rail.</p>" for n in range(8)
)


def page_of(head="", body="", heading="Delegations meet in Riga on grain"):
    return parse_html(
        f"<html><head><title>T</title>{head}</head><body><article><h1>{heading}</h1>{body}{PARAGRAPHS}</article></body></html>"
    )


@pytest.mark.parametrize(
    "name", ["article:published:time", "article.published_time", "article-published-time", "publish-date"]
)
def test_signs_between_the_words_of_a_meta_tag_do_not_matter(name):
    read = page_of(f'<meta property="{name}" content="2026-03-02T09:30:00+02:00">')
    assert read.published.instant == datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "label", ["Güncelleme", "Son güncelleme", "Aktualisiert", "Mis à jour", "Обновлено", "Updated"]
)
def test_what_is_printed_of_an_update_is_not_the_publication(label):
    read = page_of(body=f'<span class="date">05.04.2026 - {label} : 09.04.2026</span>')
    assert read.published.instant.date() == date(2026, 4, 5)


@pytest.mark.parametrize(
    "line",
    [
        "Aktualizacja: 29 maja 2025",
        "Aktualizováno 29. května 2025",
        "Frissítve: 2025. május 29.",
        "Оновлено 29 травня 2025",
        "Laatst gewijzigd 29 mei 2025",
        "Diperbarui 29 Mei 2025",
        "Cập nhật 29/05/2025",
        "Ενημερώθηκε: 29 Μαΐου 2025",
        "به\u200cروزرسانی: ۸ خرداد ۱۴۰۴",
        "اپ ڈیٹ 29 مئی 2025",
        "עודכן: 29 במאי 2025",
        "अपडेट: 29 मई 2025",
        "আপডেট: ২৯ মে ২০২৫",
        "อัปเดต: 29 พ.ค. 2568",
        "수정 2025.05.29",
        "更新时间：2025年5月29日",
        "2025年5月29日 9時02分更新",
    ],
)
def test_the_day_of_an_update_alone_is_no_publication_in_any_language(line):
    with pytest.raises(TimeError, match="no publication date"):
        page_of(body=f'<span class="date">{line}</span>')


@pytest.mark.parametrize(
    "line",
    [
        "公開日:令和7年5月28日",
        "發布時間：民國114年5月28日",
        "2025-05-28 来源：通讯社",
        "تاریخ انتشار: چهارشنبه ۷ خرداد ۱۴۰۴",
        "2025年5月28日公開 2025年5月29日更新",
        "เผยแพร่ 28 พฤษภาคม 2568",
    ],
)
def test_labels_of_other_languages_are_taken_off(line):
    read = page_of(body=f'<span class="date">{line}</span>')
    assert (read.published.instant, read.published.precision) == (datetime(2025, 5, 28, tzinfo=UTC), "day")


def test_a_date_behind_its_label_tells_where_nothing_else_does():
    far = "<div>" * 2 + "<b>x</b>" * 80 + "</div>" * 2
    read = page_of(body=f"{far}<ul><li><strong>Datum</strong> 28.04.2026</li></ul>")
    assert (read.published.instant.date(), read.published.precision) == (date(2026, 4, 28), "day")
    with pytest.raises(TimeError):
        page_of(body=f"{far}<ul><li><b>Datum</b> 28.04.2026</li></ul><ul><li><b>Datum</b> 29.04.2026</li></ul>")


CHECK = {
    "@type": "ClaimReview",
    "datePublished": "2026-05-13T15:44:00+02:00",
    "url": "https://x.invalid/1",
    "claimReviewed": "Grain is blue",
}


def test_a_check_of_facts_is_an_article_where_there_is_no_other():
    script = '<script type="application/ld+json">{}</script>'
    assert page_of(script.format(json.dumps(CHECK))).published.instant == datetime(2026, 5, 13, 13, 44, tzinfo=UTC)
    article = {
        "@type": "NewsArticle",
        "headline": "Delegations meet in Riga on grain",
        "datePublished": "2026-05-12T10:00:00Z",
    }
    both = script.format(json.dumps([CHECK, article]))
    assert page_of(both).published.instant == datetime(2026, 5, 12, 10, tzinfo=UTC)


DATED = '<meta property="article:published_time" content="2026-03-02T09:30:00Z">'


def title(kind, text):
    return f'<meta {"name" if kind.startswith("twitter") else "property"}="{kind}" content="{text}">'


def test_titles_that_agree_outvote_one_that_stands_alone():
    node = {
        "@type": "NewsArticle",
        "headline": "Riga talks, all you need to know",
        "datePublished": "2026-03-02T09:30:00Z",
    }
    script = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    head = (
        script
        + title("og:title", "Grain brings envoys to Riga")
        + title("twitter:title", "Grain brings envoys to Riga")
    )
    assert page_of(head).headline == "Grain brings envoys to Riga"


def test_a_title_that_a_quotation_mark_cut_off_is_none():
    heading = "Envoy in Riga calls grain plan &quot;a first step&quot;"
    head = (
        DATED
        + title("og:title", "Envoy in Riga calls grain plan")
        + title("twitter:title", "Envoy in Riga calls grain plan")
    )
    assert page_of(head, heading=heading).headline == 'Envoy in Riga calls grain plan "a first step"'


def test_the_sites_name_glued_to_a_title_goes():
    text = "Delegations meet in Riga on grain"
    head = DATED + title("og:site_name", "Baltic Herald Online") + title("og:title", f"{text} : Baltic Herald")
    assert page_of(head, heading=text).headline == text


def test_section_and_site_behind_the_nodes_title_go_without_a_space_too():
    text = "Delegations meet in Riga on grain"
    node = {"@type": "NewsArticle", "headline": text, "datePublished": "2026-03-02T09:30:00Z"}
    script = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    longer = f"{text}-PoliticsㅣBalticHerald"
    head = script + "".join(title(kind, longer) for kind in ("og:title", "twitter:title"))
    assert page_of(head + title("og:site_name", "BalticHerald"), heading="").headline == text


def test_a_second_article_below_is_not_the_text():
    below = (
        "<article><h1>Goalkeeper leaves the club</h1>"
        + "<p>The keeper of the home side said farewell to the fans on Sunday night.</p>" * 8
        + "</article>"
    )
    text = f"<html><head><title>T</title>{DATED}</head><body><main><article><h1>Delegations meet in Riga</h1>{PARAGRAPHS}</article>{below}</main></body></html>"
    body = parse_html(text).body
    assert "delegations" in body
    assert "keeper" not in body


@pytest.mark.parametrize(
    "line",
    ["STR/AFP via Getty Images", "Getty Images", "Jo Doe/Reuters", "Externer Inhalt nicht verfügbar", "_",
     "To view this content, enable cookies of the video service in your settings."],
)  # fmt: skip
def test_credits_and_what_is_held_back_are_not_the_text(line):
    body = page_of(DATED, body=f"{PARAGRAPHS}<p>{line}</p>").body
    assert line not in body.split("\n\n")
    assert (
        "Reuters"
        in page_of(
            DATED, body="<p>Officials told Reuters that grain would move by rail, and that ports would open in May.</p>"
        ).body
    )


@pytest.mark.parametrize("printed", ["28 Mayıs 2025 Çarşamba, 10:15", "2025年5月28日 10時15分", "28 May 2025 10:15"])
def test_a_printed_clock_without_a_zone_is_named_in_the_refusal(printed):
    text = page().replace("</h1>", f'</h1><div class="date">{printed}</div>')
    with pytest.raises(TimeError, match="has no time zone"):
        parse_html(text)


def test_a_clock_without_a_zone_that_an_update_repeats_with_an_offset_is_in_it():
    stated = ld('{"@type":"NewsArticle","headline":"Envoys meet at sea","datePublished":"2025-05-28 15:00"}')
    updated = '<meta property="og:updated_time" content="2025-05-28T15:00:{}">'
    read = parse_html(page(stated + updated.format("29+02:00"))).published
    assert read.instant == AT
    assert "og:updated_time, which repeats the clock" in read.rule
    for unsaid in ("29+00:00", "29Z"):  # what plug-ins print behind local clocks
        with pytest.raises(TimeError, match="has no time zone"):
            parse_html(page(stated + updated.format(unsaid)))
    with pytest.raises(TimeError, match="has no time zone"):
        parse_html(page(stated + '<meta property="og:updated_time" content="2025-05-28T17:30:00+02:00">'))


@pytest.mark.parametrize(
    "line",
    [
        '<div class="metaInfoDateTime"><span>28.05.2025</span>, <span>5 min to read</span></div>',
        '<div class="post-date"><b>28 May 2025</b> <i>No. 14</i><span>Updated</span><span>30 May 2025</span></div>',
    ],
)
def test_a_date_line_of_several_elements(line):
    stamp = parse_html(page(h1=f"Envoys meet at sea</h1>{line}<h1>")).published
    assert (stamp.instant.date(), stamp.precision) == (date(2025, 5, 28), "day")


@pytest.mark.parametrize(
    "line",
    [
        "Updated: May 29, 2025 01:02 GMT | Published: May 28, 2025 13:00 GMT",
        "Aktualisiert am 29.05.2025 01:02 GMT - Veröffentlicht am 28.05.2025 13:00 GMT",
        "Last updated 29 May 2025 01:02 GMT, first published on 28 May 2025 13:00 GMT",
    ],
)
def test_the_publication_behind_an_update_is_read(line):
    assert (
        parse_html(page(h1=f"Envoys meet at sea</h1><div class=date>{line}</div><h1 hidden>")).published.instant == AT
    )


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("05/06/2025", "day/month or month/day"),
        ("Monday, 28 May 2025", "weekday"),
        ("28 May 2025 13:00 XYZ", "not a known zone abbreviation"),
    ],
)
def test_why_a_printed_date_is_not_read_is_told(printed, reason):
    with pytest.raises(TimeError, match=reason):
        parse_html(page(h1=f"Envoys meet at sea</h1><div class=date>{printed}</div><h1 hidden>"))


@pytest.mark.parametrize(
    "line",
    [
        '<abbr class="published" title="2025-05-28T18:00:00+05:00">28 May</abbr>',
        '<abbr class="published" itemprop="datePublished" title="2025-05-28T18:00:00+05:00">18:00</abbr>',
        '<span class="date" title="2025-05-28T18:00:00+05:00">3 hours ago</span>',
        '<span class="timestamp" data-timestamp="1748437200">3 hours ago</span>',
        '<span property="schema:datePublished" content="2025-05-28T18:00:00+05:00">28 May</span>',
        '<time class="entry-date published updated" datetime="2025-05-28T18:00:00+05:00">28 May</time>',
        '<p>Updated: <time datetime="2025-05-29T09:00:00Z">29 May</time> Published: <time datetime="2025-05-28T13:00:00Z">28</time></p>',
        '<dl><dt>Published</dt><dd class="date">28 May 2025, 18:00 PKT</dd></dl>',
        '<span class="time">5 min</span><span data-testid="publish-date">28 May 2025, 18:00 PKT</span>',
        '<p><time datetime="2025-05-28T13:00:00Z">28 May</time> <a href="/g">Follow our news on your phone</a></p>',
        '<meta name="parsely-page" content=\'{"pub_date": "2025-05-28T13:00:00Z"}\'>',
    ],
)
def test_times_that_elements_state_for_programs(line):
    assert parse_html(page(h1=f"Envoys meet at sea</h1>{line}<h1>")).published.instant == AT


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("", '<p>Updated: <time datetime="2025-05-29T09:00:00Z">29 May 2025</time></p>'),
        (ld(OTHER), ""),
        (
            "",
            '<figure><figcaption>Riga. <time datetime="2024-05-20T01:00:00Z">20 May 2024</time></figcaption></figure>',
        ),
        ("", '<ul><li><a href="/x">Another story of the day</a> <span class="date">20 May 2025</span></li></ul>'),
        (
            "",
            '<div class="card"><a href="/x">Another story of the day</a><time datetime="2025-05-20T01:00Z">20</time></div>',
        ),
        ("", '<div typeof="Comment"><span property="datePublished" content="2025-05-29T09:00:00Z">29</span></div>'),
    ],
)
def test_an_update_or_another_story_alone_dates_no_page(head, line):
    with pytest.raises(TimeError, match="no publication date"):
        parse_html(page(head, line))


@pytest.mark.parametrize(
    "title",
    ["{} (The Gazette)", "{} , The Gazette", "{} - The Gazette - Read since 1901", "{} - May 28, 2025 - The Gazette",
     "The Gazette » World » {}"],
)  # fmt: skip
def test_what_stands_about_the_sites_name_goes_with_it(title):
    stated = '<meta property="og:site_name" content="The Gazette"><meta name="date" content="2025-05-28T13:00:00Z">'
    text = f"<title>{title.format('Envoys meet at sea')}</title>{stated}<body>{TEXT}</body>"
    assert parse_html(text).headline == "Envoys meet at sea"


@pytest.mark.parametrize(
    ("head", "root", "language"),
    [
        ('<meta property="og:locale" content="lv_LV">', "", "lv"),
        ('<meta property="og:locale" content="en_US">', 'lang="lv"', "lv"),
        (ld(OWN[:-1] + ',"inLanguage":"lv-LV"}'), "", "lv"),
        ("", 'xml:lang="lv"', "lv"),
        ("", "", None),
    ],
)
def test_the_language_that_a_page_states(head, root, language):
    time = '<meta name="date" content="2025-05-28T13:00:00Z">'
    assert parse_html(page(time + head, root=root)).language == language


@pytest.mark.parametrize("author", ['{"@id":"#p"}', '{"@type":"Person","name":["A. Writer"]}'])
def test_authors_by_reference_or_in_a_list(author):
    person = '{"@type":"Person","@id":"#p","name":"A. Writer"}'
    own = OWN[:-1] + f',"author":{author}}}'
    assert parse_html(page(ld(f'{{"@graph":[{own},{person}]}}'))).authors == "A. Writer"


@pytest.mark.parametrize(
    ("host", "day", "read"), [("uk", "01-28", True), ("uk", "05-28", False), ("example", "01-28", False)]
)
def test_a_clock_in_utc_is_that_of_a_country_at_utc(host, day, read):
    head = ld(OWN.replace("05-28", day)) + f'<link rel="canonical" href="https://gazette.{host}/1">'
    printed = datetime.fromisoformat(f"2025-{day}").strftime("13:00, %d %b %Y")
    text = page(head, h1=f'Envoys meet at sea</h1><span class="date">{printed}</span><h1>')
    if read:
        assert parse_html(text).published.instant == datetime(2025, 1, 28, 13, tzinfo=UTC)
    else:
        with pytest.raises(TimeError, match="could be UTC or local time"):
            parse_html(text)
