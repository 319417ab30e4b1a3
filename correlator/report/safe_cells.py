"""Cells that a spreadsheet takes for what they are.

A spreadsheet runs a cell of text that starts with ``=``, ``+``, ``-`` or ``@`` (or their full-width forms), also behind
blanks, tabs or line breaks, as a formula, which may call programs and send data elsewhere. Such a text gets an
apostrophe in front. Texts that are numbers (``-3.77``, ``+5%``, ``1e-3``) or windows of offsets (``-1:1``) stay as they
are: they can do nothing, and programs read them. Columns of numbers are never touched.
"""

from __future__ import annotations

import polars as pl

_FORMULA = r"^[\s\x00-\x1f'\"]*[=+\-@＝＋－＠]"
_STARTS_WITH_CONTROL = r"^[\t\r\n]"
_PLAIN = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?([eE][+-]?\d+)?\s?%?$|^[+-]?\d+:[+-]?\d+$"


def safe_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """``frame`` with every text that a spreadsheet would run led by an apostrophe; other columns as they are."""
    return frame.with_columns(
        _safe(pl.col(name)).alias(name) for name, kind in frame.schema.items() if kind == pl.String
    )


def unsafe_count(frame: pl.DataFrame) -> int:
    """How many cells ``safe_cells`` would change."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    if not texts or frame.is_empty():
        return 0
    return int(frame.select(pl.sum_horizontal(_runs(pl.col(name)).sum() for name in texts)).item())


def _runs(text: pl.Expr) -> pl.Expr:
    formula = text.str.contains(_FORMULA) | text.str.contains(_STARTS_WITH_CONTROL)
    return (formula & ~text.str.contains(_PLAIN)).fill_null(False)


def _safe(text: pl.Expr) -> pl.Expr:
    return pl.when(_runs(text)).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)
