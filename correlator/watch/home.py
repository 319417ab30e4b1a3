"""The folder of a store's watch: its lock, its journals and its status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from correlator.base.locks import locks
from correlator.errors import InputError, StoreLockedError
from correlator.store.db import Store
from correlator.watch.outbox import counts

STATUS = "status.json"


def home_of(store: Store) -> Path:
    """Return the folder with lock, journals and status of a store's watch.

    It is next to the store, or in the working directory if the store is not on this machine.
    """
    name = Path(store.address).name
    return Path(f"{name}.watch") if "://" in store.address else Path(store.address).with_name(f"{name}.watch")


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the lock of this store's watch. Raises StoreLockedError if another watch runs."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a+") as file:
        if not locks(file):
            raise StoreLockedError(
                f"another watch of this store is running (see {home / STATUS})", hint="stop it first"
            )
        yield


def status_of(store: Store) -> dict[str, Any]:
    """Return the last status of the watch of ``store``, whether it runs, and the numbers of its briefs.

    Raises InputError if no watch has run, or its status is damaged.
    """
    status = saved_status(store)
    if status is None:
        raise InputError(f"no watch of {store.address} has run", hint="start one with `correlator watch feeds.toml`")
    sinks = [each["sink"] for each in status["sinks"]]
    return {"runs": _runs(home_of(store)), **status, "briefs": counts(store, sinks)}


def saved_status(store: Store) -> dict[str, Any] | None:
    """Return the status that the last watch of ``store`` saved; None if there is none, or the file is damaged."""
    try:
        status = json.loads((home_of(store) / STATUS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return status if isinstance(status, dict) and {"feeds", "sinks"} <= status.keys() else None


def _runs(home: Path) -> bool:
    with (home / "lock").open("a+") as file:
        return not locks(file)
