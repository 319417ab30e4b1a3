"""The two looks of ``sums`` at events whose residuals are held: numpy, a chunk of events at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from correlator.eventstudy.significance.arrays import Array, StudyArrays, Targets
from correlator.eventstudy.significance.parametric import patell_variance, pseudo_values
from correlator.eventstudy.significance.ranks import average_ranks
from correlator.eventstudy.significance.sums import FirstLook, SecondLook, Spread, spread_of

_CHUNK_CELLS = 1 << 18


def first_look(arrays: StudyArrays, targets: Targets) -> FirstLook:
    """What is in the columns."""
    x = targets.value
    with np.errstate(divide="ignore", invalid="ignore"):
        value, scaled = spread_of(x), x / targets.se
        ratio = (targets.se / arrays.sigma[:, None]) ** 2
        return FirstLook(
            events=len(arrays),
            value=value,
            cubes=np.nansum((x - value.mean) ** 3, axis=0),
            positive=(x > 0).sum(axis=0).astype(np.float64),
            scaled=spread_of(scaled),
            patell=patell_variance(scaled, arrays.df.astype(np.float64)),
            forecast=np.nansum(ratio, axis=0),
            forecasts=(~np.isnan(ratio)).sum(axis=0).astype(np.float64),
        )


def second_look(arrays: StudyArrays, targets: Targets, first: FirstLook) -> SecondLook:
    """What the residuals and ranks add up to."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = targets.value / targets.se
        pseudo = spread_of(pseudo_values(scaled, first.scaled))
        relative = scaled / first.scaled.sd
        looks = [_chunk(arrays, targets.value[part], relative[part], part, pseudo) for part in _chunks(arrays)]
    total = looks[0]
    for look in looks[1:]:
        total = total + look
    return total


def _chunks(arrays: StudyArrays) -> Iterator[slice]:
    step = max(1, _CHUNK_CELLS // max(1, arrays.residuals.shape[1]))
    for start in range(0, len(arrays), step):
        yield slice(start, start + step)


def _chunk(arrays: StudyArrays, x: Array, relative: Array, part: slice, pseudo: Spread) -> SecondLook:
    """Of the events of ``part``; the first carries the pseudo-values of all."""
    residuals = arrays.residuals[part]
    valid = (~np.isnan(residuals)).astype(np.float64)
    filled = np.where(valid > 0, residuals, 0.0)
    n = valid.sum(axis=1)
    centred = np.where(valid > 0, filled - (filled.sum(axis=1) / n)[:, None], 0.0)
    variance = np.einsum("ij,ij->i", centred, centred) / (n - 1)
    corrado, zivney, ranked = _corrado(residuals, arrays.ar[part])
    daily, present, u = _generalized(residuals / arrays.sigma[part, None], relative, n)
    here = ~np.isnan(relative)
    return SecondLook(
        variance=np.where(np.isnan(x), 0.0, variance[:, None]).sum(axis=0),
        positive=np.array([((filled > 0).sum(axis=1) / n).sum()]),
        residual=filled.sum(axis=0),
        residuals=valid.sum(axis=0),
        corrado=corrado,
        zivney=zivney,
        ranked=ranked,
        daily=daily,
        present=present,
        u=np.where(here, u, 0.0).sum(axis=0),
        u_count=here.sum(axis=0).astype(np.float64),
        u_weight=np.where(here, (n / (12.0 * (n + 2.0)))[:, None], 0.0).sum(axis=0),
        pseudo=pseudo if part.start == 0 else Spread(*(np.zeros_like(pseudo.n) for _ in range(3))),
    )


def _corrado(residuals: Array, ar: Array) -> tuple[Array, Array, Array]:
    ranks = average_ranks(np.concatenate([residuals, ar], axis=1))
    valid = (~np.isnan(ranks)).astype(np.float64)
    ranks = np.where(valid > 0, ranks, 0.0)
    own, here = valid.sum(axis=1), valid.sum(axis=0)
    return ranks.sum(axis=0) - ((own + 1) / 2) @ valid, (1.0 / (own + 1)) @ ranks - 0.5 * here, here


def _generalized(z: Array, event: Array, n: Array) -> tuple[Array, Array, Array]:
    """Sums of U by estimation day (K, L), the events in them (K, L), and U of the events (E, K)."""
    valid = (~np.isnan(z)).astype(np.float64)
    weight = 1.0 / (n + 2.0)
    base = np.where(valid > 0, average_ranks(z) * weight[:, None] - 0.5, 0.0)
    here = (~np.isnan(event)).astype(np.float64)
    daily, above = here.T @ base, np.empty(event.shape)
    for k in range(event.shape[1]):
        x = event[:, k : k + 1]
        share = (z > x) + 0.5 * (z == x)
        daily[k] += weight @ share
        above[:, k] = share.sum(axis=1)
    return daily, here.T @ valid, (n[:, None] - above + 1.0) * weight[:, None] - 0.5
