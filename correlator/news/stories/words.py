"""Normalise the words of headlines, so that spellings and synonyms are equal (``data/news/story_words.toml``)."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from itertools import permutations
from typing import Any

import polars as pl
import snowballstemmer

from correlator.base.resources import data_path
from correlator.news.stories.senses import RELIEVE, by_object, word_lists

_KINDS = (
    r"instant view|analysts?'? views?|snap analysis|update|wrapup|correct(?:ion|ed)(?: \(official\))?|refile"
    "|exclusive|breaking|rpt|repeat|urgent|just in|live|us stocks|wall st week ahead"
)
_SAYERS = "reports?|sources?|papers?|officials?|statement|media|wsj|ft|nyt|bbg|cnbc|tv|minister|ministry|source says"
_DECORATION = re.compile(rf"^(?:(?:{_KINDS})\s?\d{{0,2}}\s?[-–—:|]\s?)+|\s?[-–—:]\s?(?:{_SAYERS})$", re.IGNORECASE)
_DECORATING = frozenset("-–—:|")
_ACRONYM = re.compile(r"\b(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?|\b[A-Z]\.[A-Z]\b")
_COUNTRY = re.compile(r"\bUS\b")
_WORD = re.compile(r"(\d+(?:_\d+)+|[^\W_]+(?:'[^\W_]+)*)")
_DIGIT = re.compile(r"\d")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NO_YEAR = re.compile(r"\b(1,9\d\d|2,0\d\d)\b(?!,)")  # a number with a thousands comma is a count
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
_MONEY = re.compile(r"[$€£¥₹%]|\bRs\.?(?=\s?\d)")
_NAMES = {"$": " dollar ", "€": " euro ", "£": " pound ", "¥": " yen ", "₹": " rupee ", "%": " percent "}
_GLUED = r"(\d)(bn|bln|mn|mln|tn|trn|pc|bps)\b"  # $1bn is $1 bn
_GLUED_MONEY = (
    (r"\b((?:dollar|euro|pound|yen|rupee)\s+\d[\d_]*)m\b", "million"),
    (r"\b((?:dollar|euro|pound|yen|rupee)\s+\d[\d_]*)b\b", "billion"),
)
_SEVERAL = re.compile(r"[ -]|\.\w{2}")  # *per cent*, *first-quarter*, *w.house*
_SPEAKER = 4  # most words of a speaker's name
_QUARTER = re.compile(r"\b[qQ]([1-4])\b")
_MAY = r"(?i:\b(in|for|of|since|from|until|by|late|early)|(\d)) May\b"
_MAY_DAY = r"\bMay (\d)"
_ZEROS = re.compile(r"(?<=\d)(?:(_\d*[1-9])0+|_0+)\b")
TO_COME = rf"\b(?:to|will) ([a-z]+(?:ss|[a-rt-z])|{RELIEVE})\b"
"""A verb about the future; a word in -s after *to* (*ferries*) is not one."""
_TO_COME = re.compile(TO_COME)
DONE_BY = r"\b([a-z]+) by (?:the )?([A-Z][a-z]\w+)"
"""A verb and its doer in the passive."""
_DONE_BY = re.compile(DONE_BY)
_DONE_TO = re.compile(r"\b(?=([a-z]+) (?:the )?([A-Z][a-z]\w+))")
_IN_S = re.compile(r"\b[a-z]+s\b")
_JOINING = (",", "&", "-", "/")


@dataclass(frozen=True)
class HeadlineWords:
    """A headline's normalised words in order; ``names`` are those printed as names.

    ``groups`` has a number per word: words joined by a comma or "and" have the same, as their order does not matter.
    ``verbs``: the words after *to*, and the first word in -s or -ed after a name.
    """

    words: tuple[str, ...]
    names: frozenset[str]
    groups: tuple[int, ...]
    numbers: frozenset[str]
    verbs: frozenset[str]


@dataclass(frozen=True)
class StoryWords:
    """Sets of words as stems."""

    filler: frozenset[str]
    turning: frozenset[str]
    tentative: frozenset[str]
    up: frozenset[str]
    down: frozenset[str]
    market: frozenset[str]
    daily: frozenset[str]
    metric: frozenset[str]
    period: frozenset[str]
    rose: frozenset[str]
    fell: frozenset[str]
    reporting: frozenset[str]
    expected: frozenset[str]
    indicator: frozenset[str]
    when: frozenset[str]
    company: frozenset[str]


@lru_cache(maxsize=50_000)
def headline_words(headline: str) -> HeadlineWords:
    """Return a headline's normalised words.

    Examples
    --------
    >>> headline_words("UPDATE 2-U.S. bans $1 bln of imports: sources").words
    ('usa', 'ban', 'dollar', '1', 'billion', 'import')
    """
    parts = _WORD.split(_joined_phrases(_plain(by_object(headline))))
    gaps, tokens = parts[::2], parts[1::2]
    words: list[str] = []
    groups: list[int] = []
    names: set[str] = set()
    verbs: set[str] = set()
    initials = [token[0] for token in tokens]
    sentence_case = sum(map(str.islower, initials)) > sum(map(str.isupper, initials)) > 0
    group, joined, before = 0, False, ""
    for gap, word in zip(gaps, tokens, strict=False):
        stem, capital, inflected = _token(word)
        if gap != " ":
            joined = joined or gap.strip() in _JOINING
        if stem:
            group += not joined
            joined = False
            words.append(stem)
            groups.append(group)
            if capital or not sentence_case:
                names.add(stem)
            if before == "to" or (inflected and not verbs and before[:1].isupper()):
                verbs.add(stem)
        elif word.casefold() == "and":
            joined = True
        before = word
    numbers = frozenset(word for word in words if word[0].isdigit())
    return HeadlineWords(tuple(words), frozenset(names), tuple(groups), numbers, frozenset(verbs))


@lru_cache(maxsize=50_000)
def verbs_to_come(headline: str) -> frozenset[str]:
    """Return the stems of verbs after *to* or *will*; capitalised words are names (*flights to Riga*)."""
    return frozenset(_normalised(verb) for verb in _TO_COME.findall(by_object(headline)))


@lru_cache(maxsize=50_000)
def done_by(headline: str) -> frozenset[tuple[str, str]]:
    """Return the stems of each verb with the name of its doer in the passive (*warned by Oman*)."""
    return _verbs_with(_DONE_BY, headline)


@lru_cache(maxsize=50_000)
def done_to(headline: str) -> frozenset[tuple[str, str]]:
    """Return the stems of words with the name that follows at once, the object of a verb (*warned Oman*)."""
    return _verbs_with(_DONE_TO, headline)


def _verbs_with(pattern: re.Pattern[str], headline: str) -> frozenset[tuple[str, str]]:
    """Return the stems of verb and name in each match; names of months and days are times."""
    pairs = ((_normalised(verb.casefold()), _normalised(name.casefold())) for verb, name in pattern.findall(headline))
    return frozenset(pair for pair in pairs if pair[1] not in words_of().when)


@lru_cache(maxsize=50_000)
def verbs_in_s(headline: str) -> frozenset[str]:
    """Return the stems of lower-case words in -s, which include the verbs of what somebody does (*seizes*)."""
    return frozenset(_normalised(word) for word in _IN_S.findall(headline))


@lru_cache(maxsize=200_000)
def _token(word: str) -> tuple[str, bool, bool]:
    """Return a word's normal form (empty for filler), whether it is capitalised, and whether it ends like a verb."""
    stem = _normalised(word.casefold())
    return "" if stem in words_of().filler else stem, word[0].isupper(), word.endswith(("s", "ed"))


