"""The Chromium that draws images: sandboxed where the system allows, asking no network, with the web's own rules on.

choreographer starts a browser for any page: without a sandbox, with web security off and background services on. A
figure needs none of that, and shows texts of people nobody knows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from choreographer.browsers.chromium import Chromium

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
_SWITCHES = {  # files of Linux that say whether a process may make itself a sandbox, and the value that says no
    "/proc/sys/kernel/unprivileged_userns_clone": "0",
    "/proc/sys/user/max_user_namespaces": "0",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
}


class QuietChromium(Chromium):
    """Chromium as choreographer starts it, with less allowed."""

    def get_cli(self) -> Sequence[str]:
        """The command line that starts the browser.

        Its probe for IPv6 connects a UDP socket, which sends nothing.
        """
        self.sandbox_enabled = may_sandbox(Path(self.path or ""))
        return [*(part for part in super().get_cli() if part not in _DROPPED), *_ADDED]


def may_sandbox(browser: Path) -> bool:
    """Whether Chromium can have its sandbox here: it cannot for root, nor in most containers."""
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
