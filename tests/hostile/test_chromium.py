"""Images are drawn by a browser that asks nobody: no look-up and no packet leaves the machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("kaleido")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
DRAW = """
import plotly.graph_objects as go
from correlator.plot.image import write_image
figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2]))
figure.update_layout(title="<a href='https://canary.example/'>x</a>", height=300)
figure.add_layout_image(source="https://canary.example/x.png", x=0, y=0, sizex=1, sizey=1)
write_image(figure, "a.png")
"""


def cli():
    from choreographer.channels import Pipe

    from correlator.plot.chromium import QuietChromium

    browser = QuietChromium(Pipe(), path=CHROMIUM)
    browser.pre_open()
    return list(browser.get_cli())


def test_the_browser_keeps_the_rules_of_the_web_and_its_sandbox_where_it_can(monkeypatch):
    monkeypatch.setattr("correlator.plot.chromium.may_sandbox", lambda _: True)
    parts = cli()
    assert "--no-sandbox" not in parts
    assert "--disable-web-security" not in parts
    assert "--allow-file-access-from-files" not in parts
    assert "--disable-background-networking" in parts
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in parts
    monkeypatch.setattr("correlator.plot.chromium.may_sandbox", lambda _: False)
    assert "--no-sandbox" in cli()


def test_root_has_no_sandbox_and_a_user_with_namespaces_has(monkeypatch):
    from correlator.plot import chromium

    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
    assert not chromium.may_sandbox(Path("/nowhere/chromium")) or sys.platform != "linux"
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(chromium, "_read", lambda _: "")
    assert chromium.may_sandbox(Path("/nowhere/chromium"))
    monkeypatch.setattr(chromium, "_read", {"/proc/sys/user/max_user_namespaces": "0"}.get)
    assert not chromium.may_sandbox(Path("/nowhere/chromium")) or sys.platform != "linux"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace on this machine")
def test_no_look_up_and_no_packet_leaves_the_machine(tmp_path):
    calls = "connect,bind,sendto,sendmsg,sendmmsg,write,writev"
    traced = ["strace", "-f", "-qq", "-yy", "-e", f"trace={calls}", "-o", "trace.txt", sys.executable, "-c", DRAW]
    done = subprocess.run(traced, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    if not (tmp_path / "trace.txt").exists() or "Operation not permitted" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    lines = (tmp_path / "trace.txt").read_text(errors="replace").splitlines()
    assert len(lines) > 100
    sent = [line for line in lines if re.search(r" (send\w*|writev?)\(\d+<(TCP|UDP)", line)]
    connected = [line for line in lines if re.search(r" connect\(\d+<TCP", line)]
    looked_up = [line for line in lines if "htons(53)" in line or ":53]>" in line or "canary.example" in line]
    assert sent == []
    assert connected == []
    assert [line for line in looked_up if "connect(" in line or "send" in line] == []
