"""``correlator demo``: run the main workflow on the bundled sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from correlator.cli.terminal.output import narrate

if TYPE_CHECKING:
    from correlator.store.db import Store


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", help="Folder for the CSV, the figure and the store.", file_okay=False)
    ] = Path("correlator-demo"),
) -> None:
    """Run every step on a bundled news page and two real price series, without a network.

    Example: correlator demo --folder out
    """
    from correlator.demo import run_demo

    result = run_demo(folder, _draw)
    print(result.summary())
    for path in result.files:
        narrate(f"wrote {path}")


def _draw(store: Store, path: Path) -> None:
    from correlator.demo import AROUND, SYMBOL
    from correlator.plot.html import write_html
    from correlator.research.figures import stored_figure

    write_html(stored_figure(store, SYMBOL, around=AROUND), path)
