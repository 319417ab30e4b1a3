"""The contents of a report."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from correlator.eventstudy.placebo.outcome import PlaceboResult
from correlator.eventstudy.results.result import StudyResult
from correlator.report.as_of import Inputs, Moment
from correlator.report.spec import ReportSpec


@dataclass(frozen=True)
class Contents:
    """A report's spec, its time, its inputs and the result of the study (None: no event concerns its symbols).

    ``tables``: tables by name, as written to CSV; ``notes``: warnings about the study and the inputs; ``test``: the
    placebo test, if there is one; ``since``: the time of the last report, after which things are new; ``others``:
    further studies by name.
    """

    spec: ReportSpec
    moment: Moment
    inputs: Inputs
    result: StudyResult | None
    tables: dict[str, pl.DataFrame]
    notes: tuple[str, ...]
    test: PlaceboResult | None = None
    since: Moment | None = None
    others: tuple[tuple[str, Contents], ...] = ()

    @property
    def studies(self) -> dict[str, Contents]:
        """All studies of the report by name; the first has the name of the report."""
        return {self.spec.name: self, **dict(self.others)}

    @property
    def measured(self) -> int:
        """The number of events measured."""
        return 0 if self.result is None else len(self.result.estimates)

    @property
    def left_out(self) -> int:
        """The number of events left out; the table of excluded events has the reasons."""
        return 0 if self.result is None else self.result.excluded.height
