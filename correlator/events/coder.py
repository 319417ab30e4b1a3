"""Headlines and articles to events: who did what to whom, by rules, with the words that decided it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from correlator.errors import InputError
from correlator.events.category import Candidate, candidates
from correlator.events.direction import Roles, who_to_whom
from correlator.events.gate import FLOOR, against, support
from correlator.events.model import CATEGORIES, Actor, CodedEvent, Evidence, dyad_of
from correlator.events.phrases import Phrase, phrases
from correlator.events.scan import Hit, scan
from correlator.events.text import Text, prepare
from correlator.events.tone import tone_of
from correlator.tables import EVENTS

if TYPE_CHECKING:
    import polars as pl

CODERS: Final = ("rules", "full")
EVENT_COLUMNS: Final = tuple(name for name in EVENTS.column_names if name not in ("event_id", "event_key", "symbol"))
_MAX_EVENTS = 4


def code_text(text: str, *, on: date | None = None, coder: str = "rules") -> list[CodedEvent]:
    """Events of one headline or sentence, the main one first; empty where there is none.

    ``on`` is the day by which leaders hold their office (None: whoever the data know last). Raises InputError for an
    unknown coder.
    """
    _check(coder)
    return _code(text, on)


def code_headlines(texts: Iterable[str], *, on: date | None = None, coder: str = "rules") -> list[list[CodedEvent]]:
    """``code_text`` of each text, in order."""
    _check(coder)
    return [_code(text, on) for text in texts]


def code_article(
    headline: str, body: str | None, *, dateline: str | None = None, on: date | None = None, coder: str = "rules"
) -> list[CodedEvent]:
    """Events of an article: its headline's; where that names fewer than two countries, its first sentence fills in.

    A headline without event gives none, whatever the body says. ``dateline`` is taken off the body's head.
    """
    _check(coder)
    events = _code(headline, on)
    if not events or events[0].dyad or not body:
        return events
    lead = _code(_first_sentence(body, dateline), on)
    known = events[0].source.country if events[0].source else None
    for other in lead:
        if other.dyad and (known is None or known in other.dyad.split("-")):
            return [_completed(events[0], other), *events[1:]]
    return events


def code_articles(articles: pl.DataFrame, *, coder: str = "rules") -> pl.DataFrame:
    """Events of article rows (article_id, headline, body, dateline, known_at, known_precision), in their order.

    Columns: ``EVENT_COLUMNS`` of the table ``events``.
    """
    rows = articles.select("article_id", "headline", "body", "dateline", "known_at", "known_precision")
    coded = [
        code_article(headline, body, dateline=dateline, on=_day(known_at), coder=coder)
        for _, headline, body, dateline, known_at, _ in rows.iter_rows()
    ]
    known = rows.select("article_id", "known_at", "known_precision")
    return events_frame(known, coded, coder=coder)


def events_frame(articles: pl.DataFrame, coded: Sequence[Sequence[CodedEvent]], *, coder: str) -> pl.DataFrame:
    """Coded events as rows of the table ``events``; ``articles`` has one row per item of ``coded``."""
    import polars as pl

    rows = [
        (*key, coder, *_values(event))
        for key, events in zip(articles.iter_rows(), coded, strict=True)
        for event in events
    ]
    names = (*articles.columns, "coder", *_VALUE_COLUMNS)
    return pl.DataFrame(rows, schema=EVENTS.schema(names), orient="row").select(EVENT_COLUMNS)


_VALUE_COLUMNS: Final = (
    "category", "quad_class", "cameo_root", "goldstein", "tone", "confidence",
    "source_country", "source_role", "target_country", "target_role", "dyad", "evidence",
)  # fmt: skip


def _values(event: CodedEvent) -> tuple[object, ...]:
    source, target = event.source, event.target
    return (
        event.category,
        event.quad_class,
        event.cameo_root,
        event.goldstein,
        event.tone,
        event.confidence,
        source.country if source else None,
        source.role if source else None,
        target.country if target else None,
        target.role if target else None,
        event.dyad,
        json.dumps(event.evidence, ensure_ascii=False),
    )


def _check(coder: str) -> None:
    if coder not in CODERS:
        raise InputError(f"coder {coder!r} is not known", hint=f"coders are {', '.join(CODERS)}")


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant is not None else None


def _code(text: str, on: date | None) -> list[CodedEvent]:
    ready = prepare(text)
    mentions, hits = scan(ready)
    if not hits or not mentions:
        return []
    found = candidates(ready, hits)
    actors = phrases(ready, mentions, on)
    if not found or not actors:
        return []
    best = found[0]
    roles = who_to_whom(ready, best, actors)
    opposing = against(ready, hits)
    if support(ready, best, roles, actors, opposing) < FLOOR:
        return []
    confidence = _confidence(found, opposing)
    pairs = _pairs(roles) or [(None, None)]
    return [_event(ready, best, roles, pair, confidence) for pair in pairs]


def _pairs(roles: Roles) -> list[tuple[Phrase | None, Phrase | None]]:
    """Each source with each target; of several, only pairs of two different countries."""
    sources: list[Phrase | None] = [*roles.sources] or [None]
    targets: list[Phrase | None] = [*roles.targets] or [None]
    pairs = [(source, target) for source in sources for target in targets]
    first, *rest = pairs
    seen = {_countries(first)}
    kept = [first]
    for pair in rest:
        countries = _countries(pair)
        if None not in countries and countries[0] != countries[1] and countries not in seen:
            seen.add(countries)
            kept.append(pair)
    return kept[:_MAX_EVENTS]


def _countries(pair: tuple[Phrase | None, Phrase | None]) -> tuple[str | None, str | None]:
    source, target = pair
    return (source.actor.country if source else None, target.actor.country if target else None)


def _confidence(found: Sequence[Candidate], opposing: float) -> float:
    """Between 0 and 1: the lead over the next other category, less what speaks against."""
    best = found[0]
    other = max((c.score for c in found if c.category != best.category), default=0.0)
    strength = 0.5 * (best.score - 3.0) + 0.5 * (best.score - other) - 0.1 * opposing
    return round(1.0 / (1.0 + math.exp(-strength)), 3)


def _event(
    text: Text, best: Candidate, roles: Roles, pair: tuple[Phrase | None, Phrase | None], confidence: float
) -> CodedEvent:
    category = CATEGORIES[best.category]
    source, target = (_actor(phrase) for phrase in pair)
    evidence = [_deciding(text, "category", best.hit)]
    if best.governor is not None:
        evidence.insert(0, _deciding(text, "category", best.governor))
    for field, phrase in (("source", pair[0]), ("target", pair[1])):
        if phrase is not None:
            evidence.append(_words(text, field, phrase.start, phrase.end, roles.rule))
    return CodedEvent(
        category.name,
        category.quad_class,
        category.cameo_root,
        category.goldstein,
        tone_of(text.lowered),
        confidence,
        source,
        target,
        dyad_of(source, target),
        tuple(evidence),
    )


def _actor(phrase: Phrase | None) -> Actor | None:
    return phrase.actor if phrase is not None else None


def _deciding(text: Text, field: str, hit: Hit) -> Evidence:
    return _words(text, field, hit.start, hit.end, f"{hit.entry.category}: {hit.entry.pattern}")


def _words(text: Text, field: str, start: int, end: int, rule: str) -> Evidence:
    first, last = text.offsets(start, end)
    return {"field": field, "span": text.original[first:last], "start": first, "end": last, "rule": rule}


def _first_sentence(body: str, dateline: str | None) -> str:
    lead = body.lstrip()
    if dateline and lead.upper().startswith(dateline.upper()):
        lead = lead[len(dateline) :].lstrip(" :-–—")
    end = lead.find(". ", 40)
    return lead[: end + 1] if end > 0 else lead[:400]


def _completed(event: CodedEvent, lead: CodedEvent) -> CodedEvent:
    """The headline's event with the actors that the first sentence names."""
    from dataclasses import replace

    evidence = [item for item in event.evidence if item["field"] == "category"]
    evidence += [
        {**item, "rule": f"first sentence: {item['rule']}"} for item in lead.evidence if item["field"] != "category"
    ]
    return replace(event, source=lead.source, target=lead.target, dyad=lead.dyad, evidence=tuple(evidence))
