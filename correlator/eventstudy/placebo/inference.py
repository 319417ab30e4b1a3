"""Placebo inference: the study's averages against the same averages on ordinary sessions of the same symbols.

Every draw gives each cluster of events (see ``placebo_dates``) another date and measures the study there; the shares of
draws beyond the real averages are randomisation p-values (Fisher 1935, ch. 2; Lehmann & Romano 2005, ch. 15.2). Nothing
is assumed of variances, tails or the correlation between events of one date; what is assumed is that, had the news not
come, the event dates would have been exchangeable with the sessions matched to them.

The estimates of every (symbol, session) that some draw needs are made once, by the study's own engine; a draw is then a
sum of rows.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from correlator.errors import InputError, NotFoundError, StudyError
from correlator.eventstudy.frames import Array, Mask
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
from correlator.eventstudy.placebo.randomisation import Shift, equivalence_p, family_p, interval, randomisation_p
from correlator.eventstudy.placebo.sums import placings_of, real_sums
from correlator.eventstudy.placement import Rows
from correlator.eventstudy.readers import whole_number
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.result_frames import group_keys
from correlator.eventstudy.significance.multiple_testing import benjamini_hochberg, holm
from correlator.eventstudy.spec import StudySpec
from correlator.eventstudy.spread import SpreadResult
from correlator.version import __version__

OUTPUTS = ("table", "bands", "draws", "clusters", "excluded")
STATISTICS = ("scar", "caar", "bmp")
PERCENTILES = (0.5, 2.5, 5.0, 25.0, 50.0, 75.0, 95.0, 97.5, 99.5)


MOST_COUNTED = 10**12
"""Placements beyond this many are told as this many."""


@dataclass(frozen=True)
class OwnPlacements:
    """What one group's p-values count: ``null`` (P, W) of the statistic, each distinct placement once where there are
    no more than draws, else the joint draws; ``distinct`` placements there are besides the real one; ``given_up``
    criteria that some cluster could not be matched by.
    """

    null: Array
    distinct: int
    given_up: str


@dataclass(frozen=True)
class PlaceboResult:
    """G groups (one without ``by``), W windows, D event days, B draws; averages of returns are fractions.

    ``observed``, ``null`` (G, W), (G, B, W) of ``statistic``; ``caar``, ``null_caar`` the same in returns; ``path``
    (G, D) the CAAR so far and ``path_bands`` (G, Q, D) its ``PERCENTILES`` over draws; ``events`` (G, W) counted;
    ``groups`` the G rows of group columns, empty without ``by``; ``clusters`` one row per cluster: first session,
    events, candidates, matched; ``excluded`` events without a candidate date; draw b of every group and window is the
    same draw of dates. ``placements`` of each group are what its p-values count; ``slope`` (G, W) is by how much the
    statistic moves with an effect common to all events; ``margin`` of equivalence (a fraction) or None.
    """

    statistic: str
    seed: int
    observed: Array
    null: Array
    caar: Array
    null_caar: Array
    path: Array
    path_bands: Array
    events: Rows
    groups: pl.DataFrame
    clusters: pl.DataFrame
    excluded: pl.DataFrame
    spec: StudySpec
    day_labels: tuple[str, ...]
    placements: tuple[OwnPlacements, ...]
    slope: Array
    margin: float | None = None
    benchmark_note: str = ""

    @property
    def draws(self) -> int:
        return int(self.null.shape[1])

    @property
    def sentence(self) -> str:
        """What was done and found, in one line."""
        table = self.table
        tested = int(table["tested"][0])
        fewest = int(table["placements"].min())  # type: ignore[arg-type]
        against = f"{self.draws:,} placebo studies, seed {self.seed}"
        if fewest <= self.draws:
            against += f"; the fewest distinct placements behind a row are {fewest:,}, so its p is at least "
            against += f"{1 / (fewest + 1):.2g}"
        lost = " ".join(name for name in CRITERIA if any(name in own.given_up for own in self.placements))
        if lost:
            against += f"; not everywhere matched: {lost}"
        single, family = (int((table[name] <= 0.05).sum()) for name in ("p_value", "p_romano_wolf"))
        hypotheses = "hypothesis" if tested == 1 else "hypotheses"
        return f"{tested} {hypotheses} tested against {against}: {single} with p at most 5 %, {family} allowing for all"

    def __repr__(self) -> str:
        return f"PlaceboResult: {self.sentence}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.table._repr_html_()}"

    @property
    def made(self) -> dict[str, object]:
        """How the numbers were made, for metadata of files."""
        return {
            "made_by": f"correlator {__version__}",
            **self.spec.as_dict(),
            "benchmark_used": self.benchmark_note,
            "statistic": self.statistic,
            "draws": self.draws,
            "seed": self.seed,
            "margin": self.margin,
        }

    @cached_property
    def p_values(self) -> Array:
        """(G, W) two-sided: twice the smaller share of placements at least as far out on one side, the real one too.

        Never under 1 / (distinct placements + 1).
        """
        return np.stack([randomisation_p(o, own.null) for o, own in zip(self.observed, self.placements, strict=True)])

    def _inverted(self) -> dict[str, Array]:
        """``low`` and ``high`` of each row, and ``p_equivalent`` where there is a margin, each (G * W,)."""
        shifts = [Shift(o, k) for o, k in zip(self.observed, self.slope, strict=True)]
        pairs = list(zip(shifts, self.placements, strict=True))
        bounds = [interval(shift, own.null) for shift, own in pairs]
        low, high = (np.concatenate([bound[side] for bound in bounds]) for side in (0, 1))
        ends = {"low": np.where(np.isfinite(low), low, np.nan), "high": np.where(np.isfinite(high), high, np.nan)}
        if self.margin is not None:
            p = [equivalence_p(shift, own.null, self.margin) for shift, own in pairs]
            ends["p_equivalent"] = np.concatenate(p)
        return ends

    @cached_property
    def table(self) -> pl.DataFrame:
        """One row per group and window, the family that was tested; ``tested`` is its size.

        (group columns), window, n (events), caar, low and high (95 % interval of the effect, by inverting the test;
        null where placements are too few to bound it, and for ``bmp``), null_mean, null_low and null_high (2.5 and 97.5
        % of placebo CAARs), statistic, value, p_value, adjusted for the family p_holm, p_bh and p_romano_wolf, tested,
        placements (distinct ones behind the row), given_up (criteria that were not matched), and with a margin
        p_equivalent (small: the effect is smaller than the margin).
        """
        groups, windows = self.observed.shape
        p = self.p_values.ravel()
        flat = np.moveaxis(self.null, 1, 0).reshape(self.draws, -1)
        returns = np.moveaxis(self.null_caar, 1, 0).reshape(self.draws, -1)
        low, high = np.nanquantile(returns, [0.025, 0.975], axis=0)
        labels = [window.label for window in self.spec.windows]
        inverted = self._inverted()
        columns = {
            "n": self.events.ravel(),
            "caar": self.caar.ravel(),
            "low": inverted.pop("low"),
            "high": inverted.pop("high"),
            "null_mean": np.nanmean(returns, axis=0),
            "null_low": low,
            "null_high": high,
            "statistic": [self.statistic] * len(p),
            "value": self.observed.ravel(),
            "p_value": p,
            "p_holm": holm(p),
            "p_bh": benjamini_hochberg(p),
            "p_romano_wolf": family_p(self.observed.ravel(), flat, p),
            "tested": [int((~np.isnan(p)).sum())] * len(p),
            "placements": np.repeat([own.distinct for own in self.placements], windows),
            "given_up": np.repeat([own.given_up for own in self.placements], windows).tolist(),
            **inverted,
        }
        frame = pl.DataFrame({"window": labels * groups, **columns}, nan_to_null=True)
        return self._with_groups(frame, windows)

    @cached_property
    def bands(self) -> pl.DataFrame:
        """One row per group and event day, for a fan: (group columns), day, caar, p0.5 to p99.5 of placebo CAARs."""
        groups, days = self.path.shape
        columns = {f"p{q:g}": self.path_bands[:, i].ravel() for i, q in enumerate(PERCENTILES)}
        frame = pl.DataFrame(
            {"day": list(self.day_labels) * groups, "caar": self.path.ravel(), **columns}, nan_to_null=True
        )
        return self._with_groups(frame, days)

    def frame(self, name: str) -> pl.DataFrame:
        """The frame called ``name``, one of ``OUTPUTS``; raises NotFoundError otherwise."""
        if name not in OUTPUTS:
            raise NotFoundError(f"a placebo test has no output {name!r}", hint=f"outputs are {', '.join(OUTPUTS)}")
        table: pl.DataFrame = self.draws_frame() if name == "draws" else getattr(self, name)
        return table

    def draws_frame(self) -> pl.DataFrame:
        """One row per group, window and draw: (group columns), window, draw, caar, value; for the null's histogram."""
        groups, draws, windows = self.null.shape
        labels = pl.Series("window", [window.label for window in self.spec.windows])
        frame = pl.DataFrame(
            {
                "window": labels[np.tile(np.arange(windows), groups * draws)],
                "draw": np.tile(np.repeat(np.arange(draws), windows), groups),
                "caar": self.null_caar.ravel(),
                "value": self.null.ravel(),
            },
            nan_to_null=True,
        )
        return self._with_groups(frame, draws * windows)

    def _with_groups(self, frame: pl.DataFrame, rows: int) -> pl.DataFrame:
        """``frame``, of ``rows`` rows for each group, with the group's columns first."""
        if not self.groups.width:
            return frame
        return pl.concat([self.groups[np.repeat(np.arange(len(self.groups)), rows)], frame], how="horizontal")


