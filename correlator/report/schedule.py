"""Running a report every day at a time of some zone: a crontab line or a systemd timer, and what they come to.

A crontab knows only the machine's zone, so a line is made only where the distance of the two zones does not change in
the year ahead; a systemd timer names the zone itself and follows its clock changes. Both run every day and leave the
holidays to ``--if-session``: a weekday at the exchange can be another one here.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from correlator.base.files import write_whole
from correlator.base.inert import visible
from correlator.errors import InputError, MissingDependencyError, StoreError, TimeError
from correlator.sessions.calendars import calendar_reach, exchange_zone, sessions_between

_AT = re.compile(r"^(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\s+(?P<zone>\S+)$")
_YEAR = 366


@dataclass(frozen=True)
class DailyTime:
    """A time of day in a zone."""

    hour: int
    minute: int
    zone: ZoneInfo

    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02} {self.zone.key}"


def parse_daily_time(text: str) -> DailyTime:
    """``16:15 Asia/Karachi``; raises InputError for another form, TimeError for a zone nobody knows."""
    match = _AT.match(text.strip())
    if not match:
        raise InputError(f"{text!r} is not a time with a zone", hint="write it as '16:15 Asia/Karachi'")
    try:
        zone = ZoneInfo(match["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of the database, such as Asia
        raise TimeError(f"unknown zone {match['zone']!r}", hint="use a name such as Asia/Karachi or UTC") from error
    return DailyTime(int(match["hour"]), int(match["minute"]), zone)


def next_runs(at: DailyTime, after: datetime, days: int) -> list[datetime]:
    """The UTC instants of the next ``days`` runs later than ``after`` (UTC); a time that a clock change skips runs at
    the instant that it would have been, one that comes twice runs the first time."""
    first = after.astimezone(at.zone).date()
    clock = time(at.hour, at.minute)
    runs = [
        datetime.combine(first + timedelta(days=number), clock, at.zone).astimezone(UTC) for number in range(days + 1)
    ]
    return [run for run in runs if run > after][:days]


def crontab_line(at: DailyTime, command: Sequence[str], machine_zone: ZoneInfo, now: datetime) -> str:
    """A line of a crontab on a machine in ``machine_zone``.

    Raises InputError where the machine's clock time of the run changes in the year after ``now`` (UTC).
    """
    clocks = {f"{run.astimezone(machine_zone):%M %H}" for run in next_runs(at, now, _YEAR)}
    if len(clocks) > 1:
        raise InputError(
            f"{at} is not one time of day in {machine_zone.key}, this machine's zone, all year",
            hint="use --as systemd, whose timers know zones",
        )
    minute, hour = (int(part) for part in clocks.pop().split())
    _refuse_controls(command)
    text = shlex.join(command).replace("%", r"\%")  # cron takes a bare % for the end of the line
    return f"{minute} {hour} * * * {text} >/dev/null"


def systemd_units(name: str, at: DailyTime, command: Sequence[str], folder: Path) -> dict[str, str]:
    """The texts of ``correlator-NAME.service``, run in ``folder``, and ``correlator-NAME.timer``, by file name."""
    _refuse_controls([*command, name, str(folder)])
    quoted = " ".join('"' + part.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%") + '"' for part in command)
    service = (
        f"[Unit]\nDescription=correlator report {name}\n\n"
        f"[Service]\nType=oneshot\nWorkingDirectory={str(folder).replace('%', '%%')}\n"
        f"ExecStart={quoted.replace('$', '$$')}\n"
    )
    timer = (
        f"[Unit]\nDescription=correlator report {name} at {at}\n\n"
        f"[Timer]\nOnCalendar=*-*-* {at.hour:02}:{at.minute:02}:00 {at.zone.key}\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    return {f"correlator-{name}.service": service, f"correlator-{name}.timer": timer}


def _refuse_controls(parts: Sequence[str]) -> None:
    """Raise InputError for a part with a control character: one line of a schedule would become two."""
    for part in parts:
        if visible(part, keep="") != part:
            raise InputError(f"a schedule cannot hold the name {part!r}", hint="rename it: no line breaks, no controls")


def runs_before_close(at: DailyTime, exchange: str, now: datetime) -> datetime | None:
    """The first of the next runs that falls on a session of ``exchange`` before its close; None where none does.

    Such a report is of the session before. Looks 60 days ahead, as far as the calendar goes.
    """
    zone = ZoneInfo(exchange_zone(exchange))
    first, last = calendar_reach(exchange)
    start = min(max(now.astimezone(zone).date(), first), last)
    sessions = sessions_between(exchange, start, min(start + timedelta(days=60), last))
    closes = dict(sessions.select(pl.col("session"), pl.col("closes_at")).iter_rows())
    for run in next_runs(at, now, 60):
        close = closes.get(run.astimezone(zone).date())
        if close is not None and run < close:
            return run
    return None


def install_crontab(name: str, line: str) -> None:
    """Put ``line`` into the user's crontab, in the place of an older one of the report ``name``, and read it back.

    Raises MissingDependencyError without the program crontab, StoreError when it refuses or does not hold the line.
    """
    mark = f"# correlator report {name}"
    kept = _without_mark(_crontab("-l").splitlines(), mark)
    _crontab("-", "\n".join([*kept, mark, line, ""]))
    if line not in _crontab("-l").splitlines():
        raise StoreError("the crontab does not hold the new line", hint="look at it with `crontab -l`")


def install_systemd(units: dict[str, str], folder: Path) -> list[Path]:
    """Write ``units`` into ``folder``, have systemd read them and start the timer; returns the files.

    Raises MissingDependencyError without the program systemctl, StoreError when it refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in units.items():
        write_whole(folder / name, text)
        files.append(folder / name)
    timer = next(name for name in units if name.endswith(".timer"))
    _called(["systemctl", "--user", "daemon-reload"])
    _called(["systemctl", "--user", "enable", "--now", timer])
    return files


def _without_mark(lines: list[str], mark: str) -> list[str]:
    """``lines`` without the mark of a report and the line behind it."""
    dropped = {place + step for place, line in enumerate(lines) if line == mark for step in (0, 1)}
    return [line for place, line in enumerate(lines) if place not in dropped]


def _crontab(argument: str, text: str | None = None) -> str:
    done = _run(["crontab", argument], text)
    if done.returncode and not (argument == "-l" and "no crontab" in done.stderr):
        raise StoreError(f"crontab {argument} failed: {done.stderr.strip()}")
    return done.stdout


def _called(command: list[str]) -> None:
    done = _run(command, None)
    if done.returncode:
        raise StoreError(f"{' '.join(command)} failed: {done.stderr.strip()}", hint="is there a systemd of the user?")


def _run(command: list[str], text: str | None) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        raise MissingDependencyError(
            f"the program {command[0]} is not here", hint="print the schedule without --install, or install it"
        )
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
