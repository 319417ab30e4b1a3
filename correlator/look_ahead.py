"""Look-ahead audit: prove that no number of a study used data that was unknown at the bar to which the number refers.

The audit changes the future. For every cutoff the study runs twice more: once with noise in place of every bar that
closes after it, once without the events that were not public by then. A number that refers to the cutoff or an earlier
bar must not change; if it does, it has used the future. A number that refers to bar r and uses bar r' > r is detected
by every cutoff from r to r' - 1, so with a cutoff at each bar that numbers refer to, every such use is detected.

The bar to which a number of an event study refers, the bar it *claims*: for a model the last bar of the estimation
window, for an abnormal return its own bar, for a CAR the last bar of its window; and never before the event was public.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.base.progress import tracked
from correlator.base.seeds import generator
from correlator.errors import InputError, listed
from correlator.eventstudy.measure import study_panel
from correlator.eventstudy.panel.frames import Array, Panel
from correlator.eventstudy.placing.placement import window_rows
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.results.result import StudyResult

Measure = Callable[[Panel, pl.DataFrame], "StudyResult | pl.DataFrame"]
"""A study: takes the panel and events (event_id, symbol, date, more); returns a StudyResult, or a frame of numbers with
event_id, symbol, quantity, session (the bar it claims) and value."""

_SAME = 1e-9
_NUMBERS = ("event_id", "symbol", "quantity")


@dataclass(frozen=True)
class Audit:
    """The result of an audit.

    ``leaks``: event_id, symbol, quantity, session (claimed), cutoff, value, value_without_future, one row per number at
    the first cutoff that changed it; ``late``: event_id, symbol, session, known_at, close of events that were public
    only after the close of their day 0; ``numbers`` checked, ``cutoffs`` tried of ``claimed_bars``.
    """

    leaks: pl.DataFrame
    late: pl.DataFrame
    numbers: int
    cutoffs: int
    claimed_bars: int

    @property
    def passed(self) -> bool:
        return self.leaks.is_empty() and self.late.is_empty()

    @property
    def complete(self) -> bool:
        """Whether every claimed bar was a cutoff, so that the proof has no gaps."""
        return self.cutoffs == self.claimed_bars

    @property
    def findings(self) -> pl.DataFrame:
        """Leaks and late events in one table: event_id, symbol, quantity, session, finding, cutoff, value,
        value_without_future.
        """
        leaks = self.leaks.with_columns(finding=pl.lit("changes with the future"))
        late = self.late.select("event_id", "symbol", "session").with_columns(
            quantity=pl.lit("day 0"), finding=pl.lit("public only after the close")
        )
        both = pl.concat([leaks, late], how="diagonal_relaxed")
        return both.select(*_NUMBERS, "session", "finding", "cutoff", "value", "value_without_future")

    @property
    def sentence(self) -> str:
        """The finding in one line."""
        tried = f"{self.numbers:,} numbers, future changed after {self.cutoffs:,} of {self.claimed_bars:,} claimed bars"
        if self.passed:
            return f"no look-ahead found: {tried}"
        parts = []
        if self.leaks.height:
            kinds = listed(sorted(self.leaks["quantity"].unique()))
            parts.append(f"{self.leaks.height:,} numbers used the future ({kinds})")
        if self.late.height:
            parts.append(f"{self.late.height:,} events were public only after their day 0 closed")
        return f"look-ahead found: {' and '.join(parts)}; {tried}"


def audit(
    measure: Measure | StudySpec,
    panel: Panel,
    events: pl.DataFrame,
    *,
    closes: pl.Series | None = None,
    most_cutoffs: int = 200,
    seed: int = 0,
) -> Audit:
    """Run ``measure`` on the data as they are and with other futures, and compare the numbers.

    ``measure``: a study, or a spec for the built-in one; ``events``: event_id, symbol, date (day 0, or what the study
    itself places) and optionally known_at (UTC); ``closes`` (T,): UTC instant at which each bar was complete, to check
    that events were public by the close of their day 0; ``most_cutoffs``: with more claimed bars than this, a seeded
    sample is tried, and ``complete`` is False. Raises InputError if the study returns no numbers.
    """
    study = _built_in(measure) if isinstance(measure, StudySpec) else measure
    result = study(panel, events)
    numbers = numbers_of(result)
    if numbers.is_empty():
        raise InputError("the study returned no numbers to audit", hint="read its excluded events")
    rows = pl.Series(panel.labels.search_sorted(numbers["session"], side="left")).cast(pl.Int64)
    claims = numbers.with_columns(row=rows)
    claimed = claims["row"].unique().sort().to_numpy()
    claimed = claimed[claimed < len(panel.labels) - 1]
    rng = generator(seed)
    tried = claimed if len(claimed) <= most_cutoffs else np.sort(rng.choice(claimed, most_cutoffs, replace=False))
    public = _public_rows(panel, events, closes)
    leaks = [
        _leaks_at(study, panel, events, public, claims=claims, cutoff=int(cutoff), rng=rng)
        for cutoff in tracked(tried, "other futures", len(tried))
    ]
    all_leaks = pl.concat([*leaks, _no_leaks(claims)], how="vertical_relaxed")
    return Audit(
        leaks=all_leaks.unique(list(_NUMBERS), keep="first", maintain_order=True),
        late=_late(result, closes),
        numbers=len(numbers),
        cutoffs=len(tried),
        claimed_bars=len(claimed),
    )


def numbers_of(result: StudyResult | pl.DataFrame) -> pl.DataFrame:
    """Return every number of a study with the bar it claims: event_id, symbol, quantity, session, value."""
    if isinstance(result, pl.DataFrame):
        needed = (*_NUMBERS, "session", "value")
        if missing := [name for name in needed if name not in result.columns]:
            raise InputError(f"the study's numbers have no column {missing[0]!r}", hint=f"return {', '.join(needed)}")
        return result.select(needed)
    estimates, labels = result.estimates, result.panel.labels
    names = result.measured_events.select("event_id", "symbol")
    if names.is_empty():
        return pl.DataFrame(
            schema={**names.schema, "quantity": pl.String, "session": labels.dtype, "value": pl.Float64}
        )
    _, model_row = window_rows(result.spec.estimation, estimates.day_zero, result.panel.local_labels)
    columns = {f"coefficient {j}": (values, model_row) for j, values in enumerate(estimates.coefficients.T)}
    columns["sigma"] = (estimates.sigma, model_row)
    for day, label in enumerate(result.day_labels):
        row = estimates.win_first + day
        columns[f"ar {label}"] = (estimates.ar[:, day], row)
        columns[f"ar se {label}"] = (estimates.ar_se[:, day], row)
    for w, label in enumerate(result.window_labels):
        row = estimates.win_first + result.car_columns[w, 1]
        columns[f"car {label}"] = (estimates.car[:, w], row)
        columns[f"car se {label}"] = (estimates.car_se[:, w], row)
    return pl.concat(
        names.with_columns(
            pl.lit(quantity).alias("quantity"),
            labels[rows].alias("session"),
            pl.Series("value", values, nan_to_null=True),
        )
        for quantity, (values, rows) in columns.items()
    )


def with_another_future(panel: Panel, cutoff: int, rng: np.random.Generator) -> Panel:
    """Return the panel with noise for every bar after row ``cutoff``: returns, factors, donors and marks."""

    def noise(values: Array | None) -> Any:
        return None if values is None else _replaced(values, cutoff, lambda shape: rng.normal(0.0, 0.05, shape))

    changed: dict[str, Any] = {name: noise(getattr(panel, name)) for name in ("returns", "factors", "own_benchmark")}
    if panel.own_factors is not None:
        changed["own_factors"] = tuple(noise(each) for each in panel.own_factors)
    if panel.donors is not None:
        series = {name: noise(getattr(panel.donors, name)) for name in ("returns", "levels", "own_levels")}
        changed["donors"] = replace(panel.donors, **series)
    for name in ("limit_locked", "zero_volume"):
        mask = getattr(panel, name)
        if mask is not None:
            changed[name] = _replaced(mask, cutoff, lambda shape: rng.random(shape) < 0.5)
    return replace(panel, **changed)


def _replaced(values: NDArray[Any], cutoff: int, by: Callable[[tuple[int, ...]], NDArray[Any]]) -> NDArray[Any]:
    """Return a copy of ``values`` (T, ...) with other ones after row ``cutoff``."""
    copy = values.copy()
    copy[cutoff + 1 :] = by(copy[cutoff + 1 :].shape)
    return copy


def _built_in(spec: StudySpec) -> Measure:
    return lambda panel, events: study_panel(panel, events, spec, keep_residuals=False)


def _public_rows(panel: Panel, events: pl.DataFrame, closes: pl.Series | None) -> np.ndarray:
    """Return the first bar (E,) by whose close each event was public: by ``known_at`` with closes, else by its date."""
    if closes is not None and "known_at" in events.columns:
        known = events.select(_known(events.columns)).to_series()
        rows = closes.search_sorted(known.fill_null(closes[0]), side="left")
    else:
        dates = events["date"]
        rows = panel.labels.search_sorted(dates.cast(panel.labels.dtype).fill_null(panel.labels[0]), side="left")
    return pl.Series(rows).to_numpy()


def _known(columns: list[str]) -> pl.Expr:
    """Return the instant by which an event was certainly public: for an event without a time, the end of its date."""
    if "known_precision" not in columns:
        return pl.col("known_at")
    date_only = pl.col("known_precision") == "day"
    return pl.when(date_only).then(pl.col("known_at").dt.offset_by("1d")).otherwise("known_at").alias("known_at")


def _leaks_at(
    study: Measure,
    panel: Panel,
    events: pl.DataFrame,
    public: np.ndarray,
    *,
    claims: pl.DataFrame,
    cutoff: int,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Return the numbers that claim ``cutoff`` or an earlier bar and change with what follows."""
    due = claims.filter(pl.col("row") <= cutoff)
    changed = [_changed(due, numbers_of(study(with_another_future(panel, cutoff, rng), events)))]
    known = events.filter(pl.Series(public <= cutoff))
    if 0 < len(known) < len(events):
        of_known = due.join(known.select("event_id", "symbol"), on=["event_id", "symbol"], how="semi")
        changed.append(_changed(of_known, numbers_of(study(panel, known))))
    return pl.concat(changed).select(
        *_NUMBERS, "session", pl.lit(panel.labels[cutoff]).alias("cutoff"), "value", "value_without_future"
    )


