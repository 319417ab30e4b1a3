"""The destinations of briefs. Each sink reports which briefs it has received; the rest are offered again.

``stdout`` to a file and a ``folder`` receive every brief exactly once: a journal records what is about to be written,
and after a kill the file itself shows how much was. A pipe, a command and a webhook cannot be inspected: a brief in
transit when the process was killed is sent again with the same ``brief_id``, by which the receiver can recognise it.
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
from correlator.watch.outbox import ReadyBrief
from correlator.watch.spec import SinkSpec

COMMAND_SECONDS = 60.0
WEBHOOK_SECONDS = 20.0
_MOST_ANSWER = 1_000_000


class Sink(Protocol):
    """A destination of briefs; its ``name`` is the same after every start."""

    @property
    def name(self) -> str:
        """The name of the sink in the store."""

    def take(self, briefs: Sequence[ReadyBrief]) -> list[int]:
        """Deliver briefs in order; return the numbers of those received. Raises SourceError if it receives none."""


def sinks_of(spec: SinkSpec, home: Path, *, allow_private: bool = False) -> list[Sink]:
    """Return the sinks of a specification; ``home``: the folder of the watch's journals.

    Raises InputError for an invalid folder, a webhook without a secret, or a webhook that is not https.
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
                f"the webhook needs a secret of at least 16 characters in ${spec.secret_variable}",
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

    def take(self, briefs: Sequence[ReadyBrief]) -> list[int]:
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
        """Return device, inode and size of stdout if it is a regular file; empty for a pipe or terminal."""
        status = os.fstat(self._handle)
        if not stat.S_ISREG(status.st_mode):
            return {}
        return {"device": status.st_dev, "inode": status.st_ino, "offset": status.st_size}

    def _recovered(self) -> set[str]:
        """Return the briefs delivered before the process was killed: those done, and those complete in the file."""
        last = self._journal.last()
        if last is None:
            return set()
        if "done" in last:
            return set(last["done"])
        place = self._place()
        if not place or any(place[key] != last.get(key) for key in ("device", "inode")):
            return set()
        return self._complete_lines(int(last["offset"]), list(last["begun"]))

    def _complete_lines(self, offset: int, ids: list[str]) -> set[str]:
        """Return the briefs with complete lines in the file from ``offset`` on, and truncate a partial line."""
        path = f"/dev/fd/{self._handle}"
        with open(path, "rb+") as file:
            file.seek(offset)
            complete, ending, _ = file.read().rpartition(b"\n")
            lines = complete.split(b"\n") if ending else []
            had = {brief_id for line in lines if (brief_id := _id_of(line)) in ids}
            file.truncate(offset + len(complete) + len(ending))
        os.lseek(self._handle, 0, os.SEEK_END)
        return had


class FolderSink:
    """A file per brief, ``ID.json``, written atomically and once: it may be moved as soon as it exists."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.name = f"folder {folder}"
        self._folder = folder
        self._journal = journal
        self._had = self._recovered()

    @classmethod
    def at(cls, folder: Path, home: Path) -> FolderSink:
        """Return the sink of ``folder``, creating it if necessary."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise InputError(f"{folder} cannot be created: {problem.strerror or problem}") from None
        resolved = folder.resolve()
        key = hashlib.sha256(str(resolved).encode()).hexdigest()[:12]
        return cls(resolved, Journal(home / f"folder-{key}.journal"))

    def take(self, briefs: Sequence[ReadyBrief]) -> list[int]:
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
        """Return the briefs whose file existed when the process was killed: started, and without a partial file."""
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
    """A command per brief, run without a shell; stdin is the brief, ``CORRELATOR_BRIEF_ID`` its id."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.name = f"exec {json.dumps(list(arguments), ensure_ascii=False)}"
        self._arguments = list(arguments)

    def take(self, briefs: Sequence[ReadyBrief]) -> list[int]:
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
                detail = f": {message}" if message else ""
                return _stopped(had, f"{self._arguments[0]} exited with status {done.returncode}{detail}")
            had.append(each.brief_number)
        return had


class WebhookSink:
    """A POST per brief, signed: ``Correlator-Signature: t=SECONDS,v1=HEX``, HEX the HMAC-SHA256 of ``SECONDS.BODY``."""

    def __init__(self, url: str, secret: bytes, allow_private: bool) -> None:
        self.name = f"webhook {shown(url)}"
        self._url = url
        self._secret = secret
        self._allow_private = allow_private

    def take(self, briefs: Sequence[ReadyBrief]) -> list[int]:
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
    """Return the signature of ``body`` with ``secret`` at Unix time ``seconds``."""
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def _stopped(had: list[int], why: str, retry_after: float | None = None) -> list[int]:
    """Return the briefs that a sink received before it failed. Raises SourceError if there are none."""
    if not had:
        problem = SourceError(why, hint="it will be tried again")
        problem.retry_after = retry_after
        raise problem
    return had


def _line(made: ReadyBrief) -> bytes:
    return made.content.encode() + b"\n"


def _id_of(line: bytes) -> str | None:
    try:
        read: Any = json.loads(line)
    except ValueError:
        return None
    return str(read.get("brief_id")) if isinstance(read, dict) else None
