"""Optional tables of a report: placebo, confounds, regressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import polars as pl

from correlator.errors import CorrelatorError, warn
from correlator.eventstudy.placebo.inference import placebo_test
from correlator.eventstudy.placebo.outcome import PlaceboResult
from correlator.eventstudy.regression.cross_section import cross_section
from correlator.eventstudy.results.result import StudyResult
from correlator.plot.figures import FIGURES, PLACEBO
from correlator.report.spec import ReportSpec
from correlator.research.confounds import stored_flags
from correlator.research.features import stored_features
from correlator.store.db import Store

T = TypeVar("T")
Tables = dict[str, pl.DataFrame | None]


def further_tables(spec: ReportSpec, result: StudyResult | None, sliced: Store) -> tuple[Tables, PlaceboResult | None]:
    """Return the optional tables of ``spec``, None (with a warning) for one that fails, and the placebo test."""
    outputs = spec.outputs
    names = [name for name in ("placebo", "confounds", "regressions") if name in outputs.tables]
    tables: Tables = dict.fromkeys(names)
    if result is None or not len(result.estimates):
        return tables, None
    test = None
    if "placebo" in names or any(FIGURES[kind].needs == PLACEBO for kind in outputs.figures):
        test = _attempt(lambda: placebo_test(result, draws=outputs.draws, seed=outputs.seed), "placebo test")
    if "placebo" in names and test is not None:
        tables["placebo"] = test.table
    if "confounds" in names:
        tables["confounds"] = _attempt(lambda: stored_flags(sliced, result), "table of confounds")
    if "regressions" in names:
        tables["regressions"] = _attempt(lambda: _regressions(spec, result, sliced), "regression")
    return tables, test


def _regressions(spec: ReportSpec, result: StudyResult, sliced: Store) -> pl.DataFrame:
    features = stored_features(sliced, result, None)
    tables = [
        cross_section(features, formula).table.select(pl.lit(formula).alias("formula"), pl.all())
        for formula in spec.outputs.regressions
    ]
    return pl.concat(tables, how="diagonal_relaxed")


def _attempt(make: Callable[[], T], what: str) -> T | None:
    """Return the result of ``make``, or None with a warning if it fails, so that the report is made anyway."""
    try:
        return make()
    except CorrelatorError as error:
        warn(f"no {what}: {error}")
        return None
