"""Read RSS, Atom, JSON Feed and news sitemaps into articles.

feedparser reads the XML; times are parsed here, because it takes an unknown time zone for UTC. The items of a feed of
readers' comments become rejects.
"""

from __future__ import annotations

import io
import json
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl

from correlator.base.addresses import is_address
from correlator.base.files import called, name_of
from correlator.base.syntax import each_once, json_fault
from correlator.containers.packed import unpacking
from correlator.errors import InputError, TimeError
from correlator.news.batch import ARTICLE_SCHEMA, NAMED_SCHEMA, Batch, encodable, make_batch, reject
from correlator.news.feed_text import feed_text
from correlator.news.language import language_in, language_of
from correlator.news.markup import MAX_BYTES, plain_xml, tree_of
from correlator.news.pages.document import joined
from correlator.news.plain_text import as_markup, line_of, paragraphs_of
from correlator.news.profiles import Profile
from correlator.news.publishers import Publishers, publisher_name
from correlator.news.stated import symbols_in
from correlator.news.times.address_dates import date_in_address
from correlator.news.times.date_labels import read_as_dates
from correlator.news.times.timestamps import UNKNOWN, Stamp

MAX_FEED_BYTES = MAX_BYTES
_SITEMAP, _HEAD = re.compile(rb"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]"), 4096
_CATEGORIES = re.compile(rb"<(?:[\w.-]+:)?(?:category|subject|keywords)\b(?:[^<]|<!\[CDATA\[)*+", re.IGNORECASE)
MOST_COMPARED = 20_000_000
"""Comparisons of the categories of an item with one another, over all items of a feed."""
_ITEM, DEEPEST_ITEM = re.compile(rb"<(/?)(?:\w+:)?(?:item|entry)\b(?![^<>]*/>)"), 50
# Where feeds state symbols of shares: in elements of these names, and in categories with these schemes.
_SYMBOLS, _SYMBOL_SCHEME = ("nasdaq_tickers", "news_stock_tickers", "stock_tickers"), re.compile("(?i)stock|ticker")
_START = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]")
_STATED = re.compile(rb"<(?:\w+:)?(?:pubDate|published|issued)(?:\s[^<>]{0,200})?>\s*(?:<!\[CDATA\[)?([^<>\]]{1,200})")
_SAME, _LONGEST_AUTHOR = timedelta(minutes=2), 300
_READERS_COMMENT = re.compile(r"#comment-\d+$")
_MAIL_AND_NAME = re.compile(r"[^\s()]+@[^\s()]+ \((?P<name>.+)\)|(?P<ahead>.+?) [(<][^\s()<>]+@[^\s()<>]+[)>]")


def read_feed(path: Path, publishers: Publishers, *, encoding: str | None = None) -> Iterator[Batch]:
    """Yield the items of a feed file; those without a headline or a valid time become rejects.

    Raises InputError, also for a file without items: a feed that is polled may have none for a while, a file may not.
    """
    with path.open("rb") as probe, unpacking(probe, name_of(path)) as (file, _):
        raw = file.read(MAX_FEED_BYTES + 1)
    for batch in feed_batches(raw, called(path), publishers, encoding=encoding):
        if batch.articles.is_empty() and batch.rejects.is_empty():
            raise InputError(f"{called(path)} is a feed without items", hint="check the file")
        yield batch


def feed_batches(
    raw: bytes,
    source: str,
    publishers: Publishers = Publishers(),  # noqa: B008
    *,
    content_type: str | None = None,
    encoding: str | None = None,
) -> Iterator[Batch]:
    """Yield the items in a feed's bytes. Raises InputError for another format, a size over the limit, or entities.

    ``content_type`` and ``encoding``: as in ``feed_text``.
    """
    if len(raw) > MAX_FEED_BYTES:
        raise InputError(f"{source} is larger than {MAX_FEED_BYTES // 1_000_000} MB, the limit")
    text = feed_text(raw, source, content_type, encoding)
    items = _json_items(text, source) if text.lstrip()[:1] == "{" else _xml_items(text, source)
    articles, accepted, rejects = [], [], []
    for number, item in enumerate(items, start=1):
        try:
            articles.append(_article(item, source, number, publishers))
            accepted.append(item)
        except InputError as error:
            rejects.append(reject(source, number, str(error), json.dumps(item, ensure_ascii=False, default=str)))
    symbols = [symbols_in(item.get("symbols", "")) for item in accepted]
    batch = make_batch(_with_dates(articles, publishers.zone), rejects=rejects, symbols=symbols)
    yield replace(batch, named=_named(batch.articles, symbols))


