"""Tone: the balance of positive and negative words, from ``data/events/tone.csv``."""

from __future__ import annotations

import csv
from functools import cache

from correlator.base.resources import data_path


@cache
def tone_words() -> tuple[frozenset[str], frozenset[str]]:
    """Return positive and negative words in lower case."""
    with data_path("events", "tone.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["tone"]: frozenset(row["words"].split(";")) for row in csv.DictReader(lines)}
    return rows["positive"], rows["negative"]


def tone_of(lowered: str) -> float:
    """Return (positive - negative) / (positive + negative) of the words, from -1 to 1; 0 without any."""
    positive, negative = tone_words()
    words = lowered.split()
    good = sum(word in positive for word in words)
    bad = sum(word in negative for word in words)
    return (good - bad) / (good + bad) if good or bad else 0.0
