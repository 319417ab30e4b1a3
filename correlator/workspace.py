"""A store with everything that can be done to it, as a notebook types it: the command line's verbs as methods."""

from __future__ import annotations

from pathlib import Path

from correlator.explain import explain
from correlator.intake.checks import check_calendar, check_prices
from correlator.intake.events import add_events
from correlator.intake.instruments import add_instruments
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.yahoo import add_yahoo
from correlator.listing import listing
from correlator.research.confounds import stored_flags
from correlator.research.correlate import news_and_returns
from correlator.research.features import stored_features
from correlator.research.placebo import stored_placebo
from correlator.research.price_figure import stored_price_figure
from correlator.research.study import study
from correlator.store.db import Store


class Workspace(Store):
    """A store and its verbs. Every method opens the file, does one thing and closes it again.

    >>> import correlator as co
    >>> ws = co.open_workspace("m.duckdb")            # doctest: +SKIP
    >>> ws.add_prices("AIRLINK.csv", symbol="AIRLINK", exchange="XKAR")            # doctest: +SKIP
    >>> ws.study("AIRLINK", benchmark="KSE100", window="-5:5").car            # doctest: +SKIP
    """

    add_prices = add_prices
    add_yahoo = add_yahoo
    add_instruments = add_instruments
    check_prices = check_prices
    check_calendar = check_calendar
    add_news = add_news
    add_events = add_events
    list = listing
    explain = explain
    study = study
    placebo = stored_placebo
    confounds = stored_flags
    features = stored_features
    news_and_returns = news_and_returns
    plot = stored_price_figure


def open_workspace(path: str | Path | None = None, *, lock_wait: float | None = None) -> Workspace:
    """The workspace on the store at ``path`` (default ``$CORRELATOR_STORE``, else correlator.duckdb in this folder).

    The file is made by the first load. ``lock_wait``: seconds to wait while another process holds the file.
    """
    return Workspace(path, lock_wait=lock_wait)