def _with_dates(articles: list[dict[str, object]], zone: str | None) -> list[dict[str, object]]:
    """Return the articles with dates that the feed states as midnight in a zone (``date_labels``)."""
    names = {"published_at": "instant", "published_precision": "precision", "published_rule": "rule"}
    plain = [each | {"url": encodable(str(each["url"] or ""))} for each in articles]
    rows = pl.DataFrame(plain, schema={name: ARTICLE_SCHEMA[name] for name in (*names, "publisher", "url")})
    dated = read_as_dates(rows.rename(names), zone=zone).select(**names)
    return [article | stamp for article, stamp in zip(articles, dated.rows(named=True), strict=True)]


def _named(articles: pl.DataFrame, symbols: Sequence[Iterable[str]]) -> pl.DataFrame:
    """Return the ``symbols`` that a feed itself states for its items."""
    links = [
        (*identity, symbol, "stated by the source in its feed")
        for identity, stated in zip(articles.select("article_key", "content_hash").iter_rows(), symbols, strict=True)
        for symbol in stated
    ]
    return pl.DataFrame(links, schema=NAMED_SCHEMA, orient="row")


def _xml_items(text: str, source: str) -> list[dict[str, str]]:
    import feedparser

    clean = plain_xml(text, source)
    _check_items(clean, source)
    if _SITEMAP.search(clean[:_HEAD]):
        return _sitemap_items(clean, source)
    try:
        parsed: Any = feedparser.parse(io.BytesIO(clean), sanitize_html=False)
    except Exception as error:  # noqa: BLE001 - feedparser raises arbitrary errors on damaged markup
        raise InputError(f"{source} is not a valid feed: {error}") from None
    if not parsed.get("version"):
        raise InputError(f"{source} is not an RSS or Atom feed", hint="give a feed, a news sitemap, pages or a table")
    language = str(parsed.feed.get("language", ""))
    site = str(parsed.feed.get("title", ""))
    comments = site.startswith("Comments on")
    cut = "an incomplete one at the end of a feed that is cut off" if _ends_within_item(clean) else ""
    stated = _stated_times(clean)
    if len(stated) != len(parsed.entries):  # damaged: times cannot be assigned to items
        stated = [""] * len(parsed.entries)
    return [
        {
            "title": str(entry.get("title", "")).removesuffix(f" - {_source(entry)}"),
            "url": _address(_link(entry), str(parsed.feed.get("link", ""))),
            "published": str(entry.get("published", "")),
            "updated": str(entry.get("updated", "")) if "updated" in entry.keys() else "",  # noqa: SIM118
            "body": str(entry.content[0].get("value", "")) if entry.get("content") else str(entry.get("summary", "")),
            "language": str(entry.get("title_detail", {}).get("language") or language),
            "authors": "; ".join(map(line_of, _authors(entry))),
            "site": _source(entry) or site,
            "symbols": ", ".join(_symbols(entry)),
            "stated": times,
            "no_article": _rejection(entry, comments=comments) or (cut if place == len(parsed.entries) else ""),
        }
        for place, (entry, times) in enumerate(zip(parsed.entries, stated, strict=True), start=1)
    ]


def _ends_within_item(clean: bytes) -> bool:
    """Whether a feed breaks off before the end of its last item, whose texts may then be incomplete."""
    tags = _ITEM.findall(clean, 0, clean.rfind(b">") + 1)
    return bool(tags) and tags[-1] == b""


def _stated_times(clean: bytes) -> list[str]:
    """Return all publication times of each item, one per line; feedparser keeps only one of them."""
    items = (part.partition(b"</item>")[0].partition(b"</entry>")[0] for part in _START.split(clean)[1:])
    return [b"\n".join(_STATED.findall(item)).decode("utf-8", "replace") for item in items]


