"""Rank and sign tests across events, from sums over them; every function returns (K,) values, one per day or window."""

from __future__ import annotations

import numpy as np

from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.significance.evidence import Evidence
from correlator.eventstudy.significance.ranks import DaySums


def sign_z(evidence: Evidence) -> Array:
    """(w - N/2) / sqrt(N/4), w the events with x > 0."""
    return _sign_z(evidence, np.full(len(evidence.n), 0.5))


def generalized_sign_z(evidence: Evidence) -> Array:
    """(w - N p) / sqrt(N p (1 - p)), p the mean over the N events of the share of positive residuals. Cowan (1992)."""
    return _sign_z(evidence, evidence.sums["positive_share"] / evidence.n)


def signed_rank(evidence: Evidence) -> Array:
    """The smaller of the rank sums of positive and negative x. Wilcoxon (1945)."""
    return evidence.signed_rank


def _sign_z(evidence: Evidence, share: Array) -> Array:
    n = evidence.n
    return np.asarray((evidence.sums["positive"] - n * share) / np.sqrt(n * share * (1.0 - share)))


def corrado(evidence: Evidence) -> Array:
    """Ranks K of each event over its L estimation and D event bars, M of them valid: daily mean over the events present
    of K - (M + 1)/2 over its root mean square over all L + D days. Corrado (1989).

    A window is the sum over its m days with an event over sqrt m (Cowan 1992).
    """
    return _over_days(evidence, evidence.ranks.plain / evidence.ranks.days.ranked)


def corrado_uniform(evidence: Evidence) -> Array:
    """As ``corrado`` with the daily sum of K/(M + 1) - 1/2 over the root of the events present, so that short histories
    and missing days weigh what they should. Corrado & Zivney (1992) without their correction of the event's variance.
    """
    return _over_days(evidence, _uniform(evidence.ranks.days))


def corrado_zivney(evidence: Evidence) -> Array:
    """As ``corrado_uniform``, of abnormal returns that are standardised first: residuals by sigma, an event day by its
    forecast error and by the sd over events of what comes out. Corrado & Zivney (1992).
    """
    return _over_days(evidence, _uniform(evidence.ranks.adjusted))


def _uniform(days: DaySums) -> Array:
    return np.asarray(days.uniform / np.sqrt(days.ranked))


def _over_days(evidence: Evidence, series: Array) -> Array:
    columns, known = evidence.columns, series[~np.isnan(series)]
    s = np.sqrt((known @ known) / len(known)) if len(known) else np.nan
    event = series[len(series) - columns.days :]
    days = columns.cumulated((~np.isnan(event)).astype(np.float64))
    value = columns.cumulated(event) / (s * np.sqrt(days))
    return np.where(evidence.n > 0, value, np.nan)


def generalized_rank_z(evidence: Evidence) -> Array:
    """Sum of U over sqrt(sum of L / (12 (L + 2))). Kolari & Pynnönen (2011); U as ``generalized_rank_t`` has it."""
    return np.asarray(evidence.ranks.u / np.sqrt(evidence.ranks.u_weight))


def generalized_rank_t(evidence: Evidence) -> Array:
    """Z sqrt((T - 2) / (T - 1 - Z^2)) of ``rank_mean_ratio``, T days. Kolari & Pynnönen (2011).

    Each event's standardised residuals and, as one more day, its scaled abnormal return divided by its sd over events
    are ranked together: U = rank / (L + 2) - 1/2 with L its residuals.
    """
    z, days = rank_mean_ratio(evidence), ranked_days(evidence)
    return np.asarray(z * np.sqrt((days - 2) / (days - 1 - z**2)))


def rank_mean_ratio(evidence: Evidence) -> Array:
    """The mean U of the event over sqrt(mean over the T = L + 1 days of (n_t / N) Ubar_t^2)."""
    ranks = evidence.ranks
    mean = ranks.u / ranks.u_n
    weighted = np.where(ranks.present > 0, ranks.daily**2 / ranks.present, 0.0).sum(axis=1) / ranks.u_n
    return np.asarray(mean / np.sqrt((weighted + mean**2) / ranked_days(evidence)))


def ranked_days(evidence: Evidence) -> int:
    """T: estimation days with a residual, and the event."""
    return int((evidence.ranks.present > 0).any(axis=0).sum()) + 1
