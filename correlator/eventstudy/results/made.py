"""How the numbers of a study were computed, for metadata of files."""

from __future__ import annotations

from typing import Any

from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.request.spec import StudySpec
from correlator.version import __version__


def how_made(panel: Panel, spec: StudySpec) -> dict[str, Any]:
    """Return how numbers of ``spec`` on ``panel`` are computed: version, every option, benchmark, unit."""
    return {
        "made_by": f"correlator {__version__}",
        **spec.as_dict(),
        "benchmark_used": benchmark_note(panel, spec),
        "unit": "fractions; returns are logarithms" if spec.returns == "log" else "fractions",
    }


def benchmark_note(panel: Panel, spec: StudySpec) -> str:
    """Describe the benchmark of a study of ``panel`` and what it is made of; ``none`` if it has none."""
    return panel.benchmark_note or spec.benchmark or ", ".join(panel.factor_names) or "none"
