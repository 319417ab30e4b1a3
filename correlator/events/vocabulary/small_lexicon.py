"""Small lexica of languages other than English, in ``data/events/languages``.

``names.csv`` maps countries, organisations and leaders in each language to the English data, which have the dates of
office; ``grammar.toml`` has the particles and suffixes next to names of sources and targets; one file per language
(``ur.tsv`` ...) has the words of acts. Patterns are those of the English lexicon, but ``~`` matches any ending, and
alternatives of several words are joined by ``_``.
"""

from __future__ import annotations

import csv
import re
import tomllib
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Final

from correlator.base.resources import data_path
from correlator.errors import InputError
from correlator.events.model import CATEGORIES
from correlator.events.vocabulary.actors import Name, load_names

NO_EVENT: Final = "NONE"
_LATIN: Final = frozenset({"tr", "az"})
_MARKS = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_LETTERS = str.maketrans("يىكةۂۀأإآٱؤئ", "ییکهہہااااوی")
_APOSTROPHES = str.maketrans("’‘`ʼ", "''''")
_CAPITALS = str.maketrans({"İ": "i", "I": "ı"})
_GAP = r"(?:\S+ ){0,6}?"


@dataclass(frozen=True)
class Act:
    """An act: a pattern over normalised words, and an example with source and target (None: no event)."""

    category: str
    weight: float
    pattern: str
    compiled: re.Pattern[str]
    source: str | None
    target: str | None
    example: str


@dataclass(frozen=True)
class Lexicon:
    """The lexicon of a language.

    ``names`` maps a name to the actors it may mean; the patterns match names and offices with their endings, and words
    next to them. ``verb_last``: whether the last act decides rather than the first. ``negation`` matches what denies an
    act: behind it if the verb is last, else before it. ``suffered`` matches words by which the actor suffers the act,
    ``agent`` the word behind its doer, ``that`` the word before what a speaker says, ``negative`` verbs that deny.
    """

    language: str
    verb_last: bool
    names: dict[str, tuple[Name, ...]]
    named: re.Pattern[str]
    office: re.Pattern[str]
    behind_target: re.Pattern[str] | None
    behind_source: re.Pattern[str] | None
    before_target: re.Pattern[str] | None
    between: re.Pattern[str]
    negation: re.Pattern[str]
    suffered: re.Pattern[str]
    agent: re.Pattern[str] | None
    that: re.Pattern[str] | None
    negative: re.Pattern[str] | None
    acts: tuple[Act, ...]


def normal(word: str, language: str) -> str:
    """Normalise a word for its language's lexicon: unified look-alike letters, no vowel signs, lower case."""
    word = unicodedata.normalize("NFC", word).translate(_APOSTROPHES)
    if language in _LATIN:
        return _MARKS.sub("", word.translate(_CAPITALS).lower())
    return _MARKS.sub("", word).translate(_LETTERS)


@cache
def small_lexicon(language: str) -> Lexicon:
    """Load the lexicon of one of ``language.LEXICAL``. Raises InputError, which names the invalid line."""
    with data_path("events", "languages", "grammar.toml").open("rb") as file:
        grammar: dict[str, str] = tomllib.load(file)[language]
    names = _names(language)
    suffixes = _suffixes(grammar)
    return Lexicon(
        language,
        grammar["order"] == "last",
        names,
        _with_endings(list(names), grammar, suffixes),
        _with_endings(_listed(grammar["offices"], language), grammar, suffixes),
        _behind(grammar["behind_target"], language),
        _behind(grammar["behind_source"], language),
        _before(grammar["before_target"], language),
        re.compile(rf"(?:{'|'.join(_listed(grammar['between'], language))}) "),
        _negation(grammar, language),
        _suffered(grammar, language),
        _behind(grammar.get("agent", ""), language),
        re.compile(rf" (?:{'|'.join(_listed(grammar['that'], language))}) ") if "that" in grammar else None,
        re.compile(grammar["negative"]) if "negative" in grammar else None,
        _acts(language),
    )


def _negation(grammar: dict[str, str], language: str) -> re.Pattern[str]:
    words = "|".join(_listed(grammar["negation"], language))
    if "negative" in grammar:
        words += f"|{grammar['negative']}"
    return re.compile(rf"(?:[^\W_]+ ){{0,2}}?(?:{words}) " if grammar["order"] == "last" else rf" (?:{words}) $")


