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
from correlator.eventstudy.frames import Array
from correlator.eventstudy.placebo.dates import Cluster, Matching, draw_dates, placebo_clusters
from correlator.eventstudy.placebo.sums import null_sums, real_sums
from correlator.eventstudy.placement import Rows
from correlator.eventstudy.result import StudyResult
from correlator.eventstudy.result_frames import group_keys
from correlator.eventstudy.significance.multiple_testing import benjamini_hochberg, holm, romano_wolf, two_sided
from correlator.eventstudy.spec import StudySpec

OUTPUTS = ("table", "bands", "draws", "clusters", "excluded")
STATISTICS = ("scar", "caar", "bmp")
PERCENTILES = (0.5, 2.5, 5.0, 25.0, 50.0, 75.0, 95.0, 97.5, 99.5)


@dataclass(frozen=True)
class PlaceboResult:
    """G groups (one without ``by``), W windows, D event days, B draws; averages of returns are fractions.

    ``observed``, ``null`` (G, W), (G, B, W) of ``statistic``; ``caar``, ``null_caar`` the same in returns; ``path``
    (G, D) the CAAR so far and ``path_bands`` (G, Q, D) its ``PERCENTILES`` over draws; ``events`` (G, W) counted;
    ``groups`` the G rows of group columns, empty without ``by``; ``clusters`` one row per cluster: first session,
    events, candidates, matched; ``excluded`` events without a candidate date; draw b of every group and window is the
    same draw of dates.
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
    benchmark_note: str = ""

    @property
    def draws(self) -> int:
        return int(self.null.shape[1])

    @property
    def sentence(self) -> str:
        """What was done and found, in one line."""
        table = self.table
        tested, draws = int(table["tested"][0]), f"{self.draws:,} placebo studies, seed {self.seed}"
        single, family = (int((table[name] <= 0.05).sum()) for name in ("p_value", "p_romano_wolf"))
        hypotheses = "hypothesis" if tested == 1 else "hypotheses"
        found = f"{single} with p at most 5 %, {family} allowing for all"
        return f"{tested} {hypotheses} tested against {draws}: {found}"

    def __repr__(self) -> str:
        return f"PlaceboResult: {self.sentence}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.table._repr_html_()}"

    @cached_property
    def p_values(self) -> Array:
        """(G, W) two-sided: twice the smaller share of draws at least as far out on one side, the real one counted."""
        return np.stack([randomisation_p(o, n) for o, n in zip(self.observed, self.null, strict=True)])

    @cached_property
    def table(self) -> pl.DataFrame:
        """One row per group and window, the family that was tested; ``tested`` is its size.

        (group columns), window, n (events), caar, null_mean, low and high (2.5 and 97.5 % of placebo CAARs), statistic,
        value, p_value, and adjusted for the family: p_holm, p_bh, p_romano_wolf.
        """
        groups, windows = self.observed.shape
        p = self.p_values.ravel()
        flat = np.moveaxis(self.null, 1, 0).reshape(self.draws, -1)
        returns = np.moveaxis(self.null_caar, 1, 0).reshape(self.draws, -1)
        low, high = np.nanquantile(returns, [0.025, 0.975], axis=0)
        labels = [window.label for window in self.spec.windows]
        columns = {
            "n": self.events.ravel(),
            "caar": self.caar.ravel(),
            "null_mean": np.nanmean(returns, axis=0),
            "low": low,
            "high": high,
            "statistic": [self.statistic] * len(p),
            "value": self.observed.ravel(),
            "p_value": p,
            "p_holm": holm(p),
            "p_bh": benjamini_hochberg(p),
            "p_romano_wolf": romano_wolf(*two_sided(self.observed.ravel(), flat)),
            "tested": [int((~np.isnan(p)).sum())] * len(p),
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
        found: pl.DataFrame = self.draws_frame() if name == "draws" else getattr(self, name)
        return found

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
    result: StudyResult,
    *,
    draws: int = 10_000,
    seed: int = 0,
    statistic: str = "scar",
    matching: Matching | None = None,
) -> PlaceboResult:
    """Test every group and window of ``result`` against ``draws`` placebo studies.

    ``statistic``: ``scar``, the mean of CAR over its standard error, which gives loud events no more say than quiet
    ones; ``caar``, the mean CAR; ``bmp``, the t of the former, which stands news that raises the variance without
    moving the mean. Raises StudyError where no event has a placebo date or the windows are calendar dates, InputError
    for another statistic or no draws.
    """
    if statistic not in STATISTICS:
        raise InputError(f"statistic {statistic!r} is not known", hint=f"choose {', '.join(STATISTICS)}")
    if draws < 1:
        raise InputError(f"{draws} draws are none", hint="ask for 1,000 or more")
    chosen = matching or Matching()
    clusters = placebo_clusters(result.estimates, result.panel, result.spec, chosen)
    drawable = [cluster for cluster in clusters if len(cluster.candidates)]
    if not drawable:
        raise StudyError("no event has a placebo date", hint="match fewer criteria, or bring a longer history")
    dates = draw_dates(drawable, draws, seed, chosen.block_of(result.spec))
    kept = np.sort(np.concatenate([cluster.events for cluster in drawable]))
    groups, group_of = _groups(result, kept)
    number = max(len(groups), 1)
    real = real_sums(result.estimates, kept, group_of, number)
    null = null_sums(result, drawable, dates, group_of, number)
    path = np.nancumsum(null.mean("ar"), axis=2)
    return PlaceboResult(
        statistic=statistic,
        seed=seed,
        observed=real.statistic(statistic)[:, 0],
        null=null.statistic(statistic),
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
        benchmark_note=result.benchmark_note,
    )


def randomisation_p(observed: Array, null: Array) -> Array:
    """Two-sided p-values (H,) of ``observed`` (H,) among joint draws ``null`` (B, H); NaN where observed is.

    Twice the smaller of (1 + draws at least as large) and (1 + draws at most as large), over 1 + B, at most 1. Draws
    that repeat the real dates count as equal whatever the last digit says; draws without a value do not count.
    """
    draws = 1 + (~np.isnan(null)).sum(axis=0)
    slack = 1e-12 * np.maximum(np.abs(observed), np.ptp(np.nan_to_num(null), axis=0))
    above = (1 + (null >= observed - slack).sum(axis=0)) / draws
    below = (1 + (null <= observed + slack).sum(axis=0)) / draws
    return np.where(np.isnan(observed), np.nan, np.minimum(2 * np.minimum(above, below), 1.0))


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
