"""A study with its confounded events kept, dropped, the first of each cluster kept, or modelled, side by side.

=========  ==========================================================================================================
keep       every event, confounded or not
drop       only events with nothing else in their window
first      of the events of a symbol with overlapping windows, the first, then the next that does not overlap it
model      every event; the average is the constant of a regression of CAR on the confounds, each 0 where there is none
=========  ==========================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from correlator.align.confounds import USUAL_KINDS, BarMarks, Mask, confound_flags, first_of_overlapping
from correlator.errors import InputError, StudyError
from correlator.eventstudy.panel.frames import Panel, Rows
from correlator.eventstudy.panel.many_exchanges import parts_of
from correlator.eventstudy.regression.cross_section import cross_section, event_features
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.results.result_frames import average_frame

TREATMENTS = ("keep", "drop", "first", "model")
_COLUMNS = ("other_stories", "country_stories", "overlaps", "ex_dividend", "limit_locked", "thin")
_ERRORS = ("se", "t", "p_value", "df")
_NO_ERRORS = {name: pl.lit(None) for name in _ERRORS}
"""With fewer than two dates there is no standard error between dates."""
_SCHEMA = pl.Schema(
    {"confounds": pl.String, "window": pl.String, "n": pl.Int64, **dict.fromkeys(("caar", *_ERRORS), pl.Float64)}
)


def flags_of(
    result: StudyResult,
    *,
    others: pl.DataFrame | None = None,
    ex_dividend: Mask | None = None,
    kinds: Sequence[str] = USUAL_KINDS,
) -> pl.DataFrame:
    """Return what else happened in the event window of every measured event, as ``confound_flags`` does.

    ``others``: all news, event_id, symbol, date (day 0) and story_id, default: the study's events; ``ex_dividend``
    (T, S) marks on the panel. With several exchanges each event has the window, the bars and the news of its exchange,
    as in a study of that exchange alone. Raises StudyError if the event window is one of calendar dates.
    """
    _, window = result.spec.offsets()
    panel = result.panel
    events = result.measured_events.with_columns(row=pl.Series(_own_sessions(result)))

    def flags(part: Panel, own: pl.DataFrame, others: pl.DataFrame | None, ex_dividend: Mask | None) -> pl.DataFrame:
        thin = np.isnan(part.returns) if part.zero_volume is None else np.isnan(part.returns) | part.zero_volume
        marks = BarMarks(part.symbols, part.limit_locked, thin, ex_dividend)
        news = None if others is None else _on_rows(others, part.labels)
        return confound_flags(own, (window.first, window.last), marks, others=news, kinds=kinds)

    if panel.calendars is None:
        return flags(panel, events, others, ex_dividend)
    placed = events.with_row_index("_place")
    parts = []
    for k, (part, rows) in enumerate(zip(parts_of(panel), panel.calendars.rows, strict=True)):
        own = placed.filter(pl.col("symbol").is_in(part.symbols))
        news = None if others is None else others.filter(pl.col("symbol").is_in(part.symbols))
        marks = None if ex_dividend is None else ex_dividend[np.ix_(rows, np.flatnonzero(panel.calendars.of == k))]
        if own.height:
            parts.append(flags(part, own.drop("_place"), news, marks).with_columns(own["_place"]))
    return pl.concat(parts).sort("_place").drop("_place")


def _own_sessions(result: StudyResult) -> Rows:
    """Return day 0 (E,) of every measured event as a position among the sessions of its share's exchange."""
    estimates, calendars = result.estimates, result.panel.calendars
    if calendars is None:
        return estimates.day_zero
    return calendars.places(estimates.symbol_index, estimates.day_zero)


