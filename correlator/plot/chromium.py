"""The Chromium that draws images: sandboxed if the system allows it, without network, with web security enabled.

choreographer starts a browser without a sandbox, with web security off and background services on. A figure needs none
of that, and shows text from unknown sources.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from choreographer import Browser
from choreographer.browsers.chromium import Chromium
from kaleido import Kaleido, PageGenerator

from correlator.plot.plotly_script import plotly_script

_DROPPED = ("--disable-web-security", "--allow-file-access-from-files", "--disable-popup-blocking")
_ADDED = (
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate,InterestFeedContentSuggestions,NetworkTimeServiceQuerying",
    "--dns-prefetch-disable",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pings",
    "--no-proxy-server",
)
_SWITCHES = {  # Linux files that say whether a process may create a sandbox, and the value that forbids it
    "/proc/sys/kernel/unprivileged_userns_clone": "0",
    "/proc/sys/user/max_user_namespaces": "0",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
}


_STATE = {"expression": "document.readyState"}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class _Listening(Browser):
    """A browser whose first pages report load events before they navigate anywhere.

    kaleido enables these events only after it has navigated a page, and waits forever if the page was faster.
    """

    async def populate_targets(self) -> None:
        """Find the pages and enable load events; an empty page has loaded once its state is complete."""
        await super().populate_targets()
        for tab in self.tabs.values():
            await tab.send_command("Page.enable")
            while _state(await tab.send_command("Runtime.evaluate", _STATE)) != "complete":
                await asyncio.sleep(0.01)


def _state(answer: Mapping[str, Any]) -> str:
    """Return the ready state in a page's answer; empty if it could not answer yet."""
    return str(answer.get("result", {}).get("result", {}).get("value", ""))


class Drawer(Kaleido, _Listening):  # type: ignore[misc]
    """kaleido on a browser that reports load events."""


class FigurePage:
    """The page that kaleido draws on, with our shortened plotly.js: parsing the full script dominates the time of an
    image.
    """

    def generate_index(self) -> str:
        """Return the page as ASCII text, since kaleido writes it in the system's encoding."""
        script = _NOT_ASCII.sub(lambda match: _escaped(match[0]), plotly_script())
        return f"{PageGenerator.header}<script>{script}</script>{PageGenerator.footer}"


def _escaped(character: str) -> str:
    """Return the JavaScript escape of a character.

    >>> _escaped("\u00e9")
    '\\\\u00e9'
    """
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))


class QuietChromium(Chromium):
    """Chromium as started by choreographer, with fewer permissions."""

    def get_cli(self) -> Sequence[str]:
        """Return the command line that starts the browser.

        The browser's IPv6 probe connects a UDP socket, which sends nothing.
        """
        self.sandbox_enabled = may_sandbox(Path(self.path or ""))
        return [*(part for part in super().get_cli() if part not in _DROPPED), *_ADDED]


def may_sandbox(browser: Path) -> bool:
    """Whether Chromium can use its sandbox, which does not work for root and in most containers."""
    if sys.platform != "linux":
        return True
    if os.geteuid() == 0:
        return False
    return (browser.resolve().parent / "chrome-sandbox").exists() or all(
        _read(file) != off for file, off in _SWITCHES.items()
    )


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except OSError:
        return ""
