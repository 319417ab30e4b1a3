"""Regression of stored events' abnormal returns on attributes of the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from correlator.eventstudy.regression.cross_section import CrossSection, cross_section, explained_window
from correlator.eventstudy.request.spec import StoreKeywords, refuse_unused, shows_options
from correlator.eventstudy.request.windows import AsWindow
from correlator.research.features import stored_features
from correlator.research.study import study
from correlator.store.db import Store


@shows_options(StoreKeywords)
def stored_regression(
    store: Store,
    formula: str,
    symbols: str | Sequence[str] | None = None,
    *,
    of: AsWindow | None = None,
    clusters: Sequence[str] | None = None,
    **options: Unpack[StoreKeywords],
) -> CrossSection:
    """Run a study of the store and regress its abnormal returns on attributes of the events.

    Parameters
    ----------
    store
        The store.
    formula
        Formula such as ``car ~ goldstein + C(category)``.
    symbols
        One symbol or several, default every share with bars.
    of
        CAR window to explain, default the first.
    clusters
        Columns to cluster standard errors by, as for ``cross_section``.
    **options
        Options of ``study``.

    Returns
    -------
    CrossSection
        ``table`` has a row per term.

    Raises
    ------
    NotFoundError, InputError, StudyError, MissingDependencyError
        As ``study`` and ``cross_section``.

    Examples
    --------
    >>> ws.regress("car ~ goldstein", "HBL", window="-5:5").table  # doctest: +SKIP
    """
    refuse_unused(options, ("by",), "a regression", "write C(column) into the formula")
    refuse_unused(options, ("interval",), "a regression, whose features are of daily bars")
    result = study(store, symbols, **options)
    fit = cross_section(stored_features(store, result, of), formula, clusters=clusters)
    return replace(fit, window=explained_window(result, of))
