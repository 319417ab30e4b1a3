"""The normalised words of articles, one row each, which stories are joined by, and whether they recur daily."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from correlator.news.stories.numbers import number_columns
from correlator.news.stories.words import BEHIND_COMMA, DONE_BY, TAIL, TO_COME, meant, words_of

SHORTEST = 4  # words of a main clause; shorter ones match too easily
FORMULA_DAYS = 3


def words_of_articles(articles: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    """Return per row: time, headline, normalised words of headline (text) and main clause, and whether it is daily.

    ``voices``: future and passive verbs, which the normalised words do not show.
    """
    headlines = articles["headline"].unique()
    firsts = headlines.str.replace(TAIL, "").str.replace(BEHIND_COMMA, "${1}")
    number = r"\b\d[\d_]*\b"
    texts = pl.concat([headlines, firsts]).unique()  # most headlines are just their main clause
    known = pl.DataFrame({"headline": texts, "text": meant(texts)})
    clauses = known.rename({"headline": "first", "text": "clause"})
    words = (
        pl.DataFrame({"headline": headlines, "first": firsts})
        .join(known, on="headline", how="left")
        .join(clauses, on="first", how="left")
        .with_columns(long=pl.col("clause").str.count_matches(" ") >= SHORTEST - 1)
    )
    numbered = words.filter(pl.col("text").str.contains(r"\d")).select(
        "headline", *(column for name in ("text", "clause") for column in number_columns(pl.col(name), name))
    )
    words = words.join(numbered, on="headline", how="left", maintain_order="left").with_columns(
        voices=pl.concat_list(pl.col("headline").str.extract_all(TO_COME), pl.col("headline").str.extract_all(DONE_BY))
        .list.sort()
        .list.join(" ")
    )
    rows = articles.select("headline", time="published_at").join(
        words, on="headline", how="left", maintain_order="left"
    )
    rows = rows.with_columns(formula=pl.col("text").str.replace_all(number, "0"))
    daily = pl.col("clause").map_elements(_is_daily, return_dtype=pl.Boolean, skip_nulls=True)
    return rows.with_columns(daily=daily | _recurs(rows, window))


def _recurs(rows: pl.DataFrame, window: timedelta) -> pl.Series:
    """Return whether the same words, apart from numbers, occur on ``FORMULA_DAYS`` days or more around each row.

    Only days within ``window`` of the row count, so that stories do not depend on what else is compared at once.
    """
    day = pl.col("time").dt.date()
    often = day.n_unique().over("formula") >= FORMULA_DAYS
    days = rows.filter(often & pl.col("time").is_not_null()).select("formula", day=day).unique()
    span = pl.duration(days=window.days)
    around = days.join(days, on="formula", suffix="_other").filter((pl.col("day") - pl.col("day_other")).abs() <= span)
    counts = around.group_by("formula", "day").agg(recurs=pl.len() >= FORMULA_DAYS)
    keyed = rows.select("formula", day=day).join(counts, on=["formula", "day"], how="left", maintain_order="left")
    return keyed["recurs"].fill_null(value=False)


def _is_daily(text: str) -> bool:
    """Whether words report a daily market move or a daily publication."""
    words, sets = frozenset(text.split()), words_of()
    moves = words & (sets.daily | sets.up | sets.down)
    return bool((words & sets.market and moves) or len(words & sets.daily) >= 2)
