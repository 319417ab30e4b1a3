"""Options that several verbs share, and the settings given before the verb."""

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
    """Options given before the verb: ``--store``, ``--quiet``, ``--json-logs``, ``--wait``."""

    store: str | None = None
    quiet: bool = False
    json_logs: bool = False
    wait: float | None = None


StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="FILE|LAKE",
        help="Store to use: a DuckDB file, or a lake (a folder, written with a trailing / if it is new, or"
        " s3://bucket/name). Default: $CORRELATOR_STORE, else correlator.duckdb in the current folder.",
        show_default=False,
    ),
]


class DateOnly(StrEnum):
    """Day 0 of an event that has a date but no time of day."""

    AFTER_CLOSE = "after-close"
    SAME_DAY = "same-day"

    @classmethod
    def chosen(cls, option: DateOnly | None) -> str:
        """Return the value of the option, or its default."""
        return (option or cls.AFTER_CLOSE).value


DateOnlyOption = Annotated[
    DateOnly | None,
    typer.Option(
        "--date-only",
        help="Day 0 of an event with a date but no time: same-day, or after-close (the next session; the default).",
        show_default=False,
    ),
]


ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Run on a Dask cluster: local for processes on this machine, or a scheduler such as tcp://host:8786.",
        show_default=False,
    ),
]


_settings: ContextVar[Settings] = ContextVar("settings")


def use_settings(chosen: Settings) -> None:
    """Set the settings of the running command."""
    _settings.set(chosen)


def settings() -> Settings:
    """Return the settings of the running command, or the defaults outside of one."""
    return _settings.get(Settings())


def open_store(after_verb: str | None) -> Store:
    """Return the selected store; ``--store`` after the verb takes precedence over ``--store`` before it."""
    from correlator.store.db import Store

    return Store(after_verb if after_verb is not None else settings().store, lock_wait=settings().wait)
