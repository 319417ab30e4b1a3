"""Render a brief as one HTML file for phones, without scripts and without network access."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from correlator.brief.face import face_of
from correlator.brief.model import Brief
from correlator.plot.html import page_head

if TYPE_CHECKING:
    import jinja2

_FOLDER = Path(__file__).parent


def page(brief: Brief) -> str:
    """Return the page of a brief; the same brief gives the same text."""
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    face = face_of(brief)
    return _template().render(face=face, brief=brief.as_dict(), head=page_head(face.headline, style))


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string((_FOLDER / "page.html").read_text(encoding="utf-8"))
