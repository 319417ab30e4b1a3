"""``correlator strip``: the ticker-strip quotes in any text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.table_options import TableOptions, prints_table

_COLUMNS = ("symbol", "price", "change", "change_pct", "direction", "line", "previous_close", "strip", "position")


@prints_table
def strip(
    *,
    file: Annotated[Path, typer.Argument(help="A text file, or - for stdin.")],
    profile: Annotated[
        str | None, typer.Option("--profile", help="Publisher whose strip layout it is.", show_default=False)
    ] = None,
    printer: TableOptions,
) -> None:
    """Print every ticker-strip quote in a text or saved page, and nothing else.

    Example: correlator strip page.txt --format csv
    """
    from correlator.news.charset import decode
    from correlator.news.html_page import visible_text
    from correlator.news.page import read_bytes, read_text
    from correlator.news.profiles import load_profile
    from correlator.news.strip import LAYOUTS, parse_strip, strip_frame

    text = decode(read_bytes(sys.stdin.buffer, "stdin")) if str(file) == "-" else read_text(file)
    layouts = load_profile(profile).strip if profile else LAYOUTS
    quotes = strip_frame(parse_strip(visible_text(text), layouts))
    printer.print(quotes.select(_COLUMNS))
