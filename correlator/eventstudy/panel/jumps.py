"""Jumps and stale prices in frames, found by the price audit, as findings of the panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from correlator.errors import warn
from correlator.eventstudy.panel.flagged import findings_on, without_flagged
from correlator.eventstudy.panel.frames import Panel
from correlator.eventstudy.request.spec import DROP, KEEP, StudySpec

MOST_BARS = 150_000
"""Most bars of a frame that are checked unless flagged bars are dropped: it takes some microseconds a bar."""
_OTHER_NAME = "\0benchmark"


def with_jumps(panel: Panel, spec: StudySpec) -> Panel:
    """Return the panel of a frame with doubtful bars marked or left out, as ``spec.flagged`` says."""
    marked = with_marked_jumps(panel, spec)
    return without_flagged(marked) if spec.flagged == DROP else marked


def with_marked_jumps(panel: Panel, spec: StudySpec) -> Panel:
    """Return the panel with doubtful bars marked, unless ``spec.flagged`` is to keep them. Warns of them in one line.

    Doubtful is a bar that looks like a split, a change of unit, a break or, if daily, a price filled forward, by closes
    alone: there are no volumes or price limits. Of intraday bars the closes of their days in the zone of the exchange
    (default: that of the labels) are compared, and the first bar of a day is marked.
    """
    if spec.flagged == KEEP or len(panel.labels) < 2:
        return panel
    if spec.flagged != DROP and panel.returns.size > MOST_BARS:
        return panel
    jumps = _jumps(panel, spec)
    if jumps.is_empty():
        return panel
    first = jumps.sort("session", "symbol").row(0, named=True)
    name = spec.benchmark if first["symbol"] == _OTHER_NAME else first["symbol"]
    count = f"{jumps.height} bar looks" if jumps.height == 1 else f"{jumps.height} bars look"
    consequence = "left out" if spec.flagged == DROP else "marked in the column findings"
    warn(
        f"{count} like a split, a change of unit, a break or a price filled forward, {consequence}: first {name} "
        f"{first['session']}, {first['check']}"
    )
    return replace(panel, findings=findings_on(jumps, panel.labels, panel.symbols, _benchmark(panel, spec)))


def warn_of_volume_units(panel: Panel, spec: StudySpec) -> None:
    """Warn of the first fifty-fold change of the usual volume of a symbol, as from shares to thousands of shares.

    ``panel``: log volumes (T, S) as returns. Daily volumes only; skipped as jumps are.
    """
    from correlator.market.audit.findings import Series
    from correlator.market.audit.levels import volume_units

    if spec.flagged == KEEP or panel.labels.dtype != pl.Date or panel.returns.size > MOST_BARS:
        return
    for name, logs in zip(panel.symbols, panel.returns.T, strict=True):
        bars = pl.DataFrame({"session": panel.labels, "volume": pl.Series(np.exp(logs)).fill_nan(None)})
        for found in volume_units(Series(name, "", bars, None, None))[:1]:
            day, text = found.select("session", "evidence").row(0)
            warn(f"volumes of {name} change their unit on {day}: {text}. Bring them to one unit")


def _benchmark(panel: Panel, spec: StudySpec) -> str | None:
    """Return the name of the benchmark in findings; None if it is a mean of the symbols, or there is none."""
    if panel.factors is None or panel.own_benchmark is not None or len(panel.factor_names) != 1:
        return None
    return spec.benchmark if spec.benchmark in panel.symbols else _OTHER_NAME


def _jumps(panel: Panel, spec: StudySpec) -> pl.DataFrame:
    """Return symbol, session (the label of the bar), check and until (null) of every jump and every stale price.

    A price is stale if it repeats the close before it in a series that hardly ever does.
    """
    from correlator.market.audit.findings import Series
    from correlator.market.audit.levels import jumps
    from correlator.market.audit.repeats import runs_of_one_close

    columns = dict(zip(panel.symbols, panel.returns.T, strict=True))
    kinds: dict[str, str | None] = dict.fromkeys(columns)
    benchmark = _benchmark(panel, spec)
    if benchmark is not None and panel.factors is not None:
        columns[benchmark], kinds[benchmark] = panel.factors[:, 0], "index"
    daily = panel.labels.dtype == pl.Date
    days = panel.labels if daily else panel.local_labels.dt.date()
    schema = {"symbol": pl.String(), "session": panel.labels.dtype, "check": pl.String()}
    parts = [pl.DataFrame(schema=schema)]
    for name, returns in columns.items():
        logs = returns if spec.returns == "log" else np.log1p(returns)
        traded = pl.Series(~np.isnan(logs))
        if traded.sum() < 2:
            continue
        levels = np.exp(np.clip(np.nancumsum(logs), -600.0, 600.0))
        bars = _by_day(pl.DataFrame({"at": panel.labels, "session": days, "close": levels}).filter(traded), daily=daily)
        series = Series(name, "", bars, None, kinds[name])
        found = [jumps(series), *([runs_of_one_close(series, bars)] if daily else [])]
        doubted = pl.concat(found).filter(pl.col("severity") != "low").join(bars, on="session", maintain_order="left")
        parts.append(doubted.select("symbol", "check", session="at").select(*schema))
    return pl.concat(parts).with_columns(until=pl.lit(None, panel.labels.dtype))


def _by_day(bars: pl.DataFrame, *, daily: bool) -> pl.DataFrame:
    """Return one bar per session: its first label ``at`` and, of intraday bars, open and close of its bars."""
    unknown = [pl.lit(None, pl.Float64).alias(name) for name in ("open", "high", "low", "volume")]
    if daily:
        return bars.with_columns(unknown)
    first, last = pl.col("at", "close").first(), pl.col("close").last().alias("last")
    whole = bars.group_by("session", maintain_order=True).agg(first, last)
    return whole.with_columns(unknown).with_columns(open="close", close="last").drop("last")
