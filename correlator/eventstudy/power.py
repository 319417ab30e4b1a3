"""Power of a design: the smallest effect that a study would detect, by adding effects to real ordinary sessions.

Every draw moves the study's dates to ordinary sessions, as a placebo draw does, adds an effect to day 0 of every event
(to the first bar of windows without day 0) and applies the recommended test. The power is how often it detects the
effect: tails, volatility, correlation of shares and overlap of windows are those of the bars themselves, not of an
assumed distribution (Brown & Warner 1985).

The smallest effect for a given power is interpolated between the planted ones. How many events another effect would
need is extrapolated, not simulated: it assumes that errors shrink with the square root of the number of events, with
dates laid out as in the study.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from correlator.base.progress import tracked
from correlator.errors import InputError, StudyError
from correlator.eventstudy.estimation.estimates import Bars, EventEstimates
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.placebo.dates import Cluster, Matching, draw_dates, placebo_clusters
from correlator.eventstudy.placebo.moves import Moves
from correlator.eventstudy.placebo.sums import measured_at
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.results.exchange_studies import merged, results_of
from correlator.eventstudy.results.made import how_made
from correlator.eventstudy.results.recommended import recommended
from correlator.eventstudy.results.result import StudyResult

OUTPUTS = ("table", "curve")
MULTIPLES = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.5, 6.0)
"""Planted effects in typical standard errors of the CAAR."""


@dataclass(frozen=True)
class PowerResult:
    """The power of a design for K planted effects in W windows.

    ``effects`` (W, K), fractions; ``power`` (W, K) the fraction of ``studies`` that detect each by the recommended test
    at ``level``; ``events`` and ``dates`` of the design; ``target`` power; ``effect`` of special interest or None.
    """

    effects: Array
    power: Array
    events: int
    dates: int
    studies: int
    level: float
    target: float
    effect: float | None
    spec: StudySpec
    made: dict[str, object]

    @property
    def table(self) -> pl.DataFrame:
        """One row per window: window, events, dates, size (fraction of rejections without an effect), smallest_effect
        (detected with the target power; null if no planted effect is), power_target, level, and with an effect: effect,
        power (interpolated) and events_needed.
        """
        rows = []
        for w, window in enumerate(self.spec.windows):
            smallest = _crossing(self.effects[w], self.power[w], self.target)
            row: dict[str, object] = {
                "window": window.label,
                "events": self.events,
                "dates": self.dates,
                "size": float(self.power[w, 0]),
                "smallest_effect": smallest,
                "power_target": self.target,
                "level": self.level,
            }
            if self.effect is not None:
                row["effect"] = self.effect
                row["power"] = float(np.interp(self.effect, self.effects[w], np.maximum.accumulate(self.power[w])))
                row["events_needed"] = (
                    None if smallest is None else math.ceil(self.events * (smallest / self.effect) ** 2)
                )
            rows.append(row)
        return pl.DataFrame(rows, infer_schema_length=None)

    @property
    def curve(self) -> pl.DataFrame:
        """One row per window and planted effect: window, effect, power, se (binomial)."""
        labels = [window.label for window in self.spec.windows]
        power = self.power.ravel()
        return pl.DataFrame(
            {
                "window": [label for label in labels for _ in range(self.effects.shape[1])],
                "effect": self.effects.ravel(),
                "power": power,
                "se": np.sqrt(power * (1 - power) / self.studies),
            }
        )

    def frame(self, name: str) -> pl.DataFrame:
        """The frame called ``name``, one of ``OUTPUTS``."""
        return self.curve if name == "curve" else self.table


def power_test(
    result: StudyResult,
    *,
    effect: float | None = None,
    studies: int = 300,
    target: float = 0.8,
    level: float = 0.05,
    seed: int = 0,
    matching: Matching | None = None,
) -> PowerResult:
    """Return the smallest effect that a study with the design of ``result`` detects with power ``target``.

    Parameters
    ----------
    result
        A study whose symbols, windows and dates are the design; the returns of its events are not used.
    effect
        Also report the power for this effect, a fraction, and how many events it would need.
    studies
        Number of studies of ordinary sessions, each with every planted effect.
    target, level, seed
        Power, level of the test, seed of the dates.
    matching
        What ordinary sessions must share with the real ones, as for placebo tests.

    Raises
    ------
    InputError, StudyError
        For numbers out of range; if no event can be moved to an ordinary session.
    """
    for name, value in (("target", target), ("level", level)):
        if not 0 < value < 1:
            raise InputError(f"{name} must be between 0 and 1, got {value:g}", argument=name)
    if studies < 1:
        raise InputError(f"studies must be at least 1, got {studies}", hint="300 is usual", argument="studies")
    if effect is not None and not effect > 0:
        raise InputError(f"effect must be above 0, got {effect:g}", hint="0.01 is 1 %", argument="effect")
    chosen = matching or Matching()
    clusters = placebo_clusters(result.estimates, result.panel, result.spec, chosen)
    drawable = [cluster for cluster in clusters if len(cluster.candidates)]
    if not drawable:
        raise StudyError(
            "no event can be moved to an ordinary session", hint="load a longer history, or match fewer conditions"
        )
    moves = Moves.of(result.panel)
    dates = draw_dates(drawable, studies, seed, moves.reach(chosen.block_of(result.spec)))
    parts = [result] if moves.calendars is None else results_of(result)
    moved = [_moved(result, parts, drawable, dates[:, b].astype(np.int64)) for b in range(studies)]
    effects = _effects(result, moved)
    rejected = np.zeros(effects.shape)
    for estimates in tracked(moved, "studies of ordinary sessions", len(moved)):
        rejected += _finds(result, estimates, effects, level)
    return PowerResult(
        effects=effects,
        power=rejected / studies,
        events=sum(len(cluster.events) for cluster in drawable),
        dates=len(np.unique(result.estimates.day_zero)),
        studies=studies,
        level=level,
        target=target,
        effect=effect,
        spec=result.spec,
        made={
            **how_made(result.panel, result.spec),
            "studies": studies,
            "seed": seed,
            "target": target,
            "level": level,
        },
    )


def _moved(
    result: StudyResult, parts: Sequence[StudyResult], clusters: Sequence[Cluster], rows: Rows
) -> EventEstimates:
    """Return the study's events at other dates; ``parts``: each exchange; ``rows`` (C,): first bar of each cluster."""
    events = np.concatenate([cluster.events for cluster in clusters])
    symbols = result.estimates.symbol_index[events]
    first = np.concatenate([row + cluster.anchor for cluster, row in zip(clusters, rows.tolist(), strict=True)])
    day_zero = Moves.of(result.panel).moved(symbols, first, np.concatenate([cluster.offset for cluster in clusters]))
    calendars = result.panel.calendars
    if calendars is None:
        return measured_at(result, Bars.of(result.panel), symbols, day_zero)
    measured = []
    for k, part in enumerate(parts):
        positions = np.flatnonzero(calendars.of[symbols] == k)
        if len(positions):
            columns = np.searchsorted(np.flatnonzero(calendars.of == k), symbols[positions])
            sessions = np.searchsorted(calendars.rows[k], day_zero[positions])
            measured.append((k, positions, measured_at(part, Bars.of(part.panel), columns, sessions)))
    return merged(calendars, measured)


