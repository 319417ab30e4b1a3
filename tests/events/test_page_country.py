"""Offices that a page leaves without a country are those of its own; nothing is guessed where it is not known."""

from __future__ import annotations

import json

import forked
import pytest

from correlator.errors import InputError
from correlator.events.coder import CODERS, code_article, code_text
from correlator.intake.news import add_news
from correlator.store.db import Store


def codes(text, **options):
    event = code_text(text, **options)[0]
    return tuple(actor.code if actor else None for actor in (event.source, event.target))


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize(
    ("text", "without", "at_home"),
    [
        ("PM condemns raid on Turkish engineers", (":GOV", "TUR"), ("KEN:GOV", "TUR")),
        ("Army chief meets Omani premier in Muscat", (":MIL", "OMN:GOV"), ("KEN:MIL", "OMN:GOV")),
        ("Omani foreign minister arrives on two-day visit", None, ("OMN:GOV", "KEN")),
        ("Omani premier thanks Chad for flood relief", ("OMN:GOV", "TCD"), ("OMN:GOV", "TCD")),
        ("Foreign ministers urge Chad to free envoys", (":GOV", "TCD"), (":GOV", "TCD")),
    ],
)
def test_offices_of_the_page(coder, text, without, at_home):
    if without is not None:
        assert codes(text, coder=coder) == without
    assert codes(text, coder=coder, home="KEN") == at_home


def test_the_evidence_says_that_the_page_told_it():
    (event, *_) = code_text("Omani foreign minister arrives on two-day visit", home="KEN")
    target = next(item for item in event.evidence if item["field"] == "target")
    assert (target["span"], target["start"], target["end"]) == ("", 0, 0)
    assert target["rule"].endswith("country from the page")


def test_the_first_sentence_goes_before_the_page():
    body = "MUSCAT: The Omani foreign minister met the premier of Chad in N'Djamena on Sunday. They talked of trade."
    event = code_article("Omani foreign minister arrives on two-day visit", body, dateline="MUSCAT", home="KEN")[0]
    assert event.dyad == "OMN-TCD"


def test_an_unknown_country_is_refused():
    with pytest.raises(InputError, match="not a country"):
        code_text("PM leaves for Muscat", home="Kenya")


def test_the_command_line_takes_it(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "PM condemns raid on Turkish engineers"}\n', encoding="utf-8")
    done = forked.run(["code", path, "--home", "KEN"], cwd=tmp_path)
    assert json.loads(done.stdout)["events"][0]["dyad"] == "KEN-TUR"
    refused = forked.run(["code", path, "--home", "KENYA"], cwd=tmp_path)
    assert refused.returncode == 3
    assert "not a country" in refused.stderr


@pytest.mark.parametrize(("agency", "dyad"), [("", "KEN-TUR"), ("PTI ", None)])
def test_a_profile_says_the_country_of_its_publisher(tmp_path, agency, dyad):
    profile = tmp_path / "gazette.toml"
    profile.write_text(
        'name = "gazette"\nzone = "Africa/Nairobi"\ncountry = "KEN"\n'
        'layouts = ["%d.%m.%Y at %H.%M"]\nagencies = ["PTI"]\n'
    )
    page = tmp_path / "page.txt"
    page.write_text(f"PM condemns raid on Turkish engineers\n{agency}Published 28.05.2025 at 06.02\nText is here.\n")
    store = Store(tmp_path / "s.duckdb")
    add_news(store, page, profile=str(profile))
    with store.transaction() as connection:
        assert connection.execute("SELECT dyad FROM events").fetchall() == [(dyad,)]
