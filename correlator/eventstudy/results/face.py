"""Methods of a result that are implemented in packages that depend on it, looked up by name to avoid import cycles.

A result knows estimates and frames; placebo tests, regressions and figures know results. The methods of a result that
call these find their function here when they are called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "placebo": "correlator.eventstudy.placebo.inference:placebo_test",
    "cross_section": "correlator.eventstudy.regression.cross_section:cross_section",
    "plot": "correlator.plot.of_result:result_figure",
}


def function_of(method: str) -> Any:
    """Return the function behind a method of a result."""
    module, name = _HOMES[method].split(":")
    return getattr(import_module(module), name)
