"""Other stories in the window of a headline, to which the market may react instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb
import polars as pl

from correlator.brief.model import Confound
from correlator.research.concerned import Concerned
from correlator.research.precedents import concerning

BEFORE = 1
"""Sessions before day 0 in which another story is also a confound."""


def confounds_on(
    connection: duckdb.DuckDBPyConnection,
    placed: pl.DataFrame,
    instruments: Sequence[Concerned],
    span: Sequence[date],
    *,
    headline: str,
) -> dict[int, Confound]:
    """Return the stories of ``placed`` events that concern ``instruments`` with ``day_zero`` in ``span``, by story,
    without the ``headline`` itself.
    """
    placed = placed.filter(pl.col("day_zero").is_in(list(span)))
    pairs = concerning(connection, placed, [(each.symbol, each.country) for each in instruments])
    symbols = dict(pairs.group_by("event_id", maintain_order=True).agg("symbol").iter_rows())
    by_story: dict[int, Confound] = {}
    for event in placed.iter_rows(named=True):
        number = event["event_id"]
        story = -number - 1 if event["story_id"] is None else event["story_id"]
        same = (event["headline"] or "").casefold() == headline.casefold()
        if number in symbols and story not in by_story and not same:
            by_story[story] = Confound(
                number,
                event["known_at"],
                tuple(symbols[number]),
                event["day_zero"],
                event["category"],
                event["headline"],
            )
    return by_story
