"""Check whether the words of a pattern are verb and object, or subject and verb.

They are in *lifts its tariffs* and *tariffs on tea lifted*, but not in *ends talks over tariffs*, *tariffs lifted
prices* or *lifts tariff waiver*.
"""

from __future__ import annotations

import re
from typing import Final

from correlator.events.grammar.scan import Hit
from correlator.events.vocabulary.lexicon import OBJECT, SUBJECT
from correlator.events.vocabulary.text import Text

# Words that separate a verb from its object; *most of its tariffs* has none.
_PARTS_OBJECT = re.compile(
    r" (?:to|on|over|for|with|against|after|before|as|amid|from|about|in|at|by|than|until|despite|if|that|who|which|"
    r"when|while|but|not|no|lifting|easing|removal|relaxation|repeal|;|:|\.) "
)
# Words that begin another clause between a subject and its verb.
_PARTS_SUBJECT = re.compile(
    r" (?:(?i:as|after|amid|while|but|that|who|which|whose|when|if|despite|because|until|before|not|never|no|yet|"
    r"hardly|says?|said|holds?|has|have|had)|to (?!be |the )[a-z][^ ]*|;|:|\.) "
)
# Words that may follow a verb without an object.
_NO_OBJECT = re.compile(
    r" (?:(?:in|at|near|over|off|after|on|for|from|amid|as|while|by|of|to|with|via|through|without|despite|ahead|again|"
    r"until|under|since|within|because|following|before|today|tonight|early|soon|indefinitely|yesterday|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|and|but|\.|,|:|;|!|\?|says?|[^ ]+ly) |$)"
)
# Nouns modified by a burden: *tariff talks*, *sanctions waiver*.
_KIND_OF = re.compile(
    r" (?:talks?|negotiations?|dialogue|deals?|pacts?|agreement|truce|relief|reprieve|waivers?|exemptions?|breaks?|"
    r"holidays?|cuts?|reductions?|reviews?|probe|threats?|fears|worries|dodgers?|busters?|busting|evasion|"
    r"evaders|monitors?|ruling|case|lawsuit|free|revenues?|refunds?|shares|stakes?|bonds|debt) "
)
# *Lifts tariff to 25pc* raises it, as the figure shows; *lifts export levy* is ambiguous.
_RAISED = re.compile(
    r" (?:lift|lifts|lifted|lifting) (?:.* to \d|(?:[^ ]+ ){0,3}export (?:dut|tax|tariff|lev|fee|surcharge))"
)
_LATER = re.compile(r" (?:to|will|would|may|might|could|shall) be ")
_DUE = re.compile(r" (?:must|should|ought to|needs? to|has to|have to) be ")
# The categories of acts that lift or ease a burden.
RELIEF: Final = frozenset({"RETREAT", "CONCEDE"})


def is_of_one_clause(text: Text, hit: Hit) -> bool:
    """Whether the parts of a hit are verb and object, or subject and verb, as required by its entry."""
    lowered, form = text.lowered, hit.entry.form
    if form == OBJECT:
        return _takes(lowered, hit)
    if form == SUBJECT:
        between = _PARTS_SUBJECT.search(text.joined, hit.head_end - 1, hit.tail_start + 1)
        joined = between is None and not _kind_of(lowered, hit.head_end)
        return joined and _NO_OBJECT.match(lowered, hit.end - 1) is not None
    return True


def meant(text: Text, hit: Hit) -> str:
    """Return the category of a hit: *curbs to be lifted* is a promise, *curbs must be lifted* a demand."""
    category = hit.entry.category
    if hit.entry.form != SUBJECT or category not in RELIEF:
        return category
    if _DUE.search(text.lowered, hit.head_end - 1, hit.tail_start + 1):
        return "REQUEST"
    return "AGREE" if _LATER.search(text.lowered, hit.head_end - 1, hit.tail_start + 1) else category


def _takes(lowered: str, hit: Hit) -> bool:
    if _PARTS_OBJECT.search(lowered, hit.head_end - 1, hit.tail_start + 1) or _kind_of(lowered, hit.end):
        return False
    return hit.entry.category not in RELIEF or _RAISED.match(lowered, hit.start) is None


def _kind_of(lowered: str, end: int) -> bool:
    return _KIND_OF.match(lowered, end - 1) is not None
