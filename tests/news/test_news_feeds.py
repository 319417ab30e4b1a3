"""What items of feeds state: address, authors, language, symbols, and whether they are articles."""

import json

import pytest

from correlator.errors import InputError
from correlator.news.feed import feed_batches
from correlator.news.fetch import Answer, Validators
from correlator.news.publishers import Publishers
from correlator.news.read import read_answer, read_news

TITLE, LINK = "<title>Envoys leave Riga</title>", "<link>https://gazette.example/n/1</link>"
TIME = "<pubDate>Wed, 28 May 2025 06:02:00 +0500</pubDate>"
JSON = {
    "id": "1",
    "url": "https://gazette.example/n/1",
    "title": "Envoys leave",
    "date_published": "2025-05-28T06:02:00Z",
}


NO_ITEMS = '{"version": "https://jsonfeed.org/version/1.1", "title": "Gazette", "items": []}'


def rss(item):
    names = (
        ("feedburner", "http://rssnamespace.org/feedburner/ext/1.0"),
        ("nasdaq", "http://nasdaq.com/reference/feeds/1.0"),
        ("dcterms", "http://purl.org/dc/terms/"),
    )
    spaces = " ".join(f'xmlns:{name}="{address}"' for name, address in names)
    return f'<rss version="2.0" {spaces}><channel><title>Gazette</title><item>{item}</item></channel></rss>'


def read(text):
    (batch,) = feed_batches(text.encode(), "f")
    return batch


def of_json(item, **feed):
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", **feed, "items": [{**JSON, **item}]})


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        (rss(TITLE + "<link>javascript:run()</link>" + TIME), "url", None),
        (rss(TITLE + "<link>https://hop.example/~r/1</link>"
             "<feedburner:origLink>https://gazette.example/n/2</feedburner:origLink>" + TIME),
         "url", "https://gazette.example/n/2"),
        (rss(TITLE + LINK + TIME + "<author>desk@gazette.media (Ann Doe)</author>"), "authors", "Ann Doe"),
        (rss(TITLE + LINK + TIME + "<author>Ann Doe</author>"), "authors", "Ann Doe"),
        (rss(TITLE + LINK + TIME + "<dcterms:issued>2025-05</dcterms:issued>"), "headline", "Envoys leave Riga"),
        (rss(TITLE + LINK + TIME + "<published>2025-05-28T01:02:00Z</published>"), "updated_at", None),
        (rss(TITLE + LINK + TIME + "<author>desk@gazette.media</author>"), "authors", None),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><entry><title xml:lang="lv">Rīga</title>'
         "<published>2025-05-28T06:02:00Z</published></entry></feed>", "language", "lv"),
        (of_json({}, language="lv"), "language", "lv"),
        (of_json({"url": "/n/3"}, home_page_url="https://gazette.example/"), "url", "https://gazette.example/n/3"),
        (of_json({"url": None, "id": "https://gazette.example/n/4"}), "url", "https://gazette.example/n/4"),
        (of_json({"url": "data:text/html,x"}), "url", None),
        (of_json({"content_text": "a < b and c > d hold\n\n& more"}), "body", "a < b and c > d hold\n\n& more"),
        (of_json({"title": "Oil &amp; gas < coal"}), "headline", "Oil & gas < coal"),
    ],
)  # fmt: skip
def test_what_an_item_states(text, column, value):
    assert read(text).articles[column].to_list() == [value]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (TITLE + LINK.replace("/1<", "/1#comment-4<") + TIME, "comment"),
        (TITLE + LINK + TIME + TIME.replace("06:02", "09:02"), "several publication times"),
        (TITLE + LINK + "<dcterms:created>2025-05-27T06:02:00Z</dcterms:created>", "no publication time"),
    ],
)
def test_what_is_no_publication_of_an_article(item, reason):
    batch = read(rss(item))
    assert batch.articles.is_empty()
    assert reason in batch.rejects["reason"].item()


@pytest.mark.parametrize(
    "text",
    [
        rss(TITLE + LINK + TIME + "<nasdaq:tickers>LAMP, SOFA</nasdaq:tickers>"),
        rss(TITLE + LINK + TIME + '<category domain="https://wire.example/rss/stock">NYSE:LAMP</category>'
            '<category domain="https://wire.example/rss/stock">SOFA</category>'
            '<category domain="https://wire.example/rss/keyword">CHAIR</category>'),
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">'
        "<url><loc>https://gazette.example/n/1</loc><n:news><n:title>Envoys leave</n:title>"
        "<n:publication_date>2025-05-28T06:02:00Z</n:publication_date>"
        "<n:stock_tickers>NASDAQ:LAMP, SOFA</n:stock_tickers></n:news></url></urlset>",
    ],
)  # fmt: skip
def test_symbols_that_a_feed_states_are_links(text):
    batch = read(text)
    assert batch.named["symbol"].to_list() == ["LAMP", "SOFA"]
    assert set(batch.named["article_key"]) == set(batch.articles["article_key"])


def test_a_reply_to_another_entry_is_no_article():
    entry = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0"><title>t</title>'
        "<entry><title>I agree</title><updated>2025-05-28T10:00:00Z</updated>{}</entry></feed>"
    )
    (reply,) = feed_batches(entry.format('<thr:in-reply-to ref="tag:gazette.example:1"/>').encode(), "f")
    assert reply.rejects["reason"].to_list() == ["the item is a reply to another one, not an article"]
    (post,) = feed_batches(entry.format("").encode(), "f")
    assert post.articles.height == 1


