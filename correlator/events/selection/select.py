"""The selection language: ``category in (AGREE, CONSULT) and dyad = PAK-AZE and goldstein >= 3``, parsed to a filter.

Grammar, case-insensitive::

    selection  = all {"or" all}
    all        = one {"and" one}
    one        = "not" one | "(" selection ")" | comparison
    comparison = field operator value | field ["not"] "in" "(" value {"," value} ")"
    operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "has"

Fields are columns of the table ``events``; ``quad`` stands for quad_class, ``source`` and ``target`` for the actors as
``PAK`` or ``PAK:GOV``; ``scope`` is cross-border or domestic; ``headline`` and ``publisher`` are the article's,
``load`` is the number of the load that added the event, ``symbol`` an instrument that it concerns, ``date`` the day
(UTC) on which it became known, ``day_zero`` its session on an exchange. ``headline has 'indus water'`` requires all
words, in any order. A date without a time means the whole day: ``date <= 2025-05-31`` includes the 31st. A dyad matches
in either order. Values are words or quoted texts; a category is one of PLOVER's or of the user's own events. No part of
a selection enters SQL.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from correlator.errors import InputError
from correlator.events.selection.fields import CONCERNS, DAY_ZERO
from correlator.events.selection.parser import Parser, tokens_of

if TYPE_CHECKING:
    import polars as pl


def select_events(
    events: pl.DataFrame,
    selection: str | None,
    own: Sequence[str] | None = None,
    *,
    publishers: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Return the events that meet ``selection`` (None: all), which may use the events' own categories.

    ``own``, ``publishers``: the categories and publishers of all events, if ``events`` are only some of them. Raises
    InputError like ``parse_selection``.
    """
    if not selection:
        return events
    import polars as pl

    if DAY_ZERO not in events.columns and DAY_ZERO in fields_of(selection):
        raise InputError(f"{DAY_ZERO} needs an exchange, which these events do not have", hint="use date")
    added: dict[str, Any] = {
        "headline": pl.String,
        "publisher": pl.String,
        "load_id": pl.Int64,
        CONCERNS: pl.List(pl.String),
    }
    missing = {name: kind for name, kind in added.items() if name not in events.columns}
    completed = events.with_columns(pl.lit(None, kind).alias(name) for name, kind in missing.items())
    _refuse_mistyped(completed["publisher"].unique() if publishers is None else publishers, selection)
    kept = completed.filter(parse_selection(selection, own or events["category"].unique().to_list()))
    return kept.select(events.columns)


def fields_of(text: str) -> dict[str, list[str]]:
    """Return the fields of a selection, each with the values it is compared with."""
    seen: dict[str, list[str]] = {}
    Parser(text, None, seen).parse()
    return seen


def _refuse_mistyped(publishers: Iterable[str | None], selection: str) -> None:
    """Raise InputError for a publisher that is not in ``publishers`` but close to one of them."""
    names = fields_of(selection).get("publisher", [])
    known = [name for name in publishers if name is not None] if names else []
    for name in names:
        close = difflib.get_close_matches(name.lower(), [each.lower() for each in known], n=1, cutoff=0.7)
        if close and close[0] != name.lower() and not any(name.lower() in each.lower() for each in known):
            raise InputError(f"no event has the publisher {name!r}", hint=f"did you mean {close[0]}?")


def check_selection(text: str) -> None:
    """Raise InputError if ``text`` cannot be parsed; its categories are checked later against the events."""
    Parser(text, None).parse()


def names_scope(text: str | None) -> bool:
    """Whether a selection names a scope."""
    return bool(text) and any(not token.quoted and token.text.lower() == "scope" for token in tokens_of(text or ""))


def parse_selection(text: str, own: Iterable[str] = ()) -> pl.Expr:
    """Parse ``text`` into a filter over the columns of ``tables.EVENTS``.

    ``own``: categories of the events that are not PLOVER's. Raises InputError, which names the position, or the closest
    known field, category, quad class or country.
    """
    return Parser(text, frozenset(own)).parse()
