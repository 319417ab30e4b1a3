"""What every news reader yields: articles, the quotes of their strips, and what could not be taken.

A reader is a generator of batches, so that a source of any size passes through bounded memory. Columns derive from
``tables.py``; what only the store knows (numbers, versions, load time, dated sessions) is filled in there.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

import polars as pl

from correlator.tables import ARTICLES, QUOTES, REJECTS

ARTICLE_COLUMNS = tuple(
    name for name in ARTICLES.column_names if name not in ("article_id", "version", "story_id", "loaded_at")
)
QUOTE_COLUMNS = (
    "position",
    "symbol",
    "price",
    "change",
    "change_pct",
    "direction",
    "line",
    "previous_close",
)
REJECT_COLUMNS = ("source", "source_line", "reason", "content")
ARTICLE_SCHEMA = ARTICLES.schema(ARTICLE_COLUMNS)
QUOTE_SCHEMA = ARTICLES.schema(("article_key", "content_hash")) | {"strip": pl.Int32()} | QUOTES.schema(QUOTE_COLUMNS)
REJECT_SCHEMA = REJECTS.schema(REJECT_COLUMNS)
NAMED_SCHEMA = {"article_key": pl.String(), "symbol": pl.String(), "evidence": pl.String()}
CONTENT_LIMIT = 500
SEPARATOR = "\x1f"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Batch:
    """Frames of one stretch of a source: articles (``ARTICLE_SCHEMA``), quotes (``QUOTE_SCHEMA``), rejects, and the
    symbols that the source itself names for its articles (``NAMED_SCHEMA``).

    Quotes of pages that are rejects have an empty ``article_key``, and for each page another ``content_hash``.
    """

    articles: pl.DataFrame
    quotes: pl.DataFrame
    rejects: pl.DataFrame
    named: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NAMED_SCHEMA))


def regrouped(batches: Iterable[Batch], rows: int) -> Iterator[Batch]:
    """The same articles, quotes and rejects in batches of ``rows`` articles, the last one of fewer."""
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        while sum(max(each.articles.height, 1) for each in waiting) > rows:
            whole = _together(waiting)
            yield _part(whole, 0, rows)
            rest = _part(whole, rows, whole.articles.height)
            waiting = [rest] if rest.articles.height else []
    if waiting:
        yield _together(waiting)


def _together(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    frames = ("articles", "quotes", "rejects", "named")
    return Batch(*(pl.concat([getattr(each, name) for each in batches]) for name in frames))


def _part(batch: Batch, first: int, end: int) -> Batch:
    """Articles ``first`` to ``end`` with their quotes; rejects and their quotes go with the first part."""
    articles = batch.articles.slice(first, end - first)
    identity = ["article_key", "content_hash"]
    owned = batch.quotes.join(articles.select(identity).unique(), on=identity, how="semi", maintain_order="left")
    loose = batch.quotes.filter(pl.col("article_key") == "") if first == 0 else batch.quotes.clear()
    named = batch.named.join(articles.select("article_key").unique(), on="article_key", how="semi")
    return Batch(articles, pl.concat([owned, loose]), batch.rejects if first == 0 else batch.rejects.clear(), named)


def make_batch(
    articles: Sequence[Mapping[str, object]] = (),
    quotes: Sequence[Mapping[str, object]] = (),
    rejects: Sequence[Mapping[str, object]] = (),
) -> Batch:
    """A batch from rows; article rows get ``article_key`` and ``content_hash`` from their content."""
    return Batch(
        pl.DataFrame([_with_identity(row) for row in articles], schema=ARTICLE_SCHEMA),
        pl.DataFrame(list(quotes), schema=QUOTE_SCHEMA),
        pl.DataFrame(list(rejects), schema=REJECT_SCHEMA),
    )


def reject(source: str, source_line: int, reason: str, content: str) -> dict[str, object]:
    """One row of rejects; reason and content are made printable, the content shortened to 500 characters."""
    return {
        "source": source,
        "source_line": source_line,
        "reason": one_line(reason),
        "content": clean_text(content[: 2 * CONTENT_LIMIT])[:CONTENT_LIMIT],
    }


def clean_text(text: str) -> str:
    """Text without NULs, lone surrogates and other control characters (tab and line feed stay)."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Clean text with single spaces and no line ends."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return " ".join(clean_text(text).split())


