"""``correlator strip``: extract the ticker-strip quotes from a text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.tables.options import TableOptions, prints_table
from correlator.cli.terminal.output import complain
from correlator.errors import InputError

_COLUMNS = ("symbol", "price", "change", "change_pct", "direction", "line", "previous_close", "strip", "position")
_MAX_REPORTED = 100  # unread lines reported one by one on stderr


@prints_table
def strip(
    *,
    file: Annotated[Path, typer.Argument(help="A text file or saved page, or - for stdin.")],
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Publisher profile that defines the strip layout.", show_default=False),
    ] = None,
    printer: TableOptions,
) -> None:
    """Print every ticker-strip quote in a text or saved page.

    Lines that look like a quote but cannot be read are reported on stderr with the reason. Exits with code 3 if no
    quote is found.

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
    for each in unread[:_MAX_REPORTED]:
        complain(f"line {each.line_number} cannot be read as a quote, {each.reason}: {each.line}", level="warning")
    if len(unread) > _MAX_REPORTED:
        complain(f"{len(unread) - _MAX_REPORTED:,} more lines cannot be read as a quote", level="warning")
    if quotes.is_empty():
        name = "stdin" if is_stdin else file.name
        hint = "give the publisher of the layout with --profile" if unread else ""
        raise InputError(f"{name} has no readable quote", hint=hint)
    printer.print(quotes.select(_COLUMNS))
