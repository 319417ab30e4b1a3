"""The lexicon: word patterns with their category, weight and example, read from ``data/events/lexicon.tsv``.

Pattern syntax: ``urge~`` stands for every inflection of the verb, ``a|b`` for either word, and `` .. `` for up to
six words between what stands left and right of it. Patterns are matched on text in lower case without punctuation.
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from functools import cache

from correlator.errors import InputError
from correlator.events.model import CATEGORIES
from correlator.resources import data_path

_VOWELS = "aeiou"


@dataclass(frozen=True)
class Entry:
    """One line of the lexicon; ``heads`` and ``tails`` are the literal strings it stands for."""

    number: int
    category: str
    weight: float
    pattern: str
    example: str
    heads: tuple[str, ...]
    tails: tuple[str, ...]


def inflect(verb: str, irregular: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Base, -s, past, participle and -ing form of ``verb``."""
    if verb in irregular:
        return (verb, *irregular[verb])
    if verb.endswith("e"):
        return verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        return verb, f"{verb}es", f"{verb}ed", f"{verb}ing"
    return verb, f"{verb}s", f"{verb}ed", f"{verb}ing"


def expand(pattern: str, irregular: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every literal string that a pattern without a gap stands for."""
    choices: list[list[str]] = []
    for token in pattern.split():
        forms: list[str] = []
        for word in token.split("|"):
            forms.extend(inflect(word[:-1], irregular) if word.endswith("~") else (word,))
        choices.append(forms)
    return tuple(dict.fromkeys(" ".join(words) for words in itertools.product(*choices)))


@cache
def irregular_verbs() -> dict[str, tuple[str, ...]]:
    """Base form to the other forms, from ``data/events/irregular_verbs.csv``."""
    with data_path("events", "irregular_verbs.csv").open(encoding="utf-8", newline="") as lines:
        return {row["base"]: tuple(row["forms"].split(";")) for row in csv.DictReader(lines)}


@cache
def load_lexicon() -> tuple[Entry, ...]:
    """Every entry in file order; raises InputError naming the line that cannot be read."""
    irregular = irregular_verbs()
    path = data_path("events", "lexicon.tsv")
    entries: list[Entry] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|||")]
        if len(fields) != 4 or fields[0] not in CATEGORIES:
            raise InputError(f"{path.name} line {number} is not 'category ||| weight ||| pattern ||| example'")
        head, _, tail = fields[2].partition(" .. ")
        tails = expand(tail, irregular) if tail else ()
        entry = Entry(number, fields[0], float(fields[1]), fields[2], fields[3], expand(head, irregular), tails)
        entries.append(entry)
    return tuple(entries)
