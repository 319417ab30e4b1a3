"""``correlator strip``: the ticker-strip quotes in any text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import complain
from correlator.errors import InputError

_COLUMNS = ("symbol", "price", "change", "change_pct", "direction", "line", "previous_close", "strip", "position")
_TOLD = 100  # lines told on stderr, at most


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

    What looks like a quote and is none is told on stderr, with its line and why; where nothing is read the exit
    status is 3.

    Example: correlator strip page.txt --format csv
    """
    from correlator.news.charset import decode
    from correlator.news.pages.html_page import visible_text
    from correlator.news.pages.page import read_bytes, read_text
    from correlator.news.profiles import load_profile
    from correlator.news.strips.strip import LAYOUTS, parse_strip, strip_frame, unread_quotes

    is_stdin = str(file) == "-"
    text = visible_text(decode(read_bytes(sys.stdin.buffer, "stdin")) if is_stdin else read_text(file))
    layouts = load_profile(profile).strip if profile else LAYOUTS
    quotes, unread = strip_frame(parse_strip(text, layouts)), unread_quotes(text, layouts)
    for each in unread[:_TOLD]:
        complain(f"line {each.line_number} is not read, {each.reason}: {each.line}", level="warning")
    if len(unread) > _TOLD:
        complain(f"{len(unread) - _TOLD:,} more are not read", level="warning")
    if quotes.is_empty():
        name = "stdin" if is_stdin else file.name
        hint = "name the publisher whose layout it is with --profile" if unread else ""
        raise InputError(f"{name} holds no quote that can be read", hint=hint)
    printer.print(quotes.select(_COLUMNS))
