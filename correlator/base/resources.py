"""Where the package's own data files are: in the wheel next to the code, in a checkout in ``data/``."""

from __future__ import annotations

from pathlib import Path

from correlator.errors import NotFoundError

SESSIONS_VARIABLE = "CORRELATOR_SESSIONS"
"""Environment variable that names a user's own corrections of calendars."""

_INSTALLED = Path(__file__).parents[1] / "_data"
_CHECKOUT = Path(__file__).parents[2] / "data"


def data_path(*parts: str) -> Path:
    """Path of a file or folder that the package ships under ``data/``; raises NotFoundError when it is missing."""
    for root in (_INSTALLED, _CHECKOUT):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise NotFoundError(f"the package's data file {'/'.join(parts)} is missing", hint="reinstall correlator")
