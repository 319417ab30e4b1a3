"""Print the figures of the fault scripts; --write puts them into docs/reliability.md between their marks."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def publish(name: str, figures: Mapping[str, object]) -> None:
    """Print the figures as a table; ``--write`` on the command line replaces the block ``name`` of the page."""
    lines = ["| what | figure |", "| --- | --- |", *(f"| {what} | {figure} |" for what, figure in figures.items())]
    text = "\n".join(lines)
    print(text)
    if "--write" in sys.argv:
        page = PAGE.read_text(encoding="utf-8")
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        block = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not block.search(page):
            sys.exit(f"{PAGE} has no block {name}")
        PAGE.write_text(block.sub(lambda _: f"{begin}\n{text}\n{end}", page), encoding="utf-8")


def option(name: str, default: float) -> float:
    """Return the number after ``--NAME`` on the command line."""
    flag = f"--{name}"
    return float(sys.argv[sys.argv.index(flag) + 1]) if flag in sys.argv else default
