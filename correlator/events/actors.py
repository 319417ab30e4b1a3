"""Who is meant by a name: countries, demonyms, places, organisations, agents and leaders with dates of office."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache

from correlator.resources import data_path


@dataclass(frozen=True)
class Name:
    """One name of an actor as the automaton looks for it.

    ``kind`` is country, demonym, place, igo, body (armies, parties, armed groups), agent, leader, or other (a name that
    only looks like an actor's); ``since`` and ``until`` bound the time in office (None: open); ``exact`` asks for the
    very capitals of ``text`` (acronyms such as US or WHO); ``shared`` is the other country of a place that two hold.
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
        """Whether the leader held office on a day; without a day, whether the office is open now."""
        if self.since is None:
            return True
        if on is None:
            return True
        return self.since <= on and (self.until is None or on <= self.until)


# Slots of headline templates stand for a country or a place that is not known yet.
_SLOTS = ("country", "city", "region", *(f"{slot}_{n}" for slot in ("country", "city", "region") for n in (1, 2, 3, 4)))


def _rows(name: str) -> list[dict[str, str]]:
    with data_path("events", name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _acronym(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return len(letters) <= 5 and all(c.isupper() for c in letters)


def _proper(text: str) -> bool:
    """Whether a name could be a common word without its capital: *Petro*, *Gori*."""
    return " " not in text


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def load_names() -> tuple[Name, ...]:
    """Every name in ``data/events``: countries, places, organisations, leaders, agents, and mere look-alikes."""
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


@cache
def country_codes() -> frozenset[str]:
    """Every country and organisation code that the actor data know."""
    return frozenset(row["country"] for row in _rows("countries.csv")) | {row["code"] for row in _rows("igos.csv")}


@cache
def demonyms() -> dict[str, str]:
    """Lower-case demonym or country name to code."""
    return {name.text.lower(): name.country or "" for name in load_names() if name.kind in ("country", "demonym")}
