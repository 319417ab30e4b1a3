"""Print a brief as a card in the terminal."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from correlator.base.inert import visible
from correlator.brief.face import Rows, face_of
from correlator.brief.model import Brief

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH = 100
_RIGHT = ("dates", "estimate", "p", "outcome", "similarity")


def plain_card(brief: Brief, width: int = WIDTH) -> str:
    """Return the card as text without colours, ``width`` characters wide."""
    from rich.console import Console

    out = StringIO()
    print_card(brief, Console(file=out, width=width, color_system=None, legacy_windows=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def print_card(brief: Brief, console: Console) -> None:
    """Print the card to a rich console."""
    from rich.panel import Panel
    from rich.text import Text

    face = face_of(brief)
    head = Text(visible(face.headline, keep=""), style="bold")
    for line in face.lines:
        head.append(f"\n{visible(line, keep='')}", style="not bold")
    console.print(Panel(head, expand=True, width=console.width))
    for answer in face.answers:
        console.print(Text(answer))
    for symbol, verdict in face.verdicts:
        console.print(Text.assemble((symbol, "bold"), f": {verdict}"))
    for table in face.tables:
        console.print()
        console.print(_table(table))
        if table.note:
            console.print(Text(visible(table.note, keep=""), style="dim"))
    if face.unknown:
        console.print(Text("\nNot known yet", style="bold"))
        for sentence in face.unknown:
            console.print(Text(f"· {visible(sentence, keep='')}"))
    console.print(Text(f"\n{face.record}", style="bold"))


def _table(rows: Rows) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=rows.title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False
    )
    for name in rows.columns:
        is_window = ":" in name
        table.add_column(name, justify="right" if is_window or name in _RIGHT else "left", no_wrap=is_window)
    for row in rows.rows:
        table.add_row(*(Text(visible(cell, keep="")) for cell in row))
    return table
