"""Burdens on trade laid, borne and lifted, joint subjects, talks that fail, trade permitted: by both coders."""

from __future__ import annotations

import pytest

from correlator.events.coder import code_text

RELIEF = [
    ("RETREAT", "UGA", "KEN", "Tariffs on Kenyan tea scrapped by Uganda"),
    ("RETREAT", "EU", "ZWE", "EU sanctions on Zimbabwe eased"),
    ("RETREAT", "GBR", "LBY", "Libya sanctions lifted by Britain"),
    ("RETREAT", "JPN", "MMR", "Embargo on Myanmar arms suspended by Japan"),
    ("RETREAT", "USA", "MEX", "Duties on Mexican steel waived by US"),
    ("RETREAT", "USA", "CHN", "Port fees on Chinese ships suspended by US"),
    ("RETREAT", "USA", "CHN", "Washington suspends port fees on Chinese tankers"),
    ("RETREAT", "SAU", "QAT", "Qatar blockade ended by Saudi Arabia"),
    ("RETREAT", "SAU", "QAT", "Saudi Arabia, UAE lift blockade of Qatar"),
    ("RETREAT", "USA", "LSO", "Lesotho gets relief from US tariffs"),
    ("RETREAT", "USA", "BLR", "Lifting of US sanctions on Belarus"),
    ("RETREAT", "EU", "SYR", "Sanctions relief for Syria approved by EU"),
    ("CONCEDE", "USA", "GHA", "Ghana visa ban lifted by US"),
    ("CONCEDE", "VNM", "PHL", "Vietnam's export curbs on rice to Philippines scrapped"),
    ("CONCEDE", "SAU", "IDN", "End to Saudi ban on Indonesian poultry"),
    ("CONCEDE", "CHN", "NLD", "China suspends export controls on gallium to Netherlands"),
    ("CONCEDE", "USA", "MLI", "Visa bond on Malians scrapped by US"),
]
NAMED_WITH = [
    ("CONCEDE", None, "SYR", "Syria ban lifted"),
    ("RETREAT", None, "QAT", "Qatar blockade lifted"),
    ("RETREAT", "USA", "CUB", "Cuba embargo eased as US Senate votes"),
    ("RETREAT", "UN", "IRN", "Iran arms embargo lifted after Security Council vote"),
    ("RETREAT", "SAU", "QAT", "Qatar blockade ended after Saudi decision"),
    ("COERCE", "EU", "SYR", "Syria sanctions extended by EU"),
    ("COERCE", "EU", "IRN", "Iran sanctions renewed as EU ministers vote"),
    ("COERCE", None, "IRN", "Iran sanctions tightened"),
    ("RETREAT", "EU", "IND", "EU steel tariffs on India scrapped"),
    ("RETREAT", "USA", None, "US sanctions lifted"),
    ("CONCEDE", "ISR", "PSE", "Israel ban on Gaza fishing lifted"),
]
JOINT = [
    ("RETREAT", "TUR", "LBY", "Turkey, Egypt end travel ban on Libya"),
    ("CONCEDE", "KEN", "TZA", "Kenya, Uganda lift ban on Tanzanian maize"),
    ("SANCTION", "MLI", "BEN", "Mali, Niger close border with Benin"),
    ("AID", "ARE", "SDN", "UAE, Qatar send aid to Sudan"),
    ("RETREAT", "TCD", "NER", "Chad, Niger exchange captives in Qatari mediation"),
    ("CONSULT", "IRN", "IRQ", "Iran, Iraq discuss Syria"),
]
PUT_OFF = [
    ("RETREAT", "USA", "MEX", "US delays tariffs on Mexico"),
    ("RETREAT", "USA", "MEX", "Tariffs on Mexican cars delayed by US"),
    ("SANCTION", "EU", "SYR", "EU delays lifting of Syria sanctions"),
    ("COERCE", "BRA", "USA", "Brazil retaliates with duty on US ethanol"),
    ("REJECT", "KEN", "UGA", "Kenya pledges to reject Ugandan claim"),
    ("CONSULT", "CHE", "USA", "Swiss president flies to Washington as tariff deadline nears"),
]
BORNE = [
    ("COERCE", "IND", "NPL", "Nepal hurt by Indian blockade"),
    ("COERCE", "EU", "KEN", "Kenyan flower exports squeezed by EU curbs"),
    ("COERCE", "CHL", "PER", "Peru tomatoes slapped with Chilean duty"),
    ("COERCE", "USA", "BRA", "Brazil faces US tariffs"),
    ("COERCE", "USA", "MEX", "Mexican tomatoes face duties in US"),
    ("COERCE", "JPN", "MMR", "Myanmar under Japanese sanctions"),
    ("COERCE", "CHN", "LTU", "Lithuania squeezed under Chinese embargo"),
    ("COERCE", "DZA", "MLI", "Mali hit by ban from Algeria"),
    ("COERCE", "IND", "BGD", "Bangladesh garments reel from Indian curbs"),
]
TALKS = [
    ("REJECT", "EGY", "ETH", "Talks between Egypt and Ethiopia break down"),
    ("REJECT", "XKX", "SRB", "Negotiations between Kosovo and Serbia break down"),
    ("REJECT", "AFG", "PAK", "Peace talks between Kabul and Islamabad deadlocked"),
    ("REJECT", "IND", "CAN", "India, Canada trade talks stall"),
    ("SANCTION", "IND", "CAN", "Trade talks between India and Canada suspended"),
    ("SANCTION", "THA", "KHM", "Talks between Thailand and Cambodia called off"),
    ("SANCTION", "SDN", "UN", "Talks between Sudan and UN called off by Khartoum"),
]
COMPANIES = [
    ("CONCEDE", "USA", "IRN", "US lets Boeing sell jets to Iran"),
    ("CONCEDE", "JPN", "RUS", "Japan allows Toyota to resume exports to Russia"),
    ("CONCEDE", "ISR", "EGY", "Israel permits Chevron to export gas to Egypt"),
    ("CONCEDE", "USA", "SAU", "US approves Nvidia chip sales to Saudi Arabia"),
    ("COERCE", "USA", "ISR", "Washington bans AMD from exporting chips to Israel"),
    ("COERCE", "USA", "CHN", "US bars Micron from selling memory to China"),
    ("SANCTION", "NLD", "CHN", "Netherlands stops ASML shipping tools to China"),
    ("SANCTION", "USA", "ARE", "US blocks Nvidia chip sales to UAE"),
]


