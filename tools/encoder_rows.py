"""The training data of the encoder: masked texts, and for each named actor whether it is source, target or neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from training_rows import Row, gold_rows, graded_business_rows, own_rows, role_rows

from correlator.events.acts.gate import has_gate
from correlator.events.grammar.clause import Roles
from correlator.events.grammar.phrases import Phrase
from correlator.events.grammar.reading import Reading, chosen, named, read
from correlator.events.learned.encoder import Encoded, encode
from correlator.events.learned.features import CLASSES, NONE, masked, role_features
from correlator.events.vocabulary.text import Text

SOURCE, TARGET, NEITHER = 0, 1, 2
SCOPES = ("none", "domestic", "cross-border")
_SPELLINGS = {"JAP": "JPN", "VTN": "VNM", "KSV": "XKX"}


@dataclass(frozen=True)
class Example:
    """One text for the encoder.

    ``classes``: allowed categories, shape (17,); ``scopes``: allowed scopes, shape (3,), all where nothing is known;
    ``spans``: offsets in ``words`` of its actors; ``roles``: allowed roles of each, shape (actors, 3); ``hints``: what
    the grammar says of each, shape (actors, hints).
    """

    file: str
    words: str
    cluster: str
    gold: dict[str, str]
    headline: bool
    weight: float
    classes: NDArray[np.float32]
    scopes: NDArray[np.float32]
    spans: list[tuple[int, int]]
    roles: NDArray[np.float32]
    hints: NDArray[np.float32]


class _Seen(NamedTuple):
    """A row with its reading by the grammar."""

    row: Row
    text: Text
    actors: Sequence[Phrase]
    roles: Roles | None


def examples(gold: Path, headlines: Path) -> list[Example]:
    """Return every text that the encoder learns from."""
    out = [_example(row, _gold_roles) for row in gold_rows(gold)]
    out += [_example(row, _sure_roles) for row in own_rows()]
    out += [_example(row, _no_roles, grade) for row, grade in graded_business_rows(headlines)]
    for row, spans in role_rows():
        out.append(_example(row, partial(_marked_roles, spans)))
    return out


def encoded_by(readings: list[Reading], encoder: Path) -> Encoded:
    """Return the output of the encoder of one file."""
    shown = [masked(reading.text, reading.mentions) for reading in readings]
    spans = [
        [each.span(actor.start, actor.end) for actor in reading.actors]
        for reading, each in zip(readings, shown, strict=True)
    ]
    return encode([each.words for each in shown], spans, encoder)


def _example(row: Row, roles_of: Callable[[_Seen], NDArray[np.float32]], grade: str | None = None) -> Example:
    reading = named(read(row.text))
    found = reading.candidates
    best = next((c for c in found if c.category in row.allowed), found[0] if found else None)
    if best is not None:
        reading = chosen(reading, best)
    text, actors = reading.text, reading.actors
    shown = masked(text, reading.mentions)
    allowed = roles_of(_Seen(row, text, actors, reading.roles))
    return Example(
        row.file,
        shown.words,
        row.cluster,
        row.gold,
        has_gate(text, actors),
        row.weight,
        np.array([name in row.allowed for name in CLASSES], dtype=np.float32),
        _scopes(row, grade, actors, allowed),
        [shown.span(actor.start, actor.end) for actor in actors],
        allowed,
        role_features(reading),
    )


def _scopes(row: Row, grade: str | None, actors: Sequence[Phrase], roles: NDArray[np.float32]) -> NDArray[np.float32]:
    if grade is not None:
        return np.eye(3, dtype=np.float32)[{"none": 0, "home": 1, "abroad": 2}[grade]]
    if row.file not in ("own", "own business", "roles"):
        return np.ones(3, dtype=np.float32)
    if row.allowed == (NONE,):
        return np.array([1, 0, 0], dtype=np.float32)
    sides = [
        {actor.actor.country for actor, role in zip(actors, roles, strict=True) if role[side] == 1 and role.sum() == 1}
        for side in (SOURCE, TARGET)
    ]
    apart = all(sides) and None not in sides[0] | sides[1] and not sides[0] & sides[1]
    return np.array([0, 0, 1] if apart else [0, 1, 1], dtype=np.float32)


def _no_roles(seen: _Seen) -> NDArray[np.float32]:
    return np.ones((len(seen.actors), 3), dtype=np.float32)


def _marked_roles(spans: dict[str, list[tuple[int, int]]], seen: _Seen) -> NDArray[np.float32]:
    text, actors = seen.text, seen.actors
    out = np.zeros((len(actors), 3), dtype=np.float32)
    for number, actor in enumerate(actors):
        start, end = text.offsets(actor.start, actor.end)
        hit = [side for side, marks in spans.items() if any(start < b and a < end for a, b in marks)]
        out[number, {"S": SOURCE, "T": TARGET}[hit[0]] if hit else NEITHER] = 1
    if not spans["S"] and not spans["T"]:
        out[:] = 1
    return out


def _countries(code: str) -> set[str]:
    return {_SPELLINGS.get(part.split(":")[0][:3], part.split(":")[0][:3]) for part in code.split("|") if part}


def _gold_roles(seen: _Seen) -> NDArray[np.float32]:
    """Each actor whose country is that of the gold's source or target; of several, the one that the grammar prefers."""
    row, actors, roles = seen.row, seen.actors, seen.roles
    out = np.ones((len(actors), 3), dtype=np.float32)
    if not row.gold.get("source") and not row.gold.get("target"):
        return out
    sides = {SOURCE: _countries(row.gold.get("source", "")), TARGET: _countries(row.gold.get("target", ""))}
    chosen = {SOURCE: roles.sources if roles else [], TARGET: roles.targets if roles else []}
    out[:] = np.array([0, 0, 1])
    for side, codes in sides.items():
        hits = [n for n, actor in enumerate(actors) if _code(actor) in codes]
        preferred = [n for n in hits if any(actors[n].start == p.start for p in chosen[side])]
        for n in hits:
            if len(hits) == 1 or n in preferred:
                out[n] = np.eye(3)[side]
            elif out[n, NEITHER] == 1:
                out[n, side] = 1
    if sides[SOURCE] & sides[TARGET]:
        for n, actor in enumerate(actors):
            if _code(actor) in sides[SOURCE] & sides[TARGET]:
                out[n] = 1
    return out


def _code(actor: Phrase) -> str | None:
    country = actor.actor.country
    if actor.actor.role == "IMG":
        return "IMG"
    return (
        "IGO" if actor.actor.role in ("IGO", "NGO") or (country and len(country) != 3) or country == "IMF" else country
    )


def _sure_roles(seen: _Seen) -> NDArray[np.float32]:
    """Return the grammar's roles where they are almost certain: two actors, one before the verb and one after it."""
    actors, roles = seen.actors, seen.roles
    out = np.ones((len(actors), 3), dtype=np.float32)
    sure = roles is not None and roles.rule in ("subject, verb, object", "named together", "passive, by")
    if not sure or len(actors) != 2 or not roles.sources or not roles.targets:
        return out
    for side, phrases_ in ((SOURCE, roles.sources), (TARGET, roles.targets)):
        for n, actor in enumerate(actors):
            if actor.start == phrases_[0].start:
                out[n] = np.eye(3)[side]
    return out
