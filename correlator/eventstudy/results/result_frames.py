"""Build the tables of a study from its arrays: pure functions, one per output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError, NotFoundError, likeliest
from correlator.eventstudy.estimation.estimates import EventEstimates
from correlator.eventstudy.panel.flagged import marks_of
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.eventstudy.placing.flagged_windows import window_findings


def two_sided_p(t: Array, df: NDArray[Any]) -> Array:
    """Return two-sided p-values of Student's t with ``df`` degrees of freedom, NaN where t is NaN."""
    from scipy.special import stdtr

    return np.asarray(2.0 * stdtr(df, -np.abs(t)))


def ratio(value: Array, se: Array) -> Array:
    """Return ``value`` / ``se`` without warnings; 0/0 is NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(value / se)


def ar_frame(estimates: EventEstimates, panel: Panel, events: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event and bar of its window, in the order of the events."""
    count, days = estimates.ar.shape
    rows = event_rows(estimates, panel)
    offsets = np.arange(days) + (estimates.win_first - estimates.day_zero)[:, None]
    if "event" in estimates.dated:
        offsets = panel.own_offsets(estimates.symbol_index, estimates.day_zero, rows)
    t = ratio(estimates.ar, estimates.ar_se)
    flat = {
        "day": offsets,
        "return": estimates.actual,
        "expected": estimates.expected,
        "ar": estimates.ar,
        "se": estimates.ar_se,
        "t": t,
        "p_value": two_sided_p(t, estimates.df[:, None]),
    }
    frame = names_of(estimates, events)[np.repeat(np.arange(count), days)].with_columns(
        panel.labels[rows.ravel()].alias("session"),
        *(pl.Series(name, values.ravel(), nan_to_null=values.dtype == np.float64) for name, values in flat.items()),
        _flags(estimates, panel, rows).alias("flags"),
    )
    frame = frame.select("event_id", "symbol", "session", *flat, "flags")
    is_open = _own_sessions(estimates, panel)
    return frame if is_open is None else frame.filter(pl.Series(is_open.ravel()))


def _own_sessions(estimates: EventEstimates, panel: Panel) -> Mask | None:
    """Return which days (E, D) of windows of dates are sessions of each share's exchange; None if all are."""
    if "event" not in estimates.dated:
        return None
    return panel.is_session(estimates.symbol_index, event_rows(estimates, panel))


def event_rows(estimates: EventEstimates, panel: Panel) -> Rows:
    """Return the rows (E, D) of the panel for the days of each event window."""
    return _rows_from("event", estimates.win_first, estimates.ar.shape[1], estimates, panel=panel)


def estimation_rows(estimates: EventEstimates, panel: Panel, bars: int) -> Rows:
    """Return the rows (E, L) of the panel for the ``bars`` of each estimation window; some may lie outside of it."""
    return _rows_from("estimation", estimates.est_first, bars, estimates, panel=panel)


def _rows_from(window: str, first: Rows, count: int, estimates: EventEstimates, *, panel: Panel) -> Rows:
    if panel.calendars is None or window in estimates.dated or not len(estimates):
        return first[:, None] + np.arange(count)
    # Windows of offsets from day 0 have the same offsets for every event.
    offsets = int(first[0] - estimates.day_zero[0]) + np.arange(count)
    return panel.own_rows(estimates.symbol_index, estimates.day_zero, offsets)


def car_frame(
    estimates: EventEstimates, panel: Panel, events: pl.DataFrame, labels: tuple[str, ...], *, columns: Rows
) -> pl.DataFrame:
    """Return one row per event and window; ``low`` and ``high``: 95 % interval of the CAR; ``flags``: see
    ``_window_flags``; ``findings``: its flagged bars.
    """
    t, df = ratio(estimates.car, estimates.car_se), np.broadcast_to(estimates.df[:, None], estimates.car.shape)
    half_width = _critical_t(df) * estimates.car_se
    flat = {
        "car": estimates.car,
        "se": estimates.car_se,
        "t": t,
        "p_value": two_sided_p(t, df),
        "low": estimates.car - half_width,
        "high": estimates.car + half_width,
    }
    return per_window(estimates, events, labels).with_columns(
        *(pl.Series(name, values.ravel(), nan_to_null=True) for name, values in flat.items()),
        pl.Series("df", df.ravel()),
        pl.Series("n", estimates.n_car.ravel()),
        _window_flags(estimates, columns, _own_sessions(estimates, panel)),
        _findings(estimates, panel, columns),
    )