def with_confounds(result: StudyResult, treatment: str, flags: pl.DataFrame) -> StudyResult:
    """Return ``result`` with ``keep``, ``drop`` or ``first`` applied; events left out are in ``excluded``.

    ``flags``: from ``flags_of``. Raises InputError for another treatment, StudyError if no event is left.
    """
    if treatment not in ("keep", "drop", "first"):
        raise InputError(f"confounds {treatment!r} cannot be applied to a result", hint="choose keep, drop or first")
    if treatment == "keep":
        return result
    keep = _kept(result, flags, treatment)
    reasons = pl.lit("its window overlaps that of an earlier event")
    if treatment == "drop":
        reasons = pl.format("confounded: {}", flags["reason"])
    if not keep.any():
        raise StudyError("every event is confounded", hint="choose first or model, narrower windows, or fewer kinds")
    labels = result.panel.labels
    left_out = flags.with_columns(session=labels[result.estimates.day_zero], reason=reasons).filter(pl.Series(~keep))
    excluded = left_out.select(result.excluded.columns)
    return replace(
        result,
        estimates=result.estimates.take(keep),
        excluded=pl.concat([result.excluded, excluded], how="vertical_relaxed"),
    )


def _kept(result: StudyResult, flags: pl.DataFrame, treatment: str) -> Mask:
    """Return the mask (E,) of events that remain under ``keep``, ``drop`` or ``first``."""
    if treatment == "keep":
        return np.ones(len(flags), dtype=bool)
    if treatment == "drop":
        return ~flags["confounded"].to_numpy()
    _, window = result.spec.offsets()
    return first_of_overlapping(flags["symbol"], _own_sessions(result), (window.first, window.last))


def compare_confounds(result: StudyResult, flags: pl.DataFrame, treatments: Sequence[str] = TREATMENTS) -> pl.DataFrame:
    """Return the CAAR of every window under each treatment: confounds, window, n, caar, se, t, p_value, df.

    ``n`` counts observations, as in the averages of a study: the first remaining event of each share and day 0.
    Standard errors are clustered by session and symbol (see ``cross_section``). ``model`` is the CAAR of an event with
    nothing else in its window; confounds that are constant or collinear are left out. A treatment that leaves fewer
    than two dates has no errors. Raises InputError for another treatment.
    """
    if unknown := sorted(set(treatments) - set(TREATMENTS)):
        raise InputError(f"confounds {unknown[0]!r} is not known", hint=f"choose from {', '.join(TREATMENTS)}")
    return pl.concat([_averages(result, flags, treatment) for treatment in treatments])


def _averages(result: StudyResult, flags: pl.DataFrame, treatment: str) -> pl.DataFrame:
    kept = _kept(result, flags, "keep" if treatment == "model" else treatment)
    observed = result.estimates.observed(np.flatnonzero(kept))
    chosen = replace(result, estimates=result.estimates.take(observed))
    counts = flags[observed].select(_COLUMNS)
    formula = " + ".join(["car ~ 1", *(_informative_columns(counts) if treatment == "model" else ())])
    if len(np.unique(chosen.estimates.day_zero)) < 2:
        averages = average_frame(chosen.estimates.car, chosen.window_labels, "window", "caar")
        return averages.select(pl.lit(treatment).alias("confounds"), "window", "n", "caar", **_NO_ERRORS).cast(_SCHEMA)
    rows = []
    for window in result.window_labels:
        features = event_features(chosen, window)
        if treatment == "model":
            features = features.drop(_COLUMNS, strict=False).with_columns(counts)
        fit = cross_section(features, formula)
        first = fit.table.filter(pl.col("term") == "Intercept").row(0, named=True)
        rows.append((treatment, window, fit.n, first["estimate"], first["se"], first["t"], first["p_value"], fit.df))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _informative_columns(flags: pl.DataFrame) -> list[str]:
    """Return the columns that vary over events and are not a linear combination of those before them."""
    design, chosen = np.ones((len(flags), 1)), []
    for name in _COLUMNS:
        if flags[name].null_count():
            continue
        wider = np.column_stack([design, flags[name].to_numpy()])
        if np.linalg.matrix_rank(wider) > design.shape[1]:
            design = wider
            chosen.append(name)
    return chosen


def _on_rows(others: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    """Return news with the row of its bar, the next one if its date lies between two."""
    dated = others.filter(pl.col("date").is_not_null())
    return dated.with_columns(row=pl.Series(labels.search_sorted(dated["date"], side="left")).cast(pl.Int64))
