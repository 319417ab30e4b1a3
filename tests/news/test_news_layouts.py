"""Headlines of pages in the layouts that systems for publishing write, in several languages (wording of our own)."""

import json

import pytest

from correlator.news.pages.headings import shown_text
from correlator.news.pages.html_page import parse_html
from correlator.news.pages.html_tree import parse_tree

TEXT = "<p>The envoys met on Tuesday and talked at length about trade between the two countries.</p>"
EN = "Envoys leave Riga with half a pact"
DE = "Gesandte verlassen Riga mit halbem Vertrag"
FR = "Les émissaires quittent Riga sans accord"
JA = "使節団が条約の半分だけを手にリガを離れる"
ZH = "使团带着半份条约离开里加"
AR = "المبعوثون يغادرون ريغا بنصف اتفاق"


def page(body, *, title="", shared="", node="", site="", extra=""):
    """A page's text with what it states; an article node without headline where ``node`` is empty."""
    linked = {"@type": "NewsArticle", "datePublished": "2025-05-28T06:02:00+05:00"} | (
        {"headline": node} if node else {}
    )
    tags = "".join(
        f'<meta property="{name}" content="{text}">'
        for name, text in (("og:title", shared), ("og:site_name", site))
        if text
    )
    return (
        f'<html><head><title>{title}</title>{tags}{extra}<script type="application/ld+json">{json.dumps(linked)}'
        f"</script></head><body>{body}</body></html>"
    )


