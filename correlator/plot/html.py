"""Write a figure as one HTML file that works without a network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from correlator.base.files import write_atomically
from correlator.errors import NotFoundError
from correlator.plot.plotly_script import plotly_script
from correlator.plot.template import has_words

if TYPE_CHECKING:
    import plotly.graph_objects as go

CONFIG = {"responsive": True, "displaylogo": False, "displayModeBar": "hover", "showTips": False}

_HAS_ITS_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
_BAR_OF_MODES = 34
_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2933; --field: #f5f7fa; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e6eaef; --field: #1f262e; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; } }
h1 { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
html, body { margin: 0; padding: 0; background: var(--paper); }
#figure { width: 100%; height: calc(100vh - HIDEpx); min-height: HEIGHTpx; margin-bottom: HIDEpx; }
#figure .modebar-container { top: 100% !important; }
#figure .modebar { background: none !important; }
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
{head}
<body>
<main><h1>{title}</h1><div id="figure" role="figure" aria-label="{title}"></div></main>
<script>{plotly}</script>
<script>{script}</script>
</body>
</html>
"""

_HEAD = """<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>{known_styles}
</head>"""

_DRAW = """
const box = document.getElementById("figure");
const read = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const fixed = () => ({"height": undefined, "paper_bgcolor": read("--paper")});
const parts = () => shown(figure, box.clientWidth, read("--ink"), read("--field"), fixed());
const draw = () => Plotly.react(box, ...parts(), config);
let width = box.clientWidth;
draw().then(() => {
  new ResizeObserver(() => {
    if (box.clientWidth !== width) { width = box.clientWidth; Plotly.relayout(box, titled(figure.layout, width)); }
  }).observe(box);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("beforeprint", draw);
  window.addEventListener("afterprint", draw);
});
"""


@cache
def figure_script() -> str:
    """Return the functions of ``figure.js``, which every page with figures contains."""
    return Path(__file__).with_name("figure.js").read_text(encoding="utf-8")


def figure_page(figure: go.Figure) -> str:
    """Return the figure as one HTML page with plotly.js, as large as the window, following the system's dark mode.

    The page makes no network requests, and the same figure gives the same page.
    """
    drawn = f"const figure = {script_json(figure_parts(figure))};\nconst config = {script_json(CONFIG)};"
    script = f"{figure_script()}{drawn}{_DRAW}"
    plotly = plotly_script()
    height = int(figure.layout.height or 480)
    style = _STYLE.replace("HIDE", str(_BAR_OF_MODES)).replace("HEIGHT", str(height))
    title = title_of(figure)
    return _PAGE.format(
        head=page_head(title, style, [plotly, script]), title=html.escape(title), plotly=plotly, script=script
    )


def page_head(title: str, style: str, scripts: Sequence[str] = ()) -> str:
    """Return the head of a page: a title, a style sheet, and a policy that allows only these ``scripts`` to run."""
    return _HEAD.format(
        policy=_policy(scripts, [style]),
        title=html.escape(title),
        style=style,
        known_styles="".join(f"\n{_known_styles(script)}" for script in scripts if _HAS_ITS_STYLE.search(script)),
    )


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return the content security policy that allows these scripts and styles by hash, and no network access.

    Nothing else runs: no other inline script, no event handler, no style attribute. Empty style elements are allowed,
    because plotly.js fills them through the DOM.
    """
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes([*styles, ''])}; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _known_styles(plotly: str) -> str:
    """Return elements that make plotly.js assume its map styles are already loaded.

    There are no maps here, and the policy would reject the styles.
    """
    return "".join(f'<meta id="{name}">' for name in dict.fromkeys(_HAS_ITS_STYLE.findall(plotly)))


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def write_html(figure: go.Figure, path: str | Path) -> Path:
    """Write the figure as one HTML file and return its path; raise NotFoundError if the folder does not exist."""
    target = checked_target(path)
    write_atomically(target, figure_page(figure))
    return target


def checked_target(path: str | Path) -> Path:
    """Return ``path`` if its folder exists; raise NotFoundError otherwise."""
    target = Path(path)
    if not target.parent.is_dir():
        raise NotFoundError(f"folder {target.parent} does not exist", hint="create it, or write elsewhere")
    return target


def figure_parts(figure: go.Figure) -> dict[str, Any]:
    """Return the figure's data and layout as plain JSON values."""
    parts: dict[str, Any] = json.loads(figure.to_json())
    if not has_words(figure):
        parts["layout"].pop("meta", None)
    return {"data": parts["data"], "layout": parts["layout"]}


def script_json(value: object) -> str:
    """Return ``value`` as JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def title_of(figure: go.Figure) -> str:
    """Return the figure's title as plain text."""
    text = figure.layout.title.text or "figure"
    return html.unescape(re.sub(r"<br>", " ", text))
