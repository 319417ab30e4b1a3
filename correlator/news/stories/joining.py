"""Group articles into stories: reports of one event, close in time, led by the first publication.

Headlines that share two of their rarest words are candidates (within such a block, neighbours in time are compared).
Each pair is then verified on its normalised words (``words.py``), by who did what to whom: the word sets agree;
numbers, direction, denial and likelihood do not differ; names are in the same order, unless one is in the passive.
Daily market moves, and headlines that recur from day to day, do not repeat a report of an earlier day. No story lasts
longer than the window.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import combinations, pairwise

import polars as pl
from rapidfuzz import fuzz, process

from correlator.news.stories.article_words import SHORTEST, words_of_articles
from correlator.news.stories.numbers import counts_differ, numbers_differ
from correlator.news.stories.pairs import alike
from correlator.news.stories.results import same_results
from correlator.news.stories.senses import announced_and_begun, lets_go, undone
from correlator.news.stories.words import (
    HeadlineWords,
    converses,
    done_by,
    done_to,
    headline_words,
    main_clause,
    opposites,
    verbs_in_s,
    verbs_to_come,
    words_of,
)

WINDOW = timedelta(hours=72)
SAME_DAY = timedelta(hours=14)
THRESHOLD = 85.0
RAREST = 4
NEIGHBOURS = 4
PAIRS_AT_ONCE = 200_000
LOOSER = 27.5
MICROSECONDS = 3_600_000_000  # per hour
_ABOUT = re.compile(
    r"(?i)^(?:corrected: ?)?(?:factbox|timeline|chronology|q ?[&+] ?a|text|(?:snap )?analysis|scenarios?|quotes"
    r"|highlights|table|graphic|profile|special report|explainer|opinion|column|comment|preview) ?[-:]"
    r"| facts (?:on|about) "
)
_SAYS = re.compile(r"(?i)\b(?:says|said|tells|told|warns|warned)\b|: ")
_FORESEEN = frozenset({"see", "expect"})
_FORESEES = re.compile(r"(?i)\b(?:sees|expects)\b")


def cluster_stories(
    articles: pl.DataFrame,
    *,
    fresh: pl.Series | None = None,
    window: timedelta = WINDOW,
    threshold: float = THRESHOLD,
) -> pl.Series:
    """Return the story of each article as the row (from 0) of its first publication.

    ``articles``: headline, published_at (an article without a time is a story of its own). ``fresh`` (boolean) marks
    new articles; only these are compared, with each other and with the rest (None: all are new). ``window`` is the
    longest duration of a story; ``threshold`` the token-set ratio, 0 to 100.
    """
    words = words_of_articles(articles, window)
    pairs = _candidates(words, window)
    if fresh is not None:
        pairs = pairs.filter(fresh[pairs["left"]] | fresh[pairs["right"]])
    parts = [_verified(part, words, threshold) for part in pairs.iter_slices(PAIRS_AT_ONCE)]
    same = pl.concat(parts) if parts else pairs
    return pl.Series("story", _connected(words, same, window), dtype=pl.Int64)


def _candidates(words: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    """Return pairs of rows (left, right) that share two of their rarest words and are neighbours in time."""
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
    pairs = []
    for step in range(1, NEIGHBOURS + 1):
        near = (pl.col("key") == pl.col("key").shift(step)) & (pl.col("time") - pl.col("time").shift(step) <= window)
        pairs.append(
            block.select(left=pl.col("row").shift(step), right="row", near=near).filter("near").drop("near").unique()
        )
    return pl.concat(pairs).unique()


def _verified(pairs: pl.DataFrame, words: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Return the pairs that report the same event: their word sets agree, and who did what to whom does not differ."""
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
    close = (sets >= threshold - LOOSER / 2) & (np.maximum(whole, first) >= threshold - LOOSER)
    close |= _may_share_report(left, right).to_numpy()
    equal = (left["text"] == right["text"]) | ((left["clause"] == right["clause"]) & left["long"])
    equal &= left["voices"] == right["voices"]
    unclear = pl.Series(close) & ~equal & ~(counts_differ(left, right, "text") & counts_differ(left, right, "clause"))
    hours = (right["time"] - left["time"]).abs().dt.total_seconds() / 3600
    left, right, places = left.filter(unclear), right.filter(unclear), unclear.arg_true()
    candidates = zip(places, left["headline"], right["headline"], hours.filter(unclear), strict=True)
    matches = [place for place, one, two, gap in candidates if _same_event(one, two, gap)]
    return pairs.filter(equal.scatter(matches, True))