def _rejection(entry: Mapping[str, Any], *, comments: bool) -> str:
    """Return what an item is if it is not an article; empty if it is one."""
    if comments or _READERS_COMMENT.search(str(entry.get("link", ""))):
        return "a reader's comment"
    if entry.get("thr_in-reply-to"):
        return "a reply to another one"
    return "a draft" if entry.get("app_draft") == "yes" else ""


def _authors(entry: Mapping[str, Any]) -> list[str]:
    """Return the names of the authors; RSS writes them next to an e-mail address, which is left out."""
    names = [str(each.get("name", "")) for each in entry.get("authors", [])]
    stated = str(entry.get("author", ""))
    if "@" in stated and len(names) < 2:
        beside = _MAIL_AND_NAME.fullmatch(stated[:_LONGEST_AUTHOR])
        return [beside["name"] or beside["ahead"]] if beside else []
    return [name for name in names if name and "@" not in name]


def _symbols(entry: Mapping[str, Any]) -> list[str]:
    """Return the symbols of shares that an item states."""
    listed = [str(entry[name]) for name in _SYMBOLS if entry.get(name)]
    tags = [tag for tag in entry.get("tags", []) if _SYMBOL_SCHEME.search(str(tag.get("scheme") or ""))]
    return listed + [str(tag.get("term") or "") for tag in tags]


def _source(entry: Mapping[str, Any]) -> str:
    """Return the site an item of an aggregated feed comes from; such feeds append its name to the headline."""
    source = entry.get("source")
    return str(source.get("title", "")).strip() if isinstance(source, Mapping) else ""


def _check_items(clean: bytes, source: str) -> None:
    """Raise InputError for items nested too deeply or with too many categories: parsing them takes quadratic time."""
    depth = 0
    for match in _ITEM.finditer(clean):
        depth = max(depth + (-1 if match[1] else 1), 0)
        if depth > DEEPEST_ITEM:
            raise InputError(f"{source} has items nested more than {DEEPEST_ITEM} levels deep, the limit")
    counts = Counter[int]()
    begins = [match.start() for match in _ITEM.finditer(clean)]
    for match in _CATEGORIES.finditer(clean):
        counts[bisect(begins, match.start())] += 1 + match[0].count(b",")
    if sum(count * count for count in counts.values()) > MOST_COMPARED:
        raise InputError(f"{source} has an item with {max(counts.values()):,} categories, more than can be read")


def _sitemap_items(clean: bytes, source: str) -> list[dict[str, str]]:
    """Return the articles of a news sitemap, which states the address, headline and time of each."""
    root = tree_of(clean, source, "a sitemap")
    pages = [(url, url.find("{*}news")) for url in root.findall("{*}url")]
    if all(news is None for _, news in pages):
        raise InputError(f"{source} is a sitemap without headlines", hint="give a news sitemap, a feed or its pages")
    return [
        {
            "title": news.findtext("{*}title", ""),
            "url": url.findtext("{*}loc", "").strip(),
            "published": news.findtext("{*}publication_date", ""),
            "updated": "",
            "body": "",
            "language": news.findtext("{*}publication/{*}language", ""),
            "authors": "",
            "site": news.findtext("{*}publication/{*}name", ""),
            "symbols": news.findtext("{*}stock_tickers", ""),
        }
        for url, news in pages
        if news is not None
    ]


def _link(entry: Mapping[str, Any]) -> str:
    """Return the link of an item; a guid in place of one counts if it is an address."""
    if entry.get("guidislink") and not is_address(str(entry.get("id", ""))):
        return ""
    return str(entry.get("feedburner_origlink") or entry.get("link", ""))


def _address(link: str, site: str) -> str:
    """Return the absolute address of an item; empty if it is relative and the site's address is unknown."""
    return link if ":" in link.partition("/")[0] else joined(site, link) or ""


