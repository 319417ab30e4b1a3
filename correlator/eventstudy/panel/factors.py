"""Factors and the risk-free return on a study's bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from correlator.base.tabular import Frame
from correlator.errors import InputError, NotFoundError, StudyError, counted, warn
from correlator.eventstudy.panel.checks import check_fractions
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows, Wide, on_labels, only_column, read_wide
from correlator.eventstudy.panel.trade_to_trade import factors_over_spans, summed_over
from correlator.market.factor_units import ANNUAL, PERCENT, RATE_UNITS, check_unit

_DAYS_OF_YEAR, _MOST_A_YEAR = 365.25, 3.0
_DAYS_OF_RATE, _MICROSECONDS_OF_DAY = 365, 86_400_000_000
_NO_FACTOR, _NO_RATE = -0.9998, -50.0
"""Marks of missing values from here down: -99.99 per cent of a factor, and for rates of any unit."""
_RATES = ("rf", "risk-free", "risk_free", "riskfree")


def with_factors(
    panel: Panel, factors: Wide | None, risk_free: Array | None = None, *, of_prices: bool = True
) -> Panel:
    """Return the panel with ``factors`` in place of its benchmark, and returns in excess of the risk-free return.

    ``risk_free`` (T,) is subtracted from returns and benchmark, but not from factors, which are differences already.
    ``of_prices``: returns are from price to price, so that factors of days in between count for the next session.
    """
    if factors is not None:
        own_factors = tuple(_on_own_sessions(factors, panel, rows, between=of_prices) for rows, _ in _blocks(panel))
        panel = replace(
            panel,
            factors=_first_known(own_factors),
            factor_names=factors.names,
            own_factors=own_factors,
            own_benchmark=None,
            benchmark_note="",
        )
    if risk_free is None:
        return panel
    rate = over_own_sessions(panel, (risk_free,) * len(_blocks(panel)))
    excess, own = panel.factors, panel.own_benchmark
    if factors is None:
        excess = None if excess is None else excess - risk_free[:, None]
        own = None if own is None else own - rate
    known = np.broadcast_to(np.isfinite(risk_free)[:, None], panel.returns.shape)
    beside = (*panel.beside, ("the risk-free return", known))
    returns = panel.returns - rate
    return replace(panel, returns=returns, factors=excess, own_benchmark=own, beside=beside, risk_free=rate)


def over_own_sessions(panel: Panel, values: Sequence[Array]) -> Array:
    """Return ``values``, for each exchange (T,), as (T, S): summed over the sessions of each symbol's returns.

    Missing if a value within them is.
    """
    summed = np.full(panel.returns.shape, np.nan)
    for (rows, columns), own in zip(_blocks(panel), values, strict=True):
        block = np.ix_(rows, columns)
        spans = None if panel.spans is None else panel.spans[block]
        summed[block] = summed_over(own[rows, None], spans, "sum", len(columns))
    return summed


def factors_by_symbol(panel: Panel) -> list[Array]:
    """Return each factor (T, S) over the sessions of each symbol's returns; none if the model has a benchmark."""
    if panel.own_factors is None:
        return []
    return [over_own_sessions(panel, each) for each in zip(*(own.T for own in panel.own_factors), strict=True)]


def factors_of(panel: Panel, symbol: int) -> Array | None:
    """Return the factors (T, K), or the benchmark (T, 1), over the sessions of the returns of one symbol."""
    if panel.own_factors is not None:
        k = 0 if panel.calendars is None else int(panel.calendars.of[symbol])
        rows, _ = _blocks(panel)[k]
        spans = np.ones((len(rows), 1), np.int16) if panel.spans is None else panel.spans[rows][:, [symbol]]
        factors = np.full(panel.own_factors[k].shape, np.nan)
        own, every = panel.own_factors[k][rows], np.arange(len(rows))[None, :]
        factors[rows] = factors_over_spans(own, spans, every, np.array([0]))[:, 0].T
        return factors
    return panel.factors if panel.own_benchmark is None else panel.own_benchmark[:, [symbol]]


def _blocks(panel: Panel) -> list[tuple[Rows, Rows]]:
    """Return the rows and the columns of each exchange."""
    if panel.calendars is None:
        return [(np.arange(len(panel.labels)), np.arange(len(panel.symbols)))]
    of = panel.calendars.of
    return [(rows, np.flatnonzero(of == k)) for k, rows in enumerate(panel.calendars.rows)]


