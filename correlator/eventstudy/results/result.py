"""The result of a study: its estimates, and its tables as frames."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from correlator.base.buckets import parts_of
from correlator.errors import InputError, NotFoundError, StudyError, likeliest
from correlator.eventstudy.estimation.engine import regressed
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates, PackedBars
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.estimation.residuals import with_residuals
from correlator.eventstudy.panel.frames import Panel, Rows
from correlator.eventstudy.placing.flagged_windows import flagged_bars
from correlator.eventstudy.placing.placement import own_window_rows, window_rows
from correlator.eventstudy.request.spec import RETURNS_KINDS, StudySpec
from correlator.eventstudy.request.windows import Window
from correlator.eventstudy.results import result_frames as tables
from correlator.eventstudy.results.face import function_of
from correlator.eventstudy.results.groups import too_few, with_two
from correlator.eventstudy.results.made import benchmark_note, how_made
from correlator.eventstudy.results.outputs import OUTPUTS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from correlator.eventstudy.placebo.outcome import PlaceboResult
    from correlator.eventstudy.regression.cross_section import CrossSection
    from correlator.eventstudy.results.counterfactual import InSpace


@dataclass(frozen=True)
class StudyResult:
    """The estimates of a study and its tables; returns are fractions.

    ``estimates``: arrays of the kept events; ``panel``: the bars; ``events``: the events as given, ``event_id`` and
    ``symbol`` first, with all other columns; ``spec``: the request; ``excluded``: ``event_id``, ``symbol``,
    ``session``, ``reason`` of events that could not be measured; ``day_labels`` (D,) names of the columns of the event
    window; ``car_columns`` (W, 2) first and last column of each CAR window; ``notes``: how frames and files of the
    study were read, one line each.
    """

    estimates: EventEstimates
    panel: Panel
    events: pl.DataFrame
    spec: StudySpec
    excluded: pl.DataFrame
    day_labels: tuple[str, ...]
    car_columns: np.ndarray[Any, np.dtype[np.int64]]
    notes: tuple[str, ...] = ()

    @property
    def window_labels(self) -> tuple[str, ...]:
        return tuple(window.label for window in self.spec.windows)

    @property
    def benchmark_note(self) -> str:
        """Description of the benchmark and what it is made of; ``none`` if the study has none."""
        return benchmark_note(self.panel, self.spec)

    @property
    def made(self) -> dict[str, Any]:
        """How the numbers were computed, for metadata of files: version, every option, benchmark, counts, notes."""
        return {
            **how_made(self.panel, self.spec),
            "events_measured": len(self.estimates),
            "events_excluded": self.excluded.height,
            **({"notes": list(self.notes)} if self.notes else {}),
        }

    @cached_property
    def ar(self) -> pl.DataFrame:
        """One row per event and bar: event_id, symbol, session, day, return, expected, ar, se, t, p_value, flags."""
        return self._with_exchange(tables.ar_frame(self.estimates, self.panel, self.events))

    @cached_property
    def car(self) -> pl.DataFrame:
        """One row per event and window: event_id, symbol, window, car, se, t, p_value, low and high (95 %), df, n (bars
        counted), flags, findings (flagged bars of the window).
        """
        return self._with_exchange(
            tables.car_frame(self.estimates, self.panel, self.events, self.window_labels, columns=self.car_columns)
        )

    @cached_property
    def bhar(self) -> pl.DataFrame:
        """One row per event and window: event_id, symbol, window, bhar (actual less expected holding return), n, flags.

        Raises StudyError for volumes.
        """
        if self.spec.returns not in RETURNS_KINDS:
            raise StudyError(f"buy-and-hold returns need returns, not {self.spec.returns}", hint="read car instead")
        data = self.estimates, self.panel, self.events, self.window_labels
        return self._with_exchange(tables.bhar_frame(*data, columns=self.car_columns, returns_kind=self.spec.returns))

    @cached_property
    def models(self) -> pl.DataFrame:
        """One row per event: event_id, symbol, alpha, beta (one per factor), sigma, n, findings (flagged bars of the
        estimation window).
        """
        return self._with_exchange(
            tables.models_frame(self.estimates, self.panel, self.events, self._rows_of(self.spec.estimation))
        )

    @cached_property
    def flagged(self) -> pl.DataFrame:
        """One row per flagged bar, finding and kind of window: symbol, session, finding, window (``event`` or
        ``estimation``), events (measured ones whose window holds the bar).
        """
        windows = {"event": self.spec.window, "estimation": self.spec.estimation}
        rows = {name: self._rows_of(window) for name, window in windows.items()}
        return flagged_bars(self.panel, rows, self.estimates.symbol_index)

    @property
    def measured_events(self) -> pl.DataFrame:
        """The measured ``events``, in the order of ``estimates``."""
        return self.events[self.estimates.kept]

    def _rows_of(self, window: Window) -> tuple[Rows, Rows]:
        """Return first and last row (E,) of ``window`` for every measured event, in sessions of its exchange."""
        return own_window_rows(self.panel, window, self.estimates.symbol_index, self.estimates.day_zero)

    def _with_exchange(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` with the column ``exchange`` after the symbol if symbols trade on several."""
        calendars = self.panel.calendars
        if calendars is None:
            return frame
        codes = dict(zip(self.panel.symbols, (calendars.exchanges[k] for k in calendars.of), strict=True))
        exchange = frame["symbol"].replace_strict(codes, default=None, return_dtype=pl.String).alias("exchange")
        return frame.insert_column(frame.columns.index("symbol") + 1, exchange)

    @cached_property
    def aar(self) -> pl.DataFrame:
        """One row per day (and group): day, n, aar, sd across events, caar so far, positive (fraction of events), se,
        df, low and high (95 %). A return over several sessions is in ``caar`` from its day on and in no ``aar``.
        """
        return self._by_group(
            lambda part: tables.average_frame(part.day_ar, self.day_labels, "day", "aar", running=part.path_ar)
        )

    @cached_property
    def caar(self) -> pl.DataFrame:
        """One row per window (and group): window, n, caar, sd across events, positive (fraction of events), se, df, low
        and high (95 %).
        """
        return self._by_group(lambda part: tables.average_frame(part.car, self.window_labels, "window", "caar"))

    @cached_property
    def recommended(self) -> pl.DataFrame:
        """The test that keeps its size in this design (see ``results.recommended``), one row per window (and group):
        window, n, events, dates, caar, se, df, t, p_value, low, high (95 %), positive (fraction of events), test.
        """
        return self.recommended_by(self.spec.by)

    def recommended_by(self, by: tuple[str, ...]) -> pl.DataFrame:
        """Return ``recommended`` with the events grouped by the columns ``by`` instead; ungrouped if empty."""
        from correlator.eventstudy.results.recommended import recommended, recommended_frame

        def of_group(part: EventEstimates) -> pl.DataFrame:
            tests = recommended(part, self.panel, self.car_columns, self.estimation_bars)
            positive = tables.average_frame(part.car, self.window_labels, "window", "caar")["positive"]
            return recommended_frame(tests, self.window_labels, positive.to_numpy(), part)

        return replace(self, spec=replace(self.spec, by=by))._by_group(of_group)

    @property
    def estimation_bars(self) -> int:
        """Length of an estimation window in bars, missing ones included."""
        first, last = window_rows(self.spec.estimation, self.estimates.day_zero[:1], self.panel.local_labels)
        return int((last - first).max(initial=-1)) + 1

    @cached_property
    def significance(self) -> pl.DataFrame:
        """One row per day or window and statistic: window_or_day, statistic, value, df, p_value, n (and the group).

        Raises StudyError if no group has two events: one event has no cross-section.
        """
        from correlator.eventstudy.significance.arrays import study_arrays
        from correlator.eventstudy.significance.table import significance_table

        estimates, bars, rows = self.estimates, self.packed_bars(), None
        if self.panel.calendars is not None:
            rows = tables.estimation_rows(estimates, self.panel, self.estimation_bars)
        arrays = study_arrays(
            estimates, self.day_labels, self.window_labels, self.car_columns, bars=bars, residual_rows=rows
        )
        arrays = replace(arrays, part=parts_of(self.panel.symbols)[estimates.symbol_index])
        groups = with_two(self.observed_rows(), len, "event") or too_few(self, len(estimates))
        return self._stacked(
            (values, significance_table(replace(arrays, chosen=chosen), engine=self.spec.engine))
            for values, chosen in groups
        )

    @cached_property
    def wild_cluster(self) -> pl.DataFrame:
        """The bootstrap clustered by event date, 9,999 seeded draws, one row per day or window (and group):
        window_or_day, statistic, value (t), p_value, n, dates. Raises StudyError if no group has two dates.
        """
        from correlator.eventstudy.significance.clustered import wild_cluster_frame

        labels = [*self.day_labels, *self.window_labels]
        dated = list(self.groups())
        dated = with_two(dated, lambda part: len(np.unique(part.day_zero)), "event date") or dated
        return self._stacked(
            (values, wild_cluster_frame(np.concatenate([part.day_ar, part.car], axis=1), part.day_zero, labels))
            for values, part in dated
        )

    def observed_rows(self) -> list[tuple[dict[str, Any], Rows]]:
        """Return the rows of the observations of each group."""
        return [(values, self.estimates.observed(rows)) for values, rows in self._grouped_rows()]

    def packed_bars(self) -> PackedBars | None:
        """Return the bars to recompute residuals from; None if they are kept or cannot be recomputed."""
        model = model_named(self.spec.model)
        if self.estimates.estimation_residuals is not None or not model.is_a_line(len(self.panel.factor_names)):
            return None
        return PackedBars.of(regressed(model, Bars.of(self.panel)), self.estimation_bars)

    @cached_property
    def volatility(self) -> pl.DataFrame:
        """One row per day (and group): day, n, multiplier of the GARCH variance, cumulated, p_value.

        Raises StudyError for fewer than three events, MissingDependencyError without ``arch``.
        """
        from correlator.eventstudy.results.volatility import abnormal_volatility

        bars = self.packed_bars()
        return self._by_group(lambda part: abnormal_volatility(with_residuals(part, bars), self.day_labels))

    @cached_property
    def calendar_time(self) -> pl.DataFrame:
        """One row per window (and group): window, alpha (per bar, of the portfolio that holds every symbol while one of
        its windows is open), se, se_white, t, p_value, df, bars, holdings. Raises StudyError for windows of dates.
        """
        from correlator.eventstudy.results.calendar_time import calendar_time_frame

        return self._by_group(lambda part: calendar_time_frame(part, self.panel, self.spec.windows, self.spec.returns))

    @cached_property
    def diagnostics(self) -> pl.DataFrame:
        """Checks of each estimate, one row per event: event_id, symbol, n, purged, ljung_box, p_autocorrelation,
        arch_lm, p_arch, pre_trend, p_pre_trend, outliers, largest, flags (see ``eventstudy.results.diagnostics``).
        """
        from correlator.eventstudy.results.diagnostics import diagnostics_frame
        from correlator.eventstudy.results.exchange_studies import by_exchange

        if self.panel.calendars is not None:
            return self._with_exchange(by_exchange(self, lambda own: own.diagnostics))
        estimates = with_residuals(self.estimates, self.packed_bars())
        return diagnostics_frame(estimates, self.panel, self.events, self.spec, estimation_bars=self.estimation_bars)

    @cached_property
    def donors(self) -> pl.DataFrame:
        """The composition of synthetic shares, one row per event and donor with a weight: event_id, symbol, donor,
        weight. Like ``in_space`` and ``in_space_average``, raises StudyError for models other than ``synthetic``.
        """
        from correlator.eventstudy.results.counterfactual import donors_frame

        return donors_frame(self.estimates, self.panel, self.events)

    @cached_property
    def in_space(self) -> pl.DataFrame:
        """Each event's gap compared with those of its donors, one row per event and window: event_id, symbol, window,
        car, pre_rmse, ratio (CAR over pre_rmse), p_value, placebos (number of donors).
        """
        from correlator.eventstudy.results.counterfactual import in_space_frame

        return in_space_frame(self._placebos_in_space, self.estimates, self.events, self.window_labels)

    @cached_property
    def in_space_average(self) -> pl.DataFrame:
        """The average gap compared with those of donors in place of the shares, one row per window (and group): window,
        n, caar, ratio, p_value, placebos (distinct replacements), draws.
        """
        from correlator.eventstudy.results.counterfactual import in_space_average

        def of_group(part: EventEstimates) -> pl.DataFrame:
            positions = np.flatnonzero(np.isin(self.estimates.kept, part.kept))
            return in_space_average(self._placebos_in_space.take(positions), part, self.window_labels)

        return self._by_group(of_group)

    @cached_property
    def _placebos_in_space(self) -> InSpace:
        from correlator.eventstudy.results.counterfactual import in_space

        return in_space(self.estimates, self.panel, self.car_columns, self.estimation_bars)

    def groups(self) -> Iterator[tuple[dict[str, Any], EventEstimates]]:
        """Yield the observations of each group in order of appearance; a single group without names if ``by`` is empty.

        Events of one group with the same symbol and day 0 are one observation: the first, with their number.
        """
        for values, rows in self._grouped_rows():
            part = self.estimates if rows is None else self.estimates.take(rows)
            yield values, part.observations()

    def _grouped_rows(self) -> Iterator[tuple[dict[str, Any], Rows | None]]:
        """Yield the rows of the kept events of each group, None for all events if ``by`` is empty."""
        if not self.spec.by:
            yield {}, None
            return
        keys = tables.group_keys(self.estimates, self.panel, self.events, self.spec.by)
        for row in keys.group_by(self.spec.by, maintain_order=True).agg("position").iter_rows(named=True):
            positions = np.asarray(row.pop("position"), dtype=np.int64)
            yield row, positions

    def frame(self, name: str) -> pl.DataFrame:
        """Return the table called ``name``; raises NotFoundError naming the available ones."""
        if name not in OUTPUTS:
            raise NotFoundError(f"a study has no output {name!r}", hint=likeliest(name, OUTPUTS, "outputs are"))
        table = getattr(self, name.replace("-", "_"))
        return cast(pl.DataFrame, table() if callable(table) else table)

    def to_pandas(self, name: str = "ar") -> pd.DataFrame:
        """Return the table called ``name`` as pandas."""
        return self.frame(name).to_pandas()

    def summary(self, *, placebo: int | None = None, seed: int = 0) -> pl.DataFrame:
        """Return the summary, one row per window (and group): number of events and dates, CAAR, its error, interval and
        p-value, and the smallest effect that could have been detected.

        By the test that keeps its size in this design, as in ``recommended``. ``placebo``: number of placebo studies,
        drawn with ``seed``, for a further p-value (column ``p_placebo``).
        """
        from correlator.eventstudy.results.summary import summary_frame

        test = None if placebo is None or not len(self.estimates) else self.placebo(draws=placebo, seed=seed).table
        return summary_frame(self, test)

    def why_nothing(self) -> str:
        """Return why no event was measured, with the most common reason; empty if one was."""
        if len(self.estimates):
            return ""
        if self.excluded.is_empty():
            return "no event could be measured: there are no events"
        reason, count = self.excluded["reason"].value_counts(sort=True).row(0)
        return f"no event could be measured: {reason} ({count} of {self.excluded.height})"

    def windows_without_car(self) -> list[str]:
        """Return labels of the windows over which no measured event has a CAR; the flags in ``car`` say why."""
        return [
            label
            for label, column in zip(self.window_labels, self.estimates.car.T, strict=True)
            if len(column) and np.isnan(column).all()
        ]

    def plot(self, kind: str = "car", *, draws: int = 2_000, seed: int = 0) -> go.Figure:
        """Return a figure: ``car``, ``ar``, ``events``, ``heatmap``, ``distribution``, ``fan`` or ``null``.

        ``draws`` and ``seed`` apply to the placebo studies of the last two. Raises NotFoundError for another kind.
        """
        return function_of("plot")(self, kind, draws=draws, seed=seed)

    def placebo(self, *, draws: int = 10_000, seed: int = 0, **options: Any) -> PlaceboResult:
        """Test against the same study on ordinary sessions; arguments and errors as ``placebo_test``."""
        return cast("PlaceboResult", function_of("placebo")(self, draws=draws, seed=seed, **options))

    def cross_section(self, formula: str, **options: Any) -> CrossSection:
        """Run the regression ``formula``, such as ``car ~ goldstein``; arguments and errors as ``cross_section``."""
        return cast("CrossSection", function_of("cross_section")(self, formula, **options))

    def _by_group(self, build: Callable[[EventEstimates], pl.DataFrame]) -> pl.DataFrame:
        parts = [(values, build(part)) for values, part in self.groups()]
        return self._stacked(parts or [({}, build(self.estimates))])

    def _stacked(self, parts: Iterable[tuple[dict[str, Any], pl.DataFrame]]) -> pl.DataFrame:
        keys = tables.group_keys(self.estimates, self.panel, self.events, self.spec.by)
        return tables.stacked_groups(parts, keys.drop("position").schema)

    def __repr__(self) -> str:
        spec = self.spec
        return (
            f"StudyResult: {len(self.estimates)} events, {self.excluded.height} excluded; {spec.model} model, "
            f"{spec.returns} returns, estimation {spec.estimation.label}, window {spec.window.label}"
        )

    def _repr_html_(self) -> str:
        from correlator.eventstudy.results.summary import summary_html

        lines = "".join(f"<p>{html.escape(line)}</p>" for line in (repr(self), *self.notes))
        return f"{lines}{summary_html(self)}"


def check_result(result: object) -> None:
    """Raise InputError unless ``result`` is a StudyResult."""
    if not isinstance(result, StudyResult):
        hint = "pass what study() returned"
        raise InputError(f"result must be a StudyResult, got {type(result).__name__}", hint=hint, argument="result")
