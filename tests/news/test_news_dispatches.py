"""What agencies deliver: NewsML-G2 and NITF. A text is known when its version was issued, and after its embargo."""

from datetime import UTC, datetime

import pytest

from correlator.errors import InputError
from correlator.news.dispatches import dispatch_batches
from correlator.news.publishers import Publishers
from correlator.news.read import read_news, sniff

AT = datetime(2025, 5, 28, 9, 2, tzinfo=UTC)
META = """<itemClass qcode="ninat:text"/><provider qcode="nprov:LAMP"><name>Lamp News Agency</name></provider>
<versionCreated>2025-05-28T14:02:00+05:00</versionCreated><firstCreated>2025-05-27T08:00:00Z</firstCreated>"""
CONTENT = (
    """<by><name>A. Writer</name></by><headline>Envoys of Peru and Chile meet at sea</headline><language tag="en"/>"""
)
TEXT = "<inlineXML><html xmlns='http://www.w3.org/1999/xhtml'><body><p>Envoys met.</p><p>They spoke of grain.</p></body></html></inlineXML>"


def item(meta=META, content=CONTENT, text=TEXT, name="newsItem"):
    return (
        f'<{name} xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:lamp:1" version="3"><itemMeta>{meta}</itemMeta>'
        f"<contentMeta>{content}</contentMeta><contentSet>{text}</contentSet></{name}>"
    )


def message(*items):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header>'
        f"<sent>2025-05-28T09:05:00Z</sent></header><itemSet>{''.join(items)}</itemSet></newsMessage>"
    )


def nitf(data='<date.issue norm="20250528T090200Z"/>', attributes="", head=""):
    return (
        '<?xml version="1.0"?><!DOCTYPE nitf SYSTEM "nitf-3-2.dtd"><nitf><head><title>slug-envoys</title>'
        f'<docdata {attributes}><doc-id regsrc="Lamp News Agency"/>{data}</docdata>{head}</head><body><body.head><hedline>'
        "<hl1>Envoys of Peru and Chile meet at sea</hl1></hedline><byline>By A. Writer</byline></body.head>"
        "<body.content><p>Envoys met.</p><p>They spoke of grain.</p></body.content></body></nitf>"
    )


def read(text, **options):
    (batch,) = dispatch_batches(text.encode(), "wire.xml", Publishers(**options))
    return batch


def embargo(until):
    return META + f"<embargoed>{until}</embargoed>"


@pytest.mark.parametrize("text", [item(), message(item()), nitf()])
def test_a_text_is_known_when_its_version_was_issued(text):
    (row,) = read(text).articles.to_dicts()
    assert (row["published_at"], row["headline"]) == (AT, "Envoys of Peru and Chile meet at sea")
    assert (row["body"], row["authors"]) == ("Envoys met.\n\nThey spoke of grain.", "A. Writer")


@pytest.mark.parametrize(
    ("text", "instant", "precision"),
    [
        (item(embargo("2025-05-28T18:00:00Z")), datetime(2025, 5, 28, 18, tzinfo=UTC), "second"),
        (item(embargo("2025-05-28T06:00:00Z")), AT, "second"),
        (nitf('<date.issue norm="20250528T090200Z"/><date.release norm="20250529T0600Z"/>'),
         datetime(2025, 5, 29, 6, tzinfo=UTC), "second"),
        (nitf(head='<pubdata name="Lamp" date.publication="20250529T000000"/>'),
         datetime(2025, 5, 29, tzinfo=UTC), "day"),
        (nitf("", head='<pubdata name="Lamp" date.publication="20250528"/>'),
         datetime(2025, 5, 28, tzinfo=UTC), "day"),
        (nitf(head='<pubdata type="print" date.publication="20250529"/><pubdata date.publication="20250528T160000Z"/>'),
         datetime(2025, 5, 28, 16, tzinfo=UTC), "second"),
    ],
)  # fmt: skip
def test_it_is_not_known_before_its_embargo_ends(text, instant, precision):
    (row,) = read(text).articles.to_dicts()
    assert (row["published_at"], row["published_precision"]) == (instant, precision)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (item(META + '<pubStatus qcode="stat:canceled"/>'), "its status is canceled"),
        (item(META + '<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/withheld"/>'), "its status is withheld"),
        (item(META + "<embargoed/>"), "its embargo has no end"),
        (item(META.replace("text", "picture")), "is a picture, not a text"),
        (item(META.replace("ninat:text", "ninat:composite"), name="packageItem"), "is a packageItem, not a text"),
        (item(META.replace("versionCreated", "sent")), "has no issue time"),
        (item(content=""), "no headline"),
        (item(embargo("2999-01-01T00:00:00Z")), "future"),
        (item(META.replace("+05:00", "")), "has no time zone"),
        (nitf(attributes='management-status="canceled"'), "its status is canceled"),
        (nitf(attributes='management-status="embargoed"'), "its embargo has no end"),
        (nitf(attributes='management-status="draft"'), "its status is draft"),
        (nitf("<date.expire norm='20250528T090200Z'/>"), "has no issue time"),
    ],
)
def test_what_is_not_out_or_no_text_is_a_reject(text, why):
    batch = read(text)
    assert (batch.articles.height, batch.rejects.height) == (0, 1)
    assert why in batch.rejects["reason"][0]


def test_items_of_a_message_are_articles_and_rejects_by_their_number():
    batch = read(message(item(), item(META + '<pubStatus qcode="stat:canceled"/>'), item(name="planningItem")))
    assert (batch.articles["source_line"].to_list(), batch.rejects["source_line"].to_list()) == ([1], [2, 3])


def test_a_zone_or_profile_is_used_where_the_time_states_none():
    (row,) = read(item(META.replace("+05:00", "")), zone="Asia/Karachi").articles.to_dicts()
    assert row["published_at"] == AT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<NewsML><NewsItem/></NewsML>", "is NewsML, not NewsML-G2"),
        (nitf().replace("<nitf>", '<!DOCTYPE nitf [<!ENTITY a "b">]><nitf>'), "entities"),
        (item(text="<p>" * 200 + "</p>" * 200), "deeper than"),
        (item()[:-20], "is not valid as a NewsML-G2 or NITF file"),
        (message(), "contains no news items"),
    ],
)
def test_hostile_and_other_files_are_refused(text, why):
    with pytest.raises(InputError, match=why):
        read(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.xml", nitf()), ("a.xml", message(item())), ("a.nitf", nitf()), ("a.xml", "<!-- a --><NewsML/>")],
)
def test_a_file_is_told_by_its_first_element(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert sniff(path) == "agency"


def test_a_teleprinters_file_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\x16\x16\x01a0123\x1f\r\nBC-Envoys,100\r\n\x02Envoys met.\r\n\x03")
    with pytest.raises(InputError, match="is not text"):
        list(read_news(path))
