"""Who is source and who is target, by construction: places, voice, attribution, groups without a country."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from correlator.events.coder import code_headlines, code_text
from correlator.events.vocabulary.actors import country_codes, load_names


def dyad(text, **options):
    event = code_text(text, **options)[0]
    return tuple(actor.country if actor else None for actor in (event.source, event.target))


def check(source, target, text):
    assert dyad(text) == (source, target)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("KEN", "SOM", "Kenyan jets bomb camps near Kismayo"),
        ("RUS", "UKR", "Russian missiles hit Kharkiv and Odesa"),
        ("IRN", "SAU", "Iran's foreign minister arrives in Riyadh on four-day visit"),
        ("SDN", "EGY", "Sudan's premier lands in Cairo for talks"),
        ("JOR", "IRQ", "Jordan's King Abdullah visits Baghdad"),
        ("USA", "DNK", "Trump renews demand for Greenland"),
        ("IRQ", "USA", "Roadside bomb near Tikrit kills two US soldiers"),
        ("ISR", "PSE", "Israel kills dozens in Rafah strike"),
        ("PSE", "ISR", "Palestinian gunmen kill four people in the centre of Tel Aviv"),
    ],
)
def test_a_place_is_its_country(source, target, text):
    check(source, target, text)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("PAK", "AFG", "Pakistan closes Torkham crossing"),
        ("AFG", "PAK", "Afghanistan shuts Torkham crossing"),
        ("PAK", "IND", "Kashmiris in Muzaffarabad demonstrate against India"),
        ("PAK", "AFG", "Torkham crossing reopens after 25 days"),
        ("CHN", "PHL", "China seizes boat at Scarborough Shoal"),
        ("PHL", "CHN", "Manila protests China's ramming of boat at Scarborough Shoal"),
    ],
)
def test_a_shared_place_is_the_other_side_s(source, target, text):
    check(source, target, text)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("ISR", "IRN", "Iran's nuclear sites bombed by Israel"),
        ("JPN", "PER", "Peruvian fishermen detained by Japanese coast guard"),
        ("THA", "KHM", "Cambodian villagers killed in attack by Thai troops"),
        ("ISR", "YEM", "Houthi-held Hodeidah hit by Israeli strikes"),
        ("CAN", "SAU", "Saudi Arabia urged by Canada to free activist"),
        ("BRA", "ARG", "Argentina accused of dumping by Brazil"),
        ("GHA", "CHN", "Two Chinese arrested in Ghana over illegal mining"),
        (None, "LAO", "Laos was accused of dam secrecy."),
        ("DEU", "BLR", "Berlin rejects new calls by Belarus for loans"),
    ],
)
def test_voice(source, target, text):
    check(source, target, text)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("NOR", "SWE", "Norway receives apology from Sweden"),
        ("LAO", "CHN", "Laos wins loan from China"),
    ],
)
def test_the_giver_acts(source, target, text):
    check(target, source, text)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("UGA", "RWA", "Rwanda must stop arming rebels: Ugandan president"),
        ("IND", "NPL", "India violated border treaty, says Nepal"),
        ("SAU", "YEM", "Oman says Saudi Arabia has offered aid to Yemen"),
        ("ISR", "LBN", "Lebanon says Israel bombed harbour"),
        ("GRC", "TUR", "Turkish drilling violation of the treaty, Greece says"),
        ("LBY", "TUN", "Libya hands over suspects at the request of Tunisia"),
        ("FRA", "MLI", "France, which ruled the country until 1960, condemns coup in Mali"),
        ("EGY", "ETH", "After meeting Abiy Ahmed, Sisi flew to Cairo"),
        ("ITA", "LBY", "Summit in Rome: Italy, Libya sign migrant deal"),
        ("POL", "RUS", "Poland condemns killing of Ukrainians by Russia"),
        ("UGA", "TUN", "Uganda and Tunisia have delayed their meeting after a blast in Mali"),
        ("EGY", "JOR", "Egypt, Jordan discuss Gaza"),
        ("NOR", "ECU", "Norway and Uganda welcome new ties between Ecuador and Tunisia"),
        ("GRC", "TUR", "Athens files complaint with EU over Turkish drilling"),
        ("WB", "MWI", "World Bank approves Norwegian grant for Malawi"),
        ("TCD", "NER", "Chad-Niger talks in Istanbul collapse"),
        (None, "ARE", "PM in Abu Dhabi for talks with UAE president"),
        ("TCD", "SDN", "Rebels based in Sudan were attacked by Chadian helicopters"),
        ("UKR", "BLR", "Ukraine's security service has named a Belarusian it accused of spying"),
        ("USA", "IRN", "US appeals court orders Iran to pay hostages"),
        ("SDN", "SDN", "Darfur rebels and the Sudanese government observe a truce brokered by Qatar"),
        ("NOR", "UGA", "Norway and Uganda sign an accord on Sudan"),
    ],
)
def test_clauses_and_attribution(source, target, text):
    check(source, target, text)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("YEM", "SAU", "Iran-backed Houthis fire missiles at Saudi Arabia"),
        ("EST", "LVA", "Estonia rejects UN-brokered plan, Latvia's offer"),
        ("KEN", "UGA", "Kenya will give a million Swiss francs to Uganda"),
        ("TUR", "IRQ", "Turkish drones strike PKK hideouts in northern Iraq"),
        ("USA", "SOM", "NAIROBI, Kenya (XYZ) -- A US air strike has killed a farmer in Somalia"),
        ("EGY", "QAT", "Egyptian envoy to Qatar meets emir in Doha"),
        ("UKR", "RUS", "Ukraine accuses Russia of breaking Minsk accords"),
        ("BRA", None, "Brazil rejects Doha agreement on sugar"),
    ],
)
def test_names_that_only_describe(source, target, text):
    check(source, target, text)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("KEN", "KEN", "Kenyan police arrest opposition leader after Uganda trip"),
        ("ZWE", "ZWE", "Zimbabwean police beat up protesters in Bulawayo"),
        ("COD", "USA", "Protesters burn US flag in Kinshasa"),
        ("BGD", "MMR", "Students in Dhaka protest against Myanmar"),
        ("ALB", "SRB", "Ethnic Serbs in Albania rally against Serbia"),
        ("LVA", "LTU", "The Russians of Latvia urge Lithuania to help"),
        (None, "TUR", "PM thanks Turkiye for tents"),
        ("PAK", "PAK", "Authorities impose curfew in Lahore, Multan and Quetta"),
        ("IRN", "USA", "Hackers linked to the Iranian government raid US banks"),
        ("SOM", "KEN", "Somali militants attack a base in Kenya that is used by Americans"),
        (None, "IRN", "Widow sues Iran"),
        (None, "RUS", "Sanctions on Russia extended"),
    ],
)
def test_actors_without_a_country_of_their_own(source, target, text):
    check(source, target, text)


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("Ireland condemns Spanish raid on Malta", ["ESP"]),
        ("OIC denounces Ugandan attacks in Rwanda", ["UGA"]),
        ("Peru criticises Chile's sanctions against Bolivia", ["CHL"]),
        ("Ireland condemns Spain and Malta", ["ESP", "MLT"]),
        ("Ireland backs Malta's stance on Cyprus", ["MLT"]),
        ("Ruto, Museveni pledge partnership at OIC summit", ["UGA"]),
        ("Two soldiers martyred in Balochistan ambush", ["PAK"]),
    ],
)
def test_victims_topics_and_venues_are_no_targets(text, targets):
    assert [event.target.country for event in code_text(text)] == targets


def test_most_dyads_of_texts_composed_apart():
    lines = (Path(__file__).parent / "headlines" / "actors.tsv").read_text(encoding="utf-8").splitlines()
    labelled = [tuple(line.split("\t")) for line in lines]
    coded = code_headlines([text for _, _, text in labelled])
    right = [
        (events[0].source and events[0].source.country, events[0].target and events[0].target.country) == label[:2]
        for label, events in zip(labelled, coded, strict=True)
        if events
    ]
    assert sum(right) / len(right) >= 0.88


def test_evidence_names_what_gave_the_country():
    event = code_text("Students in Dhaka protest against Myanmar")[0]
    rules = {item["field"]: item["rule"] for item in event.evidence}
    assert rules["source"].endswith("country from Dhaka")


@pytest.mark.parametrize(("day", "role"), [(date(2015, 1, 1), "REB"), (date(2024, 1, 1), "GOV"), (None, "GOV")])
def test_a_movement_has_the_role_of_its_day(day, role):
    assert code_text("Taliban detain Pakistani traders", on=day)[0].source.code == f"AFG:{role}"


def test_every_name_is_of_a_known_country():
    names = [name for name in load_names() if name.kind in ("place", "body", "leader", "agent")]
    unknown = {code for name in names for code in (name.country, name.shared) if code not in (None, *country_codes())}
    assert unknown == set()
    assert all(name.until is None or name.since is None or name.since < name.until for name in names)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Former Peruvian minister warns Chile", None),
        ("Peru's ex-president warns Chile", None),
        ("Retired Peruvian general warns Chile", None),
        ("Peru's foreign minister warns Chile", "GOV"),
        ("Late on Tuesday Peru's president warns Chile", "GOV"),
    ],
)
def test_who_is_out_of_office_does_not_speak_for_the_government(text, role):
    (event,) = code_text(text)
    assert (event.source.country, event.source.role, event.target.country) == ("PER", role, "CHL")
