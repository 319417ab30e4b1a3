"""A store with all commands as methods, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from correlator.brief.evaluate import evaluate
from correlator.brief.make import brief
from correlator.brief.unexplained import unexplained
from correlator.errors import InputError
from correlator.eventstudy.matrix import study_frames
from correlator.eventstudy.request.readers import instant
from correlator.eventstudy.request.spec import RETURNS_KINDS, FrameKeywords, StoreKeywords, shows_options
from correlator.eventstudy.results.result import StudyResult
from correlator.explain import explain
from correlator.intake.checks import check_calendar, check_prices
from correlator.intake.download import add_downloads, add_yahoo, update_prices
from correlator.intake.events import add_events
from correlator.intake.instruments import add_instruments, edit_instrument
from correlator.intake.merge import merge_instruments
from correlator.intake.news import add_news
from correlator.intake.prices import add_prices
from correlator.intake.recode import recode_events
from correlator.intake.report import warns_if_all_rejected
from correlator.intake.undo import load_of, undo_load
from correlator.listing import listing
from correlator.report.run import ReportRun, run_report
from correlator.report.spec import read_spec
from correlator.research.confounds import stored_flags
from correlator.research.correlate import news_and_returns, stored_correlation
from correlator.research.features import stored_features
from correlator.research.figures import stored_figure
from correlator.research.placebo import stored_placebo
from correlator.research.regress import stored_regression
from correlator.research.study import study as stored_study
from correlator.research.study_tables import Table, Tables, events_table, study_tables
from correlator.store.db import Store


class Workspace(Store):
    """A store with the commands of the command line as methods. Every method opens the file and closes it again.

    >>> import correlator as co
    >>> ws = co.open_workspace("m.duckdb")            # doctest: +SKIP
    >>> ws.add_prices("AIRLINK.csv", symbol="AIRLINK", exchange="XKAR")            # doctest: +SKIP
    >>> r = ws.study("AIRLINK", benchmark="KSE100", window="-5:5")            # doctest: +SKIP
    >>> r.summary(); r.plot("car")            # doctest: +SKIP
    """

    add_prices = warns_if_all_rejected(add_prices)
    add_downloads = add_downloads
    add_yahoo = add_yahoo
    update = update_prices
    add_instruments = warns_if_all_rejected(add_instruments)
    check_prices = check_prices
    check_calendar = check_calendar
    add_news = warns_if_all_rejected(add_news)
    add_events = warns_if_all_rejected(add_events)
    load = load_of
    undo = undo_load
    recode = recode_events
    edit_instrument = edit_instrument
    merge_instruments = merge_instruments
    list = listing
    explain = explain
    brief = brief
    evaluate_briefs = evaluate
    unexplained = unexplained
    study = stored_study
    placebo = stored_placebo
    confounds = stored_flags
    features = stored_features
    news_and_returns = news_and_returns
    correlate = stored_correlation
    regress = stored_regression
    plot = stored_figure

    def report(
        self, file: str | Path, out: str | Path = "reports", *, as_of: str | date | datetime | None = None
    ) -> ReportRun:
        """Run the report that a TOML file describes, and publish it under ``out``.

        ``as_of``: a date (its end at the exchange), an instant with a time zone, or None for the last closed session.
        Raises StaleDataError if prices lack a closed session, InputError for a file that is not a report.
        """
        Path(out).mkdir(parents=True, exist_ok=True)
        date_or_instant = as_of if isinstance(as_of, date) and not isinstance(as_of, datetime) else instant(as_of)
        return run_report(read_spec(file), self, out=out, as_of=date_or_instant)


def open_workspace(path: str | Path | None = None, *, lock_wait: float | None = None) -> Workspace:
    """Open the workspace on the store at ``path`` (default ``$CORRELATOR_STORE``, else ``correlator.duckdb``).

    The first load creates the file. ``lock_wait``: seconds to wait while another process holds the file.
    """
    return Workspace(path, lock_wait=lock_wait)


@shows_options(StoreKeywords, FrameKeywords)
def study(
    source: Store | str | Path | None = None,
    symbols: str | Sequence[str] | None = None,
    *,
    events: str | Table | None = None,
    prices: Tables | None = None,
    returns: str | Table | None = None,
    volumes: Tables | None = None,
    benchmark: str | Table | None = None,
    returns_kind: str | None = None,
    **options: Any,
) -> StudyResult:
    """Measure abnormal returns of tickers around events: from a workspace, the path of a store, or frames.

    Parameters
    ----------
    source
        A workspace, a store, or the path of one; None for a study of frames.
    symbols
        For a store: one symbol or several; default: every share with bars.
    events
        For a store: a selection such as ``category = CONSULT``. For frames: a frame or file with ``symbol`` and
        ``date``.
    prices, returns, volumes
        Instead of a source, one of the three: a wide frame or file (dates and one column per symbol); for prices and
        volumes also bars in the layouts of libraries and services, or a mapping of symbol to its bars. ``returns`` may
        also be the kind of returns, ``log`` or ``simple``.
    benchmark
        A symbol or column; with frames also a separate frame, or the ``Path`` of one.
    returns_kind
        The kind of ``returns`` in a frame: ``log`` (default) or ``simple``.
    **options
        The other options, as listed by ``help(study)`` with their defaults.

    Returns
    -------
    StudyResult
        Use ``result.summary()``, ``result.car``, ``result.plot("car")``; events that could not be measured are in
        ``result.excluded``, and how frames and files were read in ``result.notes``.

    Raises
    ------
    InputError, NotFoundError, TimeError, StudyError
        If the study cannot be run; the message names the argument.

    Examples
    --------
    >>> import correlator as co
    >>> co.study("m.duckdb", "AIRLINK", benchmark="KSE100", window=(-5, 5)).car  # doctest: +SKIP
    >>> co.study(prices=prices, events=events, benchmark="MKT").caar  # doctest: +SKIP
    """
    is_kind = isinstance(returns, str) and returns in RETURNS_KINDS
    frames = {"prices": prices, "volumes": volumes, "returns": None if is_kind else returns}
    given = [name for name, frame in frames.items() if frame is not None]
    if source is None and not given:
        raise InputError("source is missing", hint="give a workspace or the path of a store, or prices=FRAME")
    if source is not None and given:
        raise InputError(f"source and {given[0]} are both given", hint="study a store or frames, not both at once")
    if source is None:
        if symbols is not None:
            raise InputError("symbols has no effect in a study of frames", hint="select the events instead")
        beside = {name: options.pop(name, None) for name in ("factors", "risk_free")}
        units = {"factors_unit": options.pop("factors_unit", None), "risk_free_unit": options.get("risk_free_unit")}
        sources = {**frames, "benchmark": benchmark, **beside}
        tables, notes = study_tables(sources, exchange=options.get("exchange"), **units)
        rows = None if events is None else events_table(events)
        kind: dict[str, Any] = {"returns": returns} if is_kind else {}
        result = study_frames(events=rows, returns_kind=returns_kind, **tables, **kind, **options)
        return replace(result, notes=notes)
    if returns_kind is not None:
        raise InputError("returns_kind has no effect in a study of a store", hint="give returns='simple'")
    named: dict[str, Any] = {"events": events, "benchmark": benchmark, "returns": returns}
    options |= {name: value for name, value in named.items() if value is not None}
    return stored_study(_store_of(source), symbols, **options)


def _store_of(source: Any) -> Store:
    if isinstance(source, Store):
        return source
    if isinstance(source, str | Path):
        return open_workspace(source)
    kind = type(source).__name__
    raise InputError(
        f"source must be a store or its path, got {kind}", hint="for frames give prices=FRAME or returns=FRAME"
    )
