"""Cross-sectional regression of abnormal returns on characteristics of the events.

    CAR_i = x_i'b + e_i,   V = (X'X)^-1 (B_date + B_symbol - B_both) (X'X)^-1

with B the sums over clusters of (X'e)(X'e)' times G/(G - 1) (N - 1)/(N - k) each: events of one date have the market in
common, events of one symbol the company (Cameron, Gelbach & Miller 2011, JBES 29, 238-249; Petersen 2009). Student's t
with the smallest number of clusters less one as degrees of freedom (Cameron & Miller 2015). Computed by statsmodels.

``errors_by_cluster`` says what is done where V has variances that are not positive, and which terms have no error. If
all events are of one date, StudyError is raised: a common shock of that date cannot be distinguished from the effect,
since there is no variance between dates.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

from correlator.base.keywords import given_as
from correlator.errors import InputError, MissingDependencyError, NotFoundError, StudyError, likeliest
from correlator.eventstudy.panel.frames import Rows
from correlator.eventstudy.regression.design import design_of
from correlator.eventstudy.regression.errors_by_cluster import Errors, codes_of, errors_of, with_clusters
from correlator.eventstudy.regression.formula import parse_formula
from correlator.eventstudy.request.windows import AsWindow, parse_window
from correlator.eventstudy.results.result import StudyResult

CLUSTERS = ("session", "symbol")


@dataclass(frozen=True)
class CrossSection:
    """The result of a regression over ``n`` events.

    ``table`` has term, estimate, se, t, p_value, low, high (95 %), as fractions of return per unit of the term, and
    ``variance`` (the estimator: robust, one-way, two-way, jackknife, or why there is none); ``clusters``: the number of
    clusters of each column clustered by; ``df`` of t; ``excluded``: the events left out with event_id, symbol, reason.
    """

    formula: str
    window: str
    table: pl.DataFrame
    n: int
    r_squared: float
    clusters: dict[str, int]
    df: float
    excluded: pl.DataFrame

    @property
    def sentence(self) -> str:
        """A summary of the regression in one line."""
        clusters = ", ".join(f"{count} {name}s" for name, count in self.clusters.items()) or "no clusters"
        response = self.formula.partition("~")[0].strip()
        explained = f"CAR {self.window}" if response == "car" else f"{response}, with CAR {self.window} as car"
        return (
            f"{explained}: {self.n} events, {self.excluded.height} without a value left out, "
            f"R2 {self.r_squared:.3f}, {clusters}, t with {self.df:g} degrees of freedom"
        )

    def __repr__(self) -> str:
        return f"CrossSection: {self.formula}; {self.sentence}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.table._repr_html_()}"


def explained_window(result: StudyResult, of: AsWindow | None = None) -> str:
    """Return the label of the CAR window to explain, by default the study's first."""
    return result.window_labels[0] if of is None else parse_window(of, "of").label


def event_features(result: StudyResult, of: AsWindow | None = None) -> pl.DataFrame:
    """Return one row per measured event: event_id, symbol, session (of day 0), car, se, beta, sigma, and event columns.

    ``of``: a CAR window, default the study's first. ``weekday`` (1 is Monday) and ``year`` of day 0 and,
    if events have the instant ``known_at``, its ``hour`` in UTC (null for events with only a date) are added unless the
    events have such columns.
    Raises NotFoundError for a window that the study does not have.
    """
    labels = result.window_labels
    chosen = explained_window(result, of)
    if chosen not in labels:
        raise NotFoundError(f"the study has no window {chosen!r}", hint=f"windows are {', '.join(labels)}")
    at, estimates = labels.index(chosen), result.estimates
    session = result.panel.labels[estimates.day_zero]
    events = result.measured_events
    added = {
        "session": session,
        "car": pl.Series(estimates.car[:, at], nan_to_null=True),
        "se": pl.Series(estimates.car_se[:, at], nan_to_null=True),
        "beta": result.models["beta"],
        "sigma": result.models["sigma"],
    }
    local = result.panel.local_labels[estimates.day_zero]
    derived = {"weekday": local.dt.weekday(), "year": local.dt.year()}
    if "known_at" in events.columns:
        derived["hour"] = _hour_of(events)
    added |= {name: values for name, values in derived.items() if name not in events.columns}
    kept = [name for name in events.columns if name not in added]
    features = events.select(kept).with_columns(**added)
    return features.select("event_id", "symbol", *added, pl.exclude("event_id", "symbol", *added))


def _hour_of(events: pl.DataFrame) -> pl.Series:
    """Return the hour (UTC) at which each event was public; null if only its date is known."""
    hours = events["known_at"].dt.hour()
    if "known_precision" not in events.columns:
        return hours
    return hours.set(events["known_precision"] == "day", None)


