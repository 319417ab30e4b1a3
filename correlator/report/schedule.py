"""Schedule a report to run daily at a time in some time zone, with a crontab line or a systemd timer.

A crontab only knows the machine's time zone, so a line is only made if the offset between the two zones does not change
in the next year; a systemd timer names the zone and follows its clock changes. Both run every day and leave holidays
to ``--if-session``, since the weekday at the exchange can differ from the local one.
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
from zoneinfo import ZoneInfo

import polars as pl

from correlator.base.files import write_atomically
from correlator.base.inert import visible
from correlator.base.zones import zone_called
from correlator.errors import InputError, MissingDependencyError, StoreError, TimeError
from correlator.sessions.calendars import calendar_reach, sessions_between
from correlator.sessions.exchanges import exchange_zone

_AT = re.compile(r"^(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\s+(?P<zone>\S+)$")
_YEAR = 366


@dataclass(frozen=True)
class DailyTime:
    """A time of day in a time zone."""

    hour: int
    minute: int
    zone: ZoneInfo

    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02} {self.zone.key}"


def parse_daily_time(text: str) -> DailyTime:
    """Parse ``16:15 Asia/Karachi``; raise InputError for another format, TimeError for an unknown time zone."""
    match = _AT.match(text.strip())
    if not match:
        raise InputError(f"{text!r} is not a time with a time zone", hint="write it as '16:15 Asia/Karachi'")
    zone = zone_called(match["zone"])
    if zone is None:
        raise TimeError(f"unknown time zone {match['zone']!r}", hint="use a name such as Asia/Karachi or UTC")
    return DailyTime(int(match["hour"]), int(match["minute"]), zone)


def next_runs(at: DailyTime, after: datetime, days: int) -> list[datetime]:
    """Return the UTC instants of the next ``days`` runs later than ``after`` (UTC).

    A time that a clock change skips runs at the instant it would have had; one that occurs twice runs the first time.
    """
    first = after.astimezone(at.zone).date()
    clock = time(at.hour, at.minute)
    runs = [
        datetime.combine(first + timedelta(days=number), clock, at.zone).astimezone(UTC) for number in range(days + 1)
    ]
    return [run for run in runs if run > after][:days]


def crontab_line(at: DailyTime, command: Sequence[str], machine_zone: ZoneInfo, now: datetime) -> str:
    """Return the crontab line for a machine in ``machine_zone``.

    Raises InputError if the machine's local time of the run changes in the year after ``now`` (UTC).
    """
    clocks = {f"{run.astimezone(machine_zone):%M %H}" for run in next_runs(at, now, _YEAR)}
    if len(clocks) > 1:
        raise InputError(
            f"the local time of {at} in {machine_zone.key}, this machine's time zone, changes during the year",
            hint="use --as systemd, whose timers support time zones",
        )
    minute, hour = (int(part) for part in clocks.pop().split())
    _refuse_controls(command)
    text = shlex.join(command).replace("%", r"\%")  # cron treats an unescaped % as a newline
    return f"{minute} {hour} * * * {text} >/dev/null"


def systemd_units(name: str, at: DailyTime, command: Sequence[str], folder: Path) -> dict[str, str]:
    """Return the texts of ``correlator-NAME.service``, which runs in ``folder``, and ``correlator-NAME.timer``."""
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
    """Raise InputError for a part with a control character, which could split a line of a schedule."""
    for part in parts:
        if visible(part, keep="") != part:
            raise InputError(
                f"a schedule cannot contain the name {part!r}",
                hint="rename it without line breaks and control characters",
            )


def runs_before_close(at: DailyTime, exchange: str, now: datetime) -> datetime | None:
    """Return the first of the next runs on a session of ``exchange`` before its close; None if there is none.

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
    """Install ``line`` in the user's crontab, replacing an older one of the report ``name``, and verify it.

    Raises MissingDependencyError without the program crontab, StoreError if it fails or the line is missing afterwards.
    """
    mark = f"# correlator report {name}"
    kept = _without_mark(_crontab("-l").splitlines(), mark)
    _crontab("-", "\n".join([*kept, mark, line, ""]))
    if line not in _crontab("-l").splitlines():
        raise StoreError("the new line is missing from the crontab", hint="check it with `crontab -l`")


def install_systemd(units: dict[str, str], folder: Path) -> list[Path]:
    """Write ``units`` to ``folder``, let systemd load them and start the timer; return the files.

    Raises MissingDependencyError without the program systemctl, StoreError if it fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in units.items():
        write_atomically(folder / name, text)
        files.append(folder / name)
    timer = next(name for name in units if name.endswith(".timer"))
    _run_checked(["systemctl", "--user", "daemon-reload"])
    _run_checked(["systemctl", "--user", "enable", "--now", timer])
    return files


def _without_mark(lines: list[str], mark: str) -> list[str]:
    """Return ``lines`` without the mark of a report and the line after it."""
    dropped = {place + step for place, line in enumerate(lines) if line == mark for step in (0, 1)}
    return [line for place, line in enumerate(lines) if place not in dropped]


def _crontab(argument: str, text: str | None = None) -> str:
    done = _run(["crontab", argument], text)
    if done.returncode and not (argument == "-l" and "no crontab" in done.stderr):
        raise StoreError(f"crontab {argument} failed: {done.stderr.strip()}")
    return done.stdout


def _run_checked(command: list[str]) -> None:
    done = _run(command, None)
    if done.returncode:
        raise StoreError(
            f"{' '.join(command)} failed: {done.stderr.strip()}", hint="check that the user has a systemd instance"
        )


def _run(command: list[str], text: str | None) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        raise MissingDependencyError(
            f"the program {command[0]} is not installed",
            hint="install it, or print the schedule without --install",
        )
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
