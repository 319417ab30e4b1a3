"""The registry of statistics across events: each with its equation, paper, distribution and robustness.

Names, order, error messages, the tables of ``docs/methods.md`` and the help of the command line derive from it. To add
a statistic: a function of the evidence, an entry here and, if it needs a new sum, that sum in ``sums``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.significance import nonparametric, parametric
from correlator.eventstudy.significance.evidence import Evidence


@dataclass(frozen=True)
class Law:
    """The distribution of a statistic without an effect: ``text`` as printed in the docs, and ``df`` (K,) from the
    evidence if it is Student's t.
    """

    text: str
    df: Callable[[Evidence], Array] | None = None


@dataclass(frozen=True)
class Robustness:
    """Robustness of a statistic: whether it needs ``independent`` events, and whether it is robust to events that raise
    the ``variance``, and to fat ``tails`` and skew.
    """

    independent: str
    variance: str
    tails: str


@dataclass(frozen=True)
class Statistic:
    """A test of a mean abnormal return of zero across events.

    ``value``: (K,) from the evidence, None if the events themselves are resampled; ``equation`` and ``source`` as
    printed in the docs; ``fewest`` events and ``fewest_dates`` with a value that it needs, null below; ``use``: when to
    use it.
    """

    name: str
    value: Callable[[Evidence], Array] | None
    equation: str
    law: Law
    source: str
    robustness: Robustness
    use: str
    fewest: int = 2
    fewest_dates: int = 1
    output: str = "significance"


NORMAL: Final = Law("normal")
EXACT: Final = Law("exact to 200 events")
T_OF_EVENTS: Final = Law("t, N − 1", lambda evidence: evidence.n - 1)
T_OF_DATES: Final = Law("t, G − 1", lambda evidence: parametric.dates_of(evidence) - 1)
T_OF_PORTFOLIO_DAYS: Final = Law(
    "t, T − 1", lambda evidence: np.full(len(evidence.n), parametric.portfolio(evidence)[1] - 1.0)
)
T_OF_RANKED_DAYS: Final = Law(
    "t, T − 2", lambda evidence: np.full(len(evidence.n), nonparametric.ranked_days(evidence) - 2.0)
)

STATISTICS: Final[tuple[Statistic, ...]] = (
    Statistic(
        "csect_t",
        parametric.cross_sectional_t,
        "mean(x) √N / sd(x)",
        law=T_OF_EVENTS,
        source="Brown & Warner (1980)",
        robustness=Robustness(independent="yes", variance="yes", tails="with many events"),
        use="a first look",
    ),
    Statistic(
        "patell_z",
        parametric.patell_z,
        "Σ SAR / √Σ (d/(d − 2)), d = n − k of each event",
        law=NORMAL,
        source="Patell (1976)",
        robustness=Robustness(independent="yes", variance="no", tails="no"),
        use="powerful if variances differ between events and do not change",
    ),
    Statistic(
        "adj_patell_z",
        parametric.adjusted_patell_z,
        "patell_z / √(1 + (N − 1) r̄)",
        law=NORMAL,
        source="Kolari & Pynnönen (2010)",
        robustness=Robustness(independent="no", variance="no", tails="no"),
        use="like patell_z, for common dates",
    ),
    Statistic(
        "bmp_t",
        parametric.bmp_t,
        "mean(SAR) √N / sd(SAR)",
        law=T_OF_EVENTS,
        source="Boehmer, Musumeci & Poulsen (1991)",
        robustness=Robustness(independent="yes", variance="yes", tails="with many events"),
        use="the default for scattered dates",
    ),
    Statistic(
        "kp_t",
        parametric.kolari_pynnonen_t,
        "bmp_t √((1 − r̄)/(1 + (N − 1) r̄))",
        law=T_OF_EVENTS,
        source="Kolari & Pynnönen (2010)",
        robustness=Robustness(independent="no", variance="yes", tails="with many events"),
        use="the default for common dates",
    ),
    Statistic(
        "skew_adj_t",
        parametric.skewness_adjusted_t,
        "√N (S + γS²/3 + γ/(6N)), S = mean/sd, γ = N Σ(x − mean)³ / ((N − 1)(N − 2) sd³)",
        law=T_OF_EVENTS,
        fewest=3,
        source="Johnson (1978); Hall (1992); Lyon, Barber & Tsai (1999)",
        robustness=Robustness(
            independent="yes", variance="yes", tails="skew only, many events; rejects too often with 50"
        ),
        use="long windows, preferably with bootstrapped bounds",
    ),
    Statistic(
        "bw80",
        parametric.brown_warner_1980,
        "Σx / √(Σ m var), m the event's bars in the column, var of its residuals with divisor n − 1",
        law=NORMAL,
        source="Brown & Warner (1980)",
        robustness=Robustness(independent="yes", variance="no", tails="with many events"),
        use="comparison with older studies",
    ),
    Statistic(
        "bw85",
        parametric.brown_warner_1985,
        "mean(x) / (√m sd of the daily mean residual over T estimation days)",
        law=T_OF_PORTFOLIO_DAYS,
        source="Brown & Warner (1985)",
        robustness=Robustness(independent="no", variance="no", tails="with many events"),
        use="common dates, few events",
    ),
    Statistic(
        "corrado_rank",
        nonparametric.corrado,
        "Σ over the column of K̄ / (√m S), K̄ the daily mean of rank − (M + 1)/2, S its root mean square over all "
        "estimation and event days",
        law=NORMAL,
        source="Corrado (1989)",
        robustness=Robustness(independent="no", variance="no", tails="yes"),
        use="single days; loses power in long windows",
    ),
    Statistic(
        "corrado_uniform",
        nonparametric.corrado_uniform,
        "the same with Σ(rank/(M + 1) − 1/2)/√N_t per day",
        law=NORMAL,
        source="Corrado & Zivney (1992), ranks only",
        robustness=Robustness(independent="no", variance="no", tails="yes"),
        use="like corrado_rank, for histories of different length",
    ),
    Statistic(
        "corrado_zivney",
        nonparametric.corrado_zivney,
        "the same of e/s and of SAR/sd(SAR) on event days",
        law=NORMAL,
        source="Corrado & Zivney (1992)",
        robustness=Robustness(independent="no", variance="yes", tails="yes"),
        use="single days of events that raise the variance",
    ),
    Statistic(
        "grank_t",
        nonparametric.generalized_rank_t,
        "Z √((T − 2)/(T − 1 − Z²)), Z = Ū₀ / √(mean over T = L + 1 days of (N_t/N) Ū_t²)",
        law=T_OF_RANKED_DAYS,
        source="Kolari & Pynnönen (2011)",
        robustness=Robustness(independent="no", variance="yes", tails="yes"),
        use="the default among rank tests",
    ),
    Statistic(
        "grank_z",
        nonparametric.generalized_rank_z,
        "Σ U₀ / √Σ (L/(12(L + 2)))",
        law=NORMAL,
        source="Kolari & Pynnönen (2011)",
        robustness=Robustness(independent="yes", variance="yes", tails="yes"),
        use="few estimation days",
    ),
    Statistic(
        "sign_z",
        nonparametric.sign_z,
        "(w − N/2)/√(N/4), w events with x > 0",
        law=NORMAL,
        source="",
        robustness=Robustness(independent="yes", variance="yes", tails="fat tails; median zero needed"),
        use="a first look",
    ),
    Statistic(
        "gsign_z",
        nonparametric.generalized_sign_z,
        "(w − N p)/√(N p (1 − p)), p mean over events of the share of positive residuals",
        law=NORMAL,
        source="Cowan (1992)",
        robustness=Robustness(independent="yes", variance="yes", tails="yes"),
        use="outliers dominate the mean",
    ),
    Statistic(
        "wilcoxon",
        nonparametric.signed_rank,
        "the smaller of the rank sums of \\|x\\| over positive and negative x",
        law=EXACT,
        source="Wilcoxon (1945)",
        robustness=Robustness(independent="yes", variance="yes", tails="symmetry needed"),
        use="small samples",
    ),
    Statistic(
        "jackknife_t",
        parametric.jackknife_t,
        "t of the pseudo-values N q − (N − 1) q₋ᵢ of q = mean(SAR)/sd(SAR)",
        law=T_OF_EVENTS,
        fewest=3,
        source="after Giaccotto & Sfiridis (1996)",
        robustness=Robustness(independent="yes", variance="yes", tails="with many events"),
        use="a check on bmp_t",
    ),
    Statistic(
        "lamb_z",
        parametric.lamb_z,
        "mean(x) / (sd as in bw85 · √mean((se/s)²))",
        law=NORMAL,
        source="Lamb (1995)",
        robustness=Robustness(independent="no", variance="no", tails="with many events"),
        use="common dates, few events",
    ),
    Statistic(
        "clustered_t",
        parametric.clustered_t,
        "mean(x) N / √(G/(G − 1) Σ over G dates of (Σ over its events of x − mean(x))²)",
        law=T_OF_DATES,
        fewest_dates=2,
        source="Liang & Zeger (1986)",
        robustness=Robustness(independent="between dates only", variance="yes", tails="with many dates"),
        use="many dates with windows that do not overlap",
    ),
    Statistic(
        "wild_cluster_t",
        None,
        "clustered_t under the null; p is the fraction of draws as large when each date's values get a random sign",
        law=Law("randomisation"),
        source="Cameron, Gelbach & Miller (2008)",
        fewest_dates=2,
        output="wild-cluster",
        robustness=Robustness(independent="between dates only", variance="yes", tails="yes"),
        use="few dates (at least six) with many events each",
    ),
)

COMPUTED: Final = tuple(statistic for statistic in STATISTICS if statistic.value is not None)
"""The statistics of the output ``significance``, in its order."""
NAMES: Final = tuple(statistic.name for statistic in COMPUTED)
