"""Parse formulas of a cross-section, such as ``car ~ goldstein + C(category):tone``.

    formula  = value "~" sum
    sum      = ["+" | "-"] product { ("+" | "-") product }          "-" removes terms; 1 and 0 are the intercept
    product  = interaction { "*" interaction }                      a*b is a + b + a:b
    interaction = factor { ":" factor }
    factor   = "(" sum ")" | "1" | "0" | "C(" column ")" | value
    value    = column | "log(" arithmetic ")" | "I(" arithmetic ")"
    arithmetic = numbers, columns, log(), + - * / ** and parentheses

A column is a name, or any text between backticks. No part of a formula is ever executed as code: the tree has only
these kinds of nodes, and anything else is an error with its position. Notation: Wilkinson & Rogers (1973), Applied
Statistics 22, 392-399.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import NoReturn, TypeVar

from correlator.errors import InputError

MOST_CHARACTERS = 2_000
MOST_TERMS = 200
_DEEPEST = 50
_MOST_OPERATIONS = 100
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_TOKEN = re.compile(rf"\s*(?:(`[^`]*`)|([^\W\d]\w*)|({_NUMBER})(?![\w.])|(\*\*|[-+*/:~()]))")
_T = TypeVar("_T")
_CALLS = ("C", "I", "log")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


@dataclass(frozen=True)
class Column:
    """The values of a column."""

    name: str

    def __str__(self) -> str:
        return self.name if re.fullmatch(r"[^\W\d]\w*", self.name) else f"`{self.name}`"


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float

    def __str__(self) -> str:
        return f"{self.value:g}"


@dataclass(frozen=True)
class Operation:
    """A binary operation: ``+``, ``-``, ``*``, ``/`` or ``**``."""

    operator: str
    left: Arithmetic
    right: Arithmetic

    def __str__(self) -> str:
        return f"{_inside(self.left)} {self.operator} {_inside(self.right)}"


@dataclass(frozen=True)
class Logarithm:
    """The natural logarithm."""

    of: Arithmetic

    def __str__(self) -> str:
        return f"log({self.of})"


Arithmetic = Column | Number | Operation | Logarithm


@dataclass(frozen=True)
class Computed:
    """``I(...)``: arithmetic that is one factor."""

    of: Arithmetic

    def __str__(self) -> str:
        return f"I({self.of})"


@dataclass(frozen=True)
class Categories:
    """``C(...)``: a column whose values are categories, whatever its type."""

    column: Column

    def __str__(self) -> str:
        return f"C({self.column})"


Factor = Column | Logarithm | Computed | Categories
Term = tuple[Factor, ...]
"""Factors whose product is a term; the empty term is the intercept."""


@dataclass(frozen=True)
class Formula:
    """The response and the terms, in the order in which they were written."""

    response: Column | Logarithm | Computed
    terms: tuple[Term, ...]


def parse_formula(text: str) -> Formula:
    """Parse ``text`` as a formula.

    Raises InputError with the position of the first part that does not match the grammar.

    Examples:
    >>> [":".join(map(str, term)) for term in parse_formula("car ~ a * log(b)").terms]
    ['', 'a', 'log(b)', 'a:log(b)']
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"a formula of {len(text):,} characters is longer than the limit of {MOST_CHARACTERS:,}")
    return _Parser(text).formula()


@dataclass(frozen=True)
class _Token:
    """``kind``: quoted, name, number, mark, other (matches no rule) or end; ``place``: position in the formula."""

    kind: str
    text: str
    place: int

    def is_mark(self, *marks: str) -> bool:
        return self.kind == "mark" and self.text in marks

    def is_number(self, value: float) -> bool:
        return self.kind == "number" and float(self.text) == value


