"""Make output inert: no formulas in spreadsheet cells, no terminal control characters, no path parts in file names.

A spreadsheet runs text that starts with ``=``, ``+``, ``-`` or ``@`` (or their full-width forms), also after spaces,
tabs or line breaks, as a formula, which may call programs and send data elsewhere. Such text gets a leading apostrophe,
also after a semicolon, at which spreadsheets of many countries split.
Text that is a number (``-3.77``, ``+5%``, ``1e-3``) or a window of offsets (``-1:1``) stays unchanged: it is harmless,
and programs read it. Numeric columns are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_FORMULA = r"^[\s\x00-\x1f'\"]*[=+\-@＝＋－＠]"
_STARTS_WITH_CONTROL = r"^[\t\r\n]"
_PLAIN = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?([eE][+-]?\d+)?\s?%?$|^[+-]?\d+:[+-]?\d+$"
_INNER = r"([;\t\r\n][ '\"]*)([=@＝＠])|(;[ '\"]*)([+\-＋－])"
"""A formula in a later cell: some split at semicolons, tabs or line breaks, which quotes do not prevent."""
_RUNS = re.compile(f"{_FORMULA}|{_STARTS_WITH_CONTROL}")
_IS_INNER = re.compile(_INNER)
_IS_PLAIN = re.compile(_PLAIN.replace("$", r"\Z"))
_OUTSIDE_NAMES = re.compile(r"[^\w.^=&+@-]+")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE)
_LONGEST_NAME = 100
_ORDERS = tuple(
    chr(point)
    for part in (range(9), (11, 12), range(14, 32), range(127, 160), range(0x202A, 0x202F), range(0x2066, 0x206A))
    for point in part
)
"""Control characters except tabs and line ends, and bidirectional overrides and isolates; joiners and marks stay."""


def safe_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with an apostrophe before text cells and column names that a spreadsheet would run.

    Control and bidirectional characters are replaced by their escapes.
    """
    import polars as pl

    written = (pl.String, pl.Categorical, pl.Enum)
    marks = {each: _mark(each) for each in _ORDERS}
    texts = {
        name: pl.nth(place)  # pl.col takes * and ^...$ for patterns
        .cast(pl.String)
        .str.replace_many(marks)
        .str.replace_all(_INNER, "${1}${3}'${2}${4}")
        for place, (name, kind) in enumerate(frame.schema.items())
        if isinstance(kind, written)
    }
    led = {
        name: pl.when(_runs(text)).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)
        for name, text in texts.items()
    }
    return frame.with_columns(**led).rename(_safe_names(frame.columns))


def _safe_names(names: Sequence[str]) -> dict[str, str]:
    """Return the safe texts of column names, with further apostrophes where two are equal."""
    safe = {name: name for name in names if safe_text(name) == name}
    for name in names:
        candidate = safe_text(name)
        while name not in safe and candidate in safe.values():
            candidate = f"'{candidate}"
        safe.setdefault(name, candidate)
    return safe


def safe_text(text: str) -> str:
    """Return one cell as ``safe_cells``."""
    marked = "".join(_mark(each) if each in _ORDERS else each for each in text)
    marked = _IS_INNER.sub(lambda found: f"{found[1] or found[3]}'{found[2] or found[4]}", marked)
    return f"'{marked}" if _RUNS.match(marked) and not _IS_PLAIN.match(marked) else marked


def visible(text: str, *, keep: str = "\n\t") -> str:
    r"""Return ``text`` with escapes for non-printable characters except ``keep``.

    Examples:
    >>> print(visible("\x1b[2J and \u202e"))
    \u001b[2J and \u202e
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in keep else _mark(each) for each in text)


def file_name(text: str) -> str:
    """Return ``text`` as a safe file name: no separators, control characters, leading dot or dash, or Windows device.

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
