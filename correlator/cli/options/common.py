"""Options that every verb shares, and what was said before the verb."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from correlator.store.db import Store


@dataclass(frozen=True)
class Settings:
    """What stood before the verb: ``--store``, ``--quiet``, ``--json-logs``, ``--wait``."""

    store: str | None = None
    quiet: bool = False
    json_logs: bool = False
    wait: float | None = None


StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="FILE|LAKE",
        help="DuckDB file of the store, or a lake: a folder (a new one with / at its end) or s3://bucket/name"
        " (default: $CORRELATOR_STORE, else correlator.duckdb in this folder).",
        show_default=False,
    ),
]


class DateOnly(StrEnum):
    """Day 0 of an event known by its date alone."""

    AFTER_CLOSE = "after-close"
    SAME_DAY = "same-day"

    @classmethod
    def chosen(cls, option: DateOnly | None) -> str:
        """What the option says, or what holds without it."""
        return (option or cls.AFTER_CLOSE).value


DateOnlyOption = Annotated[
    DateOnly | None,
    typer.Option(
        "--date-only",
        help="Day 0 of an event known by its date alone: same-day, or after-close (the session after it, the default).",
        show_default=False,
    ),
]


ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Work on a Dask cluster: local for processes of this machine, or a scheduler such as tcp://host:8786.",
        show_default=False,
    ),
]


_settings: ContextVar[Settings] = ContextVar("settings")


def use_settings(chosen: Settings) -> None:
    """Remember what stood before the verb for the rest of this run."""
    _settings.set(chosen)


def settings() -> Settings:
    """Settings of the running command; the defaults outside of one."""
    return _settings.get(Settings())


def open_store(after_verb: str | None) -> Store:
    """The store that the command names: ``--store`` after the verb wins over the one before it."""
    from correlator.store.db import Store

    return Store(after_verb if after_verb is not None else settings().store, lock_wait=settings().wait)
