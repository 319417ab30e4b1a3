"""The watch: feeds polled in turn, what is new stored, coded and briefed, and every brief brought to its sinks."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from correlator.base.files import write_whole
from correlator.base.inert import visible
from correlator.brief.asked import Asked, ask
from correlator.brief.make import Shared, asked_benchmark, brief_on
from correlator.errors import InputError, NotFoundError, SourceError, StoreError, StoreLockedError
from correlator.intake.instruments import names_in
from correlator.intake.news import add_news
from correlator.research.concerned import with_bars
from correlator.store.db import Store
from correlator.watch.outbox import WAITING, Due, Made, Outbox, Pending, begin, counts
from correlator.watch.sinks import Sink
from correlator.watch.spec import FeedSpec, WatchSpec

HOST_GAP = 1.0
"""Seconds from one request to a host to the next."""
LONGEST_BACKOFF = 3_600.0
SINK_BACKOFF = 600.0
BATCH = 8
"""Briefs that are made, kept and brought to the sinks at a time: what a kill may cost, what the next one waits for."""
STATUS = "status.json"
_HEARTBEAT = 5.0

Say = Callable[[str], None]


@dataclass
class _Feed:
    """A feed as it goes: when it is due (monotonic seconds), failures in a row, and what happened last."""

    spec: FeedSpec
    due_at: float = 0.0
    failures: int = 0
    last_ok: datetime | None = None
    last_error: str | None = None
    articles: int = 0

    @property
    def host(self) -> str:
        return urlsplit(self.spec.url).netloc.rpartition("@")[2].lower()


@dataclass
class _Outlet:
    """A sink as it goes: when it is tried next, failures in a row."""

    sink: Sink
    due_at: float = 0.0
    failures: int = 0
    last_error: str | None = None


@dataclass
class Tally:
    """What a watch did: polls, failed ones, articles added, briefs made and deliveries."""

    polls: int = 0
    failed: int = 0
    articles: int = 0
    made: int = 0
    deliveries: int = 0
    held: bool = False
    """Whether briefs could not be made when it was last tried."""


@dataclass(frozen=True)
class Permissions:
    """What a watch may do beyond public addresses: ``allow_private``, addresses of this machine or its network."""

    allow_private: bool = False


def home_of(store: Store) -> Path:
    """The folder of a store's watch: its lock, its journals, its status. It is next to the store, and in the folder at
    hand where that is not on this machine.
    """
    name = Path(store.address).name
    return Path(f"{name}.watch") if "://" in store.address else Path(store.address).with_name(f"{name}.watch")


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """The block is of the only watch of this store; raises StoreLockedError where another one runs."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreLockedError(
                f"another watch of this store runs (see {home / STATUS})", hint="end it first"
            ) from None
        yield


