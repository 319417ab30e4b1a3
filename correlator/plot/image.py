"""Write a figure as PNG, SVG or PDF, using kaleido and an installed Chromium."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from correlator.base.files import write_atomically
from correlator.errors import InputError, MissingDependencyError, SourceError
from correlator.plot.html import checked_target, title_of
from correlator.plot.pdf_title import with_title
from correlator.plot.template import fitted

if TYPE_CHECKING:
    import plotly.graph_objects as go

IMAGE_FORMATS = ("png", "svg", "pdf", "jpg", "webp")
DEFAULT_HEIGHT = 600
"""Height in CSS pixels of a figure that does not set its own."""
_SECONDS_TO_START, _SECONDS_PER_FIGURE = 90, 10


def image_bytes(
    figure: go.Figure, image_format: str, *, width: int = 1200, height: int | None = None, scale: float = 2.0
) -> bytes:
    """Return the figure as an image of ``width`` x ``height`` CSS pixels (default: the figure's own height).

    ``scale``: image pixels per CSS pixel, for PNG, JPG and WebP. Raises InputError for an unknown format and
    MissingDependencyError if kaleido or Chromium is missing. No network is used.
    """
    return images_bytes([figure], image_format, width=width, height=height, scale=scale)[0]


def images_bytes(
    figures: Sequence[go.Figure],
    image_format: str,
    *,
    width: int = 1200,
    height: int | None = None,
    scale: float = 2.0,
) -> list[bytes]:
    """Return each figure as an image like ``image_bytes``, starting the browser once."""
    if image_format not in IMAGE_FORMATS:
        raise InputError(f"unknown image format {image_format!r}", hint=f"formats are {', '.join(IMAGE_FORMATS)}")
    sized = [fitted(type(figure)(figure), width) for figure in figures]
    options = [
        {
            "format": image_format,
            "width": width,
            "height": height or each.layout.height or DEFAULT_HEIGHT,
            "scale": scale,
        }
        for each in sized
    ]
    drawn = _drawn([each.to_dict() for each in sized], options)
    if image_format != "pdf":
        return drawn
    return [with_title(page, title_of(figure)) for page, figure in zip(drawn, figures, strict=True)]


def _drawn(figures: list[dict[str, Any]], options: list[dict[str, Any]]) -> list[bytes]:
    """Draw the figures with kaleido, in a thread, since a notebook has its own event loop."""
    image_format = options[0]["format"].upper() if options else ""
    try:
        from kaleido.errors import ChromeNotFoundError

        from correlator.plot.chromium import Drawer, FigurePage, QuietChromium
    except ImportError as error:
        raise MissingDependencyError(
            f"{image_format} needs the package kaleido",
            hint="pip install 'correlator[image]', or write HTML",
        ) from error

    async def draw() -> list[bytes]:
        browser = Drawer(n=1, page_generator=FigurePage(), browser_cls=QuietChromium)
        try:  # close it even if it could not open, or its threads would keep the process alive
            await browser.open()
            return [await browser.calc_fig(each, opts=opts) for each, opts in zip(figures, options, strict=True)]
        finally:
            await browser.close()

    seconds = _SECONDS_TO_START + _SECONDS_PER_FIGURE * len(figures)
    try:
        with _quiet("choreographer"), ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(asyncio.wait_for(draw(), seconds))).result()
    except TimeoutError as error:
        raise SourceError(f"Chromium did not respond within {seconds} s", hint="try again, or write HTML") from error
    except ChromeNotFoundError as error:
        raise MissingDependencyError(
            f"{image_format} needs Chromium or Chrome, and none was found",
            hint="install one, or set BROWSER_PATH, or write HTML",
        ) from error
    except (RuntimeError, OSError) as error:
        raise SourceError(f"Chromium could not draw the figure: {error}", hint="write HTML instead") from error


def write_image(
    figure: go.Figure,
    path: str | Path,
    *,
    width: int = 1200,
    height: int | None = None,
    scale: float = 2.0,
) -> Path:
    """Write the figure as PNG, SVG, PDF, JPG or WebP, by the file's extension, and return the path.

    Arguments and errors as in ``image_bytes``; raises NotFoundError if the folder does not exist.
    """
    target = checked_target(path)
    drawn = image_bytes(figure, image_format_of(target), width=width, height=height, scale=scale)
    write_atomically(target, drawn)
    return target


def image_format_of(path: Path) -> str:
    """Return the image format for the extension of ``path``; raise InputError for an unsupported one."""
    ending = path.suffix.lstrip(".").lower()
    if ending not in IMAGE_FORMATS:
        known = ", ".join(f".{each}" for each in ("html", *IMAGE_FORMATS))
        problem = f"unsupported figure format {path.suffix}" if ending else "the file has no extension"
        raise InputError(f"{path.name}: {problem}", hint=f"use {known}")
    return ending


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Silence a library that logs partial messages while it shuts down; its errors are raised anyway."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
