"""Locate the package's data files: in a wheel next to the code, in a checkout in ``data/``."""

from __future__ import annotations

from pathlib import Path

from correlator.errors import NotFoundError

SESSIONS_VARIABLE = "CORRELATOR_SESSIONS"
"""Environment variable with the path of a user's own calendar corrections."""
EXCHANGES_VARIABLE = "CORRELATOR_EXCHANGES"
"""Environment variable with the path of a user's own exchanges."""

_INSTALLED = Path(__file__).parents[1] / "_data"
_CHECKOUT = Path(__file__).parents[2] / "data"


def data_path(*parts: str) -> Path:
    """Return the path of a file or folder under ``data/``; raise NotFoundError if it is missing."""
    for root in (_INSTALLED, _CHECKOUT):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise NotFoundError(f"data file {'/'.join(parts)} of the package is missing", hint="reinstall correlator")
