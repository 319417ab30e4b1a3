"""Wide frames to labels and arrays: any frame with the Arrow PyCapsule interface is accepted.

A wide frame has a column of dates or instants, one row per bar, and one column per symbol. Missing bars are null or NaN
and stay missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.base.tabular import Frame, is_unnamed
from correlator.errors import InputError, NotFoundError, counted, likeliest, listed, warn
from correlator.eventstudy.panel.moments import are_moments, as_labels, holds_day_numbers, is_text, with_days
from correlator.eventstudy.panel.same_bars import check_one_length, check_same_bars
from correlator.eventstudy.panel.weeks import check_same_week, warn_of_long_bars
from correlator.eventstudy.panel.wide_clocks import days_of, with_clocks
from correlator.eventstudy.request.spec import RETURNS_KINDS
from correlator.market.vocabulary import field_of
from correlator.market.written.dates import is_part_of_dates
from correlator.market.written.distinct_names import names_as_written
from correlator.market.written.figures import as_numbers, decimal_mark, machine_numbers, not_numbers

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Spans = NDArray[np.int16]
Rows = NDArray[np.int64]
_LEVELS = ("prices", "volumes")


@dataclass(frozen=True)
class BarFindings:
    """Findings about bars: ``words`` (K,), and ``bits`` (T, S) with bit k set where ``words[k]`` applies."""

    words: tuple[str, ...]
    bits: NDArray[np.uint32]


@dataclass(frozen=True)
class Donors:
    """Securities that the events cannot affect, from which the model ``synthetic`` builds each share's counterfactual.

    ``names`` (M,); ``returns`` (T, M) of single sessions, fractions, NaN where missing; ``allowed`` (S, M) which of
    them each symbol may have; ``countries`` (M,) ISO 3166-1 alpha-3 or None; ``levels`` (T, M) and ``own_levels``
    (T, S) the log prices of donors and symbols, used to bridge holes, None if holes are not bridged; ``simple`` whether
    returns are simple.
    """

    names: tuple[str, ...]
    returns: Array
    allowed: Mask
    countries: tuple[str | None, ...]
    levels: Array | None = None
    own_levels: Array | None = None
    simple: bool = False

    def of(self, symbols: NDArray[np.int64]) -> Donors:
        """Return the donors restricted to the symbols in the columns ``symbols``."""
        own = None if self.own_levels is None else self.own_levels[:, symbols]
        return replace(self, allowed=self.allowed[symbols], own_levels=own)


@dataclass(frozen=True)
class Calendars:
    """The sessions of several exchanges on the rows of one panel.

    ``exchanges``: their codes; ``of`` (S,): which of them each symbol trades on; ``rows``: for each exchange the rows
    of the panel that are its sessions, ascending.
    """

    exchanges: tuple[str, ...]
    of: Rows
    rows: tuple[Rows, ...]

    def places(self, symbols: Rows, rows: Rows) -> Rows:
        """Return positions (E, ...) of ``rows`` (E, ...) among the sessions of the exchange of each symbol (E,).

        For a row that is not a session, the position of the next session.
        """
        places = np.empty_like(rows)
        for k, sessions in enumerate(self.rows):
            mask = self.of[symbols] == k
            places[mask] = np.searchsorted(sessions, rows[mask])
        return places

    def rows_at(self, symbols: Rows, places: Rows, total: int) -> Rows:
        """Return rows (E, ...) of sessions at ``places`` (E, ...): -1 before the first, ``total`` after the last."""
        rows = np.empty_like(places)
        for k, sessions in enumerate(self.rows):
            mask = self.of[symbols] == k
            at = places[mask]
            inside = sessions[np.clip(at, 0, len(sessions) - 1)]
            rows[mask] = np.where(at < 0, -1, np.where(at >= len(sessions), total, inside))
        return rows


@dataclass(frozen=True)
class Panel:
    """The data of a study: T bars of S symbols, and of K factors.

    ``labels`` (T,) Date or Datetime, ascending, one per bar; ``symbols`` (S,) names; ``returns`` (T, S) fractions, NaN
    where missing; ``factors`` (T, K) or None, the benchmark first; ``factor_names`` (K,); ``limit_locked`` and
    ``zero_volume`` (T, S) mark bars whose return is censored, None if unknown; ``own_benchmark`` (T, S) the benchmark
    of each symbol if they differ (a share is never in its own mean), None if all have that of ``factors``;
    ``benchmark_note`` describes what the benchmark is made of; ``invalid`` (T, S) marks numbers that are not returns
    (NaN in ``returns``): no event with one in its windows is measured; ``spans`` (T, S) sessions since the last trade
    that each return covers, None if each covers one; ``findings`` of the price audit about bars, None if it was not run
    or found nothing; ``dropped`` (T, S) marks returns left out because of them (NaN in ``returns``), None if there are
    none; ``donors`` of the model ``synthetic``; ``purged`` (T, S) bars that no estimation uses, since they are within
    reach of an event of the share; ``beside`` further series that every return needs (a risk-free return, an exchange
    rate): the name of each and where (T, S) it has a value; ``calendars`` the sessions of each exchange if symbols
    trade on several, None if every row is a session of all symbols; ``own_factors`` the factors (T, K) of each exchange
    on its sessions, if the model has factors, each since the session before; None for a benchmark; ``zone`` the time
    zone of the exchange of instants, None if it is not known, and for dates; ``risk_free`` (T, S) what was subtracted
    from ``returns``, over their sessions, None if nothing was.
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
    beside: tuple[tuple[str, Mask], ...] = ()
    calendars: Calendars | None = None
    own_factors: tuple[Array, ...] | None = None
    zone: str | None = None
    risk_free: Array | None = None

    @property
    def local_labels(self) -> pl.Series:
        """The labels; instants in the time of the exchange, as written if its zone is not known."""
        return self.labels if self.zone is None else self.labels.dt.convert_time_zone(self.zone)

    def own_rows(self, symbols: Rows, rows: Rows, offsets: Rows) -> Rows:
        """Return rows (E, K) that lie ``offsets`` (K,) sessions of each symbol's exchange from its row (E,).

        With several exchanges, -1 before the first session and T after the last.
        """
        if self.calendars is None:
            return rows[:, None] + offsets
        places = self.calendars.places(symbols, rows)[:, None] + offsets
        return self.calendars.rows_at(symbols, places, len(self.labels))

    def own_offsets(self, symbols: Rows, day_zero: Rows, rows: Rows) -> Rows:
        """Return the number of sessions (E, K) of each symbol's exchange from its day 0 (E,) to ``rows`` (E, K)."""
        if self.calendars is None:
            return rows - day_zero[:, None]
        return self.calendars.places(symbols, rows) - self.calendars.places(symbols, day_zero)[:, None]

    def is_session(self, symbols: Rows, rows: Rows) -> Mask:
        """Return whether ``rows`` (E, K) are sessions of each symbol's exchange."""
        if self.calendars is None:
            return np.ones(rows.shape, dtype=bool)
        places = self.calendars.places(symbols, rows)
        return np.asarray(self.calendars.rows_at(symbols, places, len(self.labels)) == rows)

    @property
    def benchmark(self) -> Array | None:
        """The benchmark (T, S) of each symbol, or (T, 1) for all; None if there is none."""
        return self.factors[:, :1] if self.own_benchmark is None and self.factors is not None else self.own_benchmark


