"""Find all names of actors and patterns of the lexicon in a headline, in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from correlator.errors import InputError
from correlator.events.vocabulary.actors import Name, names_with
from correlator.events.vocabulary.lexicon import Entry, lexicon_with
from correlator.events.vocabulary.own_actors import own_path
from correlator.events.vocabulary.text import Text, prepare

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_GAP_WORDS = 7
_SAMPLE_LENGTH = 2


class Hit(NamedTuple):
    """A matched pattern: its span in ``Text.joined``, end of its head, start of its tail, and the entry."""

    start: int
    end: int
    head_end: int
    tail_start: int
    entry: Entry


class Mention(NamedTuple):
    """A matched name: its span in ``Text.joined`` and the actors it may mean."""

    start: int
    end: int
    names: tuple[Name, ...]


class Meaning(NamedTuple):
    """The meaning of a string: names, entries that it matches completely, entries whose head or tail (number) it is."""

    names: tuple[Name, ...]
    complete: tuple[Entry, ...]
    heads: tuple[Entry, ...]
    tails: frozenset[int]


@dataclass(frozen=True)
class Automaton:
    """The matcher, and the meaning of each of its strings."""

    matcher: AhoCorasick
    meanings: tuple[Meaning, ...]


def automaton() -> Automaton:
    """Return the matcher over ``data/events`` and the user's own file, built once per process and file."""
    return automaton_with(own_path())


@cache
def automaton_with(own: Path | None) -> Automaton:
    """Build the matcher over the shipped names and patterns and those of a user's file.

    Raises InputError for a user's line whose pattern does not match its example.
    """
    from ahocorasick_rs import AhoCorasick, Implementation

    names: dict[str, list[Name]] = defaultdict(list)
    heads: dict[str, list[Entry]] = defaultdict(list)
    tails: dict[str, list[int]] = defaultdict(list)
    for name in names_with(own):
        names[prepare(name.text).lowered].append(name)
    for entry in lexicon_with(own):
        for text in entry.heads:
            heads[f" {text} "].append(entry)
        for text in entry.tails:
            tails[f" {text} "].append(entry.number)
    for line in lexicon_with(own)[len(lexicon_with(None)) :]:
        shown = prepare(line.example).lowered
        if not all(any(f" {text} " in shown for text in part) for part in (line.heads, line.tails) if part):
            raise InputError(f"the lexicon pattern {line.pattern!r} does not match its example", hint=line.example)
    patterns = [text for text in dict.fromkeys([*names, *heads, *tails]) if len(text) > _SAMPLE_LENGTH]
    return Automaton(
        # As fast to search as a DFA, and built in a quarter of the time.
        AhoCorasick(patterns, implementation=Implementation.ContiguousNFA),
        tuple(
            Meaning(
                tuple(names.get(text, ())),
                tuple(entry for entry in heads.get(text, ()) if not entry.tails),
                tuple(entry for entry in heads.get(text, ()) if entry.tails),
                frozenset(tails.get(text, ())),
            )
            for text in patterns
        ),
    )


def scan(text: Text) -> tuple[list[Mention], list[Hit]]:
    """Return names and patterns in ``text``, each list in order of position."""
    machine = automaton()
    meanings = machine.meanings
    mentions: list[Mention] = []
    hits: list[Hit] = []
    heads: list[tuple[int, int, Entry]] = []
    tails: list[tuple[int, int, frozenset[int]]] = []
    for pattern, start, end in machine.matcher.find_matches_as_indexes(text.lowered, overlapping=True):
        names, complete, head_of, tail_of = meanings[pattern]
        if names and (written := _as_written(text, start, end, names)):
            mentions.append(Mention(start, end, written))
        if complete:
            hits += [Hit(start, end, end, end, entry) for entry in complete]
        if head_of:
            heads += [(start, end, entry) for entry in head_of]
        if tail_of:
            tails.append((start, end, tail_of))
    if heads and tails:
        hits += _with_tails(text, heads, tails)
    if len(hits) > 1:
        hits.sort(key=_by_place)
    named = _longest(mentions)
    return named, _outside(named, hits)


def _by_place(hit: Hit) -> tuple[int, int]:
    return hit.start, -hit.end


def _as_written(text: Text, start: int, end: int, names: tuple[Name, ...]) -> tuple[Name, ...]:
    if not any(name.exact for name in names):
        return names
    printed = text.joined[start + 1 : end - 1]
    return tuple(name for name in names if not name.exact or printed == name.text.replace("-", " "))


def _longest(mentions: list[Mention]) -> list[Mention]:
    """Return the mentions in order, without those inside a longer one."""
    if len(mentions) < 2:
        return mentions
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if kept and mention.start < kept[-1].end - 1:
            continue
        kept.append(mention)
    return kept


def _outside(mentions: Sequence[Mention], hits: list[Hit]) -> list[Hit]:
    """Remove hits that are part of a longer name, such as *appeals* in *appeals court*."""
    long = [mention for mention in mentions if mention.names[0].text.count(" ")]
    if not long:
        return hits
    return [
        hit
        for hit in hits
        if not any(m.start <= hit.start and hit.end <= m.end and m.end - m.start > hit.end - hit.start for m in long)
    ]


def _with_tails(
    text: Text, heads: list[tuple[int, int, Entry]], tails: list[tuple[int, int, frozenset[int]]]
) -> list[Hit]:
    """Return each head with the first of its tails that follows closely enough in the same sentence."""
    hits: list[Hit] = []
    last = max(tail[0] for tail in tails)
    for start, end, entry in heads:
        if last < end - 1:
            continue
        number = entry.number
        for tail_start, tail_end, numbers in tails:
            if number not in numbers or tail_start < end - 1:
                continue
            if text.joined.count(" ", end, tail_start) < _GAP_WORDS and not _is_separated(text.joined, end, tail_start):
                hits.append(Hit(start, tail_end, end, tail_start, entry))
                break
    return hits


def _is_separated(joined: str, start: int, end: int) -> bool:
    """Whether a full stop or semicolon is in between."""
    return joined.find(" . ", start - 1, end + 1) >= 0 or joined.find(" ; ", start - 1, end + 1) >= 0
