"""The real command line in a process of its own that does not import everything anew: a server forks it.

The server is a process that has imported what the command line imports and has run nothing. Of each request it forks a
process, gives it the folder, environment and files of the caller, and lets it call ``correlator.cli.main.run``, or
execute the code given to ``run_code``. A command ends once its exit handlers have run. What must be seen of a process
from its first instruction to its last (cold imports, encodings of the terminal, threads that a variable sets) starts
``python -m correlator.cli.main`` by itself.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

CLIENT = Path(__file__).with_name("correlator")
"""An executable that asks the server at ``$FORKED_SERVER`` as ``correlator`` would be called."""
_ROOTS = frozenset(
    ("correlator", "duckdb", "exchange_calendars", "jinja2", "lxml", "numpy", "pandas", "plotly", "polars", "pyarrow")
) | {"rapidfuzz", "rich", "scipy", "statsmodels", "trafilatura", "typer", "xlsxwriter"}
"""Packages whose modules the server imports once a command has: they start no thread that a fork would lose."""
_AT_START = ("PYTHON", "LC_", "LANG", "POLARS_", "OMP_", "NUMBA_", "FORCE_COLOR", "TERMINAL_WIDTH", "PY_COLORS")
"""Variables that are read when a process starts or imports."""
_MOST = 200_000


class Process:
    """A command that runs: ``pid``, and when it ends ``returncode``."""

    def __init__(self, connection: socket.socket) -> None:
        self.returncode: int | None = None
        self._connection = connection
        self.pid = int(connection.recv(20))

    def poll(self) -> int | None:
        return self._status(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("correlator", timeout or 0)
        return status

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._connection.recv(20))
            except (BlockingIOError, TimeoutError):
                return None
            self._connection.close()
        return self.returncode


def start(
    arguments: Sequence[object], *, cwd: Path, env: Mapping[str, str] | None = None, files: Sequence[int]
) -> Process:
    """Begin ``correlator ARGUMENTS``; ``files``: the descriptors of its stdin, stdout and stderr."""
    return _begin({"arguments": [str(each) for each in arguments]}, cwd, env, files)


def _begin(request: dict[str, object], cwd: Path, env: Mapping[str, str] | None, files: Sequence[int]) -> Process:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(address())
    request = {**request, "cwd": str(cwd), "env": dict(env or os.environ)}
    socket.send_fds(connection, [json.dumps(request).encode()], list(files))
    return Process(connection)


def run(
    arguments: Sequence[object],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """``correlator ARGUMENTS`` to its end, as ``subprocess.run`` with texts captured."""
    env = dict(env or os.environ)
    if _at_start(env) != _at_start(os.environ):
        command = [sys.executable, "-m", "correlator.cli.main", *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, check=False, timeout=timeout
        )
    return _ended({"arguments": [str(each) for each in arguments]}, cwd, env, stdin, timeout)


def run_code(
    code: str, *, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """``python -c CODE`` to its end, in a process forked as a command is."""
    return _ended({"arguments": ["-c"], "code": code}, cwd, env, "", timeout)


def _ended(
    request: dict[str, object], cwd: Path, env: Mapping[str, str] | None, stdin: str, timeout: float
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as narration:
        given.write(stdin.encode())
        given.seek(0)
        process = _begin(request, cwd, env, [each.fileno() for each in (given, out, narration)])
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(request["arguments"], code, _text(out), _text(narration))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace").replace("\r\n", "\n")


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_AT_START)}


@cache
def address() -> str:
    """The socket of this process's server, which ends with it."""
    folder = tempfile.TemporaryDirectory(prefix="forked-")
    path = str(Path(folder.name) / "s")
    server = subprocess.Popen([sys.executable, __file__, path], stdin=subprocess.PIPE, cwd=folder.name)
    while not Path(path).exists():
        if server.poll() is not None:
            raise RuntimeError("the server of commands did not start")
        time.sleep(0.01)

    def end() -> None:
        server.kill()
        server.wait()
        folder.cleanup()

    atexit.register(end)
    return path


def _serve(path: str) -> None:
    """Fork a process for each request until the one that started this one ends, and stdin with it."""
    import_module("correlator.cli.main")
    import_module("correlator.cli.app")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path + ".new")
    listener.listen(64)
    Path(path + ".new").rename(path)
    learned, learns = os.pipe()
    os.set_blocking(learned, False)
    while listener in select.select([listener, 0], [], [])[0]:
        connection, _ = listener.accept()
        _import(learned)
        gc.freeze()  # else the first collection of each command copies all that it shares with the server
        handler = os.fork()
        if not handler:
            listener.close()
            if _handled(connection, learns):
                _command(connection)
            return
        connection.close()
        _reap()


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _import(learned: int) -> None:
    """Import what commands before have imported."""
    try:
        names = os.read(learned, 60_000).decode().split()
    except BlockingIOError:
        return
    for name in names:
        if name not in sys.modules:
            import_module(name)


_request: dict[str, object] = {}


def _handled(connection: socket.socket, learns: int) -> bool:
    """Fork the command and stay until it ends; returns True in the command itself."""
    payload, files, _, _ = socket.recv_fds(connection, _MOST, 3)
    _request.update(json.loads(payload), files=files, learns=learns)
    pid = os.fork()
    if not pid:
        return True
    connection.send(str(pid).encode())
    for file in files:
        os.close(file)
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _command(connection: socket.socket) -> None:
    """Become the command."""
    connection.close()
    for place, file in enumerate(_request["files"]):
        os.dup2(file, place)
        os.close(file)
    os.environ.clear()
    os.environ.update(_request["env"])
    time.tzset()
    os.chdir(_request["cwd"])
    sys.argv = ["correlator", *_request["arguments"]]
    sys.path[0] = ""
    given, out, narration = (os.fdopen(place, mode, closefd=False) for place, mode in enumerate(("rb", "wb", "wb")))
    sys.stdin = io.TextIOWrapper(given, "utf-8")
    sys.stdout = io.TextIOWrapper(out, "utf-8", line_buffering=os.isatty(1))
    sys.stderr = io.TextIOWrapper(narration, "utf-8", "backslashreplace", line_buffering=True)
    atexit.register(_teach, set(sys.modules))
    if "code" in _request:
        atexit.register(gc.unfreeze)
        exec(compile(_request["code"], "<string>", "exec"), {"__name__": "__main__"})
        return
    from correlator.cli.main import run

    try:
        run()
    except SystemExit as ended:
        _end(ended.code)


def _end(code: object) -> None:
    """End the command without the last collection, which would copy all that it shares with the server."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(code)


def _teach(known: set[str]) -> None:
    """Tell the server which modules it may import before the next command."""
    names = [name for name in sys.modules if name not in known and name.partition(".")[0] in _ROOTS]
    os.write(_request["learns"], "".join(f"{name}\n" for name in names)[:30_000].rpartition("\n")[0].encode() + b"\n")


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, which a command does not see
    _serve(sys.argv[1])
