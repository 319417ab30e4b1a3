"""A figure as one HTML file that works without a network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from correlator.errors import NotFoundError
from correlator.files import write_whole

if TYPE_CHECKING:
    import plotly.graph_objects as go

CONFIG = {"responsive": True, "displaylogo": False, "displayModeBar": "hover", "showTips": False}

_HAS_ITS_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
_STYLE = """
html, body { margin: 0; padding: 0; background: #fff; }
#figure { width: 100%; max-width: 1400px; margin: 0 auto; }
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
{known_styles}
</head>
<body>
<main><div id="figure" role="img" aria-label="{title}"></div></main>
<script>{plotly}</script>
<script>{script}</script>
</body>
</html>
"""


def figure_page(figure: go.Figure) -> str:
    """The figure as the text of one HTML page: plotly.js inside, as wide as the window, no network requests.

    The same figure gives the same text.
    """
    drawn = f"const figure = {script_json(figure_parts(figure))};"
    script = f'{drawn}\nPlotly.newPlot("figure", figure.data, figure.layout, {script_json(CONFIG)});'
    plotly = plotly_script()
    return _PAGE.format(
        policy=content_policy([plotly, script], [_STYLE]),
        title=html.escape(title_of(figure)),
        style=_STYLE,
        known_styles=known_styles(plotly),
        plotly=plotly,
        script=script,
    )


def content_policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The policy of a page that may run these scripts and styles, known by their hashes, and ask no network.

    Nothing else runs: no script in a text, no handler in a tag, no style in an attribute. Empty style elements are
    allowed, which plotly.js fills by rule.
    """
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes([*styles, ''])}; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def known_styles(plotly: str) -> str:
    """Elements by which plotly.js takes the rules of its maps for added already: no figure here is a map, and the
    policy would refuse them.
    """
    return "".join(f'<meta id="{name}">' for name in dict.fromkeys(_HAS_ITS_STYLE.findall(plotly)))


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def write_html(figure: go.Figure, path: str | Path) -> Path:
    """Write the figure as one HTML file and return its path; raises NotFoundError when the folder does not exist."""
    target = checked_target(path)
    write_whole(target, figure_page(figure))
    return target


def checked_target(path: str | Path) -> Path:
    """``path`` when its folder exists; raises NotFoundError otherwise."""
    target = Path(path)
    if not target.parent.is_dir():
        raise NotFoundError(f"folder {target.parent} does not exist", hint="make it, or write elsewhere")
    return target


def figure_parts(figure: go.Figure) -> dict[str, Any]:
    """The figure's data and layout as plain JSON values."""
    parts: dict[str, Any] = json.loads(figure.to_json())
    return {"data": parts["data"], "layout": parts["layout"]}


def script_json(value: object) -> str:
    """``value`` as JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def plotly_script() -> str:
    """plotly.js as plotly ships it, fit for an inline script element."""
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script.replace("</script", "<\\/script")


def title_of(figure: go.Figure) -> str:
    """The figure's title as plain text."""
    text = figure.layout.title.text or "figure"
    return html.unescape(re.sub(r"<br>", " ", text))
