"""The door for matrices: any frame with the Arrow PyCapsule interface becomes labels and arrays.

A wide frame has a column of dates or instants, one row per bar, and one column per symbol. Missing bars are null or NaN
and stay missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError, NotFoundError, TimeError, likeliest
from correlator.eventstudy.moments import as_labels, holds_day_numbers
from correlator.eventstudy.spec import RETURNS_KINDS
from correlator.tabular import Frame, to_polars

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Spans = NDArray[np.int16]
Rows = NDArray[np.int64]
_NEARLY_A_DAY = timedelta(hours=20)
_NO_NUMBER = ("", "na", "n/a", "nan", "null", "none", "-")


@dataclass(frozen=True)
class BarFindings:
    """What speaks against bars: ``words`` (K,), and ``bits`` (T, S) with bit k set where ``words[k]`` does."""

    words: tuple[str, ...]
    bits: NDArray[np.uint32]


@dataclass(frozen=True)
class Donors:
    """Securities that the events cannot touch, of which the model ``synthetic`` makes each share's counterfactual.

    ``names`` (M,); ``returns`` (T, M) of single sessions, fractions, NaN where missing; ``allowed`` (S, M) which of
    them each symbol may have; ``countries`` (M,) ISO 3166-1 alpha-3 or None; ``levels`` (T, M) and ``own_levels`` (T,
    S) the logarithms of donors' and symbols' prices, over which holes are bridged, None where holes are not bridged;
    ``simple`` whether returns are simple.
    """

    names: tuple[str, ...]
    returns: Array
    allowed: Mask
    countries: tuple[str | None, ...]
    levels: Array | None = None
    own_levels: Array | None = None
    simple: bool = False

    def of(self, symbols: NDArray[np.int64]) -> Donors:
        """The donors of the symbols in the columns ``symbols`` alone."""
        own = None if self.own_levels is None else self.own_levels[:, symbols]
        return replace(self, allowed=self.allowed[symbols], own_levels=own)


@dataclass(frozen=True)
class Calendars:
    """The sessions of several exchanges: ``exchanges`` their codes, ``of`` (S,) which of them each symbol trades on,
    ``rows`` of the panel on which each has a session, ascending.
    """

    exchanges: tuple[str, ...]
    of: Rows
    rows: tuple[Rows, ...]

    def places(self, symbols: Rows, rows: Rows) -> Rows:
        """Places (E, ...) among the sessions of each symbol's (E,) own exchange of the first that is not before each of
        ``rows`` (E, ...).
        """
        places = np.empty_like(rows)
        for k, own in enumerate(self.rows):
            mine = self.of[symbols] == k
            places[mine] = np.searchsorted(own, rows[mine])
        return places

    def rows_at(self, symbols: Rows, places: Rows, total: int) -> Rows:
        """Rows (E, ...) of the sessions at ``places`` (E, ...), -1 before the first and ``total`` after the last."""
        rows = np.empty_like(places)
        for k, own in enumerate(self.rows):
            mine = self.of[symbols] == k
            at = places[mine]
            inside = own[np.clip(at, 0, len(own) - 1)]
            rows[mine] = np.where(at < 0, -1, np.where(at >= len(own), total, inside))
        return rows


@dataclass(frozen=True)
class Panel:
    """What a study looks at: T bars of S symbols, and of K factors.

    ``labels`` (T,) Date or Datetime, ascending, one per bar; ``symbols`` (S,) names; ``returns`` (T, S) fractions, NaN
    where missing; ``factors`` (T, K) or None, the benchmark first; ``factor_names`` (K,); ``limit_locked`` and
    ``zero_volume`` (T, S) mark bars whose return is censored, or None if that is not known; ``own_benchmark`` (T, S)
    the benchmark of each symbol where they differ (a share is never in its own mean), None if all have that of
    ``factors``; ``benchmark_note`` says in words what the benchmark is made of; ``invalid`` (T, S) marks
    figures that are not returns (NaN there), so that no event with one in its windows is measured; ``spans`` (T, S)
    sessions since the last trade that each return is over, None where each is over one; ``findings`` what the audit
    of prices says of bars, None if it was not asked or found nothing; ``dropped`` (T, S) marks returns that were
    left out for it (NaN there), None where none were; ``donors`` of the model ``synthetic``; ``purged`` (T, S) bars
    that no estimation uses, since they are in the reach of an event of the share; ``calendars`` whose sessions the rows
    are where symbols trade on several exchanges, None where every row is a session of all.
    """

    labels: pl.Series
    symbols: tuple[str, ...]
    returns: Array
    factors: Array | None = None
    factor_names: tuple[str, ...] = ()
    limit_locked: Mask | None = None
    zero_volume: Mask | None = None
    invalid: Mask | None = None
    own_benchmark: Array | None = None
    benchmark_note: str = ""
    spans: Spans | None = None
    findings: BarFindings | None = None
    dropped: Mask | None = None
    donors: Donors | None = None
    purged: Mask | None = None
    calendars: Calendars | None = None

    def own_rows(self, symbols: Rows, rows: Rows, offsets: Rows) -> Rows:
        """Rows (E, K) that lie ``offsets`` (K,) sessions of each symbol's own exchange from its row (E,).

        -1 before the first session and T after the last, where symbols trade on several exchanges.
        """
        if self.calendars is None:
            return rows[:, None] + offsets
        places = self.calendars.places(symbols, rows)[:, None] + offsets
        return self.calendars.rows_at(symbols, places, len(self.labels))

    def own_offsets(self, symbols: Rows, day_zero: Rows, rows: Rows) -> Rows:
        """Sessions (E, K) of each symbol's own exchange from its day 0 (E,) to ``rows`` (E, K)."""
        if self.calendars is None:
            return rows - day_zero[:, None]
        return self.calendars.places(symbols, rows) - self.calendars.places(symbols, day_zero)[:, None]

    def is_session(self, symbols: Rows, rows: Rows) -> Mask:
        """Whether ``rows`` (E, K) are sessions of each symbol's exchange."""
        if self.calendars is None:
            return np.ones(rows.shape, dtype=bool)
        places = self.calendars.places(symbols, rows)
        return np.asarray(self.calendars.rows_at(symbols, places, len(self.labels)) == rows)

    def factors_of(self, symbol: int) -> Array | None:
        """The factors (T, K) of the symbol at column ``symbol``, its own benchmark first where symbols differ."""
        if self.own_benchmark is None or self.factors is None:
            return self.factors
        return np.column_stack([self.own_benchmark[:, symbol], self.factors[:, 1:]])


