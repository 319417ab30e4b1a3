"""The result of a placebo test: the real averages, those on ordinary sessions, and tables of them."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from correlator.errors import NotFoundError
from correlator.eventstudy.panel.frames import Array, Rows
from correlator.eventstudy.placebo.dates import CRITERIA
from correlator.eventstudy.placebo.randomisation import Shift, equivalence_p, family_p, interval, randomisation_p
from correlator.eventstudy.request.spec import StudySpec
from correlator.eventstudy.significance.multiple_testing import benjamini_hochberg, holm
from correlator.version import __version__

OUTPUTS = ("table", "bands", "draws", "clusters", "excluded")
PERCENTILES = (0.5, 2.5, 5.0, 25.0, 50.0, 75.0, 95.0, 97.5, 99.5)


@dataclass(frozen=True)
class OwnPlacements:
    """The placements behind the p-values of one group.

    ``null`` (P, W): the statistic of each distinct placement if there are no more than draws, else of the joint draws;
    ``distinct``: number of placements besides the real one; ``given_up``: criteria that were dropped for some cluster.
    """

    null: Array
    distinct: int
    given_up: str


@dataclass(frozen=True)
class PlaceboResult:
    """G groups (one without ``by``), W windows, D event days, B draws; averages of returns are fractions.

    ``observed`` (G, W) and ``null`` (G, B, W): ``statistic`` of the real and the placebo studies; ``caar`` and
    ``null_caar``: the same in returns; ``path`` (G, D): the CAAR up to each day, ``path_bands`` (G, Q, D): its
    ``PERCENTILES`` over draws; ``events`` (G, W): number of events; ``groups``: G rows of group columns, empty without
    ``by``; ``clusters``: one row per cluster with first session, events, candidates and matched; ``excluded``: events
    without a candidate date. Draw b of every group and window is the same draw of dates. ``placements``: those behind
    the p-values of each group; ``slope`` (G, W): change of the statistic per unit of an effect common to all events;
    ``margin`` of equivalence (a fraction) or None.
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
        """Number of placebo studies, B."""
        return int(self.null.shape[1])

    @property
    def sentence(self) -> str:
        """A summary of the test in one line."""
        table = self.table
        tested = int(table["tested"][0])
        fewest = int(table["placements"].min())  # type: ignore[arg-type]
        against = f"{self.draws:,} placebo studies, seed {self.seed}"
        if fewest <= self.draws:
            against += f"; the fewest distinct placements behind a row are {fewest:,}, so its p is at least "
            against += f"{min(2 / (fewest + 1), 1.0):.2g}"
        dropped = " ".join(name for name in CRITERIA if any(name in own.given_up for own in self.placements))
        if dropped:
            against += f"; not everywhere matched: {dropped}"
        single, family = (int((table[name] <= 0.05).sum()) for name in ("p_value", "p_romano_wolf"))
        hypotheses = "hypothesis" if tested == 1 else "hypotheses"
        return f"{tested} {hypotheses} tested against {against}: {single} with p at most 5 %, {family} allowing for all"

    def __repr__(self) -> str:
        return f"PlaceboResult: {self.sentence}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.table._repr_html_()}"

    @property
    def made(self) -> dict[str, object]:
        """The version and settings behind the numbers, for the metadata of files."""
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
        """Two-sided p-values (G, W): twice the smaller of the shares of placements at least as large and as small.

        The real placement is included, so they are at least 2 / (distinct placements + 1).
        """
        return np.stack([randomisation_p(o, own.null) for o, own in zip(self.observed, self.placements, strict=True)])

    def _inverted(self) -> dict[str, Array]:
        """Return ``low`` and ``high`` of each row, and ``p_equivalent`` if there is a margin, each (G * W,)."""
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
        """One row per group and window; together they are the family of hypotheses, and ``tested`` is its size.

        (group columns), window, n (events), caar, low and high (95 % interval of the effect, by inverting the test;
        null if there are too few placements to bound it, and for ``bmp``), null_mean, null_low and null_high (mean,
        2.5th and 97.5th percentile of placebo CAARs), statistic, value, p_value, p_holm, p_bh and p_romano_wolf
        (adjusted for the family), tested, placements (distinct ones behind the row), given_up (criteria that were
        dropped), and with a margin p_equivalent (small if the effect is smaller than the margin).
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
        """One row per group and event day, for a fan chart: (group columns), day, caar, p0.5 to p99.5 of placebos."""
        groups, days = self.path.shape
        columns = {f"p{q:g}": self.path_bands[:, i].ravel() for i, q in enumerate(PERCENTILES)}
        frame = pl.DataFrame(
            {"day": list(self.day_labels) * groups, "caar": self.path.ravel(), **columns}, nan_to_null=True
        )
        return self._with_groups(frame, days)

    def frame(self, name: str) -> pl.DataFrame:
        """Return the frame called ``name``, one of ``OUTPUTS``; raises NotFoundError for other names."""
        if name not in OUTPUTS:
            raise NotFoundError(f"a placebo test has no output {name!r}", hint=f"outputs are {', '.join(OUTPUTS)}")
        table: pl.DataFrame = self.draws_frame() if name == "draws" else getattr(self, name)
        return table

    def draws_frame(self) -> pl.DataFrame:
        """Return one row per group, window and draw, for histograms: (group columns), window, draw, caar, value."""
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
        """Return ``frame``, which has ``rows`` rows per group, with the group columns first."""
        if not self.groups.width:
            return frame
        return pl.concat([self.groups[np.repeat(np.arange(len(self.groups)), rows)], frame], how="horizontal")
