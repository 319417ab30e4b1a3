"""Figures that verbs write beside their table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from correlator.cli.output import narrate
from correlator.errors import InputError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import polars as pl

    from correlator.study.placebo.inference import PlaceboResult


def write_figure(figure: go.Figure, path: Path) -> None:
    """HTML or, by the ending, an image; says so."""
    if path.suffix.lower() in (".html", ".htm"):
        from correlator.plot.html import write_html

        write_html(figure, path)
    else:
        from correlator.plot.image import write_image

        write_image(figure, path)
    narrate(f"wrote {path}")


def draw_null(test: PlaceboResult, path: Path) -> None:
    """The null distribution of the first group's first window, and where the real study lies in it."""
    import polars as pl

    from correlator.plot.distribution import null_figure

    window = test.plan.windows[0].label
    title = f"What chance alone gives: {test.statistic} in window {window}"
    draws, p_value = pl.Series(test.null[0, :, 0]), float(test.p_values[0, 0])
    write_figure(null_figure(draws, float(test.observed[0, 0]), p_value=p_value, title=title), path)


def draw_correlation(table: pl.DataFrame, method: str, bands: str, path: Path) -> None:
    """Lead-lag correlations or an impulse response; raises InputError for another method or several series."""
    from correlator.plot.correlation import impulse_figure, lead_lag_figure

    if method not in ("lead-lag", "projection"):
        raise InputError(f"--plot has no figure for {method}", hint="draw lead-lag or projection")
    pairs = table.select("symbol", "key").unique()
    if pairs.height != 1:
        raise InputError(f"--plot draws one symbol and key, not {pairs.height}", hint="give one symbol and one --key")
    symbol, key = pairs.row(0)
    subtitle = f"news of {key}, {symbol}"
    if method == "projection":
        write_figure(impulse_figure(table, subtitle=subtitle), path)
    else:
        adjusted = table.rename({"p_holm": "p_adjusted"})
        write_figure(lead_lag_figure(adjusted, bands=bands, subtitle=subtitle), path)
