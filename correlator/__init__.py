"""What a notebook types. Names load their rooms when first used, so that importing the package is quick."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from correlator.version import __version__

if TYPE_CHECKING:
    from correlator.errors import CorrelatorError
    from correlator.events.coder import code_headlines, code_text
    from correlator.eventstudy.cross_section import cross_section
    from correlator.eventstudy.measure import study_matrix
    from correlator.eventstudy.placebo.inference import placebo_test
    from correlator.market.files import read_prices
    from correlator.news.read import read_news
    from correlator.news.strip import parse_strip
    from correlator.plot.of_result import result_figure
    from correlator.research.correlate import correlate
    from correlator.resources import data_path
    from correlator.sessions import sessions_between
    from correlator.store.db import Store
    from correlator.workspace import Workspace, open_workspace, study

_HOMES = {
    "result_figure": "correlator.plot.of_result",
    "placebo_test": "correlator.eventstudy.placebo.inference",
    "cross_section": "correlator.eventstudy.cross_section",
    "correlate": "correlator.research.correlate",
    "CorrelatorError": "correlator.errors",
    "Store": "correlator.store.db",
    "Workspace": "correlator.workspace",
    "code_headlines": "correlator.events.coder",
    "code_text": "correlator.events.coder",
    "data_path": "correlator.resources",
    "open_workspace": "correlator.workspace",
    "parse_strip": "correlator.news.strip",
    "read_news": "correlator.news.read",
    "read_prices": "correlator.market.files",
    "sessions_between": "correlator.sessions",
    "study": "correlator.workspace",
    "study_matrix": "correlator.eventstudy.measure",
}

__all__ = [
    "CorrelatorError",
    "Store",
    "Workspace",
    "__version__",
    "code_headlines",
    "code_text",
    "correlate",
    "cross_section",
    "data_path",
    "open_workspace",
    "parse_strip",
    "placebo_test",
    "read_news",
    "read_prices",
    "result_figure",
    "sessions_between",
    "study",
    "study_matrix",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'correlator' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
