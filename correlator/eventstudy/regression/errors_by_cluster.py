"""Standard errors of a cross-section by clusters of events, and the terms that have none.

With few clusters, a two-way variance may not be positive. For such a term, the larger of the two one-way variances of
the cluster jackknife is used, CV3 = (G - 1)/G sum over clusters of (b_without - b)(b_without - b)', as MacKinnon,
Nielsen & Webb (2023, J. Econometrics 232; 2024) recommend, and ``variance`` says so.

A term that cannot be estimated without one of the clusters (the effect of a symbol, clustered by symbol; a category of
one event) cannot be distinguished from a common shock of that cluster. The residuals of the cluster then sum to zero
along the term, so that its variance would be far too small, often zero: such a term has no error, and ``variance``
names the column of clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from correlator.errors import counted, listed, warn
from correlator.eventstudy.panel.frames import Array, Mask, Rows

_ZERO = 1e-12
"""A variance is rounding error if it is less than this fraction of the robust one."""


@dataclass(frozen=True)
class Errors:
    """Standard errors ``se`` (k,), NaN if a term has none, and the name of the estimator of each."""

    se: Array
    variance: list[str]


def with_clusters(features: pl.DataFrame, names: Sequence[str]) -> Rows:
    """Return the positions of the rows that have a value in all columns ``names``; missing columns are passed over."""
    columns = [features[name] for name in names if name in features.columns]
    has_all = np.ones(len(features), dtype=bool)
    for column in columns:
        has_all &= (column.fill_nan(None) if column.dtype.is_float() else column).is_not_null().to_numpy()
    return np.flatnonzero(has_all)


def codes_of(column: pl.Series) -> Rows:
    """Return the values of a column without missing ones as integers."""
    return column.rank("dense").to_numpy().astype(np.int64)


def errors_of(fitted: Any, names: Sequence[str], codes: Rows) -> Errors:
    """Return the errors of the terms of a fit of statsmodels, clustered by the columns ``codes`` (N, 0 to 2).

    Warns of terms that only one cluster determines.
    """
    x = np.asarray(fitted.model.exog)
    variances = np.diag(np.asarray(fitted.cov_params())).copy()
    estimators = [("robust (HC1)", "one-way", "two-way")[len(names)]] * len(variances)
    scale = np.asarray(fitted.cov_HC0).diagonal() if hasattr(fitted, "cov_HC0") else np.zeros(len(variances))
    bad = np.flatnonzero(~(variances > _ZERO * scale)) if len(names) == 2 else np.zeros(0, dtype=np.int64)
    if len(bad):
        one_way = [np.diag(jackknife_covariance(fitted.model.endog, x, groups)) for groups in codes.T]
        variances[bad] = np.max(one_way, axis=0)[bad]
        for term in bad:
            estimators[term] = "largest one-way, jackknife (CV3)"
    each = [("event", np.arange(len(x)))] if not names else list(zip(names, codes.T, strict=True))
    alone = np.zeros(len(variances), dtype=bool)
    for name, groups in each:
        for term in np.flatnonzero(of_one_cluster(x, groups)):
            alone[term], estimators[term] = True, f"none: one {name} determines it"
    if alone.any():
        terms = [str(term) for term, without in zip(fitted.model.exog_names, alone, strict=True) if without]
        warn(f"{counted(len(terms), 'term')} without an error, since one cluster determines each: {listed(terms, 5)}")
    defined = (variances > _ZERO * scale) & ~alone
    return Errors(np.sqrt(np.where(defined, variances, np.nan)), estimators)


def of_one_cluster(x: Array, groups: Rows) -> Mask:
    """Return which terms (k,) of a design (N, k) cannot be estimated without one of the clusters ``groups`` (N,).

    With orthonormal columns Q of X = QR, the design without a cluster g lacks a direction u if Q_g'Q_g u = u; the
    coefficients R^-1 u then vanish outside g. Only a cluster with a trace of Q_g'Q_g of one or more can have it.
    """
    scale = np.sqrt((x * x).sum(axis=0))
    q, r = np.linalg.qr(x / scale)
    _, group = np.unique(groups, return_inverse=True)
    traces = np.bincount(group, weights=(q * q).sum(axis=1))
    alone = np.zeros(x.shape[1], dtype=bool)
    for candidate in np.flatnonzero(traces > 1.0 - 1e-8):
        inside = q[group == candidate]
        values, vectors = np.linalg.eigh(inside.T @ inside)
        lost = np.linalg.solve(r, vectors[:, values > 1.0 - 1e-8])
        alone |= (np.abs(lost) > 1e-8 * np.abs(lost).max(initial=0.0)).any(axis=1)
    return alone


def jackknife_covariance(y: Array, x: Array, groups: Rows) -> Array:
    """Return CV3 (k, k): (G - 1)/G times the sum over clusters of the squared change of the estimate without it.

    ``y`` (N,), ``x`` (N, k), ``groups`` (N,). If the terms are collinear without a cluster, the pseudo-inverse is used
    (MacKinnon, Nielsen & Webb 2023).
    """
    xx, xy = x.T @ x, x.T @ y
    estimate = np.linalg.solve(xx, xy)
    total = np.zeros_like(xx)
    labels = np.unique(groups)
    for label in labels:
        inside = groups == label
        without = np.linalg.pinv(xx - x[inside].T @ x[inside]) @ (xy - x[inside].T @ y[inside])
        total += np.outer(without - estimate, without - estimate)
    return np.asarray((len(labels) - 1) / len(labels) * total)