def cross_section(
    events: StudyResult | pl.DataFrame,
    formula: str,
    *,
    of: AsWindow | None = None,
    clusters: Sequence[str] | None = None,
    window: AsWindow | None = None,
) -> CrossSection:
    """Regress the abnormal returns of events on their characteristics.

    Parameters
    ----------
    events
        A study, or the frame returned by ``event_features``, possibly with more columns.
    formula
        Such as ``car ~ goldstein + C(category)``.
    of
        The window of the CAR to explain, default the first; of a study only, since a frame has one CAR.
    clusters
        One or two columns, default session and, if there are at least two, symbol; empty for
        heteroskedasticity-robust errors (HC1).
    window
        The former name of ``of``.

    Returns
    -------
    CrossSection
        ``table`` has a row per term; events without a value in the formula's columns or in those to cluster by are in
        ``excluded``. A term that only one cluster determines has an estimate and no error.

    Raises
    ------
    InputError
        If the formula cannot be parsed, or a window is given for a frame.
    NotFoundError
        If a column or the window is missing.
    StudyError
        If there are too few events, or all are of one session and ``clusters`` is not given.
    MissingDependencyError
        If statsmodels is not installed.

    Examples
    --------
    >>> cross_section(result, "car ~ goldstein", of="-1:1").table  # doctest: +SKIP
    """
    explained = given_as(of, window, "of", "window")
    if explained is not None and not isinstance(events, StudyResult):
        raise InputError(
            "of has no effect on a frame, which has one CAR", hint="give it to event_features", argument="of"
        )
    features = event_features(events, explained) if isinstance(events, StudyResult) else events
    grouped = with_clusters(features, CLUSTERS if clusters is None else clusters)
    model, rows = _model(formula, features[grouped])
    kept = features[grouped[rows]]
    names = _clusters(kept, clusters)
    codes = np.stack([codes_of(kept[name]) for name in names], axis=1) if names else np.zeros((len(kept), 0), np.int64)
    fitted = _fitted(model, codes)
    df = float(getattr(fitted, "df_resid_inference", fitted.df_resid))
    table = _table(fitted, errors_of(fitted, names, codes), df)
    return CrossSection(
        formula=formula,
        window=explained_window(events, explained) if isinstance(events, StudyResult) else "",
        table=table,
        n=len(kept),
        r_squared=float(fitted.rsquared),
        clusters={name: kept[name].n_unique() for name in names},
        df=df,
        excluded=_left_out(features, grouped, grouped[rows]),
    )


def _model(formula: str, features: pl.DataFrame) -> tuple[Any, np.ndarray]:
    """Return the least-squares model of the formula, and the rows of ``features`` that it uses."""
    if find_spec("statsmodels") is None:
        raise MissingDependencyError("the cross-section needs statsmodels", hint="pip install 'correlator[statistics]'")
    from statsmodels.api import OLS

    design = design_of(parse_formula(formula), features)
    parameters = design.terms.shape[1]
    if len(design.rows) <= parameters:
        raise StudyError(
            f"{parameters} terms need more than {parameters} events with all values, got {len(design.rows)}",
            hint="use fewer terms",
        )
    if np.linalg.matrix_rank(design.terms) < parameters:
        raise StudyError(f"the terms of {formula!r} are collinear", hint=f"leave out {_redundant(design.terms)}")
    return OLS(design.response, design.terms), design.rows


def _redundant(terms: Any) -> str:
    """Return the name of the first term that follows from those before it."""
    values = terms.to_numpy()
    ranks = [np.linalg.matrix_rank(values[:, : k + 1]) for k in range(values.shape[1])]
    return str(terms.columns[next((k for k, rank in enumerate(ranks) if rank <= k), -1)])


def _clusters(kept: pl.DataFrame, clusters: Sequence[str] | None) -> tuple[str, ...]:
    """Check the columns to cluster by, or choose the default ones."""
    if clusters is None:
        if "session" in kept.columns and kept["session"].n_unique() < 2:
            raise StudyError(
                f"all {len(kept)} events have the same session, so effects of the session and of the events cannot be "
                "separated",
                hint="add events of other sessions, or cluster by another column, such as symbol",
                argument="clusters",
            )
        return tuple(name for name in CLUSTERS if name in kept.columns and kept[name].n_unique() >= 2)
    for name in clusters:
        if name not in kept.columns:
            raise NotFoundError(
                f"column {name!r} to cluster by is missing", hint=likeliest(name, kept.columns, "columns are")
            )
        if kept[name].n_unique() < 2:
            raise StudyError(
                f"all events have the same {name}: at least 2 clusters are needed", hint="cluster by another column"
            )
    if len(clusters) > 2:
        raise InputError(f"at most 2 columns can be clustered by, got {len(clusters)}")
    return tuple(clusters)


def _fitted(model: Any, codes: Rows) -> Any:
    """Fit the model with errors clustered by the columns of ``codes`` (N, 0 to 2), or robust ones (HC1) without any."""
    if codes.shape[1] == 0:
        return model.fit(cov_type="HC1", use_t=True)
    groups = codes[:, 0] if codes.shape[1] == 1 else codes
    return model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)


def _left_out(features: pl.DataFrame, grouped: Rows, used: Rows) -> pl.DataFrame:
    """Return event_id, symbol and reason of the rows of ``features`` that are not ``used``."""
    rows, column = np.arange(len(features)), "a column of clusters has no value"
    reasons = np.where(np.isin(rows, grouped), "a term of the formula has no value", column)
    return (
        features.select("event_id", "symbol")
        .with_columns(pl.Series("reason", reasons, dtype=pl.String))
        .filter(pl.Series(~np.isin(rows, used)))
    )


def _table(fitted: Any, errors: Errors, df: float) -> pl.DataFrame:
    """Return the table of ``CrossSection``."""
    from scipy.special import stdtr, stdtrit

    estimate, se = np.asarray(fitted.params), errors.se
    with np.errstate(divide="ignore", invalid="ignore"):
        t = estimate / se
    half_width = stdtrit(df, 0.975) * se
    return pl.DataFrame(
        {
            "term": list(fitted.model.exog_names),
            "estimate": estimate,
            "se": se,
            "t": t,
            "p_value": 2.0 * stdtr(df, -np.abs(t)),
            "low": estimate - half_width,
            "high": estimate + half_width,
            "variance": errors.variance,
        },
        nan_to_null=True,
    )