@dataclass(frozen=True)
class Wide:
    """A wide frame as arrays: ``labels`` (T,), ``names`` (S,), ``values`` (T, S) with NaN where missing."""

    labels: pl.Series
    names: tuple[str, ...]
    values: Array

    def column(self, name: str) -> Array:
        if name not in self.names:
            raise NotFoundError(f"column {name!r} is missing", hint=likeliest(name, self.names, "columns are"))
        return self.values[:, self.names.index(name)]

    def only(self, names: Sequence[str]) -> Wide:
        """Return only the columns ``names``."""
        return replace(self, names=tuple(names), values=np.column_stack([self.column(name) for name in names]))


def read_wide(frame: Frame, what: str, zone: str | None = None) -> Wide:
    """Read a wide frame; rows are sorted by label.

    Rows around the table (totals, notes), rows without a date and duplicate rows are left out with a warning.
    ``zone``: the time zone by which instants that come once a day become days, and times without a time zone become
    instants. Raises InputError for a frame without labels, and where two rows of one label differ.
    """
    table = _without_row_numbers(with_days(frame, what))
    _refuse_repeated_names(table, what)
    label = label_column(table, what)
    table = table.drop(column.name for column in table if column.name != label and is_part_of_dates(column))
    table, stated_zones = with_clocks(table, label)
    table = _dated_rows(table, label, what)
    labels = as_labels(table[label], what)
    table = table.with_columns(labels.alias(label)).sort(label)
    table = table.with_columns(days_of(table[label], what, zone, stated_zones).alias(label))
    table = _one_row_each(table, label, what)
    warn_of_long_bars(table[label], what)
    names = tuple(name for name in table.columns if name != label)
    values = as_figures(table.drop(label), what)
    stacked = np.stack(values).T if values else np.zeros((len(table), 0))
    check_one_length(table[label], names, stacked, what)
    return Wide(table[label].rename("session"), names, stacked)


