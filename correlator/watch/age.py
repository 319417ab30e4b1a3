"""How old news was when the watch read it: by the earliest telling of its story in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from correlator.brief.face import age_of
from correlator.news.profiles import load_profile, profile_names
from correlator.store.statements import query
from correlator.watch.spec import WatchSpec

NEWS, LATE, EDIT = "news", "late", "edit"
WESTERNMOST = timezone(timedelta(hours=-12))

_TELLINGS = """
    SELECT story_id, publisher, published_at, published_precision,
        min(loaded_at) OVER (PARTITION BY article_id) AS loaded_at
    FROM articles WHERE story_id IN (SELECT unnest($stories))
"""


@dataclass(frozen=True)
class Polls:
    """The instant ``now``, and when each feed had been ``read`` before its newest events, None for never."""

    now: datetime
    read: Mapping[str, datetime | None]

    def since(self, feed: str) -> datetime:
        """Return when the feed had been read before, at the latest now."""
        return min(self.read.get(feed) or self.now, self.now)


@dataclass(frozen=True)
class Skipped:
    """Stories of one ``feed`` that are not briefed: ``old`` ones, of which the oldest was public at ``oldest``, and
    those that were briefed before (``retold``).
    """

    feed: str
    old: int
    oldest: datetime | None
    retold: int

    def sentence(self, max_age: float) -> str:
        """Return what is said of the old ones."""
        stories = "1 story is" if self.old == 1 else f"{self.old:,} stories are"
        limit = age_of(round(max_age / 60))
        return (
            f"{self.feed}: {stories} not briefed, public for more than {limit} (max_age); "
            f"the oldest since {self.oldest:%Y-%m-%d %H:%M} UTC"
        )


def with_kinds(
    connection: duckdb.DuckDBPyConnection, events: pl.DataFrame, spec: WatchSpec, polls: Polls
) -> pl.DataFrame:
    """Return ``events`` with told_at, the earliest instant of their story, and the kind of their brief, NULL for none.

    A story is news while it has been public for at most ``max_age``, and late if it is older, but has become public
    since its feed was read before. Of an older story only a new edit is briefed, if it reports a new event.
    ``events``: story_id, version, read_at and feed.
    """
    told = _told(connection, events["story_id"].unique().to_list(), spec)
    most = timedelta(seconds=spec.max_age)
    kinds = [
        _kind(row, told[row["story_id"]], polls.now - most, polls.since(row["feed"]) - most)
        for row in events.select("story_id", "version", "read_at", "feed").iter_rows(named=True)
    ]
    return events.with_columns(
        pl.Series("told_at", [told[story] for story in events["story_id"]], dtype=pl.Datetime("us", "UTC")),
        pl.Series("kind", kinds, dtype=pl.String),
    )


def skipped_of(old: pl.DataFrame, retold: pl.DataFrame) -> list[Skipped]:
    """Return the stories that are not briefed, by feed."""
    feeds = dict.fromkeys([*old["feed"], *retold["feed"]])
    return [
        Skipped(
            feed,
            old.filter(pl.col("feed") == feed)["story_id"].n_unique(),
            old.filter(pl.col("feed") == feed)["told_at"].min(),  # type: ignore[arg-type]
            retold.filter(pl.col("feed") == feed)["story_id"].n_unique(),
        )
        for feed in feeds
    ]


def _kind(event: Mapping[str, Any], told: datetime, recent: datetime, since: datetime) -> str | None:
    if told >= recent:
        return NEWS
    if event["version"] > 1:
        return EDIT if event["read_at"] >= since else None
    return LATE if told >= since else None


def _told(connection: duckdb.DuckDBPyConnection, stories: Sequence[int], spec: WatchSpec) -> dict[int, datetime]:
    """Return when each story was first public; a date without a time counts until it is over."""
    zones = {name: load_profile(name).zone for name in profile_names()}
    zones |= {
        profile.name: profile.zone for feed in spec.feeds if feed.profile and (profile := load_profile(feed.profile))
    }
    told: dict[int, datetime] = {}
    for row in query(connection, _TELLINGS, {"stories": list(stories)}).iter_rows(named=True):
        public = row["published_at"] or row["loaded_at"]
        if row["published_precision"] == "day" and row["published_at"] is not None:
            public = _end_of(public.date(), zones.get(row["publisher"]))
        story, public = row["story_id"], min(public, row["loaded_at"])
        told[story] = min(told.get(story, public), public)
    return told


def _end_of(day: date, zone: str | None) -> datetime:
    """Return when a date is over, everywhere if its zone is not known."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone) if zone else WESTERNMOST).astimezone(UTC)