def _on_sessions(wide: Wide, sessions: pl.Series, what: str, *, between: bool) -> Array:
    """Return the values (T, K) of ``wide`` at ``sessions`` (T,), NaN where it has no row.

    ``between``: values between two sessions, or bars, are added to the second; a row without any value is none.
    """
    own = on_labels(wide, sessions, what)
    if between:
        labels = wide.labels.cast(sessions.dtype)
        after = sessions.search_sorted(labels).to_numpy()
        add = ~labels.is_in(sessions.implode()).to_numpy() & (after > 0) & (after < len(sessions))
        add &= np.isfinite(wide.values).any(axis=1)
        filled = add & _filled_forward(wide, sessions)
        if filled.any():
            rows = counted(int(filled.sum()), "row")
            warn(f"{rows} of {what} between sessions only repeat the row before: taken as filled forward and left out")
        add &= ~filled
        np.add.at(own, after[add], wide.values[add])
    return own


def _filled_forward(wide: Wide, sessions: pl.Series) -> Mask:
    """Return the rows (T,) that repeat the row before, if all on days of the week without ``sessions`` do."""
    rest = ~wide.labels.dt.weekday().is_in(sessions.dt.weekday().unique().implode()).to_numpy()
    repeats = np.concatenate([[False], (wide.values[1:] == wide.values[:-1]).all(axis=1)])
    return repeats & bool(rest.any() and repeats[rest].all())


def _on_own_sessions(factors: Wide, panel: Panel, rows: Rows, *, between: bool) -> Array:
    """Return the factors (T, K) at the sessions ``rows`` of one exchange, NaN elsewhere."""
    values = np.full((len(panel.labels), factors.values.shape[1]), np.nan)
    values[rows] = _on_sessions(factors, panel.labels.gather(rows), "factors", between=between)
    return values


def _first_known(factors: Sequence[Array]) -> Array:
    """Return the factors (T, K) by date: of the first exchange that has them."""
    known = factors[0]
    for each in factors[1:]:
        known = np.where(np.isnan(known), each, known)
    return known


def used_factors(
    factors: Wide | None, takes_factors: bool, panel: Panel, *, risk_free: object, benchmark: object
) -> Wide | None:
    """Return the factors that the model uses; None if it uses none and they only provide the risk-free return.

    Raises StudyError if the model needs factors and has none, InputError if it would not use them. Warns of a
    ``benchmark`` next to factors, which is not used.
    """
    if takes_factors:
        if factors is None:
            raise StudyError("the model factors needs factors", hint="give factors, or choose another model")
        if benchmark is not None:
            warn("the benchmark is not used: the model factors uses the factors only")
        return factors
    if factors is None:
        return None
    if isinstance(risk_free, str) and risk_free not in panel.symbols:
        return None  # the factors contain the risk-free column
    raise InputError(
        "factors are used by the model factors only",
        hint="choose the model factors, or leave factors out",
        argument="factors",
    )


def part_risk_free(
    factors: Frame | None,
    risk_free: str | Frame | None,
    panel: Panel,
    unit: str | None = None,
    *,
    of_prices: bool = True,
) -> tuple[Wide | None, Array | None]:
    """Return the factors without the risk-free return, and the risk-free return (T,) on the panel's bars, in fractions.

    ``risk_free``: a column of ``factors``, else of the panel, or a separate frame; ``unit``: one of ``RATE_UNITS``,
    default fractions per bar; ``of_prices`` as in ``with_factors``. Raises NotFoundError for a missing column,
    InputError for a unit of a column of the panel. Warns of a factor that by its name is the risk-free return.
    """
    check_unit(unit, "risk_free_unit")
    if unit is not None and risk_free is None:
        raise InputError(
            "risk_free_unit has no effect without risk_free", hint="give risk_free", argument="risk_free_unit"
        )
    table = None if factors is None else _without_marks(read_wide(factors, "factors"), "factors", _NO_FACTOR)
    written = None
    if risk_free is not None:
        between = of_prices and not (unit or "").startswith(ANNUAL)  # an annual rate counts the days in between itself
        table, written = _rate_of(table, risk_free, panel, unit, between=between)
    if table is not None:
        check_fractions(table, "factors", "factors", remedy="divide by 100: factors_unit='percent' of a study does")
    if written is None:
        _warn_of_rates(table)
        return table, None
    rate = _per_bar(written, panel, unit)
    _check_rate(rate, panel)
    return table, rate