def _without_row_numbers(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table without a first column that is unnamed and counts the rows: it is not a share."""
    if not table.width or not is_unnamed(table.columns[0]):
        return table
    first = table.to_series(0)
    if not first.dtype.is_integer() or first.null_count() or not len(first) or first[0] not in (0, 1):
        return table
    return table.drop(first.name) if (first.diff().drop_nulls() == 1).all() else table


def _refuse_repeated_names(table: pl.DataFrame, what: str) -> None:
    """Raise InputError for names that a library made distinct, such as LAMP and LAMP.1."""
    names = names_as_written(table.columns)
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        second = next(column for column, name in zip(table.columns, names, strict=True) if column != name == repeated)
        raise InputError(f"{what} have two columns named {repeated!r} ({second!r})", hint="keep one column per name")


def _dated_rows(table: pl.DataFrame, label: str, what: str) -> pl.DataFrame:
    """Return the rows with a date from the first to the last; warn of other rows that are not empty."""
    dated = are_moments(table[label])
    if dated.all():
        return table
    if not dated.any():
        return table.filter(table[label].is_not_null())  # the parser of the labels reports what they hold
    first, last = dated.arg_true()[0], dated.arg_true()[-1]
    rows = pl.arange(0, table.height, eager=True)
    empty = table[label].is_null()
    if table[label].dtype == pl.String:
        empty |= table[label].str.strip_chars() == ""
    empty = empty.fill_null(value=True)
    lost = (~rows.is_between(first, last) | empty) & _has_content(table)
    if lost.any():
        cell = next((str(each) for each in table.filter(lost).row(0) if each is not None), "")
        number = int(lost.sum())
        warn(f"{counted(number, 'row')} of {what} without a date, first {cell!r}: left out")
    return table.filter(rows.is_between(first, last) & ~empty)


def _has_content(table: pl.DataFrame) -> pl.Series:
    """Return whether each row has any cell that is not empty."""
    cells = [column.is_not_null() if column.dtype != pl.String else column.fill_null("") != "" for column in table]
    return reduce(or_, cells)


def _one_row_each(table: pl.DataFrame, label: str, what: str) -> pl.DataFrame:
    """Return the table with one row per label, without duplicate rows. Raises InputError where two rows differ."""
    if not table[label].is_duplicated().any():
        return table
    distinct = table.unique(maintain_order=True)
    conflicts = distinct[label].filter(distinct[label].is_duplicated())
    if len(conflicts):
        raise InputError(f"{what} have several rows for {conflicts[0]} that differ", hint="keep one row per bar")
    warn(f"{counted(table.height - distinct.height, 'duplicate row')} of {what} left out")
    return distinct


def label_column(table: pl.DataFrame, what: str) -> str:
    """Return the name of the column of labels.

    It is the first column of dates or instants, else the first column if it holds YYYYMMDD or is called date, else the
    first column of text.
    """
    for name, kind in table.schema.items():
        if kind.base_type() in (pl.Date, pl.Datetime):
            return name
    for column in table.get_columns()[:1]:
        if holds_day_numbers(column) or (column.dtype.is_numeric() and field_of(column.name) in ("date", "time")):
            return column.name
    for column in table:
        if is_text(column):
            return column.name
    raise InputError(f"{what} have no column of dates", hint="the first column should hold dates or timestamps")


def returns_of(prices: Array, kind: str) -> Array:
    """Return the returns (T, S) of ``prices`` (T, S): ``log`` or ``simple``, fractions.

    NaN at the first bar and on both sides of a missing or non-positive price: a return over a hole is not of one bar.
    """
    if kind not in RETURNS_KINDS:
        raise InputError(f"returns {kind!r} is not known", hint=f"choose {' or '.join(RETURNS_KINDS)}")
    positive = np.where((prices > 0) & np.isfinite(prices), prices, np.nan)
    ratio = np.full_like(positive, np.nan)
    np.divide(positive[1:], positive[:-1], out=ratio[1:])
    return np.log(ratio, out=ratio) if kind == "log" else np.subtract(ratio, 1.0, out=ratio)


def as_simple(values: Any, kind: str) -> Any:
    """Return cumulated returns of ``kind`` (log, simple; log volumes too) as simple ones, for display in per cent.

    Examples
    --------
    >>> round(as_simple(-0.105, "log"), 4), as_simple(-0.1, "simple")
    (-0.0997, -0.1)
    """
    return values if kind == "simple" else np.expm1(values)


def log_volume_of(volumes: Array) -> Array:
    """Return the natural logarithm of ``volumes`` (T, S), NaN where nothing was traded (Ajinkya & Jain 1989)."""
    return np.log(np.where(volumes > 0, volumes, np.nan))


def on_labels(wide: Wide, labels: pl.Series, what: str) -> Array:
    """Return the values (T, S) of ``wide`` at ``labels``, NaN where it has no such bar.

    Raises InputError if no label matches, if the dates are shifted by a day or if the bars have another length, and
    TimeError if only one of the two has a time zone.
    """
    check_same_bars(wide.labels, labels, what)
    check_same_week(wide.labels, labels, what)
    target = pl.DataFrame({"session": labels})
    source = pl.DataFrame({"session": wide.labels.cast(labels.dtype)}).with_row_index("row")
    rows = target.join(source, on="session", how="left", maintain_order="left")["row"]
    if rows.null_count() == len(rows):
        raise InputError(f"{what} and returns have no date in common", hint="check the dates of both")
    known = rows.is_not_null().to_numpy()
    values = np.full((len(labels), wide.values.shape[1]), np.nan)
    values[known] = wide.values[rows.drop_nulls().to_numpy()]
    return values


def only_column(wide: Wide, values: Array, argument: str) -> Array:
    """Return the one column (T,) of ``values`` (T, S), which belong to ``wide``; raises InputError unless S is 1."""
    if len(wide.names) != 1:
        hint = "give a frame of dates and one column"
        raise InputError(
            f"{argument} must have one column, got {len(wide.names)}: {listed(wide.names) or 'none'}",
            hint=hint,
            argument=argument,
        )
    return np.asarray(values[:, 0])


def as_figures(table: pl.DataFrame, what: str) -> list[Array]:
    """Return the columns (T,) of a table as numbers, NaN where empty; text is parsed as in files of prices.

    Per cent is divided by 100, and refused in prices and volumes. Raises InputError for a column that holds anything
    else, and where the decimal mark is ambiguous.
    """
    columns = {column.name: column.alias("") for column in table}  # polars reads some names of series as patterns
    texts = {name: column.cast(pl.String) for name, column in columns.items() if is_text(column)}
    formatted = {name: column for name, column in texts.items() if machine_numbers(column) is None}
    try:
        mark = decimal_mark(formatted, usual="." if what == "volumes" else None, source=what) if formatted else "."
    except InputError as problem:
        raise InputError(problem.message, hint="write plain numbers with a decimal point") from None
    return [_numbers(column, name, what, mark if name in formatted else ".") for name, column in columns.items()]


def _numbers(column: pl.Series, name: str, what: str, decimal: str) -> Array:
    if not (column.dtype.is_numeric() or column.dtype == pl.Null or is_text(column)):
        raise InputError(
            f"column {name!r} of {what} holds {column.dtype}, not numbers",
            hint="keep one column of dates and columns of plain numbers",
        )
    if not is_text(column):
        return column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    text = column.cast(pl.String)
    infinite = text.str.strip_chars().str.to_lowercase().str.contains(r"^[-+]?inf(inity)?$")
    numbers = as_numbers(text, decimal=decimal)
    per_cent = text.str.contains("%", literal=True).fill_null(value=False)
    wrong = not_numbers(text, numbers) & ~infinite.fill_null(value=False)
    if what in _LEVELS:
        wrong |= per_cent
    if wrong.any():
        raise InputError(
            f"column {name!r} of {what}: {text.filter(wrong)[0]!r} is not a number",
            hint="keep only dates and numbers",
        )
    infinities = text.str.strip_chars().cast(pl.Float64, strict=False)
    fractions = numbers / (1 + 99 * per_cent.cast(pl.Int64))
    values = pl.select(pl.when(infinite).then(infinities).otherwise(fractions)).to_series()
    return values.fill_null(np.nan).to_numpy()
