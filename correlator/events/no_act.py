"""Headlines that tell no act, whatever verbs they have: comment, previews, memory, figures, sport, private persons.

``KINDS`` has a row per kind: its name, the pattern that a headline of it shows, and a headline of our own.
What needs more than a pattern (teams, words of sport, who acts) stands below it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from correlator.events.lexicon import WITHOUT
from correlator.events.phrases import Phrase
from correlator.events.reading import Reading

# Words against an event that weigh so much decide alone.
_DECISIVE: Final = 7.0
_YEARS = r"(?:a|one|two|three|four|five|six|seven|eight|nine|ten|\d+) (?:years?|decades?|months?)"
_ARRIVAL = r"(?:visits?|arrival|summit|moot|talks|conference|tour)"
_NO_OFFICE = (
    r"(?:analysts?|economists?|(?<!un )experts?|scholars?|academics?|historians?|authors?|writers?|observers|pundits|"
    r"think tanks?|professors?|(?:former|ex|retired) (?:envoys?|ambassadors?|diplomats?|generals?|officials?|judges?|"
    r"spymaster|spy chief|secretary))"
)
_CIVIC = (
    rf"(?:{_NO_OFFICE}|traders?|exporters?|importers?|manufacturers|industrialists?|businessmen|businesspeople|chambers?|"
    r"growers|millers|tanners|farmers|shopkeepers|families|relatives|parents|heirs|students|pilgrims|expats|expatriates|"
    r"overseas [^ ]+|diaspora|lawyers|clerics|ulema|doctors|nurses)"
)
_SAYS = r"(?:says?|said|warns?|fears?|believes?|argues?|feels?|thinks?|sees?|predicts?)"
_WISHES = (
    r"(?:urges?|wants?|seeks?|calls? for|demands?|hopes?|expects?|recalls?|laments?|rues?|asks?|appeals?|"
    r"complains?|sceptical|doubts?|celebrates?|mourns?|votes?)"
)
_STUDY = r"(?:study|survey|poll|index|data|figures|census|research|ranking)"
_MOVES = (
    r"(?:rises?|rose|falls?|fell|up|down|jump(?:s|ed)?|drop(?:s|ped)?|grows?|grew|tops?|cross(?:es|ed)?|surge[sd]?|"
    r"plunge[sd]?|dip(?:s|ped)?|soar(?:s|ed)?|shrinks?|widens?|narrows?|doubles?|hits?|edges?|slides?|slows?)"
)
_TALE = (
    r"(?:seminar|walk(?! out)|books?|novel|documentary|film|movie|papers|letters|archives?|memoirs?|biography|"
    r"exhibition|play|drama|festival|concert|troupe|calligraphy|mural|paintings?|speakers|song|poem|poets?|statue|stamp)"
)


class Kind(NamedTuple):
    """A kind of headline that tells no act: its name, the pattern that shows it, an example in our own words."""

    name: str
    pattern: re.Pattern[str]
    example: str


KINDS: Final = tuple(
    Kind(name, re.compile(pattern), example)
    for name, pattern, example in (
        (
            "comment",
            r" (?:opinion|editorial|comment|commentary|column|letters?|letter to (?:the )?editor|explainer|explained|"
            r"analysis|factbox|timeline|interview|profile|view|viewpoint|review|book review|fact check|in pictures|"
            r"photos|watch|video|podcast|quiz|essay|obituary) (?:[:|-]|of) ",
            "Editorial: Fiji turns to China",
        ),
        (
            "comment",
            r" (?:the (?:trouble|problem|case|costs?|price|myth|politics|art|perils?|limits|making|rise|fall|end|road|"
            r"curse|silence|shadow|logic|meaning) (?:with|for|of|to|behind)|(?:a|some) (?:lessons?|tale|word|note|look|"
            r"glimpse) (?:from|of|on|at|for)|lessons (?:from|of)|time (?:to|for)|beyond|between|rethinking|reimagining|"
            r"revisiting|understanding|decoding|making sense of|towards|inside|meet|once upon) ",
            "The limits of Peru's trust in Chile",
        ),
        ("condition", r" if ", "If Oman closes the strait, Iran pays"),
        (
            "forecast",
            r" .* (?:likely|unlikely|expected|poised|tipped|hopes|hoping|eyes) to (?:get|receive|win|secure|face|see|"
            r"gain|lose|suffer|benefit|miss|attract) ",
            "Kenya likely to receive IMF loan in March",
        ),
        (
            "speaker without office",
            rf" .* [,:] (?:{_SAYS} (?:[^ ]+ )?{_NO_OFFICE}|(?:[^ ]+ )?{_NO_OFFICE}(?: {_SAYS})?) $",
            "Oman could cut aid to Yemen, former diplomat fears",
        ),
        (
            "speaker without office",
            rf" (?:[^ ]+ ){{0,2}}(?:{_NO_OFFICE} {_SAYS}|{_CIVIC} {_WISHES}) ",
            "Cotton exporters demand end to Turkish duty",
        ),
        (
            "people abroad",
            rf" (?:overseas |expatriate )?[^ ]+(?:s|ese|ish|yis) (?:in|living in|settled in) .*{_WISHES} ",
            "Moroccans in Spain demand a vote",
        ),
        (
            "preview",
            r" (?:.* )?(?:all eyes on|what to expect|things to (?:know|watch)|curtain raiser|decked (?:out|up)|"
            r"countdown to|(?:traffic|route|parking|security) (?:plan|advisory|arrangements)) ",
            "All eyes on Kenyan talks in Kampala",
        ),
        (
            "preview",
            rf" .*(?:high alert|red alert|tightened|beefed up|heightened|holidays?|schools?|offices|roads|"
            rf"roadblocks|metro) (?:.* )?(?:ahead of|before|for|during|on|over) (?:.* )?{_ARRIVAL} ",
            "Security beefed up in Lima before Chilean leader's arrival",
        ),
        (
            "memory",
            rf" (?:on this day|flashback|remembering|commemorating|(?:.* )?{_YEARS} (?:on|later|since) ,|{_YEARS} "
            r"after|the (?:1[89]\d\d|20[01]\d)) ",
            "On this day: Peru and Chile sign truce",
        ),
        (
            "memory",
            rf" (?!.* (?:black day|strike|shutdown|protests?|rally|rallies) ).*(?:(?:anniversary|day|week) (?:observed|"
            r"marked|celebrated)|(?:marks?|marking|celebrates?|observes?) "
            rf"(?:.* )?(?:{_YEARS}|anniversary|day)|\d+ years of|looking back|a look back|death anniversary) ",
            "Ghana marks 60 years of ties with Mali",
        ),
        ("tale", rf" (?:[^ ]+ ){{0,2}}{_TALE} ", "Documentary on French withdrawal from Mali opens"),
        (
            "figures",
            rf" (?:(?:[^ ]+ ){{0,3}}(?:report|{_STUDY}) (?:says?|shows?|finds?|reveals?|ranks?|paints?|puts?|suggests?|"
            rf"links?)|.*[:,] (?:(?:shows?|says?|finds?|reveals?) (?:[^ ]+ ){{0,3}})?(?:{_STUDY}) $)",
            "UN report says one in four Malians goes hungry",
        ),
        (
            "figures",
            rf" .*(?:exports?|imports?|shipments|sales|remittances|trade|arrivals|surplus|deficit|gap|inflows?) "
            rf"(?:to|from|with|by) (?:[^ ]+ ){{1,3}}{_MOVES} ",
            "Kenya's exports to Uganda fall for third month",
        ),
        (
            "appointment",
            r" .*(?:(?:appointed|named|posted|nominated) (?:as )?(?:[^ ]+ ){0,5}(?:ambassador|envoy|high commissioner|"
            r"consul general|representative)|(?:takes?|took|assumes?|assumed) (?:up )?charge) ",
            "Lena Roth appointed Norway's ambassador to Chile",
        ),
        (
            "own purchases",
            r" (?:ecc|cabinet|govt|government|tcp) (?:okays?|approves?|allows?|clears?|permits?|orders?) (?:[^ ]+ )?"
            r"(?:imports?|purchase|procurement) of ",
            "Cabinet clears import of sugar from Peru",
        ),
        (
            "fair",
            r" .*(?:visits?|tours?|attends?|joins?) (?:[^ ]+ ){0,3}(?:fair|expo|exhibition|trade show|biennale|"
            r"festival|bourse) ",
            "Kenyan coffee growers visit Milan fair",
        ),
        (
            "sport",
            r" (?:.* )?(?:in (?:[^ ]+ ){0,3}(?:final|finals|semi final|semis|qualifier|playoff)|(?:recall|name|"
            r"pick|drop|invite|invites|for) (?:[^ ]+ ){0,4}(?:odis?|t20s?|tri series|test series)|"
            r"(?:seal|clinch|level|win|lose) (?:[^ ]+ )?series|series against) ",
            "Fiji to meet Tonga in Asian volleyball final",
        ),
    )
)
# An organisation's report that blames, and a promise to look into a deed, are acts.
_BLAMES: Final = re.compile(
    r" (?:war crimes?|genocide|crimes|atrocit(?:y|ies)|abuses?|torture|complicit|violat[^ ]+|accus[^ ]+|"
    r"blam[^ ]+|behind|responsible|guilty) "
)
# What opens a headline of comment; *WHO* is an organisation.
_QUESTION: Final = re.compile(r" (?:How|Why|What|Who|Whose|Where|When|how|why|what|who|whose|where|when)(?:'s)? ")
# What follows the name of a country that stands for its team.
_CONTEST: Final = re.compile(
    r" (?:women |men |a |eves |u-19 |under-19s? )?(?:(?:beat|edge|thrash|crush|sweep|lose|win|lift|rout|stun|hammer|"
    r"humble|whitewash|outclass|overpower|trounce|blank|bowl out|chase|pip|demolish|draw with|level series) |"
    r"(?:women's )?tour of |(?:set|post|pile up|reach) (?:[^ ]+ )?\d+|(?:recall|name|pick|drop) .* for (?:.* )?tests |"
    r"to (?:play|host|tour|face|meet) .* (?:tests?|t20s?|odis?|cup|series|match|matches|clash|friendly|opener|final) )"
)
# Persons, shows and goods behind the name of a country: what they do is no act of the state.
_PRIVATE: Final = re.compile(
    r" (?:origin |born |based )?(?:man|woman|wife|husband|girl|boy|couple|teen|teenager|youth|trader|doctor|nurse|"
    r"surgeons?|singer|actor|actress|star|model|chef|cook|climbers?|tourists?|backpacker|influencer|skipper|captain|"
    r"coach|scientists?|researchers?|author|writer|poet|painter|artists?|artistes?|troupe|band|dancers?|professor|scholar|"
    r"driver|cabbie|expat|family|families|bride|groom|tycoon|billionaire|businessm[ae]n|firms?|compan(?:y|ies)|"
    r"universit(?:y|ies)|film|movie|drama|song|cuisine|food|mango(?:es)?) "
)
_OF_PERSONS: Final = re.compile(
    r" of (?:[^ ]+ )?(?:tanners|traders|exporters|importers|farmers|growers|millers|bankers|lawyers|students|doctors|"
    r"business[^ ]*|industrialists|investors|academics|scholars|artists|journalists|engineers|vice chancellors) "
)


def no_act(reading: Reading) -> str | None:
    """The kind of a headline that tells no act; None where its words do not show one. It has its actors."""
    text = reading.text
    if not text.is_headline:
        return None
    if _QUESTION.match(text.joined) or text.joined.endswith((" ? ", " explained ")):
        return "comment"
    if _is_decided(reading) or _plays(reading):
        return "sport"
    return _kind_of(text.lowered)


def is_private(reading: Reading) -> bool:
    """*Turkish chef serves a feast*, *PIA resumes flights*: who acts is a person or company, no organ of a state."""
    if reading.roles is None or not reading.roles.sources or not reading.text.is_headline:
        return False
    source, lowered = reading.roles.sources[0], reading.text.lowered
    if source.actor.role == "BUS":
        return True
    return _is_person(source, lowered) or _OF_PERSONS.match(lowered, source.end - 1) is not None


def _is_person(phrase: Phrase, lowered: str) -> bool:
    return phrase.actor.role in (None, "CVL") and _PRIVATE.match(lowered, phrase.end - 1) is not None


def _kind_of(lowered: str) -> str | None:
    kind = next((kind for kind in KINDS if kind.pattern.match(lowered)), None)
    if kind is None or (kind.name == "figures" and _BLAMES.search(lowered)):
        return None
    return kind.name


def _is_decided(reading: Reading) -> bool:
    """*Syrian drama star visits Amman*: words of sport or show business that decide alone."""
    return any(hit.entry.category == WITHOUT and hit.entry.weight >= _DECISIVE for hit in reading.hits)


def _plays(reading: Reading) -> bool:
    """A country's team, which takes a plural verb where the state takes a singular one, or its tour."""
    teams = (actor for actor in reading.actors if actor.actor.country and actor.actor.role is None)
    return any(_CONTEST.match(reading.text.lowered, actor.end - 1) for actor in teams)
