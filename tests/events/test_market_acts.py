"""What lenders, borrowers and traders do: money, tariffs and lists between states; reports and ratings are no acts."""

from __future__ import annotations

import pytest

from correlator.events.coder import code_text


def told(text: str, coder: str) -> tuple[str, str | None, str | None]:
    event = code_text(text, coder=coder)[0]
    sides = (event.source, event.target)
    return (event.category, *(side.country if side else None for side in sides))


@pytest.mark.parametrize("coder", ["rules", "full"])
@pytest.mark.parametrize(
    ("category", "source", "target", "text"),
    [
        ("AID", "IMF", "GHA", "Ghana receives $600m from IMF"),
        ("AID", "IMF", "GHA", "IMF releases third tranche to Ghana"),
        ("AID", "KWT", "JOR", "Kuwait rolls over $700m deposit for Jordan"),
        ("AID", "WB", None, "World Bank okays $300m for dam"),
        ("AGREE", "EGY", "IMF", "Egypt seals $3bn staff-level IMF agreement"),
        ("COOPERATE", "KEN", "CHN", "Kenya repays $1bn to China"),
        ("COERCE", "USA", "LAO", "Laos hit with 40pc tariff by US"),
        ("RETREAT", "FATF", "MLI", "FATF takes Mali off its grey list"),
        ("SANCTION", "IMF", "MWI", "IMF delays tranche for Malawi"),
    ],
)
def test_acts_of_the_market_have_their_lender_and_borrower(coder, category, source, target, text):
    assert told(text, coder) == (category, source, target)


@pytest.mark.parametrize("coder", ["rules", "full"])
@pytest.mark.parametrize(
    "text",
    [
        "World Bank releases report on Kenyan schools",
        "Moody's upgrades Egypt on reserves",
        "Remittances from Oman edge up",
    ],
)
def test_reports_ratings_and_flows_are_no_acts(coder, text):
    assert code_text(text, coder=coder) == []


def test_a_mission_of_an_organisation_is_the_organisation():
    assert code_text("IMF mission meets Kenyan minister")[0].source.code == "IMF:IGO"