def _findings(estimates: EventEstimates, panel: Panel, columns: Rows) -> pl.Series:
    """Describe the flagged bars of each window (E x W)."""
    symbols = np.repeat(estimates.symbol_index, len(columns))
    if not len(estimates):  # without events there are no days
        return window_findings(panel, symbols, symbols, symbols)
    rows = event_rows(estimates, panel)
    return window_findings(panel, symbols, rows[:, columns[:, 0]].ravel(), rows[:, columns[:, 1]].ravel())


def _window_flags(estimates: EventEstimates, columns: Rows, is_open: Mask | None) -> pl.Series:
    """Return the flags (E x W) of each window.

    ``missing``: some sessions of the window are in no return; ``over-holes``: a return spans several sessions;
    ``began-before``: a return began before the window; ``ends-after``: the last session has no return. In the last two
    cases there is no CAR. ``is_open`` (E, D): which days are sessions of the share's exchange, None for all.
    """
    words = np.full(estimates.car.shape, "", dtype=object)
    valid = ~np.isnan(estimates.ar)
    spans = np.ones(valid.shape, dtype=np.int64) if estimates.spans is None else estimates.spans.astype(np.int64)
    days = np.arange(valid.shape[1])
    sessions = np.ones_like(valid) if is_open is None else is_open
    for w, (first, last) in enumerate(columns if len(valid) else ()):
        inside = valid[:, first : last + 1]
        open_days = sessions[:, first : last + 1]
        end = last - np.argmax(open_days[:, ::-1], axis=1)
        began_before = (inside & (spans > days - first + 1)[:, first : last + 1]).any(axis=1)
        over_holes = (inside & (spans[:, first : last + 1] > 1)).any(axis=1)
        covered = np.where(inside, spans[:, first : last + 1], 0).sum(axis=1)
        words[covered < open_days.sum(axis=1), w] = "missing"
        words[over_holes, w] = "over-holes"
        if estimates.spans is not None:
            words[inside.any(axis=1) & ~valid[np.arange(len(valid)), end], w] = "ends-after"
        words[began_before, w] = "began-before"
    return pl.Series("flags", words.ravel().tolist(), dtype=pl.String)


def _critical_t(df: NDArray[Any]) -> Array:
    """Return the critical t of a two-sided 95 % interval, NaN without degrees of freedom."""
    from scipy.special import stdtrit

    distinct, which = np.unique(df, return_inverse=True)  # few among many events, and each takes a microsecond
    return np.asarray(stdtrit(np.where(distinct > 0, distinct, np.nan), 0.975)[which].reshape(df.shape))


