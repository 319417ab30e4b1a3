"""Whether an event crosses a border: source and target of one country are domestic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

CROSS_BORDER: Final = "cross-border"
DOMESTIC: Final = "domestic"
SCOPES: Final = (CROSS_BORDER, DOMESTIC)


def scope_of(source_country: str | None, target_country: str | None) -> str:
    """``domestic`` where both sides are of one country, else ``cross-border``."""
    return DOMESTIC if source_country is not None and source_country == target_country else CROSS_BORDER


def scope_column() -> pl.Expr:
    """``scope_of`` over the columns source_country and target_country."""
    import polars as pl

    same = (pl.col("source_country") == pl.col("target_country")).fill_null(False)
    return pl.when(same).then(pl.lit(DOMESTIC)).otherwise(pl.lit(CROSS_BORDER)).alias("scope")
