"""Placebo inference: compare the averages of a study with the same averages on ordinary sessions of the same symbols.

Every draw moves each cluster of events (see ``placebo.dates``) to another date and measures the study there; the shares
of draws beyond the real averages are randomisation p-values (Fisher 1935, ch. 2; Lehmann & Romano 2005, ch. 15.2).
Nothing is assumed about variances, tails or the correlation between events of one date. The assumption is that without
the news, the event dates would have been exchangeable with the sessions matched to them.

Every (symbol, session) that some draw needs is estimated once, by the engine of the study; a draw is then a sum of
rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from correlator.errors import InputError, StudyError
from correlator.eventstudy.panel.frames import Array, Mask, Rows
from correlator.eventstudy.parts.spread import SpreadResult
from correlator.eventstudy.placebo.dates import (
    CRITERIA,
    Cluster,
    Matching,
    draw_dates,
    every_placement,
    number_of_placements,
    placebo_clusters,
)
from correlator.eventstudy.placebo.ground import Ground, ground_of, total_sums
from correlator.eventstudy.placebo.moves import Moves
from correlator.eventstudy.placebo.outcome import PERCENTILES, OwnPlacements, PlaceboResult
from correlator.eventstudy.placebo.sums import placings_of, real_sums
from correlator.eventstudy.request.readers import whole_number
from correlator.eventstudy.results.result import StudyResult
from correlator.eventstudy.results.result_frames import group_keys

STATISTICS = ("scar", "caar", "bmp")

MOST_COUNTED = 10**12
"""Maximum number of placements to report."""


def placebo_test(
    study: StudyResult | SpreadResult,
    *,
    draws: int = 10_000,
    seed: int = 0,
    statistic: str = "scar",
    matching: Matching | None = None,
    margin: float | None = None,
) -> PlaceboResult:
    """Test every group and window of ``study`` against the same study on ordinary sessions (placebo studies).

    Parameters
    ----------
    study
        A study; its windows must be offsets from day 0.
    draws
        Number of placebo studies. If there are fewer placements, each is used once instead.
    seed
        Seed of the draws; the same seed gives the same placebo studies.
    statistic
        ``scar``, the mean of CAR over its standard error, in which volatile events have no more weight than others;
        ``caar``, the mean CAR; ``bmp``, the t-statistic of ``scar``, which is robust to news that raises the variance
        without moving the mean.
    matching
        What placebo dates must have in common with the real ones.
    margin
        Also test whether the effect is smaller than this, as a fraction.

    Returns
    -------
    PlaceboResult
        ``table`` has a row per group and window.

    Raises
    ------
    StudyError
        If no event has a placebo date, or the windows are calendar dates.
    InputError
        If an argument is not valid.

    Examples
    --------
    >>> placebo_test(result, draws=2_000, statistic="caar").table  # doctest: +SKIP
    """
    if statistic not in STATISTICS:
        raise InputError(f"statistic {statistic!r} is not known", hint=f"choose {', '.join(STATISTICS)}")
    draws, seed = whole_number(draws, "draws"), whole_number(seed, "seed")
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}", hint="1,000 or more is usual")
    if margin is not None and not margin > 0:
        raise InputError(f"margin must be above 0, got {margin:g}", hint="0.01 is 1 %")
    if margin is not None and statistic == "bmp":
        raise InputError(
            "margin cannot be used with the statistic bmp, which is not a mean", hint="choose scar or caar"
        )
    chosen = matching or Matching()
    ground = ground_of(study)
    result = ground.result
    clusters = placebo_clusters(result.estimates, ground.market(), result.spec, chosen, usable=ground.usable())
    drawable = _inside([cluster for cluster in clusters if len(cluster.candidates)], _observed(result))
    if not drawable:
        raise StudyError("no event has a placebo date", hint="match fewer criteria, or load a longer history")
    block = Moves.of(result.panel).reach(chosen.block_of(result.spec))
    few = 0 < number_of_placements(drawable) <= draws
    dates = every_placement(drawable, block) if few else draw_dates(drawable, draws, seed, block)
    kept = np.sort(np.concatenate([cluster.events for cluster in drawable]))
    groups, group_of = _groups(result, kept)
    number = max(len(groups), 1)
    real = real_sums(result.estimates, kept, group_of, number)
    null = total_sums(ground, placings_of(ground.part, drawable, dates, group_of), number)
    path = np.nancumsum(null.mean("ar"), axis=2)
    null_values = null.statistic(statistic)
    return PlaceboResult(
        statistic=statistic,
        seed=seed,
        observed=real.statistic(statistic)[:, 0],
        null=null_values,
        caar=real.statistic("caar")[:, 0],
        null_caar=null.statistic("caar"),
        path=np.nancumsum(real.mean("ar"), axis=2)[:, 0],
        path_bands=np.stack([np.percentile(part, PERCENTILES, axis=0) for part in path]),
        events=np.rint(real.count("car")[:, 0]).astype(np.int64),
        groups=groups,
        clusters=_clusters_frame(clusters, result),
        excluded=_excluded(clusters, result),
        spec=result.spec,
        day_labels=result.day_labels,
        placements=tuple(
            _own_placements(ground, drawable, (null_values, draws), group_of, statistic=statistic, block=block)
        ),
        slope=_slopes(result, kept, group_of, number, statistic=statistic),
        margin=margin,
        benchmark_note=result.benchmark_note,
    )


def _own_placements(
    ground: Ground, clusters: Sequence[Cluster], joint: tuple[Array, int], group_of: Rows, *, statistic: str, block: int
) -> list[OwnPlacements]:
    """Return the placements of each group: all its own if there are no more than draws, else the joint ones.

    ``joint``: the statistic of the joint placements (G, B, W), and the number of draws that was asked for.
    """
    null, draws = joint
    placements = []
    for group in range(len(null)):
        own = _inside(clusters, group_of == group)
        number, given_up = number_of_placements(own), _dropped_criteria(own)
        if not 0 < number <= draws:
            placements.append(OwnPlacements(null[group], min(number, MOST_COUNTED), given_up))
            continue
        dates = every_placement(own, block)
        sums = total_sums(ground, placings_of(ground.part, own, dates, np.zeros_like(group_of)), 1)
        placements.append(OwnPlacements(sums.statistic(statistic)[0], dates.shape[1], given_up))
    return placements


def _observed(result: StudyResult) -> Mask:
    """Return a mask (E,) of the first event of each group, symbol and day 0."""
    every = np.arange(len(result.estimates))
    _, group_of = _groups(result, every)
    estimates = result.estimates
    keys = np.stack([group_of, estimates.symbol_index, estimates.day_zero])
    mask = np.zeros(len(every), dtype=bool)
    mask[np.unique(keys, axis=1, return_index=True)[1]] = True
    return mask


def _inside(clusters: Sequence[Cluster], inside: Mask) -> list[Cluster]:
    """Return ``clusters`` with only the events that are ``inside`` (E,), without clusters that become empty."""
    return [cluster.of(inside) for cluster in clusters if inside[cluster.events].any()]


def _dropped_criteria(clusters: Sequence[Cluster]) -> str:
    """Return the criteria that were dropped for some cluster, separated by spaces."""
    dropped = {name for cluster in clusters for name in cluster.given_up}
    return " ".join(name for name in CRITERIA if name in dropped)


def _slopes(result: StudyResult, kept: Rows, group_of: Rows, groups: int, *, statistic: str) -> Array:
    """Return the change (G, W) of the statistic per unit of a common effect; NaN for ``bmp``, which is not linear."""
    car, se = result.estimates.car[kept], result.estimates.car_se[kept]
    if statistic == "bmp":
        return np.full((groups, car.shape[1]), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(np.isnan(car), np.nan, 1.0 if statistic == "caar" else 1.0 / se)
    means = [np.ma.masked_invalid(weight[group_of[kept] == g]).mean(axis=0).filled(np.nan) for g in range(groups)]
    return np.stack(means)


def _groups(result: StudyResult, kept: Rows) -> tuple[pl.DataFrame, Rows]:
    """Return the groups of the ``kept`` events in order of appearance, and the group (E,) of every event."""
    by, estimates = result.spec.by, result.estimates
    group_of = np.zeros(len(estimates), dtype=np.int64)
    if not by:
        return pl.DataFrame(), group_of
    keys = group_keys(estimates, result.panel, result.events, by).drop("position")[kept]
    groups = keys.unique(maintain_order=True).with_row_index("group")
    group_of[kept] = keys.join(groups, on=by, how="left", nulls_equal=True, maintain_order="left")["group"].to_numpy()
    return groups.drop("group"), group_of


def _clusters_frame(clusters: Sequence[Cluster], result: StudyResult) -> pl.DataFrame:
    """Return one row per cluster: session, events, candidates, matched, given_up."""
    return pl.DataFrame(
        {
            "session": result.panel.labels[[cluster.at for cluster in clusters]],
            "events": [len(cluster.events) for cluster in clusters],
            "candidates": [len(cluster.candidates) for cluster in clusters],
            "matched": [" ".join(cluster.matched) for cluster in clusters],
            "given_up": [" ".join(cluster.given_up) for cluster in clusters],
        }
    )


def _excluded(clusters: Sequence[Cluster], result: StudyResult) -> pl.DataFrame:
    """Return the events that the study measured but the test leaves out: event_id, symbol, session, reason."""
    unmatched = [cluster.events for cluster in clusters if not len(cluster.candidates)]
    events = np.concatenate([*unmatched, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    sessions = result.panel.labels[result.estimates.day_zero[events]]
    named = result.events[result.estimates.kept[events]].select("event_id", "symbol")
    return named.with_columns(
        sessions.alias("session"), pl.lit("no session could stand in for its date").alias("reason")
    )
