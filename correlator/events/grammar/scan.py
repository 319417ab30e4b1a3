"""One pass over a headline: every name of an actor and every pattern of the lexicon that stands in it."""

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
    """A pattern found: span in ``Text.joined`` of the whole, end of its head, start of its tail, and the entry."""

    start: int
    end: int
    head_end: int
    tail_start: int
    entry: Entry


class Mention(NamedTuple):
    """A name found: span in ``Text.joined`` and whom it can stand for."""

    start: int
    end: int
    names: tuple[Name, ...]


class Meaning(NamedTuple):
    """What a string stands for: names, entries that it is the whole of, those that it begins or (by number) ends."""

    names: tuple[Name, ...]
    whole: tuple[Entry, ...]
    begun: tuple[Entry, ...]
    ended: frozenset[int]


@dataclass(frozen=True)
class Automaton:
    """The matcher, and what each of its strings stands for."""

    matcher: AhoCorasick
    meanings: tuple[Meaning, ...]


def automaton() -> Automaton:
    """The matcher over ``data/events`` and the user's own file, built once a process and file."""
    return automaton_with(own_path())


@cache
def automaton_with(own: Path | None) -> Automaton:
    """The matcher over the shipped names and patterns and those of a user's file.

    Raises InputError for a line of the user's whose example its pattern does not find.
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
            raise InputError(
                f"the example of the lexicon line {line.pattern!r} does not have its words", hint=line.example
            )
    patterns = [text for text in dict.fromkeys([*names, *heads, *tails]) if len(text) > _SAMPLE_LENGTH]
    return Automaton(
        # It finds as fast as the full table that DFA makes, and is made in a quarter of the time.
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
    """Names and patterns of ``text``, each list in order of place."""
    machine = automaton()
    meanings = machine.meanings
    mentions: list[Mention] = []
    hits: list[Hit] = []
    heads: list[tuple[int, int, Entry]] = []
    tails: list[tuple[int, int, frozenset[int]]] = []
    for pattern, start, end in machine.matcher.find_matches_as_indexes(text.lowered, overlapping=True):
        names, whole, begun, ended = meanings[pattern]
        if names and (written := _as_written(text, start, end, names)):
            mentions.append(Mention(start, end, written))
        if whole:
            hits += [Hit(start, end, end, end, entry) for entry in whole]
        if begun:
            heads += [(start, end, entry) for entry in begun]
        if ended:
            tails.append((start, end, ended))
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
    """Mentions in order, without those that lie in a longer one."""
    if len(mentions) < 2:
        return mentions
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if kept and mention.start < kept[-1].end - 1:
            continue
        kept.append(mention)
    return kept


def _outside(mentions: Sequence[Mention], hits: list[Hit]) -> list[Hit]:
    """Hits without those that are part of a longer name, as *appeals* of *appeals court*."""
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
    """Each head with the first of its tails behind it, near enough and in the same sentence."""
    hits: list[Hit] = []
    last = max(tail[0] for tail in tails)
    for start, end, entry in heads:
        if last < end - 1:
            continue
        number = entry.number
        for tail_start, tail_end, numbers in tails:
            if number not in numbers or tail_start < end - 1:
                continue
            if text.joined.count(" ", end, tail_start) < _GAP_WORDS and not _parted(text.joined, end, tail_start):
                hits.append(Hit(start, tail_end, end, tail_start, entry))
                break
    return hits


def _parted(joined: str, start: int, end: int) -> bool:
    """Whether a stop or semicolon stands between."""
    return joined.find(" . ", start - 1, end + 1) >= 0 or joined.find(" ; ", start - 1, end + 1) >= 0
