"""Check whether a series is what its name claims, against known closes, other sources, its market and other symbols."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from correlator.base.resources import data_path
from correlator.market.audit.findings import Series
from correlator.market.audit.shifts import correlation, paired_returns
from correlator.market.names.instruments import canonical_symbol

_LEVEL_SLACK, _SAME_LEVEL = 0.10, 1e-3
_LEAST_ANCHORS = 3
_LEAST_BARS = 200
# Correlation with its market below which a series is doubted. The lowest of 24 real shares has 0.3, of two indices 0.8.
_LEAST_OF_SHARE, _LEAST_OF_INDEX = 0.12, 0.5
_TWIN_BARS = 60
_TWIN_SHARE = 0.5


def known_closes(symbol: str) -> pl.DataFrame:
    """Return the verified closes of an index, session and close, from ``data/instruments/anchors.csv``."""
    return _anchors().filter(pl.col("symbol") == canonical_symbol(symbol)).select("session", "close").sort("session")


def not_what_it_claims(series: Series, others: Sequence[Series] = ()) -> list[pl.DataFrame]:
    """Return findings if the level contradicts known closes of the symbol, or another source of it.

    A series whose level is more than a tenth away on the median of three or more days is another series.
    """
    known = known_closes(series.symbol)
    findings = []
    verdict = _level(series, known, "known closes")
    if verdict:
        evidence, action = verdict
        whose = _whose_closes(series)
        evidence += f"; its closes are those of {whose}" if whose else ""
        findings.append(series.finding("not-what-it-claims", "high", evidence, action))
    for other in others:
        if other.source == series.source or canonical_symbol(other.symbol) != canonical_symbol(series.symbol):
            continue
        verdict = _level(series, other.bars.select("session", "close"), other.source)
        if verdict:
            grade = "high" if not known.height else "medium"
            findings.append(series.finding("sources-disagree", grade, *verdict))
    return findings


def unlike_its_market(series: Series, market: pl.DataFrame, name: str) -> list[pl.DataFrame]:
    """Return a finding if the returns are unrelated to those of the market (session, close) called ``name``."""
    if series.kind not in (None, "share", "index"):
        return []
    returns, market_returns = paired_returns(series.bars, market)
    least = _LEAST_OF_INDEX if series.kind == "index" else _LEAST_OF_SHARE
    rho = correlation(returns, market_returns)
    if len(returns) < _LEAST_BARS or rho >= least:
        return []
    grade = "high" if series.kind == "index" or rho < _LEAST_OF_SHARE / 2 else "medium"
    evidence = f"returns hardly move with {name}: correlation {rho:.2f} over {len(returns):,} bars, less than {least}"
    action = "another series under this name, or made-up figures: compare it with another source"
    return [series.finding("not-what-it-claims", grade, evidence, action)]


def same_as_another(every: Sequence[Series]) -> list[pl.DataFrame]:
    """Find series of different symbols with the same returns, to the seventh digit, on half of their sessions."""
    if len({series.symbol for series in every}) < 2:
        return []
    move = (pl.col("close") / pl.col("close").shift()).log()
    moves = pl.concat(
        series.bars.select("session", move.round(7).alias("move"), pl.lit(number, pl.Int64).alias("number"))
        for number, series in enumerate(every)
    ).filter(pl.col("move").is_finite() & (pl.col("move").abs() > 1e-6))
    same = moves.filter(pl.len().over("session", "move") > 1)
    pairs = (
        same.join(same, on=["session", "move"], suffix="_other")
        .filter(pl.col("number") != pl.col("number_other"))
        .group_by("number", "number_other")
        .agg(pl.len().alias("n"), pl.col("session").min().alias("first"))
        .sort("number", "number_other")
    )
    findings = []
    for number, other, n, first in pairs.iter_rows():
        one, two = every[number], every[other]
        if one.symbol == two.symbol or n < _TWIN_BARS or n < _TWIN_SHARE * min(one.bars.height, two.bars.height):
            continue
        evidence = f"returns are those of {two.symbol} ({two.source}) on {n:,} sessions, to the seventh digit"
        action = "one of the two is not what it claims: compare both with another source"
        findings.append(one.finding("same-as-another", "high", evidence, action, session=first))
    return findings


def _level(series: Series, known: pl.DataFrame, name: str) -> tuple[str, str] | None:
    """Return evidence and action if the level contradicts ``known`` (session, close), else None."""
    if known.is_empty():
        return None
    bars = series.bars.select("session", pl.col("close").alias("own"))
    pairs = known.sort("session").join_asof(bars, on="session", strategy="nearest", tolerance="4d").drop_nulls()
    if pairs.height < _LEAST_ANCHORS:
        return None
    ratios = pairs["own"] / pairs["close"]
    ratio = float(np.median(ratios.to_numpy()))
    away = int(((ratios - 1).abs() > _LEVEL_SLACK).sum())
    if abs(ratio - 1) <= _LEVEL_SLACK and away <= 0.2 * pairs.height:
        return None
    worst = pairs.with_row_index().filter((ratios - 1).abs() > _LEVEL_SLACK).row(-1, named=True)
    moves = correlation(*(pairs.select(_log_return(side)).to_series().to_numpy()[1:] for side in ("own", "close")))
    evidence = (
        f"level is {ratio:.3g} times {name} of {series.symbol} on {away} of {pairs.height} days compared, for example "
        f"{worst['own']:,.2f} against {worst['close']:,.2f} on {worst['session']}; "
        f"moves between them correlate {moves:.2f}"
    )
    kin = "a related series, or another unit" if moves > 0.8 else "another series"
    return evidence, f"{kin} under this name: find out what it is before using it"


def _whose_closes(series: Series) -> str | None:
    """Return another symbol whose known closes the series has, to a thousandth on most days, or None."""
    own = series.bars.select("session", pl.col("close").alias("own"))
    pairs = _anchors().filter(pl.col("symbol") != canonical_symbol(series.symbol)).join(own, on="session")
    alike = pairs.group_by("symbol").agg(
        ((pl.col("own") / pl.col("close") - 1).abs() < _SAME_LEVEL).sum().alias("hits"), pl.len().alias("n")
    )
    same = alike.filter((pl.col("hits") >= 1) & (pl.col("hits") > 0.5 * pl.col("n"))).sort("hits", descending=True)
    return str(same["symbol"][0]) if same.height else None


def _log_return(name: str) -> pl.Expr:
    ratio = pl.col(name) / pl.col(name).shift()
    return pl.when(ratio > 0).then(ratio).log().cast(pl.Float64)


@lru_cache(maxsize=1)
def _anchors() -> pl.DataFrame:
    return pl.read_csv(data_path("instruments", "anchors.csv"), try_parse_dates=True)
