"""Forecast every stored event from what was known before it, and compare the forecasts with the outcomes."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from correlator.align.day_zero import place_on_exchanges
from correlator.base.progress import tracked
from correlator.brief.make import requests_of
from correlator.brief.options import WINDOWS, brief_windows, checked_flagged
from correlator.brief.pool import Codes, history_of, on_rows
from correlator.brief.predictive import LEVELS, interval_levels
from correlator.brief.record import Record, walk_forward
from correlator.brief.series import measured
from correlator.errors import NotFoundError, counted
from correlator.events.scope import DOMESTIC, scope_column
from correlator.eventstudy.request.readers import instant
from correlator.eventstudy.request.spec import MARK
from correlator.eventstudy.request.windows import AsWindow, OffsetWindow
from correlator.research.concerned import Concerned, with_bars
from correlator.research.known import known_bars, known_sessions
from correlator.research.precedents import Reach, concerning, near_events
from correlator.sessions.calendars import AFTER_CLOSE
from correlator.store.db import Store

Array = NDArray[np.float64]

SESSIONS = 10_080
"""Sessions of history used by an evaluation; a brief uses 2,520."""
BAND = 0.99
ALL = "all"
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Evaluation:
    """The evaluated forecasts.

    ``forecasts`` has one row per forecast: symbol, window, session (day 0), category, pit and ordinary_pit (the
    probability of a lower outcome by the forecast and by the distribution of ordinary sessions), width (of the 80 %
    interval, as a multiple of the ordinary one), score and ordinary_score (mean pinball loss at the ends of the
    intervals and the median, in standard errors). ``skipped``: symbols that could not be measured.
    """

    forecasts: pl.DataFrame
    skipped: tuple[str, ...]

    def __repr__(self) -> str:
        skipped = f"; not measured: {', '.join(self.skipped)}" if self.skipped else ""
        symbols = counted(self.forecasts["symbol"].n_unique(), "symbol")
        return f"Evaluation: {counted(self.forecasts.height, 'forecast')} of {symbols}{skipped}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.table()._repr_html_()}"

    def table(self) -> pl.DataFrame:
        """Return one row per window and category, and one per window for ``all`` categories.

        Columns: window, category, briefs, dates; per level held_50 (share of intervals that contained the outcome) and
        in_band_50 (whether that share lies in the binomial 99 % band of its level for this number of dates);
        pit_distance (Kolmogorov distance of the probability integral transform from uniform) and pit_p by dates;
        width_80, the mean width of 80 % intervals over that of ordinary sessions; skill, 1 - score / ordinary score,
        with its 95 % interval.
        """
        rows = []
        for window in self.forecasts["window"].unique(maintain_order=True):
            of_window = self.forecasts.filter(pl.col("window") == window)
            rows.append(_row(window, ALL, of_window))
            parts = of_window.sort("category").partition_by("category", maintain_order=True)
            rows += [_row(window, part["category"][0], part) for part in parts]
        return pl.DataFrame(rows, schema_overrides={"window": pl.String})

    def pit(self) -> pl.DataFrame:
        """Return the number of outcomes in each tenth of their forecast: window, tenth (1 to 10), briefs.

        The tenths of calibrated forecasts have equal numbers.
        """
        tenth = (pl.col("pit") * 10).floor().clip(0, 9).cast(pl.Int64) + 1
        return self.forecasts.group_by("window", tenth.alias("tenth")).agg(briefs=pl.len()).sort("window", "tenth")


def evaluate(
    store: Store,
    *,
    at: str | datetime | None = None,
    symbols: str | Sequence[str] | None = None,
    windows: AsWindow | Sequence[AsWindow] = WINDOWS,
    benchmark: str | None = None,
    date_only: str = AFTER_CLOSE,
    flagged: str = MARK,
) -> Evaluation:
    """Walk forward over all stored events, and forecast each from the sessions that had closed before it was known.

    Parameters
    ----------
    at
        The instant as of which the store is read; default now.
    symbols
        Instruments; default: all with bars.
    windows, benchmark, date_only, flagged
        As in ``brief``.

    Returns
    -------
    Evaluation
        ``table()`` for coverage, sharpness and skill, ``pit()`` for the probability integral transform.

    Raises
    ------
    NotFoundError
        If no stored event could be forecast.

    Examples
    --------
    >>> evaluate(store).table()  # doctest: +SKIP
    """
    moment = instant(at, "at") if at is not None else datetime.now(UTC)
    assert moment is not None
    chosen = brief_windows(windows)
    given = [symbols] if isinstance(symbols, str) else list(symbols or ())
    names = [part.strip() for each in given for part in each.split(",") if part.strip()]
    rows: list[pl.DataFrame] = []
    skipped: list[str] = []
    with store.studying() as connection:
        instruments = with_bars(connection, names)
        walk = _Walk(connection, moment, chosen, benchmark, date_only, checked_flagged(flagged))
        for instrument in tracked(instruments, "briefs", len(instruments)):
            evaluated = walk.of(instrument)
            rows += evaluated
            if not any(frame.height for frame in evaluated):
                skipped.append(instrument.symbol)
    forecasts = [frame for frame in rows if frame.height]
    if not forecasts:
        raise NotFoundError(
            "no stored event could be forecast",
            hint="a forecast needs daily bars, and five earlier dates of the same category or dyad with bars",
        )
    return Evaluation(pl.concat(forecasts).sort("window", "session", "symbol", maintain_order=True), tuple(skipped))


@dataclass(frozen=True)
class _Walk:
    """The options of one walk through a store."""

    connection: duckdb.DuckDBPyConnection
    at: datetime
    windows: tuple[OffsetWindow, ...]
    benchmark: str | None
    date_only: str
    flagged: str

    def of(self, instrument: Concerned) -> list[pl.DataFrame]:
        """Return the forecasts of one instrument, a frame per window."""
        sessions = known_sessions(instrument.exchange, self.at, SESSIONS)
        if sessions is None:
            return []
        requests, names = requests_of(self.connection, [instrument], instrument.exchange, self.benchmark)
        bars = known_bars(self.connection, names, sessions, self.at)
        (numbers,) = measured(bars, requests, self.windows, flagged=self.flagged)
        countries = (instrument.country,) if instrument.country else ()
        near = near_events(self.connection, Reach((instrument.symbol,), countries, _LONG_AGO, self.at))
        near = near.filter((scope_column() != DOMESTIC) | (pl.col("coder") == "user"))
        pairs = concerning(self.connection, near, [(instrument.symbol, instrument.country)])
        concerned = near.join(pairs.select("event_id"), on="event_id", how="semi", maintain_order="left")
        placed = place_on_exchanges(concerned, [instrument.exchange], date_only=self.date_only).filter(
            pl.col("day_zero").is_not_null()
        )
        events = on_rows(placed, sessions)
        if events.is_empty():
            return []
        codes = Codes.of(events)
        groups = codes.groups(events)
        frames = []
        for w, window in enumerate(self.windows):
            record = walk_forward(history_of(events, numbers, w, groups=groups))
            frames.append(_frame(record, codes, sessions.labels, instrument.symbol, window=window.label))
        return frames


def _frame(record: Record, codes: Codes, labels: pl.Series, symbol: str, *, window: str) -> pl.DataFrame:
    names = [category for _, category in codes.categories]
    levels = interval_levels()
    forecast, plain = (
        distribution.quantiles(levels) for distribution in (record.forecast.events, record.forecast.sessions)
    )
    low, high = (int(np.argmin(np.abs(levels - end))) for end in (0.1, 0.9))
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(record),
            "window": [window] * len(record),
            "session": labels.gather(record.rows),
            "category": pl.Series([names[code] for code in record.groups.category], dtype=pl.String),
            "pit": record.pit,
            "ordinary_pit": record.ordinary_pit,
            "width": (forecast[:, high] - forecast[:, low]) / (plain[:, high] - plain[:, low]),
            "score": _score(forecast, levels, record.z),
            "ordinary_score": _score(plain, levels, record.z),
        }
    )


def _score(quantiles: Array, levels: Array, outcomes: Array) -> Array:
    """Return the mean pinball loss (M,) of quantiles (M, L) at ``levels`` (L,) (Gneiting & Raftery 2007)."""
    error = outcomes[:, None] - quantiles
    return np.asarray(np.maximum(levels * error, (levels - 1.0) * error).mean(axis=1))


def _row(window: str, category: str, forecasts: pl.DataFrame) -> dict[str, object]:
    from scipy.stats import binom, kstwobign

    briefs, dates = forecasts.height, forecasts["session"].n_unique()
    pit = np.sort(forecasts["pit"].to_numpy())
    row: dict[str, object] = {"window": window, "category": category, "briefs": briefs, "dates": dates}
    for level in LEVELS:
        held = float((np.abs(pit - 0.5) <= level / 2.0).mean())
        low, high = (float(binom.ppf(q, dates, level)) / dates for q in ((1 - BAND) / 2, (1 + BAND) / 2))
        row |= {f"held_{level * 100:g}": held, f"in_band_{level * 100:g}": low - 1e-9 <= held <= high + 1e-9}
    steps = np.arange(1, briefs + 1) / briefs
    distance = float(np.maximum(steps - pit, pit - steps + 1.0 / briefs).max())
    by_date = forecasts.group_by("session", maintain_order=True).agg(
        pl.col("score").mean(), pl.col("ordinary_score").mean()
    )
    gain = (by_date["ordinary_score"] - by_date["score"]).to_numpy()
    plain = float(by_date["ordinary_score"].to_numpy().mean())
    error = float(gain.std(ddof=1) / np.sqrt(dates)) if dates > 1 else float("nan")
    return {
        **row,
        "pit_distance": distance,
        "pit_p": float(kstwobign.sf(distance * np.sqrt(dates))),
        "width_80": float(forecasts["width"].to_numpy().mean()),
        "skill": float(gain.mean()) / plain,
        "skill_low": (float(gain.mean()) - 1.96 * error) / plain,
        "skill_high": (float(gain.mean()) + 1.96 * error) / plain,
    }
