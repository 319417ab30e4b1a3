"""Precision and recall of story clustering, pair by pair, on headlines with edits made here (seeded).

    python benchmarks/stories_accuracy.py HEADLINES.csv[.gz]
    python benchmarks/stories_accuracy.py --labels benchmarks/story_labels.csv HEADLINES.csv[.gz]

The second form measures pairs of real headlines (of Reuters, 2006-2009, by the identifiers in their addresses) that
were labelled by hand: one event, or a near miss of the same topic and day; each pair by itself, then all headlines of
the file together, where a pair must also be found among all the others.

The file holds headlines with times. A sample of headlines is laid on one day and each gets up to three retellings
within two days: a decoration, a word dropped, words added, words turned, a typing error, capitals. Joined headlines
that were really published more than a week apart are wrong; within a week they may tell one event and are not judged.
"""

from __future__ import annotations

import random
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl

from correlator.news.read import read_news
from correlator.news.stories.joining import cluster_stories

EVERY = 4


def edited(headline: str, chance: random.Random) -> str:
    """Return a variant of a headline."""
    words = headline.split()
    place = chance.randrange(len(words))
    kind = chance.randrange(6)
    if kind == 0:
        return f"UPDATE {chance.randint(1, 4)}-{headline}"
    if kind == 1 and not any(c.isdigit() for c in words[place]):
        return " ".join(words[:place] + words[place + 1 :])
    if kind == 2:
        return f"{headline} {chance.choice(['- report', 'amid talks', 'on Monday', '-sources'])}"
    if kind == 3:
        return " ".join(words[place:] + words[:place])
    if kind == 4 and words[place].isalpha() and len(words[place]) > 4:
        words[place] = words[place][:2] + words[place][3:]
        return " ".join(words)
    return headline.upper()


def main(path: str) -> None:
    chance = random.Random(7)
    articles = pl.concat([batch.articles for batch in read_news(Path(path))])
    sample = articles.select("headline", "published_at").unique("headline", maintain_order=True).gather_every(EVERY)
    start = sample["published_at"][0]
    rows = []
    for label, (headline, real) in enumerate(sample.rows()):
        told = start + timedelta(minutes=chance.randint(0, 1440))
        rows.append((headline, told, real, label))
        if len(headline.split()) >= 5:
            for _ in range(chance.randint(1, 3)):
                later = told + timedelta(minutes=chance.randint(1, 2880))
                rows.append((edited(headline, chance), later, real, label))
    frame = pl.DataFrame(rows, schema=["headline", "published_at", "real", "label"], orient="row")
    frame = frame.with_columns(story=cluster_stories(frame), row=pl.int_range(pl.len()))
    made, found = pairs(frame, "label"), pairs(frame, "story")
    right = found.filter(pl.col("label") == pl.col("label_right")).height
    apart = (pl.col("real") - pl.col("real_right")).abs() > timedelta(days=7)
    wrong = found.filter((pl.col("label") != pl.col("label_right")) & apart).height
    print(f"headlines {frame.height}, pairs made {made.height}, pairs found {found.height}")
    print(f"precision {right / (right + wrong):.4f}  recall {right / made.height:.4f}")


def pairs(frame: pl.DataFrame, by: str) -> pl.DataFrame:
    """Return every pair of rows with the same value of ``by``."""
    part = frame.select("row", "label", "story", "real").filter(pl.len().over(by) > 1)
    return part.join(part, left_on=by, right_on=by, suffix="_right", coalesce=False).filter(
        pl.col("row") < pl.col("row_right")
    )


def labelled(labels: str, path: str) -> None:
    """Return the recall on pairs that report one event, and how many near misses are joined."""
    articles = pl.concat([batch.articles for batch in read_news(Path(path))])
    told = articles.with_columns(name=pl.col("url").str.extract(r"-id([A-Z]{2}[A-Z0-9]+)$")).unique(
        "name", keep="first", maintain_order=True
    )
    rows = told.select("headline", "published_at")
    stories = cluster_stories(rows)
    place = {name: row for row, name in enumerate(told["name"])}
    alone, together = ({(wanted, joined): 0 for wanted in (0, 1) for joined in (False, True)} for _ in range(2))
    for one, two, wanted in pl.read_csv(labels).rows():
        left, right = place[one], place[two]
        alone[wanted, cluster_stories(rows[[left, right]]).n_unique() == 1] += 1
        together[wanted, stories[left] == stories[right]] += 1
    print(f"pairs told again {alone[1, True] + alone[1, False]}, near misses {alone[0, True] + alone[0, False]}")
    for kind, counts in (("each pair alone", alone), ("within the file", together)):
        right, missed, wrong = counts[1, True], counts[1, False], counts[0, True]
        print(f"{kind}  precision {right / (right + wrong):.4f}  recall {right / (right + missed):.4f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--labels"] and len(sys.argv) == 4:
        labelled(sys.argv[2], sys.argv[3])
        sys.exit(0)
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: stories_accuracy.py HEADLINES.csv[.gz]")
    main(sys.argv[1])
