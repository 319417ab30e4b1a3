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
    """The options of a study, and on whose workers it is measured."""

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
    **asked: Unpack[PlaceboKeywords],
) -> PlaceboResult:
    """A study of the store, tested against the same study on ordinary sessions.

    Parameters
    ----------
    store
        The store.
    symbols
        One symbol or several, default every share with bars.
    draws, seed, statistic, matching, margin
        Of the placebo studies, as ``placebo_test`` takes them.
    confounds
        ``keep`` confounded events, ``drop`` them, or keep the ``first`` of windows that overlap.
    **asked
        The options of the study (events, benchmark, windows, by ...), and ``cluster``: on whose workers it is measured,
        the same bytes.

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
    cluster = asked.pop("cluster", None)
    options = cast(StoreKeywords, asked)
    if confounds != "keep" and options.get("interval", DAILY) != DAILY:
        raise InputError("confounds are counted on daily bars", hint="leave interval out, or keep confounded events")
    result: StudyResult | SpreadResult = (
        study(store, symbols, **options) if cluster is None else cluster_study(store, cluster, symbols, **options)
    )
    if confounds != "keep":
        whole = result.whole if isinstance(result, SpreadResult) else result
        result = with_confounds(whole, confounds, stored_flags(store, whole))
    return placebo_test(result, draws=draws, seed=seed, statistic=statistic, matching=matching, margin=margin)
