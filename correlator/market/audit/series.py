"""Check whole series: holes, and histories too short for a study."""

from __future__ import annotations

import polars as pl

from correlator.market.audit.findings import Series, shown

_HOLE = 60
_GAP = 5
_FULL_HISTORY = 600


def holes(series: Series, sessions: pl.Series) -> list[pl.DataFrame]:
    """Find sessions without a bar between the first and the last: runs of five or more, high from sixty on.

    Shorter ones are reported only for an exchange whose holidays are known.
    """
    span = pl.DataFrame({"session": sessions.filter(sessions.is_between(series.first, series.last))})
    marked = span.with_columns((~pl.col("session").is_in(series.bars["session"].implode())).alias("missing"))
    runs = (
        marked.with_columns(pl.col("missing").rle_id().alias("run"))
        .filter("missing")
        .group_by("run", maintain_order=True)
        .agg(pl.col("session").first().alias("first"), pl.col("session").last().alias("last"), pl.len().alias("n"))
    )
    findings = [
        series.finding(
            "hole",
            "high" if n >= _HOLE else "medium",
            f"no bar on {n:,} sessions in a row, {first} to {last}",
            "fill it from another source; the return across it spans them all",
            session=first,
        )
        for first, last, n in runs.filter(pl.col("n") >= _GAP).select("first", "last", "n").iter_rows()
    ]
    scattered = marked.with_columns(pl.col("missing").rle_id().alias("run")).filter("missing")
    few = scattered.filter(pl.len().over("run") < _GAP)["session"].to_list()
    if few and series.exchange is not None:
        text = f"no bar on {len(few)} sessions: {shown(few)}"
        findings.append(series.finding("missing", "low", text, "missing bars stay missing in a study", session=few[0]))
    return findings


def short_history(series: Series) -> list[pl.DataFrame]:
    """Find series so short that events near their beginning have no full estimation window."""
    if series.bars.height >= _FULL_HISTORY:
        return []
    text = f"begins {series.first} with {series.bars.height:,} bars"
    if series.bars.height > 280:
        text += f": events before {series.bars['session'][280]} have no 250 sessions of estimation and a gap of 30"
    else:
        text += ": no event has 250 sessions of estimation and a gap of 30"
    return [series.finding("short-history", "low", text, "a young listing, or load earlier bars")]


def unknown_exchange(series: Series) -> list[pl.DataFrame]:
    """Find series whose exchange is not known, so that weekdays are used as sessions."""
    if series.exchange is not None:
        return []
    text = "the exchange is not known: Monday to Friday count as sessions, and holidays are not known"
    return [series.finding("no-exchange", "low", text, "give exchange (--exchange), for example XNYS")]