class Watch:
    """One watch of a store: call ``run``, or ``cycle`` by oneself."""

    def __init__(
        self, store: Store, spec: WatchSpec, sinks: Sequence[Sink], permissions: Permissions, *, say: Say = print
    ) -> None:
        """``say``: told of what failed and what was done, a line each.

        Raises NotFoundError for a symbol to look at that the store does not have.
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
        self._told_at = -_HEARTBEAT
        begin(store, [sink.name for sink in sinks])
        with store.reading() as connection:
            if spec.symbols:
                with_bars(connection, spec.symbols)
            asked_benchmark(names_in(connection), spec.benchmark)
        self._tell_of_other_sinks()

    def _tell_of_other_sinks(self) -> None:
        """Say which briefs wait for a sink of the watch before that this one does not have, such as a command that was
        written otherwise.
        """
        if not (self._home / STATUS).is_file():
            return
        mine = {outlet.sink.name for outlet in self._outlets}
        for name, count in status_of(self._store)["briefs"].items():
            sink = name.removeprefix(WAITING)
            if sink not in (name, *mine) and count:
                self._say(f"briefs wait for {sink}, which this watch lacks ({count:,}): run it with that once")

    def run(self, stopped: Callable[[], bool], *, once: bool = False) -> Tally:
        """Poll and deliver until ``stopped``, or (``once``) every feed once and then what is owed.

        What failed and is not tried again, a feed or a sink that holds briefs at the end, is told in a line each.
        """
        self._once = once
        if not stopped():  # what an earlier process owed, was killed over, and need not wait for the feeds
            self._make_and_deliver()
        while not stopped():
            self.cycle(once=once)
            if once:
                break
            self._pause(stopped)
        for outlet in self.failing if once else ():
            self._say(f"{outlet.sink.name}: {outlet.last_error}; its briefs wait for the next run")
        self._tell(force=True)
        return self.tally

    def cycle(self, *, once: bool = False) -> None:
        """Poll the feeds that are due, then make and deliver what is owed."""
        polled = False
        for feed in sorted(self._feeds, key=lambda each: each.due_at):
            if once:
                time.sleep(max(self._hosts.get(feed.host, 0.0) - time.monotonic(), 0.0))
            if feed.due_at <= time.monotonic() and self._hosts.get(feed.host, 0.0) <= time.monotonic():
                self._make_and_deliver(told_more=self._poll(feed))
                polled = True
        if not polled:
            self._make_and_deliver()
        self._tell()

    def _poll(self, feed: _Feed) -> bool:
        """One request to a feed, and what it brought into the store; returns whether it brought anything."""
        self.tally.polls += 1
        spec, started, added = feed.spec, time.monotonic(), 0
        options: dict[str, Any] = {"profile": spec.profile, "zone": spec.zone}
        try:
            report = add_news(
                self._store,
                spec.url,
                coder=self._spec.coder,
                allow_private=self._permissions.allow_private,
                **{name: value for name, value in options.items() if value is not None},
            )
        except (SourceError, InputError) as problem:
            feed.failures += 1
            self.tally.failed += 1
            feed.last_error = problem.message
            asked = _asked_wait(problem)
            wait = min(max(spec.every * 2.0**feed.failures, asked), LONGEST_BACKOFF)
            feed.due_at = time.monotonic() + wait
            self._hosts[feed.host] = time.monotonic() + max(HOST_GAP, min(asked, LONGEST_BACKOFF))
            self._say(str(problem) if self._once else f"{problem}; tried again in {wait:.0f} s")
        else:
            if feed.failures:
                self._say(f"{spec.name} answers again")
            feed.failures, feed.last_error, feed.last_ok = 0, None, datetime.now(UTC)
            added = report.added
            feed.articles += added
            self.tally.articles += added
            feed.due_at = _after(started, spec.every)
            self._hosts[feed.host] = _after(started, HOST_GAP)
        return added > 0

    def _make_and_deliver(self, *, told_more: bool = False) -> None:
        """Make what is owed and bring it to the sinks; ``told_more``: events are new for certain, no need to look."""
        pending = None if told_more else self._outbox.look()
        if pending is None or pending.fresh:
            pending = self._outbox.owe(self._spec, datetime.now(UTC))
        while pending.due and (made := self._made(pending.due)):
            pending = self._outbox.keep(made)
            self.tally.made += len(made)
            pending = self._deliver_all(pending)
        self._deliver_all(pending)

    def _deliver_all(self, pending: Pending) -> Pending:
        """Bring what is made to the sinks, as far as they take it; returns what is left to do."""
        while True:
            had = {}
            for outlet in self._outlets:
                briefs = pending.waiting[outlet.sink.name]
                if briefs and outlet.due_at <= time.monotonic() and (numbers := self._taken(outlet, briefs)):
                    had[outlet.sink.name] = numbers
            if not had:
                return pending
            pending = self._outbox.delivered(had, datetime.now(UTC))

    def _made(self, owed: Sequence[Due]) -> list[Made]:
        """The briefs that are owed; none while a load of several transactions is not whole."""
        try:
            with self._store.studying() as connection:
                shared: Shared = {}
                self.tally.held = False
                return [self._one(connection, each, shared) for each in owed]
        except StoreLockedError:
            raise
        except StoreError as problem:
            self.tally.held = True
            self._say(f"{problem.message}; briefs wait for it")
            return []

    def _one(self, connection: Any, owed: Due, shared: Shared) -> Made:
        asked = self._asked(owed.due_at)
        head = {"kind": owed.kind, "brief_number": owed.brief_number, "corrects": owed.corrects}
        try:
            made = brief_on(connection, owed.article_id, asked, public_by_then=True, shared=shared)
            content: Mapping[str, Any] = made.as_dict()
        except (InputError, NotFoundError) as problem:  # what is wrong with one brief must not stop the others
            content = {"article_id": owed.article_id, "problem": problem.message}
        identity = json.dumps([head, content], ensure_ascii=False, sort_keys=True)
        brief_id = hashlib.sha256(identity.encode()).hexdigest()[:16]
        values = {**content, "brief_id": brief_id, **head}
        return Made(owed.brief_number, brief_id, json.dumps(values, ensure_ascii=False))

    def _asked(self, at: datetime) -> Asked:
        spec = self._spec
        return ask(
            at,
            spec.symbols,
            spec.windows,
            spec.benchmark,
            coder=spec.coder,
            date_only=spec.date_only,
            flagged=spec.flagged,
        )

    def _taken(self, outlet: _Outlet, briefs: Sequence[Made]) -> list[int]:
        """The numbers of the briefs that a sink has taken; none if it fails, and it is left alone for a while."""
        try:
            numbers = outlet.sink.take(briefs)
        except (SourceError, InputError) as problem:
            outlet.failures += 1
            outlet.last_error = problem.message
            wait = min(max(min(2.0**outlet.failures, SINK_BACKOFF), _asked_wait(problem)), LONGEST_BACKOFF)
            outlet.due_at = time.monotonic() + wait
            if not self._once:
                self._say(f"{outlet.sink.name}: {problem.message}; tried again in {wait:.0f} s")
            return []
        outlet.failures, outlet.last_error = 0, None
        self.tally.deliveries += len(numbers)
        return numbers

    @property
    def failing(self) -> list[_Outlet]:
        """Sinks whose last delivery failed."""
        return [outlet for outlet in self._outlets if outlet.failures]

    def _pause(self, stopped: Callable[[], bool]) -> None:
        """Wait until a feed or a sink is due."""
        times = [max(each.due_at, self._hosts.get(each.host, 0.0)) for each in self._feeds]
        times += [outlet.due_at for outlet in self.failing]
        until = min(min(times), time.monotonic() + _HEARTBEAT)
        while not stopped() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _tell(self, *, force: bool = False) -> None:
        """Write the status next to the store, every few seconds."""
        if not force and time.monotonic() - self._told_at < _HEARTBEAT:
            return
        self._told_at = time.monotonic()
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
        write_whole(self._home / STATUS, json.dumps(status, ensure_ascii=False, indent=1) + "\n")


def _after(started: float, every: float) -> float:
    """When a feed is asked again that was asked at ``started``: every so many seconds, whatever the answer took to come
    and to be stored, but never before it was left alone for as long as that.
    """
    now = time.monotonic()
    return max(started + every, now + min(now - started, every))


def _asked_wait(problem: Exception) -> float:
    """Seconds that the other side asked to be left alone for; 0 where it did not."""
    return (problem.retry_after or 0.0) if isinstance(problem, SourceError) else 0.0


def status_of(store: Store) -> dict[str, Any]:
    """What the watch of ``store`` last wrote, whether it runs, and how many briefs are owed, made and waiting.

    Raises InputError where no watch has run.
    """
    home = home_of(store)
    try:
        status: dict[str, Any] = json.loads((home / STATUS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"no watch of {store.address} has run", hint="start one with `correlator watch feeds.toml`"
        ) from None
    return {"runs": _runs(home), **status, "briefs": counts(store, [each["sink"] for each in status["sinks"]])}


def _runs(home: Path) -> bool:
    with (home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
