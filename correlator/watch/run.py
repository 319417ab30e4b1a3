"""The watch: poll feeds in turn, store, code and brief what is new, and deliver every brief to the sinks."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from correlator.base.files import write_atomically
from correlator.base.inert import visible
from correlator.brief.make import Shared, brief_on, requested_benchmark
from correlator.brief.options import BriefRequest, brief_request
from correlator.errors import InputError, NotFoundError, SourceError, StoreError, StoreLockedError, counted
from correlator.events.selection.select import fields_of
from correlator.intake.instruments import names_in
from correlator.intake.news import add_news
from correlator.intake.report import LoadReport
from correlator.research.concerned import with_bars
from correlator.research.selection import with_concerned
from correlator.store.db import Store
from correlator.tables import EVENTS
from correlator.watch.age import Polls, Skipped
from correlator.watch.home import STATUS, home_of, saved_status, status_of
from correlator.watch.outbox import WAITING, Due, Outbox, Pending, ReadyBrief, begin
from correlator.watch.sinks import Sink
from correlator.watch.spec import FeedSpec, WatchSpec

HOST_GAP = 1.0
"""Seconds between requests to one host."""
LONGEST_BACKOFF = 3_600.0
SINK_BACKOFF = 600.0
BATCH = 8
"""Briefs made, stored and delivered at a time: the most work lost when the process is killed."""
_HEARTBEAT = 5.0

Say = Callable[[str], None]


@dataclass
class _Feed:
    """The state of a feed: when it is due (monotonic seconds), consecutive failures, and the last results."""

    spec: FeedSpec
    due_at: float = 0.0
    failures: int = 0
    last_ok: datetime | None = None
    considered: datetime | None = None
    """The last successful poll whose events have all been considered for briefs."""
    last_error: str | None = None
    articles: int = 0
    rejects: str = ""
    """The reasons for which items of the last poll were rejected."""

    @property
    def host(self) -> str:
        return urlsplit(self.spec.url).netloc.rpartition("@")[2].lower()


@dataclass
class _Outlet:
    """The state of a sink: when it is tried next, and consecutive failures."""

    sink: Sink
    due_at: float = 0.0
    failures: int = 0
    last_error: str | None = None


@dataclass
class Tally:
    """Counts of a watch: polls, failed polls, articles added, briefs made and deliveries; and of stories that were not
    briefed, since they were ``old`` or had been briefed before (``retold``).
    """

    polls: int = 0
    failed: int = 0
    articles: int = 0
    made: int = 0
    deliveries: int = 0
    old: int = 0
    retold: int = 0
    waiting: bool = False
    """Whether briefs could not be made at the last attempt."""


@dataclass(frozen=True)
class Permissions:
    """Permissions of a watch: ``allow_private`` permits addresses on this machine and its network."""

    allow_private: bool = False


class Watch:
    """One watch of a store: call ``run``, or ``cycle`` repeatedly."""

    def __init__(
        self, store: Store, spec: WatchSpec, sinks: Sequence[Sink], permissions: Permissions, *, say: Say = print
    ) -> None:
        """``say`` receives a line per failure and result.

        Raises NotFoundError for a symbol that is not in the store.
        """
        self.tally = Tally()
        self._once = False
        self._store = store
        self._spec = spec
        self._permissions = permissions
        self._say = say
        self._feeds = [_Feed(each) for each in spec.feeds]
        self._outlets = [_Outlet(sink) for sink in sinks]
        self._outbox = Outbox(store, tuple(sink.name for sink in sinks), BATCH)
        self._hosts: dict[str, float] = {}
        self._started = datetime.now(UTC)
        self._home = home_of(store)
        self._written_at = -_HEARTBEAT
        begin(store, [sink.name for sink in sinks])
        with store.reading() as connection:
            if spec.symbols:
                with_bars(connection, spec.symbols)
            requested_benchmark(names_in(connection), spec.benchmark)
            if spec.events:
                with_concerned(connection, pl.DataFrame(schema=EVENTS.schema()), fields_of(spec.events))
        if saved_status(store) is not None:
            self._take_over(status_of(store))

    def _take_over(self, status: Mapping[str, Any]) -> None:
        """Take over from an earlier watch when its feeds were read; report briefs that wait for a sink that this one
        lacks, such as a reworded command.
        """
        read = {each["feed"]: each["last_ok"] for each in status["feeds"] if each["last_ok"]}
        for feed in self._feeds:
            if feed.spec.name in read:
                feed.last_ok = feed.considered = datetime.fromisoformat(read[feed.spec.name])
        current = {outlet.sink.name for outlet in self._outlets}
        for name, count in status["briefs"].items():
            sink = name.removeprefix(WAITING)
            if sink not in (name, *current) and count:
                briefs = counted(count, "brief")
                self._say(f"{briefs} waiting for {sink}, which this watch lacks: run it once with that sink")

    def run(self, stopped: Callable[[], bool], *, once: bool = False) -> Tally:
        """Poll and deliver until ``stopped``; with ``once``, poll every feed once and deliver what is due.

        Reports a line per feed that failed, and per sink with undelivered briefs at the end.
        """
        self._once = once
        if not stopped():  # briefs left by an earlier process need not wait for the feeds
            self._make_and_deliver()
        while not stopped():
            self.cycle(stopped, once=once)
            if once:
                break
            self._pause(stopped)
        for outlet in self.failing if once else ():
            self._say(f"{outlet.sink.name}: {outlet.last_error}; undelivered briefs wait for the next run")
        self._write_status(force=True)
        return self.tally

    def cycle(self, stopped: Callable[[], bool] = lambda: False, *, once: bool = False) -> None:
        """Poll the feeds that are due, until ``stopped``, then make and deliver briefs."""
        polled = False
        for feed in sorted(self._feeds, key=lambda each: each.due_at):
            if stopped():
                break
            if once:
                time.sleep(max(self._hosts.get(feed.host, 0.0) - time.monotonic(), 0.0))
            if feed.due_at <= time.monotonic() and self._hosts.get(feed.host, 0.0) <= time.monotonic():
                self._make_and_deliver(has_new=self._poll(feed))
                polled = True
        if not polled:
            self._make_and_deliver()
        self._write_status()

    def _poll(self, feed: _Feed) -> bool:
        """Request a feed and store its articles; return whether any were added."""
        self.tally.polls += 1
        spec, started, added = feed.spec, time.monotonic(), 0
        asked_at = datetime.now(UTC)
        options: dict[str, Any] = {"profile": spec.profile, "zone": spec.zone, "encoding": spec.encoding}
        try:
            report = add_news(
                self._store,
                spec.url,
                coder=self._spec.coder,
                layout="feed",
                allow_private=self._permissions.allow_private,
                **{name: value for name, value in options.items() if value is not None},
            )
        except (SourceError, InputError) as problem:
            feed.failures += 1
            self.tally.failed += 1
            feed.last_error = problem.message
            requested = _requested_wait(problem)
            wait = min(max(spec.every * 2.0**feed.failures, requested), LONGEST_BACKOFF)
            feed.due_at = time.monotonic() + wait
            self._hosts[feed.host] = time.monotonic() + max(HOST_GAP, min(requested, LONGEST_BACKOFF))
            said = f"{problem.message} ({_as_keys(problem.hint)})" if problem.hint else problem.message
            self._say(said if self._once else f"{said}; next attempt in {wait:.0f} s")
        else:
            if feed.failures:
                self._say(f"{spec.name} responds again")
            feed.failures, feed.last_error, feed.last_ok = 0, None, asked_at
            added = report.added
            feed.articles += added
            self.tally.articles += added
            self._say_rejects(feed, report)
            feed.due_at = _after(started, spec.every)
            self._hosts[feed.host] = _after(started, HOST_GAP)
        return added > 0

    def _say_rejects(self, feed: _Feed, report: LoadReport) -> None:
        """Say why items of a feed were rejected, once while the reasons stay the same."""
        reasons = _as_keys("; ".join(report.notes)) if report.rejected else ""
        if reasons and reasons != feed.rejects:
            self._say(f"{feed.spec.name}: {reasons} (see `correlator list rejects`)")
        feed.rejects = reasons

    def _say_skipped(self, skipped: Sequence[Skipped]) -> None:
        """Say which stories are too old for a brief; count those and the ones that were briefed before."""
        for each in skipped:
            self.tally.old += each.old
            self.tally.retold += each.retold
            if each.old:
                self._say(each.sentence(self._spec.max_age))

    def _make_and_deliver(self, *, has_new: bool = False) -> None:
        """Make the briefs that are due and deliver them; ``has_new``: new events are certain, so no check is needed."""
        pending = None if has_new else self._outbox.look()
        if pending is None or pending.fresh:
            polls = Polls(datetime.now(UTC), {feed.spec.name: feed.considered for feed in self._feeds})
            pending = self._outbox.owe(self._spec, polls)
            self._say_skipped(pending.skipped)
        for feed in self._feeds:
            feed.considered = feed.last_ok
        while pending.due and (made := self._made(pending.due)):
            pending = self._outbox.keep(made)
            self.tally.made += len(made)
            pending = self._deliver_all(pending)
        self._deliver_all(pending)

    def _deliver_all(self, pending: Pending) -> Pending:
        """Deliver briefs to the sinks as far as they accept them; return the remaining work."""
        while True:
            had = {}
            for outlet in self._outlets:
                briefs = pending.waiting[outlet.sink.name]
                if briefs and outlet.due_at <= time.monotonic() and (numbers := self._taken(outlet, briefs)):
                    had[outlet.sink.name] = numbers
            if not had:
                return pending
            pending = self._outbox.delivered(had, datetime.now(UTC))

    def _made(self, owed: Sequence[Due]) -> list[ReadyBrief]:
        """Make the briefs that are due; none while a load of several transactions is incomplete."""
        try:
            with self._store.studying() as connection:
                shared: Shared = {}
                self.tally.waiting = False
                return [self._one(connection, each, shared) for each in owed]
        except StoreLockedError:
            raise
        except StoreError as problem:
            self.tally.waiting = True
            self._say(f"{problem.message}; briefs wait until then")
            return []

    def _one(self, connection: Any, owed: Due, shared: Shared) -> ReadyBrief:
        request = self._request(owed.due_at)
        head = {"kind": owed.kind, "brief_number": owed.brief_number, "corrects": owed.corrects}
        try:
            made = brief_on(connection, owed.article_id, request, public_by_then=True, shared=shared)
            content: Mapping[str, Any] = made.as_dict()
        except (InputError, NotFoundError) as problem:  # an error in one brief must not stop the others
            content = {"article_id": owed.article_id, "problem": problem.message}
        identity = json.dumps([head, content], ensure_ascii=False, sort_keys=True)
        brief_id = hashlib.sha256(identity.encode()).hexdigest()[:16]
        values = {**content, "brief_id": brief_id, **head}
        return ReadyBrief(owed.brief_number, brief_id, json.dumps(values, ensure_ascii=False))

    def _request(self, at: datetime) -> BriefRequest:
        spec = self._spec
        return brief_request(
            at,
            spec.symbols,
            spec.windows,
            spec.benchmark,
            coder=spec.coder,
            date_only=spec.date_only,
            flagged=spec.flagged,
        )

    def _taken(self, outlet: _Outlet, briefs: Sequence[ReadyBrief]) -> list[int]:
        """Return the numbers of briefs that a sink has accepted; none if it fails, after which it is paused."""
        try:
            numbers = outlet.sink.take(briefs)
        except (SourceError, InputError) as problem:
            outlet.failures += 1
            outlet.last_error = problem.message
            wait = min(max(min(2.0**outlet.failures, SINK_BACKOFF), _requested_wait(problem)), LONGEST_BACKOFF)
            outlet.due_at = time.monotonic() + wait
            if not self._once:
                self._say(f"{outlet.sink.name}: {problem.message}; next attempt in {wait:.0f} s")
            return []
        outlet.failures, outlet.last_error = 0, None
        self.tally.deliveries += len(numbers)
        return numbers

    @property
    def failing(self) -> list[_Outlet]:
        """The sinks whose last delivery failed."""
        return [outlet for outlet in self._outlets if outlet.failures]

    def _pause(self, stopped: Callable[[], bool]) -> None:
        """Wait until a feed or a sink is due."""
        times = [max(each.due_at, self._hosts.get(each.host, 0.0)) for each in self._feeds]
        times += [outlet.due_at for outlet in self.failing]
        until = min(min(times), time.monotonic() + _HEARTBEAT)
        while not stopped() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _write_status(self, *, force: bool = False) -> None:
        """Write the status next to the store, every few seconds."""
        if not force and time.monotonic() - self._written_at < _HEARTBEAT:
            return
        self._written_at = time.monotonic()
        feeds = [
            {
                "feed": each.spec.name,
                "last_ok": None if each.last_ok is None else f"{each.last_ok:%Y-%m-%dT%H:%M:%SZ}",
                "failures": each.failures,
                "last_error": None if each.last_error is None else visible(each.last_error, keep=""),
                "articles": each.articles,
            }
            for each in self._feeds
        ]
        sinks = [
            {"sink": each.sink.name, "failures": each.failures, "last_error": each.last_error} for each in self._outlets
        ]
        status = {
            "process": os.getpid(),
            "started": f"{self._started:%Y-%m-%dT%H:%M:%SZ}",
            "written": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "feeds": feeds,
            "sinks": sinks,
        }
        write_atomically(self._home / STATUS, json.dumps(status, ensure_ascii=False, indent=1) + "\n")


def _after(started: float, every: float) -> float:
    """Return when to poll again after a request at ``started``.

    That is after ``every`` seconds, however long the response and its storing took, but with a pause of at least as
    long as these took.
    """
    now = time.monotonic()
    return max(started + every, now + min(now - started, every))


def _as_keys(text: str) -> str:
    """Return a text with the keys of a feed in the TOML file in place of options of ``add news``."""
    for name in ("zone", "profile", "encoding"):
        text = text.replace(f"--{name}", f"its key {name}")
    return text


def _requested_wait(problem: Exception) -> float:
    """Return the seconds that the server asks to wait (Retry-After), else 0."""
    return (problem.retry_after or 0.0) if isinstance(problem, SourceError) else 0.0
