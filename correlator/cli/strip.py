"""``correlator strip``: the ticker-strip quotes in any text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from correlator.cli.output import FormatOption, OutputOption, print_frame


def strip(
    file: Annotated[Path, typer.Argument(help="A text file, or - for stdin.")],
    format: FormatOption = None,
    to: OutputOption = None,
) -> None:
    """Print every ticker-strip quote in a text, and nothing else.

    Example: correlator strip page.txt --format csv
    """
    from correlator.news.page import read_text
    from correlator.news.strip import parse_strip, strip_frame

    text = sys.stdin.read() if str(file) == "-" else read_text(file)
    print_frame(strip_frame(parse_strip(text)), format, to)