def with_error(averages: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add ``se``, ``df`` and the bounds ``low`` and ``high`` of a 95 % interval to the averages ``name``.

    ``averages`` has ``n`` and ``sd`` across events; the added columns are null for one event.
    """
    df = (averages["n"] - 1).cast(pl.Int64)
    se = averages["sd"] / averages["n"].cast(pl.Float64).sqrt()
    half_width = pl.Series(_critical_t(df.to_numpy())) * se
    added = [
        se.alias("se"),
        df.replace({-1: None, 0: None}).alias("df"),
        (averages[name] - half_width).alias("low"),
        (averages[name] + half_width).alias("high"),
    ]
    return averages.with_columns(*(column.fill_nan(None) if column.dtype.is_float() else column for column in added))


def bhar_frame(
    estimates: EventEstimates,
    panel: Panel,
    events: pl.DataFrame,
    labels: tuple[str, ...],
    *,
    columns: Rows,
    returns_kind: str,
) -> pl.DataFrame:
    """Return buy-and-hold abnormal returns (Barber & Lyon 1997): prod(1+R) - prod(1+E[R]) over bars with a return.

    R are whole returns, also where the model is one of returns in excess of the risk-free return.
    """
    valid = ~np.isnan(estimates.ar)
    excess = _risk_free(estimates, panel)
    returns = [np.where(valid, values + excess, 0.0) for values in (estimates.actual, estimates.expected)]
    logs = returns if returns_kind == "log" else [np.log1p(values) for values in returns]
    bhar = np.full(estimates.car.shape, np.nan)
    for w, (first, last) in enumerate(columns):
        actual, expected = (np.expm1(values[:, first : last + 1].sum(axis=1)) for values in logs)
        bhar[:, w] = np.where(np.isnan(estimates.car[:, w]), np.nan, actual - expected)
    return per_window(estimates, events, labels).with_columns(
        pl.Series("bhar", bhar.ravel(), nan_to_null=True),
        pl.Series("n", estimates.n_car.ravel()),
        _window_flags(estimates, columns, _own_sessions(estimates, panel)),
    )


def _risk_free(estimates: EventEstimates, panel: Panel) -> Array:
    """Return the risk-free returns (E, D) that were subtracted on the days of each event window; zeros without them."""
    if panel.risk_free is None:
        return np.zeros(estimates.ar.shape)
    rows = np.clip(event_rows(estimates, panel), 0, len(panel.labels) - 1)
    return np.asarray(panel.risk_free[rows, estimates.symbol_index[:, None]])


def models_frame(
    estimates: EventEstimates, panel: Panel, events: pl.DataFrame, estimation: tuple[Rows, Rows]
) -> pl.DataFrame:
    """Return one row per event; alpha and beta are null if the model has none; further factors are ``beta_NAME``.

    ``findings``: flagged bars of the estimation window, whose first and last rows (E,) are ``estimation``. A synthetic
    control has ``donors`` (number with a weight), ``pool`` (number to choose from), ``pre_rmse`` and ``pre_r_squared``:
    how well it fits the share in the estimation window.
    """
    coefficients, factor_names = estimates.coefficients, panel.factor_names
    k = coefficients.shape[1]
    names = ["alpha", "beta", *(f"beta_{name}" for name in factor_names[1 : max(k - 1, 1)])]
    columns = [
        pl.Series(name, coefficients[:, j]) if j < k else pl.Series(name, [None] * len(estimates), dtype=pl.Float64)
        for j, name in enumerate(names)
    ]
    return names_of(estimates, events).with_columns(
        *columns,
        pl.Series("sigma", estimates.sigma),
        pl.Series("n", estimates.n),
        window_findings(panel, estimates.symbol_index, *estimation),
        *_fit_columns(estimates),
    )


def _fit_columns(estimates: EventEstimates) -> list[pl.Series]:
    """Return the fit of synthetic controls as columns; none for other models."""
    fit = estimates.synthetic
    if fit is None:
        return []
    return [
        pl.Series("donors", (np.nan_to_num(fit.weights) > 0).sum(axis=1)),
        pl.Series("pool", (~np.isnan(fit.weights)).sum(axis=1)),
        pl.Series("pre_rmse", fit.rmse),
        pl.Series("pre_r_squared", fit.r_squared),
    ]


def average_frame(
    values: Array, labels: tuple[str, ...], axis: str, name: str, *, running: Array | None = None
) -> pl.DataFrame:
    """Return mean, sd (ddof 1) and fraction of positive ``values`` (E, C) per column, extended by ``with_error``.

    NaN cells are not counted. With ``running`` (E, C), ``caar`` is the running sum of its means.
    """
    valid = ~np.isnan(values)
    n = valid.sum(axis=0)
    mean = ratio(np.where(valid, values, 0.0).sum(axis=0), n.astype(np.float64))
    squares = np.where(valid, values - mean, 0.0) ** 2
    sd = np.where(n > 1, np.sqrt(ratio(squares.sum(axis=0), np.maximum(n - 1, 1).astype(np.float64))), np.nan)
    positive = ratio((np.where(valid, values, 0.0) > 0).sum(axis=0).astype(np.float64), n.astype(np.float64))
    columns: dict[str, Any] = {axis: labels, "n": n, name: mean, "sd": sd}
    if running is not None:
        known = ~np.isnan(running)
        steps = ratio(np.where(known, running, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))
        columns["caar"] = np.where(known.any(axis=0), np.nancumsum(steps), np.nan)
    return with_error(pl.DataFrame({**columns, "positive": positive}, nan_to_null=True), name)


_OF_GROUPS = frozenset((
    "window", "day", "window_or_day", "n", "events", "dates", "aar", "caar", "sd", "positive", "se", "df", "t", "low",
    "high", "p_value", "statistic", "value", "test", "smallest_effect", "p_placebo", "position",
))  # fmt: skip
"""Names of columns in tables by group that cannot be names of groups."""


def group_keys(estimates: EventEstimates, panel: Panel, events: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """Return the group columns of the kept events and their ``position``; ``year`` is that of day 0 unless a column."""
    kept = events[estimates.kept]
    if "year" in by and "year" not in kept.columns:
        kept = kept.with_columns(panel.labels[estimates.day_zero].dt.year().alias("year"))
    refuse_unknown_groups(by, kept.columns)
    return kept.select(*by, pl.int_range(pl.len(), dtype=pl.Int64).alias("position"))


def refuse_unknown_groups(by: tuple[str, ...], columns: list[str]) -> None:
    """Raise NotFoundError for a group that is not in ``columns``, InputError for one named like a column of results."""
    for name in by:
        if name in _OF_GROUPS:
            hint = f"give the column another name, such as {name}_of_event"
            raise InputError(f"group {name!r} has the name of a column of results", hint=hint, argument="by")
        if name not in columns:
            raise NotFoundError(
                f"events have no column {name!r} to group by", hint=likeliest(name, columns, "columns are")
            )


def names_of(estimates: EventEstimates, events: pl.DataFrame) -> pl.DataFrame:
    """Return event_id and symbol of the kept events."""
    return events[estimates.kept].select("event_id", "symbol")


def per_window(estimates: EventEstimates, events: pl.DataFrame, labels: tuple[str, ...]) -> pl.DataFrame:
    """Return event_id, symbol and window: one row per event and window."""
    count = len(estimates)
    repeated = names_of(estimates, events)[np.repeat(np.arange(count), len(labels))]
    return repeated.with_columns(pl.Series("window", labels, dtype=pl.String)[np.tile(np.arange(len(labels)), count)])


def _flags(estimates: EventEstimates, panel: Panel, rows: Rows) -> pl.Series:
    """Return ``missing`` and the findings about each bar, joined by spaces; empty if there are none."""
    columns = estimates.symbol_index[:, None]
    marks = [("missing", np.isnan(estimates.ar)), *((word, mask[rows, columns]) for word, mask in marks_of(panel))]
    code = np.zeros(rows.shape, dtype=np.int64)
    for bit, (_, mask) in enumerate(marks):
        code |= mask.astype(np.int64) << bit
    values, which = np.unique(code.ravel(), return_inverse=True)
    words = [" ".join(word for bit, (word, _) in enumerate(marks) if value >> bit & 1) for value in values.tolist()]
    return pl.Series("flags", words, dtype=pl.String)[which]


def with_group(frame: pl.DataFrame, values: dict[str, Any]) -> pl.DataFrame:
    """Return ``frame`` with the columns of the group first."""
    return frame.select([*(pl.lit(value).alias(name) for name, value in values.items()), pl.all()])


def stacked_groups(
    parts: Iterable[tuple[dict[str, Any], pl.DataFrame]], kinds: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """Concatenate tables of groups; ``kinds``: the types of their columns, which a group that is null does not have."""
    whole = pl.concat([with_group(frame, values) for values, frame in parts], how="vertical_relaxed")
    return whole.cast({name: kind for name, kind in kinds.items() if name in whole.columns})
