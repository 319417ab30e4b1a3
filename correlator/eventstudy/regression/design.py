"""Build the matrices of a regression from a formula and the columns of events.

patsy codes categories (treatment coding, full-rank interactions). It is given computed values, never code as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from correlator.containers.cells import NUMBER_LIKE
from correlator.errors import InputError, NotFoundError, StudyError, likeliest
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.regression.formula import (
    Arithmetic,
    Categories,
    Column,
    Computed,
    Factor,
    Formula,
    Logarithm,
    Number,
    Term,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MOST_CELLS = 200_000_000


@dataclass(frozen=True)
class Design:
    """``response`` (n x 1) and ``terms`` (n x k) as pandas frames.

    Their index has the positions of the rows used, those without missing or infinite values.
    """

    response: pd.DataFrame
    terms: pd.DataFrame

    @property
    def rows(self) -> Rows:
        """Positions of the rows of the features that are used."""
        return np.asarray(self.terms.index, dtype=np.int64)


def design_of(formula: Formula, features: pl.DataFrame) -> Design:
    """Build the matrices of ``formula`` from the rows of ``features``.

    Raises NotFoundError for missing columns, InputError for columns of an unsuitable type, and StudyError if there are
    more terms than events.
    """
    from patsy import ModelDesc, PatsyError, dmatrices
    from patsy import Term as PatsyTerm

    factors = {factor: _Values(factor, features) for term in (*formula.terms, (formula.response,)) for factor in term}
    if factors[formula.response].levels:
        raise InputError(f"the response {formula.response} holds categories, not numbers")
    _refuse_too_many(formula.terms, factors, features.height)
    terms = [PatsyTerm([factors[factor] for factor in term]) for term in formula.terms]
    described = ModelDesc([PatsyTerm([factors[formula.response]])], terms)
    try:
        response, matrix = dmatrices(described, _Rows(features.height), return_type="dataframe")
    except PatsyError as error:
        raise StudyError(f"the terms cannot be computed: {str(error).splitlines()[0]}") from error
    if matrix.shape[1] == 0:
        raise InputError("the formula has no terms", hint="write car ~ 1 to estimate the average")
    return Design(response, matrix)


class _Rows(dict[str, Any]):
    """The data argument of patsy, from which it only takes the number of rows."""

    def __init__(self, count: int) -> None:
        super().__init__(rows=np.zeros(count))


class _Values:
    """A factor with the interface that patsy expects; values are computed once."""

    origin = None

    def __init__(self, factor: Factor, features: pl.DataFrame) -> None:
        self._factor = factor
        self._values = _values(factor, features)
        is_number = self._values.dtype.kind == "f"
        self.levels = 0 if is_number else len({each for each in self._values if each is not None})
        if not (np.isfinite(self._values).any() if is_number else self.levels):
            raise StudyError(f"{factor} has no value in any event", hint="leave it out")

    def name(self) -> str:
        return str(self._factor)

    def memorize_passes_needed(self, _state: object, _environment: object) -> int:
        return 0

    def eval(self, _state: object, _data: object) -> Any:
        if self.levels == 0:
            return self._values
        from patsy.categorical import C

        return C(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Values) and self._factor == other._factor

    def __hash__(self) -> int:
        return hash(self._factor)


def _values(factor: Factor, features: pl.DataFrame) -> NDArray[Any]:
    """Return numbers as floats, NaN if missing, and categories as objects, None if missing."""
    if isinstance(factor, Categories):
        return _categories(factor.column, features)
    if isinstance(factor, Column):
        kind = _series(factor, features).dtype
        _refuse_numbers_as_text(factor, features)
        if kind in (pl.String, pl.Boolean) or isinstance(kind, pl.Categorical | pl.Enum):
            return _categories(factor, features)
    with np.errstate(all="ignore"):
        values = _numbers(factor.of if isinstance(factor, Computed) else factor, features)
    return np.where(np.isfinite(values), values, np.nan)


def _refuse_numbers_as_text(column: Column, features: pl.DataFrame) -> None:
    """Raise InputError for a column of text of which most values are numbers: each would be a category of its own."""
    series = _series(column, features)
    if series.dtype != pl.String:
        return
    words = [word for word in series.unique().sort().drop_nulls() if word.strip()]
    numbers = [word for word in words if NUMBER_LIKE.match(word.strip())]
    if 2 * len(numbers) > len(words):
        other = next((word for word in words if word not in numbers), None)
        shown = repr(numbers[0]) if other is None else f"{numbers[0]!r} and {other!r}"
        raise InputError(
            f"column {column} holds text such as {shown}, not numbers",
            hint=f"write plain numbers and leave missing ones empty, or C({column}) if they are categories",
        )


def _numbers(value: Arithmetic, features: pl.DataFrame) -> Array:
    """Evaluate arithmetic over the rows of ``features``."""
    if isinstance(value, Column):
        series = _series(value, features)
        if not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)):
            raise InputError(f"column {value} holds {series.dtype}, not numbers", hint=f"write C({value})")
        return series.cast(pl.Float64).to_numpy()
    if isinstance(value, Number):
        return np.full(features.height, value.value)
    if isinstance(value, Logarithm):
        return np.log(_numbers(value.of, features))
    return _OPERATIONS[value.operator](_numbers(value.left, features), _numbers(value.right, features))


_OPERATIONS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power}


def _categories(column: Column, features: pl.DataFrame) -> NDArray[Any]:
    """Return the values of a column as objects, None if missing."""
    series = _series(column, features)
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        raise InputError(f"column {column} holds {series.dtype}, not categories")
    if series.dtype.is_float():
        series = series.fill_nan(None)
    if series.dtype.is_temporal() or isinstance(series.dtype, pl.Categorical | pl.Enum | pl.Decimal):
        series = series.cast(pl.String)
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    return values


def _series(column: Column, features: pl.DataFrame) -> pl.Series:
    if column.name not in features.columns:
        raise NotFoundError(
            f"events have no column {column.name!r}", hint=likeliest(column.name, features.columns, "columns are")
        )
    return features[column.name]


def _refuse_too_many(terms: tuple[Term, ...], factors: dict[Factor, _Values], rows: int) -> None:
    """Raise StudyError, before anything is computed, if a term has more columns than there are events."""
    columns = 0
    for term in terms:
        width = 1
        for factor in term:
            width *= max(factors[factor].levels - 1, 1)
        columns += width
        if width > rows:
            raise StudyError(
                f"the {width:,} terms of {':'.join(map(str, term))} need at least as many events, got {rows}",
                hint="use fewer terms",
            )
    if columns * rows > _MOST_CELLS:
        raise StudyError(f"{columns:,} terms for {rows:,} events are too many", hint="use fewer terms")
