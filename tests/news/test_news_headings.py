"""Which of the titles that a page states is the one its reader sees above the article."""

import json

import pytest
from lxml import html

from correlator.news.pages.headings import main_heading
from correlator.news.pages.html_page import parse_html
from correlator.news.pages.html_tree import aside_of

EDITED = "Envoys leave Baku with half a pact"
SEARCHED = "Baku talks: What the envoys agreed on trade"
TEXT = "<p>The envoys met on Tuesday and talked at length about trade between the two countries.</p>"


def headline(body, *, node=SEARCHED, shared=SEARCHED, title=SEARCHED):
    linked = {"@type": "NewsArticle", "headline": node, "datePublished": "2025-05-28T06:02:00+05:00"}
    return parse_html(
        f'<html><head><title>{title}</title><meta property="og:title" content="{shared}">'
        f'<script type="application/ld+json">{json.dumps(linked)}</script></head><body>{body}</body></html>'
    ).headline


@pytest.mark.parametrize(
    "path",
    [
        f'<nav class="path"><ol><li>World</li><li><h1>{SEARCHED}</h1></li></ol></nav>',
        f'<div class="ArticleBreadcrumb_bar__x1"><h1>{SEARCHED}</h1></div>',
        f"<ul><li><h1 data-breadcrumb-headline>{SEARCHED}</h1></li></ul>",
        f'<h1 class="seotitle">{SEARCHED}</h1>',
        f'<h1 class="visually-hidden">{SEARCHED}</h1>',
        f'<ol itemscope itemtype="https://schema.org/BreadcrumbList"><li><h1>{SEARCHED}</h1></li></ol>',
    ],
)
@pytest.mark.parametrize("stated", ["node", "shared"])
def test_a_heading_in_the_path_of_sections_or_unseen_is_not_the_articles(path, stated):
    article = f'<article><h2><span>Trade</span> <span class="title">{EDITED}</span></h2>{TEXT}</article>'
    assert headline(path + article, **{stated: EDITED}) == EDITED
    assert headline(path + f"<article>{TEXT}</article>") == SEARCHED  # where nothing else prints a title


def test_a_list_of_links_prints_no_heading():
    path = f'<nav class="breadcrumb"><h1>{SEARCHED}</h1></nav>'
    links = f'<h3><a href="/a">{EDITED}</a></h3><a href="/b"><h3>{EDITED}</h3></a>'
    assert headline(path + links + TEXT, shared=EDITED) == SEARCHED


def test_what_stands_above_the_headline_within_the_heading_is_not_part_of_it():
    body = f'<article><h1><span class="topline">Trade</span><span>{EDITED}</span></h1>{TEXT}</article>'
    assert headline(body, shared=EDITED, node=f"Trade: {EDITED}") == EDITED


def test_quotation_marks_are_not_separators():
    told = "The premier warns of «a long summer»"
    assert headline(f"<h1>{told}</h1>{TEXT}", node=told, shared=told, title=told) == told


def test_a_title_that_a_quotation_mark_cut_off_is_not_stated():
    whole = "Marathon: a clear winner and &quot;royal guests&quot; at the line"
    cut = "Marathon: a clear winner and"
    assert headline(f"<h1>{EDITED}</h1>{TEXT}", node=EDITED, shared=cut, title=whole) == EDITED


@pytest.mark.parametrize("name", ["content without-sidebar", "no-sidebar", "page has-left-sidebar"])
def test_whether_a_page_has_a_bar_says_nothing_of_what_stands_in_it(name):
    root = html.fromstring(f'<html><body><div class="{name}"><h1>{EDITED}</h1></div></body></html>')
    assert not aside_of(root.find(".//h1"))
    assert main_heading(root).text == EDITED
    beside = html.fromstring('<html><body><div class="left-sidebar"><h1>Most read</h1></div></body></html>')
    assert aside_of(beside.find(".//h1"))


def test_kickers_that_differ_are_not_what_the_titles_share():
    printed, shared = f"Talks on trade - {EDITED}", f"Crisis: {EDITED}"
    assert (
        headline(f"<h1>{printed}</h1>{TEXT}", node="", shared=shared, title=f"{shared} - News - The Gazette") == EDITED
    )


def test_two_spellings_of_one_beginning_are_not_kickers():
    printed, shared = (
        f"'I sold {what} of Baku - asking early could save you thousands'" for what in ("maps", "old maps")
    )
    assert headline(f"<h1>{printed}</h1>{TEXT}", node="", shared=shared, title=printed) == printed