class _Parser:
    """A recursive-descent parser with one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.next = 0
        self.depth = 0
        self.operations = 0

    def formula(self) -> Formula:
        response = self._factor()
        if not isinstance(response, list) or len(response) != 1 or len(response[0]) != 1:
            self._fail("the value to explain", at=0)
        (value,) = response[0]
        if isinstance(value, Categories):
            self._fail("a value to explain, not categories", at=0)
        self._need("~")
        if self._peek().kind == "end":
            self._fail("terms after ~")
        terms = self._sum([()])
        if self._peek().kind != "end":
            self._fail("+ - * : or the end")
        return Formula(value, tuple(terms))

    def _sum(self, initial: list[Term]) -> list[Term]:
        """Parse a sum of terms, starting from ``initial``; 0 removes the intercept, -0 adds it back."""
        terms = list(initial)
        sign = self._take("+", "-") or "+"
        while True:
            at_zero = self._peek().is_number(0.0)
            summands = [()] if at_zero else self._product()
            if at_zero:
                self.next += 1
            if (sign == "-") is not at_zero:
                removed = {frozenset(term) for term in summands}
                terms = [term for term in terms if frozenset(term) not in removed]
            else:
                terms = self._distinct([*terms, *summands])
            if (sign := self._take("+", "-")) == "":
                return terms

    def _product(self) -> list[Term]:
        terms = self._interaction()
        while self._take("*"):
            other = self._interaction()
            terms = self._distinct([*terms, *other, *self._crossed(terms, other)])
        return terms

    def _interaction(self) -> list[Term]:
        terms = self._factor()
        while self._take(":"):
            terms = self._crossed(terms, self._factor())
        return terms

    def _factor(self) -> list[Term]:
        token = self._peek()
        if token.is_mark("("):
            return self._nested(lambda: self._sum([]))
        if token.kind == "number":
            if not token.is_number(1.0):
                self._fail("a column; numbers stand inside I()")
            self.next += 1
            return [()]
        return [(self._call(token) if self._is_call() else self._column(),)]

    def _call(self, token: _Token) -> Factor:
        if token.text not in _CALLS:
            self._fail(f"one of {', '.join(f'{name}()' for name in _CALLS)}")
        self.next += 1
        if token.text == "C":
            return Categories(self._nested(self._column))
        inside = self._nested(lambda: self._arithmetic(1))
        return Logarithm(inside) if token.text == "log" else Computed(inside)

    def _arithmetic(self, lowest: int) -> Arithmetic:
        """Parse operators of precedence ``lowest`` or higher, from left to right."""
        value = self._signed()
        while (token := self._peek()).is_mark(*_PRECEDENCE) and _PRECEDENCE[token.text] >= lowest:
            self.operations += 1
            if self.operations > _MOST_OPERATIONS:
                self._fail(f"at most {_MOST_OPERATIONS} operations")
            self.next += 1
            value = Operation(token.text, value, self._arithmetic(_PRECEDENCE[token.text] + 1))
        return value

    def _signed(self) -> Arithmetic:
        signs = 0
        while sign := self._take("+", "-"):
            signs += sign == "-"
        value = self._power()
        if signs % 2 == 0:
            return value
        return Number(-value.value) if isinstance(value, Number) else Operation("*", Number(-1.0), value)

    def _power(self) -> Arithmetic:
        value = self._atom()
        if self._take("**"):
            exponent = self._deeper(self._signed)
            if not isinstance(exponent, Number):
                self._fail("a number as exponent")
            return Operation("**", value, exponent)
        return value

    def _atom(self) -> Arithmetic:
        token = self._peek()
        if token.kind == "end":
            self._fail("a column or a number")
        if token.kind == "number":
            self.next += 1
            return Number(float(token.text))
        if token.is_mark("("):
            return self._nested(lambda: self._arithmetic(1))
        if self._is_call():
            if token.text != "log":
                self._fail("log(), a column or a number")
            self.next += 1
            return Logarithm(self._nested(lambda: self._arithmetic(1)))
        return self._column()

    def _column(self) -> Column:
        token = self._peek()
        if token.kind not in ("name", "quoted"):
            self._fail("a column")
        self.next += 1
        if self._peek().is_mark("("):
            self._fail("an operator")
        return Column(token.text)

    def _nested(self, inside: Callable[[], _T]) -> _T:
        self._need("(")
        value = self._deeper(inside)
        self._need(")")
        return value

    def _deeper(self, inside: Callable[[], _T]) -> _T:
        """Call ``inside`` one nesting level deeper, up to the limit."""
        self.depth += 1
        if self.depth > _DEEPEST:
            self._fail(f"at most {_DEEPEST} parentheses inside each other")
        value = inside()
        self.depth -= 1
        return value

    def _crossed(self, left: list[Term], right: list[Term]) -> list[Term]:
        """Return the interactions of each term of ``left`` with each term of ``right``."""
        if len(left) * len(right) > MOST_TERMS:
            self._fail(f"at most {MOST_TERMS} terms")
        pairs = (
            (*first, *(factor for factor in second if factor not in first)) for first, second in product(left, right)
        )
        return self._distinct(list(pairs))

    def _distinct(self, terms: list[Term]) -> list[Term]:
        """Return ``terms`` without duplicates, whatever the order of their factors."""
        kept: dict[frozenset[Factor], Term] = {}
        for term in terms:
            kept.setdefault(frozenset(term), term)
        if len(kept) > MOST_TERMS:
            self._fail(f"at most {MOST_TERMS} terms")
        return list(kept.values())

    def _is_call(self) -> bool:
        return self._peek().kind == "name" and self.tokens[self.next + 1].text == "("

    def _peek(self) -> _Token:
        return self.tokens[self.next]

    def _take(self, *marks: str) -> str:
        """Consume the next token if it is one of ``marks`` and return its text; otherwise return an empty string."""
        token = self._peek()
        if not token.is_mark(*marks):
            return ""
        self.next += 1
        return token.text

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            self._fail(repr(mark))

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        place, end = 0, len(self.text.rstrip())
        while place < end:
            match = _TOKEN.match(self.text, place)
            if match is None:  # an error at this position, unless the parser fails earlier
                blank = len(self.text[place:]) - len(self.text[place:].lstrip())
                tokens.append(_Token("other", self.text[place + blank], place + blank))
                break
            kind = ("quoted", "name", "number", "mark")[match.lastindex - 1] if match.lastindex else "mark"
            text = match[match.lastindex or 0]
            tokens.append(_Token(kind, text[1:-1] if kind == "quoted" else text, match.start(match.lastindex or 0)))
            place = match.end()
        return [*tokens, _Token("end", "", len(self.text))]

    def _fail(self, expected: str, *, at: int | None = None) -> NoReturn:
        place = self.tokens[self.next if at is None else at].place
        rest = self.text[place : place + 20]
        where = f"at character {place + 1}, {rest!r}" if rest.strip() else "at its end"
        shown = self.text if len(self.text) <= 200 else f"{self.text[:200]}..."
        raise InputError(f"formula {shown!r} cannot be read {where}", hint=f"expected {expected}")


def _inside(value: Arithmetic) -> str:
    """Return the value as an operand: operations and negative numbers are put in parentheses."""
    wrapped = isinstance(value, Operation) or (isinstance(value, Number) and value.value < 0)
    return f"({value})" if wrapped else str(value)
