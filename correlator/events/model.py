"""Coded events: actors, and the PLOVER categories with their quad class, CAMEO root and Goldstein score.

The mapping of categories to quad classes is that of the gold data used to measure the coder: CONCEDE, RETREAT, AID and
COOPERATE are material cooperation; PROTEST and SANCTION material conflict; REQUEST verbal conflict. There are other
mappings (appeals are verbal cooperation in CAMEO, SANCTION is verbal in PLOVER's first README). Goldstein scores are
the root's value on the CAMEO scale after Goldstein (1992), Journal of Conflict Resolution 36(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypedDict

from correlator.events.scope import scope_of

VERBAL_COOPERATION: Final = "verbal-cooperation"
MATERIAL_COOPERATION: Final = "material-cooperation"
VERBAL_CONFLICT: Final = "verbal-conflict"
MATERIAL_CONFLICT: Final = "material-conflict"
QUAD_CLASSES: Final = (VERBAL_COOPERATION, MATERIAL_COOPERATION, VERBAL_CONFLICT, MATERIAL_CONFLICT, "neutral")


@dataclass(frozen=True)
class Category:
    """One PLOVER category: quad class, two-digit CAMEO root and Goldstein score (-10 to 10)."""

    name: str
    quad_class: str
    cameo_root: str
    goldstein: float


CATEGORIES: Final[dict[str, Category]] = {
    c.name: c
    for c in (
        Category("AGREE", VERBAL_COOPERATION, "03", 4.0),
        Category("CONSULT", VERBAL_COOPERATION, "04", 1.0),
        Category("SUPPORT", VERBAL_COOPERATION, "05", 3.5),
        Category("COOPERATE", MATERIAL_COOPERATION, "06", 6.0),
        Category("AID", MATERIAL_COOPERATION, "07", 7.0),
        Category("CONCEDE", MATERIAL_COOPERATION, "08", 5.0),
        Category("RETREAT", MATERIAL_COOPERATION, "08", 7.0),
        Category("REQUEST", VERBAL_CONFLICT, "10", -5.0),
        Category("ACCUSE", VERBAL_CONFLICT, "11", -2.0),
        Category("REJECT", VERBAL_CONFLICT, "12", -4.0),
        Category("THREATEN", VERBAL_CONFLICT, "13", -6.0),
        Category("PROTEST", MATERIAL_CONFLICT, "14", -6.5),
        Category("MOBILIZE", MATERIAL_CONFLICT, "15", -7.2),
        Category("SANCTION", MATERIAL_CONFLICT, "16", -4.0),
        Category("COERCE", MATERIAL_CONFLICT, "17", -7.0),
        Category("ASSAULT", MATERIAL_CONFLICT, "18", -9.0),
    )
}


@dataclass(frozen=True)
class Actor:
    """A source or target: ISO 3166-1 alpha-3 (or IGO code), role if stated, and the words of the text."""

    country: str | None
    role: str | None
    text: str

    @property
    def code(self) -> str:
        """``PAK:GOV``, ``PAK`` or ``:GOV`` (role of an unnamed country)."""
        return (self.country or "") + (f":{self.role}" if self.role else "")


class Evidence(TypedDict):
    """Evidence for one field: the words, their offsets in the coded text (end exclusive) and the rule."""

    field: str
    span: str
    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class CodedEvent:
    """One event: its category with derived values, actors, confidence and evidence.

    ``goldstein`` lies in -10..10, ``tone`` in -1..1, ``confidence`` in 0..1; ``dyad`` is both country codes in
    alphabetical order (``AZE-PAK``) or None; ``evidence`` names the span and rule behind each field.
    """

    category: str
    quad_class: str
    cameo_root: str
    goldstein: float
    tone: float
    confidence: float
    source: Actor | None
    target: Actor | None
    dyad: str | None
    evidence: tuple[Evidence, ...]
    coder: str = "rules"

    @property
    def scope(self) -> str:
        """``domestic`` if source and target are of the same country, else ``cross-border``."""
        return scope_of(self.source.country if self.source else None, self.target.country if self.target else None)

    def as_dict(self) -> dict[str, object]:
        """Return the event as JSON-ready values, with actors as ``PAK:GOV``."""
        return {
            "category": self.category,
            "quad": self.quad_class,
            "cameo_root": self.cameo_root,
            "source": (self.source.code or None) if self.source else None,
            "target": (self.target.code or None) if self.target else None,
            "dyad": self.dyad,
            "scope": self.scope,
            "goldstein": self.goldstein,
            "tone": self.tone,
            "confidence": self.confidence,
            "coder": self.coder,
            "evidence": list(self.evidence),
        }


def dyad_of(source: Actor | None, target: Actor | None) -> str | None:
    """Return both countries in alphabetical order joined by a hyphen; None unless there are two different ones."""
    if source is None or target is None or not source.country or not target.country:
        return None
    if source.country == target.country:
        return None
    return "-".join(sorted((source.country, target.country)))
