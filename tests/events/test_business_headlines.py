"""Headlines of business pages: which of them tell an act between states. Wording of our own."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import pytest

from correlator.events.acts.gate import SEEN, logistic, logit, weights
from correlator.events.acts.signs import Signs, signs
from correlator.events.coder import code_headlines, code_text
from correlator.events.grammar.reading import chosen, named, read
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.lexicon import lexicon_with

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from reuters_precision import Label, figures, share

ROOT = Path(__file__).parents[2]
OWN = ROOT / "data" / "events" / "training_business.tsv"


@pytest.mark.parametrize(
    ("device", "event", "none"),
    [
        ("two parties", "Peru urges Chile to cut duties", "Peru urges factories to cut waste"),
        ("a firm of a country is not a party", "Kenya warns Uganda over sugar", "Kenyan bank warns over sugar loans"),
        ("nor is a name behind a country", "Cuba halts nickel exports to Canada", "Cuba Nickel halts sales to Canada"),
        ("nor one behind its possessive", "Ghana to buy rice from Togo", "Ghana's Kasapreko to buy Togo brewer"),
        ("a market's word is the subject", "Iran, Oman hold gas talks", "Crude slips on Iran, Oman talks"),
        ("an organisation and a company", "EU warns Serbia over dumping", "EU fines drugmakers over collusion"),
        ("an organisation and a name", "EU warns Malta over banks", "EU warns Zanotti over phone bundles"),
        ("what an organisation foretells", "IMF warns Malawi over arrears", "IMF warns of sluggish recovery"),
        ("court and company", "Ghana court jails Togolese envoy", "Court orders Halvorsen to pay investors"),
        ("a probe of a company", "Fiji probes Tongan raid on islet", "Fiji probes Halvorsen over fees"),
        ("strike at a plant", "Greeks strike against IMF deal", "Workers strike at Fiji brewery"),
        ("nobody says it", "Fiji must free crew, Tonga says", "Fiji must save more"),
        ("a document", "Chile and Peru meet in Lima", "Factbox: what Chile and Peru trade"),
        ("a fine at home", "Peru fines Chilean bank over leaks", "Peru fines bank over leaks"),
        ("an explainer", "Fiji seeks Tongan loan for port", "Fiji's Tongan loan: what comes next"),
        ("a fire", "Omani port hit with Iranian missiles", "Two Omanis killed in Dubai hotel fire"),
        ("comment", "Peru rejects Chilean claim to islet", "Analysis: Peru rejects Chilean claim to islet"),
        ("a question", "Peru and Chile hold talks on islet", "Can Peru and Chile hold talks on islet?"),
        ("a title that explains", "Peru turns to Chile for help", "Why Peru turns to Chile for help"),
        ("a game", "Fiji accuses Tonga of raid on islet", "Fiji win toss against Tonga, elect to bat"),
        ("a team has a plural verb", "Fiji beats back Tongan raid on islet", "Fiji beat Tonga in last minute"),
        ("a tour", "Fiji premier begins tour of Tonga", "Fiji tour of Tonga begins"),
        ("show business", "Syrian minister visits Amman", "Syrian drama star visits Amman"),
        ("nobody of a country", "Peruvian president meets Chilean governors", "President meets governors on wheat"),
        ("an economic battle", "Chad battles Sudanese rebels", "Chad battles inflation"),
    ],
)
@pytest.mark.parametrize("coder", ["rules", "full"])
def test_devices(device, event, none, coder):
    assert [bool(code_text(text, coder=coder)) for text in (event, none)] == [True, False], device


@pytest.mark.parametrize("coder", ["rules", "full"])
def test_capitals_do_not_open_the_gate(coder):
    assert code_text("Peru Urges Chile to Cut Duties on Fish", coder=coder)[0].dyad == "CHL-PER"
    assert code_text("Peru Mining Group Agrees to Sell Stake in Tin Unit", coder=coder) == []
    assert code_text("Copper Climbs as Chile, Peru Hold Talks", coder=coder) == []


def test_words_of_foreign_affairs_speak_for_a_country_alone():
    assert code_text("Chile calls for global response to hunger")
    assert not code_text("Chile calls for lower card fees")


def test_a_long_sentence_and_a_template_have_no_gate_of_headlines():
    assert code_text("{country_1} leader condemns human rights record in speech")
    assert code_text(
        "The president of Chile on Monday evening urged all bakers and grocers of the capital to open again."
    )


@pytest.mark.parametrize(("coder", "precision", "recall"), [("rules", 0.85, 0.75), ("full", 0.87, 0.75)])
def test_own_business_headlines(coder, precision, recall):
    rows = [line.split("\t") for line in OWN.read_text(encoding="utf-8").splitlines()]
    coded = code_headlines([text for _, text in rows], coder=coder)
    found = [category != "NONE" for (category, _), events in zip(rows, coded, strict=True) if events]
    assert sum(found) / len(found) >= precision
    assert sum(found) / sum(category != "NONE" for category, _ in rows) >= recall


def test_own_business_headlines_are_ours_and_labelled():
    rows = [line.split("\t") for line in OWN.read_text(encoding="utf-8").splitlines()]
    assert {category for category, _ in rows} <= {*CATEGORIES, "NONE"}
    assert len({text for _, text in rows}) == len(rows) > 350
    assert not {text for _, text in rows} & {entry.example for entry in lexicon_with(None)}


def test_labels_hold_no_wording():
    path = ROOT / "benchmarks" / "reuters_labels.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) > 15_000
    assert all(set(row) == {"row", "month", "grade"} for row in rows)
    assert all(row["row"].isdecimal() and row["grade"] in ("abroad", "home", "none") for row in rows)
    assert all(re.fullmatch(r"200[6-9]-[01]\d", row["month"]) for row in rows)
    assert len({row["row"] for row in rows}) == len(rows)


def test_figures_count_what_is_diplomatic():
    event = code_text("Peru urges Chile to cut duties")
    labels = [Label(n, "2007-01", grade) for n, grade in enumerate(("abroad", "none", "home", "abroad"), 1)]
    found = figures(labels, [event, event, event, []])
    assert found["precision"][:1] == pytest.approx((2 / 3,))
    assert found["across a border"].value == pytest.approx(1 / 3)
    assert found["recall"].value == pytest.approx(2 / 3)
    assert found["recall across a border"].value == pytest.approx(1 / 2)
    assert found["two countries"].count == 3


def test_a_share_knows_its_spread():
    assert share([True, False, True, True]).half == pytest.approx(1.96 * (0.75 * 0.25 / 4) ** 0.5)
    assert share([]).count == 0


def test_every_sign_has_its_weights_and_every_weight_a_sign():
    """A sign renamed in the code would silently weigh nothing."""
    known = {"always", "score", "opposing words", "words abroad", "length"}
    rows = {name for setting in weights().values() for name in setting}
    seen = set()
    for line in OWN.read_text(encoding="utf-8").splitlines():
        reading = named(read(line.split("\t")[1]))
        if reading.candidates and reading.actors:
            seen |= set(signs(chosen(reading, reading.candidates[0])).values)
    assert known <= seen
    assert {name for name in seen if not name.startswith(("category", "source", "target"))} <= rows
    assert set(SEEN) <= rows


def test_signs_weigh_by_setting():
    one = logit(Signs({"always": 1.0, "pair": 1.0}, ("any", "one")))
    expected = sum(weights()[setting].get(name, 0.0) for setting in ("any", "one") for name in ("always", "pair"))
    assert one == pytest.approx(expected)
    assert logistic(0.0) == 0.5
