"""The text of study figures: a title with the finding, a subtitle with the design, and names of events."""

from __future__ import annotations

import re
import textwrap
from functools import cache
from typing import Any

import polars as pl

from correlator.errors import listed
from correlator.eventstudy.request.readers import DEFAULT_LINKS
from correlator.eventstudy.results.finding import finding_of, measure_of
from correlator.eventstudy.results.result import StudyResult
from correlator.plot.template import counted

_SIMPLE = re.compile(r"^\s*(\w+)\s*==?\s*('[^']*'|\"[^\"]*\"|[\w:-]+)\s*$")
_NAMES_OF_EVENTS = ("headline", "name", "label", "title")
_MOST_SYMBOLS = 3


def study_title(result: StudyResult) -> str:
    """Return symbols, events and finding: ``HBL around India–Pakistan news: -1.80 % over 5 sessions, ...``."""
    finding = finding_of(result)
    return f"{_whom(result)} around {_what(result)}: {'nothing measured' if finding is None else finding.sentence}"


def plain_title(result: StudyResult) -> str:
    """Return ``study_title`` for a terminal, with ordinary spaces."""
    return study_title(result).replace("\u00a0", " ")


def title_lines(result: StudyResult, width: int) -> str:
    """Return ``study_title`` in lines of at most ``width`` characters, each with a line end."""
    return "".join(f"{line}\n" for line in textwrap.wrap(plain_title(result), width))


def study_subtitle(result: StudyResult) -> str:
    """Return the design of the study: selection, number of events and dates, benchmark, model."""
    spec, estimates = result.spec, result.estimates
    dates = len(set(estimates.day_zero.tolist()))
    shares = result.measured_events["symbol"].n_unique()
    of = f" of {shares} symbols" if shares > 1 else ""
    parts = [
        f"events: {spec.events or 'all'}{'' if spec.links == DEFAULT_LINKS else ' by links ' + ', '.join(spec.links)}",
        f"{counted(len(estimates), 'event')} on {counted(dates, 'date')}{of}",
        f"benchmark {result.benchmark_note}",
        f"{spec.model} model, {_kind_of(result)}, estimation\u00a0{spec.estimation.label}",
    ]
    if spec.as_of is not None:
        parts.append(f"as known on {spec.as_of:%d %b %Y}")
    return "; ".join(parts)


def _kind_of(result: StudyResult) -> str:
    return "log volumes" if measure_of(result) == "volume" else f"{result.spec.returns} returns"


def event_names(result: StudyResult, characters: int = 34) -> dict[Any, str]:
    """Return a label for each measured event by (event_id, symbol).

    The first line has the symbol and the session of day 0; further lines have the start of an intraday bar, the number
    of events that share symbol and day 0 if there are several, and the headline, truncated to ``characters``.
    """
    estimates = result.estimates
    sessions = result.panel.labels.gather(estimates.day_zero)
    is_intraday = sessions.dtype != pl.Date
    kept = result.measured_events
    column = next((name for name in _NAMES_OF_EVENTS if name in kept.columns), None)
    texts = [None] * kept.height if column is None else kept[column].cast(pl.String).to_list()
    same = [1] * kept.height if estimates.represented is None else estimates.represented.tolist()
    keys = kept.select("event_id", "symbol").iter_rows()
    return {
        key: "\n".join(
            part
            for part in (
                f"{key[1]} {session:%d %b %Y}",
                f"{session:%H:%M}{'' if session.tzinfo is None else ' UTC'}" if is_intraday else "",
                counted(number, "event") if number > 1 else "",
                textwrap.shorten(text, characters, placeholder=" …") if text else "",
            )
            if part
        )
        for key, session, text, number in zip(keys, sessions, texts, same, strict=True)
    }


def _whom(result: StudyResult) -> str:
    symbols = result.measured_events["symbol"].unique(maintain_order=True).to_list()
    if not symbols:
        return listed(result.spec.symbols, _MOST_SYMBOLS) or "Study"
    return ", ".join(symbols) if len(symbols) <= _MOST_SYMBOLS else f"{len(symbols)} symbols"


def _what(result: StudyResult) -> str:
    """Return the events in words: one event by its date, a simple selection in words, others by their number."""
    finding = finding_of(result)
    number = len(result.estimates) if finding is None else finding.n
    if len(result.estimates) == 1:
        session = result.panel.labels[int(result.estimates.day_zero[0])]
        return f"{session:%d %b %Y}"
    words = selection_words(result.spec.events)
    if words:
        return f"{words} news"
    return f"{number:,} {'selected events' if result.spec.events else 'events'}"


def selection_words(selection: str | None) -> str:
    """Return a selection of equalities joined by ``and`` in words; empty for any other selection.

    >>> selection_words("dyad = IND-PAK and quad = material-conflict")
    'India–Pakistan material conflict'
    """
    if not selection or re.search(r"\b(or|not|in)\b|[()<>!]", selection, re.IGNORECASE):
        return ""
    parts = [_SIMPLE.match(part) for part in re.split(r"\band\b", selection, flags=re.IGNORECASE)]
    words = {match[1].lower(): match[2].strip("'\"") for match in parts if match}
    if len(words) < len(parts):
        return ""
    named = [_named(field, value) for field, value in words.items()]
    return " ".join(named) if all(named) else ""


def _named(field: str, value: str) -> str:
    if field == "dyad":
        return "–".join(_country(code) for code in value.upper().split("-"))
    if field in ("actor", "source", "target", "source_country", "target_country"):
        return _country(value.upper().partition(":")[0])
    if field in ("quad", "quad_class"):
        return value.lower().replace("-", " ")
    if field in ("category", "publisher", "scope"):
        return value
    return ""


def _country(code: str) -> str:
    return _countries().get(code, code)


@cache
def _countries() -> dict[str, str]:
    """Return the first name of every country by its code."""
    from correlator.base.resources import data_path

    rows = pl.read_csv(data_path("events", "countries.csv"), infer_schema=False)
    return {row["country"]: str(row["names"]).split(";")[0] for row in rows.iter_rows(named=True) if row["names"]}