@pytest.mark.parametrize("coder", ["rules", "full"])
@pytest.mark.parametrize(
    ("category", "source", "target", "text"), [*RELIEF, *NAMED_WITH, *JOINT, *PUT_OFF, *BORNE, *TALKS, *COMPANIES]
)
def test_burdens_talks_and_trade(coder, category, source, target, text):
    event = code_text(text, coder=coder)[0]
    sides = [side.country if side else None for side in (event.source, event.target)]
    assert (event.category, *sides) == (category, source, target)


@pytest.mark.parametrize("coder", ["rules", "full"])
@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("COERCE", "US sanctions on Iran lifted oil prices"),
        ("COERCE", "US ends sanctions waiver for Iraq"),
        ("COERCE", "Sanctions waiver for Iraq ended by US"),
        ("COERCE", "EU lifts tariff on Chinese cars to 45pc"),
        ("SANCTION", "India halts tariff talks with US"),
        ("SANCTION", "US ends talks with Chad over visa curbs"),
        ("AGREE", "US sanctions on Serbian refiner to be lifted"),
        ("REQUEST", "Sanctions on Cuba must be lifted, says Mexico"),
    ],
)
def test_what_only_looks_like_relief(coder, category, text):
    assert code_text(text, coder=coder)[0].category == category


@pytest.mark.parametrize("coder", ["rules", "full"])
@pytest.mark.parametrize(
    "text",
    [
        "Tesla allowed to sell cars in China",
        "Australian firm sells shares to China",
        "India, Pakistan face off in final",
        "Russia lifts export duty on wheat",
        "Exports of Turkish cars to Germany rise",
        "Russian gas flows to Hungary rise",
    ],
)
def test_no_act_of_a_state(coder, text):
    assert code_text(text, coder=coder) == []
