"""Findings of an audit, as rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from correlator.sessions.exchanges import exchange_named

SEVERITIES = ("high", "medium", "low")
OF_SERIES = (
    "utc-stamps",
    "not-what-it-claims",
    "sources-disagree",
    "vintages-differ",
    "hole",
    "short-history",
    "no-exchange",
)
SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "session": pl.Date(),
    "check": pl.String(),
    "severity": pl.Enum(SEVERITIES),
    "evidence": pl.String(),
    "action": pl.String(),
    "source": pl.String(),
}


@dataclass(frozen=True)
class Series:
    """One symbol's daily bars from one source, in order of session, with facts of its instrument.

    ``bars``: columns of ``tables.BARS``; ``kind``: share, index, fx, ... or None if it is not known; ``benchmark``:
    the symbol that it is compared with.
    """

    symbol: str
    source: str
    bars: pl.DataFrame
    exchange: str | None
    kind: str | None
    benchmark: str | None = None

    @property
    def calendar(self) -> str | None:
        """The calendar of its exchange; exchanges that share a calendar are one market."""
        return exchange_named(self.exchange).calendar if self.exchange else None

    @property
    def first(self) -> date:
        return self.bars["session"][0]  # type: ignore[no-any-return]

    @property
    def last(self) -> date:
        return self.bars["session"][-1]  # type: ignore[no-any-return]

    def finding(
        self, check: str, severity: str, evidence: str, action: str, *, session: date | None = None
    ) -> pl.DataFrame:
        """Return one finding about the whole series; ``session``: the first one concerned, default the first bar's."""
        row = (self.symbol, session or self.first, check, severity, evidence, action, self.source)
        return pl.DataFrame([row], schema=SCHEMA, orient="row")

    def per_bar(
        self, rows: pl.DataFrame, check: str, severity: str | pl.Expr, evidence: str, *, action: str
    ) -> pl.DataFrame:
        """Return one finding per row of ``rows``; ``evidence`` is a format string over its columns."""
        if rows.is_empty():
            return pl.DataFrame(schema=SCHEMA)
        grade = pl.lit(severity) if isinstance(severity, str) else severity
        texts = [evidence.format_map(_readable(row)) for row in rows.iter_rows(named=True)]
        return rows.select(
            pl.lit(self.symbol).alias("symbol"),
            "session",
            pl.lit(check).alias("check"),
            grade.cast(SCHEMA["severity"]).alias("severity"),
            pl.Series("evidence", texts),
            pl.lit(action).alias("action"),
            pl.lit(self.source).alias("source"),
        )


def _readable(row: dict[str, object]) -> dict[str, str]:
    """Format values for people: numbers without trailing zeros, ``not given`` for missing ones."""
    return {name: _written(value) for name, value in row.items()}


def _written(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "not given"
    return _figure(value) if isinstance(value, float) else str(value)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")


def is_of_series() -> pl.Expr:
    """Return an expression: whether a finding is about a whole series."""
    return pl.col("check").is_in(OF_SERIES) | pl.col("check").str.starts_with("shifted")


def together(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Concatenate findings: worst first, whole series before single bars, then by symbol, check and session."""
    frames = [part for part in parts if not part.is_empty()]
    if not frames:
        return pl.DataFrame(schema=SCHEMA)
    return pl.concat(frames).sort("severity", ~is_of_series(), "symbol", "source", "check", "session")


def summarise(findings: pl.DataFrame) -> pl.DataFrame:
    """Return one row per series and check: symbol, check, severity, bars, first, last, evidence, action, source.

    ``bars`` counts the findings; the evidence is that of the first, and says how many more there are.
    """
    grouped = findings.group_by("severity", "symbol", "source", "check", "action", maintain_order=True).agg(
        pl.len().alias("bars"),
        pl.col("session").min().alias("first"),
        pl.col("session").max().alias("last"),
        pl.col("evidence").first(),
    )
    more = pl.format("{} (and {} more)", "evidence", pl.col("bars") - 1)
    return grouped.with_columns(pl.when(pl.col("bars") > 1).then(more).otherwise("evidence").alias("evidence")).select(
        "symbol", "check", "severity", "bars", "first", "last", "evidence", "action", "source"
    )


def shown(days: Sequence[date], limit: int = 6) -> str:
    """Return the first few days as text."""
    text = ", ".join(str(day) for day in days[:limit])
    return f"{text} and {len(days) - limit} more" if len(days) > limit else text
