"""Least squares for a batch of events, on centred columns.

The design of every event is orthogonalised by modified Gram-Schmidt with one repetition ("twice is enough"; Giraud,
Langou & Rozloznik 2005), which for least squares is backward stable (Bjorck 1967). Columns and return are centred
first, so no digits are lost even with means of 1e6 and variances of 1e-8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.eventstudy.panel.frames import Array, Mask, Rows

_DEGENERATE = 64 * np.finfo(np.float64).eps
"""A column whose remaining norm is at most this share of its size counts as a combination of the others."""


@dataclass(frozen=True)
class Fit:
    """Orthogonalised designs of a batch. E events, L estimation bars, K factor columns, k coefficients.

    ``q`` (k, E, L) orthonormal columns, zero where a bar is not used; ``r`` (E, k, k) upper triangular; ``c`` (E, k)
    coefficients of the return on ``q``; ``residuals`` (E, L), zero where not used; ``shift_x`` (E, K), ``shift_y``
    (E,) subtracted means; ``n`` (E,) bars used; ``used`` (E, L); ``flat_return`` (E,) the return does not vary;
    ``flat_design`` (E,) the design is singular.
    """

    q: Array
    r: Array
    c: Array
    residuals: Array
    shift_x: Array
    shift_y: Array
    n: Rows
    used: Mask
    intercept: bool
    flat_return: Mask
    flat_design: Mask

    @property
    def ssr(self) -> Array:
        """Sum of squared residuals (E,)."""
        return np.asarray(np.einsum("el,el->e", self.residuals, self.residuals))


def fit_batch(y: Array, x: Array, *, intercept: bool, sessions: Array | None = None) -> Fit:
    """Regress ``y`` (E, L) on ``x`` (K, E, L), NaN where missing; only bars with all values are used.

    ``sessions`` (E, L): how many each return covers. Its variance is proportional to them, so a bar has the weight
    1/sessions, and residuals are divided by the square root of sessions.
    """
    used = ~np.isnan(y)
    for column in x:
        used &= ~np.isnan(column)
    n = used.sum(axis=1)
    root = used.astype(np.float64) if sessions is None else np.where(used, 1.0 / np.sqrt(sessions), 0.0)
    weight = n.astype(np.float64) if sessions is None else (root * root).sum(axis=1)
    shift_y, residuals, size_y = _centred(y, used, root, weight if intercept else None)
    columns = [_centred(column, used, root, weight if intercept else None) for column in x]
    k = int(intercept) + len(columns)
    q, r = np.zeros((k, *y.shape)), np.zeros((len(y), k, k))
    flat_design = np.zeros(len(y), dtype=bool)
    if intercept:
        norm = np.sqrt(np.where(weight > 0, weight, 1.0))
        q[0], r[:, 0, 0] = root / norm[:, None], norm
    for j, (_, column, size) in enumerate(columns, start=int(intercept)):
        column = _project_out(column, q[:j], r[:, :j, j])
        norm = np.sqrt(np.einsum("el,el->e", column, column))
        flat = norm <= _DEGENERATE * size
        flat_design |= flat
        norm = np.where(flat, 1.0, norm)
        q[j], r[:, j, j] = column / norm[:, None], norm
    centred_norm = np.sqrt(np.einsum("el,el->e", residuals, residuals))
    c = np.zeros((len(y), k))
    centred, residuals = residuals, _project_out(residuals, q, c)
    if k == int(intercept) == 1:
        # The same arithmetic as the prediction, so that equal returns in both windows have equal ranks.
        residuals = np.where(used, centred - (c[:, 0] * (1.0 / r[:, 0, 0]))[:, None] * root, 0.0)
    shift_x = np.stack([shift for shift, _, _ in columns], axis=1) if columns else np.zeros((len(y), 0))
    flat_return = centred_norm <= _DEGENERATE * size_y
    return Fit(q, r, c, residuals, shift_x, shift_y, n, used, intercept, flat_return, flat_design)


def predict_batch(fit: Fit, x: Array) -> tuple[Array, Array]:
    """Return predictions less ``fit.shift_y`` (E, D) and ``z`` (k, E, D) = R'^-1 x for rows ``x`` (K, E, D).

    z'z is the leverage x'(X'X)^-1 x; the sum of z over bars gives the leverage of a sum of predictions.
    """
    bars = x.shape[2]
    k = fit.c.shape[1]
    z = np.zeros((k, len(fit.c), bars))
    first = int(fit.intercept)
    if fit.intercept:
        z[0] = (1.0 / fit.r[:, 0, 0])[:, None]
    for j in range(first, k):
        value = x[j - first] - fit.shift_x[:, j - first, None]
        for i in range(j):
            value = value - fit.r[:, i, j, None] * z[i]
        z[j] = value / fit.r[:, j, j, None]
    return np.einsum("ked,ek->ed", z, fit.c), z


def coefficients_of(fit: Fit) -> Array:
    """Return the coefficients (E, k) of the original columns; the constant, if any, comes first."""
    k = fit.c.shape[1]
    b = np.zeros_like(fit.c)
    for j in range(k - 1, -1, -1):
        known = np.einsum("ei,ei->e", fit.r[:, j, j + 1 :], b[:, j + 1 :])
        b[:, j] = (fit.c[:, j] - known) / fit.r[:, j, j]
    if fit.intercept:
        b[:, 0] += fit.shift_y - np.einsum("ek,ek->e", fit.shift_x, b[:, 1:])
    return b


def _centred(values: Array, used: Mask, root: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """Return the weighted mean, centred values times ``root``, and the norm of the values before centring.

    ``weight`` None: the model has no constant, so the mean is taken as 0.
    """
    kept = np.where(used, values, 0.0)
    scaled = kept * root
    sums = np.zeros(len(values)) if weight is None else (scaled * root).sum(axis=1)
    shift = sums if weight is None else sums / np.where(weight > 0, weight, 1.0)
    return shift, np.where(used, (kept - shift[:, None]) * root, 0.0), np.sqrt(np.einsum("el,el->e", scaled, scaled))


def _project_out(column: Array, q: Array, into: Array) -> Array:
    """Return ``column`` (E, L) less its projections on ``q`` (j, E, L), in two passes, and add these to ``into``."""
    for _ in range(2):
        for i, direction in enumerate(q):
            part = np.einsum("el,el->e", direction, column)
            column = column - part[:, None] * direction
            into[:, i] += part
    return column
