"""The style of every figure: palette, fonts, margins, titles, and the figure that says why it is empty.

Colours are those of Okabe & Ito (2008), "Color Universal Design", which are distinguishable with any colour vision.
Text and grid take their colour from ``layout.font`` and a translucent grey, so that a page can switch to dark mode by
changing one colour. Titles and subtitles are wrapped to fit 390 px.
"""

from __future__ import annotations

import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from correlator import errors
from correlator.events.model import CATEGORIES

if TYPE_CHECKING:
    import plotly.graph_objects as go

ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#7F7F7F"
PALETTE: Final = (BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE, GREY, YELLOW)

QUAD_COLOURS: Final = {
    "verbal-cooperation": SKY,
    "material-cooperation": BLUE,
    "verbal-conflict": ORANGE,
    "material-conflict": VERMILLION,
    "neutral": GREY,
}
INK: Final = "#1F2933"
GRID: Final = "rgba(127,127,127,0.25)"
FONT_FAMILY: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
TITLE_CHARACTERS: Final = 34
SUBTITLE_CHARACTERS: Final = 54
HOVER_CHARACTERS: Final = 48
_TITLE_LINE = 23
_TITLE_PAD = 12
_SUBTITLE_LINE = 17
PHONE: Final = 390
PERCENT_TICKS: Final = ".4~%"
"""Tick format of an axis of fractions: as many decimals as needed to tell ticks apart."""
_SIZES: Final = {
    "width": PHONE,
    "title": TITLE_CHARACTERS,
    "subtitle": SUBTITLE_CHARACTERS,
    "titleLine": _TITLE_LINE,
    "subtitleLine": _SUBTITLE_LINE,
    "pad": _TITLE_PAD,
}


def category_colour(category: str | None) -> str:
    """Return the colour of a PLOVER category, that of its quad class; grey for other categories."""
    known = CATEGORIES.get(category or "")
    return QUAD_COLOURS[known.quad_class] if known else GREY


def translucent(colour: str, alpha: float) -> str:
    """Return ``#RRGGBB`` as ``rgba(...)`` with ``alpha`` in 0..1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def wrapped(text: str, characters: int = HOVER_CHARACTERS, *, lines: int | None = None) -> str:
    """Return escaped ``text`` in lines of at most ``characters`` joined by ``<br>``, truncated after ``lines``."""
    parts = textwrap.wrap(" ".join(text.split(" ")), characters, max_lines=lines, placeholder=" …") or [""]
    return "<br>".join(escaped(part) for part in parts)


def escaped(text: str) -> str:
    """Escape text for plotly, whose labels interpret some HTML tags, and TeX between dollar signs."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


def counted(number: int, word: str) -> str:
    """Return ``1 event``, ``1,234 events``, with a non-breaking space."""
    return errors.counted(number, word).replace(" ", "\u00a0")


def per_cent(value: float) -> str:
    """Return a fraction as ``-1.80 %`` with a non-breaking space, and never as -0."""
    return f"{100 * value:+z.2f}\u00a0%"


def axis_values(sessions: pl.Series) -> list[Any]:
    """Return sessions as dates, and starts of intraday bars as text, for an axis without the hours in between."""
    if sessions.dtype == pl.Date:
        return sessions.to_list()
    return [f"{start:%d %b %Y %H:%M}" for start in sessions]


@cache
def plotly_template() -> Any:
    """Return the plotly template of every figure (a ``go.layout.Template``)."""
    import plotly.graph_objects as go

    axis = {
        "automargin": True,
        "gridcolor": GRID,
        "linecolor": GRID,
        "zerolinecolor": "rgba(127,127,127,0.6)",
        "zerolinewidth": 1,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": GRID,
        "title": {"standoff": 8, "font": {"size": 12}},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT_FAMILY, "size": 12, "color": INK},
            "paper_bgcolor": "white",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(PALETTE),
            "margin": {"l": 52, "r": 14, "t": 60, "b": 44},
            "title": {
                "x": 0,
                "xref": "container",
                "xanchor": "left",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"l": _TITLE_PAD, "t": _TITLE_PAD},
                "font": {"size": 17, "weight": 600},
                "subtitle": {"font": {"size": 12}},
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "yref": "container",
                "y": 0.01,
                "yanchor": "bottom",
                "font": {"size": 11},
                "bgcolor": "rgba(0,0,0,0)",
            },
            "hoverlabel": {"align": "left", "font": {"family": FONT_FAMILY, "size": 12}},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": axis,
            "bargap": 0.15,
        }
    )


def dress(figure: go.Figure, *, title: str, subtitle: str = "", height: int = 480, above: int = 0) -> go.Figure:
    """Apply the template to ``figure``, with a title and a subtitle that fit a phone, and a height in pixels.

    ``above``: pixels between the titles and the panels. The unwrapped texts are kept in ``layout.meta``, so that
    ``fitted`` and pages can wrap them for another width.
    """
    words = {"title": _one_line(title), "subtitle": _one_line(subtitle), "above": above, "sizes": _SIZES}
    figure.update_layout(template=plotly_template(), meta=words, height=height, autosize=True)
    return fitted(figure, PHONE)


def fitted(figure: go.Figure, width: int) -> go.Figure:
    """Wrap the title and subtitle of ``figure`` to ``width`` pixels, set the margin they need, and return it."""
    if not has_words(figure):
        return figure
    words = figure.layout.meta
    heading = wrapped(words["title"], TITLE_CHARACTERS * width // PHONE)
    below = wrapped(words["subtitle"], SUBTITLE_CHARACTERS * width // PHONE) if words["subtitle"] else ""
    extra = heading.count("<br>")  # plotly centres a multi-line title on the position of one line
    top = 22 + _TITLE_LINE * (extra + 1)
    if below:
        top += _SUBTITLE_LINE * (below.count("<br>") + 1) + 4
    figure.update_layout(
        title={
            "text": heading,
            "subtitle": {"text": below},
            "pad": {"l": _TITLE_PAD, "t": _TITLE_PAD + _TITLE_LINE * extra / 2},
        },
        margin={"t": top + words["above"]},
    )
    return figure


def has_words(figure: go.Figure) -> bool:
    """Whether the title is still the one set by ``dress``; a title set by the caller is left as it is."""
    words, text = figure.layout.meta, figure.layout.title.text
    if not isinstance(words, dict) or "sizes" not in words:
        return False
    return text is None or text.replace("<br>", " ") == escaped(words["title"])


def _one_line(text: str) -> str:
    return " ".join(text.split(" ")).strip()


def empty_figure(title: str, why: str, *, height: int = 320) -> go.Figure:
    """Return a figure without data that says why it is empty."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_annotation(
        text=wrapped(why, 44), showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper", font={"size": 14}
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return dress(figure, title=title, height=height).update_layout(margin={"l": 14})
