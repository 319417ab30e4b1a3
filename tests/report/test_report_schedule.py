"""Schedules: the right instant in any zone, refused where a crontab cannot say it, installed once."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from report_process import run_report_verb

from correlator.errors import InputError, TimeError
from correlator.report.schedule import (
    crontab_line,
    next_runs,
    parse_daily_time,
    runs_before_close,
    systemd_units,
)

NOW = datetime(2025, 3, 28, 12, tzinfo=UTC)
CRONTAB = """#!/bin/sh
# keeps a crontab in $HOME/tab, as the program of cron does
if [ "$1" = -l ]; then
  if [ -f "$HOME/tab" ]; then cat "$HOME/tab"; else echo "no crontab for you" >&2; exit 1; fi
else cat > "$HOME/tab"; fi
"""


@pytest.mark.parametrize("text", ["16:15", "25:00 Asia/Karachi", "16:60 UTC", "quarter past four", ""])
def test_a_time_needs_its_zone(text):
    with pytest.raises(InputError, match="not a time with a time zone"):
        parse_daily_time(text)


@pytest.mark.parametrize("zone", ["Karachi", "PKT", "../etc"])
def test_an_unknown_zone_raises(zone):
    with pytest.raises(TimeError, match="unknown time zone"):
        parse_daily_time(f"16:15 {zone}")


def test_runs_follow_the_clock_changes_of_their_zone():
    london = next_runs(parse_daily_time("16:15 Europe/London"), NOW, 4)
    assert [f"{run:%d %H:%M}" for run in london] == ["28 16:15", "29 16:15", "30 15:15", "31 15:15"]
    skipped = next_runs(parse_daily_time("01:30 Europe/London"), NOW, 2)  # 30 March has no 01:30
    assert [f"{run:%d %H:%M}" for run in skipped] == ["29 01:30", "30 01:30"]


def test_a_crontab_line_is_in_the_machines_clock():
    line = crontab_line(parse_daily_time("16:15 Asia/Karachi"), ["run", "a b", "50%"], ZoneInfo("UTC"), NOW)
    assert line == r"15 11 * * * run 'a b' 50\% >/dev/null"
    line = crontab_line(parse_daily_time("02:00 Asia/Karachi"), ["run"], ZoneInfo("America/Phoenix"), NOW)
    assert line.startswith("0 14 ")


def test_a_crontab_that_would_drift_is_refused():
    with pytest.raises(InputError, match="systemd"):
        crontab_line(parse_daily_time("16:15 Europe/London"), ["run"], ZoneInfo("UTC"), NOW)
    line = crontab_line(parse_daily_time("16:15 Europe/London"), ["run"], ZoneInfo("Europe/Lisbon"), NOW)
    assert line.startswith("15 16 ")  # both change on the same nights


def test_a_time_before_the_close_is_seen():
    early = runs_before_close(parse_daily_time("10:00 Asia/Karachi"), "XKAR", NOW)
    assert early is not None
    assert early.date() == date(2025, 4, 3)  # Eid, 31 March to 2 April 2025
    assert runs_before_close(parse_daily_time("17:30 Asia/Karachi"), "XKAR", NOW) is None


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_the_units(tmp_path):
    units = systemd_units("daily", parse_daily_time("16:15 Asia/Karachi"), ["/bin/echo", 'a "b" %h $HOME'], tmp_path)
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    for name in units:
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True, check=False
        )
        assert name not in done.stderr, done.stderr
    spoken = next(line for line in units["correlator-daily.timer"].splitlines() if line.startswith("OnCalendar"))
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--base-time=2025-03-28 12:00 UTC", spoken.removeprefix("OnCalendar=")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "11:15:00 UTC" in done.stdout


def test_it_is_printed_with_the_next_runs(work):
    done = run_report_verb(work, "schedule", "daily.toml", "--at", "17:30 Asia/Karachi", "--if-session", "XKAR")
    assert done.stdout.startswith("30 12 * * * ")
    assert str(work / "daily.toml") in done.stdout
    assert done.stdout.rstrip().endswith("--if-session XKAR >/dev/null")
    assert done.stderr.count("17:30 PKT") == 3
    early = run_report_verb(work, "schedule", "daily.toml", "--at", "10:00 Asia/Karachi")
    assert "before the close of XKAR" in early.stderr


def test_the_printed_command_makes_the_report(work):
    printed = run_report_verb(work, "schedule", "daily.toml", "--at", "17:30 Asia/Karachi").stdout
    command = printed.strip().split(" ", 5)[5].replace(" >/dev/null", " --as-of 2025-06-05")
    done = subprocess.run(["sh", "-c", command], cwd="/", capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert (work / "reports/daily/latest/car.csv").is_file()


def test_installing_twice_leaves_one_line_and_the_lines_of_others(work):
    program = work / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(CRONTAB)
    program.chmod(0o755)
    (work / "tab").write_text("0 1 * * * backup\n")
    for hour in ("17", "18"):
        arguments = ("schedule", "daily.toml", "--at", f"{hour}:30 Asia/Karachi", "--install")
        assert run_report_verb(work, *arguments, path=str(program.parent)).stdout == ""
    lines = (work / "tab").read_text().splitlines()
    assert lines[:2] == ["0 1 * * * backup", "# correlator report daily"]
    assert lines[2].startswith("30 13 * * * ")
    assert len(lines) == 3


def test_a_bad_schedule_is_one_line(work):
    for at, code in (("16:15", 3), ("16:15 Nowhere", 3), ("16:15 Europe/London", 3)):
        done = run_report_verb(work, "schedule", "daily.toml", "--at", at, code=code)
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)
