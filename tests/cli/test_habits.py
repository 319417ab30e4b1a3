"""What every verb does alike: one line for what is typed wrong, likely names, completion, progress, quiet, colours."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import IO

import pytest
import typer
from cli_process import run_in

from correlator.cli.app import app
from correlator.cli.terminal.bar import PATIENCE

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("studdy",), "unknown command 'studdy', did you mean 'study'?"),
        (("study", "--benchmrk", "X"), "unknown option --benchmrk, did you mean --benchmark"),
        (("plot", "AIRLINK", "--kind", "pric"), "--kind must be one of price, car"),
        (("list",), "the argument 'what' is missing"),
        (("list", "nothing"), "the argument 'what' must be one of articles, quotes"),
        (("add", "prices"), "the argument 'sources' is missing"),
        (("report", "list", "--last", "none"), "--last must be an integer, got 'none'"),
        (("placebo", "--draws", "2.5"), "--draws must be an integer, got 2.5"),
        (("placebo", "--draws", "-5"), "--draws must be at least 1, got -5"),
        (("sql", "--timeout", "soon", "SELECT 1"), "--timeout must be a number, got 'soon'"),
        (("study", "--engine"), "--engine needs a value"),
        (("study", "--purge=x"), "--purge takes no value"),
        (("study", "A", "B"), "unexpected argument 'A'"),
        (("study", "--benchmark", "X", "--benchmark", "Y"), "--benchmark: the option was given more than once"),
    ],
)
def test_what_is_typed_wrong_is_one_line_with_the_likely_word(run, arguments, said):
    done = run(*arguments, code=2)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert said.lower() in done.stderr.lower()  # typer writes the names of arguments in either case
    assert "--help`)" in done.stderr


def test_a_group_without_a_verb_shows_its_help(run):
    assert "schedule" in run("report", code=2).stdout
    assert "study" in run(code=2).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("plot", "AIRLNK"), 4, "did you mean AIRLINK?"),
        (("study", "--symbol", "AIRLINK", "--benchmark", "KSE10"), 4, "did you mean KSE100?"),
        (("study", "--symbol", "AIRLINK", "--estimation", "-145:-26", "--by", "categry"), 4, "did you mean category?"),
        (("list", "events", "--events", "categry = AID"), 3, "did you mean category?"),
        (("sql", "select symbl from bars"), 3, '"symbol"'),
        (("sessions", "list", "2025-01-01", "2025-01-05", "--exchange", "XKAT"), 4, "did you mean XKAR?"),
        (("list", "bars", "--to", "no/x.csv"), 4, "folder no does not exist"),
        (("list", "bars", "--events", "category = AID"), 3, "only events can be selected, not bars"),
        (("check", "prices", "--zone", "UTC"), 3, "--zone does not apply to a check of the store"),
    ],
)
def test_the_likely_name_is_offered(loaded, arguments, code, said):
    done = run_in(loaded)("--store", "m.duckdb", *arguments, code=code)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "target", "code"),
    [
        (("study", "--symbol", "AIRLINK"), ".", 3),
        (("study", "--symbol", "AIRLINK"), "nowhere/out.csv", 4),
        (("list", "events"), "/", 3),
        (("plot", "AIRLINK"), "..", 3),
        (("brief", "Pakistan and Iran sign a pact"), "", 3),
        (("brief", "--evaluate"), "nowhere/out.json", 4),
    ],
)
def test_what_is_no_file_is_refused_before_any_work(run, arguments, target, code):
    done = run(*arguments, "--to", target, code=code)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "folder" in done.stderr


def test_a_mapped_column_that_is_not_there(run, sample):
    done = run("add", "prices", sample / "HBL.csv", "--symbol", "HBL", "--column", "close=Clsoe", code=3)
    assert "did you mean Close?" in done.stderr


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("correlator stu", {"study"}),
        ("correlator study --bench", {"--benchmark", "--benchmark-session"}),
        ("correlator plot AIRLINK --kind lead", {"lead-lag"}),
        ("correlator --store m.duckdb plot AIR", {"AIRLINK"}),
        ("correlator study --store m.duckdb --symbol K", {"KSE100"}),
        ("correlator study --store none.duckdb --symbol K", set()),
    ],
)
def test_the_shell_completes(loaded, words, found):
    environment = {**os.environ, "_CORRELATOR_COMPLETE": "complete_bash"}
    environment |= {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv[0] = 'correlator'; from correlator.cli.main import run; run()",
    ]
    done = subprocess.run(command, cwd=loaded, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert set(done.stdout.split()) == found
    assert done.stderr == ""


def test_quiet_and_json_narration(loaded):
    run = run_in(loaded)
    assert run("--store", "m.duckdb", "-q", "plot", "AIRLINK", "-o", "q.html").stderr == ""
    line = json.loads(run("--store", "m.duckdb", "--json-logs", "plot", "AIRLINK", "-o", "q.html").stderr)
    assert line == {"level": "info", "message": "wrote q.html"}
    assert json.loads(run("--json-logs", "studdy", code=2).stderr)["level"] == "error"
    error = json.loads(run("--store", "m.duckdb", "--json-logs", "plot", "AIRLNK", code=4).stderr)
    assert "did you mean" in error["message"]


def test_options_of_every_verb_are_taken_after_the_verb_too(loaded):
    run = run_in(loaded)
    plot = ("plot", "AIRLINK", "--store", "m.duckdb", "-o", "q.html")
    assert run(*plot).stderr == "wrote q.html\n"
    assert run(*plot, "-q").stderr == ""
    assert json.loads(run(*plot, "--json-logs").stderr) == {"level": "info", "message": "wrote q.html"}
    assert json.loads(run("study", "--benchmrk", "X", "--json-logs", code=2).stderr)["level"] == "error"
    assert "must be at least 64MB" in run("--memory", "1GB", "list", "bars", "--memory", "1MB", code=3).stderr


def verbs(command, path=()):
    """The arguments of every verb, sub-verbs included."""
    for name, child in getattr(command, "commands", {}).items():
        yield from verbs(child, (*path, name))
    if not hasattr(command, "commands"):
        yield path


PLACES = [(path, place) for path in verbs(typer.main.get_command(app)) for place in range(1, len(path) + 1)]


@pytest.mark.parametrize(("path", "place"), PLACES)
def test_every_verb_and_every_group_takes_them(path, place):
    with pytest.raises(typer.BadParameter) as failure:
        app([*path[:place], "--threads", "0", *path[place:]], standalone_mode=False)
    assert failure.value.param.opts == ["--threads"]


def on_a_terminal(code: str, stdout: IO[str] | None = None, **environment: str) -> str:
    """What a program writes to a terminal; ``stdout`` may go elsewhere."""
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=child if stdout is None else stdout,
        stderr=child,
        env={**os.environ, "TERM": "xterm", **environment},
    ):
        os.close(child)
        parts = []
        while True:
            try:
                part = os.read(parent, 4096)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
    os.close(parent)
    return b"".join(parts).decode()


BAR = (
    "import time; from correlator.cli.terminal.output import progress\n"
    "from correlator.base.progress import listen, tracked\n"
    "listen(progress)\n"
    "for _ in tracked(range(40), 'loading'): time.sleep({pause})\n"
)


def test_long_work_on_a_terminal_has_a_bar_with_rate_and_time_left():
    written = CONTROL.sub("", on_a_terminal(BAR.format(pause=2 * PATIENCE / 40), COLUMNS="100"))
    assert "loading" in written
    assert re.search(r"\d+/40 +[\d.]+/s \d:\d\d:\d\d \d:\d\d:\d\d", written)


def test_data_go_to_their_file_while_a_bar_is_drawn(tmp_path):
    code = BAR.format(pause=2 * PATIENCE / 40).replace("time.sleep", "print('a row of data'); time.sleep")
    with (tmp_path / "out").open("w") as out:
        written = CONTROL.sub("", on_a_terminal(code, out, COLUMNS="100"))
    assert (tmp_path / "out").read_text() == "a row of data\n" * 40
    assert "loading" in written
    assert "a row of data" not in written


def test_short_work_has_none():
    assert on_a_terminal(BAR.format(pause=0)) == ""


def test_no_terminal_has_none():
    code = BAR.format(pause=2 * PATIENCE / 40)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_no_colour_where_none_is_wanted():
    code = "from correlator.cli.main import run; import sys; sys.argv = ['correlator', '--help']; run()"
    colour = re.compile(r"\x1b\[(\d+;)*(3[0-7]|9[0-7])m")
    assert colour.search(on_a_terminal(code))
    assert not colour.search(on_a_terminal(code, NO_COLOR="1"))


def test_help_comes_at_once():
    """No heavy package is read for it."""
    code = "import sys; sys.argv = ['correlator', '--help']; from correlator.cli.main import run\n"
    code += (
        "try: run()\nexcept SystemExit: pass\nprint([n for n in ('polars', 'duckdb', 'plotly') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.rstrip().endswith("[]")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])  # the other tests have UTF-8
def test_any_encoding_of_the_terminal_shows_a_figure_and_loses_no_data(tmp_path, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "CORRELATOR_STORE": str(tmp_path / "m.duckdb")}

    def said(*arguments: str) -> bytes:
        command = [sys.executable, "-m", "correlator.cli.main", "--quiet", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (tmp_path / "p.csv").write_text("Date,Close\n" + "".join(f"2025-04-{day:02},{day}\n" for day in range(1, 31)))
    (tmp_path / "i.csv").write_text("symbol,exchange,name\nHBL,XKAR,Société – Habib\n", encoding="utf-8")
    said("add", "prices", "p.csv", "--symbol", "HBL", "--exchange", "XKAR")
    said("add", "instruments", "i.csv")
    drawn = said("plot", "HBL", "--terminal")
    assert b"HBL close" in drawn
    assert b"?" not in drawn
    assert "Société – Habib".encode() in said("list", "instruments", "--format", "csv")
