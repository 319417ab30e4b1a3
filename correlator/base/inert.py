"""What leaves is inert: cells that no spreadsheet runs, text that no terminal obeys, names of files that stay in place.

A spreadsheet runs a cell of text that starts with ``=``, ``+``, ``-`` or ``@`` (or their full-width forms), also behind
blanks, tabs or line breaks, as a formula, which may call programs and send data elsewhere. Such a text gets an
apostrophe in front. Texts that are numbers (``-3.77``, ``+5%``, ``1e-3``) or windows of offsets (``-1:1``) stay as they
are: they can do nothing, and programs read them. Columns of numbers are never touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_FORMULA = r"^[\s\x00-\x1f'\"]*[=+\-@＝＋－＠]"
_STARTS_WITH_CONTROL = r"^[\t\r\n]"
_PLAIN = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?([eE][+-]?\d+)?\s?%?$|^[+-]?\d+:[+-]?\d+$"
_RUNS = re.compile(f"{_FORMULA}|{_STARTS_WITH_CONTROL}")
_IS_PLAIN = re.compile(_PLAIN.replace("$", r"\Z"))
_OUTSIDE_NAMES = re.compile(r"[^\w.^=&+@-]+")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_LONGEST_NAME = 100
_ORDERS = tuple(
    chr(point)
    for part in (range(9), (11, 12), range(14, 32), range(127, 160), range(0x202A, 0x202F), range(0x2066, 0x206A))
    for point in part
)
"""Controls but tabs and line ends, and what overrides or isolates a direction; joiners and single marks stay."""


def safe_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` with every text and every name of a column that a spreadsheet would run led by an apostrophe, and marks
    in place of characters that order a terminal about or turn the direction of a line.
    """
    import polars as pl

    written = (pl.String, pl.Categorical, pl.Enum)
    marks = {each: _mark(each) for each in _ORDERS}
    texts = {
        name: pl.col(name).cast(pl.String).str.replace_many(marks)
        for name, kind in frame.schema.items()
        if isinstance(kind, written)
    }
    led = {
        name: pl.when(_runs(text)).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)
        for name, text in texts.items()
    }
    return frame.with_columns(**led).rename(
        {name: safe_text(name) for name in frame.columns if safe_text(name) not in frame.columns}
    )


def safe_text(text: str) -> str:
    """One cell as ``safe_cells`` makes it."""
    marked = "".join(_mark(each) if each in _ORDERS else each for each in text)
    return f"'{marked}" if _RUNS.match(marked) and not _IS_PLAIN.match(marked) else marked


def unsafe_count(frame: pl.DataFrame) -> int:
    """How many cells ``safe_cells`` would change."""
    import polars as pl

    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    if not texts or frame.is_empty():
        return 0
    return int(frame.select(pl.sum_horizontal(_runs(pl.col(name)).sum() for name in texts)).item())


def visible(text: str, *, keep: str = "\n\t") -> str:
    r"""``text`` with marks in place of characters that move the cursor, turn the line or hide: all but ``keep``.

    Examples:
    >>> print(visible("\x1b[2J and \u202e"))
    \u001b[2J and \u202e
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else _mark(each) for each in text)


def file_name(text: str) -> str:
    """``text`` as the name of a file in the folder at hand: no separators, no controls, no leading dot or dash, and no
    device of Windows.

    Examples:
    >>> file_name("../evil"), file_name("BRK/B"), file_name("^KSE"), file_name("CON")
    ('evil', 'BRK-B', '^KSE', '_CON')
    """
    name = _OUTSIDE_NAMES.sub("-", text.strip()).lstrip(".-")[:_LONGEST_NAME] or "unnamed"
    return f"_{name}" if _DEVICE.match(name) else name


def _mark(character: str) -> str:
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _runs(text: pl.Expr) -> pl.Expr:
    formula = text.str.contains(_FORMULA) | text.str.contains(_STARTS_WITH_CONTROL)
    return (formula & ~text.str.contains(_PLAIN)).fill_null(False)
