"""Options that several verbs share, and those of every verb."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.base.limits import limits, use_limits
from correlator.base.resources import EXCHANGES_VARIABLE, SESSIONS_VARIABLE

if TYPE_CHECKING:
    from correlator.store.db import Store


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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of every verb, given before or after it."""

    store: StoreOption = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Hide notes, warnings and progress bars.")] = False
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Write notes to stderr as JSON, one object per line.")
    ] = False
    sessions: Annotated[
        Path | None,
        typer.Option(
            "--sessions",
            help="CSV of your own calendar corrections (default: $CORRELATOR_SESSIONS).",
            show_default=False,
        ),
    ] = None
    exchanges: Annotated[
        Path | None,
        typer.Option(
            "--exchanges",
            help="CSV of your own exchanges, for those without a calendar here (default: $CORRELATOR_EXCHANGES).",
            show_default=False,
        ),
    ] = None
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            min=0,
            help="Seconds to wait for a store locked by another process (default: $CORRELATOR_LOCK_WAIT, else 10).",
            show_default=False,
        ),
    ] = None
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            help="Memory limit of the database, such as 1GiB (default: $CORRELATOR_MEMORY).",
            show_default=False,
        ),
    ] = None
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="Number of threads (default: $CORRELATOR_THREADS).", show_default=False),
    ] = None


_settings: ContextVar[Settings] = ContextVar("settings")


def use_settings(chosen: Settings) -> None:
    """Set the settings of the running command."""
    _settings.set(chosen)
    use_limits(memory=chosen.memory, threads=chosen.threads or limits().threads)
    for variable, path in ((SESSIONS_VARIABLE, chosen.sessions), (EXCHANGES_VARIABLE, chosen.exchanges)):
        if path is not None:
            os.environ[variable] = str(path)  # inherited by child processes


def json_logs_typed() -> bool:
    """Return whether ``--json-logs`` is among the arguments of the process, also if they cannot be parsed."""
    return "--json-logs" in sys.argv


def settings() -> Settings:
    """Return the settings of the running command, or the defaults outside of one."""
    return _settings.get(Settings())


def open_store(after_verb: str | None) -> Store:
    """Return the selected store; ``--store`` after the verb takes precedence over ``--store`` before it."""
    from correlator.store.db import Store

    return Store(after_verb if after_verb is not None else settings().store, lock_wait=settings().wait)
