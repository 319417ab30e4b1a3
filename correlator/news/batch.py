"""Batches, which every news reader yields: articles, the quotes of their ticker strips, and rejects.

A reader is a generator of batches, so that a source of any size is read in bounded memory. Columns derive from
``tables.py``; the store fills in what only it knows (ids, versions, load times, sessions of strips).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
NAMED_SCHEMA = ARTICLES.schema(("article_key", "content_hash")) | {"symbol": pl.String(), "evidence": pl.String()}
CONTENT_LIMIT = 500
SEPARATOR = "\x1f"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Batch:
    """Frames of one part of a source: articles (``ARTICLE_SCHEMA``), quotes (``QUOTE_SCHEMA``), rejects, and the
    symbols that the source itself states for its articles (``NAMED_SCHEMA``).

    Quotes of rejected pages have an empty ``article_key`` and a ``content_hash`` that differs from page to page.
    """

    articles: pl.DataFrame
    quotes: pl.DataFrame
    rejects: pl.DataFrame
    named: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NAMED_SCHEMA))


def regrouped(batches: Iterable[Batch], rows: int) -> Iterator[Batch]:
    """Yield the same rows in batches of ``rows`` articles; the last batch may be smaller."""
    pending: list[Batch] = []
    for batch in batches:
        pending.append(batch)
        while sum(max(each.articles.height, 1) for each in pending) > rows:
            joined = _concatenated(pending)
            yield _part(joined, 0, rows)
            rest = _part(joined, rows, joined.articles.height)
            pending = [rest] if rest.articles.height else []
    if pending:
        yield _concatenated(pending)


def _concatenated(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    frames = ("articles", "quotes", "rejects", "named")
    return Batch(*(pl.concat([getattr(each, name) for each in batches]) for name in frames))


def _part(batch: Batch, first: int, end: int) -> Batch:
    """Return articles ``first`` to ``end`` with their quotes; rejects and their quotes go with the first part."""
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
    *,
    symbols: Sequence[Iterable[str]] | None = None,
) -> Batch:
    """Return a batch of rows; ``article_key`` and ``content_hash`` of articles are computed from their content.

    ``symbols``: those that the source states for each article.
    """
    return Batch(
        pl.DataFrame(_identified([_cleaned(row) for row in articles], symbols), schema=ARTICLE_SCHEMA),
        pl.DataFrame(list(quotes), schema=QUOTE_SCHEMA),
        pl.DataFrame(list(rejects), schema=REJECT_SCHEMA),
    )


def reject(source: str, source_line: int, reason: str, content: str) -> dict[str, object]:
    """Return a row of rejects with reason and content made printable and the content cut to 500 characters."""
    return {
        "source": source,
        "source_line": source_line,
        "reason": one_line(reason),
        "content": clean_text(content[: 2 * CONTENT_LIMIT])[:CONTENT_LIMIT],
    }


def clean_text(text: str) -> str:
    """Remove NULs, lone surrogates and other control characters from a text, except tab and line feed."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Return clean text on one line with single spaces."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return " ".join(clean_text(text).split())