def _may_share_report(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    """Whether both may be on one report: same first word and results of a company, or the same indicator."""
    begin = r"^(\S+)"
    metrics = rf"\b(?:{'|'.join(sorted(words_of().metric | words_of().expected))})\b"
    texts = pl.DataFrame({"left": left["clause"], "right": right["clause"]})
    one, two = pl.col("left").str, pl.col("right").str
    company = (one.extract(begin) == two.extract(begin)) & one.contains(metrics) & two.contains(metrics)
    indicator = rf"\b({'|'.join(sorted(words_of().indicator))})\b"
    release = one.extract(indicator) == two.extract(indicator)
    return texts.select(company.fill_null(value=False) | release.fill_null(value=False)).to_series()


def _same_event(one: str, two: str, hours: float) -> bool:
    """Whether two headlines whose words mostly agree report one event."""
    about = is_about(one) != is_about(two)
    return any(_report_same(left, right, hours, about) for left, right in compared(one, two))


def compared(one: str, two: str) -> list[tuple[str, str]]:
    """Return the texts of two headlines to compare: their main clauses, unless too short, and the whole headlines."""
    whole, first = (one, two), (main_clause(one), main_clause(two))
    left, right = (headline_words(each).words for each in first)
    short = left != right and min(len(left), len(right)) < SHORTEST
    return [whole] if first == whole or short else [first, whole]


@lru_cache(maxsize=50_000)
def is_about(headline: str) -> bool:
    """Whether a headline marks its text as background on an event: a fact box, a timeline, opinions."""
    return _ABOUT.search(headline) is not None


_LATER = re.compile(r"(?i)\b(?:tomorrow|next (?:week|month|year|sunday|(?:mon|tues|wednes|thurs|fri|satur)day))\b")


def _report_same(one: str, two: str, hours: float, about: bool) -> bool:
    decided = differ(one, two)
    if decided is not None:
        return not decided
    if timedelta(hours=hours) > SAME_DAY and (_is_done(one, two) or _is_done(two, one)):
        return False
    return alike(headline_words(one), headline_words(two), hours=hours, about=about)


def _is_done(ahead: str, done: str) -> bool:
    """Whether one headline announces what the other reports as done (*Malta to lift ban*, *lifts ban*).

    Verbs of companies do not count: they *buy* and *cut jobs* on the day that they are *to buy* and *to cut* them.
    """
    coming = verbs_to_come(ahead) - verbs_to_come(done) - words_of().company
    return not coming.isdisjoint(headline_words(done).words)


def differ(one: str, two: str) -> bool | None:
    """Return True if rules separate two headlines (numbers, denial, order of names), False if rules equate them.

    None if rules do not decide.
    """
    left, right = headline_words(one), headline_words(two)
    if numbers_differ(left, right) or announced_and_begun(one, two) or lets_go(one) != lets_go(two):
        return True
    if is_about(one) == is_about(two) and same_results(one, two):
        return False
    # With a converse verb the order of names is reversed: A buys from B, B sells to A.
    swapped = _swapped(left, right, one, two) != _meets(left, right, converses())
    if done_by(one) & done_to(two) or done_to(one) & done_by(two):  # *warned by Oman*, *warned Oman*
        return True
    if swapped or _another_did(left, right, one, two) or _for_later(one, two) or _for_later(two, one):
        return True
    return True if _turned(left, right, one, two) else None


def _another_did(one: HeadlineWords, two: HeadlineWords, first: str, second: str) -> bool:
    """Whether the actor of one headline is the target in the other: *Peru seizes a ship*, *Chile seizes a Peruvian
    ship*. Only verbs in -s are checked, as others may be passive, and not if both act together (*with*).
    """
    if all(" with " in text.casefold() for text in (first, second)) or ": " in first + second:
        return False
    for verb in one.verbs & two.verbs & verbs_in_s(first) & verbs_in_s(second):
        (doers, others), (other_doers, those) = (_about(each, verb) for each in (one, two))
        if doers and other_doers and doers.isdisjoint(other_doers) and (doers & those or other_doers & others):
            return True
    return False


def _about(each: HeadlineWords, verb: str) -> tuple[set[str], set[str]]:
    """Return the names before and after a verb."""
    place = each.words.index(verb)
    return set(each.words[:place]) & each.names, set(each.words[place + 1 :]) & each.names


def _for_later(ahead: str, done: str) -> bool:
    """Whether one headline announces for a later day (*to sign pact next week*) what the other reports as done.

    Verbs of companies do not count, since their announcements are reported as done on the same day.
    """
    if not _LATER.search(ahead) or _LATER.search(done):
        return False
    coming = verbs_to_come(ahead) - verbs_to_come(done) - words_of().company
    return not coming.isdisjoint(headline_words(done).verbs)


def _turned(one: HeadlineWords, two: HeadlineWords, first: str, second: str) -> bool:
    """Whether one headline denies, doubts or reverses what the other reports, or their directions are opposite.

    What somebody *sees* in one and *says* in the other is not doubted.
    """
    sets = words_of()
    left, right = frozenset(one.words), frozenset(two.words)
    new_left, new_right = left - right, right - left
    turning = sets.turning
    if not turning.isdisjoint(new_left | new_right):
        turning = turning - _moves(one) - _moves(two)
    tentative = sets.tentative - _compared(one) - _compared(two)
    if not _FORESEEN.isdisjoint(new_left | new_right) and _foreseen(first, second):
        tentative -= _FORESEEN
    if any(new_left.isdisjoint(words) != new_right.isdisjoint(words) for words in (turning, tentative)):
        return True
    if _meets(one, two, opposites()) or any(undone(word, new_right) for word in new_left):
        return True
    up, down = (moves - converses().keys() for moves in (sets.up, sets.down))
    return bool((new_left & up and new_right & down) or (new_left & down and new_right & up))


def _foreseen(one: str, two: str) -> bool:
    """Whether one headline reports what somebody sees or expects, and the other what somebody says."""
    return any(_FORESEES.search(a) and _SAYS.search(b) for a, b in ((one, two), (two, one)))


def _moves(each: HeadlineWords) -> set[str]:
    """Return market moves (*shares fall*), which comment on the event rather than reverse it."""
    sets = words_of()
    return {move for market, move in pairwise(each.words) if market in sets.market and move in sets.up | sets.down}


def _compared(each: HeadlineWords) -> set[str]:
    """Return the words after *than* (*lower than expected*), which do not refer to the future."""
    return {word for than, word in pairwise(each.words) if than == "than"}


def _meets(one: HeadlineWords, two: HeadlineWords, pairs: Mapping[str, frozenset[str]]) -> bool:
    """Whether each has one word of a pair in ``pairs`` that the other lacks."""
    left, right = frozenset(one.words), frozenset(two.words)
    return any(not pairs[word].isdisjoint(right - left) for word in left - right if word in pairs)


def _swapped(one: HeadlineWords, two: HeadlineWords, first: str, second: str) -> bool:
    """Whether common names are in a different order, and not because one is in the passive or both act together.

    The order of names of months and periods is ignored.
    """
    names = one.names & two.names - words_of().when
    if len(names) < 2:
        return False
    places = [dict(zip(reversed(each.words), reversed(each.groups), strict=True)) for each in (one, two)]
    common = [word for word in places[0] if word in places[1] and word in names]
    if not any((places[0][a] - places[0][b]) * (places[1][a] - places[1][b]) < 0 for a, b in combinations(common, 2)):
        return False
    has_by, has_with = ([f" {word} " in text.casefold() for text in (first, second)] for word in ("by", "with"))
    return has_by[0] == has_by[1] and not all(has_with)


def _connected(words: pl.DataFrame, pairs: pl.DataFrame, window: timedelta) -> list[int]:
    """Return for each row the earliest row of its story; no story lasts longer than ``window``.

    Pairs with the same words on one day are joined first, then pairs by distance in time, so that immediate repeats
    come before later ones. Two stories are merged only if their first reports match as well: otherwise stories would
    drift from one event to the next.
    """
    import numpy as np

    order = words["time"].dt.epoch("us").fill_null(np.iinfo(np.int64).max).to_list()
    parent = list(range(len(order)))
    last = list(order)
    longest = window // timedelta(microseconds=1)
    again = _same_event_test(words, order)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for left, right in _ranked(words, pairs).iter_rows():
        one, two = root(left), root(right)
        if one == two or max(last[one], last[two]) - min(order[one], order[two]) > longest:
            continue
        if (one, two) not in ((left, right), (right, left)) and not again(one, two):
            continue
        earlier, later = (one, two) if (order[one], one) < (order[two], two) else (two, one)
        parent[later] = earlier
        last[earlier] = max(last[one], last[two])
    return [root(row) for row in range(len(order))]


def _ranked(words: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Sort pairs in the order of joining: the same words on one day first, then by the time between them."""
    left, right = (words[pairs[side]].select("text", "voices", "time") for side in ("left", "right"))
    gap = (right["time"] - left["time"]).abs()
    other = (left["text"] != right["text"]) | (left["voices"] != right["voices"]) | (gap > SAME_DAY)
    return pairs.with_columns(other=other, gap=gap).sort("other", "gap", "left", "right").select("left", "right")


def _same_event_test(words: pl.DataFrame, order: Sequence[int]) -> Callable[[int, int], bool]:
    """Return a function that tells whether two rows report one event; ``order``: their times in microseconds."""
    texts, headlines, daily, voices = (words[name].to_list() for name in ("text", "headline", "daily", "voices"))
    day = SAME_DAY // timedelta(microseconds=1)

    def again(one: int, two: int) -> bool:
        gap = abs(order[one] - order[two])
        if gap > day and (daily[one] or daily[two]):
            return False
        equal = texts[one] == texts[two] and voices[one] == voices[two]
        return equal or _same_event(headlines[one], headlines[two], gap / MICROSECONDS)

    return again
