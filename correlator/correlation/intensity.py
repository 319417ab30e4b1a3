"""News intensity: how much news there was, and of what kind, per session and country, dyad, category or symbol.

Stories are counted, not articles: a story in forty papers is one. Scores are averaged over the events of a story first,
so that a story does not gain weight by being reported often. The news of a session is what became public between the
close of the session before and its own close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.errors import InputError, NotFoundError, likeliest

BY = ("all", "country", "dyad", "category", "symbol")
MEASURES = ("stories", "events", "goldstein", "conflict", "novelty")
_CONFLICT = ("verbal-conflict", "material-conflict")


@dataclass(frozen=True)
class Intensity:
    """``table``: session, key and ``MEASURES``, one row per session and key, sessions without news included.

    ``stories``, ``events``: counts, 0 if there are none; ``goldstein``: mean over stories, -10 to 10; ``conflict``:
    fraction of the stories' events that are conflict; ``novelty``: fraction of stories that are new in this session;
    the last three are null if there is no story. ``excluded``: event_id and reason of events without a session or key.
    """

    by: str
    table: pl.DataFrame
    excluded: pl.DataFrame

    @property
    def keys(self) -> list[str]:
        """The keys, in descending order of their number of stories."""
        totals = (
            self.table.group_by("key").agg(pl.col("stories").sum()).sort(["stories", "key"], descending=[True, False])
        )
        return totals["key"].to_list()

    def of(self, keys: Sequence[str]) -> pl.DataFrame:
        """Return the rows of the table for these keys; raises NotFoundError for a key without news."""
        rows = self.table.filter(pl.col("key").is_in(keys))
        missing = set(keys).difference(rows["key"])
        for key in keys:
            if key in missing:
                raise NotFoundError(
                    f"there is no news for {self.by} {key!r}", hint=likeliest(key, self.keys, "there is")
                )
        return rows

    def series(self, key: str, measure: str = "stories", *, empty: float = 0.0) -> NDArray[np.float64]:
        """Return one key's measure (T,) in order of session, ``empty`` where there is no story."""
        if measure not in MEASURES:
            raise NotFoundError(f"news has no measure {measure!r}", hint=f"choose {', '.join(MEASURES)}")
        part = self.of([key])
        return part.sort("session")[measure].cast(pl.Float64).fill_null(empty).to_numpy()

    def matrix(
        self, measure: str = "stories", keys: list[str] | None = None, *, empty: float = 0.0
    ) -> NDArray[np.float64]:
        """Return the measure (T, K) of several keys side by side; default: all in alphabetical order."""
        names = sorted(self.keys) if keys is None else keys
        return np.stack([self.series(key, measure, empty=empty) for key in names], axis=1)


def news_intensity(events: pl.DataFrame, sessions: pl.Series, *, by: str = "country") -> Intensity:
    """Return the news intensity of ``events`` on ``sessions`` (T,), dates in ascending order.

    ``events``: one row each with event_id, session (Date: day 0 at the exchange), story_id (null: a separate story),
    goldstein, quad_class, and for ``by`` source_country and target_country, dyad, category or symbol. An event counts
    for both of its countries. Raises InputError for another ``by``, NotFoundError for missing columns.
    """
    if by not in BY:
        raise InputError(f"news by {by!r} is not known", hint=f"choose {', '.join(BY)}")
    needed = {"event_id", "session", "story_id", "goldstein", "quad_class", *_key_columns(by)}
    if missing := sorted(needed - set(events.columns)):
        raise NotFoundError(f"events have no column {missing[0]!r}", hint=f"columns are {', '.join(events.columns)}")
    keyed = _keyed(events, by)
    outside = ~pl.col("session").is_in(sessions.implode())
    reason = (
        pl.when(pl.col("session").is_null())
        .then(pl.lit("event has no session"))
        .when(outside)
        .then(pl.lit("session is not among those asked for"))
        .when(pl.col("key").is_null())
        .then(pl.lit(f"event has no {by}"))
    )
    marked = keyed.with_columns(reason=reason)
    excluded = marked.filter(pl.col("reason").is_not_null()).select("event_id", "reason").unique(maintain_order=True)
    counted = _per_session(marked.filter(pl.col("reason").is_null()))
    keys = counted["key"].unique().sort()
    grid = pl.DataFrame({"session": sessions}).join(pl.DataFrame({"key": keys}), how="cross")
    table = grid.join(counted, on=["session", "key"], how="left", maintain_order="left").with_columns(
        pl.col("stories", "events").fill_null(0)
    )
    return Intensity(by, table.select("session", "key", *MEASURES), excluded)


def _key_columns(by: str) -> tuple[str, ...]:
    return {"all": (), "country": ("source_country", "target_country")}.get(by, (by,))


def _keyed(events: pl.DataFrame, by: str) -> pl.DataFrame:
    """Return one row per event and key: event_id, session, story, goldstein, conflict, first (story's session), key."""
    story = pl.when(pl.col("story_id").is_null()).then(-pl.col("event_id") - 1).otherwise("story_id")
    scored = events.with_columns(story=story).with_columns(
        first=pl.col("session").min().over("story"),
        conflict=pl.col("quad_class").is_in(_CONFLICT).cast(pl.Float64),
    )
    plain = scored.select("event_id", "session", "story", "goldstein", "conflict", "first", *_key_columns(by))
    if by == "all":
        return plain.with_columns(key=pl.lit("all"))
    if by != "country":
        return plain.rename({by: "key"})
    ends = pl.concat_list("source_country", "target_country").list.drop_nulls().list.unique(maintain_order=True)
    known = pl.when(ends.list.len() > 0).then(ends)  # versions of polars explode an empty list differently
    return plain.with_columns(key=known).drop("source_country", "target_country").explode("key")


def _per_session(keyed: pl.DataFrame) -> pl.DataFrame:
    stories = keyed.group_by("session", "key", "story", maintain_order=True).agg(  # in order: sums round the same way
        pl.len().alias("events"), pl.col("goldstein").mean(), pl.col("conflict").mean(), pl.col("first").first()
    )
    return stories.group_by("session", "key").agg(
        pl.len().cast(pl.Int64).alias("stories"),
        pl.col("events").sum().cast(pl.Int64),
        pl.col("goldstein").mean(),
        pl.col("conflict").mean(),
        (pl.col("first") == pl.col("session")).mean().alias("novelty"),
    )