def placebo_test(
    study: StudyResult | SpreadResult,
    *,
    draws: int = 10_000,
    seed: int = 0,
    statistic: str = "scar",
    matching: Matching | None = None,
    margin: float | None = None,
) -> PlaceboResult:
    """Test every group and window of ``study`` against ``draws`` placebo studies.

    ``statistic``: ``scar``, the mean of CAR over its standard error, which gives loud events no more say than quiet
    ones; ``caar``, the mean CAR; ``bmp``, the t of the former, which stands news that raises the variance without
    moving the mean; ``margin``: test also whether the effect is smaller than this fraction. Where placements are no
    more than ``draws`` each is taken once instead of drawn. Raises StudyError where no event has a placebo date or the
    windows are calendar dates, InputError for another statistic or no draws.
    """
    if statistic not in STATISTICS:
        raise InputError(f"statistic {statistic!r} is not known", hint=f"choose {', '.join(STATISTICS)}")
    draws, seed = whole_number(draws, "draws"), whole_number(seed, "seed")
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}", hint="1,000 or more are usual")
    if margin is not None and not margin > 0:
        raise InputError(f"margin must be above 0, got {margin:g}", hint="0.01 is 1 %")
    if margin is not None and statistic == "bmp":
        raise InputError("equivalence needs a mean, and bmp is a t", hint="choose scar or caar")
    chosen = matching or Matching()
    ground = ground_of(study)
    result = ground.result
    clusters = placebo_clusters(result.estimates, ground.market(), result.spec, chosen, usable=ground.usable())
    observed = _observed(result)
    possible = [cluster for cluster in clusters if len(cluster.candidates)]
    drawable = [part for cluster in possible if (part := _part_of(cluster, observed)) is not None]
    if not drawable:
        raise StudyError("no event has a placebo date", hint="match fewer criteria, or bring a longer history")
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
        placements=tuple(_own_placements(ground, drawable, null_values, group_of, statistic=statistic, block=block)),
        slope=_slopes(result, kept, group_of, number, statistic=statistic),
        margin=margin,
        benchmark_note=result.benchmark_note,
    )