def encodable(text: str) -> str:
    """Remove lone surrogates, which JSON can express and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufeff]")


def kept_address(url: str | None) -> str | None:
    r"""Return the address if it is safe to store: None if a browser would run it, or if it names a local file.

    Examples
    --------
    >>> kept_address("https://wire.example/1"), kept_address("urn:newsml:wire:1"), kept_address("java\nscript:run()")
    ('https://wire.example/1', 'urn:newsml:wire:1', None)
    >>> kept_address("#"), kept_address("-")
    (None, None)
    """
    if not url or url.startswith(("https://", "http://")):
        return url or None
    if not any(map(str.isalnum, url)):
        return None
    scheme = _SCHEME.match(_BLANKS.sub("", url))
    return None if scheme and scheme[1].lower() not in _KEPT_SCHEMES else url


def article_key(publisher: str, headline: str, url: str | None, day: date | None) -> str:
    """Return the identity of an article: its canonical URL if known, else publisher, normalised headline and day.

    The address of a site's home page identifies no article.
    """
    return _key(publisher, headline, _page_address(url), day)


def article_keys(
    articles: Sequence[tuple[str, str, str | None, datetime | None]],
    symbols: Sequence[Iterable[str]] | None = None,
    *,
    lists: Collection[str] = (),
) -> list[str]:
    """Return the ``article_key`` of each article of one source: publisher, headline, address and publication time.

    An address that several headlines of several times share is that of a list or a live page, and identifies none;
    ``lists`` are further ones, known from other parts of the source. Articles without an address also differ by the
    ``symbols`` that the source states for them: exchanges publish the announcements of many companies under one
    headline.
    """
    addresses = [_page_address(url) for _, _, url, _ in articles]
    repeated = {address for address, count in Counter(addresses).items() if address and count > 1}
    tellings: dict[str, tuple[set[str], set[datetime | None]]] = {address: (set(), set()) for address in repeated}
    for address, (_, headline, _, published) in zip(addresses, articles, strict=True):
        if address in tellings:
            headlines, times = tellings[address]
            headlines.add(normalise_headline(headline))
            times.add(published)
    shared = {address for address, (headlines, times) in tellings.items() if len(headlines) > 1 and len(times) > 1}
    shared.update(map(_page_address, lists))
    return [
        _key(
            publisher,
            headline,
            "" if address in shared else address,
            published.date() if published else None,
            symbols=" ".join(sorted(stated)),
        )
        for address, (publisher, headline, _, published), stated in zip(
            addresses, articles, symbols or [()] * len(articles), strict=True
        )
    ]


def key_without_symbols(publisher: str, headline: str, published: datetime | None) -> str:
    """Return the key that an article without an address had before its symbols were part of it."""
    return _key(publisher, headline, "", published.date() if published else None)


def _page_address(url: str | None) -> str:
    """Return the canonical URL of a page; empty for none and for the home page of a site."""
    address = canonical_url(url or "")
    home = "/" not in address and "?" not in address and _URL.match((url or "").strip())
    return "" if home else address


def _key(publisher: str, headline: str, address: str, day: date | None, *, symbols: str = "") -> str:
    if address:
        return digest(("url", address))
    identity = (publisher, normalise_headline(headline), day.isoformat() if day else "")
    return digest((*identity, symbols) if symbols else identity)


def content_hash(headline: str, body: str | None, published: datetime | None, updated: datetime | None) -> str:
    """Return a hash of an article's content: equal hashes mean the same text with the same times."""
    return digest(
        (headline, body or "", published.isoformat() if published else "", updated.isoformat() if updated else "")
    )


def digest(parts: Iterable[str]) -> str:
    """Return 32 hexadecimal digits (BLAKE2b) of the parts joined with ``SEPARATOR``."""
    joined = SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def normalise_headline(headline: str) -> str:
    """Return the letters and digits of a headline, of any script, in lower case with single spaces."""
    if headline.isascii():
        return _NOT_ALNUM.sub(" ", headline.lower()).strip()
    folded = unicodedata.normalize("NFKC", headline).casefold()
    return " ".join("".join(c if c.isalnum() or unicodedata.combining(c) else " " for c in folded).split())


_SCHEME, _BLANKS = re.compile(r"([A-Za-z][A-Za-z0-9+\-]*):"), re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\ufeff]")
_KEPT_SCHEMES = ("http", "https", "ftp", "urn", "tag")
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")


def canonical_url(url: str) -> str:
    """Remove scheme, ``www.``/``m.``/``amp.``, AMP suffix, tracking parameters and fragment from an address."""
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


def _cleaned(row: Mapping[str, object]) -> dict[str, object]:
    """Return the row with encodable texts, a safe address, and an update only if it is later than the publication."""
    row = {name: encodable(value) if isinstance(value, str) else value for name, value in row.items()}
    published, updated = row.get("published_at"), row.get("updated_at")
    row["url"] = kept_address(str(row["url"])) if row.get("url") else None
    if isinstance(updated, datetime) and isinstance(published, datetime) and updated <= published:
        row["updated_at"] = None
    return row


def _identified(
    rows: Sequence[Mapping[str, object]], symbols: Sequence[Iterable[str]] | None
) -> list[dict[str, object]]:
    """Return the rows with their keys and hashes."""
    texts = [
        (
            str(row["publisher"]),
            str(row["headline"]),
            str(row["url"]) if row["url"] else None,
            _time(row, "published_at"),
        )
        for row in rows
    ]
    return [
        {**row, "article_key": key, **_hash(row)} for row, key in zip(rows, article_keys(texts, symbols), strict=True)
    ]


def _hash(row: Mapping[str, object]) -> dict[str, object]:
    body = row.get("body")
    times = (_time(row, "published_at"), _time(row, "updated_at"))
    return {"content_hash": content_hash(str(row["headline"]), str(body) if body else None, *times)}


def _time(row: Mapping[str, object], name: str) -> datetime | None:
    value = row.get(name)
    return value if isinstance(value, datetime) else None


def read_ahead(batches: Iterable[Item]) -> Iterator[Item]:
    """Yield the batches, reading the next one in a thread while the current one is used (e.g. written to the store)."""
    rest = iter(batches)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, rest, None)
        while (batch := pending.result()) is not None:
            pending = pool.submit(next, rest, None)
            yield batch
