"""Calendar-time portfolios: the return of a portfolio of event symbols in excess of its factors (Jaffe 1974; Mandelker
1974).

On every bar the portfolio holds, equally weighted, each symbol with an event window open on that bar; its return is
regressed on the factors. Overlapping windows of the same or other symbols are one return per bar, so their dependence
is in the portfolio's variance (Fama 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from correlator.errors import StudyError, warn
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.estimation.least_squares import coefficients_of, fit_batch, predict_batch
from correlator.eventstudy.estimation.models import Model, model_named
from correlator.eventstudy.panel.factors import factors_by_symbol
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.eventstudy.request.spec import RETURNS_KINDS
from correlator.eventstudy.request.windows import OffsetWindow, Window
from correlator.eventstudy.results.result_frames import two_sided_p

_SHOWN = {
    **{name: pl.Float64() for name in ("alpha", "se", "se_white", "t", "p_value")},
    "df": pl.Int64(),
    "bars": pl.Int64(),
    "holdings": pl.Float64(),
}


@dataclass(frozen=True)
class CalendarTimeAlpha:
    """``alpha`` per bar (fraction), ``se`` by least squares, ``se_white`` heteroscedasticity-consistent (HC1, White
    1980), ``t`` and ``p_value`` from ``se_white`` with ``df`` = bars - k; ``betas`` (K,); ``bars`` with a holding;
    ``holdings`` mean symbols per such bar.
    """

    alpha: float
    se: float
    se_white: float
    t: float
    p_value: float
    df: int
    betas: Array
    bars: int
    holdings: float


def portfolio_returns(returns: Array, symbols: Rows, rows: Rows) -> tuple[Array, Array]:
    """Return the portfolio's returns (T,), NaN where nothing is held, and its number of holdings (T,).

    ``returns`` (T, S) simple returns; ``symbols`` (E,) columns of the events, and ``rows`` (E, B) of their windows. A
    symbol with several open windows is held once; one without a bar is not held.
    """
    held = _open_windows(returns.shape, symbols, rows) & ~np.isnan(returns)
    count = held.sum(axis=1).astype(np.float64)
    total = np.where(held, returns, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), count


def calendar_time_alpha(returns: Array, factors: Array | None, symbols: Rows, rows: Rows) -> CalendarTimeAlpha:
    """Return the alpha of the portfolio of windows on ``factors`` (T, K), or its mean return without them.

    ``returns`` (T, S) should be simple and, with factors, in excess of the risk-free return; ``symbols`` and ``rows``
    as in ``portfolio_returns``. Raises StudyError if there are no more bars with a holding than coefficients.
    """
    portfolio, count = portfolio_returns(returns, symbols, rows)
    regressors = np.zeros((len(returns), 0)) if factors is None else np.asarray(factors, dtype=np.float64)
    fit = fit_batch(portfolio[None], np.ascontiguousarray(regressors.T[:, None, :]), intercept=True)
    k = fit.c.shape[1]
    bars = int(fit.n[0])
    if bars <= k or bool(fit.flat_design[0]):
        raise StudyError(f"{bars} bars with a holding are too few for {k} coefficients", hint="use longer windows")
    df = bars - k
    _, z = predict_batch(fit, np.zeros((k - 1, 1, 1)))
    weights = np.einsum("k,kl->l", z[:, 0, 0], fit.q[:, 0, :])
    se = float(np.sqrt(fit.ssr[0] / df * (z[:, 0, 0] @ z[:, 0, 0])))
    se_white = float(np.sqrt(((weights * fit.residuals[0]) ** 2).sum() * bars / df))
    coefficients = coefficients_of(fit)[0]
    t = coefficients[0] / se_white
    held = count[fit.used[0]]
    p_value = float(two_sided_p(np.array([t]), np.array([df]))[0])
    return CalendarTimeAlpha(
        float(coefficients[0]), se, se_white, float(t), p_value, df, coefficients[1:], bars, float(held.mean())
    )


def calendar_time_frame(
    estimates: EventEstimates, panel: Panel, windows: Sequence[Window], returns_kind: str
) -> pl.DataFrame:
    """Return one row per window: window, alpha, se, se_white, t, p_value, df, bars, holdings (``CalendarTimeAlpha``).

    Log returns and benchmarks are converted to simple ones, because only these average to the return of a portfolio;
    factors are used as given. Models without either give the mean return. A return that began before the symbol was
    held is left out. A window with too few bars has a warning instead of a row. Raises StudyError for windows of dates
    and for volumes.
    """
    if returns_kind not in RETURNS_KINDS:
        raise StudyError(f"calendar-time portfolios need returns, not {returns_kind}", hint="read car instead")
    if estimates.synthetic is not None:
        raise StudyError(
            "calendar-time portfolios do not support the model synthetic",
            hint="read summary, whose errors are by calendar day",
        )
    logs, factors = returns_kind == "log", panel.factors
    model = model_named(estimates.model)
    if not model.needs_benchmark and model.regressors == "none":
        factors = None
    elif factors is not None and model.needs_benchmark:
        factors = np.expm1(factors[:, :1]) if logs else factors[:, :1]
    returns = np.expm1(panel.returns) if logs else panel.returns
    by_symbol = _by_symbol(panel, model, logs=logs)
    for each in by_symbol:
        returns = np.where(np.isnan(each), np.nan, returns)
    rows, symbols = [], estimates.symbol_index
    for window in windows:
        if not isinstance(window, OffsetWindow):
            raise StudyError(
                f"window {window.label} has the same dates for every event", hint="give offsets from day 0, as in -1:1"
            )
        held_on = panel.own_rows(symbols, estimates.day_zero, np.arange(window.first, window.last + 1))
        inside = np.where(_began_before(panel, symbols, held_on), np.nan, returns)
        if by_symbol:  # the benchmark of the portfolio is the mean of the benchmarks of its holdings
            held = [np.where(np.isnan(inside), np.nan, each) for each in by_symbol]
            factors = np.column_stack([portfolio_returns(each, symbols, held_on)[0] for each in held])
        try:
            alpha = calendar_time_alpha(inside, factors, symbols, held_on)
        except StudyError as error:
            warn(f"window {window.label}: {error}")
            continue
        rows.append({"window": window.label, **{name: getattr(alpha, name) for name in _SHOWN}})
    return pl.DataFrame(rows, schema={"window": pl.String(), **_SHOWN})


def _open_windows(shape: tuple[int, ...], symbols: Rows, rows: Rows) -> Mask:
    """Return on which bars (T, S) a symbol has an open window: ``rows`` (E, B) of the columns ``symbols`` (E,)."""
    is_open = np.zeros(shape, dtype=bool)
    for at in rows.T:
        inside = (at >= 0) & (at < shape[0])
        is_open[at[inside], symbols[inside]] = True
    return is_open


def _began_before(panel: Panel, symbols: Rows, rows: Rows) -> Mask:
    """Return which returns (T, S) span a session on which the symbol has no open window: it was not held then."""
    began = np.zeros(panel.returns.shape, dtype=bool)
    if panel.spans is None:
        return began
    is_open = _open_windows(began.shape, symbols, rows)
    at, column = np.nonzero(is_open & (panel.spans > 1))
    sessions = panel.spans[at, column]
    for length in np.unique(sessions).tolist():
        these = sessions == length
        own, spanned = column[these], panel.own_rows(column[these], at[these], np.arange(1 - length, 1))
        was_open = (spanned >= 0) & is_open[spanned, own[:, None]]
        began[at[these], own] = ~was_open.all(axis=1)
    return began


def _by_symbol(panel: Panel, model: Model, *, logs: bool) -> list[Array]:
    """Return the benchmark, or each factor, (T, S) over the sessions of returns; empty if they are the same for all."""
    if model.needs_benchmark:
        own = panel.own_benchmark
        return [] if own is None else [np.expm1(own) if logs else own]
    bridged = panel.spans is not None and (panel.spans > 1).any()
    return factors_by_symbol(panel) if model.regressors == "all" and (bridged or panel.calendars is not None) else []