def _own_placements(
    ground: Ground, clusters: Sequence[Cluster], null: Array, group_of: Rows, *, statistic: str, block: int
) -> list[OwnPlacements]:
    """The placements of each group: all of its own where they are no more than the draws, else the joint draws."""
    groups, draws = null.shape[:2]
    placements = []
    for group in range(groups):
        own = [part for cluster in clusters if (part := _part_of(cluster, group_of == group)) is not None]
        number, given_up = number_of_placements(own), _given_up(own)
        if not 0 < number <= draws:
            placements.append(OwnPlacements(null[group], min(number, MOST_COUNTED), given_up))
            continue
        dates = every_placement(own, block)
        sums = total_sums(ground, placings_of(ground.part, own, dates, np.zeros_like(group_of)), 1)
        placements.append(OwnPlacements(sums.statistic(statistic)[0], dates.shape[1], given_up))
    return placements


def _observed(result: StudyResult) -> Mask:
    """Which events (E,) are observations: of a group's events of one share on one day 0 the first."""
    every = np.arange(len(result.estimates))
    _, group_of = _groups(result, every)
    estimates = result.estimates
    keys = np.stack([group_of, estimates.symbol_index, estimates.day_zero])
    mask = np.zeros(len(every), dtype=bool)
    mask[np.unique(keys, axis=1, return_index=True)[1]] = True
    return mask


