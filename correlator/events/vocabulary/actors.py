"""The actors behind names: countries, demonyms, places, organisations, agents and leaders with dates of office."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from correlator.base.resources import data_path
from correlator.errors import InputError
from correlator.events.vocabulary.own_actors import own_path, read_own


@dataclass(frozen=True)
class Name:
    """One name of an actor as matched by the automaton.

    ``kind`` is country, demonym, place, igo, body (armies, parties, armed groups), agent, leader, or other (a name that
    only looks like an actor's); ``since`` and ``until`` bound the time in office (None: open); ``exact`` requires the
    capitalisation of ``text`` (acronyms such as US or WHO); ``shared`` is the second country of a divided place.
    """

    text: str
    kind: str
    country: str | None
    role: str | None
    since: date | None = None
    until: date | None = None
    exact: bool = False
    shared: str | None = None

    def in_office(self, on: date | None) -> bool:
        """Whether the leader held office on a day; True without a day."""
        if self.since is None:
            return True
        if on is None:
            return True
        return self.since <= on and (self.until is None or on <= self.until)


OTHER_CODES = {
    "ROM": "ROU",
    "TMP": "TLS",
    "ZAR": "COD",
    "MTN": "MNE",
    "KSV": "XKX",
    "WSB": "PSE",
    "GZS": "PSE",
    "WBG": "PSE",
    "BAG": "IRQ",
}
"""Codes in tables of events that are not of ISO 3166-1 today: of CAMEO, of the World Bank, and former ones."""
# Slots of headline templates, placeholders for a country or place.
_SLOTS = ("country", "city", "region", *(f"{slot}_{n}" for slot in ("country", "city", "region") for n in (1, 2, 3, 4)))


def _rows(name: str) -> list[dict[str, str]]:
    with data_path("events", name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _acronym(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return len(letters) <= 5 and all(c.isupper() for c in letters)


def _proper(text: str) -> bool:
    """Whether a name may be a common word if not capitalised: *Petro*, *Gori*."""
    return " " not in text


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def load_names() -> tuple[Name, ...]:
    """Return all names in ``data/events`` and in the user's own file (``own_actors``)."""
    return names_with(own_path())


@cache
def names_with(own: Path | None) -> tuple[Name, ...]:
    """Return all shipped names and those of a user's file. Raises InputError if they contradict each other."""
    shipped, user_names = _shipped_names(), read_own(own)
    if not user_names.actors:
        return shipped
    codes = {name.country for name in shipped} | {actor.country for actor in user_names.actors if actor.kind == "igo"}
    meant: dict[str, Name] = {name.text.lower(): name for name in shipped if name.kind not in ("agent", "other")}
    replaced, added = set(), []
    for actor in user_names.actors:
        if actor.country is not None and actor.country not in codes:
            raise InputError(f"unknown country or organisation {actor.country!r} of actor {actor.names[0]!r}")
        for text in actor.names:
            other = meant.get(text.lower())
            if actor.replaces:
                replaced.add(text.lower())
            elif other is not None and other.country != actor.country:
                raise InputError(
                    f"{text!r} is {other.country} in the shipped data, not {actor.country}",
                    hint="add replaces = true to the entry to replace the shipped one",
                )
            exact = _acronym(text) if actor.kind in ("body", "igo", "country") else _proper(text)
            exact = exact and actor.kind != "agent"
            added.append(Name(text, actor.kind, actor.country, actor.role, actor.since, actor.until, exact))
    return (*(name for name in shipped if name.text.lower() not in replaced), *added)


@cache
def _shipped_names() -> tuple[Name, ...]:
    """Return all names in ``data/events``: countries, places, organisations, leaders, agents, and look-alikes."""
    names = [Name(f"{{{slot}}}", "country", None, None) for slot in _SLOTS]
    for row in _rows("agents.csv"):
        names += [Name(text, "agent", row["country"] or None, row["role"]) for text in row["words"].split(";")]
    for row in _rows("countries.csv"):
        for kind, column in (("country", "names"), ("demonym", "demonyms"), ("place", "places")):
            names += [
                Name(text, kind, row["country"], None, exact=_acronym(text)) for text in row[column].split(";") if text
            ]
    for row in _rows("places.csv"):
        names += [
            Name(text, "place", row["country"], None, exact=_proper(text), shared=row["shared"] or None)
            for text in row["names"].split(";")
        ]
    for row in _rows("igos.csv"):
        names += [Name(t, "igo", row["code"], row["kind"], exact=_acronym(t)) for t in row["names"].split(";")]
    for file, kind in (("bodies.csv", "body"), ("leaders.csv", "leader")):
        for row in _rows(file):
            since, until = _day(row["from"]), _day(row["to"])
            exact = _acronym if kind == "body" else _proper
            names += [
                Name(text, kind, row["country"], row["role"], since, until, exact(text))
                for text in row["names"].split(";")
            ]
    for row in _rows("not_actors.csv"):
        names += [Name(text, "other", None, None, exact="'" not in text) for text in row["names"].split(";")]
    return tuple(names)


def country_codes() -> frozenset[str]:
    """Return all country and organisation codes in the actor data."""
    own = {actor.country for actor in read_own(own_path()).actors if actor.kind == "igo" and actor.country}
    return _shipped_codes() | own


def country_of(text: str) -> str | None:
    """Return the code of a country or organisation written as a code or by name, or None.

    Codes of CAMEO that are not of ISO are translated (``OTHER_CODES``). Two-letter country codes are not accepted,
    since they are ambiguous: IS is Israel (FIPS) or Iceland (ISO).
    """
    return _codes_by_name(own_path()).get(text.strip().casefold())


@cache
def _codes_by_name(own: Path | None) -> dict[str, str]:
    named = (name for name in names_with(own) if name.kind in ("country", "igo"))
    by_name = {code.casefold(): country for code, country in OTHER_CODES.items()}
    by_name |= {name.text.casefold(): name.country for name in named if name.country}
    return by_name | {code.casefold(): code for code in country_codes()}


@cache
def _shipped_codes() -> frozenset[str]:
    return frozenset(row["country"] for row in _rows("countries.csv")) | {row["code"] for row in _rows("igos.csv")}


def actors_as_of() -> date:
    """Return the date of the last change of office in the shipped data on leaders."""
    days = [row[key] for row in _rows("leaders.csv") for key in ("from", "to") if row[key]]
    return date.fromisoformat(max(days))


def offices_checked() -> tuple[int, int]:
    """Return how many shipped offices were checked against a source (column ``checked``), and how many there are."""
    rows = _rows("leaders.csv")
    return sum(bool(row["checked"]) for row in rows), len(rows)
