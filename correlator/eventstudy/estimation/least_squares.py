"""Least squares for a batch of events at once, on columns centred before anything is multiplied.

The design of every event is orthogonalised by modified Gram-Schmidt with one repetition ("twice is enough"; Giraud,
Langou & Rozloznik 2005), which for least squares is backward stable (Bjorck 1967). Columns and return are first
shifted by their own means, so levels of 1e6 around variances of 1e-8 lose no digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from correlator.eventstudy.panel.frames import Array, Mask, Rows

_DEGENERATE = 64 * np.finfo(np.float64).eps
"""A column whose remaining norm is below this share of its size has no variation of its own."""


@dataclass(frozen=True)
class Fit:
    """Orthogonalised designs of a batch. E events, L estimation bars, K factor columns, k coefficients.

    ``q`` (k, E, L) orthonormal columns, zero where a bar is not used; ``r`` (E, k, k) upper triangular; ``c`` (E, k)
    the return in terms of ``q``; ``residuals`` (E, L), zero where not used; ``shift_x`` (E, K), ``shift_y`` (E,) what
    was subtracted; ``n`` (E,) bars used; ``used`` (E, L); ``flat_return``, ``flat_design`` (E,) nothing varies.
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
        return np.asarray(np.einsum("el,el->e", self.residuals, self.residuals))


def fit_batch(y: Array, x: Array, *, intercept: bool, sessions: Array | None = None) -> Fit:
    """Regress ``y`` (E, L) on ``x`` (K, E, L), NaN where missing; a bar is used where all of them are present.

    ``sessions`` (E, L): how many a return is over; its variance is in proportion, so each bar weighs one over it, and
    residuals are divided by its root.
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
        # By the arithmetic of the prediction: equal returns of both windows stay equal, as ranks want them.
        residuals = np.where(used, centred - (c[:, 0] * (1.0 / r[:, 0, 0]))[:, None] * root, 0.0)
    shift_x = np.stack([shift for shift, _, _ in columns], axis=1) if columns else np.zeros((len(y), 0))
    flat_return = centred_norm <= _DEGENERATE * size_y
    return Fit(q, r, c, residuals, shift_x, shift_y, n, used, intercept, flat_return, flat_design)


def predict_batch(fit: Fit, x: Array) -> tuple[Array, Array]:
    """Prediction less ``fit.shift_y`` (E, D) and ``z`` (k, E, D) = R'^-1 x for rows ``x`` (K, E, D).

    z'z is the leverage x'(X'X)^-1 x; the sum of z over bars gives that of a sum of predictions.
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
    """Coefficients (E, k), the constant first where the model has one, in the units of the columns as given."""
    k = fit.c.shape[1]
    b = np.zeros_like(fit.c)
    for j in range(k - 1, -1, -1):
        known = np.einsum("ei,ei->e", fit.r[:, j, j + 1 :], b[:, j + 1 :])
        b[:, j] = (fit.c[:, j] - known) / fit.r[:, j, j]
    if fit.intercept:
        b[:, 0] += fit.shift_y - np.einsum("ek,ek->e", fit.shift_x, b[:, 1:])
    return b


def _centred(values: Array, used: Mask, root: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """Weighted mean (0 without a constant, ``weight`` None), values less it times ``root``, and the norm as given."""
    kept = np.where(used, values, 0.0)
    scaled = kept * root
    sums = np.zeros(len(values)) if weight is None else (scaled * root).sum(axis=1)
    shift = sums if weight is None else sums / np.where(weight > 0, weight, 1.0)
    return shift, np.where(used, (kept - shift[:, None]) * root, 0.0), np.sqrt(np.einsum("el,el->e", scaled, scaled))


def _project_out(column: Array, q: Array, into: Array) -> Array:
    """``column`` (E, L) less its parts along ``q`` (j, E, L), twice; the parts are added to ``into`` (E, j)."""
    for _ in range(2):
        for i, direction in enumerate(q):
            part = np.einsum("el,el->e", direction, column)
            column = column - part[:, None] * direction
            into[:, i] += part
    return column
