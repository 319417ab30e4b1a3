"""Checks of whole series: dates shifted by a day, holes, and series that are not what they claim to be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from correlator.market.findings import Series, shown
from correlator.market.instruments import canonical_symbol
from correlator.resources import data_path

_MOVES = {"early": 1, "late": -1}
_LEAST_BARS = 60
_HOLE = 60
_GAP = 5
_FULL_HISTORY = 600
_LEVEL_SLACK = 0.10
_SHIFTED_SCORE = 4.0


def shifted_by_calendar(series: Series, sessions: pl.Series) -> list[pl.DataFrame]:
    """Stretches whose labels become sessions when they are moved by one day: dates stamped a day early or late.

    Month by month, the share of labels that are sessions is held against the share after moving them.
    """
    bars = series.bars.with_columns(_is_in("session", sessions, 0).alias("as_is"))
    bars = bars.with_columns(_is_in("session", sessions, days).alias(name) for name, days in _MOVES.items())
    months = bars.group_by(pl.col("session").dt.truncate("1mo").alias("month"), maintain_order=True).agg(
        pl.len().alias("n"), *(pl.col(name).mean() for name in ("as_is", *_MOVES))
    )
    found = []
    for name in _MOVES:
        moved = months.filter((pl.col("n") >= 8) & (pl.col(name) >= 0.95) & (pl.col(name) - pl.col("as_is") >= 0.12))
        if moved.height < 2:
            continue
        first, last = moved["month"][0], moved["month"][-1]
        stretch = bars.filter(pl.col("session").dt.truncate("1mo").is_between(first, last))
        found.append(_shift_finding(series, stretch, name, 100.0 * int(moved["n"].sum()) / bars.height))
    return found


def _shift_finding(series: Series, stretch: pl.DataFrame, name: str, share: float) -> pl.DataFrame:
    first, last = stretch["session"][0], stretch["session"][-1]
    names = stretch["session"].dt.strftime("%A").value_counts().rows()
    weekend = {day: count for day, count in names if day in ("Saturday", "Sunday")}
    fewest = "Friday" if name == "early" else "Monday"
    count = dict(names).get(fewest, 0)
    seen = ", ".join(f"{number:,} {day}s" for day, number in weekend.items())
    evidence = (
        f"labels from {first} to {last} stand one day {name}: {seen or 'no weekend days'} and {count:,} {fewest}s; "
        f"{100 * _share(stretch, 'as_is'):.0f} % of them are sessions as they stand, "
        f"{100 * _share(stretch, name):.0f} % when moved by a day (months so: {share:.0f} % of all bars)"
    )
    towards = "later" if name == "early" else "earlier"
    action = f"move these labels one day {towards}, or load a source with right dates; do not study them as they are"
    return series.finding(f"shifted-{name}", "high", evidence, action, first)


def _share(frame: pl.DataFrame, name: str) -> float:
    return float(frame.select(pl.col(name).mean()).item())


def _is_in(name: str, sessions: pl.Series, days: int) -> pl.Expr:
    return pl.col(name).dt.offset_by(f"{days}d").is_in(sessions.implode())


def shifted_by_correlation(series: Series, benchmark: pl.DataFrame, benchmark_name: str) -> list[pl.DataFrame]:
    """Whether the series moves with the benchmark of another day: returns are correlated at lags -1, 0 and +1.

    ``benchmark``: session and close. Year by year; a lag wins when its correlation is above 0.2 and its distance to the
    one at lag 0 is above four standard errors of Fisher's z.
    """
    calendar = benchmark.sort("session").with_row_index("at").with_columns(_log_return("close").alias("market"))
    own = series.bars.select("session", _log_return("close").alias("own"))
    paired = own.join_asof(calendar.select("session", "at"), on="session", strategy="backward")
    market = calendar["market"].to_numpy()
    years = paired.with_columns(pl.col("session").dt.year().alias("year")).drop_nulls()
    flagged: dict[int, list[tuple[int, int, float, float]]] = {-1: [], 1: []}
    for (year,), rows in years.group_by("year", maintain_order=True):
        at, returns = rows["at"].to_numpy().astype(np.int64), rows["own"].to_numpy()
        scores = {lag: _correlation(returns, _shift(market, at + lag)) for lag in (-1, 0, 1)}
        best = max(scores, key=lambda lag: scores[lag])
        distance = (np.arctanh(scores[best]) - np.arctanh(scores[0])) * np.sqrt(max(len(rows) - 3, 1) / 2)
        if best != 0 and len(rows) >= _LEAST_BARS and scores[best] > 0.2 and distance > _SHIFTED_SCORE:
            flagged[best].append((int(str(year)), len(rows), scores[best], scores[0]))
    return [_lag_finding(series, lag, rows, benchmark_name) for lag, rows in flagged.items() if rows]


def _lag_finding(series: Series, lag: int, rows: list[tuple[int, int, float, float]], benchmark: str) -> pl.DataFrame:
    name = "early" if lag == 1 else "late"
    years = [year for year, *_ in rows]
    weights = [n for _, n, *_ in rows]
    there, here = (float(np.average([row[k] for row in rows], weights=weights)) for k in (2, 3))
    which = "next" if lag == 1 else "previous"
    evidence = (
        f"in {min(years)} to {max(years)} ({sum(weights):,} bars) returns move with {benchmark} of the "
        f"{which} session: correlation {there:.2f}, on the same session {here:.2f}"
    )
    towards = "later" if lag == 1 else "earlier"
    action = f"labels stand one session {name}: move them one session {towards}, or load a source with right dates"
    return series.finding(f"shifted-{name}", "high", evidence, action, date(min(years), 1, 1))


def holes(series: Series, sessions: pl.Series) -> list[pl.DataFrame]:
    """Sessions between the first and last bar without one: runs of five or more, high from sixty on."""
    span = pl.DataFrame({"session": sessions.filter(sessions.is_between(series.first, series.last))})
    marked = span.with_columns((~pl.col("session").is_in(series.bars["session"].implode())).alias("missing"))
    runs = (
        marked.with_columns(pl.col("missing").rle_id().alias("run"))
        .filter("missing")
        .group_by("run", maintain_order=True)
        .agg(pl.col("session").first().alias("first"), pl.col("session").last().alias("last"), pl.len().alias("n"))
    )
    found = [
        series.finding(
            "hole",
            "high" if n >= _HOLE else "medium",
            f"no bar on {n:,} sessions in a row, {first} to {last}",
            "fill it from another source; the return across it spans them all",
            first,
        )
        for first, last, n in runs.filter(pl.col("n") >= _GAP).select("first", "last", "n").iter_rows()
    ]
    scattered = marked.with_columns(pl.col("missing").rle_id().alias("run")).filter("missing")
    few = scattered.filter(pl.len().over("run") < _GAP)["session"].to_list()
    if few:
        text = f"no bar on {len(few)} sessions: {shown(few)}"
        found.append(series.finding("missing", "low", text, "missing bars stay missing in a study", few[0]))
    return found


def short_history(series: Series) -> list[pl.DataFrame]:
    """Series so short that events near their beginning have no full estimation window."""
    if series.bars.height >= _FULL_HISTORY:
        return []
    text = f"begins {series.first} with {series.bars.height:,} bars"
    if series.bars.height > 280:
        text += f": events before {series.bars['session'][280]} have no 250 sessions of estimation and a gap of 30"
    else:
        text += ": no event has 250 sessions of estimation and a gap of 30"
    return [series.finding("short-history", "low", text, "a young listing, or load earlier bars")]


def not_what_it_claims(series: Series, others: Sequence[Series] = ()) -> list[pl.DataFrame]:
    """Whether level and moves contradict known closes of the symbol, or another source of the same symbol.

    Known closes are in ``data/instruments/anchors.csv``; a level more than a tenth away on the median of three or more
    days is not the series it says it is.
    """
    symbol = canonical_symbol(series.symbol)
    known = _anchors().filter(pl.col("symbol") == symbol)
    found = []
    verdict = _level(series, known.select("session", "close"), "known closes")
    if verdict:
        found.append(series.finding("not-what-it-claims", "high", *verdict))
    for other in others:
        if other.source == series.source or canonical_symbol(other.symbol) != symbol:
            continue
        verdict = _level(series, other.bars.select("session", "close"), other.source)
        if verdict:
            grade = "high" if not known.height else "medium"
            found.append(series.finding("sources-disagree", grade, *verdict))
    return found


def _level(series: Series, known: pl.DataFrame, name: str) -> tuple[str, str] | None:
    """Evidence and action where the level contradicts ``known`` (session, close), else None."""
    if known.is_empty():
        return None
    bars = series.bars.select("session", pl.col("close").alias("own"))
    pairs = known.sort("session").join_asof(bars, on="session", strategy="nearest", tolerance="4d").drop_nulls()
    if pairs.height < 3:
        return None
    ratios = pairs["own"] / pairs["close"]
    ratio = float(np.median(ratios.to_numpy()))
    away = int(((ratios - 1).abs() > _LEVEL_SLACK).sum())
    if abs(ratio - 1) <= _LEVEL_SLACK and away <= 0.2 * pairs.height:
        return None
    worst = pairs.with_row_index().filter((ratios - 1).abs() > _LEVEL_SLACK).row(-1, named=True)
    moves = _correlation(*(pairs.select(_log_return(side)).to_series().to_numpy()[1:] for side in ("own", "close")))
    evidence = (
        f"level is {ratio:.3g} times {name} of {series.symbol} on {away} of {pairs.height} days compared, for example "
        f"{worst['own']:,.2f} against {worst['close']:,.2f} on {worst['session']}; "
        f"moves between them correlate {moves:.2f}"
    )
    kin = "a related series, or another unit" if moves > 0.8 else "another series"
    return evidence, f"{kin} under this name: find out what it is before using it"


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    valid = np.isfinite(a) & np.isfinite(b)
    if valid.sum() < 3 or np.ptp(a[valid]) == 0 or np.ptp(b[valid]) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(a[valid], b[valid])[0, 1], -0.9999, 0.9999))


def _shift(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """``values[at]`` with NaN where ``at`` points outside."""
    inside = (at >= 0) & (at < len(values))
    return np.where(inside, values[np.clip(at, 0, len(values) - 1)], np.nan)


def _log_return(name: str) -> pl.Expr:
    ratio = pl.col(name) / pl.col(name).shift()
    return pl.when(ratio > 0).then(ratio).log().cast(pl.Float64)


@lru_cache(maxsize=1)
def _anchors() -> pl.DataFrame:
    return pl.read_csv(data_path("instruments", "anchors.csv"), try_parse_dates=True)
