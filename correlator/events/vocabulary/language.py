"""Detect the language of a headline, to choose its lexicon or to report that it is not supported.

The script, special letters and the most common words decide.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

CODED: Final = "en"
# Languages whose simple headlines are coded with small lexica (``small_lexicon``).
LEXICAL: Final = ("ur", "tr", "az", "ar")
_SCRIPTS: Final = {
    "ARABIC": "ar", "CYRILLIC": "ru", "DEVANAGARI": "hi", "BENGALI": "bn", "CJK": "zh", "HIRAGANA": "ja",
    "KATAKANA": "ja", "HANGUL": "ko", "HEBREW": "he", "GREEK": "el", "THAI": "th", "GURMUKHI": "pa", "TAMIL": "ta",
    "GEORGIAN": "ka", "ARMENIAN": "hy", "ETHIOPIC": "am",
}  # fmt: skip
_URDU = frozenset("ٹڈڑںےھۓہۃ")
_URDU_WORDS = frozenset(["کی", "کو", "کا", "اور", "پر"])
_PERSIAN = frozenset("پچژگکی")
_AZERBAIJANI = frozenset("əƏ")
_TURKISH = frozenset("ışğİüöç")
_LATIN_END = 0x24F
# *Rusya'dan*, *Putin'in*, *Irak'a*: suffixes of a Turkish name; one of a single letter (*Sana'a*) is not enough alone.
_TURKISH_ENDING = re.compile(r"\b\w{2,}+['’](y?[aeıiuü]|n[ae]|n?[ıiuü]n|n?[dt][ae]n?|y?l[ae]|n?[dt][ae]ki)$")
# A final verb: Azerbaijani *-ıb*, or endings of both languages.
_TURKIC_VERB = re.compile(
    r"(?:([ıiuü]b(?:lar|lər)?|[aə]c[aə]q|[ae]y?[ıiuü]r)|[dt][ıiuü](?:lar|ler|lər)?|[ae]c[ae]k|[ıiuü]yor|m[ıi]ş)$"
)
_STOPS = ".,:;!?\"'"
# The most common words of languages in Latin script; a word of two languages counts for both.
_WORDS: Final = {
    "tr": "ve bir ile için bu açıkladı dedi göre sonra türkiye yeni cumhurbaşkanı bakanı görüştü etti oldu",
    "az": "və ilə üçün olub edib ölkə prezidenti azərbaycan görüş edir",
    "fr": "le les des du et une dans pour sur avec est aux par qui après cette",
    "es": "el los las del una para con por que sobre tras desde según",
    "de": "der das und mit für auf ist nicht ein eine im zu nach wegen",
    "it": "il gli una per con che della degli nella sono dopo alla",
    "pt": "uma para com por que não após sobre pelo pela são",
    "id": "yang dan dari untuk dengan pada ini akan tidak dalam oleh",
}
_ENGLISH_WORDS = (
    "the of to in and on for with from at by as is are after over amid says said will new into his its against"
)
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())
_STOP: Final = {code: frozenset(words.split()) for code, words in _WORDS.items()}
_ANY: Final = frozenset[str]().union(*_STOP.values())
_MOSTLY = 0.5
_LEAST_WORDS = 2


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of the language of a text; ``en`` unless another one is certain."""
    words = set(text.lower().split())
    if not text.isascii():
        letters = [letter for letter in text if letter.isalpha()]
        foreign = [letter for letter in letters if ord(letter) > _LATIN_END and letter not in _AZERBAIJANI]
        if len(foreign) > _MOSTLY * len(letters):
            return _by_script(foreign, words)
    if ("'" in text or not text.isascii()) and words.isdisjoint(_ENGLISH):
        turkic = _turkic(text.split())
        if turkic is not None:
            return turkic
    known = words & _ANY
    if len(known) < _LEAST_WORDS:
        return CODED
    hits = {code: len(known & stopwords) for code, stopwords in _STOP.items()}
    best = max(hits, key=lambda code: hits[code])
    return best if hits[best] >= _LEAST_WORDS and hits[best] > 2 * len(words & _ENGLISH) else CODED


def _turkic(words: list[str]) -> str | None:
    """Detect Turkish or Azerbaijani by two words with their letters or suffixes, or by one and a final verb."""
    azerbaijani = sum(not _AZERBAIJANI.isdisjoint(word) for word in words)
    endings = [match for word in words if (match := _TURKISH_ENDING.search(word.strip(_STOPS)))]
    lettered = sum(not (_TURKISH | _AZERBAIJANI).isdisjoint(word) for word in words)
    last = words[-1].strip(_STOPS) if words else ""
    verb = _TURKIC_VERB.search(last) if last.islower() else None
    plain = sum(len(match[1]) > 1 for match in endings)
    if lettered + plain == 0 or lettered + len(endings) + (verb is not None) < _LEAST_WORDS:
        return None
    return "az" if azerbaijani or (verb is not None and verb[1] is not None) else "tr"


def _by_script(letters: list[str], words: set[str]) -> str:
    names = [unicodedata.name(letter, "").split(" ")[0] for letter in letters]
    if "HIRAGANA" in names or "KATAKANA" in names:
        return "ja"
    code = _SCRIPTS.get(max(sorted(set(names)), key=names.count), CODED)
    if code == "ar":
        scripts = set(letters)
        return "ur" if scripts & _URDU or not _URDU_WORDS.isdisjoint(words) else "fa" if scripts & _PERSIAN else "ar"
    return code
