"""Who is who in ``data/events``, against ISO 3166 (pycountry), the time zone database, and itself."""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from datetime import date
from importlib import resources
from itertools import pairwise

import pycountry

from correlator.base.resources import data_path
from correlator.events.vocabulary.actors import offices_checked

# Kosovo has no code in ISO 3166; XKX is what others use.
WITHOUT_ISO = {"XKX"}
# Sovereign states only: territories stand under the state that holds them.
TERRITORIES = """
ABW AIA ALA ASM ATA ATF BES BLM BMU BVT CCK COK CUW CXR CYM ESH FLK FRO GGY GIB GLP GRL GUF GUM HMD IMN IOT JEY MAC MAF
MNP MSR MTQ MYT NCL NFK NIU PCN PRI PYF REU SGS SHN SJM SPM SXM TCA TKL UMI VGB VIR WLF
"""
# Names that stand for another place than the one of that name in ISO 3166-2 or the time zone database, or for a
# territory of the state.
OTHERWISE = {
    "Jalalabad", "Macau", "Ulster", "Gibraltar", "Guantanamo", "Guadalajara", "Sucre", "Concepcion", "Chagos",
    "Christchurch", "Greenland", "Faroe Islands", "Western Sahara",
}  # fmt: skip
ONE_HOLDER = {"president", "prime minister", "king", "chancellor", "secretary-general", "foreign minister", "pope"}
# Spans that count from an earlier office of the same person, or an office left and taken again.
KNOWN_OVERLAPS = {
    ("TUR", "Recep Tayyip Erdogan"), ("RUS", "Vladimir Putin"), ("CHN", "Hu Jintao"), ("CHN", "Wang Yi"),
    ("KGZ", "Askar Akayev"), ("VAT", "Pope"),
}  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    with data_path("events", name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def plain(name: str) -> str:
    """Letters alone, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if c.isalpha())


def test_countries_are_those_of_iso_3166():
    ours = {row["country"]: row["names"].split(";") for row in rows("countries.csv")}
    iso = {country.alpha_3: country for country in pycountry.countries}
    assert set(ours) - set(iso) == WITHOUT_ISO
    assert set(iso) - set(ours) == set(TERRITORIES.split())
    for code, names in ours.items():
        if code in iso and code != "COG":  # there it is "Congo", which to a headline is the larger one
            assert any(country.alpha_3 == code for name in names for country in found(name)), code


def found(name: str) -> list[pycountry.db.Country]:
    try:
        return list(pycountry.countries.search_fuzzy(name))
    except LookupError:
        return []


def test_places_lie_where_others_say():
    where: dict[str, set[str]] = defaultdict(set)
    alpha_3 = {country.alpha_2: country.alpha_3 for country in pycountry.countries}
    for division in pycountry.subdivisions:
        where[plain(division.name)].add(alpha_3[division.country_code])
    zones = resources.files("tzdata") / "zoneinfo" / "zone.tab"
    for line in zones.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            where[plain(zone.split("/")[-1])].add(alpha_3[country])
    ours = [(row, name) for row in rows("places.csv") for name in row["names"].split(";")]
    ours += [(row, name) for row in rows("countries.csv") for name in row["places"].split(";")]
    told = [(row, name) for row, name in ours if where.get(plain(name))]
    assert len(told) > 450
    wrong = {name for row, name in told if not {row["country"], row.get("shared")} & where[plain(name)]}
    assert wrong <= OTHERWISE


def test_no_two_people_hold_one_office():
    terms: dict[tuple[str, str], list[tuple[date, date, str]]] = defaultdict(list)
    for row in rows("leaders.csv"):
        since = date.fromisoformat(row["from"]) if row["from"] else date.min
        until = date.fromisoformat(row["to"]) if row["to"] else date.max
        assert since < until, row
        office = row["office"].removesuffix(" (caretaker)").removesuffix(" (acting)")
        terms[row["country"], office].append((since, until, row["names"].split(";")[0]))
    overlaps = {
        (country, first[2])
        for (country, office), held in terms.items()
        if office in ONE_HOLDER
        for first, second in pairwise(sorted(held))
        if second[0] < first[1]
    }
    assert overlaps == KNOWN_OVERLAPS


def test_offices_say_what_they_were_held_against():
    checked = [row["checked"] for row in rows("leaders.csv")]
    sources = {
        "Wikidata 2026-08-22", "Wikidata 2022-10 (year)", "press (day)", "press (month)", "profile 2026 (day)",
        "World Factbook (day)", "Archigos (day)", "Archigos (within two days)",
    }  # fmt: skip
    assert set(checked) == {"", *sources}
    assert offices_checked() == (sum(map(bool, checked)), len(checked))
    dated = [row for row in rows("leaders.csv") if row["checked"] and row["checked"] != "Wikidata 2022-10 (year)"]
    assert all(row["from"] for row in dated)