@pytest.mark.parametrize(
    "rest", ["<item><title>Iran sig", "<item><title>Iran signs</title><pubDate>Wed, 28 May", "<ite"]
)
def test_an_item_that_a_feed_breaks_off_in_is_rejected(rest):
    """Its headline or time may be a part of what was meant."""
    whole = rss(f"{TITLE}{LINK}{TIME}")
    (batch,) = feed_batches(whole[: whole.index("</channel>")].encode() + rest.encode(), "f")
    assert batch.articles.height == 1
    assert [reason for reason in batch.rejects["reason"] if "cut off" not in reason] == []
    assert batch.rejects.height == (rest != "<ite")


def test_the_encoding_of_a_feed_is_that_of_its_header():
    """A feed without a declaration; guessed from its content, it changed from poll to poll."""
    body = rss(f"<title>Путин подписал указ</title>{LINK}{TIME}").encode("cp1251")
    (batch,) = read_answer(Answer(body, Validators(), "text/xml; charset=windows-1251"), "f", Publishers())
    assert batch.articles["headline"].to_list() == ["Путин подписал указ"]


WESTERN, TURKISH, CZECH = "L’accord signé à Riga", "Erdoğan ile görüştü", "Vyslanci opouštějí Rigu"


def feed_of(*titles, language=""):
    """Return the bytes of a feed without a declaration; a title with its encoding in bytes, other titles in UTF-8."""
    items = (b"<item><title>" + title + b"</title>" + TIME.encode() + b"</item>" for title in titles)
    stated = f"<language>{language}</language>" if language else ""
    return f'<rss version="2.0"><channel><title>G</title>{stated}'.encode() + b"".join(items) + b"</channel></rss>"


@pytest.mark.parametrize(
    ("title", "encoding", "language"), [(WESTERN, "cp1252", ""), (WESTERN, "cp1252", "fr"), (TURKISH, "cp1254", "tr")]
)
@pytest.mark.parametrize("others", [(), ("Эмиссары покидают Ригу" * 20,), ("Envoys", "Emissários à mesa" * 20)])
def test_an_item_has_the_same_text_whatever_the_others_are(title, encoding, language, others):
    raw = feed_of(title.encode(encoding), *(other.encode() for other in others), language=language)
    (batch,) = feed_batches(raw, "f")
    assert batch.articles["headline"].to_list() == [title, *others]


@pytest.mark.parametrize(
    ("title", "encoding", "language"),
    [
        ("Эмиссары", "cp1251", ""),
        ("Эмиссары", "koi8-r", "ru"),
        (CZECH, "iso8859-2", "cs"),
        (TURKISH, "cp1254", "en"),
        ("使团离开里加", "gb18030", ""),
    ],
)
def test_a_feed_in_an_unknown_encoding_is_refused_and_read_in_that_of_the_caller(title, encoding, language, tmp_path):
    raw = feed_of(title.encode(encoding), language=language)
    (tmp_path / "f.xml").write_bytes(raw)
    with pytest.raises(InputError, match="not UTF-8, and declares no other encoding") as error:
        list(read_news(tmp_path / "f.xml"))
    assert "--encoding" in error.value.hint
    for batches in (
        read_news(tmp_path / "f.xml", encoding=encoding),
        read_answer(Answer(raw, Validators(), None), "f", Publishers(), encoding=encoding),
    ):
        assert [batch.articles["headline"].item() for batch in batches] == [title]


@pytest.mark.parametrize(
    "text",
    [
        rss(TITLE + "<guid>12345</guid>" + TIME),
        rss(TITLE + '<guid isPermaLink="false">12345</guid>' + TIME),
        of_json({"id": "12345", "url": ""}, home_page_url="https://gazette.example/"),
    ],
)
def test_an_id_that_is_no_address_is_not_made_one(text):
    assert (
        read(text.replace("<channel>", "<channel><link>https://gazette.example/</link>")).articles["url"].item() is None
    )


def test_entities_in_the_names_of_authors_are_decoded():
    item = f"{TITLE}{LINK}{TIME}<author>A. Writer &amp;amp; B. Editor</author>"
    assert read(rss(item)).articles["authors"].to_list() == ["A. Writer & B. Editor"]


def test_long_tags_are_no_text():
    item = f"{TITLE}{LINK}{TIME}<description>&lt;img srcset='{'x ' * 2_000}'&gt;They left.</description>"
    assert read(rss(item)).articles["body"].to_list() == ["They left."]


@pytest.mark.parametrize("text", ['<rss version="2.0"><channel><title>Gazette</title></channel></rss>', NO_ITEMS])
def test_a_file_of_a_feed_without_items_is_refused(tmp_path, text):
    (tmp_path / "f.xml").write_text(text)
    with pytest.raises(InputError, match=r"f\.xml is a feed without items"):
        next(read_news(tmp_path / "f.xml", layout="feed"))
    assert read(text).articles.is_empty()  # an answer of a server that has nothing yet


def test_files_of_a_folder_that_are_no_feeds_have_one_reason(tmp_path):
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_text(NO_ITEMS)
    reasons = [reason for batch in read_news(tmp_path) for reason in batch.rejects["reason"]]
    assert reasons == ["the file is a feed without items (check the file)"] * 2
