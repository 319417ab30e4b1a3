"""Figures that verbs write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from correlator.cli.output import narrate

if TYPE_CHECKING:
    import plotly.graph_objects as go


def write_figure(figure: go.Figure, path: Path, *, width: int = 1200) -> None:
    """HTML or, by the ending, an image of ``width`` pixels; says so."""
    if path.suffix.lower() in (".html", ".htm"):
        from correlator.plot.html import write_html

        write_html(figure, path)
    else:
        from correlator.plot.image import write_image

        narrate(f"drawing {path.name} with a browser, which takes a few seconds")
        write_image(figure, path, width=width)
    narrate(f"wrote {path}")
