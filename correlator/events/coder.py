"""Code headlines and articles into events: who did what to whom, with the words that decided it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from correlator.errors import InputError
from correlator.events.grammar.other_languages import code_other
from correlator.events.grammar.page_country import THE_PAGE
from correlator.events.grammar.reading import Reading, read
from correlator.events.model import CodedEvent
from correlator.events.rules import code_rules
from correlator.events.vocabulary.actors import country_codes
from correlator.events.vocabulary.own_actors import own_actors
from correlator.tables import EVENTS

if TYPE_CHECKING:
    import polars as pl

CODERS: Final = ("rules", "full")
# Readings in memory at a time.
_BATCH: Final = 512
EVENT_COLUMNS: Final = tuple(name for name in EVENTS.column_names if name not in ("event_id", "event_key", "symbol"))


def code_text(text: str, *, on: date | None = None, coder: str = "rules", home: str | None = None) -> list[CodedEvent]:
    """Code one headline or sentence into events, the main one first.

    Parameters
    ----------
    text
        A headline or sentence.
    on
        The day for which leaders' offices are looked up; None for the latest in the data.
    coder
        ``rules``, or ``full`` if its model is installed.
    home
        The page's own country (ISO 3166-1 alpha-3), used for offices without a country; None if there is none.

    Returns
    -------
    list of CodedEvent
        Empty if the text reports no event.

    Raises
    ------
    InputError
        For an unknown coder or country.

    Examples
    --------
    >>> event = code_text("Pakistan and Iran hold talks")[0]
    >>> event.source.country, event.target.country, event.category
    ('PAK', 'IRN', 'CONSULT')
    """
    return code_headlines([text], on=on, coder=coder, home=home)[0]


@own_actors(None)
def code_headlines(
    texts: Iterable[str], *, on: date | None = None, coder: str = "rules", home: str | None = None
) -> list[list[CodedEvent]]:
    """Code each headline or sentence into events, in order.

    Parameters
    ----------
    texts
        Headlines or sentences.
    on, coder, home
        As in ``code_text``.

    Returns
    -------
    list of lists of CodedEvent
        One list per text, the main event first; empty if there is none.

    Raises
    ------
    InputError
        For an unknown coder or country.

    Examples
    --------
    >>> [len(events) for events in code_headlines(["Pakistan and Iran hold talks", "Shares close higher"])]
    [1, 0]
    """
    _check(coder, home)
    rest, coded = iter(texts), list[list[CodedEvent]]()
    while batch := [read(text, on, home) for text in islice(rest, _BATCH)]:
        coded += _coded(batch, coder)
    return coded


def _coded(readings: Sequence[Reading], coder: str) -> list[list[CodedEvent]]:
    if coder == "full":
        from correlator.events.full import code_full

        coded = code_full(readings)
    else:
        coded = [code_rules(reading) for reading in readings]
    return [
        events if reading.is_coded else code_other(reading) for reading, events in zip(readings, coded, strict=True)
    ]


def code_article(
    headline: str,
    body: str | None,
    *,
    dateline: str | None = None,
    on: date | None = None,
    coder: str = "rules",
    home: str | None = None,
) -> list[CodedEvent]:
    """Code an article: the events of its headline, with actors from the first sentence if it names fewer than two.

    A headline without an event gives none, whatever the body says. ``dateline`` is removed from the start of the body.
    A country in the first sentence takes precedence over that of the page (``home``).
    """
    _check(coder, home)
    return _with_lead(code_text(headline, on=on, coder=coder, home=home), _Body(body, dateline), on)


class _Body(NamedTuple):
    text: str | None
    dateline: str | None


def _with_lead(events: list[CodedEvent], body: _Body, on: date | None) -> list[CodedEvent]:
    """Complete the headline's events from the first sentence of the body if that names the actors."""
    if not events or not body.text or _says_dyad(events[0]):
        return events
    lead = code_rules(read(_first_sentence(body.text, body.dateline), on))
    known = events[0].source.country if events[0].source else None
    for other in lead:
        if other.dyad and (known is None or known in other.dyad.split("-")):
            return [_completed(events[0], other), *events[1:]]
    return events


@own_actors(None)
def code_articles(articles: pl.DataFrame, *, coder: str = "rules") -> pl.DataFrame:
    """Code article rows (article_id, headline, body, dateline, known_at, known_precision, home) in their order.

    Columns: ``EVENT_COLUMNS`` of the table ``events``.
    """
    rows = articles.select("article_id", "headline", "body", "dateline", "known_at", "known_precision", "home")
    readings = [
        (read(headline, _day(known_at), home), _Body(body, dateline))
        for _, headline, body, dateline, known_at, _, home in rows.iter_rows()
    ]
    for home in {reading.home for reading, _ in readings}:
        _check(coder, home)
    by_headline = _coded([reading for reading, _ in readings], coder)
    coded = [
        _with_lead(events, body, reading.on) for events, (reading, body) in zip(by_headline, readings, strict=True)
    ]
    known = rows.select("article_id", "known_at", "known_precision")
    return events_frame(known, coded, coder=coder)


def events_frame(articles: pl.DataFrame, coded: Sequence[Sequence[CodedEvent]], *, coder: str) -> pl.DataFrame:
    """Return coded events as rows of the table ``events``; ``articles`` has one row per item of ``coded``."""
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


def _check(coder: str, home: str | None) -> None:
    if coder not in CODERS:
        raise InputError(f"coder {coder!r} is not known", hint=f"coders are {', '.join(CODERS)}")
    if home is not None and home not in country_codes():
        raise InputError(f"{home!r} is not a country code", hint="use ISO 3166-1 alpha-3, such as PAK")


def _says_dyad(event: CodedEvent) -> bool:
    """Whether the text itself names both countries, rather than one being the page's."""
    return event.dyad is not None and not any(THE_PAGE in item["rule"] for item in event.evidence)


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant is not None else None


def _first_sentence(body: str, dateline: str | None) -> str:
    lead = body.lstrip()
    if dateline and lead.upper().startswith(dateline.upper()):
        lead = lead[len(dateline) :].lstrip(" :-–—")
    end = lead.find(". ", 40)
    return lead[: end + 1] if end > 0 else lead[:400]


def _completed(event: CodedEvent, lead: CodedEvent) -> CodedEvent:
    """Return the headline's event with the actors of the first sentence."""
    evidence = [item for item in event.evidence if item["field"] == "category"]
    evidence += [
        {**item, "rule": f"first sentence: {item['rule']}"} for item in lead.evidence if item["field"] != "category"
    ]
    return replace(event, source=lead.source, target=lead.target, dyad=lead.dyad, evidence=tuple(evidence))
