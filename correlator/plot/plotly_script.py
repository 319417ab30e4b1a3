"""plotly.js with only the kinds of trace that figures here use: a quarter of the whole, inside every page.

plotly ships one script with every kind of trace. It is a row of modules, each a function that runs when another one
asks for it, and one list of the kinds that are registered. What nothing on a shorter list asks for is left out; a
script of another shape is taken whole.
"""

from __future__ import annotations

import re
from functools import cache

TRACES = ("bar", "candlestick", "heatmap")
"""Kinds of trace besides scatter, which is in the core."""

_NAME = r"[A-Za-z_$][\w$]*"
_REGISTER = re.compile(rf"\.register\(\[((?:{_NAME}\(\),?)+)\]\)")
_WORD = re.compile(_NAME)


@cache
def plotly_script() -> str:
    """plotly.js as plotly ships it, without what no figure here needs, fit for an inline script element."""
    from plotly.offline import get_plotlyjs

    return shortened(get_plotlyjs()).replace("</script", "<\\/script")


def shortened(script: str, traces: tuple[str, ...] = TRACES) -> str:
    """``script`` without the modules that only other kinds than ``traces`` need; the same where its shape is
    unknown.
    """
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
    needed = _reached(root, modules)
    return script[: starts[0][0]] + "".join(text for name, text in modules.items() if name in needed)


def _kind(name: str, modules: dict[str, str]) -> str:
    """The kind of trace that a registered module brings: it hands on another module, which says its name."""
    text = modules.get(name, "")
    inner = re.search(rf"\.exports=({_NAME})\(\)", text)
    named = re.search(r'name:"(\w+)"', modules.get(inner[1], "") if inner else text)
    return named[1] if named else ""


def _reached(root: str, modules: dict[str, str]) -> set[str]:
    """``root`` and every module that it asks for, or one of those, and so on."""
    reached: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [word for word in set(_WORD.findall(modules[name])) if word in modules]
    return reached
