"""What stands within an article and is not its text is not loaded as its text."""

import pytest

from correlator.news.pages.html_page import parse_html

HEAD = '<html><head><meta property="article:published_time" content="2025-05-28T06:02:00+05:00"></head><body><article>'
SENTENCES = [
    "The envoys of both capitals met on Tuesday and talked at length about trade between their countries.",
    "A pact on transit fees, which had been expected since the spring, was put off until the autumn round.",
    "Traders in the port city said that the volume of goods had grown by a third in the last two years.",
    "The ministers are to meet again in October, when the customs offices have made their lists complete.",
]
FOREIGN = "This line of furniture has many words and none of them belongs to what the article tells its readers."


def page(part):
    first, *others = (f"<p>{each}</p>" for each in SENTENCES)
    return f"{HEAD}<h1>Envoys put off their pact</h1>{first}{part}{''.join(others)}</article></body></html>"


@pytest.mark.parametrize(
    "part",
    [
        f"<figure><figcaption><p>{FOREIGN}</p></figcaption></figure>",
        f"<aside><p>{FOREIGN}</p></aside>",
        f'<div class="author__biography"><p>{FOREIGN}</p></div>',
        f'<div class="c-inlineSignup"><p>{FOREIGN}</p></div>',
        f'<div class="image_image-widget__LYZT4"><p>{FOREIGN}</p></div>',
        f'<section id="aboutAuthor"><p>{FOREIGN}</p></section>',
        f'<div class="viafoura-comments"><p>{FOREIGN}</p></div>',
        f'<div class="fact-box"><p>{FOREIGN}</p></div>',
    ],
)
def test_furniture_is_not_text(part):
    body = parse_html(page(part)).body
    assert body == "\n\n".join(SENTENCES)


@pytest.mark.parametrize("name", ["has-comments", "share-count-9 entry", "body with-related"])
def test_a_part_that_holds_the_article_stays_whatever_its_name(name):
    text = page("").replace("<article>", f'<article><div class="{name}">').replace("</article>", "</div></article>")
    assert parse_html(text).body == "\n\n".join(SENTENCES)


def test_words_of_names_are_whole_words():
    part = f'<div class="biology shared-border"><p>{FOREIGN}</p></div>'
    assert FOREIGN in (parse_html(page(part)).body or "")
