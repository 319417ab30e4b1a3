"""The figures of a report by study, drawn once for the page and the mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from correlator.errors import MissingDependencyError, SourceError, warn
from correlator.plot.figures import FIGURES, PLACEBO, RESULT, OfResult, figures_of
from correlator.plot.html import title_of
from correlator.plot.image import DEFAULT_HEIGHT
from correlator.plot.of_result import result_figure
from correlator.plot.template import empty_figure
from correlator.report.contents import Contents
from correlator.research.figures import stored_figure
from correlator.store.db import Store

if TYPE_CHECKING:
    import plotly.graph_objects as go

PRICE_FIGURES = 3
PICTURE_WIDTH = 640
"""Width of a picture in a mail in CSS pixels; it fits the text column of most mail programs."""

Drawn = Mapping[str, Mapping[str, "go.Figure"]]
"""Figures by the name of their study (empty for the first) and the id of their element."""


@dataclass(frozen=True)
class Picture:
    """A figure as PNG: its name in the mail, its height in CSS pixels, and its label for screen readers."""

    name: str
    png: bytes
    height: int
    label: str


def drawn_figures(contents: Contents, sliced: Store) -> Drawn:
    """Return the figures of every study; ``sliced``: the slice of the store that the report is made from."""
    parts = (("", contents), *contents.others)
    return {name: _of_study(each, sliced, f"{name}-" if name else "") for name, each in parts}


def label_of(figure: go.Figure) -> str:
    """Return the label of a figure for screen readers: its title and subtitle."""
    below = (figure.layout.title.subtitle.text or "").replace("<br>", " ")
    return f"{title_of(figure)}. {below}".replace("\u00a0", " ").strip()


def pictures(drawn: Drawn) -> dict[str, list[Picture]]:
    """Return every figure as a PNG for mail programs, by study; warn and return none if there is no browser to draw."""
    from correlator.plot.image import images_bytes

    figures = [(study, figure) for study, by_id in drawn.items() for figure in by_id.values()]
    try:
        images = images_bytes([figure for _, figure in figures], "png", width=PICTURE_WIDTH)
    except (MissingDependencyError, SourceError) as error:
        warn(f"the mail has no pictures: {error}")
        return {}
    by_study: dict[str, list[Picture]] = {}
    for number, ((study, figure), png) in enumerate(zip(figures, images, strict=True)):
        picture = Picture(f"figure-{number}", png, int(figure.layout.height or DEFAULT_HEIGHT), label_of(figure))
        by_study.setdefault(study, []).append(picture)
    return by_study


def _of_study(contents: Contents, sliced: Store, prefix: str) -> dict[str, go.Figure]:
    """Return the figures of one study by the id of their HTML element, which begins with ``prefix``."""
    drawn: dict[str, go.Figure] = {}
    spec, result = contents.spec, contents.result
    for kind in spec.outputs.figures:
        if kind == "price":
            symbols = spec.study.symbols or tuple(contents.inputs.bars["symbol"])
            for number, symbol in enumerate(symbols[:PRICE_FIGURES]):
                drawn[f"{prefix}figure-price-{number}"] = stored_figure(
                    sliced,
                    symbol,
                    around=contents.moment.session,
                    sessions_each_side=120,
                    events=spec.study.events,
                    links=spec.study.links,
                )
        elif kind in figures_of(RESULT) and result is not None:
            drawn[f"{prefix}figure-{kind}"] = result_figure(result, kind)
        elif kind in figures_of(PLACEBO) and result is not None and contents.test is not None:
            outputs = spec.outputs
            material = OfResult(result, draws=outputs.draws, seed=outputs.seed, done=contents.test)
            drawn[f"{prefix}figure-{kind}"] = FIGURES[kind].draw(material)
    if not drawn and spec.outputs.figures:
        drawn[f"{prefix}figure-none"] = empty_figure(
            "No study", "No event concerns these symbols, so there is nothing to draw."
        )
    return drawn
