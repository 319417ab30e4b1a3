"""The one test that a study's sentences, bands, marks and tables use, chosen by a rule from the design of the events.

=================================================  ===================  ==============================================
design of a window's events                        test                 why
=================================================  ===================  ==============================================
one event                                          ``own_error``        no cross-section: its CAR over its own error
windows of different dates share bars              ``calendar_day_t``   a bar in several windows is one observation
several dates, ``FEWEST_DAYS`` days or more        ``calendar_day_t``   robust to common dates and changing variance
one date, or fewer days than that                  ``adj_csect_t``      too few days to estimate a variance from
=================================================  ===================  ==============================================

Days are effective days, (sum q)^2 / sum q^2 over the bars that windows cover, q the sum over shares of the squared
number of a share's windows on that bar. ``docs/size-power.md`` has the size and the power of every test in every
design.

``adj_csect_t`` is the cross-sectional t of CAR, its error widened by Kolari & Pynnonen's (2010) sqrt((1 + (N - 1) r)
/ (1 - r)), r the mean covariance of the events' residuals over their mean variance. Every test is a test of the CAAR
itself, so that estimate, error, interval and p-value agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from correlator.eventstudy.estimation.estimates import EventEstimates, broken_windows
from correlator.eventstudy.panel.frames import Array, Mask, Panel, Rows
from correlator.eventstudy.results.calendar_day import calendar_day_error, common_share
from correlator.eventstudy.results.result_frames import ratio, two_sided_p

OWN_ERROR, CALENDAR_DAY, ADJUSTED_CROSS_SECTION = "own_error", "calendar_day_t", "adj_csect_t"
FEWEST_DAYS = 10.0
LEVEL = 0.95

WORDS = {
    OWN_ERROR: "its own error, as one event has no cross-section",
    CALENDAR_DAY: "an error by calendar day",
    ADJUSTED_CROSS_SECTION: "a cross-sectional error adjusted for the correlation of events",
}


@dataclass(frozen=True)
class Recommended:
    """For W windows: ``test`` of each, ``average`` (CAAR), ``se``, ``df``, ``n`` events and ``dates`` of day 0;
    ``correlation`` (W, W) of the averages, for simultaneous bands.
    """

    test: tuple[str, ...]
    average: Array
    se: Array
    df: Array
    n: Rows
    dates: Rows
    correlation: Array

    @property
    def t(self) -> Array:
        return ratio(self.average, self.se)

    @property
    def p_value(self) -> Array:
        return two_sided_p(self.t, np.where(self.df > 0, self.df, np.nan))

    def bounds(self, level: float = LEVEL) -> tuple[Array, Array]:
        """Return the confidence interval (W,) of the CAAR by the test; NaN where there is no standard error."""
        from scipy.special import stdtrit

        with np.errstate(invalid="ignore"):
            half = stdtrit(np.where(self.df > 0, self.df, np.nan), 0.5 + level / 2) * self.se
        return self.average - half, self.average + half

    def simultaneous_bounds(self, level: float = LEVEL, *, draws: int = 20_000, seed: int = 0) -> tuple[Array, Array]:
        """Return bands that cover all averages (W,) at once: the sup-t band (Montiel Olea & Plagborg-Moller 2019).

        Its critical value is the quantile of the largest |t| over windows, drawn from the multivariate t of their
        correlation with the fewest degrees of freedom.
        """
        known = np.flatnonzero(self.se > 0)
        if not len(known):
            return self.bounds(level)
        rng = np.random.default_rng(seed)
        values, vectors = np.linalg.eigh(self.correlation[np.ix_(known, known)])
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        df = float(self.df[known].min())
        normal = rng.standard_normal((draws, len(known))) @ root.T
        largest = np.abs(normal).max(axis=1) / np.sqrt(rng.chisquare(df, draws) / df)
        half = float(np.quantile(largest, level)) * self.se
        return self.average - half, self.average + half


def recommended_test(day_zero: Rows, symbols: Rows, first: int, last: int) -> str:
    """Return the test for events at rows ``day_zero`` (E,) of ``symbols`` (E,), windows from ``first`` to ``last``.

    Examples
    --------
    >>> recommended_test(np.array([100, 105]), np.array([0, 0]), -10, 10)
    'calendar_day_t'
    >>> recommended_test(np.array([100, 100]), np.array([0, 1]), -1, 1)
    'adj_csect_t'
    """
    if len(day_zero) < 2:
        return OWN_ERROR
    dates = np.unique(day_zero)
    if len(dates) == 1:
        return ADJUSTED_CROSS_SECTION
    if np.diff(dates).min() <= last - first:
        return CALENDAR_DAY
    return CALENDAR_DAY if days_in_effect(day_zero, symbols, first, last) >= FEWEST_DAYS else ADJUSTED_CROSS_SECTION


def days_in_effect(day_zero: Rows, symbols: Rows, first: int, last: int) -> float:
    """Return the effective number of days that the windows cover, between 1 and the number of their bars."""
    span = int(day_zero.max() - day_zero.min()) + last - first + 1
    starts = day_zero - day_zero.min()
    weight = np.zeros(span)
    for symbol in np.unique(symbols).tolist():
        steps = np.zeros(span + 1)
        own = starts[symbols == symbol]
        np.add.at(steps, own, 1.0)
        np.add.at(steps, own + last - first + 1, -1.0)
        weight += np.cumsum(steps[:-1]) ** 2
    return float(weight.sum() ** 2 / (weight * weight).sum())


def recommended(estimates: EventEstimates, panel: Panel, columns: Rows, estimation_bars: int) -> Recommended:
    """Return the recommended test of each window of ``columns`` (W, 2), from ``estimates`` with CARs of these windows.

    Several events of one share on one day 0 are one observation.
    """
    estimates = estimates.observations()
    measured = ~np.isnan(estimates.car)
    tests = tuple(_test(estimates, mask, *ends) for mask, ends in zip(measured.T, columns.tolist(), strict=True))
    average, se, df, covariance = _cross_section(estimates.car, measured)
    if ADJUSTED_CROSS_SECTION in tests:
        r = common_share(estimates, panel, estimation_bars)
        with np.errstate(invalid="ignore"):
            se = se * np.sqrt((1.0 + (measured.sum(axis=0) - 1.0) * r) / (1.0 - r))
    if CALENDAR_DAY in tests:
        by_day = calendar_day_error(estimates, panel, columns, estimation_bars)
        chosen = np.array([test == CALENDAR_DAY for test in tests])
        se, df = np.where(chosen, by_day.se, se), np.where(chosen, by_day.days - 1.0, df)
        covariance = np.where(chosen[:, None] & chosen, by_day.covariance, covariance)
    for w in np.flatnonzero(measured.sum(axis=0) == 1):
        only = int(np.flatnonzero(measured[:, w])[0])
        se[w], df[w] = estimates.car_se[only, w], estimates.df[only]
    dates = [len(np.unique(estimates.day_zero[measured[:, w]])) for w in range(len(columns))]
    scale = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.nan_to_num(covariance / scale / scale[:, None])
    np.fill_diagonal(correlation, 1.0)
    return Recommended(tests, average, se, df, measured.sum(axis=0).astype(np.int64), np.array(dates), correlation)


def recommended_path(estimates: EventEstimates, panel: Panel, estimation_bars: int) -> Recommended:
    """Return the tests of the windows from the first bar of the event window to each bar, for two and more events."""
    estimates = estimates.observations()
    started = np.cumsum(~np.isnan(estimates.ar), axis=1) > 0
    paths = np.where(started, np.nancumsum(estimates.ar, axis=1), np.nan)
    days = estimates.ar.shape[1]
    columns = np.stack([np.zeros(days, dtype=np.int64), np.arange(days)], axis=1)
    if estimates.spans is not None:  # as for any CAR: no return may cross an end of the window
        paths = np.where(broken_windows(estimates.spans, ~np.isnan(estimates.ar), columns), np.nan, paths)
    cumulated = replace(estimates, car=paths, car_se=np.full(paths.shape, np.nan), n_car=started.astype(np.int64))
    return recommended(cumulated, panel, columns, estimation_bars)


def _test(estimates: EventEstimates, measured: Mask, first: int, last: int) -> str:
    """Return the test of the events ``measured``; a window of calendar dates has the same bars for all events."""
    starts, dates = estimates.win_first[measured], estimates.day_zero[measured]
    if len(np.unique(starts)) < len(np.unique(dates)):
        return CALENDAR_DAY
    return recommended_test(starts, estimates.symbol_index[measured], first, last)


def recommended_frame(
    tests: Recommended, labels: tuple[str, ...], positive: Array, estimates: EventEstimates
) -> pl.DataFrame:
    """Return one row per window: window, n (observations), events, dates, caar, se, df, t, p_value, low, high, positive
    (fraction of events), test.
    """
    low, high = tests.bounds()
    columns = {
        "n": tests.n,
        "events": _events(estimates),
        "dates": tests.dates,
        "caar": tests.average,
        "se": tests.se,
        "df": tests.df,
        "t": tests.t,
        "p_value": tests.p_value,
        "low": low,
        "high": high,
        "positive": positive,
        "test": list(tests.test),
    }
    frame = pl.DataFrame({"window": list(labels), **columns}, nan_to_null=True)
    return frame.with_columns(pl.when(pl.col("n") > 0).then("test").alias("test"))


def _events(estimates: EventEstimates) -> Rows:
    """Return the number of events (W,) with a CAR in each window, including those of the same share and day 0."""
    weight = np.ones(len(estimates), dtype=np.int64) if estimates.represented is None else estimates.represented
    return np.asarray(np.where(np.isnan(estimates.car), 0, weight[:, None]).sum(axis=0))


def _cross_section(car: Array, measured: Mask) -> tuple[Array, Array, Array, Array]:
    """Return CAAR (W,), its cross-sectional error, degrees of freedom, and the covariance (W, W) of the averages."""
    n = measured.sum(axis=0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.where(measured, car, 0.0).sum(axis=0) / n
        deviation = np.where(measured, car - average, 0.0)
        se = np.sqrt((deviation * deviation).sum(axis=0) / (n - 1.0) / n)
    covariance = deviation.T @ deviation
    return average, np.where((n > 1) & (se > 0), se, np.nan), np.where(n > 1, n - 1.0, np.nan), covariance
