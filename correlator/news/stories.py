"""Stories: articles that tell one event, found by near-duplicate headlines close in time; the first publication leads.

Two steps: headlines that share two of their rarest words are candidates (a block is compared along time, neighbour by
neighbour), then each pair is verified: its word sets agree (rapidfuzz), and numbers, subject and direction do not
differ.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

WINDOW = timedelta(hours=72)
THRESHOLD = 85.0
RAREST = 4
NEIGHBOURS = 4
PAIRS_AT_ONCE = 200_000
SAME_WORD = 78.0
SHORTEST = 5  # words: fewer match too much by being left out of a longer headline
_UP = frozenset(
    (
        "up",
        "higher",
        "rise",
        "rises",
        "rose",
        "gain",
        "gains",
        "beat",
        "beats",
        "above",
        "more",
        "buy",
        "buys",
        "upgrade",
        "upgrades",
        "raises",
    )
)
_DOWN = frozenset(
    (
        "down",
        "lower",
        "fall",
        "falls",
        "fell",
        "drop",
        "drops",
        "miss",
        "misses",
        "below",
        "less",
        "sell",
        "sells",
        "downgrade",
        "cuts",
    )
)
_DECORATION = r"^(?:update|wrapup|correction|refile|exclusive|factbox|analysis) ?\d{0,2} "


def cluster_stories(articles: pl.DataFrame, *, window: timedelta = WINDOW, threshold: float = THRESHOLD) -> pl.Series:
    """The story of each article as the row (from 0) of its first publication.

    ``articles``: headline, published_at (an article without a time tells its own story). ``window`` is the longest
    time between two tellings that follow each other; ``threshold`` the token-set ratio, 0 to 100.
    """
    words = _words(articles)
    pairs = _candidates(words, articles, window)
    parts = [_verified(part, words, threshold) for part in pairs.iter_slices(PAIRS_AT_ONCE)]
    same = pl.concat(parts) if parts else pairs
    order = _time_order(articles)
    return pl.Series("story", _connected(articles.height, same, order), dtype=pl.Int64)


def _words(articles: pl.DataFrame) -> pl.DataFrame:
    """Per row: the normalised headline and its numbers in order."""
    clean = pl.col("headline").str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()
    return articles.select(text=clean.str.replace(_DECORATION, "")).with_columns(
        numbers=pl.col("text").str.extract_all(r"\d+").list.unique().list.sort().list.join(" ")
    )


def _candidates(words: pl.DataFrame, articles: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    """Pairs of rows (left, right) that share two of their rarest words, next to each other in time."""
    dated = articles["published_at"].is_not_null()
    tokens = (
        words.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), word=pl.col("text").str.split(" "))
        .filter(dated)
        .with_columns(pl.col("word").list.eval(pl.element().filter(pl.element().str.len_chars() > 1).hash(seed=1)))
        .explode("word")
        .drop_nulls()
        .unique()
        .with_columns(count=pl.len().over("word"))
        .filter(pl.col("count") > 1)
        .sort("row", "count", "word")
        .group_by("row", maintain_order=True)
        .agg(pl.col("word").head(RAREST))
    )
    word = pl.col("word")
    single = tokens.filter(word.list.len() == 1).select("row", key=word.list.get(0, null_on_oob=True))
    blocks = [single]
    for first in range(RAREST):
        for second in range(first + 1, RAREST):
            one, two = (word.list.get(place, null_on_oob=True) for place in (first, second))
            key = (pl.min_horizontal(one, two) ^ (pl.max_horizontal(one, two).hash(seed=2))).alias("key")
            blocks.append(tokens.select("row", key).drop_nulls("key"))
    shared = pl.concat(blocks).filter(pl.col("key").is_duplicated())
    times = articles.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), time="published_at")
    block = shared.join(times, on="row").sort("key", "time", "row")
    found = []
    for step in range(1, NEIGHBOURS + 1):
        near = (pl.col("key") == pl.col("key").shift(step)) & (pl.col("time") - pl.col("time").shift(step) <= window)
        found.append(
            block.select(left=pl.col("row").shift(step), right="row", near=near).filter("near").drop("near").unique()
        )
    return pl.concat(found).unique()


def _verified(pairs: pl.DataFrame, words: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Pairs whose word sets agree and whose numbers do not differ."""
    from rapidfuzz import fuzz, process

    if pairs.is_empty():
        return pairs
    left, right = words[pairs["left"]], words[pairs["right"]]
    agree = ((left["numbers"] == right["numbers"]) | (left["numbers"] == "") | (right["numbers"] == "")).to_numpy()
    pairs, left, right = pairs.filter(agree), left.filter(agree), right.filter(agree)
    if pairs.is_empty():
        return pairs
    texts = left["text"].to_list(), right["text"].to_list()
    sets = process.cpdist(*texts, scorer=fuzz.token_set_ratio, dtype=np.float32)
    whole = process.cpdist(*texts, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    close = (sets >= threshold) & (whole >= threshold - 20.0)
    told = [bool(near) and not _contradict(one, two) for near, one, two in zip(close, *texts, strict=True)]
    return pairs.filter(pl.Series(told, dtype=pl.Boolean))


def _contradict(one: str, two: str) -> bool:
    """Whether each headline has a word that is no variant of any word of the other: another subject or direction.

    A retelling adds words, leaves words out or spells one otherwise; one that replaces words may tell another event.
    """
    from rapidfuzz import fuzz

    left, right = set(one.split()), set(two.split())
    new_left, new_right = left - right, right - left
    if not new_left or not new_right:
        return min(len(left), len(right)) < SHORTEST
    if (new_left & _UP and new_right & _DOWN) or (new_left & _DOWN and new_right & _UP):
        return True
    fewer, more = sorted((new_left, new_right), key=len)
    return any(max(fuzz.ratio(word, other) for other in more) < SAME_WORD for word in fewer)


def _time_order(articles: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rank of each row in time, ties in the order given."""
    ranks: np.ndarray[tuple[int], np.dtype[np.int64]] = (
        articles["published_at"]
        .dt.epoch("us")
        .fill_null(np.iinfo(np.int64).max)
        .rank("ordinal")
        .to_numpy()
        .astype(np.int64)
    )
    return ranks


def _connected(rows: int, pairs: pl.DataFrame, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[int]:
    """For each row the earliest row that it is joined to by pairs."""
    parent = list(range(rows))
    rank = order.tolist()

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for left, right in pairs.select("left", "right").iter_rows():
        one, two = root(left), root(right)
        if one != two:
            first, second = (one, two) if rank[one] < rank[two] else (two, one)
            parent[second] = first
    return [root(row) for row in range(rows)]