LAYOUTS = {
    "wordpress: h1 is the site, the entry's title an h2": page(
        f'<header><h1 class="site-title">The Gazette</h1></header><article><h2 class="entry-title">{EN}</h2>{TEXT}</article>',
        title=f"{EN} - The Gazette",
    ),
    "wordpress: names of site and section behind bars": page(
        f'<article><h1 class="entry-title">{EN}</h1>{TEXT}</article>',
        title=f"{EN} | World | The Gazette",
        shared=f"{EN} | The Gazette",
    ),
    "arc: a label within the heading": page(
        f'<article><h1><span class="label-badge">Exclusive</span><span>{EN}</span></h1>{TEXT}</article>', title=EN
    ),
    "drupal: hidden label before the field": page(
        f'<main><h1><span class="element-invisible">Article:</span><span class="field--name-title">{EN}</span></h1>{TEXT}</main>',
        title=f"{EN} | Gazette",
        site="Gazette",
    ),
    "ghost: node cut off in the middle of a word": page(
        f'<article><h1 class="article-title">{EN} and hopes of a longer conversation about fish, timber and harbours in autumn</h1>'
        f"{TEXT}</article>",
        node=f"{EN} and hopes of a longer conversation about fish, timber and harb",
        shared=f"{EN} and hopes of a longer conversation about fish, timber and harb",
    ),
    "chorus: og:title is a variant for search": page(
        f'<h1 class="c-page-title">{EN}</h1>{TEXT}',
        title=f"{EN} - Gazette",
        shared="Riga trade talks: Who gains from the pact?",
        site="Gazette",
    ),
    "brightspot: badge and lock": page(
        f'<div class="Page-headline"><h1><i class="premium-icon">+</i>{EN}<span class="Badge live">LIVE</span></h1></div>{TEXT}',
        title=EN,
    ),
    "escenic: kicker above the line": page(
        f'<h1><span class="overline">Trade</span><br>{EN}</h1>{TEXT}', title=f"{EN} | Gazette", site="Gazette"
    ),
    "next.js: names without meaning, title glued to a subtitle": page(
        f'<main><h1 class="sc-a1 bX"><span>{EN}</span><span class="ArticleSubtitle_x9">A day of talks</span></h1>{TEXT}</main>',
        title=EN,
    ),
    "headings of sections within the article": page(
        f"<h1>{EN}</h1><article><h1>Background</h1>{TEXT}<h1>Outlook</h1>{TEXT}</article>", title=f"{EN} · Gazette"
    ),
    "the section above the title": page(
        f"<main><h1>Press releases</h1><h1>{EN}</h1>{TEXT}</main>", title=f"{EN} | Gazette", site="Gazette"
    ),
    "a heading that has no word of any title": page(
        f"<main><h1>Original text</h1>{TEXT}</main>", title=f"{EN} - Gazette", shared=EN, site="Gazette"
    ),
    "entities encoded twice, markup in the node": page(
        TEXT, node="Envoys <em>leave</em> Riga with half a pact", shared="Envoys leave Riga with&amp;nbsp;half a pact"
    ),
    "soft hyphens and blanks of no width": page(
        f"<h1>En&shy;voys leave Riga&nbsp;with&#8203; half a pact</h1>{TEXT}", title=EN
    ),
    "the article's title stated as the name of its site": page(
        f"<h1>{EN}</h1>{TEXT}", title=EN, extra=f'<meta name="application-name" content="{EN}">'
    ),
    "heading for screen readers, printed as a paragraph": page(
        f'<h1 style="display:none">Home of the news of Riga</h1><p class="headline">{EN}</p>{TEXT}', shared=EN
    ),
    "icon with a title of its own, date within the heading": page(
        f"<h1><svg><title>Play</title></svg>{EN}<time>28 May</time></h1>{TEXT}", title=EN
    ),
    "german: kicker told by name, colon of its own": page(
        f'<h1><span class="article__kicker">Handel</span><span class="sep">: </span>{DE}</h1>{TEXT}', title=DE
    ),
    "german: two kickers before one title": page(
        f'<h1><span class="dachzeile">Handel im Norden</span> {DE}</h1>{TEXT}',
        title=f"Treffen in Riga: {DE} - News - ZTG",
        shared=f"Treffen in Riga: {DE}",
        site="ZTG",
    ),
    "french: surtitre": page(f'<h1><em class="surtitre">Commerce</em>{FR}</h1>{TEXT}', title=f"{FR} – Le Journal"),
    "japanese: phrases in elements of their own": page(
        "<h1><span>使節団が条約の</span><span>半分だけを手に</span><br>リガを離れる</h1>" + TEXT,
        title=f"{JA}：新聞デジタル",
    ),
    "japanese: readings above the signs": page(
        "<h1>使節団が<ruby>条約<rt>じょうやく</rt></ruby>の半分だけを手にリガを離れる</h1>" + TEXT, shared=JA
    ),
    "japanese: wide bar before a site that is named nowhere": page(
        f"<h1>{JA}</h1>{TEXT}", title=f"{JA}｜夕刊デジタル", shared=f"{JA}｜夕刊デジタル"
    ),
    "chinese: section and site behind low lines": page(f"<h1>晚报</h1>{TEXT}", title=f"{ZH}_国际_晚报", site="晚报"),
    "arabic: label and name of the site": page(
        f'<h1><span class="tag">عاجل</span> {AR}</h1>{TEXT}', title=f"{AR} | الجريدة", site="الجريدة"
    ),
}
_WHOLE = {"ghost": f"{EN} and hopes of a longer conversation about fish, timber and harbours in autumn"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_headline_is_what_a_reader_sees(layout):
    language = {"german": DE, "french": FR, "japanese": JA, "chinese": ZH, "arabic": AR}.get(
        layout.partition(":")[0], EN
    )
    assert parse_html(LAYOUTS[layout]).headline == _WHOLE.get(layout.partition(":")[0], language)


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("Envoys leave<br>Riga", "Envoys leave Riga"),
        ("<span>Envoys</span><span>leave</span>", "Envoys leave"),
        ("<b>En</b>voys l<i>ea</i>ve", "Envoys leave"),
        ("<span>Envoys</span><span>: they leave</span>", "Envoys: they leave"),
        ("<div>Envoys</div>\n<div>leave</div>", "Envoys leave"),
        ('Envoys <span class="sr-only">gone</span> leave', "Envoys leave"),
        ('<span class="kicker">Trade</span>', "Trade"),
    ],
)
def test_text_of_a_heading(markup, shown):
    assert shown_text(parse_tree(f"<h1>{markup}</h1>").find(".//h1")) == shown


def test_a_kicker_that_other_titles_state_is_part_of_the_headline():
    whole = f"Trade: {EN}"
    body = f'<h1><span class="kicker">Trade</span><span>: </span>{EN}</h1>{TEXT}'
    assert parse_html(page(body, node=whole, shared=whole, title=whole)).headline == whole


def test_a_long_value_of_an_attribute_or_a_long_script_is_no_fault():
    state = f'<div data-state="{"a b " * 40_000}"></div><script>if (a<b) {{ {"var c = 1; " * 20_000} }}</script>'
    assert parse_html(page(f"<h1>{EN}</h1>{TEXT}{state}", title=EN)).headline == EN