def _suffered(grammar: dict[str, str], language: str) -> re.Pattern[str]:
    words = "|".join(_listed(grammar["suffered"], language))
    first = "|".join(_listed(grammar.get("victims", ""), language))
    return re.compile(rf" (?:{words}) " + (rf"|^ (?:{first}) " if first else ""))


def _listed(words: str, language: str) -> list[str]:
    return [normal(word, language).replace("_", " ") for word in words.split()]


def _suffixes(grammar: dict[str, str]) -> str:
    """Return the pattern of a name's endings, with groups ``away`` (out of), ``target`` or ``plain``."""
    if "suffixes_target" not in grammar:
        return f"(?:{'|'.join(grammar['endings'].split())})?" if "endings" in grammar else ""
    parts = {key: "|".join(grammar[f"suffixes_{key}"].split()) for key in ("target", "plain")}
    return rf"(?:['-]?(?:(?P<away>n?[dt][aeə]n)|(?P<target>{parts['target']})|(?P<plain>{parts['plain']})))?"


def _with_endings(words: list[str], grammar: dict[str, str], suffixes: str) -> re.Pattern[str]:
    listed = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    prefixes = "|".join(sorted(grammar["prefixes"].split(), key=len, reverse=True))
    before = f"(?P<prefix>{prefixes})?" if prefixes else ""
    return re.compile(rf"(?<= ){before}(?P<name>{listed}){suffixes}(?= )")


def _behind(words: str, language: str) -> re.Pattern[str] | None:
    listed = sorted(_listed(words, language), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(listed)}) ") if listed else None


def _before(words: str, language: str) -> re.Pattern[str] | None:
    listed = _listed(words, language)
    return re.compile(rf" (?:{'|'.join(listed)}) $") if listed else None


def _names(language: str) -> dict[str, tuple[Name, ...]]:
    known: dict[str, list[Name]] = defaultdict(list)
    for name in load_names():
        known[name.text if name.kind == "leader" else name.country or ""].append(name)
    out: dict[str, list[Name]] = defaultdict(list)
    with data_path("events", "languages", "names.csv").open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            meant = [name for name in known[row["who"]] if name.kind in ("leader", "country", "igo")]
            if not meant:
                raise InputError(f"languages/names.csv line {number}: unknown name {row['who']!r}")
            meant = meant if meant[0].kind == "leader" else meant[:1]
            for text in filter(None, row[language].split(";")):
                spelt = " ".join(normal(word, language) for word in text.split())
                out[spelt.removeprefix("ال") if language == "ar" else spelt] += meant
    return {text: tuple(meant) for text, meant in out.items()}


def _acts(language: str) -> tuple[Act, ...]:
    name = f"{language}.tsv"
    text = data_path("events", "languages", name).read_text(encoding="utf-8")
    acts = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|||")]
        if len(parts) != 5 or parts[0] not in (*CATEGORIES, NO_EVENT):
            raise InputError(f"languages/{name} line {number} must have category, weight, pattern, dyad and example")
        category, weight, pattern, dyad, example = parts
        source, _, target = dyad.partition(" ")
        expression = re.compile(_GAP.join(_words(part, language) for part in pattern.split(" .. ")))
        acts.append(Act(category, float(weight), pattern, expression, source or None, target or None, example))
    return tuple(acts)


def _word(word: str, language: str) -> str:
    """Return the pattern of a word; verbs of the Arabic present also have their dual and plural."""
    if word.endswith("~"):
        return re.escape(word[:-1]) + r"\S*"
    return re.escape(word) + ("(?:ان|ون)?" if language == "ar" and word[0] in "تی" else "")


def _words(pattern: str, language: str) -> str:
    """Convert a pattern's words to a regular expression over words with a space on either side."""
    prefixes = "(?:و|ف)?(?:ال|بال|لل|ب|ل)?" if language == "ar" else ""
    out = ""
    for token in pattern.split(" "):
        choices = []
        for choice in sorted(token.split("|"), key=len, reverse=True):
            words = [normal(word, language) for word in choice.split("_")]
            choices.append(" ".join(_word(each, language) for each in words))
        out += f"(?:(?<= )|^){prefixes}(?:{'|'.join(choices)}) "
    return out