def meant(headlines: pl.Series) -> pl.Series:
    """Return the normalised words of many headlines as texts, an approximation of ``headline_words``.

    Millions of headlines are compared by these; only close pairs are compared with ``headline_words``.
    """
    phrases = _phrases()[1]
    words = (
        pl.col("text")
        .map_elements(by_object, return_dtype=pl.String)
        .str.replace(
            r"(?i)^(?:(?:instant view|analyst view|snap analysis|update|wrapup|correction|corrected|refile|exclusive"
            r"|rpt|repeat) ?\d{0,2} ?[-–—:] ?)+",
            "",
        )
        .str.replace(r"(?i)\s?[-–—:]\s?(?:reports?|sources?|papers?)$", "")
        .str.replace_all(_MAY, "${1}${2} maymonth")
        .str.replace_all(_MAY_DAY, "maymonth ${1}")
        .str.replace_all(r"\bUS\b", "U.S.")
        .str.to_lowercase()
        .str.replace_all(r"\b([a-z])\.([a-z])\b\.?(?:([a-z])\.)?", "${1}${2}${3} ")
        .str.replace_all(r"(\d),(\d{3})", "${1}${2}")
        .str.replace_all(r"(\d)\.(\d)", "${1}_${2}")
        .str.replace_all(r"(\d_\d*[1-9])0+\b", "${1}")
        .str.replace_all(r"(\d)_0+\b", "${1}")
        .str.replace_many(list(_NAMES), list(_NAMES.values()))
        .str.replace_all(r"\bq([1-4])\b", "${1} quarter")
        .str.replace_all(_GLUED, "${1} ${2}")
        .str.replace_all(_GLUED_MONEY[0][0], "${1} million")
        .str.replace_all(_GLUED_MONEY[1][0], "${1} billion")
        .str.replace_all(r"['’]s\b", "")
        .str.replace_all(r"n['’]t\b", "nt")
        .str.replace_all(r"[^\p{L}\p{M}\p{N}_]+", " ")
    )
    longest = sorted(phrases, key=len, reverse=True)
    # Two spaces between words, so that adjacent phrases both match with the spaces around them.
    spaced = pl.concat_str(pl.lit(" "), words.str.replace_all(" ", "  ", literal=True), pl.lit(" "))
    padded = spaced.str.replace_many(
        [f" {_spelled(each).replace(' ', '  ')} " for each in longest],
        [f" {phrases[each]} " for each in longest],
        leftmost=True,
    )
    rows = (
        pl.DataFrame({"text": headlines})
        .with_row_index("row")
        .with_columns(word=padded.str.strip_chars().str.split("  "))
    )
    each = rows.select("row", "word").explode("word")
    known = {word: _normalised(word) for word in each["word"].drop_nulls().unique()}
    kept = each.with_columns(pl.col("word").replace_strict(known, default=None, return_dtype=pl.String)).filter(
        pl.col("word").is_not_null() & (pl.col("word") != "") & ~pl.col("word").is_in(list(words_of().filler))
    )
    texts = kept.group_by("row").agg(pl.col("word").str.join(" "))
    return rows.join(texts, on="row", how="left", maintain_order="left")["word_right"].fill_null("")