def _json_items(text: str, source: str) -> list[dict[str, str]]:
    try:
        feed = json.loads(text, object_pairs_hook=each_once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source} is not a JSON Feed: {json_fault(error)}", hint="fetch it again") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise InputError(
            f"{source} is not a JSON Feed: it has no list 'items'",
            hint="to load the response of a news API, save it as a .json file and add that file",
        )
    names = {
        "title": ("title",),
        "url": ("url", "external_url"),
        "published": ("date_published",),
        "updated": ("date_modified",),
        "body": ("content_html", "summary"),
        "language": ("language",),
    }
    site, home, language = (str(feed.get(name) or "") for name in ("title", "home_page_url", "language"))
    stated = [
        (item, {key: next((str(item[n]) for n in given if item.get(n)), "") for key, given in names.items()})
        for item in items
        if isinstance(item, dict)
    ]
    return [
        {
            **texts,
            "title": as_markup(unescape(texts["title"])),
            "url": _address(texts["url"] or (each if is_address(each := str(item.get("id"))) else ""), home),
            "body": as_markup(str(item.get("content_text") or "")) or texts["body"],
            "language": texts["language"] or language,
            "authors": "; ".join(str(each["name"]) for each in _people(item) if each.get("name")),
            "site": site,
        }
        for item, texts in stated
    ]


def _people(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the authors of an item of a JSON Feed (version 1 or 1.1)."""
    stated = item.get("authors") or [item.get("author")]
    return [each for each in stated if isinstance(each, dict)] if isinstance(stated, list) else []


def _article(item: Mapping[str, str], source: str, number: int, publishers: Publishers) -> dict[str, object]:
    if item.get("no_article"):
        raise InputError(f"the item is {item['no_article']}, not an article")
    headline = line_of(item["title"])
    if not headline:
        raise InputError("the item has no title")
    publisher, how = publishers.of(item["url"], (item["site"],))
    published, updated = _times(item, publisher)
    body = paragraphs_of(item["body"])
    return {
        "publisher": publisher_name(publisher, how, item["site"]),
        "url": item["url"] or None,
        "headline": headline,
        "body": body or None,
        "language": language_of(f"{headline} {body}", language_in(item["language"]) or publisher.language),
        "published_at": published.instant,
        "published_precision": published.precision,
        "published_rule": f"{published.rule}; publisher {publisher.name} {how}",
        "updated_at": updated.instant if updated.precision != "day" else None,
        "authors": item["authors"] or None,
        "source": source,
        "source_line": number,
    }


def _times(item: Mapping[str, str], publisher: Profile) -> tuple[Stamp, Stamp]:
    """Return publication and update time; with an update time alone, that is the time of publication."""
    published = _published(item, publisher)
    updated = _update(item["updated"], publisher, is_only=published.instant is None)
    if published.instant is None and updated.instant is not None:
        rule = f"{updated.rule}; it states no time of publication"
        return Stamp(updated.instant, updated.precision, rule), UNKNOWN
    if published.instant is None:
        published = date_in_address(item["url"]) or published
    if published.instant is None:
        raise TimeError("the item has no publication time")
    return published, updated


def _published(item: Mapping[str, str], publisher: Profile) -> Stamp:
    """Return the first valid publication time of an item. Raises TimeError if another one contradicts it."""
    stamps: list[Stamp] = []
    problem: TimeError | None = None
    for text in dict.fromkeys((item["published"], *item.get("stated", "").split("\n"))):
        try:
            stamps.append(_stamp(text, publisher, "feed's publication time"))
        except TimeError as error:
            problem = problem or error
    known = [(stamp, stamp.instant) for stamp in stamps if stamp.instant]
    if not known and problem:
        raise problem
    for stamp, instant in known[1:]:
        first, at = known[0]
        apart = timedelta(days=1) if "day" in (first.precision, stamp.precision) else _SAME
        if abs(instant - at) > apart:
            both = " and ".join(f"{each:%Y-%m-%d %H:%M} UTC" for each in sorted((at, instant)))
            raise TimeError(f"the item states several publication times: {both}")
    return known[0][0] if known else UNKNOWN


def _update(text: str, publisher: Profile, *, is_only: bool) -> Stamp:
    """Return the update time; UNKNOWN if invalid. Raises TimeError if it is invalid and the item's only time."""
    try:
        return _stamp(text, publisher, "feed's update time")
    except TimeError:
        if is_only:
            raise
        return UNKNOWN


def _stamp(text: str, publisher: Profile, origin: str) -> Stamp:
    if not text.strip():
        return UNKNOWN
    return publisher.stamp(text, origin)
