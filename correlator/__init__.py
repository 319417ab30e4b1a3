"""The public interface: every public name is in ``__all__``. All other modules are internal and may change.

Names are imported on first use, so that importing the package is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from correlator.version import __version__

if TYPE_CHECKING:
    from correlator.base.limits import use_limits
    from correlator.base.resources import data_path
    from correlator.brief.evaluate import Evaluation
    from correlator.brief.model import Brief
    from correlator.errors import (
        CorrelatorError,
        CorrelatorWarning,
        InputError,
        MissingDependencyError,
        NotFoundError,
        SourceError,
        StaleDataError,
        StoreError,
        StoreLockedError,
        StudyError,
        TimeError,
    )
    from correlator.events.coder import code_headlines, code_text
    from correlator.events.files.code_file import code_file
    from correlator.eventstudy.matrix import study_matrix
    from correlator.eventstudy.placebo.dates import Matching
    from correlator.eventstudy.placebo.inference import placebo_test
    from correlator.eventstudy.placebo.outcome import PlaceboResult
    from correlator.eventstudy.regression.cross_section import CrossSection, cross_section
    from correlator.eventstudy.request.spec import StudySpec, study_spec
    from correlator.eventstudy.results.result import StudyResult
    from correlator.explain import Explanation
    from correlator.intake.report import LoadReport
    from correlator.market.reading.files import read_prices
    from correlator.news.read import read_news
    from correlator.news.strips.strip import parse_strip
    from correlator.plot.of_result import result_figure
    from correlator.report.run import ReportRun
    from correlator.research.correlate import NewsAndReturns, correlate
    from correlator.sessions.calendars import sessions_between
    from correlator.store.db import Store
    from correlator.workspace import Workspace, open_workspace, study

_HOMES = {
    **dict.fromkeys(
        (
            *("CorrelatorError", "CorrelatorWarning", "InputError", "MissingDependencyError", "NotFoundError"),
            *("SourceError", "StaleDataError", "StoreError", "StoreLockedError", "StudyError", "TimeError"),
        ),
        "correlator.errors",
    ),
    "Brief": "correlator.brief.model",
    "CrossSection": "correlator.eventstudy.regression.cross_section",
    "Evaluation": "correlator.brief.evaluate",
    "Explanation": "correlator.explain",
    "LoadReport": "correlator.intake.report",
    "Matching": "correlator.eventstudy.placebo.dates",
    "NewsAndReturns": "correlator.research.correlate",
    "PlaceboResult": "correlator.eventstudy.placebo.outcome",
    "ReportRun": "correlator.report.run",
    "Store": "correlator.store.db",
    "StudyResult": "correlator.eventstudy.results.result",
    "StudySpec": "correlator.eventstudy.request.spec",
    "Workspace": "correlator.workspace",
    "code_file": "correlator.events.files.code_file",
    "code_headlines": "correlator.events.coder",
    "code_text": "correlator.events.coder",
    "correlate": "correlator.research.correlate",
    "cross_section": "correlator.eventstudy.regression.cross_section",
    "data_path": "correlator.base.resources",
    "open_workspace": "correlator.workspace",
    "parse_strip": "correlator.news.strips.strip",
    "placebo_test": "correlator.eventstudy.placebo.inference",
    "read_news": "correlator.news.read",
    "read_prices": "correlator.market.reading.files",
    "result_figure": "correlator.plot.of_result",
    "sessions_between": "correlator.sessions.calendars",
    "study": "correlator.workspace",
    "study_matrix": "correlator.eventstudy.matrix",
    "use_limits": "correlator.base.limits",
    "study_spec": "correlator.eventstudy.request.spec",
}

__all__ = [
    "Brief",
    "CorrelatorError",
    "CorrelatorWarning",
    "CrossSection",
    "Evaluation",
    "Explanation",
    "InputError",
    "LoadReport",
    "Matching",
    "MissingDependencyError",
    "NewsAndReturns",
    "NotFoundError",
    "PlaceboResult",
    "ReportRun",
    "SourceError",
    "StaleDataError",
    "Store",
    "StoreError",
    "StoreLockedError",
    "StudyError",
    "StudyResult",
    "StudySpec",
    "TimeError",
    "Workspace",
    "__version__",
    "code_file",
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
    "study_spec",
    "use_limits",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'correlator' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
