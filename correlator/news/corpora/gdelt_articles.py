"""Read GDELT mentions and GKG rows into articles: the page, and the time when GDELT added it.

GDELT stores addresses but no texts. The headline is the page's title if GKG has it, else the words of the address; the
rule of the time says which. The instant is that of GDELT's file, by which the page was certainly public; the time that
GKG extracts from pages has no zone and is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl

from correlator.base.files import called
from correlator.errors import InputError
from correlator.news.batch import (
    ARTICLE_SCHEMA,
    Batch,
    article_key,
    clean_text,
    digest,
    kept_address,
    make_batch,
    reject,
)
from correlator.news.corpora.gdelt import GdeltBatch, read_gdelt
from correlator.news.publishers import Publishers

_FEWEST_WORDS = 3
_TITLE = re.compile(r"<PAGE_TITLE>(.{1,2000}?)</PAGE_TITLE>", re.DOTALL)
_LEAF = re.compile(r"\.(?:html?|php|aspx?|cms|shtml|jsp|ece)$", re.IGNORECASE)
_NAMES = {
    "record": ("gkgrecordid",),
    "time": ("mentiontimedate",),
    "url": ("documentidentifier", "mentionidentifier", "url"),
    "kind": ("mentiontype", "sourcecollectionidentifier"),
    "extras": ("extras",),
}


def read_gdelt_articles(path: Path, publishers: Publishers) -> Iterator[Batch]:
    """Yield an article per row, so a page as often as it is mentioned.

    Raises InputError for a file that is not a GKG or mentions file.
    """
    for part in read_gdelt(path):
        yield _batch(part, called(path), publishers)


def _batch(part: GdeltBatch, source: str, publishers: Publishers) -> Batch:
    pages = _pages(part.rows, source)
    read = pages.with_columns(
        instant=pl.col("stamp")
        .str.to_datetime("%Y%m%d%H%M%S", time_unit="us", strict=False)
        .dt.replace_time_zone("UTC")
    ).sort("instant", "source_line", nulls_last=True)
    articles, rejects = [], []
    for line, url, kind, instant, extras in read.select("source_line", "url", "kind", "instant", "extras").iter_rows():
        headline, origin = _headline(url or "", extras or "")
        problem = _problem(url, kind, instant, headline)
        if problem:
            rejects.append(reject(source, line, problem, url or ""))
            continue
        publisher, _ = publishers.of(url)
        articles.append(
            {
                "article_key": article_key(publisher.name, headline, url, None),
                "content_hash": digest(("gdelt", headline)),
                "publisher": publisher.name,
                "url": url,
                "headline": headline,
                "language": None,
                "published_at": instant,
                "published_precision": "minute",
                "published_rule": f"when GDELT took the page in; headline from {origin}",
                "source": source,
                "source_line": line,
            }
        )
    batch = make_batch(rejects=rejects)
    rejected = pl.concat([part.rejects, batch.rejects])
    return Batch(pl.DataFrame(articles, schema=ARTICLE_SCHEMA), batch.quotes, rejected)


def _pages(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return the columns source_line, url, kind, stamp (14 digits) and extras, whatever their names in the file."""
    lower = {name.casefold(): name for name in rows.columns}
    names_in_table = {
        ours: next((lower[name] for name in names if name in lower), None) for ours, names in _NAMES.items()
    }
    if names_in_table["url"] is None or (names_in_table["record"] is None and names_in_table["time"] is None):
        raise InputError(f"{source} has no mentions or GKG records", hint="load events with `correlator add events`")
    columns = {ours: pl.col(theirs) if theirs else pl.lit(None, pl.String) for ours, theirs in names_in_table.items()}
    stamp = pl.coalesce(columns["time"], columns["record"].str.extract(r"^(\d{14})"))
    return rows.select(
        "source_line",
        columns["url"].alias("url"),
        columns["kind"].alias("kind"),
        columns["extras"].alias("extras"),
        stamp=stamp,
    )


def _problem(url: str | None, kind: str | None, instant: object, headline: str) -> str | None:
    if kind not in (None, "1"):
        return f"the source is of type {kind}, not a web page"
    if not kept_address(url):
        return "no address of a web page"
    if instant is None:
        return "no time at which GDELT added it"
    return None if headline else f"no title, and fewer than {_FEWEST_WORDS} words in the address"


def _headline(url: str, extras: str) -> tuple[str, str]:
    """Return the title of a page or the words of its address, and which of the two it is."""
    title = _TITLE.search(extras)
    if title:
        return " ".join(clean_text(unescape(title[1])).split()), "the page's title"
    try:
        parts = [part for part in urlsplit(url).path.split("/") if part]
    except ValueError:
        return "", ""
    slugs = [[word for word in re.split(r"[-_+ ]+", _LEAF.sub("", unquote(part))) if word.isalpha()] for part in parts]
    words = max(slugs, key=len, default=[])
    return (clean_text(" ".join(words)), "the words of the address") if len(words) >= _FEWEST_WORDS else ("", "")
