"""Small lexica: every line's example is coded as the line says; plain headlines give dyad and quad class."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from correlator.events.coder import code_headlines, code_text
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.actors import country_codes
from correlator.events.vocabulary.language import LEXICAL, language_of
from correlator.events.vocabulary.small_lexicon import NO_EVENT, small_lexicon

FRESH = Path(__file__).parent / "headlines" / "languages.csv"
ACTS = [(language, act) for language in LEXICAL for act in small_lexicon(language).acts]
_LEAST_ACTS = 50


@pytest.mark.parametrize(("language", "act"), ACTS, ids=lambda value: getattr(value, "pattern", value))
def test_example_is_coded_as_its_line_says(language, act):
    assert language_of(act.example) == language
    events = code_text(act.example)
    if act.category == NO_EVENT:
        assert events == []
        return
    main = events[0]
    assert main.quad_class == CATEGORIES[act.category].quad_class
    assert (main.category, main.source.country, main.target.country) == (act.category, act.source, act.target)
    assert main.dyad == "-".join(sorted((act.source, act.target)))
    for item in main.evidence:
        assert act.example[item["start"] : item["end"]] == item["span"] != ""


@pytest.mark.parametrize("language", LEXICAL)
def test_each_language_has_its_acts_and_known_actors(language):
    lexicon = small_lexicon(language)
    assert sum(act.category != NO_EVENT for act in lexicon.acts) >= _LEAST_ACTS
    codes = country_codes()
    assert all(name.country in codes for names in lexicon.names.values() for name in names)


@pytest.mark.parametrize("coder", ["rules", "full"])
def test_office_of_the_page_is_its_countrys(coder):
    text = "وزیر خارجہ کی ترک ہم منصب سے ملاقات"
    assert code_text(text, coder=coder) == []
    main = code_text(text, coder=coder, home="PAK")[0]
    assert (main.source.code, main.target.code, main.category) == ("PAK:GOV", "TUR:GOV", "CONSULT")


def test_who_held_office_on_the_day():
    text = "بلاول کا بیان، شہباز شریف نے بھارت کو خبردار کردیا"
    assert code_text(text)[0].source.code == "PAK:GOV"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the doer of a condemned deed, not its victim
        ("مصر تدين الهجوم الإسرائيلي على غزة", ["EGY ISR ACCUSE"]),
        ("أدانت مصر الهجوم الروسي على أوكرانيا", ["EGY RUS ACCUSE"]),
        ("مصر والأردن تدينان الهجوم الإسرائيلي على غزة", ["EGY ISR ACCUSE", "JOR ISR ACCUSE"]),
        ("مصر تدين الهجوم على غزة", ["EGY PSE ACCUSE"]),
        ("Mısır, İsrail'in Lübnan'a saldırısını kınadı", ["EGY ISR ACCUSE"]),
        ("Türkiye, İsrail'in Gazze saldırısını kınadı", ["TUR ISR ACCUSE"]),
        ("پاکستان نے غزہ پر اسرائیلی حملے کی مذمت کی", ["PAK ISR ACCUSE"]),
        ("بھارت نے کابل حملے کا پاکستان پر الزام لگایا", ["IND PAK ACCUSE"]),
        # an object before its subject
        ("Rusya'nın saldırısını Polonya kınadı", ["POL RUS ACCUSE"]),
        ("Rusya'nın teklifini Polonya reddetti", ["POL RUS REJECT"]),
        ("Türkiye'nin Suriye'ye saldırısı", ["TUR SYR ASSAULT"]),
        ("Hindistan'ın uçağını Pakistan düşürdü", ["PAK IND ASSAULT"]),
        ("بھارت کا ڈرون پاکستان نے مار گرایا", ["PAK IND ASSAULT"]),
        # who only says that others did it
        ("روسيا تقول إن أوكرانيا قصفت بيلغورود", ["UKR RUS ASSAULT"]),
        ("لبنان يقول إن إسرائيل قصفت الجنوب", ["ISR LBN ASSAULT"]),
        # who suffers the deed
        ("مقتل جندي إسرائيلي بنيران لبنانية", ["LBN ISR ASSAULT"]),
        ("تعرضت إيران لهجوم إسرائيلي", ["ISR IRN ASSAULT"]),
        ("ایران اسرائیلی حملے کا نشانہ بن گیا", ["ISR IRN ASSAULT"]),
        # what did not happen
        ("İran ABD ile görüşmeyecek", []),
        ("إيران لم تهاجم إسرائيل", []),
        ("إسرائيل لن تهاجم إيران", []),
        ("پاکستان نے بھارت پر حملہ نہیں کیا", []),
        ("ترکی نے اسرائیل سے مذاکرات نہیں کیے", []),
        ("Türkiye Suriye'ye saldırı düzenlemedi", []),
        ("Azərbaycan Ermənistana hücum etmədi", []),
        ("Azərbaycan Ermənistana hücum etdi", ["AZE ARM ASSAULT"]),
    ],
)
def test_particles_and_order_decide_who_did_what(text, expected):
    events = code_text(text)
    assert [f"{each.source.country} {each.target.country} {each.category}" for each in events] == expected


WORDS = sorted({word for _, act in ACTS for word in act.example.split()} | {"،", ":", "–", "'", "x", "42", "ِ"})


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_order_of_words_has_true_evidence(words):
    text = " ".join(words)
    for event in code_text(text):
        assert event.category in CATEGORIES
        assert all(text[item["start"] : item["end"]] == item["span"] for item in event.evidence)


def test_two_against_a_third_are_two_events():
    events = code_text("Türkiye ve Katar, İsrail'i kınadı")
    assert [(e.source.country, e.target.country) for e in events] == [("TUR", "ISR"), ("QAT", "ISR")]


def test_fresh_headlines():
    with FRESH.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    coded = code_headlines([row["headline"] for row in rows])
    told = [(row, events) for row, events in zip(rows, coded, strict=True) if row["category"] != NO_EVENT]
    right = sum(
        bool(events)
        and events[0].quad_class == CATEGORIES[row["category"]].quad_class
        and (events[0].source.country, events[0].target.country) == (row["source"], row["target"])
        for row, events in told
    )
    quiet = [not events for row, events in zip(rows, coded, strict=True) if row["category"] == NO_EVENT]
    assert right / len(told) >= 0.75
    assert sum(quiet) / len(quiet) >= 0.95
