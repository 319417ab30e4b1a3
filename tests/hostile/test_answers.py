"""Servers that never end, or answer with what is no answer: a fetch and a webhook end in time, with one line."""

from __future__ import annotations

import contextlib
import socket
import time
import tomllib
from pathlib import Path
from threading import Thread

import pytest

from correlator.base.web import Limits, get, post
from correlator.errors import CorrelatorError

INPUTS = tomllib.loads((Path(__file__).parent / "answers.toml").read_text(encoding="utf-8"))["input"]
LIMITS = Limits(seconds=0.2, size=1_000_000, allow_private=True)


@pytest.fixture
def serve():
    """Return a function that answers one request as a case says, and returns the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5.0)

        def answer(case):
            with contextlib.suppress(OSError), server.accept()[0] as peer:
                peer.recv(65_536)
                peer.sendall(case.get("first", "").encode("latin-1"))
                while "again" in case:
                    peer.sendall(case["again"].encode("latin-1"))
                    time.sleep(0.01)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(
                    65_536
                ):  # a body in a second packet: closing before it comes would reset the connection
                    pass

        def start(case):
            Thread(target=answer, args=(case,), daemon=True).start()
            return f"http://127.0.0.1:{server.getsockname()[1]}/"

        yield start


@pytest.mark.parametrize("case", INPUTS, ids=[case["name"] for case in INPUTS])
def test_answers(case, serve):
    began = time.monotonic()
    with pytest.raises(CorrelatorError, match=case["refused"]) as caught:
        get(serve(case), {}, LIMITS)
    assert str(caught.value).isprintable()
    said = case.get("post", case["refused"])
    with pytest.raises(CorrelatorError, match=said) if said else contextlib.nullcontext():
        post(serve(case), b"{}", {}, LIMITS)
    assert time.monotonic() - began < 5
