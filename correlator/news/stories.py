"""Stories: articles that tell one event, close in time; the first publication leads.

Headlines that share two of their rarest words are candidates (a block is compared along time, neighbour by neighbour).
Each pair is then verified on its words as they are meant (``story_words``): who did what to whom decides. Word sets
agree; numbers, direction, denial and likelihood do not differ; names stand in the same order, unless one of both is in
the passive. What markets do each day, and headlines that come again day after day, are not told again a day later. No
story lasts longer than the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations, pairwise

import polars as pl
from rapidfuzz import fuzz, process

from correlator.news.story_results import same_results
from correlator.news.story_words import TAIL, Told, main_clause, meant, told, words_of

WINDOW = timedelta(hours=72)
SAME_DAY = timedelta(hours=14)
THRESHOLD = 85.0
RAREST = 4
NEIGHBOURS = 4
PAIRS_AT_ONCE = 200_000
SAME_WORD = 80.0
SHORTEST = 4  # words that mean something: fewer match too much by being left out of a longer headline
LOOSER = 35.0
FORMULA_DAYS = 3
UNITS = frozenset({"million", "billion", "trillion"})
NAMES = 3
NAMES_WITH_NUMBER = 2
TELLING = 3  # digits of a number that would hardly come twice; so would one with decimals
MOST_WORDS = 0.7


def cluster_stories(
    articles: pl.DataFrame,
    *,
    fresh: pl.Series | None = None,
    window: timedelta = WINDOW,
    threshold: float = THRESHOLD,
) -> pl.Series:
    """The story of each article as the row (from 0) of its first publication.

    ``articles``: headline, published_at (an article without a time tells its own story). ``fresh`` (boolean): which
    ones are new; only these are compared, among themselves and with the others (None: all are). ``window`` is the
    longest time that a story lasts; ``threshold`` the token-set ratio, 0 to 100.
    """
    words = _words(articles)
    pairs = _candidates(words, window)
    if fresh is not None:
        pairs = pairs.filter(fresh[pairs["left"]] | fresh[pairs["right"]])
    parts = [_verified(part, words, threshold) for part in pairs.iter_slices(PAIRS_AT_ONCE)]
    same = pl.concat(parts) if parts else pairs
    return pl.Series("story", _connected(words["time"].to_list(), same, window), dtype=pl.Int64)


def _words(articles: pl.DataFrame) -> pl.DataFrame:
    """Per row: its time, headline, words as they are meant (text), and whether it comes each day."""
    headlines = articles["headline"].unique()
    firsts = headlines.str.replace(TAIL, "")
    words = pl.DataFrame({"headline": headlines, "text": meant(headlines), "clause": meant(firsts)})
    rows = articles.select("headline", time="published_at").join(
        words, on="headline", how="left", maintain_order="left"
    )
    number = r"\b\d[\d_]*\b"
    days = pl.col("time").dt.date().n_unique().over("formula") >= FORMULA_DAYS
    return rows.with_columns(
        formula=pl.col("text").str.replace_all(number, "0"),
    ).with_columns(daily=days | pl.col("clause").map_elements(_is_daily, return_dtype=pl.Boolean, skip_nulls=True))


def _is_daily(text: str) -> bool:
    """Whether words tell what a market does each day, or what is published each day."""
    words, sets = frozenset(text.split()), words_of()
    moves = words & (sets.daily | sets.up | sets.down)
    return bool((words & sets.market and moves) or len(words & sets.daily) >= 2)


def _candidates(words: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    """Pairs of rows (left, right) that share two of their rarest words, next to each other in time."""
    tokens = (
        words.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), word=pl.col("text").str.split(" "), time="time")
        .filter(pl.col("time").is_not_null())
        .with_columns(pl.col("word").list.eval(pl.element().filter(pl.element().str.len_chars() > 1).hash(seed=1)))
        .explode("word")
        .drop_nulls()
        .unique(["row", "word"])
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
    times = words.select("time", row=pl.int_range(pl.len(), dtype=pl.UInt32))
    block = shared.join(times, on="row").sort("key", "time", "row")
    found = []
    for step in range(1, NEIGHBOURS + 1):
        near = (pl.col("key") == pl.col("key").shift(step)) & (pl.col("time") - pl.col("time").shift(step) <= window)
        found.append(
            block.select(left=pl.col("row").shift(step), right="row", near=near).filter("near").drop("near").unique()
        )
    return pl.concat(found).unique()


def _verified(pairs: pl.DataFrame, words: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Pairs that tell the same: their word sets agree, and nothing of who did what to whom differs."""
    if pairs.is_empty():
        return pairs
    left, right = words[pairs["left"]], words[pairs["right"]]
    near = (right["time"] - left["time"]).abs() <= SAME_DAY
    possible = (near | ~(left["daily"] | right["daily"])).fill_null(value=False)
    pairs, left, right = pairs.filter(possible), left.filter(possible), right.filter(possible)
    if pairs.is_empty():
        return pairs
    import numpy as np

    texts = left["text"].to_list(), right["text"].to_list()
    clauses = left["clause"].to_list(), right["clause"].to_list()
    sets = process.cpdist(*texts, scorer=fuzz.token_set_ratio, dtype=np.float32)
    whole = process.cpdist(*texts, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    first = process.cpdist(*clauses, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    close = ((sets >= threshold - LOOSER / 2) & (whole >= threshold - LOOSER)) | (first >= threshold)
    headlines = zip(close, left["headline"], right["headline"], *texts, strict=True)
    same = [bool(near) and _same_event(one, two, *both) for near, one, two, *both in headlines]
    return pairs.filter(pl.Series(same, dtype=pl.Boolean))


def _same_event(one: str, two: str, left_text: str, right_text: str) -> bool:
    """Whether two headlines whose words mostly agree tell one event."""
    if left_text == right_text:
        return True  # the same words in the same order
    clauses = main_clause(one), main_clause(two)
    if clauses != (one, two) and _same_words(*clauses):
        return True
    return _same_words(one, two)


def _same_words(one: str, two: str) -> bool:
    left, right = told(one), told(two)
    if _numbers_differ(left, right):
        return False
    if same_results(one, two):
        return True
    if _replaced(left, right):
        return False
    return not _turned(left, right) and not _swapped(left, right, one, two)


def _numbers_differ(one: Told, two: Told) -> bool:
    """Whether each has a number that the other has not."""
    return bool(one.numbers - two.numbers and two.numbers - one.numbers)


def _replaced(one: Told, two: Told) -> bool:
    """Whether each has a word that is not a variant of any word of the other.

    A retelling adds words, leaves words out or spells one otherwise; one that replaces words may tell another event.
    """
    left, right = frozenset(one.words), frozenset(two.words)
    new_left, new_right = left - right, right - left
    if not (new_left & UNITS and new_right & UNITS):  # *$6.1* may leave out what *$6.1 billion* says
        new_left, new_right = new_left - UNITS, new_right - UNITS
    if not new_left or not new_right:
        return left != right and min(len(left), len(right)) < SHORTEST
    if new_left & UNITS and new_right & UNITS:
        return True
    if _one_act(one, two):
        return False
    fewer, more = sorted((new_left, new_right), key=len)
    return any(max(fuzz.ratio(word, other) for other in more) < SAME_WORD for word in fewer)


def _one_act(one: Told, two: Told) -> bool:
    """Whether both tell one act of the same names: three, or two and a number, with most words beside them.

    *Genome firm Solexa for $600 mln* and *Solexa for $600 million in stock*: what is new only describes. Where both
    have something new behind the same word (*attack on the port*, *attack on the airport*), it is another event, unless
    both tell a figure that would hardly come twice (*$7.5 billion*).
    """
    left, right = frozenset(one.words), frozenset(two.words)
    common = left & right
    names = {word for word in common & one.names & two.names if not word[0].isdigit()}
    numbers = {word for word in common if word[0].isdigit()}
    if len(names) < (NAMES_WITH_NUMBER if numbers else NAMES) or not common - names - numbers - UNITS:
        return False
    telling = any("_" in number or len(number) >= TELLING for number in numbers)
    if not telling and _slots(one, common) & _slots(two, common):
        return False
    return len(common) >= MOST_WORDS * min(len(left), len(right))


def _slots(each: Told, common: frozenset[str]) -> set[str]:
    """The words behind which stands something that is not ``common``; units of numbers apart."""
    before = ""
    found: set[str] = set()
    for word in each.words:
        if word in common:
            before = word
        elif word not in UNITS:
            found.add(before)
    return found


def _turned(one: Told, two: Told) -> bool:
    """Whether only one of both denies, doubts or turns what the other tells, or their directions are opposite."""
    sets = words_of()
    left, right = frozenset(one.words), frozenset(two.words)
    new_left, new_right = left - right, right - left
    if (new_left | new_right) & sets.turning - _moves(one) - _moves(two):
        return True
    return bool((new_left & sets.up and new_right & sets.down) or (new_left & sets.down and new_right & sets.up))


def _moves(each: Told) -> set[str]:
    """How a market moved, as said behind it (*shares fall*): it comments on what is told and does not turn it."""
    sets = words_of()
    return {move for market, move in pairwise(each.words) if market in sets.market and move in sets.up | sets.down}


def _swapped(one: Told, two: Told, first: str, second: str) -> bool:
    """Whether names that both hold stand in another order, and not because one is in the passive or both meet."""
    places = [dict(zip(reversed(each.words), reversed(each.groups), strict=True)) for each in (one, two)]
    common = [word for word in places[0] if word in places[1] and word in one.names and word in two.names]
    if not any((places[0][a] - places[0][b]) * (places[1][a] - places[1][b]) < 0 for a, b in combinations(common, 2)):
        return False
    told_by, told_with = ([f" {word} " in text.casefold() for text in (first, second)] for word in ("by", "with"))
    return told_by[0] == told_by[1] and not all(told_with)


def _connected(times: Sequence[object], pairs: pl.DataFrame, window: timedelta) -> list[int]:
    """For each row the earliest row that it is joined to; a story never lasts longer than ``window``.

    Pairs close in time come first, so that what is told again at once is joined before what comes days later.
    """
    import numpy as np

    moments = pl.Series(times, dtype=pl.Datetime("us", "UTC")).dt.epoch("us")
    order = moments.fill_null(np.iinfo(np.int64).max).to_list()
    parent = list(range(len(order)))
    first, last = list(order), list(order)
    longest = window // timedelta(microseconds=1)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    gaps = pl.DataFrame({"time": order})["time"]
    ranked = pairs.with_columns(gap=(gaps[pairs["right"]] - gaps[pairs["left"]]).abs()).sort("gap", "left", "right")
    for left, right in ranked.select("left", "right").iter_rows():
        one, two = root(left), root(right)
        if one == two or max(last[one], last[two]) - min(first[one], first[two]) > longest:
            continue
        earlier, later = (one, two) if (order[one], one) < (order[two], two) else (two, one)
        parent[later] = earlier
        first[earlier], last[earlier] = min(first[one], first[two]), max(last[one], last[two])
    return [root(row) for row in range(len(order))]
