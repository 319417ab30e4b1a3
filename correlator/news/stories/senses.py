"""Normalise verbs whose meaning depends on the object: to lift a ban is to end it, to lift output is to raise it.

Verbs that lift, ease or waive a burden (``burden`` in ``data/news/story_words.toml``) are replaced by one word,
RELIEVE, before words are normalised one by one. A rate lifted or dropped to or by a figure moves rather than ends.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from correlator.base.resources import data_path

RELIEVE = "relieves"  # inflected like the verb of a headline
# A burden after one of these words is not the object of the verb: *rupee eases on tariff*, *drops plan for a tariff*.
_NO_OBJECT = (
    r"(?:on|off|as|after|amid|over|with|despite|before|than|but|and|by|for|when|while|until|ahead"
    r"|plans?|bids?|threats?|calls?|talks?|cases?|probes?|suits?)\b"
)
_NO_BURDEN = "(?!-free)"
_BETWEEN = rf"(?:[\s-]+(?!{_NO_OBJECT})[^\s;:]+){{0,4}}?[\s-]+"
_BEHIND = r"(?=\s*$|\s*[,;:.?!]|\s+(?:by|on|in|as|for|from|after|at|amid|until|this|next|last|today|soon|with|when)\b)"
_MEETINGS = "visit|meet|host|tour|attend|address"
_TO_COME = re.compile(rf"\b(?:to|will) ({_MEETINGS})\b")
_UNDER_WAY = re.compile(rf"\b({_MEETINGS})(?:e?s|ed)\b")
_LETS_GO = re.compile(
    r"(?i)\b(?:releas|free|return|rescu|recover)(?:e?s|e?d|ing)?\s+(?:\S+\s+){0,3}?"
    r"(?:seized|detained|jailed|held|abducted|hijacked|kidnapped|arrested|captured|imprisoned|impounded)\b"
)
_UNDOING = ("un", "dis", "de", "non")
_SHORTEST = 4  # letters of a word that such a prefix reverses


def by_object(text: str) -> str:
    """Replace each verb that lifts, eases or ends a burden by RELIEVE.

    Examples
    --------
    >>> by_object("Peru lifts ban on tuna, lifts tariff to 5 pct")
    'Peru relieves ban on tuna, lifts tariff to 5 pct'
    """
    if not _names_burden().search(text):
        return text
    active, passive = _patterns()
    return passive.sub(rf"\g<burden> {RELIEVE}", active.sub(rf"{RELIEVE}\g<burden>", text))


def announced_and_begun(one: str, two: str) -> bool:
    """Whether one headline announces a visit or meeting, and the other reports it as under way.

    Examples
    --------
    >>> announced_and_begun("Peru's president to visit Malta next week", "Peru's president visits Malta")
    True
    >>> announced_and_begun("Peru's president to visit Malta", "Peru's president will visit Malta")
    False
    """
    ahead, now = ([{*pattern.findall(text.casefold())} for text in (one, two)] for pattern in (_TO_COME, _UNDER_WAY))
    return any(ahead[this] & now[that] and not ahead[that] for this, that in ((0, 1), (1, 0)))


def lets_go(text: str) -> bool:
    """Whether a headline reports the release of something seized before: *Peru frees seized tanker*."""
    return _LETS_GO.search(text) is not None


def undone(word: str, others: Iterable[str]) -> bool:
    """Whether the word or one of the ``others`` reverses the other one by a prefix (*freeze*, *unfreeze*)."""
    return any(
        longer == beginning + shorter
        for other in others
        for shorter, longer in (sorted((word, other), key=len),)
        if len(shorter) >= _SHORTEST
        for beginning in _UNDOING
    )


@cache
def _names_burden() -> re.Pattern[str]:
    return re.compile(rf"(?i)\b(?:{_any(word_lists()['burden'])})\b")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of the active (*lifts the ban*) and the passive (*ban is lifted*)."""
    words = word_lists()
    burden, rate = (_any(words[name]) for name in ("burden", "rate"))
    verbs = "|".join(_forms(verb) for verb in words["relieving"])
    past = "|".join(_forms(verb, past=True) for verb in words["relieving"])
    moved = rf"(?!{_BETWEEN}(?:{rate})\b(?:\s+\S+){{0,4}}?\s+(?:(?:to|by)\s+)?\d)"
    return (
        re.compile(rf"(?i)\b(?:{verbs})\b{moved}(?P<burden>{_BETWEEN}(?:{burden})\b{_NO_BURDEN})"),
        re.compile(rf"(?i)\b(?P<burden>(?:{burden})\b(?:\s+[^\s;:]+){{0,5}}?)\s+(?:{past}){_BEHIND}"),
    )


def _forms(verb: str, *, past: bool = False) -> str:
    """Return a pattern of a regular verb's forms; of several words the first is inflected."""
    first, _, rest = verb.partition(" ")
    if first.endswith("e"):
        forms = first[:-1] + ("ed" if past else "(?:e|es|ed|ing)")
    else:
        ends = rf"{first[-1]}?ed"
        forms = first + (ends if past else rf"(?:{ends}|{first[-1]}?ing|s)?")
    return rf"{forms}\s+{rest}" if rest else forms


def _any(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, words))


@cache
def word_lists() -> Mapping[str, Any]:
    """Return the lists in ``data/news/story_words.toml``."""
    return tomllib.loads(data_path("news", "story_words.toml").read_text(encoding="utf-8"))
