"""Where briefs go. Each sink says which briefs it has had; what it could not take is offered again.

``stdout`` to a file and a ``folder`` have every brief once: a journal says what was about to leave, and after a kill
the file itself says how far it came. A pipe, a command and a webhook are out of sight: what was on its way when the
process was killed is sent again, with the same ``brief_id``, by which the other side can tell.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from correlator.base.addresses import shown
from correlator.base.files import flush_folder
from correlator.base.inert import visible
from correlator.base.web import Limits, post
from correlator.errors import InputError, SourceError
from correlator.watch.journal import Journal
from correlator.watch.outbox import Made
from correlator.watch.spec import SinkSpec

COMMAND_SECONDS = 60.0
WEBHOOK_SECONDS = 20.0
_MOST_ANSWER = 1_000_000


class Sink(Protocol):
    """One place that briefs go to: its ``name``, the same after every start."""

    @property
    def name(self) -> str:
        """How the store knows it."""

    def take(self, briefs: Sequence[Made]) -> list[int]:
        """Take briefs, in order; returns the numbers of those it has had. Raises SourceError where it takes no more."""


def sinks_of(spec: SinkSpec, home: Path, *, allow_private: bool = False) -> list[Sink]:
    """The sinks that are asked for; ``home``: the folder of the watch's journals.

    Raises InputError for a folder that is not one, a webhook without a secret, or one that is not https.
    """
    sinks: list[Sink] = []
    if spec.stdout:
        sinks.append(StdoutSink(Journal(home / "stdout.journal"), sys.stdout.fileno()))
    if spec.folder is not None:
        sinks.append(FolderSink.at(spec.folder, home))
    if spec.exec:
        sinks.append(CommandSink(spec.exec))
    if spec.webhook is not None:
        secret = os.environ.get(spec.secret_variable, "")
        if len(secret) < 16:
            raise InputError(
                f"the webhook needs a secret of 16 characters and more in ${spec.secret_variable}",
                hint="set the variable; briefs are signed with it",
            )
        if not spec.webhook.lower().startswith("https://") and not allow_private:
            raise InputError(f"webhook {shown(spec.webhook)} is not an https address", hint="give https://...")
        sinks.append(WebhookSink(spec.webhook, secret.encode(), allow_private))
    return sinks


class StdoutSink:
    """JSON lines on the file descriptor ``handle``."""

    name = "stdout"

    def __init__(self, journal: Journal, handle: int) -> None:
        self._journal = journal
        self._handle = handle
        self._had = self._recovered()

    def take(self, briefs: Sequence[Made]) -> list[int]:
        """See ``Sink``."""
        fresh = [each for each in briefs if each.brief_id not in self._had]
        if fresh:
            content = b"".join(_line(each) for each in fresh)
            place = self._place()
            ids = [each.brief_id for each in fresh]
            self._journal.write({"begun": ids, **place, "length": len(content)})
            self._write(content)
            if place:
                os.fsync(self._handle)
            self._journal.write({"done": ids})
        self._had = set()
        return [each.brief_number for each in briefs]

    def _write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._handle, rest) :]

    def _place(self) -> dict[str, int]:
        """Which regular file stdout is, and how long; nothing for a pipe or terminal."""
        status = os.fstat(self._handle)
        if not stat.S_ISREG(status.st_mode):
            return {}
        return {"device": status.st_dev, "inode": status.st_ino, "offset": status.st_size}

    def _recovered(self) -> set[str]:
        """Briefs that had left when the process was killed: all of what was done, and what the file holds whole."""
        last = self._journal.last()
        if last is None:
            return set()
        if "done" in last:
            return set(last["done"])
        place = self._place()
        if not place or any(place[key] != last.get(key) for key in ("device", "inode")):
            return set()
        return self._whole_lines(int(last["offset"]), list(last["begun"]))

    def _whole_lines(self, offset: int, ids: list[str]) -> set[str]:
        """The briefs whose lines the file holds from ``offset`` on; a part of a line after them is cut off."""
        path = f"/dev/fd/{self._handle}"
        with open(path, "rb+") as file:
            file.seek(offset)
            whole, ending, _ = file.read().rpartition(b"\n")
            lines = whole.split(b"\n") if ending else []
            had = {brief_id for line in lines if (brief_id := _id_of(line)) in ids}
            file.truncate(offset + len(whole) + len(ending))
        os.lseek(self._handle, 0, os.SEEK_END)
        return had


class FolderSink:
    """A file per brief, ``ID.json``, whole and once: it may be moved away as soon as it is there."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.name = f"folder {folder}"
        self._folder = folder
        self._journal = journal
        self._had = self._recovered()

    @classmethod
    def at(cls, folder: Path, home: Path) -> FolderSink:
        """The sink of ``folder``, which is made where it does not exist."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise InputError(f"{folder} cannot be made: {problem.strerror or problem}") from None
        whole = folder.resolve()
        key = hashlib.sha256(str(whole).encode()).hexdigest()[:12]
        return cls(whole, Journal(home / f"folder-{key}.journal"))

    def take(self, briefs: Sequence[Made]) -> list[int]:
        """See ``Sink``."""
        for each in briefs:
            if each.brief_id not in self._had:
                temporary = self._temporary(each.brief_id)
                with temporary.open("wb") as file:
                    file.write(_line(each))
                    file.flush()
                    os.fsync(file.fileno())
                self._journal.write({"begun": each.brief_id})
                temporary.replace(self._folder / f"{each.brief_id}.json")
                flush_folder(self._folder)
                self._had.add(each.brief_id)
        if briefs:
            self._journal.write({"done": [each.brief_id for each in briefs]})
        self._had = set()
        return [each.brief_number for each in briefs]

    def _temporary(self, brief_id: str) -> Path:
        return self._folder / f".{brief_id}.partial"

    def _recovered(self) -> set[str]:
        """Briefs that had their file when the process was killed: those begun whose partial file has gone."""
        had: set[str] = set()
        for line in self._journal.since_done():
            if "done" in line:
                had |= set(line["done"])
            elif not self._temporary(line["begun"]).exists():
                had.add(line["begun"])
        for leftover in self._folder.glob(".*.partial"):
            leftover.unlink()
        return had


class CommandSink:
    """A command per brief: arguments as they are, no shell; stdin is the brief, ``CORRELATOR_BRIEF_ID`` its id."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.name = f"exec {json.dumps(list(arguments), ensure_ascii=False)}"
        self._arguments = list(arguments)

    def take(self, briefs: Sequence[Made]) -> list[int]:
        """See ``Sink``."""
        had: list[int] = []
        for each in briefs:
            try:
                done = subprocess.run(
                    self._arguments,
                    input=_line(each),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    timeout=COMMAND_SECONDS,
                    check=False,
                    env={**os.environ, "CORRELATOR_BRIEF_ID": each.brief_id},
                )
            except OSError as problem:
                return _stopped(had, f"{self._arguments[0]} cannot be run: {problem.strerror or problem}")
            except subprocess.TimeoutExpired:
                return _stopped(had, f"{self._arguments[0]} took longer than {COMMAND_SECONDS:g} s")
            if done.returncode != 0:
                message = visible(done.stderr.decode(errors="replace").strip()[:200], keep="")
                said = f": {message}" if message else ""
                return _stopped(had, f"{self._arguments[0]} ended with {done.returncode}{said}")
            had.append(each.brief_number)
        return had


