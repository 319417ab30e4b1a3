"""Check for copied figures: the previous bar, an earlier bar, or one close for too long."""

from __future__ import annotations

import polars as pl

from correlator.market.audit.findings import Series
from correlator.market.audit.spacing import spacing_of_days

_PRICES = ("open", "high", "low", "close")
_LONG_RUN = 5
_LEAST_RUN = 3
_AROUND = 250
# Expected number of such runs by chance in the series, below which a run of equal closes is doubted.
_BY_CHANCE = 1e-3
_TICKS = 0.2
# Share of its moves that must fit for a series to move once a week, month or quarter: holidays shift some of them.
_REGULAR = 0.85


def stale_repeats(series: Series) -> pl.DataFrame:
    """Find bars that repeat another in every figure although there was a trade, and runs of one close."""
    bars = series.bars.filter(~(pl.col("volume") == 0).fill_null(False))
    return pl.concat([_as_before(series, bars), _as_earlier(series, bars), runs_of_one_close(series, bars)])


def _as_before(series: Series, bars: pl.DataFrame) -> pl.DataFrame:
    """Find copies of the previous bar: of all figures, or of a price range too wide to occur twice by chance."""
    prices = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in _PRICES)
    volume = pl.col("volume") == pl.col("volume").shift()
    wide = (pl.col("high") - pl.col("low")) >= _TICKS
    copied = bars.filter((prices & (volume | wide)).fill_null(False))
    text = "open, high, low and close {close} as on the bar before, volume {volume}"
    return series.per_bar(copied, "stale", "medium", text, action="a copy: compare with another source")


def _as_earlier(series: Series, bars: pl.DataFrame) -> pl.DataFrame:
    """Find copies of an earlier bar, not the previous one: prices with a range, and the same volume."""
    key = [*_PRICES, "volume"]
    full = bars.with_row_index("at").filter(
        ((pl.col("high") > pl.col("low")) & (pl.col("volume") > 1)).fill_null(False)
    )
    earlier = full.with_columns(
        pl.col("session").shift().over(key).alias("earlier"), pl.col("at").diff().over(key).alias("apart")
    )
    text = "open, high, low, close {close} and volume {volume} as on {earlier}"
    return series.per_bar(
        earlier.filter(pl.col("apart") > 1), "stale", "medium", text, action="a copy: compare with another source"
    )


def runs_of_one_close(series: Series, bars: pl.DataFrame) -> pl.DataFrame:
    """Find runs of one close.

    Every bar of a run but the first is medium if the series around it is hardly ever unchanged, moves only once a week
    or month, or is an index; else the run is low from five bars on, reported once.
    """
    still = (pl.col("close") == pl.col("close").shift()).fill_null(False)
    run = bars.with_columns(still.alias("still"), pl.col("close").rle_id().alias("run")).with_columns(
        pl.len().over("run").alias("length"), pl.int_range(pl.len()).over("run").alias("at")
    )
    # A run's own bars are excluded from the share of unchanged bars around it; one is added for safety.
    around = pl.col("still").cast(pl.Float64).rolling_sum(2 * _AROUND + 1, min_samples=1, center=True)
    seen = pl.col("still").is_not_null().cast(pl.Float64).rolling_sum(2 * _AROUND + 1, min_samples=1, center=True)
    counted = run.with_columns(around.alias("around"), seen.alias("seen"))
    share = ((pl.col("around") - pl.col("length") + 2) / (pl.col("seen") - pl.col("length") + 2)).clip(0.0, 1.0)
    by_chance = share ** (pl.col("length") - 1) * bars.height
    moved = bars.filter(~still)["session"]
    never = series.kind == "index" or spacing_of_days(moved, regular=_REGULAR) != "1d"
    starts = counted.with_columns(((by_chance < _BY_CHANCE) | never).alias("doubted")).filter(
        (pl.col("at") == 0) & ((pl.col("length") >= _LONG_RUN) | (pl.col("doubted") & (pl.col("length") >= _LEAST_RUN)))
    )
    text = "close {close} on {length} bars in a row"
    doubted, usual = starts.filter("doubted"), starts.filter(~pl.col("doubted"))
    repeated = counted.filter(pl.col("run").is_in(doubted["run"].implode()) & (pl.col("at") > 0))
    return pl.concat(
        [
            series.per_bar(
                repeated,
                "stale",
                "medium",
                text,
                action="such a series hardly ever stands still: filled forward or suspended",
            ),
            series.per_bar(usual, "stale", "low", text, action="thinly traded, suspended, or filled forward"),
        ]
    )
