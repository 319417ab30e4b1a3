"""The benchmark of a study of the store: which one to use, its members, and when it closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from correlator.config import setting
from correlator.errors import NotFoundError, listed, warn
from correlator.eventstudy.estimation.models import model_named
from correlator.eventstudy.panel.benchmark import EQUAL_WEIGHTED, FEWEST_MEMBERS, benchmark_of_exchange
from correlator.eventstudy.panel.frames import Array
from correlator.eventstudy.request.spec import StudySpec
from correlator.intake.instruments import names_in
from correlator.market.audit.findings import is_of_series
from correlator.sessions.calendars import sessions_between
from correlator.store.bar_arrays import read_bar_arrays
from correlator.store.reading import read_bars, read_instrument, read_instrument_rows, symbols_with_bars
from correlator.store.statements import query

MOST_AUDITED_BARS = 500_000
"""Maximum number of members' bars that a study audits; an audit takes some microseconds per bar."""

ADJUSTED_AWAY = ("split-like", "level-break", "beyond-limit")
"""Findings on unadjusted closes that do not affect a study of adjusted ones."""

_SAME_TIME = timedelta(minutes=60)


def benchmark_of(
    connection: duckdb.DuckDBPyConnection, symbols: Sequence[str], exchange: str, spec: StudySpec
) -> str | None:
    """Return the benchmark of the symbols of an exchange.

    The one given, that of the settings, one that all instruments share and that has bars, or equal-weighted.
    """
    benchmark = benchmark_of_exchange(spec.benchmark, exchange)
    if benchmark is not None and benchmark != EQUAL_WEIGHTED:
        return names_in(connection).symbol_of(benchmark) or benchmark
    if benchmark is not None or not model_named(spec.model).needs_benchmark:
        return benchmark
    chosen = names_in(connection).row(setting("benchmark") or "")
    rows = read_instrument_rows(connection, symbols).values()
    if chosen is not None and {row["exchange"] for row in rows} == {chosen["exchange"]}:
        return chosen["symbol"]
    named = {row["benchmark"] for row in rows}
    if len(named) == 1 and (name := named.pop()) in symbols_with_bars(connection, spec.interval, spec.as_of):
        return name
    return EQUAL_WEIGHTED


def shares_of(connection: duckdb.DuckDBPyConnection, exchange: str, interval: str, as_of: datetime | None) -> list[str]:
    """Return shares of ``exchange`` with bars of ``interval`` known at ``as_of``; NotFoundError for fewer than two."""
    shares = query(
        connection,
        """
        SELECT symbol FROM share_series WHERE exchange = $exchange AND "interval" = $interval
            AND ($as_of::TIMESTAMPTZ IS NULL OR first_known_at <= $as_of) ORDER BY symbol
        """,
        {"exchange": exchange, "interval": interval, "as_of": as_of},
    )["symbol"].to_list()
    if len(shares) < 2:
        raise NotFoundError(
            f"an equal-weighted benchmark needs at least two shares of {exchange}",
            hint="name a benchmark, add more prices, or use the model 'mean', which needs no benchmark",
        )
    return [str(share) for share in shares]


def without_doubted(
    connection: duckdb.DuckDBPyConnection,
    returns: Array,
    members: Sequence[str],
    labels: pl.Series,
    *,
    price: str,
    as_of: datetime | None,
) -> tuple[Array, list[str]]:
    """Return members' returns (T, M) without those affected by findings of high severity, and notes on the removal.

    A member whose whole series is doubtful is removed, unless at least half of them are; for a doubtful bar its return
    and the next one are removed.
    """
    if returns.size > MOST_AUDITED_BARS:
        return returns, ["members not audited (too many bars; run `correlator check prices`)"]
    bars = read_bars(connection, members, as_of=as_of).with_columns(pl.lit("store").alias("source"))
    instruments = {str(row["symbol"]): row for row in query(connection, "SELECT * FROM instruments").to_dicts()}
    from correlator.market.audit.prices import audit_prices

    high = audit_prices(bars, None, instruments=instruments).filter(pl.col("severity") == "high")
    if price == "adjusted":
        high = without_adjusted_away(connection, high, members, as_of)
    return _dropped(returns, members, labels, high)


def without_adjusted_away(
    connection: duckdb.DuckDBPyConnection, findings: pl.DataFrame, symbols: Sequence[str], as_of: datetime | None
) -> pl.DataFrame:
    """Return the findings about ``symbols`` that concern a study of adjusted closes.

    Those of ``ADJUSTED_AWAY`` are about plain closes, which it uses before the first and after the last adjusted one.
    """
    adjusted = query(
        connection,
        """
        SELECT symbol, min(session) AS first, max(session) AS last FROM bars_known($as_of, $symbols)
        WHERE "interval" = '1d' AND adjusted_close IS NOT NULL GROUP BY symbol
        """,
        {"symbols": list(symbols), "as_of": as_of},
    )
    inside = (pl.col("session") > pl.col("first")) & (pl.col("session") <= pl.col("last"))
    away = inside.fill_null(value=False) & pl.col("check").is_in(ADJUSTED_AWAY)
    return findings.join(adjusted, on="symbol", how="left", maintain_order="left").filter(~away).drop("first", "last")


