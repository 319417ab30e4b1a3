"""Parse the selection language into a filter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from correlator.errors import InputError
from correlator.events.selection.fields import ORDERS, equal, field_named, has_words, in_category, ordered

if TYPE_CHECKING:
    import polars as pl

_TOKEN = re.compile(r"\s*(?:(<=|>=|!=|==|=|<|>|\(|\)|,)|'([^']*)'|\"([^\"]*)\"|([^\s(),<>=!'\"]+))")


@dataclass(frozen=True)
class Token:
    """A token of a selection: its text, its position (from 0), and whether it is quoted or a symbol."""

    text: str
    place: int
    quoted: bool
    symbol: bool


_SHOWN = 200
DEEPEST, MOST_COMPARISONS = 50, 500
"""Limits on nesting and comparisons: each costs time and stack in polars."""


class Parser:
    """Recursive descent over the tokens of one selection.

    ``own``: the categories of the events (None: not known yet); ``seen`` collects the fields with the values they are
    compared with.
    """

    def __init__(self, text: str, own: frozenset[str] | None, seen: dict[str, list[str]] | None = None) -> None:
        self.text = text
        self.own = own
        self.seen = {} if seen is None else seen
        self.tokens = tokens_of(text)
        self.next = self.depth = self.comparisons = 0

    def parse(self) -> pl.Expr:
        """Parse the whole text into a filter. Raises InputError, which names the position."""
        if not self.tokens:
            raise InputError(
                "the selection of events is empty", hint="for example: category = AGREE and dyad = PAK-AZE"
            )
        condition = self._any()
        if self.next < len(self.tokens):
            self._fail("'and' or 'or'")
        return condition

    def _any(self) -> pl.Expr:
        either = self._all()
        while self._take("or"):
            either = either | self._all()
        return either

    def _all(self) -> pl.Expr:
        both = self._one()
        while self._take("and"):
            both = both & self._one()
        return both

    def _one(self) -> pl.Expr:
        self.depth += 1
        if self.depth > DEEPEST:
            self._fail(f"at most {DEEPEST} levels of not and parentheses")
        if self._take("not"):
            one = ~self._one()
        elif self._take("("):
            one = self._any()
            self._need(")")
        else:
            one = self._comparison()
        self.depth -= 1
        return one

    def _comparison(self) -> pl.Expr:
        self.comparisons += 1
        if self.comparisons > MOST_COMPARISONS:
            self._fail(f"at most {MOST_COMPARISONS} comparisons; a list in (...) counts as one")
        field = field_named(self._word("a field").text, self.text)
        negated = self._take("not")
        if self._take("in"):
            self._need("(")
            values = self._listed()
            self._saw(field, values)
            equal_to_one = self._equal(field, values)
            return ~equal_to_one if negated else equal_to_one
        if self._take("has"):
            has = self._has(field)
            return ~has if negated else has
        token = self._peek()
        if negated or token is None or token.text not in ("=", "==", "!=", *ORDERS):
            self._fail("one of = != < <= > >= in has")
        self.next += 1
        value = self._word("a value")
        self._saw(field, [value])
        if token.text in ORDERS:
            return ordered(field, token.text, value.text)
        same = self._equal(field, [value])
        return ~same if token.text == "!=" else same

    def _saw(self, field: str, tokens: Sequence[Token]) -> None:
        self.seen.setdefault(field, []).extend(token.text for token in tokens)

    def _has(self, field: str) -> pl.Expr:
        tokens = [self._word("a value")] if not self._take("(") else self._listed()
        self._saw(field, [])
        return has_words(field, [token.text for token in tokens])

    def _listed(self) -> list[Token]:
        values = [self._word("a value")]
        while self._take(","):
            values.append(self._word("a value"))
        self._need(")")
        return values

    def _equal(self, field: str, tokens: Sequence[Token]) -> pl.Expr:
        if field == "category":
            return in_category([(token.text, token.quoted) for token in tokens], self.own)
        return equal(field, [token.text for token in tokens])

    def _peek(self) -> Token | None:
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

    def _word(self, what: str) -> Token:
        token = self._peek()
        if token is None or token.symbol:
            self._fail(what)
        self.next += 1
        return token

    def _fail(self, expected: str) -> NoReturn:
        token = self._peek()
        where = f"at {token.text!r} (character {token.place + 1})" if token else "at its end"
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}..."
        raise InputError(f"cannot read the selection {shown!r} {where}", hint=f"expected {expected}")


def tokens_of(text: str) -> list[Token]:
    """Split a selection into tokens. Raises InputError if a quote is not closed."""
    tokens: list[Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise InputError(f"cannot read the selection {text!r} at character {place + 1}", hint="unclosed quote?")
        symbol, single, double, word = match.groups()
        value = next(part for part in (symbol, single, double, word) if part is not None)
        begin = match.start() + len(match[0]) - len(match[0].lstrip())
        tokens.append(Token(value, begin, single is not None or double is not None, symbol is not None))
        place = match.end()
    return tokens
