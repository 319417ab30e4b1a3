"""Headlines in languages that are not coded are told, not guessed."""

from __future__ import annotations

import io

import pytest

from correlator.events.files.code_file import code_lines
from correlator.events.vocabulary.language import language_of
from correlator.intake.news import add_news
from correlator.store.db import Store


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ur", "وزیر خارجہ کی ترک ہم منصب سے ملاقات"),
        ("ar", "وزير الخارجية يصل إلى الدوحة"),
        ("fa", "رئیس جمهور با وزیر گفتگو کرد"),
        ("tr", "Dışişleri Bakanı Bakü'de görüştü"),
        ("az", "Nazir Ankarada görüşüb, müqavilə imzalanıb və elan edilib"),
        ("ru", "Министр прибыл в Баку"),
        ("hi", "विदेश मंत्री काबुल पहुंचे"),
        ("zh", "外长访问伊斯兰堡"),
        ("fr", "Le ministre est arrivé dans la capitale pour des entretiens"),
        ("en", "Erdoğan visits Baku"),
        ("en", "Peru, Chile ink pact"),
        ("en", ""),
        ("en", "İstanbul talks on grain with Kyiv"),
    ],
)
def test_language(language, text):
    assert language_of(text) == language


def test_the_store_has_the_language_and_the_load_counts_it(tmp_path):
    news = tmp_path / "n.csv"
    news.write_text(
        "date,headline\n2025-05-27T10:00+05:00,Peru urges Chile to cut duties\n"
        "2025-05-28T10:00+05:00,وزیر خارجہ کی ترک ہم منصب سے ملاقات\n2025-05-29T10:00+05:00,Министр прибыл в Баку\n",
        encoding="utf-8",
    )
    store = Store(tmp_path / "m.duckdb")
    report = add_news(store, news, columns={"published": "date"}, profile="generic")
    assert report.details["in languages that are not coded"] == 1
    assert store.frame("SELECT language FROM articles ORDER BY published_at").rows() == [
        (None,),
        ("ur",),
        ("ru",),
    ]


def test_a_line_in_another_language_has_no_events_and_says_so():
    lines = io.StringIO('{"text": "Peru urges Chile to cut duties"}\n{"text": "Министр прибыл в Баку"}\n')
    first, second = code_lines(lines)
    assert first.events
    assert '"language"' not in first.as_json()
    assert second.as_json() == '{"events": [], "language": "ru", "coded": false}'
