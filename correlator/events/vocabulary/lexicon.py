"""The lexicon: word patterns with their category, weight and example, read from ``data/events/lexicon.tsv``.

Pattern syntax: ``urge~`` matches every inflection of the verb, ``a|b`` either word, ``step~_down`` words that stay
together within an alternative, ``@aid`` a group of ``groups.tsv``, and `` .. `` up to six words between its left and
right part. Patterns are matched on text in lower case without punctuation.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from correlator.base.resources import data_path
from correlator.errors import InputError
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.own_actors import read_own

# Classes of words that only govern other words, that are evidence against an event, or for one between states.
WILL, NOT, STOP, WITHOUT, ABROAD = "WILL", "NOT", "STOP", "WITHOUT", "ABROAD"
OBJECT, SUBJECT = "object", "subject"
_VOWELS = "aeiou"


@dataclass(frozen=True)
class Entry:
    """One line of the lexicon; ``heads`` and ``tails`` are the literal strings it matches.

    ``governs``: the words also decide how the following words count (*agree to*, *refuse to*, *urge*). ``form``:
    ``object`` (a verb .. its object) or ``subject`` (a subject .. its verb) if both parts must be in one clause; None
    if anything may be in between.
    """

    number: int
    category: str
    governs: bool
    form: str | None
    weight: float
    pattern: str
    example: str
    heads: tuple[str, ...]
    tails: tuple[str, ...]


def inflect(verb: str, irregular: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return base, -s, past, participle and -ing form of ``verb``."""
    if verb in irregular:
        return (verb, *irregular[verb])
    if verb.endswith("e"):
        return verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        return verb, f"{verb}es", f"{verb}ed", f"{verb}ing"
    return verb, f"{verb}s", f"{verb}ed", f"{verb}ing"


def expand(pattern: str, groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return all literal strings that a pattern without a gap matches."""
    choices = [_choice(token, groups) for token in pattern.split()]
    return tuple(dict.fromkeys(" ".join(words) for words in itertools.product(*choices)))


def _choice(token: str, groups: Mapping[str, tuple[str, ...]]) -> list[str]:
    choices: list[str] = []
    for phrase in token.split("|"):
        if phrase.startswith("@"):
            choices.extend(groups[phrase[1:]])
        else:
            choices.extend(_phrase(phrase.split("_")))
    return choices


def _phrase(words: list[str]) -> list[str]:
    irregular = irregular_verbs()
    forms = [inflect(word[:-1], irregular) if word.endswith("~") else (word,) for word in words]
    return [" ".join(chosen) for chosen in itertools.product(*forms)]


@cache
def irregular_verbs() -> dict[str, tuple[str, ...]]:
    """Return the other forms by base form, from ``data/events/irregular_verbs.csv``."""
    with data_path("events", "irregular_verbs.csv").open(encoding="utf-8", newline="") as lines:
        return {row["base"]: tuple(row["forms"].split(";")) for row in csv.DictReader(lines)}


def _lines(name: str, fields: int) -> list[tuple[int, list[str]]]:
    path = data_path("events", name)
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|||")]
        if len(parts) != fields:
            raise InputError(f"{name} line {number} must have {fields} fields, got {len(parts)}")
        rows.append((number, parts))
    return rows


@cache
def load_groups() -> dict[str, tuple[str, ...]]:
    """Return the named groups of words, from ``data/events/groups.tsv``."""
    return {
        name: tuple(phrase for word in words.split(";") for phrase in _phrase(word.split()))
        for _, (name, words) in _lines("groups.tsv", 2)
    }


@cache
def lexicon_with(own: Path | None) -> tuple[Entry, ...]:
    """Return all shipped entries and those of a user's file, numbered consecutively."""
    shipped = _shipped_lexicon()
    first = shipped[-1].number + 1
    lines = enumerate(read_own(own).lexicon, start=1)
    return (
        *shipped,
        *(
            _entry(first + n, line.category, line.weight, (line.pattern, line.example), where=f"lexicon line {n}")
            for n, line in lines
        ),
    )


@cache
def _shipped_lexicon() -> tuple[Entry, ...]:
    return tuple(
        _entry(number, label, float(weight), (pattern, example), where=f"lexicon.tsv line {number}")
        for number, (label, weight, pattern, example) in _lines("lexicon.tsv", 4)
    )


def _entry(number: int, label: str, weight: float, texts: tuple[str, str], *, where: str) -> Entry:
    groups, (pattern, example) = load_groups(), texts
    category, _, form = label.removesuffix("+").partition(":")
    if category not in CATEGORIES and category not in (WILL, NOT, STOP, WITHOUT, ABROAD):
        raise InputError(f"{where}: unknown category {category!r}", hint=f"categories are {', '.join(CATEGORIES)}")
    head, _, tail = pattern.partition(" .. ")
    if form not in ("", OBJECT, SUBJECT):
        raise InputError(f"{where}: unknown form {form!r}", hint=f"use {OBJECT} or {SUBJECT}")
    try:
        heads, tails = expand(head, groups), expand(tail, groups) if tail else ()
    except KeyError as error:
        raise InputError(f"{where}: unknown word group @{error.args[0]}") from None
    return Entry(number, category, label.endswith("+"), form or None, weight, pattern, example, heads, tails)
