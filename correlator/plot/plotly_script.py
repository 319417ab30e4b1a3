"""plotly.js with only the trace types that our figures use: a quarter of the full script, included in every page.

plotly ships one script with every trace type. It is a sequence of modules, each a function that runs when another one
requires it, and one list of registered trace types. Modules that nothing on a shortened list requires are removed; a
script of another structure is used unchanged.
"""

from __future__ import annotations

import re
from functools import cache

TRACES = ("bar", "candlestick", "heatmap")
"""Trace types besides scatter, which is in the core."""

_NAME = r"[A-Za-z_$][\w$]*"
_REGISTER = re.compile(rf"\.register\(\[((?:{_NAME}\(\),?)+)\]\)")
_WORD = re.compile(_NAME)


@cache
def plotly_script() -> str:
    """Return plotly.js without unused modules, escaped for an inline script element."""
    from plotly.offline import get_plotlyjs

    return shortened(get_plotlyjs()).replace("</script", "<\\/script")


def shortened(script: str, traces: tuple[str, ...] = TRACES) -> str:
    """Return ``script`` without the modules that ``traces`` do not need; unchanged if its structure is unknown."""
    register = _REGISTER.search(script)
    if register is None:
        return script
    wrapper = re.findall(rf"var {_NAME}=({_NAME})\((?:\([\w$,]*\)|{_NAME})=>\{{", script[: register.start()])[-1]
    starts = [(match.start(), match[1]) for match in re.finditer(rf"var ({_NAME})={re.escape(wrapper)}\(", script)]
    ends = [start for start, _ in starts[1:]] + [len(script)]
    modules = {name: script[start:end] for (start, name), end in zip(starts, ends, strict=True)}
    root = next((name for (start, name), end in zip(starts, ends, strict=True) if start < register.start() < end), "")
    kinds = {name: _kind(name, modules) for name in _WORD.findall(register[1])}
    kept = [name for name, kind in kinds.items() if kind in traces]
    if len(kept) != len(traces) or root != starts[-1][1]:
        return script
    modules[root] = modules[root].replace(register[0], f".register([{','.join(f'{name}()' for name in kept)}])")
    needed = _required(root, modules)
    return script[: starts[0][0]] + "".join(text for name, text in modules.items() if name in needed)


def _kind(name: str, modules: dict[str, str]) -> str:
    """Return the trace type of a registered module, which exports another module that has its name."""
    text = modules.get(name, "")
    inner = re.search(rf"\.exports=({_NAME})\(\)", text)
    named = re.search(r'name:"(\w+)"', modules.get(inner[1], "") if inner else text)
    return named[1] if named else ""


def _required(root: str, modules: dict[str, str]) -> set[str]:
    """Return ``root`` and every module that it requires, directly or indirectly."""
    required: set[str] = set()
    pending = [root]
    while pending:
        name = pending.pop()
        if name not in required:
            required.add(name)
            pending += [word for word in set(_WORD.findall(modules[name])) if word in modules]
    return required
