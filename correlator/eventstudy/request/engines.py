"""Which code runs the loops over events: numpy, or the same arithmetic compiled by numba.

The caller chooses, or else the number of events: loading numba takes half a second, and compiling the loops for the
first time on a machine about ten, which does not pay for a few events. Both give the same numbers up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from types import FunctionType
from typing import Any, Final, TypeVar

from correlator.errors import InputError, MissingDependencyError

ENGINES: Final = ("auto", "numpy", "compiled")
COMPILED_FROM: Final = 20_000
"""Events from which ``auto`` compiles, where numba is installed."""

_REORDER: Final = {"reassoc", "contract", "arcp", "nsz"}

Loop = TypeVar("Loop", bound=Callable[..., Any])


def runs_compiled(events: int, engine: str = "auto") -> bool:
    """Whether ``engine`` compiles its loops for this number of ``events``.

    Raises InputError for an unknown engine, and MissingDependencyError for ``compiled`` if numba is not installed.
    """
    if engine not in ENGINES:
        raise InputError(f"engine {engine!r} is not known", hint=f"choose {', '.join(ENGINES)}")
    if engine == "compiled" and not installed():
        raise MissingDependencyError("engine='compiled' needs the package numba", hint="pip install numba")
    return engine == "compiled" or (engine == "auto" and events >= COMPILED_FROM and installed())


@cache
def installed() -> bool:
    """Whether numba can be imported."""
    return find_spec("numba") is not None


def inlined(loop: Loop) -> Loop:
    """Mark ``loop`` as a part of other loops: it is inlined where these are compiled."""
    loop.__dict__["inlined"] = True
    return loop


@cache
def compiled(loop: Loop) -> Loop:
    """Return ``loop``, a function of arrays and numbers that also runs as plain Python, compiled at its first call.

    Sums may be reordered; NaN stays NaN. numba caches the compiled code on disk.
    """
    from numba import njit

    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": _REORDER}
    named = {name: loop.__globals__.get(name) for name in loop.__code__.co_names}
    parts = {name: compiled(part) for name, part in named.items() if getattr(part, "inlined", False)}
    function = FunctionType(loop.__code__, {**loop.__globals__, **parts}, loop.__name__) if parts else loop
    dispatcher: Loop = njit(**options, inline="always" if getattr(loop, "inlined", False) else "never")(function)
    return dispatcher