def test_a_title_in_two_parts_of_which_both_tell_something_stays_whole():
    told, spoken = (
        f"{city} has lost its envoys: there is still time to bring both of them back" for city in ("Baku", "BK")
    )
    assert headline(f"<h1>{spoken}</h1>{TEXT}", node=told, shared=told, title=told) == told


@pytest.mark.parametrize("whole", [f"Trade: {EDITED}", f"Trade / {EDITED}"])
def test_a_kicker_beside_the_title_is_not_the_heading(whole):
    path = f'<ol class="breadcrumb"><li><h1>{EDITED}</h1></li></ol>'
    body = f'{path}<h2><span class="kicker">Trade</span> <span>{EDITED}</span></h2>{TEXT}'
    assert headline(body, shared=whole, node=f"Trade - {EDITED}", title=f"{whole} - Politics") == whole


def test_a_heading_that_glues_words_or_a_node_without_quotation_marks_lends_no_spelling():
    quoted = 'Envoys speak of "half a pact" in Baku'
    body = f"<h1><span>Envoys</span><b>speak</b> of &quot;half a pact&quot; in Baku</h1>{TEXT}"
    assert headline(body, node=quoted.replace('"', ""), shared=quoted.replace('"', "&quot;"), title="Gazette") == quoted


def titled(title, site, *, printed=""):
    heading = f"<h1>{printed}</h1>" if printed else ""
    return parse_html(
        f'<html><head><title>{title}</title><meta property="og:site_name" content="{site}">'
        '<meta property="article:published_time" content="2025-05-28T06:02:00+05:00"></head>'
        f"<body><article>{heading}{TEXT * 3}</article></body></html>"
    ).headline


@pytest.mark.parametrize(
    ("title", "site"),
    [
        ("Laos: envoys leave Vientiane in anger", "Laos Today"),
        ("Laos: envoys leave Vientiane in anger", "Laos"),
        ("Laos: envoys leave Vientiane in anger | Laos Herald", "The Laos Herald"),
        ("Envoys leave in anger - Laos", "Laos Gazette"),
        ("Laos - Thailand: a bridge opens again", "Laos Gazette"),
    ],
)
@pytest.mark.parametrize("printed", [True, False])
def test_a_country_that_the_site_is_named_after_stays_in_the_headline(title, site, printed):
    whole = title.partition(" | ")[0]
    assert titled(title, site, printed=whole if printed else "") == whole


@pytest.mark.parametrize(
    "title",
    [
        "Laos Gazette: Envoys leave Vientiane in anger",
        "Laos Gazette :: Envoys leave Vientiane in anger",
        "Envoys leave Vientiane in anger › Laos Gazette",
        "Envoys leave Vientiane in anger ★ Laos Gazette",
        "Envoys leave Vientiane in anger | Envoys leave Vientiane in anger | Laos Gazette",
        "Envoys leave Vientiane in anger Envoys leave Vientiane in anger | Laos Gazette",
        "Laos Gazette - Envoys leave Vientiane in anger - Laos Gazette",
    ],
)
def test_the_whole_name_of_the_site_and_a_second_copy_are_not_part_of_it(title):
    assert titled(title, "Laos Gazette") == "Envoys leave Vientiane in anger"


def test_a_name_of_one_word_before_a_colon_is_the_sites_where_a_title_goes_without_it():
    assert (
        titled("Gazette: Envoys leave in anger", "Gazette", printed="Envoys leave in anger") == "Envoys leave in anger"
    )


@pytest.mark.parametrize(
    ("title", "host", "headline"),
    [
        ("Ankara warns Athens over isle - Oman International", "www.omanintl.example", "Ankara warns Athens over isle"),
        ("Ankara warns Athens over isle | South Oman Evening Post", "soep.example", "Ankara warns Athens over isle"),
        ("Ankara warns Athens over isle - Oman", "www.omanintl.example", "Ankara warns Athens over isle - Oman"),
    ],
)
def test_the_name_of_the_site_may_be_shortened_in_its_address(title, host, headline):
    time = '<meta property="article:published_time" content="2025-05-28T13:00:00Z">'
    text = f"<html><head><title>{title}</title>{time}</head><body><p>The envoys met on Tuesday and talked.</p></body></html>"
    assert parse_html(text, url=f"https://{host}/news/1").headline == headline