class WebhookSink:
    """A POST per brief, signed: ``Correlator-Signature: t=SECONDS,v1=HEX``, HEX the HMAC-SHA256 of ``SECONDS.BODY``."""

    def __init__(self, url: str, secret: bytes, allow_private: bool) -> None:
        self.name = f"webhook {shown(url)}"
        self._url = url
        self._secret = secret
        self._allow_private = allow_private

    def take(self, briefs: Sequence[Made]) -> list[int]:
        """See ``Sink``."""
        had: list[int] = []
        for each in briefs:
            body = _line(each)
            headers = {
                "Content-Type": "application/json",
                "Correlator-Brief-Id": each.brief_id,
                "Correlator-Signature": signature(self._secret, body, int(datetime.now(UTC).timestamp())),
            }
            try:
                post(self._url, body, headers, Limits(WEBHOOK_SECONDS, _MOST_ANSWER, self._allow_private))
            except SourceError as problem:
                return _stopped(had, problem.message, problem.retry_after)
            had.append(each.brief_number)
        return had


def signature(secret: bytes, body: bytes, seconds: int) -> str:
    """What proves that ``body`` was sent by who knows ``secret``, at Unix time ``seconds``."""
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def _stopped(had: list[int], why: str, retry_after: float | None = None) -> list[int]:
    """What a sink had before it failed; raises SourceError where that is nothing."""
    if not had:
        problem = SourceError(why, hint="it is tried again")
        problem.retry_after = retry_after
        raise problem
    return had


def _line(made: Made) -> bytes:
    return made.content.encode() + b"\n"


def _id_of(line: bytes) -> str | None:
    try:
        read: Any = json.loads(line)
    except ValueError:
        return None
    return str(read.get("brief_id")) if isinstance(read, dict) else None