def _part_of(cluster: Cluster, inside: Mask) -> Cluster | None:
    """The events of ``cluster`` that are ``inside`` (E,), None where none is."""
    return cluster.of(inside) if inside[cluster.events].any() else None


def _given_up(clusters: Sequence[Cluster]) -> str:
    """The criteria that some cluster could not be matched by, in words."""
    lost = {name for cluster in clusters for name in cluster.given_up}
    return " ".join(name for name in CRITERIA if name in lost)


def _slopes(result: StudyResult, kept: Rows, group_of: Rows, groups: int, *, statistic: str) -> Array:
    """(G, W) by how much the statistic moves with an effect of 1 on every event; NaN for ``bmp``, not being a sum."""
    car, se = result.estimates.car[kept], result.estimates.car_se[kept]
    if statistic == "bmp":
        return np.full((groups, car.shape[1]), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(np.isnan(car), np.nan, 1.0 if statistic == "caar" else 1.0 / se)
    means = [np.ma.masked_invalid(weight[group_of[kept] == g]).mean(axis=0).filled(np.nan) for g in range(groups)]
    return np.stack(means)


def _groups(result: StudyResult, kept: Rows) -> tuple[pl.DataFrame, Rows]:
    """The groups of the ``kept`` events in order of appearance, and the group (E,) of every event."""
    by, estimates = result.spec.by, result.estimates
    group_of = np.zeros(len(estimates), dtype=np.int64)
    if not by:
        return pl.DataFrame(), group_of
    keys = group_keys(estimates, result.panel, result.events, by).drop("position")[kept]
    groups = keys.unique(maintain_order=True).with_row_index("group")
    group_of[kept] = keys.join(groups, on=by, how="left", nulls_equal=True, maintain_order="left")["group"].to_numpy()
    return groups.drop("group"), group_of


def _clusters_frame(clusters: Sequence[Cluster], result: StudyResult) -> pl.DataFrame:
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
    """Events that the study measured and the test leaves out: event_id, symbol, session, reason."""
    nowhere = [cluster.events for cluster in clusters if not len(cluster.candidates)]
    events = np.concatenate([*nowhere, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    sessions = result.panel.labels[result.estimates.day_zero[events]]
    named = result.events[result.estimates.kept[events]].select("event_id", "symbol")
    return named.with_columns(
        sessions.alias("session"), pl.lit("no session could stand in for its date").alias("reason")
    )
