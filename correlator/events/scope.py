"""The scope of an event: domestic if source and target are of the same country, else cross-border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

CROSS_BORDER: Final = "cross-border"
DOMESTIC: Final = "domestic"
SCOPES: Final = (CROSS_BORDER, DOMESTIC)


def scope_of(source_country: str | None, target_country: str | None) -> str:
    """Return ``domestic`` if both sides are of the same country, else ``cross-border``."""
    return DOMESTIC if source_country is not None and source_country == target_country else CROSS_BORDER


def scope_column() -> pl.Expr:
    """Return ``scope_of`` as an expression over the columns source_country and target_country."""
    import polars as pl

    same = (pl.col("source_country") == pl.col("target_country")).fill_null(False)
    return pl.when(same).then(pl.lit(DOMESTIC)).otherwise(pl.lit(CROSS_BORDER)).alias("scope")