@dataclass(frozen=True)
class Wide:
    """A wide frame taken apart: ``labels`` (T,), ``names`` (S,), ``values`` (T, S) with NaN where missing."""

    labels: pl.Series
    names: tuple[str, ...]
    values: Array

    def column(self, name: str) -> Array:
        if name not in self.names:
            raise NotFoundError(f"there is no column {name!r}", hint=likeliest(name, self.names, "columns are"))
        return self.values[:, self.names.index(name)]


def read_wide(frame: Frame, what: str, zone: str | None = None) -> Wide:
    """Take a wide frame apart; rows are sorted by label. Raises InputError without labels, or with one twice.

    ``zone``: by whose clocks instants in UTC, one a day, are days.
    """
    table = to_polars(frame, what)
    label = label_column(table, what)
    labels = as_labels(table[label], what)
    table = table.with_columns(labels.alias(label)).drop_nulls(label).sort(label)
    table = table.with_columns(_days(table[label], what, zone).alias(label))
    doubles = table[label].filter(table[label].is_duplicated())
    if len(doubles):
        raise InputError(f"{what} has {doubles[0]} on more than one row", hint="keep one row per bar")
    names = tuple(name for name in table.columns if name != label)
    values = [_numbers(table[name], what) for name in names]
    stacked = np.stack(values).T if values else np.zeros((len(table), 0))
    return Wide(table[label].rename("session"), names, stacked)


def _days(labels: pl.Series, what: str, zone: str | None) -> pl.Series:
    """Stamps that come once a day, at a close or at a midnight elsewhere, as the days they stand for.

    Raises TimeError for stamps in UTC whose day depends on a zone that is not known.
    """
    if not isinstance(labels.dtype, pl.Datetime) or len(labels) < 2:
        return labels
    if labels.diff().drop_nulls().min() < _NEARLY_A_DAY:  # type: ignore[operator]
        return labels
    own = labels.dtype.time_zone
    if own is None or own != "UTC":
        return labels.dt.date()
    if zone is None:
        raise TimeError(
            f"dates of {what} are instants in UTC (first: {labels[0]}), and their days depend on the exchange",
            hint="give exchange='XNAS', or write plain dates",
        )
    return labels.dt.convert_time_zone(zone).dt.date()


