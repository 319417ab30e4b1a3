"""Figures that verbs write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from correlator.cli.terminal.output import checked_target, narrate

if TYPE_CHECKING:
    import plotly.graph_objects as go


WIDTH = 1200
"""Pixels of an image that nobody gives another width."""


def is_page(path: Path) -> bool:
    """Whether a figure at ``path`` is a page, and no image."""
    return path.suffix.lower() in (".html", ".htm")


def checked_figure(path: Path | None) -> Path | None:
    """The file of a figure that an option names, refused before any work where it cannot be one."""
    target = checked_target(path)
    if target is not None and not is_page(target):
        from correlator.plot.image import image_format_of

        image_format_of(target)
    return target


def write_figure(figure: go.Figure, path: Path, *, width: int = WIDTH) -> None:
    """HTML or, by the ending, an image of ``width`` pixels; says so."""
    if is_page(path):
        from correlator.plot.html import write_html

        write_html(figure, path)
    else:
        from correlator.plot.image import write_image

        narrate(f"drawing {path.name} with a browser, which takes a few seconds")
        write_image(figure, path, width=width)
    narrate(f"wrote {path}")
