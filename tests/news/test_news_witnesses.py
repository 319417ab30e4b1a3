"""Whose statement a time is: of the page's own article, and never of what stands beside it."""

from datetime import UTC, datetime

import pytest

from correlator.errors import TimeError
from correlator.news.html_page import parse_html

TEXT = "<p>Envoys of both states met on Tuesday in the capital and spoke at length about trade between them.</p>" * 2
AT = datetime(2025, 5, 28, 13, tzinfo=UTC)


def ld(json):
    return f'<script type="application/ld+json">{json}</script>'


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