def _changed(due: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """Return the numbers ``due`` whose value differs (or is missing) in ``again``."""
    other = again.select(*_NUMBERS, pl.col("value").alias("value_without_future"))
    compared = due.join(other, on=_NUMBERS, how="left", maintain_order="left")
    before, after = pl.col("value"), pl.col("value_without_future")
    differs = (before - after).abs() > _SAME * pl.max_horizontal(before.abs(), after.abs(), 1e-6)
    return compared.filter(differs | (before.is_null() != after.is_null()))


def _no_leaks(claims: pl.DataFrame) -> pl.DataFrame:
    empty = claims.clear()
    return empty.select(
        *_NUMBERS,
        "session",
        pl.col("session").alias("cutoff"),
        "value",
        pl.col("value").alias("value_without_future"),
    )


def _late(result: StudyResult | pl.DataFrame, closes: pl.Series | None) -> pl.DataFrame:
    """Return measured events that were public only after the close of their day 0."""
    if closes is None or isinstance(result, pl.DataFrame) or "known_at" not in result.events.columns:
        return pl.DataFrame(schema={"event_id": pl.Int64, "symbol": pl.String, "session": pl.Date})
    at = result.estimates.day_zero
    events = result.measured_events
    measured = events.select("event_id", "symbol", _known(events.columns))
    placed = measured.with_columns(session=result.panel.labels[at], close=closes[at])
    return placed.filter(pl.col("known_at") > pl.col("close"))