def label_column(table: pl.DataFrame, what: str) -> str:
    """The first column of dates or instants, else the first one if it holds YYYYMMDD, else the first of text."""
    for name, kind in table.schema.items():
        if kind.base_type() in (pl.Date, pl.Datetime):
            return name
    for column in table.get_columns()[:1]:
        if holds_day_numbers(column):
            return column.name
    for name, kind in table.schema.items():
        if kind == pl.String:
            return name
    raise InputError(f"{what} has no column of dates", hint="the first column should hold dates or instants")


def returns_of(prices: Array, kind: str) -> Array:
    """Returns (T, S) of ``prices`` (T, S): ``log`` or ``simple``, fractions.

    NaN at the first bar and on both sides of a missing or non-positive price: a return over a hole is not of one bar.
    """
    if kind not in RETURNS_KINDS:
        raise InputError(f"returns {kind!r} are not known", hint=f"choose {' or '.join(RETURNS_KINDS)}")
    positive = np.where((prices > 0) & np.isfinite(prices), prices, np.nan)
    ratio = np.full_like(positive, np.nan)
    np.divide(positive[1:], positive[:-1], out=ratio[1:])
    return np.log(ratio, out=ratio) if kind == "log" else np.subtract(ratio, 1.0, out=ratio)


def as_simple(values: Any, kind: str) -> Any:
    """Cumulated returns of ``kind`` (log, simple; log volumes too) as simple ones, what a per cent sign stands for.

    Examples
    --------
    >>> round(as_simple(-0.105, "log"), 4), as_simple(-0.1, "simple")
    (-0.0997, -0.1)
    """
    return values if kind == "simple" else np.expm1(values)


def log_volume_of(volumes: Array) -> Array:
    """Natural logarithm of ``volumes`` (T, S), NaN where nothing was traded (Ajinkya & Jain 1989)."""
    return np.log(np.where(volumes > 0, volumes, np.nan))


def on_labels(wide: Wide, labels: pl.Series, what: str) -> Array:
    """Values (T, S) of ``wide`` at ``labels``, NaN where it has no such bar; raises InputError when none match."""
    target = pl.DataFrame({"session": labels})
    source = pl.DataFrame({"session": wide.labels.cast(labels.dtype)}).with_row_index("row")
    rows = target.join(source, on="session", how="left", maintain_order="left")["row"]
    if rows.null_count() == len(rows):
        raise InputError(f"{what} shares no date with the returns", hint="check the dates of both")
    known = rows.is_not_null().to_numpy()
    values = np.full((len(labels), wide.values.shape[1]), np.nan)
    values[known] = wide.values[rows.drop_nulls().to_numpy()]
    return values


def only_column(wide: Wide, values: Array, argument: str) -> Array:
    """The one column (T,) of ``values`` (T, S), which are those of ``wide``; raises InputError where it has several."""
    if len(wide.names) != 1:
        shown = ", ".join(wide.names[:5]) or "none"
        hint = "give a frame of dates and one column"
        raise InputError(f"{argument} has {len(wide.names)} columns: {shown}", hint=hint, argument=argument)
    return np.asarray(values[:, 0])


def _numbers(column: pl.Series, what: str) -> Array:
    if not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Null)):
        raise InputError(
            f"column {column.name!r} of {what} holds {column.dtype}, not numbers",
            hint="keep one column of dates and columns of plain numbers",
        )
    if column.dtype == pl.String:
        words = column.str.strip_chars().str.to_lowercase()
        column = pl.select(pl.when(~words.is_in(_NO_NUMBER)).then(words)).to_series().rename(column.name)
    try:
        return column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    except pl.exceptions.InvalidOperationError:
        text = column.filter(column.is_not_null() & column.cast(pl.Float64, strict=False).is_null())
        shown = f": {text[0]!r}" if column.dtype == pl.String else ""
        raise InputError(
            f"column {column.name!r} of {what} holds text{shown}",
            hint="keep only dates and plain numbers, without marks of thousands or per cent",
        ) from None
