"""The fields of a selection: check their values, and compare them by expressions over events."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from correlator.base.iso_dates import iso_moment
from correlator.errors import InputError
from correlator.events.model import CATEGORIES, QUAD_CLASSES
from correlator.events.scope import SCOPES, scope_column
from correlator.events.vocabulary.actors import country_codes, country_of
from correlator.tables import EVENTS

if TYPE_CHECKING:
    import polars as pl

_ALIASES: Final = {
    "quad": "quad_class",
    "source": "source",
    "target": "target",
    "actor": "actor",
    "root": "cameo_root",
    "scope": "scope",
    "load": "load_id",
    "date": "known_at",
    "headline": "headline",
    "publisher": "publisher",
    "day_zero": "day_zero",
    "day0": "day_zero",
}
_NUMBERS: Final = frozenset({"event_id", "article_id", "goldstein", "tone", "confidence", "load_id"})
_TEXTS: Final = frozenset({"headline", "publisher"})
DAY_ZERO, SYMBOL, CONCERNS = "day_zero", "symbol", "concerns"
"""Fields that are not columns of events: the session on an exchange, and the instruments concerned (a column of lists
of upper-case names).
"""
_TIMES: Final = frozenset({"known_at"})
_ROLES: Final = ("GOV", "MIL", "LEG", "JUD", "OPP", "BUS", "IGO", "CVL", "COP", "REB", "PTY", "NGO", "IMG")
_ORDERED: Final[dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDERS: Final = frozenset(_ORDERED)
_MERGED: Final = {"YIELD": ("CONCEDE", "RETREAT"), "STATEMENT": ("STATEMENT",)}


def field_named(name: str, selection: str) -> str:
    """Return the column or side of an event that a word names. Raises InputError with the closest known field."""
    known = {*EVENTS.column_names, *_ALIASES}
    lowered = name.lower()
    if lowered not in known:
        raise InputError(
            f"unknown field {name!r} in the selection {selection!r}", hint=_nearest(lowered, sorted(known))
        )
    return _ALIASES.get(lowered, lowered)


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def equal(field: str, values: Sequence[str]) -> pl.Expr:
    """Return the expression that a field (not the category) has one of the values; dyads match in either order."""
    import polars as pl

    if field in ("source", "target"):
        return _any_of([_actor(field, value) for value in values])
    if field == "actor":
        return _any_of([_actor(side, value) for value in values for side in ("source", "target")])
    if field == "scope":
        return scope_column().is_in([one for value in values for one in _scope(value)])
    if field in _NUMBERS:
        return _any_of([pl.col(field) == _number(field, value) for value in values])
    if field in _TIMES:
        return _any_of([_at(pl.col(field), value) for value in values])
    if field == DAY_ZERO:
        return _any_of([pl.col(field) == _instant(value, DAY_ZERO).date() for value in values])
    if field == SYMBOL:
        symbols = [value.upper() for value in values]
        named = pl.col(CONCERNS).list.eval(pl.element().is_in(symbols)).list.any()
        return named.fill_null(False) | pl.col(SYMBOL).str.to_uppercase().is_in(symbols).fill_null(False)
    if field in _TEXTS:
        return pl.col(field).str.to_lowercase().is_in([value.lower() for value in values]).fill_null(False)
    checked = [one for value in values for one in _CHECKS.get(field, _as_is)(value)]
    return pl.col(field).is_in(checked).fill_null(False)


def has_words(field: str, texts: Sequence[str]) -> pl.Expr:
    """Return the expression that a text field contains all words of one of the texts. Raises InputError otherwise."""
    import polars as pl

    if field not in _TEXTS:
        raise InputError(f"'has' needs a text field, got {field}", hint="use = or in")
    column = pl.col(field).str.to_lowercase()
    alternatives = []
    for text in texts:
        words = text.lower().split()
        if not words:
            raise InputError("'has' needs at least one word", hint="for example: headline has 'indus water'")
        matches = (column.str.contains(rf"(^|\W){re.escape(word)}($|\W)") for word in words)
        alternatives.append(pl.all_horizontal(matches))
    return _any_of(alternatives)


def in_category(words: Sequence[tuple[str, bool]], own: frozenset[str] | None) -> pl.Expr:
    """Return the expression that the category is one of ``words`` (word, is quoted); ``own`` as in ``Parser``."""
    import polars as pl

    names = [name for word, quoted in words for name in _category(word, own, quoted=quoted)]
    return pl.col("category").is_in(names).fill_null(False)


def _any_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    import polars as pl

    return pl.any_horizontal(parts).fill_null(False)  # not nested with |, since polars recurses into each


def ordered(field: str, mark: str, value: str) -> pl.Expr:
    """Return the comparison of a number, instant or day with ``value``. Raises InputError for other fields."""
    import polars as pl

    if field in _NUMBERS:
        bound = pl.lit(_number(field, value))
    elif field in _TIMES:
        first = _instant(value)
        whole_day = _is_day(value) and mark in ("<=", ">")
        bound = pl.lit(datetime.combine(first, time.max, UTC) if whole_day else first)
    elif field == DAY_ZERO:
        bound = pl.lit(_instant(value, DAY_ZERO).date())
    else:
        raise InputError(f"{mark} needs a number or time, got {field}", hint="use = or in")
    column = pl.col(field)
    return _ORDERED[mark](column, bound).fill_null(False)


def _at(column: pl.Expr, value: str) -> pl.Expr:
    """Return the expression that a time is on a day, or at an instant."""
    when = _instant(value)
    return column.dt.date() == when.date() if _is_day(value) else column == when


def _is_day(value: str) -> bool:
    """Whether a valid date or time is a date, which stands for the whole day."""
    return not isinstance(iso_moment(value), datetime)


def _number(field: str, value: str) -> float:
    try:
        number = int(value) if value.lstrip("+-").isdecimal() else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) >= 2**63:
        raise InputError(f"{field} must be compared with a number, got {value!r}")
    return number


def _instant(value: str, field: str = "known_at") -> datetime:
    try:
        moment = iso_moment(value)
    except ValueError:
        raise InputError(
            f"{field} must be compared with a date or time, got {value!r}",
            hint="write it like 2025-05-28 or 2025-05-28T06:02+05:00",
        ) from None
    try:
        instant = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError:
        raise _beyond(field, value) from None


def _beyond(field: str, value: str) -> InputError:
    return InputError(
        f"{field} is compared with {value!r}, which is out of range",
        hint="give a time in the years 1 to 9999",
    )


def _actor(side: str, value: str) -> pl.Expr:
    import polars as pl

    country, _, role = value.upper().partition(":")
    of_country = pl.col(f"{side}_country") == _country(country)[0] if country else pl.lit(True)
    return of_country & (pl.col(f"{side}_role") == _role(role)[0]) if role else of_country


def _category(word: str, own: frozenset[str] | None, *, quoted: bool) -> Sequence[str]:
    """Return the categories that a word stands for; ``own``: those of the events (None: not known yet)."""
    name = word.upper()
    if name in _MERGED:
        return _MERGED[name]
    if name in CATEGORIES:
        return (name,)
    carried = [category for category in own or () if category.upper() == name]
    if own is None or quoted or carried:
        return carried or (word,)
    hint = _nearest(name, [*CATEGORIES, *_MERGED, *sorted(own - set(CATEGORIES))])
    raise InputError(f"unknown category {word!r}: no event has it", hint=hint)


def _quad(value: str) -> Sequence[str]:
    if value.lower() not in QUAD_CLASSES:
        raise InputError(f"unknown quad class {value!r}", hint=_nearest(value.lower(), QUAD_CLASSES))
    return (value.lower(),)


def _scope(value: str) -> Sequence[str]:
    if value.lower() not in SCOPES:
        raise InputError(f"unknown scope {value!r}", hint=_nearest(value.lower(), SCOPES))
    return (value.lower(),)


def _country(value: str) -> Sequence[str]:
    code = country_of(value)
    if code is None:
        hint = _nearest(value.upper(), sorted(country_codes()))
        raise InputError(f"unknown country or organisation {value!r}", hint=hint)
    return (code,)


def _role(value: str) -> Sequence[str]:
    if value.upper() not in _ROLES:
        raise InputError(f"unknown role {value!r}", hint=_nearest(value.upper(), _ROLES))
    return (value.upper(),)


def _dyad(value: str) -> Sequence[str]:
    codes = value.upper().split("-")
    if len(codes) != 2:
        raise InputError(f"{value!r} is not a dyad", hint="write two country codes joined by a hyphen, such as PAK-AZE")
    return ("-".join(sorted(_country(code)[0] for code in codes)),)


def _as_is(value: str) -> Sequence[str]:
    return (value,)


_CHECKS: Final[dict[str, Callable[[str], Sequence[str]]]] = {
    "quad_class": _quad,
    "source_country": _country,
    "target_country": _country,
    "source_role": _role,
    "target_role": _role,
    "dyad": _dyad,
}
