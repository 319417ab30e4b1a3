"""The options of ``correlate``, and which of them each method uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict

from correlator.errors import InputError, refuse_unknown, warn, written
from correlator.eventstudy.request.readers import whole_number

INTENSITY = "intensity"
_PAIRS = ("keys", "measure", "against", "max_lag")
METHODS = {
    "lead-lag": (*_PAIRS, "bands", "draws", "seed"),
    "granger": _PAIRS,
    "projection": _PAIRS,
    "rolling": ("keys", "measure", "against", "window"),
    "ic": ("measure", "max_lag"),
    "spread": ("measure", "max_lag", "quantiles"),
    INTENSITY: ("keys",),
}
"""The options that each method uses, as fields of ``Correlated``."""
_OF_DRAWS = ("draws", "seed")


class CorrelateKeywords(TypedDict, total=False):
    """Keywords of ``correlate``: the fields of ``Correlated``."""

    keys: Sequence[str] | None
    measure: str
    against: str
    max_lag: int
    bands: str
    window: int
    quantiles: int
    draws: int
    seed: int


@dataclass(frozen=True)
class Correlated:
    """How news and bars are compared: which ``keys`` and ``measure`` of the news ``against`` which outcome, up to
    ``max_lag``; ``bands``, ``draws`` and ``seed`` for lead-lag, ``window`` sessions for a rolling correlation,
    ``quantiles`` for a spread. Duplicate keys count once.
    """

    keys: Sequence[str] | None = None
    measure: str = "stories"
    against: str = "returns"
    max_lag: int = 5
    bands: str = "hac"
    window: int = 60
    quantiles: int = 5
    draws: int = 1_999
    seed: int = 0


def correlated(method: str, how: Mapping[str, Any]) -> Correlated:
    """Return the validated options of ``correlate``; warn about unused ones and raise InputError for unknown ones."""
    if method not in METHODS:
        raise InputError(f"method {method!r} is not known", hint=f"choose {', '.join(METHODS)}")
    defaults = {each.name: each.default for each in fields(Correlated)}
    refuse_unknown(how, defaults)
    given = dict(how)
    drawn = given.get("bands", defaults["bands"]) == "bootstrap"
    for name, value in how.items():
        if value != defaults[name]:
            if name not in METHODS[method]:
                warn(f"{name}={written(value)} is not used by {method}")
            elif name in _OF_DRAWS and not drawn:
                warn(f"{name}={written(value)} is only used with bands='bootstrap'")
        if isinstance(defaults[name], int):
            given[name] = whole_number(value, name)
    keys = given.get("keys")
    given["keys"] = keys if keys is None else tuple(dict.fromkeys([keys] if isinstance(keys, str) else keys))
    return Correlated(**given)
