"""Factors and the risk-free return on a study's bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from correlator.base.tabular import Frame
from correlator.errors import InputError, NotFoundError, StudyError, warn
from correlator.eventstudy.panel.checks import check_fractions
from correlator.eventstudy.panel.frames import Array, Panel, Wide, on_labels, only_column, read_wide
from correlator.eventstudy.panel.trade_to_trade import over_spans, summed_over

_DAYS_OF_YEAR, _MOST_A_YEAR = 365.25, 3.0
_RATES = ("rf", "risk-free", "risk_free", "riskfree")


def with_factors(panel: Panel, factors: Wide | None, risk_free: Array | None = None) -> Panel:
    """The panel with the columns of ``factors`` in place of its benchmark, returns over the risk-free one.

    ``risk_free`` (T,) is taken off returns and benchmark, but not off factors, which are differences already.
    """
    if factors is not None:
        table = on_labels(factors, panel.labels, "factors")
        panel = replace(panel, factors=table, factor_names=factors.names, own_benchmark=None, benchmark_note="")
        if panel.spans is not None:
            panel = replace(panel, own_benchmark=over_spans(panel))
    if risk_free is None:
        return panel
    rate = summed_over(risk_free[:, None], panel.spans, "sum", len(panel.symbols))
    excess, own = panel.factors, panel.own_benchmark
    if factors is None:
        excess = None if excess is None else excess - risk_free[:, None]
        own = None if own is None else own - rate
    return replace(panel, returns=panel.returns - rate, factors=excess, own_benchmark=own)


def used_factors(
    factors: Wide | None, takes_factors: bool, panel: Panel, *, risk_free: object, benchmark: object
) -> Wide | None:
    """The factors that the model is regressed on; None if it takes none and they only bring the risk-free return.

    Raises StudyError where the model has no factors, InputError where it would leave them unused. A ``benchmark`` next
    to factors is warned of: the model is regressed on them alone.
    """
    if takes_factors:
        if factors is None:
            raise StudyError("model factors needs factors", hint="give factors, or choose another model")
        if benchmark is not None:
            warn("the benchmark is not used: model factors is regressed on the factors alone")
        return factors
    if factors is None:
        return None
    if isinstance(risk_free, str) and risk_free not in panel.symbols:
        return None  # the factors brought that column
    raise InputError(
        "this model does not use factors",
        hint="choose the model factors, or leave factors out",
        argument="factors",
    )


def part_risk_free(
    factors: Frame | None, risk_free: str | Frame | None, panel: Panel
) -> tuple[Wide | None, Array | None]:
    """The factors without the risk-free return, and that (T,) on the panel's bars.

    ``risk_free``: a column of ``factors``, else of the panel, or a frame of its own; fractions per bar. Raises
    NotFoundError for a column that is not there. A column named as rates are, but not asked for, is warned of.
    """
    table = None if factors is None else read_wide(factors, "factors")
    if table is not None:
        check_fractions(table, "factors", "factors")
    if risk_free is None:
        _warn_of_rates(table)
        return table, None
    table, rate = _rate_of(table, risk_free, panel)
    _check_rate(rate, panel)
    return table, rate


def _rate_of(table: Wide | None, risk_free: str | Frame, panel: Panel) -> tuple[Wide | None, Array]:
    """The factors without the risk-free return, and that (T,), from where ``risk_free`` says."""
    if not isinstance(risk_free, str):
        rates = read_wide(risk_free, "risk-free returns")
        return table, only_column(rates, on_labels(rates, panel.labels, "risk-free returns"), "risk_free")
    if risk_free in panel.symbols and (table is None or risk_free not in table.names):
        return table, panel.returns[:, panel.symbols.index(risk_free)]
    if table is None or risk_free not in table.names:
        columns = (*(table.names if table is not None else ()), *panel.symbols)
        raise NotFoundError(f"no column {risk_free!r} for the risk-free return", hint=f"there are {', '.join(columns)}")
    return _without(table, risk_free), on_labels(table, panel.labels, "factors")[:, table.names.index(risk_free)]


def _check_rate(rate: Array, panel: Panel) -> None:
    """Raise InputError for a rate that is per cent or of a year: as a fraction per bar it would be 300 % a year."""
    known = rate[np.isfinite(rate)]
    if len(known) == 0 or len(panel.labels) < 2:
        return
    days = float((panel.labels[-1] - panel.labels[0]) / timedelta(days=1)) / (len(panel.labels) - 1)
    usual = float(np.median(np.abs(known)))
    if usual * _DAYS_OF_YEAR / max(days, 1.0) > _MOST_A_YEAR:
        raise InputError(
            f"risk_free holds per cent, or rates of a year, not fractions per bar (median size {usual:g})",
            hint="divide by 100, or a rate of a year by the bars of a year",
            argument="risk_free",
        )


def _warn_of_rates(factors: Wide | None) -> None:
    """Warn of a column that by its name is the risk-free return, not a factor."""
    for name in () if factors is None else factors.names:
        if name.strip().lower() in _RATES:
            warn(f"factor {name} is regressed on; name it as risk-free to take it off instead")


def _without(wide: Wide, name: str) -> Wide:
    keep = [j for j, other in enumerate(wide.names) if other != name]
    return replace(wide, names=tuple(wide.names[j] for j in keep), values=wide.values[:, keep])