def encodable(text: str) -> str:
    """Text without the lone surrogates that JSON can write and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufeff]")


def kept_address(url: str | None) -> str | None:
    r"""An address as it is kept: not one that a browser would run, or that is on the reader's own machine; else None.

    Examples
    --------
    >>> kept_address("https://wire.example/1"), kept_address("urn:newsml:wire:1"), kept_address("java\nscript:run()")
    ('https://wire.example/1', 'urn:newsml:wire:1', None)
    """
    if not url or url.startswith(("https://", "http://")):
        return url or None
    scheme = _SCHEME.match(_BLANKS.sub("", url))
    return None if scheme and scheme[1].lower() not in _KEPT_SCHEMES else url


def article_key(publisher: str, headline: str, url: str | None, day: date | None) -> str:
    """Identity of an article: its canonical URL where known, else publisher, normalised headline and day."""
    if url:
        return digest(("url", canonical_url(url)))
    return digest((publisher, normalise_headline(headline), day.isoformat() if day else ""))


def content_hash(headline: str, body: str | None, published: datetime | None, updated: datetime | None) -> str:
    """Hash of what the article says: equal means the same text with the same times."""
    return digest(
        (headline, body or "", published.isoformat() if published else "", updated.isoformat() if updated else "")
    )


def digest(parts: Iterable[str]) -> str:
    """32 hexadecimal digits (BLAKE2b) over the parts, kept apart by ``SEPARATOR``."""
    joined = SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def normalise_headline(headline: str) -> str:
    """Letters and digits of a headline in lower case, single spaces; any script."""
    if headline.isascii():
        return _NOT_ALNUM.sub(" ", headline.lower()).strip()
    folded = unicodedata.normalize("NFKC", headline).casefold()
    return " ".join("".join(c if c.isalnum() or unicodedata.combining(c) else " " for c in folded).split())


_SCHEME, _BLANKS = re.compile(r"([A-Za-z][A-Za-z0-9+\-]*):"), re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\ufeff]")
_KEPT_SCHEMES = ("http", "https", "ftp", "urn", "tag")
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")


def canonical_url(url: str) -> str:
    """An address without scheme, ``www.``/``m.``/``amp.``, AMP suffix, tracking parameters and fragment."""
    match = _URL.match(url.strip())
    if not match:
        return url.strip()
    host, path, query = match.groups(default="")
    path = _LEAF.sub("", path.rstrip("/")).rstrip("/")
    kept = sorted(part for part in query.split("&") if part and not _TRACKING.match(part)) if query else []
    return host.lower() + path + ("?" + "&".join(kept) if kept else "")


_URL = re.compile(r"(?:[a-zA-Z]{2,8}:)?//(?:(?:www|m|amp)\.)?([^/?#]+)([^?#]*)(?:\?([^#]*))?", re.IGNORECASE)
_LEAF = re.compile(r"/(amp|index\.html?)$")
_TRACKING = re.compile(
    r"(utm_|fbclid|gclid|msclkid|mc_[ce]id|igshid|ref(?:_src|errer)?=|source=(?:rss|feed)|cmp=|cmpid|at_(?:medium|campaign)"
    r"|ns_(?:mchannel|campaign|source)|xtor=|ftag=|rss=|feedtype=|partner=rss|smid=|outputType=amp|amp(=|$))",
    re.IGNORECASE,
)


def _with_identity(row: Mapping[str, object]) -> dict[str, object]:
    """The row with its key and hash; rows that carry them already are left."""
    row = {name: encodable(value) if isinstance(value, str) else value for name, value in row.items()}
    if row.get("content_hash"):
        return row
    published, updated, body = (row.get(name) for name in ("published_at", "updated_at", "body"))
    url = row["url"] = kept_address(str(row["url"])) if row.get("url") else None
    instant = published if isinstance(published, datetime) else None
    if isinstance(updated, datetime) and instant and updated <= instant:
        updated = row["updated_at"] = None  # what is not later than the publication is not an update
    headline = str(row["headline"])
    return {
        **row,
        "article_key": article_key(str(row["publisher"]), headline, url, instant.date() if instant else None),
        "content_hash": content_hash(
            headline, str(body) if body else None, instant, updated if isinstance(updated, datetime) else None
        ),
    }


def read_ahead(batches: Iterable[Item]) -> Iterator[Item]:
    """The batches, each read while the one before is used: writing to the store leaves a processor free."""
    rest = iter(batches)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, rest, None)
        while (batch := waiting.result()) is not None:
            waiting = pool.submit(next, rest, None)
            yield batch