TAIL = r"(?:;|,? (?:even as|as|amid|after|despite|while|but) ).*$"
_TAIL = re.compile(TAIL)
BEHIND_COMMA = r"^((?:\S+ ){2,}?\S+?), [a-z][^ :]* [^ :].*$"  # at least two words, since lists end in one
_COMMA = re.compile(BEHIND_COMMA)


@lru_cache(maxsize=50_000)
def main_clause(headline: str) -> str:
    """Return the main clause of a headline, without parts after a semicolon or introduced by as, amid, after, despite.

    A part after a comma is dropped if at least three words precede it and no name follows. A speaker before or after a
    colon is dropped if the rest is a sentence.
    """
    first = _COMMA.sub(r"\1", _TAIL.sub("", headline))
    left, colon, right = first.partition(": ")
    if not colon or min(len(left.split()), len(right.split())) > _SPEAKER:
        return first
    return max(left, right, key=lambda part: len(part.split()))


@cache
def words_of() -> StoryWords:
    """Return the sets of words in the data file."""
    raw = word_lists()
    return StoryWords(**{each.name: frozenset(_stems(raw[each.name])) for each in fields(StoryWords)})


@cache
def opposites() -> dict[str, frozenset[str]]:
    """Return for each stem the words that mean that it did not happen."""
    return _paired("opposite")


@cache
def converses() -> dict[str, frozenset[str]]:
    """Return for each verb's stem the verbs of the other party (*buy* and *sell*)."""
    return _paired("converse")


def _paired(name: str) -> dict[str, frozenset[str]]:
    both = [pair for group in word_lists()[name] for pair in permutations(map(_normalised, group), 2)]
    return {word: frozenset(other for each, other in both if each == word) for word, _ in both}


