"""Everything that a report is made of."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from correlator.eventstudy.placebo.outcome import PlaceboResult
from correlator.eventstudy.results.result import StudyResult
from correlator.report.as_of import Inputs, Moment
from correlator.report.spec import ReportSpec


@dataclass(frozen=True)
class Contents:
    """A report's description, its moment, its inputs and what the study found (None: no event concerns its symbols).

    ``tables`` by name, as they go to CSV; ``notes``: warnings of the study and of the inputs; ``test``: the placebo
    test where it is asked for; ``since``: where the last report stood, from which on things are new; ``others``:
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
        """Every study of the report by its name; the first one has the report's."""
        return {self.spec.name: self, **dict(self.others)}

    @property
    def measured(self) -> int:
        """Events measured."""
        return 0 if self.result is None else len(self.result.estimates)

    @property
    def left_out(self) -> int:
        """Events left out, each with its reason among the excluded."""
        return 0 if self.result is None else self.result.excluded.height