def _without_marks(wide: Wide, what: str, highest: float) -> Wide:
    """Return ``wide`` without marks of missing values, such as -99.99 and -999, and infinite ones; warn of them.

    ``highest``: the highest number that is no value.
    """
    with np.errstate(invalid="ignore"):
        marks = (wide.values <= highest) | np.isinf(wide.values)
    if not marks.any():
        return wide
    row, column = np.argwhere(marks)[0]
    warn(
        f"{int(marks.sum())} of {what} mark missing values ({wide.values[row, column]:g}), first "
        f"{wide.names[column]} on {wide.labels[int(row)]}: treated as missing"
    )
    return replace(wide, values=np.where(marks, np.nan, wide.values))


def _per_bar(written: Array, panel: Panel, unit: str | None) -> Array:
    """Return rates (T,) as fractions per bar; an annual rate counts for the days since the bar before, of 365."""
    if unit is None:
        return written
    rate = written / 100.0 if unit.endswith(PERCENT) else written
    if not unit.startswith(ANNUAL) or len(panel.labels) < 2:
        return rate
    days = panel.labels.cast(pl.Datetime("us")).diff().dt.total_microseconds().to_numpy() / _MICROSECONDS_OF_DAY
    return np.asarray(rate * np.where(np.isnan(days), np.nanmedian(days), days) / _DAYS_OF_RATE)


def _rate_of(
    table: Wide | None, risk_free: str | Frame, panel: Panel, unit: str | None, *, between: bool
) -> tuple[Wide | None, Array]:
    """Return the factors without the risk-free return, and the risk-free return (T,) that ``risk_free`` names."""
    if not isinstance(risk_free, str):
        rates = _without_marks(read_wide(risk_free, "risk-free returns"), "risk-free returns", _NO_RATE)
        written = _on_sessions(rates, panel.labels, "risk-free returns", between=between)
        return table, only_column(rates, written, "risk_free")
    if risk_free in panel.symbols and (table is None or risk_free not in table.names):
        if unit is not None:
            raise InputError(
                f"risk_free_unit has no effect on {risk_free!r}, a column of the frame: its returns are used",
                hint="give risk_free as a frame of its own, or leave risk_free_unit out",
                argument="risk_free_unit",
            )
        return table, panel.returns[:, panel.symbols.index(risk_free)]
    if table is None or risk_free not in table.names:
        columns = (*(table.names if table is not None else ()), *panel.symbols)
        raise NotFoundError(
            f"column {risk_free!r} for the risk-free return is missing", hint=f"columns are {', '.join(columns)}"
        )
    rate = _on_sessions(table.only([risk_free]), panel.labels, "factors", between=between)
    return _without(table, risk_free), rate[:, 0]


def _check_rate(rate: Array, panel: Panel) -> None:
    """Raise InputError for a rate in per cent or per year: as a fraction per bar it would be above 300 % a year."""
    known = rate[np.isfinite(rate)]
    if len(known) == 0 or len(panel.labels) < 2:
        return
    days = float((panel.labels[-1] - panel.labels[0]) / timedelta(days=1)) / (len(panel.labels) - 1)
    usual = float(np.median(np.abs(known)))
    if usual * _DAYS_OF_YEAR / max(days, 1.0) > _MOST_A_YEAR:
        raise InputError(
            f"risk_free holds per cent or annual rates, not fractions per bar (median size {usual:g})",
            hint=f"give risk_free_unit: {', '.join(RATE_UNITS)}",
            argument="risk_free",
        )


def _warn_of_rates(factors: Wide | None) -> None:
    """Warn of a column that by its name is the risk-free return, not a factor."""
    for name in () if factors is None else factors.names:
        if name.strip().lower() in _RATES:
            warn(f"column {name} is used as a factor; give it as risk_free to subtract it from returns instead")


def _without(wide: Wide, name: str) -> Wide:
    keep = [j for j, other in enumerate(wide.names) if other != name]
    return replace(wide, names=tuple(wide.names[j] for j in keep), values=wide.values[:, keep])