def _plain(headline: str) -> str:
    text = unicodedata.normalize("NFKC", headline).replace("’", "'").replace("`", "'")
    text = text.strip()
    if not _DECORATING.isdisjoint(text):
        for _ in range(2):
            text = _DECORATION.sub("", text).strip()
    if "US" in text and not text.isupper():
        text = _COUNTRY.sub("U.S.", text)
    if "." in text:
        text = _ACRONYM.sub(lambda match: match[0].replace(".", "").upper() + " ", text)
    if "May" in text:
        text = re.sub(_MAY_DAY, r"maymonth \1", re.sub(_MAY, r"\1\2 maymonth", text))
    text = _MONEY.sub(lambda match: _NAMES.get(match[0], " rupee "), text)
    if _DIGIT.search(text):
        text = _ZEROS.sub(lambda match: match[1] or "", _DECIMAL.sub("_", text))  # 1.50 is 1.5
        text = _THOUSANDS.sub("", _NO_YEAR.sub(r"\1_0", text)) if "," in text else text
        text = _QUARTER.sub(r"\1 quarter", text)
        text = re.sub(_GLUED, r"\1 \2", text)
        for pattern, unit in _GLUED_MONEY:
            text = re.sub(pattern, rf"\1 {unit}", text)
    return text.replace("'s ", " ").replace("s' ", "s ")


def _joined_phrases(text: str) -> str:
    """Replace phrases of several words by single words, capitalised if the phrase is."""
    pattern, phrases = _phrases()

    def joined(match: re.Match[str]) -> str:
        word = phrases[match[0].casefold()]
        return word.capitalize() if match[0][0].isupper() else word

    return pattern.sub(joined, text)


@cache
def _phrases() -> tuple[re.Pattern[str], Mapping[str, str]]:
    groups: Sequence[Sequence[str]] = word_lists()["same"]
    several = {each: _one_word(group[0]) for group in groups for each in group if _SEVERAL.search(each)}
    several = {
        each: _one_word(each)
        for name in ("market", "turning", "tentative", "indicator")
        for each in word_lists()[name]
        if " " in each
    } | several
    return re.compile(rf"\b{_any_of(several)}\b", re.IGNORECASE), several


def _any_of(phrases: Iterable[str]) -> str:
    """Return a pattern of phrases, longest first, as a trie: a plain alternation would try each one at every word."""
    by_letter: dict[str, list[str]] = {}
    for phrase in phrases:
        by_letter.setdefault(phrase[:1], []).append(phrase[1:])
    ends = by_letter.pop("", None) is not None
    branches = [re.escape(letter) + _any_of(rest) for letter, rest in by_letter.items()]
    either = f"(?:{'|'.join(branches)})" if branches else ""
    return f"{either}?" if ends and either else either


def _spelled(phrase: str) -> str:
    """Return a phrase as it is spelled in ``meant`` before phrases are joined: without full stops and hyphens."""
    return re.sub(r"[.](?=[a-z]{2})", " ", phrase).replace(".", "").replace("-", " ")


def _one_word(phrase: str) -> str:
    return phrase.replace(" ", "").replace("-", "")


@cache
def _normalised(word: str) -> str:
    bare = word.removesuffix("'s").strip("'").replace("'", "")
    bare = _demonyms().get(bare, bare)
    return _same().get(bare) or _same().get(_stem(bare)) or _stem(bare)


@cache
def _same() -> dict[str, str]:
    table: dict[str, str] = {}
    for group in word_lists()["same"]:
        first = _stem(_one_word(group[0]))
        for each in group:
            bare = _one_word(each).replace(".", "").replace("'", "")
            table[bare] = table[_stem(bare)] = first
    return table


@cache
def _demonyms() -> dict[str, str]:
    """Map names and demonyms of countries to one name per country, as single words in lower case."""
    with data_path("events", "countries.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table: dict[str, str] = {}
    for row in rows:
        names = [each.casefold() for each in row["names"].split(";")]
        first = re.sub(r"[^a-z]", "", names[0])
        for each in (*names, *row["demonyms"].casefold().split(";")):
            if each.isalpha():
                table.setdefault(each, first)
    return table


def _stems(words: Iterable[str]) -> Iterable[str]:
    return (_normalised(_one_word(word)) for word in words)


@cache
def _stem(word: str) -> str:
    """Return the stem of an English word; words with digits or non-ASCII letters are unchanged."""
    if not word.isascii() or not word.isalpha() or len(word) < 3:
        return word
    return str(_stemmer().stemWord(_irregular().get(word, word)))


@cache
def _stemmer() -> Any:
    return snowballstemmer.stemmer("english")


@cache
def _irregular() -> dict[str, str]:
    with data_path("events", "irregular_verbs.csv").open(encoding="utf-8", newline="") as file:
        return {form: row["base"] for row in csv.DictReader(file) for form in row["forms"].split(";")}
