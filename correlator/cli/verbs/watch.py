"""``correlator watch``: poll feeds, store and code new articles, and deliver a brief of every selected event."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.exit_codes import ExitCode
from correlator.cli.options.common import StoreOption, settings
from correlator.cli.terminal.output import emit, narrate
from correlator.errors import InputError

if TYPE_CHECKING:
    from correlator.watch.spec import SinkSpec

_PATIENCE = 86_400.0


def watch(
    file: Annotated[
        Path | None, typer.Argument(help="TOML file with feeds, a selection of events, and sinks.", show_default=False)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Poll every feed once, deliver, and exit; for cron.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Print the state of the store's watch as JSON, and exit.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Folder to write one file per brief to.", file_okay=False, show_default=False),
    ] = None,
    execute: Annotated[
        str | None,
        typer.Option(
            "--exec",
            help="Command to run per brief, as a JSON list of arguments; gets the brief on stdin. No shell is used.",
            show_default=False,
        ),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option("--webhook", help="https URL to send every brief to, signed.", show_default=False),
    ] = None,
    no_stdout: Annotated[bool, typer.Option("--no-stdout", help="Do not print briefs on stdout.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow URLs on this machine and in private networks.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Watch feeds: store and code new articles, and deliver one brief per selected event, by default as JSON lines.

    Stops on Ctrl-C or SIGTERM after the current brief is delivered. With --once, exits with code 8 if a feed or a
    sink failed, and with code 6 if briefs are waiting for an unfinished load.

    Example: correlator watch feeds.toml --to briefs
    """
    from correlator.store.db import Store
    from correlator.watch.home import alone, home_of, status_of
    from correlator.watch.run import Permissions, Watch
    from correlator.watch.sinks import sinks_of
    from correlator.watch.spec import read_watch

    wait = settings().wait
    opened = Store(store if store is not None else settings().store, lock_wait=_PATIENCE if wait is None else wait)
    if status:
        emit((json.dumps(status_of(opened), ensure_ascii=False, indent=1) + "\n").encode())
        return
    if file is None:
        raise InputError("the TOML file with feeds is missing", hint="for example: correlator watch feeds.toml")
    spec = read_watch(file)
    sink_spec = _sinks(spec.sinks, to, execute, webhook, no_stdout=no_stdout)
    stopped = _stop_on_signals()
    with alone(home_of(opened)):
        sinks = sinks_of(sink_spec, home_of(opened), allow_private=allow_private)
        if not sinks:
            raise InputError(
                "there is no sink to deliver briefs to", hint="give --to, --exec or --webhook, or leave --no-stdout out"
            )
        running = Watch(opened, spec, sinks, Permissions(allow_private), say=narrate)
        tally = running.run(stopped, once=once)
    done = f"{tally.polls} polls, {tally.articles} articles, {tally.made} briefs, {tally.deliveries} deliveries"
    not_briefed = ((tally.old, "too old"), (tally.retold, "briefed before"))
    reasons = ", ".join(f"{count} {reason}" for count, reason in not_briefed if count)
    narrate(f"{done}; stories not briefed: {reasons}" if reasons else done)
    if once and (tally.failed or running.failing):
        raise typer.Exit(ExitCode.SOURCE)
    if once and tally.waiting:
        raise typer.Exit(ExitCode.STORE)


def _sinks(spec: SinkSpec, to: Path | None, execute: str | None, webhook: str | None, *, no_stdout: bool) -> SinkSpec:
    """Return the sinks of the file, overridden by those given on the command line."""
    chosen = replace(spec, stdout=spec.stdout and not no_stdout)
    if to is not None:
        chosen = replace(chosen, folder=to)
    if webhook is not None:
        chosen = replace(chosen, webhook=webhook)
    if execute is not None:
        try:
            arguments = json.loads(execute)
        except ValueError:
            arguments = None
        if not isinstance(arguments, list) or not arguments or not all(isinstance(each, str) for each in arguments):
            raise InputError(
                f"--exec {execute!r} is not a JSON list of strings", hint='for example --exec \'["notify", "-"]\''
            )
        chosen = replace(chosen, exec=tuple(arguments))
    return chosen


def _stop_on_signals() -> Callable[[], bool]:
    """Install handlers of SIGTERM and SIGINT; return a function that tells whether one has arrived."""
    received: list[int] = []

    def handler(number: int, _: object) -> None:
        if received:  # a second signal stops at once
            raise KeyboardInterrupt
        received.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)
    return lambda: bool(received)
