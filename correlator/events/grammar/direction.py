"""Decide source and target by voice, order, prepositions and attribution around the deciding words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from correlator.events.grammar.burdens import borne, eased, lifted, named_with
from correlator.events.grammar.category import Candidate
from correlator.events.grammar.clause import BY, Clause, Roles, clause_of, differs, of_country, opens_aside
from correlator.events.grammar.gifts import gifted, received
from correlator.events.grammar.home import BY_DEED, other_side, own_people, settled
from correlator.events.grammar.phrases import PLACING, Phrase
from correlator.events.vocabulary.text import Text

_BE = re.compile(r" (?:is|are|was|were|be|been|being|get|gets|got)(?: \w+ly)? $")
_PARTICIPLE = re.compile(r"(?:ed|wn|held|hit|shot|struck|slain|sent|told|met|sought|freed)$")
_TALKS = re.compile(r" (?:talks|dialogue|negotiations|summit|parleys|agreement|deal) ")
_TELLS = re.compile(r" (?:tells|told|urges|urged|warns|warned) ")
# Participles of a passive headline without *is*: *Two Chinese arrested in Ghana*.
_SUFFERED = re.compile(
    r" (?:arrested|detained|jailed|imprisoned|killed|martyred|wounded|injured|seized|summoned|expelled|freed|released|"
    r"deported|banned|held|shot|kidnapped|abducted|sentenced|hanged|executed|beheaded|tortured|repatriated|extradited|rescued|"
    r"evacuated|impounded|sent (?:home|back)|denied|convicted|charged|indicted|attacked|bombed|shelled|suspended|"
    r"recalled|"
    r"(?:hit|slapped|targeted|punished|threatened)(?= with )|(?:removed|dropped|delisted|taken)(?= (?:from|off) )|"
    r"(?:accused|blamed|urged|criticised|criticized|condemned|praised|sued)(?= (?:of|for|over|to|by) )) "
)
# Passives whose doer follows at a distance: *told to leave by Oman*, but not *told to end siege by Oman*.
_DONE_BY = re.compile(
    r" (?:(?:menaced|presented|rewarded|honou?red|entrusted|served)(?= with (?:[^ ]+ ){1,5}by )|"
    r"(?:asked|told|ordered|forced|instructed|compelled|pressed|pressured|allowed|permitted|advised|invited)(?= to "
    r"(?:[^ ]+ ){0,4}?(?!(?:(?:air)?strikes?|attacks?|raids?|siege|blockade|war|invasion|incursion|offensive|"
    r"aggression|shelling|bombing|killings?|violations?|occupation|plans?|moves?|demands?|claims?|threats?) )"
    r"[^ ]+ by )) "
)
_ACTIVE_BEFORE = re.compile(r" (?:has|have|had|it|he|she|they|who|which|that)(?: \w+ly)? $")
_ADJUNCT = re.compile(
    r" (?:in|at(?! least| most)|near|over|off|after|on|for|from|outside|inside|dead|amid|as|while|by|of|to|with|via|"
    r"through|\.|,) |$"
)
# A deed named after its doer.
_DEED = re.compile(
    r" (?:'s )?(?:[^ ]+ ){0,2}(?:(?:air)?strikes?|raids?|shelling|bombing|bombardment|attacks?|fire|firing|missiles?|"
    r"rockets?|drones?|jets?|artillery|offensive|incursion|sanctions|tariffs?|dut(?:y|ies)|levy|visa ban|"
    r"travel ban|curbs) "
)
_SENT_AWAY = re.compile(r" (?:deported|expelled|evicted|ejected) ")
_BY_REACH = 54
_BY_NEXT = 4
_PHRASE_REACH = 24
# Name of the rule for two subjects that act on each other.
TOGETHER: Final = "named together"
# *Carries US message to Tehran*: the sender, not the receiver.
_BORNE = re.compile(r" (?:'s )?(?:message|letter) ")
_DONE_TO = re.compile(
    r" (?:[^ ]+ )?(?:(?:air)?strikes?|attacks?|raids?|bombings?|bombardment|shelling|assault|invasion|offensive|"
    r"aggression|blockade|war|massacre|sanctions|tariffs) (?:on|upon|against|of|in|at) (?:the )?"
)
# *Accuses Spain of attacking Malta*: who suffers what another object does is none.
_DOING_TO = re.compile(
    r" (?:(?:of|for|against|from|over) (?!visiting )[a-z]+ing|to (?!an? |the |its |his |her |their )[a-z]+) "
    r"(?:(?!and )[^ ,]+ ){0,4}"
)
_MODAL = re.compile(r" (?:must|should|ought to|needs? to|ha(?:s|ve) to) $")
_MUTUAL = frozenset({"CONSULT", "AGREE", "SUPPORT", "COOPERATE", "RETREAT"})
_TOWARDS = frozenset({"to", "with", "against", "on", "upon", "into", "for", "toward", "towards"})
_BEFORE_WHOM = frozenset({"with", "to", "at", "before"})
_CASE = re.compile(r" (?:case|complaint|suit|lawsuit|petition|challenge|proceedings|dispute) ")
_TOPICAL = frozenset({"on", "over", "about"})
_IN_UNIFORM = frozenset({"MIL", "COP"})
_FORCE = frozenset({"ASSAULT", "COERCE"})
_JUDGED = frozenset({"ACCUSE", "SUPPORT", "REJECT"})
_SUFFERABLE = frozenset({"ASSAULT", "COERCE", "SANCTION", "MOBILIZE", "REJECT"})
_REPORTED_OF_OTHERS = frozenset({"ACCUSE", "REQUEST"})
_SAID = frozenset({"REQUEST", "ACCUSE", "REJECT", "THREATEN", "SUPPORT", "AGREE"})


def who_to_whom(text: Text, chosen: Candidate, phrases: Sequence[Phrase], home: str | None = None) -> Roles:
    """Return sources and targets (main one first, possibly empty) of the event decided by ``chosen``.

    ``home``: the page's own country, which it omits for its own offices.
    """
    clause = clause_of(text, chosen, phrases, home)
    for reading in _READINGS:
        if (roles := reading(clause)) is not None:
            return Roles(*settled(clause, *roles))
    return Roles(*settled(clause, *_active(clause)))


def _agent(clause: Clause) -> Roles | None:
    """Return the actor after *by* as source: *attacked by*, *an attack by*."""
    text = clause.text.lowered
    far = not clause.before or _is_passive(clause) or _lacks_is(clause) or _has_doer(clause)
    for match in BY.finditer(text, clause.start, clause.end + (_BY_REACH if far else _BY_NEXT)):
        near = (p for p in clause.behind if match.end() - 1 <= p.start + 1 <= match.end() + _PHRASE_REACH)
        if (agent := next(near, None)) is not None:
            others = [p for p in clause.behind if p.start > agent.start or p.end < match.start()]
            return Roles([agent], clause.subjects or others, "passive, by")
    return None


def _demanded(clause: Clause) -> Roles | None:
    """Return who demands of whom, named before the modal or at the end: *Russia said Sudan must return*."""
    if clause.category != "REQUEST" or not _MODAL.search(clause.text.lowered, 0, clause.end):
        return None
    named = [phrase for phrase in clause.before if phrase.actor.country] or list(clause.before)
    if len(clause.speakers) > 1 and _TELLS.match(clause.text.lowered, clause.speakers[0].end - 1):
        return Roles(clause.speakers[:1], clause.speakers[1:2], "must, tells")
    if named and clause.speakers:
        return Roles(list(clause.speakers), [named[-1]], "must, says")
    if len(named) > 1:
        return Roles([named[0]], [named[-1]], "says that ... must")
    return Roles([], named or [*clause.behind, *clause.later], "must")


def _suffered(clause: Clause) -> Roles | None:
    """Return the subject of a passive without *by* as target, and the country of the place as source."""
    if not clause.before:
        return None
    subjects = clause.subjects
    doer = _doer_of_deed(clause, subjects[0])
    named = doer is not None or any(phrase.actor.country or phrase.actor.role in _IN_UNIFORM for phrase in subjects)
    if not _is_passive(clause) and not (_lacks_is(clause) and named):
        return None
    if doer is not None:
        return Roles([doer], [_where_it_was(clause, doer, subjects[0]), *subjects[1:]], BY_DEED)
    elsewhere = [place for place in clause.places if not _same(place, subjects[0])]
    if not elsewhere and clause.category in _FORCE:
        elsewhere = clause.places
    return Roles(elsewhere[:1], subjects, "passive")


def _where_it_was(clause: Clause, doer: Phrase, subject: Phrase) -> Phrase:
    """Return the victim, with the country of the place if unnamed: *civilians killed in Thai fire at Samrong*."""
    places = (*clause.places, *clause.later)
    place = next((p for p in places if p.is_place and p.actor.country and differs(p, doer)), None)
    return of_country(subject, place) if subject.actor.country is None and place is not None else subject


def _doer_of_deed(clause: Clause, subject: Phrase) -> Phrase | None:
    """Return the actor named with a deed: *hit with US tariffs*, *bombed in Israeli raid*, *deported from Oman*."""
    text = clause.text.lowered
    for phrase in clause.behind:
        before, behind = text[clause.end - 1 : phrase.start + 1], phrase.end - 1
        deed = not phrase.is_place and _DEED.match(text, behind) is not None
        from_there = phrase.preposition == "from" and _SENT_AWAY.match(text, text.rfind(" ", 0, clause.end - 1))
        attacked = phrase.preposition == "from" and clause.category == "ASSAULT"
        if differs(phrase, subject) and "," not in before and (deed or from_there or attacked):
            return phrase
    return None


def _spoken(clause: Clause) -> Roles | None:
    """Return the speaker at the end as source if the verb has no subject: *attack on Oman unacceptable, says Iran*."""
    if clause.before or not clause.speakers or clause.category not in _SAID | {"CONSULT"}:
        return None
    if clause.category == "CONSULT" and len({phrase.actor.country for phrase in clause.behind}) > 1:
        return None
    speakers = [phrase for phrase in clause.speakers if phrase.actor.country]
    if len(speakers) > 1 and _TELLS.match(clause.text.lowered, speakers[0].end - 1):
        return Roles(speakers[:1], speakers[1:2], "says, at the end, to")
    others = [phrase for phrase in clause.behind if not speakers or not _same(phrase, speakers[0])]
    return Roles(speakers[:1], others, "says, at the end") if speakers else None


_READINGS: tuple[Callable[[Clause], Roles | None], ...] = (
    lifted, named_with, _agent, borne, received, gifted, _demanded, _suffered, _spoken, eased,
)  # fmt: skip


def _is_passive(clause: Clause) -> bool:
    words = clause.text.lowered[clause.start : clause.end].split()
    return bool(words and _PARTICIPLE.search(words[0]) and _BE.search(clause.text.lowered, 0, clause.start + 1))


def _lacks_is(clause: Clause) -> bool:
    """Whether a passive lacks *is*: *Two Chinese arrested in Ghana*."""
    text = clause.text.lowered
    if _ACTIVE_BEFORE.search(text, 0, clause.start + 1):
        return False
    participle = text.rfind(" ", 0, clause.end - 1)  # of *envoys expelled* the second word
    is_under = text.endswith(" under ", 0, clause.start + 1)
    if not is_under and not _SUFFERED.match(text, clause.start) and not _SUFFERED.match(text, participle):
        return False
    return text.endswith(" with ", 0, clause.end) or _ADJUNCT.match(text, clause.end - 1) is not None


def _has_doer(clause: Clause) -> bool:
    """Whether a passive without *is* names its doer at a distance: *threatened with war by Oman*."""
    text = clause.text.lowered
    return not _ACTIVE_BEFORE.search(text, 0, clause.start + 1) and _DONE_BY.match(text, clause.start) is not None


def _active(clause: Clause) -> Roles:
    """Return subject and object of an active verb; actors named together are sources, or act on each other."""
    sources = clause.subjects
    if not sources:
        return _in_order(clause)
    objects = [other_side(phrase, sources[0].actor.country) for phrase in _ranked(clause)]
    first = other_side(sources[0], objects[0].actor.country) if objects else sources[0]
    others_before = [phrase for phrase in sources[1:] if differs(phrase, first)]
    if first.actor.country is None and others_before and not any(differs(phrase, first) for phrase in objects):
        first, others_before = of_country(first, others_before[0]), others_before[1:]
    together = [phrase for phrase in others_before if _together(clause.text, first, phrase)]
    acted_on = [phrase for phrase in objects if differs(phrase, first)]
    if together and _is_mutual(clause) and not any(_is_partner(clause, phrase) for phrase in acted_on):
        return Roles([first], together, TOGETHER)
    if _is_mutual(clause) and not acted_on and (parties := _parties(clause.text, first, sources[1:])):
        return Roles([first], parties, "parties of one country")
    own = own_people(clause, first)
    places = [place for place in clause.places if differs(place, first)]
    others = [*own, *acted_on, *(p for p in places if not any(_suffers_from(clause.text, q, p) for q in acted_on))]
    if others:
        return Roles([first, *together], _not_topics(clause, others), "subject, verb, object")
    if others_before:
        return Roles([first], others_before, "subject and named before the verb")
    asides = [phrase for phrase in clause.before if phrase not in sources and not phrase.is_place]
    later = sorted([*clause.later, *asides], key=lambda phrase: not differs(phrase, first))
    if (roles := _reported(clause, first)) is not None:
        return roles
    rest = [*objects, *clause.places, *later]
    if clause.category == "MOBILIZE":  # own forces are not the target of a mobilisation
        rest = [phrase for phrase in rest if differs(phrase, first)] or rest
    return Roles([first], rest, "subject, verb, object")


def _reported(clause: Clause, first: Phrase) -> Roles | None:
    """Return the roles if the speaker accuses the subject, or is its target: *India broke the treaty, says Nepal*."""
    teller = next((phrase for phrase in clause.speakers if differs(phrase, first)), None)
    if teller is None or clause.in_sentence:
        return None
    if clause.category in _REPORTED_OF_OTHERS:
        return Roles([teller], [first], "says of the subject")
    return Roles([first], [teller], "said by the one acted on") if clause.category in _SUFFERABLE else None


def _parties(text: Text, first: Phrase, others: Sequence[Phrase]) -> list[Phrase]:
    """Return two parties of one country that act on each other: *Darfur rebels and the Sudanese government*."""
    return [
        other
        for other in others[:1]
        if _same(other, first) and other.actor.role not in (None, first.actor.role) and _together(text, first, other)
    ]


def _is_mutual(clause: Clause) -> bool:
    """Whether actors named together act on each other, also in *Chad-Niger talks in Rome collapse*."""
    if clause.category == "REJECT" and clause.before:
        return _TALKS.search(clause.text.lowered, clause.before[-1].start, clause.end + _PHRASE_REACH) is not None
    return clause.category in _MUTUAL


def _is_partner(clause: Clause, phrase: Phrase) -> bool:
    """Whether a phrase is a partner rather than the topic: *Egypt, Jordan discuss Gaza*, *agree on Syria*.

    A framework is not a partner either: *Chad, Niger swap captives in UAE deal*.
    """
    if phrase.preposition in PLACING:
        return False
    if clause.text.lowered.startswith("discuss", clause.start + 1):
        return phrase.preposition == "with"
    if clause.form is not None:  # *Oman, Iran lift blockade of Chad*
        return True
    topical = _TOPICAL if clause.category == "SUPPORT" else _TOPICAL | {"of", "from", "between"}
    return phrase.preposition not in topical | {"against"}


def _in_order(clause: Clause) -> Roles:
    """Return the roles if the verb has no subject: the first actor acts on the next one of another country."""
    if (roles := _after_aside(clause)) is not None:
        return roles
    named = sorted([*clause.objects, *clause.before], key=lambda phrase: phrase.start)
    named = named or clause.places or clause.later
    if not named:
        return Roles([], [], "nobody but a speaker")
    if clause.category == "ASSAULT" and clause.places and _befalls(clause.places[0], named[0]):
        return Roles(clause.places[:1], named, "place, verb, object")
    rest = [phrase for phrase in (*named[1:], *clause.places, *clause.later) if phrase is not named[0]]
    if _lacks_subject(clause, named[0]):
        return Roles([], named, "no actor before the verb")
    if named[0].preposition in _TOWARDS:
        return _towards(clause, named[0], rest)
    others = [phrase for phrase in rest if differs(phrase, named[0])]
    return Roles(named[:1], others or rest, "order")


def _lacks_subject(clause: Clause, first: Phrase) -> bool:
    """Whether the subject is not an actor and the first actor is the direct object: *New tariffs hit Iran*."""
    opening = clause.text.lowered[: clause.start + 1].strip()
    if not opening or opens_aside(clause.text) or first.preposition or first.is_place or first.start < clause.end - 1:
        return False
    if opening.endswith(" to") or first not in clause.behind:
        return False
    between = clause.text.lowered[clause.end - 1 : first.start + 1]
    return not any(stop in between for stop in (" , ", " : ", " and "))


def _towards(clause: Clause, first: Phrase, rest: Sequence[Phrase]) -> Roles:
    """Return the first actor as target by its preposition: *sanctions on Russia*, *returned to Peru*."""
    actors = [p for p in rest if p.actor.country and p.preposition not in _TOWARDS | PLACING]
    actors.sort(key=lambda phrase: not differs(phrase, first))
    if not actors and clause.category in _FORCE | {"PROTEST"}:
        actors = [place for place in rest if place.is_place]
    return Roles(actors[:1], [first], "acted on by its preposition")


def _after_aside(clause: Clause) -> Roles | None:
    """Return the subject after the comma of an opening aside: *After meeting Putin, Modi left*."""
    comma = clause.text.lowered.find(" , ", clause.end - 1)
    if comma < 0 or not opens_aside(clause.text):
        return None
    inside = [phrase for phrase in clause.behind if phrase.end <= comma + 1]
    subject = next((phrase for phrase in (*clause.behind, *clause.later) if phrase.start >= comma), None)
    if not inside or subject is None or subject.is_place or not any(differs(phrase, subject) for phrase in inside):
        return None
    return Roles([subject], [phrase for phrase in inside if differs(phrase, subject)], "subject behind the aside")


def _befalls(place: Phrase, victim: Phrase) -> bool:
    """Whether unknown attackers of a place have a foreign victim: *Blast near Samarra kills US soldier*."""
    return place.start < victim.start and not victim.preposition and differs(victim, place)


def _ranked(clause: Clause) -> list[Phrase]:
    """Return the objects, the likely target first: *killing of X by Y*, *loan of the EU for Y*."""
    objects = clause.objects
    if clause.category in _SAID | {"COERCE"}:
        objects = [p for p in objects if not any(_is_done_to(clause.text, doer, p) for doer in objects)]
    if clause.category == "AID":
        receivers = [phrase for phrase in objects if phrase.preposition in ("for", "to")]
        return [*receivers, *(phrase for phrase in objects if phrase not in receivers)]
    if clause.category == "CONSULT":
        return [p for p in objects if not _BORNE.match(clause.text.lowered, p.end - 1)] or objects
    if clause.category == "REQUEST":
        addressees = [phrase for phrase in objects if phrase.preposition == "from"]
        return [*addressees, *(phrase for phrase in objects if phrase not in addressees)]
    if clause.category == "ACCUSE":
        forums = [p for p in objects if is_forum(clause.text, p)]
        objects = [*(phrase for phrase in objects if phrase not in forums), *forums]
    if clause.category not in _JUDGED:
        return objects
    objects = [p for p in objects if not any(_suffers_from(clause.text, doer, p) for doer in objects)]
    doers = [phrase for phrase in objects if phrase.preposition == "by"]
    return [*doers, *(phrase for phrase in objects if phrase not in doers)]


def is_forum(text: Text, phrase: Phrase) -> bool:
    """Whether a phrase is the organisation that hears an accusation: *complains to the UN*, *files WTO case*."""
    heard = phrase.preposition in _BEFORE_WHOM or _CASE.match(text.lowered, phrase.end - 1) is not None
    return heard and phrase.actor.role == "IGO"


def _suffers_from(text: Text, doer: Phrase, phrase: Phrase) -> bool:
    """Whether a phrase is the victim of ``doer``'s deed, who is the one judged: *condemns Spain's attack on Malta*."""
    return doer.end <= phrase.start and bool(_DONE_TO.fullmatch(text.lowered, doer.end - 1, phrase.start + 1))


def _is_done_to(text: Text, doer: Phrase, phrase: Phrase) -> bool:
    """Whether a phrase is the object of what ``doer`` is said to do: *warns Spain against striking Malta*."""
    if doer.actor.country is None or doer.end > phrase.start:
        return False
    return bool(_DOING_TO.fullmatch(text.lowered, doer.end - 1, phrase.start + 1))


def _not_topics(clause: Clause, objects: Sequence[Phrase]) -> list[Phrase]:
    """Remove topics and opponents if another object is addressed: *Oman backs Malta's stance on Cyprus*.

    For accusations the topic is the one accused, so nothing is removed.
    """
    if clause.category not in (_SAID | {"CONSULT"}) - {"ACCUSE"}:
        return list(objects)
    others = _TOPICAL | {"against"} if clause.category in _MUTUAL else _TOPICAL
    addressed = [p for p in objects if p.preposition not in others or p.start < clause.end]
    return addressed or list(objects)


def _same(phrase: Phrase, other: Phrase) -> bool:
    return phrase.actor.country == other.actor.country


def _together(text: Text, first: Phrase, other: Phrase) -> bool:
    between = text.lowered[first.end - 1 : other.start + 1]
    return " and " in between or between.strip() in ("", ",")
