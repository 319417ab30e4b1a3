"""The user's settings: ``correlator.toml`` in the current folder and in the user's configuration folder.

An option takes precedence over an environment variable, that over the file in the folder, that over the user's file,
that over the default. Reports read no settings, so that they are the same everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from correlator.base.files import is_file, read_toml
from correlator.errors import InputError, likeliest

FILE = "correlator.toml"
KEYS = {
    "store": "path of the store, relative to the folder of the file, or s3://bucket/name",
    "exchange": "market identifier code of symbols whose exchange is unknown",
    "benchmark": "default benchmark of studies on its exchange",
    "profile": "publisher of news that names none",
    "coder": "event coder of added news: rules or full",
}
_ignored: ContextVar[bool] = ContextVar("ignored", default=False)


@dataclass(frozen=True)
class Setting:
    """A value and the file that it comes from."""

    value: str
    source: Path


def settings() -> dict[str, Setting]:
    """Return every setting in force, by key; raises InputError for a file that cannot be read or has an unknown key."""
    if _ignored.get():
        return {}
    merged: dict[str, Setting] = {}
    for path in (user_file(), Path(FILE)):
        if is_file(path):
            merged |= {key: Setting(value, path) for key, value in _read(path).items()}
    return merged


def setting(key: str) -> str | None:
    """Return the value of ``key``, or None if no file has it; the store's path is resolved from its file's folder."""
    chosen = settings().get(key)
    if chosen is None:
        return None
    return _from(chosen.source.parent, chosen.value) if key == "store" else chosen.value


def _from(folder: Path, store: str) -> str:
    """Return the address of a store with its path from ``folder``; the / behind the name of a new lake is kept."""
    if "://" in store:
        return store
    path = folder / Path(store).expanduser()
    return f"{path}/" if store.endswith(("/", os.sep)) else str(path)


def user_file() -> Path:
    """Return the path of the file in the user's configuration folder, whether it exists or not."""
    from platformdirs import user_config_path

    return user_config_path("correlator", appauthor=False) / FILE


@contextmanager
def ignored() -> Iterator[None]:
    """Ignore all settings within the block."""
    token = _ignored.set(True)
    try:
        yield
    finally:
        _ignored.reset(token)


def _read(path: Path) -> dict[str, str]:
    values = read_toml(path)
    for key, value in values.items():
        if key not in KEYS:
            raise InputError(f"{path}: key {key!r} is not known", hint=likeliest(key, KEYS, "keys are"))
        if not isinstance(value, str) or not value.strip():
            raise InputError(
                f"{path}: {key} must be a non-empty string, got {value!r}", hint=f"{key} is the {KEYS[key]}"
            )
    return {key: value.strip() for key, value in values.items()}
