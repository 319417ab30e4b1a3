"""A regression of stored events' abnormal returns on what the events were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from correlator.eventstudy.cross_section import CrossSection, cross_section
from correlator.eventstudy.spec import StoreKeywords, shows_options
from correlator.eventstudy.windows import AsWindow
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
    """The study that ``options`` ask for, and ``formula`` on its events and what the store knows of them.

    ``of``: the CAR window to explain, default the first; the rest as ``cross_section`` and ``study`` say, and raise.
    """
    result = study(store, symbols, **options)
    return cross_section(stored_features(store, result, of), formula, clusters=clusters)
