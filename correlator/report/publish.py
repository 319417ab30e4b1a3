"""Publish a report atomically: readers never see an incomplete one, even if the writer is killed.

A report named ``daily`` is in ``OUT/daily/``: ``runs/<label>-<hash>/`` has the files of one run; ``<label>`` and
``latest`` are symbolic links to the newest run of that label and of all. A run is written to a hidden folder next to
the others, flushed to disk, and renamed; then new links are renamed over the old ones. Every step is one rename, which
leaves earlier runs complete. The hash is that of the files, so equal files are one run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from correlator.base.locks import locks
from correlator.errors import NotFoundError, StoreLockedError

LATEST = "latest"
RUNS = "runs"
_DRAFT = ".draft-"
_LABEL = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Published:
    """A published run: the ``folder`` of its files, the ``latest`` link, and whether it is new (``changed``)."""

    folder: Path
    latest: Path
    changed: bool


def publish(files: Mapping[str, bytes], home: Path, label: str, *, keep: int = 0) -> Published:
    """Publish ``files`` (name to bytes) as the run of ``label`` (a session, YYYY-MM-DD) under ``home``.

    ``keep``: number of newest labels to keep; 0 keeps all. ``latest`` points to the newest label. Raises NotFoundError
    if the parent folder of ``home`` does not exist, StoreLockedError if another run is publishing there.
    """
    if not home.parent.is_dir():
        raise NotFoundError(f"folder {home.parent} does not exist", hint="create it, or give another -o")
    home.mkdir(exist_ok=True)
    with _locked(home):
        _remove_drafts(home)
        (home / RUNS).mkdir(exist_ok=True)
        run = home / RUNS / f"{label}-{content_hash(files)[:12]}"
        changed = not run.exists()
        if changed:
            _write_run(files, run)
        _link(home, label, os.path.join(RUNS, run.name))
        labels = labels_of(home)
        _link(home, LATEST, labels[0])  # to the label, so that one rename updates both
        _retain(home, [each for each in labels[keep:] if each != label] if keep else [])
    return Published(run, home / LATEST, changed)


def content_hash(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of names and contents."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()


def labels_of(home: Path) -> list[str]:
    """Return the labels published under ``home``, newest first."""
    if not home.is_dir():
        return []
    return sorted(
        (path.name for path in home.iterdir() if _LABEL.fullmatch(path.name) and path.is_symlink()), reverse=True
    )


def _write_run(files: Mapping[str, bytes], run: Path) -> None:
    """Write the files to a draft folder, flush it, and rename it."""
    draft = run.with_name(_DRAFT + run.name)
    draft.mkdir()
    for name, content in files.items():
        with (draft / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    _flush_folder(draft)
    draft.rename(run)
    _flush_folder(run.parent)


def _link(home: Path, name: str, target: str) -> None:
    """Point ``home/name`` to ``target`` next to it, by renaming a new link over the old one."""
    link = home / name
    if link.is_symlink() and os.readlink(link) == target:
        return
    draft = home / (_DRAFT + name)
    draft.symlink_to(target)
    draft.replace(link)
    _flush_folder(home)


def _retain(home: Path, dropped: list[str]) -> None:
    """Remove labels, and the runs without a link: these are first hidden by a rename, then deleted."""
    for label in dropped:
        (home / label).unlink()
    linked = {os.path.basename(os.readlink(path)) for path in home.iterdir() if path.is_symlink()}
    for run in (home / RUNS).iterdir():
        if run.name not in linked:
            hidden = run.with_name(_DRAFT + "gone-" + run.name)
            run.rename(hidden)
            shutil.rmtree(hidden)


def _remove_drafts(home: Path) -> None:
    """Remove the drafts of runs that were killed."""
    for folder in (home, home / RUNS):
        for path in folder.glob(_DRAFT + "*") if folder.is_dir() else ():
            if path.is_symlink() or path.is_file():
                path.unlink()
            else:
                shutil.rmtree(path)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Lock ``home`` for one publisher at a time; the lock is released when the process ends, however it ends."""
    with (home / ".lock").open("w") as lock:
        if not locks(lock):
            raise StoreLockedError(f"another run is publishing to {home}", hint="wait until it has finished")
        yield