def _dropped(returns: Array, members: Sequence[str], labels: pl.Series, high: pl.DataFrame) -> tuple[Array, list[str]]:
    doubtful = set(high.filter(is_of_series())["symbol"])
    # If most series are doubtful, for example because none of them move together, none can be singled out.
    removed = doubtful if 2 * len(doubtful) < len(members) else set()
    column_of = {name: column for column, name in enumerate(members)}
    kept = returns.copy()
    kept[:, [column_of[name] for name in sorted(removed)]] = np.nan
    single = (
        high.filter(~is_of_series(), pl.col("session").is_in(labels.implode())).select("symbol", "session").unique()
    )
    single = single.filter(~pl.col("symbol").is_in(list(removed)))
    rows = labels.search_sorted(single["session"]).to_numpy().astype(np.int64)
    columns = np.array([column_of[name] for name in single["symbol"]], dtype=np.int64)
    kept[rows, columns] = np.nan
    after = rows + 1 < len(kept)
    kept[rows[after] + 1, columns[after]] = np.nan
    notes = []
    if doubtful and not removed:
        notes.append(f"{len(doubtful)} of {len(members)} members are doubtful, see `correlator check prices`")
    if removed:
        notes.append(f"{listed(sorted(removed), 3)} left out by the audit")
    if len(rows):
        notes.append(f"{len(rows):,} doubtful bar{'' if len(rows) == 1 else 's'} left out")
    return kept, notes


def note_of_mean(exchange: str, others: Sequence[int], notes: Sequence[str]) -> str:
    """Return a description of an equal-weighted benchmark; warn if it has few members."""
    fewest, most = int(min(others)), int(max(others))
    if fewest == 0:
        raise NotFoundError(
            f"there is no equal-weighted benchmark: no other share of {exchange} has bars that pass the audit",
            hint="name a benchmark, or add more prices",
        )
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    share = "share" if most == 1 else "shares"
    text = f"equal-weighted mean of {count} other {share} of {exchange}, the share itself left out"
    if fewest >= FEWEST_MEMBERS:
        text += f", on sessions with at least {FEWEST_MEMBERS}"
    else:
        warn(
            f"the benchmark is the {text}: with so few shares, their own events affect every abnormal return; name an "
            "index as the benchmark if there is one"
        )
    return "; ".join([text, *notes])


@dataclass(frozen=True)
class Timing:
    """The ``exchange`` of a benchmark, and how much ``later`` than the share's exchange it closes on the same date."""

    exchange: str
    later: timedelta

    @property
    def differs(self) -> bool:
        return abs(self.later) > _SAME_TIME

    @property
    def words(self) -> str:
        """The difference in words, such as ``1.5 h after``."""
        return f"{abs(self.later.total_seconds()) / 3600:.1f} h {'after' if self.later > timedelta(0) else 'before'}"


def timing_of(connection: duckdb.DuckDBPyConnection, benchmark: str, exchange: str, labels: pl.Series) -> Timing:
    """Return when ``benchmark`` closes relative to ``exchange``: the median over dates with a session on both."""
    other = read_instrument(connection, benchmark)["exchange"]
    if other is None or other == exchange:
        return Timing(exchange, timedelta(0))
    first, last = labels[0], labels[-1]
    own = sessions_between(exchange, first, last).select("session", own="closes_at")
    both = own.join(sessions_between(other, first, last).select("session", other="closes_at"), on="session")
    difference = (both["other"] - both["own"]).median()
    return Timing(str(other), difference if isinstance(difference, timedelta) else timedelta(0))


def timed(timing: Timing, benchmark: str, exchange: str, session: str) -> str:
    """Return a note on the time of the benchmark's close, empty if it is that of the share; warn if it differs."""
    if session == "previous":
        return f"its session before that of {exchange}"
    if not timing.differs:
        return ""
    timing_text = f"closes {timing.words} {exchange}"
    remedy = (
        "its return includes news from after the close of the share; use its previous session instead "
        "(benchmark_session='previous')"
        if timing.later > timedelta(0)
        else "its return does not include the news of the hours in between"
    )
    warn(f"benchmark {benchmark} ({timing.exchange}) {timing_text}: {remedy}")
    return f"of {timing.exchange}, {timing_text}"


def previous_session_prices(
    connection: duckdb.DuckDBPyConnection,
    benchmark: str,
    calendar: str,
    labels: pl.Series,
    *,
    as_of: datetime | None,
) -> dict[str, Array]:
    """Return closes and adjusted closes (T, 1) of the benchmark's last session before each date of ``labels``.

    A session without a bar is missing; nothing is carried forward.
    """
    first: date = labels[0]
    sessions = sessions_between(calendar, first - timedelta(days=30), labels[-1])["session"]
    grid = read_bar_arrays(connection, [benchmark], sessions, fields=("close", "adjusted_close"), as_of=as_of)
    before = sessions.search_sorted(labels, side="left").to_numpy().astype(np.int64) - 1
    return {name: np.where(before[:, None] >= 0, values[before], np.nan) for name, values in grid.fields.items()}
