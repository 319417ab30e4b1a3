"""Write the figures that verbs draw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from correlator.cli.terminal.output import checked_target, narrate

if TYPE_CHECKING:
    import plotly.graph_objects as go


WIDTH = 1200
"""Default width of an image in pixels."""


def is_page(path: Path) -> bool:
    """Whether ``path`` is an HTML page rather than an image."""
    return path.suffix.lower() in (".html", ".htm")


def checked_figure(path: Path | None) -> Path | None:
    """Return ``path``, the file of a figure; raise an error up front if it cannot be written or has no image format."""
    target = checked_target(path)
    if target is not None and not is_page(target):
        from correlator.plot.image import image_format_of

        image_format_of(target)
    return target


def write_figure(figure: go.Figure, path: Path, *, width: int = WIDTH) -> None:
    """Write the figure as HTML or, depending on the extension, as an image of ``width`` pixels; print a note."""
    if is_page(path):
        from correlator.plot.html import write_html

        write_html(figure, path)
    else:
        from correlator.plot.image import write_image

        narrate(f"drawing {path.name} with a browser, which takes a few seconds")
        write_image(figure, path, width=width)
    narrate(f"wrote {path}")
