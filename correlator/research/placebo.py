"""A placebo test of stored events on stored bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack, cast

from correlator.cluster import Cluster
from correlator.errors import InputError
from correlator.eventstudy.confounded import with_confounds
from correlator.eventstudy.parts.spread import SpreadResult
from correlator.eventstudy.placebo.dates import Matching
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.placebo.outcome import PlaceboResult
from correlator.eventstudy.request.spec import DAILY, StoreKeywords, shows_options
from correlator.eventstudy.results.result import StudyResult
from correlator.research.cluster_study import cluster_study
from correlator.research.confounds import stored_flags
from correlator.research.study import study
from correlator.store.db import Store


class PlaceboKeywords(StoreKeywords, total=False):
    """The options of a study, and the cluster to run it on."""

    cluster: Cluster | None


@shows_options(PlaceboKeywords)
def stored_placebo(
    store: Store,
    symbols: str | Sequence[str] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
    statistic: str = "scar",
    matching: Matching | None = None,
    margin: float | None = None,
    confounds: str = "keep",
    **options: Unpack[PlaceboKeywords],
) -> PlaceboResult:
    """Test a study of the store against the same study on ordinary sessions.

    Parameters
    ----------
    store
        The store.
    symbols
        One symbol or several, default every share with bars.
    draws, seed, statistic, matching, margin
        Options of ``placebo_test``.
    confounds
        ``keep`` confounded events, ``drop`` them, or keep the ``first`` of windows that overlap.
    **options
        Options of ``study`` (events, benchmark, windows, by ...), and ``cluster``: the cluster to run it on, with the
        same result.

    Returns
    -------
    PlaceboResult
        ``table`` has a row per group and window.

    Raises
    ------
    NotFoundError, InputError, StudyError
        As ``study`` and ``placebo_test``.

    Examples
    --------
    >>> ws.placebo("HBL", events="goldstein < 0", window="-5:5").table  # doctest: +SKIP
    """
    cluster = options.pop("cluster", None)
    study_options = cast(StoreKeywords, options)
    if confounds != "keep" and study_options.get("interval", DAILY) != DAILY:
        raise InputError("confounds need daily bars", hint="leave interval out, or keep confounded events")
    result: StudyResult | SpreadResult
    if cluster is None:
        result = study(store, symbols, **study_options)
    else:
        result = cluster_study(store, cluster, symbols, **study_options)
    if confounds != "keep":
        complete = result.whole if isinstance(result, SpreadResult) else result
        result = with_confounds(complete, confounds, stored_flags(store, complete))
    return placebo_test(result, draws=draws, seed=seed, statistic=statistic, matching=matching, margin=margin)