def _effects(result: StudyResult, moved: Sequence[EventEstimates]) -> Array:
    """Return the effects (W, K) to plant: multiples of the median error of the CAAR over the first studies."""
    errors = [recommended(part, result.panel, result.car_columns, result.estimation_bars).se for part in moved[:20]]
    typical = np.nanmedian(np.stack(errors), axis=0)
    if not np.isfinite(typical).all():
        raise StudyError(
            "a window has no standard error, so no effect can be scaled", hint="add events or load more bars"
        )
    return np.asarray(typical[:, None] * np.array(MULTIPLES))


def _finds(result: StudyResult, estimates: EventEstimates, effects: Array, level: float) -> Array:
    """Return whether (W, K) the recommended test detects each effect planted into ``estimates``."""
    _, window = result.spec.offsets()
    rejected = np.zeros(effects.shape)
    for w, (first, last) in enumerate(result.car_columns):
        bar = -window.first if first <= -window.first <= last else int(first)
        one = replace(estimates, car=estimates.car[:, [w]], car_se=estimates.car_se[:, [w]])
        for k, effect in enumerate(effects[w]):
            ar = estimates.ar.copy()
            ar[:, bar] += effect
            measured = ~np.isnan(estimates.ar[:, [bar]])
            planted = replace(one, ar=ar, car=np.where(measured, one.car + effect, one.car))
            p = recommended(planted, result.panel, result.car_columns[[w]], result.estimation_bars).p_value[0]
            rejected[w, k] = p <= level
    return rejected


def _crossing(effects: Array, power: Array, target: float) -> float | None:
    """Return the effect at which power, made monotone, first reaches ``target``; None if it never does."""
    rising = np.maximum.accumulate(power)
    at = int(np.searchsorted(rising, target))
    if at == len(rising):
        return None
    if at == 0:
        return float(effects[0])
    share = (target - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(effects[at - 1] + share * (effects[at] - effects[at - 1]))
