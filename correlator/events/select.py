"""The selection language: ``category in (AGREE, CONSULT) and dyad = PAK-AZE and goldstein >= 3``, parsed to a filter.

Grammar, lower and upper case alike::

    selection  = all {"or" all}
    all        = one {"and" one}
    one        = "not" one | "(" selection ")" | comparison
    comparison = field operator value | field ["not"] "in" "(" value {"," value} ")"
    operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "has"

Fields are columns of the table ``events``; ``quad`` stands for quad_class, ``source`` and ``target`` for the actors as
``PAK`` or ``PAK:GOV``; ``scope`` is cross-border or domestic; ``headline`` and ``publisher`` are the article's,
``load`` the number of the load that brought the event, ``symbol`` an instrument that it concerns, ``date`` the day
(UTC) on which it was known, ``day_zero`` its session on an exchange. ``headline has 'indus water'``: every word is in
it, in any order. A day that stands alone is the whole day: ``date <= 2025-05-31`` holds on the 31st. A dyad matches in
either order. Values are words or quoted texts; a category is PLOVER's or one that a user's own events carry. Nothing of
it enters SQL.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from correlator.errors import InputError
from correlator.events.actors import country_codes, country_of
from correlator.events.model import CATEGORIES, QUAD_CLASSES
from correlator.events.scope import SCOPES, scope_column
from correlator.tables import EVENTS

if TYPE_CHECKING:
    import polars as pl

_TOKEN = re.compile(r"\s*(?:(<=|>=|!=|==|=|<|>|\(|\)|,)|'([^']*)'|\"([^\"]*)\"|([^\s(),<>=!'\"]+))")
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
"""Fields that a plain row of events does not answer: its session on an exchange, and the instruments it concerns (a
column of lists of names in capitals).
"""
_TIMES: Final = frozenset({"known_at"})
_DAY: Final = len("2025-05-28")
_ORDERS: Final = frozenset({"<", "<=", ">", ">="})
_ROLES: Final = ("GOV", "MIL", "LEG", "JUD", "OPP", "BUS", "IGO", "CVL", "COP", "REB", "PTY", "NGO", "IMG")
_MERGED: Final = {"YIELD": ("CONCEDE", "RETREAT"), "STATEMENT": ("STATEMENT",)}


@dataclass(frozen=True)
class _Token:
    text: str
    place: int
    quoted: bool
    symbol: bool


def select_events(events: pl.DataFrame, selection: str | None, own: Sequence[str] | None = None) -> pl.DataFrame:
    """The events that meet ``selection`` (None: all); categories of their own that the events carry can be named.

    ``own``: the categories that all events carry, where ``events`` are only some of them. Raises InputError as
    ``parse_selection`` does.
    """
    if not selection:
        return events
    import polars as pl

    if DAY_ZERO not in events.columns and DAY_ZERO in fields_of(selection):
        raise InputError(f"{DAY_ZERO} is known on an exchange only, and these events are on none", hint="use date")
    added: dict[str, Any] = {
        "headline": pl.String,
        "publisher": pl.String,
        "load_id": pl.Int64,
        CONCERNS: pl.List(pl.String),
    }
    missing = {name: kind for name, kind in added.items() if name not in events.columns}
    whole = events.with_columns(pl.lit(None, kind).alias(name) for name, kind in missing.items())
    _refuse_mistyped(whole, selection)
    kept = whole.filter(parse_selection(selection, own or events["category"].unique().to_list()))
    return kept.select(events.columns)


def fields_of(text: str) -> dict[str, list[str]]:
    """The fields that a selection names, each with the values it is compared with."""
    found: dict[str, list[str]] = {}
    _Parser(text, None, found).parse()
    return found


def _refuse_mistyped(events: pl.DataFrame, selection: str) -> None:
    """Raise InputError for a publisher that no event has where one of nearly that name has some."""
    wanted = fields_of(selection).get("publisher", [])
    known = [name for name in events["publisher"].unique() if name is not None] if wanted else []
    for name in wanted:
        close = difflib.get_close_matches(name.lower(), [each.lower() for each in known], n=1, cutoff=0.7)
        if close and close[0] != name.lower() and not any(name.lower() in each.lower() for each in known):
            raise InputError(f"no event has the publisher {name!r}", hint=f"did you mean {close[0]}?")


def check_selection(text: str) -> None:
    """Raise InputError if ``text`` cannot be read; whether events carry its categories is seen when they are there."""
    _Parser(text, None).parse()


def names_scope(text: str | None) -> bool:
    """Whether a selection says which scope it wants."""
    return bool(text) and any(not token.quoted and token.text.lower() == "scope" for token in _tokens(text or ""))


def parse_selection(text: str, own: Iterable[str] = ()) -> pl.Expr:
    """The filter that ``text`` asks for, over the columns of ``tables.EVENTS``.

    ``own``: categories that are not PLOVER's but that the events carry. Raises InputError naming the place, or the
    nearest known field, category, quad class or country.
    """
    return _Parser(text, frozenset(own)).parse()


class _Parser:
    """Recursive descent over the tokens of one selection."""

    def __init__(self, text: str, own: frozenset[str] | None, seen: dict[str, list[str]] | None = None) -> None:
        self.text = text
        self.own = own
        self.seen = {} if seen is None else seen
        self.tokens = _tokens(text)
        self.next = 0

    def parse(self) -> pl.Expr:
        if not self.tokens:
            raise InputError(
                "the selection of events is empty", hint="for example: category = AGREE and dyad = PAK-AZE"
            )
        found = self._any()
        if self.next < len(self.tokens):
            self._fail("'and' or 'or'")
        return found

    def _any(self) -> pl.Expr:
        found = self._all()
        while self._take("or"):
            found = found | self._all()
        return found

    def _all(self) -> pl.Expr:
        found = self._one()
        while self._take("and"):
            found = found & self._one()
        return found

    def _one(self) -> pl.Expr:
        if self._take("not"):
            return ~self._one()
        if self._take("("):
            found = self._any()
            self._need(")")
            return found
        return self._comparison()

    def _comparison(self) -> pl.Expr:
        field = _field(self._word("a field").text, self.text)
        negated = self._take("not")
        if self._take("in"):
            self._need("(")
            values = self._listed()
            self._saw(field, values)
            found = self._equal(field, values)
            return ~found if negated else found
        if self._take("has"):
            found = self._has(field)
            return ~found if negated else found
        token = self._peek()
        if negated or token is None or token.text not in ("=", "==", "!=", *_ORDERS):
            self._fail("one of = != < <= > >= in has")
        self.next += 1
        value = self._word("a value")
        self._saw(field, [value])
        if token.text in _ORDERS:
            return _ordered(field, token.text, value.text)
        found = self._equal(field, [value])
        return ~found if token.text == "!=" else found

    def _saw(self, field: str, tokens: Sequence[_Token]) -> None:
        self.seen.setdefault(field, []).extend(token.text for token in tokens)

    def _has(self, field: str) -> pl.Expr:
        """Every word of the text, or of one of several texts, as a whole word of the field."""
        import polars as pl

        values = [self._word("a value")] if not self._take("(") else self._listed()
        if field not in _TEXTS:
            raise InputError(f"{field} is not a text, so has does not apply", hint="use = or in")
        self._saw(field, [])
        ways = []
        for value in values:
            words = value.text.lower().split()
            if not words:
                raise InputError("has needs a word to look for", hint="for example: headline has 'indus water'")
            column = pl.col(field).str.to_lowercase()
            found = [column.str.contains(rf"(^|\W){re.escape(word)}($|\W)") for word in words]
            ways.append(pl.all_horizontal(found))
        return _any_of(ways)

    def _listed(self) -> list[_Token]:
        values = [self._word("a value")]
        while self._take(","):
            values.append(self._word("a value"))
        self._need(")")
        return values

    def _equal(self, field: str, tokens: Sequence[_Token]) -> pl.Expr:
        if field != "category":
            return _equal(field, tokens)
        import polars as pl

        names = [name for token in tokens for name in _category(token, self.own)]
        return pl.col(field).is_in(names).fill_null(False)

    def _peek(self) -> _Token | None:
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    def _take(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.quoted or token.text.lower() != text:
            return False
        self.next += 1
        return True

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._fail(f"{text!r}")

    def _word(self, what: str) -> _Token:
        token = self._peek()
        if token is None or token.symbol:
            self._fail(what)
        self.next += 1
        return token

    def _fail(self, expected: str) -> NoReturn:
        token = self._peek()
        where = f"at {token.text!r} (character {token.place + 1})" if token else "at its end"
        raise InputError(f"cannot read the selection {self.text!r} {where}", hint=f"expected {expected}")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise InputError(f"cannot read the selection {text!r} at character {place + 1}", hint="unclosed quote?")
        symbol, single, double, word = match.groups()
        value = next(part for part in (symbol, single, double, word) if part is not None)
        begin = match.start() + len(match[0]) - len(match[0].lstrip())
        found.append(_Token(value, begin, single is not None or double is not None, symbol is not None))
        place = match.end()
    return found


def _field(name: str, text: str) -> str:
    known = {*EVENTS.column_names, *_ALIASES}
    lowered = name.lower()
    if lowered not in known:
        raise InputError(f"events have no field {name!r} (selection {text!r})", hint=_nearest(lowered, sorted(known)))
    return _ALIASES.get(lowered, lowered)


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _equal(field: str, tokens: Sequence[_Token]) -> pl.Expr:
    import polars as pl

    values = [token.text for token in tokens]

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
        wanted = [value.upper() for value in values]
        named = pl.col(CONCERNS).list.eval(pl.element().is_in(wanted)).list.any()
        return named.fill_null(False) | pl.col(SYMBOL).str.to_uppercase().is_in(wanted).fill_null(False)
    if field in _TEXTS:
        return pl.col(field).str.to_lowercase().is_in([value.lower() for value in values]).fill_null(False)
    checked = [one for value in values for one in _CHECKS.get(field, _as_is)(value)]
    return pl.col(field).is_in(checked).fill_null(False)


def _any_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    found = parts[0]
    for part in parts[1:]:
        found = found | part
    return found.fill_null(False)


def _ordered(field: str, operator: str, value: str) -> pl.Expr:
    import polars as pl

    if field in _NUMBERS:
        bound = pl.lit(_number(field, value))
    elif field in _TIMES:
        first = _instant(value)
        whole_day = len(value.strip()) == _DAY and operator in ("<=", ">")
        bound = pl.lit(first + timedelta(days=1) - timedelta(microseconds=1) if whole_day else first)
    elif field == DAY_ZERO:
        bound = pl.lit(_instant(value, DAY_ZERO).date())
    else:
        raise InputError(f"{field} has no order, so {operator} does not apply", hint="use = or in")
    column = pl.col(field)
    compared = {"<": column < bound, "<=": column <= bound, ">": column > bound, ">=": column >= bound}[operator]
    return compared.fill_null(False)


def _at(column: pl.Expr, value: str) -> pl.Expr:
    """On a day, or at an instant."""
    when = _instant(value)
    return column.dt.date() == when.date() if len(value.strip()) == _DAY else column == when


def _number(field: str, value: str) -> float:
    try:
        number = int(value) if value.lstrip("+-").isdecimal() else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) >= 2**63:
        raise InputError(f"{field} is compared with {value!r}, which is not a number")
    return number


def _instant(value: str, field: str = "known_at") -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise InputError(
            f"{field} is compared with {value!r}, which is not a day or an instant",
            hint="give a day or an instant, 2025-05-28",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _actor(side: str, value: str) -> pl.Expr:
    import polars as pl

    country, _, role = value.upper().partition(":")
    found = pl.col(f"{side}_country") == _country(country)[0] if country else pl.lit(True)
    return found & (pl.col(f"{side}_role") == _role(role)[0]) if role else found


def _category(token: _Token, own: frozenset[str] | None) -> Sequence[str]:
    """The categories that a word stands for; ``own``: those that the events carry (None: not known yet)."""
    name = token.text.upper()
    if name in _MERGED:
        return _MERGED[name]
    if name in CATEGORIES:
        return (name,)
    carried = [category for category in own or () if category.upper() == name]
    if own is None or token.quoted or carried:
        return carried or (token.text,)
    hint = _nearest(name, [*CATEGORIES, *_MERGED, *sorted(own - set(CATEGORIES))])
    raise InputError(f"category {token.text!r} is not known, and no event carries it", hint=hint)


def _quad(value: str) -> Sequence[str]:
    if value.lower() not in QUAD_CLASSES:
        raise InputError(f"no quad class {value!r}", hint=_nearest(value.lower(), QUAD_CLASSES))
    return (value.lower(),)


def _scope(value: str) -> Sequence[str]:
    if value.lower() not in SCOPES:
        raise InputError(f"scope {value!r} is not known", hint=_nearest(value.lower(), SCOPES))
    return (value.lower(),)


def _country(value: str) -> Sequence[str]:
    code = country_of(value)
    if code is None:
        hint = _nearest(value.upper(), sorted(country_codes()))
        raise InputError(f"no country or organisation has the code {value!r}", hint=hint)
    return (code,)


def _role(value: str) -> Sequence[str]:
    if value.upper() not in _ROLES:
        raise InputError(f"no role {value!r}", hint=_nearest(value.upper(), _ROLES))
    return (value.upper(),)


def _dyad(value: str) -> Sequence[str]:
    codes = value.upper().split("-")
    if len(codes) != 2:
        raise InputError(f"{value!r} is not a dyad", hint="two codes joined by a dash, PAK-AZE")
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
