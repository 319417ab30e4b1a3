"""The language of a headline, so far as to say that it is not coded: by its script, letters and commonest words."""

from __future__ import annotations

import unicodedata
from typing import Final

CODED: Final = "en"
_SCRIPTS: Final = {
    "ARABIC": "ar", "CYRILLIC": "ru", "DEVANAGARI": "hi", "BENGALI": "bn", "CJK": "zh", "HIRAGANA": "ja",
    "KATAKANA": "ja", "HANGUL": "ko", "HEBREW": "he", "GREEK": "el", "THAI": "th", "GURMUKHI": "pa", "TAMIL": "ta",
    "GEORGIAN": "ka", "ARMENIAN": "hy", "ETHIOPIC": "am",
}  # fmt: skip
_URDU = frozenset("ٹڈڑںےھۓ")
_PERSIAN = frozenset("پچژگکی")
_AZERBAIJANI = frozenset("əƏ")
_TURKISH = frozenset("ışğİüöç")
_LATIN_END = 0x24F
# The commonest words of languages in Latin letters; a word of two languages decides for neither alone.
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
    """ISO 639-1 code of the language that a text is surely in; ``en`` where nothing tells another."""
    words = set(text.lower().split())
    if not text.isascii():
        letters = [letter for letter in text if letter.isalpha()]
        foreign = [letter for letter in letters if ord(letter) > _LATIN_END and letter not in _AZERBAIJANI]
        if len(foreign) > _MOSTLY * len(letters):
            return _by_script(foreign)
        if words.isdisjoint(_ENGLISH):
            for code, special in (("az", _AZERBAIJANI), ("tr", _TURKISH)):
                if sum(not special.isdisjoint(word) for word in words) >= _LEAST_WORDS:
                    return code
    known = words & _ANY
    if len(known) < _LEAST_WORDS:
        return CODED
    hits = {code: len(known & own) for code, own in _STOP.items()}
    best = max(hits, key=lambda code: hits[code])
    return best if hits[best] >= _LEAST_WORDS and hits[best] > 2 * len(words & _ENGLISH) else CODED


def _by_script(letters: list[str]) -> str:
    names = [unicodedata.name(letter, "").split(" ")[0] for letter in letters]
    if "HIRAGANA" in names or "KATAKANA" in names:
        return "ja"
    code = _SCRIPTS.get(max(sorted(set(names)), key=names.count), CODED)
    if code == "ar":
        found = set(letters)
        return "ur" if found & _URDU else "fa" if found & _PERSIAN else "ar"
    return code
